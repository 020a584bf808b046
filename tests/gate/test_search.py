"""Finding people: only by what is released, only who is covered, each look logged."""

from __future__ import annotations

from datetime import date

import pytest

from comity.gate import Disclosure, Refusal, Search, reasons
from comity.gate.find import MOST_FOUND
from comity.ledger.entry import Entry
from comity.store import Role

OPEN = "  - {record: person, fields: {name: as-is, birth_date: as-is, police_number: as-is}}"


@pytest.fixture
def people(world):
    """Three who are covered, and one who is not."""
    world.agree(release=OPEN)
    found = {}
    for name, born, number in (
        ("José van der Berg", date(1990, 5, 1), "PN-12/34"),
        ("Joseph Bergman", date(1991, 5, 1), "PN-99"),
        ("Ann O'Brien", date(1990, 5, 1), None),
    ):
        found[name] = world.person(name=name, birth_date=born, police_number=number)
        world.row("charge", person=found[name], offence="Arson", severity="serious")
    found["Josephine Free"] = world.person(name="Josephine Free", birth_date=date(1990, 5, 1))
    return found


def found(answer: Disclosure) -> set[str]:
    assert isinstance(answer, Disclosure)
    return {row.values["name"] for hit in answer.found for row in hit.rows}


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        (Search(name="jose"), {"José van der Berg", "Joseph Bergman"}),
        (Search(name="JOSÉ berg"), {"José van der Berg", "Joseph Bergman"}),
        (Search(name="Berg, José van der"), {"José van der Berg", "Joseph Bergman"}),
        (Search(name="van der bergman"), {"Joseph Bergman"}),
        (Search(name="obrien"), {"Ann O'Brien"}),
        (Search(name="O'Brien"), {"Ann O'Brien"}),
        (Search(name="osep"), set()),
        (Search(name="Jose Brien"), set()),
        (Search(birth_date=date(1990, 5, 1)), {"José van der Berg", "Ann O'Brien"}),
        (Search(name="jose", birth_date=date(1990, 5, 1)), {"José van der Berg"}),
        (Search(number="pn1234"), {"José van der Berg"}),
        (Search(number="PN 12"), set()),
        (Search(name="Josephine"), set()),
        (Search(name="---"[:2] + "xx"), set()),
    ],
)
def test_searches(world, people, search, expected):
    assert found(world.ask(search)) == expected


def test_a_hit_says_whom_to_ask_for(world, people):
    [hit] = world.ask(Search(number="PN99")).found
    assert hit.person == people["Joseph Bergman"]
    assert isinstance(world.ask(hit.person), Disclosure)


def test_a_search_that_finds_nobody_is_logged(world, people):
    answer = world.ask(Search(name="Nobody"))
    assert answer.found == ()
    assert world.log() == [("disclosure", None, 0)]
    [body] = world.entries()
    assert Entry.decode(body).context["act"] == "search"


def test_the_log_of_a_search_holds_its_kinds_of_criteria_and_not_their_values(world, people):
    world.ask(Search(name="Joseph", birth_date=date(1991, 5, 1)))
    [row] = world.run(Role.GATE, "select d.criteria, d::text from gate.disclosure d")
    assert row[0] == ["name", "birth_date"]
    assert "oseph" not in row[1]
    assert "1991" not in row[1]


def test_those_found_are_whom_the_disclosure_was_about(world, people):
    world.ask(Search(name="jose"))
    rows = world.run(Role.GATE, "select source_person from gate.disclosure_subject")
    assert {row[0] for row in rows} == {people["José van der Berg"], people["Joseph Bergman"]}


def test_more_than_the_most_are_not_released(world):
    world.agree(release=OPEN, about="everyone")
    for number in range(MOST_FOUND + 2):
        world.person(name=f"Same Name{number}")
    answer = world.ask(Search(name="same"))
    assert len(answer.found) == MOST_FOUND
    assert answer.more
    assert world.run(Role.GATE, "select count(*) from gate.disclosure_subject") == [(MOST_FOUND,)]
    assert not world.ask(Search(name="same name7")).more


def test_an_alias_that_is_withheld_finds_nobody(world):
    world.agree(release=OPEN, about="everyone")
    world.person(name="Ann Example", alias_names="Slim Shady")
    assert found(world.ask(Search(name="shady"))) == set()
    world.agree(version=2, about="everyone", release="  - {record: person, fields: {name: as-is, alias_names: as-is}}")
    assert found(world.ask(Search(name="shady"))) == {"Ann Example"}


def test_a_row_that_a_clause_does_not_release_as_it_is_finds_nobody(world):
    """The names of suspects leave; victims' only as initials: a victim's name finds nobody."""
    release = "  - {record: person, of: suspect, fields: {name: as-is}}\n  - {record: person, of: victim, fields: {name: initials}}"
    world.agree(about="everyone", release=release)
    world.person(name="Sam Same", whose="suspect")
    world.person(name="Vera Same", whose="victim")
    assert found(world.ask(Search(name="same"))) == {"Sam Same"}


def test_a_number_of_a_kind_that_is_withheld_finds_nobody(world):
    world.agree(release=OPEN, about="everyone")
    world.person(name="Ann Example", court_number="X1")
    assert found(world.ask(Search(number="X1"))) == set()


def test_another_agencys_people_are_not_found(world):
    world.agree(release=OPEN, about="everyone")
    world.person("probation", name="Pro Bation")
    assert found(world.ask(Search(name="bation"))) == set()


def test_searching_by_what_is_minimised_is_refused(world):
    world.agree()  # the birth date only as a year
    answer = world.ask(Search(birth_date=date(1990, 5, 1)))
    assert isinstance(answer, Refusal)
    assert answer.reason == reasons.CRITERION_NOT_RELEASED
    assert world.log() == [("refusal", "criterion-not-released", 0)]
