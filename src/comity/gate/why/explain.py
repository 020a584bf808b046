"""Explain: from a request, its agreement and what was read to an :class:`Explanation`. Pure.

Rules:

1. The checks are those of :mod:`comity.gate.decide`, in their order, asked of the same function.
2. What leaves is what the gate's own statement says (:attr:`Read.tried`); why is said by the oracles beside it. Where
   the two differed the statement would be right, and the words would say no more than that.
3. Rows are told of only of somebody who is covered, and lets it. Of anybody else the one thing that is told is which
   part of ``about`` is not true of them.
4. A value is told only in a form in which it leaves by the very request, of a row that was there when it did.
5. Each thing that stands in the way has its change. All of them together would permit what is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Final
from uuid import UUID

from comity.agreements import Agreement, Standing
from comity.agreements.condition_words import condition_words
from comity.agreements.consent import LETS_LEAVE
from comity.agreements.meaning import Around, Held, records_named
from comity.agreements.models import Everyone, Release
from comity.agreements.printing import print_condition
from comity.gate import reasons
from comity.gate.decide import CHECKS, Terms, checked, terms
from comity.gate.minimise import Setting, minimise
from comity.gate.models import Clause, Permitted, Reason, Request
from comity.gate.release import is_opened_later
from comity.gate.why import words
from comity.gate.why.changes import changes_of
from comity.gate.why.models import (
    LEAVES,
    Asked,
    Change,
    CheckSaid,
    ClauseSaid,
    ConsentSaid,
    Covered,
    Explanation,
    FieldSaid,
    Kind,
    Past,
    Place,
    Read,
    RowNamed,
    RowSaid,
    Scope,
    State,
)
from comity.gate.why.near import Near, near, place_of
from comity.gate.why.parts import Needed, Scene, Told
from comity.record.models import Value
from comity.vocabulary.models import Vocabulary

_GATE: Final = "disclosure"


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be explained. ``told_until``: values are told of rows that came no later; ``None``: of none."""

    request: Request
    act: str
    on: datetime
    agreement: Agreement | None
    version: int | None
    standing: Standing
    scope: Scope
    told_until: datetime | None = None
    past: Past | None = None


def explanation(
    question: Question, read: Read | None, vocabulary: Vocabulary, identity: UUID, at: datetime
) -> Explanation:
    """Return why, by what was ``read``; ``None`` if no record was looked at."""
    agreement = question.agreement
    checks = check_words(question, vocabulary)
    permitted = agreement is not None and all(it.state is State.PASSED for it in checks)
    explained = _Explained(question, agreement, read, vocabulary, permitted) if agreement and read else None
    rows = tuple(explained.rows()) if explained and read and read.tried.kind == _GATE else ()
    return Explanation(
        identity,
        at,
        asked_of(question),
        permitted,
        _reason(question, checks, read),
        checks,
        question.scope,
        explained.covered() if explained else None,
        consent_words(agreement, read) if agreement and read else None,
        field_words(agreement, rows, vocabulary) if agreement else (),
        rows,
        question.past,
        (words.SCOPES[question.scope], *((words.providers_only(agreement),) if agreement and read else ())),
    )


def asked_of(question: Question) -> Asked:
    """Return the request that is explained, without anybody's words."""
    request = question.request
    return Asked(
        question.act,
        request.agreement,
        question.version,
        request.purpose,
        request.requester.agency,
        request.requester.role,
        question.on,
        getattr(request.asks, "person", None),
    )


def check_words(question: Question, vocabulary: Vocabulary) -> tuple[CheckSaid, ...]:
    """Return each check in its order, with what would have to change for it to pass."""
    if question.agreement is None:
        return ()
    said, failed = [], False
    found = checked(question.request, question.agreement, question.standing, vocabulary)
    for name in CHECKS:
        reason = found.get(name)
        state = State.NOT_REACHED if failed else State.PASSED if reason is None else State.FAILED
        failed = failed or reason is not None
        would = _would(question, question.agreement, reason, vocabulary) if reason else ()
        said.append(CheckSaid(name, words.CHECKS[name], state, reason, would))
    return tuple(said)


def _would(question: Question, agreement: Agreement, reason: Reason, vocabulary: Vocabulary) -> tuple[Change, ...]:
    return changes_of(reason, question.request, agreement, question.standing, vocabulary)


