"""What lies in a backup folder: sealed under an epoch, useless without its key, and gone when its time is over."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.record import Keyring
from comity.record.errors import KeyDestroyedError
from comity.store.backup import backups_in, prune
from comity.store.backup_log import drafted, open_log, seal_log
from comity.store.errors import BackupError
from comity.store.sealed import PIECE, Opening, Sealing, said_of

NOW = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
PLAIN = b"Zephyrine Quillfeather"


@pytest.fixture(scope="module")
def keys() -> Keyring:
    return Keyring({1: secrets.token_bytes(32)}, secrets.token_bytes(32))


def sealed(path: Path, keys: Keyring, *writes: bytes, **said: str) -> Path:
    with drafted(path) as file:
        sealing = Sealing(file, keys, said)
        for each in writes:
            sealing.write(each)
        sealing.close()
    return path


def opened(path: Path, keys: Keyring, size: int = -1) -> bytes:
    with path.open("rb") as file:
        opening, read = Opening(file, keys, path.name), b""
        while piece := opening.read(size):
            read += piece
        return read


@settings(max_examples=15, deadline=None)
@given(lengths=st.lists(st.sampled_from([0, 1, 1000, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE]), max_size=3),
       size=st.sampled_from([-1, 512, PIECE, PIECE + 1]))  # fmt: skip
def test_what_was_sealed_in_whatever_writes_opens_in_whatever_reads(tmp_path_factory, keys, lengths, size):
    path = tmp_path_factory.mktemp("sealed") / "it"
    writes = [secrets.token_bytes(each) for each in lengths]
    assert opened(sealed(path, keys, *writes), keys, size) == b"".join(writes)


@pytest.mark.parametrize("size", [0, 10, PIECE, 2 * PIECE, 2 * PIECE + 10])
def test_a_sealed_file_that_was_cut_off_changed_or_put_in_another_order_does_not_open(tmp_path, keys, size):
    path = sealed(tmp_path / "it", keys, bytes(size), starts="0" * 24)
    whole = path.read_bytes()
    begins = whole.index(b"\n") + 1
    pieces = [whole[at : at + PIECE + 16] for at in range(begins, len(whole), PIECE + 16)]
    spoilt = [whole[:-1], whole[:-16], whole[:begins], whole + b"x", whole.replace(b'"000', b'"001', 1)]
    spoilt += [bytes([*whole[:at], whole[at] ^ 1, *whole[at + 1 :]]) for at in (begins, len(whole) - 1)]
    spoilt += [whole[:begins] + b"".join(pieces[:-1])]  # the last piece left out
    spoilt += [whole[:begins] + pieces[1] + pieces[0] + b"".join(pieces[2:])] if len(pieces) > 2 else []
    for each in spoilt:
        path.write_bytes(each)
        with pytest.raises(BackupError):
            opened(path, keys)


def test_a_backup_opens_no_more_once_the_key_of_its_epoch_is_destroyed(tmp_path, keys):
    path = sealed(tmp_path / "it", keys, PLAIN)
    assert PLAIN not in path.read_bytes()
    with pytest.raises(KeyDestroyedError):
        opened(path, Keyring({2: secrets.token_bytes(32)}, keys.node))


def test_the_key_of_a_file_opens_no_other_file(tmp_path, keys):
    epoch, wrapped, _ = keys.new_file_key(UUID(int=1))
    with pytest.raises(ValueError, match="does not open here"):
        keys.file_key(UUID(int=2), epoch, wrapped)


def put(wal: Path, *names: str) -> None:
    wal.mkdir(exist_ok=True)
    for name in names:
        (wal / name).write_bytes(PLAIN + name.encode())


def test_the_log_is_sealed_where_the_server_put_it_and_opened_from_where_it_is_wanted(tmp_path, keys):
    wal, pieces = tmp_path / "wal", [f"00000001000000000000000{number}" for number in range(5)]
    put(wal, *pieces, "00000002.history", f"{pieces[4]}.part", f"{pieces[1]}.00000028.backup")
    assert seal_log(wal, keys) == 5
    assert [path.name for path in sorted(wal.iterdir()) if PLAIN in path.read_bytes()] == [
        f"{pieces[1]}.00000028.backup", f"{pieces[4]}.part", "00000002.history",
    ]  # fmt: skip
    put(wal, pieces[2])  # copied again, after a crash
    assert seal_log(wal, keys) == 1
    put(wal, "000000010000000000000009")
    open_log(wal, keys, pieces[2], tmp_path / "opened")
    there = {path.name: path.read_bytes() for path in (tmp_path / "opened").iterdir()}
    expected = {*pieces[2:], "000000010000000000000009", "00000002.history"}
    assert there == {name: PLAIN + name.encode() for name in expected}


def test_the_log_of_another_server_is_refused_and_neither_is_lost(tmp_path, keys):
    wal, name = tmp_path / "wal", "0" * 24
    put(wal, name)
    seal_log(wal, keys)
    (wal / name).write_bytes(b"other")
    with pytest.raises(BackupError, match="another server"):
        seal_log(wal, keys)
    assert (wal / name).read_bytes() == b"other"
    assert opened(wal / f"{name}.sealed", keys) == PLAIN + name.encode()


def base(folder: Path, keys: Keyring, days: int, starts: str) -> str:
    name = f"base-{NOW - timedelta(days=days):%Y%m%dT%H%M%S.%fZ}.sealed"
    return sealed(folder / name, keys, PLAIN, starts=starts).name


def test_backups_older_than_they_are_kept_go_with_the_log_that_only_they_need(tmp_path, keys):
    log = [f"0000000{1 + number // 3}000000000000000{number}" for number in range(5)]
    put(tmp_path / "wal", *(f"{name}.sealed" for name in log), "00000002.history")
    names = [base(tmp_path, keys, days, log[at]) for days, at in ((80, 0), (36, 1), (35, 3), (1, 4))]
    gone = prune(tmp_path, NOW - timedelta(days=35))
    assert [it.path.name for it in gone] == names[:2]
    assert [it.path.name for it in backups_in(tmp_path)] == names[2:]
    left = sorted(path.name for path in (tmp_path / "wal").iterdir())
    assert left == ["00000002.history", f"{log[3]}.sealed", f"{log[4]}.sealed"]
    assert said_of(tmp_path / names[2]) == {"starts": log[3], "epoch": "1"}


def test_the_last_backup_is_never_removed_however_old_it_is(tmp_path, keys):
    put(tmp_path / "wal", "0" * 24)
    name = base(tmp_path, keys, 400, "0" * 24)
    assert prune(tmp_path, NOW) == []
    assert [it.path.name for it in backups_in(tmp_path)] == [name]
    assert (tmp_path / "wal" / ("0" * 24)).exists()
