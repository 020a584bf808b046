"""Erased is erased: rows, parts, keys and messages go, others keep theirs, and nothing comes back."""

from __future__ import annotations

import pytest

from comity.intake import Outcome
from comity.record.store import stored_keys

# By an id that says nothing: so that they do not come back, and so that whoever received something is told.
REMEMBERING = {"intake.erased_person", "intake.gone"}
COURT = """
mapping: court
version: 1
agency: court
asserted: fact
source: {jsonl: {path: court.jsonl}}
message: {from: kind, codes: {forget: erase}, default: state}
key: case
records:
  - record: case
    key: case
    whose: other
    when: {from: kind, present: false}
    fields: {case_number: case}
  - record: person
    id: suspect
    when: {from: suspect.id, present: true}
    key: suspect.id
    whose: suspect
    fields: {name: suspect.name}
  - record: person
    id: victim
    when: {from: victim.id, present: true}
    key: victim.id
    whose: victim
    fields: {name: victim.name}
  - record: involvement
    when: {from: victim.id, present: true}
    key: [case, victim.id]
    about: victim
    whose: victim
    fields: {role: {value: victim}, case: {reference: case}}
"""


@pytest.fixture
def court(made):
    return made(COURT)


def case(number="C1", suspect="S1", victim="V1", note=None):
    return {
        "case": number,
        "note": note,
        "suspect": {"id": suspect, "name": f"Suspect {suspect}"},
        "victim": {"id": victim, "name": f"Victim {victim}"},
    }


def names(rows):
    return sorted(name for (name,) in rows("select name from record.person"))


def test_an_erasure_takes_the_person_and_everything_said_about_them(
    intake, jail, said, booking, rows, outbox, everything
):
    intake.receive(
        jail,
        said(
            booking("B1"),
            booking("B2", name="Ada King"),
            booking("B3", "P9", name="Tim Berners"),
            booking("B1", out="2024-03-01"),
        ),
    )
    (ada,) = rows("select record_id from record.person where source_key = 'P1'")[0]
    assert intake.receive(jail, said({"kind": "forget", "booking": "B1"})) == Outcome(delivered=1, erased=1)
    assert names(rows) == ["Tim Berners"]
    assert rows("select count(*) from record.custody where source_person = %s", ada) == [(0,)]
    assert rows("select count(*) from record.part where source_person = %s", ada) == [(0,)]
    assert stored_keys(intake.conn, intake.keyring, [ada]) == {}
    forgotten = "select count(*) from record.statement where status = 'erased' and verbatim is null"
    assert (rows(forgotten), rows("select source_key from record.statement where status = 'admitted'")) == (
        [(3,)],
        [("B3",)],
    )
    assert rows("select verbatim from record.statement where kind = 'erase'") == [(None,)]
    assert rows("select count(*) from people.source_person where source_person = %s", ada) == [(0,)]
    assert outbox()[-1]["kind"] == "erasure"
    kept = {name: table for name, table in everything().items() if name not in REMEMBERING}
    assert str(ada) not in repr(kept)


def test_no_salt_is_left_to_try_guesses_with_of_what_was_erased_or_asked_for_it(
    intake, jail, court, said, booking, rows
):
    """Whoever has the database and the ledger could try every name against a commitment whose salt they have."""
    salted = "select kind, status, salt is not null from record.statement where source = %s order by received_at, kind"
    intake.receive(jail, said({"kind": "forget", "booking": "B1"}))  # held first: it is carried out when tried again
    intake.receive(jail, said(booking("B1")))
    assert rows(salted, "jail") == [("erase", "quarantined", True), ("state", "admitted", True)]
    intake.replay(jail)
    intake.receive(court, said(case(), {"kind": "forget", "case": "E1", "suspect": {"id": "S1"}}))
    assert {*rows(salted, "jail")} == {("erase", "applied", False), ("state", "erased", False)}
    assert {*rows(salted, "court")} == {("erase", "applied", False), ("state", "admitted", False)}  # the victim's stays


def test_a_backup_of_the_rows_does_not_open_without_the_key_that_was_destroyed(intake, jail, said, booking, rows):
    intake.receive(jail, said(booking()))
    ((wrapped,),) = rows("select wrapped from record.subject_key")
    intake.receive(jail, said({"kind": "forget", "booking": "B1"}))
    assert rows("select count(*) from record.subject_key where wrapped = %s", wrapped) == [(0,)]


def test_what_was_erased_and_is_delivered_again_does_not_come_back(intake, jail, said, booking, rows, everything):
    intake.receive(jail, said(booking(), {"kind": "forget", "booking": "B1"}))
    before = everything()
    assert intake.receive(jail, said(booking())) == Outcome(delivered=1, forgotten=1)
    assert intake.receive(jail, said({"kind": "forget", "booking": "B1"})) == Outcome(delivered=1, unchanged=1)
    assert everything() == before


