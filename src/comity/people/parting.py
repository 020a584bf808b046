"""Who came apart, by what, and since when they had been one: whatever was disclosed meanwhile rested on it.

1. A person is parted if two of its source persons are in different persons after a decision or its undoing, after
   everybody was linked anew, or after what a source said: a correction, a withdrawal or erasure, another record. Who
   is withdrawn is in no other person, and parted from nobody; those that only it held together are.
2. The parts had been one since the first moment from which two of them, of different parts, were in one person without
   a break. Merged into another and still together is together. Where that cannot be told any more: since both
   are known.
3. When it is over is the database's own time, at the writing: a decision may have waited long for this room's lock.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import combinations
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from comity.people import store
from comity.people.models import Cause, Parting
from comity.people.store import Conn

History: TypeAlias = Sequence[tuple[datetime, UUID]]
"""Since when a source person was in which person, the earliest first."""


def parted(held: Mapping[UUID, UUID], persons: Mapping[UUID, UUID]) -> dict[UUID, list[UUID]]:
    """Return each person that comes apart, with the source persons that were in it. Pure."""
    were: dict[UUID, list[UUID]] = defaultdict(list)
    for source_person, person in sorted(held.items()):
        if source_person in persons:
            were[person].append(source_person)
    return {person: ids for person, ids in were.items() if len({persons[id_] for id_ in ids}) > 1}


def together_since(one: History, other: History) -> datetime | None:
    """Return since when two have been in one person without a break; ``None`` if they are not now. Pure."""
    since = None
    for moment in sorted({at for at, _ in (*one, *other)}, reverse=True):
        here, there = _person_at(one, moment), _person_at(other, moment)
        if here is None or here != there:
            return since
        since = moment
    return since


def _person_at(history: History, moment: datetime) -> UUID | None:
    place = bisect_right([at for at, _ in history], moment)
    return history[place - 1][1] if place else None


def keep(
    conn: Conn, held: Mapping[UUID, UUID], persons: Mapping[UUID, UUID], cause: Cause, judgement: UUID | None = None
) -> None:
    """Write who comes apart, before the moves themselves are written; ``judgement`` if that (or its undoing) parts."""
    apart = parted(held, persons)
    if not apart:
        return
    histories = _histories(conn, [id_ for ids in apart.values() for id_ in ids])
    since = {person: min(_since(ids, persons, histories)) for person, ids in apart.items()}
    named = {person: uuid4() for person in apart}
    rows = [(person, id_) for person, ids in apart.items() for id_ in ids]
    values = {
        "partings": [named[person] for person, _ in rows],
        "were": [person for person, _ in rows],
        "ids": [id_ for _, id_ in rows],
        "persons": [persons[id_] for _, id_ in rows],
        "since": [since[person] for person, _ in rows],
    }
    conn.execute(store.QUERIES.put_parted, {**values, "cause": cause, "judgement": judgement})


def _since(ids: Sequence[UUID], persons: Mapping[UUID, UUID], histories: Mapping[UUID, History]) -> Iterator[datetime]:
    for a, b in combinations(ids, 2):
        if persons[a] != persons[b]:
            known = max(histories[a][0][0], histories[b][0][0])
            yield together_since(histories[a], histories[b]) or known


def _histories(conn: Conn, ids: list[UUID]) -> dict[UUID, list[tuple[datetime, UUID]]]:
    asked = {"ids": ids}
    found = {id_: [(since, first)] for id_, since, first in conn.execute(store.QUERIES.histories, asked)}
    for id_, at, person in conn.execute(store.QUERIES.moves_of, asked):
        found[id_].append((max(at, found[id_][-1][0]), person))
    return found


def partings_of(conn: Conn, judgement: UUID) -> list[Parting]:
    """Return who came apart by a judgement, or by its undoing, the earliest first."""
    return _partings(conn.execute(store.QUERIES.partings_of, {"judgement": judgement}))


def parting_of(conn: Conn, parting: UUID) -> Parting | None:
    """Return what came apart by this id, as far as it was not erased since."""
    return next(iter(_partings(conn.execute(store.QUERIES.parting, {"parting": parting}))), None)


def _partings(rows: Iterable[Sequence[Any]]) -> list[Parting]:
    where: dict[UUID, dict[UUID, UUID]] = defaultdict(dict)
    found: dict[UUID, Parting] = {}
    for parting, cause, judgement, person, since, at, source_person, now_in in rows:
        where[parting][source_person] = now_in
        found[parting] = Parting(parting, Cause(cause), judgement, person, since, at, where[parting])
    return list(found.values())
