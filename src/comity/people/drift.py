"""Whether the pairs that are scored now are spread as those were that the model was trained on. Pure.

1. The measure is the population stability index: the sum over bins of (now - then) ln(now / then), the shares of pairs
   in each. Below 0.1 it is called little, from 0.25 much (Siddiqi, Credit Risk Scorecards, 2006).
2. Bins hold a tenth each of the pairs of then, as near as whole bits allow, so that none of them is nearly empty.
3. Chance alone makes it about (bins - 1) (1/now + 1/then) (Yurdakul and Naranjo, Journal of Risk Model Validation 14,
   2020): that much is taken off, and of fewer than :data:`LEAST` pairs nothing is said.
4. Only pairs are compared that are kept: from the band that needs a person up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from comity.people.score import NEEDS_A_PERSON_FROM

LITTLE, MUCH = 0.1, 0.25
BINS = 10
# Pairs scored since, of which something can be said: twenty in each bin. 2026-11-26.
LEAST = 200
# Share of a pair that an empty bin counts as, so that no logarithm is infinite. 2026-11-26.
HALF_A_PAIR = 0.5


class Drifted(StrEnum):
    """How far the weights have moved."""

    TOO_FEW = "too few"
    LITTLE = "little"
    SOME = "some"
    MUCH = "much"


@dataclass(frozen=True, slots=True)
class Bin:
    """Pairs between two whole bits (from the first, below the second): their shares then and now."""

    low: int
    high: int
    then: float
    now: float


@dataclass(frozen=True, slots=True)
class Drift:
    """How far weights have moved; ``index`` is None where too few were scored since."""

    verdict: Drifted
    index: float | None
    scored: int  # pairs scored since
    bins: tuple[Bin, ...]


def drift(then: Mapping[int, int], now: Mapping[int, int]) -> Drift:
    """Compare two tallies of pairs per whole bit."""
    then, now = _kept(then), _kept(now)
    before, since = sum(then.values()), sum(now.values())
    if not before or since < LEAST:
        return Drift(Drifted.TOO_FEW, None, since, ())
    edges = _edges(then, now)
    bins = []
    for low, high in pairwise(edges):
        counts = [sum(n for bit, n in of.items() if low <= bit < high) for of in (then, now)]
        bins.append(Bin(low, high, counts[0] / before, counts[1] / since))
    by_chance = (len(bins) - 1) * (1 / before + 1 / since)
    index = max(math.fsum(_share(each, before, since) for each in bins) - by_chance, 0.0)
    verdict = Drifted.LITTLE if index < LITTLE else Drifted.SOME if index < MUCH else Drifted.MUCH
    return Drift(verdict, index, since, tuple(bins))


def _kept(bits: Mapping[int, int]) -> dict[int, int]:
    return {bit: n for bit, n in bits.items() if bit >= math.floor(NEEDS_A_PERSON_FROM)}


def _edges(then: Mapping[int, int], now: Mapping[int, int]) -> Sequence[int]:
    """Return the bits that part the pairs of then into tenths; the outermost take in whatever came since."""
    tenth, passed, edges = sum(then.values()) / BINS, 0, [min(*then, *now)]
    for bit in sorted(then):
        passed += then[bit]
        if passed >= tenth * len(edges) and len(edges) < BINS:
            edges.append(bit + 1)
    last = max(*then, *now) + 1
    return [*(edge for edge in edges if edge < last), last]


def _share(each: Bin, before: int, since: int) -> float:
    then, now = max(each.then, HALF_A_PAIR / before), max(each.now, HALF_A_PAIR / since)
    return (now - then) * math.log(now / then)
