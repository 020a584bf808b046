"""The ledger in PostgreSQL: who may do what, what never changes, and how it is read."""

from __future__ import annotations

from uuid import UUID, uuid4

import psycopg
import pytest

from comity.ledger import Entry, append, find, head, latest, prove
from comity.ledger.errors import EntryNotFoundError, EntryTooLargeError
from comity.ledger.merkle import Tree
from comity.ledger.proof import Proof
from comity.ledger.store import load_edge, tile_reader
from comity.store import Role, Store

WRITERS = [Role.INTAKE, Role.GATE, Role.GOVERNANCE]
TABLES = ["outbox", "entry", "tile", "checkpoint", "refused"]
MAY_READ = {
    *((role, table) for role in (Role.GATE, Role.GOVERNANCE) for table in ("entry", "tile", "checkpoint")),
    *((Role.LEDGER, table) for table in TABLES),
    *((Role.OWNER, table) for table in TABLES),
}


def _waiting(store: Store) -> list[tuple]:
    with store.connect(Role.LEDGER) as connection:
        return connection.execute("select id, body from ledger.outbox order by queued_at, ctid").fetchall()


def test_appended_entries_wait_in_their_order(store: Store, made_entries) -> None:
    entries = made_entries(1200)
    for role in WRITERS:
        with store.connect(role) as connection:
            index = WRITERS.index(role) * 400
            append(connection, entries[index : index + 1])
            append(connection, entries[index + 1 : index + 400])
            append(connection, [])
    assert _waiting(store) == [(entry.id, entry.encode()) for entry in entries]


def test_an_act_that_is_rolled_back_leaves_no_entry(store: Store, made_entries) -> None:
    with store.connect(Role.GATE) as connection:
        append(connection, made_entries(3))
        connection.rollback()
    assert _waiting(store) == []


def test_an_entry_too_large_stops_the_act(store: Store, made_entries) -> None:
    entry = made_entries(1)[0]
    large = Entry(entry.id, entry.at, entry.kind, {"a": "x" * 70_000}, entry.commitment)
    with store.connect(Role.GATE) as connection, pytest.raises(EntryTooLargeError):
        append(connection, [entry, large])
    assert _waiting(store) == []


def test_the_same_id_cannot_be_queued_twice(store: Store, made_entries) -> None:
    with store.connect(Role.GATE) as connection, pytest.raises(psycopg.errors.UniqueViolation):
        append(connection, made_entries(2) + made_entries(1))


def test_who_may_read_what(store: Store) -> None:
    for role in Role:
        with store.connect(role, autocommit=True) as connection:
            for table in TABLES:
                if (role, table) in MAY_READ:
                    connection.execute(f"select * from ledger.{table}")
                else:
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        connection.execute(f"select * from ledger.{table}")


def test_rewriting_what_is_in_the_ledger(store: Store, sequenced) -> None:
    sequenced(3)
    columns = {"entry": "body = ''", "tile": "root = ''", "checkpoint": "note = ''", "refused": "reason = ''"}
    for role in Role:
        # The owner holds the right and is refused by the table itself; all others do not even hold the right.
        refusal = psycopg.errors.RestrictViolation if role is Role.OWNER else psycopg.errors.InsufficientPrivilege
        with store.connect(role, autocommit=True) as connection:
            for table, column in columns.items():
                for statement in ("update ledger.{} set {}", "delete from ledger.{}", "truncate ledger.{}"):
                    with pytest.raises(refusal):
                        connection.execute(statement.format(table, column))


@pytest.mark.parametrize(
    "statement",
    [
        "insert into ledger.entry values (0, gen_random_uuid(), '', sha256(''))",
        "delete from ledger.outbox",
        "update ledger.outbox set body = ''",
        "insert into ledger.outbox (id, body, queued_at) values (gen_random_uuid(), '', now())",
    ],
)
def test_forging_an_entry_taking_one_back_or_jumping_the_queue(store: Store, statement: str) -> None:
    for role in WRITERS:
        with store.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


def test_an_empty_ledger_has_no_head(store: Store) -> None:
    with store.connect(Role.GATE) as connection:
        assert head(connection) is None
        assert latest(connection, 10) == []
        assert find(connection, uuid4()) is None
        with pytest.raises(EntryNotFoundError):
            prove(connection, uuid4())


def test_find_and_latest(store: Store, sequenced) -> None:
    entries = sequenced(30)
    with store.connect(Role.GATE) as connection:
        newest = latest(connection, 3)
        assert [logged.number for logged in newest] == [29, 28, 27]
        assert [logged.entry() for logged in newest] == entries[:26:-1]
        assert [logged.number for logged in latest(connection, 2, before=5)] == [4, 3]
        found = find(connection, entries[7].id)
        assert found is not None
        assert (found.number, found.entry()) == (7, entries[7])
        assert find(connection, UUID(int=0)) is None


def test_the_head_is_what_was_signed(store: Store, signer, sequenced) -> None:
    sequenced(300)
    with store.connect(Role.GATE) as connection:
        newest = head(connection)
        assert newest is not None
        assert newest.checkpoint == type(newest.checkpoint).open(newest.note, signer.verifier)
        assert newest.checkpoint.root == load_edge(connection, 300).root()


def test_every_entry_is_proven_offline(store: Store, signer, sequenced) -> None:
    entries = sequenced(520)
    with store.connect(Role.GATE) as connection:
        proofs = [prove(connection, entry.id).text() for entry in entries]
    for number, (entry, text) in enumerate(zip(entries, proofs, strict=True)):
        proof = Proof.parse(text)
        assert proof.verify(signer.verifier).size == 520
        assert (proof.number, proof.decoded()) == (number, entry)


def test_the_tree_can_be_read_as_it_was(store: Store, sequenced, signer) -> None:
    sequenced(700)
    with store.connect(Role.GATE) as connection:
        for size in (0, 1, 255, 256, 257, 512, 600, 700):
            assert load_edge(connection, size).root() == Tree(size, tile_reader(connection)).root()


def test_an_entry_that_still_waits_is_not_proven_yet(store: Store, sequenced, made_entries) -> None:
    sequenced(3)
    late = made_entries(1, seed=9)[0]
    with store.connect(Role.INTAKE) as connection:
        append(connection, [late])
    with store.connect(Role.GATE) as connection, pytest.raises(EntryNotFoundError, match="ask again"):
        prove(connection, late.id)
