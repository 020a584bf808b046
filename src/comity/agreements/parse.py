"""From an agreement's text to an :class:`Agreement`, or to *all* of its faults at once.

The keys stand in ``docs/reference/agreement.md``. Every key must be there, but ``review``, ``statistics`` where none
are made, and ``of`` and ``where`` of a release: what is left unsaid would be decided by a program. YAML and canonical
JSON take the same way through the same checks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Final, TypeVar, cast

from comity.agreements.canonical import FORMAT, canonical
from comity.agreements.condition_faults import TYPES
from comity.agreements.conditions import iso_date, parse_condition
from comity.agreements.errors import ConditionError, FaultyAgreementError
from comity.agreements.fault_words import mistake, unknown
from comity.agreements.minimisers import applicable, applies
from comity.agreements.models import (
    Agreement,
    AssessmentReference,
    Basis,
    Condition,
    Confidential,
    Everyone,
    Fault,
    FieldRelease,
    InForce,
    PrivacyBudget,
    Release,
    Requesters,
    Retention,
    Review,
)
from comity.agreements.reading import Entries, Items, Place, Text, Tree, read_json, read_yaml
from comity.agreements.telling_later import LONGEST, too_long
from comity.vocabulary.models import Field, Label, RecordType, Vocabulary

ONWARD: Final = ("none", "with-permission")  # to pass data on: never, or after asking the provider (LED art. 9(3))
CONSENT: Final = ("not-required", "asked", "required")  # asked: a refusal is recorded with the reason to go on
THEN: Final = ("delete", "return")
RECEIPT: Final = ("required", "not-required")
MUST_STATE: Final = ("case_reference", "justification")
REVIEWED: Final = ("disclosure", "request")  # what is reviewed: what was disclosed, or also what was refused
NOTICE: Final = ("immediate", "none")
OVERDUE: Final = ("suspend", "shout")
OPTIONAL: Final = ("format", "review", "statistics", "confidential")

EU_MEMBERS: Final = frozenset({"nl"})  # jurisdictions of the vocabulary in which Union law holds (TEU art. 52)

MAX_RELEASES: Final = 200
MAX_VERSION: Final = 2**31 - 1  # PostgreSQL's integer
MAX_NAME: Final = 64
MAX_EPSILON: Final = 10  # beyond it the promise is empty: e to the tenth is a factor of 22,000
MAX_DELTA: Final = Decimal("0.00001")  # a chance of one in 100,000; it should be far below one in everyone covered
MAX_PER_PERSON: Final = 100
STATISTIC: Final = "statistic"  # the channel that needs a budget
EPSILON: Final = r"(?:[1-9][0-9]?(?:\.[0-9]{1,4})?|0\.(?=[0-9]*[1-9])[0-9]{1,4})"
DELTA: Final = r"(?:0|[1-9]e-[1-9][0-9]?|0\.0{0,20}[1-9][0-9]{0,3})"


_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,9}")
_KEEP: Final = re.compile(
    r"P(?=[0-9])(?:[1-9][0-9]{0,2}Y)?(?:[1-9][0-9]{0,2}M)?(?:[1-9][0-9]{0,2}W)?(?:[1-9][0-9]{0,3}D)?"
)
WITHIN: Final = re.compile(r"P(?=[0-9T])(?:[1-9][0-9]?D)?(?:T[1-9][0-9]?H)?")
_T = TypeVar("_T")


def parse_agreement(data: str | bytes, vocabulary: Vocabulary, *, agencies: Collection[str] | None = None) -> Agreement:
    """Read an agreement from its YAML.

    ``agencies`` are the ids of the agencies that this node knows; without them the parties' names are not checked.
    Raises :class:`FaultyAgreementError` with every fault, in the order of the text.
    """
    tree, faults = read_yaml(data)
    return _Builder(vocabulary, agencies, faults).agreement(tree)


def from_canonical(data: bytes, vocabulary: Vocabulary) -> Agreement:
    """Read an agreement from its canonical bytes: the same value that they were made from.

    Raises :class:`FaultyAgreementError` if they are not canonical, or no longer fit the vocabulary.
    """
    agreement = _Builder(vocabulary, None, ()).agreement(read_json(data))
    if canonical(agreement) != data:
        copy = Label("a party's copy", "het exemplaar van een partij")
        raise FaultyAgreementError([Fault(0, 0, "", *mistake("not-the-canonical-form", copy=copy))])
    return agreement


class _Builder:
    """Walks the tree once, gathering faults; an agreement is made only if there are none."""

    def __init__(self, vocabulary: Vocabulary, agencies: Collection[str] | None, faults: Iterable[Fault]) -> None:
        self._vocabulary, self._agencies = vocabulary, agencies
        self._faults, self._path = list(faults), list[str]()
        self._parties: tuple[str, ...] = ()

    # faults

    def _fault(self, place: Place, cause: str, mend: str, dutch: str) -> None:
        path = ".".join(self._path).replace(".[", "[")
        self._faults.append(Fault(place.line, place.column, path, cause, mend, dutch))

    @contextmanager
    def _at(self, step: str) -> Iterator[None]:
        self._path.append(step)
        yield
        self._path.pop()

    # the whole

    def agreement(self, tree: Tree) -> Agreement:
        readers = self._readers()
        top = self._entries(tree, tuple(key for key in readers if key not in OPTIONAL), optional=OPTIONAL)
        self._format(top.pop("format", None))
        readers["confidential"] = partial(self._confidential, consent=_word(top.get("consent")))
        readers["lawful_basis"] = partial(self._bases, jurisdiction=_word(top.get("jurisdiction")))
        parts: dict[str, object] = {key: self._within(key, top, None, read) for key, read in readers.items()}
        parts["statistics"] = self._budget(tree, top)
        if self._faults:
            raise FaultyAgreementError(sorted(self._faults, key=lambda fault: (fault.line, fault.column)))
        parts["providers"], parts["recipients"] = cast(tuple[object, object], parts.pop("between"))
        parts["name"], parts["releases"] = parts.pop("agreement"), parts.pop("release")
        return Agreement(**parts)  # type: ignore[arg-type]  # each reader gives its field's type; no fault, no gap

    def _readers(self) -> dict[str, Callable[[Tree], object]]:
        """Return the reader of each key; the keys are named as the fields of :class:`Agreement`, but three."""
        known = self._vocabulary
        return {
            "agreement": self._name,
            "version": self._version,
            "title": self._title,
            "jurisdiction": partial(self._one, known=known.jurisdictions, kind="jurisdiction"),
            "between": self._between,
            "purpose": partial(self._one, known=known.purposes, kind="purpose"),
            "lawful_basis": partial(self._bases, jurisdiction=""),
            "in_force": self._in_force,
            "requesters": self._requesters,
            "about": partial(self._condition, record=None),
            "release": self._releases,
            "channels": partial(self._several, known=known.channels, kind="channel"),
            "onward": partial(self._one, known=ONWARD, kind="rule for passing on"),
            "retention": self._retention,
            "consent": partial(self._one, known=CONSENT, kind="rule for consent"),
            "assessment": self._assessment,
            "review": self._review,
            "confidential": partial(self._confidential, consent=""),
        }

    def _format(self, tree: Tree | None) -> None:
        if tree is None:
            return
        with self._at("format"):
            text = self._text(tree)
            if text.text and text.text != FORMAT:
                self._fault(text.place, *mistake("format", text=text.text, known=FORMAT))

    # the keys

    def _name(self, tree: Tree) -> str:
        text = self._text(tree)
        if text.text and not is_name(text.text):
            self._fault(text.place, *mistake("name", text=text.text, most=MAX_NAME))
        return text.text

    def _version(self, tree: Tree) -> int:
        text = self._text(tree)
        version = int(text.text) if _NUMBER.fullmatch(text.text) else 0
        if text.text and not 0 < version <= MAX_VERSION:
            self._fault(text.place, *mistake("version", text=text.text))
        return version

    def _title(self, tree: Tree) -> Label:
        top = self._entries(tree, ("en", "nl"))
        return Label(self._words("en", top), self._words("nl", top))

    def _between(self, tree: Tree) -> tuple[tuple[str, ...], tuple[str, ...]]:
        top = self._entries(tree, ("providers", "recipients"))
        read = partial(self._several, known=self._agencies, kind="agency")
        providers: tuple[str, ...] = self._within("providers", top, (), read)
        recipients: tuple[str, ...] = self._within("recipients", top, (), read)
        self._parties = tuple(dict.fromkeys((*providers, *recipients)))
        return providers, recipients

    def _bases(self, tree: Tree, jurisdiction: str) -> tuple[Basis, ...]:
        return tuple(self._each(tree, partial(self._basis, jurisdiction=jurisdiction)))

    def _basis(self, tree: Tree, jurisdiction: str) -> Basis:
        top = self._entries(tree, ("term", "because"))
        read = partial(self._law, jurisdiction=jurisdiction)
        return Basis(self._within("term", top, "", read), self._words("because", top))

    def _law(self, tree: Tree, jurisdiction: str) -> str:
        term = self._one(tree, self._vocabulary.lawful_bases, "lawful basis")
        basis = self._vocabulary.lawful_bases.get(term)
        if basis and jurisdiction in self._vocabulary.jurisdictions and not holds_in(basis.jurisdiction, jurisdiction):
            said = mistake("other-law", term=term, law=basis.jurisdiction, jurisdiction=jurisdiction)
            self._fault(tree.place, *said)
        return term

    def _in_force(self, tree: Tree) -> InForce:
        top = self._entries(tree, ("from", "until", "review_by"))
        start, until, review_by = (
            self._within(key, top, date.min, self._date) for key in ("from", "until", "review_by")
        )
        if date.min not in (start, until, review_by):
            self._in_order(top, start, until, review_by)
        return InForce(start, until, review_by)

    def _in_order(self, top: Mapping[str, Tree], start: date, until: date, review_by: date) -> None:
        if until < start:
            self._fault(top["until"].place, *mistake("until-before-from", until=until, start=start))
        elif not start <= review_by <= until:
            said = mistake("review-outside", review_by=review_by, start=start, until=until)
            self._fault(top["review_by"].place, *said)

    def _requesters(self, tree: Tree) -> Requesters:
        top = self._entries(tree, ("roles", "must_state"))
        roles = partial(self._several, known=self._vocabulary.roles, kind="role")
        state = partial(self._several, known=MUST_STATE, kind="thing to state", empty=True)
        return Requesters(self._within("roles", top, (), roles), self._within("must_state", top, (), state))

    def _retention(self, tree: Tree) -> Retention:
        top = self._entries(tree, ("keep", "then", "receipt"))
        then = partial(self._one, known=THEN, kind="end of keeping")
        receipt = partial(self._one, known=RECEIPT, kind="rule for receipts")
        return Retention(
            self._within("keep", top, "", self._keep),
            self._within("then", top, "", then),
            self._within("receipt", top, "", receipt),
        )

    def _keep(self, tree: Tree) -> str:
        text = self._text(tree)
        if text.text and not _KEEP.fullmatch(text.text):
            eg = Label("P2Y or P6M", "P2Y of P6M")
            self._fault(text.place, *mistake("not-a-length", text=text.text, eg=eg))
        return text.text

    def _assessment(self, tree: Tree) -> AssessmentReference:
        text = self._text(tree)
        name, _, version = text.text.partition("@")
        good = _NAME.fullmatch(name) and len(name) <= MAX_NAME and _NUMBER.fullmatch(version)
        if text.text and not good:
            self._fault(text.place, *mistake("no-assessment", text=text.text))
        return AssessmentReference(name, int(version) if good else 0)

    def _review(self, tree: Tree) -> Review:
        top = self._entries(tree, ("each", "within", "by", "notice", "overdue"))
        nobody: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        roles, agencies = self._within("by", top, nobody, self._reviewers)
        return Review(
            self._within("each", top, "", partial(self._one, known=REVIEWED, kind="thing to review")),
            self._within("within", top, "", self._soon),
            roles,
            agencies,
            self._within("notice", top, "", partial(self._one, known=NOTICE, kind="rule for telling reviewers")),
            self._within("overdue", top, "", partial(self._one, known=OVERDUE, kind="rule for overdue reviews")),
        )

    def _reviewers(self, tree: Tree) -> tuple[tuple[str, ...], tuple[str, ...]]:
        top = self._entries(tree, ("roles", "agencies"))
        roles = partial(self._several, known=self._vocabulary.roles, kind="role")
        # Whoever is not a party has not signed that it will do it, nor may it know what is asked.
        agencies = partial(self._several, known=self._parties or None, kind="party")
        return self._within("roles", top, (), roles), self._within("agencies", top, (), agencies)

    def _soon(self, tree: Tree) -> str:
        text = self._text(tree)
        if text.text and not WITHIN.fullmatch(text.text):
            self._fault(text.place, *mistake("not-soon", text=text.text))
        return text.text

    def _confidential(self, tree: Tree, consent: str) -> Confidential:
        if consent in CONSENT[1:]:  # whoever is asked knows
            self._fault(tree.place, *mistake("asked-and-confidential"))
        top = self._entries(tree, ("for", "because"))
        length: str = self._within("for", top, "", self._keep)
        if _KEEP.fullmatch(length) and too_long(length):
            self._fault(top["for"].place, *mistake("too-long-untold", text=length, most=LONGEST))
        return Confidential(length, self._words("because", top))

    # statistics

    def _budget(self, tree: Tree, top: Mapping[str, Tree]) -> PrivacyBudget | None:
        """Return the budget for statistics, which must be there exactly if their channel is open."""
        is_open = "channels" in top and STATISTIC in _listed(top["channels"])
        if is_open and "statistics" not in top:
            self._fault(tree.place, *mistake("no-budget", channel=STATISTIC))
        if not is_open and "statistics" in top:
            self._fault(top["statistics"].place, *mistake("budget-for-nothing", channel=STATISTIC))
        return self._within("statistics", top, None, self._statistics)

    def _statistics(self, tree: Tree) -> PrivacyBudget:
        top = self._entries(tree, ("epsilon", "delta", "per", "most_per_person"))
        written = Label("e.g. 1.0", "bijv. 1.0"), Label("0 or e.g. 1e-6", "0 of bijv. 1e-6")
        epsilon = partial(self._decimal, form=EPSILON, most=Decimal(MAX_EPSILON), written=written[0])
        delta = partial(self._decimal, form=DELTA, most=MAX_DELTA, written=written[1])
        return PrivacyBudget(
            self._within("epsilon", top, Decimal(0), epsilon),
            self._within("delta", top, Decimal(0), delta),
            self._within("per", top, "", self._keep),
            self._within("most_per_person", top, 0, self._most_per_person),
        )

    def _decimal(self, tree: Tree, form: str, most: Decimal, written: Label) -> Decimal:
        text = self._text(tree)
        good = re.fullmatch(form, text.text)
        number = Decimal(text.text) if good else Decimal(0)
        if text.text and (not good or number > most):
            self._fault(text.place, *mistake("not-this-number", text=text.text, form=written, most=f"{most:f}"))
        return number.normalize()

    def _most_per_person(self, tree: Tree) -> int:
        text = self._text(tree)
        number = int(text.text) if _NUMBER.fullmatch(text.text) else 0
        if text.text and not 0 < number <= MAX_PER_PERSON:
            self._fault(text.place, *mistake("not-a-number-of-rows", text=text.text, most=MAX_PER_PERSON))
        return number

    # releases

    def _releases(self, tree: Tree) -> tuple[Release, ...]:
        releases = self._each(tree, self._release)
        if len(releases) > MAX_RELEASES:
            self._fault(tree.place, *mistake("too-many-releases", count=len(releases), most=MAX_RELEASES))
        return tuple(replace(release, number=at) for at, release in enumerate(releases, 1))

    def _release(self, tree: Tree) -> Release:
        top = self._entries(tree, ("record", "fields"), optional=("of", "where"))
        read = partial(self._one, known=self._vocabulary.record_types, kind="record type")
        record = self._vocabulary.record_types.get(self._within("record", top, "", read))
        of = partial(self._several, known=self._vocabulary.subject_categories, kind="category of people")
        return Release(
            number=0,
            record=record.name if record else "",
            of=self._within("of", top, (), of),
            where=self._within("where", top, None, partial(self._condition, record=record.name)) if record else None,
            fields=self._within("fields", top, (), partial(self._fields, record=record)) if record else (),
        )

    def _fields(self, tree: Tree, record: RecordType) -> tuple[FieldRelease, ...]:
        if not isinstance(tree, Entries) or not tree.entries:
            self._fault(tree.place, *mistake("no-field"))
            return ()
        known = {field.name: field for field in record.fields}
        for name, (place, _) in tree.entries.items():
            if name not in known:
                with self._at(name):
                    self._unknown(place, name, known, f"field of {record.name}")
        # In the vocabulary's order, so that the canonical form, which has none, gives the same value back.
        return tuple(
            FieldRelease(name, self._minimiser(field, tree.entries[name][1]))
            for name, field in known.items()
            if name in tree.entries
        )

    def _minimiser(self, field: Field, tree: Tree) -> str:
        with self._at(field.name):
            name = self._one(tree, self._vocabulary.minimisers, "form")
            if name in self._vocabulary.minimisers and not applies(name, field):
                allowed = ", ".join(applicable(field))
                said = mistake("made-of", form=name, field=field.name, type=TYPES[field.type], allowed=allowed)
                self._fault(tree.place, *said)
            return name

    def _condition(self, tree: Tree, record: str | None) -> Condition:
        text = self._text(tree)
        try:
            return parse_condition(text.text, self._vocabulary, record=record) if text.text else Everyone()
        except ConditionError as error:
            exact = text.inside.moved(error.column - 1)
            self._fault(exact, *error.placed())
            return Everyone()  # never released: a fault was found

    # shapes

    def _entries(self, tree: Tree, keys: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Tree]:
        if not isinstance(tree, Entries):
            self._fault(tree.place, *mistake("want-block", keys=", ".join(keys)))
            return {}
        for name, (place, _) in tree.entries.items():
            if name not in (*keys, *optional):
                self._unknown(place, name, (*keys, *optional), "key")
        for name in keys:
            if name not in tree.entries:
                self._fault(tree.place, *mistake("key-missing", name=name))
        return {name: value for name, (_, value) in tree.entries.items()}

    def _within(self, key: str, top: Mapping[str, Tree], missing: _T, read: Callable[[Tree], _T]) -> _T:
        """Return what ``read`` makes of a key's value; ``missing`` where the key is not there."""
        if key not in top:
            return missing
        with self._at(key):
            return read(top[key])

    def _each(self, tree: Tree, read: Callable[[Tree], _T]) -> list[_T]:
        if not isinstance(tree, Items) or not tree.items:
            self._fault(tree.place, *mistake("want-items"))
            return []
        read_all = []
        for number, item in enumerate(tree.items, 1):
            with self._at(f"[{number}]"):
                read_all.append(read(item))
        return read_all

    def _several(self, tree: Tree, known: Collection[str] | None, kind: str, *, empty: bool = False) -> tuple[str, ...]:
        """Read a list of words, or one word; each once, each known (where ``known`` is given)."""
        if empty and isinstance(tree, Items) and not tree.items:
            return ()
        words: list[str] = []

        def read(item: Tree) -> None:
            word = self._text(item).text if known is None else self._one(item, known, kind)
            if word in words:
                self._fault(item.place, *mistake("word-twice", name=word))
            words.append(word)

        self._each(tree if isinstance(tree, Items) else Items(tree.place, (tree,)), read)
        return tuple(words)

    def _one(self, tree: Tree, known: Collection[str], kind: str) -> str:
        text = self._text(tree)
        if text.text and text.text not in known:
            self._unknown(text.place, text.text, known, kind)
        return text.text

    def _words(self, key: str, top: Mapping[str, Tree]) -> str:
        return self._within(key, top, "", lambda tree: self._text(tree).text.strip())

    def _date(self, tree: Tree) -> date:
        text = self._text(tree)
        found = iso_date(text.text)
        if text.text and found is None:
            self._fault(text.place, *mistake("not-a-date", text=text.text))
        return found or date.min

    def _text(self, tree: Tree) -> Text:
        if not isinstance(tree, Text):
            self._fault(tree.place, *mistake("want-value"))
            return Text(tree.place, tree.place, "")
        if not tree.text.strip():
            self._fault(tree.place, *mistake("nothing"))
            return Text(tree.place, tree.place, "")
        return tree

    def _unknown(self, place: Place, name: str, known: Collection[str], kind: str) -> None:
        self._fault(place, *unknown("unknown", name, known, kind))


def is_name(text: str) -> bool:
    """Return whether ``text`` can be the name of an agreement, an assessment or an agency."""
    return len(text) <= MAX_NAME and _NAME.fullmatch(text) is not None


def holds_in(law: str, jurisdiction: str) -> bool:
    """Return whether the law of ``law`` holds in ``jurisdiction``: its own, and Union law in a member state."""
    return law == jurisdiction or (law == "eu" and jurisdiction in EU_MEMBERS)


def _listed(tree: Tree) -> list[str]:
    return [_word(item) for item in (tree.items if isinstance(tree, Items) else (tree,))]


def _word(tree: Tree | None) -> str:
    return tree.text if isinstance(tree, Text) else ""
