"""The weights to start with, where there is too little to learn from. Pure.

Round numbers of the size seen in every labelled set that we tried (two made up, two real, one simulated), 2026-11-22.
They link an exact name with an exact birthday and little else; a node trains its own as soon as it can. They do not
know how common a name is, so those who share a name and no more never link by them (``link.py``): a person is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from comity.people.comparisons import Comparison, comparisons
from comity.people.model import Chance, Model

STARTING = "starting weights of 2026-11-22"
# One pair in ten thousand: a person has a handful of records among some tens of thousands.
PRIOR = 1e-4

_CHANCES = {
    "given": {
        "same": (0.9, 3e-3),
        "exchanged or alias": (0.01, 1e-6),
        "two names": (0.005, 1e-3),
        "mistyped": (0.04, 1e-3),
        "near": (0.01, 5e-3),
        "nickname": (0.01, 1e-3),
        "initial": (0.01, 5e-3),
        "different": (0.02, 0.984),
    },
    "middle": {"same": (0.8, 0.02), "initial": (0.1, 0.05), "near": (0.05, 0.01), "different": (0.05, 0.92)},
    "family": {
        "same": (0.9, 1e-3),
        "alias": (0.005, 1e-6),
        "one of two": (0.015, 5e-4),
        "two names": (0.005, 1e-3),
        "mistyped": (0.04, 3e-4),
        "near": (0.01, 2e-3),
        "different": (0.03, 0.995),
    },
    "birth": {
        "same": (0.94, 5e-5),
        "day and month exchanged": (0.005, 3e-5),
        "mistyped": (0.02, 2e-3),
        "1 January of the year": (0.003, 3e-4),
        "another year": (0.004, 2e-3),
        "another day": (0.003, 1e-3),
        "another month": (0.003, 5e-4),
        "different": (0.022, 0.994),
    },
    "sex": {"same": (0.99, 0.6), "different": (0.01, 0.4)},
    "postcode": {"same": (0.6, 2e-3), "mistyped": (0.1, 5e-3), "different": (0.3, 0.993)},
    "address": {"same": (0.4, 5e-4), "most": (0.15, 5e-4), "half": (0.1, 4e-3), "different": (0.35, 0.995)},
    "slips": {
        "none": (0.8, 0.8),
        "one": (0.15, 0.15),
        "two": (0.04, 0.04),
        "all": (0.01, 0.01),
    },  # nothing, until learnt
}
_IDENTIFIER = {
    "same": (0.95, 1e-6),
    "mistyped": (0.02, 1e-5),
    "mistyped twice": (0.005, 3e-4),
    "different": (0.025, 0.999689),
}


def _chances(comparison: Comparison) -> dict[str, Chance]:
    if comparison.name == "agency":  # says nothing until it is learnt
        return {level.name: Chance(1.0, 1.0) for level in comparison.levels[1:]}
    return {level: Chance(m, u) for level, (m, u) in _CHANCES.get(comparison.name, _IDENTIFIER).items()}


def starting(identifiers: Iterable[str], agencies: Iterable[str], now: datetime) -> Model:
    """Return the weights to start with, for these kinds of identifier and these agencies."""
    kinds, known = tuple(sorted(identifiers)), tuple(sorted(agencies))
    return Model(
        version=STARTING,
        trained_at=now,
        library="none",
        prior=PRIOR,
        identifiers=kinds,
        agencies=known,
        chances={comparison.name: _chances(comparison) for comparison in comparisons(kinds, known)},
        frequencies={},
        counts={},
    )
