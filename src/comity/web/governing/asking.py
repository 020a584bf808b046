"""Questions of the catalogue as fields of a form, and a form that was sent as edits of the working document. Pure.

Rules:

1. A form carries the revision that it was made from. What its author did not change is no edit, whatever others wrote
   since; what they did change is an edit of what they saw, so that it never overwrites what they did not see.
2. Only a question that the form says it asked is read from it: a field that is missing means nothing by itself.
3. A question in conflict is not asked: it is settled on a page of its own, with all of its sides in sight.
4. One answer that cannot be read, and nothing is saved; all that was typed is shown again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from comity.agreements.assessment import Answer, Assessment, load_catalogue
from comity.agreements.assessment.check import options
from comity.agreements.assessment.draft import ITEM_KEYS, KEYS
from comity.agreements.assessment.merge import Change, Edit, Working
from comity.agreements.assessment.models import Kind, Question, Step
from comity.agreements.minimisers import applicable
from comity.agreements.models import Party
from comity.agreements.phrases import join, lower, phrase
from comity.vocabulary.models import Field, Label, Vocabulary
from comity.web.governing.reading import Read, day_in_digits, length_in_words, read_answer

FEW: Final = 7  # options that are shown as radio buttons, all in sight; more are a list to choose from
WITHHELD: Final = "withheld:"
_OWN_WORDS: Final = (Kind.LINE, Kind.TEXT)


class Form(Protocol):
    """A form as it was sent."""

    def getlist(self, key: str, /) -> Sequence[object]:
        """Return every value of one name."""
        ...


@dataclass(frozen=True, slots=True)
class Option:
    """One word that can be chosen, what it is called, and what it means."""

    value: str
    label: Label
    hint: Label | None = None


@dataclass(frozen=True, slots=True)
class FieldForms:
    """A field of a record, and the forms in which it can leave."""

    field: Field
    forms: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as a field of a form: where it stands, what is in it, what can be chosen, and what is wrong."""

    path: str
    question: Question
    typed: tuple[str, ...]
    options: tuple[Option, ...] = ()
    fields: tuple[FieldForms, ...] = ()
    withheld: bool = False
    may_withhold: bool = False
    fault: Label | None = None
    conflict: bool = False
    latest: Change | None = None

    @property
    def text(self) -> str:
        """Return what is in a field of one value."""
        return self.typed[0] if self.typed else ""

    def form_of(self, field: str) -> str:
        """Return the form that is chosen for a field of a record; empty if it is not shared."""
        return next((each.partition(" ")[2] for each in self.typed if each.partition(" ")[0] == field), "")


