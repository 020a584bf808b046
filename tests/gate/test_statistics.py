"""Statistics: what is counted of whom, with which noise, paid from which budget, and who is told of it."""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import psycopg
import pytest

from comity.agreements import parse_agreement
from comity.gate import uses_of
from comity.gate.models import Act, Category, Measure
from comity.gate.statistics.ask import budget_left
from comity.store import Role

from .counting import (
    AGE,
    AREA,
    DAYS,
    SCORE,
    SEVERITY,
    SEX,
    YEAR,
    agree,
    count,
    exact,
    planned,
    refused,
    somebody,
    text,
    told,
)
from .world import NOW, World

PERSONS, ROWS, SUM, MEAN = Measure


# ------------------------------------------------------------------------------------------------ what is counted, exactly


def test_rows_are_counted_by_code_year_and_the_persons_age(world: World):
    somebody(world, 2, birth_date=date(1990, 5, 1))
    somebody(world, 1, "minor", birth_date=date(1960, 5, 1))
    assert exact(world, count(by=(SEVERITY, YEAR, AGE))) == {
        ("serious", "2024", "30-39"): (1, 0),
        ("serious", "2025", "30-39"): (1, 0),
        ("minor", "2024", "60-69"): (1, 0),
    }


def test_people_are_counted_once_in_a_cell(world: World):
    who = somebody(world, 3)
    world.row("charge", person=who, offence="Theft", severity="minor")
    assert exact(world, count(measure=PERSONS)) == {(): (1, 0)}
    assert exact(world, count(measure=PERSONS, by=(SEVERITY,))) == {("serious",): (1, 0), ("minor",): (1, 0)}
    assert exact(world, count("person", PERSONS, by=(SEX,))) == {("female",): (1, 0)}


def test_a_person_with_rows_of_two_agencies_has_one_age(world: World):
    who = somebody(world, 1)
    world.person("court", human=who, birth_date=None, sex=None, postcode=None)
    assert exact(world, count("person", PERSONS, by=(AGE, SEX))) == {("30-39", "female"): (1, 0)}
    assert exact(world, count(by=(AGE,))) == {("30-39",): (1, 0)}


def test_what_is_no_value_that_is_counted_is_counted_together(world: World):
    who = world.person(birth_date=None)
    world.row("charge", person=who, offence="Old", severity=None, charged_on=date(1999, 1, 1))
    assert exact(world, count(by=(SEVERITY, YEAR, AGE))) == {("", "", ""): (1, 0)}


def test_days_and_numbers_are_held_within_their_bounds(world: World):
    who = somebody(world, 1)
    world.row(
        "charge",
        person=who,
        offence="Slow",
        severity="serious",
        charged_on=date(2000, 1, 1),
        disposed_on=date(2026, 1, 1),
    )
    assert exact(world, count(measure=SUM, quantity=DAYS)) == {(): (2, 61 + 400)}
    assert exact(world, count(measure=MEAN, quantity=DAYS)) == {(): (2, 61 + 400 - 2 * 200)}
    for score in (40, 100, None):
        world.row("assessment", person=world.person(), instrument="X", score=score)
    assert exact(world, count("assessment", SUM, quantity=SCORE)) == {(): (2, 140)}  # what is not there is not counted


def test_only_some_are_kept(world: World):
    somebody(world, 1, sex="female")
    somebody(world, 1, "minor", sex="male")
    men = Category("person", "sex", "", ("male",))
    assert exact(world, count(by=(SEVERITY,), only=(men,))) == {("minor",): (1, 0)}
    serious = Category("charge", "severity", "", ("serious",))
    assert exact(world, count(by=(SEX,), only=(serious,))) == {("female",): (1, 0)}


def test_of_each_person_so_many_rows_count_and_no_more(world: World):
    somebody(world, 9)
    assert exact(world, count()) == {(): (3, 0)}
    assert sum(rows for rows, _ in exact(world, count(by=(YEAR,))).values()) == 3


def test_another_persons_row_is_not_counted_on_ones_account(world: World):
    case = world.row("case", case_number="C-1")
    accused, victim = world.person(), world.person(whose="victim")
    world.row("charge", person=accused, offence="Assault", severity="serious", case=case)
    world.row("involvement", person=victim, whose="victim", role="victim", case=case)
    assert exact(world, count(measure=PERSONS)) == {(): (1, 0)}


def test_an_incident_counts_for_each_person_in_it(world: World):
    incident = world.row("incident", incident_number="I-1", kind="theft")
    for _ in range(2):
        world.row("involvement", person=world.person(), role="suspect", incident=incident)
    assert sum(rows for rows, _ in exact(world, count("incident")).values()) == 2


