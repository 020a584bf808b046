"""A point read in PostgreSQL: the gate's statement against the bare query of the same rows, over one connection each.

No HTTP and no pool: what one execution takes to come back over the socket, both prepared, in turns, of the same people.
The bare query fetches the same rows by the same keys, as a superuser whom row-level security does not bind, and gives
the same fields as JSON. *The read* is the gate's statement up to the rows that it releases: whom the agreement covers,
which rows are theirs, minimised, by row-level security; neither log nor entry. *The whole* is the statement that
production runs: with digest, log, whom it was about, and the ledger's entry, in an open transaction, so uncommitted.
*Committed* is the same with its own transaction and the durable commit, as the gate sends them. *The start* is the read
and the bare query of somebody who is not there: what a statement of so many parts costs before it has a row.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import AsyncRawCursor
from sqlglot import exp

from bench.gate import PEOPLE, agree, fill, person, text
from bench.gate_server import bare_query
from bench.rows import Row
from comity.gate import Read, Request, Requester, disclose
from comity.gate.compile import Compiled, _numbered, _parts, compile_verdict
from comity.gate.conditions import Compiler, Slots
from comity.gate.decide import decide
from comity.gate.known import Known, look_up
from comity.gate.models import Act, Asking, Verdict
from comity.gate.trees import column
from comity.gate.values import parameters
from comity.ledger.entry import SALT_SIZE
from comity.node import ROOMS
from comity.store import Role, Store, migrate
from comity.store.provision import drop_database, make_database
from comity.vocabulary import load

ROUNDS = 7
READS = 150  # a round, of each
_DATABASE = "bench_point"
_VOCABULARY = load()
_ASKING = Requester("attorney", "staff-7", "prosecutor")
_SETTINGS = (
    "select set_config('comity.providers', %s, false), set_config('plan_cache_mode', 'force_generic_plan', false),"
    " set_config('jit', 'off', false)"
)


@dataclass(frozen=True, slots=True)
class _Side:
    """How one side reads somebody: what it binds, which is made beforehand, and the execution, which is timed."""

    bind: Callable[[int], Any]
    execute: Callable[[Any], Awaitable[object]]


def run(store: Store) -> list[Row]:
    """Measure in a database of its own on the store's server, which is dropped afterwards."""
    make_database(store.admin, _DATABASE)
    try:
        own = store.of(_DATABASE)
        migrate(own, ROOMS)
        fill(own)
        agree(own, [text(datetime.now(UTC))])
        return asyncio.run(_measure(own))
    finally:
        drop_database(store.admin, _DATABASE)


async def _measure(store: Store) -> list[Row]:
    async with AsyncExitStack() as stack:

        async def connect(conninfo: str) -> psycopg.AsyncConnection:
            return await stack.enter_async_context(await psycopg.AsyncConnection.connect(conninfo))

        admin = store.admin + f" dbname={_DATABASE}"
        bare = await _bare(await connect(admin))
        kinds = {
            "bare": bare,
            "read": await _gate(await connect(store.conninfo(Role.GATE)), whole=False),
            "whole": await _gate(await connect(store.conninfo(Role.GATE)), whole=True),
            "committed": await _committed(await connect(store.conninfo(Role.GATE))),
        }
        kinds |= {f"{kind} of nobody": _of_nobody(kinds[kind]) for kind in ("bare", "read")}
        p50 = await _in_turns(kinds)
    what = "p50 of a joined-up read of 12 rows in PostgreSQL, against the bare query of the same rows"
    said = {
        "read": ("the released rows alone, without log and ledger", "<= 1.3"),
        "whole": ("the whole statement, without its commit", "none"),
        "committed": ("the whole disclosure, durable", "none"),
    }
    start, bare_start = (p50[f"{kind} of nobody"] for kind in ("read", "bare"))
    return [
        *(
            Row(f"point {kind}", f"{what}: {words}", p50[kind], p50["bare"], "ms", p50[kind] / p50["bare"], goal)
            for kind, (words, goal) in said.items()
        ),
        Row("point start", "p50 of the same read, and of the bare query, of nobody: what is paid before there is a row",
            start, bare_start, "ms", start / bare_start, "none: said beside the read"),
    ]  # fmt: skip


