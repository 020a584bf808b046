"""The forms in which a field may leave: each as a SQLGlot expression, and as plain Python with the same meaning.

What each one guarantees of a value that is there (null stays null, except for ``present``):

- ``as-is``: nothing; the value itself.
- ``present``: true or false. Whether there is a value is all that leaves.
- ``year``: the four digits of the year. ``month``: year and month. Instants count in UTC.
- ``age-band``: the ten years that the age in full years on the day of the request lies in, ``30-39``; ``90+`` from
  ninety on, as few are so old. A birthday counts from the day itself. A birth in the future gives nothing.
- ``area``: the coarse part of a postcode at the end of the text, by the agreement's jurisdiction: the outward code
  (uk), the four digits (nl), the first three (us), the first two (eu). A text without one gives nothing at all.
- ``initials``: of each word its first character, and the hyphens and spaces between them.
- ``band``: the ten numbers it lies in, ``10-19``. A negative number gives nothing.

``withheld`` has no expression: the column is not read. ``pseudonym`` has none either, for its key never enters a
database: it is given afterwards, or looked up (:mod:`comity.gate.pseudonyms`).
Python's forms are the oracle that the SQL is tested against, and they minimise what had to be unsealed first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlglot import exp

from comity.agreements.minimisers import applies
from comity.gate.errors import UncompilableError
from comity.gate.trees import typed
from comity.record.models import Value
from comity.vocabulary.models import Field, FieldType

OLDEST_BAND: Final = 90  # as the HIPAA Safe Harbor rule, 45 CFR 164.514(b)(2)(i)(C), joins ages above 89
BAND_WIDTH: Final = 10

#: Where a postcode ends a text, and the group of it that is its area, per jurisdiction. No engine's character classes
#: are used, so that PostgreSQL, DuckDB and Python read the patterns alike. Origins: uk: BS 7666 (outward and inward
#: code); nl: four digits and two letters (NEN 5825); us: ZIP or ZIP+4, alone or after the letters of a state.
AREAS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "uk": r"(?:^|[^A-Za-z0-9])([A-Za-z]{1,2}[0-9][A-Za-z0-9]?) *[0-9][A-Za-z]{2} *\Z",
        "nl": r"(?:^|[^A-Za-z0-9])([1-9][0-9]{3}) ?[A-Za-z]{2}(?:[^A-Za-z0-9][^0-9]*)?\Z",
        "us": r"(?:^|(?:^|[^A-Za-z0-9])[A-Z]{2} +)([0-9]{3})[0-9]{2}(?:-[0-9]{4})? *\Z",
        "eu": r"^(?:[A-Z]{1,2}-)?([0-9]{2})[0-9]{2,3} *\Z",
    }
)
_NOWHERE: Final = r"^\Z(x)"  # of a jurisdiction without a pattern: matches nothing
_WORD: Final = r"([^ \t\r\n-])[^ \t\r\n-]*"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a form depends on besides the value: the day of the request, and the agreement's jurisdiction."""

    today: date
    jurisdiction: str


TODAY: Final = typed(exp.Placeholder(this="today"), "date")
"""The day of the request, as every compiled statement binds it."""

# --- in SQL ----------------------------------------------------------------------------------------------------------


def expression(minimiser: str, field: Field, column: exp.Expr, jurisdiction: str) -> exp.Expr:
    """Return the expression that gives ``column`` in the form ``minimiser``, cast to the type in which it leaves.

    Raises :class:`UncompilableError` for a form that has no expression or does not suit the field: the caller should
    have refused it.
    """
    make = _IN_SQL.get(minimiser)
    if make is None or not applies(minimiser, field):
        raise UncompilableError(f"{field.name} has no form {minimiser!r}.")
    return make(column, field.type, jurisdiction)


