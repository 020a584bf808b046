"""Labels asked of a person: which pairs to ask about, and what the answers teach. Pure, given what chance draws.

1. Whoever answers sees the two records and not the weight. Pairs are drawn evenly over the range where a weight decides
   anything, so that most answers teach something; neither very likely nor very unlikely pairs are asked about.
2. The answers move the prior and no more: one number, which a few hundred of them can bear. It is the shift of the
   weights under which the answers are likeliest (logistic regression with slope one), held near none by what was learnt
   without them (a normal distribution about none, :data:`DOUBT` bits wide).
3. A threshold never moves. Two bits are four to one, before and after.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from comity.people.model import Model
from comity.people.models import Pair
from comity.people.refine import chance

# Bits on either side of nothing within which a weight is worth asking about. 2026-11-26.
REACH = 12.0
_BINS = 24
SETTLED = 1e-9  # bits
# Bits by which what was learnt without labels is thought to be out. 2026-11-26.
DOUBT = 2.0


def to_ask(weights: Mapping[Pair, float], number: int, seed: int) -> list[Pair]:
    """Return at most ``number`` pairs to ask a person about, in an order that tells nothing of their weights."""
    drawn, random = list[Pair](), Random(seed)  # noqa: S311 - a sample, no secret
    bins: dict[int, list[Pair]] = {}
    for pair, weight in sorted(weights.items()):
        if abs(weight) < REACH:
            bins.setdefault(math.floor(weight * _BINS / (2 * REACH)), []).append(pair)
    for pairs in bins.values():
        random.shuffle(pairs)
    while len(drawn) < number and bins:
        for place in sorted(bins):
            drawn.append(bins[place].pop())
            if not bins[place]:
                del bins[place]
    random.shuffle(drawn)
    return drawn[:number]


def taught(model: Model, answers: Sequence[tuple[float, bool]]) -> Model:
    """Return the model with the prior that the answers bear out: each a weight under ``model``, and whether it is one.

    Whatever was asked about is as good as any other: the pairs were drawn by weight, and what is learnt is what a
    weight is worth.
    """
    shift, scale = 0.0, math.log(2)
    for _ in range(50):  # Newton's method; concave, so a handful will do
        slope, curve = -shift / DOUBT**2, -1 / DOUBT**2
        for weight, same in answers:
            p = chance(weight + shift)
            slope += scale * (same - p)
            curve -= scale**2 * p * (1 - p)
        step = slope / curve
        shift -= step
        if abs(step) < SETTLED:
            break
    odds = math.exp2(model.prior_weight + shift)
    return replace(model, prior=odds / (1 + odds))
