"""Extracts and statistics under an agreement whose uses are reviewed: each leaves one review, and an overdue one stops both."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from comity.gate import Refusal
from comity.gate.extract import begin, go_on
from comity.gate.extract import make as making
from comity.gate.extract.make import Office, judge
from comity.gate.models import Measure
from comity.gate.reviews import Left, waiting
from comity.store import Role

from .counting import RELEASE as COUNTED
from .counting import SEVERITY, SEX, count, refused, somebody, told
from .test_extract import RELEASE, SIGNER, make, order
from .test_extract import people as people  # noqa: PLC0414 - a fixture
from .test_reviews import act, agree, lapse, opened, reviews
from .world import NOW, World

BUDGET = "statistics: {epsilon: 1.0, delta: 0, per: P1M, most_per_person: 3}\n"


@pytest.fixture
def office(world: World, tmp_path: Path):
    with world.store.connect(Role.GATE, autocommit=True) as conn:
        yield Office(conn, world.vocabulary, world.keyring, SIGNER, tmp_path / "works")


def agree_on_extracts(world: World, **changes) -> None:
    agree(world, **{"about": "everyone", "release": RELEASE, "channels": "read, extract", **changes})


def agree_on_statistics(world: World, **changes) -> None:
    terms = {"about": "everyone", "release": COUNTED, "channels": "read, statistic"}
    agree(world, **{**terms, "consent": f"not-required\n{BUDGET.strip()}", **changes})


# --- each leaves one ---------------------------------------------------------------------------------------------------


def test_an_extract_leaves_one_review_with_its_rows_by_clause(world, office, people, tmp_path):
    agree_on_extracts(world)
    made = make(office, tmp_path / "out")
    [(review, clauses, counts)] = reviews(world, "disclosure", "clauses", "counts")
    assert review == made.id
    by_clause = {int(it["clause"].split()[-1]): it["rows"] for it in made.manifest["tables"]}
    assert dict(zip(clauses, counts, strict=True)) == by_clause
    assert sum(counts) == world.run(Role.GATE, "select rows from gate.disclosure where kind = 'disclosure'")[0][0] > 0
    [it] = opened(world)
    assert (it.waiting.id, it.act, it.requester) == (made.id, "extract", "staff-7")
    assert [(left.record, left.rows) for left in it.left] == [("person", 5), ("case", 5), ("charge", 4)]
    with world.store.connect(Role.GATE) as conn:
        assert [(it.id, it.kind, it.overdue) for it in waiting(conn)] == [(made.id, "disclosure", False)]


def test_a_statistic_leaves_one_review_of_what_it_was_made_from(world):
    agree_on_statistics(world)
    somebody(world, 2)
    answer = told(world, count(by=(SEVERITY, SEX)))
    assert reviews(world) == [(answer.id,)]
    [it] = opened(world)
    numbers = len(answer.numbers.figures)
    assert numbers > 1
    assert it.left == (Left("person", ("sex",), numbers), Left("charge", ("severity",), numbers))
    assert (it.act, it.waiting.rows) == ("statistic", numbers)
    again = told(world, count(by=(SEVERITY, SEX)))
    assert again.again
    assert sorted(reviews(world)) == sorted([(answer.id,), (again.id,)]), "what is told again is reviewed again"


# --- what cannot be reviewed is not made -------------------------------------------------------------------------------


def test_an_extract_whose_review_cannot_be_written_is_not_published(world, office, people, tmp_path):
    agree_on_extracts(world)
    begun = begin(office, order())
    world.run(Role.OWNER, "alter table gate.review add check (agreement <> 'charging')")
    with pytest.raises(psycopg.errors.CheckViolation):
        go_on(office, begun.id, tmp_path / "out", lambda: NOW)
    assert not (tmp_path / "out").exists()
    assert (world.log(), world.entries()) == ([], [])


def test_a_statistic_whose_review_cannot_be_written_is_not_told_and_costs_nothing(world):
    agree_on_statistics(world)
    somebody(world, 2)
    world.run(Role.OWNER, "alter table gate.review add check (agreement <> 'charging')")
    with pytest.raises(psycopg.errors.CheckViolation):
        told(world, count())
    assert (world.log(), world.entries()) == ([], [])
    assert world.run(Role.GATE, "select epsilon_spent from gate.privacy_budget") == []


# --- overdue -----------------------------------------------------------------------------------------------------------


def test_an_overdue_review_stops_extracts_to_come_begun_and_made(world, office, people, tmp_path):
    agree_on_extracts(world)
    made = make(office, tmp_path / "out")
    begun = begin(office, order())
    lapse(world)
    assert isinstance(go_on(office, begun.id, tmp_path / "second", lambda: NOW), Refusal)
    assert not (tmp_path / "second").exists()
    refusal = begin(office, order())
    assert isinstance(refusal, Refusal)
    assert refusal.reason.code == "not-in-force:use-not-reviewed"
    assert isinstance(judge(office, order()), Refusal), "none is collected that was made"
    act(world, made.id)
    assert judge(office, order()) is None


def test_a_review_that_falls_overdue_while_the_extract_is_made_stops_what_writes_it_down(
    world, office, people, tmp_path, monkeypatch
):
    agree_on_extracts(world)
    made = make(office, tmp_path / "out")
    begun = begin(office, order())
    write = making._write_manifest

    def late(*of):
        write(*of)
        lapse(world, made.id)

    monkeypatch.setattr(making, "_write_manifest", late)
    answer = go_on(office, begun.id, tmp_path / "second", lambda: NOW)
    assert isinstance(answer, Refusal)
    assert not (tmp_path / "second").exists()
    assert reviews(world) == [(made.id,)]


def test_an_overdue_review_stops_a_statistic_that_the_process_remembers_as_in_force(world):
    agree_on_statistics(world)
    somebody(world, 2)
    first = told(world, count())
    spent = world.run(Role.GATE, "select epsilon_spent from gate.privacy_budget")
    lapse(world)
    assert refused(world, count(measure=Measure.PERSONS)) == "not-in-force:use-not-reviewed"
    assert refused(world, count()) == "not-in-force:use-not-reviewed", "nor is an answer told again"
    assert world.run(Role.GATE, "select epsilon_spent from gate.privacy_budget") == spent
    act(world, first.id)
    told(world, count())
