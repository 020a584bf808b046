"""The weight of a pair, in plain Python: the same weights as the bulk run, for live linking. Pure.

1. The weight is the prior plus, per comparison, the weight of the level reached and the rarity of a shared value.
2. For the same pair and model it equals Splink's match weight to 0.01 bit (tested on 10,000 pairs).
3. The parts add up to the total: they are the explanation, not a story told afterwards.
4. One against many (:class:`Against`) is the same sum, in another order: what a field is worth is worked out once for
   each value, and whoever cannot reach the bar by what is still to come is given up.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from operator import attrgetter

from comity.people.comparisons import Comparison
from comity.people.model import Model
from comity.people.models import Band, Part, Standard, Weight

# The bands, in bits of log2 odds; fixed on 2026-11-22 for every node and every set of data. The prior is calibrated, so
# the bits are odds: a wrong link is held to be four times as bad as a missed one (four to one is two bits), and pairs
# between four to one for and four to one against are for a person. The average between two groups meets the same bar.
LINKED_FROM = 2.0
NEEDS_A_PERSON_FROM = -2.0
NEVER = float("-inf")  # a bar that nobody fails to reach


def score(a: Standard, b: Standard, model: Model) -> Weight:
    """Return the weight of a pair with the share of each field; symmetric in ``a`` and ``b``."""
    parts = []
    for comparison in model.comparisons:
        level = comparison.level(a, b, model.borne)
        value = getattr(a, level.frequency) if level.frequency else None
        weight, rarity = model.level_weight(comparison, level), model.rarity(comparison, level, value)
        parts.append(Part(comparison.name, level.name, weight, rarity))
    total = model.prior_weight + sum(part.weight + part.rarity for part in parts)
    return Weight(total, model.prior_weight, tuple(parts))


_IDENTIFIER = "identifier "  # what the names of comparisons of numbers begin with
Value = Callable[[Standard], Hashable]
_COSTLY = ("given", "family", "middle", "slips", "address")  # asked last, in this order: most pairs are given up before


class Against:
    """One source person, to be weighed against many. Lives as long as one placement: it remembers what it saw."""

    def __init__(self, one: Standard, model: Model, bar: float = NEEDS_A_PERSON_FROM) -> None:
        """Weigh against ``one``; ``bar``: bits below which a weight is of no interest."""
        self._one, self._model, self._bar = one, model, bar
        telling = [each for each in model.comparisons if each.level(one, one, model.borne).name != "absent"]
        telling.sort(key=lambda each: _COSTLY.index(each.name) if each.name in _COSTLY else -1)
        seen: list[tuple[Comparison, Value, dict[Hashable, float]]] = [(each, _value(each), {}) for each in telling]
        bounds = [self._most(each) for each in telling]
        self._steps = [(*each, sum(bounds[place + 1 :])) for place, each in enumerate(seen)]
        self._prior = model.prior_weight

    def weight(self, other: Standard) -> float | None:
        """Return the weight of the pair in bits, as :func:`score` has it; None if it is below the bar."""
        total, bar = self._prior, self._bar
        for comparison, value, seen, most in self._steps:
            key = value(other)
            worth = seen.get(key)
            if worth is None:
                worth = seen[key] = self._worth(comparison, other)
            total += worth
            if total + most < bar:
                return None
        return total

    def _worth(self, comparison: Comparison, other: Standard) -> float:
        level = comparison.level(self._one, other, self._model.borne)
        value = getattr(self._one, level.frequency) if level.frequency else None
        return self._model.level_weight(comparison, level) + self._model.rarity(comparison, level, value)

    def _most(self, comparison: Comparison) -> float:
        """Return the most bits that a comparison can add."""
        most = 0.0
        for level in comparison.levels:
            value = getattr(self._one, level.frequency) if level.frequency else None
            worth = self._model.level_weight(comparison, level) + self._model.rarity(comparison, level, value)
            most = max(most, worth)
        return most


def _value(comparison: Comparison) -> Value:
    """Return how to read, of a source person, all that a comparison looks at."""
    if comparison.name.startswith(_IDENTIFIER):
        kind = comparison.name.removeprefix(_IDENTIFIER)
        return lambda standard: standard.identifiers.get(kind)
    return attrgetter(*comparison.columns)


def band(weight: float) -> Band:
    """Return what a weight means."""
    if weight >= LINKED_FROM:
        return Band.LINKED
    return Band.NEEDS_A_PERSON if weight >= NEEDS_A_PERSON_FROM else Band.NOT_LINKED
