"""The values of the joined-up record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from comity.vocabulary.models import Assertion

Value = str | int | bool | date | datetime | UUID | None
"""A field's value, before it is sealed or minimised."""


class Kind(StrEnum):
    """What a statement asks of the record."""

    STATE = "state"
    RETRACT = "retract"
    ERASE = "erase"
    SAME = "same"
    DIFFERENT = "different"


class Status(StrEnum):
    """What became of a statement."""

    ADMITTED = "admitted"  # its records are the current ones of its source key
    QUARANTINED = "quarantined"  # held, with its faults
    SUPERSEDED = "superseded"  # a later statement of the same key took its place
    RETRACTED = "retracted"
    ERASED = "erased"  # a tombstone: no content, and never admitted again
    APPLIED = "applied"  # an act upon other statements, carried out


@dataclass(frozen=True, slots=True)
class Statement:
    """What one source said about one thing, with its envelope.

    ``digest`` is keyed (HMAC-SHA256): a plain hash of a name and a birthday could be guessed. ``verbatim`` is sealed
    under the epoch key until ``verbatim_until`` and then removed. ``salt`` opens the ledger's commitment; there is none
    of what was erased, in whole or in part, or asked for it.
    """

    statement_id: UUID
    source: str
    agency: str
    source_key: str
    version: int
    kind: Kind
    status: Status
    digest: bytes
    received_at: datetime
    verbatim: bytes | None
    verbatim_epoch: int
    verbatim_until: datetime
    format: str
    mapping: str
    salt: bytes | None
    entry: UUID | None


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a statement that concerns one source person, sealed under that person's data key."""

    statement_id: UUID
    source_person: UUID
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed value as it is stored: the ciphertext and its blind index."""

    ciphertext: bytes
    blind: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """The typed, standardised form of what a statement says about one thing.

    ``source_person`` is the record id of the person record whom it concerns (its own id for a person record), or
    ``None`` where it concerns nobody. ``whose`` is the LED art. 6 category, ``asserted`` the art. 7 one.
    """

    record_type: str
    record_id: UUID
    statement_id: UUID
    source_person: UUID | None
    agency: str
    source: str
    source_key: str
    whose: str
    asserted: Assertion
    received_at: datetime
    values: Mapping[str, Value | Sealed] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReleasedRow:
    """A row as the gate let it out: only permitted fields, already minimised.

    ``forms`` names the form in which each field left (``year``, ``age-band``); one that is not named left as it is.
    """

    record: str
    record_id: UUID
    source_person: UUID | None
    agency: str
    source: str
    received_at: datetime
    whose: str
    asserted: Assertion
    values: Mapping[str, Value] = field(repr=False)
    forms: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Voice:
    """Who said a value, and when it was received."""

    agency: str
    source: str
    received_at: datetime
    record_id: UUID
    asserted: Assertion


@dataclass(frozen=True, slots=True)
class Said:
    """A value with everyone who said it."""

    value: Value
    voices: tuple[Voice, ...]


@dataclass(frozen=True, slots=True)
class Supported:
    """The best-supported value of a field in one form, and what others said instead in the same form."""

    field: str
    best: Said
    others: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing on the timeline. ``on`` is the date as released: ``2014-06-07``, ``2014-06``, ``2014``, or empty."""

    on: str
    dated_by: str
    row: ReleasedRow


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two sources cannot both be right: a field said differently, or stays in two places at once."""

    kind: str  # "field" or "overlap"
    field: str
    rows: tuple[UUID, ...]
    agencies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JoinedView:
    """A person or a case, joined up from rows that were released."""

    fields: tuple[Supported, ...]
    timeline: tuple[Happening, ...]
    contradictions: tuple[Contradiction, ...]
    rows: Mapping[str, tuple[ReleasedRow, ...]]
    agencies: tuple[str, ...]
