"""The real chain: four agencies' systems about 5,823 people, linked without a label, held against the truth.

The weights are learnt from the data; the threshold is the one in ``score.py``, the same for every node and every set.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections import Counter
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from openpyxl import load_workbook

from comity import people
from comity.people import Features
from comity.people import store as rows
from comity.people.block import candidates
from comity.people.standardise import standardise
from comity.store import Role

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def day(text, form):
    return datetime.strptime(text, form).date() if text else None


def jail(folder):
    with (folder / "sheriff_jail.csv").open(encoding="cp1252", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            yield row["BOOKING_NO"], row["FORENAME"], row["SURNAME"], day(row["DOB"], "%m/%d/%Y"), None


def court(folder):
    with sqlite3.connect(f"file:{folder / 'clerk_court.db'}?mode=ro&immutable=1", uri=True) as database:
        for key, name, born, sex in database.execute("select party_id, full_name, birth_date, sex from party"):
            family, _, given = name.partition(", ")
            yield str(key), given, family, day(born, "%Y-%m-%d"), {"M": "male", "F": "female"}.get(sex)


def prison(folder):
    for line in (folder / "doc_prison.jsonl").read_text(encoding="utf-8").splitlines():
        stay = json.loads(line)
        given, _, family = stay["inmate"]["name"].partition(" ")
        yield stay["stay"], given, family, day(stay["inmate"]["born"], "%d-%b-%Y"), None


def pretrial(folder):
    sheet = load_workbook(folder / "pretrial_assessment.xlsx", read_only=True).active
    for key, given, family, born, sex, *_ in list(sheet.iter_rows(values_only=True))[1:]:
        yield key, given, family, born.date() if born else None, sex.lower()


SYSTEMS = {"sheriff_jail": jail, "clerk_court": court, "doc_prison": prison, "pretrial_assessment": pretrial}


@pytest.fixture
def chain(shared_data):
    """Return the features of everybody, and the truth: source person -> human being."""
    folder = shared_data / "broward"
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        truth = {(row["source"], row["source_key"]): row["person"] for row in csv.DictReader(file)}
    features, human = [], {}
    for system, read in SYSTEMS.items():
        for key, given, family, born, sex in read(folder):
            source_person = UUID(int=len(features) + 1)
            features.append(Features(source_person, system, given, family, birth_date=born, sex=sex))
            human[source_person] = truth[system, key]
    return features, human


def pairs(groups):
    return sum(n * (n - 1) // 2 for n in Counter(groups).values())


def test_the_real_chain_is_linked(store, chain, capsys):
    features, human = chain
    with store.connect(Role.INTAKE) as conn:
        for start in range(0, len(features), 1000):
            people.place_many(conn, features[start : start + 1000])
        changes = people.relink(conn, NOW)
        found = rows.memberships(conn)
        one_by_one = again(conn, features[::4000])
        assert rows.memberships(conn) == found | one_by_one == found
    both = pairs(zip(found.values(), (human[each] for each in found), strict=True))
    precision, recall = both / pairs(found.values()), both / pairs(human.values())
    f1 = 2 * precision * recall / (precision + recall)
    with capsys.disabled():
        print(f"\n  broward: precision {precision:.5f}, recall {recall:.5f}, F1 {f1:.5f}; {changes}")  # noqa: T201
    assert len(found) == changes.source_persons == 26_553
    assert precision >= 0.9995
    assert f1 >= 0.995


def again(conn, some):
    """Take some out and place them live; return where they came to be."""
    for each in some:
        people.remove(conn, each.source_person)
    return {each.source_person: people.place(conn, each).person for each in some}


def test_blocking_by_itself_finds_nearly_all_that_is_true(chain):
    features, human = chain
    standards = [standardise(each) for each in features]
    found = candidates(standards)
    true = sum(human[features[a].source_person] == human[features[b].source_person] for a, b in found)
    assert true / pairs(human.values()) >= 0.999
    assert len(found) < 4 * len(features)


def test_the_folder_holds_what_it_says(chain):
    features, human = chain
    assert len(features) == 26_553
    assert all(isinstance(each.birth_date, date | None) for each in features)
    assert len(set(human.values())) == 5_823
