"""An assessment for the public, without confidential parts: what is published, and the page of it. Pure.

The page is one HTML file that needs nothing beside it. :mod:`comity.agreements.assessment.paper` makes the PDF, of the
very same :class:`Published`: what is withheld from the one is withheld from the other.

Rules:

1. What is confidential is taken out first; everything after that (texts, tables, picture, list in words) is made from
   what is left. An item that is confidential goes with all that is answered about it, and its id.
2. That something was withheld is said, where it was withheld.
3. Ids of items are not printed, nor who wrote or signed.
4. Every text is escaped. The page runs no script and loads nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final

from comity.agreements.assessment.catalogue import load_catalogue
from comity.agreements.assessment.diagram import draw_map, map_in_words
from comity.agreements.assessment.models import Assessment, Kind, Question, Risk, Step
from comity.agreements.assessment.steps import risks
from comity.agreements.condition_words import condition_words
from comity.agreements.conditions import parse_condition
from comity.agreements.errors import ConditionError
from comity.agreements.phrases import day
from comity.agreements.words import length_words
from comity.vocabulary.models import Label, Vocabulary

LANGUAGES: Final = ("en", "nl")


@dataclass(frozen=True, slots=True)
class Public:
    """What may be published: the answers that are left, and how many items of each list are not among them."""

    assessment: Assessment
    withheld: frozenset[str]  # paths of answers
    items: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer on the page. ``open`` is false where it is withheld; ``own`` true in its authors' own words."""

    label: str
    text: str
    own: bool
    open: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """The items of one list on the page, each with its answers; and how many are withheld."""

    heading: str
    items: tuple[tuple[str, tuple[Entry, ...]], ...]
    withheld: int


def without_confidential(assessment: Assessment) -> Public:
    """Return what may be published of an assessment."""
    catalogue = load_catalogue()
    gone = {path for path, answer in assessment.answers.items() if answer.confidential and path.count(".") == 1}
    left, withheld = {}, set()
    for path, answer in assessment.answers.items():
        question = catalogue.question_at(path)
        if ".".join(path.split(".")[:2]) in gone:
            continue
        if answer.confidential or (question and question.confidential):
            withheld.add(path)
        else:
            left[path] = answer
    public = Assessment(assessment.name, assessment.version, left)
    counts = {name: sum(path.startswith(f"{name}.") for path in gone) for name in catalogue.lists}
    return Public(public, frozenset(withheld), counts)


def publish(
    assessment: Assessment, vocabulary: Vocabulary, language: str, agencies: Mapping[str, Label], *, approved: bool
) -> str:
    """Return the page in ``language`` (``en`` or ``nl``); ``agencies`` gives the agencies' names, by their ids."""
    page = Published(without_confidential(assessment), vocabulary, language, agencies)
    return str(_template().render(page=page, say=said(language), language=language, approved=approved))


def answer_words(
    assessment: Assessment, path: str, vocabulary: Vocabulary, language: str, agencies: Mapping[str, Label]
) -> str:
    """Return the answer at ``path`` as people read it, confidential or not; empty where there is none."""
    question = load_catalogue().question_at(path)
    if question is None or path not in assessment.answers:
        return ""
    return Published(Public(assessment, frozenset(), {}), vocabulary, language, agencies).text(question, path)


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("comity.agreements.assessment", "")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).get_template("publication.html")


