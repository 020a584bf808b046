"""What only a person can decide, on the command line: listed about nobody, decided, undone, and told to whom it misled."""

from __future__ import annotations

import re
from contextlib import nullcontext
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from tests.gate.world import World, request

from comity import people
from comity.cli import people as command
from comity.cli.failing import NO_INPUT, REFUSED, Failed, Misused
from comity.node import Node
from comity.people import Features
from comity.people import store as rows
from comity.people.starting import starting
from comity.store import Role, Settings
from comity.web.models import Colleague
from comity.web.store import put_colleague

WHO = {"by": "tom", "reason": "two photographs"}
OTHER = {"by": "hanna", "reason": "seen as well"}


@pytest.fixture
def world(store, vocabulary, tmp_path, monkeypatch):
    made = World(store, vocabulary)
    made.agree(about="everyone", until="2099-12-31")
    with store.connect(Role.INTAKE) as conn:
        rows.put_model(conn, starting(["police_number"], ["police", "court"], datetime.now(UTC)))
    with store.connect(Role.GOVERNANCE) as conn:
        for who, role in (("tom", "data-steward"), ("hanna", "data-steward"), ("priya", "prosecutor")):
            put_colleague(conn, Colleague(who, who.title(), "police", role, "en"))
    node = Node(Settings(tmp_path), store, vocabulary, "comity-test")
    monkeypatch.setattr(command, "node", lambda: nullcontext(node))
    return made


def place(world, agency, born, **more) -> UUID:
    source_person = uuid4()
    envelope = world.envelope(agency, source_person, source_person, "suspect")
    world.insert("record", "person", envelope, {"name": "Ann Example", "birth_date": born})
    with world.store.connect(Role.INTAKE) as conn:
        people.place(conn, Features(source_person, agency, "Ann", "Example", birth_date=born, **more))
    return source_person


@pytest.fixture
def pair(world):
    return place(world, "police", date(1980, 2, 3)), place(world, "court", date(1991, 12, 24))


def said(capsys, act, *arguments, code=0, **options):
    ended = 0
    try:
        act(*arguments, **options)
    except Failed as failed:
        ended = failed.code
    text = capsys.readouterr().out
    assert ended == code, text
    assert "Example" not in text
    assert "1980" not in text
    return text


def persons(world):
    return len(world.run(Role.INTAKE, "select distinct person from people.membership"))


def test_a_question_is_listed_decided_undone_and_whoever_was_shown_it_is_named(world, pair, capsys):
    line, total = said(capsys, command.reviews).splitlines()
    assert {str(it) for it in pair} == set(line.split()[:2])
    assert "police and court" in line or "court and police" in line
    assert total.startswith("1 questions are open")
    decided = said(capsys, command.decide, *pair, "same", **WHO)
    assert persons(world) == 1
    [(person,)] = world.run(Role.INTAKE, "select distinct person from people.membership")
    world.ask(person, datetime.now(UTC))
    decision = UUID(re.search(r"people undo (\S+)", decided)[1])
    undone = said(capsys, command.undo, decision, **OTHER)
    assert persons(world) == 2
    assert "read under charging@1 to prosecution, staff-7: records of more than one of them" in undone
    assert "1 disclosures rested on the link" in undone
    said(capsys, command.undo, decision, code=NO_INPUT, **OTHER)
    assert request(person).requester.person == "staff-7"


def test_what_is_strong_is_proposed_by_one_and_confirmed_by_another(world, pair, capsys):
    place(world, "court", date(1980, 2, 3)), place(world, "police", date(1991, 12, 24))
    proposed = said(capsys, command.decide, *pair, "same", **WHO)
    proposal = UUID(re.search(r"people confirm (\S+)", proposed)[1])
    assert f"PROPOSED on {datetime.now(UTC):%Y-%m-%d}  {proposal}" in said(capsys, command.reviews)
    said(capsys, command.confirm, proposal, code=REFUSED, **WHO)
    said(capsys, command.decide, *pair, "different", code=REFUSED, **OTHER)
    assert persons(world) == 2
    said(capsys, command.refuse, proposal, **OTHER)
    again = UUID(re.search(r"people confirm (\S+)", said(capsys, command.decide, *pair, "same", **WHO))[1])
    said(capsys, command.withdraw, again, **WHO)
    last = UUID(re.search(r"people confirm (\S+)", said(capsys, command.decide, *pair, "same", **WHO))[1])
    said(capsys, command.confirm, last, **OTHER)
    assert persons(world) == 1


def test_whoever_cannot_tell_puts_it_away_and_who_is_no_steward_decides_nothing(world, pair, capsys):
    assert "Put away until" in said(capsys, command.decide, *pair, "cannot-tell", **WHO)
    assert "0 questions are open" in said(capsys, command.reviews)
    for by in ("priya", "nobody"):
        said(capsys, command.decide, *pair, "same", by=by, reason="x", code=REFUSED)
    for reason in ("", "two\nlines", "x" * 501):
        with pytest.raises(Misused):
            command.decide(*pair, "same", by="tom", reason=reason)
    said(capsys, command.decide, pair[0], uuid4(), "same", code=NO_INPUT, **WHO)
    assert persons(world) == 2
