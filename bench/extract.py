"""An extract of five million rows: filtered, three fields minimised, with a pseudonym; against the raw export of them.

1. **DuckDB**: the compiled query over the columnar snapshot, sorted by pseudonym, written as the extract writes it,
   against ``copy`` of the same rows' raw columns from the same snapshot. How old the snapshot is, and how long it took
   to take and to name the people in it, is said beside it.
2. **PostgreSQL**: the compiled query with the pseudonym joined, through ``copy``, against ``copy`` of the same rows.

``COMITY_BENCH_ROWS`` says how many rows there are, if not five million.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg import ClientCursor

from bench.rows import Row
from comity.agreements import parse_agreement
from comity.agreements.models import Standing
from comity.gate import Request, Requester
from comity.gate.compile import bind
from comity.gate.decide import decide
from comity.gate.engines import Engine, bindable, named, rendered
from comity.gate.extract import work
from comity.gate.extract.columns import tables
from comity.gate.models import Extract
from comity.gate.pseudonyms import key_for
from comity.gate.snapshot import open_file, take
from comity.gate.wide import asked
from comity.node import ROOMS
from comity.store import Role, Store, migrate
from comity.store.provision import drop_database, make_database
from comity.vocabulary import load

ROWS = int(os.environ.get("COMITY_BENCH_ROWS", "5000000"))
EACH = 10  # rows of a person
ROUNDS = 3
_DATABASE = "comity_bench_extract"
_RAW = ("agency", "whose", "asserted", "officer", "conditions", "starts_on", "ends_on", "appointments_kept", "status")
_AGREEMENT = """
agreement: bench-extract
version: 1
title: {en: Measured, nl: Gemeten}
jurisdiction: uk
between: {providers: [probation], recipients: [research]}
purpose: prosecution
lawful_basis: [{term: uk/dpa2018-s35-2-b, because: it is measured}]
in_force: {from: 2020-01-01, until: 2090-01-01, review_by: 2090-01-01}
requesters: {roles: [analyst], must_state: []}
about: everyone
release:
  - {record: supervision, where: "supervision.status = 'active'", fields: {officer: initials, conditions: as-is,
     starts_on: month, ends_on: as-is, appointments_kept: band, status: as-is}}
channels: [extract]
onward: none
retention: {keep: P1Y, then: delete, receipt: required}
consent: not-required
assessment: bench-extract@1
"""


def run(store: Store) -> list[Row]:
    """Measure in a database of its own on the store's server, which is dropped afterwards."""
    make_database(store.admin, _DATABASE)
    try:
        own = store.of(_DATABASE)
        migrate(own, ROOMS)
        _fill(own)
        with tempfile.TemporaryDirectory() as folder:
            return _measure(own, Path(folder))
    finally:
        drop_database(store.admin, _DATABASE)


def _fill(store: Store) -> None:
    people = ROWS // EACH
    with store.connect(Role.INTAKE) as conn:
        conn.execute(
            "insert into people.person (person) select md5('h' || i)::uuid from generate_series(1, %s) i", (people,)
        )
        conn.execute(
            "insert into people.source_person (source_person, agency)"
            " select md5('p' || i)::uuid, 'probation' from generate_series(1, %s) i",
            (people,),
        )
        conn.execute(
            "insert into people.membership select md5('p' || i)::uuid, md5('h' || i)::uuid, 'probation'"
            " from generate_series(1, %s) i",
            (people,),
        )
        conn.execute(
            "insert into record.supervision (record_id, statement_id, source_person, agency, source, source_key, whose,"
            " asserted, received_at, kind, starts_on, ends_on, office, officer, conditions, status, appointments_kept)"
            " select md5('s' || i || '-' || k)::uuid, md5('t' || i)::uuid, md5('p' || i)::uuid, 'probation', 'p',"
            " i || '-' || k, 'convicted', 'fact', now(), 'licence', date '2020-01-01' + i %% 1500,"
            " date '2024-01-01' + i %% 900, 'North', 'Officer Number' || i %% 700, 'No contact, curfew ' || i %% 9,"
            " case k when 1 then 'ended' else 'active' end, i %% 60"
            " from generate_series(1, %s) i, generate_series(1, %s) k",
            (people, EACH),
        )
    with store.connect(Role.OWNER, autocommit=True) as conn:
        conn.execute("vacuum analyze")


