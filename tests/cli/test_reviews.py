"""Overdue reviews on the command line and in the node's log: told of nobody, and with an exit code that monitoring hears."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from structlog.testing import capture_logs
from tests.gate.test_reviews import act, agree, lapse
from tests.gate.world import World

from comity.cli import checkup
from comity.cli import reviews as command
from comity.cli.failing import Failed
from comity.node import Node
from comity.store import Settings
from comity.worker import Watch

NEVER = ("staff-7", "C-1", "to decide", "Ann Example")  # who asked, in which case, why, and about whom
REVIEW_BY = datetime(2026, 12, 1, 12, tzinfo=UTC)  # of the agreement as a whole


@pytest.fixture
def world(store, vocabulary):
    return World(store, vocabulary)


@pytest.fixture
def accused(world):
    person = world.person()
    world.row("charge", person=person, severity="serious")
    return person


@pytest.fixture
def node(store, vocabulary, tmp_path, monkeypatch):
    made = Node(Settings(tmp_path), store, vocabulary, "comity-test")
    monkeypatch.setattr(command, "node", lambda: nullcontext(made))
    at(monkeypatch, datetime(2026, 6, 15, 12, tzinfo=UTC))
    return made


def at(monkeypatch, moment):
    for module in (command, checkup):
        monkeypatch.setattr(module, "now", lambda: moment)


def said(capsys, **options):
    code = 0
    try:
        command.reviews(**options)
    except Failed as failed:
        code = failed.code
    text = capsys.readouterr().out
    assert not any(word in text for word in NEVER)
    return code, text


def test_what_is_open_is_listed_and_only_what_is_overdue_fails(world, accused, node, capsys):
    assert said(capsys) == (0, "No review is open.\n")
    assert said(capsys, overdue=True) == (0, "No review is overdue.\n")
    agree(world)
    review = world.ask(accused).id
    code, text = said(capsys)
    assert code == 0
    assert re.fullmatch(
        rf"due by [\d-]+ [\d:]+  {review}  charging@1: disclosure of 2 rows to prosecution, to be reviewed by prosecution\n",
        text,
    )
    assert said(capsys, overdue=True) == (0, "No review is overdue.\n")
    lapse(world)
    for options in ({"overdue": True}, {"overdue": True, "as_json": True}):
        code, text = said(capsys, **options)
        assert code == 1
        assert str(review) in text
    assert said(capsys)[0] == 0, "a list is no alarm"
    act(world, review)
    assert said(capsys, overdue=True)[0] == 0


def test_a_program_reads_the_same(world, accused, node, capsys):
    agree(world)
    review = world.ask(accused).id
    lapse(world)
    _, text = said(capsys, as_json=True)
    [it] = json.loads(text)["reviews"]
    assert (it["disclosure"], it["agreement"], it["overdue"], it["suspends"]) == (str(review), "charging@1", True, True)
    assert (it["reviewers"], it["agency"], it["kind"], it["rows"]) == (["prosecution"], "prosecution", "disclosure", 2)
    assert datetime.fromisoformat(it["due_at"]) < datetime.now(UTC)


def test_an_agreement_whose_own_review_is_overdue_fails_too(world, node, capsys, monkeypatch):
    world.agree()
    assert said(capsys, overdue=True)[0] == 0
    at(monkeypatch, REVIEW_BY + timedelta(days=1))
    code, text = said(capsys, overdue=True)
    assert (code, text) == (1, "OVERDUE since 2026-12-01  charging@1: the review of the agreement itself\n")
    assert json.loads(said(capsys, as_json=True)[1])["agreements"] == [
        {"agreement": "charging@1", "review_by": "2026-12-01"}
    ]
    at(monkeypatch, REVIEW_BY + timedelta(days=60))
    assert said(capsys, overdue=True)[0] == 0, "what has expired needs no review"


def test_the_doctor_calls_an_overdue_review_a_failure(world, accused, node, monkeypatch):
    agree(world)
    world.ask(accused)
    assert all(it.well for it in checkup._reviewed(node))
    lapse(world)
    at(monkeypatch, REVIEW_BY + timedelta(days=1))
    uses, agreement = checkup._reviewed(node)
    assert (uses.well, agreement.well) == (False, False)
    assert "1 reviews of uses are overdue" in uses.what
    assert "charging@1" in agreement.what


def look(watch, node, moment):
    with capture_logs() as lines:
        watch.look(node, moment)
    assert not any(word in repr(lines) for word in NEVER)
    return [(it["event"], it.get("review")) for it in lines]


def test_the_log_tells_each_new_review_once_and_each_overdue_one_every_day(world, accused, node):
    agree(world)
    watch, start = Watch(), datetime(2026, 6, 15, 12, tzinfo=UTC)
    assert look(watch, node, start) == []
    review = str(world.ask(accused).id)
    assert look(watch, node, start) == [("review-due", review)]
    assert look(watch, node, start) == []
    lapse(world)
    assert look(watch, node, start) == [("review-overdue", review)]
    assert look(watch, node, start + timedelta(hours=23, minutes=59)) == []
    assert look(watch, node, start + timedelta(days=1)) == [("review-overdue", review)]
    act(world, UUID(review))
    assert look(watch, node, start + timedelta(days=3)) == []
    assert watch.told == {}


def test_a_review_of_which_nobody_need_be_told_at_once_is_told_when_it_is_overdue(world, accused, node):
    agree(world, notice="none")
    watch, start = Watch(), datetime(2026, 6, 15, 12, tzinfo=UTC)
    review = str(world.ask(accused).id)
    assert look(watch, node, start) == []
    lapse(world)
    assert look(watch, node, start) == [("review-overdue", review)]


def test_an_agreement_that_was_to_be_reviewed_is_told_every_day(world, node):
    world.agree()
    watch, after = Watch(), REVIEW_BY + timedelta(days=1)
    assert look(watch, node, REVIEW_BY) == []
    assert look(watch, node, after) == [("agreement-review-overdue", None)]
    assert look(watch, node, after) == []
    assert look(watch, node, after + timedelta(days=1)) == [("agreement-review-overdue", None)]
