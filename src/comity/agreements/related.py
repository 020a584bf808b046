"""Which records are related to which, so that a condition may ask whether there is one. Pure.

Rules, the first that fits:

1. Of the person whom an ``about`` is about (``of`` is left out): the records that concern them
   (:mod:`comity.agreements.meaning`, rule 5).
2. A record type that refers to the other: the rows that refer to that very row. *The hearings of a case.*
3. A record type that the other refers to: the row that it refers to. *The case of a charge.*
4. A person record, and a record type that is one person's own: the rows of the same human being, whichever of the
   providers holds them. *The charges of a person; the person of a stay in custody.*
5. Anything else is not related, and cannot be asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from comity.vocabulary.models import Vocabulary

#: Records that may be several people's at once; every other record is that of its ``source_person`` alone.
SHARED: Final = frozenset({"incident", "case", "hearing"})

#: What a case is about, rather than somebody's own: another's row of it leaves too, if it stands in the same case.
OF_THE_CASE: Final = frozenset({"charge", "order"})


class Way(Enum):
    """How one record leads to another."""

    CONCERNS = "it concerns the person"
    REFERS = "it refers to the other"
    REFERRED = "the other refers to it"
    SAME_PERSON = "both are of one human being"


@dataclass(frozen=True, slots=True)
class Relation:
    """How the rows of ``record`` are related to a row of ``of``; ``field`` is the reference, where there is one."""

    record: str
    of: str | None
    way: Way
    field: str | None = None


def relation(record: str, of: str | None, vocabulary: Vocabulary) -> Relation | None:
    """Return how rows of ``record`` are related to a row of ``of``, or to the person; ``None`` if they are not."""
    if of is None:
        return Relation(record, None, Way.CONCERNS)
    if record == of:
        return None
    if field := _reference(record, of, vocabulary):
        return Relation(record, of, Way.REFERS, field)
    if field := _reference(of, record, vocabulary):
        return Relation(record, of, Way.REFERRED, field)
    if "person" in (record, of) and not SHARED & {record, of}:
        return Relation(record, of, Way.SAME_PERSON)
    return None


def related_types(of: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the record types that are related to ``of``, in the vocabulary's order."""
    return tuple(name for name in vocabulary.record_types if relation(name, of, vocabulary))


def _reference(record: str, to: str, vocabulary: Vocabulary) -> str | None:
    fields = vocabulary.record_type(record).fields
    return next((field.name for field in fields if field.references == to), None)