def _measure(store: Store, folder: Path) -> list[Row]:
    vocabulary, now = load(), datetime.now(UTC)
    agreement = parse_agreement(_AGREEMENT, vocabulary)
    requester = Requester("research", "staff-7", "analyst")
    verdict = decide(
        Request(Extract(), agreement.name, agreement.purpose, requester), agreement, Standing(()), vocabulary, now
    )
    [table] = tables(verdict, vocabulary)
    values = {**asked(verdict, now.date()), **bind(table.query.slots, now.date(), requester, lambda _: b"")}
    started = time.perf_counter()
    with store.connect(Role.GATE, autocommit=True) as conn:
        take(conn, folder / "bench.duckdb", [table.query.tree, _raw_tree()], agreement.providers)
    taken = time.perf_counter() - started
    code = key_for(b"m" * 32, "research", agreement.purpose)
    with open_file(folder / "bench.duckdb") as file:
        (folder / "none.csv").touch()
        made: list[tuple[UUID, UUID]] = []
        started = time.perf_counter()
        work.rename_people(file, folder / "none.csv", code, made.extend)
        renamed = time.perf_counter() - started
        ours, theirs = _on_duckdb(file, folder, table, values)
    live, raw = _on_postgresql(store, table, values, agreement.purpose, made)
    what = f"{ROWS:,} rows filtered, three fields minimised, a pseudonym"
    fresh = f"; snapshot taken in {taken:.0f} s and people named in {renamed:.0f} s before, so that old at most"
    return [
        Row("extract duckdb", f"{what}, sorted, as CSV, from the snapshot{fresh}; against the raw rows from it", ours,
            theirs, "s", ours / theirs, "<= 1.0"),
        Row("extract postgresql", f"{what}, through copy, against the raw rows through copy", live, raw, "s",
            live / raw, "<= 2"),
    ]  # fmt: skip


def _raw_tree():
    from sqlglot import parse_one

    return parse_one(f"select record_id, source_person, {', '.join(_RAW)} from record.supervision")


def _on_duckdb(file, folder: Path, table, values) -> tuple[float, float]:
    chosen = ", ".join(["account", "agency", "whose", "asserted", *(it.column for it in table.said)])
    values = {**values, "first": UUID(int=0), "last": UUID(int=(1 << 128) - 1)}
    bound = {name: bindable(values[name], Engine.DUCKDB) for name in named(table.query.tree)}
    query = rendered(table.query.tree, Engine.DUCKDB)

    def ours() -> None:
        sorted_rows = f"select {chosen} from ({query}) as part order by account"
        file.execute(f"copy ({sorted_rows}) to '{folder / 'ours.csv'}' (format csv, header)", bound)
        file.execute(
            f"create or replace temp table subject as select distinct source_person from ({query}) as part", bound
        )

    def theirs() -> None:
        file.execute(
            f"copy (select record_id, source_person, {', '.join(_RAW)} from record.supervision where status = 'active')"
            f" to '{folder / 'raw.csv'}' (format csv, header)"
        )

    return _in_turns(ours, theirs)


def _on_postgresql(store: Store, table, values, purpose: str, made) -> tuple[float, float]:
    into = "copy gate.pseudonym (recipient, purpose, person, pseudonym) from stdin"
    with store.connect(Role.GATE) as conn, conn.cursor() as cursor, cursor.copy(into) as rows:
        for human, pseudonym in made:
            rows.write_row(("research", purpose, human, pseudonym))
    with store.connect(Role.OWNER, autocommit=True) as conn:
        conn.execute("vacuum analyze gate.pseudonym")
    chosen = ", ".join(["agency", "whose", "asserted", *(it.column for it in table.said)])
    with psycopg.connect(store.conninfo(Role.GATE), cursor_factory=ClientCursor) as conn:
        conn.execute("select set_config('comity.providers', 'probation', false), set_config('jit', 'off', false)")
        inner = conn.cursor().mogrify(table.query.sql, values)
        ours = (
            f"copy (select code.pseudonym, {chosen} from ({inner}) as it join gate.pseudonym as code"
            f" on code.person = it.account and code.recipient = 'research' and code.purpose = '{purpose}')"
            " to stdout (format csv)"
        )
        theirs = (
            f"copy (select record_id, source_person, {', '.join(_RAW)} from record.supervision"
            " where status = 'active') to stdout (format csv)"
        )
        return _in_turns(lambda: _drain(conn, ours), lambda: _drain(conn, theirs))


def _drain(conn, query: str) -> None:
    with conn.cursor().copy(query) as out:
        for _ in out:
            pass


def _in_turns(*each) -> tuple[float, ...]:
    taken: list[list[float]] = [[] for _ in each]
    for _ in range(ROUNDS):
        for number, one in enumerate(each):
            started = time.perf_counter()
            one()
            taken[number].append(time.perf_counter() - started)
    return tuple(statistics.median(of) for of in taken)
