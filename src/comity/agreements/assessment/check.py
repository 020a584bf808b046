"""What is wrong with answers: each faulty one with its path, the cause, and the mend. Pure.

The same checks hold a file, an edit and the working document, since two edits that are right by themselves may be wrong
together: one changes the record type, the other the fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from comity.agreements.assessment.catalogue import load_catalogue
from comity.agreements.assessment.models import PRESENT, Answer, Assessment, Catalogue, Kind, Question, is_item
from comity.agreements.condition_faults import TYPES
from comity.agreements.conditions import iso_date, parse_condition
from comity.agreements.errors import ConditionError
from comity.agreements.fault_words import Said, mistake, unknown
from comity.agreements.minimisers import applicable, applies
from comity.agreements.parse import DELTA, EPSILON, MAX_DELTA, MAX_EPSILON, MAX_PER_PERSON, WITHIN
from comity.agreements.reading import MAX_TEXT, hidden
from comity.vocabulary.models import Label, Vocabulary

LENGTH: Final = re.compile(
    r"P(?=[0-9])(?:[1-9][0-9]{0,2}Y)?(?:[1-9][0-9]{0,2}M)?(?:[1-9][0-9]{0,2}W)?(?:[1-9][0-9]{0,3}D)?"
)
NUMBERS: Final[Mapping[str, tuple[str, Decimal]]] = {
    "statistics_epsilon": (EPSILON, Decimal(MAX_EPSILON)),
    "statistics_delta": (DELTA, MAX_DELTA),
    "statistics_most_per_person": (r"[1-9][0-9]{0,2}", Decimal(MAX_PER_PERSON)),
}
"""How the agreement writes each number that is asked for, and the largest that it takes."""

INVISIBLE: Final = mistake("invisible").cause
AGENCY: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One answer that cannot stand, and why."""

    path: str
    cause: str
    mend: str
    dutch: str  # cause and mend


def faults_of(
    assessment: Assessment, vocabulary: Vocabulary, *, agencies: Collection[str] | None = None
) -> tuple[Wrong, ...]:
    """Return what is wrong with the answers that are there; what is not answered yet is not wrong.

    ``agencies`` are the ids of the agencies that this node knows; without them, only the form of a name is checked.
    """
    checker = _Checker(assessment, load_catalogue(), vocabulary, agencies)
    return tuple(wrong for path, answer in assessment.answers.items() for wrong in checker.answer(path, answer))


