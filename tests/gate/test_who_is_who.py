"""What the shipped agreement about who is who releases, and to whom: what tells people apart, and nothing of what they did."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib import resources

import pytest

from comity.agreements.assessment import parse_assessment
from comity.agreements.assessment.complete import open_answers
from comity.agreements.assessment.draft import draft_agreement
from comity.agreements.parse import parse_agreement
from comity.gate import Disclosure, Refusal, Search

TEXT = resources.files("comity.agreements").joinpath("examples/who-is-who.yaml").read_text("utf-8")
ASSESSED = resources.files("comity.agreements.assessment").joinpath("examples/who-is-who.yaml").read_text("utf-8")
ON = datetime(2027, 1, 15, 12, tzinfo=UTC)
STEWARD = {"agreement": "who-is-who", "purpose": "identity-resolution", "agency": "police", "role": "data-steward",
           "case_reference": "", "justification": ""}  # fmt: skip
KNOWN = {"name": "Ann Example", "birth_date": date(1987, 3, 2), "alias_names": "Annie Other", "postcode": "LS1 4AP",
         "phone": "07700900123", "ethnicity": "White", "court_number": "C9"}  # fmt: skip


def values(answer: Disclosure) -> dict[str, object]:
    [row] = answer.rows["person"]
    return {name: value for name, value in row.values.items() if value is not None}


def test_of_a_suspect_what_tells_people_apart_leaves_and_nothing_else(world):
    world.agree_to(TEXT)
    person = world.person("court", **KNOWN)
    world.row("charge", "court", person, offence="Burglary", severity="serious")
    answer = world.ask(person, ON, **STEWARD)
    assert set(answer.rows) <= {"person"} | {name for name, of in answer.rows.items() if not of}
    assert set(values(answer)) == {"name", "birth_date", "alias_names", "postcode", "court_number"}


def test_of_a_victim_no_address_and_no_other_name_leaves(world):
    world.agree_to(TEXT)
    answer = world.ask(world.person("police", whose="victim", **KNOWN), ON, **STEWARD)
    assert set(values(answer)) == {"name", "birth_date", "postcode"}
    assert values(answer)["postcode"] != KNOWN["postcode"]


@pytest.mark.parametrize(
    "changed", [{"role": "officer"}, {"agency": "prison"}, {"purpose": "investigation"}], ids=lambda it: next(iter(it))
)
def test_nobody_else_and_for_nothing_else(world, changed):
    world.agree_to(TEXT)
    person = world.person("court", **KNOWN)
    assert isinstance(world.ask(person, ON, **{**STEWARD, **changed}), Refusal)


def test_nobody_is_searched_for(world):
    world.agree_to(TEXT)
    world.person("court", **KNOWN)
    assert isinstance(world.ask(Search("Ann"), ON, **STEWARD), Refusal)


def test_its_assessment_is_complete_and_drafts_it(vocabulary):
    assessed = parse_assessment(ASSESSED, vocabulary).assessment
    agreement = parse_agreement(TEXT, vocabulary)
    assert open_answers(assessed, vocabulary, agencies=agreement.parties) == ()
    assert parse_agreement(draft_agreement(assessed, vocabulary), vocabulary) == agreement
