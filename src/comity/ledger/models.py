"""The values that the ledger's rows become."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from comity.ledger.checkpoint import Checkpoint
from comity.ledger.entry import Entry


@dataclass(frozen=True, slots=True)
class Head:
    """The newest signed state of the ledger: what it states, the note as signed, and when the note was signed."""

    checkpoint: Checkpoint
    note: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry in the ledger, with its number (dense, from 0).

    ``ledger`` is the number of an earlier ledger of this node's in which it stands; ``None`` is the one in use.
    """

    number: int
    body: bytes
    ledger: int | None = None

    def entry(self) -> Entry:
        """Return what the entry says."""
        return Entry.decode(self.body)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of the outbox, not yet part of the ledger: its id and its bytes."""

    id: UUID
    body: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A row of the outbox that could not become an entry, and why; it is kept aside, never dropped."""

    waiting: Waiting
    reason: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is not in the ledger: entries that wait for their number, and rows that could not become entries."""

    waiting: int
    refused: int


@dataclass(frozen=True, slots=True)
class Ages:
    """How far the ledger is behind, in seconds, and how far it may be: ``None`` is no limit.

    ``unsequenced`` is the age of the oldest act without a number, ``unwitnessed`` that of the oldest head for which no
    quorum of witnesses vouches; 0 if there is none.
    """

    unsequenced: float
    unsequenced_limit: int | None
    unwitnessed: float
    unwitnessed_limit: int | None

    def is_past(self, seconds: float = 0) -> bool:
        """Whether either is past its limit, if it was looked at so many ``seconds`` ago."""
        pairs = ((self.unsequenced, self.unsequenced_limit), (self.unwitnessed, self.unwitnessed_limit))
        return any(limit is not None and age > 0 and age + seconds > limit for age, limit in pairs)
