"""The JSON Schemas say what the vocabulary says."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.vocabulary import check_record, json_schema, load
from comity.vocabulary.models import FieldType

from .strategies import any_value, records

RECORD_TYPES = tuple(load().record_types.values())
VALIDATORS = {
    each.name: jsonschema_rs.Draft202012Validator(json_schema(each), validate_formats=True) for each in RECORD_TYPES
}


def as_json(values: dict[str, object]) -> dict[str, object]:
    return {name: _as_json(value) for name, value in values.items()}


def _as_json(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


@pytest.mark.parametrize("record_type", RECORD_TYPES, ids=lambda each: each.name)
def test_it_is_a_schema(record_type):
    schema = json_schema(record_type)

    jsonschema_rs.meta.validate(schema)
    assert [*schema["properties"]] == [field.name for field in record_type.fields]
    assert all(prop["title"] and prop["x-title-nl"] for prop in schema["properties"].values())


@given(data=st.data(), record_type=st.sampled_from(RECORD_TYPES))
def test_whatever_the_check_admits_the_schema_admits(data, record_type):
    VALIDATORS[record_type.name].validate(as_json(data.draw(records(record_type))))


@given(data=st.data(), record_type=st.sampled_from(RECORD_TYPES), value=any_value())
def test_the_schema_never_refuses_what_the_check_admits(data, record_type, value):
    """One value is anything at all; where the check sees nothing wrong with the record, the schema may not either."""
    values = data.draw(records(record_type))
    values[data.draw(st.sampled_from(record_type.fields)).name] = value
    if not check_record(record_type, values):
        VALIDATORS[record_type.name].validate(as_json(values))


@pytest.mark.parametrize(
    ("record_type", "values"),
    [
        ("person", {}),
        ("person", {"name": None}),
        ("person", {"name": " "}),
        ("person", {"name": "Ann Lee", "shoe_size": 39}),
        ("person", {"name": "Ann Lee", "sex": "F"}),
        ("person", {"name": "Ann Lee", "birth_date": "05/06/1987"}),
        ("incident", {"incident_number": "1", "risk_score": 25}),
        ("incident", {"incident_number": "1", "risk_score": "7"}),
        ("incident", {"incident_number": "1", "domestic": "no"}),
        ("hearing", {"starts_on": "2026-11-22", "case": "B-12"}),
    ],
)
def test_it_refuses(record_type: str, values: dict[str, object]):
    assert not VALIDATORS[record_type].is_valid(values)


def test_it_says_what_json_schema_has_no_word_for():
    person = json_schema(load().record_type("person"))["properties"]
    hearing = json_schema(load().record_type("hearing"))["properties"]

    assert person["protected_address"]["x-sensitivity"] == "sealed"
    assert person["birth_date"]["x-identifiability"] == "quasi"
    assert person["birth_date"]["x-niem"] == "nc:PersonBirthDate"
    assert hearing["case"]["x-references"] == "case"
    assert hearing["status"]["x-code-list"] == "hearing-status"


def test_every_type_is_described():
    described = {
        field.type
        for each in RECORD_TYPES
        for field in each.fields
        if "type" in json_schema(each)["properties"][field.name]
    }

    assert described == set(FieldType)
