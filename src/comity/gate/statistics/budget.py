"""Which period an agreement's budget is in, and whether an answer may be paid from it. Pure.

Rules:

1. The budget is that of the agreement's *name*. Periods follow one another without a gap from the first one that was
   opened, whatever a later version says of its days: a new version fills nothing.
2. A larger budget counts from the next period, a smaller one at once: what may be spent is the least of what was said
   when the period was opened and what is said now.
3. Losses add up, as they do for any questions, also ones that depend on earlier answers (sequential composition: Dwork
   and Roth, *The Algorithmic Foundations of Differential Privacy*, theorem 3.16).
4. ``delta`` is spent in step with ``epsilon``, and only by an answer whose values had to be chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

from comity.agreements import Agreement
from comity.agreements.budget import period
from comity.agreements.models import PrivacyBudget
from comity.gate.models import SMALLEST_EPSILON, Statistic
from comity.gate.statistics.models import Left

SHARE: Final = 10  # of a period's budget an answer spends a tenth, if nobody says otherwise
_DELTA_DIGITS: Final = Decimal(1).scaleb(-20)


def price(asks: Statistic, budget: PrivacyBudget) -> Decimal:
    """Return the epsilon that an answer spends."""
    if asks.epsilon is not None:
        return asks.epsilon
    return max((budget.epsilon / SHARE).quantize(SMALLEST_EPSILON, ROUND_DOWN), SMALLEST_EPSILON).normalize()


def delta_of(epsilon: Decimal, budget: PrivacyBudget) -> Decimal:
    """Return the delta that goes with an answer's epsilon where values have to be chosen."""
    return (budget.delta * epsilon / budget.epsilon).quantize(_DELTA_DIGITS, ROUND_DOWN)


def due(agreement: Agreement, budget: PrivacyBudget, latest: Sequence[Any] | None, today: date) -> Left:
    """Return the period of today as it is, or as it would be opened; ``latest`` is the last row that was kept."""
    if latest is not None:
        starts, ends, epsilon, delta, epsilon_spent, delta_spent = latest
        if today < ends:
            limits = min(epsilon, budget.epsilon), min(delta, budget.delta)
            return Left(agreement.name, starts, ends, *limits, epsilon_spent, delta_spent)
    first = latest[1] if latest is not None else agreement.in_force.start
    found = period(budget.per, first, today)
    return Left(agreement.name, found.starts, found.ends, budget.epsilon, budget.delta, Decimal(0), Decimal(0))


def affords(left: Left, epsilon: Decimal, delta: Decimal) -> bool:
    """Return whether an answer of this price may be given."""
    return left.epsilon_spent + epsilon <= left.epsilon and left.delta_spent + delta <= left.delta
