"""The trained weights: a frozen, dated, versioned artefact that reads and writes as JSON. Pure.

1. A model is never edited; training again makes another, with another version.
2. It holds everything that the weight of a pair depends on: probabilities per level, the prior, how common names are.
3. No weight is infinite: a probability of nothing is refused.
4. Frequencies are of *people*, not of records: somebody arrested eleven times does not make their name common.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from comity.people.comparisons import Comparison, Level, comparisons
from comity.people.errors import ModelError

# A name that one in two thousand people bears, and more than one, is no typing error. 2026-11-22.
KNOWN_NAME = 5e-4
# A forename that is another's altogether in more than one of so many pairs of one person tells nobody from their twin:
# seen in made-up sets alone (0.11 and 0.16; below 0.03 in those of people). 2026-11-26.
UNRELIABLE_FORENAMES = 0.08
# Shape of the JSON below.
FORMAT = 2


@dataclass(frozen=True, slots=True)
class Chance:
    """How often a level holds among pairs that are one person (``m``) and among pairs that are two (``u``)."""

    m: float
    u: float

    @property
    def weight(self) -> float:
        """Return the evidence of the level in bits."""
        return math.log2(self.m / self.u)


@dataclass(frozen=True, slots=True)
class Frequencies:
    """How common each value of one column is among people. Values seen once are not kept: they have ``rarest``."""

    shares: Mapping[str, float]
    rarest: float

    def share(self, value: str | None) -> float:
        """Return the share of people with ``value``; an unheard-of one is as rare as the rarest."""
        return self.shares.get(value or "", self.rarest)


@dataclass(frozen=True, slots=True)
class Model:
    """Trained weights. ``prior`` is the probability that two source persons taken at random are one person."""

    version: str
    trained_at: datetime
    library: str
    prior: float
    identifiers: tuple[str, ...]
    agencies: tuple[str, ...]
    chances: Mapping[str, Mapping[str, Chance]]  # comparison -> level
    frequencies: Mapping[str, Frequencies]  # column
    counts: Mapping[str, int] = field(default_factory=dict)  # what it was trained on
    comparisons: tuple[Comparison, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Fix what is compared: it follows from the kinds and the agencies."""
        object.__setattr__(self, "comparisons", comparisons(self.identifiers, self.agencies))
        missing = [
            f"{comparison.name}: {level.name}"
            for comparison in self.comparisons
            for level in comparison.levels[1:]
            if level.name not in self.chances.get(comparison.name, {})
        ]
        none = [c for c, levels in self.chances.items() if any(min(x.m, x.u) <= 0 for x in levels.values())]
        if none:
            raise ModelError(f"model {self.version}: a probability of nothing in {', '.join(none)}; train again")
        if missing:
            raise ModelError(f"model {self.version}: no probabilities for {', '.join(missing)}; train again")

    @property
    def prior_weight(self) -> float:
        """Return the prior in bits, as log2 of the odds."""
        return math.log2(self.prior / (1 - self.prior))

    def level_weight(self, comparison: Comparison, level: Level) -> float:
        """Return a level's weight in bits; *absent*, the first, has none."""
        return 0.0 if level is comparison.levels[0] else self.chances[comparison.name][level.name].weight

    def rarity(self, comparison: Comparison, level: Level, value: str | None) -> float:
        """Return what a shared value's rarity adds to its level's weight, in bits (negative for a common one)."""
        if level.frequency is None or level.frequency not in self.frequencies:
            return 0.0
        usual = self.chances[comparison.name][level.name].u
        return math.log2(usual / self.frequencies[level.frequency].share(value))

    def borne(self, column: str, name: str | None) -> bool:
        """Return whether a given or a family name is one that people bear, and no typing error."""
        return column in self.frequencies and self.frequencies[column].shares.get(name or "", 0.0) >= KNOWN_NAME

    def borne_names(self, column: str) -> frozenset[str]:
        """Return the given or family names of which :meth:`borne` says so."""
        known = self.frequencies[column].shares if column in self.frequencies else {}
        return frozenset(name for name, share in known.items() if share >= KNOWN_NAME)

    @property
    def forenames_tell(self) -> bool:
        """Return whether a forename tells one twin from the other here: not where forenames are often another's."""
        return self.chances["given"]["different"].m < UNRELIABLE_FORENAMES

    def as_json(self) -> dict[str, Any]:
        """Return the model as values that JSON can hold."""
        return {
            "format": FORMAT,
            "version": self.version,
            "trained_at": self.trained_at.isoformat(),
            "library": self.library,
            "prior": self.prior,
            "identifiers": list(self.identifiers),
            "agencies": list(self.agencies),
            "chances": {c: {n: [x.m, x.u] for n, x in levels.items()} for c, levels in self.chances.items()},
            "frequencies": {c: {"rarest": f.rarest, "shares": dict(f.shares)} for c, f in self.frequencies.items()},
            "counts": dict(self.counts),
        }


def from_json(stored: Mapping[str, Any]) -> Model:
    """Return the model that :meth:`Model.as_json` wrote.

    Raises:
        ModelError: it is of another format, or incomplete.
    """
    if stored.get("format") != FORMAT:
        raise ModelError(f"model: format {stored.get('format')!r} is not {FORMAT}; train again with this version")
    try:
        return Model(
            version=stored["version"],
            trained_at=datetime.fromisoformat(stored["trained_at"]),
            library=stored["library"],
            prior=stored["prior"],
            identifiers=tuple(stored["identifiers"]),
            agencies=tuple(stored["agencies"]),
            chances={c: {n: Chance(m, u) for n, (m, u) in levels.items()} for c, levels in stored["chances"].items()},
            frequencies={
                c: Frequencies(MappingProxyType(f["shares"]), f["rarest"]) for c, f in stored["frequencies"].items()
            },
            counts=stored["counts"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError("model: incomplete; train again") from error
