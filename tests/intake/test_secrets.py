"""Keys and passwords are where they belong, and nowhere that somebody else reads: arguments, environments, logs, dumps."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import traceback
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from comity.intake import Intake
from comity.intake.epochs import begin, bring_over
from comity.record import load_or_create
from comity.record.errors import KeyFileError
from comity.record.key_file import read
from comity.record.keys import WrappedKey
from comity.store import Role
from comity.store.account import serving_account
from comity.store.binaries import find_binaries

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
GIVEN_TO_POSTGRES = {"LC_ALL", "TZ", "PATH", "PG_GRANDPARENT_PID", "PGDATA"}
LOUD = {"log_statement": "all", "log_min_error_statement": "debug5", "log_error_verbosity": "verbose",
        "log_parameter_max_length": "-1", "log_parameter_max_length_on_error": "-1", "log_min_duration_statement": "0"}  # fmt: skip
TOLD = "a line that has to be in the log"


def shapes(secret: bytes) -> set[bytes]:
    """How a secret may be written: as it is, in hexadecimal, as PostgreSQL and Python write bytes."""
    return {secret, secret.hex().encode(), secret.hex().upper().encode(), repr(secret)[2:-1].encode()}


def found(secrets: dict[str, bytes], text: bytes) -> list[str]:
    return [name for name, secret in secrets.items() if any(shape in text for shape in shapes(secret))]


@pytest.fixture
def loud(store):
    """A database of which the server logs everything there is, which no node asks for."""
    with psycopg.connect(make_conninfo(store.admin, dbname="postgres"), autocommit=True) as conn:
        for name, value in LOUD.items():
            conn.execute(f"alter database {store.database} set {name} = '{value}'")
    return store


@pytest.fixture
def lived(loud, vocabulary, jail, said, booking, tmp_path):
    """A node in which all that handles keys has happened; every secret that it has, by name."""
    path = tmp_path / "keys" / "record.keys"
    with loud.connect(Role.INTAKE, autocommit=True) as conn:
        conn.execute(f"select '{TOLD}'")
        messages = [booking(f"B{n}", f"P{n}", hiding="12 Lane") for n in range(3)]
        messages.append({**booking("B4", "P4", hiding="13 Alley"), "in": "never"})
        outcome = Intake.open(conn, vocabulary, path).receive(jail, said(*messages))
        assert (outcome.admitted, outcome.quarantined) == (3, 1)
        with pytest.raises(psycopg.errors.UniqueViolation):
            conn.execute("insert into record.subject_key select * from record.subject_key")
        begin(conn, path, NOW)
        bring_over(conn, path, lambda: NOW)
        keyring = load_or_create(path)
        rows = conn.execute("select source_person, agency, epoch, wrapped from record.subject_key").fetchall()
    secrets = {f"password of {role}": password.encode() for role, password in loud.passwords.items()}
    secrets["password of the superuser"] = conninfo_to_dict(loud.admin)["password"].encode()
    secrets |= {f"epoch {number}": bytes.fromhex(str(key)) for number, key in read(path).epochs.items()}
    secrets |= {f"data key {row[0]}": keyring.unwrap(WrappedKey(*row[:3], bytes(row[3]))) for row in rows}
    names = ("node", "record_ids", "digests", "blind_index", "pseudonyms")
    return secrets | {name: getattr(keyring, name) for name in names}


def started(store) -> list[Path]:
    """This process, the server that it started, and what that started for each connection."""
    server = Path("/proc") / str(store.postmaster_pid)
    children = (server / "task" / server.name / "children").read_text().split()
    return [Path("/proc/self"), server, *(Path("/proc") / child for child in children)]


def said_of(process: Path, what: str) -> bytes:
    try:
        return (process / what).read_bytes()
    except OSError:  # it has ended
        return b""


def test_attack_a_look_at_what_every_process_was_started_with(postgres, loud, lived):
    assert len(lived) > 10
    with loud.connect(Role.INTAKE):
        arguments = b"\0".join(said_of(each, "cmdline") for each in started(postgres))
        environments = b"\0".join(said_of(each, "environ") for each in started(postgres))
    assert b"comity_intake" in arguments  # PostgreSQL says there for whom a process is
    assert found(lived, arguments) == []
    assert found(lived, environments) == []


def test_attack_postgresql_is_started_with_nothing_of_our_environment(postgres):
    given = said_of(Path("/proc") / str(postgres.postmaster_pid), "environ")
    names = {each.split(b"=")[0].decode() for each in given.split(b"\0") if each}
    assert {"PATH", "TZ"} <= names <= GIVEN_TO_POSTGRES


def test_attack_the_servers_log_with_everything_in_it_that_can_be(loud, lived, postgres):
    log = (postgres.settings.home / "postgres.log").read_bytes()
    assert TOLD.encode() in log
    assert b"insert into record.subject_key select" in log
    assert found(lived, log) == []


def test_attack_a_dump_of_the_database(loud, lived, tmp_path):
    program = find_binaries(serving_account()).program("pg_dump")
    server = conninfo_to_dict(loud.admin)
    environment = {"PGPASSWORD": server["password"], "PATH": os.defpath}  # the test's own; Comity never does this
    command = [program, "--host", server["host"], "--username", server["user"], loud.database]
    dump = subprocess.run(command, env=environment, capture_output=True, check=True).stdout
    assert b"COPY record.subject_key" in dump
    assert b"COPY intake.quarantine" in dump
    assert not [address for address in (b"12 Lane", b"13 Alley") if address in dump]
    assert found(lived, dump) == []


def test_attack_what_is_printed_of_what_holds_secrets(postgres, loud, lived, tmp_path):
    path = tmp_path / "keys" / "record.keys"
    keyring = load_or_create(path)
    holders = (loud, loud.settings, postgres, postgres.cluster, keyring, vars(keyring).get("_epochs"), read(path))
    shown = " ".join(f"{each!r} {each}" for each in holders)
    assert found(lived, shown.encode()) == []


def test_attack_what_errors_and_logs_say_when_keys_and_passwords_are_wrong(loud, lived, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "keys" / "record.keys"
    told = [caplog.text]
    content = json.loads(path.read_text())
    for broken in ({**content, "node": content["node"] + "zz"}, {**content, "epochs": {"x": content["node"]}}):
        path.write_text(json.dumps(broken))
        with pytest.raises(KeyFileError) as refusal:
            load_or_create(path)
        told += traceback.format_exception(refusal.value)
    password = loud.passwords[Role.GATE]
    for wrong in ({"user": "nobody"}, {"host": str(tmp_path)}, {"dbname": "nowhere"}):
        with pytest.raises(psycopg.OperationalError) as refusal:
            psycopg.connect(make_conninfo(loud.conninfo(Role.GATE), **wrong))
        told += traceback.format_exception(refusal.value)
    assert "nowhere" in "".join(told)
    assert found({**lived, "its password": password.encode()}, "".join([*told, caplog.text]).encode()) == []
