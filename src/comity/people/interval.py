"""A share estimated from a sample, with the interval that it lies in. Pure; no library is worth a square root.

1. Of one sample: Wilson's score interval (Journal of the American Statistical Association 22, 1927), which holds what
   it promises also near 0 and 1, where links are.
2. Of a stratified one: the weighted sum of the strata's shares; its interval follows from theirs by recovering their
   variances (Zou, Huang and Zhang, Computational Statistics and Data Analysis 53, 2009). A stratum where all agreed
   still counts for what it does not show.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# 95 per cent of a normal distribution lie within so many standard deviations.
Z = 1.959964


@dataclass(frozen=True, slots=True)
class Share:
    """A share between 0 and 1, and the interval of 95 per cent around it."""

    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Stratum:
    """Of so many (``size``), ``asked`` were looked at, and ``right`` of these were right."""

    size: int
    asked: int
    right: int


def wilson(right: int, asked: int, z: float = Z) -> Share:
    """Return the share of ``right`` among ``asked`` (at least one) with Wilson's interval."""
    share, square = right / asked, z * z
    middle = (share + square / (2 * asked)) / (1 + square / asked)
    reach = z * math.sqrt(share * (1 - share) / asked + square / (4 * asked * asked)) / (1 + square / asked)
    return Share(share, max(middle - reach, 0.0), min(middle + reach, 1.0))


def stratified(strata: Sequence[Stratum]) -> Share | None:
    """Return the share over all strata; None as long as one that holds anything was not looked at."""
    filled = [each for each in strata if each.size]
    if not filled or not all(each.asked for each in filled):
        return None
    whole = sum(each.size for each in filled)
    parts = [(each.size / whole, wilson(each.right, each.asked)) for each in filled]
    share = math.fsum(weight * part.share for weight, part in parts)
    below = math.sqrt(math.fsum((weight * (part.share - part.low)) ** 2 for weight, part in parts))
    above = math.sqrt(math.fsum((weight * (part.high - part.share)) ** 2 for weight, part in parts))
    return Share(share, max(share - below, 0.0), min(share + above, 1.0))
