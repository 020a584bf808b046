"""What an agreement lets out about a person: the oracle, in plain Python over rows, without SQL. Pure.

Every compiled query, on whichever engine, is tested against it. It is written to be read beside the rules of
:mod:`comity.gate.scope` and :mod:`comity.gate.release`, whose numbers stand here, and is as slow as it is plain.
What a condition means is said by :mod:`comity.agreements.meaning`, what a form does by :mod:`comity.gate.minimise`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast
from uuid import UUID

from comity.agreements.meaning import Around, Held, covers, evaluate
from comity.agreements.related import OF_THE_CASE
from comity.gate.minimise import Setting, minimise
from comity.gate.models import Clause, Requester, Verdict
from comity.gate.scope import ACCUSED, tied_types
from comity.record.models import Value
from comity.vocabulary.models import Vocabulary


@dataclass(frozen=True, slots=True)
class World:
    """What is held of whom: every row of every agency, and the source persons of each human being.

    A row's values hold its envelope's columns too. ``let`` are the people whose last answer lets data leave, where an
    agreement asks for consent; ``None`` where it does not.
    """

    held: tuple[Held, ...] = field(repr=False)
    people: Mapping[UUID, frozenset[UUID]]
    vocabulary: Vocabulary = field(repr=False)
    let: frozenset[UUID] | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """One row that leaves by one clause, on one person's account, with its values in the form in which they do."""

    clause: int
    account: UUID
    record_id: UUID
    source_person: UUID | None
    values: tuple[tuple[str, Value], ...] = field(repr=False)


def lets_out(verdict: Verdict, world: World, requester: Requester, now: datetime) -> Iterator[Left]:
    """Yield every row that leaves about everybody in the world, in no particular order."""
    if verdict.permitted:
        for person in world.people:
            yield from lets_out_about(person, verdict, world, requester, now)


def lets_out_about(person: UUID, verdict: Verdict, world: World, requester: Requester, now: datetime) -> Iterator[Left]:
    """Yield every row that leaves on one person's account."""
    scene = _Scene.of(person, verdict, world)
    around = Around(
        world.vocabulary, requester.agency, requester.person, scene.held, scene.kin, _known_as(world, scene)
    )
    if not _is_covered(person, scene, verdict, world, around, now):
        return
    setting = Setting(now.date(), verdict.agreement.jurisdiction)
    for clause in verdict.clauses:
        for row in scene.held:
            if row.record == clause.record and scene.comes(row, clause) and _is_meant(row, clause, around, now):
                values = tuple((it.name, _form(form, row.values[it.name], setting)) for it, form in clause)
                yield Left(clause.number, person, row.record_id, row.source_person, values)


def side(whose: object) -> object:
    """Return the side on which a row of that category stands (scope, rule 4)."""
    return "accused" if whose in ACCUSED else whose


def _is_covered(person: UUID, scene: _Scene, verdict: Verdict, world: World, around: Around, now: datetime) -> bool:
    """Whether the agreement covers the person, who is somebody known to its providers (scope, rules 1 and 2)."""
    if not scene.kin or (world.let is not None and person not in world.let):
        return False
    return covers(verdict.agreement.about, scene.kin, scene.held, world.vocabulary, now, around)


def _is_meant(row: Held, clause: Clause, around: Around, now: datetime) -> bool:
    """Whether the clause is about such a row (release, rule 4)."""
    if clause.of and row.values["whose"] not in clause.of:
        return False
    return clause.where is None or evaluate(clause.where, {row.record: row}, now, around) is True


def _form(form: str, value: object, setting: Setting) -> Value:
    return minimise(form, cast("Value", value), setting)


def _known_as(world: World, scene: _Scene) -> Mapping[UUID, frozenset[UUID]]:
    """Return who is whom as the providers know: nobody whom only another agency knows is anybody to them."""
    known = {row.record_id for row in scene.held if row.record == "person"}
    return {each: of & known if each in known else frozenset() for of in world.people.values() for each in of}


_Place = tuple[object, UUID]  # a side, and the case or incident at which somebody stands on it


