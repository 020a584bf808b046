"""The sequencer: dense numbers, one at a time, and no signature that could contradict an earlier one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from comity.ledger import Entry, Sequencer, append, export, head
from comity.ledger.checkpoint import Checkpoint
from comity.ledger.cosignature import Cosigner, Kind
from comity.ledger.errors import DamagedLedgerError, HeadUnknownError, RestoredFromBackupError
from comity.ledger.merkle import Tree, verify_consistency
from comity.ledger.note import Note, Signer
from comity.ledger.store import Connection, tile_reader, try_lead
from comity.ledger.tiles import Edge
from comity.ledger.verify import verify_export
from comity.store import Role, Store

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "ledger.head"


@pytest.fixture
def sequencer(store: Store, signer: Signer, memory: Path):
    with store.connect(Role.LEDGER) as connection:
        yield Sequencer(connection, signer, memory)


@pytest.fixture
def queue(store: Store, made_entries) -> Callable[..., list[Entry]]:
    """Queues that many entries, committed."""

    def put(count: int, seed: int) -> list[Entry]:
        entries = made_entries(count, seed)
        with store.connect(Role.INTAKE) as connection:
            append(connection, entries)
        return entries

    return put


@pytest.fixture
def reader(store: Store):
    with store.connect(Role.LEDGER, autocommit=True) as connection:
        yield connection


def _numbered(connection: Connection) -> list[tuple[int, UUID]]:
    return connection.execute("select number, id from ledger.entry order by number").fetchall()


def test_numbers_are_dense_and_in_the_order_of_asking(sequencer, queue, reader) -> None:
    entries = queue(700, 1) + queue(1, 2)
    assert sequencer.step(NOW, limit=300) == 300
    assert sequencer.step(NOW) == 401
    assert sequencer.step(NOW) == 0
    assert _numbered(reader) == list(enumerate(entry.id for entry in entries))
    assert reader.execute("select count(*) from ledger.outbox").fetchone() == (0,)


def test_every_head_extends_the_one_before(sequencer, queue, reader, signer) -> None:
    for seed, count in enumerate([1, 2, 253, 1, 300, 5]):
        queue(count, seed)
        sequencer.step(NOW)
    notes = [note for (note,) in reader.execute("select note from ledger.checkpoint order by size")]
    heads = [Checkpoint.open(note, signer.verifier) for note in notes]
    assert [checkpoint.size for checkpoint in heads] == [1, 3, 256, 257, 557, 562]
    for one, other in pairwise(heads):
        proof = Tree(other.size, tile_reader(reader)).consistency(one.size)
        verify_consistency(one.size, other.size, proof, one.root, other.root)


def test_nothing_is_signed_when_nothing_waits(sequencer, reader) -> None:
    assert sequencer.step(NOW) == 0
    assert head(reader) is None


def test_the_step_remembers_its_head_outside_the_database(sequencer, queue, reader, memory) -> None:
    queue(3, 1)
    sequencer.step(NOW)
    newest = head(reader)
    assert newest is not None
    assert memory.read_text() == newest.note
    assert newest.signed_at == NOW


def test_a_transaction_that_commits_late_is_numbered_late(store, sequencer, queue, made_entries, reader) -> None:
    early = made_entries(2, 1)
    with store.connect(Role.INTAKE) as slow:
        append(slow, early)  # asks first, commits last
        quick = queue(2, 2)
        sequencer.step(NOW)
        slow.commit()
    sequencer.step(NOW)
    assert [name for _, name in _numbered(reader)] == [entry.id for entry in quick + early]


def test_a_large_ledger_s_tiles_are_those_of_a_tree_built_at_once(store, sequencer, queue, reader) -> None:
    for seed in range(7):
        queue(10_000, seed)
        while sequencer.step(NOW, limit=3_333):
            pass
    leaves = b"".join(row[0] for row in reader.execute("select leaf_hash from ledger.entry order by number"))
    edge, tiles = Edge(0).grow(leaves)
    stored = reader.execute("select level, index, hashes, root from ledger.tile order by level, index").fetchall()
    assert stored == [(tile.level, tile.index, tile.hashes, tile.root) for tile in tiles]
    newest = head(reader)
    assert newest is not None
    assert newest.checkpoint.root == edge.root()


# ---- what cannot be an entry


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff" * 10])
def test_garbage_in_the_outbox_is_kept_aside_and_blocks_nothing(store, sequencer, queue, reader, body) -> None:
    with store.connect(Role.GATE) as connection:
        connection.execute("insert into ledger.outbox (id, body) values (%s, %s)", (uuid4(), body))
    entries = queue(2, 1)
    assert sequencer.step(NOW) == 2
    assert [name for _, name in _numbered(reader)] == [entry.id for entry in entries]
    assert reader.execute("select body, reason from ledger.refused").fetchall() == [
        (body, "These bytes are not an entry of version 1 in its canonical form.")
    ]


def test_an_entry_queued_under_another_s_id(store, sequencer, reader, made_entries) -> None:
    with store.connect(Role.GATE) as connection:
        body = made_entries(1)[0].encode()
        connection.execute("insert into ledger.outbox (id, body) values (%s, %s)", (uuid4(), body))
    assert sequencer.step(NOW) == 0
    assert reader.execute("select reason from ledger.refused").fetchall() == [("The row's id is not its entry's.",)]
    assert head(reader) is None


def test_an_id_sequenced_twice(sequencer, queue, reader) -> None:
    first = queue(5, 1)
    sequencer.step(NOW)
    again = queue(7, 1)  # the same five once more, and two new ones
    assert again[:5] == first
    assert sequencer.step(NOW) == 2
    assert [name for _, name in _numbered(reader)] == [entry.id for entry in again]
    assert reader.execute("select count(*), max(reason) from ledger.refused").fetchone() == (
        5,
        "The ledger has an entry with this id already.",
    )


# ---- two at once, and fail-over


def test_two_sequencers_at_once(store, signer, memory, queue, reader, tmp_path) -> None:
    for seed in range(20):
        queue(50, seed)
    done: list[int] = []

    def run() -> None:
        with store.connect(Role.LEDGER) as connection:
            mine = Sequencer(connection, signer, memory)
            while sum(done) < 1000:
                done.append(mine.step(NOW, limit=17))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(done) == 1000
    assert [number for number, _ in _numbered(reader)] == list(range(1000))
    export(reader, tmp_path / "ledger")
    assert verify_export(tmp_path / "ledger", signer.vkey()).fault is None


def test_a_second_sequencer_does_nothing_until_the_first_is_gone(store, signer, memory, queue) -> None:
    queue(3, 1)
    with store.connect(Role.LEDGER) as other:
        sequencer = Sequencer(other, signer, memory)
        first = store.connect(Role.LEDGER, autocommit=True)
        assert try_lead(first)
        assert sequencer.step(NOW) == 0
        first.close()
        deadline = time.monotonic() + 10
        while not (moved := sequencer.step(NOW)) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert moved == 3


# ---- restored, replaced, damaged


def _back_to(reader: Connection, size: int, store: Store) -> None:
    """Make the database what it was when the ledger had ``size`` entries, as restoring an old backup does."""
    with psycopg.connect(store.admin, dbname=store.database) as connection:
        connection.execute("set session_replication_role = replica")  # triggers do not fire: this is not done in SQL
        connection.execute("delete from ledger.entry where number >= %s", (size,))
        connection.execute("delete from ledger.checkpoint where size > %s", (size,))
        connection.execute("delete from ledger.tile where (index + 1) * 256 ^ (level + 1) > %s", (size,))


def test_rollback_to_an_older_database(store, signer, memory, queue, reader) -> None:
    with store.connect(Role.LEDGER) as connection:
        first = Sequencer(connection, signer, memory)
        for seed in (1, 2):
            queue(300, seed)
            first.step(NOW)
        kept = memory.read_text()
        _back_to(reader, 300, store)
        queue(400, 3)
        for sequencer in (first, Sequencer(connection, signer, memory)):
            with pytest.raises(RestoredFromBackupError, match="signed for 600 entries, but the database holds 300"):
                sequencer.step(NOW)
    assert memory.read_text() == kept
    assert len(_numbered(reader)) == 300
    assert reader.execute("select count(*) from ledger.outbox").fetchone() == (400,)


def test_rollback_to_an_empty_database(store, signer, memory, queue, reader) -> None:
    with store.connect(Role.LEDGER) as connection:
        sequencer = Sequencer(connection, signer, memory)
        queue(3, 1)
        sequencer.step(NOW)
        _back_to(reader, 0, store)
        queue(3, 2)
        with pytest.raises(RestoredFromBackupError, match="the database holds 0"):
            sequencer.step(NOW)


def test_rollback_that_went_on_without_its_memory(store, signer, memory, queue, reader, tmp_path) -> None:
    with store.connect(Role.LEDGER) as connection:
        for seed in (1, 2):
            queue(300, seed)
            Sequencer(connection, signer, memory).step(NOW)
        _back_to(reader, 300, store)
        # The attacker's own memory lets the restored database grow past what was signed, with other entries.
        other = tmp_path / "other.head"
        other.write_text(reader.execute("select note from ledger.checkpoint").fetchone()[0])
        queue(500, 3)
        Sequencer(connection, signer, other).step(NOW)
        queue(1, 4)
        with pytest.raises(RestoredFromBackupError, match="first 600 entries are not the ones"):
            Sequencer(connection, signer, memory).step(NOW)


def test_memory_lost(store, signer, memory, queue, reader) -> None:
    with store.connect(Role.LEDGER) as connection:
        sequencer = Sequencer(connection, signer, memory)
        queue(3, 1)
        sequencer.step(NOW)
        memory.unlink()
        queue(3, 2)
        with pytest.raises(HeadUnknownError, match="is missing, but the database holds 3 entries"):
            sequencer.step(NOW)
    assert len(_numbered(reader)) == 3


@pytest.mark.parametrize("content", [b"", b"\xff", b"o\n0\nAAAA\n"])
def test_memory_overwritten(sequencer, queue, memory, content) -> None:
    queue(3, 1)
    sequencer.step(NOW)
    memory.write_bytes(content)
    queue(3, 2)
    with pytest.raises(HeadUnknownError, match="cannot be read"):
        sequencer.step(NOW)


def test_memory_forged_to_let_an_older_database_pass(store, signer, memory, queue, reader) -> None:
    with store.connect(Role.LEDGER) as connection:
        sequencer = Sequencer(connection, signer, memory)
        for seed in (1, 2):
            queue(300, seed)
            sequencer.step(NOW)
        _back_to(reader, 300, store)
        memory.write_text(Checkpoint(signer.name, 1, b"r" * 32).sign(Signer(signer.name, b"f" * 32)))
        with pytest.raises(HeadUnknownError):
            sequencer.step(NOW)


def test_memory_a_step_behind_after_a_crash_is_caught_up(sequencer, queue, memory, reader) -> None:
    queue(300, 1)
    sequencer.step(NOW)
    behind = memory.read_text()
    queue(300, 2)
    sequencer.step(NOW)
    newest = memory.read_text()
    memory.write_text(behind)
    assert sequencer.step(NOW) == 0
    assert memory.read_text() == newest  # at the first look, before anything new is signed
    memory.write_text(behind)
    queue(3, 3)
    assert sequencer.step(NOW) == 3
    assert memory.read_text() == head(reader).note


def test_another_key_in_place_of_the_ledger_s(store, signer, memory, queue, sequencer) -> None:
    queue(3, 1)
    sequencer.step(NOW)
    queue(3, 2)
    with store.connect(Role.LEDGER) as connection, pytest.raises(DamagedLedgerError, match="not signed with the key"):
        Sequencer(connection, Signer(signer.name, b"n" * 32), memory).step(NOW)


def test_each_head_is_signed_with_the_second_key_as_well(store, signer, memory, queue, reader, tmp_path) -> None:
    second = Cosigner(signer.name, Kind.ML_DSA_44, b"q" * 32)
    with store.connect(Role.LEDGER) as connection:
        Sequencer(connection, signer, memory).step(NOW)  # a ledger from before there was a second key
        sequencer = Sequencer(connection, signer, memory, also=[second])
        for seed in (1, 2):
            queue(3, seed)
            assert sequencer.step(NOW) == 3
            assert second.key.times(Note.parse(head(reader).note)) == [NOW.timestamp()]
        export(reader, tmp_path / "ledger")
        assert verify_export(tmp_path / "ledger", f"{signer.vkey()} {second.key.vkey}").fault is None
        queue(3, 3)
        other = Cosigner(signer.name, Kind.ML_DSA_44, b"o" * 32)
        with pytest.raises(DamagedLedgerError, match="does not change its key in silence"):
            Sequencer(connection, signer, memory, also=[other]).step(NOW)


@pytest.mark.parametrize(
    "damage",
    [
        "update ledger.entry set leaf_hash = sha256('x') where number = 299",
        "update ledger.tile set root = sha256('x')",
        "delete from ledger.tile",
        "delete from ledger.entry where number = 299",
        "delete from ledger.entry where number = 270",
        "insert into ledger.entry values (300, gen_random_uuid(), '', sha256(''))",
        "update ledger.checkpoint set note = replace(note, '300', '200')",
    ],
)
def test_a_tree_that_is_not_the_one_it_says(store, signer, memory, queue, reader, damage: str) -> None:
    with store.connect(Role.LEDGER) as connection:
        queue(300, 1)
        Sequencer(connection, signer, memory).step(NOW)
        with psycopg.connect(store.admin, dbname=store.database) as admin:
            admin.execute("set session_replication_role = replica")
            admin.execute(damage)
        queue(3, 2)
        before = reader.execute("select count(*) from ledger.checkpoint").fetchone()
        with pytest.raises(DamagedLedgerError):
            Sequencer(connection, signer, memory).step(NOW)
        assert reader.execute("select count(*) from ledger.checkpoint").fetchone() == before


# ---- killed


CHILD = """
import sys, uuid
from datetime import UTC, datetime
from pathlib import Path
import psycopg
from comity.ledger import Entry, Sequencer, append
from comity.ledger.note import Note, Signer