def field_words(agreement: Agreement, rows: Sequence[RowSaid], vocabulary: Vocabulary) -> tuple[FieldSaid, ...]:
    """Return what the agreement says of every field of the vocabulary, and of how many rows each leaves."""
    return tuple(
        _field(record, name, found, [row for row in rows if row.row.record == record], vocabulary)
        for record, fields in terms(agreement, vocabulary).findings.items()
        if record in vocabulary.record_types
        for name, found in fields.items()
    )


def consent_words(agreement: Agreement, read: Read) -> ConsentSaid:
    """Return what the agreement asks of consent and what was answered last."""
    needed = LETS_LEAVE.get(agreement.consent, ())
    if needed is None:
        return ConsentSaid(agreement.consent, True, words.NOBODY_ASKED)
    answer, at = read.answer or (None, None)
    lets = answer in needed
    label = words.CONSENT_BY.get(agreement.consent, words.CONSENT_WOULD)
    would = () if lets else (Change(Kind.CONSENT, label),)
    return ConsentSaid(agreement.consent, lets, words.ANSWERS[answer], answer, at, would)


def _reason(question: Question, checks: Iterable[CheckSaid], read: Read | None) -> Reason | None:
    if question.agreement is None:
        return (question.past and question.past.reason) or reasons.UNKNOWN_AGREEMENT
    failed = next((it.reason for it in checks if it.state is State.FAILED), None)
    if failed is None and read is None and question.past:
        return question.past.reason
    if failed is not None or read is None or read.tried.reason is None:
        return failed
    return reasons.by_code(read.tried.reason)


