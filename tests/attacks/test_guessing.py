"""Guessing: ids, and telling a person who is not covered from one who is not there.

Both are one answer to whoever asks, from one journey of one statement. How much the statement reads is printed, not
held: it is not made equal (``docs/explanation/threats.md``). ``pytest -s`` shows it beside the time.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from dataclasses import replace
from uuid import UUID, uuid4

import psycopg
import pytest
from tests.gate.world import NOW, agreement_text, request

from comity.agreements import Standing, parse_agreement
from comity.gate import CaseRead, Disclosure, Read, Refusal, disclose, reasons
from comity.gate.compile import compile_verdict
from comity.gate.decide import decide
from comity.store import Role


@pytest.fixture
def uncovered(world) -> UUID:
    """Somebody of whom the police hold a full record, and whom the agreement does not cover."""
    person = world.person(name="Una Covered")
    case = world.row("case", person=person, case_number="C-77")
    world.row("charge", person=person, case=case, offence="Fare evasion", severity="lesser")
    return person


def next_to(person: UUID, by: int) -> UUID:
    return UUID(int=(person.int + by) % 2**128)


def alike(answer) -> Refusal:
    """A refusal without what differs from one request to the next."""
    assert isinstance(answer, Refusal)
    return replace(answer, id=UUID(int=0))


def test_ids_at_random_and_in_sequence(world, accused, uncovered):
    """None reads anybody; the log keeps each attempt, for whoever oversees."""
    world.agree()
    guesses = [
        uuid4(),
        uuid4(),
        UUID(int=0),
        UUID(int=2**128 - 1),
        UUID(int=1),
        next_to(accused, 1),
        next_to(accused, -1),
    ]
    answers = [world.ask(guess) for guess in (*guesses, uncovered)]
    assert len({repr(alike(answer)) for answer in answers}) == 1
    assert len(world.log()) == len(world.entries()) == len(guesses) + 1


def test_ids_of_everything_else_that_is_kept_of_a_person(world, uncovered):
    """The id of a row, a statement, a source person, a case, a disclosure or an entry is no id of a person."""
    human = uuid4()
    source_person = world.person(human=human)
    case = world.row("case", person=source_person, case_number="C-1")
    charge = world.row("charge", person=source_person, case=case, offence="Arson", severity="serious")
    world.agree()
    answer = world.ask(human)
    assert isinstance(answer, Disclosure)
    [(statement,)] = world.run(Role.OWNER, "select gen_random_uuid()")
    kept = [source_person, case, charge, statement, answer.id]
    assert {repr(alike(world.ask(it))) for it in (*kept, uncovered)} == {repr(alike(world.ask(uuid4())))}


def test_ids_that_a_merge_left_behind(world, accused, uncovered):
    """An old id leads to who it is now: to a covered person as their own id does, to another as nobody's does."""
    world.agree()
    for now_known_as in (accused, uncovered):
        old = uuid4()
        world.run(Role.INTAKE, "insert into people.person (person, redirect_to) values (%s, %s)", old, now_known_as)
        answer = world.ask(old)
        if now_known_as == accused:
            assert answer.digest == world.ask(accused).digest
        else:
            assert alike(answer) == alike(world.ask(uuid4()))


def test_ids_that_lead_to_one_another_without_end(world, accused):
    """A ring of redirects ends in nobody, not in a statement that never ends."""
    world.agree()
    one, other = uuid4(), uuid4()
    world.run(Role.INTAKE, "insert into people.person (person) values (%s), (%s)", one, other)
    for old, new in ((one, other), (other, one)):
        world.run(Role.INTAKE, "update people.person set redirect_to = %s where person = %s", new, old)
    assert alike(world.ask(one)) == alike(world.ask(uuid4()))


def test_a_case_number_guessed(world, accused, uncovered):
    """Its number leads to nobody whom the agreement does not cover, and looks like one that does not exist."""
    world.agree()
    wrong = [world.ask(CaseRead(number)) for number in ("C-77", "C-78", "c-77", "C-7", "%", "77")]
    assert len({repr(alike(answer)) for answer in wrong}) == 1


def test_refused_and_absent_take_the_same_journeys(world, accused, uncovered, sent):
    """The same statements, in the same order, the same number of times."""
    world.agree()
    journeys = []
    for person in (accused, uncovered, uuid4()):
        sent.clear()
        world.ask(person)
        journeys.append(tuple(sent))
    assert journeys[1] == journeys[2]
    assert len(journeys[1]) == 3  # the ledger's age, the settings, the one statement; what was remembered took none


def test_refused_and_absent_are_one_plan(world, accused, uncovered, capsys):
    """One plan for every subject, so none is chosen by who it is; what it reads and how long it takes is printed."""
    world.agree()
    agreement = parse_agreement(agreement_text(), world.vocabulary)
    verdict = decide(request(accused), agreement, Standing(()), world.vocabulary, NOW)
    compiled = compile_verdict(verdict, Read(accused), world.vocabulary)
    found = {kind: explained(world, compiled, it) for kind, it in (("refused", uncovered), ("absent", uuid4()))}
    assert nodes(found["refused"]) == nodes(found["absent"])
    with capsys.disabled():
        for kind, plan in found.items():
            blocks = sum(plan[f"Shared {of} Blocks"] for of in ("Hit", "Read"))
            print(f"\n{kind}: {blocks} blocks, p50 {asyncio.run(clocked(world, kind, uncovered)):.2f} ms", end="")  # noqa: T201


def explained(world, compiled, person: UUID) -> dict[str, object]:
    """What PostgreSQL did for one person, by the plan that every subject shares; undone afterwards."""
    values = dict.fromkeys(compiled.names)
    values |= {"person": str(person), "providers": ["police", "court"], "mark": "x", "today": NOW.date()}
    values |= {name: getattr(slot, "value", None) for name, slot in compiled.slots.items()}
    with world.store.connect(Role.GATE) as conn, psycopg.RawCursor(conn) as cursor:
        conn.execute(
            "select set_config('comity.providers', 'police,court', true), set_config('plan_cache_mode', 'force_generic_plan', true)"
        )
        cursor.execute(
            f"explain (analyze, buffers, timing off, format json) {compiled.sql}", [values[it] for it in compiled.names]
        )
        plan = cursor.fetchone()[0][0]["Plan"]
        conn.rollback()
    return json.loads(json.dumps(plan))


def nodes(plan: dict[str, object]) -> list[object]:
    """The plan's shape: each node's kind and what it reads."""
    inner = [nodes(it) for it in plan.get("Plans", [])]
    return [plan["Node Type"], plan.get("Relation Name"), plan.get("Index Name"), inner]


async def clocked(world, kind: str, uncovered: UUID, times: int = 20) -> float:
    """The median time of an answer, in milliseconds; nothing is made to depend on it."""
    taken = []
    async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
        for _ in range(times):
            asked = request(uncovered if kind == "refused" else uuid4())
            start = time.perf_counter()
            await disclose(conn, asked, NOW, vocabulary=world.vocabulary)
            taken.append(1_000 * (time.perf_counter() - start))
    return statistics.median(taken)


def test_the_words_of_a_refusal_name_nobody(world, accused, uncovered):
    """Nothing of the person who was asked about stands in what the requester is told."""
    world.agree()
    told = repr(world.ask(uncovered))
    assert "Una" not in told
    assert str(uncovered) not in told
    assert reasons.NOTHING_TO_SHOW.label.en in told
