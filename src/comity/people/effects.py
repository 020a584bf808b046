"""What a proposed model would change, before a person puts it in force. Pure.

Decisions of people stand whatever a model says; those that it disagrees with are counted, so that somebody looks at
the decision or at the model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from comity.people.cluster import Bonds
from comity.people.score import LINKED_FROM, NEEDS_A_PERSON_FROM, band

Pair = tuple[UUID, UUID]
Weights = Mapping[Pair, float]

# Pairs that are kept as examples of each kind of change: the furthest moved first. More than a page is not looked at.
# 2026-11-26.
EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class State:
    """Who is in which person, under one model: by any name of persons, since only who is together counts."""

    persons: Mapping[UUID, object]
    weights: Weights  # of the pairs that matter
    held: frozenset[Pair] = frozenset()  # put before a person for a limit

    def one(self, pair: Pair) -> bool:
        """Whether two are in one person."""
        return self.persons.get(pair[0]) == self.persons.get(pair[1])

    def asked(self, bonds: Bonds[UUID]) -> set[Pair]:
        """Return the pairs that a person is asked of: near enough or held, in two persons, and not judged."""
        judged = bonds.same | bonds.different
        return {pair for pair in (*self.weights, *self.held) if not self.one(pair) and pair not in judged}


@dataclass(frozen=True, slots=True)
class Effects:
    """Counts of what would change. ``bands``: pairs that would be in another band, as ``before > after``."""

    persons_before: int
    persons: int
    joined: int  # persons of now that would be one with another
    parted: int  # persons of now that would be more than one
    moved: int  # source persons who would be in a person of another id
    bands: Mapping[str, int]
    asked: int  # pairs that a person would newly be asked of
    unasked: int  # pairs that nobody would have to look at any more
    judged: int  # decisions of people that the model disagrees with; they stand

    def as_json(self) -> dict[str, Any]:
        """Return it as values that JSON can hold."""
        return asdict(self) | {"bands": dict(self.bands)}


@dataclass(frozen=True, slots=True)
class Example:
    """A pair that would be treated otherwise; weights in bits, None where the pair is not near enough to be kept."""

    change: str  # joined, parted, asked, unasked, judged
    a: UUID
    b: UUID
    before: float | None
    after: float | None


def effects(
    before: State, after: State, bonds: Bonds[UUID], judged: Weights, moved: int
) -> tuple[Effects, list[Example]]:
    """Return what would change, with examples. ``judged``: the new weight of each pair that people decided of."""
    against = {
        pair
        for pair, weight in judged.items()
        if (weight < NEEDS_A_PERSON_FROM if pair in bonds.same else weight >= LINKED_FROM)
    }
    asked_before, asked_after = before.asked(bonds), after.asked(bonds)
    changed = {
        "joined": [pair for pair in after.weights if after.one(pair) and not before.one(pair)],
        "parted": [pair for pair in before.weights if before.one(pair) and not after.one(pair)],
        "asked": asked_after - asked_before,
        "unasked": asked_before - asked_after,
        "judged": against,
    }
    old, new = _sides(before, after)
    counted = Effects(
        persons_before=len(old),
        persons=len(new),
        joined=len({person for persons in new.values() if len(persons) > 1 for person in persons}),
        parted=sum(len(persons) > 1 for persons in old.values()),
        moved=moved,
        bands=_bands(before.weights, after.weights),
        asked=len(changed["asked"]),
        unasked=len(changed["unasked"]),
        judged=len(against),
    )
    weights = {**judged, **after.weights}
    return counted, [
        example for change, pairs in changed.items() for example in _examples(change, pairs, before.weights, weights)
    ]


def _sides(before: State, after: State) -> tuple[dict[object, set[object]], dict[object, set[object]]]:
    """Return of each person of now those whom its records would be in, and of each of then those of now."""
    old: dict[object, set[object]] = {}
    new: dict[object, set[object]] = {}
    for source_person, person in after.persons.items():
        earlier = before.persons.get(source_person)
        new.setdefault(person, set())
        if earlier is not None:
            new[person].add(earlier)
            old.setdefault(earlier, set()).add(person)
    return old, new


def _bands(before: Weights, after: Weights) -> dict[str, int]:
    nowhere = NEEDS_A_PERSON_FROM - 1.0  # what is not kept is below the bands
    moves = Counter(
        (band(before.get(pair, nowhere)).value, band(after.get(pair, nowhere)).value)
        for pair in before.keys() | after.keys()
    )
    return {f"{one} > {other}": n for (one, other), n in sorted(moves.items()) if one != other}


def _examples(change: str, pairs: Iterable[Pair], before: Weights, after: Weights) -> list[Example]:
    def far(pair: Pair) -> tuple[float, Pair]:
        nowhere = NEEDS_A_PERSON_FROM
        return -abs(after.get(pair, nowhere) - before.get(pair, nowhere)), pair

    first = sorted(pairs, key=far)[:EXAMPLES]
    return [Example(change, a, b, before.get((a, b)), after.get((a, b))) for a, b in first]
