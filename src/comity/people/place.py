"""Place source persons as they arrive, with the weights that the bulk run trained; one or a thousand alike.

1. Everybody who shares a blocking key with somebody being placed is a candidate; pairs are scored, and those that may
   matter are kept.
2. Then everybody whom that could concern (the whole component) is clustered anew: arriving in another order would
   have given the same persons.
3. One transaction at a time decides who is who: whoever places waits for the one before to commit, and then sees what
   it wrote. Two statements about one person make one person, in whatever order a transaction calls this room, and
   with a single lock there is no order to be deadlocked by. So place late in a transaction: the lock ends with it.
   What takes long, finding and scoring candidates, is done before waiting (``look.py``).
4. Without a model everybody is alone: nothing is guessed.
5. Works in the caller's transaction, at PostgreSQL's usual isolation (read committed: what was waited for is seen).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from comity.people import holds, parting, questions, store
from comity.people.cluster import Bonds, Grouped, grouped
from comity.people.errors import UnknownSourcePersonError
from comity.people.link import partition
from comity.people.look import Again, look
from comity.people.model import Model
from comity.people.models import Cause, Edge, Features, Placement, Stay
from comity.people.reconcile import Assignment, Past, assign
from comity.people.score import LINKED_FROM
from comity.people.standardise import standardise
from comity.people.store import Conn, Weights


def place(conn: Conn, features: Features) -> Placement:
    """Place one source person, or place it anew with features that were corrected."""
    return place_many(conn, [features])[0]


def place_many(
    conn: Conn, features: Sequence[Features], stays: Mapping[UUID, Sequence[Stay]] | None = None
) -> list[Placement]:
    """Place many; of a source person given twice, the last features count. Placements come in the order given.

    ``stays``: of whoever's times in prison are not what they were, all that there are now.
    """
    latest = {each.source_person: each for each in features}
    if not latest and not stays:
        return []
    standards = {id_: standardise(each) for id_, each in latest.items()}
    keys = store.keyed(standards)
    before_waiting = look(conn, standards, keys)
    with conn.pipeline():
        store.lock(conn)
        again = Again(conn, before_waiting, standards, keys)
        asked = conn.execute(store.QUERIES.remembered, {"ids": list(latest)})
    looked, remembered = again.looked(), dict(asked.fetchall())
    before = _held(remembered)
    alone = _alone(latest, remembered, looked.weights) - (stays or {}).keys()
    rest = (latest.keys() - alone) | (stays or {}).keys()
    fresh = {id_: uuid4() for id_ in sorted(alone)}
    with conn.pipeline():
        if before:
            store.forget_derived(conn, list(before))
        store.put_features(conn, list(latest.values()), keys)
        if stays:
            holds.put_stays(conn, stays)
        if before:
            conn.execute(store.QUERIES.update_agency, {"ids": list(before)})
        if looked.model and looked.weights:
            store.put_edges(conn, looked.weights, looked.model)
        if fresh:
            store.put_strangers(conn, fresh)
        reached = store.reaching(conn, rest, LINKED_FROM) if rest else None
    assignment, held = _recluster(conn, dict(reached.fetchall()), looked.model) if reached else (_NOBODY, False)
    whole = replace(
        assignment, persons={**fresh, **assignment.persons}, created=assignment.created | frozenset(fresh.values())
    )
    questions.ask_again(conn, {whole.persons[id_] for id_ in before})
    return _placements([each.source_person for each in features], whole, before, looked.weights, held=held)


_NOBODY = Assignment({}, frozenset(), (), {})


def _alone(ids: Iterable[UUID], remembered: Collection[UUID], weights: Weights) -> set[UUID]:
    """Return who concerns nobody: of whom nothing is remembered, and no pair is near enough to link or to ask about."""
    near = {id_ for pair in weights for id_ in pair}
    return set(ids).difference(remembered, near)


def recluster(
    conn: Conn, ids: Iterable[UUID], model: Model | None, *, decided: UUID | None = None
) -> tuple[Assignment, bool]:
    """Cluster everybody whom a change to these source persons could concern, and write who is in which person.

    ``decided`` is the judgement that asks for it, or that is undone. Whom it parts is written down. Return it with
    whether anything is held that was not.
    """
    return _recluster(conn, store.reach(conn, ids, LINKED_FROM), model, decided=decided)


def _recluster(
    conn: Conn, reached: Mapping[UUID, UUID | None], model: Model | None, *, decided: UUID | None = None
) -> tuple[Assignment, bool]:
    held = _held(reached)
    found, past = _grouped(conn, list(reached), model)
    assignment = assign(found.persons, held, past, uuid4)
    parting.keep(conn, held, assignment.persons, Cause.DECISION if decided else Cause.SOURCE, decided)
    store.put_assignment(conn, assignment, held)
    fresh = holds.put_holds(conn, reached, found.holds) if held or found.holds else False
    questions.refresh(conn, reached, {*held.values(), *assignment.persons.values()}, model)
    questions.ask_again(conn, changed(held, assignment.persons))
    return assignment, fresh


def _held(reached: Mapping[UUID, UUID | None]) -> dict[UUID, UUID]:
    return {id_: person for id_, person in reached.items() if person}


def changed(held: Mapping[UUID, UUID], persons: Mapping[UUID, UUID]) -> set[UUID]:
    """Return the persons whose members are others than before."""
    moved = [(held.get(id_), person) for id_, person in persons.items() if held.get(id_) != person]
    return {person for pair in moved for person in pair if person is not None}


def foreseen(
    conn: Conn, ids: Iterable[UUID], model: Model | None, pair: tuple[UUID, UUID], *, same: bool
) -> tuple[list[tuple[UUID, ...]], dict[UUID, UUID]]:
    """Return how everybody whom it could concern would be grouped if ``pair`` were judged so, and where each is now."""
    reached = store.reach(conn, ids, LINKED_FROM)
    bonds = store.bonds_of(conn, list(reached))
    told = replace(bonds, same=bonds.same | {pair}) if same else replace(bonds, different=bonds.different | {pair})
    found, _ = _grouped(conn, list(reached), model, told)
    return list(found.persons), _held(reached)


def _grouped(
    conn: Conn, ids: list[UUID], model: Model | None, told: Bonds[UUID] | None = None
) -> tuple[Grouped[UUID], Past]:
    """Return the persons among these and where each was before: all that is known of them, in one round trip."""
    queries = store.QUERIES
    asked = (queries.former, queries.first, queries.judgements_touching, queries.edges_within, queries.features)
    with conn.pipeline():
        rows = [conn.execute(query, {"ids": ids}) for query in (*asked, queries.stays_of)]
    past, bonds = store.past_of(rows[0], rows[1]), told or store.bonds(rows[2].fetchall())
    if model is None:
        return grouped(ids, {}, bonds), past
    weights, stays = {(a, b): weight for a, b, weight in rows[3]}, holds.stays(rows[5])
    return partition(ids, weights, store.standards(rows[4]), model, bonds, stays), past


def _placements(
    ids: Iterable[UUID], assignment: Assignment, before: Mapping[UUID, UUID], weights: Weights, *, held: bool
) -> list[Placement]:
    edges, merged = _edges(weights), _merged(assignment)
    return [
        Placement(
            source_person=id_,
            person=(person := assignment.persons[id_]),
            new=id_ not in before and person in assignment.created,
            edges=tuple(sorted(edges.get(id_, ()))),
            merged=tuple(sorted(merged.get(person, ()))),
            held=held,
        )
        for id_ in ids
    ]


def _edges(weights: Weights) -> dict[UUID, list[Edge]]:
    """Return the pairs that each source person is in."""
    edges: dict[UUID, list[Edge]] = {}
    for (a, b), weight in weights.items():
        for id_ in (a, b):
            edges.setdefault(id_, []).append(Edge(a, b, weight))
    return edges


def _merged(assignment: Assignment) -> dict[UUID, list[UUID]]:
    """Return the persons that turned out to be each other person."""
    merged: dict[UUID, list[UUID]] = {}
    for old, new in assignment.redirects.items():
        merged.setdefault(new, []).append(old)
    return merged


def remove(conn: Conn, source_person: UUID, *, erase: bool = False) -> None:
    """Take a source person out of its person and forget its features, keys and tokens.

    With ``erase`` also every score and judgement about it: nothing is left that knows its id, whether it is placed or
    was removed before.

    Raises:
        UnknownSourcePersonError: it is not placed, and not to be erased.
    """
    store.lock(conn)
    person = store.known_of(conn, [source_person]).get(source_person)
    if person is not None:
        _leave(conn, source_person, person, erase=erase)
    elif erase:
        _erase_traces(conn, source_person)
    else:
        raise UnknownSourcePersonError("source person: not placed here; nothing to remove, check the id")


def _leave(conn: Conn, source_person: UUID, person: UUID, *, erase: bool) -> None:
    model = store.current_model(conn)
    others = [id_ for id_ in store.reach(conn, [source_person], LINKED_FROM) if id_ != source_person]
    conn.execute(store.QUERIES.retire_edges, {"ids": [source_person]})
    holds.put_holds(conn, [source_person], ())
    store.put_moves(conn, [source_person], [person], [None])
    conn.execute(store.QUERIES.delete_source_person, {"id": source_person})
    if erase:
        _erase_traces(conn, source_person)
    if others:
        recluster(conn, others, model)
    conn.execute(store.QUERIES.ask_of_nobody, {"person": person})
    questions.ask_again(conn, [person])


def _erase_traces(conn: Conn, source_person: UUID) -> None:
    for query in (
        store.QUERIES.erase_traces,
        store.QUERIES.erase_answers,
        store.QUERIES.erase_proposals,
        store.QUERIES.erase_undone,
        store.QUERIES.erase_judgements,
        store.QUERIES.erase_stays,
        store.QUERIES.erase_samples,
        store.QUERIES.erase_examples,
    ):
        conn.execute(query, {"id": source_person})
