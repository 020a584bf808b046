"""Which person id each cluster bears, so that ids are stable. Pure.

1. A cluster bears the id that most of its members bear; an id goes to the cluster that holds most of who bear it. Where
   it is undecided, those count who bore the id from the first: what is split gives its id back to its first bearers.
2. An id that no cluster bears any more leads to the cluster that took most of its members: a merge leaves a redirect.
3. A cluster that split off takes back an id that most of its members bore before, if nobody bears it now: undoing a
   decision gives everybody the id they had. Otherwise it gets a fresh one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Past:
    """What is remembered of source persons that ever moved."""

    former: Mapping[UUID, Sequence[UUID]]  # the persons that each was in and that nobody is in now
    first: Mapping[UUID, UUID]  # the person that each was in first


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who is in which person from now on, and what becomes of ids."""

    persons: Mapping[UUID, UUID]  # source person -> person
    created: frozenset[UUID]  # fresh ids
    revived: tuple[UUID, ...]  # ids that stand for themselves again
    redirects: Mapping[UUID, UUID]  # an id that nobody bears any more -> where it leads


def assign(
    clusters: Sequence[Sequence[UUID]],
    held: Mapping[UUID, UUID],
    past: Past,
    fresh: Callable[[], UUID],
) -> Assignment:
    """Give each cluster its id. ``held`` is who bears which now; all ids are of source persons and of persons."""
    natives = {(member, person) for member, person in held.items() if past.first.get(member, person) == person}
    borne = _nearest(clusters, {member: (person,) for member, person in held.items()}, natives)
    rest = [place for place in range(len(clusters)) if place not in borne]
    revived = _nearest([clusters[place] for place in rest], past.former, set(past.first.items()))
    borne |= {rest[place]: person for place, person in revived.items()}
    created = {place: fresh() for place in rest if place not in borne}
    borne |= created
    persons = {member: borne[place] for place, members in enumerate(clusters) for member in members}
    return Assignment(persons, frozenset(created.values()), tuple(revived.values()), _redirects(persons, held))


def _nearest(
    clusters: Sequence[Sequence[UUID]], bore: Mapping[UUID, Sequence[UUID]], natives: AbstractSet[tuple[UUID, UUID]]
) -> dict[int, UUID]:
    """Pair clusters with ids: the largest overlap first, then the most natives, the id, the first member."""
    overlaps: Counter[tuple[int, UUID]] = Counter()
    native: Counter[tuple[int, UUID]] = Counter()
    for place, members in enumerate(clusters):
        for member in members:
            for person in set(bore.get(member, ())):
                overlaps[place, person] += 1
                native[place, person] += (member, person) in natives
    given: dict[int, UUID] = {}
    taken: set[UUID] = set()
    for place, person in sorted(overlaps, key=lambda o: (-overlaps[o], -native[o], o[1], min(clusters[o[0]]))):
        if place not in given and person not in taken:
            given[place] = person
            taken.add(person)
    return given


def _redirects(persons: Mapping[UUID, UUID], held: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    borne = set(persons.values())
    went = Counter((old, persons[member]) for member, old in held.items() if member in persons and old not in borne)
    redirects: dict[UUID, UUID] = {}
    for (old, new), _ in sorted(went.items(), key=lambda w: (-w[1], w[0])):
        redirects.setdefault(old, new)
    return redirects
