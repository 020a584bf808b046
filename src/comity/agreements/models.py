"""The frozen values of this room: an agreement, its conditions, its signatures, and whether it is in force.

Nothing here reads a file, a clock or a database. :mod:`comity.agreements.parse` builds an :class:`Agreement` from
its YAML and from its canonical bytes, and nothing else does: an instance has been checked against the vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from comity.vocabulary.models import Label

# --- conditions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a record type, or one of its envelope's columns (see :data:`conditions.ENVELOPE`)."""

    record: str
    field: str

    def __str__(self) -> str:
        return f"{self.record}.{self.field}"


@dataclass(frozen=True, slots=True)
class Literal:
    """A value, typed by the column it stands beside: a date column makes ``'2026-01-01'`` a date."""

    value: str | int | bool | date | datetime


class Unit(StrEnum):
    """The units of a length of time in a condition."""

    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


@dataclass(frozen=True, slots=True)
class Today:
    """The day of the request, moved by ``count`` units: ``today``, ``today - 2 years``, ``today + 8 weeks``."""

    count: int = 0
    unit: Unit = Unit.DAYS


class Asker(StrEnum):
    """Who asks, as a value: ``recipient`` is the agency, ``requester`` the person, by the id that the agency gave.

    Both are texts that the request brings, so that one agreement can say *only your own clients*.
    """

    RECIPIENT = "recipient"
    REQUESTER = "requester"


Operand: TypeAlias = Column | Literal | Today | Asker


class Operator(StrEnum):
    """The comparisons, as they are written."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Compare:
    """``left operator right``; the left side is always a column; both sides have the same type."""

    left: Column
    operator: Operator
    right: Operand


@dataclass(frozen=True, slots=True)
class BooleanField:
    """A boolean column standing alone as a condition: ``charge.spent``."""

    column: Column


@dataclass(frozen=True, slots=True)
class IsNull:
    """``column is null``: true or false, never unknown."""

    column: Column


@dataclass(frozen=True, slots=True)
class In:
    """``column in (a, b, ...)``: one value or more, all of the column's type."""

    column: Column
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """``column between low and high``, both ends included."""

    column: Column
    low: Literal | Today
    high: Literal | Today


@dataclass(frozen=True, slots=True)
class Within:
    """``column within [next|last] N units``: from today to N units ahead (or back), both days included."""

    column: Column
    count: int
    unit: Unit
    past: bool = False


@dataclass(frozen=True, slots=True)
class Exists:
    """``exists (record of other where ...)``: of the records related to another, one is such that ``where`` is true.

    ``of`` names the record type whose row it is about, ``None`` the person whom an ``about`` is about. Unknown if
    ``where`` is true of none of them and unknown of some. Which records are related: :mod:`comity.agreements.related`.
    """

    record: str
    of: str | None
    where: Condition | None


@dataclass(frozen=True, slots=True)
class Not:
    """``not operand``: the opposite; unknown stays unknown."""

    operand: Condition


@dataclass(frozen=True, slots=True)
class And:
    """``a and b and ...``: two operands or more; false beats unknown."""

    operands: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """``a or b or ...``: two operands or more; true beats unknown."""

    operands: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Everyone:
    """``everyone``: the whole of an ``about``, covering each person of whom the providers hold a record."""


Condition: TypeAlias = Compare | BooleanField | IsNull | In | Between | Within | Exists | Not | And | Or | Everyone

# --- the agreement ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Basis:
    """One lawful basis (a vocabulary term) and why it holds here."""

    term: str
    because: str


@dataclass(frozen=True, slots=True)
class InForce:
    """The days on which the agreement may be used: ``start`` to ``until``, both included; review before."""

    start: date
    until: date
    review_by: date


@dataclass(frozen=True, slots=True)
class Requesters:
    """Who may ask (vocabulary roles) and what each request must state."""

    roles: tuple[str, ...]
    must_state: tuple[str, ...]  # of case_reference, justification


@dataclass(frozen=True, slots=True)
class FieldRelease:
    """One field and the form in which it is released (a vocabulary minimiser)."""

    field: str
    minimiser: str


