"""A new epoch of keys while the node works, and an old one's end."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from comity.intake import Intake
from comity.intake.epochs import begin, bring_over, end, known
from comity.record import rotate
from comity.record.errors import EpochInUseError, KeyDestroyedError
from comity.record.keys import WrappedKey, load_or_create
from comity.record.store import keys_from_rows, stored_keys
from comity.store import Role
from comity.store.provision import copy_database, drop_database

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
AFTER = NOW + rotate.BACKUPS_KEPT + timedelta(days=1)
EVERYBODY = "select source_person, agency, epoch, wrapped from record.subject_key"
MESSAGES = "select statement_id, verbatim_epoch, verbatim from record.statement where verbatim is not null"
BRING = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
import psycopg
from comity.intake.epochs import bring_over

def pace(_):
    print("brought", flush=True)
    sys.stdin.readline()

with psycopg.connect(os.environ["DSN"], autocommit=True) as conn:
    bring_over(conn, Path(sys.argv[1]), lambda: datetime.now(UTC), pace)
"""


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "record.keys"


@pytest.fixture
def conn(store):
    with store.connect(Role.INTAKE, autocommit=True) as connection:
        yield connection


@pytest.fixture
def small(monkeypatch) -> None:
    """Bring little over at a time, so that much is caught half done."""
    monkeypatch.setattr(rotate, "_KEYS_AT_ONCE", 7)
    monkeypatch.setattr(rotate, "_MESSAGES_AT_ONCE", 5)


@pytest.fixture
def some(intake, jail, said, booking):
    """Forty people with a message each; one of them is in hiding."""
    intake.receive(jail, said(*(booking(f"B{n}", f"P{n}", hiding=f"{n} Lane") for n in range(40))))


def opened(conn, keyring) -> int:
    """Open every data key and every message there is; how many there were."""
    keys = [WrappedKey(person, agency, epoch, bytes(key)) for person, agency, epoch, key in conn.execute(EVERYBODY)]
    for key in keys:
        keyring.unwrap(key)
    messages = conn.execute(MESSAGES).fetchall()
    for statement, epoch, sealed in messages:
        assert b"booking" in keyring.unseal_verbatim(statement, epoch, bytes(sealed))
    return len(keys) + len(messages)


def under(conn) -> set[int]:
    """The epochs under which there is something."""
    return {
        row[0]
        for row in conn.execute(
            "select epoch from record.subject_key union select verbatim_epoch from record.statement where verbatim is not null"
        )
    }


def acts(outbox) -> list[tuple[str, str]]:
    return [(it["context"]["act"], it["context"]["outcome"]) for it in outbox() if it["kind"] == "key-epoch"]


def test_a_new_epoch_begins_and_everything_is_brought_over_to_it(conn, path, some, outbox):
    assert [(it.number, it.held_in, it.data_keys, it.messages) for it in known(conn, path, NOW)] == [
        (1, "file", 40, 40)
    ]
    keys = stored_keys(conn, load_or_create(path), [row[0] for row in conn.execute(EVERYBODY)])
    assert begin(conn, path, NOW) == 2
    brought = bring_over(conn, path, lambda: NOW)
    assert (brought.data_keys, brought.messages) == (40, 40)
    first, second = known(conn, path, NOW)
    assert (first.data_keys, first.messages, first.emptied_at) == (0, 0, NOW)
    assert (second.number, second.data_keys, second.messages, second.emptied_at) == (2, 40, 40, None)
    assert stored_keys(conn, load_or_create(path), list(keys)) == keys  # the same data keys: nothing is sealed anew
    assert acts(outbox) == [("begin-epoch", "2")]


@pytest.fixture
def writing(store, path, vocabulary, jail, said, booking):
    """Write messages of three new people at a time, with keys that were read before, until told that it is over."""
    numbers = itertools.count(40)

    def write(over: threading.Event) -> None:
        with store.connect(Role.INTAKE, autocommit=True) as conn:
            intake = Intake.open(conn, vocabulary, path)
            while not over.is_set():
                intake.receive(jail, said(*(booking(f"B{n}", f"P{n}") for n in itertools.islice(numbers, 3))))

    return write


