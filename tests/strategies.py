"""Random values, conditions and records over the vocabulary, for properties."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from comity.agreements.models import (
    And,
    Asker,
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
from comity.vocabulary.models import Field, FieldType, Vocabulary

# Few and close together, so that equalities, ends of spans and month ends come up.
DAYS = [
    date(2026, 6, 15),
    date(2026, 6, 14),
    date(2024, 2, 29),
    date(2026, 12, 15),
    date(1987, 3, 2),
    date(2026, 8, 10),
]
MOMENTS = [
    datetime(2026, 6, 15, 12, tzinfo=UTC),
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2025, 7, 1, 23, 30, tzinfo=UTC),
]
TEXTS = ["", "a", "A", "é", "e\u0301", "ß", "ss", "O'Brien", '"; drop table record.person; --', "a%b", "\\", "ı"]
NUMBERS = [0, 1, 13, 14, 15, 24]
ASKER = ("a", "é")  # the agency and the person who ask, among the texts that rows hold


def possible(field: Field, vocabulary: Vocabulary) -> list[Any]:
    """The values that chance may give the field."""
    if field.type is FieldType.CODE:
        return list(vocabulary.code_list(field.code_list).names())
    return {
        FieldType.TEXT: TEXTS,
        FieldType.DATE: DAYS,
        FieldType.TIMESTAMP: MOMENTS,
        FieldType.INTEGER: NUMBERS,
        FieldType.BOOLEAN: [True, False],
    }[field.type]


def values(field: Field, vocabulary: Vocabulary) -> st.SearchStrategy[Any]:
    """A value of the field that is there."""
    return st.sampled_from(possible(field, vocabulary))


def plain_fields(record: str, vocabulary: Vocabulary) -> list[Field]:
    """The fields that may stand in any comparison."""
    fields = vocabulary.record_type(record).fields
    return [field for field in fields if not field.sealed and field.type is not FieldType.REFERENCE]


def row_values(record: str, vocabulary: Vocabulary) -> st.SearchStrategy[dict[str, Any]]:
    """Values for every plain field of a record type, with many nulls."""
    return st.fixed_dictionaries(
        {field.name: st.none() | values(field, vocabulary) for field in plain_fields(record, vocabulary)}
    )


@st.composite
def todays(draw: st.DrawFn) -> Today:
    return Today(draw(st.sampled_from([0, 1, -1, 8, -4, 12])), draw(st.sampled_from(Unit)))


@st.composite
def comparisons(draw: st.DrawFn, record: str, vocabulary: Vocabulary) -> Condition:
    field = draw(st.sampled_from(plain_fields(record, vocabulary)))
    column, of_field = Column(record, field.name), values(field, vocabulary)
    ordered = field.type in {FieldType.DATE, FieldType.TIMESTAMP, FieldType.INTEGER}
    kinds = ["null", "in", "compare"] + ["between"] * ordered
    kinds += ["within"] * (field.type is FieldType.DATE) + ["boolean"] * (field.type is FieldType.BOOLEAN)
    operand = of_field.map(Literal)
    if field.type is FieldType.DATE:
        operand |= todays()
    kind = draw(st.sampled_from(kinds))
    if kind == "null":
        return IsNull(column)
    if kind == "in":
        return In(column, tuple(draw(st.lists(of_field.map(Literal), min_size=1, max_size=3))))
    if kind == "between":
        return Between(column, draw(operand), draw(operand))
    if kind == "within":
        return Within(column, draw(st.integers(1, 12)), draw(st.sampled_from(Unit)), draw(st.booleans()))
    if kind == "boolean":
        return BooleanField(column)
    operators = list(Operator) if ordered else [Operator.EQUAL, Operator.UNEQUAL]
    twins = [
        each
        for each in plain_fields(record, vocabulary)
        if (each.type, each.code_list) == (field.type, field.code_list)
    ]
    if field.type is FieldType.TEXT:
        operand |= st.sampled_from(Asker)
    right = operand | st.sampled_from(twins).map(lambda twin: Column(record, twin.name))
    return Compare(column, draw(st.sampled_from(operators)), draw(right))


def conditions(records: list[str], vocabulary: Vocabulary) -> st.SearchStrategy[Condition]:
    """Any condition over the rows of these record types."""
    leaves = st.sampled_from(records).flatmap(lambda record: comparisons(record, vocabulary))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            inner.map(Not),
            st.lists(inner, min_size=2, max_size=3).map(lambda each: And(tuple(each))),
            st.lists(inner, min_size=2, max_size=3).map(lambda each: Or(tuple(each))),
        ),
        max_leaves=6,
    )
