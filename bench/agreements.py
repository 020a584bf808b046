"""What a read and a verdict cost against 1, 10, 100 and 1,000 agreements in force: it must not grow with them.

The agreements are in the database, each signed by its five parties and assessed, and no two let out the same fields, so
that no two share a statement. A read is a whole disclosure over one connection, without HTTP: verdict, statement, log,
ledger entry, durable commit. *The one* always asks under the same agreement; *any* asks under all of them in turn,
so that nothing which is kept for one of them can be what makes it quick: a connection keeps the plans of a hundred
statements, so beyond that a read is planned anew. *First* is the first request under each
agreement over this connection, when it is judged, compiled and planned.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import psycopg

from bench.gate import PEOPLE, agree, fill, person
from bench.many import name_of, texts
from bench.rows import Row
from comity.gate import Read, Refusal, Request, Requester, disclose
from comity.gate.decide import decide
from comity.gate.known import look_up, remembered
from comity.node import ROOMS
from comity.store import Role, Store, migrate
from comity.store.provision import drop_database, make_database
from comity.vocabulary import load

STEPS = (1, 10, 100, 1_000)
ROUNDS = 5
READS = 100  # a round
_DATABASE = "bench_agreements"
_VOCABULARY = load()
_ASKING = Requester("attorney", "staff-7", "prosecutor")


def run(store: Store) -> list[Row]:
    """Measure in a database of its own on the store's server, which is dropped afterwards."""
    make_database(store.admin, _DATABASE)
    try:
        own = store.of(_DATABASE)
        migrate(own, ROOMS)
        fill(own)
        rows: list[Row] = []
        for before, count in zip((0, *STEPS), STEPS, strict=False):
            agree(own, texts(datetime.now(UTC), count, before))
            with own.connect(Role.OWNER, autocommit=True) as conn:
                conn.execute("analyze")
            rows += asyncio.run(_measure(own, count, rows))
        return rows
    finally:
        drop_database(store.admin, _DATABASE)


async def _measure(store: Store, count: int, before: Sequence[Row]) -> list[Row]:
    now = datetime.now(UTC)
    async with await psycopg.AsyncConnection.connect(store.conninfo(Role.GATE)) as conn:
        few = [name_of(number) for number in range(min(count, 100))]
        figures = {
            "first": [await _read(conn, name) for name in few],
            "verdict": await _verdicts(conn, count, now),
            "the one": [await _read(conn, name_of(0)) for _ in range(ROUNDS * READS)],
            "any": await _turns(conn, count),
        }
    units = {"verdict": "us"}
    alone = {row.name: row.ours for row in before[: len(figures)]}
    rows = []
    for kind, taken in figures.items():
        name = f"{kind} of {count:,}"
        ours, one = statistics.median(taken), alone.get(f"{kind} of 1")
        ratio = None if one is None else ours / one
        what = f"p50 of a {'verdict' if kind == 'verdict' else 'read'} with {count:,} in force, against 1 in force"
        rows.append(Row(name, what, ours, one, units.get(kind, "ms"), ratio, "about 1"))
    return rows


async def _turns(conn: psycopg.AsyncConnection, count: int) -> list[float]:
    """Ask under every agreement in turn, at least once before it counts."""
    for number in range(count):
        await _read(conn, name_of(number))
    chance = random.Random(count)
    return [await _read(conn, name_of(chance.randrange(count))) for _ in range(ROUNDS * READS)]


async def _read(conn: psycopg.AsyncConnection, name: str) -> float:
    """Return the milliseconds of one read of somebody at random."""
    asked = Request(Read(person(random.randint(1, PEOPLE))), name, "prosecution", _ASKING, "C-1", "to measure")
    start = time.perf_counter()
    answer = await disclose(conn, asked, datetime.now(UTC), vocabulary=_VOCABULARY)
    taken = 1_000 * (time.perf_counter() - start)
    refused = isinstance(answer, Refusal)
    if refused:
        raise RuntimeError("a measured read was refused")
    return taken


async def _verdicts(conn: psycopg.AsyncConnection, count: int, now: datetime) -> list[float]:
    """Return the microseconds of a verdict in each round, under agreements in turn."""
    names = [name_of(number) for number in range(count)]
    for name in names:
        await look_up(conn, name, _VOCABULARY, now)
    asked = [Request(Read(person(1)), name, "prosecution", _ASKING, "C-1", "to measure") for name in names]
    asked = asked * (-(-1_000 // count))
    taken = []
    for _ in range(1 + ROUNDS):
        start = time.perf_counter()
        for each in asked:
            known = remembered(conn, each.agreement, _VOCABULARY, now).considered
            decide(each, known.agreement, known.standing, _VOCABULARY, now)
        taken.append(1e6 * (time.perf_counter() - start) / len(asked))
    return taken[1:]
