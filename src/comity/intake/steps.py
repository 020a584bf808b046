"""From what the source wrote to a value of the vocabulary: pure, step by step.

Rules:

1. A step that cannot do its work raises :class:`UnfitError` with its cause; nothing is guessed.
2. Steps come in one order, whatever the order in the file: trim, absent, extract, split, case, true and false, codes,
   date or timestamp.
3. The empty text is absent.
4. Where digits of a date stand without anything between them, each part has all of its digits: ``1022023`` would be
   the tenth of February or the first, when a spreadsheet has taken a zero away.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from comity.intake.causes import Cause
from comity.intake.grammar import MAX_EXTRACT_INPUT
from comity.intake.models import (
    Absent,
    Booleans,
    Case,
    Codes,
    DateForm,
    Extract,
    Recase,
    Scalar,
    Split,
    Step,
    TimestampForm,
)
from comity.intake.names import name_case
from comity.intake.patterns import compiled
from comity.vocabulary.models import Field, FieldType, Identifiability

MAX_TEXT = 10_000  # characters of free text; a longer one is a document, and belongs where documents are kept
MAX_IDENTIFYING = 500  # characters of what names a person; names are indexed, and none is longer
_LARGEST = 10**40  # the longest number that names anything has some 30 digits; Python writes out 4,300 at most
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}\Z")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)
_EARLIEST = datetime(1, 1, 3, tzinfo=UTC)
_WORDS_OF_A_FORM = re.compile(r"%.|[^%]+")
_DIGITS = {"%Y": 4, "%y": 2, "%m": 2, "%d": 2, "%j": 3, "%H": 2, "%I": 2, "%M": 2, "%S": 2}
_RUNNING = frozenset({*_DIGITS, "%f"})


class UnfitError(Exception):
    """A value does not fit; ``cause`` and ``details`` say why without saying the value."""

    def __init__(self, cause: Cause, **details: str) -> None:
        super().__init__(cause.value)
        self.cause = cause
        self.details = details


def written(raw: Any) -> str | None:
    """Return a single value as text, ``None`` for nothing; :class:`UnfitError` for a list or a structure."""
    if raw is None:
        return None
    if isinstance(raw, str):
        return raw.replace("\r\n", "\n").replace("\r", "\n") if "\r" in raw else raw
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int):
        if abs(raw) > _LARGEST:
            raise UnfitError(Cause.TOO_LONG, limit=str(len(str(_LARGEST))))
        return str(raw)
    if isinstance(raw, float):
        return str(int(raw)) if raw.is_integer() else repr(raw)
    raise UnfitError(Cause.NOT_ONE_VALUE)


def through(steps: tuple[Step, ...], text: str) -> Scalar | None:
    """Return ``text`` after all of its steps, ``None`` if one of them says that there is nothing."""
    value: Scalar | None = text
    for step in steps:
        value = _DO[type(step)](step, value)
        if value is None or value == "":
            return None
    return value


def fitted(value: Scalar, field: Field, zone: ZoneInfo) -> Scalar:
    """Return a value in the type of its field; :class:`UnfitError` where it has no such form."""
    match field.type:
        case FieldType.TEXT:
            return _fit_text(value, MAX_IDENTIFYING if field.identifiability is Identifiability.DIRECT else MAX_TEXT)
        case FieldType.DATE:
            return _fit_date(value, zone)
        case FieldType.TIMESTAMP:
            return _fit_timestamp(value, zone)
        case FieldType.INTEGER:
            return _fit_integer(value)
        case FieldType.BOOLEAN:
            return _fit_boolean(value)
        case FieldType.CODE:
            return _as_text(value)
        case FieldType.REFERENCE:
            raise RuntimeError(f"{field.name} is a reference, and was given a value")


def is_text(text: str) -> bool:
    """Whether every character can be kept and shown: no half characters, no control characters but line ends."""
    return text.isprintable() or all(
        letter in "\t\n" or unicodedata.category(letter) not in {"Cc", "Cs"} for letter in text
    )


# ------------------------------------------------------------------------------------------------------------- steps


def _absent(step: Absent, value: str) -> str | None:
    return None if value in step.values else value


def _extract(step: Extract, value: str) -> str:
    if len(value) > MAX_EXTRACT_INPUT:
        raise UnfitError(Cause.TOO_LONG, limit=str(MAX_EXTRACT_INPUT))
    found = compiled(step.pattern).search(value)
    if found is None:
        raise UnfitError(Cause.NOTHING_EXTRACTED)
    return (found[found.re.groups] or "").strip()


def _split(step: Split, value: str) -> str:
    parts = value.split(step.separator)
    if not -len(parts) <= step.part < len(parts):
        raise UnfitError(Cause.NO_SUCH_PART, separator=step.separator)
    return parts[step.part].strip()


def _recase(step: Recase, value: str) -> str:
    if step.case is Case.NAME:
        return name_case(value)
    return value.upper() if step.case is Case.UPPER else value.lower()


def _codes(step: Codes, value: str) -> str | None:
    found = step.exact.get(value)
    if found is None:
        found = step.folded.get(value.casefold(), step.otherwise)
    if found is None:
        raise UnfitError(Cause.CODE_UNMAPPED)
    return found or None


def _booleans(step: Booleans, value: str) -> bool:
    folded = value.casefold()
    if folded not in step.true and folded not in step.false:
        raise UnfitError(Cause.NOT_TRUE_OR_FALSE)
    return folded in step.true


def _date(step: DateForm, value: str) -> date:
    return _in_forms(step.forms, step.pivot, value, Cause.NOT_A_DATE).date()


def _timestamp(step: TimestampForm, value: str) -> datetime:
    moment = _in_forms(step.forms, step.pivot, value, Cause.NOT_A_TIMESTAMP)
    return _instant(moment, step.zone, step.forms)


_DO: dict[type[Step], Callable[[Any, Any], Scalar | None]] = {
    Absent: _absent,
    Extract: _extract,
    Split: _split,
    Recase: _recase,
    Codes: _codes,
    Booleans: _booleans,
    DateForm: _date,
    TimestampForm: _timestamp,
}


def _in_forms(forms: tuple[str, ...], pivot: int | None, value: str, cause: Cause) -> datetime:
    for form in forms:
        moment = _in_form(form, value)
        if moment is not None:
            return _pivoted(moment, pivot) if pivot is not None and "%y" in form else moment
    raise UnfitError(cause, forms=", ".join(forms))


@lru_cache(maxsize=65_536)
def _in_form(form: str, value: str) -> datetime | None:
    """Read a moment; cached, because dates recur and ``strptime`` is the slowest step of all."""
    try:
        moment = datetime.strptime(value, form)  # noqa: DTZ007  (its zone follows)
    except ValueError:
        return None
    whole = _with_all_digits(form)
    return moment if whole is None or whole.fullmatch(value) else None


@lru_cache(maxsize=512)
def _with_all_digits(form: str) -> re.Pattern[str] | None:
    """Return what a value of a form is like in which digits run together (rule 4); ``None`` for another form."""
    words = _WORDS_OF_A_FORM.findall(form)
    runs = [
        word in _DIGITS and bool(_RUNNING & {before, after})
        for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False)
    ]
    if not any(runs):
        return None
    made = (f"[0-9]{{{_DIGITS[word]}}}" if run else _loosely(word) for word, run in zip(words, runs, strict=True))
    return re.compile("".join(made), re.IGNORECASE)


def _loosely(word: str) -> str:
    return ".+" if word[0] == "%" else r"\s+".join(map(re.escape, re.split(r"\s+", word)))


def _pivoted(moment: datetime, pivot: int) -> datetime:
    two_digits = moment.year % 100
    try:
        return moment.replace(year=(2000 if two_digits <= pivot else 1900) + two_digits)
    except ValueError:  # 29 February 2000 exists, of 1900 it does not
        raise UnfitError(Cause.NOT_A_DATE, forms="%y") from None


def _instant(moment: datetime, zone: ZoneInfo, forms: tuple[str, ...]) -> datetime:
    """Return the instant. A local time that occurs twice is its first; one that is skipped follows PEP 495."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    try:
        instant = aware.astimezone(UTC)
    except OverflowError:
        instant = _LATEST
    if not _EARLIEST < instant < _LATEST:
        raise UnfitError(Cause.NOT_A_TIMESTAMP, forms=", ".join(forms))
    return instant


