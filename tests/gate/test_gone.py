"""Whoever received something of somebody is told when it is erased or corrected, and says what they did about it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from comity.gate import Requester
from comity.gate.extract import work
from comity.gate.extract.models import Format
from comity.gate.extract.orders import State, ask_for, counter_at, make_next, order_of
from comity.gate.gone import DID, PATIENCE, give_receipt, receipts_owed, tell_gone, told_to
from comity.gate.models import Extract
from comity.ledger.entry import commitment
from comity.store import Role

from .test_extract import SIGNER
from .test_extract import agree as agree_to_extracts
from .world import NOW, World, agreement_text, request

STAFF = Requester("prosecution", "staff-7", "prosecutor")
COLLEAGUE = Requester("prosecution", "staff-8", "data-steward")
STRANGER = Requester("court", "staff-7", "prosecutor")
LATER = NOW + timedelta(days=1)


@pytest.fixture
def receiving(world: World) -> World:
    """A world whose agreement asks for receipts."""
    world.agree_to(agreement_text(about="everyone").replace("receipt: not-required", "receipt: required"))
    return world


def somebody(world: World) -> UUID:
    """Somebody whom a prosecutor reads."""
    person = world.person()
    world.row("charge", person=person, offence="Burglary")
    world.ask(person)
    return person


def change(world: World, person: UUID, kind: str = "erased", at: datetime = LATER) -> UUID:
    identity = uuid4()
    world.run(Role.INTAKE, "insert into intake.gone (change, source_person, agency, kind, at) values (%s, %s, 'police', %s, %s)",
              identity, person, kind, at)  # fmt: skip
    return identity


def tell(world: World, at: datetime = LATER) -> int:
    with world.store.connect(Role.GATE, autocommit=True) as conn:
        return tell_gone(conn, at)


def on_gate(world: World, ask, *given, **more):
    with world.store.connect(Role.GATE, autocommit=True) as conn:
        return ask(conn, *given, **more)


def entries(world: World, kind: str) -> list[dict]:
    rows = world.run(Role.OWNER, "select body from ledger.outbox order by queued_at")
    said = (json.loads(bytes(body)) for (body,) in rows)
    return [it for it in said if it["kind"] == kind and it["context"].get("act", "").startswith(("told-of", "receipt"))]


@pytest.mark.parametrize("kind", ["erased", "expunged", "restricted", "rectified", "withdrawn"])
def test_whoever_read_somebody_is_told_once_and_of_no_fact(receiving, kind):
    change(receiving, somebody(receiving), kind)
    assert (tell(receiving), tell(receiving)) == (1, 0)
    (told,) = on_gate(receiving, told_to, STAFF)
    assert (told.kind, told.agreement, told.case_reference) == (kind, "charging", "C-1")
    assert told.due_on == (LATER + PATIENCE).date()
    assert "Ann" not in repr(told)
    assert on_gate(receiving, told_to, COLLEAGUE) == on_gate(receiving, told_to, STRANGER) == ()
    (entry,) = entries(receiving, "erasure" if kind in {"erased", "expunged", "restricted"} else "alteration")
    assert entry["context"] == {"act": f"told-of-{kind}", "outcome": "1"}
    ((salt, digest),) = receiving.run(Role.GATE, "select salt, digest from gate.change")
    assert commitment(bytes(salt), bytes(digest)).hex() == entry["commitment"]


def test_who_received_nothing_of_them_or_asked_afterwards_is_told_nothing(receiving):
    somebody(receiving)
    other = receiving.person()
    change(receiving, other)
    person = somebody(receiving)
    change(receiving, person, at=NOW - timedelta(days=1))
    assert tell(receiving) == 0
    assert on_gate(receiving, told_to, STAFF) == ()
    assert receiving.run(Role.GATE, "select count(*) from gate.change where id is null") == [(2,)]


def test_of_corrections_one_is_told_and_of_an_erasure_always(receiving):
    person = somebody(receiving)
    for kind in ("rectified", "rectified", "withdrawn", "erased"):
        change(receiving, person, kind, LATER)
        tell(receiving)
    assert [it.kind for it in on_gate(receiving, told_to, STAFF)] == ["erased", "rectified"]


def test_no_receipt_is_asked_for_where_the_agreement_asks_for_none(world):
    world.agree(about="everyone")
    change(world, somebody(world))
    tell(world)
    assert [it.due_on for it in on_gate(world, told_to, STAFF)] == [None]
    assert on_gate(world, receipts_owed) == ()


def test_a_receipt_is_given_once_by_who_received_it_or_their_officer_and_is_chased_until_then(receiving):
    change(receiving, somebody(receiving))
    tell(receiving)
    (owed,) = on_gate(receiving, receipts_owed)
    assert (owed.agency, owed.overdue(owed.due_on), owed.overdue(owed.due_on + timedelta(days=9))) == (
        "prosecution",
        0,
        9,
    )
    say = lambda who, did="deleted", **more: on_gate(receiving, give_receipt, who, owed.told, did, LATER, **more)  # noqa: E731
    assert say(STRANGER) is None
    assert say(STRANGER, officer=True) is None
    assert say(COLLEAGUE) is None
    assert say(STAFF, "burnt") is None
    assert say(COLLEAGUE, officer=True) is not None
    assert say(STAFF) is None
    assert on_gate(receiving, receipts_owed) == on_gate(receiving, told_to, COLLEAGUE, everybody=True) == ()
    (entry,) = [it for it in entries(receiving, "erasure") if it["context"]["act"] == "receipt"]
    assert entry["context"] == {"act": "receipt", "agency": "prosecution", "outcome": "deleted"}
    assert "deleted" in DID


def test_whoever_is_gone_has_no_pseudonym_and_whoever_stays_keeps_theirs(receiving):
    gone, stays = somebody(receiving), somebody(receiving)
    for person in (gone, stays):
        receiving.run(
            Role.GATE, "insert into gate.pseudonym values ('prosecution', 'prosecution', %s, %s)", person, uuid4()
        )
    receiving.run(Role.INTAKE, "delete from people.source_person where source_person = %s", gone)
    change(receiving, gone)
    tell(receiving)
    assert receiving.run(Role.GATE, "select person from gate.pseudonym") == [(stays,)]


def test_what_a_crash_left_untold_is_told_by_the_next(receiving, monkeypatch):
    from comity.gate import gone

    first, second = somebody(receiving), somebody(receiving)
    change(receiving, first, at=LATER)
    change(receiving, second, at=LATER + timedelta(hours=5))
    real, told = gone._tell, []

    def once(*given):
        if told:
            raise psycopg.OperationalError("the server closed the connection")
        told.append(real(*given))
        return told[-1]

    monkeypatch.setattr(gone, "_tell", once)
    with pytest.raises(psycopg.OperationalError):
        tell(receiving)
    monkeypatch.setattr(gone, "_tell", real)
    assert tell(receiving, LATER + timedelta(days=3)) == 1
    assert len(on_gate(receiving, told_to, STAFF)) == 2


@pytest.mark.parametrize("table", ["change", "change_told", "change_receipt"])
def test_what_was_told_is_never_unsaid(receiving, table):
    with pytest.raises(psycopg.errors.RestrictViolation):
        receiving.run(Role.OWNER, f"delete from gate.{table}")


def test_a_made_extract_that_holds_somebody_who_is_gone_is_removed_and_another_is_not(world, tmp_path):
    agree_to_extracts(world)
    person = world.person(name="Ann Example")
    world.row("charge", person=person, offence="Burglary", severity="serious")
    with world.store.connect(Role.GATE, autocommit=True) as conn:
        counter = counter_at(tmp_path, conn, world.vocabulary, world.keyring, SIGNER)
        asked = ask_for(counter, request(Extract()), Format.CSV, NOW)
        make_next(counter, lambda: NOW)
        unfinished = work.path_of(counter.office.works, uuid4())
        unfinished.mkdir(parents=True)
        folder = counter.path_of(asked)
        change(world, world.person(), at=LATER)
        tell_gone(conn, LATER, counter)
        assert folder.is_dir()
        unfinished.mkdir(exist_ok=True)
        change(world, person, at=LATER + timedelta(hours=2))
        tell_gone(conn, LATER + timedelta(hours=2), counter)
        assert not folder.exists()
        assert not unfinished.exists()
        assert order_of(counter, request(Extract()).requester, asked, NOW).state is State.GONE
