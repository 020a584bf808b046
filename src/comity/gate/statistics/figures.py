"""From noisy numbers to a table with its bounds. Pure: it sees no exact number, so nothing here costs privacy.

Rules:

1. **Bounds.** A cell's noise is of a known scale: the exact number lies within the bounds with a chance of 95 %. Of a
   sum of cells it is Chernoff's bound, which holds however many they are.
2. **What cannot be is mended.** A count is not negative, nor is a sum of what is not. Of the tables that can be, the
   one that is nearest to the noisy one and has its total is shown; so the cells add up to the total. The bounds stay
   those of the noise, and are widened where the mended number lies outside them.
3. **A mean** is the noisy sum by the noisy count, within the bounds that were named; its own bounds are the extremes of
   both together. Of few people they are as wide as what was named, and say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, log, log1p
from typing import Final

from comity.gate.statistics.models import Figure, Number

ALPHA: Final = 0.05  # the chance with which the exact number lies outside its bounds
_STEPS: Final = 400  # at which Chernoff's bound is tried; between two of them it changes by less than a hundredth
_DIGITS: Final = 2  # of a mean


@dataclass(frozen=True, slots=True)
class Noisy:
    """Numbers with noise of one scale, one for each cell."""

    numbers: Sequence[int]
    scale: float


def radius(scale: float, cells: int = 1, alpha: float = ALPHA) -> int:
    """Return how far the noise of so many cells together goes, but for a chance of ``alpha``."""
    if cells == 1:
        # Of discrete Laplace noise, P(|X| >= t) = 2 p^t / (1 + p) with p = exp(-1/scale), for t from 1.
        fewest = (log(alpha / 2) + log1p(exp(-1 / scale))) * -scale
        return max(ceil(fewest) - 1, 0)
    return ceil(min(_chernoff(scale, cells, alpha, step / _STEPS) for step in range(1, _STEPS)))


def _chernoff(scale: float, cells: int, alpha: float, share: float) -> float:
    """Return the bound that Chernoff's inequality gives at ``share`` of the farthest point at which it holds."""
    at, p = share / scale, exp(-1 / scale)
    generating = 2 * log1p(-p) - log1p(-p * exp(at)) - log1p(-p * exp(-at))
    return (cells * generating + log(2 / alpha)) / at


def counted(names: Sequence[tuple[str, ...]], noisy: Noisy, *, negative: bool = False) -> tuple[list[Figure], Figure]:
    """Return a figure for each cell, and the total. ``negative``: whether a number below nothing can be."""
    shown = list(noisy.numbers) if negative else balanced(noisy.numbers)
    far = radius(noisy.scale)
    figures = [
        _figure(name, number, raw, far, negative=negative)
        for name, number, raw in zip(names, shown, noisy.numbers, strict=True)
    ]
    raw = sum(noisy.numbers)
    return figures, _figure((), sum(shown), raw, radius(noisy.scale, len(names)), negative=negative)


def balanced(numbers: Sequence[int]) -> list[int]:
    """Return the whole numbers from 0 that are nearest to these and have their sum (0 where that is negative)."""
    total = max(sum(numbers), 0)
    over = _over(numbers, total)
    floors = [max(int((number - over) // 1), 0) if number > over else 0 for number in numbers]
    parts = sorted(
        (at for at, number in enumerate(numbers) if number > over),
        key=lambda at: (-((numbers[at] - over) % 1), at),
    )
    for at in parts[: total - sum(floors)]:
        floors[at] += 1
    return floors


def _over(numbers: Sequence[int], total: int) -> float:
    """Return by how much each is lowered, and then cut off at nothing, so that they sum to ``total``."""
    over, running = float(max(numbers, default=0)), 0
    for count, number in enumerate(sorted(numbers, reverse=True), 1):
        running += number
        lowered = (running - total) / count
        if number <= lowered:
            break
        over = lowered
    return over


def means(
    names: Sequence[tuple[str, ...]], rows: Noisy, sums: Noisy, middle: int, within: tuple[int, int]
) -> tuple[list[Figure], Figure]:
    """Return the mean of each cell, and of all; ``sums`` are of what is above ``middle``."""
    far = radius(rows.scale, alpha=ALPHA / 2), radius(sums.scale, alpha=ALPHA / 2)
    figures = [
        _mean(name, number, added, far, middle, within)
        for name, number, added in zip(names, rows.numbers, sums.numbers, strict=True)
    ]
    cells = len(names)
    farther = radius(rows.scale, cells, ALPHA / 2), radius(sums.scale, cells, ALPHA / 2)
    return figures, _mean((), sum(rows.numbers), sum(sums.numbers), farther, middle, within)


def _mean(
    name: tuple[str, ...], rows: int, added: int, far: tuple[int, int], middle: int, within: tuple[int, int]
) -> Figure:
    def held(value: float) -> float:
        return round(min(max(middle + value, within[0]), within[1]), _DIGITS)

    fewest, most = max(rows - far[0], 1), rows + far[0]
    if most < 1:
        return Figure(name, held(0), within[0], within[1], 0)
    ends = [(added + sign * far[1]) / of for sign in (-1, 1) for of in (fewest, most)]
    mean = held(added / max(rows, 1))
    return Figure(name, mean, min(held(min(ends)), mean), max(held(max(ends)), mean), max(rows, 0))


def _figure(name: tuple[str, ...], number: int, raw: int, far: int, *, negative: bool) -> Figure:
    low: Number = raw - far
    high: Number = raw + far
    if not negative:
        low, high = max(low, 0), max(raw, 0) + far  # drawn below nothing, it is as uncertain as nothing
    return Figure(name, number, min(low, number), max(high, number))
