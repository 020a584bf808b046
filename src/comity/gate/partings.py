"""Whoever was shown records as of one person is told when they come apart, by whatever: once, and of no fact.

Rules:

1. What rested on a link is every disclosure, made while it stood, of a record of any of the parts: also one that held
   records of one part alone, for whom was covered may have rested on it. Of which it held more than one is said.
2. Who is told is who asked then, at their own agency: under which agreement, on which day, and no fact.
3. That they are told, of which disclosures, and the ledger's entry are one transaction. A parting that was told of is
   never told of again; one that a crash left untold is told of by the next to look. Of what a model or a source parted
   nobody is told if nothing rested on it, or if they are one again before anybody was told.
4. Numbers are told of nobody: a statistic keeps no list of the people in it, and is blurred beyond one of them.
5. Reading whom a parting had told is reading the log: it is remembered, with an entry.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from comity.gate.disclose import Connection
from comity.gate.log import digest_of, refuse_open_transaction, remember
from comity.gate.models import Requester
from comity.ledger.entry import SALT_SIZE, Entry, commitment
from comity.store import load_queries

_QUERIES: Final = load_queries("comity.gate", "partings.sql")
_SHARED: Final = load_queries("comity.gate")

LATE: Final = timedelta(seconds=2)  # between the moment that a disclosure bears and the snapshot that it reads, at most
MOST: Final = 100  # told of at once


@dataclass(frozen=True, slots=True)
class Rested:
    """A disclosure that rested on a link, and whom its parting was told: an agency's colleague, by the id logged then.

    ``joined``: it held records of more than one of the parts.
    """

    disclosure: UUID
    at: datetime
    act: str
    agency: str
    requester: str
    role: str
    agreement: str
    version: int
    joined: bool
    told_at: datetime


@dataclass(frozen=True, slots=True)
class Apart:
    """What came apart without a decision, by what (``model`` or ``source``), and how many disclosures were told of."""

    parting: UUID
    cause: str
    told_at: datetime
    disclosures: int


@dataclass(frozen=True, slots=True)
class Parted:
    """What a colleague is told: something that they received then rested on a link which is no more."""

    number: int
    told_at: datetime
    disclosure: UUID
    at: datetime
    act: str
    agreement: str
    version: int
    person: UUID | None  # asked for then; None of a search, a case or an extract
    case_reference: str
    joined: bool


async def tell_partings(conn: Connection, now: datetime) -> int:
    """Tell of every parting that nobody was told of yet; return of how many. ``conn`` has no transaction open."""
    refuse_open_transaction(conn)
    async with conn.transaction():
        await _see_everybody(conn)
        await conn.execute(_QUERIES.settle, {"at": now, "late": LATE})
        due = await (await conn.execute(_QUERIES.due)).fetchall()
    return sum([await _tell(conn, parting, cause, judgement, now) for parting, cause, judgement in due])


async def _tell(conn: Connection, parting: UUID, cause: str, judgement: UUID | None, now: datetime) -> bool:
    async with conn.transaction():
        await _see_everybody(conn)
        rested = await (await conn.execute(_QUERIES.rested, {"parting": parting, "late": LATE})).fetchall()
        ids = [disclosure for disclosure, _ in rested]
        identity, salt, digest = uuid4(), secrets.token_bytes(SALT_SIZE), digest_of(ids)
        context = {"act": "told-of-parting", "decision": str(judgement or parting)}
        entry = Entry(identity, now, "combination", context, commitment(salt, digest))
        why = {"cause": cause, "judgement": judgement}
        values = {"parting": parting, "id": identity, "at": now, "digest": digest, "salt": salt, "body": entry.encode()}
        begun = await (await conn.execute(_QUERIES.begin, {**values, **why})).fetchone()
        if begun is None:
            return False
        joined = [several for _, several in rested]
        await conn.execute(_QUERIES.tell, {"parting": parting, "ids": ids, "joined": joined})
    return True


async def _see_everybody(conn: Connection) -> None:
    """Let this transaction see the source persons of every agency: ids alone are read, to tell whoever was misled."""
    agencies = [row[0] for row in await (await conn.execute(_SHARED.agencies)).fetchall()]
    await conn.execute(_SHARED.settings, {"providers": ",".join(agencies)})


async def told_of(conn: Connection, of: UUID, now: datetime, *, by: str) -> tuple[Rested, ...]:
    """Return what rested on a link that is no more, and who was told; ``by`` is who reads it.

    ``of`` is the decision that parted them or was undone, or the parting itself.
    """
    refuse_open_transaction(conn)
    async with conn.transaction():
        rows = await (await conn.execute(_QUERIES.told_of, {"of": of})).fetchall()
        if rows:
            await remember(conn, "partings", None, by, now, digest_of(row[0] for row in rows))
    return tuple(Rested(*row) for row in rows)


async def lately(conn: Connection, limit: int) -> tuple[Apart, ...]:
    """Return what came apart without a decision and somebody had been shown as one, the latest first: ids alone."""
    async with conn.transaction():
        rows = await (await conn.execute(_QUERIES.lately, {"limit": limit})).fetchall()
    return tuple(Apart(*row) for row in rows)


async def told_to(
    conn: Connection, requester: Requester, *, before: int | None = None, limit: int = MOST
) -> tuple[Parted, ...]:
    """Return what a colleague was told of partings, newest first; ``before`` is the number of the last read."""
    values = {"agency": requester.agency, "requester": requester.person, "before": before, "limit": min(limit, MOST)}
    async with conn.transaction():
        rows: Sequence[Sequence[Any]] = await (await conn.execute(_QUERIES.told_to, values)).fetchall()
    return tuple(Parted(*row) for row in rows)