@dataclass(frozen=True, slots=True)
class _Scene:
    """What the providers hold, seen from one person: what is near them, and on which side they stand there."""

    held: tuple[Held, ...]
    kin: frozenset[UUID]
    at_case: frozenset[_Place]
    at_incident: frozenset[_Place]
    shown: frozenset[UUID]

    @classmethod
    def of(cls, person: UUID, verdict: Verdict, world: World) -> _Scene:
        """Look from one person."""
        providers = verdict.agreement.providers
        held = tuple(row for row in world.held if row.values["agency"] in providers)
        known = {row.source_person for row in held if row.record == "person"}
        kin = frozenset(world.people[person] & known)
        near_case, near_incident = _near(held, kin, world.vocabulary)
        books = _Books(held)
        at_case = frozenset(_at_case(near_case, near_incident, books))
        arose = ((stands, books.incident(case)) for stands, case in at_case)
        at_incident = frozenset(near_incident) | {(stands, it) for stands, it in arose if it is not None}
        fellows = {case for stands, case in at_case if _is_a_fellows(books.row(case), stands, kin)}
        shown = {case for _, case in at_case} - (fellows - {case for _, case in near_case})
        return cls(held, kin, at_case, at_incident, frozenset(shown))

    def comes(self, row: Held, clause: Clause) -> bool:
        """Whether the row comes to be released (release, rules 1 to 3)."""
        record = row.record
        if record == "incident":
            return row.record_id in {place for _, place in self.at_incident}
        if record == "case":
            return row.record_id in self.shown
        if record == "hearing":
            return self._hearing_comes(row)
        if row.source_person in self.kin:
            return True
        if record == "person":
            return bool(clause.of) and self._is_another(row)
        return (bool(clause.of) or record in OF_THE_CASE) and self._is_in_it_with_them(row)

    def _hearing_comes(self, row: Held) -> bool:
        own = row.source_person in self.kin
        if _case(row) not in self.shown:
            return own
        return own or row.source_person is None or (side(row.values["whose"]), _case(row)) not in self.at_case

    def _is_another(self, person: Held) -> bool:
        """Whether a row of that person's, on the side of their own row, stands in something with whoever is covered."""
        return any(
            row.source_person == person.record_id
            and side(row.values["whose"]) == side(person.values["whose"])
            and row.source_person not in self.kin
            and self._is_in_it_with_them(row)
            for row in self.held
            if row.record != "person"
        )

    def _is_in_it_with_them(self, row: Held) -> bool:
        """Whether a row of somebody else stands in the same case or incident, on another side of it."""
        stands, case, incident = side(row.values["whose"]), _case(row), _incident(row)
        if row.source_person is None:
            return False
        if (stands, case) in self.at_case or (stands, incident) in self.at_incident:
            return False
        return case in {place for _, place in self.at_case} or incident in {place for _, place in self.at_incident}


@dataclass(frozen=True, slots=True)
class _Books:
    """The cases that are held."""

    held: tuple[Held, ...]

    def row(self, case: UUID) -> Held:
        return next(row for row in self.held if row.record == "case" and row.record_id == case)

    def incident(self, case: UUID) -> UUID | None:
        return _incident(self.row(case))

    def same(self, case: UUID) -> set[UUID]:
        """Return the case, and the same one in the books of each agency that shares its reference."""
        common = self.row(case).values["common_reference"]
        twins = {it.record_id for it in self._all() if common is not None and it.values["common_reference"] == common}
        return {case} | twins

    def arisen_from(self, incident: UUID) -> set[UUID]:
        """Return the cases that arose from an incident."""
        return {it.record_id for it in self._all() if _incident(it) == incident}

    def _all(self) -> Iterable[Held]:
        return (row for row in self.held if row.record == "case")


def _near(held: tuple[Held, ...], kin: Collection[UUID], vocabulary: Vocabulary) -> tuple[set[_Place], set[_Place]]:
    """Return the cases and the incidents near somebody (scope, rule 3)."""
    ties = [row for row in held if row.record in tied_types(vocabulary) and row.source_person in kin]
    cases = {row.record_id for row in held if row.record == "case"}
    incidents = {row.record_id for row in held if row.record == "incident"}
    places = [(side(row.values["whose"]), _case(row), _incident(row)) for row in ties]
    near_case = {(stands, case) for stands, case, _ in places if case in cases}
    books = _Books(held)
    from_cases = {(stands, books.incident(case)) for stands, case in near_case}
    near_incident = {(stands, it) for stands, _, it in places} | from_cases
    return near_case, {(stands, it) for stands, it in near_incident if it is not None and it in incidents}


def _at_case(near_case: set[_Place], near_incident: set[_Place], books: _Books) -> Iterator[_Place]:
    """Yield the cases near somebody in every agency's books, with the sides on which they stand (scope, rule 4)."""
    own = near_case | {
        (stands, case)
        for stands, incident in near_incident
        if stands != "accused"
        for case in books.arisen_from(incident)
    }
    for stands, mine in own:
        same = books.same(mine)
        arose = {books.incident(book) for book in same}
        yield from ((stands, case) for case in same)
        yield from ((there, case) for there, incident in near_incident if incident in arose for case in same)


def _is_a_fellows(book: Held, stands: object, kin: Collection[UUID]) -> bool:
    """Whether an agency's book of a case is kept for somebody else on that very side."""
    someone = book.source_person is not None and book.source_person not in kin
    return someone and side(book.values["whose"]) == stands


def _case(row: Held) -> UUID | None:
    return _place(row, "case")


def _incident(row: Held) -> UUID | None:
    return _place(row, "incident")


def _place(row: Held, of: str) -> UUID | None:
    if row.record == of:
        return row.record_id
    found = row.values.get(of)
    return found if isinstance(found, UUID) else None
