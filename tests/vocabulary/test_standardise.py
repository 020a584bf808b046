"""A value is put into form without being guessed at."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.vocabulary import check_value, load
from comity.vocabulary.models import Field, FieldType
from comity.vocabulary.standardise import standardise

from .strategies import any_value, fields, right

RECORD_TYPES = tuple(load().record_types.values())


def a(kind: FieldType) -> Field:
    return next(field for each in RECORD_TYPES for field in each.fields if field.type is kind)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (FieldType.TEXT, "  Ann Lee\r\n", "Ann Lee"),
        (FieldType.TEXT, "one\r\ntwo\rthree", "one\ntwo\nthree"),
        (FieldType.TEXT, "Zoe\u0308", "Zoë"),
        (FieldType.TEXT, "   ", None),
        (FieldType.TEXT, "van der Berg", "van der Berg"),
        (FieldType.TEXT, 7, 7),
        (FieldType.CODE, " Very High ", "very-high"),
        (FieldType.CODE, "VERY_HIGH", "very-high"),
        (FieldType.DATE, "1984-02-29", date(1984, 2, 29)),
        (FieldType.DATE, "1983-02-29", "1983-02-29"),
        (FieldType.DATE, "19840229", "19840229"),
        (FieldType.DATE, "02/03/1984", "02/03/1984"),  # February or March: the mapping must say
        (FieldType.DATE, "١٩٨٤-٠٢-٢٩", "١٩٨٤-٠٢-٢٩"),
        (FieldType.TIMESTAMP, "2020-01-01T08:00:00Z", datetime(2020, 1, 1, 8, tzinfo=UTC)),
        (FieldType.TIMESTAMP, "2020-01-01 08:00-05:00", datetime(2020, 1, 1, 8, tzinfo=timezone(timedelta(hours=-5)))),
        (FieldType.TIMESTAMP, "2020-01-01", "2020-01-01"),  # midnight would be a guess
        (FieldType.TIMESTAMP, "2020-W01-1", "2020-W01-1"),
        (FieldType.TIMESTAMP, "2020-01-01T25:00:00Z", "2020-01-01T25:00:00Z"),
        (FieldType.INTEGER, " 24 ", 24),
        (FieldType.INTEGER, "-3", -3),
        (FieldType.INTEGER, "2.5", "2.5"),
        (FieldType.INTEGER, "1_000", "1_000"),
        (FieldType.INTEGER, 24.0, 24),
        (FieldType.INTEGER, 2.5, 2.5),
        (FieldType.INTEGER, 1e300, 1e300),
        (FieldType.BOOLEAN, "TRUE", True),
        (FieldType.BOOLEAN, "yes", "yes"),
        (FieldType.BOOLEAN, 1, 1),
        (FieldType.REFERENCE, "00000000-0000-0000-0000-000000000001", UUID(int=1)),
        (FieldType.REFERENCE, "B-12", "B-12"),
        (FieldType.DATE, None, None),
    ],
)
def test_a_value(kind: FieldType, value: object, expected: object):
    assert standardise(a(kind), value) == expected
    assert type(standardise(a(kind), value)) is type(expected)


@given(field=fields(RECORD_TYPES), value=any_value().filter(lambda value: value == value))  # noqa: PLR0124 -- leaves NaN out
def test_twice_is_once(field, value):
    once = standardise(field, value)

    assert standardise(field, once) == once


@given(field=fields(RECORD_TYPES), data=st.data())
def test_a_right_value_stays_right(field, data):
    assert check_value(field, standardise(field, data.draw(right(field)))) is None


@given(field=fields(RECORD_TYPES), data=st.data())
def test_what_is_written_in_iso_form_is_read_back(field, data):
    value = data.draw(right(field))
    written = value.isoformat() if isinstance(value, date) else str(value)

    back = standardise(field, written)

    if field.type in {FieldType.DATE, FieldType.INTEGER, FieldType.BOOLEAN, FieldType.REFERENCE, FieldType.CODE}:
        assert back == value
