"""How often each level holds within one person: expectation maximisation over counted pairs, without a label. Pure.

1. Pairs are learnt from in sessions, each of pairs that share some columns; what is compared of these columns is learnt
   in another session, where it is not the same in every pair.
2. Pairs that reached the same levels, and whose rarity is the same, are counted once: a session of a million pairs is
   some thousand patterns, and a step over them takes a fraction of a second (Fellegi and Sunter learn from these counts
   alone; Winkler 1988, "Using the EM algorithm for weight computation in the Fellegi-Sunter model of record linkage").
3. Chances among strangers are known beforehand and stay as they are. The share of pairs that are one person is each
   session's own, and is forgotten with it: the model's prior is found otherwise (``train.py``).
4. A level that no pair reached is left out. One that only strangers reach shrinks with every step and stays above
   nothing.
5. The steps, the values to begin with and when to stop are Splink's, so that the outcome is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from comity.people.comparisons import Comparison
from comity.people.model import Model
from comity.people.refine import Pattern, chance

STEPS, SETTLED = 25, 1e-4  # Splink's own
_AT_FIRST = 0.95  # that the likest level holds; the others share what is left
_LEAST = 1e-12
# Bits of a pattern that will never count: with the values to begin with it is one person once in a billion. 2026-11-26.
_HOPELESS = -30.0

Learnt = dict[str, dict[str, float]]  # comparison -> level


@dataclass(frozen=True, slots=True)
class Session:
    """Pairs that share these columns, by the levels that they reach."""

    shared: tuple[str, ...]
    patterns: Sequence[Pattern]


def learning(compared: Sequence[Comparison], shared: Sequence[str]) -> list[Comparison]:
    """Return what can be learnt from pairs that share these columns."""
    return [comparison for comparison in compared if not set(shared) & set(comparison.columns)]


def within_one(model: Model, compared: Sequence[Comparison], sessions: Sequence[Session]) -> Learnt:
    """Return how often each level holds within one person: the mean of the sessions in which it was seen."""
    begun = {comparison.name: _at_first(comparison) for comparison in compared}
    found: dict[str, dict[str, list[float]]] = {comparison.name: {} for comparison in compared}
    for session in sessions:
        known = {name: begun[name] | _means(found[name]) for name in begun}
        learnt = _session(model, learning(compared, session.shared), session, known)
        for name, levels in learnt.items():
            for level, m in levels.items():
                found[name].setdefault(level, []).append(m)
    return {name: _means(levels) for name, levels in found.items()}


def _at_first(comparison: Comparison) -> dict[str, float]:
    likest, *others = comparison.levels[1:]
    rest = (1 - _AT_FIRST) / max(len(others), 1)
    return {likest.name: _AT_FIRST} | {level.name: rest for level in others}


def _means(levels: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {level: fmean(values) for level, values in levels.items()}


def _session(model: Model, compared: Sequence[Comparison], session: Session, known: Learnt) -> Learnt:
    levels = [(comparison.name, level.name) for comparison in compared for level in comparison.levels[1:]]
    place = {level: position for position, level in enumerate(levels)}
    u = [model.chances[name][level].u for name, level in levels]
    m = [known[name][level] for name, level in levels]
    counted = [
        (x.rarity, x.pairs, [place[each] for each in x.levels.items() if each in place]) for x in session.patterns
    ]
    pairs = sum(number for _, number, _ in counted)
    prior = model.prior_weight + sum(math.log2(known[n]["same"] / model.chances[n]["same"].u) for n in session.shared)
    seen = {position for _, _, reached in counted for position in reached}
    hopeful = [x for x in counted if prior + x[0] + sum(math.log2(m[i] / u[i]) for i in x[2]) > _HOPELESS]
    for _ in range(STEPS):
        bits = [math.log2(one / two) for one, two in zip(m, u, strict=True)]
        ones, every = [0.0] * len(levels), 0.0
        for rarity, number, reached in hopeful:
            probability = number * chance(prior + rarity + sum([bits[i] for i in reached]))
            every += probability
            for i in reached:
                ones[i] += probability
        m, before = _shares(levels, ones), m
        share = min(max(every / pairs, _LEAST), 1 - _LEAST)
        prior = math.log2(share / (1 - share))
        if max(abs(m[i] - before[i]) for i in seen) < SETTLED:
            break
    learnt: Learnt = {}
    for position in sorted(seen):
        name, level = levels[position]
        learnt.setdefault(name, {})[level] = m[position]
    return learnt


def _shares(levels: Sequence[tuple[str, str]], ones: Sequence[float]) -> list[float]:
    """Return of each level the share that it has of what its comparison found; never nothing."""
    totals: dict[str, float] = {}
    for (name, _), found in zip(levels, ones, strict=True):
        totals[name] = totals.get(name, 0.0) + found
    return [
        max(found / totals[name], _LEAST) if totals[name] else _LEAST
        for (name, _), found in zip(levels, ones, strict=True)
    ]