@dataclass(frozen=True, slots=True)
class Table:
    """What the forms of one assessment are made from: the working document as somebody saw it, and the words."""

    working: Working
    assessment: Assessment  # the answers that stand in it
    vocabulary: Vocabulary
    agencies: Sequence[Party]
    language: str

    def ask(self, paths: Sequence[str]) -> tuple[Asked, ...]:
        """Return the questions at ``paths`` with what is answered, as fields."""
        return tuple(asked for path in paths if (asked := self._asked(path)) is not None)

    def _asked(self, path: str) -> Asked | None:
        question = load_catalogue().question_at(path)
        if question is None:
            return None
        answer = self.assessment.answers.get(path)
        history = self.working.history(path)
        parent = path.rpartition(".")[0]
        record = self.vocabulary.record_types.get(self.assessment.text(f"{parent}.record"))
        fields = record.fields if record and question.kind is Kind.FORMS else ()
        return Asked(
            path=path,
            question=question,
            typed=self._shown(question, answer),
            options=self._options(question, answer),
            fields=tuple(FieldForms(each, self._forms(each, answer)) for each in fields),
            withheld=bool(answer and answer.confidential),
            may_withhold=_may_withhold(question),
            conflict=self.working.conflict_at(path) is not None,
            latest=history[-1] if history else None,
        )

    def _shown(self, question: Question, answer: Answer | None) -> tuple[str, ...]:
        words = answer.words if answer else ()
        if question.kind is Kind.DAY:
            return tuple(day_in_digits(each) for each in words)
        if question.kind in (Kind.LENGTH, Kind.SOON):
            return tuple(length_in_words(each, self.language) for each in words)
        return words

    def _options(self, question: Question, answer: Answer | None) -> tuple[Option, ...]:
        match question.kind:
            case Kind.CHOICE | Kind.CHOICES:
                found = self._choices(question, answer)
            case Kind.AGENCY:
                found = self._agencies(question, answer)
            case Kind.ITEMS:
                items = self.assessment.items(question.of)
                found = [Option(item, self.item_name(question.of, item)) for item in items]
            case _:
                found = []
        return tuple(found)

    def _choices(self, question: Question, answer: Answer | None) -> list[Option]:
        catalogue = load_catalogue()
        words = options(question, catalogue, self.vocabulary)
        own = catalogue.choices.get(question.of)
        if own is not None:
            return [Option(word, own[word]) for word in words]
        if question.of == "lawful_bases":
            return self._bases(answer)
        terms = getattr(self.vocabulary, question.of)
        return [Option(word, terms[word].label, getattr(terms[word], "definition", None)) for word in words]

    def _bases(self, answer: Answer | None) -> list[Option]:
        jurisdiction = self.assessment.text("jurisdiction")
        chosen = answer.words if answer else ()
        return [
            Option(term, phrase(f"{law.act}, {law.article}: {{0}}", f"{law.act}, {law.article}: {{0}}", law.label))
            for term, law in self.vocabulary.lawful_bases.items()
            if not jurisdiction or law.jurisdiction == jurisdiction or term in chosen
        ]

    def _agencies(self, question: Question, answer: Answer | None) -> list[Option]:
        parties = parties_of(self.assessment)
        chosen = answer.words if answer else ()
        some = question.list == "moments" and len(parties) > 1  # who shares is a party; others would be left out
        return [
            Option(each.agency, each.label)
            for each in self.agencies
            if not some or each.agency in parties or each.agency in chosen
        ]

    def _forms(self, field: Field, answer: Answer | None) -> tuple[Option, ...]:
        terms, chosen = self.vocabulary.minimisers, answer.words if answer else ()
        forms = (name for name in applicable(field) if name != "withheld" or f"{field.name} withheld" in chosen)
        return tuple(Option(name, terms[name].label) for name in forms)

    def item_name(self, of: str, item: str) -> Label:
        """Return what people call an item of a list: what it says of itself, else its place."""
        told = self._told(of, f"{of}.{item}")
        if told.en:
            return told
        items = self.assessment.items(of)
        number = items.index(item) + 1 if item in items else len(items) + 1
        label = load_catalogue().lists[of].label
        return Label(f"{label.en} {number}", f"{label.nl} {number}")

    def _told(self, of: str, path: str) -> Label:
        text = self.assessment.text
        if of == "parties":
            agency = text(f"{path}.agency")
            return next((each.label for each in self.agencies if each.agency == agency), _same(agency))
        if of == "data":
            return self._data(text(f"{path}.record"), self.assessment.words(f"{path}.of"))
        if of == "bases":
            law = self.vocabulary.lawful_bases.get(text(f"{path}.term"))
            return _same(f"{law.act}, {law.article}" if law else "")
        return _same(text(f"{path}.what"))

    def _data(self, name: str, of: Sequence[str]) -> Label:
        record, terms = self.vocabulary.record_types.get(name), self.vocabulary.subject_categories
        if record is None:
            return _same("")
        people = [lower(terms[each].label) for each in of if each in terms]
        return phrase("{0} ({1})", "{0} ({1})", record.plural, join(people)) if people else record.plural


def _may_withhold(question: Question) -> bool:
    """Whether an answer may be kept from the public: not what an agreement says, which is public."""
    drafted = question.id in KEYS or question.key in ITEM_KEYS.get(question.list, ())
    return question.kind in _OWN_WORDS and not drafted and not question.confidential  # that one never is published


