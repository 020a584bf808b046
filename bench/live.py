"""Placing people one by one among a million: how long one takes, how many eight writers place, and Splink beside it.

The million is made up (``bench.crowd``). *Found* is finding and scoring the candidates of somebody; *placed* is the
whole, with a durable commit. Half of those asked about are there already, with slips. Splink's single-record search is
``predict_between`` of one record and the table of all in DuckDB, plain as ``bench.plain_splink`` has it, its weights
learnt from a sample. The writers place the records of one human two at a time, each in its own transaction.
"""

from __future__ import annotations

import random
import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from uuid import UUID

import duckdb
import psycopg
import pyarrow as pa
from psycopg.conninfo import make_conninfo

from bench import crowd
from bench.plain_splink import table, weighed
from bench.rows import Row
from comity import people
from comity.node import ROOMS
from comity.people import Features
from comity.people import store as rows
from comity.people.look import look
from comity.people.score import LINKED_FROM, score
from comity.people.standardise import standardise
from comity.people.train import train
from comity.store import Role, Store, migrate
from comity.store.provision import drop_database, make_database

RECORDS = 1_000_000
SAMPLE = 10_000  # humans that weights are learnt from
ASKED, WARMED = 600, 50
SPLINK_ASKED = 7
WRITERS, SECONDS = 8, 360  # an hour of twenty a second
_DATABASE = "bench_live"
_NEW, _WRITTEN = 10_000, 20_000  # chunks of whoever is not in the million: asked about, and written


def run(store: Store) -> list[Row]:
    """Measure in a database of its own on the store's server, which is dropped afterwards."""
    make_database(store.admin, _DATABASE)
    try:
        own = store.of(_DATABASE)
        migrate(own, ROOMS)
        started = time.perf_counter()
        sample = [each for records in crowd.humans(0, SAMPLE) for each in records]
        model = train([standardise(each) for each in sample], "bench", datetime.now(UTC))
        model = replace(model, prior=model.prior * len(sample) / RECORDS)  # of two at random among a million
        with own.connect(Role.INTAKE) as conn:
            rows.put_model(conn, model)
        trained = time.perf_counter()
        filled = crowd.fill(make_conninfo(own.admin, dbname=_DATABASE), RECORDS, model)
        print(f"trained in {trained - started:.0f} s; {filled:,} filled in, in {time.perf_counter() - trained:.0f} s")
        return list(measure(own))
    finally:
        drop_database(store.admin, _DATABASE)


def measure(own: Store) -> Iterator[Row]:
    """Yield what is reached in a database that is filled."""
    found, placed = _single(own)
    theirs = statistics.median(_splink(SPLINK_ASKED))
    for name, times, goals in (("found", found, ("none", "none")), ("placed", placed, ("<= 8 ms", "<= 25 ms"))):
        middle, worst = statistics.median(times), statistics.quantiles(times, n=100)[98]
        yield Row(f"live {name}", "p50, against Splink's", middle, theirs, "ms", middle / theirs, f"{goals[0]}, 1/50")
        yield Row(f"live {name}, slowest", "p99", worst, None, "ms", None, goals[1])
    result = _written(own)
    what = (
        f"{WRITERS} writers, {SECONDS} s: {result.deadlocks} deadlocks, {result.parted} of {result.pairs} pairs parted"
    )
    yield Row("live writers", what, result.placed / result.seconds, None, "a second", None, ">= 200")


