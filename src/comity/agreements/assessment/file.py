"""The file form of an assessment: YAML for people, and canonical JSON; both ways.

The four steps are the four blocks of the file. A list is a block whose keys are the ids of its items. An answer that is
not to be published stands under the key ``confidential``; so does a whole item that says ``confidential: yes``. What is
not in the file is not answered. Every fault has its line and column, its cause and its mend.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import rfc8785

from comity.agreements.assessment.catalogue import load_catalogue
from comity.agreements.assessment.check import INVISIBLE, faults_of
from comity.agreements.assessment.models import (
    MAX_ITEM,
    PRESENT,
    Answer,
    Assessment,
    Catalogue,
    Kind,
    List,
    Question,
    Step,
    is_item,
)
from comity.agreements.errors import FaultyAgreementError
from comity.agreements.fault_words import mistake, unknown
from comity.agreements.models import Fault
from comity.agreements.reading import Entries, Items, Place, Text, Tree, read_json, read_yaml
from comity.vocabulary.models import Label, Vocabulary

FORMAT: Final = "comity/assessment/1"  # raised when the shape of the file changes
CONFIDENTIAL: Final = "confidential"
MAX_ANSWERS: Final = 5_000  # a catalogue of 80 questions, and some two hundred items

_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_VERSION: Final = re.compile(r"[1-9][0-9]{0,8}")
_HEAD: Final = ("format", "assessment", "version", "catalogue", "revision")


@dataclass(frozen=True, slots=True)
class Filed:
    """What a file holds: the assessment, and the revision of the working document at which it was exported, if any."""

    assessment: Assessment
    revision: int | None


def parse_assessment(data: str | bytes, vocabulary: Vocabulary, *, agencies: Collection[str] | None = None) -> Filed:
    """Read an assessment from its YAML; :class:`FaultyAgreementError` with every fault, in the order of the text."""
    tree, faults = read_yaml(data)
    return _read(tree, list(faults), vocabulary, agencies)


def from_canonical(data: bytes, vocabulary: Vocabulary) -> Assessment:
    """Read an assessment from its canonical bytes; :class:`FaultyAgreementError` if they are not canonical."""
    assessment = _read(read_json(data), [], vocabulary, None).assessment
    if canonical(assessment) != data:
        copy = Label("another copy", "een ander exemplaar")
        raise FaultyAgreementError([Fault(0, 0, "", *mistake("not-the-canonical-form", copy=copy))])
    return assessment


def canonical(assessment: Assessment) -> bytes:
    """Return the one sequence of bytes that the assessment is: RFC 8785 JSON with the keys of the file."""
    return rfc8785.dumps(document(assessment))


def canonical_step(assessment: Assessment, step: Step) -> bytes:
    """Return the bytes of one step, for signing: they name the assessment, its version and the step."""
    whole = document(assessment)
    return rfc8785.dumps(
        {**{key: whole[key] for key in _HEAD if key in whole}, "step": step.value, "answers": whole.get(step.value, {})}
    )


def document(assessment: Assessment) -> dict[str, Any]:
    """Return the assessment as plain values with the keys of the file."""
    catalogue = load_catalogue()
    made: dict[str, Any] = {
        "format": FORMAT,
        "assessment": assessment.name,
        "version": assessment.version,
        "catalogue": catalogue.version,
    }
    for path, answer in assessment.answers.items():
        question, step = catalogue.question_at(path), catalogue.step_of(path)
        if step is None:
            continue
        block = made.setdefault(step.value, {})
        *parents, key = path.split(".")
        for parent in parents if question else path.split("."):
            block = block.setdefault(parent, {})
        if question:
            block[key] = _plain(question, answer)
        elif answer.confidential:
            block[CONFIDENTIAL] = "yes"
    return made


def _plain(question: Question, answer: Answer) -> Any:
    if question.kind is Kind.FORMS:
        plain: Any = {name: form for name, _, form in (each.partition(" ") for each in answer.words)}
    else:
        plain = answer.value if isinstance(answer.value, str) else list(answer.value)
    return {CONFIDENTIAL: plain} if answer.confidential else plain


def _read(tree: Tree, faults: list[Fault], vocabulary: Vocabulary, agencies: Collection[str] | None) -> Filed:
    reader = _Reader(load_catalogue(), list(faults))
    filed = reader.file(tree)
    for wrong in faults_of(filed.assessment, vocabulary, agencies=agencies):
        place = reader.places.get(wrong.path, Place(1, 1))
        if wrong.cause != INVISIBLE:  # the reader of the text has told it, to the column
            reader.fault(place, wrong.path, wrong.cause, wrong.mend, wrong.dutch)
    if reader.faults:
        raise FaultyAgreementError(sorted(reader.faults, key=lambda fault: (fault.line, fault.column)))
    return filed


@dataclass(slots=True)
class _Reader:
    """Walks the tree once, gathering answers, where each stood, and faults."""

    catalogue: Catalogue
    faults: list[Fault]
    answers: dict[str, Answer] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def fault(self, place: Place, path: str, cause: str, mend: str, dutch: str) -> None:
        self.faults.append(Fault(place.line, place.column, path or "the assessment", cause, mend, dutch))

    def file(self, tree: Tree) -> Filed:
        top = self._entries(tree, "", (*_HEAD, *Step))
        for step in Step:
            if step.value in top:
                self._step(step, top[step.value])
        revision = self._word(top, "revision")
        if revision and not revision.isdecimal():
            self.fault(top["revision"].place, "revision", *mistake("revision", text=revision))
        self._head(tree, top)
        version = self._word(top, "version")
        assessment = Assessment(
            self._word(top, "assessment"), int(version) if _VERSION.fullmatch(version) else 0, self.answers
        )
        return Filed(assessment, int(revision) if revision.isdecimal() else None)

    def _head(self, tree: Tree, top: Mapping[str, Tree]) -> None:
        name, version = self._word(top, "assessment"), self._word(top, "version")
        if not _NAME.fullmatch(name) or len(name) > MAX_ITEM:
            place = top["assessment"].place if "assessment" in top else tree.place
            self.fault(place, "assessment", *mistake("assessment-name", text=name))
        if not _VERSION.fullmatch(version):
            place = top["version"].place if "version" in top else tree.place
            self.fault(place, "version", *mistake("version", text=version))
        # Questions are added to the catalogue and never renamed, so a file of an earlier one is read as it is.
        earlier = tuple(str(each) for each in range(1, int(self.catalogue.version)))
        for key, known, also in (("format", FORMAT, ()), ("catalogue", self.catalogue.version, earlier)):
            if self._word(top, key) not in ("", known, *also):
                self.fault(top[key].place, key, *mistake("head", key=key, known=known))
        if len(self.answers) > MAX_ANSWERS:
            said = mistake("too-many-answers", count=len(self.answers), most=MAX_ANSWERS)
            self.fault(tree.place, "", *said)

    def _step(self, step: Step, tree: Tree) -> None:
        lists = {question.list for question in self.catalogue.questions.values() if question.step is step} - {""}
        once = {question.id: question for question in self.catalogue.asked(step)}
        for key, value in self._entries(tree, step.value, (*once, *sorted(lists))).items():
            if key in once:
                self._answer(once[key], key, value)
            else:
                self._items(self.catalogue.lists[key], step, value)

    def _items(self, of: List, step: Step, tree: Tree) -> None:
        asked = {question.key: question for question in self.catalogue.asked(step, of.name)}
        own = of.step is step
        for item, block in self._entries(tree, of.name, None).items():
            path = f"{of.name}.{item}"
            if not is_item(item):
                self.fault(block.place, path, *mistake("item", text=item))
                continue
            withheld = False
            for key, value in self._entries(block, path, (*asked, *([CONFIDENTIAL] if own else []))).items():
                if key == CONFIDENTIAL:
                    withheld = self._yes(path, value)
                else:
                    self._answer(asked[key], f"{path}.{key}", value)
            if own:
                self.answers[path], self.places[path] = Answer(PRESENT, withheld), block.place

    def _yes(self, path: str, tree: Tree) -> bool:
        if not isinstance(tree, Text) or tree.text != "yes":
            self.fault(tree.place, path, *mistake("not-yes"))
        return True

    def _answer(self, question: Question, path: str, tree: Tree) -> None:
        withheld = isinstance(tree, Entries) and list(tree.entries) == [CONFIDENTIAL]
        value = tree.entries[CONFIDENTIAL][1] if withheld and isinstance(tree, Entries) else tree
        found = self._value(question, path, value)
        if found is not None:
            self.answers[path], self.places[path] = Answer(found, withheld), value.place

    def _value(self, question: Question, path: str, tree: Tree) -> str | tuple[str, ...] | None:
        if question.kind is Kind.FORMS:
            forms = self._entries(tree, path, None).items()
            return tuple(sorted(f"{name} {self._text(path, each)}" for name, each in forms))  # RFC 8785 sorts them too
        if question.kind.several:
            listed = tree.items if isinstance(tree, Items) else (tree,)
            return tuple(self._text(path, each) for each in listed)
        return self._text(path, tree)

    def _text(self, path: str, tree: Tree) -> str:
        if not isinstance(tree, Text):
            self.fault(tree.place, path, *mistake("want-value"))
            return "-"
        return tree.text.strip()

    def _word(self, top: Mapping[str, Tree], key: str) -> str:
        return self._text(key, top[key]) if key in top else ""

    def _entries(self, tree: Tree, path: str, known: Collection[str] | None) -> dict[str, Tree]:
        if isinstance(tree, Text) and not tree.text:
            return {}  # a block of which nothing is answered yet
        if not isinstance(tree, Entries):
            keys = Label(*([", ".join(known)] * 2)) if known else Label("any id", "elke naam")
            self.fault(tree.place, path, *mistake("want-known-block", keys=keys))
            return {}
        return dict(self._known_of(tree, path, known))

    def _known_of(self, tree: Entries, path: str, known: Collection[str] | None) -> Iterator[tuple[str, Tree]]:
        for name, (place, value) in tree.entries.items():
            if known is None or name in known:
                yield name, value
            else:
                self.fault(place, f"{path}.{name}".strip("."), *unknown("unknown-key", name, known))
