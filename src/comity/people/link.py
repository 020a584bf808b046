"""Link many at once: block, weigh in Splink, cluster. Reads no database; the caller keeps the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from uuid import UUID

from comity.people.bulk import Bench, bench
from comity.people.cluster import Bonds, Grouped, Hold, N, components, grouped, to_average
from comity.people.limits import contrary
from comity.people.model import Model
from comity.people.models import Standard, Stay
from comity.people.score import LINKED_FROM, NEEDS_A_PERSON_FROM, NEVER, Against
from comity.people.tally import Tally
from comity.people.unlike import unlike

Progress = Callable[[str], None]
TWO = 2  # of a million persons nearly all who have more than one record have two


@dataclass(frozen=True, slots=True)
class Linked:
    """The result of a bulk run: the pairs that matter, and the partition into persons."""

    weights: Mapping[tuple[UUID, UUID], float]  # from NEEDS_A_PERSON_FROM up, the lower id first
    clusters: tuple[tuple[UUID, ...], ...]
    holds: tuple[Hold[UUID], ...]
    tally: Tally  # of all pairs that were weighed


#: What links everybody: :func:`link`, or whatever does the same elsewhere.
Link = Callable[
    [Mapping[UUID, Standard], Model, Bonds[UUID], Progress, Mapping[UUID, Sequence[Stay]] | None],
    Linked,
]


def partition(
    ids: Iterable[N],
    weights: Mapping[tuple[N, N], float],
    standards: Mapping[N, Standard],
    model: Model,
    bonds: Bonds[N],
    stays: Mapping[N, Sequence[Stay]] | None = None,
    unfound: Mapping[tuple[N, N], float] | None = None,
) -> Grouped[N]:
    """Return the persons among ``ids``, given the weights of the pairs that blocking found, and what is held.

    The pairs that blocking did not find are scored here where they will be averaged, if they are not among ``unfound``;
    twins are kept apart, and so are those who share a name and no more, where nobody has learnt how common names are:
    the strong pairs of these are *unlike* in ``bonds``, where they are known already.
    ``stays``: when who was in prison.
    """
    alone, persons, holds = set(ids), list[tuple[N, ...]](), list[Hold[N]]()
    same, different = _by_first(bonds.same), _by_first(bonds.different)
    judged_of = {id_ for pair in (*bonds.same, *bonds.different) for id_ in pair}
    apart = bonds.unlike or _unlike(weights, standards, model, bonds)
    for group in to_average(alone, weights, replace(bonds, unlike=apart)):
        alone.difference_update(group)
        pairs = list(combinations(group, 2))
        if (
            len(group) == TWO
            and judged_of.isdisjoint(group)
            and not unlike(pairs, standards, model)
            and not contrary(group, standards, stays or {}, model)
        ):
            persons.append(tuple(group))  # it is their weight that holds them together
            continue
        full = _weights(group, weights, unfound or {}, standards, model)
        judged = Bonds(_among(group, same), _among(group, different))
        together = components(group, judged.same)
        found = grouped(
            group,
            full,
            replace(
                judged,
                unlike=unlike(pairs, standards, model, together),
                contrary=contrary(group, standards, stays or {}, model, together),
            ),
        )
        persons += found.persons
        holds += found.holds
    persons += [(id_,) for id_ in alone]
    return Grouped(sorted(persons), sorted(holds, key=lambda hold: (hold.a, hold.b)))


def _unlike(
    weights: Mapping[tuple[N, N], float], standards: Mapping[N, Standard], model: Model, bonds: Bonds[N]
) -> frozenset[tuple[N, N]]:
    """Return the strong pairs that may not link by themselves: they hold nobody together."""
    strong = (pair for pair, weight in weights.items() if weight >= LINKED_FROM)
    judged = {each for pair in bonds.same for each in pair}
    return unlike(strong, standards, model, components(judged, bonds.same))


def _weights(
    group: Sequence[N],
    weights: Mapping[tuple[N, N], float],
    unfound: Mapping[tuple[N, N], float],
    standards: Mapping[N, Standard],
    model: Model,
) -> dict[tuple[N, N], float]:
    """Return the weight of every pair of a group; those that are not known are scored."""
    full: dict[tuple[N, N], float] = {}
    for place, a in enumerate(group):
        against: Against | None = None
        for b in group[place + 1 :]:
            known = weights.get((a, b), unfound.get((a, b)))
            if known is None:
                against = against or Against(standards[a], model, NEVER)
                known = against.weight(standards[b]) or 0.0
            full[a, b] = known
    return full


def _by_first(pairs: Iterable[tuple[N, N]]) -> dict[N, list[tuple[N, N]]]:
    found: dict[N, list[tuple[N, N]]] = {}
    for pair in pairs:
        found.setdefault(pair[0], []).append(pair)
    return found


def _among(group: Sequence[N], pairs: Mapping[N, list[tuple[N, N]]]) -> frozenset[tuple[N, N]]:
    inside = set(group)
    return frozenset(pair for each in group for pair in pairs.get(each, ()) if pair[1] in inside)


def link(
    standards: Mapping[UUID, Standard],
    model: Model,
    bonds: Bonds[UUID],
    progress: Progress = lambda _step: None,
    stays: Mapping[UUID, Sequence[Stay]] | None = None,
) -> Linked:
    """Link everybody: the same pairs, weights and clusters as placing them one by one.

    Within, positions stand for the ids in their order: a million of these are dear to compare.
    """
    ids: Sequence[UUID] = sorted(standards)
    place = {id_: position for position, id_ in enumerate(ids)}
    people = {position: standards[id_] for position, id_ in enumerate(ids)}
    imprisoned = {place[id_]: each for id_, each in (stays or {}).items() if id_ in place}
    with bench(people.values(), model.identifiers) as on:
        pairs = on.block()
        progress(f"weighing {on.count(pairs)} pairs of {len(ids)}")
        weighed, spread = on.weigh_and_count(pairs, model, NEEDS_A_PERSON_FROM)
        on.drop(pairs)
        weights = {(a, b): weight for a, b, weight in weighed}
        progress(f"clustering {len(weights)} pairs")
        tied = Bonds(
            frozenset((place[a], place[b]) for a, b in bonds.same),
            frozenset((place[a], place[b]) for a, b in bonds.different),
        )
        tied = replace(tied, unlike=_unlike(weights, people, model, tied))
        unfound = _unfound(on, people, weights, model, tied)
    found = partition(people, weights, people, model, tied, imprisoned, unfound)
    persons = tuple(tuple(ids[each] for each in person) for person in found.persons)
    holds = tuple(Hold(ids[hold.a], ids[hold.b], hold.limit) for hold in found.holds)
    return Linked({(ids[a], ids[b]): weight for (a, b), weight in weights.items()}, persons, holds, spread)


def _unfound(
    on: Bench, people: Iterable[int], weights: Mapping[tuple[int, int], float], model: Model, bonds: Bonds[int]
) -> dict[tuple[int, int], float]:
    """Weigh the pairs that will be averaged, and that blocking did not find or that came to little."""
    groups = to_average(people, weights, bonds)
    pairs = (pair for group in groups for pair in combinations(group, 2) if pair not in weights)
    return {(a, b): weight for a, b, weight in on.weigh(on.pairs(pairs), model)}
