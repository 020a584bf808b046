"""What people decide of a pair, and what the model says of it.

1. A judgement binds over every model, for ever, until it is undone; undoing is a row of its own.
2. A judgement that contradicts one that stands is refused: the other is undone first, knowingly.
3. Deciding and undoing are identities together: everybody has the person they had.
4. Unlinking loses nothing: nothing was ever merged. Whom a decision or its undoing parts is written down, with since
   when they had been one (:mod:`comity.people.parting`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid4

from comity.people import store
from comity.people.cluster import Bonds, components
from comity.people.errors import (
    ContradictoryJudgementError,
    UnknownJudgementError,
    UnknownPersonError,
    UnknownSourcePersonError,
)
from comity.people.models import Judgement, Made, Weight
from comity.people.place import foreseen, recluster
from comity.people.score import LINKED_FROM, score
from comity.people.starting import starting
from comity.people.store import Conn


def judge(conn: Conn, a: UUID, b: UUID, *, same: bool, by: str, reason: str, at: datetime) -> Judgement:
    """Decide that two source persons are the same human being, or two. ``by`` is an opaque staff id.

    Raises:
        UnknownSourcePersonError: one of them is not placed.
        ContradictoryJudgementError: a judgement that stands says otherwise, directly or through others.
    """
    low, high = sorted((a, b))
    store.lock(conn)
    placed(conn, low, high)
    _refuse_contradiction(conn, low, high, same=same)
    judgement = Judgement(uuid4(), low, high, same, by, reason, at)
    _write(conn, judgement, "same" if same else "different", None)
    recluster(conn, (low, high), store.current_model(conn), decided=judgement.judgement)
    return judgement


def placed(conn: Conn, a: UUID, b: UUID) -> dict[UUID, UUID]:
    """Return the person of each of two source persons.

    Raises:
        UnknownSourcePersonError: one of them is not placed, or they are one.
    """
    persons = store.known_of(conn, (a, b))
    if a == b or len(persons) < len((a, b)):
        raise UnknownSourcePersonError("judgement: it takes two source persons that are placed here; check the ids")
    return persons


def undo(conn: Conn, judgement: UUID, *, by: str, reason: str, at: datetime) -> Judgement:
    """Undo a judgement: the model speaks again. Return the one undone.

    Raises:
        UnknownJudgementError: it was never made, or is undone already.
    """
    store.lock(conn)
    row = conn.execute(store.QUERIES.standing_judgement, {"judgement": judgement}).fetchone()
    if row is None:
        raise UnknownJudgementError("judgement: it does not stand; it was undone already, or the id is wrong")
    undone = Judgement(*row)
    concerned = store.reach(conn, (undone.a, undone.b), LINKED_FROM)
    _write(conn, Judgement(uuid4(), undone.a, undone.b, undone.same, by, reason, at), "undone", judgement)
    if concerned:
        recluster(conn, concerned, store.current_model(conn), decided=judgement)
    return undone


def foresee(conn: Conn, a: UUID, b: UUID, *, same: bool) -> list[tuple[UUID, ...]]:
    """Return how everybody in the persons of two source persons would be grouped if one decided so. Writes nothing.

    Raises:
        UnknownSourcePersonError: one of them is not placed.
        ContradictoryJudgementError: a judgement that stands says otherwise, directly or through others.
    """
    persons = placed(conn, a, b)
    low, high = sorted((a, b))
    _refuse_contradiction(conn, low, high, same=same)
    groups, held = foreseen(conn, (low, high), store.current_model(conn), (low, high), same=same)
    concerned = set(persons.values())
    return [group for each in groups if (group := tuple(id_ for id_ in each if held.get(id_) in concerned))]


def made(conn: Conn, judgement: UUID) -> Made:
    """Return a judgement as it was made, and by whom and why it was undone, if it was.

    Raises:
        UnknownJudgementError: it was never made.
    """
    row = conn.execute(store.QUERIES.judgement, {"judgement": judgement}).fetchone()
    if row is None:
        raise UnknownJudgementError("judgement: it was never made here; check the id")
    return Made(Judgement(*row[:7]), *row[7:])


def judgements_among(conn: Conn, ids: Iterable[UUID]) -> list[Judgement]:
    """Return the judgements that stand about any of these source persons, the latest first."""
    return [Judgement(*row) for row in conn.execute(store.QUERIES.judgements_among, {"ids": list(ids)})]


def latest_judgements(conn: Conn, limit: int) -> list[Judgement]:
    """Return the judgements that stand, the latest first."""
    return [Judgement(*row) for row in conn.execute(store.QUERIES.latest_judgements, {"limit": limit})]


def _write(conn: Conn, judgement: Judgement, verdict: str, undoes: UUID | None) -> None:
    conn.execute(
        store.QUERIES.put_judgement,
        {
            "judgement": judgement.judgement,
            "a": judgement.a,
            "b": judgement.b,
            "verdict": verdict,
            "undoes": undoes,
            "by": judgement.by,
            "reason": judgement.reason,
            "at": judgement.at,
        },
    )


def _refuse_contradiction(conn: Conn, a: UUID, b: UUID, *, same: bool) -> None:
    bonds: Bonds[UUID] = store.bonds_of(conn)
    pair = (a, b)
    together = {*bonds.same, *([pair] if same else [])}
    apart = {*bonds.different, *([] if same else [pair])}
    nodes = {id_ for each in (*together, *apart) for id_ in each}
    group = {id_: place for place, ids in enumerate(components(nodes, together)) for id_ in ids}
    if pair in bonds.same | bonds.different or any(group[x] == group[y] for x, y in apart):
        raise ContradictoryJudgementError(
            "judgement: these two are judged already, directly or through others; undo that judgement first"
        )


def explain(conn: Conn, a: UUID, b: UUID) -> Weight:
    """Return the weight of a pair with the share of each field, under the model in force.

    Raises:
        UnknownSourcePersonError: one of them is not placed.
    """
    standards = store.standards_of(conn, (a, b))
    if a not in standards or b not in standards:
        raise UnknownSourcePersonError("explanation: it takes two source persons that are placed here; check the ids")
    one, other = standards[a], standards[b]
    kinds, agencies = {*one.identifiers, *other.identifiers}, {one.agency, other.agency}
    model = store.current_model(conn) or starting(kinds, agencies, datetime.min)  # noqa: DTZ901 - never stored
    return score(one, other, model)


def resolve(conn: Conn, person: UUID) -> UUID:
    """Return the id that a person bears now: where merges have led it.

    Raises:
        UnknownPersonError: this node never gave it out.
    """
    row = conn.execute(store.QUERIES.resolve, {"person": person}).fetchone()
    if row is None:
        raise UnknownPersonError("person: this node never gave out that id; check it")
    resolved: UUID = row[0]
    return resolved
