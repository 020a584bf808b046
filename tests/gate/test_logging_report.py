"""The report of logging for a period: LED art. 25, DPA 2018 s. 62."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from comity import ledger
from comity.gate import logging_report as report
from comity.gate.errors import GateError
from comity.gate.logging_report import Asked, Format, Line, TooMuchError, logging_report, written
from comity.ledger.entry import Entry, commitment
from comity.ledger.keys import load_or_create_signer
from comity.store import Role

from .test_log import on_gate
from .world import NOW

DAY = timedelta(days=1)


def told(world, agency=None, people=None, since=NOW - DAY, until=NOW + DAY):
    asked = Asked(since, until, agency, people)
    return on_gate(world, lambda conn: logging_report(conn, asked, NOW, by="dpo-1"))


def test_of_a_disclosure_it_says_when_why_who_from_whom_and_to_whom(world, accused):
    world.agree()
    answer = world.ask(accused, case_reference="C-1", justification="to decide")
    [line] = told(world)
    assert (line.at, line.operation, line.act, line.entry) == (NOW, "disclosure", "read", str(answer.id))
    assert (line.by_agency, line.by, line.by_role) == ("prosecution", "staff-7", "prosecutor")
    assert (line.from_agencies, line.to_agency) == ("police court", "prosecution")
    assert (line.justification, line.case_reference) == ("to decide", "C-1")
    assert (line.justified_by, line.purpose, line.agreement) == (
        "DPA 2018 s. 62(2)(a) and (3)(a)",
        "prosecution",
        "charging@1",
    )


def test_what_an_agency_shows_its_own_staff_is_a_consultation(world):
    person = world.person("prosecution")
    world.row("charge", "prosecution", person=person, offence="Burglary", severity="serious")
    world.agree(name="own", providers="prosecution", recipients="prosecution")
    world.ask(person, agreement="own")
    assert [it.operation for it in told(world)] == ["consultation"]


def test_a_refusal_is_no_operation(world, accused):
    world.agree()
    world.ask(accused, case_reference="")
    assert told(world) == ()


def test_a_period_has_its_first_moment_and_not_its_last(world, accused):
    world.agree()
    world.ask(accused)
    assert len(told(world, since=NOW, until=NOW + timedelta(microseconds=1))) == 1
    assert told(world, since=NOW - DAY, until=NOW) == ()
    assert told(world, since=NOW + timedelta(microseconds=1)) == ()


def test_the_providers_overseer_is_told_of_the_recipient_and_of_none_of_its_staff(world, accused):
    world.agree()
    world.ask(accused, case_reference="C-1", justification="to decide")
    [theirs] = told(world, "police", ())
    assert (theirs.to_agency, theirs.by_role) == ("prosecution", "prosecutor")
    assert (theirs.by, theirs.justification, theirs.case_reference) == ("", "", "")
    assert told(world, "prison", ()) == ()
    [own] = told(world, "prosecution", ())
    assert (own.by, own.justification) == ("staff-7", "to decide")


def test_who_read_the_log_is_told_and_of_the_agencys_own_people_alone(world, accused):
    told(world)
    assert [(it.operation, it.act, it.by) for it in told(world)] == [("consultation", "log:logging-report", "dpo-1")]
    assert told(world, "prosecution", ("somebody",)) == ()
    assert {it.by for it in told(world, "prosecution", ("dpo-1",))} == {"dpo-1"}


def test_that_it_was_made_is_itself_an_entry(world):
    told(world)
    [(digest, salt, identity)] = world.run(
        Role.GATE, "select digest, salt, id from gate.consultation where what = 'logging-report'"
    )
    [(body,)] = world.run(Role.LEDGER, "select body from ledger.outbox where body like '%%logging-report%%'::bytea")
    entry = Entry.decode(bytes(body))
    assert (entry.kind, entry.id, entry.commitment) == (
        "consultation",
        identity,
        commitment(bytes(salt), bytes(digest)),
    )


@pytest.mark.parametrize("kind", ["collection", "alteration", "combination", "erasure"])
def test_the_other_operations_come_from_the_ledger(world, tmp_path, kind):
    at, signer = NOW + timedelta(hours=1), load_or_create_signer(tmp_path / "key", "comity-test")
    entries = [
        Entry(uuid4(), at, kind, {"agency": "police"}, bytes(32)),
        Entry(uuid4(), at, kind, {"agency": "court"}, bytes(32)),
        Entry(uuid4(), at + 2 * DAY, kind, {"agency": "police"}, bytes(32)),
        Entry(uuid4(), at, "sign", {"agency": "police"}, bytes(32)),
    ]
    with world.store.connect(Role.GATE) as conn:
        for each in entries:
            conn.execute("insert into ledger.outbox (id, body) values (%s, %s)", (each.id, each.encode()))
    with world.store.connect(Role.LEDGER) as conn:
        ledger.Sequencer(conn, signer, tmp_path / "head").step(NOW)
    assert [(it.operation, it.by_agency, it.entry) for it in told(world, "police", ())] == [
        (kind, "police", str(entries[0].id))
    ]
    assert {it.by_agency for it in told(world) if it.operation == kind} == {"police", "court"}


def test_no_line_names_whose_data_it_was(world, accused):
    world.agree()
    world.ask(accused)
    for form in Format:
        assert str(accused) not in written(told(world), form)


def test_a_period_that_is_too_long_is_refused_and_nothing_is_remembered(world, accused, monkeypatch):
    world.agree()
    monkeypatch.setattr(report, "MOST_LINES", 1)
    for _ in range(2):
        world.ask(accused)
    with pytest.raises(TooMuchError):
        told(world)
    assert world.run(Role.GATE, "select from gate.consultation") == []


def test_a_period_that_ends_before_it_begins():
    with pytest.raises(GateError, match="before it begins"):
        Asked(NOW, NOW)


LINE = Line(datetime(2026, 6, 1, 8, 30, tzinfo=UTC), "disclosure", "e-1", justification='=cmd|"/c calc"!A0', by="-1+1")


def test_in_csv_nothing_that_was_typed_can_be_taken_for_a_formula():
    [row] = csv.DictReader(io.StringIO(written([LINE], Format.CSV)))
    assert row["justification"] == "'" + LINE.justification
    assert row["by"] == "'-1+1"


def test_json_is_exact_and_text_keeps_to_one_line():
    [row] = json.loads(written([LINE], Format.JSON))["lines"]
    assert row["justification"] == LINE.justification
    assert written([LINE, LINE], Format.TEXT).count("\n") == 2


def test_where_the_law_asks_for_no_justification_none_is_given():
    row = (uuid4(), NOW, "read", "b", "judge", "p", "a", 1, 1, "s", "c", "typed", ["a"], "us")
    assert (report._request(row).justification, report._request(row).justified_by) == ("", "")
    assert report._request((*row[:-1], "nl")).justified_by == "Wpg art. 32a"
