"""Which values a field can be counted by: said by the vocabulary or by whoever asks, never by the data. Pure.

Rules:

1. A code list, a yes or no, an age band, a number within bounds of the vocabulary: all of their values, always.
2. A year, a month, a number or band without bounds: the values that are named. A range is every value in it.
3. An area: the areas that are named, or else a choice made with noise (:mod:`comity.gate.statistics.noise`).
4. Anything else (free text, names, numbers that are ids, sealed values) has too many values, and cannot be counted by.
5. Whatever is none of these values, and whatever is not there, is counted together as :data:`REST`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from comity.gate.minimise import BAND_WIDTH, OLDEST_BAND
from comity.vocabulary.models import Field, FieldType

REST: Final = ""
"""The value that stands for any other, and for none."""

MOST_LISTED: Final = 200  # values of a field that are all counted without being named

_YEAR: Final = re.compile(r"[0-9]{4}").fullmatch
_MONTH: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])").fullmatch
_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]{0,6}").fullmatch
_AREA: Final = re.compile(r"[A-Z0-9]{1,5}").fullmatch
_BAND: Final = re.compile(r"(0|[1-9][0-9]{0,5})-([0-9]{1,6})").fullmatch
_MONTHS: Final = 12


class Known(Enum):
    """From where the values of a form are known."""

    ALWAYS = "the vocabulary says them"
    NAMED = "whoever asks names them"
    CHOSEN = "whoever asks names them, or they are chosen with noise"


@dataclass(frozen=True, slots=True)
class Values:
    """The values that a field has in a form: ``listed`` are all of them, where they are always known."""

    known: Known
    listed: tuple[str, ...] = ()


def values_of(field: Field, form: str) -> Values | None:
    """Return the values of ``field`` in ``form``; ``None`` if it cannot be counted by (rule 4)."""
    if field.sealed and form != "present":
        return None
    if form == "as-is":
        return _as_is(field)
    make = _FORMS.get(form)
    return make(field) if make else None


def expanded(field: Field, form: str, named: Sequence[str]) -> tuple[str, ...] | None:
    """Return the values that are named, each range whole, each once; ``None`` if one of them can be none."""
    values = values_of(field, form)
    if values is None:
        return None
    found: dict[str, None] = {}
    for each in named:
        some = _each(form, field, each)
        if some is None or (values.known is Known.ALWAYS and not set(some) <= set(values.listed)):
            return None
        found |= dict.fromkeys(some)
        if len(found) > MOST_LISTED:
            return None
    return tuple(found)


def _as_is(field: Field) -> Values | None:
    if field.type is FieldType.CODE:
        return Values(Known.ALWAYS, field.codes)
    if field.type is FieldType.BOOLEAN:
        return Values(Known.ALWAYS, ("true", "false"))
    if field.type is not FieldType.INTEGER:
        return None
    if field.minimum is None or field.maximum is None or field.maximum - field.minimum >= MOST_LISTED:
        return Values(Known.NAMED)
    return Values(Known.ALWAYS, tuple(str(number) for number in range(field.minimum, field.maximum + 1)))


def _bands(field: Field) -> Values:
    if field.minimum is None or field.maximum is None:
        return Values(Known.NAMED)
    lows = range(max(field.minimum, 0) // BAND_WIDTH * BAND_WIDTH, field.maximum + 1, BAND_WIDTH)
    return Values(Known.ALWAYS, tuple(_band(low) for low in lows)) if len(lows) <= MOST_LISTED else Values(Known.NAMED)


def _band(low: int) -> str:
    return f"{low}-{low + BAND_WIDTH - 1}"


_AGES: Final = (*(_band(low) for low in range(0, OLDEST_BAND, BAND_WIDTH)), f"{OLDEST_BAND}+")

_FORMS: Final[Mapping[str, Callable[[Field], Values]]] = MappingProxyType(
    {
        "present": lambda _: Values(Known.ALWAYS, ("true", "false")),
        "age-band": lambda _: Values(Known.ALWAYS, _AGES),
        "band": _bands,
        "year": lambda _: Values(Known.NAMED),
        "month": lambda _: Values(Known.NAMED),
        "area": lambda _: Values(Known.CHOSEN),
    }
)


def _each(form: str, field: Field, named: str) -> tuple[str, ...] | None:
    first, between, last = named.partition("..")
    if not between:
        return (named,) if _is_one(form, field, named) else None
    if not (_is_one(form, field, first) and _is_one(form, field, last)):
        return None
    ends = (_number(form, first), _number(form, last))
    if None in ends or not 0 <= (ends[1] or 0) - (ends[0] or 0) < MOST_LISTED * BAND_WIDTH:
        return None
    return tuple(_between(form, ends[0] or 0, ends[1] or 0))


def _is_one(form: str, field: Field, value: str) -> bool:
    if form == "year":
        return bool(_YEAR(value))
    if form == "month":
        return bool(_MONTH(value))
    if form == "area":
        return bool(_AREA(value))
    if form == "band":
        found = _BAND(value)
        return bool(found) and value == _band(int(value.partition("-")[0])) and int(value.partition("-")[0]) % 10 == 0
    return bool(_WHOLE(value)) if form == "as-is" and field.type is FieldType.INTEGER else True


def _number(form: str, value: str) -> int | None:
    """Return where a value stands among those of its form; ``None`` for a form whose values have no order."""
    if form == "month":
        return int(value[:4]) * _MONTHS + int(value[5:]) - 1
    if form == "band":
        return int(value.partition("-")[0])
    return int(value) if form == "year" or _WHOLE(value) else None


def _between(form: str, first: int, last: int) -> Iterator[str]:
    if form == "month":
        yield from (f"{number // _MONTHS:04}-{number % _MONTHS + 1:02}" for number in range(first, last + 1))
    elif form == "band":
        yield from (_band(low) for low in range(first, last + 1, BAND_WIDTH))
    elif form == "year":
        yield from (f"{year:04}" for year in range(first, last + 1))
    else:
        yield from (str(number) for number in range(first, last + 1))
