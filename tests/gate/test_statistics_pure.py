"""The parts of statistics that touch no database: cells, periods, the privacy maps of the noise, and what is made of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise
from math import exp

import opendp.prelude as dp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.agreements import parse_agreement
from comity.agreements.models import PrivacyBudget
from comity.gate.errors import GateError
from comity.gate.models import Category, Measure, Quantity, Statistic
from comity.gate.statistics import noise
from comity.gate.statistics.budget import affords, delta_of, due, price
from comity.gate.statistics.cells import Known, expanded, values_of
from comity.gate.statistics.figures import Noisy, balanced, counted, means, radius
from comity.gate.statistics.models import Axis, Figure, Numbers, from_text
from comity.vocabulary import load

from .counting import count, text

VOCABULARY = load()
EPSILONS = st.decimals("0.0001", "10", places=4)


def field(name: str):
    record, _, of = name.partition(".")
    return VOCABULARY.record_type(record).field(of)


# --------------------------------------------------------------------------- the cells are never said by the data

CELLS = [  # field, form, from where its values are known, how many are always there
    ("charge.severity", "as-is", Known.ALWAYS, 5),
    ("charge.spent", "as-is", Known.ALWAYS, 2),
    ("person.birth_date", "age-band", Known.ALWAYS, 10),
    ("person.birth_date", "year", Known.NAMED, 0),
    ("person.birth_date", "month", Known.NAMED, 0),
    ("person.postcode", "area", Known.CHOSEN, 0),
    ("person.postcode", "present", Known.ALWAYS, 2),
    ("incident.risk_score", "as-is", Known.ALWAYS, 25),
    ("incident.risk_score", "band", Known.ALWAYS, 3),
    ("assessment.score", "band", Known.ALWAYS, 101),
    ("assessment.score", "as-is", Known.NAMED, 0),  # a thousand values
    ("supervision.appointments_kept", "band", Known.NAMED, 0),  # no upper bound
]


@pytest.mark.parametrize(("name", "form", "known", "listed"), CELLS)
def test_values_are_known_from(name, form, known, listed):
    found = values_of(field(name), form)
    assert (found.known, len(found.listed)) == (known, listed)


@pytest.mark.parametrize(
    ("name", "form"),
    [("person.name", "as-is"), ("person.name", "initials"), ("person.birth_date", "as-is"), ("charge.case", "as-is"),
     ("charge.offence", "as-is"), ("person.police_number", "pseudonym"), ("person.safe_contact", "as-is")],
)  # fmt: skip
def test_what_has_too_many_values_is_no_category(name, form):
    assert values_of(field(name), form) is None


EXPANDED = [
    ("charge.charged_on", "year", ("2024..2026",), ("2024", "2025", "2026")),
    ("charge.charged_on", "year", ("2024", "2020"), ("2024", "2020")),
    ("charge.charged_on", "month", ("2025-11..2026-02",), ("2025-11", "2025-12", "2026-01", "2026-02")),
    ("supervision.appointments_kept", "band", ("0-9..20-29",), ("0-9", "10-19", "20-29")),
    ("supervision.appointments_kept", "as-is", ("0..3",), ("0", "1", "2", "3")),
    ("charge.severity", "as-is", ("minor",), ("minor",)),
    ("charge.severity", "as-is", ("trivial",), None),
    ("charge.charged_on", "year", ("2026..2024",), None),
    ("charge.charged_on", "year", ("0001..9999",), None),
    ("charge.charged_on", "month", ("2026-13",), None),
    ("supervision.appointments_kept", "band", ("5-14",), None),
    ("person.postcode", "area", ("SW1A", "sw1a"), None),
    ("charge.severity", "as-is", ("minor..serious",), None),
]


@pytest.mark.parametrize(("name", "form", "named", "values"), EXPANDED)
def test_named_values_are_these(name, form, named, values):
    assert expanded(field(name), form, named) == values


MEANINGLESS = [
    {"measure": Measure.SUM},
    {"measure": Measure.ROWS, "quantity": Quantity("score", 0, 9)},
    {"by": (Category("charge", "severity"), Category("charge", "severity", "present"))},
    {"by": tuple(Category("charge", name) for name in "abcd")},
    {"only": (Category("charge", "severity"),)},
    {"epsilon": Decimal(0)},
    {"epsilon": Decimal(-1)},
    {"epsilon": Decimal("NaN")},
    {"epsilon": Decimal("Infinity")},
    {"epsilon": Decimal("0.00001")},
    {"epsilon": Decimal(11)},
]


@pytest.mark.parametrize("changes", MEANINGLESS)
def test_a_question_without_a_meaning_cannot_be_put(changes):
    with pytest.raises(GateError):
        Statistic(**{"record": "charge", "measure": Measure.ROWS, **changes})


@pytest.mark.parametrize(("low", "high"), [(0, 0), (5, 1), (0, 10**7), (-(10**7), 0)])
def test_bounds_must_bound(low, high):
    with pytest.raises(GateError):
        Quantity("score", low, high)


# ------------------------------------------------------------- the scale of the noise: OpenDP's own privacy map is asked


@given(st.integers(1, 10**7), EPSILONS)
def test_the_noise_costs_no_more_than_is_paid_and_no_scale_is_wasted(sensitivity, epsilon):
    measurement, scale = noise.laplace(sensitivity, epsilon)
    assert Decimal(measurement.map(sensitivity)) <= epsilon
    assert float(epsilon) * (1 - 1e-9) <= measurement.map(sensitivity)
    assert measurement.map(2 * sensitivity) > float(epsilon) * 1.9  # two people, twice the loss
    assert scale == pytest.approx(sensitivity / float(epsilon))


@pytest.mark.parametrize("most", [1, 3, 100])
@pytest.mark.parametrize(("epsilon", "delta"), [("0.05", "1e-7"), ("1", "1e-6"), ("5", "1e-5")])
def test_a_choice_costs_no_more_than_is_paid(most, epsilon, delta):
    spent = noise.choice(most, Decimal(epsilon), Decimal(delta)).map((most, most, 1))
    assert (Decimal(spent[0]) <= Decimal(epsilon), Decimal(spent[1]) <= Decimal(delta)) == (True, True)
    assert spent[1] > float(delta) * exp(-float(epsilon) / most) / 3  # the threshold, a whole number, is the least


def test_what_one_person_alone_has_is_not_chosen():
    # By chance it is in one of ten million draws.
    assert noise.chosen({"AA": 1, "BB": 100_000}, 1, Decimal(1), Decimal("1e-7"), 10) == ("BB",)
    assert noise.chosen({}, 1, Decimal(1), Decimal("1e-7"), 10) == ()


def test_the_noise_is_there_and_is_drawn_anew():
    # Coarse, so that it cannot fail by chance: of 2,000 draws of scale 30 all are nought with a chance of 10^-3500.
    first, _ = noise.noisy([0] * 2_000, 3, Decimal("0.1"))
    again, _ = noise.noisy([0] * 2_000, 3, Decimal("0.1"))
    assert first != again
    assert 10 < sum(map(abs, first)) / len(first) < 100  # the mean of |X| is about 30; this is forty of its errors away
    assert -10 < sum(first) / len(first) < 10


# ------------------------------------------------------------------------------------------------------------- the bounds


@given(st.floats(0.1, 10**6), st.sampled_from([0.05, 0.025, 0.01]))
def test_bounds_are_those_of_the_noise(scale, alpha):
    p, far = exp(-1 / scale), radius(scale, alpha=alpha)
    outside = 2 * p ** (far + 1) / (1 + p)
    assert outside <= alpha * (1 + 1e-9)
    assert far == 0 or 2 * p**far / (1 + p) > alpha * (1 - 1e-9)
    assert far == pytest.approx(int(dp.discrete_laplacian_scale_to_accuracy(scale=scale, alpha=alpha)), abs=1)


@pytest.mark.parametrize("cells", [2, 10, 1000])
def test_bounds_of_a_total_grow_slower_than_its_cells(cells):
    one, all_of_them = radius(30.0), radius(30.0, cells)
    assert one < all_of_them < one * cells**0.5 * 2


NUMBERS = st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=40)


@given(NUMBERS)
def test_what_is_shown_is_nowhere_negative_and_adds_up(numbers):
    shown = balanced(numbers)
    assert min(shown) >= 0
    assert sum(shown) == max(sum(numbers), 0)
    for one, other in pairwise(numbers):  # the order of two cells is never turned round
        before, after = shown[numbers.index(one)], shown[numbers.index(other)]
        assert before >= after or one < other


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=40))
def test_what_can_be_is_shown_as_it_is(numbers):
    assert balanced(numbers) == numbers


@given(NUMBERS)
def test_bounds_are_never_narrower_than_the_noise(numbers):
    names = [(str(at),) for at in range(len(numbers))]
    figures, total = counted(names, Noisy(numbers, 30.0))
    far = radius(30.0)
    for figure, raw in zip(figures, numbers, strict=True):
        assert figure.low <= max(raw - far, 0)
        assert figure.high >= raw + far
        assert figure.low <= figure.number <= figure.high
    assert sum(it.number for it in figures) == total.number


@given(st.integers(-100, 10_000), st.integers(-(10**6), 10**6), st.floats(0.5, 100), st.floats(0.5, 10**5))
def test_a_mean_lies_within_what_was_named(rows, added, scale, wider):
    (figure,), total = means([()], Noisy([rows], scale), Noisy([added], wider), 200, (0, 400))
    for each in (figure, total):
        assert 0 <= each.low <= each.number <= each.high <= 400


def test_the_mean_of_one_person_says_nothing():
    rows, sums = 3 / 0.05, 3 * 200 / 0.05  # the noise of half of a tenth of a budget of one
    (figure,), _ = means([()], Noisy([1], rows), Noisy([150], sums), 200, (0, 400))
    assert (figure.low, figure.high) == (0, 400)


# ------------------------------------------------------------------------------------------------------------- the budget

BUDGET = PrivacyBudget(Decimal(1), Decimal("1e-6"), "P1M", 3)
AGREEMENT = parse_agreement(text(), VOCABULARY)
ROW = (date(2026, 6, 1), date(2026, 7, 1), Decimal(1), Decimal(0), Decimal("0.4"), Decimal(0))


def test_the_first_period_begins_with_the_agreement():
    found = due(AGREEMENT, BUDGET, None, date(2026, 6, 15))
    assert (found.starts, found.ends, found.left) == (date(2026, 6, 1), date(2026, 7, 1), Decimal(1))


def test_a_period_that_was_opened_lasts_whatever_a_new_version_says():
    found = due(AGREEMENT, PrivacyBudget(Decimal(5), Decimal(0), "P1D", 3), ROW, date(2026, 6, 30))
    assert (found.starts, found.ends, found.left) == (date(2026, 6, 1), date(2026, 7, 1), Decimal("0.6"))


def test_a_smaller_budget_counts_at_once():
    found = due(AGREEMENT, PrivacyBudget(Decimal("0.3"), Decimal(0), "P1M", 3), ROW, date(2026, 6, 30))
    assert (found.left, affords(found, Decimal("0.0001"), Decimal(0))) == (Decimal(0), False)


def test_a_larger_budget_and_another_length_count_from_the_next_period():
    found = due(AGREEMENT, PrivacyBudget(Decimal(5), Decimal(0), "P1W", 3), ROW, date(2026, 7, 9))
    assert (found.starts, found.ends, found.left) == (date(2026, 7, 8), date(2026, 7, 15), Decimal(5))


@given(EPSILONS, st.lists(EPSILONS, max_size=20))
def test_delta_runs_out_no_sooner_than_epsilon(whole, parts):
    budget = PrivacyBudget(whole, Decimal("1e-6"), "P1M", 3)
    paid, spent = Decimal(0), Decimal(0)
    for part in parts:
        if paid + part <= whole:
            paid, spent = paid + part, spent + delta_of(part, budget)
    assert spent <= budget.delta


@given(EPSILONS)
def test_a_tenth_is_spent_unless_one_says_otherwise(whole):
    assert (
        Decimal("0.0001")
        <= price(count(), PrivacyBudget(whole, Decimal(0), "P1M", 3))
        <= max(whole / 10, Decimal("0.0001"))
    )


def test_what_is_kept_gives_the_same_numbers_back():
    axis = Axis("charge", "severity", "as-is", ("minor",))
    figures = (Figure(("minor",), 4, 0, 9), Figure(("",), 1.25, 0.0, 3.5, 7))
    numbers = Numbers("charge", Measure.MEAN, ("disposed_on", "charged_on", 0, 9), (axis,), (axis,), figures, figures[0], 3,
                      Decimal("0.1"), Decimal("1e-7"), date(2026, 6, 1))  # fmt: skip
    assert from_text(numbers.text()) == numbers
