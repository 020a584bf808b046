"""Link everybody again: train if there is no model, weigh in bulk, cluster, and keep the ids of persons stable.

All or nothing, in the caller's transaction; placements wait meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from comity.people import holds, store
from comity.people.link import Linked, link
from comity.people.model import Model
from comity.people.models import Changes, Standard
from comity.people.reconcile import Assignment, assign
from comity.people.starting import STARTING
from comity.people.store import Conn
from comity.people.train import train

Progress = Callable[[str], None]


def relink(conn: Conn, now: datetime, progress: Progress = lambda _step: None, *, retrain: bool = False) -> Changes:
    """Link everybody again and return what changed. With ``retrain``, or where there is no model, train one first.

    About a minute for 26,000 source persons on two cores, half of that if there is a model.
    """
    store.lock(conn)
    progress("reading")
    standards = store.everybody(conn)
    if not standards:
        return Changes(0, 0, 0, 0, 0, 0, 0, 0, None, trained=False)
    model, trained = _model(conn, standards, now, progress, retrain=retrain)
    linked = link(standards, model, store.bonds_of(conn), progress, holds.all_stays(conn))
    progress(f"writing {len(linked.clusters)} persons")
    store.replace_edges(conn, dict(linked.weights), model)
    held = store.memberships(conn)
    assignment = assign(linked.clusters, held, store.past(conn, standards), uuid4)
    moved = store.put_assignment(conn, assignment, held)
    holds.put_holds(conn, None, linked.holds)
    return _changes(linked, assignment, model, moved, trained=trained)


def _model(
    conn: Conn, standards: Mapping[UUID, Standard], now: datetime, progress: Progress, *, retrain: bool
) -> tuple[Model, bool]:
    held = store.current_model(conn)
    if held is not None and not retrain and not _is_starting(held):
        return held, False
    version = f"{now:%Y-%m-%d} {uuid4().hex}"
    model = train(list(standards.values()), version, now, progress)
    if _is_starting(model):
        if held is not None and _is_starting(held) and set(held.identifiers).issuperset(model.identifiers):
            return held, False  # nothing more can be learnt, and there is no number that it does not compare
        model = replace(model, version=f"{STARTING} {uuid4().hex}")
    store.put_model(conn, model)
    return model, True


def _is_starting(model: Model) -> bool:
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
