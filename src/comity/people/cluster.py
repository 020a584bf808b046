"""From scored pairs to persons. Pure, and deaf to the order in which anything arrived.

1. Two groups become one person only if the *average* weight over all pairs between them reaches the threshold: a chain
   of weak links, or one strong link between two groups that otherwise disagree, fuses nobody (average linkage).
2. Judgements are facts about pairs, not weights. *Same* holds whatever the weights say, and passes on through others;
   *different* keeps the two apart, and every group that one is in from every group that the other is in.
3. A group never forms across pairs that all lie below the threshold; so each component of the pairs at or above it
   can be clustered by itself, in bulk and live with the same result.
4. Pairs that are *unlike* (``unlike.py``: twins by all appearances) keep two groups apart too, but not what somebody
   has put together. So they hold no component together either.
5. A pair that was never scored counts as :data:`UNSCORED`.
6. Pairs that are *contrary* (``limits.py``) keep two groups apart as well, and so does their size: the strongest bonds
   have joined by then, so it is the weakest that gives way. What was refused for that alone is *held*, for a person.
7. A component too large to average (:data:`LARGEST_COMPONENT`) is first cut at its weakest pairs: it is a flood of
   namesakes or a fault, and no person has so many records.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from comity.people.errors import ContradictoryJudgementError
from comity.people.limits import LARGEST_PERSON, Limit
from comity.people.score import LINKED_FROM

UNSCORED = -10.0  # bits: what two people who share no blocking key are worth. 2026-11-22.
# Source persons that are averaged together at most: pairs grow with the square. 2026-11-22.
LARGEST_COMPONENT = 600
# Bits by which the bar is raised for each cut of too large a component. 2026-11-22.
CUT = 2.0

N = TypeVar("N", UUID, int)  # what stands for a source person: its id, or in bulk its position


@dataclass(frozen=True, slots=True)
class Bonds(Generic[N]):
    """What is fact about pairs: judgements of people that stand, and pairs that may not link by themselves."""

    same: frozenset[tuple[N, N]] = field(default_factory=frozenset)
    different: frozenset[tuple[N, N]] = field(default_factory=frozenset)
    unlike: frozenset[tuple[N, N]] = field(default_factory=frozenset)
    contrary: Mapping[tuple[N, N], Limit] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hold(Generic[N]):
    """Two persons who would be one, but for a limit; the likeliest pair between them that it is about."""

    a: N
    b: N
    limit: Limit


@dataclass(frozen=True, slots=True)
class Grouped(Generic[N]):
    """A partition into persons, sorted, and what is held."""

    persons: list[tuple[N, ...]]
    holds: list[Hold[N]]


def components(nodes: Iterable[N], pairs: Iterable[tuple[N, N]]) -> list[list[N]]:
    """Return the nodes in groups that hang together through ``pairs``; sorted within and among themselves."""
    parent: dict[N, N] = {node: node for node in nodes}

    def root(node: N) -> N:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b in pairs:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    groups: dict[N, list[N]] = {}
    for node in sorted(parent):
        groups.setdefault(root(node), []).append(node)
    return sorted(groups.values())


def to_average(
    nodes: Iterable[N], weights: Mapping[tuple[N, N], float], bonds: Bonds[N], threshold: float = LINKED_FROM
) -> Iterator[list[N]]:
    """Yield the groups of two or more within which pairs are averaged (rules 3 and 7)."""
    strong = [pair for pair, weight in weights.items() if weight >= threshold and pair not in bonds.unlike]
    tied = strong + list(bonds.same)
    among = {node for pair in tied for node in pair}  # of a million most are tied to nobody
    for group in components((node for node in nodes if node in among), tied):
        if len(group) <= LARGEST_COMPONENT:
            if len(group) > 1:
                yield group
            continue
        inside = set(group)
        within = {pair: weights[pair] for pair in strong if inside.issuperset(pair)}
        kept = frozenset(pair for pair in bonds.same if inside.issuperset(pair))
        if not within:  # all of it was judged by people: theirs to say
            yield group
            continue
        yield from to_average(group, within, Bonds(same=kept, unlike=bonds.unlike), threshold + CUT)


def cluster(
    nodes: Iterable[N],
    weights: Mapping[tuple[N, N], float],
    bonds: Bonds[N] | None = None,
    threshold: float = LINKED_FROM,
) -> list[tuple[N, ...]]:
    """Return the partition of ``nodes`` into persons, sorted: :func:`grouped` without what is held."""
    return grouped(nodes, weights, bonds, threshold).persons


def grouped(
    nodes: Iterable[N],
    weights: Mapping[tuple[N, N], float],
    bonds: Bonds[N] | None = None,
    threshold: float = LINKED_FROM,
) -> Grouped[N]:
    """Return the partition of ``nodes`` into persons, and what is held.

    ``weights`` hold bits per pair ``(a, b)`` with ``a < b``, as do the pairs of ``bonds``.

    Raises:
        ContradictoryJudgementError: *same*, passed on, says of a pair what *different* denies.
    """
    bonds = bonds or Bonds()
    everyone = sorted(set(nodes))
    alone = set(everyone)
    partition: list[tuple[N, ...]] = []
    holds: list[Hold[N]] = []
    for group in to_average(everyone, weights, bonds, threshold):
        alone.difference_update(group)
        linkage = _Linkage(group, weights, bonds)
        partition += linkage.merged(threshold)
        holds += linkage.holds()
    partition += [(node,) for node in alone]
    return Grouped(sorted(partition), sorted(holds, key=lambda hold: (hold.a, hold.b)))


class _Linkage(Generic[N]):
    """Average linkage of one component, from the nearest two groups down."""

    def __init__(self, nodes: Sequence[N], weights: Mapping[tuple[N, N], float], bonds: Bonds[N]) -> None:
        inside = set(nodes)
        self.weights: Mapping[tuple[N, N], float] = weights
        together = [pair for pair in bonds.same if inside.issuperset(pair)]
        self.groups: dict[int, list[N]] = dict(enumerate(components(nodes, together)))
        where = {node: place for place, group in self.groups.items() for node in group}
        self.sums = {
            (i, j): sum(weights.get((min(a, b), max(a, b)), UNSCORED) for a in self.groups[i] for b in self.groups[j])
            for i in self.groups
            for j in self.groups
            if i < j
        }
        self.apart: dict[int, set[int]] = {place: set() for place in self.groups}
        for a, b in bonds.different:
            if a in where and b in where:
                self._keep_apart(where[a], where[b])
        for a, b in bonds.unlike:
            if a in where and b in where and where[a] != where[b]:
                self._keep_apart(where[a], where[b])
        self.clashes: dict[tuple[N, N], Limit] = {
            pair: limit for pair, limit in bonds.contrary.items() if where.keys() >= set(pair)
        }
        self.contrary: dict[int, set[int]] = {place: set() for place in self.groups}
        for a, b in self.clashes:
            if where[a] != where[b]:  # a person has put them together
                self.contrary[where[a]].add(where[b])
                self.contrary[where[b]].add(where[a])
        joined = Counter(where[a] for a, _ in together)
        self.room = {place: (1 + joined[place]) * LARGEST_PERSON for place in self.groups}
        self.refused: list[tuple[N, N]] = []

    def _keep_apart(self, i: int, j: int) -> None:
        if i == j:
            raise ContradictoryJudgementError(
                "judgements: two source persons are judged different, and the same through others; undo one of these"
            )
        self.apart[i].add(j)
        self.apart[j].add(i)

    def _average(self, i: int, j: int) -> float:
        return self.sums[min(i, j), max(i, j)] / (len(self.groups[i]) * len(self.groups[j]))

    def _offer(self, i: int, j: int) -> tuple[float, N, N, int, int]:
        first, second = sorted((self.groups[i][0], self.groups[j][0]))
        return (-self._average(i, j), first, second, i, j)

    def merged(self, threshold: float) -> list[tuple[N, ...]]:
        """Return the groups when no two are near enough. Ties go to the groups with the first members."""
        if self._is_of_one_mind(threshold):
            self.groups = {0: sorted(node for group in self.groups.values() for node in group)}
            return [tuple(self.groups[0])]
        offers = [
            self._offer(i, j) for i, j in self.sums if j not in self.apart[i] and self._average(i, j) >= threshold
        ]
        heapq.heapify(offers)
        while offers:
            *_, i, j = heapq.heappop(offers)
            if i not in self.groups or j not in self.groups:
                continue
            if self._is_beyond_a_limit(i, j):
                self.refused.append((self.groups[i][0], self.groups[j][0]))
            else:
                for other in self._merge(i, j, threshold):
                    heapq.heappush(offers, other)
        return [tuple(group) for group in self.groups.values()]

    def _is_of_one_mind(self, threshold: float) -> bool:
        """Whether all pairs are near and nothing is in the way: then averages are near too, in whatever order."""
        return (
            sum(map(len, self.groups.values())) <= LARGEST_PERSON
            and not any(self.apart.values())
            and not any(self.contrary.values())
            and all(self._average(i, j) >= threshold for i, j in self.sums)
        )

    def _is_beyond_a_limit(self, i: int, j: int) -> bool:
        size = len(self.groups[i]) + len(self.groups[j])
        return j in self.contrary[i] or size > self.room[i] + self.room[j] - LARGEST_PERSON

    def holds(self) -> Iterator[Hold[N]]:
        """Yield what :meth:`merged` refused for a limit alone: of each two persons, the likeliest pair."""
        where = {node: place for place, group in self.groups.items() for node in group}
        parted = {(min(pair), max(pair)) for a, b in self.refused if (pair := (where[a], where[b]))}
        for i, j in sorted(parted):
            if i == j or j in self.apart[i]:  # a person has parted them since, or what joined later did
                continue
            between = [(min(a, b), max(a, b)) for a in self.groups[i] for b in self.groups[j]]
            clashing = [pair for pair in between if pair in self.clashes]
            a, b = min(clashing or between, key=lambda pair: (-self.weights.get(pair, UNSCORED), pair))
            yield Hold(a, b, self.clashes.get((a, b), Limit.SIZE))

    def _merge(self, i: int, j: int, threshold: float) -> Iterator[tuple[float, N, N, int, int]]:
        new = max(self.groups) + 1
        kept_apart, contrary = self.apart[i] | self.apart[j], self.contrary[i] | self.contrary[j]
        size = {place: len(group) for place, group in self.groups.items()}
        del size[i], size[j]
        self.groups[new] = sorted(self.groups.pop(i) + self.groups.pop(j))
        self.apart[new], self.contrary[new] = kept_apart, contrary
        self.room[new] = self.room[i] + self.room[j] - LARGEST_PERSON
        for place in contrary & size.keys():
            self.contrary[place].add(new)
        for place in size:
            self.sums[place, new] = self.sums[min(i, place), max(i, place)] + self.sums[min(j, place), max(j, place)]
            if place in kept_apart:
                self.apart[place].add(new)
            elif self._average(place, new) >= threshold:
                yield self._offer(place, new)
