"""What only a person can decide: the open questions, one for each two persons. A projection, kept as people move.

1. Two persons are a question while a pair of their records is near enough, and nobody has said of any two of their
   records that they are two. However many pairs there are, it is one question; the nearest pair leads. Where a limit
   stopped it, the pair leads that is held: what is answered of another would leave that one to be asked about.
2. Why it is one is said of the pair that leads (:class:`Why`), so that whoever answers knows what to look at.
3. Whoever cannot tell puts the question away: until something about either person changes, or the time they named.
4. What is open follows from edges, members and judgements alone, whoever came first: only *put away* is remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import TypeAlias
from uuid import UUID, uuid4

from comity.people import store
from comity.people.comparisons import may_be_twins, rests_on_names
from comity.people.errors import NoSuchQuestionError
from comity.people.model import Model
from comity.people.models import Doubt, Question, Standard, Why
from comity.people.score import LINKED_FROM
from comity.people.store import Conn

Persons: TypeAlias = tuple[UUID, UUID]
Held: TypeAlias = Mapping[Persons, tuple[UUID, UUID, str]]
"""Of two persons whom a limit keeps apart: the two records that are held, and the limit."""


def grouped(
    weights: Mapping[tuple[UUID, UUID], float], persons: Mapping[UUID, UUID], parted: Collection[Persons]
) -> dict[Persons, tuple[UUID, UUID, float, int]]:
    """Return the pairs by the two persons they lie between: the nearest pair, its weight, how many there are. Pure.

    ``weights`` are those of the pairs that matter; ``parted`` are persons whom somebody has said to be two.
    """
    found: dict[Persons, tuple[UUID, UUID, float, int]] = {}
    for (a, b), weight in sorted(weights.items()):
        if persons[a] == persons[b]:
            continue
        between = two(persons[a], persons[b])
        if between in parted:
            continue
        lead = found.get(between)
        if lead is None or weight > lead[2]:
            found[between] = (a, b, weight, lead[3] + 1 if lead else 1)
        else:
            found[between] = (*lead[:3], lead[3] + 1)
    return found


def why(a: Standard, b: Standard, weight: float, model: Model) -> Why:
    """Return why a person must say it of a pair between two persons. Pure."""
    if may_be_twins(a, b, model.borne):
        return Why.TWINS
    if weight < LINKED_FROM:
        return Why.NEAR
    return Why.NAMES if not model.frequencies and rests_on_names(a, b) else Why.DIVIDED


def two(one: UUID, other: UUID) -> Persons:
    """Return two ids, the lower first."""
    return (one, other) if one < other else (other, one)


def refresh(conn: Conn, members: Collection[UUID], touched: Collection[UUID], model: Model | None) -> None:
    """Ask what is to be asked about the persons ``touched``, all of whose ``members`` are given, and nothing else."""
    asked = {"ids": list(members)}
    with conn.pipeline():
        between = conn.execute(store.QUERIES.pairs_between, asked)
        apart = conn.execute(store.QUERIES.parted_between, asked)
    rows = between.fetchall() if model else []
    weights = {(a, b): weight for a, b, weight, _, _ in rows}
    persons = {id_: person for a, b, _, x, y in rows for id_, person in ((a, x), (b, y))}
    found = grouped(weights, persons, set(apart.fetchall()))
    standards = store.standards_of(conn, {id_ for a, b, _, _ in found.values() for id_ in (a, b)}) if found else {}
    conn.execute(store.QUERIES.drop_questions_of, {"persons": list(touched), **_between(found)})
    _put(conn, found, _held(conn, members) if found else {}, standards, model)


def refresh_all(
    conn: Conn,
    weights: Mapping[tuple[UUID, UUID], float],
    persons: Mapping[UUID, UUID],
    standards: Mapping[UUID, Standard],
    model: Model,
) -> None:
    """Ask what is to be asked about everybody, and nothing else."""
    parted = set(conn.execute(store.QUERIES.parted_anywhere).fetchall())
    found = grouped(weights, persons, parted)
    conn.execute(store.QUERIES.drop_questions, _between(found))
    _put(conn, found, _held(conn, None), standards, model)


def ask_again(conn: Conn, persons: Iterable[UUID]) -> None:
    """Take back what was put away about these persons: something about them has changed."""
    if changed := list(persons):
        conn.execute(store.QUERIES.ask_again, {"persons": changed})


def _held(conn: Conn, members: Collection[UUID] | None) -> Held:
    asked = {"ids": None if members is None else list(members)}
    found: dict[Persons, tuple[UUID, UUID, str]] = {}
    for low, high, a, b, limit in conn.execute(store.QUERIES.held_between, asked):
        found.setdefault((low, high), (a, b, limit))
    return found


def _put(
    conn: Conn,
    found: Mapping[Persons, tuple[UUID, UUID, float, int]],
    held: Held,
    standards: Mapping[UUID, Standard],
    model: Model | None,
) -> None:
    if not found or model is None:
        return
    stopped = [held.get(persons, (a, b, None)) for persons, (a, b, _, _) in found.items()]
    leading = found.values()
    values = {
        "a": [a for a, _, _ in stopped],
        "b": [b for _, b, _ in stopped],
        "weights": [weight for _, _, weight, _ in leading],
        "pairs": [pairs for _, _, _, pairs in leading],
        "whys": [
            Why.HELD if limit else why(standards[a], standards[b], weight, model)
            for (a, b, weight, _), (_, _, limit) in zip(leading, stopped, strict=True)
        ],
        "held": [limit for _, _, limit in stopped],
    }
    conn.execute(store.QUERIES.put_questions, {**_between(found), **values})


def _between(found: Iterable[Persons]) -> dict[str, list[UUID]]:
    pairs = list(found)
    return {"lows": [low for low, _ in pairs], "highs": [high for _, high in pairs]}


def open_questions(conn: Conn, limit: int = 100) -> list[Question]:
    """Return questions that are open and not put away, the likeliest to be one person first: ids and weights alone."""
    return [_question(row) for row in conn.execute(store.QUERIES.questions, {"limit": limit})]


def question_of(conn: Conn, a: UUID, b: UUID) -> Question | None:
    """Return the question between the persons whom two source persons are in, put away or not, if there is one."""
    row = conn.execute(store.QUERIES.question_of, {"a": a, "b": b}).fetchone()
    return _question(row) if row else None


def doubt(conn: Conn, a: UUID, b: UUID, *, by: str, reason: str, at: datetime, until: datetime) -> Doubt:
    """Put the question between two source persons' persons away, because nobody can tell. ``by`` is an opaque staff id.

    Raises:
        NoSuchQuestionError: nothing is open between them.
    """
    store.lock(conn)
    asked = question_of(conn, a, b)
    if asked is None:
        raise NoSuchQuestionError("question: nothing is open between these two; look at the queue again")
    low, high = two(a, b)
    doubted = Doubt(uuid4(), low, high, by, reason, at, until)
    values = {"doubt": doubted.doubt, "a": low, "b": high, "by": by, "reason": reason, "at": at, "until": until}
    conn.execute(store.QUERIES.put_doubt, values)
    conn.execute(store.QUERIES.put_away, {"low": asked.low, "high": asked.high, "until": until})
    return doubted


def doubts_of(conn: Conn, a: UUID, b: UUID) -> list[Doubt]:
    """Return who could not tell of a pair, the latest first."""
    low, high = two(a, b)
    return [Doubt(*row) for row in conn.execute(store.QUERIES.doubts_of, {"a": low, "b": high})]


def _question(row: tuple[UUID, UUID, UUID, UUID, float, int, str, str | None, datetime | None]) -> Question:
    low, high, a, b, weight, pairs, reason, held, away = row
    return Question(low, high, a, b, weight, pairs, Why(reason), held, away)