def _field(
    record: str, name: str, found: Sequence[object], rows: Sequence[RowSaid], vocabulary: Vocabulary
) -> FieldSaid:
    findings = tuple(found)
    leaves = sum(name in row.fields for row in rows)
    permitted = any(isinstance(it, Permitted) for it in findings)
    label = words.field_words(findings, vocabulary, leaves, len(rows))  # type: ignore[arg-type]  # findings they are
    would = () if permitted else (Change(Kind.CLAUSE, words.name_would(record, name, vocabulary), to=record),)
    return FieldSaid(record, name, findings, leaves, len(rows), label, would)  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Explained:
    """One explanation in the making: of one person, under one agreement."""

    question: Question
    agreement: Agreement
    read: Read = field(repr=False)
    vocabulary: Vocabulary = field(repr=False)
    permitted: bool

    # --- whom ---

    def covered(self) -> Covered:
        about, tried = self.agreement.about, self.read.tried
        label, covered = condition_words(about, self.vocabulary), tried.kind == _GATE or tried.reason == "no-consent"
        if not self.read.people:
            return Covered(False, label, changes=(Change(Kind.RECORD, words.KNOWN_WOULD),))
        if isinstance(about, Everyone):
            return Covered(covered, label)
        concerning = self._scene.around.concerning
        choice = self._scene.nearest(about, concerning)
        if choice is None:
            there = {row.record for row in concerning}
            lacking = tuple(name for name in records_named(about) if name not in there)
            records = (Change(Kind.RECORD, words.record_would(each, self.vocabulary), to=each) for each in lacking)
            return Covered(covered, label, lacking=lacking, changes=tuple(records))
        chosen = tuple(self._named(row) for row in choice.rows.values())
        part = self._scene.take_apart(about, choice.rows)
        joins = (Change(Kind.RECORD, words.join_would(each, self.vocabulary)) for each in choice.unjoined)
        would = () if covered else (*joins, *self._facts(choice.needed))
        return Covered(covered, label, chosen, (), part, would)

    def _facts(self, needed: Iterable[Needed]) -> Iterator[Change]:
        for each in needed:
            label = words.fact_would(each.condition, self.vocabulary)
            yield Change(Kind.FACT, label, condition=print_condition(each.condition), row=each.row)

    # --- which rows ---

    def rows(self) -> Iterator[RowSaid]:
        around = near(self.read.people, self.read.held, self.vocabulary)
        said = terms(self.agreement, self.vocabulary)
        for record_id in self.read.near:
            row = self.read.held[record_id]
            clauses = tuple(self._clause(each, row, around, said) for each in self._of(row.record))
            fields, closed = self._fields(row, said)
            would = (Change(Kind.KEY, words.KEY_WOULD, row=record_id),) if closed else ()
            yield RowSaid(self._named(row), clauses, fields, closed, would)

    def _of(self, record: str) -> tuple[Release, ...]:
        return self.agreement.releases_of(record)

    def _clause(self, release: Release, row: Held, around: Near, said: Terms) -> ClauseSaid:
        place = place_of(row, around, self.vocabulary, says_whose=bool(release.of))
        whose = str(row.values["whose"])
        of_fits = not release.of or whose in release.of
        where = self._scene.take_apart(release.where, {row.record: row}) if release.where is not None else None
        leaves = (release.number, row.record_id) in self.read.tried.leaves
        truth = True if where is None else where.truth
        label = words.clause_words(
            place, leaves=leaves, of=release.of, of_fits=of_fits, where=truth, vocabulary=self.vocabulary
        )
        if not any(clause.number == release.number for clause in said.clauses):
            label = words.SOMETHING_WOULD
        would: list[Change] = []
        if not leaves:
            would += self._of_or_nothing(place, whose, of_fits=of_fits)
            would += (
                self._facts(self._scene.needed(release.where, {row.record: row})) if release.where is not None else ()
            )
        return ClauseSaid(release.number, leaves, place, of_fits, where, label, tuple(would))

    def _of_or_nothing(self, place: Place, whose: str, *, of_fits: bool) -> Iterator[Change]:
        if place is Place.NOT_SAID_WHOSE or (place in LEAVES and not of_fits):
            yield Change(Kind.OF, words.of_would(whose, self.vocabulary), to=whose)
        elif place not in LEAVES:
            yield Change(Kind.NOTHING, words.WOULD_NOT.get(place, words.NOTHING_WOULD))

    def _fields(self, row: Held, said: Terms) -> tuple[Mapping[str, Mapping[str, int]], tuple[str, ...]]:
        found: dict[str, dict[str, int]] = {}
        closed: dict[str, None] = {}
        for clause in self._leaving(row, said):
            for each, minimiser in clause:
                found.setdefault(each.name, {}).setdefault(minimiser, clause.number)
                if is_opened_later(each, minimiser) and row.source_person not in self.read.keyed:
                    closed[each.name] = None
        return MappingProxyType({name: MappingProxyType(forms) for name, forms in found.items()}), tuple(closed)

    def _leaving(self, row: Held, said: Terms) -> Iterator[Clause]:
        for clause in said.clauses:
            if (clause.number, row.record_id) in self.read.tried.leaves:
                yield clause

    # --- what may be told ---

    @cached_property
    def _scene(self) -> Scene:
        requester = self.question.request.requester
        around = Around(
            self.vocabulary,
            requester.agency,
            requester.person,
            tuple(self.read.held.values()),
            self.read.people,
            self.read.humans,
        )
        return Scene(self.vocabulary, self.question.on, around, self._told())

    def _told(self) -> Told:
        """Return the values that leave by the very request, each in its form (rule 4)."""
        until = self.question.told_until
        if until is None or not self.permitted:
            return {}
        found: dict[tuple[UUID, str], tuple[str, Value]] = {}
        said = terms(self.agreement, self.vocabulary)
        for row in self.read.held.values():
            if _received(row) <= until:
                for clause in self._leaving(row, said):
                    for each, minimiser in clause:
                        if each.name in row.values and not each.sealed and minimiser != "pseudonym":
                            found.setdefault(
                                (row.record_id, each.name), (minimiser, self._form(minimiser, row.values[each.name]))
                            )
        return found

    def _form(self, minimiser: str, value: object) -> Value:
        setting = Setting(self.question.on.date(), self.agreement.jurisdiction)
        return minimise(minimiser, value, setting)  # type: ignore[arg-type]  # a value of the record

    def _named(self, row: Held) -> RowNamed:
        agency, source, whose = (str(row.values[name]) for name in ("agency", "source", "whose"))
        return RowNamed(row.record, row.record_id, agency, source, _received(row), whose)


def _received(row: Held) -> datetime:
    received = row.values["received_at"]
    if not isinstance(received, datetime):
        raise TypeError("a row without the moment of its receipt")
    return received
