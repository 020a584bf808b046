"""Place source persons as they arrive, with the weights that the bulk run trained; one or a thousand alike.

1. Everybody who shares a blocking key with somebody being placed is a candidate; pairs are scored, and those that may
   matter are kept.
2. Then everybody whom that could concern (the whole component) is clustered anew: arriving in another order would
   have given the same persons.
3. One transaction at a time decides who is who: whoever places waits for the one before to commit, and then sees what
   it wrote. Two statements about one person make one person, in whatever order a transaction calls this room, and
   with a single lock there is no order to be deadlocked by. So place late in a transaction: the lock ends with it.
4. Without a model everybody is alone: nothing is guessed.
5. Works in the caller's transaction, at PostgreSQL's usual isolation (read committed: what was waited for is seen).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from comity.people import holds, parting, questions, store
from comity.people.cluster import Bonds, Grouped, grouped
from comity.people.errors import UnknownSourcePersonError
from comity.people.link import partition
from comity.people.model import Model
from comity.people.models import Edge, Features, Placement, Standard, Stay
from comity.people.reconcile import Assignment, assign
from comity.people.score import LINKED_FROM, NEEDS_A_PERSON_FROM, score
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
    store.lock(conn)
    before = store.known_of(conn, latest)
    if before:
        store.forget_derived(conn, list(before))
    store.put_features(conn, list(latest.values()), standards)
    if stays:
        holds.put_stays(conn, stays)
    conn.execute(store.QUERIES.update_agency, {"ids": list(before)})
    model = store.current_model(conn)
    weights = _weighed(conn, standards, model) if model else {}
    assignment, held = recluster(conn, latest.keys() | (stays or {}).keys(), model)
    questions.ask_again(conn, {assignment.persons[id_] for id_ in latest})
    return [_placement(each.source_person, assignment, before, weights, held=held) for each in features]


def _weighed(conn: Conn, standards: Mapping[UUID, Standard], model: Model) -> Weights:
    """Score the new ones against whoever shares a key with them; keep the pairs that may matter."""
    pairs = store.candidates(conn, list(standards))
    others = {id_ for pair in pairs for id_ in pair} - standards.keys()
    everyone = {**store.standards_of(conn, others), **standards}
    scored = {(a, b): score(everyone[a], everyone[b], model).total for a, b in pairs}
    weights = {pair: weight for pair, weight in scored.items() if weight >= NEEDS_A_PERSON_FROM}
    store.put_edges(conn, weights, model)
    return weights


def recluster(
    conn: Conn, ids: Iterable[UUID], model: Model | None, *, decided: UUID | None = None
) -> tuple[Assignment, bool]:
    """Cluster everybody whom a change to these source persons could concern, and write who is in which person.

    ``decided`` is the judgement that asks for it, or that is undone: whom it parts is written down. Return it with
    whether anything is held that was not.
    """
    reached = store.reach(conn, ids, LINKED_FROM)
    held = _held(reached)
    found = _grouped(conn, list(reached), model)
    assignment = assign(found.persons, held, store.past(conn, reached), uuid4)
    if decided is not None:
        parting.keep(conn, decided, held, assignment.persons)
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
    return list(_grouped(conn, list(reached), model, told).persons), _held(reached)


def _grouped(conn: Conn, ids: list[UUID], model: Model | None, bonds: Bonds[UUID] | None = None) -> Grouped[UUID]:
    bonds = bonds or store.bonds_of(conn, ids)
    if model is None:
        return grouped(ids, {}, bonds)
    stays = holds.stays_of(conn, ids) if len(ids) > 1 else {}
    return partition(ids, store.edges_within(conn, ids), store.standards_of(conn, ids), model, bonds, stays)


def _placement(
    id_: UUID, assignment: Assignment, before: Mapping[UUID, UUID], weights: Weights, *, held: bool
) -> Placement:
    person = assignment.persons[id_]
    edges = tuple(sorted(Edge(a, b, weight) for (a, b), weight in weights.items() if id_ in (a, b)))
    merged = tuple(sorted(old for old, new in assignment.redirects.items() if new == person))
    return Placement(id_, person, id_ not in before and person in assignment.created, edges, merged, held)


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
