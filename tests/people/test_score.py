"""The weight in plain Python is Splink's weight; the parts explain it; the bands say what it means."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from types import MappingProxyType
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.people import bound
from comity.people.bulk import bench, observe, weigh
from comity.people.cluster import Bonds
from comity.people.comparisons import SHORTEST_TO_MISTYPE, comparisons, may_be_twins
from comity.people.errors import ModelError
from comity.people.link import partition
from comity.people.model import Chance, Frequencies, Model, from_json
from comity.people.models import Band, Features
from comity.people.score import LINKED_FROM, NEEDS_A_PERSON_FROM, Against, band, score
from comity.people.standardise import standardise
from comity.people.starting import starting

NOW = datetime(2026, 11, 22, tzinfo=UTC)
KINDS, AGENCIES = ("police_number", "prison_number"), ("court", "it's us", "police")
GIVEN = [
    "Wim",
    "Kim",
    "Willem",
    "Élodie",
    "Maria José",
    "Иван",
    "Nguyễn",
    "W",
    "Ж",
    "Liz",
    "Elizabeth Anne",
    "Wim Anne",
    "Wim A",
    "Abe",
    "Godfrey",
    "",
    None,
]
FAMILY = [
    "van der Berg",
    "Berg-Smit",
    "Smit",
    "Smitt",
    "García López",
    "Петров",
    "Petrov",
    "Godfrey",
    "Wim",
    "Li",
    "O'Brien",
    "",
    None,
]


ADDRESSES = [
    "12 Dorpsstraat Élburg",
    "Dorpsstraat 12",
    "12 Dorpsstraat, Elburg, Gelderland",
    "3 Dorpsstraat Harderwijk Gelderland",
    "De Dijk 3",
    "",
    None,
]


def mistyped(text, chance):
    """Change a letter or two of a text, as hands do."""
    letters = list(text or "")
    for _ in range(chance.choice([0, 0, 0, 1, 1, 2])):
        place = chance.randrange(len(letters) + 1)
        if chance.random() < 0.4:
            letters.insert(place, chance.choice("aeioudhsтé1"))
        elif len(letters) > 1:
            letters.pop(place - 1)
            letters.insert(chance.randrange(len(letters)), chance.choice("aenr"))
    return "".join(letters) or None


def somebody(number, chance):
    born = date(1980, chance.choice([1, 2, 3, 12]), chance.choice([1, 2, 3, 19])) + timedelta(
        chance.choice([0, 0, 1, 366, 3653])
    )
    number_of = lambda: mistyped(chance.choice(["A123456", "B99887"]), chance)  # noqa: E731 - short
    return standardise(
        Features(
            UUID(int=number),
            chance.choice(AGENCIES),
            mistyped(chance.choice(GIVEN), chance),
            mistyped(chance.choice(FAMILY), chance),
            alias_names=tuple(filter(None, [chance.choice([None, None, "Liz Smit", "Wim Godfrey"])])),
            birth_date=chance.choice([born, born, born, None]),
            birth_text=chance.choice(["19800231", None]),
            sex=chance.choice(["male", "Female", None]),
            postcode=chance.choice(["1012AB", "1012 AC", "9999", None]),
            address=mistyped(chance.choice(ADDRESSES), chance),
            identifiers={k: v for k in KINDS if (v := chance.choice([None, number_of()]))},
        )
    )


@pytest.fixture(scope="module")
def people():
    chance = random.Random(20261122)  # noqa: S311 - the same people each time
    drawn = [somebody(number, chance) for number in range(200)]
    return drawn + drawn[:20]  # who is entered twice alike


@pytest.fixture(scope="module")
def model(people):
    """Weights as training would leave them: each level another, some names common, some never heard of."""
    base = starting(KINDS, AGENCIES, NOW)
    chance = random.Random(7)  # noqa: S311
    chances = {
        c.name: {lv.name: Chance(chance.uniform(0.001, 1), chance.uniform(1e-6, 1)) for lv in c.levels[1:]}
        for c in comparisons(KINDS, AGENCIES)
    }
    frequencies = {}
    for column in ("given", "middle", "family", "postcode"):
        counted = Counter(value for p in people[:80] if (value := getattr(p, column)))
        counted.update(("wim", "wim", "kim", "kim", "smit", "smit", "smitt", "smitt"))  # names an edit apart
        shares = {value: n / counted.total() for value, n in counted.items() if n > 1}
        frequencies[column] = Frequencies(MappingProxyType(shares), 1 / counted.total())
    return Model("test", NOW, base.library, 1e-4, KINDS, AGENCIES, chances, frequencies)


@pytest.fixture(scope="module")
def weighed(people, model):
    pairs = list(combinations(range(len(people)), 2))
    return weigh(people, pairs, model)


def test_ten_thousand_pairs_weigh_the_same_in_splink_and_in_python(people, model, weighed):
    assert len(weighed) > 10_000
    apart = [(a, b, w, score(people[a], people[b], model).total) for a, b, w in weighed]
    assert [row for row in apart if abs(row[2] - row[3]) > 0.01] == []


def test_those_pairs_reach_every_level(people, model, weighed):
    compared = comparisons(KINDS, AGENCIES)
    reached = {(c.name, c.level(people[a], people[b], model.borne).name) for a, b, _ in weighed for c in compared}
    levels = {(c.name, level.name) for c in comparisons(KINDS, AGENCIES) for level in c.levels}
    assert levels - reached == {("agency", "absent")}


def test_one_against_many_weighs_as_one_against_one_and_gives_up_only_whom_it_may(people, model):
    for one in people[:40]:
        against = Against(one, model)
        for other in people[:300]:
            weight, found = score(one, other, model).total, against.weight(other)
            assert found == pytest.approx(weight, abs=1e-9) if weight >= NEEDS_A_PERSON_FROM else found is None


def test_splink_says_the_levels_that_python_says(people, model, weighed):
    pairs = [(a, b) for a, b, _ in weighed]
    told = Counter()
    for pattern in observe(people, pairs, model):
        told[tuple(sorted(pattern.levels.items()))] += pattern.pairs
    ours = Counter(
        tuple(sorted((c.name, c.level(people[a], people[b], model.borne).name) for c in model.comparisons))
        for a, b in pairs
    )
    assert told == ours


def test_no_pair_weighs_more_than_it_may_at_most(people, model, weighed):
    chance = random.Random(1)  # noqa: S311 - the same each time
    level = lambda: Chance(chance.uniform(0.001, 1), chance.uniform(0.001, 1))  # noqa: E731 - short
    other = replace(model, chances={c: {name: level() for name in levels} for c, levels in model.chances.items()})
    with bench(people, KINDS) as on:
        pairs = on.pairs((a, b) for a, b, _ in weighed)
        heavy = {(a, b): weight for a, b, weight in on.weigh(pairs, other)}
        for least in (-25.0, -15.0, -5.0):
            kept = set(on.connection.execute(f"select l, r from {on.likely(pairs, other, least)}").fetchall())
            assert {pair for pair, weight in heavy.items() if weight >= least} <= kept


def test_a_level_that_a_pair_reaches_was_held_to_be_possible(people, model, weighed):
    plain = replace(model, frequencies={})
    levels = [(comparison, level) for comparison in plain.comparisons for level in comparison.levels[1:]]
    asked = ", ".join(bound._asked(c, {x.name: float(x is level) for x in c.levels}) for c, level in levels)
    with bench(people, KINDS) as on:
        pairs = on.pairs((a, b) for a, b, _ in weighed[::3])
        sketched = on.make(f"select unique_id as id, {bound.sketch(KINDS, plain)} from {on._known(plain)}")
        joined = f"{pairs} as p join {sketched} as l on l.id = p.l join {sketched} as r on r.id = p.r"
        for a, b, *most in on.connection.execute(f"select p.l, p.r, {asked} from {joined}").fetchall():
            possible = {(c.name, level.name) for (c, level), found in zip(levels, most, strict=True) if found > 0.9}
            reached = {(c.name, c.level(people[a], people[b])) for c in plain.comparisons}
            assert {(name, level.name) for name, level in reached if level.name != "absent"} <= possible


def test_what_people_cannot_be_is_not_weighed(people, weighed):
    base = starting(KINDS, AGENCIES, NOW)
    with bench(people, KINDS) as on:
        pairs = on.pairs((a, b) for a, b, _ in weighed)
        heavy = on.weigh(pairs, base, -2.0)
        assert len(heavy) <= on.count(on.likely(pairs, base, -2.0)) < len(weighed) / 2


def test_a_weight_is_the_same_from_both_sides(people, model, weighed):
    for a, b, _ in weighed[::7]:
        assert score(people[a], people[b], model).total == pytest.approx(score(people[b], people[a], model).total)


def test_the_parts_add_up(people, model, weighed):
    for a, b, _ in weighed[::7]:
        weight = score(people[a], people[b], model)
        assert weight.total == pytest.approx(weight.prior + sum(p.weight + p.rarity for p in weight.parts))


def test_no_pair_weighs_nothing_in_an_empty_run(people, model):
    assert weigh(people, [], model) == []


def someone(**what):
    return standardise(Features(UUID(int=1), **{"agency": "police", **what}))


def level(name, one, other):
    (comparison,) = [c for c in comparisons(KINDS, AGENCIES) if c.name == name]
    return comparison.level(one, other).name


GIVEN_LEVELS = [
    ("Wim", "wim", "same"), ("Jasmin", "Jasmni", "mistyped"), ("Abe", "Aeb", "mistyped"), ("Liz", "Elizabeth", "nickname"),
    ("E", "Elizabeth", "initial"), ("J", "Mary Jo", "initial"), ("Mary Jo", "J", "initial"), ("K", "Mary Jo", "different"), ("Christopher", "Christofer", "near"), ("Wim", "Kees", "different"), ("Li", "Lo", "different"),
    (None, "Wim", "absent"), ("Henk", "Hendrik", "nickname"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "expected"), GIVEN_LEVELS)
def test_given_names_reach_their_level(one, other, expected):
    assert (
        level("given", someone(given_names=one, family_name="x"), someone(given_names=other, family_name="y"))
        == expected
    )


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("1980-02-03", "1980-02-03", "same"), ("1980-02-03", "1980-03-02", "day and month exchanged"),
     ("1980-02-03", "1981-02-03", "mistyped"), ("1980-02-03", "1990-02-03", "mistyped"),
     ("1980-05-23", "1980-01-01", "1 January of the year"), ("1980-05-23", "1975-05-23", "another year"),
     ("1980-05-23", "1965-05-23", "another year"), ("1980-05-03", "1980-05-28", "another day"),
     ("1980-05-23", "1980-12-23", "another month"), ("1980-05-23", "1971-11-02", "different"), ("1980-05-23", None, "absent")],
)  # fmt: skip
def test_birth_dates_reach_their_level(one, other, expected):
    dates = [date.fromisoformat(text) if text else None for text in (one, other)]
    assert level("birth", *(someone(birth_date=each) for each in dates)) == expected


def test_a_name_written_the_wrong_way_round_counts_once():
    one, other = (
        someone(given_names="Sheng", family_name="Sheleike"),
        someone(given_names="Sheleike", family_name="Sheng"),
    )
    assert level("given", one, other) == "exchanged or alias"
    assert level("family", one, other) == "absent"


def address(one, other):
    compared = next(c for c in comparisons((), ()) if c.name == "address")
    return compared.level(someone(address=one), someone(address=other)).name


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("12 Dorpsstraat", "Dorpsstraat 12", "same"),
        ("95 leahy place crestfield shenton park", "95 leahy lplace crestkield shento mpark", "most"),
        ("42 cherry place", "cherry place", "most"),
        ("12 Dorpsstraat, Elburg", "3 Dorpsstraat, Elburg, Gelderland", "half"),
        ("12 Dorpsstraat", "3 Kerkweg", "different"),
        (None, "3 Kerkweg", "absent"),
        ("", "3 Kerkweg", "absent"),
    ],
)
def test_addresses_reach_their_level(one, other, level):
    assert address(one, other) == level == address(other, one)


def slips(one, other):
    compared = next(c for c in comparisons((), ()) if c.name == "slips")
    return compared.level(someone(**one), someone(**other)).name


@pytest.mark.parametrize(
    ("other", "level"),
    [
        ({}, "none"),
        ({"given_names": "Wimm"}, "one"),
        ({"given_names": "Wimm", "family_name": "Smid"}, "two"),
        ({"given_names": "Wimm", "family_name": "Smid", "birth_date": date(1980, 2, 4)}, "all"),
        ({"given_names": "Smit", "family_name": "Wim"}, "absent"),  # one slip, and not two
        ({"given_names": None}, "absent"),
    ],
)
def test_slips_are_counted(other, level):
    one = {"given_names": "Wim", "family_name": "Smit", "birth_date": date(1980, 2, 3)}
    assert slips(one, one | other) == level == slips(one | other, one)


def test_two_names_that_people_bear_are_no_slip_of_the_pen(model):
    compared = next(c for c in comparisons((), ()) if c.name == "family")
    pair = someone(family_name="Schmitt"), someone(family_name="Schmidt")
    assert compared.level(*pair).name == "mistyped"
    assert compared.level(*pair, lambda column, _name: column == "family").name == "two names"


def test_forenames_that_are_often_anothers_tell_no_twin(model):
    one, other = someone(given_names="Tim", **TWIN), someone(given_names="Kees", **TWIN)
    strong = {(1, 2): 30.0}
    chances = {**model.chances, "given": {**model.chances["given"], "different": Chance(0.01, 0.9)}}
    telling = replace(model, chances=chances)
    assert partition([1, 2], strong, {1: one, 2: other}, telling, Bonds()).persons == [(1,), (2,)]
    chances = {**model.chances, "given": {**model.chances["given"], "different": Chance(0.2, 0.9)}}
    assert partition([1, 2], strong, {1: one, 2: other}, replace(model, chances=chances), Bonds()).persons == [(1, 2)]


def test_what_excuses_the_twins_of_one_family_says_nothing_of_another_family_with_the_same_forenames(model):
    chances = {**model.chances, "given": {**model.chances["given"], "different": Chance(0.01, 0.9)}}
    born = date(1975, 5, 6)
    people = {
        1: someone(given_names="Tim", **TWIN),
        2: someone(given_names="Kees", **TWIN),
        3: someone(given_names="Tim", family_name="Bakker", birth_date=born),
        4: someone(given_names="Kees", family_name="Bakker", birth_date=born),
    }
    strong = {(1, 2): 30.0, (3, 4): 30.0}
    told = Bonds(same=frozenset({(1, 2)}))
    assert partition(people, strong, people, replace(model, chances=chances), told).persons == [(1, 2), (3,), (4,)]


def test_a_maiden_name_on_file_is_an_alias():
    one = someone(given_names="Anna", family_name="Smit")
    other = someone(given_names="Anna", family_name="de Vries", alias_names=("Anna Smit",))
    assert (level("given", one, other), level("family", one, other)) == ("same", "alias")


def test_one_of_two_surnames():
    assert level("family", someone(family_name="García López"), someone(family_name="Garcia")) == "one of two"


# Twins

TWIN = {"family_name": "Smit", "birth_date": date(1980, 2, 3)}


def KNOWN(_column, name):  # noqa: N802 - a table, of which it is asked
    return name in {"tim", "tom", "kees", "camille"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"given_names": "Wim"}, {"given_names": "Kees"}),
        ({"given_names": "Tim"}, {"given_names": "Tom"}),
        ({"given_names": "Wim", "identifiers": {"police_number": "A123456"}},
         {"given_names": "Kees", "identifiers": {"police_number": "A123457"}}),
        ({"given_names": "Wim", "identifiers": {"police_number": "A123456"}},
         {"given_names": "Kees", "identifiers": {"prison_number": "A123456"}}),
    ],
    ids=["other names", "names a letter apart", "consecutive numbers", "numbers of two kinds"],
)  # fmt: skip
def test_twins_may_be_twins(one, other):
    assert may_be_twins(someone(**one, **TWIN), someone(**other, **TWIN), KNOWN)
    assert may_be_twins(someone(**other, **TWIN), someone(**one, **TWIN), KNOWN)


@pytest.mark.parametrize(
    "other",
    [
        {"given_names": "Wim", **TWIN},
        {"given_names": "Willem", **TWIN},
        {"given_names": "Wmi", **TWIN},
        {"given_names": "W", **TWIN},
        {"given_names": "Smit", "family_name": "Wim", "birth_date": TWIN["birth_date"]},
        {**TWIN},
        {"given_names": "Kees", "family_name": "Smit"},
        {"given_names": "Kees", **TWIN, "identifiers": {"police_number": "A123456"}},
        {"given_names": "Kees", **TWIN, "identifiers": {"police_number": "A132456"}},
    ],
)
def test_one_person_is_not_taken_for_twins(other):
    one = someone(given_names="Wim", identifiers={"police_number": "A123456"}, **TWIN)
    assert not may_be_twins(one, someone(**other), KNOWN)


def test_pairs_that_blocking_did_not_find_are_scored_before_they_are_averaged():
    wim = someone(given_names="Wim", **TWIN)
    kees = someone(given_names="Kees", family_name="Jansen", birth_date=date(1982, 5, 7))
    model = starting(KINDS, AGENCIES, NOW)
    found = {(1, 2): 19.0, (2, 3): 4.0}
    assert partition([1, 2, 3], found, {1: wim, 2: wim, 3: wim}, model, Bonds()).persons == [(1, 2, 3)]
    assert partition([1, 2, 3], found, {1: kees, 2: wim, 3: wim}, model, Bonds()).persons == [(1, 2), (3,)]


# Models


def test_a_model_written_and_read_is_the_same(model):
    import json

    again = from_json(json.loads(json.dumps(model.as_json())))
    assert again == model
    assert again.frequencies["given"].share("wim") == model.frequencies["given"].share("wim")


@pytest.mark.parametrize("damage", ["format", "chances", "prior"])
def test_a_damaged_model_is_refused(model, damage):
    stored = model.as_json()
    del stored[damage]
    with pytest.raises(ModelError):
        from_json(stored)


def test_a_model_without_a_level_is_refused(model):
    stored = model.as_json()
    del stored["chances"]["given"]["same"]
    with pytest.raises(ModelError, match="given: same"):
        from_json(stored)


def test_a_model_that_is_certain_is_refused(model):
    stored = model.as_json()
    stored["chances"]["sex"]["same"] = [1.0, 0.0]
    with pytest.raises(ModelError, match="sex"):
        from_json(stored)


def test_a_rare_name_weighs_more_than_a_common_one(model):
    (given_name,) = [c for c in model.comparisons if c.name == "given"]
    same = given_name.levels[1]
    commonest = max(model.frequencies["given"].shares, key=model.frequencies["given"].share)
    assert model.rarity(given_name, same, "unheardof") > model.rarity(given_name, same, commonest)


@given(st.floats(-50, 50))
def test_bands_are_fixed_and_touch(weight):
    expected = (
        Band.LINKED
        if weight >= LINKED_FROM
        else Band.NEEDS_A_PERSON
        if weight >= NEEDS_A_PERSON_FROM
        else Band.NOT_LINKED
    )
    assert band(weight) is expected


def test_live_linking_loads_neither_splink_nor_duckdb():
    program = "import sys, comity.people; print(sorted({'splink', 'duckdb', 'pyarrow'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_thresholds_are_those_of_2026_11_22():
    assert (LINKED_FROM, NEEDS_A_PERSON_FROM, SHORTEST_TO_MISTYPE) == (2.0, -2.0, 3)
    assert math.isclose(2**LINKED_FROM, 4)  # odds of four to one
