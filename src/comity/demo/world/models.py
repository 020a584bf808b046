"""The made-up world as it truly is: what no single agency knows whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Home:
    """Where somebody lives from a day on."""

    since: date
    street: str
    town: str
    postcode: str


@dataclass(frozen=True, slots=True)
class Human:
    """A made-up human being, with the names they go by."""

    number: int
    given: str
    middle: str
    particle: str
    family: str
    birth_name: str  # differs from the family name for some who married
    aliases: tuple[str, ...]
    born: date
    sex: str  # "male" or "female"
    origin: str  # which stock of names: en, nl, other
    language: str
    ethnicity: str
    disability: str
    phone: str
    homes: tuple[Home, ...]

    @property
    def surname(self) -> str:
        """The family name with its particle."""
        return f"{self.particle} {self.family}".strip()

    def home_on(self, day: date) -> Home:
        """Return where they lived on ``day``."""
        return next((home for home in reversed(self.homes) if home.since <= day), self.homes[0])


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody's part in an incident."""

    human: Human
    role: str  # suspect, victim, witness
    relationship: str = ""  # to the other side: partner, ex-partner, child, parent, neighbour, stranger


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that was reported to the police."""

    number: str
    kind: str
    at: datetime
    reported: date
    place: Home
    domestic: bool
    risk: int | None  # DASH: 0 to 24
    referred: date | None
    parties: tuple[Party, ...]
    status: str

    def those(self, role: str) -> tuple[Party, ...]:
        """Return the parties of one role."""
        return tuple(party for party in self.parties if party.role == role)


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay in custody."""

    number: str
    human: Human
    kind: str  # police, remand, sentence
    facility: str
    received: datetime
    released: datetime | None
    due: date | None
    urn: str = ""


@dataclass(frozen=True, slots=True)
class Charge:
    """What one defendant is accused of, and what came of it."""

    number: int
    human: Human
    offence: str
    code: str
    severity: str
    offence_on: date
    charged_on: date
    status: str
    plea: str = ""
    verdict: str = ""
    disposed_on: date | None = None
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Hearing:
    """A hearing of a case."""

    number: str
    kind: str
    starts: datetime
    room: str
    status: str
    outcome: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """An order of the court about one defendant."""

    number: str
    human: Human
    kind: str
    made: date
    starts: date
    ends: date | None
    conditions: str
    status: str


@dataclass(frozen=True, slots=True)
class Case:
    """A prosecution, from its opening to its outcome."""

    urn: str  # the number that agencies share
    court_number: str
    court: str
    kind: str
    stage: str
    opened: date
    closed: date | None
    outcome: str
    incident: Incident
    charges: tuple[Charge, ...]
    hearings: tuple[Hearing, ...]
    orders: tuple[Order, ...]

    @property
    def defendants(self) -> tuple[Human, ...]:
        """The people charged, each once."""
        return tuple({charge.human.number: charge.human for charge in self.charges}.values())


@dataclass(frozen=True, slots=True)
class Supervision:
    """Somebody under the supervision of probation."""

    number: str
    human: Human
    urn: str
    kind: str
    starts: date
    ends: date
    office: str
    officer: str
    conditions: str
    status: str
    next_appointment: date | None
    kept: int
    missed: int


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact of victim services with a victim."""

    number: int
    kind: str
    topic: str
    made: date
    outcome: str
    due: date | None
    note: str


@dataclass(frozen=True, slots=True)
class Support:
    """A victim whom victim services support, with where they can safely be reached."""

    number: str
    human: Human
    urn: str
    incident: Incident
    safe_contact: str
    protected_address: str
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class World:
    """All of it."""

    seed: int
    until: date
    humans: tuple[Human, ...]
    incidents: tuple[Incident, ...]
    stays: tuple[Stay, ...]
    cases: tuple[Case, ...]
    supervisions: tuple[Supervision, ...]
    supports: tuple[Support, ...]
    twins: tuple[tuple[int, int], ...] = field(default=())
    namesakes: tuple[tuple[int, int], ...] = field(default=())
