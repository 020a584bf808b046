"""The values of an explanation: what was checked, of whom, which rows and fields leave, and what would have to change.

Frozen. An explanation holds no value of a record, unless that very field of that very row leaves in that form under the
request that is explained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as hidden
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from comity.agreements.consent import Answer
from comity.agreements.meaning import Held
from comity.gate.models import Finding, Reason
from comity.record.models import Value
from comity.vocabulary.models import Label

# --- who looks -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Who asks why: an opaque staff id, and the agency they oversee; ``None`` for whoever runs the node."""

    by: str
    agency: str | None = None


# --- what would have to change ---------------------------------------------------------------------------------------


class Kind(StrEnum):
    """What kind of thing would have to be otherwise."""

    ASK = "ask"  # something that the gate knows
    PURPOSE = "purpose"
    IN_FORCE = "in-force"
    AGENCY = "agency"
    STAFF = "staff"
    ROLE = "role"
    STATE = "state"  # a case reference, a justification
    CHANNEL = "channel"
    CRITERION = "criterion"
    CLAUSE = "clause"  # would have to name a field
    OF = "of"  # a clause would have to say whose
    FACT = "fact"  # would have to stand in a record
    RECORD = "record"  # would have to be there
    CONSENT = "consent"
    KEY = "key"  # was destroyed
    NOTHING = "nothing"  # no change of the agreement or of a record would


@dataclass(frozen=True, slots=True)
class Change:
    """The nearest change that would permit what is not: in words, and as far as programs can make it.

    ``to`` is the value to ask with, to state, or to write into a clause; ``condition`` is the text of what would have
    to be true of the row ``row``.
    """

    kind: Kind
    label: Label
    to: str = ""
    condition: str = ""
    row: UUID | None = None


# --- the request as a whole ------------------------------------------------------------------------------------------


class State(StrEnum):
    """What became of a check. One that was not reached is looked at all the same, so that every change is named."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_REACHED = "not-reached"


@dataclass(frozen=True, slots=True)
class CheckSaid:
    """One check of ``decide``, in its order: ``reason`` is why it fails, or would fail had it been reached."""

    name: str
    label: Label
    state: State
    reason: Reason | None
    changes: tuple[Change, ...] = ()


# --- conditions ------------------------------------------------------------------------------------------------------


class Seen(StrEnum):
    """How much of a value an explanation tells."""

    NOT_ASKED = ""
    NONE = "none"  # there is none, so what is asked of it is unknown
    THERE = "there"  # there is one, and no more is told
    SHOWN = "shown"  # in the form in which it leaves


@dataclass(frozen=True, slots=True)
class Part:
    """A condition, or a part of one: whether it is true (``None``: unknown), and of which field of which record."""

    label: Label
    truth: bool | None
    row: UUID | None = None
    record: str = ""
    field: str = ""
    seen: Seen = Seen.NOT_ASKED
    form: str = ""
    value: Value = hidden(default=None, repr=False)
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Covered:
    """Whether ``about`` is true of the person; if not, of the nearest choice of their records, part by part."""

    covered: bool
    about: Label
    chosen: tuple[RowNamed, ...] = ()
    lacking: tuple[str, ...] = ()  # record types of which nothing concerns the person
    part: Part | None = None
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsentSaid:
    """What the agreement asks of consent, and what the person answered last (``None``: nothing)."""

    asked: str
    lets: bool
    label: Label
    answer: Answer | None = None
    at: datetime | None = None
    changes: tuple[Change, ...] = ()


# --- rows and fields -------------------------------------------------------------------------------------------------


class Place(StrEnum):
    """Where a row stands towards the person: why it may leave with them, or why not."""

    OWN = "own"
    SHARED = "shared"
    OTHER_SIDE = "other-side"
    NOT_SAID_WHOSE = "not-said-whose"
    OTHER_CAPACITY = "other-capacity"
    FELLOW = "fellow"
    FELLOWS_BOOK = "fellows-book"
    FELLOWS_HEARING = "fellows-hearing"
    NOBODYS = "nobodys"
    ELSEWHERE = "elsewhere"


LEAVES = frozenset({Place.OWN, Place.SHARED, Place.OTHER_SIDE})


@dataclass(frozen=True, slots=True)
class RowNamed:
    """A row as an explanation names it: by what leaves with every row, and never by what it says."""

    record: str
    record_id: UUID
    agency: str
    source: str
    received_at: datetime
    whose: str


@dataclass(frozen=True, slots=True)
class ClauseSaid:
    """What one clause does with one row. ``leaves`` is what the gate's own statement says."""

    number: int
    leaves: bool
    place: Place
    of_fits: bool
    where: Part | None
    label: Label
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class RowSaid:
    """One row near the person: each clause of its type, and what leaves of it (field -> form -> clause)."""

    row: RowNamed
    clauses: tuple[ClauseSaid, ...]
    fields: Mapping[str, Mapping[str, int]]
    closed: tuple[str, ...] = ()  # sealed fields that leave empty, because the person's key was destroyed
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldSaid:
    """One field of a record type: what each clause says of it, of how many rows it leaves, and why not of the rest."""

    record: str
    field: str
    findings: tuple[Finding, ...]
    leaves: int
    rows: int
    label: Label
    changes: tuple[Change, ...] = ()


