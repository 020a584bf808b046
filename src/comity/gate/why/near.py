"""Where a row stands towards the person who is asked about: the oracle of whose rows leave, in plain Python. Pure.

Rules: those of :mod:`comity.gate.scope` (3 and 4) and :mod:`comity.gate.release` (1 to 3), for a read of one person.
They are told here a second time on purpose: the statement decides, this says why, and a property compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from comity.agreements.meaning import Held
from comity.agreements.related import OF_THE_CASE, SHARED
from comity.gate.scope import ACCUSED, tied_types
from comity.gate.trees import references
from comity.gate.why.models import Place
from comity.vocabulary.models import Vocabulary

_ACCUSED: Final = "accused"
_PLACES: Final = ("case", "incident")

Sides = frozenset[tuple[UUID, str]]
"""Places (a case, an incident) and people (by source person), each with a side on which somebody stands there."""


@dataclass(frozen=True, slots=True)
class Near:
    """What is near the person: ``at`` their cases and incidents, with the sides on which they stand there."""

    people: frozenset[UUID]
    at: Mapping[str, Sides]
    shown: frozenset[UUID]
    books: frozenset[UUID]  # at hand, but a fellow's alone
    others: Sides
    fellows: frozenset[UUID]

    def is_near(self, place: str, key: UUID | None) -> bool:
        """Whether the person stands in this case or incident, on whichever side."""
        return any(key == there for there, _ in self.at[place])


def side_of(row: Held) -> str:
    """Return the side on which a row stands."""
    whose = str(row.values["whose"])
    return _ACCUSED if whose in ACCUSED else whose


def key_of(row: Held, place: str, vocabulary: Vocabulary) -> UUID | None:
    """Return which case or incident the row is, or belongs to; ``None`` for one that says none."""
    if row.record == place:
        return row.record_id
    named = references(row.record, place, vocabulary)
    found = row.values[named[0]] if named else None
    return found if isinstance(found, UUID) else None


def near(people: frozenset[UUID], held: Mapping[UUID, Held], vocabulary: Vocabulary) -> Near:
    """Return what is near whoever ``people`` are the source persons of, among what providers hold."""
    types = tied_types(vocabulary)
    tied = [row for row in held.values() if row.record in types]
    mine = [row for row in tied if row.source_person in people]
    cases = _standing(mine, "case", held, vocabulary)
    incidents = _standing(mine, "incident", held, vocabulary) | _behind(cases, held)
    own = cases | frozenset(
        (row.record_id, side)
        for there, side in incidents
        if side != _ACCUSED
        for row in tied
        if row.record == "case" and row.values["incident"] == there
    )
    at_case = _in_every_book(own, incidents, held)
    books = _fellows_books(at_case, people, {key for key, _ in cases}, held)
    at = {"case": at_case, "incident": incidents | _behind(at_case, held)}
    around = Near(people, at, frozenset(key for key, _ in at_case) - books, books, frozenset(), frozenset())
    others = frozenset(_people_of(around, tied, vocabulary, fellows=False))
    fellows = frozenset(person for person, _ in _people_of(around, tied, vocabulary, fellows=True))
    return Near(people, at, around.shown, books, others, fellows)


def place_of(row: Held, near: Near, vocabulary: Vocabulary, *, says_whose: bool) -> Place:
    """Return where the row stands, for a clause of its type that says whose rows it releases, or does not."""
    own = row.source_person in near.people
    if row.record in SHARED:
        return _shared(row, near, vocabulary, own=own)
    if own:
        return Place.OWN
    if row.source_person is None:
        return Place.NOBODYS
    if row.record == "person":
        found = _somebody(row, near)
    elif not any(near.is_near(place, key_of(row, place, vocabulary)) for place in _PLACES):
        return Place.ELSEWHERE
    else:
        found = Place.FELLOW if _same_side(row, near, vocabulary) else Place.OTHER_SIDE
    needs_saying = not says_whose and row.record not in OF_THE_CASE
    return Place.NOT_SAID_WHOSE if found is Place.OTHER_SIDE and needs_saying else found


# --- places ----------------------------------------------------------------------------------------------------------


def _standing(rows: Iterable[Held], place: str, held: Mapping[UUID, Held], vocabulary: Vocabulary) -> Sides:
    keys = ((key_of(row, place, vocabulary), side_of(row)) for row in rows)
    return frozenset((key, side) for key, side in keys if key is not None and key in held)


def _behind(cases: Sides, held: Mapping[UUID, Held]) -> Sides:
    """Return the incidents from which the cases arose, as far as they are held."""
    arose = ((held[key].values["incident"], side) for key, side in cases)
    return frozenset((key, side) for key, side in arose if isinstance(key, UUID) and key in held)


def _in_every_book(own: Sides, incidents: Sides, held: Mapping[UUID, Held]) -> Sides:
    """Return the cases in each agency's books, with the person's sides there and in what any of them arose from."""
    found: set[tuple[UUID, str]] = set()
    for key in {key for key, _ in own}:
        books = _books(key, held)
        arose = {held[book].values["incident"] for book in books}
        sides = {side for mine, side in own if mine == key} | {side for there, side in incidents if there in arose}
        found |= {(book, side) for book in books for side in sides}
    return frozenset(found)


def _books(case: UUID, held: Mapping[UUID, Held]) -> frozenset[UUID]:
    reference = held[case].values["common_reference"]
    twins = (
        row.record_id
        for row in held.values()
        if row.record == "case" and reference is not None and row.values["common_reference"] == reference
    )
    return frozenset((case, *twins))


def _fellows_books(
    at_case: Sides, people: frozenset[UUID], named: set[UUID], held: Mapping[UUID, Held]
) -> frozenset[UUID]:
    return frozenset(
        key
        for key, side in at_case
        if held[key].source_person is not None
        and held[key].source_person not in people
        and side_of(held[key]) == side
        and key not in named
    )


# --- people ----------------------------------------------------------------------------------------------------------


def _people_of(
    near: Near, tied: Iterable[Held], vocabulary: Vocabulary, *, fellows: bool
) -> Iterator[tuple[UUID, str]]:
    for row in tied:
        person = row.source_person
        if person is None or person in near.people:
            continue
        somewhere = any(near.is_near(place, key_of(row, place, vocabulary)) for place in _PLACES)
        if somewhere and _same_side(row, near, vocabulary) is fellows:
            yield person, side_of(row)


def _same_side(row: Held, near: Near, vocabulary: Vocabulary) -> bool:
    return any((key_of(row, place, vocabulary), side_of(row)) in near.at[place] for place in _PLACES)


def _somebody(row: Held, near: Near) -> Place:
    if (row.source_person, side_of(row)) in near.others:
        return Place.OTHER_SIDE
    if any(row.source_person == person for person, _ in near.others):
        return Place.OTHER_CAPACITY
    return Place.FELLOW if row.source_person in near.fellows else Place.ELSEWHERE


# --- shared ----------------------------------------------------------------------------------------------------------


def _shared(row: Held, near: Near, vocabulary: Vocabulary, *, own: bool) -> Place:
    if row.record == "incident":
        return Place.SHARED if near.is_near("incident", row.record_id) else Place.ELSEWHERE
    case = key_of(row, "case", vocabulary)
    if row.record == "case":
        if case in near.shown:
            return Place.OWN if own else Place.SHARED
        return Place.FELLOWS_BOOK if case in near.books else Place.ELSEWHERE
    if own:
        return Place.OWN
    if case not in near.shown:
        return Place.FELLOWS_BOOK if case in near.books else Place.ELSEWHERE
    fellows = row.source_person is not None and (case, side_of(row)) in near.at["case"]
    return Place.FELLOWS_HEARING if fellows else Place.SHARED
