"""What an audit costs under load: 32 clients that act, act with an entry in the ledger, or act with a row-locked chain.

An act is one inserted row, committed. With the ledger its statement adds an entry to the outbox; a sequencer numbers
and signs beside it, as a node's does; its lag is from when an entry asked to when its head was signed. The chain is
what tables with a hash of the row before do: each transaction locks the one row that holds the last hash. The three
take turns. Clients and sequencer are threads of one process here, which makes the lag longer than a node's.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Self
from uuid import uuid4

import psycopg

from bench.rows import Row
from comity.ledger import Entry, Sequencer
from comity.ledger.note import Signer
from comity.store import Role, Store

CLIENTS = 32
SECONDS = 4.0
TURNS = 3
POLL_SECONDS = 0.05  # as the worker's
_TABLES = """
create schema load;
create table load.act (id uuid primary key, body bytea);
create table load.chain (number bigint primary key, hash bytea, body bytea);
create table load.last (number bigint, hash bytea);
insert into load.last values (0, '');
grant usage on schema load to comity_intake;
grant all on all tables in schema load to comity_intake;
"""
_ACT_AND_ENTRY = """
with act as (insert into load.act values (%s, %s)) insert into ledger.outbox (id, body) values (%s, %s)
"""  # one statement, as the gate's
_ACT_AND_LINK = """
with last as (select number, hash from load.last for update),
     link as (select number + 1 as number, sha256(hash || %(body)s::bytea) as hash from last),
     act as (insert into load.act values (%(id)s, %(body)s)),
     chained as (insert into load.chain select number, hash, %(body)s::bytea from link)
update load.last set number = link.number, hash = link.hash from link
"""
Act = Callable[[psycopg.Connection, bytes], None]


def run(store: Store, signer: Signer, seconds: float = SECONDS, clients: int = CLIENTS) -> list[Row]:
    """Measure on a migrated database of its own."""
    with psycopg.connect(store.admin, dbname=store.database) as connection:
        connection.execute(_TABLES)
    done: dict[str, list[float]] = {"raw": [], "ledger": [], "chain": []}
    lags: list[float] = []
    for _ in range(TURNS):
        done["raw"].append(_rate(store, _raw, seconds, clients))
        with _Sequencing(store, signer) as sequencing:
            done["ledger"].append(_rate(store, _with_entry, seconds, clients))
        lags += sequencing.lags()
        done["chain"].append(_rate(store, _with_chain, seconds, clients))
    raw, ours, chain = (statistics.median(done[kind]) for kind in ("raw", "ledger", "chain"))
    what = f"{clients} clients, one act and its entry a transaction"
    return [
        Row("ledger act + audit", f"{what}, against the act alone", ours, raw, "acts/s", ours / raw, ">= 50 %"),
        Row("ledger act + audit", f"{what}, against a row-locked chain", ours, chain, "acts/s", ours / chain, ">= 5x"),
        Row("ledger lag", "asked to signed under that load, p99", _p99(lags) * 1e3, None, "ms", None, "<= 250 ms"),
    ]


def _p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)] if values else float("nan")


def _raw(connection: psycopg.Connection, body: bytes) -> None:
    connection.execute("insert into load.act values (%s, %s)", (uuid4(), body))


def _with_entry(connection: psycopg.Connection, body: bytes) -> None:
    entry = Entry(uuid4(), datetime.now(UTC), "disclosure", {"agency": "police"}, sha256(body).digest())
    connection.execute(_ACT_AND_ENTRY, (entry.id, body, entry.id, entry.encode()))


def _with_chain(connection: psycopg.Connection, body: bytes) -> None:
    connection.execute(_ACT_AND_LINK, {"id": uuid4(), "body": body})


def _rate(store: Store, act: Act, seconds: float, clients: int) -> float:
    """Return how many acts were committed a second."""
    counts, ready = [0] * clients, threading.Barrier(clients + 1)

    def client(index: int) -> None:
        body = random.Random(index).randbytes(200)
        with store.connect(Role.INTAKE) as connection:
            ready.wait()
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                act(connection, body)
                connection.commit()
                counts[index] += 1

    threads = [threading.Thread(target=client, args=(index,)) for index in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    begin = time.monotonic()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - begin)


class _Sequencing:
    """A sequencer at work beside the clients; knows afterwards how long each entry waited for its signed head."""

    def __init__(self, store: Store, signer: Signer) -> None:
        self._store, self._signer, self._stop = store, signer, threading.Event()
        self._lags: list[float] = []
        self._home = tempfile.TemporaryDirectory()
        self._thread = threading.Thread(target=self._run)

    def lags(self) -> list[float]:
        return self._lags

    def __enter__(self) -> Self:
        with psycopg.connect(self._store.admin, dbname=self._store.database) as connection:
            row = connection.execute("select note from ledger.checkpoint order by size desc limit 1").fetchone()
        if row:
            (Path(self._home.name) / "ledger.head").write_text(row[0])
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._home.cleanup()

    def _run(self) -> None:
        with self._store.connect(Role.LEDGER) as connection:
            sequencer = Sequencer(connection, self._signer, Path(self._home.name) / "ledger.head")
            more = True
            while more or not self._stop.is_set():
                waiting = connection.execute("select queued_at from ledger.outbox order by queued_at").fetchall()
                more = bool(sequencer.step(datetime.now(UTC)))
                signed = datetime.now(UTC)
                if more:  # those seen before the step are in it; who came meanwhile is counted with the next
                    self._lags += [(signed - at).total_seconds() for (at,) in waiting]
                else:
                    self._stop.wait(POLL_SECONDS)
