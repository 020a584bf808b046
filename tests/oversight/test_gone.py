"""After erasure nothing is left to read: of no column of any table, of no byte of the data folder, of no dump.

The window (docs/how-to/keep-and-erase.md) is the next scrub: until then dead rows and old segments of the log stay on disk.
"""

from __future__ import annotations

import base64
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from comity.intake import Intake
from comity.store.account import serving_account
from comity.store.binaries import copy_for, find_binaries
from comity.store.errors import RightsError
from comity.store.scrub import scrub
from comity.store.store import Store

LOG = {"intake.gone", "intake.erased_person"}  # a keyed id, which says nothing: see the explanation of keeping


@pytest.fixture
def planted() -> dict[str, str]:
    """Values that stand nowhere else, for each text of a booking."""
    mark = secrets.token_hex(4)
    return {
        "name": f"Zephyrine Quillfeather{mark}",
        "prisoner": f"PN{mark}X7",
        "hiding": f"14 Plover Mews {mark}",
        "booking": f"BK-{mark}",
    }


def spellings(text: str) -> Iterator[bytes]:
    """Every way in which a text could stand in a file: as it is, folded, by its words, wide, in hexadecimal, in base64."""
    words = [it for it in text.split() if len(it) > 9] or [text]
    for word in {text, text.lower(), text.upper(), *words, *(it.lower() for it in words)}:
        plain = word.encode()
        yield plain
        yield plain[::-1]
        yield word.encode("utf-16-le")
        yield plain.hex().encode()
        yield plain.hex().upper().encode()
        for shift in range(3):  # wherever in a longer text it stands
            whole = base64.b64encode(b"\0" * shift + plain)
            yield whole[4 if shift else 0 : -4]


def found_in(data: bytes, planted: dict[str, str]) -> set[str]:
    return {name for name, text in planted.items() if any(each in data for each in spellings(text))}


def folder_of(store: Store) -> Path:
    with psycopg.connect(store.admin) as conn:
        return Path(conn.execute("show data_directory").fetchone()[0])


def scan(folder: Path, planted: dict[str, str]) -> dict[str, set[str]]:
    """Return the files in which something of this can be read, with what."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*")):
        try:
            data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        except FileNotFoundError:  # PostgreSQL removed it meanwhile
            continue
        if seen := found_in(data, planted):
            found[str(path.relative_to(folder))] = seen
    return found


def dump(store: Store, tmp_path: Path) -> bytes:
    account = serving_account()
    program = copy_for(account, find_binaries(account), tmp_path).program("pg_dump")
    address = conninfo_to_dict(make_conninfo(store.admin, dbname=store.database))
    password = address.pop("password")
    address.pop("require_auth", None)  # pg_dump of PostgreSQL 15 does not know it
    made = subprocess.run(
        [program, make_conninfo(**address)], capture_output=True, check=True, env={"PGPASSWORD": str(password)}
    )
    return made.stdout


def every_column(store: Store, wanted: set[str]) -> dict[str, set[str]]:
    """Return the columns of every table of the database in which one of these texts stands."""
    found: dict[str, set[str]] = {}
    with psycopg.connect(make_conninfo(store.admin, dbname=store.database)) as conn:
        columns = conn.execute(
            "select format('%I.%I', table_schema, table_name), quote_ident(column_name) from information_schema.columns"
            " join information_schema.tables using (table_schema, table_name)"
            " where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'"
        ).fetchall()
        for table, column in columns:
            for text in wanted:
                query = f"select count(*) from {table} where position(lower(%s) in lower({column}::text)) > 0"
                if conn.execute(query, (text,)).fetchone() != (0,):
                    found.setdefault(f"{table}.{column}", set()).add(text)
    return found


@pytest.fixture
def somebody(intake: Intake, jail, said, booking, rows, planted) -> UUID:
    """Somebody who was taken in, corrected and held: their id."""
    theirs = {**planted, "born": "1931-02-27"}
    number, prisoner = theirs.pop("booking"), theirs.pop("prisoner")
    intake.receive(jail, said(booking(number, prisoner, **theirs), booking("B9", "P9", name="Tim Berners")))
    intake.receive(jail, said(booking(number, prisoner, **theirs, out="2024-02-02")))
    intake.receive(jail, said(booking(f"{number}b", prisoner, **{**theirs, "born": "never"})))  # held
    ((person,),) = rows("select record_id from record.person where source_key = %s", prisoner)
    return person


def test_a_byte_of_somebody_erased_is_in_no_file_and_no_dump(intake, jail, said, somebody, planted, store, tmp_path):
    folder = folder_of(store)
    with psycopg.connect(make_conninfo(store.admin, dbname=store.database), autocommit=True) as conn:
        conn.execute("analyze")  # what is common is remembered for the planner
        conn.execute("checkpoint")
    assert found_in(dump(store, tmp_path), planted) == {"name", "prisoner", "booking"}  # the sealed address never is
    before = scan(folder, planted)
    assert {"base", "pg_wal"} <= {name.split("/")[0] for name in before}
    assert not any("hiding" in seen for seen in before.values())

    intake.receive(jail, said({"kind": "forget", "booking": planted["booking"]}))
    assert found_in(dump(store, tmp_path), planted) == set()
    done = scrub(store)

    assert done.tables > 60
    assert done.segments > 0
    assert scan(folder, planted) == {}


def test_no_column_of_any_table_holds_what_was_said_of_somebody_erased_or_their_id(
    intake, jail, said, somebody, planted, store
):
    wanted = {*planted.values(), planted["name"].split()[1], str(somebody), somebody.hex}
    assert {"record.person.name", "people.source_person.family_name", "record.statement.source_key"} <= set(
        every_column(store, wanted)
    )
    intake.receive(jail, said({"kind": "forget", "booking": planted["booking"]}))
    left = every_column(store, wanted)
    assert {column: seen for column, seen in left.items() if column.rpartition(".")[0] not in LOG} == {}
    assert all(seen <= {str(somebody)} for seen in left.values())


def test_a_scrub_that_waits_for_somebody_who_keeps_the_log_does_not_fill_the_disk_meanwhile(intake, store, monkeypatch):
    monkeypatch.setattr("comity.store.scrub._PATIENCE_SECONDS", 3.0)
    with psycopg.connect(store.admin, autocommit=True) as conn:
        segments = "select count(*) from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$'"
        conn.execute("select pg_create_physical_replication_slot('keeps', true)")
        try:
            (before,) = conn.execute(segments).fetchone()
            with pytest.raises(RightsError, match="kept"):
                scrub(store)
            assert conn.execute(segments).fetchone()[0] <= 2 * before + 4  # the old, as many in their stead, a few
            assert conn.execute("show wal_recycle").fetchone() == ("on",)
        finally:
            conn.execute("select pg_drop_replication_slot('keeps')")
