"""Whether the values of a record are what the vocabulary permits: code lists, ranges, required fields, rules."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from comity.intake.causes import Cause
from comity.intake.models import RecordRef, Scalar
from comity.intake.steps import UnfitError
from comity.vocabulary.models import Field, FieldType, RecordType, Rule, Vocabulary

_COMPARE = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}


def refusal(field: Field, value: Scalar | RecordRef, vocabulary: Vocabulary) -> UnfitError | None:
    """Return why a typed value is not permitted in its field, ``None`` if it is."""
    if field.type is FieldType.CODE and field.code_list:
        if value not in vocabulary.code_lists[field.code_list].names():
            return UnfitError(Cause.CODE_UNKNOWN, list=field.code_list)
    elif field.type is FieldType.INTEGER and isinstance(value, int) and not _within(field, value):
        low, high = ("…" if end is None else str(end) for end in (field.minimum, field.maximum))
        return UnfitError(Cause.OUT_OF_RANGE, range=f"{low} - {high}")
    return None


def missing_fields(record_type: RecordType, values: Mapping[str, Scalar | RecordRef]) -> Iterator[Field]:
    """Yield the required fields that have no value."""
    return (field for field in record_type.fields if field.required and field.name not in values)


def broken_rules(record_type: RecordType, values: Mapping[str, Scalar | RecordRef]) -> Iterator[Rule]:
    """Yield the rules across fields that do not hold; a rule of which a side is absent holds."""
    for rule in record_type.rules:
        left, right = values.get(rule.left), values.get(rule.right)
        if left is not None and right is not None and not _COMPARE[rule.operator](*_alike(left, right)):
            yield rule


def _within(field: Field, value: int) -> bool:
    return (field.minimum is None or value >= field.minimum) and (field.maximum is None or value <= field.maximum)


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Return both sides in one type: a day and a moment are compared as days."""
    if isinstance(left, datetime) != isinstance(right, datetime):
        return _day(left), _day(right)
    return left, right


def _day(side: Any) -> Any:
    return side.date() if isinstance(side, datetime) else side
