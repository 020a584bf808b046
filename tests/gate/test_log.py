"""Who used my data; and what the overseer sees that the requester does not."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import psycopg
import pytest

from comity.gate import log, log_for_overseer, reasons, uses_of
from comity.gate.models import Act
from comity.ledger.entry import Entry, commitment
from comity.store import Role

from .world import NOW


def on_gate(world, ask):
    async def run():
        async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
            return await ask(conn)

    return asyncio.run(run())


def uses(world, person):
    return on_gate(world, lambda conn: uses_of(conn, person, NOW, by="citizen-1", vocabulary=world.vocabulary))


def lines(world, agency="prosecution", **changes):
    return on_gate(world, lambda conn: log_for_overseer(conn, agency, NOW, by="dpo-1", **changes))


def test_the_person_concerned_reads_who_why_when_and_which_fields(world, accused):
    world.agree()
    answer = world.ask(accused)
    [use] = uses(world, accused)
    assert (use.id, use.at, use.agency, use.role, use.purpose) == (
        answer.id,
        NOW,
        "prosecution",
        "prosecutor",
        "prosecution",
    )
    assert (use.agreement, use.version, use.act) == ("charging", 1, Act.READ)
    assert use.fields == (("person", ("name", "birth_date")), ("charge", ("offence",)))


def test_a_justification_is_logged_as_it_was_typed_in_a_browser(world, accused):
    world.agree()
    world.ask(accused, justification="For two reasons:\r\nthis,\r\nand that")
    assert [line.justification for line in lines(world)] == ["For two reasons:\nthis,\nand that"]


def test_a_field_in_a_form_that_cannot_be_given_did_not_leave(world, accused):
    world.agree(release="  - {record: person, fields: {name: as-is, phone: withheld}}")
    assert [set(row.values) for row in world.ask(accused).rows["person"]] == [{"name"}]
    assert [use.fields for use in uses(world, accused)] == [(("person", ("name",)),)]


def test_only_the_fields_that_left_of_this_person_are_named(world, accused):
    """The victim's name left in a read of the accused; nothing else of the victim's did."""
    case = world.row("case", case_number="C-1")
    world.row("charge", person=accused, case=case, offence="Arson")
    victim = world.person(name="Vera Victim", whose="victim")
    world.row("involvement", person=victim, whose="victim", case=case, role="victim")
    world.agree(
        release="  - {record: person, of: suspect, fields: {name: as-is, birth_date: year}}\n  - {record: person, of: victim, fields: {name: as-is}}"
    )
    world.ask(accused)
    assert [use.fields for use in uses(world, victim)] == [(("person", ("name",)),)]


def test_uses_are_of_every_record_linked_to_the_person_latest_first(world, accused):
    world.person("court", human=accused)
    world.agree()
    first, second = world.ask(accused), world.ask(accused, now=NOW + timedelta(hours=1))
    assert [use.id for use in uses(world, accused)] == [second.id, first.id]


def test_a_refusal_is_not_a_use_and_others_uses_are_not_mine(world, accused):
    world.agree()
    somebody = world.person()
    world.ask(somebody)
    world.ask(accused)
    assert uses(world, somebody) == ()


def test_reading_ones_uses_is_a_consultation_with_its_entry(world, accused):
    world.agree()
    world.ask(accused)
    uses(world, accused)
    [(identity, what, person, by, digest, salt)] = world.run(
        Role.GATE, "select id, what, person, by, digest, salt from gate.consultation"
    )
    assert (what, person, by) == ("uses", accused, "citizen-1")
    bodies = [bytes(row[0]) for row in world.run(Role.LEDGER, "select body from ledger.outbox")]
    [entry] = [it for it in map(Entry.decode, bodies) if it.id == identity]
    assert (entry.kind, entry.commitment) == ("consultation", commitment(salt, digest))


def test_the_overseer_reads_the_reason_that_the_requester_was_not_told(world, accused):
    world.agree()
    hidden = world.ask(world.person())
    shown = world.ask(accused, case_reference="C-9", justification="to charge")
    refused, disclosed = sorted(lines(world), key=lambda line: line.kind, reverse=True)
    assert (refused.id, refused.reason, refused.rows) == (hidden.id, reasons.NOT_COVERED, 0)
    assert hidden.reason == reasons.NOTHING_TO_SHOW
    assert (disclosed.id, disclosed.reason, disclosed.rows, disclosed.person) == (shown.id, None, 2, accused)
    assert (disclosed.case_reference, disclosed.justification, disclosed.requester) == ("C-9", "to charge", "staff-7")


def test_the_overseer_reads_only_their_own_agency(world, accused):
    world.agree()
    world.ask(accused)
    world.ask(accused, agency="police")
    assert [line.agency for line in lines(world)] == ["prosecution"]
    assert [line.reason.code for line in lines(world, "police")] == ["not-a-recipient"]


def test_the_log_is_read_in_pages(world, accused, monkeypatch):
    monkeypatch.setattr(log, "MOST_LINES", 2)
    world.agree()
    ids = [world.ask(accused, now=NOW - timedelta(minutes=minute)).id for minute in range(3)]
    page = lines(world)
    assert [line.id for line in page] == ids[:2]
    assert [line.id for line in lines(world, before=page[-1].id)] == ids[2:]


def test_no_request_of_one_moment_falls_between_two_pages(world, accused, monkeypatch):
    """Requests of one microsecond, more than a page holds, with an earlier and a later one about them."""
    monkeypatch.setattr(log, "MOST_LINES", 2)
    world.agree()
    moments = [NOW, *[NOW - timedelta(minutes=1)] * 5, NOW - timedelta(minutes=2)]
    asked = {world.ask(accused, now=moment).id for moment in moments}
    read, before = [], None
    while page := lines(world, before=before):
        read += [line.id for line in page]
        before = page[-1].id
    assert len(read) == len(asked)
    assert set(read) == asked


def test_a_line_of_another_agency_is_no_way_into_the_log(world, accused):
    world.agree()
    world.ask(accused, now=NOW - timedelta(minutes=1))
    theirs = world.ask(accused, agency="police")
    assert lines(world, before=theirs.id) == ()


def test_reading_the_log_inside_another_transaction_is_our_mistake(world):
    async def inside(conn):
        async with conn.transaction():
            await log_for_overseer(conn, "prosecution", NOW, by="dpo-1")

    with pytest.raises(RuntimeError, match="transaction of its own"):
        on_gate(world, inside)
