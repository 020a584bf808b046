"""The agreement is drafted from the answers, and lets out no more than they say; what is missing is named by its question."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from comity.agreements import parse_agreement
from comity.agreements.assessment import Answer, Assessment
from comity.agreements.assessment.draft import KEYS, draft_agreement
from comity.agreements.assessment.errors import IncompleteError
from comity.agreements.assessment.models import PRESENT
from comity.agreements.difference import differences
from comity.agreements.models import Review
from comity.agreements.store import add_agency, propose
from comity.store import Role
from comity.vocabulary import Label

HERE = Answer(PRESENT)
BUDGET = {
    "statistics_epsilon": "1.0",
    "statistics_delta": "1e-6",
    "statistics_per": "P1M",
    "statistics_most_per_person": "3",
}
REVIEW = {
    "review_each": "disclosure", "review_within": "PT12H", "review_roles": ("data-protection-officer",),
    "review_agencies": ("1-police",), "review_notice": "immediate", "review_overdue": "suspend",
}  # fmt: skip
ONLY_SOMETIMES = {"must_state", "emergency", *BUDGET, *REVIEW}


def changed(example, answers):
    merged = {
        **example.answers,
        **{path: Answer(each) if isinstance(each, str | tuple) else each for path, each in answers.items()},
    }
    return Assessment(example.name, example.version, {path: answer for path, answer in merged.items() if answer})


def missing(assessment, vocabulary):
    with pytest.raises(IncompleteError) as caught:
        draft_agreement(assessment, vocabulary)
    return caught.value.points


def test_the_example_drafts_the_shipped_agreement(example, vocabulary, marac):
    drafted = parse_agreement(draft_agreement(example, vocabulary), vocabulary)
    assert drafted == marac
    assert differences(marac, drafted, vocabulary) == ()


def test_the_draft_says_where_it_comes_from_and_why_each_is_needed(example, vocabulary):
    text = draft_agreement(example, vocabulary)
    assert text.startswith("# Drafted from the impact assessment marac-victim-safety@3")
    assert "  # To recognise the person and know whether he lives near." in text


@pytest.mark.parametrize("question", [each for each in KEYS if each not in ONLY_SOMETIMES])
def test_a_question_that_the_agreement_needs_is_named_while_it_is_open(example, vocabulary, catalogue, question):
    (point,) = missing(changed(example, {question: None}), vocabulary)
    assert point.path == question
    assert catalogue.questions[question].ask.en in point.label.en
    assert catalogue.questions[question].ask.nl in point.label.nl


def test_a_question_that_it_does_not_need_may_stay_open(example, vocabulary, marac):
    partly = changed(example, {"proportionality": None, "advice": None, "risks.address.because": None})
    assert parse_agreement(draft_agreement(partly, vocabulary), vocabulary) == marac


def test_all_that_is_missing_is_named_at_once(vocabulary):
    named = {point.path for point in missing(Assessment("empty", 1), vocabulary)}
    assert named == {*KEYS, "moments", "data", "bases"} - ONLY_SOMETIMES


# what is changed | the question that is named | what is said
TABLE = [
    ({"in_force_until": "2026-01-01"}, "in_force_until", "before the first"),
    ({"review_by": "2028-01-01"}, "review_by", "not reviewed"),
    ({"bases.1-task.term": "nl/wpg-art3"}, "bases.1-task.term", "is the law of 'nl'"),
    ({"data.2-suspect.fields": ("name age-band",)}, "data.2-suspect.fields", "cannot be made of name"),
    ({"about": "incident.risk_scor >= 14"}, "about", "risk_score"),
    ({"moments.2-supervision.provider": None}, "moments.2-supervision.provider", "is not answered"),
    ({"title_en": Answer("Secret", confidential=True)}, "title_en", "an agreement is public"),
    ({"data.1-victim": Answer(PRESENT, confidential=True)}, "data.1-victim", "an agreement is public"),
]  # fmt: skip


@pytest.mark.parametrize(("answers", "path", "told"), TABLE)
def test_what_cannot_be_drafted_is_said_at_its_question(example, vocabulary, answers, path, told):
    points = missing(changed(example, answers), vocabulary)
    assert any(point.path == path and told in point.label.en for point in points), points


@pytest.mark.parametrize(
    ("answers", "path", "told"),
    [
        ({"purpose": "research"}, "data.3-charge", "which the law does not let leave so for this purpose"),
        ({"data.3-charge.where": "charge.spent and not charge.spent"}, "data.3-charge", "no row can be so"),
        ({"about": "incident.risk_score > 3 and incident.risk_score < 3"}, "about", "It covers nobody"),
    ],
)
def test_nothing_is_drafted_that_could_not_be_signed(example, vocabulary, answers, path, told):
    points = missing(changed(example, answers), vocabulary)
    assert any(point.path == path and told in point.label.en for point in points), points


def test_nothing_is_drafted_that_no_moment_says(example, vocabulary):
    """Probation shares no charges: in one agreement it would."""
    (point,) = missing(changed(example, {"data.3-charge.moments": ("1-referral",)}), vocabulary)
    assert point.path == "data.3-charge.moments"
    assert "probation would also give these to victim-services" in point.label.en


def test_nor_to_a_recipient_whom_no_moment_names(example, vocabulary):
    more = {
        "moments.3-court": HERE, "moments.3-court.what": "x", "moments.3-court.provider": "police",
        "moments.3-court.recipient": "court", "moments.3-court.when": "x", "moments.3-court.why": "x",
        "data.1-victim.moments": ("1-referral", "2-supervision", "3-court"),
    }  # fmt: skip
    said = {(point.path, point.label.en.partition(",")[0]) for point in missing(changed(example, more), vocabulary)}
    assert (
        "data.1-victim.moments",
        "At which moments: In one agreement probation would also give these to court",
    ) in said
    assert (
        "data.2-suspect.moments",
        "At which moments: In one agreement police would also give these to court",
    ) in said


@pytest.mark.parametrize(
    "text", ["a: b # c", "'quoted'", "- dash", "line one\nline two", "x" * 300, "{}", "éé “quotes”"]
)
def test_any_words_come_through(example, vocabulary, text):
    made = changed(example, {"title_en": text.replace("\n", " "), "bases.1-task.because": text})
    drafted = parse_agreement(draft_agreement(made, vocabulary), vocabulary)
    assert drafted.title.en == text.replace("\n", " ")
    assert drafted.lawful_basis[0].because == text


def test_what_is_drafted_can_be_proposed(example, vocabulary, store):
    with store.connect(Role.GOVERNANCE) as conn:
        for agency in ("police", "probation", "victim-services"):
            add_agency(conn, agency, agency, Label(agency, agency), vocabulary)
        later = replace(example, version=4)
        proposed = propose(conn, draft_agreement(later, vocabulary), vocabulary, datetime(2026, 1, 2, tzinfo=UTC))
    assert (str(proposed), str(proposed.assessment)) == ("marac-victim-safety@4", "marac-victim-safety@4")
    assert proposed.in_force.start == date(2026, 2, 1)


# ------------------------------------------------------------------------------------- statistics and emergencies


def test_the_channel_for_statistics_brings_its_budget(example, vocabulary, marac):
    drafted = parse_agreement(
        draft_agreement(changed(example, {**BUDGET, "channels": ("read", "statistic")}), vocabulary), vocabulary
    )
    budget = drafted.statistics
    assert (str(budget.epsilon), budget.delta, budget.per, budget.most_per_person) == ("1", Decimal("1e-6"), "P1M", 3)
    closed = changed(example, BUDGET)
    assert parse_agreement(draft_agreement(closed, vocabulary), vocabulary) == marac, "an answer that is not asked for"


def test_an_emergency_brings_who_looks_at_each_use(example, vocabulary, marac):
    drafted = parse_agreement(draft_agreement(changed(example, {**REVIEW, "emergency": "yes"}), vocabulary), vocabulary)
    assert drafted.review == Review(
        "disclosure", "PT12H", ("data-protection-officer",), ("police",), "immediate", "suspend"
    )
    for said in ("no", None):
        quiet = changed(example, {**REVIEW, "emergency": said})
        assert parse_agreement(draft_agreement(quiet, vocabulary), vocabulary) == marac


@pytest.mark.parametrize(("chosen", "asked"), [({"channels": ("statistic",)}, BUDGET), ({"emergency": "yes"}, REVIEW)])
def test_what_is_chosen_asks_for_what_it_needs_in_both_languages(example, vocabulary, catalogue, chosen, asked):
    points = missing(changed(example, chosen), vocabulary)
    assert {it.path for it in points} == set(asked)
    for it in points:
        assert catalogue.questions[it.path].ask.en in it.label.en
        assert catalogue.questions[it.path].ask.nl in it.label.nl


@pytest.mark.parametrize(
    ("path", "text"),
    [("statistics_epsilon", "0"), ("statistics_epsilon", "11"), ("statistics_epsilon", "a lot"),
     ("statistics_delta", "0.5"), ("statistics_most_per_person", "101"), ("statistics_most_per_person", "1.5"),
     ("review_within", "P1Y"), ("review_within", "soon"), ("review_agencies", ("9-nobody",))],
)  # fmt: skip
def test_a_budget_and_a_review_that_no_agreement_takes_are_told_at_their_question(example, vocabulary, path, text):
    both = {**BUDGET, **REVIEW, "channels": ("statistic",), "emergency": "yes"}
    assert path in {it.path for it in missing(changed(example, {**both, path: text}), vocabulary)}
