"""The made-up world: the same seed gives the same bytes, the truth covers everybody, and the traps are in it."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
from collections import Counter
from datetime import date

import pytest

from comity.demo.world import build, write


@pytest.fixture(scope="module")
def world():
    return build(seed=7, people=1_000)


@pytest.fixture(scope="module")
def written(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    write(world, folder)
    return folder


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_same_seed_gives_the_same_bytes(written, tmp_path):
    write(build(seed=7, people=1_000), tmp_path)
    assert digests(tmp_path) == digests(written)


def test_another_seed_gives_another_world(written, tmp_path):
    write(build(seed=8, people=1_000), tmp_path)
    assert not set(digests(tmp_path).values()) & set(digests(written).values())


def test_a_world_grows_with_the_people_asked_for(world):
    assert len(world.humans) == 1_000
    assert len(build(7, 100).incidents) * 8 < len(world.incidents)


def test_a_world_of_almost_nobody_is_refused_with_the_least_size():
    with pytest.raises(ValueError, match="at least 10"):
        build(7, 3)


def test_every_person_of_every_system_is_in_the_truth_once(written):
    rows = list(csv.DictReader((written / "truth.csv").open(encoding="utf-8")))
    assert max(Counter((row["source"], row["source_key"]) for row in rows).values()) == 1
    told = {
        source: {row["source_key"] for row in rows if row["source"] == source} for source in {r["source"] for r in rows}
    }
    nominals = {json.loads(line)["nominal"] for line in (written / "police_nominals.jsonl").open(encoding="utf-8")}
    with sqlite3.connect(written / "court.db") as court:
        parties = {str(row[0]) for row in court.execute("select party_id from party")}
    prison = (written / "prison_stays.csv").read_text(encoding="windows-1252").splitlines()[1:]
    assert told["police-nominals"] == nominals
    assert told["court-parties"] == parties
    assert told["prison-stays"] == {line.split(";")[0] for line in prison}


def test_what_happens_next_refers_to_what_is_there(written):
    nominals = {json.loads(line)["nominal"] for line in (written / "police_nominals.jsonl").open(encoding="utf-8")}
    for name, of in (
        ("police_incidents.jsonl", lambda it: [link["nominal"] for link in it["links"]]),
        ("police_custody.jsonl", lambda it: [it["nominal"]]),
    ):
        for line in (written / name).open(encoding="utf-8"):
            assert set(of(json.loads(line))) <= nominals


def test_twins_share_a_surname_and_a_birthday_and_no_forename(world):
    assert world.twins
    for one, other in world.twins:
        first, second = world.humans[one], world.humans[other]
        assert (first.surname, first.born) == (second.surname, second.born)
        assert first.given != second.given


def test_namesakes_share_a_name_and_a_birthday_and_are_two(world):
    assert world.namesakes
    for one, other in world.namesakes:
        first, second = world.humans[one], world.humans[other]
        assert (first.given, first.surname, first.born) == (second.given, second.surname, second.born)
        assert first.number != second.number


def test_names_are_english_and_dutch_and_from_elsewhere(world):
    origins = Counter(human.origin for human in world.humans)
    assert set(origins) == {"en", "nl", "other"}
    assert any(human.particle for human in world.humans)


def test_clerks_err(written):
    lines = [json.loads(line) for line in (written / "police_nominals.jsonl").open(encoding="utf-8")]
    assert any(not line["dob"] for line in lines)
    assert any(line["aka"] for line in lines)
    stays = [
        line.split(";") for line in (written / "prison_stays.csv").read_text(encoding="windows-1252").splitlines()[1:]
    ]
    assert any(stay[9] == "31/12/9999" for stay in stays)


def test_nothing_happens_after_the_last_day_but_what_is_listed():
    world = build(3, 500, until=date(2026, 11, 1))
    for case in world.cases:
        for hearing in case.hearings:
            assert (hearing.starts.date() > world.until) == (hearing.status == "listed")
    assert any(hearing.status == "listed" for case in world.cases for hearing in case.hearings)


def test_the_workbook_of_probation_is_read_back(written):
    calamine = pytest.importorskip("python_calamine")
    rows = calamine.load_workbook(str(written / "probation.xlsx")).get_sheet_by_name("Caseload").to_python()
    assert rows[0][:3] == ["Event", "CRN", "Name"]
    assert all(isinstance(row[7], date) for row in rows[1:])