def test_where_and_about_hold_for_statistics_too(world: World):
    somebody(world, 1, "serious")
    somebody(world, 1, "minor")
    release = "\n  - {record: charge, where: \"charge.severity = 'minor'\", fields: {severity: as-is}}\n"
    assert exact(world, count(), text(release=release)) == {(): (1, 0)}
    assert exact(world, count(), text(about="charge.severity = 'serious'")) == {(): (1, 0)}


# ------------------------------------------------------------------------------------------------------ what can be asked

REFUSED = [
    (count("custody"), "not-a-measure"),
    (count("nothing"), "not-a-measure"),
    (count("assessment", SUM, quantity=DAYS), "not-a-measure"),
    (count(measure=SUM, quantity=type(DAYS)("offence_on", 0, 9, "charged_on")), "not-a-measure"),  # released as a month
    (count(by=(Category("charge", "offence"),)), "not-a-category"),  # free text
    (count(by=(Category("charge", "verdict"),)), "not-a-category"),  # not released
    (count(by=(Category("charge", "nonsense"),)), "not-a-category"),
    (count(by=(Category("person", "name"),)), "not-a-category"),  # initials are not few
    (count(by=(Category("person", "birth_date", "year", ("1990",)),)), "not-a-category"),  # released as an age band
    (count(by=(Category("assessment", "band"),)), "not-a-category"),  # of another record
    (count(by=(Category("charge", "charged_on", "year"),)), "no-values"),
    (count(by=(Category("charge", "charged_on", "year", ("2026..2024",)),)), "no-values"),
    (count(by=(Category("charge", "charged_on", "year", ("26",)),)), "no-values"),
    (count(by=(Category("charge", "severity", "", ("sirious",)),)), "no-values"),
    (count(by=(AREA,)), "no-delta"),
    (count(by=(SEVERITY, Category("charge", "charged_on", "month", ("2010-01..2026-12",)))), "no-values"),  # over 200
    (count(by=(Category("charge", "charged_on", "month", ("2012-01..2026-12",)), AGE)), "too-many-cells"),
]  # fmt: skip


@pytest.mark.parametrize(("asks", "code"), REFUSED)
def test_what_cannot_be_counted_is_a_reason(vocabulary, asks, code):
    made, _ = planned(vocabulary, asks)
    assert made.code == code


def test_what_cannot_be_counted_is_refused_and_logged(world: World):
    agree(world)
    asks, code = REFUSED[0]
    assert refused(world, asks) == code
    assert world.run(Role.GATE, "select kind, reason from gate.disclosure") == [("refusal", code)]
    assert world.run(Role.GATE, "select count(*) from gate.statistic") == [(0,)]


def test_whatever_refuses_a_read_refuses_a_statistic(world: World):
    agree(world)
    assert refused(world, count(), purpose="research") == "other-purpose"
    assert refused(world, count(), agency="court") == "not-a-recipient"
    assert refused(world, count(), role="judge") == "role-not-listed"
    assert refused(world, count(), justification=" ") == "no-justification"
    assert refused(world, count(), agreement="another") == "nothing-to-show"


def test_a_channel_that_is_not_open_makes_no_statistics(world: World):
    world.agree(about="everyone", channels="read")
    assert refused(world, count()) == "statistic-closed"


def test_conditions_on_other_peoples_records_make_no_statistics(world: World):
    agree(world, release='\n  - {record: case, where: "exists (charge of case)", fields: {kind: as-is}}\n')
    assert refused(world, count("case")) == "others-in-condition"


# --------------------------------------------------------------------------------------------------------- what is told


def test_a_table_has_every_cell_with_its_bounds_and_adds_up(world: World):
    agree(world, epsilon=10)
    for _ in range(6):
        somebody(world, 1)
    answer = told(world, count(by=(SEVERITY, SEX), epsilon=10))
    numbers = answer.numbers
    assert len(numbers.figures) == 6 * 5  # five severities and the rest; four sexes and the rest
    assert sum(it.number for it in numbers.figures) == numbers.total.number
    assert all(0 <= it.low <= it.number <= it.high for it in numbers.figures)
    assert numbers.figures[1].values == ("serious", "female")
    assert (answer.spent, answer.again, answer.budget.left) == (Decimal(10), False, Decimal(0))


