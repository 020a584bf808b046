"""Labels asked of a person: which pairs to ask about, and what the answers teach. Pure, given what chance draws.

1. Whoever answers sees the two records and not the weight. Pairs are drawn evenly over the range where a weight decides
   anything, so that most answers teach something; neither very likely nor very unlikely pairs are asked about.
2. The answers move the prior and no more: one number, which a few hundred of them can bear. It is the shift of the
   weights under which the answers are likeliest (logistic regression with slope one), held near none by what was learnt
   without them (a normal distribution about none, :data:`DOUBT` bits wide).
3. A threshold never moves. Two bits are four to one, before and after.
4. What is learnt must be clearly better, or nothing is: it explains better the answers that it was not learnt from, and
   puts the pairs asked about together and apart better, a wrong link counted as four missed ones; both by more than
   their standard error. A pair is not linked by its weight alone, but by the company that it keeps: what explains the
   weights better may part persons that were right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from statistics import pstdev

from comity.people.model import Model
from comity.people.models import Pair
from comity.people.refine import chance
from comity.people.score import LINKED_FROM

# Bits on either side of nothing within which a weight is worth asking about. 2026-11-26.
REACH = 12.0
_BINS = 24
SETTLED = 1e-9  # bits
# Bits by which what was learnt without labels is thought to be out. 2026-11-26.
DOUBT = 2.0
# Parts that the answers are cut into; each is explained by what the others teach.
FOLDS = 10


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


def taught(model: Model, answers: Sequence[tuple[float, bool]], together: Callable[[Model], Sequence[bool]]) -> Model:
    """Return the model with the prior that the answers bear out, or as it is if that is not clearly better.

    Of each answer a weight under ``model``, and whether it is one human being. Whatever was asked about is as good as
    any other: the pairs were drawn by weight, and what is learnt is what a weight is worth. ``together`` tells of each,
    in their order, whether it is in one person where everybody is linked by a model.
    """
    if not _is_clear(explained(answers)):
        return model
    odds = math.exp2(model.prior_weight + shift(answers))
    moved = replace(model, prior=odds / (1 + odds))
    same = [one for _, one in answers]
    return moved if _is_clear(saved(same, together(model), together(moved))) else model


def shift(answers: Sequence[tuple[float, bool]]) -> float:
    """Return by how many bits all weights would move for the answers to be likeliest."""
    found, scale = 0.0, math.log(2)
    for _ in range(50):  # Newton's method; concave, so a handful will do
        slope, curve = -found / DOUBT**2, -1 / DOUBT**2
        for weight, same in answers:
            p = chance(weight + found)
            slope += scale * (same - p)
            curve -= scale**2 * p * (1 - p)
        step = slope / curve
        found -= step
        if abs(step) < SETTLED:
            break
    return found


def explained(answers: Sequence[tuple[float, bool]]) -> list[float]:
    """Return for each answer how many bits likelier it is under a shift that was learnt from others alone."""
    gains = []
    for fold in range(FOLDS):
        moved = shift([it for place, it in enumerate(answers) if place % FOLDS != fold])
        gains += [_said(weight + moved, same) - _said(weight, same) for weight, same in answers[fold::FOLDS]]
    return gains


def saved(same: Sequence[bool], before: Sequence[bool], after: Sequence[bool]) -> list[float]:
    """Return for each answer what linking otherwise saves: a missed link costs one, a wrong one four."""
    gains = zip(same, before, after, strict=True)
    return [(then - now) * (1.0 if one else -math.exp2(LINKED_FROM)) for one, now, then in gains]


def _said(weight: float, same: bool) -> float:
    return -math.log2(1 + math.exp2(-weight if same else weight))


def _is_clear(gains: Sequence[float]) -> bool:
    """Whether gains add up to more than their standard error."""
    return len(gains) > 1 and sum(gains) > pstdev(gains) * math.sqrt(len(gains))