def asked(number: int) -> list[Features]:
    """Return whom is asked about: half are among the million, with slips as often as anybody's later record has."""
    chance = random.Random(7)
    there = (crowd.another(records[0], chance) for records in crowd.humans(1, number // 2))
    mixed = [*there, *(records[0] for records in crowd.humans(_NEW, number - number // 2))]
    chance.shuffle(mixed)
    return mixed


def _single(own: Store) -> tuple[list[float], list[float]]:
    """Return the milliseconds of each search and of each placement."""
    with own.connect(Role.INTAKE) as conn:
        found = [_timed(lambda each=each: _find(conn, each)) for each in asked(WARMED + ASKED)]
        placed = [_timed(lambda each=each: _place(conn, each)) for each in asked(WARMED + ASKED)]
    return found[WARMED:], placed[WARMED:]


def _find(conn: psycopg.Connection, each: Features) -> None:
    standards = {each.source_person: standardise(each)}
    look(conn, standards, rows.keyed(standards))
    conn.rollback()


def _place(conn: psycopg.Connection, each: Features) -> None:
    people.place(conn, each)
    conn.commit()


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


# --- the opponent -----------------------------------------------------------------------------------------------------


def _splink(number: int) -> list[float]:
    """Return the milliseconds of each search by Splink, after one to warm up."""
    from splink import DuckDBAPI, Linker

    sample, numbers = table([each for records in crowd.humans(0, SAMPLE) for each in records])
    with duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}) as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        connection.register("sample", sample)
        connection.execute("create table people as select * from sample")
        learnt, _ = weighed(connection, sample.column_names[1:], numbers)
        api = DuckDBAPI(connection=connection)
        _everybody(connection)
        linker = Linker(api.register("everybody"), learnt.misc.save_model_to_json(), log_level=None)
        for column in ("given", "family", "postcode"):
            linker.table_management.compute_tf_table(column)
        times = []
        for place, each in enumerate(asked(number + 1)):
            one, _ = table([each])
            connection.register("one_row", one)
            connection.execute(
                f"create table one_{place} as select * from everybody limit 0;"
                f"insert into one_{place} by name select * replace (-1 as unique_id) from one_row"
            )
            asking = api.register(f"one_{place}")
            times.append(_timed(lambda asking=asking: _search(linker, api, asking)))
        return times[1:]


def _search(linker: object, api: object, asking: object) -> None:
    between = linker.inference.predict_between  # type: ignore[attr-defined]
    between(asking, api.register("everybody"), warning_mode="never").as_record_list()  # type: ignore[attr-defined]


def _everybody(connection: duckdb.DuckDBPyConnection) -> None:
    chunks = round(RECORDS / (crowd.CHUNK * crowd.RECORDS))
    number = 0
    for chunk in range(chunks):
        people, _ = table(list(chain.from_iterable(crowd.humans(chunk))))
        ids = pa.array(range(number, number + people.num_rows), pa.int64())
        connection.register("chunk", people.set_column(0, "unique_id", ids))
        connection.execute(
            "create table everybody as select * from chunk"
            if not chunk
            else "insert into everybody by name select * from chunk"
        )
        number += people.num_rows


# --- many at once -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Result:
    """What the writers did: ``parted`` of the ``pairs`` that two of them placed at once are two persons."""

    placed: int
    seconds: float
    deadlocks: int
    pairs: int
    parted: int


def _written(own: Store) -> _Result:
    dsn = own.conninfo(Role.INTAKE)
    start = time.time() + 10
    with ProcessPoolExecutor(WRITERS, crowd.SPAWN) as pool:
        done = list(pool.map(_write, [dsn] * WRITERS, range(WRITERS), [start] * WRITERS))
    placed, deadlocks = [ids for ids, _ in done], sum(failed for _, failed in done)
    pairs = [
        pair for one, other in zip(placed[::2], placed[1::2], strict=True) for pair in zip(one, other, strict=False)
    ]
    with own.connect(Role.INTAKE) as conn:
        persons = rows.known_of(conn, chain.from_iterable(placed))
        model = rows.current_model(conn)
        said = rows.standards_of(conn, chain.from_iterable(placed))
    lost = sum(len(ids) for ids in placed) - len(persons)
    if lost:
        raise RuntimeError(f"{lost} were placed and are in no person")
    pairs = [(a, b) for a, b in pairs if model and score(said[a], said[b], model).total >= LINKED_FROM]
    parted = sum(persons[a] != persons[b] for a, b in pairs)
    return _Result(sum(map(len, placed)), SECONDS, deadlocks, len(pairs), parted)


def _write(dsn: str, writer: int, start: float) -> tuple[list[UUID], int]:
    """Place one record after the other until the time is up; return whom, and how many deadlocks there were."""
    done, deadlocks = [], 0
    mine = _records(writer)
    with psycopg.connect(dsn) as conn:
        time.sleep(max(0.0, start - time.time()))
        while time.time() < start + SECONDS:
            each = next(mine)
            try:
                people.place(conn, each)
                conn.commit()
            except psycopg.errors.DeadlockDetected:
                conn.rollback()
                deadlocks += 1
            done.append(each.source_person)
    return done, deadlocks


def _records(writer: int) -> Iterator[Features]:
    """Yield this writer's record of each human: two writers have the same humans, and say the same of them."""
    known: Sequence[list[Features]]
    for chunk in range(100):
        known = list(crowd.humans(_WRITTEN + chunk * WRITERS + writer // 2, 1_000))
        for first in (records[0] for records in known if records[0].birth_date):
            yield first if writer % 2 == 0 else replace(first, source_person=UUID(int=first.source_person.int ^ 1))