def test_values_that_nobody_names_are_chosen_if_many_have_them(world: World):
    agree(world, epsilon=10, delta="1e-5")
    for _ in range(12):
        somebody(world, 1)
    somebody(world, 1, postcode="ZZ9 9ZZ")
    answer = told(world, count("person", PERSONS, by=(AREA,), epsilon=10))
    assert [it.values for it in answer.numbers.figures] == [("SW1A",), ("",)]
    assert answer.numbers.delta == Decimal("0.00001")
    assert answer.budget.delta_spent == Decimal("0.00001")


def test_areas_that_are_named_need_no_choice(world: World):
    agree(world)
    named = Category("person", "postcode", "", ("SW1A", "M1"))
    assert [it.values[0] for it in told(world, count("person", PERSONS, by=(named,))).numbers.figures] == [
        "SW1A",
        "M1",
        "",
    ]


def test_a_mean_lies_within_its_bounds_and_says_of_how_many(world: World):
    agree(world, epsilon=10)
    for _ in range(6):
        somebody(world, 1)
    found = told(world, count(measure=MEAN, quantity=DAYS, epsilon=10)).numbers.total
    assert 0 <= found.low <= found.number <= found.high <= 400
    assert found.rows is not None


def test_the_answer_is_logged_entered_and_kept_as_it_was_told(world: World):
    agree(world)
    answer = told(world, count(by=(SEVERITY,)))
    (line,) = world.run(Role.GATE, "select id, kind, act, rows, digest, person from gate.disclosure")
    assert line == (answer.id, "disclosure", "statistic", 6, answer.digest, None)
    assert world.run(Role.GATE, "select count(*) from gate.disclosure_subject") == [(0,)]
    (kept,) = world.run(Role.GATE, "select answer, epsilon, fields from gate.statistic")
    assert kept == (answer.numbers.text(), Decimal("0.1"), ["charge.severity"])
    (entry,) = [json.loads(body) for body in world.entries()]
    assert entry["context"] == {
        "act": "statistic", "agency": "prosecution", "agreement": "charging@1", "epsilon": "0.1", "purpose": "prosecution",
    }  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- the budget


def test_an_answer_costs_a_tenth_unless_one_says_otherwise(world: World):
    agree(world, epsilon=2)
    assert told(world, count()).spent == Decimal("0.2")
    assert told(world, count(epsilon="0.05")).budget.left == Decimal("1.75")


def test_what_is_gone_is_refused_by_name_with_what_is_left_and_when_it_is_whole(world: World):
    agree(world)
    told(world, count(epsilon="0.7"))
    assert refused(world, count(epsilon="0.4")) == "budget-spent:0.3,2026-07-01"
    told(world, count(epsilon="0.3"))
    assert refused(world, count(epsilon="0.0001")) == "budget-spent:0,2026-07-01"
    assert told(world, count(epsilon="0.4"), NOW + timedelta(days=16)).budget.starts == date(2026, 7, 1)


def test_anybody_who_may_ask_can_see_what_is_left(world: World):
    agree(world)

    async def left():
        async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
            return await budget_left(conn, parse_agreement(text(), world.vocabulary), NOW)

    assert asyncio.run(left()).left == 1
    told(world, count())
    found = asyncio.run(left())
    assert (found.left, found.starts, found.ends) == (Decimal("0.9"), date(2026, 6, 1), date(2026, 7, 1))


def test_the_same_question_is_told_again_for_nothing_and_logged_again(world: World):
    agree(world)
    first = told(world, count(by=(SEVERITY,)))
    again = told(world, count(by=(SEVERITY,)), justification="another reason", staff="another")
    assert (again.numbers, again.spent, again.again) == (first.numbers, Decimal(0), True)
    assert again.budget.left == Decimal("0.9")
    assert len(world.log()) == 2


def test_counting_anew_costs_again(world: World):
    agree(world)
    told(world, count())
    assert told(world, count(anew=True)).budget.left == Decimal("0.8")


# -------------------------------------------------------------------------------------------------------- who is told of it


def test_everyone_of_whom_a_provider_holds_a_record_is_told_that_there_were_statistics(world: World):
    agree(world)
    counted, elsewhere = somebody(world, 1), world.person("prison")
    answer = told(world, count(by=(SEVERITY, AGE)))

    async def uses(person):
        async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
            return await uses_of(conn, person, NOW, by="letter", vocabulary=world.vocabulary)

    (use,) = asyncio.run(uses(counted))
    assert (use.id, use.act, use.agreement) == (answer.id, Act.STATISTIC, "charging")
    assert use.fields == (("charge", ("severity",)), ("person", ("birth_date",)))
    assert asyncio.run(uses(elsewhere)) == ()
    assert asyncio.run(uses(uuid4())) == ()
