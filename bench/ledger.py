"""The ledger's figures: durable appends against raw COPY, sequencing, proofs, and the offline check.

An append is what an act pays: entries encoded, copied into the outbox and committed, 1,000 at a time. Raw COPY is the
least that PostgreSQL asks for the same bytes: the finished rows, in one block, into a table with no key, no index and
no check, committed. The two take turns within one run, so that whatever else the machine does falls on both.
"""

from __future__ import annotations

import random
import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg

from bench import ledger_load
from bench.rows import Row
from comity.ledger import Entry, Sequencer, append, export, prove
from comity.ledger.note import Signer
from comity.ledger.verify import verify_export
from comity.store import Role, Store, migrate
from comity.store.provision import drop_database, make_database

BATCH = 1_000
ROUNDS = 40
PROOFS = 200
_DATABASE = "bench_ledger"
_LOADED = "bench_ledger_load"
_SIGNER = Signer("bench.example/ledger", bytes(32))
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
_COPY_TRAILER = struct.pack("!h", -1)


def run(store: Store, rounds: int = ROUNDS) -> list[Row]:
    """Measure in a database of its own on the store's server, which is dropped afterwards."""
    make_database(store.admin, _DATABASE)
    try:
        own = store.of(_DATABASE)
        migrate(own, ["comity.ledger"])
        return _measure(own, [_entries(BATCH, seed) for seed in range(rounds)])
    finally:
        drop_database(store.admin, _DATABASE)


def _measure(store: Store, batches: list[list[Entry]]) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, store.connect(Role.LEDGER) as ledger:
        ours, theirs = _appends(store, batches)
        sequencer = Sequencer(ledger, _SIGNER, Path(folder) / "ledger.head")
        sequenced = _seconds(lambda: _drain(sequencer))
        size = export(ledger, Path(folder) / "ledger").checkpoint.size
        return [
            _append_row(ours, theirs),
            _alone("ledger sequencing", f"{size:,} entries in steps of 10,000", size / sequenced, "entries/s", "-"),
            _proof_row(ledger, batches, size),
            _verify_row(Path(folder) / "ledger", size),
            *_under_load(store),
        ]


def _under_load(store: Store) -> list[Row]:
    """Measure what an audit costs many clients at once, in a database of its own."""
    make_database(store.admin, _LOADED)
    try:
        own = store.of(_LOADED)
        migrate(own, ["comity.ledger"])
        return ledger_load.run(own, _SIGNER)
    finally:
        drop_database(store.admin, _LOADED)


def _entries(count: int, seed: int) -> list[Entry]:
    chance = random.Random(seed)
    read = {"agency": "probation", "agreement": "victim-safety@3", "act": "read", "purpose": "victim-safety"}
    told = {"agency": "police", "source": "custody", "mapping": "custody@1", "message": "admit", "outcome": "admitted"}
    now = datetime.now(UTC)
    # As a node writes them: what was read shares its circumstances with much else, what was taken in names itself.
    return [
        Entry(uuid4(), now, "disclosure", read, chance.randbytes(32))
        if number % 2
        else Entry(uuid4(), now, "collection", {**told, "statement": str(uuid4())}, chance.randbytes(32))
        for number in range(count)
    ]


def _appends(store: Store, batches: Iterable[list[Entry]]) -> tuple[list[float], list[float]]:
    """Return the seconds of each batch, ours and raw, taken in turns."""
    ours, theirs = [], []
    with store.connect(Role.INTAKE) as intake, psycopg.connect(store.admin, dbname=store.database) as raw:
        raw.execute("create schema bench")
        raw.execute("create table bench.raw (id uuid, body bytea)")
        raw.commit()
        for batch in batches:
            block = _block((entry.id, entry.encode()) for entry in batch)
            theirs.append(_seconds(lambda block=block: _raw_copy(raw, block)))
            ours.append(_seconds(lambda batch=batch: _append(intake, batch)))
    return ours, theirs


def _block(rows: Iterable[tuple[UUID, bytes]]) -> bytes:
    """Return rows in PostgreSQL's binary COPY format, ready to send."""
    packed = (struct.pack("!hi16si", 2, 16, key.bytes, len(body)) + body for key, body in rows)
    return _COPY_HEADER + b"".join(packed) + _COPY_TRAILER


def _raw_copy(connection: psycopg.Connection, block: bytes) -> None:
    with connection.cursor() as cursor, cursor.copy("copy bench.raw (id, body) from stdin (format binary)") as copy:
        copy.write(block)
    connection.commit()


def _append(connection: psycopg.Connection, batch: list[Entry]) -> None:
    append(connection, batch)
    connection.commit()


def _drain(sequencer: Sequencer) -> None:
    while sequencer.step(datetime.now(UTC)):
        pass


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _append_row(ours: list[float], theirs: list[float]) -> Row:
    mine, raw = BATCH / statistics.median(ours), BATCH / statistics.median(theirs)
    what = f"durable appends, batches of {BATCH:,}, against raw COPY of the same bytes"
    return Row("ledger append", what, mine, raw, "entries/s", mine / raw, ">= 60 %")


def _proof_row(connection: psycopg.Connection, batches: list[list[Entry]], size: int) -> Row:
    chosen = [random.Random(1).choice(batch).id for batch in batches for _ in range(PROOFS // len(batches) + 1)]
    taken = [_seconds(lambda name=name: prove(connection, name)) for name in chosen]
    return _alone(
        "ledger proof", f"one of {size:,} entries, median", statistics.median(taken) * 1e3, "ms", "<= 5 ms of 10 M"
    )


def _verify_row(folder: Path, size: int) -> Row:
    start = time.process_time()
    report = verify_export(folder, _SIGNER.vkey())
    spent = time.process_time() - start
    if report.fault:
        raise RuntimeError(str(report.fault))
    what = f"offline check of {size:,} entries, scaled to 1 M"
    return _alone("ledger verify", what, spent / size * 1e6, "CPU-s", "<= 5 CPU-s")


def _alone(name: str, what: str, ours: float, unit: str, goal: str) -> Row:
    return Row(name, what, ours, None, unit, None, goal)
