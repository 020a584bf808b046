"""The periods of a privacy budget, and which of two budgets may tell more. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Final

from comity.agreements.meaning import day
from comity.agreements.models import PrivacyBudget, Today, Unit

_UNITS: Final = {"Y": Unit.YEARS, "M": Unit.MONTHS, "W": Unit.WEEKS, "D": Unit.DAYS}
_ANY_DAY: Final = date(2001, 1, 1)  # periods are compared from the first day of a year that is not a leap year


@dataclass(frozen=True, slots=True)
class Period:
    """The days of one period: from ``starts``, to the day before ``ends``."""

    starts: date
    ends: date


def period(per: str, first: date, today: date) -> Period:
    """Return the period in which ``today`` lies, of those of length ``per`` that begin on ``first``.

    ``today`` is not before ``first``. The n-th begins n lengths after the first, so that months of different length do
    not make it wander.
    """
    starts = first
    for ends in _ends(per, first):
        if today < ends:
            return Period(starts, ends)
        starts = ends
    raise RuntimeError("a period has an end")


def spends_more(before: PrivacyBudget, after: PrivacyBudget) -> bool:
    """Return whether a budget may tell more of anybody: it is larger, or comes back sooner."""
    sooner = _after(after.per, _ANY_DAY, 1) < _after(before.per, _ANY_DAY, 1)
    return after.epsilon > before.epsilon or after.delta > before.delta or sooner


def _ends(per: str, first: date) -> Iterator[date]:
    return (_after(per, first, number) for number in count(1))


def _after(per: str, first: date, times: int) -> date:
    moved = first
    for number, unit in re.findall(r"(\d+)([YMWD])", per):
        moved = day(Today(int(number) * times, _UNITS[unit]), moved)
    return moved
