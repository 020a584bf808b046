"""Attacks on statistics, one test each: on the numbers, on the budget, on what a refusal tells."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.agreements.models import Act as Governance
from comity.agreements.models import Event
from comity.agreements.store import act_upon
from comity.gate import Refusal
from comity.gate.models import Category, Measure, Quantity
from comity.gate.statistics import ask as asking_module
from comity.gate.statistics.models import Told
from comity.gate.statistics.plan import Plan
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
    asking,
    count,
    exact,
    exact_of_each,
    planned,
    refused,
    somebody,
    told,
)
from .world import NOW, World

PERSONS, ROWS, SUM, MEAN = Measure

# ------------------------------------------------------------------- one person changes what is counted by so much, no more

QUESTIONS = [
    count(by=(SEVERITY, YEAR, AGE)),
    count(measure=PERSONS),
    count(measure=PERSONS, by=(SEVERITY, YEAR)),
    count("person", PERSONS, by=(AGE, SEX)),
    count("incident", by=(Category("incident", "kind"),)),
    count(measure=SUM, quantity=DAYS, by=(SEVERITY,)),
    count("assessment", SUM, quantity=Quantity("score", -5, 50)),
    count("assessment", MEAN, quantity=SCORE, only=(Category("person", "sex", "", ("female",)),)),
]

charges = st.lists(
    st.tuples(st.sampled_from(["serious", "minor", None]), st.integers(2022, 2026), st.integers(-50, 5_000)), max_size=5
)
lives = st.tuples(
    charges, st.lists(st.integers(0, 1_000), max_size=5), st.sampled_from(["male", "female", None]), st.booleans()
)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives=st.lists(lives, min_size=1, max_size=2), one=lives)
def test_one_person_more_changes_the_exact_cells_by_no_more_than_the_noise_hides(world: World, lives, one):
    empty(world)
    incident = world.row("incident", incident_number="I-1", kind="theft", risk_score=7)
    case = world.row("case", case_number="C-1", incident=incident)
    for life in lives:
        lay(world, life, incident, case)
    before = exact_of_each(world, QUESTIONS)
    lay(world, one, incident, case)
    for asks, was, now in zip(QUESTIONS, before, exact_of_each(world, QUESTIONS), strict=True):
        made, _ = planned(world.vocabulary, asks)
        assert isinstance(made, Plan)
        rows = sum(abs(now.get(cell, (0, 0))[0] - was.get(cell, (0, 0))[0]) for cell in {*now, *was})
        added = sum(abs(now.get(cell, (0, 0))[1] - was.get(cell, (0, 0))[1]) for cell in {*now, *was})
        assert rows <= made.most
        assert added <= (made.sensitivity if asks.quantity else 0)


def lay(world: World, life, incident: UUID, case: UUID) -> None:
    """Put down a person who is in the one case and the one incident with everybody else."""
    of, scores, sex, twice = life
    who = world.person(sex=sex, birth_date=date(1980, 1, 1))
    if twice:
        world.person("court", human=who, sex="other", birth_date=date(1950, 1, 1))
    world.row("involvement", person=who, role="suspect", incident=incident, case=case)
    for severity, year, days in of:
        on = date(year, 1, 1)
        world.row(
            "charge",
            person=who,
            offence="X",
            severity=severity,
            charged_on=on,
            disposed_on=on + timedelta(days),
            case=case,
        )
    for score in scores:
        world.row("assessment", person=who, instrument="X", score=score)


def empty(world: World) -> None:
    for record in ("charge", "involvement", "assessment", "person", "case", "incident"):
        world.run(Role.INTAKE, f'delete from record."{record}"')
    world.run(Role.INTAKE, "delete from people.membership")


# --------------------------------------------------------------------------------------------------------- on the numbers


def test_two_statistics_that_differ_by_one_person_differ_by_noise(world: World):
    agree(world, epsilon=1)
    target = somebody(world, 1, sex="male", birth_date=date(1930, 1, 1))
    for _ in range(3):
        somebody(world, 1)
    women = Category("person", "sex", "", ("female",))
    everyone, others = told(world, count(measure=PERSONS)), told(world, count(measure=PERSONS, only=(women,)))
    for answer in (everyone, others):  # the bounds of each are wider than the one whom they differ by
        assert answer.numbers.total.high - answer.numbers.total.low > 1
    assert exact(world, count(measure=PERSONS)) == {(): (4, 0)}
    assert exact(world, count(measure=PERSONS, only=(women,))) == {(): (3, 0)}
    assert str(target) not in everyone.numbers.text() + others.numbers.text()
    assert everyone.budget.left - others.budget.left == others.spent > 0  # and the second was paid for too


def test_asking_again_and_again_takes_no_noise_away(world: World):
    agree(world)
    somebody(world, 2)
    answers = [told(world, count(by=(SEVERITY,)), justification=f"number {at}", staff=f"staff-{at}") for at in range(5)]
    assert len({it.numbers.text() for it in answers}) == 1
    assert answers[-1].budget.epsilon_spent == Decimal("0.1")


def test_asking_in_other_words_costs_again(world: World):
    agree(world, epsilon="0.3")
    sexes = Category("person", "sex", "as-is", ("male", "female", "other", "unknown"))
    told(world, count(measure=PERSONS, by=(SEX,), epsilon="0.1"))
    told(world, count(measure=PERSONS, by=(sexes,), epsilon="0.1"))
    told(world, count("person", PERSONS, by=(SEX,), epsilon="0.1"))
    assert refused(world, count(measure=PERSONS, by=(Category("person", "sex", "as-is"),))).startswith(
        "budget-spent:0,"
    )


def test_small_cells_and_empty_ones_are_told_alike(world: World):
    agree(world)
    somebody(world, 1, "minor")
    figures = told(world, count(by=(SEVERITY, SEX, AGE))).numbers.figures
    assert len(figures) == 6 * 5 * 11  # each of them is there, whoever is in it
    assert all(it.high - it.low >= 90 for it in figures)  # none is exact, and none looks so
    assert len({it.high for it in figures}) > 1  # empty ones have noise as well


def test_no_cell_of_the_data_is_there_that_was_not_named(world: World):
    agree(world)
    somebody(world, 1, postcode="ZZ9 9ZZ")
    world.row("charge", person=world.person(), offence="X", severity="minor", charged_on=date(1971, 1, 1))
    years = told(world, count(by=(YEAR,))).numbers
    assert [it.values for it in years.figures] == [("2024",), ("2025",), ("2026",), ("",)]
    assert "1971" not in years.text()


def test_what_one_person_alone_has_is_not_a_category(world: World):
    agree(world, epsilon=1, delta="1e-6")
    somebody(world, 1, postcode="ZZ9 9ZZ")
    # Were it one by chance, that is one of ten million times.
    assert [it.values for it in told(world, count("person", PERSONS, by=(AREA,))).numbers.figures] == [("",)]


def test_a_withheld_field_is_no_category_and_looks_like_one_that_is_not_there(world: World):
    agree(world)
    withheld, absent = Category("charge", "verdict"), Category("charge", "no-such-field")
    assert refused(world, count(by=(withheld,))) == refused(world, count(by=(absent,))) == "not-a-category"
    only = Category("charge", "verdict", "as-is", ("guilty",))
    assert refused(world, count(only=(only,))) == "not-a-category"


def test_a_mean_over_one_person_says_nothing(world: World):
    agree(world)
    somebody(world, 1)
    (figure,) = told(world, count(measure=MEAN, quantity=DAYS)).numbers.figures
    # The noise of the count alone is of 60 rows, of the sum 12,000 days: whatever was drawn, the bounds hold all there is,
    # but for draws of one in a thousand.
    assert figure.high - figure.low > 100


def test_values_out_of_range_weigh_no_more_than_the_bounds(world: World):
    who = somebody(world, 0)
    for days in (10**5, -(10**4)):
        on = date(2000, 1, 1)
        world.row("charge", person=who, offence="X", charged_on=on, disposed_on=on + timedelta(days))
    assert exact(world, count(measure=SUM, quantity=DAYS)) == {(): (2, 400)}
    wild = Quantity("disposed_on", -1_000_000, 1_000_000, "charged_on")  # a bound costs noise, not privacy
    made, _ = planned(world.vocabulary, count(measure=SUM, quantity=wild))
    assert made.sensitivity == 3_000_000


# ---------------------------------------------------------------------------------------------------------- on the budget


def test_two_at_once_cannot_spend_what_is_there_once(world: World):
    agree(world)
    somebody(world, 1)
    told(world, count(epsilon="0.1"))  # the period is there, so that nobody waits for whoever opens it
    questions = [count(by=(it,), epsilon="0.6") for it in (SEVERITY, SEX, AGE, YEAR)]

    async def at_once():
        return await asyncio.gather(*(asking(world, it) for it in questions))

    answers = asyncio.run(at_once())
    assert sorted(isinstance(it, Told) for it in answers) == [False, False, False, True]
    assert {it.reason.code for it in answers if isinstance(it, Refusal)} == {"budget-spent:0.3,2026-07-01"}
    assert world.run(Role.GATE, "select epsilon_spent from gate.privacy_budget") == [(Decimal("0.7"),)]


def test_a_new_version_fills_no_budget(world: World):
    agree(world)
    told(world, count(epsilon="0.9"))
    agree(world, epsilon=5, version=2)
    assert refused(world, count(epsilon="0.2")) == "budget-spent:0.1,2026-07-01"
    agree(world, epsilon=5, per="P1D", version=3)
    assert refused(world, count(epsilon="0.2")) == "budget-spent:0.1,2026-07-01"
    assert told(world, count(epsilon="0.2"), NOW + timedelta(days=20)).budget.epsilon == 5


def test_no_clock_that_is_set_back_fills_a_budget(world: World):
    agree(world)
    told(world, count(epsilon="0.9"))
    assert refused(world, count(epsilon="0.2"), NOW - timedelta(days=40)) == "budget-spent:0.1,2026-07-01"


def test_what_is_spent_is_never_given_back_by_whoever_holds_the_gates_role(world: World):
    agree(world)
    told(world, count())
    for statement in (
        "update gate.privacy_budget set epsilon_spent = 0",
        "update gate.privacy_budget set epsilon = 10",
        "update gate.privacy_budget set epsilon_spent = 2",
        "delete from gate.privacy_budget",
        "update gate.statistic set answer = ''",
        "delete from gate.statistic",
    ):
        with pytest.raises(psycopg.Error):
            world.run(Role.GATE, statement)


def test_nothing_is_told_without_a_debit_and_nothing_debited_that_was_not_told(world: World, monkeypatch):
    agree(world)

    def fail(*_):
        raise RuntimeError("the machine stops")

    monkeypatch.setattr(asking_module, "_entry", fail)
    with pytest.raises(RuntimeError, match="the machine stops"):
        told(world, count())
    assert world.run(Role.GATE, "select coalesce(sum(epsilon_spent), 0) from gate.privacy_budget") == [(0,)]
    assert world.log() == []
    monkeypatch.undo()
    assert told(world, count()).spent > 0


def test_a_revocation_between_judging_and_telling_tells_nothing(world: World, monkeypatch):
    agree(world)
    told(world, count())
    counted = asking_module._counted

    async def revoke_meanwhile(*given):
        numbers = await counted(*given)
        with world.store.connect(Role.GOVERNANCE) as conn:
            act_upon(conn, "charging", 1, Event(Governance.REVOKE, "police", NOW), by="dpo", reason="enough")
        monkeypatch.undo()
        return numbers

    monkeypatch.setattr(asking_module, "_counted", revoke_meanwhile)
    assert refused(world, count(by=(SEVERITY,))).startswith("not-in-force")
    assert world.run(Role.GATE, "select epsilon_spent from gate.privacy_budget") == [(Decimal("0.1"),)]


# ---------------------------------------------------------------------------------------------- on what a refusal tells


def test_a_refusal_looks_at_no_record_whatever_there_is(world: World):
    agree(world)
    told(world, count(epsilon="0.9"))
    with world.store.connect(Role.INTAKE) as conn:  # whoever reads a charge now waits: a refusal does not
        conn.execute("lock table record.charge, record.person, people.membership in access exclusive mode")
        assert refused(world, count(epsilon="0.2")).startswith("budget-spent")
        assert told(world, count(epsilon="0.9")).again  # nor does what is told again


def test_an_empty_answer_and_a_full_one_are_of_one_shape(world: World):
    agree(world)
    empty_one = told(world, count(by=(SEVERITY,)))
    somebody(world, 3)
    full = told(world, count(by=(SEVERITY,), anew=True))
    assert [it.values for it in empty_one.numbers.figures] == [it.values for it in full.numbers.figures]
    assert empty_one.spent == full.spent


def test_no_exact_number_is_kept_or_logged(world: World, caplog, capsys):
    agree(world)
    for _ in range(3):
        somebody(world, 3)
    answer = told(world, count(by=(SEVERITY,)))
    assert (caplog.text, capsys.readouterr().out) == ("", "")
    kept = world.run(Role.GATE, "select answer from gate.statistic")
    assert kept == [(answer.numbers.text(),)]


def test_sql_in_what_is_asked_is_a_value(world: World):
    agree(world)
    for value in ("minor'; drop table record.charge; --", "%(providers)s", "{minor}"):
        assert refused(world, count(by=(Category("charge", "severity", "", (value,)),))) == "no-values"
        assert refused(world, count(by=(Category("charge", value),))) == "not-a-category"
