"""How the lines of an answer are read: what a clause gives, in order, and what of it JSON cannot say. Pure.

Made once for each compiled statement, since a read is of a dozen lines and a node of many reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from comity.gate.models import Clause
from comity.gate.release import ENVELOPE, is_opened_later
from comity.vocabulary.models import Field, FieldType

_NOT_IN_JSON: Final = (FieldType.DATE, FieldType.TIMESTAMP)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one clause: of which record type, the fields' names in order, and the form of each.

    ``items`` is how many items a line has. ``read`` are the places, among the values, of those that are not yet what
    they are to be, with their fields and forms: what is opened or stood for, and days and moments.
    """

    record: str
    items: int
    names: tuple[str, ...]
    forms: Mapping[str, str]
    read: tuple[tuple[int, Field, str], ...]


def lines_of(clause: Clause) -> Lines:
    """Return how the lines of a clause are read."""
    named = tuple(clause)
    return Lines(
        clause.record,
        len(ENVELOPE) + len(named),
        tuple(field.name for field, _ in named),
        MappingProxyType({field.name: form for field, form in named}),
        tuple((place, *it) for place, it in enumerate(named) if _is_read(*it)),
    )


def _is_read(field: Field, form: str) -> bool:
    if is_opened_later(field, form) or form == "pseudonym":
        return True
    return form == "as-is" and field.type in _NOT_IN_JSON
