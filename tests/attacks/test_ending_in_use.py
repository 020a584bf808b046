"""An agreement that ends while it is used: what was remembered, prepared or waiting does not outlive it."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from tests.gate.world import NOW, request

from comity.agreements.models import Act, Event
from comity.agreements.store import act_upon
from comity.gate import CaseRead, Disclosure, Refusal, Search, disclose, known
from comity.store import Role

from .injections import until_blocked

LAST = datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize("asks", ["person", "case", "search"])
def test_an_agreement_that_expires_between_two_requests(world, accused, asks):
    """One connection, statement prepared, standing remembered: the first moment of the next day is refused."""
    case = world.row("case", person=accused, case_number="C-1")
    world.row("charge", person=accused, case=case, offence="Burglary", severity="serious")
    world.agree()
    asked = request({"person": accused, "case": CaseRead("C-1"), "search": Search(name="ann")}[asks])

    async def ask() -> list[object]:
        async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
            moments = (LAST, LAST, LAST + timedelta(microseconds=1), LAST)
            return [await disclose(conn, asked, at, vocabulary=world.vocabulary) for at in moments]

    answers = asyncio.run(ask())
    assert [type(it) for it in answers] == [Disclosure, Disclosure, Refusal, Disclosure]
    assert answers[2].reason.code == "not-in-force:expired"


@pytest.mark.parametrize(
    ("zone", "in_force"), [("Pacific/Kiritimati", False), ("UTC", True), ("Pacific/Pago_Pago", True)]
)
def test_the_last_day_stretched_by_another_zone(world, accused, zone, in_force):
    """The day that counts is that of the node's own calendar, at one and the same moment."""
    world.agree()
    at = datetime(2026, 12, 31, 12, 0, tzinfo=UTC).astimezone(ZoneInfo(zone))
    assert isinstance(world.ask(accused, now=at), Disclosure) == in_force


def test_an_agreement_revoked_while_the_statement_waits(world, accused):
    """The statement is held up by a lock, and judged by what is so when it goes on."""
    world.agree()
    assert isinstance(world.ask(accused), Disclosure)  # remembered and compiled

    async def ask() -> object:
        with world.store.connect(Role.OWNER) as owner:
            owner.execute("lock table ledger.outbox in access exclusive mode")
            asked = asyncio.create_task(world.asked(request(accused)))
            await until_blocked(world)
            act_upon(owner, "charging", 1, Event(Act.REVOKE, "police", NOW), by="dpo", reason="misuse")
            owner.commit()
            return await asked

    answer = asyncio.run(ask())
    assert isinstance(answer, Refusal)
    assert answer.reason.code == "not-in-force:revoked"
    assert {reason for _, reason, _ in world.log()} == {None, "not-in-force:revoked"}


def test_an_agreement_changed_faster_than_it_can_be_read(world, accused, monkeypatch):
    """Whoever changes it without end is told of a fault of ours, and gets nothing for it."""
    world.agree()

    async def out_of_date(*arguments):
        found = await look_up(*arguments)
        return known.Known("another mark", found.considered, fresh=True)

    look_up = known.look_up
    monkeypatch.setattr(sys.modules["comity.gate.disclose"], "look_up", out_of_date)
    with pytest.raises(RuntimeError, match="faster"):
        world.ask(accused)
    assert world.log() == []
    assert world.entries() == []


def test_a_person_who_is_covered_no_longer(world, accused):
    """Whom an agreement covers is looked up in the same statement: a charge dropped counts at once."""
    world.agree()
    assert isinstance(world.ask(accused), Disclosure)
    world.run(Role.INTAKE, "update record.charge set severity = 'lesser'")
    assert isinstance(world.ask(accused), Refusal)


def test_days_of_a_condition_are_those_of_the_request(world):
    """A plan that was made yesterday does not stretch what *within 8 weeks* means today."""
    person = world.person(birth_date=date(1987, 3, 2))
    world.row("hearing", person=person, starts_on=date(2026, 8, 10))
    world.agree(about="hearing.starts_on within 8 weeks")
    assert isinstance(world.ask(person), Disclosure)
    assert isinstance(world.ask(person, now=NOW + timedelta(days=60)), Refusal)
