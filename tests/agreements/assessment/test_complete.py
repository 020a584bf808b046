"""What is open in an assessment, as a table: what is changed in the complete example, and what is said of it."""

from __future__ import annotations

import pytest

from comity.agreements.assessment import Answer, Assessment, Step
from comity.agreements.assessment.complete import Open, open_answers
from comity.agreements.assessment.models import PRESENT, Level
from comity.agreements.assessment.steps import level, measures, moments, risks, shared

HERE = Answer(PRESENT)


def changed(example, **answers):
    merged = {
        **example.answers,
        **{path: Answer(each) if isinstance(each, str | tuple) else each for path, each in answers.items()},
    }
    return Assessment(example.name, example.version, {path: answer for path, answer in merged.items() if answer})


def test_the_example_is_complete(example, vocabulary):
    assert open_answers(example, vocabulary, agencies=["police", "probation", "victim-services"]) == ()


def test_an_empty_assessment_has_every_required_question_and_list_open(vocabulary, catalogue):
    found = {point.path for point in open_answers(Assessment("a", 1), vocabulary)}
    once = {
        each.id for each in catalogue.questions.values() if not each.list and not each.optional and not each.only_if
    }
    assert found == once | set(catalogue.lists)


HIGH = {"risks.address.likelihood_after": "high"}
# what is changed | kind | step | path | in words
TABLE = [
    ({"scale": None}, Open.UNANSWERED, Step.PROCESS, "scale", "Scale is not answered"),
    ({"risks.address.severity": None}, Open.UNANSWERED, Step.RISKS, "risks.address.severity", "Severity is not answered"),
    ({"risks.address.severity_after": None}, Open.UNANSWERED, Step.MEASURES, "risks.address.severity_after", "remains"),
    ({"data.1-victim.record": "charge"}, Open.WRONG, Step.PROCESS, "data.1-victim.fields", "'address'"),
    ({"data.3-charge.where": "spend"}, Open.WRONG, Step.PROCESS, "data.3-charge.where", "Column 1"),
    ({"actions.log.answers": ("gone",)}, Open.WRONG, Step.MEASURES, "actions.log.answers", "'gone'"),
    ({"moments.1-referral.provider": "prison"}, Open.LEFT_OUT, Step.PROCESS, "moments.1-referral", "prison is not named"),
    ({"moments.1-referral.recipient": "police"}, Open.LEFT_OUT, Step.PROCESS, "moments.1-referral", "with itself"),
    ({"actions.confirm.status": "dropped"}, Open.LEFT_OUT, Step.MEASURES, "risks.mistake", "No measure answers"),
    (HIGH, Open.HIGH_RISK, Step.MEASURES, "risks.address.decision", "LED art. 28"),
    ({**HIGH, "risks.address.decision": "authority-consulted"}, Open.HIGH_RISK, Step.MEASURES, "risks.address.decision", "who decided"),
    ({**HIGH, "risks.address.decided_by": "dpo-7"}, Open.HIGH_RISK, Step.MEASURES, "risks.address.decision", "Consult"),
]  # fmt: skip


@pytest.mark.parametrize(("answers", "kind", "step", "path", "told"), TABLE)
def test_what_is_open_is_said(example, vocabulary, answers, kind, step, path, told):
    points = open_answers(changed(example, **answers), vocabulary)
    assert (kind, step, path) in {(point.kind, point.step, point.path) for point in points}
    point = next(each for each in points if each.path == path and each.kind is kind)
    assert told in point.label.en
    assert point.label.nl != point.label.en


def test_a_high_risk_that_somebody_decided_on_is_no_longer_open(example, vocabulary):
    decided = {**HIGH, "risks.address.decision": "authority-consulted", "risks.address.decided_by": "dpo-7"}
    assert open_answers(changed(example, **decided), vocabulary) == ()


def test_a_moment_for_which_no_data_are_named_is_open(example, vocabulary):
    with_one_more = changed(example, **{"moments.3-later": HERE})
    told = [point.label.en for point in open_answers(with_one_more, vocabulary) if point.path == "moments.3-later"]
    assert told == ["No data are named for this moment."]


# likelihood | severity | level
LEVELS = """
low    low    low
low    medium low
low    high   medium
medium low    low
medium medium medium
medium high   high
high   low    medium
high   medium high
high   high   high
"""


@pytest.mark.parametrize("row", LEVELS.strip().splitlines())
def test_how_high_a_risk_is(row):
    likelihood, severity, high = row.split()
    assert level(likelihood, severity) is Level(high)
    assert level("", severity) is None


def test_the_four_steps_are_read_from_the_answers(example):
    assert [(each.provider, each.recipient) for each in moments(example)] == [
        ("police", "victim-services"), ("probation", "victim-services"),
    ]  # fmt: skip
    assert [(each.record, each.of, each.where) for each in shared(example)] == [
        ("person", ("victim",), ""), ("person", ("suspect",), ""), ("charge", (), "not charge.spent"),
    ]  # fmt: skip
    assert [(each.id, each.before, each.after) for each in risks(example)] == [
        ("address", Level.HIGH, Level.MEDIUM), ("curiosity", Level.MEDIUM, Level.LOW), ("mistake", Level.MEDIUM, Level.LOW),
    ]  # fmt: skip
    assert [(each.id, each.owner, each.answers) for each in measures(example)] == [
        ("confirm", "police", ("mistake",)), ("log", "victim-services", ("curiosity", "address")), ("sealed", "police", ("address",)),
    ]  # fmt: skip
