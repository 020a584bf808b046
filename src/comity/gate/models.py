"""The values of the gate: what is asked, what is decided, what leaves.

Frozen and valid from birth. Nothing here reads a clock, a file or a database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from comity.agreements import Agreement
from comity.agreements.models import Condition
from comity.gate.errors import EmptySearchError, GateError
from comity.people.tokens import name_tokens
from comity.record import JoinedView, ReleasedRow, join
from comity.vocabulary.models import Field, Label, Vocabulary

MAX_QUERY_LENGTH = 200  # characters of a searched name or number, or of a case's number: longer than any of them is

MIN_LETTERS = 2  # of a word of a searched name, or of a number: one letter would list people, not find somebody

MAX_QUANTITY = 1_000_000  # of what is added up: a life has 40,000 days, the largest number met is 1,000
MAX_CATEGORIES = 3  # fields to count by at once: more make a table that nobody reads and that is all noise
MAX_VALUES = 200  # named of one field
MAX_VALUE = 40  # characters of one of them: the longest code is 25
MAX_SPENT = 10  # of epsilon, as an agreement may say
SMALLEST_EPSILON = Decimal("0.0001")

# --- what is asked ---------------------------------------------------------------------------------------------------


class Act(StrEnum):
    """The kinds of request that the gate knows; whatever else is asked is refused."""

    READ = "read"
    CASE = "case"
    SEARCH = "search"
    NOTICE = "notice"
    EXTRACT = "extract"
    STATISTIC = "statistic"


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks: the agency, the staff id that the agency vouches for (opaque here), and the role held now."""

    agency: str
    person: str
    role: str


@dataclass(frozen=True, slots=True)
class Read:
    """The joined-up record of one person."""

    person: UUID
    act: Act = field(default=Act.READ, init=False)


@dataclass(frozen=True, slots=True)
class CaseRead:
    """The joined-up record of one case, by its number or by the reference that the agencies share."""

    reference: str
    act: Act = field(default=Act.CASE, init=False)

    def __post_init__(self) -> None:
        _refuse_unusable(self.reference, "case number")


@dataclass(frozen=True, slots=True)
class Search:
    """People who meet every criterion that is given. ``name`` may be a part: each of its words begins a name."""

    name: str | None = None
    birth_date: date | None = None
    number: str | None = None
    act: Act = field(default=Act.SEARCH, init=False)

    def __post_init__(self) -> None:
        if not any((self.name, self.birth_date, self.number)):
            raise EmptySearchError("The search is empty. Give a name, a date of birth or a number.")
        for what, text in (("name", self.name), ("number", self.number)):
            if text:
                _refuse_unusable(text, what)
                if sum(letter.isalnum() for letter in text) < MIN_LETTERS:
                    raise GateError(
                        f"This {what} is too short to search by. Give at least {MIN_LETTERS} letters or digits."
                    )
        if self.name and len(max(name_tokens(self.name), key=len, default="")) < MIN_LETTERS:
            raise GateError(
                f"This name is too short to search by. Give at least {MIN_LETTERS} letters of one of its words."
            )

    @property
    def criteria(self) -> tuple[str, ...]:
        """Return the kinds of criteria given, without their values."""
        given = (("name", self.name), ("birth_date", self.birth_date), ("number", self.number))
        return tuple(kind for kind, value in given if value)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is new of one person since a moment: for a subscription, or the beginning of one (``first``)."""

    person: UUID
    subscription: UUID
    since: datetime
    first: bool = False
    act: Act = field(default=Act.NOTICE, init=False)


@dataclass(frozen=True, slots=True)
class Extract:
    """Everything that the agreement lets out, about everyone whom it covers, as files."""

    act: Act = field(default=Act.EXTRACT, init=False)


class Measure(StrEnum):
    """What a statistic counts or adds up."""

    PERSONS = "persons"
    ROWS = "rows"
    SUM = "sum"
    MEAN = "mean"


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is added up: a field of whole numbers, or the days from the date ``since`` to the date ``field``.

    A value outside ``low`` to ``high`` counts as the nearer of the two, so that nobody weighs more than that.
    """

    field: str
    low: int
    high: int
    since: str | None = None

    def __post_init__(self) -> None:
        if not -MAX_QUANTITY <= self.low < self.high <= MAX_QUANTITY:
            raise GateError(
                f"Between {self.low} and {self.high} nothing can be added up. Give the lower bound first, both within "
                f"{MAX_QUANTITY:,} of zero."
            )


