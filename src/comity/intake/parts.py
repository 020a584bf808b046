"""The parts of a statement: what it says about each person it concerns, under that person's own key.

Rules:

1. A record belongs to the part of the person whom it concerns; a record that concerns nobody has a part of its own.
2. A part holds the records in full, with the path that gave each value: when the verbatim message has gone, the parts
   are what the source said.
3. A part does not open anywhere but at its statement, and not without the person's key.
"""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from comity.intake.models import MappedRecord, RecordRef, Scalar
from comity.intake.sitting import Bench, Sitting
from comity.record import Part, Record, Sealed
from comity.record.models import Value
from comity.record.seal import NONCE_LENGTH, blind, place, seal, unseal
from comity.vocabulary.models import Assertion, Field, FieldType

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Kept:
    """A record with its id, as a part holds it: ``values`` typed, references as ids; ``paths`` says what gave them."""

    type: str
    id: UUID
    key: str
    person: UUID | None  # whom it concerns
    whose: str
    asserted: Assertion
    values: Mapping[str, Scalar | UUID] = dataclass_field(repr=False)
    paths: Mapping[str, str] = dataclass_field(repr=False)

    @property
    def subject(self) -> UUID:
        """Under whose key it is kept: the person's whom it concerns, or its own."""
        return self.person or self.id


def kept(sitting: Sitting, records: Iterable[MappedRecord]) -> list[Kept]:
    """Return records with their ids."""
    return [_kept(sitting, record) for record in records]


def sealed_parts(statement: UUID, records: Iterable[Kept], keys: Mapping[UUID, bytes]) -> Iterator[Part]:
    """Yield a statement's parts, each sealed under the key of its subject."""
    by_subject: dict[UUID, list[Kept]] = defaultdict(list)
    for record in records:
        by_subject[record.subject].append(record)
    where = place("record.part", "body", statement)
    for person, about in by_subject.items():
        body = _encode([_as_json(record) for record in about]).encode()
        yield Part(statement, person, seal(keys[person], body, where, secrets.token_bytes(NONCE_LENGTH)))


def opened_part(sitting: Bench, statement: UUID, body: bytes, key: bytes) -> list[Kept]:
    """Return the records of a part; the record room's errors if it does not open."""
    records = json.loads(unseal(key, body, place("record.part", "body", statement)))
    return [_from_json(sitting, record) for record in records]


def row(sitting: Bench, statement: UUID, record: Kept, said: tuple[str, str, datetime], key: bytes) -> Record:
    """Return the row of a record, its sealed fields sealed. ``said``: agency, source, when it was received."""
    kind, (agency, source, received_at) = sitting.vocabulary.record_types[record.type], said
    values: dict[str, Value | Sealed] = dict(record.values)
    for field in kind.fields:
        if field.sealed and field.name in values:
            values[field.name] = _sealed(sitting, kind.name, field, record.id, str(values[field.name]), key)
    return Record(
        record_type=record.type,
        record_id=record.id,
        statement_id=statement,
        source_person=record.person,
        agency=agency,
        source=source,
        source_key=record.key,
        whose=record.whose,
        asserted=record.asserted,
        received_at=received_at,
        values=values,
    )


def _kept(sitting: Sitting, record: MappedRecord) -> Kept:
    values = {
        name: sitting.id_of(value) if isinstance(value, RecordRef) else value for name, value in record.values.items()
    }
    return Kept(
        type=record.ref.record,
        id=sitting.id_of(record.ref),
        key=record.ref.key,
        person=sitting.id_of(record.about) if record.about else None,
        whose=record.whose,
        asserted=Assertion(record.asserted),
        values=values,
        paths={name: path for name, path in record.paths.items() if path and name in values},
    )


def _as_json(record: Kept) -> dict[str, Any]:
    return {
        "type": record.type,
        "id": str(record.id),
        "key": record.key,
        "person": str(record.person) if record.person else None,
        "whose": record.whose,
        "asserted": record.asserted.value,
        "values": {name: _text(value) for name, value in record.values.items()},
        "paths": record.paths,
    }


def _from_json(sitting: Bench, said: Mapping[str, Any]) -> Kept:
    kind = sitting.vocabulary.record_types[said["type"]]
    return Kept(
        type=kind.name,
        id=UUID(said["id"]),
        key=said["key"],
        person=UUID(said["person"]) if said["person"] else None,
        whose=said["whose"],
        asserted=Assertion(said["asserted"]),
        values={
            field.name: _value(field, said["values"][field.name])
            for field in kind.fields
            if field.name in said["values"]
        },
        paths=said["paths"],
    )


def _text(value: Scalar | UUID) -> str | int | bool:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _value(field: Field, said: Any) -> Scalar | UUID:
    match field.type:
        case FieldType.DATE:
            return date.fromisoformat(said)
        case FieldType.TIMESTAMP:
            return datetime.fromisoformat(said)
        case FieldType.REFERENCE:
            return UUID(said)
        case _:
            value: str | int | bool = said
            return value


def _sealed(sitting: Bench, kind: str, field: Field, record: UUID, text: str, key: bytes) -> Sealed:
    where = place(f"record.{kind}", field.name, record)
    return Sealed(
        seal(key, text.encode(), where, secrets.token_bytes(NONCE_LENGTH)),
        blind(sitting.keyring.blind_index, f"{kind}.{field.name}", text),
    )
