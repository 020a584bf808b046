"""A new model is proposed, shows what it would change, and is put in force by a person; so is going back to an old one.

1. Proposing changes nobody's person: it keeps the model, what it was measured at, and what it would change.
2. It holds nobody up: people are read at once, and placed by the model in force while the new one is being trained.
3. Whoever puts a model in force has everybody linked again by it in the same transaction (the caller's).
4. Nothing of a proposal names anybody but by id, and erasure takes those.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from comity.people import holds, store
from comity.people.cluster import Bonds
from comity.people.effects import Effects, Example, State, effects
from comity.people.errors import NothingToLearnError, UnknownModelError
from comity.people.evaluate import evaluate
from comity.people.link import Linked, link
from comity.people.model import Model
from comity.people.models import KeptModel, Standard
from comity.people.reconcile import assign
from comity.people.relink import Progress, is_starting, trained
from comity.people.score import score
from comity.people.store import QUERIES, Conn


def propose(conn: Conn, now: datetime, progress: Progress = lambda _step: None) -> tuple[str, Effects]:
    """Train a model on everybody, keep it, and return its version and what it would change. Nobody moves.

    Raises:
        NothingToLearnError: there are too few people, or nothing that they share.
    """
    progress("reading")
    standards, bonds, stays = store.everybody(conn), store.bonds_of(conn), holds.all_stays(conn)
    before = State(store.memberships(conn), store.all_edges(conn), holds.pairs(conn))
    model = trained(standards, now, progress)
    if is_starting(model):
        raise NothingToLearnError("model: there are too few people here to learn from, or nothing that they share")
    linked = link(standards, model, bonds, progress, stays)
    found, examples = _compared(conn, before, linked, bonds, standards, model)
    measured = {"evaluation": evaluate(standards, model, linked, bonds).as_json(), "effects": found.as_json()}
    store.keep_model(conn, model, measured)
    _keep_examples(conn, model.version, examples)
    return model.version, found


def _compared(
    conn: Conn,
    before: State,
    linked: Linked,
    bonds: Bonds[UUID],
    standards: Mapping[UUID, Standard],
    model: Model,
) -> tuple[Effects, list[Example]]:
    held = {id_: person for id_, person in before.persons.items() if isinstance(person, UUID) and id_ in standards}
    persons = assign(linked.clusters, held, store.past(conn, standards), uuid4).persons
    after = State(persons, linked.weights, frozenset((hold.a, hold.b) for hold in linked.holds))
    judged = {
        (a, b): score(standards[a], standards[b], model).total
        for a, b in bonds.same | bonds.different
        if a in standards and b in standards
    }
    moved = sum(person != persons[id_] for id_, person in held.items())
    return effects(before, after, bonds, judged, moved)


def _keep_examples(conn: Conn, version: str, examples: list[Example]) -> None:
    conn.execute(
        QUERIES.put_examples,
        {
            "version": version,
            "changes": [each.change for each in examples],
            "a": [each.a for each in examples],
            "b": [each.b for each in examples],
            "before": [each.before for each in examples],
            "after": [each.after for each in examples],
        },
    )


def put_in_force(conn: Conn, version: str, now: datetime, *, by: str, reason: str) -> None:
    """Let a kept model speak from now on; whoever calls links everybody again in the same transaction.

    Raises:
        UnknownModelError: no model of that version is kept, or it is the one in force.
    """
    store.lock(conn)
    if version not in {each.version for each in models(conn) if not each.in_force}:
        raise UnknownModelError("model: none of that version is kept that is not in force already; list the models")
    store.put_in_force(conn, version, now, by=by, reason=reason)


def models(conn: Conn) -> list[KeptModel]:
    """Return every model that was trained here, the newest first."""
    return [_kept(row) for row in conn.execute(QUERIES.models)]


def _kept(row: tuple[Any, ...]) -> KeptModel:
    version, trained_at, measured, since, by, reason, in_force = row
    measured = measured or {}
    return KeptModel(
        version, trained_at, measured.get("evaluation"), measured.get("effects"), since, by, reason, in_force
    )


def examples_of(conn: Conn, version: str) -> list[Example]:
    """Return pairs that a proposed model would treat otherwise: ids, no names."""
    return [Example(*row) for row in conn.execute(QUERIES.examples, {"version": version})]