# --------------------------------------------------------------------------------------------------------- field types


def _fit_text(value: Scalar, limit: int) -> str:
    text = _as_text(value)
    if len(text) > limit:
        raise UnfitError(Cause.TOO_LONG, limit=str(limit))
    if not is_text(text):
        raise UnfitError(Cause.UNPRINTABLE)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _fit_date(value: Scalar, zone: ZoneInfo) -> date:
    if isinstance(value, datetime):
        return value.astimezone(zone).date()
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _ISO_DATE.match(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise UnfitError(Cause.NOT_A_DATE, forms="%Y-%m-%d")


def _fit_timestamp(value: Scalar, zone: ZoneInfo) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and _ISO_DATE.match(value[:10]) and len(value) > len("2014-06-07"):
        try:
            return _instant(datetime.fromisoformat(value), zone, ("ISO 8601",))
        except ValueError:
            pass
    raise UnfitError(Cause.NOT_A_TIMESTAMP, forms="2014-06-07T09:46:32+02:00")


def _fit_integer(value: Scalar) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _WHOLE.match(value):
        return int(value)
    raise UnfitError(Cause.NOT_WHOLE)


def _fit_boolean(value: Scalar) -> bool:
    if isinstance(value, bool):
        return value
    if value in {"true", "false"}:
        return value == "true"
    raise UnfitError(Cause.NOT_TRUE_OR_FALSE)


def _as_text(value: Scalar) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)