@dataclass(frozen=True, slots=True)
class Category:
    """A field, in one form, by whose values is counted; of another record than the one counted it is the person's.

    Without a form, the one form that fits. ``values`` are single ones or ranges (``2020..2026``); whatever is none of
    them is counted together. Without any: those that the vocabulary knows, or else a choice made with noise.
    """

    record: str
    field: str
    form: str = ""
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        texts = (self.record, self.field, self.form, *self.values)
        if len(self.values) > MAX_VALUES or not all(len(it) <= MAX_VALUE and it.isprintable() for it in texts):
            raise GateError(f"A category has at most {MAX_VALUES} values, each of at most {MAX_VALUE} characters.")
        if not all(it.strip() for it in self.values) or len(set(self.values)) < len(self.values):
            raise GateError("A value of a category is empty, or stands twice.")


@dataclass(frozen=True, slots=True)
class Statistic:
    """Numbers about the rows of one record type that the agreement lets out, of everyone whom it covers.

    ``only`` keeps rows whose field is one of the values. ``epsilon`` is how much of the budget the answer may spend;
    ``None`` is a tenth of a period's. ``anew`` spends again rather than be told again what was told in this period.
    """

    record: str
    measure: Measure
    quantity: Quantity | None = None
    by: tuple[Category, ...] = ()
    only: tuple[Category, ...] = ()
    epsilon: Decimal | None = None
    anew: bool = False
    act: Act = field(default=Act.STATISTIC, init=False)

    def __post_init__(self) -> None:
        if (self.quantity is None) == (self.measure in {Measure.SUM, Measure.MEAN}):
            raise GateError("A sum or a mean is of a quantity, a number of people or rows is not. Say which you mean.")
        if len(self.by) > MAX_CATEGORIES or len(self.only) > MAX_CATEGORIES:
            raise GateError(f"Count by at most {MAX_CATEGORIES} fields at once, and keep to at most as many.")
        for each in (self.by, self.only):
            if len({(it.record, it.field) for it in each}) < len(each):
                raise GateError("A field stands twice among those to count by. Name it once.")
        if not all(it.values for it in self.only):
            raise GateError("Say which values to keep to.")
        if self.epsilon is not None and not _is_epsilon(self.epsilon):
            raise GateError("What to spend of the budget is a number above 0 and at most 10, of at most four decimals.")


def _is_epsilon(number: Decimal) -> bool:
    return number.is_finite() and 0 < number <= MAX_SPENT and number == number.quantize(SMALLEST_EPSILON)


Asked: TypeAlias = Read | CaseRead | Search | Notice | Extract | Statistic


@dataclass(frozen=True, slots=True)
class Request:
    """One question: by whom, under which agreement, for which purpose, in which case, and why.

    A justification's lines end as the log keeps them, however a browser sent them.
    """

    asks: Asked
    agreement: str
    purpose: str
    requester: Requester
    case_reference: str = ""
    justification: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "justification", self.justification.replace("\r\n", "\n"))


@dataclass(frozen=True, slots=True)
class Asking:
    """A request with what was drawn for it: its id, the salt of its commitment, its moment."""

    id: UUID
    salt: bytes = field(repr=False)
    at: datetime
    request: Request


def _refuse_unusable(text: str, what: str) -> None:
    if not text.strip() or len(text) > MAX_QUERY_LENGTH or not text.isprintable():
        raise GateError(f"This is not a {what}. Give one line of at most {MAX_QUERY_LENGTH} characters.")


# --- what is decided -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is refused: a code for programs and logs, and words for people."""

    code: str
    label: Label


@dataclass(frozen=True, slots=True)
class Permitted:
    """A field leaves, in the form that the minimiser gives it, under the numbered clause of the agreement."""

    minimiser: str
    clause: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A field does not leave, and why; ``clause`` is the one that says so, or ``None`` where none names it."""

    reason: Reason
    clause: int | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of the agreement as far as it may be carried out: only fields that are permitted, each with its form."""

    number: int
    record: str
    of: tuple[str, ...]
    where: Condition | None
    fields: tuple[tuple[Field, str], ...]

    def __iter__(self) -> Iterator[tuple[Field, str]]:
        return iter(self.fields)