intake, ledger, memory, skey = sys.stdin.read().split("\\0")
now = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
with psycopg.connect(intake) as writer, psycopg.connect(ledger) as connection:
    sequencer = Sequencer(connection, Signer.parse(skey), Path(memory))
    while True:
        entries = [Entry(uuid.uuid4(), now, "disclosure", {}, b"c" * 32) for _ in range(120)]
        append(writer, entries)
        writer.commit()
        print(*[entry.id for entry in entries], flush=True)  # acknowledged
        sequencer.step(now, limit=100)
"""


def test_kill_minus_9_at_random_points_leaves_the_tiles_exact(store, signer, memory, reader, tmp_path) -> None:
    given = "\0".join([store.conninfo(Role.INTAKE), store.conninfo(Role.LEDGER), str(memory), signer.skey])
    acknowledged: list[str] = []
    for round_ in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        child.stdin.write(given)
        child.stdin.close()
        acknowledged += child.stdout.readline().split()
        time.sleep(0.03 + 0.017 * round_)
        os.kill(child.pid, signal.SIGKILL)
        acknowledged += [name for line in child.stdout if line.endswith("\n") for name in line.split()]
        child.wait()
        child.stdout.close()
    with store.connect(Role.LEDGER) as connection:
        sequencer = Sequencer(connection, signer, memory)
        deadline = time.monotonic() + 10
        while reader.execute("select exists (select from ledger.outbox)").fetchone()[0] and time.monotonic() < deadline:
            sequencer.step(NOW)
    numbered = _numbered(reader)
    assert [number for number, _ in numbered] == list(range(len(numbered)))
    assert {UUID(name) for name in acknowledged} <= {name for _, name in numbered}
    export(reader, tmp_path / "ledger")
    assert verify_export(tmp_path / "ledger", signer.vkey()).fault is None
