"""What weights learnt field by field get wrong together: slips that come alone, or all at once. Pure.

1. Fields are weighed as if each went wrong by itself. Where whoever typed made one slip and seldom two, that holds two
   slips to be likelier than they are, and one to be rarer; where a form was filled in for somebody else, the contrary.
2. So the pairs are counted by how many of their fields are not the same, each by the probability that it is one person,
   beside what the fields by themselves lead to expect. The ratio of the two is the evidence (a log-linear model's
   interaction, fitted by expectation maximisation: Winkler 1993, "Improved decision rules in the Fellegi-Sunter
   model").
3. More slips never speak for a pair more than fewer do (isotonic regression, pool adjacent violators): a set in which
   nobody was entered twice alike is no reason to doubt those who are.
4. The prior is the one that the probabilities add up to; it is found together with the rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from comity.people.comparisons import SLIPPING, SLIPS
from comity.people.model import Chance, Model

ROUNDS = 25  # it settles in ten or so
# Pairs that what is expected counts for, so that a handful of pairs teaches nothing. 2026-11-26.
TAKEN_ON_TRUST = 20.0
_NAMES = (*SLIPS, "all")


@dataclass(frozen=True, slots=True)
class Pattern:
    """Pairs that are alike: the level that each comparison reached, what rarity adds in bits, and how many they are."""

    levels: Mapping[str, str]
    rarity: float
    pairs: int


def refined(model: Model, patterns: Sequence[Pattern], people: int) -> Model:
    """Return the model with what is learnt of slips, and the prior that goes with it. ``people`` are the records."""
    alone = [model.chances[name]["same"].m for name in SLIPPING]
    expected = _counts([1 - same for same in alone])
    ratios = [1.0] * len(_NAMES)
    for _ in range(ROUNDS):
        found, model = _weighed(model, patterns, ratios, people)
        total = sum(found)
        if total < TAKEN_ON_TRUST:
            return model
        trust = TAKEN_ON_TRUST / total
        shares = [count / total for count in found]
        ratios = [
            (share + trust * usual) / (usual * (1 + trust)) for share, usual in zip(shares, expected, strict=True)
        ]
        ratios = _falling(ratios, expected)
    learnt = {name: Chance(ratio * usual, usual) for name, ratio, usual in zip(_NAMES, ratios, expected, strict=True)}
    return replace(model, chances={**model.chances, "slips": learnt})


def _weighed(
    model: Model, patterns: Sequence[Pattern], ratios: Sequence[float], people: int
) -> tuple[list[float], Model]:
    """Return how many pairs of one person have none, one, two or all slipped; and the model with the prior of these."""
    found, every = dict.fromkeys(_NAMES, 0.0), 0.0
    bits = {name: math.log2(ratio) for name, ratio in zip(_NAMES, ratios, strict=True)}
    for pattern in patterns:
        weight = model.prior_weight + pattern.rarity
        for name, level in pattern.levels.items():
            if name != "slips" and level != "absent":
                weight += model.chances[name][level].weight
        slips = pattern.levels["slips"]
        probability = chance(weight + bits.get(slips, 0.0)) * pattern.pairs
        every += probability
        if slips in found:
            found[slips] += probability
    prior = max(every, 1.0) / (people * (people - 1) / 2)
    return list(found.values()), replace(model, prior=prior)


def chance(weight: float) -> float:
    """Return the probability that a weight in bits stands for."""
    return 1 / (1 + math.exp2(-max(min(weight, 60.0), -60.0)))


def _counts(slipping: Sequence[float]) -> list[float]:
    """Return how likely none, one, two ... of independent events are (Poisson's binomial distribution)."""
    likely = [1.0]
    for each in slipping:
        stay, step = [p * (1 - each) for p in likely], [p * each for p in likely]
        likely = [a + b for a, b in zip([*stay, 0.0], [0.0, *step], strict=True)]
    return [max(p, 1e-9) for p in likely]


def _falling(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Return the nearest values that never rise."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        pool = (value, weight, 1)
        while pools and pools[-1][0] < pool[0]:
            before = pools.pop()
            both = before[1] + pool[1]
            pool = ((before[0] * before[1] + pool[0] * pool[1]) / both, both, before[2] + pool[2])
        pools.append(pool)
    return [value for value, _, number in pools for _ in range(number)]
