"""What linking holds for a person, from the messages of sources: two prisons at once, two numbers; with the ledger's line."""

from __future__ import annotations

import pytest

from comity.intake.deciding import decide
from comity.intake.holding import held
from comity.intake.relinking import relink
from comity.people import store as people
from comity.people.starting import starting

PRISON = """
mapping: {name}
version: 1
agency: {name}
zone: Europe/London
whose: convicted
asserted: fact
source: {{jsonl: {{path: prison.jsonl}}}}
message: {{from: kind, codes: {{new: state, gone: retract, forget: erase}}, default: state}}
key: stay
records:
  - record: person
    key: inmate
    fields:
      name: {{join: [given, family]}}
      given_names: given
      family_name: family
      birth_date: born
  - record: custody
    key: stay
    about: person
    fields:
      kind: {{from: status, codes: {{S: sentence, J: jail}}}}
      facility: {{value: {name}}}
      received_on: "in"
      released_on: out
"""


@pytest.fixture
def prisons(made, intake, clock):
    people.put_model(intake.conn, starting([], ["leeds", "hull"], clock()))
    return {name: made(PRISON.format(name=name).strip("\n")) for name in ("leeds", "hull")}


def stay(number, inmate, since, until=None, **other):
    who = {"given": "Ada", "family": "Byron", "born": "1985-12-10", "status": "S"}
    return {"stay": number, "inmate": inmate, "in": since, "out": until, **who, **other}


def persons(intake):
    return len(set(people.memberships(intake.conn).values()))


def limits(intake):
    return [each.limit for each in held(intake.conn)]


@pytest.fixture
def twice(intake, prisons, said):
    """One name and birthday, in two prisons at once."""
    intake.receive(prisons["leeds"], said(stay("L1", "l", "2024-01-01", "2024-12-31")))
    intake.receive(prisons["hull"], said(stay("H1", "h", "2024-03-01", "2024-06-01")))


def entries(outbox, act):
    return [entry for entry in outbox() if entry["context"].get("act") == act]


def test_two_prisons_at_once_are_two_persons_and_the_ledger_says_that_one_pair_is_held(twice, intake, outbox):
    assert (persons(intake), limits(intake)) == (2, ["two prisons"])
    (entry,) = entries(outbox, "hold")
    assert entry["context"] == {"act": "hold", "outcome": "1"}


def test_linking_everybody_anew_reads_the_stays_from_the_record_and_enters_nothing_twice(twice, intake, clock, outbox):
    intake.conn.execute("delete from people.stay")
    assert relink(intake.conn, clock()).held == 1
    assert (persons(intake), limits(intake)) == (2, ["two prisons"])
    assert len(entries(outbox, "hold")) == 1


@pytest.mark.parametrize(
    "correction",
    [
        stay("H1", "h", "2025-03-01", "2025-06-01"),
        stay("H1", "h", "2024-03-01", "2024-06-01", status="J"),
        {"stay": "H1", "kind": "gone"},
    ],
    ids=["another year", "a jail", "withdrawn"],
)
def test_a_corrected_or_withdrawn_stay_ends_the_hold(twice, intake, prisons, said, correction):
    intake.receive(prisons["hull"], said(correction))
    assert (persons(intake), limits(intake)) == (1, [])


def test_erasing_one_of_two_ends_the_hold_and_leaves_no_stay(twice, intake, prisons, said):
    intake.receive(prisons["hull"], said({"stay": "H1", "kind": "forget"}))
    assert (persons(intake), limits(intake)) == (1, [])
    assert intake.conn.execute("select count(*) from people.stay").fetchone() == (1,)


def test_a_decision_ends_the_hold_for_ever(twice, intake, prisons, said, clock):
    (hold,) = held(intake.conn)
    decide(intake.conn, (hold.a, hold.b), clock(), same=True, by="p1", reason="fingerprints")
    intake.receive(prisons["hull"], said(stay("H1", "h", "2024-03-01", "2024-06-02")))
    relink(intake.conn, clock())
    assert (persons(intake), limits(intake)) == (1, [])


def test_a_jail_inside_a_prison_holds_nothing(intake, prisons, said):
    intake.receive(prisons["leeds"], said(stay("L1", "l", "2024-01-01", "2024-12-31")))
    intake.receive(prisons["hull"], said(stay("H1", "h", "2024-03-01", "2024-06-01", status="J")))
    assert (persons(intake), limits(intake)) == (1, [])
