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
from datetime import date, datetime
from typing import Any
from uuid import UUID

from comity.intake.models import MappedRecord, RecordRef
from comity.intake.sitting import Sitting
from comity.record import Part, Record, Sealed
from comity.record.models import Value
from comity.record.seal import NONCE_LENGTH, blind, place, seal, unseal
from comity.vocabulary.models import Assertion, Field, FieldType

Plain = dict[str, Any]
"""A record as a part holds it: ``{"type", "id", "key", "person", "whose", "asserted", "values", "paths"}``."""


def records_of(sitting: Sitting, records: Iterable[MappedRecord]) -> list[Plain]:
    """Return records with their ids, as parts hold them."""
    return [_plain(sitting, record) for record in records]


def subject(record: Plain) -> UUID:
    """Return under whose key a record is kept: the person's whom it concerns, or its own."""
    return UUID(record["person"] or record["id"])


def sealed_parts(statement: UUID, records: Iterable[Plain], keys: Mapping[UUID, bytes]) -> Iterator[Part]:
    """Yield a statement's parts, each sealed under the key of its subject."""
    by_subject: dict[UUID, list[Plain]] = defaultdict(list)
    for record in records:
        by_subject[subject(record)].append(record)
    for person, about in by_subject.items():
        body = json.dumps(about, separators=(",", ":"), ensure_ascii=False).encode()
        where = place("record.part", "body", statement)
        yield Part(statement, person, seal(keys[person], body, where, secrets.token_bytes(NONCE_LENGTH)))


def opened_part(statement: UUID, body: bytes, key: bytes) -> list[Plain]:
    """Return the records of a part; the record room's errors if it does not open."""
    records: list[Plain] = json.loads(unseal(key, body, place("record.part", "body", statement)))
    return records


def row(sitting: Sitting, statement: UUID, plain: Plain, said: tuple[str, str, datetime], key: bytes) -> Record:
    """Return the row of a record, its sealed fields sealed. ``said``: agency, source, when it was received."""
    kind = sitting.vocabulary.record_types[plain["type"]]
    identifier, (agency, source, received_at) = UUID(plain["id"]), said
    values: dict[str, Value | Sealed] = {}
    for field in kind.fields:
        kept = plain["values"].get(field.name)
        if kept is not None:
            value = _value(field, kept)
            values[field.name] = (
                _sealed(sitting, kind.name, field, identifier, str(value), key) if field.sealed else value
            )
    return Record(
        record_type=kind.name,
        record_id=identifier,
        statement_id=statement,
        source_person=UUID(plain["person"]) if plain["person"] else None,
        agency=agency,
        source=source,
        source_key=plain["key"],
        whose=plain["whose"],
        asserted=Assertion(plain["asserted"]),
        received_at=received_at,
        values=values,
    )


def _plain(sitting: Sitting, record: MappedRecord) -> Plain:
    values = {
        name: str(sitting.id_of(value)) if isinstance(value, RecordRef) else _text(value)
        for name, value in record.values.items()
    }
    return {
        "type": record.ref.record,
        "id": str(sitting.id_of(record.ref)),
        "key": record.ref.key,
        "person": str(sitting.id_of(record.about)) if record.about else None,
        "whose": record.whose,
        "asserted": record.asserted,
        "values": values,
        "paths": {name: path for name, path in record.paths.items() if name in values and path},
    }


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _value(field: Field, kept: Any) -> Value:
    match field.type:
        case FieldType.DATE:
            return date.fromisoformat(kept)
        case FieldType.TIMESTAMP:
            return datetime.fromisoformat(kept)
        case FieldType.REFERENCE:
            return UUID(kept)
        case _:
            value: str | int | bool = kept
            return value


def _sealed(sitting: Sitting, kind: str, field: Field, record: UUID, text: str, key: bytes) -> Sealed:
    where = place(f"record.{kind}", field.name, record)
    return Sealed(
        seal(key, text.encode(), where, secrets.token_bytes(NONCE_LENGTH)),
        blind(sitting.keyring.blind_index, f"{kind}.{field.name}", text),
    )
