"""How weights are spread: counted while pairs are weighed, kept with a model, compared later. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from comity.people.score import band

# Weights are counted per bit; what lies further out is counted at the edge: it is certain either way. 2026-11-26.
LOWEST, HIGHEST = -40, 60


@dataclass(frozen=True, slots=True)
class Tally:
    """Of the pairs that were weighed: how many per band, how many of them are expected to be one, and per bit."""

    pairs: int
    bands: Mapping[str, int]
    expected: Mapping[str, float]
    bits: Mapping[int, int]


def probability(weight: float) -> float:
    """Return the probability that a pair of this weight is one person: the prior is calibrated, so bits are odds."""
    return 1 / (1 + math.exp2(-max(min(weight, HIGHEST), LOWEST)))


def bit(weight: float) -> int:
    """Return the whole bit that a weight is counted under."""
    return max(min(math.floor(weight), HIGHEST), LOWEST)


def tally(weights: Iterable[float]) -> Tally:
    """Count weights."""
    bands: Counter[str] = Counter()
    expected: dict[str, list[float]] = {}
    bits: Counter[int] = Counter()
    for weight in weights:
        name = band(weight).value
        bands[name] += 1
        expected.setdefault(name, []).append(probability(weight))
        bits[bit(weight)] += 1
    sums = {name: math.fsum(each) for name, each in expected.items()}  # the same in whatever order they came
    return Tally(bands.total(), dict(bands), sums, dict(sorted(bits.items())))


def counted(bits: Iterable[tuple[int, int, float]]) -> Tally:
    """Return the same from what a database has counted: whole bits, their pairs, and how many of these should be one.

    The bands begin at whole bits, so a bit is within one of them.
    """
    bands: Counter[str] = Counter()
    expected: dict[str, float] = {}
    spread: dict[int, int] = {}
    for bit_, pairs, ones in bits:
        name = band(bit_).value
        bands[name] += pairs
        expected[name] = expected.get(name, 0.0) + ones
        spread[bit_] = spread.get(bit_, 0) + pairs
    return Tally(bands.total(), dict(bands), dict(expected), spread)