@pytest.fixture
def reading(store, path):
    """Open everything again and again, with keys that were read before, until told that it is over."""

    def look(over: threading.Event) -> None:
        keyring = load_or_create(path)
        with store.connect(Role.INTAKE, autocommit=True) as conn:
            while not over.is_set():
                assert opened(conn, keyring)

    return look


def test_an_epoch_begins_and_ends_while_others_write_and_read(conn, path, some, small, writing, reading):
    """Nobody sees anything of it, and nobody is started anew."""
    over = threading.Event()
    with ThreadPoolExecutor() as others:
        working = [others.submit(each, over) for each in (writing, writing, reading)]
        try:
            for number in (2, 3):
                assert begin(conn, path, NOW) == number
                bring_over(conn, path, lambda: NOW)
                assert under(conn) == {number}
            end(conn, path, 1, AFTER)
            end(conn, path, 2, AFTER)
            before = opened(conn, load_or_create(path))
            while opened(conn, load_or_create(path)) < before + 20:
                assert not any(each.done() for each in working)
        finally:
            over.set()
        assert [each.result() for each in working] == [None] * 3
    assert under(conn) == {3}


@pytest.fixture
def many(intake, jail, said, booking, some):
    """Five hundred more: several batches."""
    intake.receive(jail, said(*(booking(f"C{n}", f"C{n}") for n in range(500))))


