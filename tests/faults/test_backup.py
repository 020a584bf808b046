"""Backed up while it works, and restored to a moment between two acts; the keys are in no backup."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from comity.cli import backups
from comity.ledger import export, verify
from comity.ledger.errors import HeadUnknownError, RestoredFromBackupError
from comity.ledger.sequencer import Sequencer
from comity.node import open_node
from comity.record import Keyring
from comity.store import Role, Settings, backup
from comity.store.cluster import discard_cluster
from comity.store.errors import BackupError
from comity.web.services import utc_now

from .running import Running, running_node, superuser, until


@pytest.fixture(scope="module")
def node():
    with running_node() as made:
        yield made


@pytest.fixture
def empty(node):
    """A home to restore into, emptied of its cluster afterwards."""
    home = node.home.parent / "restored"
    yield home
    discard_cluster(Settings(home))
    shutil.rmtree(home, ignore_errors=True)


def comity(home: Path, *arguments: object, code: int = 0) -> str:
    done = subprocess.run([sys.executable, "-m", "comity.cli", *map(str, arguments)], capture_output=True, text=True,
                          env={**os.environ, "COMITY_HOME": str(home)}, check=False)  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def archived(node: Running, folder: Path) -> None:
    """Have the piece of the log kept that holds what was done until now."""
    with psycopg.connect(superuser(node), autocommit=True) as conn:
        name = conn.execute("select pg_walfile_name(pg_switch_wal())").fetchone()[0]
    until(lambda: is_kept(folder / "wal", name))


def is_kept(wal: Path, name: str) -> bool:
    """The server's own copy is there, or the sealed one that the node makes of it within a minute."""
    return (wal / name).exists() or (wal / f"{name}.sealed").exists()


def keys_into(home: Path, node: Running) -> None:
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(node.home / "keys", home / "keys")


def statements(home: Path) -> set[str]:
    with open_node(Settings(home)) as opened, opened.store.connect(Role.INTAKE) as conn:
        return {key for (key,) in conn.execute("select source_key from record.statement")}


def acts(node: Running, mark: str) -> None:
    for number in range(5):
        node.post(f"{mark}-{number}")
        node.read()
    until(node.is_sequenced)


@pytest.mark.timeout(600)
def test_restored_to_a_moment_between_two_acts_and_the_ledger_notices(node, empty, tmp_path):
    folder = node.home.parent / "backup"
    acts(node, "before")
    began = time.monotonic()
    said = comity(node.home, "backup", folder)
    print(f"backed up in {time.monotonic() - began:.1f} s")
    assert "was checked" in said
    assert "NOT in it" in said
    assert "Put your copy of the folder keys" in comity(empty, "restore", folder, code=64)
    acts(node, "kept")
    with psycopg.connect(superuser(node)) as conn:
        between = conn.execute("select clock_timestamp()").fetchone()[0]
    acts(node, "after")
    archived(node, folder)

    comity(node.home, "backup", folder)  # what the log has in plain until then is sealed with it
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert not [mark for mark in (b"before-", b"kept-", b"after-", b"Burglary") if mark in kept]
    assert not [
        path for path in folder.rglob("*") if path.stat().st_mode & 0o077 and path.is_file() and path.name != "name"
    ]
    secrets = [path.read_bytes() for path in (node.home / "keys").rglob("*") if path.is_file()]
    assert secrets
    assert not [secret for secret in secrets if secret.strip() in kept]
    assert (node.home / "superuser.password").read_bytes() not in kept

    began = time.monotonic()
    keys_into(empty, node)
    comity(empty, "restore", folder, "--to", between.isoformat())
    print(f"restored in {time.monotonic() - began:.1f} s")
    there = statements(empty)
    assert {key for key in node.promised.messages if not key.startswith("after")} <= there
    assert not [key for key in there if key.startswith("after")]
    assert "has a cluster already" in comity(empty, "restore", folder, code=69)

    with open_node(Settings(empty)) as opened, opened.store.connect(Role.LEDGER, autocommit=True) as conn:
        size = conn.execute("select max(size) from ledger.checkpoint").fetchone()[0]
        sequencer = Sequencer(conn, opened.signer(), opened.ledger_head)
        with pytest.raises(HeadUnknownError):  # it does not know what was signed, and signs nothing
            sequencer.step(utc_now())
        shutil.copy(node.home / "ledger.head", empty / "ledger.head")
        with pytest.raises(RestoredFromBackupError):  # it knows, and is behind
            Sequencer(conn, opened.signer(), opened.ledger_head).step(utc_now())
        assert conn.execute("select max(size) from ledger.checkpoint").fetchone()[0] == size
        export(conn, tmp_path / "ledger")
    checked = subprocess.run([sys.executable, "-I", verify.__file__, str(tmp_path / "ledger"), "--key", node.vkey],
                             capture_output=True, text=True, check=False)  # fmt: skip
    assert checked.returncode == 0, checked.stdout


