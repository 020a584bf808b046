"""Whose answers a colleague may read and record: whom they reach through the gate; all others are refused alike."""

from __future__ import annotations

import asyncio
import re
import threading
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from comity.agreements.consent import Answer
from comity.gate import Read, Refusal, Search, reasons
from comity.gate.consent import FORM_IS_OPEN, Reached, answers_of, reach, was_reached
from comity.gate.models import Requester
from comity.ledger.entry import Entry, commitment
from comity.store import Role

from .test_consent import GIVEN, REFUSED, WITHDRAWN, answer
from .world import NOW, request


def on_the_gate(world, work):
    async def run():
        async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
            return await work(conn)

    return asyncio.run(run())


def reached(world, person, now=NOW, **changes):
    asked = request(person, **changes)
    return on_the_gate(world, lambda conn: reach(conn, asked, now, vocabulary=world.vocabulary, keyring=world.keyring))


def lately(world, person, now=NOW, **changes):
    asked = request(person, **changes)
    return on_the_gate(world, lambda conn: was_reached(conn, asked.requester, person, asked.agreement, now))


def answers(world, person, agreements=None):
    return on_the_gate(world, lambda conn: answers_of(conn, person, NOW, by="staff-7", agreements=agreements))


def test_whoever_is_shown_is_reached_with_what_is_shown(world, accused):
    world.agree()
    found = reached(world, accused)
    assert isinstance(found, Reached)
    assert found.shown.view.fields[0].best.value


def test_whoever_is_covered_and_unasked_is_reached_by_an_agency_that_holds_them(world, accused):
    world.agree(consent="required")
    assert isinstance(reached(world, accused), Refusal)
    world.person("prosecution", human=accused)
    assert reached(world, accused) == Reached(accused, None)
    answer(world, accused, GIVEN)
    assert reached(world, accused).shown is not None
    answer(world, accused, WITHDRAWN)
    assert reached(world, accused) == Reached(accused, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "judge"},
        {"agency": "court"},
        {"agreement": "nothing"},
        {"purpose": "victim-safety"},
        {"justification": ""},
    ],
)
def test_whoever_may_not_ask_reaches_nobody(world, accused, changes):
    world.agree(consent="required")
    world.person("prosecution", human=accused)
    assert isinstance(reached(world, accused, **changes), Refusal)


def statements(world, person, monkeypatch):
    """Return every statement that reaching somebody sends, and the refusal."""
    sent, here = [], threading.get_ident()
    for kind in (psycopg.AsyncConnection, psycopg.AsyncCursor, psycopg.AsyncRawCursor):
        plain = kind.execute

        async def told(self, query, *values, _plain=plain, **options):
            if threading.get_ident() == here:  # a server's own tasks are not asked
                sent.append(str(query))
            return await _plain(self, query, *values, **options)

        monkeypatch.setattr(kind, "execute", told)
    found = reached(world, person)
    monkeypatch.undo()
    return sent, found


def test_the_absent_the_uncovered_and_the_unasked_of_others_are_refused_alike(world, accused, monkeypatch):
    world.agree(consent="required")
    uncovered_and_own = world.person()
    world.person("prosecution", human=uncovered_and_own)
    strangers = (uuid4(), world.person(), uncovered_and_own, accused)
    reached(world, accused)  # the agreement is remembered
    seen = [statements(world, person, monkeypatch) for person in strangers]
    assert {found.reason for _, found in seen} == {reasons.NOTHING_TO_SHOW}
    assert len({tuple(sent) for sent, _ in seen}) == 1
    assert len(seen[0][0]) > 3
    assert not any(lately(world, person) for person in strangers)


def test_only_a_read_reaches(world):
    with pytest.raises(TypeError, match="a read"):
        reached(world, Search(name="Ann"))


def test_reaching_is_a_look_with_its_line_in_the_log(world, accused):
    world.agree(consent="required")
    world.person("prosecution", human=accused)
    reached(world, accused)
    assert world.log() == [("refusal", "no-consent", 0)]
    answer(world, accused, GIVEN)
    reached(world, accused, now=NOW + timedelta(seconds=1))
    assert world.log()[1][0] == "disclosure"


# What the form may be sent for


def test_a_form_may_be_sent_by_whom_it_was_shown_to_about_whom_it_was_shown_for_a_while(world, accused):
    world.agree(consent="required")
    world.person("prosecution", human=accused)
    assert not lately(world, accused)
    reached(world, accused)
    assert lately(world, accused)
    assert lately(world, accused, now=NOW + FORM_IS_OPEN)
    assert not lately(world, accused, now=NOW + FORM_IS_OPEN + timedelta(seconds=1))
    assert not lately(world, uuid4())
    for changes in ({"staff": "staff-8"}, {"agency": "police"}, {"role": "judge"}, {"agreement": "other"}):
        assert not lately(world, accused, **changes), changes


def test_a_case_or_a_search_that_showed_somebody_opens_no_form(world, accused):
    world.agree()
    world.ask(Search(name="Ann"))
    assert not lately(world, accused)
    assert Requester("prosecution", "staff-7", "prosecutor") == request(Read(accused)).requester


# What was answered


def test_answers_are_latest_first_under_every_id_that_the_person_had(world, accused):
    old, older = uuid4(), uuid4()
    world.run(Role.INTAKE, "insert into people.person (person, redirect_to) values (%s, %s)", old, accused)
    world.run(Role.INTAKE, "insert into people.person (person, redirect_to) values (%s, %s)", older, old)
    world.agree(consent="asked")
    world.agree(name="other", consent="required")
    for person, said in ((older, GIVEN), (old, WITHDRAWN), (accused, REFUSED)):
        answer(world, person, said, reason="danger")
    answer(world, accused, GIVEN, name="other", reason="")
    answer(world, world.person(), GIVEN)
    for person in (accused, old, older):
        found = answers(world, person, ["charging"])
        assert [(it.answer, it.agency, it.by, it.reason) for it in found] == [
            (said, "police", "staff-3", "danger") for said in (Answer.REFUSED, Answer.WITHDRAWN, Answer.GIVEN)
        ]
    assert [it.agreement for it in answers(world, accused)] == ["other", "charging", "charging", "charging"]
    assert answers(world, accused, []) == answers(world, uuid4()) == ()


def test_reading_answers_is_a_consultation_with_its_entry(world, accused):
    world.agree(consent="asked")
    answer(world, accused, GIVEN)
    answers(world, accused)
    [(identity, what, person, by, digest, salt)] = world.run(
        Role.GATE, "select id, what, person, by, digest, salt from gate.consultation"
    )
    assert (what, person, by) == ("consent", accused, "staff-7")
    bodies = [bytes(row[0]) for row in world.run(Role.LEDGER, "select body from ledger.outbox")]
    [entry] = [it for it in map(Entry.decode, bodies) if it.id == identity]
    assert (entry.kind, entry.context, entry.commitment) == (
        "consultation",
        {"act": "consent"},
        commitment(salt, digest),
    )
    assert not any(re.search(rb"Ann|danger|" + str(accused).encode(), body) for body in bodies)