# --- the whole -------------------------------------------------------------------------------------------------------


class Match(StrEnum):
    """Whether what would leave now is what left then, by the digest that the log keeps."""

    SAME = "same"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Past:
    """A request of the log: what became of it then, and what has changed since, as far as that is known."""

    id: UUID
    at: datetime
    kind: str
    reason: Reason | None
    rows: int
    match: Match
    since: tuple[Label, ...] = ()
    subjects: tuple[tuple[int, int], ...] = ()  # clause -> of how many people rows left by it


class Scope(StrEnum):
    """Whether records were looked at for an explanation, or why not."""

    LOOKED = "looked"
    NOT_ONE_PERSON = "not-one-person"  # a search or a case: the log keeps neither the words nor the number
    NOT_SIGNED = "not-signed"  # nothing is told of records under what a provider has not signed
    NOT_YOURS = "not-yours"  # the onlooker's agency may not have looked under it either
    NO_AGREEMENT = "no-agreement"


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that is explained, without anybody's words."""

    act: str
    agreement: str
    version: int | None
    purpose: str
    agency: str
    role: str
    on: datetime
    person: UUID | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a request is permitted or not, as a whole and field by field, and what would have to change.

    ``permitted`` is whether the checks pass; ``reason`` is why nothing leaves, ``None`` if something may. ``id`` is the
    consultation's, by which the ledger knows that this was looked at.
    """

    id: UUID
    at: datetime
    asked: Asked
    permitted: bool
    reason: Reason | None
    checks: tuple[CheckSaid, ...]
    scope: Scope
    covered: Covered | None
    consent: ConsentSaid | None
    fields: tuple[FieldSaid, ...]
    rows: tuple[RowSaid, ...]
    past: Past | None = None
    notes: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnExplanation:
    """What a requester may know of their own request: it depends on no record, so it tells of nobody.

    The answer is of one shape, whether the person is not there, not covered, or has not consented.
    """

    id: UUID
    at: datetime
    asked: Asked
    reason: Reason | None
    checks: tuple[CheckSaid, ...]
    fields: tuple[FieldSaid, ...]


# --- what was read ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tried:
    """What the gate's own statement would have done: its outcome, its digest, and which rows leave by which clause."""

    kind: str
    reason: str | None
    digest: bytes
    leaves: frozenset[tuple[int, UUID]]


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of one person, of what is near them, and of what conditions ask of that."""

    people: frozenset[UUID]
    held: Mapping[UUID, Held] = hidden(repr=False)
    near: tuple[UUID, ...]  # the rows that are told of, in order
    humans: Mapping[UUID, frozenset[UUID]]
    keyed: frozenset[UUID]  # source persons whose key is still there
    answer: tuple[Answer, datetime] | None
    tried: Tried
