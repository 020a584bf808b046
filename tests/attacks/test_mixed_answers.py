"""Asking at the same moment as others do, to be handed what is theirs: reads that meet are one statement."""

from __future__ import annotations

import asyncio
from uuid import UUID

from tests.gate.world import NOW, request

from comity.gate import Disclosure, Refusal
from comity.gate.together import Together
from comity.store import Role

PEOPLE = 8
TIMES = 6  # that each is asked for, and as often somebody who is not covered


def test_asking_at_the_same_moment_as_others_do(world):
    """Each is given the rows of the person whom they asked for, those of nobody else, and no answer of another."""
    people: dict[UUID, str] = {}
    for number in range(PEOPLE):
        person = world.person(name=f"Person {number}")
        case = world.row("case", person=person, case_number=f"C-{number}")
        world.row("charge", person=person, case=case, offence=f"Offence {number}", severity="serious")
        people[person] = f"Offence {number}"
    uncovered = world.person(name="Una Covered")
    world.row("charge", person=uncovered, offence="Hers alone", severity="lesser")
    world.agree(release="  - {record: charge, fields: {offence: as-is}}")

    async def all_at_once() -> list[tuple[UUID, object]]:
        async with world.store.pool(Role.GATE, max_size=4) as pool, Together(pool, world.vocabulary) as gate:
            await gate.disclose(request(uncovered), NOW)  # the agreement is remembered: only then do reads meet
            asked = [*people, uncovered] * TIMES
            answers = await asyncio.gather(*(gate.disclose(request(each), NOW) for each in asked))
            return list(zip(asked, answers, strict=True))

    answers = asyncio.run(all_at_once())
    assert len({answer.id for _, answer in answers}) == len(answers) == len(world.log()) - 1 == len(world.entries()) - 1
    for person, answer in answers:
        if person == uncovered:
            assert isinstance(answer, Refusal)
            continue
        assert isinstance(answer, Disclosure)
        assert answer.person == person
        assert [row.values["offence"] for row in answer.rows["charge"]] == [people[person]]
    met = world.run(Role.GATE, "select count(distinct xmin::text) from gate.disclosure")
    assert met[0][0] < len(answers)  # they did meet, or nothing was tried
