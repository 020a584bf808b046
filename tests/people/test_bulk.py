"""In bulk as one by one: the same pairs are looked at, the same persons come of it, and nothing is left behind."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path
from uuid import UUID

import pytest

from comity.people import block, bulk, train
from comity.people.block import candidates
from comity.people.bulk import bench, weigh
from comity.people.cluster import Bonds
from comity.people.link import link, partition
from comity.people.models import Features
from comity.people.score import NEEDS_A_PERSON_FROM, score
from comity.people.standardise import standardise
from comity.people.starting import starting
from comity.people.tally import tally

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GIVEN, FAMILY = ["Wim", "Willem", "Élodie", "Tim", "Anne"], ["van der Berg", "Smit", "Smitt", "Петров", "O'Brien"]


def somebody(number, chance):
    return standardise(
        Features(
            UUID(int=number),
            chance.choice(["police", "court"]),
            chance.choice(GIVEN),
            chance.choice(FAMILY),
            birth_date=date(1980, 1, 1) + timedelta(chance.randrange(40)),
            postcode=chance.choice(["1012AB", "1012AC", None]),
            address=chance.choice(["12 Dorpsstraat", "3 De Dijk", None]),
            identifiers=chance.choice([{}, {"police_number": chance.choice(["A123456", "A123465", "B99887"])}]),
        )
    )


@pytest.fixture(scope="module")
def people():
    chance = random.Random(4)  # noqa: S311 - the same people each time
    return [somebody(number, chance) for number in range(150)]


@pytest.fixture(scope="module")
def model():
    return starting(["police_number"], ["court", "police"], NOW)


@pytest.mark.parametrize("largest", [400, 7])
def test_the_pairs_that_share_a_key_are_those_of_live_linking(people, monkeypatch, largest):
    monkeypatch.setattr(block, "LARGEST_BLOCK", largest)
    with bench(people, ["police_number"]) as on:
        found = on.connection.execute(f"select l, r from {on.block()} order by all").fetchall()
    assert found == candidates(people)


ODD = [
    {"given_names": "Ждан", "family_name": "Ждан", "birth_date": date(1980, 2, 1)},
    {
        "given_names": "W",
        "family_name": "Ångström-de Vries",
        "alias_names": ("Vries, Wim", "W. Smit"),
        "postcode": "1-2",
    },
    {
        "given_names": "José María Anne",
        "address": "12 b 14 Lange Oude Korte Nieuwe Brede Straat",
        "birth_text": "19801332",
    },
    {"family_name": "Li", "address": "١٢ شارع النيل", "birth_text": "1980"},
    {"given_names": "Wim", "family_name": "Wim", "birth_date": date(1980, 1, 1), "postcode": "1012AB"},
    {"given_names": "Bert 2", "family_name": "Hhw", "address": "7", "identifiers": {"a": "12345", "it's": "123456"}},
    {"given_names": "Bert", "identifiers": {"a": "12345", "b": "Ω1234567"}, "postcode": "9", "birth_text": "x"},
    {},
]


def test_the_keys_made_in_bulk_are_those_of_live_linking(people):
    odd = [standardise(Features(UUID(int=number), "court", **each)) for number, each in enumerate(ODD)]
    everybody = [*people, *odd]
    said = [(place, key) for place, each in enumerate(everybody) for key in block.keys(each)]
    with bench(everybody, []) as on:
        made = on.connection.execute(f"select id, key from {on.keys()} order by all").fetchall()
        places, keys = map(list, zip(*said, strict=True))
        hashed = "select id, hash(key) from (select unnest($1) as id, unnest($2::varchar[]) as key) order by all"
        assert made == on.connection.execute(hashed, [places, keys]).fetchall()


def test_everybody_is_linked_as_by_scoring_one_by_one(people, model):
    standards = {UUID(int=1000 - number): person for number, person in enumerate(people)}
    ids = sorted(standards)
    pairs = [(ids[a], ids[b]) for a, b in candidates([standards[id_] for id_ in ids])]
    scored = {(a, b): score(standards[a], standards[b], model).total for a, b in pairs}
    weights = {pair: weight for pair, weight in scored.items() if weight >= NEEDS_A_PERSON_FROM}
    bonds = Bonds(same=frozenset([(ids[3], ids[90])]), different=frozenset([(ids[5], ids[7])]))
    linked = link(standards, model, bonds)
    assert linked.weights == pytest.approx(weights, abs=0.01)
    assert list(linked.clusters) == partition(ids, weights, standards, model, bonds).persons
    assert max(map(len, linked.clusters)) > 3  # so that there were pairs to average that no key had found


def test_the_spread_of_all_weights_is_counted_where_they_are(people, model):
    with bench(people, ["police_number"]) as on:
        pairs = on.block()
        heavy, spread = on.weigh_and_count(pairs, model, NEEDS_A_PERSON_FROM)
        every = on.weigh(pairs, model)
    assert heavy == [each for each in every if each[2] >= NEEDS_A_PERSON_FROM]
    told = tally(weight for _, _, weight in every)
    assert (spread.pairs, spread.bands) == (told.pairs, told.bands)
    far = NEEDS_A_PERSON_FROM - bulk.FAR_BELOW
    near = lambda counted: {bit: n for bit, n in counted.bits.items() if bit >= far}  # noqa: E731 - short
    assert near(spread) == near(told)
    assert sum(spread.bits.values()) == len(every)  # the others are there, with the lowest
    assert spread.expected == pytest.approx(told.expected, abs=len(every) * 2**far)


def test_weights_are_the_same_however_many_are_handed_over_at_once(people, model, monkeypatch):
    pairs = list(combinations(range(len(people)), 2))
    whole = weigh(people, pairs, model)
    monkeypatch.setattr(bulk, "_BATCH", 7)
    assert weigh(people, pairs, model) == whole


def test_what_did_not_fit_in_memory_is_gone_when_the_work_is_done(people, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with bench(people, []) as on:
        (folder,) = on.connection.execute("select current_setting('temp_directory')").fetchone()
        assert Path(folder).parent == tmp_path
        assert Path(folder).stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []


def test_tables_made_on_the_way_are_dropped(people, model):
    with bench(people, ["police_number"]) as on:
        pairs = on.block()
        before = on.connection.execute("select count(*) from duckdb_tables()").fetchone()
        on.weigh(pairs, model)
        on.observe(pairs, model)
        assert on.connection.execute("select count(*) from duckdb_tables()").fetchone() == before


def test_of_very_many_each_is_drawn_for_itself_and_whatever_their_order(people):
    twice = people * 2
    drawn = train._drawn(twice, 100)
    shuffled = random.Random(2).sample(twice, len(twice))  # noqa: S311
    text = lambda each: "|".join(train._order(each))  # noqa: E731 - short
    assert sorted(map(text, train._drawn(shuffled, 100))) == sorted(map(text, drawn))
    alone = Counter(map(text, drawn))
    assert sum(n == 1 for n in alone.values()) > sum(n > 1 for n in alone.values())
