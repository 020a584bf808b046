"""Reading a case: every agency's books of it, the people covered in it, and nothing from beyond it."""

from __future__ import annotations

from datetime import date

import pytest

from comity.gate import CaseRead, Disclosure, Refusal

RELEASE = """
  - {record: case, fields: {case_number: as-is, stage: as-is}}
  - {record: person, fields: {name: as-is}}
  - {record: person, of: victim, fields: {name: initials}}
  - {record: charge, fields: {offence: as-is}}
  - {record: hearing, fields: {starts_on: as-is}}
  - {record: custody, fields: {facility: as-is}}
  - {record: involvement, of: [victim, suspect], fields: {role: as-is}}"""


@pytest.fixture
def case(world):
    """Two accused and a victim; the police's books and the court's; and another case of the first accused."""
    incident = world.row("incident", incident_number="I1")
    police = world.row("case", case_number="P-1", common_reference="URN1", incident=incident, stage="trial")
    court = world.row("case", "court", case_number="C-9", common_reference="URN1")
    other = world.row("case", case_number="P-2", stage="closed")
    covered, uncovered = world.person(name="Cora Covered"), world.person(name="Una Covered")
    world.row("charge", person=covered, case=police, offence="Arson", severity="serious")
    world.row("charge", person=uncovered, case=police, offence="Trespass", severity="minor")
    world.row("charge", person=covered, case=other, offence="Another matter", severity="serious")
    world.row("custody", person=covered, kind="remand", facility="Here", received_on=date(2026, 1, 1), case=police)
    world.row("custody", person=covered, kind="remand", facility="Elsewhere", received_on=date(2026, 1, 1), case=other)
    victim = world.person(name="Vera Victim", whose="victim")
    world.row("involvement", person=victim, whose="victim", incident=incident, role="victim")
    world.row("hearing", "court", case=court, starts_on=date(2026, 7, 1))
    return covered


def values(answer, record, field):
    assert isinstance(answer, Disclosure)
    return sorted(str(row.values[field]) for row in answer.rows.get(record, ()))


@pytest.mark.parametrize("reference", ["P-1", "C-9", "URN1", " URN1 "])
def test_any_of_its_numbers_brings_the_whole_case(world, case, reference):
    world.agree(release=RELEASE)
    answer = world.ask(CaseRead(reference))
    assert values(answer, "case", "case_number") == ["C-9", "P-1"]
    assert values(answer, "hearing", "starts_on") == ["2026-07-01"]
    assert values(answer, "charge", "offence") == ["Arson"]
    assert values(answer, "custody", "facility") == ["Here"]
    assert values(answer, "person", "name") == ["Cora Covered", "V. V."]
    assert values(answer, "involvement", "role") == ["victim"]


def test_the_view_stands_on_the_case(world, case):
    world.agree(release=RELEASE)
    view = world.ask(CaseRead("URN1")).view
    assert {each.field for each in view.fields} == {"case_number", "stage"}
    assert view.agencies == ("court", "police")


def test_a_case_in_which_nobody_is_covered_is_refused(world, case):
    world.agree(release=RELEASE, about="charge.offence = 'Murder'")
    assert isinstance(world.ask(CaseRead("URN1")), Refusal)
    assert world.log() == [("refusal", "not-covered", 0)]


def test_a_case_that_no_provider_holds_is_refused(world, case):
    world.row("case", "probation", person=case, case_number="PB-1")
    world.agree(release=RELEASE)
    assert isinstance(world.ask(CaseRead("PB-1")), Refusal)
    assert world.log() == [("refusal", "unknown-subject", 0)]


def test_somebody_covered_in_another_case_does_not_open_this_one(world, case):
    stranger = world.person(name="Sten Stranger")
    world.row("charge", person=stranger, case=world.row("case", case_number="P-3"), offence="Arson", severity="minor")
    world.agree(release=RELEASE)
    assert isinstance(world.ask(CaseRead("P-3")), Refusal)
