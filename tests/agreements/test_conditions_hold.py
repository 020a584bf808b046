"""Properties of conditions: printing loses nothing, and the oracle agrees with a database on three-valued logic."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from comity.agreements import evaluate, parse_condition
from comity.agreements.conditions import MAX_COUNT
from comity.agreements.lookalikes import deception
from comity.agreements.models import (
    And,
    Between,
    BooleanField,
    Column,
    Compare,
    Condition,
    In,
    IsNull,
    Literal,
    Not,
    Operator,
    Or,
    Today,
    Unit,
    Within,
)
from comity.agreements.printing import print_condition
from comity.vocabulary import Vocabulary, load
from comity.vocabulary.models import Field, FieldType

VOCABULARY = load()
NOW = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
ORDERED = {FieldType.DATE, FieldType.TIMESTAMP, FieldType.INTEGER}

texts = st.text(st.characters(exclude_categories=("C", "Z")) | st.sampled_from(" '"), max_size=8).filter(
    lambda text: deception(text) is None
)
dates = st.dates(date(1900, 1, 1), date(2100, 1, 1))
values: dict[FieldType, SearchStrategy[object]] = {
    FieldType.TEXT: texts,
    FieldType.DATE: dates,
    FieldType.TIMESTAMP: st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    FieldType.INTEGER: st.integers(-1_000, 1_000),
    FieldType.BOOLEAN: st.booleans(),
}


def value_of(field: Field) -> SearchStrategy[object]:
    if field.code_list:
        return st.sampled_from(VOCABULARY.code_list(field.code_list).names())
    return values[field.type]


def columns(records: tuple[str, ...]) -> list[tuple[Column, Field]]:
    return [
        (Column(record, field.name), field)
        for record in records
        for field in VOCABULARY.record_type(record).fields
        if field.type is not FieldType.REFERENCE and not field.sealed
    ]


units = st.sampled_from(Unit)
moved = units.flatmap(
    lambda unit: st.integers(1, MAX_COUNT[unit]).flatmap(lambda n: st.sampled_from([Today(n, unit), Today(-n, unit)]))
)


def leaves(column: Column, field: Field, *, relative: bool) -> SearchStrategy[Condition]:
    literal = value_of(field).map(Literal)
    bound = literal | moved | st.just(Today()) if relative and field.type is FieldType.DATE else literal
    ordered = field.type in ORDERED
    operators = st.sampled_from(list(Operator) if ordered else [Operator.EQUAL, Operator.UNEQUAL])
    choices: list[SearchStrategy[Condition]] = [
        st.builds(Compare, st.just(column), operators, bound),
        st.just(IsNull(column)),
        st.builds(In, st.just(column), st.lists(literal, min_size=1, max_size=3).map(tuple)),
    ]
    if ordered:
        choices.append(st.builds(Between, st.just(column), bound, bound))
    if field.type is FieldType.BOOLEAN:
        choices.append(st.just(BooleanField(column)))
    if relative and field.type is FieldType.DATE:
        choices.append(st.builds(Within, st.just(column), st.integers(1, 100), units, st.booleans()))
    return st.one_of(choices)


def conditions(records: tuple[str, ...], *, relative: bool = True) -> SearchStrategy[Condition]:
    leaf = st.sampled_from(columns(records)).flatmap(lambda each: leaves(*each, relative=relative))

    def grown(inner: SearchStrategy[Condition]) -> SearchStrategy[Condition]:
        several = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return st.builds(Not, inner) | st.builds(And, several) | st.builds(Or, several)

    return st.recursive(leaf, grown, max_leaves=6)


@given(conditions(("incident", "charge", "hearing", "person")))
def test_reading_what_was_printed_gives_the_same_condition(condition: Condition) -> None:
    assert parse_condition(print_condition(condition), VOCABULARY) == condition


@given(conditions(("incident", "charge")))
def test_printing_what_was_read_gives_the_same_text(condition: Condition) -> None:
    text = print_condition(condition)
    assert print_condition(parse_condition(text, VOCABULARY)) == text


@given(st.text(max_size=60))
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    try:
        condition = parse_condition(text, VOCABULARY)
    except ValueError:
        return
    assert parse_condition(print_condition(condition), VOCABULARY) == condition


# What the printed form says to a database that has never heard of us. DuckDB reads it as it stands, but for dates
# relative to today, which are not SQL.

SQL_TYPES = {
    FieldType.TEXT: "varchar",
    FieldType.CODE: "varchar",
    FieldType.DATE: "date",
    FieldType.TIMESTAMP: "timestamptz",
    FieldType.INTEGER: "bigint",
    FieldType.BOOLEAN: "boolean",
}


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


charges = st.fixed_dictionaries({column.field: st.none() | value_of(field) for column, field in columns(("charge",))})


@given(conditions(("charge",), relative=False), charges)
def test_the_oracle_and_a_database_agree(
    engine: duckdb.DuckDBPyConnection, condition: Condition, row: dict[str, object]
) -> None:
    types = {column.field: SQL_TYPES[field.type] for column, field in columns(("charge",))}
    selected = ", ".join(f'cast(? as {types[name]}) as "{name}"' for name in row)
    sql = f"select {print_condition(condition)} from (select {selected}) as charge"
    found = engine.execute(sql, list(row.values())).fetchone()
    assert found is not None
    assert evaluate(condition, {"charge": row}, NOW) is found[0]


def test_the_vocabulary_has_what_these_properties_need(vocabulary: Vocabulary) -> None:
    assert columns(("incident", "charge", "hearing", "person"))
    assert vocabulary.version == VOCABULARY.version
