"""What is learnt of slips that come together, and of a person's answers. Tables in, weights out."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.people.ask import REACH, explained, saved, shift, taught, to_ask
from comity.people.comparisons import SLIPS
from comity.people.model import Chance
from comity.people.refine import Pattern, _counts, _falling, chance, refined
from comity.people.score import LINKED_FROM
from comity.people.starting import starting

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def model(same=0.7):
    """Weights under which each of the three fields goes wrong, by itself, in three pairs of ten."""
    base = starting((), ("court",), NOW)
    chances = {**base.chances}
    for name in ("given", "family", "birth"):
        chances[name] = {**chances[name], "same": Chance(same, 1e-4), "mistyped": Chance(1 - same, 1e-3)}
    return replace(base, prior=1e-6, chances=chances)


def pattern(slips, pairs):
    levels = {
        name: "mistyped" if number < slips else "same" for number, name in enumerate(("given", "family", "birth"))
    }
    return Pattern({**levels, "slips": (*SLIPS, "all")[slips]}, 0.0, pairs)


def learnt(*pairs):
    found = refined(model(), [pattern(slips, number) for slips, number in enumerate(pairs)], 10_000)
    return [found.chances["slips"][name].weight for name in (*SLIPS, "all")]


def test_slips_that_come_alone_speak_against_two():
    none, one, two, every = learnt(500, 480, 20, 0)
    assert none >= one > 0 > two >= every


def test_slips_that_are_independent_say_next_to_nothing():
    assert learnt(*(round(10_000 * p) for p in _counts([0.3, 0.3, 0.3]))) == pytest.approx([0] * 4, abs=0.1)


def test_that_nobody_was_entered_twice_alike_is_no_reason_to_doubt_who_is():
    none, one, *_ = learnt(0, 950, 50, 0)
    assert none == pytest.approx(one)


def test_a_handful_of_pairs_teaches_nothing():
    assert learnt(0, 5, 0, 0) == [0] * 4


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_counts_of_independent_slips_are_a_distribution(chances):
    assert math.isclose(sum(_counts(chances)), 1, abs_tol=1e-6)


@given(st.lists(st.tuples(st.floats(0.01, 10), st.floats(0.01, 10)), min_size=1, max_size=8))
def test_the_nearest_falling_values_fall_and_keep_the_mean(pairs):
    values, weights = [v for v, _ in pairs], [w for _, w in pairs]
    found = _falling(values, weights)
    assert all(a >= b - 1e-9 for a, b in pairwise(found))
    mean = sum(v * w for v, w in pairs)
    assert sum(v * w for v, w in zip(found, weights, strict=True)) == pytest.approx(mean)


# --- answers -----------------------------------------------------------------------------------------------------------


def learnt_from(base, answers):
    """What answers teach where every pair is linked by its own weight."""
    return taught(
        base, answers, lambda by: [w + by.prior_weight - base.prior_weight >= LINKED_FROM for w, _ in answers]
    )


def test_answers_move_the_weights_to_what_they_are_worth():
    base = model()
    weights = [(w - 20) / 2 for w in range(41)]
    right = [(w, chance(w) > 0.5) for w in weights] * 5
    assert learnt_from(base, right).prior_weight == pytest.approx(base.prior_weight, abs=0.3)
    too_high = [(w, chance(w - 4) > 0.5) for w in weights] * 5
    assert learnt_from(base, too_high).prior_weight == pytest.approx(base.prior_weight - 4, abs=0.5)


@pytest.mark.parametrize("few", [[], [(5.0, False)], [(2.1, False), (-3.0, True)]])
def test_of_no_answers_or_a_few_nothing_is_learnt(few):
    assert learnt_from(model(), few) == model()


def test_where_weights_are_worth_what_they_say_chance_teaches_nothing():
    base, moved = model(), 0
    for seed in range(40):
        draw = Random(seed)  # noqa: S311 - a test's
        answers = [(weight, draw.random() < chance(weight)) for weight in [(w - 100) / 10 for w in range(200)]]
        moved += learnt_from(base, answers) != base
    assert moved <= 1


def test_what_explains_the_answers_better_and_decides_worse_is_not_learnt():
    # Far from the threshold there are fewer of one person than weights say; near it links are right.
    answers = [(-1.0, False)] * 40 + [(7.0, it > 3) for it in range(40)] + [(2 + it / 40, it > 0) for it in range(40)]
    Random(1).shuffle(answers)  # noqa: S311 - a test's
    assert shift(answers) < -1
    assert sum(explained(answers)) > 0
    assert learnt_from(model(), answers) == model()


def test_what_linking_by_it_would_not_do_better_is_not_learnt():
    too_high = [(w, chance(w - 4) > 0.5) for w in ((w - 20) / 2 for w in range(41))] * 5
    assert learnt_from(model(), too_high) != model()
    assert taught(model(), too_high, lambda _: [True] * len(too_high)) == model(), "nobody would be linked otherwise"
    same, before, after = (True, True, False, False), (True, False, True, False), (False, True, False, True)
    assert saved(same, before, after) == [-1, 1, 4, -4]


def test_whom_to_ask_about_is_spread_over_the_weights_and_told_in_no_order_of_them():
    weights = {(UUID(int=n), UUID(int=n + 100_000)): (n - 5_000) / 250 for n in range(10_000)}
    asked = to_ask(weights, 200, 1)
    assert len(asked) == len(set(asked)) == 200
    told = [weights[pair] for pair in asked]
    assert max(map(abs, told)) < REACH
    assert {math.floor(w / 4) for w in told} == {-3, -2, -1, 0, 1, 2}
    assert told != sorted(told)
    assert asked == to_ask(weights, 200, 1) != to_ask(weights, 200, 2)