@pytest.mark.timeout(600)
def test_restored_to_the_end_of_its_log_the_node_goes_on(node, empty):
    """What a lost machine needs: the newest backup, the log, the keys and the newest copy of what was signed last."""
    folder = node.home.parent / "backup"
    comity(node.home, "backup", folder)
    acts(node, "last")
    archived(node, folder)
    keys_into(empty, node)
    comity(empty, "restore", folder)
    shutil.copy(node.home / "ledger.head", empty / "ledger.head")
    assert node.promised.messages <= statements(empty)
    with open_node(Settings(empty)) as opened, opened.store.connect(Role.LEDGER, autocommit=True) as conn:
        assert opened.name == node.vkey.partition("+")[0]
        Sequencer(conn, opened.signer(), opened.ledger_head).step(utc_now())
    assert "Take one first" in comity(node.home, "keys", "destroy-epoch", 1, "--confirm", 1, code=64)


def test_what_cannot_be_restored_is_said_and_leaves_nothing_behind(node, empty, tmp_path):
    folder = node.home.parent / "backup"
    keys_into(empty, node)
    assert "holds no backup" in comity(empty, "restore", tmp_path, code=69)
    assert "Name a later moment" in comity(empty, "restore", folder, "--to", "2020-01-01", code=69)
    assert "is no moment" in comity(empty, "restore", folder, "--to", "yesterday", code=64)
    assert "does not reach the moment" in comity(empty, "restore", folder, "--to", "2199-01-01", code=69)
    assert not (empty / "postgres").exists()
    assert not (empty / "postgres.json").exists()


def test_a_log_that_cannot_be_kept_is_tried_again_and_leaves_no_hole(node):
    wal = node.home.parent / "backup" / "wal"
    wal.rename(wal.with_name("away"))
    acts(node, "hole")
    with psycopg.connect(superuser(node), autocommit=True) as conn:
        name = conn.execute("select pg_walfile_name(pg_switch_wal())").fetchone()[0]
        until(lambda: conn.execute("select failed_count > 0 from pg_stat_archiver").fetchone()[0])
        assert "until then the log grows" in comity(node.home, "doctor", code=69)
        wal.with_name("away").rename(wal)
        until(lambda: is_kept(wal, name))


def test_a_server_of_somebody_else_is_backed_up_where_it_runs(store):
    with pytest.raises(BackupError, match="COMITY_DSN"):
        backup.back_up(store, Path("nowhere"), Keyring({1: bytes(32)}, bytes(32)), timedelta(days=35))


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        ((), ["keys", "ledger.head"]),
        (("keys", "ledger.head"), []),
        (("keys", "ledger-2.head"), ["ledger.number"]),  # a renewed ledger's files bear its number
        (("keys", "ledger.head", "ledger-2.head", "ledger.number"), []),
    ],
)
def test_what_else_a_restored_node_needs_is_named(tmp_path, there, missing):
    for name in there:
        (tmp_path / name).touch()
    assert backups._missing(tmp_path) == missing
