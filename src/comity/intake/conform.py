"""Whether the values of a record are what the vocabulary permits, told per field."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from comity.intake.models import RecordRef, Scalar
from comity.vocabulary.check import check_future, check_rules, check_value
from comity.vocabulary.faults import Fault, FaultCode, fault
from comity.vocabulary.models import Field, FieldType, RecordType


def wrong_values(
    fields: Mapping[str, Field], values: Mapping[str, Scalar | RecordRef], now: datetime | None
) -> Iterator[Fault]:
    """Yield what is wrong with single values; with ``now``, days that cannot lie in the future and do are wrong too."""
    for name, value in values.items():
        if isinstance(value, RecordRef):
            continue
        field = fields[name]
        if isinstance(value, str) and field.type is FieldType.TEXT and value.isascii() and value.isprintable():
            continue  # plain text, of a length that was looked at: nothing that the vocabulary could refuse
        wrong = check_value(field, value)
        if wrong is None and now is not None:
            wrong = check_future(field, value, now)
        if wrong is not None:
            yield wrong


def missing(record_type: RecordType, said: Collection[str]) -> Iterator[Fault]:
    """Yield a fault for each required field of which nothing is said."""
    return (
        fault(field, FaultCode.REQUIRED) for field in record_type.fields if field.required and field.name not in said
    )


def broken_rules(record_type: RecordType, values: Mapping[str, Scalar | RecordRef]) -> Iterator[tuple[Fault, str, str]]:
    """Yield the faults of rules across fields, each with the rule's name and the other field."""
    faults = check_rules(record_type, values)
    for wrong in faults:
        rule = next(rule for rule in record_type.rules if rule.label == wrong.cause and rule.left == wrong.field)
        yield wrong, rule.name, rule.right
