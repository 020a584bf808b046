"""The frozen values of an impact assessment: what is asked, what was answered, and where each answer stands.

An answer stands at a path: ``purpose`` for a question that is asked once, ``risks.leak.severity`` for one that is asked
of each item of a list, and ``risks.leak`` for the item itself. Items have ids that never change and never mean anything
else, so that two people can add, change and remove at the same time. They stand in the order of their ids, numbers as
numbers: ``2-suspect`` before ``10-charge``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias
from uuid import UUID

from comity.vocabulary.models import Label

ITEM: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MAX_ITEM: Final = 64
PRESENT: Final = "present"  # what stands at the path of an item that is there


class Step(StrEnum):
    """The four steps, in the order in which they are taken."""

    PROCESS = "process"
    LAWFULNESS = "lawfulness"
    RISKS = "risks"
    MEASURES = "measures"


class Discipline(StrEnum):
    """Who works on an assessment together, and signs."""

    OPERATIONAL = "operational"
    LEGAL = "legal"
    PRIVACY = "privacy"
    SECURITY = "security"


class Kind(StrEnum):
    """What an answer is."""

    LINE = "line"  # a text on one line
    TEXT = "text"
    DAY = "day"  # year-month-day
    LENGTH = "length"  # ISO 8601, in Y, M, W, D
    SOON = "soon"  # ISO 8601, in days and hours
    NUMBER = "number"  # a decimal, as the agreement writes it
    CONDITION = "condition"  # of the agreement language
    CHOICE = "choice"
    CHOICES = "choices"
    AGENCY = "agency"
    ITEMS = "items"  # ids of items of another list
    FORMS = "forms"  # fields of the item's record type, each with its form: "birth_date age-band"

    @property
    def several(self) -> bool:
        """Whether an answer is a tuple of words rather than a text."""
        return self in (Kind.CHOICES, Kind.ITEMS, Kind.FORMS)


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the catalogue; ``list`` is empty where it is asked once."""

    id: str
    list: str
    step: Step
    kind: Kind
    of: str  # the set that a choice is from, or the list that items are of
    label: Label
    ask: Label
    signed_by: tuple[Discipline, ...]
    nl_dpia: tuple[str, ...]
    ico: tuple[str, ...]
    led: tuple[str, ...]
    optional: bool
    confidential: bool  # never published, whoever answers
    only_if: tuple[str, str] | None = None  # a question that is asked once, and the word that its answer must have

    @property
    def key(self) -> str:
        """Return the key under which the answer stands in its block of the file."""
        return self.id.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class List:
    """A list of the catalogue: in which step its items are added and removed, and how many there must be."""

    name: str
    step: Step
    least: int
    label: Label


@dataclass(frozen=True, slots=True)
class Gap:
    """Where the Dutch form leaves the directive open, and the questions that are asked instead."""

    name: str
    nl_dpia: tuple[str, ...]
    article: str
    questions: tuple[str, ...]
    label: Label


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that an assessment asks, of one version."""

    version: str
    steps: Mapping[Step, Label]
    disciplines: Mapping[Discipline, Label]
    nl_dpia: Mapping[str, str]
    ico: Mapping[str, str]
    led: Mapping[str, Label]
    led_in_uk: Mapping[str, str]  # where each element stands in the Data Protection Act 2018
    choices: Mapping[str, Mapping[str, Label]]
    lists: Mapping[str, List]
    questions: Mapping[str, Question]
    gaps: tuple[Gap, ...]

    def question_at(self, path: str) -> Question | None:
        """Return the question that is answered at ``path``; None at the path of an item, or of nothing."""
        parts = path.split(".")
        if len(parts) == 3:  # noqa: PLR2004  (list, item, key)
            return self.questions.get(f"{parts[0]}.{parts[2]}") if is_item(parts[1]) else None
        return self.questions.get(path) if len(parts) == 1 else None

    def list_at(self, path: str) -> List | None:
        """Return the list of whose item ``path`` is; None at the path of an answer, or of nothing."""
        name, _, item = path.partition(".")
        return self.lists.get(name) if is_item(item) else None

    def step_of(self, path: str) -> Step | None:
        """Return the step in which ``path`` stands; None if nothing stands there."""
        found = self.question_at(path) or self.list_at(path)
        return found.step if found else None

    def asked(self, step: Step, of: str = "") -> tuple[Question, ...]:
        """Return the questions of a step that are asked once, or of each item of the list ``of``."""
        return tuple(each for each in self.questions.values() if each.step is step and each.list == of)

    def must_sign(self, step: Step) -> tuple[Discipline, ...]:
        """Return the disciplines that must sign a step: those of each of its questions."""
        signing = {each for question in self.questions.values() if question.step is step for each in question.signed_by}
        return tuple(each for each in Discipline if each in signing)


Words: TypeAlias = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: a text, or a tuple of words; withheld from publication if ``confidential``."""

    value: Words
    confidential: bool = False

    @property
    def text(self) -> str:
        """Return the answer as one text."""
        return self.value if isinstance(self.value, str) else ", ".join(self.value)

    @property
    def words(self) -> tuple[str, ...]:
        """Return the answer as words."""
        return (self.value,) if isinstance(self.value, str) else self.value


