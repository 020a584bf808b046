"""An extract of five million rows: filtered, three fields minimised, with a pseudonym; against the raw export of them.

The opponent is what one would otherwise hand over: a raw ``copy`` of the same rows, all their columns as they are, in
no order. Beside it stands a raw ``copy`` of as many columns as leave with the extract. They take turns.

1. **DuckDB**: the parts of an extract as they are really made (sorted by pseudonym, written, made durable, digested,
   and whom they are about noted), as CSV and as Parquet, from a columnar snapshot, which the opponents read too. How
   long it took to take the snapshot and to name the people in it is said beside it: that old it is at most.
2. **PostgreSQL**: the compiled query with the pseudonym joined, through ``copy``, against ``copy`` of the same rows.

``COMITY_BENCH_ROWS`` says how many rows there are, if not five million.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from psycopg import ClientCursor
from sqlglot import exp

from bench.rows import Row
from comity.agreements import parse_agreement
from comity.agreements.models import Standing
from comity.gate import Request, Requester
from comity.gate.compile import bind
from comity.gate.decide import decide
from comity.gate.engines import Engine
from comity.gate.extract import Format, Order, work
from comity.gate.extract.columns import tables
from comity.gate.extract.part import WRITTEN, Bench, make_part
from comity.gate.models import Asking, Extract
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
#: As many columns as leave with the extract, which says one of them in the place of two ids.
_EQUAL = ("source_person", "agency", "whose", "asserted", "officer", "conditions", "starts_on", "ends_on",
          "appointments_kept", "status")  # fmt: skip
#: What many people have is joined by hashing, as an impact's statement has it: the planner expects far fewer.
_SETTINGS = (
    "select set_config('comity.providers', 'probation', false), set_config('jit', 'off', false),"
    " set_config('work_mem', '256MB', false), set_config('enable_nestloop', 'off', false),"
    " set_config('enable_mergejoin', 'off', false)"
)
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
    request = Request(Extract(), agreement.name, agreement.purpose, Requester("research", "staff-7", "analyst"))
    verdict = decide(request, agreement, Standing(()), vocabulary, now)
    [table] = tables(verdict, vocabulary)
    slots = bind(table.query.slots, now.date(), request.requester, lambda _: b"")
    values = {**asked(verdict, now.date()), **slots}
    code = key_for(b"m" * 32, "research", agreement.purpose)
    started = time.perf_counter()
    with store.connect(Role.GATE, autocommit=True) as conn:
        take(conn, folder / "bench.duckdb", [table.query.tree, _all_columns(conn)], agreement.providers)
    taken = time.perf_counter() - started
    with open_file(folder / "bench.duckdb") as file:
        (folder / "none.csv").touch()
        (folder / work.OUT).mkdir()
        made: list[tuple[UUID, UUID]] = []
        started = time.perf_counter()
        work.rename_people(file, folder / "none.csv", code, made.extend)
        renamed = time.perf_counter() - started
        order = Order(Asking(uuid4(), b"s" * 16, now, request), Format.CSV, Engine.DUCKDB)
        work.get_ready(file, order, now.isoformat())
        bench = Bench(folder, Format.CSV, values, code, lambda _: {}, agreement.jurisdiction, now.date())
        found = [_on_duckdb(file, table, replace(bench, format=form)) for form in (Format.CSV, Format.PARQUET)]
    live = _on_postgresql(store, table, values, agreement.purpose, made)
    what = f"of {ROWS:,} rows filtered, three fields minimised, a pseudonym"
    fresh = f"snapshot taken in {taken:.0f} s and people named in {renamed:.0f} s before, so that old at most"
    return [
        *_rows("duckdb csv", f"{what}, sorted, as CSV; {fresh}", found[0], "<= 1.0"),
        *_rows("duckdb parquet", f"{what}, sorted, as Parquet", found[1], "none of its own"),
        *_rows("postgresql", f"{what}, through copy", live, "<= 2"),
    ]


def _rows(name: str, what: str, taken: tuple[float, ...], goal: str) -> list[Row]:
    ours, whole, equal = taken
    return [
        Row(f"extract {name}", f"{what}; against a raw export of all columns", ours, whole, "s", ours / whole, goal),
        Row(f"extract {name}, equal", f"{what}; against as many raw columns", ours, equal, "s", ours / equal,
            "none: said beside it"),
    ]  # fmt: skip


def _all_columns(conn) -> exp.Expr:
    names = [it.name for it in conn.execute("select * from record.supervision limit 0").description]
    return exp.select(*(exp.column(name, quoted=True) for name in names)).from_(exp.table_("supervision", db="record"))


def _on_duckdb(file, table, bench: Bench) -> tuple[float, ...]:
    raw = bench.folder / f"raw.{bench.format.value}"
    written = WRITTEN[bench.format]

    def ours() -> None:
        for stretch in work.stretches(file):
            make_part(file, table, stretch, bench)

    def theirs(columns: str) -> None:
        file.execute(f"copy (select {columns} from record.supervision where status = 'active') to '{raw}' ({written})")

    taken = _in_turns(ours, lambda: theirs("*"), lambda: theirs(", ".join(_EQUAL)))
    for path in (raw, *(bench.folder / work.OUT).iterdir()):
        path.unlink()
    return taken


def _on_postgresql(store: Store, table, values, purpose: str, made) -> tuple[float, ...]:
    into = "copy gate.pseudonym (recipient, purpose, person, pseudonym) from stdin"
    with store.connect(Role.GATE) as conn, conn.cursor() as cursor, cursor.copy(into) as rows:
        for human, pseudonym in made:
            rows.write_row(("research", purpose, human, pseudonym))
    with store.connect(Role.OWNER, autocommit=True) as conn:
        conn.execute("vacuum analyze gate.pseudonym")
    chosen = ", ".join(["agency", "whose", "asserted", *(it.column for it in table.said)])
    with psycopg.connect(store.conninfo(Role.GATE), cursor_factory=ClientCursor) as conn:
        conn.execute(_SETTINGS)
        inner = conn.cursor().mogrify(table.query.sql, values)
        ours = (
            f"select code.pseudonym, {chosen} from ({inner}) as it join gate.pseudonym as code"
            f" on code.person = it.account and code.recipient = 'research' and code.purpose = '{purpose}'"
        )
        whole, equal = (
            f"select {columns} from record.supervision where status = 'active'" for columns in ("*", ", ".join(_EQUAL))
        )
        return _in_turns(*(partial(_drain, conn, f"copy ({it}) to stdout (format csv)") for it in (ours, whole, equal)))


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