def options(question: Question, catalogue: Catalogue, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the words that a choice is from."""
    own: Mapping[str, object] = catalogue.choices.get(question.of, {})
    return tuple(own or getattr(vocabulary, question.of))


@dataclass(frozen=True, slots=True)
class _Checker:
    assessment: Assessment
    catalogue: Catalogue
    vocabulary: Vocabulary
    agencies: Collection[str] | None

    def answer(self, path: str, answer: Answer) -> Iterator[Wrong]:
        question = self.catalogue.question_at(path)
        if question is None:
            if self.catalogue.list_at(path) is None or answer.value != PRESENT:
                yield Wrong(path, *mistake("no-question"))
            return
        parent = path.rpartition(".")[0]
        if parent and parent not in self.assessment.answers:
            yield Wrong(path, *mistake("no-item"))
        if isinstance(answer.value, str) is question.kind.several:
            yield Wrong(path, *mistake("want-list" if question.kind.several else "want-text"))
            return
        yield from _unreadable(path, answer.words)
        for told in self._by_kind(question, parent, answer):
            yield Wrong(path, *told)

    def _by_kind(self, question: Question, parent: str, answer: Answer) -> Iterable[tuple[str, str, str]]:
        """Yield cause and mend of what is wrong, and both in Dutch."""
        known = partial(_known, answer.words)
        checks: dict[Kind, Callable[[], Iterable[tuple[str, str, str]]]] = {
            Kind.TEXT: lambda: (),
            Kind.LINE: lambda: _line(answer.text),
            Kind.DAY: lambda: _day(answer.text),
            Kind.LENGTH: lambda: _length(answer.text),
            Kind.SOON: lambda: _soon(answer.text),
            Kind.NUMBER: lambda: _number(question, answer.text),
            Kind.CHOICE: lambda: known(options(question, self.catalogue, self.vocabulary)),
            Kind.CHOICES: lambda: known(options(question, self.catalogue, self.vocabulary)),
            Kind.ITEMS: lambda: known(self.assessment.items(question.of)),
            Kind.AGENCY: lambda: self._agency(answer.text),
            Kind.CONDITION: lambda: self._condition(parent, answer.text),
            Kind.FORMS: lambda: self._forms(parent, answer.words),
        }
        return checks[question.kind]()

    def _agency(self, name: str) -> Iterable[Said]:
        if self.agencies is not None:
            return _known([name], self.agencies)
        return [] if AGENCY.fullmatch(name) else [mistake("agency", text=name)]

    def _condition(self, parent: str, text: str) -> Iterator[tuple[str, str, str]]:
        record = self.assessment.text(f"{parent}.record") if parent else None
        if parent and record not in self.vocabulary.record_types:
            yield mistake("condition-of-nothing")
            return
        try:
            parse_condition(text, self.vocabulary, record=record)
        except ConditionError as error:
            yield error.placed()

    def _forms(self, parent: str, forms: Collection[str]) -> Iterator[Said]:
        record = self.vocabulary.record_types.get(self.assessment.text(f"{parent}.record"))
        if record is None:
            yield mistake("fields-of-nothing")
            return
        known = {field.name: field for field in record.fields}
        names = [each.partition(" ")[0] for each in forms]
        yield from _known(names, known)
        for name, _, form in (each.partition(" ") for each in forms):
            if name in known and form not in self.vocabulary.minimisers:
                yield from _known([form], self.vocabulary.minimisers)
            elif name in known and not applies(form, known[name]):
                allowed = ", ".join(applicable(known[name]))
                yield mistake("made-of", form=form, field=name, type=TYPES[known[name].type], allowed=allowed)


def _line(text: str) -> Iterator[Said]:
    if "\n" in text:
        yield mistake("lines")


def _day(text: str) -> Iterator[Said]:
    if iso_date(text) is None:
        yield mistake("not-a-date", text=text)


def _length(text: str) -> Iterator[Said]:
    if not LENGTH.fullmatch(text):
        yield mistake("not-a-length", text=text, eg="P2Y")


def _soon(text: str) -> Iterator[Said]:
    if not WITHIN.fullmatch(text):
        yield mistake("not-soon", text=text)


def _number(question: Question, text: str) -> Iterator[Said]:
    if not is_number(question, text):
        most = NUMBERS[question.id][1]
        form = Label("a number such as 1", "een getal zoals 1")
        yield mistake("not-this-number", text=text, form=form, most=f"{most:f}")


def is_number(question: Question, text: str) -> bool:
    """Return whether ``text`` is a number that the agreement takes in answer to ``question``."""
    form, most = NUMBERS[question.id]
    return re.fullmatch(form, text) is not None and Decimal(text) <= most


def _unreadable(path: str, words: Collection[str]) -> Iterator[Wrong]:
    for word in words:
        if not word.strip():
            yield Wrong(path, *mistake("no-answer"))
        if any(True for _ in hidden(word)):
            yield Wrong(path, *mistake("invisible"))
        if len(word) > MAX_TEXT:
            yield Wrong(path, *mistake("answer-too-long", most=MAX_TEXT))


def _known(words: Collection[str], known: Collection[str]) -> Iterator[Said]:
    words = tuple(words)
    for at, word in enumerate(words):
        if word in words[:at]:
            yield mistake("twice", name=word)
        elif word.strip() and word not in known:
            yield unknown("unknown-word", word, known)


def well_formed(path: str) -> bool:
    """Return whether ``path`` names a question or an item of the catalogue."""
    catalogue = load_catalogue()
    return catalogue.question_at(path) is not None or (
        catalogue.list_at(path) is not None and is_item(path.partition(".")[2])
    )


def wrong_by_itself(path: str, answer: Answer, vocabulary: Vocabulary) -> tuple[Wrong, ...]:
    """Return what is wrong with an answer whatever the others are: what an edit is refused for."""
    question = load_catalogue().question_at(path)
    depends = question and (
        question.kind in (Kind.ITEMS, Kind.FORMS) or (question.kind is Kind.CONDITION and question.list)
    )
    if question and depends and isinstance(answer.value, str) is not question.kind.several:
        return tuple(_unreadable(path, answer.words))
    item = {".".join(path.split(".")[:2]): Answer(PRESENT)} if question and question.list else {}
    return faults_of(Assessment("alone", 1, {**item, path: answer}), vocabulary)
