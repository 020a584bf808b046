"""``comity statistic``: what is told of numbers and of the budget, and the exit code when the gate refuses."""

from __future__ import annotations

import csv
import io
import json
from contextlib import contextmanager

import pytest
from tests.gate.counting import agree, somebody
from tests.gate.world import NOW, World

from comity.cli import statistics
from comity.cli.failing import Failed, Misused
from comity.gate.errors import GateError
from comity.gate.models import Measure
from comity.node import Node
from comity.store import Role, Settings, Store
from comity.vocabulary import Vocabulary
from comity.web.models import Colleague
from comity.web.store import put_colleague

ASKED = {"justification": "Planning", "colleague": "analyst-1"}


@pytest.fixture
def world(store: Store, vocabulary: Vocabulary, tmp_path, monkeypatch) -> World:
    made = World(store, vocabulary)
    agree(made)
    with store.connect(Role.GOVERNANCE) as conn:
        put_colleague(conn, Colleague("analyst-1", "A", "prosecution", "prosecutor", "en"))
    opened = Node(Settings(home=tmp_path), store, vocabulary, "comity-test")

    @contextmanager
    def node():
        yield opened

    monkeypatch.setattr(statistics, "node", node)
    monkeypatch.setattr(statistics, "now", lambda: NOW)
    return made


def test_a_table_is_told_with_its_bounds_and_what_is_left(world: World, capsys):
    somebody(world, 2)
    statistics.ask("charging", Measure.ROWS, "charge", by=("charge.severity",), **ASKED)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Number of charges"
    assert "95 %" in lines[1]
    assert lines[2] == "Left of the budget: 0.9 of 1. It is whole again on 01-07-2026."
    assert lines[3].split() == ["Severity", "about", "at", "least", "at", "most"]
    assert [line.split("  ")[0] for line in lines[4:]] == [
        "Serious", "Either way", "Lesser", "Minor", "Not known", "other or unknown", "Total",
    ]  # fmt: skip


def test_the_same_is_told_again_in_dutch_as_json_and_as_csv(world: World, capsys):
    statistics.ask("charging", Measure.PERSONS, "person", by=("person.sex",), as_json=True, **ASKED)
    first = json.loads(capsys.readouterr().out)
    assert (first["spent"], first["again"], first["budget"]["left"]) == ("0.1", False, "0.9")
    statistics.ask("charging", Measure.PERSONS, "person", by=("person.sex",), language="nl", **ASKED)
    told = capsys.readouterr().out
    assert "Aantal personen" in told
    assert "er is niets besteed" in told
    statistics.ask("charging", Measure.PERSONS, "person", by=("person.sex",), as_csv=True, **ASKED)
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows[0] == ["Sex", "about", "at least", "at most"]
    assert [int(it[1]) for it in rows[1:-1]] == [it[1] for it in first["numbers"]["figures"]]
    assert sum(int(it[1]) for it in rows[1:-1]) == int(rows[-1][1])


def test_means_and_restrictions_can_be_written(world: World, capsys):
    only, of = ("person.sex=female,male",), "charged_on..disposed_on=0..400"
    statistics.ask("charging", Measure.MEAN, "charge", of=of, only=only, epsilon="0,2", **ASKED)
    told = capsys.readouterr().out
    assert told.startswith("Mean of the days from charged on to disposed of on\nSex: female or male\n")
    assert "0.8 of 1" in told


def test_what_the_gate_refuses_is_told_with_its_code(world: World, capsys):
    with pytest.raises(Failed) as failed:
        statistics.ask("charging", Measure.ROWS, "charge", epsilon="2", language="nl", **ASKED)
    assert failed.value.code == 77
    assert "er is nog 1. De volgende begint op 01-07-2026" in capsys.readouterr().out


def test_the_budget_is_told(world: World, capsys):
    statistics.budget("charging")
    assert capsys.readouterr().out == "Left of the budget: 1 of 1. It is whole again on 01-07-2026.\n"
    statistics.budget("charging", as_json=True)
    assert json.loads(capsys.readouterr().out)["ends"] == "2026-07-01"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"by": ("severity",)}, GateError),
        ({"of": "score"}, GateError),
        ({"epsilon": "much"}, GateError),
        ({"colleague": "nobody"}, Misused),
    ],
)
def test_what_cannot_be_asked_is_a_sentence(world: World, changes, error):
    with pytest.raises(error, match=r"Write|number|admitted"):
        statistics.ask("charging", Measure.ROWS, "charge", **{**ASKED, **changes})
