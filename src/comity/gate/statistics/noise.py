"""Noise, by OpenDP: the one place where exact numbers become numbers that may leave.

Rules:

1. Chance is OpenDP's own: its discrete Laplace, sampled exactly from the operating system's randomness. No seed can be
   given, and no floating-point noise is added.
2. The scale is the least whose privacy map, as OpenDP computes it, does not pass what may be spent: the map is asked,
   not trusted to a formula of ours.
3. All the cells of one table are one vector, and get one draw each; so does a cell in which nobody is.
4. Values that nobody names are chosen by noise and a threshold: one that few people have is not in the choice, but
   with a chance of ``delta``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import opendp.prelude as dp

dp.enable_features("contrib")  # reviewed by OpenDP's people, not yet proved by a second: all of its measurements are

_WHOLE: Final = "i64"
_A_LITTLE: Final = 1 + 2.0**-45
_FARTHEST: Final = 1_000_000_000  # a threshold that nobody passes


def loss(measurement: Any, apart: Any) -> Any:
    """Return the privacy loss of a measurement, as OpenDP computes it, of data that lie so far apart."""
    return measurement.map(apart)


def laplace(sensitivity: int, epsilon: Decimal) -> tuple[Any, float]:
    """Return the measurement of a vector that one person changes by ``sensitivity`` in all, and the scale of its noise.

    The privacy loss is at most ``epsilon``.
    """
    space = dp.vector_domain(dp.atom_domain(T=_WHOLE)), dp.l1_distance(T=_WHOLE)
    scale = sensitivity / float(epsilon)
    measurement = dp.m.make_laplace(*space, scale=scale)
    while Decimal(loss(measurement, sensitivity)) > epsilon:
        scale *= _A_LITTLE
        measurement = dp.m.make_laplace(*space, scale=scale)
    return measurement, scale


def noisy(exact: Sequence[int], sensitivity: int, epsilon: Decimal) -> tuple[list[int], float]:
    """Return the numbers with noise, and its scale."""
    measurement, scale = laplace(sensitivity, epsilon)
    return [int(number) for number in measurement(list(exact))], scale


def choice(most: int, epsilon: Decimal, delta: Decimal) -> Any:
    """Return the measurement that chooses values, of which one person has at most ``most``, each counted once.

    The privacy loss is at most ``epsilon``, but for a chance of ``delta``.
    """
    space = (
        dp.map_domain(dp.atom_domain(T=str), dp.atom_domain(T=_WHOLE)),
        dp.l01inf_distance(dp.absolute_distance(T=_WHOLE)),
    )
    scale, apart = most / float(epsilon), (most, most, 1)

    def made(threshold: int) -> Any:
        return dp.m.make_laplace_threshold(*space, scale=scale, threshold=threshold)

    while Decimal(loss(made(_FARTHEST), apart)[0]) > epsilon:
        scale *= _A_LITTLE
    low, high = 1, _FARTHEST
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if Decimal(loss(made(middle), apart)[1]) <= delta else (middle + 1, high)
    return made(low)


def chosen(counts: Mapping[str, int], most: int, epsilon: Decimal, delta: Decimal, at_most: int) -> tuple[str, ...]:
    """Return the values that many people have, in order; of more than ``at_most`` those that most have, with noise."""
    found = choice(most, epsilon, delta)(dict(counts))
    kept = sorted(found, key=lambda value: (-found[value], value))[:at_most]
    return tuple(sorted(kept))