def _same(text: str) -> Label:
    return Label(text, text)


def parties_of(assessment: Assessment) -> tuple[str, ...]:
    """Return the agencies that are named as parties."""
    named = (assessment.text(f"parties.{item}.agency") for item in assessment.items("parties"))
    return tuple(dict.fromkeys(each for each in named if each))


def paths_of(assessment: Assessment, step: Step, of: str = "", item: str = "") -> list[str]:
    """Return the paths of what a step asks once, or about one item of a list, as the other answers stand.

    What is no longer asked is shown while it is answered, so that its answer can be taken away.
    """
    asked = load_catalogue().asked(step, of)
    paths = [(each, f"{of}.{item}.{each.key}" if of else each.id) for each in asked]
    return [path for each, path in paths if assessment.asks(each) or path in assessment.answers]


@dataclass(frozen=True, slots=True)
class Sent:
    """A form that was sent: the edits that it asks for, and its fields as they were filled in, with what is wrong."""

    edits: tuple[Edit, ...]
    asked: tuple[Asked, ...]

    @property
    def faults(self) -> Mapping[str, Label]:
        """Return what is wrong, by path."""
        return {each.path: each.fault for each in self.asked if each.fault}


def read_form(form: Form, seen: Table, now: Table, paths: Sequence[str]) -> Sent:
    """Return what a form asks for. ``seen`` is the document as its author saw it; ``now`` is what there is to choose.

    ``paths`` are the questions that may be asked there.
    """
    present = {each for each in form.getlist("asked") if isinstance(each, str)}
    edits: list[Edit] = []
    fields: list[Asked] = []
    record = _record_chosen(form, paths)
    for field in now.ask(paths):
        if field.path not in present:
            fields.append(field)
            continue
        before = seen.working.shown(field.path)
        read = _read(form, field, seen.assessment, now.vocabulary, record)
        withheld = field.may_withhold and bool(form.getlist(f"{WITHHELD}{field.path}"))
        fields.append(replace(field, typed=read.typed, fault=read.fault, withheld=withheld, conflict=False))
        after = _answer(read, before, withheld=withheld if field.may_withhold else bool(before and before.confidential))
        if read.fault is None and after != before:
            edits.append(Edit(field.path, after, seen.working.revision(field.path)))
    return Sent(tuple(edits), tuple(fields))


def _record_chosen(form: Form, paths: Sequence[str]) -> str:
    path = next((each for each in paths if each.startswith("data.") and each.endswith(".record")), "")
    chosen = [each for each in form.getlist(path) if isinstance(each, str)] if path else []
    return chosen[0] if chosen else ""


def _read(form: Form, field: Asked, seen: Assessment, vocabulary: Vocabulary, record: str) -> Read:
    question, path = field.question, field.path
    typed = [each for each in form.getlist(path) if isinstance(each, str)]
    if question.kind is not Kind.FORMS:
        return read_answer(question, typed, [each.value for each in field.options], vocabulary, record)
    parent = path.rpartition(".")[0]
    if record != seen.text(f"{parent}.record"):  # the fields that were shown are those of another kind of record
        kept = seen.answers.get(path)
        return Read(kept.words if kept else (), kept)
    fields = vocabulary.record_types[record].fields if record in vocabulary.record_types else ()
    chosen = ((each.name, form.getlist(f"{path}:{each.name}")) for each in fields)
    words = sorted(f"{name} {forms[0]}" for name, forms in chosen if forms and forms[0])
    known = [f"{each.name} {name}" for each in fields for name in applicable(each)]
    return read_answer(question, words, known, vocabulary, record)


def _answer(read: Read, before: Answer | None, *, withheld: bool) -> Answer | None:
    if read.answer is None:
        return None
    value = read.answer.value
    same = before is not None and isinstance(value, tuple) and set(value) == set(before.words)
    return Answer(before.value if same and before else value, withheld)