def test_killed_in_the_middle_it_goes_on_where_it_was(store, conn, path, many):
    assert begin(conn, path, NOW) == 2
    environment = {**os.environ, "DSN": store.conninfo(Role.INTAKE)}
    bringing = subprocess.Popen(
        [sys.executable, "-c", BRING, str(path)], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    for leave in range(3):
        if leave:
            bringing.stdin.write(b"\n")
            bringing.stdin.flush()
        bringing.stdout.readline()
    bringing.stdin.write(b"\n")
    bringing.stdin.flush()
    bringing.kill()
    bringing.communicate()
    assert under(conn) == {1, 2}
    assert opened(conn, load_or_create(path)) == 2 * 540
    with pytest.raises(EpochInUseError, match="Bring them over"):
        end(conn, path, 1, AFTER)
    assert begin(conn, path, NOW) is None  # the last change is finished first
    brought = bring_over(conn, path, lambda: NOW)
    assert 0 < brought.messages < 540
    assert under(conn) == {2}
    assert opened(conn, load_or_create(path)) == 2 * 540
    assert begin(conn, path, NOW) == 3


def test_an_epoch_begins_once_nobody_is_sealing_under_the_last(store, conn, path, some):
    """A transaction that sealed under the old epoch, and commits late, is waited for: it is not left behind."""
    with store.connect(Role.INTAKE) as sealing:
        rotate.hold_epochs(sealing, load_or_create(path))
        beginning = threading.Thread(target=begin, args=(conn, path, NOW))
        beginning.start()
        with store.connect(Role.INTAKE, autocommit=True) as looking:
            while looking.execute("select count(*) from pg_locks where not granted").fetchone() == (0,):
                pass
        assert load_or_create(path).epoch == 1
        sealing.commit()
    beginning.join()
    assert load_or_create(path).epoch == 2


def test_an_old_backup_opens_while_it_is_kept_and_never_after(store, postgres, path, some, intake, database_names):
    intake.conn.close()  # a database is copied while nobody is connected to it
    name = next(database_names)
    copy_database(postgres.admin, name, store.database)
    try:
        with store.connect(Role.INTAKE, autocommit=True) as conn, postgres.of(name).connect(Role.INTAKE) as backup:
            begin(conn, path, NOW)
            bring_over(conn, path, lambda: NOW)
            assert opened(backup, load_or_create(path)) == 80
            end(conn, path, 1, AFTER)
            keyring = load_or_create(path)
            assert opened(conn, keyring) == 80
            for person, agency, epoch, key in backup.execute(EVERYBODY):
                with pytest.raises(KeyDestroyedError):
                    keyring.unwrap(WrappedKey(person, agency, epoch, bytes(key)))
            for statement, epoch, sealed in backup.execute(MESSAGES):
                with pytest.raises(KeyDestroyedError):
                    keyring.unseal_verbatim(statement, epoch, bytes(sealed))
    finally:
        drop_database(postgres.admin, name)


def test_an_epoch_ends_when_no_backup_needs_it_any_more(conn, path, some, outbox):
    begin(conn, path, NOW)
    with pytest.raises(EpochInUseError, match="40 data keys and 40 messages"):
        end(conn, path, 1, AFTER)
    bring_over(conn, path, lambda: NOW)
    with pytest.raises(EpochInUseError, match=r"until 27 December 2026"):
        end(conn, path, 1, NOW + timedelta(days=34))
    with pytest.raises(EpochInUseError, match="current"):
        end(conn, path, 2, AFTER)
    with pytest.raises(EpochInUseError, match="no key of epoch 7"):
        end(conn, path, 7, AFTER)
    end(conn, path, 1, AFTER)
    with pytest.raises(EpochInUseError, match="no key of epoch 1"):
        end(conn, path, 1, AFTER)
    assert acts(outbox) == [("begin-epoch", "2"), ("destroy-epoch", "1")]
    assert [(it.number, it.held_in, it.destroyed_at) for it in known(conn, path, NOW)] == [
        (1, None, AFTER),
        (2, "file", None),
    ]
    assert opened(conn, load_or_create(path)) == 80


def test_stopped_between_the_key_file_and_the_database_both_are_brought_together_again(
    conn, path, some, outbox, monkeypatch
):
    from comity.intake import epochs

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(epochs, "append", full)
        with pytest.raises(OSError, match="No space"):
            begin(conn, path, NOW)
    assert load_or_create(path).epoch == 2  # it has begun, and the ledger does not say so yet
    assert acts(outbox) == []
    assert begin(conn, path, NOW) is None
    assert acts(outbox) == [("begin-epoch", "2")]
    bring_over(conn, path, lambda: NOW)
    with monkeypatch.context() as broken:
        broken.setattr(epochs, "append", full)
        with pytest.raises(OSError, match="No space"):
            end(conn, path, 1, AFTER)
    assert load_or_create(path).held_in == {2: "file"}  # the key is gone, and the ledger does not say so yet
    end(conn, path, 1, AFTER)
    assert acts(outbox) == [("begin-epoch", "2"), ("destroy-epoch", "1")]


def test_what_another_process_began_is_read_by_those_who_began_before(conn, path, some):
    """Whoever has the keys of before reads what is under the new ones; a destroyed one is left out and not an error."""
    early = load_or_create(path)
    begin(conn, path, NOW)
    bring_over(conn, path, lambda: NOW)
    rows = conn.execute(EVERYBODY).fetchall()
    assert len(keys_from_rows(early, rows)) == 40
    assert early.epoch == 2
    gone = [(person, agency, 1, key) for person, agency, _, key in rows]
    end(conn, path, 1, AFTER)
    late = load_or_create(path)
    assert keys_from_rows(late, gone) == {}
    with pytest.raises(KeyDestroyedError):
        late.unwrap(WrappedKey(gone[0][0], "sheriff", 1, bytes(gone[0][3])))


def test_attack_a_wrapped_key_put_under_another_epoch_or_person_does_not_open(conn, path, some):
    from comity.record.errors import SealBrokenError

    begin(conn, path, NOW)
    keyring = load_or_create(path)
    (one, agency, _, key), (other, *_) = conn.execute(EVERYBODY).fetchmany(2)
    for forged in (WrappedKey(one, agency, 2, bytes(key)), WrappedKey(other, agency, 1, bytes(key))):
        with pytest.raises(SealBrokenError):
            keyring.unwrap(forged)