def _as_is(column: exp.Expr, kind: FieldType, _: str) -> exp.Expr:
    if kind is FieldType.DATE:
        return _text(_to_char(column, "YYYY-MM-DD"))
    if kind is FieldType.TIMESTAMP:
        return _text(_to_char(_utc(column), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    return typed(column, {FieldType.INTEGER: "bigint", FieldType.BOOLEAN: "boolean"}.get(kind, "text"))


def _present(column: exp.Expr, _: FieldType, __: str) -> exp.Expr:
    return typed(exp.paren(exp.not_(exp.Is(this=column, expression=exp.Null()))), "boolean")


def _year(column: exp.Expr, kind: FieldType, _: str) -> exp.Expr:
    return _text(_to_char(_utc(column) if kind is FieldType.TIMESTAMP else column, "YYYY"))


def _month(column: exp.Expr, kind: FieldType, _: str) -> exp.Expr:
    return _text(_to_char(_utc(column) if kind is FieldType.TIMESTAMP else column, "YYYY-MM"))


def _age_band(column: exp.Expr, _: FieldType, __: str) -> exp.Expr:
    # Years, months and days side by side as one number: the difference of two, by 10,000, is the age in full years.
    age = exp.IntDiv(
        this=exp.paren(exp.Sub(this=_digits(TODAY), expression=_digits(column))), expression=_number(10_000)
    )
    old = exp.GTE(this=age.copy(), expression=_number(OLDEST_BAND))
    return (
        exp.Case()
        .when(exp.GT(this=column.copy(), expression=TODAY.copy()), typed(exp.Null(), "text"))
        .when(old, typed(exp.Literal.string(f"{OLDEST_BAND}+"), "text"))
        .else_(_ten(age))
    )


def _area(column: exp.Expr, _: FieldType, jurisdiction: str) -> exp.Expr:
    pattern = exp.Literal.string(AREAS.get(jurisdiction, _NOWHERE))
    return _text(exp.Upper(this=exp.Anonymous(this="SUBSTRING", expressions=[column, pattern])))


def _initials(column: exp.Expr, _: FieldType, __: str) -> exp.Expr:
    words, first, everywhere = (exp.Literal.string(text) for text in (_WORD, r"\1.", "g"))
    return _text(exp.Anonymous(this="REGEXP_REPLACE", expressions=[column, words, first, everywhere]))


def _band(column: exp.Expr, _: FieldType, __: str) -> exp.Expr:
    negative = exp.LT(this=column.copy(), expression=_number(0))
    return exp.Case().when(negative, typed(exp.Null(), "text")).else_(_ten(typed(column, "bigint")))


def _ten(number: exp.Expr) -> exp.Expr:
    low = exp.Mul(this=exp.IntDiv(this=number, expression=_number(BAND_WIDTH)), expression=_number(BAND_WIDTH))
    high = exp.Add(this=low.copy(), expression=_number(BAND_WIDTH - 1))
    parts = (_text(_whole(low)), exp.Literal.string("-"), _text(_whole(high)))
    return _text(exp.DPipe(this=exp.DPipe(this=parts[0], expression=parts[1]), expression=parts[2]))


def _whole(number: exp.Expr) -> exp.Expr:
    return typed(exp.paren(number), "bigint")


def _digits(day: exp.Expr) -> exp.Expr:
    return typed(_to_char(day.copy(), "YYYYMMDD"), "bigint")


def _to_char(column: exp.Expr, form: str) -> exp.Expr:
    return exp.Anonymous(this="TO_CHAR", expressions=[column, exp.Literal.string(form)])


def _utc(column: exp.Expr) -> exp.Expr:
    return exp.AtTimeZone(this=column, zone=exp.Literal.string("UTC"))


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def _text(of: exp.Expr) -> exp.Expr:
    return typed(of, "text")


_IN_SQL: Final[Mapping[str, Callable[[exp.Expr, FieldType, str], exp.Expr]]] = MappingProxyType(
    {
        "as-is": _as_is,
        "present": _present,
        "year": _year,
        "month": _month,
        "age-band": _age_band,
        "area": _area,
        "initials": _initials,
        "band": _band,
    }
)

KNOWN: Final = frozenset({*_IN_SQL, "pseudonym"})
"""The forms that can be given."""

# --- in Python -------------------------------------------------------------------------------------------------------


def minimise(minimiser: str, value: Value, setting: Setting) -> Value:
    """Return ``value`` in the form ``minimiser``, as the SQL of :func:`expression` gives it."""
    if minimiser == "present":
        return value is not None
    return None if value is None else _IN_PYTHON[minimiser](value, setting)


def as_text(value: Any, _: Setting) -> Value:
    """Return a value as it leaves the database: dates and instants as ISO 8601 text, ids as text, the rest as it is."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def age_band(birth: date, setting: Setting) -> str | None:
    """Return the ten years that the age in full years on ``setting.today`` lies in."""
    today = setting.today
    if birth > today:
        return None
    age = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    return f"{OLDEST_BAND}+" if age >= OLDEST_BAND else band(age, setting)


def area(text: str, setting: Setting) -> str | None:
    """Return the coarse part of the postcode that ends ``text``, in capitals; ``None`` if none ends it."""
    found = re.search(AREAS.get(setting.jurisdiction, _NOWHERE), text)
    return found[1].upper() if found else None


def initials(text: str, _: Setting) -> str:
    """Return the first character of each word with a full stop, hyphens and spaces between."""
    return re.sub(_WORD, r"\1.", text)


def band(number: int, _: Setting) -> str | None:
    """Return the ten numbers that ``number`` lies in; ``None`` below zero."""
    low = number // BAND_WIDTH * BAND_WIDTH
    return f"{low}-{low + BAND_WIDTH - 1}" if number >= 0 else None


def _year_of(value: Any, setting: Setting) -> Value:
    return str(as_text(value, setting))[:4]


def _month_of(value: Any, setting: Setting) -> Value:
    return str(as_text(value, setting))[:7]


_IN_PYTHON: Final[Mapping[str, Callable[[Any, Setting], Value]]] = MappingProxyType(
    {
        "as-is": as_text,
        "year": _year_of,
        "month": _month_of,
        "age-band": age_band,
        "area": area,
        "initials": initials,
        "band": band,
    }
)
