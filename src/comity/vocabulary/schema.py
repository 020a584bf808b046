"""The record types as JSON Schema, draft 2020-12, for systems that post records and for the documentation.

A schema says what JSON Schema can say: names, types, codes, bounds. Rules across fields, plausible days and what a
text may hold are :func:`comity.vocabulary.check.check_record`'s: whatever passes that, passes the schema.
"""

from __future__ import annotations

import json
from typing import Any, Final

from comity.vocabulary.check import TEXT_LIMIT, bounds
from comity.vocabulary.models import Field, FieldType, RecordType

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_SOMETHING: Final = r"\S"

_TYPES: Final[dict[FieldType, dict[str, Any]]] = {
    FieldType.TEXT: {"type": "string", "maxLength": TEXT_LIMIT, "pattern": _SOMETHING},
    FieldType.CODE: {"type": "string"},
    FieldType.DATE: {"type": "string", "format": "date"},
    FieldType.TIMESTAMP: {"type": "string", "format": "date-time"},
    FieldType.INTEGER: {"type": "integer"},
    FieldType.BOOLEAN: {"type": "boolean"},
    FieldType.REFERENCE: {"type": "string", "format": "uuid"},
}


def json_schema(record_type: RecordType) -> dict[str, Any]:
    """Return the JSON Schema of one record type, ready for :func:`json.dumps`.

    Keys that begin with ``x-`` carry what the vocabulary knows and JSON Schema has no word for.
    """
    schema: dict[str, Any] = {
        "$schema": _DIALECT,
        "$id": f"urn:comity:record:{record_type.name}",
        "title": record_type.label.en,
        "x-title-nl": record_type.label.nl,
        "x-niem": record_type.niem,
        "type": "object",
        "additionalProperties": False,
        "required": [field.name for field in record_type.fields if field.required],
        "properties": {field.name: _property(field) for field in record_type.fields},
    }
    if record_type.definition:
        schema |= {"description": record_type.definition.en, "x-description-nl": record_type.definition.nl}
    return schema


def schema_text(record_type: RecordType) -> str:
    """Return the schema as the text of its file."""
    return json.dumps(json_schema(record_type), ensure_ascii=False, indent=2) + "\n"


def _property(field: Field) -> dict[str, Any]:
    schema: dict[str, Any] = {"title": field.label.en, "x-title-nl": field.label.nl}
    if field.definition:
        schema |= {"description": field.definition.en, "x-description-nl": field.definition.nl}
    return schema | _value(field) | _annotations(field)


def _value(field: Field) -> dict[str, Any]:
    schema = dict(_TYPES[field.type])
    if field.type is FieldType.INTEGER:
        schema["minimum"], schema["maximum"] = bounds(field)
    if field.type is FieldType.CODE:
        schema["enum"] = list(field.codes)
    return schema if field.required else _or_nothing(schema)


def _or_nothing(schema: dict[str, Any]) -> dict[str, Any]:
    schema["type"] = [schema["type"], "null"]
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    return schema


def _annotations(field: Field) -> dict[str, Any]:
    known = {
        "x-code-list": field.code_list,
        "x-references": field.references,
        "x-sensitivity": field.sensitivity.value,
        "x-identifiability": field.identifiability.value,
        "x-dpv": field.dpv,
        "x-niem": field.niem,
    }
    return {key: value for key, value in known.items() if value}
