"""Which minimiser can be applied to which type of field; what each does is the gate's to define and to test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from comity.vocabulary.models import Field, FieldType

_ANY: Final = frozenset(FieldType)
_DAYS: Final = frozenset({FieldType.DATE, FieldType.TIMESTAMP})

APPLIES: Final[Mapping[str, frozenset[FieldType]]] = {
    "as-is": _ANY,
    "withheld": _ANY,
    "present": _ANY,
    "year": _DAYS,
    "month": _DAYS,
    "age-band": frozenset({FieldType.DATE}),
    "area": frozenset({FieldType.TEXT}),
    "initials": frozenset({FieldType.TEXT}),
    "band": frozenset({FieldType.INTEGER}),
    "pseudonym": frozenset({FieldType.TEXT, FieldType.REFERENCE}),
}


def applies(minimiser: str, field: Field) -> bool:
    """Return whether ``minimiser`` can be applied to ``field``; one that is not in the table cannot."""
    return field.type in APPLIES.get(minimiser, frozenset())


def applicable(field: Field) -> tuple[str, ...]:
    """Return the minimisers that can be applied to ``field``."""
    return tuple(name for name in APPLIES if applies(name, field))
