"""``comity people``: linking, training, applying, listing, as they are typed; of ids and counts, never a name."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from tests.people.crowd import FAMILY, GIVEN, of_750_records

from comity import people
from comity.cli import linking as command
from comity.cli import persons, watching
from comity.cli.failing import Failed, Misused
from comity.node import Node
from comity.store import Role, Settings

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch):
    def turn(moment):
        for module in (command, watching):
            monkeypatch.setattr(module, "now", lambda: moment)

    turn(NOW)
    return turn


@pytest.fixture
def node(store, vocabulary, tmp_path, monkeypatch, at):
    made = Node(Settings(tmp_path), store, vocabulary, "comity-test")
    for module in (command, watching):
        monkeypatch.setattr(module, "node", lambda: nullcontext(made))
    return made


@pytest.fixture
def crowd(node):
    everybody = of_750_records()
    with node.store.connect(Role.INTAKE) as conn:
        people.place_many(conn, everybody)
    return everybody


@pytest.fixture
def run(node, capsys):
    def run(which, *arguments, code=0, **options):
        got = 0
        try:
            which(*arguments, **options)
        except Failed as failed:
            got = failed.code
        told = capsys.readouterr().out
        assert got == code, told
        assert not any(name in told for name in (*GIVEN, *FAMILY))
        return told

    return run


def entries(node):
    with node.store.connect(Role.OWNER) as conn:
        rows = conn.execute("select body from ledger.outbox order by queued_at, ctid").fetchall()
    return [json.loads(bytes(row[0]))["context"] for row in rows]


def test_a_model_is_trained_proposed_and_applied_by_a_person_with_its_entries(run, node, crowd, at):
    assert "No model was trained here yet" in run(command.models)
    told = run(command.train)
    assert "the first is in force at once" in told
    assert "750 records of people are" in told
    at(NOW + timedelta(days=1))
    told = run(command.train)
    assert "Nothing has changed yet" in told
    assert "disagrees with 0 decisions" in told
    proposed, first = json.loads(run(command.models, as_json=True))
    assert (proposed["in_force"], first["in_force"]) == (False, True)
    assert proposed["effects"]["moved"] == 0
    assert 0.9 < proposed["evaluation"]["precision"] <= 1
    with pytest.raises(Misused):
        command.apply(proposed["version"], by="p7", reason=" ")
    assert "none is" not in run(command.apply, proposed["version"][-8:], by="p7", reason="a year has passed")
    told = run(command.models)
    assert f"{proposed['version']}: in force since 2026-11-27 12:00 by p7" in told
    assert f"{first['version']}: was in force from 2026-11-26 12:00" in told
    acts = [(entry["act"], entry.get("model")) for entry in entries(node)]
    assert acts == [
        ("relink", None), ("propose-model", proposed["version"]), ("apply-model", proposed["version"]), ("relink", None),
    ]  # fmt: skip


def test_what_cannot_be_applied_or_learnt_is_a_sentence(run, node, crowd):
    assert "no version is called that" in run(command.apply, "2020", by="p7", reason="try", code=66)
    run(persons.link)
    version = json.loads(run(command.models, as_json=True))[0]["version"]
    assert "in force already" in run(command.apply, version, by="p7", reason="again", code=66)


def test_of_too_few_nothing_is_proposed(run, node):
    with node.store.connect(Role.INTAKE) as conn:
        people.place_many(conn, of_750_records()[:6])
    assert "6 records of people are" in run(command.link)
    assert "too few people" in run(command.train, code=65)


def test_quality_is_told_in_sentences_and_to_programs(run, node, crowd):
    assert "No sample was looked at" in run(watching.quality)
    run(command.link)
    told = run(watching.quality)
    assert "750 records of people are" in told
    assert "Too few pairs were scored since" in told
    assert "Expected when the model was trained: precision" in told
    document = json.loads(run(watching.quality, as_json=True))
    assert sum(int(size) * n for size, n in document["sizes"].items()) == 750
    assert document["reviews"]["near"] >= 0
    assert document["sample"] is None


def test_a_sample_is_drawn_shown_without_its_score_answered_and_estimated(run, node, crowd):
    run(command.link)
    told = run(watching.sample, by="p3", size=8)
    number, links, place = re.search(r"Sample (\S+): 0 of (\d+).*Place (\d+): records", told, re.DOTALL).groups()
    assert "bit" not in told
    for _ in range(int(links)):
        told = run(watching.sample, UUID(number), by="p3", place=int(place), said="same")
        place = (re.findall(r"Place (\d+):", told) or [0])[0]
    assert f"{links} of {links} looked at. Precision by sample: 1.0000, between" in told
    assert "Precision by sample: 1.0000" in run(watching.quality)
    (entry,) = [each for each in entries(node) if each["act"] == "sample"]
    assert entry == {"act": "sample", "decision": number}
    assert "there is none of that id" in run(watching.sample, UUID(int=1), by="p3", code=66)
    for wrong in ({"by": " "}, {"by": "p3", "place": 1}, {"by": "p3", "place": 1, "said": "same"}):
        with pytest.raises(Misused):
            watching.sample(**wrong)
