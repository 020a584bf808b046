"""What a model is worth on the people whom it was trained on, without anybody's labels. Pure.

1. *Expected precision and recall of links*: the prior is calibrated, so the probabilities of pairs add up to how many
   are one person: within persons, over all their pairs; left out, between persons and below the bands.
2. *Blocking by itself*: of the pairs within persons, the share that shared a key; and how many blocking missed, by
   capture and recapture: each kind of key is a list, and from the pairs that only one list caught, and those that two
   did, follow those that none did (Chao, Biometrics 43, 1987: f1 (f1 - 1) / 2 (f2 + 1)). Lists that catch the same
   pairs make it say too few. Between the four agencies of a real county it said 99.963 % where 99.96 % was true.
3. Blocking's own misses are counted in the expected recall: what was never looked at was not linked.
4. It names nobody: counts and shares.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any
from uuid import UUID

from comity.people import block
from comity.people.cluster import Bonds
from comity.people.link import Linked
from comity.people.model import Model
from comity.people.models import Standard
from comity.people.score import score
from comity.people.tally import probability


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a model was measured at. Shares are between 0 and 1; None where there was nothing to take a share of."""

    source_persons: int
    persons: int
    pairs: int  # that blocking found
    held: int
    bands: Mapping[str, int]
    precision: float | None  # expected, of the pairs within persons
    recall: float | None  # expected, of the pairs that are one human being
    found: float | None  # of the pairs within persons, the share that blocking found
    blocking: float | None  # estimated, of the pairs that are one human being, the share that blocking found
    sizes: Mapping[int, int]  # records of a person -> persons
    bits: Mapping[int, int]  # whole bits of weight -> pairs

    def as_json(self) -> dict[str, Any]:
        """Return it as values that JSON can hold."""
        of = {name: {str(key): n for key, n in getattr(self, name).items()} for name in ("bands", "sizes", "bits")}
        return asdict(self) | of


def from_json(stored: Mapping[str, Any]) -> Evaluation:
    """Return the evaluation that :meth:`Evaluation.as_json` wrote."""
    numbered = {name: {int(key): n for key, n in stored[name].items()} for name in ("sizes", "bits")}
    return Evaluation(**{**stored, **numbered})


def evaluate(
    standards: Mapping[UUID, Standard], model: Model, linked: Linked, bonds: Bonds[UUID] | None = None
) -> Evaluation:
    """Return what ``model`` is worth, given what it linked; what people judged to be two is no link missed."""
    apart_for_sure = bonds.different if bonds else frozenset()
    crowded = _crowded(standards)
    within = _within(standards, model, linked)
    together = math.fsum(map(probability, within.values()))
    where = {id_: place for place, person in enumerate(linked.clusters) for id_ in person}
    apart = [
        probability(weight)
        for (a, b), weight in linked.weights.items()
        if where[a] != where[b] and (a, b) not in apart_for_sure
    ]
    caught = _caught(standards, linked.weights, crowded)
    missed = _missed(caught)
    left = math.fsum(apart) + linked.tally.expected.get("not linked", 0.0) + missed
    looked_at = math.fsum(caught.values())
    return Evaluation(
        source_persons=len(standards),
        persons=len(linked.clusters),
        pairs=linked.tally.pairs,
        held=len(linked.holds),
        bands=linked.tally.bands,
        precision=together / len(within) if within else None,
        recall=together / (together + left) if within else None,
        found=_found(standards, list(within), crowded),
        blocking=looked_at / (looked_at + missed) if looked_at else None,
        sizes=dict(sorted(Counter(len(person) for person in linked.clusters).items())),
        bits=linked.tally.bits,
    )


def _within(standards: Mapping[UUID, Standard], model: Model, linked: Linked) -> dict[tuple[UUID, UUID], float]:
    """Return the weight of every pair within a person; those that blocking did not find are scored here."""
    pairs = [pair for person in linked.clusters for pair in combinations(sorted(person), 2)]
    known = linked.weights
    return {
        (a, b): known[a, b] if (a, b) in known else score(standards[a], standards[b], model).total for a, b in pairs
    }


def _kinds(a: Standard, b: Standard, crowded: frozenset[str]) -> set[str]:
    """Return the kinds of key that two share."""
    return {key.split("|", 1)[0] for key in (block.keys(a) & block.keys(b)) - crowded}


def _crowded(standards: Mapping[UUID, Standard]) -> frozenset[str]:
    """Return the keys that too many share: blocking passes them over."""
    shared = Counter(key for standard in standards.values() for key in block.keys(standard))
    return frozenset(key for key, n in shared.items() if n > block.LARGEST_BLOCK)


def _caught(
    standards: Mapping[UUID, Standard], weights: Mapping[tuple[UUID, UUID], float], crowded: frozenset[str]
) -> dict[int, float]:
    """Return how many pairs of one person are expected among those that so many kinds of key caught."""
    sums: dict[int, list[float]] = {}
    for (a, b), weight in weights.items():
        kinds = len(_kinds(standards[a], standards[b], crowded))
        sums.setdefault(kinds, []).append(probability(weight))
    return {kinds: math.fsum(each) for kinds, each in sums.items()}


def _missed(caught: Mapping[int, float]) -> float:
    once, twice = caught.get(1, 0.0), caught.get(2, 0.0)
    return max(once * (once - 1), 0.0) / (2 * (twice + 1))


def _found(
    standards: Mapping[UUID, Standard], pairs: Sequence[tuple[UUID, UUID]], crowded: frozenset[str]
) -> float | None:
    found = sum(bool(_kinds(standards[a], standards[b], crowded)) for a, b in pairs)
    return found / len(pairs) if pairs else None