async def _in_turns(kinds: dict[str, _Side]) -> dict[str, float]:
    """Return the median of the rounds' medians, in milliseconds."""
    chance, medians = random.Random(1), {kind: list[float]() for kind in kinds}
    for at in range(1 + ROUNDS):
        people = [chance.randint(1, PEOPLE) for _ in range(READS)]
        for kind, side in kinds.items():
            taken = []
            for number in people:
                bound = side.bind(number)
                start = time.perf_counter()
                await side.execute(bound)
                taken.append(1_000 * (time.perf_counter() - start))
            if at:  # the first round warms up
                medians[kind].append(statistics.median(taken))
    return {kind: statistics.median(of) for kind, of in medians.items()}


# --- each side -------------------------------------------------------------------------------------------------------


async def _bare(conn: psycopg.AsyncConnection) -> _Side:
    query = bare_query()
    count = query.count("%s")
    await conn.set_autocommit(True)

    async def read(values: list[UUID]) -> None:
        cursor = await conn.execute(query, values, prepare=True)
        await cursor.fetchone()

    return _Side(lambda number: [person(number)] * count, read)


def _of_nobody(side: _Side) -> _Side:
    return _Side(lambda number: side.bind(PEOPLE + number), side.execute)


async def _gate(conn: psycopg.AsyncConnection, *, whole: bool) -> _Side:
    """Return a read by the gate's statement, or by the part of it that releases rows."""
    known, verdict = await _permitted(conn)
    compiled = compile_verdict(verdict, Read(person(1)), _VOCABULARY) if whole else _released_alone(verdict)
    await conn.set_autocommit(not whole)
    await conn.execute(_SETTINGS, [",".join(verdict.agreement.providers)])
    if whole:
        await conn.commit()
    cursor = AsyncRawCursor(conn)

    async def read(values: list[Any]) -> None:
        await cursor.execute(compiled.sql, values, prepare=True)
        await cursor.fetchall()

    return _Side(lambda number: compiled.arguments(_values(number, compiled, verdict, known)), read)


async def _committed(conn: psycopg.AsyncConnection) -> _Side:
    async def read(asked: Request) -> None:
        await disclose(conn, asked, datetime.now(UTC), vocabulary=_VOCABULARY)

    return _Side(_asked, read)


def _released_alone(verdict: Verdict) -> Compiled:
    """Return the statement cut off after what it releases, as one text: what the bare query gives too."""
    compiler = Compiler(_VOCABULARY, Slots())
    body = exp.func("STRING_AGG", column("released", "line"), exp.Literal.string("\n"))
    statement = exp.select(body).from_(exp.table_("released", quoted=True))
    for name, query in _parts(verdict, Act.READ, (), verdict.clauses, compiler):
        if name not in ("now_marked", "unchanged"):
            statement = statement.with_(exp.to_identifier(name, quoted=True), as_=query, recursive=True, copy=False)
        if name == "released":
            break
    sql, names = _numbered(statement.sql(dialect="postgres", identify=True))
    return Compiled(sql, names, compiler.slots.named(), {}, opens=False, codes=False)


async def _permitted(conn: psycopg.AsyncConnection) -> tuple[Known, Verdict]:
    now = datetime.now(UTC)
    known = await look_up(conn, "bench", _VOCABULARY, now)
    considered = known.considered
    verdict = decide(_asked(1), considered.agreement, considered.standing, _VOCABULARY, now)
    if not verdict.permitted:
        raise RuntimeError("the measured read is refused")
    return known, verdict


def _values(number: int, compiled: Compiled, verdict: Verdict, known: Known) -> dict[str, object]:
    asking = Asking(uuid4(), secrets.token_bytes(SALT_SIZE), datetime.now(UTC), _asked(number))
    return {**parameters(asking, verdict.agreement, compiled, None), "mark": known.mark}


def _asked(number: int) -> Request:
    return Request(Read(person(number)), "bench", "prosecution", _ASKING, "C-1", "to measure")
