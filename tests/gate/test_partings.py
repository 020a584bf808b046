"""Whoever was shown records as of one person is told when they come apart: all of them, once, and of no fact."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from comity import people
from comity.gate import Requester
from comity.gate.partings import lately, tell_partings, told_of, told_to
from comity.ledger.entry import commitment
from comity.people import Features
from comity.people import store as rows
from comity.people.starting import starting
from comity.store import Role

from .world import World, request

BORN = date(1987, 3, 2)
OPEN = {"until": "2099-12-31"}  # what is parted is parted in the database's own time


@pytest.fixture
def linked(world: World) -> World:
    """A world in which people are placed, and an agreement that lets a prosecutor read the police and the court."""
    world.agree(about="everyone", **OPEN)
    return world


def somebody(world: World, agency: str = "police", name: str = "Ann Example") -> UUID:
    """Somebody of one agency, placed: nobody links them by themselves."""
    source_person = uuid4()
    world.insert("record", "person", world.envelope(agency, source_person, source_person, "suspect"), {"name": name})
    given, _, family = name.rpartition(" ")
    with world.store.connect(Role.INTAKE) as conn:
        people.place(conn, Features(source_person, agency, given, family, birth_date=BORN))
    return source_person


def person_of(world: World, source_person: UUID) -> UUID:
    return world.run(Role.INTAKE, "select person from people.membership where source_person = %s", source_person)[0][0]


def decide(world: World, a: UUID, b: UUID, *, same: bool = True) -> UUID:
    with world.store.connect(Role.INTAKE) as conn:
        return people.judge(conn, a, b, same=same, by="steward-1", reason="seen", at=now()).judgement


def undo(world: World, judgement: UUID) -> None:
    with world.store.connect(Role.INTAKE) as conn:
        people.undo(conn, judgement, by="steward-2", reason="mistaken", at=now())


def now() -> datetime:
    return datetime.now(UTC)


def on_gate(world: World, ask):
    async def run():
        async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
            return await ask(conn)

    return asyncio.run(run())


def tell(world: World) -> int:
    return on_gate(world, lambda conn: tell_partings(conn, now()))


def told(world: World, staff: str = "staff-7"):
    return on_gate(world, lambda conn: told_to(conn, Requester("prosecution", staff, "prosecutor")))


def ask(world: World, source_person: UUID, **changes):
    return world.ask(person_of(world, source_person), now(), **changes)


def test_whoever_read_while_the_link_stood_is_told_when_it_is_undone_once_and_of_no_fact(linked):
    one, other = somebody(linked), somebody(linked, "court", "Bea Other")
    ask(linked, one, staff="before")
    judgement = decide(linked, one, other)
    read = ask(linked, one)
    assert tell(linked) == 0, "nothing was parted yet"
    undo(linked, judgement)
    later = request(person_of(linked, one), staff="when-it-was-undone-and-not-told-yet")
    asyncio.run(linked.asked(later, now() + timedelta(minutes=1)))
    assert tell(linked) == 1
    [it] = told(linked)
    assert (it.disclosure, it.agreement, it.version, it.joined) == (read.id, "charging", 1, True)
    assert it.person == read.person
    assert told(linked, "before") == told(linked, "when-it-was-undone-and-not-told-yet") == ()
    assert tell(linked) == 0
    assert len(told(linked)) == 1
    assert "Bea" not in repr(it)
    assert "Ann" not in repr(it)


def test_it_says_of_which_part_somebody_was_told_and_leaves_the_others_alone(linked):
    one, other, stranger = somebody(linked), somebody(linked, "prison", "Bea Other"), somebody(linked, name="Cas Third")
    judgement = decide(linked, one, other)
    ask(linked, one)  # the prison provides nothing under this agreement
    ask(linked, stranger, staff="of-a-stranger")
    undo(linked, judgement)
    tell(linked)
    assert [it.joined for it in told(linked)] == [False], "whom the agreement covers may have rested on the link"
    assert told(linked, "of-a-stranger") == ()


def test_whom_the_model_had_joined_and_a_person_parts_are_told_of_too_and_the_entry_opens(linked):
    one, other = somebody(linked), somebody(linked, "court", "Bea Other")
    decide(linked, one, other)
    read = [ask(linked, one).id, ask(linked, other).id]
    third = somebody(linked, "court", "Dee Fourth")
    undone = decide(linked, other, third)
    undo(linked, undone)
    tell(linked)
    assert {it.disclosure for it in told(linked)} == set(), "they had been one for no disclosure"
    with linked.store.connect(Role.INTAKE) as conn:
        [(judgement,)] = conn.execute("select judgement from people.standing_judgement").fetchall()
    undo(linked, judgement)
    tell(linked)
    assert {it.disclosure for it in told(linked)} == set(read)
    [(identity, digest, salt)] = linked.run(
        Role.GATE, "select id, digest, salt from gate.parting where judgement = %s", judgement
    )
    entries = [json.loads(row[0]) for row in linked.run(Role.LEDGER, "select body from ledger.outbox")]
    [entry] = [it for it in entries if it["id"] == str(identity)]
    assert entry["context"] == {"act": "told-of-parting", "decision": str(judgement)}
    assert entry["commitment"] == commitment(bytes(salt), bytes(digest)).hex()


def test_the_steward_reads_who_was_told_and_that_is_remembered(linked):
    one, other = somebody(linked), somebody(linked, "court", "Bea Other")
    judgement = decide(linked, one, other)
    read = ask(linked, one)
    undo(linked, judgement)
    assert on_gate(linked, lambda conn: told_of(conn, judgement, now(), by="steward-1")) == ()
    tell(linked)
    [it] = on_gate(linked, lambda conn: told_of(conn, judgement, now(), by="steward-1"))
    assert (it.disclosure, it.agency, it.requester, it.role) == (read.id, "prosecution", "staff-7", "prosecutor")
    assert linked.run(Role.GATE, "select what, by from gate.consultation") == [("partings", "steward-1")]


def test_whoever_took_an_extract_meanwhile_is_told(linked):
    one, other = somebody(linked), somebody(linked, "court", "Bea Other")
    judgement = decide(linked, one, other)
    extract = ask(linked, one, staff="extractor").id
    # As an extract keeps whom it was about: a compressed set of a shard, and no row of each.
    linked.run(
        Role.GATE,
        "insert into gate.extract_subject (disclosure, clause, shard, people) select %s, 1, "
        "(get_byte(uuid_send(%s), 0) << 4) + (get_byte(uuid_send(%s), 1) >> 4), uuid_send(%s)",
        extract, other, other, other,
    )  # fmt: skip
    undo(linked, judgement)
    tell(linked)
    assert [it.joined for it in told(linked, "extractor")] == [True]


def test_two_who_tell_at_once_tell_once(linked):
    one, other = somebody(linked), somebody(linked, "court", "Bea Other")
    judgement = decide(linked, one, other)
    ask(linked, one)
    undo(linked, judgement)

    async def both():
        conninfo = linked.store.conninfo(Role.GATE)
        async with (
            await psycopg.AsyncConnection.connect(conninfo) as left,
            await psycopg.AsyncConnection.connect(conninfo) as right,
        ):
            return await asyncio.gather(tell_partings(left, now()), tell_partings(right, now()))

    assert sum(asyncio.run(both())) == 1
    assert len(told(linked)) == 1
    acts = [row for row in linked.run(Role.LEDGER, "select body from ledger.outbox") if b"told-of-parting" in row[0]]
    assert len(acts) == 1


# What parts without a decision


BY_HAND = starting(["police_number"], ["police", "court"], datetime.now(UTC))
STRICT = replace(BY_HAND, version="strict", prior=BY_HAND.prior / 2**40)


@pytest.fixture
def modelled(linked: World) -> World:
    """The same, where a model links."""
    with linked.store.connect(Role.INTAKE) as conn:
        rows.put_model(conn, BY_HAND)
    return linked


def say(world: World, source_person: UUID, agency: str, number: str = "", born: date = BORN) -> None:
    """Place somebody anew, as what a source corrects does."""
    numbers = {"police_number": number} if number else {}
    with world.store.connect(Role.INTAKE) as conn:
        people.place(conn, Features(source_person, agency, "Ann", "Example", birth_date=born, identifiers=numbers))


def entries(world: World) -> list[dict[str, str]]:
    said = [json.loads(row[0])["context"] for row in world.run(Role.LEDGER, "select body from ledger.outbox")]
    return [it for it in said if it.get("act") == "told-of-parting"]


def test_what_a_source_corrects_parts_and_whoever_was_shown_it_as_one_is_told_once(modelled):
    one, other = somebody(modelled), somebody(modelled, "court")
    assert person_of(modelled, one) == person_of(modelled, other)
    read = ask(modelled, one)
    say(modelled, other, "court", born=date(1950, 12, 24))
    assert person_of(modelled, one) != person_of(modelled, other)
    later = request(person_of(modelled, one), staff="afterwards")
    asyncio.run(modelled.asked(later, now() + timedelta(minutes=1)))
    assert (tell(modelled), tell(modelled)) == (1, 0)
    assert [(it.disclosure, it.joined) for it in told(modelled)] == [(read.id, True)]
    [came] = on_gate(modelled, lambda conn: lately(conn, 9))
    assert (came.cause, came.disclosures) == ("source", 1)
    [it] = on_gate(modelled, lambda conn: told_of(conn, came.parting, now(), by="steward-1"))
    assert it.disclosure == read.id
    assert entries(modelled) == [{"act": "told-of-parting", "decision": str(came.parting)}]


def test_those_whom_only_an_erased_record_held_together_are_told_of(modelled):
    one, bridge, other = somebody(modelled), somebody(modelled, "court"), somebody(modelled)
    say(modelled, bridge, "court", "A1234567")
    say(modelled, other, "police", "A1234567", date(1984, 11, 9))
    assert person_of(modelled, one) == person_of(modelled, other)
    read = ask(modelled, one)
    with modelled.store.connect(Role.INTAKE) as conn:
        people.remove(conn, bridge, erase=True)
    assert person_of(modelled, one) != person_of(modelled, other)
    assert tell(modelled) == 1
    assert [it.disclosure for it in told(modelled)] == [read.id]


def test_what_a_new_model_parts_is_told_of_and_what_nobody_was_shown_is_not(modelled):
    one, other = somebody(modelled), somebody(modelled, "court")
    unseen = somebody(modelled, name="Cas Third"), somebody(modelled, "court", "Cas Third")
    read = ask(modelled, one)
    with modelled.store.connect(Role.INTAKE) as conn:
        rows.put_model(conn, STRICT)
        people.relink(conn, now())
    assert len({person_of(modelled, it) for it in (one, other, *unseen)}) == 4
    assert (tell(modelled), tell(modelled)) == (1, 0)
    assert [it.disclosure for it in told(modelled)] == [read.id]
    assert [(it.cause, it.disclosures) for it in on_gate(modelled, lambda conn: lately(conn, 9))] == [("model", 1)]
    assert len(entries(modelled)) == 1


def test_what_is_one_again_before_anybody_was_told_is_told_of_nobody(modelled):
    one, other = somebody(modelled), somebody(modelled, "court")
    ask(modelled, one)
    say(modelled, other, "court", born=date(1950, 12, 24))
    say(modelled, other, "court")
    assert person_of(modelled, one) == person_of(modelled, other)
    assert (tell(modelled), told(modelled)) == (0, ())
    say(modelled, other, "court", born=date(1950, 12, 24))
    assert tell(modelled) == 1, "they are two after all"
    assert len(told(modelled)) == 1


@pytest.mark.parametrize("table", ["parting", "parted_use"])
def test_what_was_told_is_never_unsaid(linked, table):
    with pytest.raises(psycopg.errors.RestrictViolation):
        linked.run(Role.OWNER, f"delete from gate.{table}")