@pytest.mark.parametrize("again", [("B1", "P2"), ("B7", "P1")])
def test_something_new_about_what_was_erased_is_held_for_a_person_to_decide(again, intake, jail, said, booking, rows):
    intake.receive(jail, said(booking(), {"kind": "forget", "booking": "B1"}))
    assert intake.receive(jail, said(booking(*again, out="2024-05-05"))).quarantined == 1
    assert rows("select f ->> 'cause' from intake.quarantine, jsonb_array_elements(faults) f") == [("erased-before",)]
    assert names(rows) == []


def test_a_held_message_about_an_erased_person_is_erased_with_them(intake, jail, said, booking, rows):
    intake.receive(jail, said(booking(), booking("B2", born="never"), booking("B3", "P9", born="never")))
    intake.receive(jail, said({"kind": "forget", "booking": "B1"}))
    assert rows(
        "select s.source_key like 'erased:%' or s.source_key = 'B2', status, verbatim is null"
        " from intake.quarantine join record.statement s using (statement_id) order by number"
    ) == [
        (True, "erased", True),
        (False, "quarantined", False),
    ]
    assert rows("select resolution from intake.quarantine order by number") == [("erased",), (None,)]


def test_erasing_one_leaves_what_the_same_statement_says_of_others(intake, court, said, rows):
    intake.receive(court, said(case()))
    assert intake.receive(court, said({"kind": "forget", "case": "E1", "suspect": {"id": "S1"}})).erased == 1
    assert names(rows) == ["Victim V1"]
    assert rows("select status, verbatim is null from record.statement where kind = 'state'") == [("admitted", True)]
    assert rows("select count(*) from record.case") == rows("select count(*) from record.involvement") == [(1,)]
    assert intake.receive(court, said(case())).unchanged == 1
    assert intake.receive(court, said(case(note="corrected"))).quarantined == 1
    assert names(rows) == ["Victim V1"]


def test_an_erasure_that_names_nobody_takes_all_whom_the_statement_describes(intake, court, said, rows):
    intake.receive(court, said(case("C1"), case("C2", "S2", "V1"), case("C3", "S3", "V3")))
    assert intake.receive(court, said({"kind": "forget", "case": "C1"})).erased == 1
    assert names(rows) == ["Suspect S2", "Suspect S3", "Victim V3"]
    assert rows("select case_number from record.case order by 1") == [("C2",), ("C3",)]
    assert rows("select count(*) from record.subject_key") == [(5,)]  # three people and two cases


def test_a_case_that_another_statement_says_too_outlives_the_erasure_of_one_of_its_people(intake, court, said, rows):
    intake.receive(court, said(case("C1"), {**case("C1x", "S2", "V2"), "case": "C1x"}))
    intake.receive(court, said({"kind": "forget", "case": "E1", "victim": {"id": "V1"}}))
    assert names(rows) == ["Suspect S1", "Suspect S2", "Victim V2"]


def test_an_erasure_of_what_is_not_there_is_held_and_replayed_when_it_is(intake, jail, said, booking, rows):
    assert intake.receive(jail, said({"kind": "forget", "booking": "B1"})).quarantined == 1
    intake.receive(jail, said(booking("B9", "P9")))
    assert intake.replay(jail) == Outcome(delivered=1, quarantined=1)
    assert intake.receive(jail, said(booking())).admitted == 1
    assert names(rows) == ["Ada Byron", "Ada Byron"]


def test_an_erasure_is_never_overtaken_by_a_later_word(intake, jail, said, booking, rows):
    intake.receive(jail, said({"kind": "forget", "booking": "B1"}))
    intake.receive(jail, said(booking()))
    assert intake.replay(jail) == Outcome(delivered=1, erased=1)
    assert names(rows) == []


def test_an_expungement_is_told_to_the_ledger_as_one(intake, jail, said, booking, outbox):
    intake.receive(jail, said(booking(), {"kind": "court", "booking": "B1"}))
    assert (outbox()[-1]["kind"], outbox()[-1]["context"]["message"]) == ("erasure", "expunge")


def test_a_retracted_statement_can_still_be_erased(intake, jail, said, booking, rows):
    intake.receive(jail, said(booking(), {"kind": "gone", "booking": "B1"}, {"kind": "forget", "booking": "B1"}))
    assert rows("select count(*) from record.part") == rows("select count(*) from record.subject_key") == [(0,)]
    assert rows("select status from record.statement where kind = 'state'") == [("erased",)]


def test_an_erasure_under_the_key_of_what_says_something_of_another_leaves_that_be(intake, jail, said, booking, rows):
    intake.receive(jail, said(booking("B1", "P1"), booking("B2", "P2", name="Tim Berners")))
    assert intake.receive(jail, said({"kind": "forget", "booking": "B2", "prisoner": "P1"})).erased == 1
    assert names(rows) == ["Tim Berners"]
    assert intake.receive(jail, said(booking("B2", "P2", name="Tim Berners", out="2024-02-02"))).admitted == 1
    assert intake.receive(jail, said({"kind": "gone", "booking": "B2"})).retracted == 1
    assert names(rows) == []
