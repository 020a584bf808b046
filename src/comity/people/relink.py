"""Link everybody again: train if there is no model, weigh in bulk, cluster, and keep the ids of persons stable.

1. All or nothing, in the caller's transaction; placements wait meanwhile. Whom it parts is written down.
2. Where nothing was ever learnt from this node's people, a model is trained and put in force at once: there is no
   linking yet that it could upset, and the weights to start with were never measured on anybody here. From then on a
   new model is only proposed (``retrain.py``), and put in force by a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from comity.people import holds, parting, questions, store
from comity.people.evaluate import evaluate
from comity.people.link import Link, Linked, link
from comity.people.model import Model
from comity.people.models import Cause, Changes, Standard
from comity.people.place import changed
from comity.people.reconcile import Assignment, assign
from comity.people.starting import STARTING
from comity.people.store import Conn
from comity.people.train import train

Progress = Callable[[str], None]


def relink(conn: Conn, now: datetime, progress: Progress = lambda _step: None, how: Link = link) -> Changes:
    """Link everybody again and return what changed. Where nothing was learnt yet, train first.

    ``how`` says where pairs are weighed and clustered: here, or by Spark (``on_spark.py``) with the same result.
    Some forty seconds for 26,000 source persons on two busy cores, a quarter of that if there is a model.
    """
    store.lock(conn)
    progress("reading")
    standards = store.everybody(conn)
    if not standards:
        return Changes(0, 0, 0, 0, 0, 0, 0, 0, None, trained=False)
    model, trained = _model(conn, standards, now, progress)
    bonds = store.bonds_of(conn)
    linked = how(standards, model, bonds, progress, holds.all_stays(conn))
    if trained:
        store.keep_model(conn, model, {"evaluation": evaluate(standards, model, linked, bonds).as_json()})
        store.put_in_force(conn, model.version, now)
    progress(f"writing {len(linked.clusters)} persons")
    store.replace_edges(conn, dict(linked.weights), model)
    held = store.memberships(conn)
    assignment = assign(linked.clusters, held, store.past(conn, standards), uuid4)
    parting.keep(conn, held, assignment.persons, Cause.MODEL)
    moved = store.put_assignment(conn, assignment, held)
    holds.put_holds(conn, None, linked.holds)
    progress("asking what only a person can decide")
    questions.refresh_all(conn, linked.weights, assignment.persons, standards, model)
    questions.ask_again(conn, changed(held, assignment.persons))
    return _changes(linked, assignment, model, moved, trained=trained)


def _model(conn: Conn, standards: Mapping[UUID, Standard], now: datetime, progress: Progress) -> tuple[Model, bool]:
    held = store.current_model(conn)
    if held is not None and not is_starting(held):
        return held, False
    model = trained(standards, now, progress)
    if is_starting(model) and held is not None and set(held.identifiers).issuperset(model.identifiers):
        return held, False  # nothing more can be learnt, and there is no number that it does not compare
    return model, True


def trained(standards: Mapping[UUID, Standard], now: datetime, progress: Progress) -> Model:
    """Return a model learnt from everybody, with a version of its own; the weights to start with for too few."""
    model = train(list(standards.values()), f"{now:%Y-%m-%d}-{uuid4().hex[:8]}", now, progress)
    return replace(model, version=f"{STARTING} {uuid4().hex}") if is_starting(model) else model


def is_starting(model: Model) -> bool:
    """Whether these are the weights to start with, learnt from nobody."""
    return model.version.startswith(STARTING)


def _changes(linked: Linked, assignment: Assignment, model: Model, moved: int, *, trained: bool) -> Changes:
    persons = assignment.persons
    return Changes(
        source_persons=len(persons),
        persons=len(linked.clusters),
        created=len(assignment.created),
        merged=len(assignment.redirects),
        moved=moved,
        edges=len(linked.weights),
        needs_a_person=sum(persons[a] != persons[b] for a, b in linked.weights),
        held=len(linked.holds),
        model=model.version,
        trained=trained,
    )
