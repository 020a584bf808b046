"""Whether a value is what the vocabulary says it is. Pure: no file, no clock, no chance.

Rules, in the order of the code:

1. Nothing (``None``) is a value of every field; whether it may be missing is asked of the whole record.
2. A value has the Python type of its field's type: ``str``, :class:`~datetime.date` (not a datetime),
   :class:`~datetime.datetime` with its zone, ``int`` (not a bool), ``bool``, ``str`` for a code,
   :class:`~uuid.UUID` for a reference.
3. A text says something, can be stored and shown, and is not longer than :data:`TEXT_LIMIT`.
4. A day lies within :data:`EARLIEST` and :data:`LATEST`: systems write 0001-01-01 or 9999-12-31 for *unknown* or
   *open*, which a mapping must say, never the record.
5. A number lies within the bounds of its field, and of PostgreSQL's ``bigint``.
6. A code is one of its list.
7. A rule across fields is broken only if both sides have a value of the right type and the comparison is false.
8. No fault carries the value: faults are kept and shown where personal data may not be.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from operator import ge, gt, le, lt
from typing import Any, Final
from uuid import UUID

from comity.vocabulary.faults import (
    Fault,
    FaultCode,
    broken_rule,
    fault,
    out_of_range,
    unknown_code,
    unknown_field,
)
from comity.vocabulary.models import Field, FieldType, RecordType, Rule

TEXT_LIMIT: Final = 100_000
"""Characters of a text. The longest narrative in the sample messages of 2026-11 has some 4,000."""

EARLIEST: Final = date(1800, 1, 1)
LATEST: Final = date(2499, 12, 31)
"""The first and last plausible day. Nobody alive in 1970, when the oldest source systems began, was born before 1800;
sentences of hundreds of years have release dates up to the 2400s, and the sentinels 2999 and 9999 lie beyond."""

_BIGINT: Final = 2**63 - 1
_FARTHEST_EAST: Final = timedelta(hours=14)  # UTC+14, Kiribati: where a day begins first
_WRITABLE_CONTROLS: Final = frozenset("\n\t")
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {"<=": le, "<": lt, ">=": ge, ">": gt}


def check_value(field: Field, value: object) -> Fault | None:
    """Return what is wrong with the value of a field, or None.

    :param value: in the Python type of the field's type, as in rule 2; None is nothing and right.
    """
    return None if value is None else _CHECKS[field.type](field, value)


def check_rules(record_type: RecordType, values: Mapping[str, object]) -> tuple[Fault, ...]:
    """Return a fault for each rule of the record type that the values break."""
    return tuple(broken_rule(record_type, rule) for rule in record_type.rules if not _holds(record_type, rule, values))


def check_record(record_type: RecordType, values: Mapping[str, object]) -> tuple[Fault, ...]:
    """Return everything that is wrong with the values of one record: unknown, missing, wrong, contradictory."""
    return (*_of_fields(record_type, values), *check_rules(record_type, values))


def check_future(field: Field, value: object, now: datetime) -> Fault | None:
    """Return a fault if a day or instant that cannot lie in the future does so.

    A day lies in the future when it has begun nowhere on earth.

    :param now: the present instant, with its zone.
    """
    if not field.past or value is None or check_value(field, value):
        return None
    if isinstance(value, datetime):
        ahead = value > now
    else:
        ahead = isinstance(value, date) and value > (now.astimezone(UTC) + _FARTHEST_EAST).date()
    return fault(field, FaultCode.IN_THE_FUTURE) if ahead else None


def _of_fields(record_type: RecordType, values: Mapping[str, object]) -> Iterator[Fault]:
    known = {field.name for field in record_type.fields}
    for name in values:
        if name not in known:
            yield unknown_field(record_type, name)
    for field in record_type.fields:
        value = values.get(field.name)
        if field.required and value is None:
            yield fault(field, FaultCode.REQUIRED)
        elif wrong := check_value(field, value):
            yield wrong


def _holds(record_type: RecordType, rule: Rule, values: Mapping[str, object]) -> bool:
    left, right = values.get(rule.left), values.get(rule.right)
    if left is None or right is None:
        return True
    if check_value(record_type.field(rule.left), left) or check_value(record_type.field(rule.right), right):
        return True  # the wrong value has its own fault
    return _COMPARE[rule.operator](left, right)


def _check_text(field: Field, value: object) -> Fault | None:
    if not isinstance(value, str):
        return fault(field, FaultCode.NOT_A_TEXT)
    if not any(_says_something(character) for character in value):
        return fault(field, FaultCode.EMPTY)
    if len(value) > TEXT_LIMIT:
        return fault(field, FaultCode.TOO_LONG)
    return None if _printable(value) else fault(field, FaultCode.UNPRINTABLE)


def _says_something(character: str) -> bool:
    return unicodedata.category(character)[0] not in "ZC"  # neither a space nor an invisible sign


def _printable(text: str) -> bool:
    # Control characters (Cc) include NUL, which PostgreSQL cannot store; lone surrogates (Cs) have no UTF-8.
    return all(
        character in _WRITABLE_CONTROLS or unicodedata.category(character) not in {"Cc", "Cs"} for character in text
    )


def _check_date(field: Field, value: object) -> Fault | None:
    if not isinstance(value, date) or isinstance(value, datetime):
        return fault(field, FaultCode.NOT_A_DATE)
    return _check_day(field, value)


def _check_timestamp(field: Field, value: object) -> Fault | None:
    if not isinstance(value, datetime):
        return fault(field, FaultCode.NOT_A_TIMESTAMP)
    if value.utcoffset() is None:
        return fault(field, FaultCode.NO_ZONE)
    return _check_day(field, value.date())


def _check_day(field: Field, day: date) -> Fault | None:
    return None if EARLIEST <= day <= LATEST else fault(field, FaultCode.DAY_IMPLAUSIBLE)


def _check_integer(field: Field, value: object) -> Fault | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return fault(field, FaultCode.NOT_WHOLE)
    lowest, highest = bounds(field)
    return None if lowest <= value <= highest else out_of_range(field, lowest, highest)


def bounds(field: Field) -> tuple[int, int]:
    """Return the least and the greatest whole number that the field may hold."""
    return (
        -_BIGINT - 1 if field.minimum is None else field.minimum,
        _BIGINT if field.maximum is None else field.maximum,
    )


def _check_boolean(field: Field, value: object) -> Fault | None:
    return None if isinstance(value, bool) else fault(field, FaultCode.NOT_TRUE_OR_FALSE)


def _check_code(field: Field, value: object) -> Fault | None:
    if not isinstance(value, str):
        return fault(field, FaultCode.NOT_A_TEXT)
    return None if value in field.codes else unknown_code(field)


def _check_reference(field: Field, value: object) -> Fault | None:
    return None if isinstance(value, UUID) else fault(field, FaultCode.NOT_A_REFERENCE)


_CHECKS: Final[Mapping[FieldType, Callable[[Field, object], Fault | None]]] = {
    FieldType.TEXT: _check_text,
    FieldType.DATE: _check_date,
    FieldType.TIMESTAMP: _check_timestamp,
    FieldType.INTEGER: _check_integer,
    FieldType.BOOLEAN: _check_boolean,
    FieldType.CODE: _check_code,
    FieldType.REFERENCE: _check_reference,
}
