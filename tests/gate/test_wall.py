"""The second wall: row-level security holds where the first one is broken on purpose; and the roles have no other right."""

from __future__ import annotations

import psycopg
import pytest
from sqlglot import exp

from comity.gate import CaseRead, Disclosure, Search, release, scope, trees
from comity.gate import compile as compiling
from comity.store import Role

PEOPLE = ("membership", "token")


@pytest.fixture
def forgetful(monkeypatch):
    """Nothing that was compiled before counts, and what is compiled now is forgotten afterwards."""
    monkeypatch.setattr(compiling, "_REMEMBERED", {})
    return monkeypatch


def broken_providers(monkeypatch) -> None:
    """Break the first wall: no table is filtered by agency any more, neither in trees nor in pieces of ours."""
    for module in (trees, scope):
        monkeypatch.setattr(module, "held_by_providers", lambda table: exp.true())
    original = trees._parsed

    def without_filter(sql: str) -> exp.Expr:
        tree = original(sql).copy()
        return tree.transform(
            lambda node: exp.true() if isinstance(node, exp.EQ) and isinstance(node.expression, exp.Any) else node
        )

    monkeypatch.setattr(trees, "_parsed", without_filter)


def test_outside_a_disclosure_the_gates_role_sees_no_row(world, accused, vocabulary):
    world.row("case", person=accused, case_number="C-1")
    tables = [f'record."{name}"' for name in (*vocabulary.record_types, "subject_key")] + [
        f"people.{name}" for name in PEOPLE
    ]
    for table in tables:
        assert world.run(Role.GATE, f"select count(*) from {table}") == [(0,)]
    assert world.run(Role.INTAKE, "select count(*) from record.person") == [(1,)]


def test_whoever_names_agencies_by_hand_sees_those_and_what_is_sealed_stays_so(world, accused):
    """What the second wall does not hold, as the explanation says: it knows agencies, not agreements."""
    world.person("probation", human=accused, name="Ann Probation")
    world.run(Role.INTAKE, "update record.person set protected_address = 'sealed' where agency = 'police'")
    with world.store.connect(Role.GATE) as conn:
        conn.execute("select set_config('comity.providers', 'police', true)")
        rows = conn.execute("select name, protected_address from record.person").fetchall()
        assert rows == [("Ann Example", b"sealed")]
        assert conn.execute("select count(*) from people.membership").fetchone() == (1,)


def test_what_a_disclosure_may_see_ends_with_it(world, accused):
    """On one connection: the setting is the transaction's own."""
    import asyncio

    from comity.gate import disclose

    from .world import NOW, request

    world.agree()

    async def look() -> tuple[object, object]:
        async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
            answer = await disclose(conn, request(accused), NOW, vocabulary=world.vocabulary)
            rows = await (await conn.execute("select count(*) from record.person")).fetchone()
            return answer, rows

    answer, rows = asyncio.run(look())
    assert isinstance(answer, Disclosure)
    assert rows == (0,)


@pytest.mark.parametrize("of", ["read", "case", "search"])
def test_with_the_first_wall_broken_no_other_agencys_row_leaves(world, accused, forgetful, of):
    world.person("probation", human=accused, name="Ann Probation")
    case = world.row("case", person=accused, case_number="C-1", common_reference="U1")
    world.row("charge", person=accused, case=case, offence="From police", severity="serious")
    world.row("charge", "probation", person=accused, case=case, offence="From probation", severity="serious")
    world.agree(release="  - {record: person, fields: {name: as-is}}\n  - {record: charge, fields: {offence: as-is}}")
    asks = {"read": accused, "case": CaseRead("C-1"), "search": Search(name="ann")}[of]
    broken_providers(forgetful)
    answer = world.ask(asks)
    assert isinstance(answer, Disclosure)
    assert {agency for agency, _ in answer.sources} == {"police"}


def test_the_first_wall_alone_holds_too(world, accused):
    """And so the test above tests the second: without row-level security the first filters."""
    world.person("probation", human=accused, name="Ann Probation")
    world.agree()
    for table in ('record."person"', "people.membership"):
        world.run(Role.OWNER, f"alter table {table} disable row level security")
    assert {agency for agency, _ in world.ask(accused).sources} == {"police"}


def test_both_walls_down_shows_what_they_keep(world, accused, forgetful):
    """The two tests above would pass if there were nothing to see."""
    world.person("probation", human=accused, name="Ann Probation")
    world.agree()
    for table in ('record."person"', "people.membership"):
        world.run(Role.OWNER, f"alter table {table} disable row level security")
    broken_providers(forgetful)
    assert {agency for agency, _ in world.ask(accused).sources} == {"police", "probation"}


def test_with_the_entitlement_dropped_no_other_agencys_row_leaves(world, forgetful):
    uncovered = world.person(name="Una Covered")
    world.person("probation", human=uncovered, name="Una Probation")
    world.agree()
    broken_providers(forgetful)
    everyone = trees.parsed("select kin.person from kin")
    forgetful.setattr(scope, "_covered", lambda about, compiler: everyone.copy())
    assert {agency for agency, _ in world.ask(uncovered).sources} == {"police"}


def test_a_statement_that_calls_an_unknown_function_is_never_run(world, accused, forgetful):
    world.agree()
    forgetful.setattr(
        release, "_line", lambda *_: exp.Anonymous(this="PG_READ_FILE", expressions=[exp.Literal.string("x")])
    )
    with pytest.raises(RuntimeError, match="pg_read_file"):
        world.ask(accused)
    assert world.log() == []


@pytest.mark.parametrize("role", [Role.INTAKE, Role.LEDGER, Role.GOVERNANCE])
@pytest.mark.parametrize("table", ["disclosure", "disclosure_subject", "consultation"])
def test_no_other_role_reads_or_writes_the_gates_log(world, role, table):
    for statement in (f"select 1 from gate.{table}", f"insert into gate.{table} default values"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.run(role, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "update gate.disclosure set kind = 'disclosure'",
        "delete from gate.disclosure_subject",
        "truncate gate.consultation",
        "select body from ledger.outbox",
        "delete from ledger.outbox",
        "insert into ledger.entry values (0, gen_random_uuid(), '', '')",
        "insert into record.person (record_id) values (gen_random_uuid())",
        "delete from record.charge",
        "select 1 from record.statement",
        "select 1 from record.part",
        "select 1 from people.source_person",
        "select 1 from people.edge",
        "insert into people.membership values (gen_random_uuid(), gen_random_uuid(), 'police')",
        "insert into agreements.signature (name) values ('x')",
        "update agreements.agreement set canonical = ''",
        "select 1 from intake.quarantine",
        "create table gate.mine (it int)",
        "create temp table mine (it int)",
        "set role comity_owner",
        "alter table record.person disable row level security",
        "copy (select 1) to program 'true'",
    ],
)
def test_the_gates_role_has_no_other_right(world, statement):
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable)):
        world.run(Role.GATE, statement)
