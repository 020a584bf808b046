"""Whatever refers to whatever: a row of somebody else leaves only from another side of what they have in common."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import psycopg
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from comity.gate import Disclosure, disclose
from comity.store import Role

from .world import NOW, World, request

SIDES = {"suspect": "accused", "convicted": "accused"}
RELEASE = """
  - {record: person, of: [suspect, convicted, victim, witness], fields: {name: as-is}}
  - {record: charge, fields: {offence: as-is}}
  - {record: involvement, of: [suspect, convicted, victim, witness], fields: {role: as-is}}"""

whose = st.sampled_from(["suspect", "convicted", "victim", "witness"])
place = st.sampled_from([None, 0, 0, 1])
#: Of two people: whose row, in which case and which incident, and of which of the two types it is.
rows = st.lists(
    st.tuples(st.integers(0, 1), whose, place, place, st.sampled_from(["charge", "involvement"])),
    min_size=2,
    max_size=7,
)
#: Of two cases: which incident each arose from, and whether they are one case in two agencies' books.
books = st.tuples(place, place, st.booleans())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows, books=books)
@example(  # suspected of the incident, and a witness in the case against the other that arose from it
    rows=[
        (0, "suspect", None, 0, "involvement"),
        (0, "witness", 0, None, "involvement"),
        (1, "suspect", 0, None, "charge"),
    ],
    books=(0, None, False),
)
@example(  # the same, where only the other agency's book of the case says what it arose from
    rows=[
        (0, "suspect", None, 0, "involvement"),
        (0, "witness", 1, None, "involvement"),
        (1, "suspect", 1, None, "charge"),
    ],
    books=(0, None, True),
)
def test_nobody_sees_their_own_side(world: World, rows, books):
    if not world.keys:
        world.agree(about="everyone", release=RELEASE)
    *arose, shared = books
    reference = str(uuid4())
    incidents = [world.row("incident", incident_number=str(number)) for number in range(2)]
    cases = [
        world.row("case", agency, case_number=f"{reference}-{agency}", common_reference=reference if shared else None,
                  incident=None if of is None else incidents[of])
        for agency, of in zip(("police", "court"), arose, strict=True)
    ]  # fmt: skip
    people = [world.person(name=f"Person {number}") for number in range(2)]
    drawn = {
        world.row(kind, person=people[who], whose=category, case=None if case is None else cases[case],
                  incident=None if incident is None else incidents[incident]): (who, category, case, incident)
        for who, category, case, incident, kind in rows
    }  # fmt: skip
    mine = [each for each in drawn.values() if each[0] == 0]
    for record_id in others_that_left(world, people):
        if record_id not in drawn:
            continue  # a person's own row: its side is tried by the rows that lead to it
        _, category, case, incident = drawn[record_id]
        for of in (case_places(case, arose, shared=shared), incident_places(incident, arose, shared=shared)):
            stand = {side(it[1]) for it in mine if ("case", it[2]) in of or ("incident", it[3]) in of}
            assert side(category) not in stand


def others_that_left(world: World, people: list[UUID]) -> list[UUID]:
    answer = asyncio.run(read(world, people[0]))
    assert isinstance(answer, Disclosure)
    return [row.record_id for of in answer.rows.values() for row in of if row.source_person != people[0]]


async def read(world: World, person: UUID):
    async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
        return await disclose(conn, request(person), NOW, vocabulary=world.vocabulary)


def side(category: str) -> str:
    return SIDES.get(category, category)


def case_places(case: int | None, arose: list[int | None], *, shared: bool) -> set[tuple[str, int]]:
    """Return a case in every book, and what any of these says that it arose from."""
    if case is None:
        return set()
    same = range(2) if shared else (case,)
    return {("case", each) for each in same} | {("incident", arose[each]) for each in same if arose[each] is not None}


def incident_places(incident: int | None, arose: list[int | None], *, shared: bool) -> set[tuple[str, int]]:
    """Return an incident, and every case that arose from it in any book."""
    if incident is None:
        return set()
    cases = [each for each in range(2) if arose[each] == incident]
    found = {place for each in cases for place in case_places(each, arose, shared=shared) if place[0] == "case"}
    return {("incident", incident)} | found
