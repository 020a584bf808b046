"""A budget for statistics: what may stand there, that it is signed with the rest, and which of two may tell more."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import comity
from comity.agreements.budget import Period, period, spends_more
from comity.agreements.canonical import canonical
from comity.agreements.difference import differences
from comity.agreements.errors import FaultyAgreementError
from comity.agreements.models import PrivacyBudget
from comity.agreements.parse import from_canonical, parse_agreement
from comity.agreements.prove import Kind, compare
from comity.agreements.prove_words import finding_words
from comity.agreements.words import agreement_words
from comity.vocabulary import load

VOCABULARY = load()
EXAMPLES = Path(comity.__file__).parent / "agreements" / "examples"
TEXT = (EXAMPLES / "justice-statistics.yaml").read_text()
BUDGET = "statistics: {epsilon: 1.0, delta: 1e-6, per: P1M, most_per_person: 3}"

# what to replace, by what; the column at which the fault stands, its path, words of the cause and of the mend
FAULTS = [
    ("epsilon: 1.0", "epsilon: 0", 23, "statistics.epsilon", "'0' cannot stand", "at most 10"),
    ("epsilon: 1.0", "epsilon: -1", 23, "statistics.epsilon", "'-1' cannot stand", "at most 10"),
    ("epsilon: 1.0", "epsilon: 11", 23, "statistics.epsilon", "'11' cannot stand", "at most 10"),
    ("epsilon: 1.0", "epsilon: 0.00001", 23, "statistics.epsilon", "cannot stand", "at most 10"),
    ("epsilon: 1.0", "epsilon: inf", 23, "statistics.epsilon", "'inf' cannot stand", "1.0"),
    ("epsilon: 1.0", "epsilon: 1e1", 23, "statistics.epsilon", "'1e1' cannot stand", "1.0"),
    ("delta: 1e-6", "delta: 0.01", 35, "statistics.delta", "'0.01' cannot stand", "0.00001"),
    ("delta: 1e-6", "delta: nan", 35, "statistics.delta", "'nan' cannot stand", "0.00001"),
    ("per: P1M", "per: monthly", 46, "statistics.per", "not a length of time", "P2Y"),
    ("per: P1M", "per: P0M", 46, "statistics.per", "not a length of time", "P2Y"),
    ("most_per_person: 3", "most_per_person: 0", 68, "statistics.most_per_person", "not a number of rows", "1 to 100"),
    ("most_per_person: 3", "most_per_person: 101", 68, "statistics.most_per_person", "not a number", "1 to 100"),
    (", most_per_person: 3", "", 13, "statistics", "'most_per_person' is missing", "Add it"),
    ("per: P1M", "pr: P1M", 42, "statistics", "no key named 'pr'", "'per'"),
    (BUDGET + "\n", "", 1, "", "the key 'statistics' is missing", "Add it"),
    ("channels: [statistic]", "channels: [read]", 13, "", "channel 'statistic' is not open", "Remove it"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "by", "column", "path", "cause", "mend"), FAULTS)
def test_a_fault_is_told_at_its_place(what, by, column, path, cause, mend):
    assert what in TEXT
    with pytest.raises(FaultyAgreementError) as raised:
        parse_agreement(TEXT.replace(what, by), VOCABULARY)
    found = [it for it in raised.value.faults if it.path == path and cause in it.cause]
    assert found, [str(it) for it in raised.value.faults]
    assert (found[0].column, mend in found[0].mend) == (column, True) or column in (1, 42)


DECIMALS = st.decimals("0.0001", "10", places=4)


@given(DECIMALS, st.sampled_from(["0", "1e-6", "0.000001", "0.00000125"]), st.integers(1, 100))
def test_what_is_signed_gives_the_same_budget_back(epsilon, delta, most):
    text = TEXT.replace(
        BUDGET, f"statistics: {{epsilon: {epsilon:f}, delta: {delta}, per: P6M, most_per_person: {most}}}"
    )
    agreement = parse_agreement(text, VOCABULARY)
    assert agreement.statistics == PrivacyBudget(epsilon, Decimal(delta), "P6M", most)
    assert from_canonical(canonical(agreement), VOCABULARY) == agreement


def test_one_budget_has_one_canonical_form():
    other = TEXT.replace("1.0, delta: 1e-6", "'1', delta: 0.000001")
    assert canonical(parse_agreement(other, VOCABULARY)) == canonical(parse_agreement(TEXT, VOCABULARY))


def test_an_agreement_without_one_is_signed_as_before():
    for file in EXAMPLES.glob("*.yaml"):
        if file.name != "justice-statistics.yaml":
            assert b'statistics":' not in canonical(parse_agreement(file.read_text(), VOCABULARY)).replace(b" ", b"")


def test_it_is_said_in_words():
    said = next(
        it.text for it in agreement_words(parse_agreement(TEXT, VOCABULARY), VOCABULARY) if it.key == "statistics"
    )
    assert "at most 3 rows of each person" in said.en
    assert "1 maand samen" in said.nl


WIDER = [
    ("epsilon: 1.0", "epsilon: 1.5", True),
    ("epsilon: 1.0", "epsilon: 0.5", False),
    ("delta: 1e-6", "delta: 2e-6", True),
    ("delta: 1e-6", "delta: 0", False),
    ("per: P1M", "per: P1W", True),
    ("per: P1M", "per: P4W", True),
    ("per: P1M", "per: P1Y", False),
    ("most_per_person: 3", "most_per_person: 9", False),  # the noise grows with it
]


@pytest.mark.parametrize(("what", "by", "wider"), WIDER)
def test_a_larger_budget_releases_more(what, by, wider):
    old = parse_agreement(TEXT, VOCABULARY)
    new = parse_agreement(TEXT.replace(what, by).replace("version: 1", "version: 2"), VOCABULARY)
    found = [it for it in compare(old, new, VOCABULARY) if it.kind is Kind.OPENS_WIDER]
    assert (
        [it.clause for it in found]
        == ["statistics"] * wider
        == ["statistics"] * spends_more(old.statistics, new.statistics)
    )
    assert all("Statistics may tell more" in finding_words(it, new, VOCABULARY).en for it in found)
    assert [it.key for it in differences(old, new, VOCABULARY)] == ["statistics"]


@pytest.mark.parametrize(
    ("per", "first", "today", "starts", "ends"),
    [
        ("P1M", "2026-01-01", "2026-01-01", "2026-01-01", "2026-02-01"),
        ("P1M", "2026-01-01", "2026-01-31", "2026-01-01", "2026-02-01"),
        ("P1M", "2026-01-01", "2026-02-01", "2026-02-01", "2026-03-01"),
        ("P1M", "2026-01-31", "2026-03-30", "2026-02-28", "2026-03-31"),  # the month's end does not wander
        ("P1W", "2026-01-01", "2026-01-08", "2026-01-08", "2026-01-15"),
        ("P1Y6M", "2026-01-01", "2027-08-01", "2027-07-01", "2029-01-01"),
    ],
)
def test_periods_follow_each_other_without_a_gap(per, first, today, starts, ends):
    of = [date.fromisoformat(it) for it in (first, today, starts, ends)]
    assert period(per, of[0], of[1]) == Period(of[2], of[3])