class Published:
    """What is said of an assessment to the public, in one language: all that the page and the PDF are made from."""

    def __init__(self, public: Public, vocabulary: Vocabulary, language: str, agencies: Mapping[str, Label]) -> None:
        self._public, self._vocabulary, self._language, self._agencies = public, vocabulary, language, agencies
        self.assessment, self._catalogue = public.assessment, load_catalogue()

    @property
    def title(self) -> str:
        """The title in the page's language; the assessment's name where there is none."""
        return self.assessment.text(f"title_{self._language}") or self.assessment.name

    @property
    def written_in(self) -> str:
        """The language of the answers."""
        return self.assessment.text("language") or self._language

    @property
    def withholds(self) -> bool:
        """Whether anything is not published."""
        return bool(self._public.withheld) or any(self._public.items.values())

    @property
    def picture(self) -> str:
        """The process map as SVG, which has escaped its texts itself."""
        return draw_map(self.assessment, self._agencies, self._language)

    @property
    def in_words(self) -> list[str]:
        """The process map as sentences."""
        return [label.in_language(self._language) for label in map_in_words(self.assessment, self._agencies)]

    @property
    def risks(self) -> tuple[Risk, ...]:
        """The risks that are published."""
        return risks(self.assessment)

    def level(self, level: str | None) -> str:
        """Return a level in words."""
        return self._say(self._catalogue.choices["level"][level]) if level else "-"

    def steps(self) -> Iterator[tuple[str, str, tuple[Entry, ...], tuple[Group, ...]]]:
        """Yield each step: its name and heading, what is asked once, and its lists."""
        for step, label in self._catalogue.steps.items():
            once = tuple(self._entries(step, "", ""))
            groups = tuple(
                self._group(step, name) for name in self._catalogue.lists if self._catalogue.asked(step, name)
            )
            yield step.value, self._say(label), once, groups

    def _group(self, step: Step, name: str) -> Group:
        of = self._catalogue.lists[name]
        items = self.assessment.items(name)
        made = tuple(
            (self._name(name, item, at), tuple(self._entries(step, name, item))) for at, item in enumerate(items, 1)
        )
        return Group(self._say(of.label), made, self._public.items[name])

    def _name(self, name: str, item: str, at: int) -> str:
        label = self._say(self._catalogue.lists[name].label)
        told = self.assessment.text(f"{name}.{item}.what") if name in ("moments", "risks") else ""
        return f"{label} {at}: {told}" if told else f"{label} {at}"

    def _entries(self, step: Step, name: str, item: str) -> Iterator[Entry]:
        for question in self._catalogue.asked(step, name):
            path = f"{name}.{item}.{question.key}" if name else question.id
            label = self._say(question.label)
            if path in self._public.withheld:
                yield Entry(label, "", own=False, open=False)
            elif path in self.assessment.answers:
                own = question.kind in (Kind.LINE, Kind.TEXT) and question.id not in ("title_en", "title_nl")
                yield Entry(label, self.text(question, path), own)

    def text(self, question: Question, path: str) -> str:
        """Return an answer as people read it."""
        words = self.assessment.words(path)
        match question.kind:
            case Kind.CHOICE | Kind.CHOICES:
                return "; ".join(self._choice(question, word) for word in words)
            case Kind.AGENCY:
                return "; ".join(self._say(self._agencies.get(word, Label(word, word))) for word in words)
            case Kind.ITEMS:
                return "; ".join(self._item(question.of, word) for word in words)
            case Kind.FORMS:
                return "; ".join(self._form(path, word) for word in words)
            case Kind.CONDITION:
                return self._condition(path)
        return self._plainly(question.kind, self.assessment.text(path))

    def _plainly(self, kind: Kind, text: str) -> str:
        """Return a day or a length of time as people say it, and any other text as it was written."""
        if kind is Kind.LENGTH:
            return self._say(length_words(text)) or text
        try:
            return self._say(day(date.fromisoformat(text))) if kind is Kind.DAY else text
        except ValueError:  # a draft may be looked at before it is right
            return text

    def _choice(self, question: Question, word: str) -> str:
        own = self._catalogue.choices.get(question.of)
        if own is not None:
            return self._say(own[word]) if word in own else word
        term = getattr(self._vocabulary, question.of).get(word)
        if term is None:
            return word
        return (
            f"{term.act}, {term.article}: {self._say(term.label)}"
            if question.of == "lawful_bases"
            else self._say(term.label)
        )

    def _item(self, name: str, item: str) -> str:
        items = self.assessment.items(name)
        if item not in items:
            return _SAID["confidential part"].in_language(self._language)
        return self._name(name, item, items.index(item) + 1)

    def _form(self, path: str, word: str) -> str:
        name, _, form = word.partition(" ")
        record = self._vocabulary.record_types.get(self.assessment.text(f"{path.rpartition('.')[0]}.record"))
        labels = {field.name: field.label for field in record.fields} if record else {}
        minimiser = self._vocabulary.minimisers.get(form)
        form = self._say(minimiser.label) if minimiser else form
        return f"{self._say(labels[name]) if name in labels else name} ({form[:1].lower()}{form[1:]})"

    def _condition(self, path: str) -> str:
        parent = path.rpartition(".")[0]
        record = self.assessment.text(f"{parent}.record") if parent else None
        text = self.assessment.text(path)
        try:
            return self._say(
                condition_words(parse_condition(text, self._vocabulary, record=record), self._vocabulary, record)
            )
        except (ConditionError, KeyError):  # a draft may be looked at before it is right
            return text

    def _say(self, label: Label) -> str:
        return label.in_language(self._language)


def said(language: str) -> Callable[[str], str]:
    """Return what says a phrase of the page itself in ``language``."""
    return lambda key: _SAID[key].in_language(language)


_SAID: Final = {
    "assessment": Label("Impact assessment", "Effectbeoordeling"),
    "version": Label("version", "versie"),
    "approved": Label("Approved.", "Goedgekeurd."),
    "draft": Label("A draft: not approved.", "Een concept: niet goedgekeurd."),
    "skip": Label("Skip to main content", "Naar de inhoud"),
    "contents": Label("Contents", "Inhoud"),
    "picture": Label("The process map", "De procesbeschrijving in beeld"),
    "in words": Label("The same in words", "Hetzelfde in woorden"),
    "overview": Label("The risks at a glance", "De risico's in één oogopslag"),
    "risk": Label("Risk", "Risico"),
    "before": Label("Before the measures", "Voor de maatregelen"),
    "after": Label("After the measures", "Na de maatregelen"),
    "withheld": Label(
        "This part is confidential and is not published.", "Dit deel is vertrouwelijk en wordt niet openbaar gemaakt."
    ),
    "items withheld": Label("Confidential, and not published here:", "Vertrouwelijk, en hier niet openbaar gemaakt:"),
    "confidential part": Label("a confidential part", "een vertrouwelijk deel"),
    "unanswered": Label("Nothing is answered yet.", "Er is nog niets beantwoord."),
}
