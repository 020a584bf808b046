"""Look for whom somebody being placed could be, before waiting for this room's lock: others place meanwhile.

1. What is looked up without the lock is as of a turn: each placement has a higher one than those before it, and turns
   are given out under the lock, so that whatever has a lower one is committed.
2. Under the lock only what came since is looked at: whoever was placed, or said anew, in a later turn; whoever left;
   another model, for which everything is looked at again. The result is as if all had been looked at under the lock,
   but for a block that became too large, or ceased to be, meanwhile: it is as large as it was when looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from comity.people import block, store
from comity.people.model import Model
from comity.people.models import Pair, Standard
from comity.people.score import Against
from comity.people.store import QUERIES, Conn, Keyed, Weights


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found up to a turn: the pairs that may matter, by a model (without one, none)."""

    turn: int
    model: Model | None
    weights: Weights


def look(conn: Conn, standards: Mapping[UUID, Standard], keys: Keyed) -> Looked:
    """Score those being placed against whoever shares a key with them."""
    with conn.pipeline():  # the turn first: what is committed between the two is looked at again
        store.plan(conn, len(standards))
        now = conn.execute(QUERIES.turn)
        pairs = conn.execute(QUERIES.candidates, {"keys": keys[0], "ids": keys[1], "largest": block.LARGEST_BLOCK})
    turn, version = now.fetchone() or (0, None)
    if version is None:
        return Looked(turn, None, {})
    model = store.model_of(conn, version)
    return Looked(turn, model, _weighed(conn, standards, pairs.fetchall(), model))


class Again:
    """Ask, under the lock, what came since; made in a pipeline, and read after it."""

    def __init__(self, conn: Conn, before: Looked, standards: Mapping[UUID, Standard], keys: Keyed) -> None:
        """Ask what came since ``before``."""
        self._conn, self._before, self._standards, self._keys = conn, before, standards, keys
        asked = {"turn": before.turn, "keys": keys[0], "ids": keys[1], "largest": block.LARGEST_BLOCK}
        others = list({id_ for pair in before.weights for id_ in pair} - standards.keys())
        self._now = conn.execute(QUERIES.turn)
        self._since = conn.execute(QUERIES.candidates_since, asked)
        self._unchanged = conn.execute(QUERIES.unchanged, {"ids": others, "turn": before.turn}) if others else ()

    def looked(self) -> Looked:
        """Return what is found now."""
        before, standards = self._before, self._standards
        turn, version = self._now.fetchone() or (0, None)
        if version != (before.model.version if before.model else None):
            return look(self._conn, standards, self._keys)
        if before.model is None:
            return before
        still = standards.keys() | {id_ for (id_,) in self._unchanged}
        weights = {pair: weight for pair, weight in before.weights.items() if still.issuperset(pair)}
        return Looked(turn, before.model, weights | _weighed(self._conn, standards, self._since, before.model))


def _weighed(conn: Conn, standards: Mapping[UUID, Standard], pairs: Iterable[Pair], model: Model) -> Weights:
    """Return the weights of the pairs that may matter."""
    found = list(pairs)
    if not found:
        return {}
    others = {id_ for pair in found for id_ in pair} - standards.keys()
    everyone = {**store.standards_of(conn, others), **standards}
    against: dict[UUID, Against] = {}
    weights = {}
    for a, b in found:
        one, other = (a, b) if a in standards else (b, a)
        if one not in against:
            against[one] = Against(everyone[one], model)
        if other in everyone and (weight := against[one].weight(everyone[other])) is not None:
            weights[a, b] = weight
    return weights
