"""The values of this room: frozen, valid from birth, without a database in sight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

Pair = tuple[UUID, UUID]
"""Two source persons, the lower id first."""


@dataclass(frozen=True, slots=True)
class Features:
    """What one source says of one person, as far as linking needs it. Text may come as the source writes it."""

    source_person: UUID
    agency: str
    given_names: str | None = None  # all of them, in the order written
    family_name: str | None = None  # with its particles; two surnames as written
    alias_names: tuple[str, ...] = ()  # other full names: aliases, maiden names, nicknames on file
    birth_date: date | None = None
    birth_text: str | None = None  # YYYYMMDD, where what was written is in no calendar: a slip still tells a lot
    sex: str | None = None
    postcode: str | None = None
    address: str | None = None  # the rest of where somebody lives: number, street, place
    identifiers: Mapping[str, str] = field(default_factory=dict)  # kind -> number, as ``{"police_number": ...}``


@dataclass(frozen=True, slots=True)
class Stay:
    """A time in prison, as far as linking needs it: nobody is in two at once."""

    agency: str
    facility: str | None
    since: date
    until: date | None  # None: not released, as far as is said


@dataclass(frozen=True, slots=True)
class Standard:
    """The same, standardised: the one form that blocking, scoring in Python and scoring in SQL compare.

    Text is casefolded and free of diacritics and punctuation; an absent value is None, never "".
    """

    agency: str
    given: str | None  # the first given name
    formal: tuple[str, ...]  # the names that it is a form of: itself, or what it is short for; sorted
    middle: str | None  # the other given names, separated by a space
    family: str | None  # the family name without its particles
    families: tuple[str, ...]  # its words, sorted: two surnames are two
    names: tuple[str, ...]  # the whole name and every alias, each with its words sorted, so that order says nothing
    birth: str | None  # YYYYMMDD
    sex: str | None
    postcode: str | None
    address: tuple[str, ...]  # its words and numbers, each once, sorted
    line: str | None  # the same as written, without spaces
    identifiers: Mapping[str, str]


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """A scored pair. ``a < b`` always; ``weight`` in bits: the log2 odds that the two are one human being."""

    a: UUID
    b: UUID
    weight: float


class Band(StrEnum):
    """What a weight means for a pair."""

    LINKED = "linked"
    NEEDS_A_PERSON = "needs a person"
    NOT_LINKED = "not linked"


@dataclass(frozen=True, slots=True)
class Part:
    """One field's share of a weight: the level the two values reached, and what that is worth in bits."""

    field: str
    level: str
    weight: float  # of the level itself
    rarity: float  # added because the value is rarer (or commoner) than most; 0 where rarity does not count


@dataclass(frozen=True, slots=True)
class Weight:
    """The weight of a pair, and what it is made of: ``total == prior + sum of the parts``."""

    total: float
    prior: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person decided of a pair: the same human being, or two. Binds over every model until undone."""

    judgement: UUID
    a: UUID
    b: UUID
    same: bool
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Made:
    """A judgement as it was made; by whom, why and when it was undone, or three times ``None`` while it stands."""

    judgement: Judgement
    undone_by: str | None
    because: str | None
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a source person was put."""

    source_person: UUID
    person: UUID
    new: bool  # nobody was there before
    edges: tuple[Edge, ...] = ()  # the pairs that were looked at and may matter
    merged: tuple[UUID, ...] = ()  # persons that turned out to be this one; they redirect here from now on
    held: bool = False  # whether something that its arrival showed is put before a person first


@dataclass(frozen=True, slots=True)
class Changes:
    """What a relink did. Counts of source persons, of persons and of pairs."""

    source_persons: int
    persons: int
    created: int
    merged: int
    moved: int  # source persons whose person changed
    edges: int
    needs_a_person: int
    held: int  # pairs that would be one person, but for a limit
    model: str | None  # the version of the model used; None where there was nobody to link
    trained: bool


class Why(StrEnum):
    """Why a person must say whether two persons are one."""

    NEAR = "near"  # the nearest records lie between the two thresholds
    TWINS = "twins"  # a family name, a birthday, and two forenames: what twins share, or a household with a slip
    NAMES = "names"  # nothing but names speaks for it, and nobody has learnt yet how common they are
    DIVIDED = "divided"  # two records would link, and the others of the two persons speak against it
    HELD = "held"  # they would be one person, and a limit forbids it


@dataclass(frozen=True, slots=True)
class Question:
    """Two persons (``low < high``) of whom a person must say whether they are one. Ids and the weight; no names."""

    low: UUID
    high: UUID
    a: UUID  # the nearest two of their source persons, or the two that a limit stopped, ``a < b``
    b: UUID
    weight: float  # of the nearest two
    pairs: int  # of source persons between the two that are near enough
    why: Why
    held: str | None = None  # of limits.Limit, where a limit stopped it
    away_until: datetime | None = None  # put away until then, or until something about either changes


@dataclass(frozen=True, slots=True)
class Doubt:
    """Somebody could not tell of a pair, and why; it is not asked again before ``until`` unless something changes."""

    doubt: UUID
    a: UUID
    b: UUID
    by: str
    reason: str
    at: datetime
    until: datetime


class Strong(StrEnum):
    """Why a merge takes two people."""

    NUMBERS = "numbers"  # both bear a number of one kind, and not the same one
    AGENCIES = "agencies"  # each is known to two agencies or more
    DECIDED = "decided"  # a person has said of one of them before that two of its records are one human being
    LIMIT = "limit"  # a source says so of two whom a limit keeps apart: numbers, birthdays or prisons that contradict


@dataclass(frozen=True, slots=True)
class Proposal:
    """A merge of two strong identities, proposed by one person; nothing moves until another confirms it."""

    proposal: UUID
    a: UUID
    b: UUID
    by: str
    reason: str
    strong: tuple[Strong, ...]
    at: datetime


class Cause(StrEnum):
    """What parted a person."""

    DECISION = "decision"  # somebody's, or its undoing
    MODEL = "model"  # everybody was linked anew
    SOURCE = "source"  # what a source said since: a correction, a withdrawal, an erasure, another record


@dataclass(frozen=True, slots=True)
class Parting:
    """A person that came apart, by what, since when the parts had been one, and who is where now."""

    parting: UUID
    cause: Cause
    judgement: UUID | None  # the decision that parted them, or the one that was undone
    person: UUID  # the id that they bore together
    since: datetime
    at: datetime
    persons: Mapping[UUID, UUID]  # source person -> person


@dataclass(frozen=True, slots=True)
class Held:
    """A pair that would be one person, had a limit not stopped it: put before a person, with the reason."""

    hold: UUID
    a: UUID
    b: UUID
    limit: str  # of limits.Limit
    since: datetime


@dataclass(frozen=True, slots=True)
class KeptModel:
    """A trained model, what it was measured at and would have changed, and since when and by whose word it spoke."""

    version: str
    trained_at: datetime
    evaluation: Mapping[str, Any] | None  # as evaluate.Evaluation writes it; None of models from before there was one
    effects: Mapping[str, Any] | None  # as effects.Effects writes it; None of the first model of a node
    since: datetime | None  # put in force last; None: only proposed
    by: str | None
    reason: str | None
    in_force: bool
