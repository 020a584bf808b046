"""Values that a field may hold, for properties."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from hypothesis import strategies as st

from comity.vocabulary.check import EARLIEST, LATEST, bounds
from comity.vocabulary.models import Field, FieldType, RecordType

# A day's margin: an offset may carry an instant's own day no further than its date, which stays as drawn.
_FIRST = datetime.combine(EARLIEST, datetime.min.time())
_LAST = datetime.combine(LATEST, datetime.min.time())
_zones = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))

_RIGHT = {
    FieldType.TEXT: lambda field: st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=30),
    FieldType.DATE: lambda field: st.dates(EARLIEST, LATEST),
    FieldType.TIMESTAMP: lambda field: st.datetimes(_FIRST, _LAST, timezones=_zones),
    FieldType.INTEGER: lambda field: st.integers(*bounds(field)),
    FieldType.BOOLEAN: lambda field: st.booleans(),
    FieldType.CODE: lambda field: st.sampled_from(field.codes),
    FieldType.REFERENCE: lambda field: st.uuids(),
}


def right(field: Field) -> st.SearchStrategy[object]:
    """Values of the right type for the field."""
    return _RIGHT[field.type](field)


def any_value() -> st.SearchStrategy[object]:
    """Values of every type that a mapping could hand over, most of them wrong for any one field."""
    return st.one_of(
        st.none(),
        st.text(max_size=20),
        st.integers(),
        st.booleans(),
        st.floats(),
        st.dates(),
        st.datetimes(),
        st.datetimes(timezones=_zones, min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)),
        st.uuids(),
        st.binary(max_size=4),
        st.lists(st.integers(), max_size=2),
        st.just(date(9999, 12, 31)),
    )


@st.composite
def records(draw: st.DrawFn, record_type: RecordType) -> dict[str, object]:
    """Values for a record: each of the right type, some left out; rules across fields may be broken."""
    return {
        field.name: draw(right(field) if field.required else st.none() | right(field))
        for field in record_type.fields
        if field.required or draw(st.booleans())
    }


@st.composite
def fields(draw: st.DrawFn, record_types: tuple[RecordType, ...]) -> Field:
    return draw(st.sampled_from(draw(st.sampled_from(record_types)).fields))
