"""Training without labels: the same weights from the same people, and sane ones from odd people."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from comity.people import bulk
from comity.people.block import LARGEST_BLOCK
from comity.people.bulk import Blocking, bench
from comity.people.comparisons import comparisons
from comity.people.estimate import Session, _at_first, within_one
from comity.people.models import Features
from comity.people.refine import Pattern
from comity.people.standardise import standardise
from comity.people.starting import STARTING
from comity.people.train import LEAST_TO_TRAIN, train

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SYLLABLES = ["ba", "de", "fi", "go", "hu", "ja", "ke", "li", "mo", "nu", "pa", "re", "si", "to", "vu", "za"]


def crowd(size, records=3):
    """People with names of two or three syllables, each with some records; one in six mistyped. Agency b has each once."""
    chance = random.Random(5)  # noqa: S311 - the same crowd each time
    name = lambda: "".join(chance.choices(SYLLABLES, k=chance.choice([2, 3])))  # noqa: E731 - short
    for _ in range(size):
        given, family, born = name(), name(), date(1950, 1, 1) + timedelta(chance.randrange(18_000))
        for record in range(records):
            wrong = given[:-1] + "x" if chance.random() < 1 / 6 else given
            yield standardise(Features(UUID(int=1), "b" if record == 0 else "a", wrong, family, birth_date=born))


@pytest.fixture(scope="module")
def people():
    return list(crowd(400))


@pytest.fixture(scope="module")
def model(people):
    return train(people, "v", NOW)


def test_the_order_of_people_and_the_hour_do_not_change_the_weights(people, model):
    shuffled = random.Random(3).sample(people, len(people))  # noqa: S311
    again = train(shuffled, "v", NOW)
    assert again.as_json() == model.as_json()


def test_the_prior_is_about_the_share_of_pairs_that_are_one_person(people, model):
    n = len(people)
    assert model.prior == pytest.approx(400 * 3 / (n * (n - 1) / 2), rel=0.05)


def test_how_often_names_are_mistyped_is_learnt(model):
    assert model.chances["given"]["mistyped"].m == pytest.approx(2 * 1 / 6 * 5 / 6, abs=0.06)


def test_frequencies_are_of_people_and_not_of_records(model):
    assert model.frequencies["family"].rarest == pytest.approx(1 / 400, rel=0.05)


def test_that_an_agency_holds_everybody_once_is_learnt(model):
    weights = {level: chance.weight for level, chance in model.chances["agency"].items()}
    assert weights["both b"] < -5
    assert weights["both a"] > -2


def test_a_field_that_nobody_filled_in_says_nothing(model):
    assert {chance.weight for chance in model.chances["postcode"].values()} == {0.0}


def test_progress_is_told(people):
    said = []
    train(people, "v", NOW, said.append)
    assert any("1200" in step or "pairs" in step for step in said)


def test_the_model_says_what_it_was_trained_on(model):
    assert model.counts["source_persons"] == 1200
    assert model.library.startswith("splink 5")


def test_too_few_to_learn_from_leave_the_starting_weights(people):
    assert train(people[: LEAST_TO_TRAIN - 1], "v", NOW).version == STARTING


def test_many_of_whom_no_two_agree_leave_the_starting_weights():
    strangers = [standardise(Features(UUID(int=1), "a", f"g{n}", f"f{n}", birth_date=date(1950, 1, 1) + timedelta(n)))
                 for n in range(LEAST_TO_TRAIN)]  # fmt: skip
    assert train(strangers, "v", NOW).version == STARTING


def test_a_name_that_very_many_bear_does_not_undo_what_is_learnt(people, model):
    namesakes = [
        standardise(Features(UUID(int=1), "b", "jan", "vries", birth_date=date(1950, 1, 1) + timedelta(n * 17)))
        for n in range(LARGEST_BLOCK + 100)
    ]
    learnt = train([*people, *namesakes], "v", NOW)
    for comparison in ("given", "family", "birth"):
        assert learnt.chances[comparison]["same"].m == pytest.approx(model.chances[comparison]["same"].m, abs=0.01)


def test_the_pairs_of_a_date_or_name_that_very_many_share_are_left_out_of_training():
    names = [("jan", "o'brien"), ("jan", "o'brien"), ("wim", "berg"), ("wim", "berg"), ("wim", None), ("wim", None)]
    people = [standardise(Features(UUID(int=1), "a", given, family)) for given, family in names]
    with bench(people, []) as on:
        found = lambda crowded: on.count(on.sharing(Blocking(("given", "family"), crowded)))  # noqa: E731 - short
        assert found(()) == 2
        assert found((("jan", "obrien"),)) == 1
        assert found((("jan", "obrien"), ("wim", "berg"))) == 0


def _estimated(linker, which):
    saved = linker.misc.save_model_to_json()["comparisons"]
    return {
        c["output_column_name"]: {x["label_for_charts"]: x.get(which) for x in c["comparison_levels"]} for c in saved
    }


def test_chances_within_one_person_are_those_that_splink_estimates_from_the_same_pairs(people, model):
    compared = [each for each in comparisons((), model.agencies) if each.name != "slips"]
    begun = {
        c.name: {x.name: replace(model.chances[c.name][x.name], m=_at_first(c)[x.name]) for x in c.levels[1:]}
        for c in compared
    }
    begun = replace(model, chances={**model.chances, **begun})
    blockings = [Blocking(("birth",)), Blocking(("given", "family"))]
    with bench(people, []) as on:
        ours = on.within(compared, begun, blockings)
        linker = on.linker(compared, begun)
        for rule in ("l.birth = r.birth", "l.given = r.given and l.family = r.family"):
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        splinks = _estimated(linker, "m_probability")
    for comparison, levels in ours.items():
        for level, m in levels.items():
            assert m == pytest.approx(splinks[comparison][level], abs=1e-3), (comparison, level)


@pytest.mark.parametrize("pairs", [5e4, 1e6])
def test_chances_among_strangers_are_those_that_splink_estimates_from_the_same_people(people, model, pairs):
    compared = [each for each in comparisons((), model.agencies) if each.name != "slips"]
    with bench(people, []) as on:
        ours = on.strangers(range(len(people)), compared, model, pairs=pairs, seed=7)
        linker = on.linker(compared, model)
        linker.training.estimate_u_using_random_sampling(pairs, 7, min_count_per_level=None, num_chunks=1)
        splinks = _estimated(linker, "u_probability")
    assert ours["given"].keys() >= {"same", "mistyped", "different"}
    for comparison, levels in ours.items():
        for level, u in levels.items():
            assert u == pytest.approx(splinks[comparison][level], rel=1e-9), (comparison, level)


def test_of_very_many_pairs_that_share_a_date_a_random_part_is_learnt_from(people, model, monkeypatch):
    compared = [each for each in comparisons((), model.agencies) if each.name != "slips"]
    with bench(people, []) as on:
        every = on.within(compared, model, [Blocking(("birth",))])["given"]
        monkeypatch.setattr(bulk, "MOST_PAIRS", 600)
        assert on.count(on.sharing(Blocking(("birth",)))) == 600
        some = on.within(compared, model, [Blocking(("birth",))])["given"]
    assert some != every
    assert some["same"] == pytest.approx(every["same"], abs=0.05)


def test_a_level_that_only_strangers_reach_shrinks_and_stays_above_nothing(model):
    compared = [each for each in comparisons((), model.agencies) if each.name in {"sex", "given", "birth"}]
    alike = {"sex": "same", "given": "same", "birth": "same"}
    patterns = [Pattern(alike, 0.0, 500), Pattern({**alike, "sex": "different", "given": "different"}, -60.0, 10**9)]
    learnt = within_one(model, compared, [Session(("birth",), patterns)])
    assert 0 < learnt["sex"]["different"] < 1e-6
    assert "nickname" not in learnt["given"]
    assert "birth" not in {name for name, levels in learnt.items() if levels}


def test_people_without_birth_dates_train_what_they_can():
    nameless = [
        standardise(Features(UUID(int=1), "a", s.given, s.family, identifiers={"n": s.birth})) for s in crowd(300, 2)
    ]
    assert train(nameless, "v", NOW).version == "v"