Finding: TypeAlias = Permitted | Refused
Findings: TypeAlias = Mapping[str, Mapping[str, tuple[Finding, ...]]]
"""Record type -> field -> what each clause that names it says, in their order; one refusal if none does."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """A field of a record type that no clause lets out, and why, in words that the requester may read."""

    record: str
    field: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Verdict:
    """Permitted or refused, with the reason in words, and the same for each field of each record type.

    ``refusal`` is ``None`` exactly when the request is permitted; ``clauses`` is empty when it is refused.
    """

    agreement: Agreement
    refusal: Reason | None
    clauses: tuple[Clause, ...]
    findings: Findings
    withheld: tuple[Withheld, ...]

    @property
    def permitted(self) -> bool:
        """Whether a query may be compiled from this verdict."""
        return self.refusal is None

    def of(self, record: str, field_name: str) -> tuple[Finding, ...]:
        """Return what is found of one field; ``KeyError`` if the vocabulary does not have it."""
        return self.findings[record][field_name]


# --- what leaves -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """One hit of a search: whom to ask for, and the rows that matched, minimised."""

    person: UUID
    rows: tuple[ReleasedRow, ...]


_ANCHORS = {Act.READ: "person", Act.CASE: "case"}


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What left: the rows with only what was permitted, in the form that was permitted.

    ``digest`` is SHA-256 over what left the database, as the ledger's entry commits to it. ``found`` holds
    the hits of a search; ``more`` says that a search found more than it shows.
    """

    id: UUID
    at: datetime
    act: Act
    agreement: str
    version: int
    purpose: str
    agency: str
    person: UUID | None
    rows: Mapping[str, tuple[ReleasedRow, ...]]
    found: tuple[Found, ...]
    more: bool
    withheld: tuple[Withheld, ...]
    digest: bytes
    vocabulary: Vocabulary = field(repr=False, compare=False)

    @property
    def view(self) -> JoinedView | None:
        """Return the rows joined up around the person or the case; ``None`` for a search, whose hits are apart."""
        anchor = _ANCHORS.get(self.act)
        rows = (row for of in self.rows.values() for row in of)
        return join(rows, anchor, self.vocabulary) if anchor else None

    @property
    def sources(self) -> tuple[tuple[str, str], ...]:
        """Return agency and source of each row that left, each pair once, in order."""
        return tuple(sorted({(row.agency, row.source) for rows in self.rows.values() for row in rows}))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing left. ``reason`` is what the requester may know; the overseer's log has the reason in full."""

    id: UUID
    at: datetime
    reason: Reason


Answer: TypeAlias = Disclosure | Refusal


# --- what is remembered ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unjustified:
    """A use was found not justified: when, and by which agency."""

    at: datetime
    agency: str


@dataclass(frozen=True, slots=True)
class Use:
    """One disclosure of somebody's data, as the person concerned reads it."""

    id: UUID
    at: datetime
    agency: str
    role: str
    purpose: str
    agreement: str
    version: int
    act: Act
    fields: tuple[tuple[str, tuple[str, ...]], ...]  # record type -> fields that left of this person, or were counted
    unjustified: Unjustified | None = None


@dataclass(frozen=True, slots=True)
class LoggedReview:
    """What came of the review of one line of the log; ``outcome`` is empty while nobody has looked."""

    due_at: datetime
    overdue: bool
    outcome: str = ""
    agency: str = ""
    at: datetime | None = None
    reason: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One request, as the requester's own overseer reads it: refusals with their reason in full."""

    id: UUID
    at: datetime
    kind: str  # disclosure or refusal
    act: str
    agreement: str
    version: int | None
    purpose: str
    agency: str
    requester: str
    role: str
    case_reference: str
    justification: str = field(repr=False)
    person: UUID | None
    rows: int
    reason: Reason | None
    review: LoggedReview | None = None
    confidential_until: datetime | None = None  # when the person concerned can see it; ``None``, if they can already
