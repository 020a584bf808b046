"""Link many at once: block, weigh in Splink, cluster. Reads no database; the caller keeps the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from uuid import UUID

from comity.people.block import candidates
from comity.people.bulk import weigh
from comity.people.cluster import Bonds, Grouped, Hold, N, components, grouped, to_average
from comity.people.comparisons import may_be_twins, rests_on_names
from comity.people.limits import Limit, contrary
from comity.people.model import Model
from comity.people.models import Standard, Stay
from comity.people.score import NEEDS_A_PERSON_FROM, score
from comity.people.tally import Tally, tally

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Linked:
    """The result of a bulk run: the pairs that matter, and the partition into persons."""

    weights: Mapping[tuple[UUID, UUID], float]  # from NEEDS_A_PERSON_FROM up, the lower id first
    clusters: tuple[tuple[UUID, ...], ...]
    holds: tuple[Hold[UUID], ...]
    tally: Tally  # of all pairs that were weighed


def partition(
    ids: Iterable[N],
    weights: Mapping[tuple[N, N], float],
    standards: Mapping[N, Standard],
    model: Model,
    bonds: Bonds[N],
    stays: Mapping[N, Sequence[Stay]] | None = None,
) -> Grouped[N]:
    """Return the persons among ``ids``, given the weights of the pairs that blocking found, and what is held.

    The pairs that blocking did not find are scored here where they will be averaged; twins are kept apart, and so are
    those who share a name and no more, where nobody has learnt how common names are. ``stays``: when who was in prison.
    """
    full, unlike = dict(weights), set()
    beyond: dict[tuple[N, N], Limit] = {}
    everyone = sorted(ids)
    for group in to_average(everyone, weights, bonds):
        for a, b in combinations(group, 2):
            if (a, b) not in full:
                full[a, b] = score(standards[a], standards[b], model).total
            if _may_not_link(standards[a], standards[b], model):
                unlike.add((a, b))
        inside = set(group)
        judged = components(group, [pair for pair in bonds.same if inside.issuperset(pair)])
        beyond |= contrary(group, standards, stays or {}, model, judged)
    return grouped(everyone, full, replace(bonds, unlike=frozenset(unlike), contrary=beyond))


def _may_not_link(a: Standard, b: Standard, model: Model) -> bool:
    twins = model.forenames_tell and may_be_twins(a, b, model.borne)
    return twins or (not model.frequencies and rests_on_names(a, b))


def link(
    standards: Mapping[UUID, Standard],
    model: Model,
    bonds: Bonds[UUID],
    progress: Progress = lambda _step: None,
    stays: Mapping[UUID, Sequence[Stay]] | None = None,
) -> Linked:
    """Link everybody: the same pairs, weights and clusters as placing them one by one."""
    ids: Sequence[UUID] = sorted(standards)
    people = [standards[id_] for id_ in ids]
    pairs = candidates(people)
    progress(f"weighing {len(pairs)} pairs of {len(ids)}")
    weighed = weigh(people, pairs, model)
    weights = {(ids[a], ids[b]): weight for a, b, weight in weighed if weight >= NEEDS_A_PERSON_FROM}
    progress(f"clustering {len(weights)} pairs")
    found = partition(ids, weights, standards, model, bonds, stays)
    return Linked(weights, tuple(found.persons), tuple(found.holds), tally(weight for _, _, weight in weighed))
