"""Whose record something new was received about: from the newest rows outwards, however many subscriptions there are.

Rules:

1. This decides nothing and discloses nothing: it says which subscriptions to ask the gate for. It errs on the side of
   asking; a notice of nothing is nothing (:mod:`comity.gate.notices`, rule 5).
2. The newest rows are found by an index over when they were received. A row concerns whoever it belongs to, and all
   who are party to the case or incident that it stands in, in the books of each agency that shares its reference.
3. Rows that were seen are remembered while they could be met again. Where more arrived than can be looked through, or
   nothing is remembered (a process that has just started), every subscription is asked for. So it is now and then
   anyway: what is remembered here makes a notice early, never makes one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from comity.gate.disclose import Connection
from comity.gate.trees import references
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

_QUERIES: Final = load_queries("comity.gate", "notices.sql")
BACK: Final = timedelta(minutes=2)  # rows are looked for that were received up to so long before the newest seen
SWEEP: Final = timedelta(minutes=10)  # between two times at which every subscription is asked for
REST: Final = timedelta(seconds=5)  # between two such times while more arrives than can be looked through
MOST_ROWS: Final = 5_000  # looked through at once

_NOWHERE: Final = "null::uuid"
_Seen = tuple[UUID, datetime]


@dataclass
class News:
    """Finds the subscriptions to ask for, each time it is asked; it remembers what it has seen."""

    vocabulary: Vocabulary
    swept_at: datetime | None = None
    owed: bool = False  # more arrived than was looked through
    seen: set[_Seen] = field(default_factory=set, repr=False)

    async def due(self, conn: Connection, now: datetime) -> tuple[UUID, ...]:
        """Return the subscriptions about whose people something may be new, on a connection of the gate's role."""
        async with conn.transaction():
            providers = [row[0] for row in await _all(conn, _QUERIES.providers, {})]
            if not providers:
                self.swept_at = None
                return ()
            await conn.execute(_QUERIES.settings, {"providers": ",".join(providers)})
            found = await _all(conn, received_query(self.vocabulary), {"since": now - BACK, "most": MOST_ROWS})
            fresh = [row for row in found if (row[0], row[1]) not in self.seen]
            self.seen = {(row[0], row[1]) for row in found}
            self.owed |= len(found) >= MOST_ROWS
            if self._is_time_to_sweep(now):
                self.swept_at, self.owed = now, False
                return tuple(row[0] for row in await _all(conn, _QUERIES.all_live, {}))
            return await self._about(conn, fresh) if fresh else ()

    def _is_time_to_sweep(self, now: datetime) -> bool:
        return self.swept_at is None or now - self.swept_at >= (REST if self.owed else SWEEP)

    async def _about(self, conn: Connection, rows: Sequence[Sequence[Any]]) -> tuple[UUID, ...]:
        people, cases, incidents = ([row[at] for row in rows if row[at]] for at in (2, 3, 4))
        named = {"people": people, "cases": cases, "incidents": incidents}
        concerned = [row[0] for row in await _all(conn, concerned_query(self.vocabulary), named)]
        return tuple(row[0] for row in await _all(conn, _QUERIES.of_people, {"people": concerned}))


def received_query(vocabulary: Vocabulary) -> str:
    """Return the query for the rows received lately: id, when, whose, in which case, in which incident."""
    return " union all ".join(_received(record, vocabulary) for record in vocabulary.record_types) + " limit %(most)s"


def concerned_query(vocabulary: Vocabulary) -> str:
    """Return the query for everyone who has a row of theirs in these cases or incidents, or is one of these people."""
    party = " union all ".join(each for record in vocabulary.record_types for each in _parties(record, vocabulary))
    return (  # every name is of the vocabulary or ours
        'with named as (select record_id, common_reference, incident from record."case"'  # noqa: S608
        " where record_id = any(%(cases)s::uuid[]) or incident = any(%(incidents)s::uuid[])),"
        " arose as (select unnest(%(incidents)s::uuid[]) as record_id union select incident from named"
        " where incident is not null),"
        " the_case as (select unnest(%(cases)s::uuid[]) as record_id union select record_id from named"
        ' union select twin.record_id from named join record."case" twin'
        " on twin.common_reference = named.common_reference"
        ' union select it.record_id from arose join record."case" it on it.incident = arose.record_id),'
        ' the_incident as (select record_id from arose union select it.incident from the_case join record."case" it'
        " on it.record_id = the_case.record_id where it.incident is not null),"
        f" party as (select unnest(%(people)s::uuid[]) as source_person union {party})"
        " select distinct m.person from party join people.membership m on m.source_person = party.source_person"
    )


def _received(record: str, vocabulary: Vocabulary) -> str:
    case, incident = (_reference(record, to, vocabulary) for to in ("case", "incident"))
    return (
        f"(select record_id, received_at, source_person, {case} as case_id, {incident} as incident_id"  # noqa: S608
        f' from record."{record}" where received_at > %(since)s order by received_at desc limit %(most)s)'
    )


def _parties(record: str, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield a query for each way, so that each is served by its own index."""
    for to in ("case", "incident"):
        name = _reference(record, to, vocabulary)
        if name != _NOWHERE:
            yield (
                f'select source_person from record."{record}"'  # noqa: S608
                f" where source_person is not null and {name} in (select record_id from the_{to})"
            )


def _reference(record: str, to: str, vocabulary: Vocabulary) -> str:
    """Return the column, of names in the vocabulary, that says in which case or incident a row stands."""
    if record == to:
        return "record_id"
    names = references(record, to, vocabulary)
    return f'"{names[0]}"' if names else _NOWHERE


async def _all(conn: Connection, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    return await (await conn.execute(query, values)).fetchall()
