"""The way in: statements a second, from a made-up chain's files to admitted rows with their ledger entries.

Beside it, in the same run, the least that any loader could do with the same messages: read the same files and keep each
message as one row of text, in batches of the same size, with a commit each.
"""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.rows import Row
from comity import vocabulary
from comity.demo.agreeing import let_agree
from comity.demo.chain import chain_for
from comity.demo.world import build, write
from comity.intake.intake import BATCH, Intake
from comity.intake.mapping import parse, read_text
from comity.node import ROOMS, Node
from comity.sources import Said, open_source
from comity.store import Role, Settings, Store, migrate
from comity.store.provision import drop_database, make_database

PEOPLE = 2_000
SEED = 4
_DATABASE = "bench_load"


def run(store: Store) -> list[Row]:
    """Measure in a database of its own on the store's server, which is dropped afterwards."""
    make_database(store.admin, _DATABASE)
    try:
        own = store.of(_DATABASE)
        migrate(own, ROOMS)
        with tempfile.TemporaryDirectory() as folder:
            return [_measure(own, Path(folder))]
    finally:
        drop_database(store.admin, _DATABASE)


def _measure(store: Store, folder: Path) -> Row:
    write(build(SEED, PEOPLE), folder / "files")
    mappings = [parse(read_text(path), path.name) for path in chain_for(None).mappings]
    node = Node(Settings(home=folder), store, vocabulary.load(), "bench")
    let_agree(node, chain_for(None), datetime.now(UTC))
    raw_count, raw_seconds = _timed(lambda: _keep_as_text(store, mappings, folder / "files"))
    count, seconds = _timed(lambda: _take_in(node, mappings, folder / "files"))
    if count != raw_count:
        raise RuntimeError(f"{count} messages were taken in, and {raw_count} kept as text")
    ours, theirs = count / seconds, raw_count / raw_seconds
    return Row(
        "load",
        f"{count:,} statements of six agencies admitted, linked and logged, against keeping the same messages as text",
        ours, theirs, "statements/s", ours / theirs, "printed; no goal is set",
    )  # fmt: skip


def _take_in(node: Node, mappings: list, files: Path) -> int:
    with node.store.connect(Role.INTAKE, autocommit=True) as conn:
        intake = Intake.open(conn, node.vocabulary, node.keyring)
        return sum(intake.pull(mapping, files).delivered for mapping in mappings)


def _keep_as_text(store: Store, mappings: list, files: Path) -> int:
    kept = 0
    with store.connect(Role.OWNER, autocommit=True) as conn:
        conn.execute("create schema bench")
        conn.execute("create table bench.message (source text, place text, body bytea)")
        for mapping in mappings:
            for batch in open_source(mapping.source, files).read(None, BATCH):
                rows = [(mapping.name, it.place, it.body.canonical()) for it in batch.items if isinstance(it, Said)]
                with conn.transaction(), conn.cursor().copy("copy bench.message from stdin") as copy:
                    for row in rows:
                        copy.write_row(row)
                kept += len(rows)
    return kept


def _timed(work) -> tuple[int, float]:
    began = time.perf_counter()
    count = work()
    return count, time.perf_counter() - began
