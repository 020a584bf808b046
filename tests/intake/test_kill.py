"""Killed at any moment, a load leaves nothing half done, and goes on where it left off."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from comity.intake import Intake, load_mapping
from comity.record import load_or_create
from comity.store import Role
from comity.store.provision import copy_database, drop_database

LOAD = """
import os, sys
from pathlib import Path
import psycopg
from comity.intake import Intake, load_mapping
from comity.vocabulary import load

words = load()

def pace(*_):
    print("kept", flush=True)
    sys.stdin.readline()  # waits for leave to go on; at the end of the input there is always leave

with psycopg.connect(os.environ["DSN"], autocommit=True) as conn:
    intake = Intake.open(conn, words, Path(sys.argv[2]))
    print("ready", flush=True)
    intake.pull(load_mapping(Path(sys.argv[1]), words), Path(sys.argv[1]).parent, size=25, progress=pace)
"""
MESSAGES = 1_500  # sixty batches
KILLED_IN = (0, 3, 11, 1, 7, 15)
"""In which batch each load is killed, counted from its own first: together fewer than there are, so that none ends."""
BATCH_TAKES = 0.03  # seconds, or so: within them the kill falls anywhere in a batch, or after it


@pytest.fixture
def folder(tmp_path: Path, jail_text: str) -> Path:
    (tmp_path / "jail.yaml").write_text(jail_text)
    with (tmp_path / "jail.jsonl").open("w") as file:
        for number in range(MESSAGES):
            prisoner = {"prisoner": f"P{number // 2}", "name": f"Ada Byron{number // 2}", "born": "1985-12-10"}
            stay = {"booking": f"B{number}", "in": "2024-01-01" if number % 10 else "never"}
            file.write(json.dumps({**prisoner, **stay}) + "\n")
    return tmp_path


COUNTS = """
select (select count(*) from record.statement), (select count(*) from record.custody), (select count(*) from record.person),
    (select count(*) from record.part), (select count(*) from people.membership), (select count(*) from record.subject_key),
    (select count(*) from intake.quarantine), (select count(*) from intake.delivery)
"""
TOTALS = "select delivered, admitted, unchanged, quarantined, finished_at is not null from intake.delivery"


def state(store) -> tuple[object, ...]:
    with store.connect(Role.INTAKE) as conn:
        return (*conn.execute(COUNTS).fetchone(), *conn.execute(TOTALS).fetchall())


def begin(store, folder: Path, leave: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "DSN": store.conninfo(Role.INTAKE)}
    arguments = [sys.executable, "-c", LOAD, str(folder / "jail.yaml"), str(folder / "record.keys")]
    loading = subprocess.Popen(arguments, env=environment, stdin=leave, stdout=subprocess.PIPE)
    loading.stdout.readline()
    return loading


def kill_in(loading: subprocess.Popen[bytes], batch: int, after: float) -> None:
    """Kill a load within its batch of this number, or after it: it may not begin the next one."""
    for _ in range(batch):
        loading.stdout.readline()
        loading.stdin.write(b"\n")
        loading.stdin.flush()
    time.sleep(after)
    loading.kill()
    loading.wait()
    loading.stdin.close()
    loading.stdout.close()


def refuse_half_work(store) -> int:
    """Every statement has its entry, every row its statement, and the counts are those of what is there."""
    with store.connect(Role.OWNER) as conn:
        told = {str(row[0]) for row in conn.execute("select id from ledger.outbox")}
    with store.connect(Role.INTAKE) as conn:
        entries = [str(row[0]) for row in conn.execute("select entry from record.statement")]
        assert set(entries) == told
        assert len(entries) == len(told)
        orphans = (
            "select count(*) from record.custody c left join record.statement s using (statement_id) where s is null"
        )
        assert conn.execute(orphans).fetchone() == (0,)
        unlinked = "select count(*) from record.person p left join people.membership m on m.source_person = p.record_id where m is null"
        assert conn.execute(unlinked).fetchone() == (0,)
        delivered = conn.execute("select coalesce(sum(delivered), 0)::int from intake.delivery").fetchone()
    assert delivered == (len(entries),)
    return len(entries)


def test_a_load_that_is_killed_again_and_again_ends_as_if_it_never_was(
    store, postgres, database_names, migrated_template, folder, vocabulary, wait_until_gone
):
    chance = random.Random(20261122)  # noqa: S311  (when to kill is no secret)
    kept = [0]
    for batch in KILLED_IN:
        kill_in(begin(store, folder, leave=subprocess.PIPE), batch, after=chance.uniform(0, BATCH_TAKES))
        wait_until_gone(store, Role.INTAKE)
        kept.append(refuse_half_work(store))
        assert kept[-1] - kept[-2] in {25 * batch, 25 * (batch + 1)}  # the last one whole, or not at all
    assert kept[-1] < MESSAGES
    assert begin(store, folder).wait() == 0
    assert refuse_half_work(store) == MESSAGES

    name = next(database_names)
    copy_database(postgres.admin, name, migrated_template)
    undisturbed = postgres.of(name)
    with undisturbed.connect(Role.INTAKE, autocommit=True) as conn:
        Intake(conn, vocabulary, load_or_create(folder / "record.keys")).pull(
            load_mapping(folder / "jail.yaml", vocabulary), folder
        )
    assert state(store) == state(undisturbed)
    drop_database(postgres.admin, name)


def test_two_loads_at_once_admit_everything_once(store, folder):
    both = [begin(store, folder) for _ in range(2)]
    assert [loading.wait() for loading in both] == [0, 0]
    assert refuse_half_work_of_two(store) == MESSAGES


def refuse_half_work_of_two(store) -> int:
    with store.connect(Role.INTAKE) as conn:
        assert conn.execute(
            "select count(*) from intake.delivery where delivered <> admitted + unchanged + quarantined"
        ).fetchone() == (0,)
        return conn.execute("select count(*) from record.statement").fetchone()[0]