@dataclass(frozen=True, slots=True)
class Release:
    """One clause: the fields of one record type that leave, for whose records, under which condition.

    ``of`` holds categories of data subject (the row's ``whose``); empty means any. ``where`` is about the released row
    itself. The clause's name, for reasons and columns of a manifest, is ``release <number>``, counted from 1.
    """

    number: int
    record: str
    of: tuple[str, ...]
    where: Condition | None
    fields: tuple[FieldRelease, ...]

    @property
    def clause(self) -> str:
        """Return the clause's name, e.g. ``release 2``."""
        return f"release {self.number}"

    def minimiser(self, field: str) -> str:
        """Return how ``field`` leaves under this clause; ``withheld`` where the clause does not name it."""
        return next((each.minimiser for each in self.fields if each.field == field), "withheld")


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the recipient keeps what it got (an ISO 8601 duration in Y, M, W, D), and what happens then."""

    keep: str
    then: str  # delete or return
    receipt: str  # required or not-required


@dataclass(frozen=True, slots=True)
class PrivacyBudget:
    """What statistics may tell of one person, at most, in each period (differential privacy, ISO/IEC 20889, 3.8).

    ``epsilon`` bounds how much likelier any answer is with a person's records than without: by a factor of e to that
    power over all answers of a period together, but for a chance of ``delta``. ``per`` is the period, an ISO 8601
    duration. Of each person at most ``most_per_person`` rows count in one answer.
    """

    epsilon: Decimal
    delta: Decimal
    per: str
    most_per_person: int


@dataclass(frozen=True, slots=True)
class AssessmentReference:
    """The impact assessment that must be approved for the agreement to be in force."""

    name: str
    version: int

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class Review:
    """That somebody looks, afterwards, at each use that is made of the agreement.

    ``each`` says of what: a ``disclosure``, or every ``request``, refused ones too. ``within`` is an ISO 8601 duration
    in days and hours. A reviewer holds one of ``roles`` at one of ``agencies``, which are parties. ``notice`` says
    whether they are told at once (``immediate``) or find it in their queue (``none``); ``overdue`` what happens if
    nobody does it in time: it is told to everyone who oversees (``shout``), or nothing more is released either until
    it is done (``suspend``).
    """

    each: str
    within: str
    roles: tuple[str, ...]
    agencies: tuple[str, ...]
    notice: str
    overdue: str

    @property
    def time(self) -> timedelta:
        """Return how long a reviewer has."""
        days, hours = (re.search(rf"(\d+){unit}", self.within) for unit in "DH")
        return timedelta(days=int(days[1]) if days else 0, hours=int(hours[1]) if hours else 0)

    @property
    def suspends(self) -> bool:
        """Whether nothing more is released while a review is overdue."""
        return self.overdue == "suspend"


@dataclass(frozen=True, slots=True)
class Confidential:
    """That the person concerned is told of each use only ``length`` after it (ISO 8601), and why not at once.

    For a covert investigation, say: telling may be put off as long as it is necessary and proportionate, no longer
    (LED art. 13(3) and 15(1); DPA 2018 s. 44(4) and 45(4)). Whoever oversees sees each use at once.
    """

    length: str
    because: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """Who provides what to whom, why, on which basis, about whom, in what form, how, and for how long."""

    name: str
    version: int
    title: Label
    jurisdiction: str
    providers: tuple[str, ...]
    recipients: tuple[str, ...]
    purpose: str
    lawful_basis: tuple[Basis, ...]
    in_force: InForce
    requesters: Requesters
    about: Condition
    releases: tuple[Release, ...]
    channels: tuple[str, ...]
    onward: str
    retention: Retention
    consent: str
    assessment: AssessmentReference
    review: Review | None = None  # of each use; ``None``: nobody looks at them one by one
    statistics: PrivacyBudget | None = None  # there exactly if the channel of that name is open
    confidential: Confidential | None = None  # ``None``: the person concerned can see each use at once

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def parties(self) -> tuple[str, ...]:
        """Return every agency that must sign, each once, providers first."""
        return tuple(dict.fromkeys((*self.providers, *self.recipients)))

    def releases_of(self, record: str) -> tuple[Release, ...]:
        """Return the clauses that release something of a record type, in order."""
        return tuple(release for release in self.releases if release.record == record)


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in an agreement's text. Lines and columns count from 1; 0 where the text is canonical JSON."""

    line: int
    column: int
    path: str  # where in the agreement, e.g. release[2].fields.name
    cause: str
    mend: str
    dutch: str  # cause and mend

    @property
    def words(self) -> Label:
        """Return cause and mend together."""
        return Label(f"{self.cause} {self.mend}", self.dutch)

    def in_language(self, language: str) -> str:
        """Return the mistake with its place."""
        if language == "nl":
            place = f"Regel {self.line}, teken {self.column}" if self.line else "Canonieke tekst"
            return f"{place} ({self.path or 'de overeenkomst'}): {self.words.nl}"
        place = f"Line {self.line}, column {self.column}" if self.line else "Canonical text"
        return f"{place} ({self.path or 'the agreement'}): {self.words.en}"

    def __str__(self) -> str:
        return self.in_language("en")


# --- signatures and standing -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signature:
    """One party's Ed25519 signature over one version; ``thumbprint`` names the key (RFC 7638, SHA-256, base64url)."""

    agency: str
    thumbprint: str
    signature: bytes
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Party:
    """An agency that this node knows, and the public key (32 raw bytes of Ed25519) that is pinned for it, if any."""

    agency: str
    kind: str
    label: Label
    public_key: bytes | None = None


class Act(StrEnum):
    """What may be done to a version in force, other than letting it run out."""

    SUSPEND = "suspend"
    RESUME = "resume"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class Event:
    """One act of one party upon a version."""

    act: Act
    agency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """An act with who did it (an opaque id of staff) and the reason that they gave to the other parties."""

    event: Event
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Kept:
    """One version as the database holds it, before any of it is believed."""

    name: str
    version: int
    data: bytes  # the canonical bytes
    signatures: tuple[Signature, ...]
    events: tuple[Event, ...]  # in the order in which they were recorded
    assessment: str  # name@version of the assessment whose status follows
    assessment_status: str | None  # None: no such assessment is kept here


class Why(StrEnum):
    """Each reason for which an agreement is not in force, and the one warning."""

    UNREADABLE = "unreadable"
    UNSIGNED = "unsigned"
    INVALID_SIGNATURE = "invalid-signature"
    KEY_NOT_PINNED = "key-not-pinned"
    KEY_SHARED = "key-shared"
    NOT_YET = "not-yet"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    REPLACED = "replaced"
    NOT_ASSESSED = "assessment-not-approved"
    REVIEW_OVERDUE = "review-overdue"
    NOT_REVIEWED = "use-not-reviewed"  # only the gate knows of uses, so only the gate says it


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, as a code for programs and as words for people."""

    code: Why
    label: Label


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a version is in force. ``reasons`` is empty exactly when it is; ``warnings`` never refuse."""

    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...] = ()

    @property
    def in_force(self) -> bool:
        """Whether a request may be decided under it now."""
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Considered:
    """One version and its standing. ``agreement`` is None exactly when its bytes cannot be read as an agreement."""

    name: str
    version: int
    agreement: Agreement | None
    standing: Standing
    effective: bool  # it has taken effect, now or in the past (see the rules of `standing`)


Row: TypeAlias = Mapping[str, object]
