"""The meaning of conditions, as tables: a condition, what is known of a record, and whether it is true of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path
from uuid import UUID

import pytest

from comity.agreements import evaluate, parse_condition
from comity.agreements.meaning import all_true, any_true, day, days_within, opposite
from comity.agreements.models import Column, Compare, Condition, Operator, Today, Unit, Within
from comity.agreements.printing import print_condition
from comity.vocabulary import Vocabulary
from comity.vocabulary.models import FieldType

T, F, U = True, False, None  # true, false, unknown
NOW = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)

#: not a
NOT = {T: F, F: T, U: U}

#: a and b; a or b
AND_OR = [
    # a, b, and, or
    (T, T, T, T),
    (T, F, F, T),
    (T, U, U, T),
    (F, T, F, T),
    (F, F, F, F),
    (F, U, F, U),
    (U, T, U, T),
    (U, F, F, U),
    (U, U, U, U),
]

CHARGE = [
    # condition about a charge, its values (what is not named is null), its truth
    ("status = 'filed'", {"status": "filed"}, T),
    ("status = 'filed'", {"status": "closed"}, F),
    ("status = 'filed'", {}, U),
    ("status != 'filed'", {"status": "closed"}, T),
    ("status != 'filed'", {}, U),
    ("status is null", {}, T),
    ("status is null", {"status": "filed"}, F),
    ("status is not null", {}, F),
    ("status in ('filed', 'closed')", {"status": "closed"}, T),
    ("status in ('filed', 'closed')", {"status": "amended"}, F),
    ("status in ('filed', 'closed')", {}, U),
    ("status not in ('filed', 'closed')", {"status": "amended"}, T),
    ("status not in ('filed', 'closed')", {}, U),
    ("spent", {"spent": True}, T),
    ("spent", {"spent": False}, F),
    ("spent", {}, U),
    ("not spent", {"spent": False}, T),
    ("not spent", {}, U),
    ("spent = false", {"spent": False}, T),
    ("spent or status = 'filed'", {"status": "filed"}, T),
    ("spent and status = 'filed'", {"status": "closed"}, F),
    ("spent and status = 'filed'", {"status": "filed"}, U),
    ("not (spent or status = 'filed')", {"spent": False, "status": "closed"}, T),
    ("offence = 'Theft'", {"offence": "Theft"}, T),
    ("offence = 'theft'", {"offence": "Theft"}, F),  # exactly, letter by letter
    ("offence = 'Theft '", {"offence": "Theft"}, F),
    ("offence = 'O''Neill'", {"offence": "O'Neill"}, T),
    ("charged_on >= '2026-01-01'", {"charged_on": date(2026, 1, 1)}, T),
    ("charged_on > '2026-01-01'", {"charged_on": date(2026, 1, 1)}, F),
    ("charged_on < arrested_on", {"charged_on": date(2026, 1, 1), "arrested_on": date(2026, 1, 2)}, T),
    ("charged_on < arrested_on", {"charged_on": date(2026, 1, 1)}, U),
    ("charged_on between '2026-01-01' and '2026-01-31'", {"charged_on": date(2026, 1, 31)}, T),
    ("charged_on between '2026-01-31' and '2026-01-01'", {"charged_on": date(2026, 1, 15)}, F),
    ("charged_on not between '2026-01-01' and today", {"charged_on": date(2026, 3, 16)}, T),
    ("charged_on = today", {"charged_on": date(2026, 3, 15)}, T),
    ("charged_on >= today - 2 years", {"charged_on": date(2024, 3, 15)}, T),
    ("charged_on >= today - 2 years", {"charged_on": date(2024, 3, 14)}, F),
    ("charged_on within last 2 years", {"charged_on": date(2024, 3, 15)}, T),
    ("charged_on within last 2 years", {"charged_on": date(2026, 3, 16)}, F),
    ("charged_on within 8 weeks", {"charged_on": date(2026, 3, 15)}, T),
    ("charged_on within next 8 weeks", {"charged_on": date(2026, 5, 10)}, T),
    ("charged_on within 8 weeks", {"charged_on": date(2026, 5, 11)}, F),
    ("charged_on within 8 weeks", {}, U),
    ("charged_on not within 8 weeks", {}, U),
    ("whose = 'suspect'", {"whose": "suspect"}, T),
    ("agency = 'police'", {"agency": "probation"}, F),
    ("asserted = 'fact'", {"asserted": "opinion"}, F),
]

DAYS = [
    # today, moved by, gives
    (date(2026, 1, 31), Today(1, Unit.MONTHS), date(2026, 2, 28)),
    (date(2024, 1, 31), Today(1, Unit.MONTHS), date(2024, 2, 29)),
    (date(2024, 2, 29), Today(1, Unit.YEARS), date(2025, 2, 28)),
    (date(2024, 2, 29), Today(-4, Unit.YEARS), date(2020, 2, 29)),
    (date(2026, 1, 15), Today(-1, Unit.MONTHS), date(2025, 12, 15)),
    (date(2026, 12, 31), Today(2, Unit.MONTHS), date(2027, 2, 28)),
    (date(2026, 3, 1), Today(-1, Unit.DAYS), date(2026, 2, 28)),
    (date(2026, 3, 1), Today(-1, Unit.WEEKS), date(2026, 2, 22)),
    (date(2026, 3, 1), Today(), date(2026, 3, 1)),
]


@pytest.mark.parametrize(("a", "expected"), NOT.items())
def test_not(a: bool | None, expected: bool | None) -> None:
    assert opposite(a) is expected


@pytest.mark.parametrize(("a", "b", "both", "either"), AND_OR)
def test_and_or(a: bool | None, b: bool | None, both: bool | None, either: bool | None) -> None:
    assert all_true((a, b)) is both
    assert any_true((a, b)) is either


def test_every_combination_is_in_the_table() -> None:
    assert [row[:2] for row in AND_OR] == list(product((T, F, U), repeat=2))


@pytest.mark.parametrize(("text", "values", "expected"), CHARGE)
def test_condition(text: str, values: dict[str, object], expected: bool | None, vocabulary: Vocabulary) -> None:
    row = dict.fromkeys((field.name for field in vocabulary.record_type("charge").fields), None) | values
    assert evaluate(parse_condition(text, vocabulary, record="charge"), {"charge": row}, NOW) is expected


@pytest.mark.parametrize(("today", "moved", "expected"), DAYS)
def test_days_relative_to_today(today: date, moved: Today, expected: date) -> None:
    assert day(moved, today) == expected


def test_the_day_is_that_of_the_zone_that_is_handed_in(vocabulary: Vocabulary) -> None:
    condition = parse_condition("charged_on = today", vocabulary, record="charge")
    late = datetime.fromisoformat("2026-03-15T23:30:00+00:00")
    in_amsterdam = datetime.fromisoformat("2026-03-16T00:30:00+01:00")
    assert late == in_amsterdam
    row = {"charge": {"charged_on": date(2026, 3, 16)}}
    assert evaluate(condition, row, late) is False
    assert evaluate(condition, row, in_amsterdam) is True


def test_within_includes_both_its_days(vocabulary: Vocabulary) -> None:
    column = parse_condition("charged_on is null", vocabulary, record="charge").column  # type: ignore[union-attr]
    assert days_within(Within(column, 1, Unit.WEEKS), NOW.date()) == (date(2026, 3, 15), date(2026, 3, 22))
    assert days_within(Within(column, 1, Unit.WEEKS, past=True), NOW.date()) == (date(2026, 3, 8), date(2026, 3, 15))


def test_a_row_without_the_field_is_a_mistake_of_ours_not_a_null(vocabulary: Vocabulary) -> None:
    with pytest.raises(KeyError):
        evaluate(parse_condition("spent is null", vocabulary, record="charge"), {"charge": {}}, NOW)


def test_a_moment_is_compared_as_a_moment_whatever_its_zone(vocabulary: Vocabulary) -> None:
    condition = parse_condition("starts_at = '2026-03-15T10:00:00+01:00'", vocabulary, record="hearing")
    row = {"hearing": {"starts_at": datetime(2026, 3, 15, 9, 0, tzinfo=UTC)}}
    assert evaluate(condition, row, NOW) is True


def test_references_are_compared_with_references(vocabulary: Vocabulary) -> None:
    condition = parse_condition("charge.case = hearing.case", vocabulary)
    one, other = UUID(int=1), UUID(int=2)
    assert evaluate(condition, {"charge": {"case": one}, "hearing": {"case": one}}, NOW) is True
    assert evaluate(condition, {"charge": {"case": one}, "hearing": {"case": other}}, NOW) is False
    assert evaluate(condition, {"charge": {"case": None}, "hearing": {"case": None}}, NOW) is None


def test_every_type_of_field_has_a_row_in_these_tables(vocabulary: Vocabulary) -> None:
    charge = {field.type for field in vocabulary.record_type("charge").fields}
    assert charge | {FieldType.TIMESTAMP, FieldType.INTEGER} == set(FieldType)


# --- printed into the reference

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "agreement.md"


def test_the_reference_prints_these_tables() -> None:
    """To print them anew: COMITY_WRITE_DOCS=1 pytest tests/agreements/test_conditions_mean.py."""
    in_the_reference("tables", tables())


def in_the_reference(name: str, text: str) -> None:
    """Hold what stands between two marks in the reference to ``text``; or write it there."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, mark, rest = REFERENCE.read_text("utf-8").partition(begin)
    assert mark, f"the reference has no place for {name}"
    _, _, after = rest.partition(end)
    printed = f"{before}{begin}{text}{end}{after}"
    if os.environ.get("COMITY_WRITE_DOCS"):
        REFERENCE.write_text(printed, "utf-8")
    assert REFERENCE.read_text("utf-8") == printed


def tables() -> str:
    charge = [(f"`{text}`", shown(values), truth(expected)) for text, values, expected in CHARGE]
    days = [(str(today), f"`{print_condition(moved_date(moved))[6:]}`", str(day)) for today, moved, day in DAYS]
    return "".join(
        (
            table(("a", "not a"), [(truth(a), truth(b)) for a, b in NOT.items()]),
            table(("a", "b", "a and b", "a or b"), [tuple(truth(each) for each in row) for row in AND_OR]),
            "Of a charge, on 15 March 2026; what is not named is not known:\n\n",
            table(("`where`", "the charge", "is"), charge),
            table(("today is", "so", "is"), days),
        )
    )


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def truth(value: bool | None) -> str:
    return {True: "true", False: "false", None: "*unknown*"}[value]


def shown(values: dict[str, object]) -> str:
    if not values:
        return "nothing known"
    return ", ".join(
        f"{name}: {str(value).lower() if isinstance(value, bool) else value}" for name, value in values.items()
    )


def moved_date(moved: Today) -> Condition:
    return Compare(Column("x", "x"), Operator.EQUAL, moved)
