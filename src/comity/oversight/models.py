"""When something has to go, why, and by which rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from comity.vocabulary.models import Disposal


class Why(StrEnum):
    """How it stands with the time of something."""

    DUE = "due"  # its time is over
    LATER = "later"  # its time runs
    HELD = "held"  # a legal hold keeps it
    KEPT = "kept"  # a person reviewed it and decided to keep it until a day
    NOT_YET = "not-yet"  # the event from which its time runs has not happened
    NO_RULE = "no-rule"  # no schedule says anything of it


@dataclass(frozen=True, slots=True)
class Due:
    """When a statement, or one record, has to go; ``on`` and ``then`` are None where no time runs."""

    why: Why
    on: date | None = None
    rule: str | None = None
    then: Disposal | None = None
    holds: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class ComesDue:
    """How many of an agency's statements come due by one rule: ``first`` is the earliest day, ``ids`` for its steward.

    ``held`` of them are on hold; ``records`` counts by record type.
    """

    agency: str
    rule: str
    then: Disposal
    first: date
    statements: int
    held: int
    records: tuple[tuple[str, int], ...]
    ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run came to, in statements; ``reviews`` wait for a person."""

    examined: int = 0
    deleted: int = 0
    restricted: int = 0
    reviews: int = 0
    held: int = 0
    entries: tuple[UUID, ...] = ()

    def __add__(self, other: Ran) -> Ran:
        """Return both together."""
        return Ran(
            self.examined + other.examined,
            self.deleted + other.deleted,
            self.restricted + other.restricted,
            self.reviews + other.reviews,
            self.held + other.held,
            self.entries + other.entries,
        )
