"""The rows that leave on one person's account, of everyone asked for at once, are those that a read of them releases."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from uuid import UUID, uuid4

import psycopg
from hypothesis import HealthCheck, given, settings
from sqlglot import exp

from comity.agreements import parse_agreement
from comity.agreements.models import Standing
from comity.gate import Disclosure, disclose
from comity.gate.compile import bind
from comity.gate.decide import decide
from comity.gate.models import Act, Extract
from comity.gate.trees import column
from comity.gate.wide import asked, wide
from comity.store import Role

from .test_sides import RELEASE, books, rows
from .world import NOW, World, agreement_text, request

TERMS = {"about": "everyone", "release": RELEASE, "channels": "read, extract"}
COLUMNS = ("clause", "account", "record_id", "source_person")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows, books=books)
def test_of_many_leaves_what_leaves_of_each(world: World, rows, books):
    if not world.keys:
        world.agree(**TERMS)
    people = lay(world, rows, books)
    left = of_everyone(world)
    for person in people:
        assert left[person] == of_one(world, person)


def lay(world: World, rows, books) -> list[UUID]:
    """Put down what hypothesis drew; return the two people."""
    *arose, shared = books
    reference = str(uuid4())
    incidents = [world.row("incident", incident_number=str(number)) for number in range(2)]
    cases = [
        world.row("case", agency, case_number=f"{reference}-{agency}", common_reference=reference if shared else None,
                  incident=None if of is None else incidents[of])
        for agency, of in zip(("police", "court"), arose, strict=True)
    ]  # fmt: skip
    people = [world.person(name=f"Person {number}") for number in range(2)]
    for who, category, case, incident, kind in rows:
        world.row(kind, person=people[who], whose=category, case=None if case is None else cases[case],
                  incident=None if incident is None else incidents[incident])  # fmt: skip
    return people


def of_everyone(world: World) -> dict[UUID, set[tuple[int, UUID]]]:
    agreement = parse_agreement(agreement_text(**TERMS), world.vocabulary)
    asking = request(Extract())
    verdict = decide(asking, agreement, Standing(()), world.vocabulary, NOW)
    final = exp.select(*(column("released", name) for name in COLUMNS)).from_(exp.table_("released", quoted=True))
    query = wide(verdict, Act.EXTRACT, verdict.clauses, lambda *_: [], final, world.vocabulary)
    values = {**asked(verdict, NOW.date()), **bind(query.slots, NOW.date(), asking.requester, lambda _: b"")}
    found = defaultdict(set)
    with world.store.connect(Role.GATE) as conn:
        conn.execute("select set_config('comity.providers', 'police,court', true)")
        for clause, account, record_id, _ in conn.execute(query.sql, values):
            assert (clause, record_id) not in found[account], "a row comes once on one account"
            found[account].add((clause, record_id))
    return found


def of_one(world: World, person: UUID) -> set[tuple[int, UUID]]:
    answer = asyncio.run(read(world, person))
    assert isinstance(answer, Disclosure)
    clause = {"person": 1, "charge": 2, "involvement": 3}
    return {(clause[record], row.record_id) for record, of in answer.rows.items() for row in of}


async def read(world: World, person: UUID):
    async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
        return await disclose(conn, request(person), NOW, vocabulary=world.vocabulary)