@dataclass(frozen=True, slots=True)
class Assessment:
    """One version of an assessment: its answers, each at its path. What is not answered is not there."""

    name: str
    version: int
    answers: Mapping[str, Answer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "answers", MappingProxyType({path: self.answers[path] for path in ordered(self.answers)})
        )

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    def text(self, path: str) -> str:
        """Return the text that was answered at ``path``; empty where nothing was."""
        found = self.answers.get(path)
        return found.text if found else ""

    def words(self, path: str) -> tuple[str, ...]:
        """Return the words that were answered at ``path``; none where nothing was."""
        found = self.answers.get(path)
        return found.words if found else ()

    def asks(self, question: Question) -> bool:
        """Return whether a question is to be answered, as the others stand: some are only where another says so."""
        return question.only_if is None or question.only_if[1] in self.words(question.only_if[0])

    def items(self, name: str) -> tuple[str, ...]:
        """Return the ids of a list's items, in their order."""
        return tuple(
            path.partition(".")[2] for path in self.answers if path.startswith(f"{name}.") and path.count(".") == 1
        )

    def under(self, path: str) -> Iterator[str]:
        """Yield the paths of the answers about one item."""
        return (each for each in self.answers if each.startswith(f"{path}."))


@dataclass(frozen=True, slots=True)
class Approval:
    """That an assessment was approved: when, by which entry of the ledger; for which agency, once that is numbered."""

    at: datetime
    entry: UUID
    agency: str | None = None


# --- the four steps, read ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment of sharing: who gives what to whom, when, and why."""

    id: str
    what: str
    provider: str
    recipient: str
    when: str
    why: str


@dataclass(frozen=True, slots=True)
class Shared:
    """Data that are shared: of which type, of whom, under which condition, in which form, at which moments, and why."""

    id: str
    moments: tuple[str, ...]
    record: str
    of: tuple[str, ...]
    where: str
    fields: tuple[tuple[str, str], ...]
    why: str


class Level(StrEnum):
    """How likely, how severe, or how high."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Risk:
    """One risk, before the measures and after; a level is None where it cannot be said yet."""

    id: str
    what: str
    source: str
    harms: tuple[str, ...]
    before: Level | None
    after: Level | None
    decision: str
    decided_by: str

    @property
    def open(self) -> bool:
        """Whether the risk stays high and nobody has decided on it by name (LED art. 28)."""
        return self.after is Level.HIGH and not (self.decision and self.decided_by)


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure: what is done, about which risks, by whom, by when, and where it stands."""

    id: str
    what: str
    answers: tuple[str, ...]
    owner: str
    due: str
    status: str


def is_item(text: str) -> bool:
    """Return whether ``text`` can be the id of an item."""
    return bool(ITEM.fullmatch(text)) and len(text) <= MAX_ITEM


def ordered(paths: Mapping[str, object]) -> list[str]:
    """Return paths in their order: numbers as numbers, an item before what is answered about it."""
    return sorted(paths, key=_order)


def _order(path: str) -> tuple[tuple[tuple[bool, int, str], ...], ...]:
    parts = (re.findall(r"\d+|\D+", part) for part in path.split("."))
    return tuple(
        tuple((not piece.isdigit(), int(piece) if piece.isdigit() else 0, piece) for piece in part) for part in parts
    )
