"""Spark finds the pairs, weighs them as DuckDB does, and makes the same persons; afterwards nothing lies about."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from bench.bulk_people import read, write

from comity import people
from comity.cli import linking as command
from comity.gate import on_spark as starter
from comity.gate.errors import GateError
from comity.node import Node
from comity.people import Features, block, holds, on_spark
from comity.people import store as rows
from comity.people.block import candidates
from comity.people.cluster import Bonds
from comity.people.limits import Limit
from comity.people.link import link
from comity.people.model import Frequencies
from comity.people.models import Stay
from comity.people.on_spark import link_on, said
from comity.people.score import NEEDS_A_PERSON_FROM, score
from comity.people.standardise import standardise
from comity.people.starting import starting
from comity.store import Role, Settings

from .crowd import of_750_records

NOW = datetime(2026, 11, 26, tzinfo=UTC)
LARGEST = 60  # so that a key of eighty is one too many


def crowded(number):
    """Share a name and no more: a key that eighty share finds nobody."""
    chance = random.Random(number)  # noqa: S311 - made-up people
    born = date(1930 + number % 70, 1 + chance.randrange(12), 1 + chance.randrange(28))
    return Features(UUID(int=10_000 + number), "police", "Joan", "Doe", birth_date=born, postcode=f"{1000 + number}ZZ")


def of_two_numbers(number):
    """Four records of one name and birthday, two numbers among them: the weakest bond gives way, and is held."""
    police = "A1234567" if number < 2 else "B7654321"
    return Features(UUID(int=20_000 + number), "court", "Élodie", "O'Brien-Çelik", birth_date=date(1980, 2, 3),
                    postcode="1234 AB", sex="female", address="3, De Dijk", identifiers={"police_number": police})  # fmt: skip


def in_two_prisons(number):
    return Features(UUID(int=30_000 + number), "prison", "Boudewijn", "Quist", birth_date=date(1971, 5, 6), sex="male")


@pytest.fixture(scope="module")
def standards(tmp_path_factory):
    path = tmp_path_factory.mktemp("people") / "people.parquet"
    write(path, 2_000)
    made = [*map(crowded, range(80)), *map(of_two_numbers, range(4)), *map(in_two_prisons, range(2))]
    return {each.source_person: standardise(each) for each in (*read(path), *made)}


@pytest.fixture(scope="module")
def model(standards):
    """The weights to start with, and how common names are."""
    agencies = sorted({each.agency for each in standards.values()})
    return replace(starting(["police_number"], agencies, NOW), frequencies={
        column: common(getattr(each, column) for each in standards.values()) for column in ("given", "family")
    })  # fmt: skip


def common(values):
    counts = Counter(value for value in values if value)
    shares = {value: n / counts.total() for value, n in counts.items() if n > 1}
    return Frequencies(shares, 1 / counts.total())


@pytest.fixture(scope="module")
def stays():
    return {UUID(int=30_000 + number): [Stay("prison", place, date(2026, 1, 1), until)]
            for number, (place, until) in enumerate([("Leeds", None), ("Hull", date(2026, 6, 1))])}  # fmt: skip


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(block, "LARGEST_BLOCK", LARGEST)


def judged(linked):
    """Part the first three persons of two records, and join a lone record to another and that to a third."""
    parted = [each for each in linked.clusters if len(each) == 2][:3]
    alone = sorted(each[0] for each in linked.clusters if len(each) == 1)
    return Bonds(same=frozenset([(alone[0], alone[5]), (alone[5], alone[9])]), different=frozenset(parted))


def test_the_same_weights_and_persons_as_by_duckdb(spark, tmp_path, standards, model, stays, small_blocks):
    bonds = judged(link(standards, model, Bonds()))
    expected = link(standards, model, bonds, stays=stays)
    found = link_on(spark, tmp_path / "linking", standards, model, bonds, stays=stays)
    assert list(found.weights) == list(expected.weights)
    assert found.weights == pytest.approx(expected.weights, abs=0.01)
    assert (found.clusters, found.holds) == (expected.clusters, expected.holds)
    assert (found.tally.pairs, found.tally.bands) == (expected.tally.pairs, expected.tally.bands)
    assert found.tally.expected == pytest.approx(expected.tally.expected, abs=0.01)
    # what it was tried on has all of it
    assert {hold.limit for hold in found.holds} == {Limit.NUMBERS, Limit.PRISONS}
    assert any(bonds.same <= {(a, b) for a in it for b in it} for it in found.clusters)
    assert not any(set(pair) <= set(person) for person in found.clusters for pair in bonds.different)
    assert max(map(len, found.clusters)) > 2


def test_a_weight_is_that_of_live_linking(spark, tmp_path, standards, model):
    some = dict(sorted(standards.items())[:400])
    ids = list(some)
    scored = {
        (ids[a], ids[b]): score(some[ids[a]], some[ids[b]], model).total for a, b in candidates(list(some.values()))
    }
    weights = link_on(spark, tmp_path / "linking", some, model, Bonds()).weights
    assert weights == pytest.approx({pair: bits for pair, bits in scored.items() if bits >= NEEDS_A_PERSON_FROM})


@pytest.mark.parametrize("largest", [400, LARGEST, 3])
def test_the_pairs_are_those_that_share_a_key_that_not_too_many_share(spark, standards, monkeypatch, largest):
    monkeypatch.setattr(block, "LARGEST_BLOCK", largest)
    everybody = list(standards.values())[-200:]
    frame = spark.createDataFrame(
        [(number, said(each)) for number, each in enumerate(everybody)], "id long, person string"
    )
    shared = [(a, b) for key, members in on_spark.blocks(frame).collect()
              for a, _, others in on_spark.together(key, members) for b, _ in others]  # fmt: skip
    assert sorted(shared) == candidates(everybody)


def test_nobody_lies_about_whether_it_ends_well_or_not(spark, tmp_path, standards, model):
    folder, modes = tmp_path / "linking", set()
    folder.mkdir()
    (folder / "left by a run that was killed").touch()
    some = dict(sorted(standards.items())[:50])

    def look(_step):
        modes.add(folder.stat().st_mode & 0o077)
        assert not (folder / "left by a run that was killed").exists()

    link_on(spark, folder, some, model, Bonds(), look)
    assert (modes, folder.exists()) == ({0}, False)
    some[UUID(int=1)] = replace(some[UUID(int=1)], names=None)  # what no standardised person has: the workers fail
    with pytest.raises(Exception, match="TypeError"):
        link_on(spark, folder, some, model, Bonds())
    assert not folder.exists()


def test_a_person_is_read_back_as_written():
    for each in (of_two_numbers(0), crowded(1), Features(UUID(int=1), "police")):
        assert on_spark._heard(said(standardise(each))) == standardise(each)
    assert json.loads(said(standardise(of_two_numbers(0))))  # no code, and nothing but text


def test_the_database_holds_the_same_whoever_linked(spark, store, tmp_path):
    with store.connect(Role.INTAKE) as conn:
        people.place_many(conn, [*of_750_records()[:450], *map(of_two_numbers, range(4))])  # too few to train on
        people.relink(conn, NOW)
        people.judge(conn, UUID(int=1), UUID(int=4), same=True, by="p1", reason="seen", at=NOW)
        people.judge(conn, UUID(int=7), UUID(int=8), same=False, by="p1", reason="seen", at=NOW)
        conn.commit()
        changed, held = [], []
        for how in (link, lambda *given: link_on(spark, tmp_path / "linking", *given)):
            changed.append(people.relink(conn, NOW, how=how))
            held.append(everything(conn))
            conn.rollback()
    assert changed[0] == changed[1]
    edges = [of.pop("edges") for of in held]
    assert edges[0] == pytest.approx(edges[1], abs=0.01)
    assert held[0] == held[1]
    assert (len(held[0]["holds"]), changed[0].trained) == (1, False)


def everything(conn):
    return {"persons": rows.memberships(conn), "edges": rows.all_edges(conn), "holds": holds.pairs(conn),
            "questions": [(it.a, it.b, it.why, it.pairs) for it in people.open_questions(conn)]}  # fmt: skip


# As it is typed


def test_the_command_links_on_spark_where_that_is_asked_for(spark, store, vocabulary, tmp_path, monkeypatch, capsys):
    made = Node(Settings(tmp_path), store, vocabulary, "comity-test")
    monkeypatch.setattr(command, "node", lambda: nullcontext(made))
    monkeypatch.setattr(starter, "session", lambda folder, _master: nullcontext(spark) if folder.is_dir() else None)
    with store.connect(Role.INTAKE) as conn:
        people.place_many(conn, of_750_records()[:300])  # too few to train on
        rows.keep_model(conn, starting([], ["police", "court", "prison"], NOW), {})
    command.link()
    here = capsys.readouterr().out
    assert "handing over" not in here
    command.link(where=command.Where("spark"))
    there = capsys.readouterr().out
    assert "handing over 300 people" in there
    assert there.splitlines()[-1] == re.sub(r"\d+ records moved", "0 records moved", here.splitlines()[-1])
    command.models(as_json=True)
    kept = json.loads(capsys.readouterr().out)
    (version,) = [each["version"] for each in kept if not each["in_force"]]
    command.apply(version, by="p7", reason="to go back", where=command.Where("spark"))
    assert "handing over 300 people" in capsys.readouterr().out
    assert not (tmp_path / "linking").exists()


@pytest.mark.parametrize(("more", "master"), [({"JAVA_HOME": "/nowhere"}, "local[1]"), ({}, "local[many]")])
def test_where_spark_does_not_start_it_is_said_before_anything_is_opened(tmp_path, spark, more, master):
    command_line = [sys.executable, "-m", "comity.cli", "people", "link", "--engine", "spark", "--master", master]
    quick = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1", "COMITY_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        command_line, env=os.environ | quick | more, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        65, "comity: Spark did not start. It needs Java 17 or later, and its master to be there.",
    )  # fmt: skip
    assert not (tmp_path / "home").exists()


def test_where_pyspark_is_not_installed_it_is_said(monkeypatch):
    monkeypatch.setattr(starter, "find_spec", lambda _: None)
    with pytest.raises(GateError, match=r"pip install 'comity\[spark\]'"):
        command.link(where=command.Where("spark"))
