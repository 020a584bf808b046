"""The process that keeps the ledger: it signs soon, survives a lost database, and leaves when told."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from comity import worker
from comity.ledger import Entry, append, head
from comity.ledger.errors import KeyFileError, SigningRefusedError
from comity.node import Node, open_node
from comity.store import Role, Settings
from comity.store.cluster import discard_cluster
from comity.worker import sequence

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def node(store, vocabulary, tmp_path):
    return Node(Settings(tmp_path), store, vocabulary, "comity-test")


def act(node: Node, count: int = 1) -> None:
    with node.store.connect(Role.INTAKE) as connection:
        append(connection, [Entry(uuid4(), NOW, "collection", {}, bytes(32)) for _ in range(count)])


def size(node: Node) -> int:
    with node.store.connect(Role.LEDGER) as connection:
        newest = head(connection)
    return newest.checkpoint.size if newest else 0


def wait_for(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def running(node):
    stop = threading.Event()
    thread = threading.Thread(target=sequence, args=(node, stop, lambda: NOW))
    thread.start()
    yield thread
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


def test_what_is_done_is_signed_without_being_asked(node, running):
    act(node, 3)
    wait_for(lambda: size(node) == 3)
    act(node)
    wait_for(lambda: size(node) == 4)


def test_a_lost_connection_is_made_again(node, running):
    act(node)
    wait_for(lambda: size(node) == 1)
    with psycopg.connect(node.store.admin, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'comity_ledger'")
    act(node)
    wait_for(lambda: size(node) == 2)


def test_two_workers_number_each_entry_once(node, running):
    stop = threading.Event()
    other = threading.Thread(target=sequence, args=(node, stop, lambda: NOW))
    other.start()
    for _ in range(20):
        act(node, 5)
    wait_for(lambda: size(node) == 100)
    stop.set()
    other.join(20)


def test_a_ledger_that_forgot_what_was_signed_is_not_signed_again(node):
    node.ledger_head.parent.mkdir(exist_ok=True)
    act(node)
    stop = threading.Event()
    thread = threading.Thread(target=sequence, args=(node, stop, lambda: NOW))
    thread.start()
    wait_for(lambda: size(node) == 1 and node.ledger_head.exists())
    stop.set()
    thread.join(20)
    node.ledger_head.unlink()
    act(node)
    with pytest.raises(SigningRefusedError):
        sequence(node, threading.Event(), lambda: NOW)
    assert size(node) == 1


def test_a_ledger_whose_key_is_lost_is_not_signed_with_another(node):
    node.ledger_head.write_text("what was signed last")
    act(node)
    with pytest.raises(KeyFileError):
        sequence(node, threading.Event(), lambda: NOW)
    assert not node.ledger_key.exists()


@pytest.mark.parametrize("wrong", [psycopg.errors.ReadOnlySqlTransaction, ValueError, PermissionError])
def test_what_could_not_be_removed_is_tried_again_whatever_was_in_the_way(node, monkeypatch, wrong):
    def in_the_way(*_):
        tried.append(1)
        if len(tried) == 2:
            stop.set()
        raise wrong

    tried, stop = [], threading.Event()
    monkeypatch.setattr(worker.Intake, "open", in_the_way)
    monkeypatch.setattr(worker, "_MINUTE_SECONDS", 0.01)
    worker.keep_promises(node, stop)
    assert len(tried) == 2


def test_watch_is_kept_whatever_was_in_the_way(node, monkeypatch):
    def in_the_way(*_):
        tried.append(1)
        if len(tried) == 2:
            stop.set()
        raise psycopg.OperationalError

    tried, stop = [], threading.Event()
    monkeypatch.setattr(worker.Watch, "look", in_the_way)
    monkeypatch.setattr(worker, "_MINUTE_SECONDS", 0.01)
    worker.keep_watch(node, stop)
    assert len(tried) == 2


def test_a_full_disk_is_told_in_a_line(node, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device", "ledger.head")

    monkeypatch.setattr(worker, "open_node", lambda _: contextlib.nullcontext(node))
    monkeypatch.setattr(worker, "sequence", full)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert worker.main() == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "The ledger is not kept: [Errno 28] No space left on device: 'ledger.head'"
    )


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_the_process_leaves_when_told_and_takes_its_postgres_with_it(tmp_path, told):
    settings = Settings(tmp_path / "home")
    environment = {"COMITY_HOME": str(settings.home), "PATH": os.environ["PATH"]}
    process = subprocess.Popen([sys.executable, "-m", "comity.worker"], env=environment)
    try:
        wait_for((settings.home / "keys" / "ledger.key").exists, 60)
        with open_node(settings) as node:
            pid = node.store.postmaster_pid
            act(node)
            wait_for(lambda: size(node) == 1)
        process.send_signal(told)
        assert process.wait(30) == 0
        assert not Path(f"/proc/{pid}").exists()
    finally:
        process.kill()
        process.wait()
        discard_cluster(settings)
