"""From the statement's answer to a :class:`Disclosure`: lines are read, what is sealed is opened, rows are joined up.

Pure given the keys. It runs after the commit; nothing here can release more than the lines hold.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID

from comity.gate.compile import Compiled
from comity.gate.minimise import Setting, minimise
from comity.gate.models import Act, Asking, Clause, Disclosure, Found, Read, Verdict
from comity.gate.pseudonyms import key_for, kind_of, pseudonym
from comity.gate.release import ENVELOPE, is_opened_later
from comity.record import Keyring, ReleasedRow
from comity.record.models import Value
from comity.record.seal import place, unseal
from comity.record.store import keys_from_rows
from comity.vocabulary.models import Assertion, Field, FieldType, Vocabulary


@dataclass(frozen=True, slots=True)
class Raw:
    """The one row with which a compiled statement answers."""

    kind: str
    rows: int
    body: str = field(repr=False)
    digest: bytes
    reason: str | None
    keys: str | None = field(repr=False)
    more: bool


@dataclass(frozen=True, slots=True)
class _Line:
    clause: Clause
    record_id: UUID
    source_person: UUID | None
    person: UUID | None  # to whom a hit of a search belongs
    agency: str
    source: str
    received_at: datetime
    whose: str
    asserted: Assertion
    values: Mapping[str, Value] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Opener:
    """Opens what left sealed, and minimises it."""

    keys: Mapping[UUID, bytes] = field(repr=False)
    pseudonyms: bytes = field(repr=False)  # the key of this recipient and purpose
    setting: Setting

    def open(self, line: tuple[str, UUID, UUID | None], field: Field, minimiser: str, sealed: str) -> Value:
        """Return the value in its form; ``None`` where the person's key has been destroyed."""
        record, record_id, source_person = line
        key = self.keys.get(source_person) if source_person else None
        if key is None:
            return None
        plain = unseal(key, bytes.fromhex(sealed), place(f"record.{record}", field.name, record_id)).decode()
        if minimiser == "pseudonym":
            return self.stand_for(record, field, plain)
        return minimise(minimiser, plain, self.setting)

    def stand_for(self, record: str, field: Field, value: str) -> Value:
        """Return the pseudonym that stands for a value."""
        known: UUID | str = UUID(value) if field.references else value
        return str(pseudonym(self.pseudonyms, kind_of(record, field), known))


def disclosure(
    asking: Asking,
    verdict: Verdict,
    compiled: Compiled,
    raw: Raw,
    keyring: Keyring | None,
    vocabulary: Vocabulary,
) -> Disclosure:
    """Return the disclosure that was made."""
    request, agreement, act = asking.request, verdict.agreement, asking.request.asks.act
    code = key_for(keyring.pseudonyms, request.requester.agency, agreement.purpose) if keyring else b""
    opener = _Opener(_keys(raw, keyring), code, Setting(asking.at.date(), agreement.jurisdiction))
    lines = list(_lines(raw.body, compiled, opener))
    rows = list(_rows(lines))
    return Disclosure(
        id=asking.id,
        at=asking.at,
        act=act,
        agreement=agreement.name,
        version=agreement.version,
        purpose=agreement.purpose,
        agency=request.requester.agency,
        person=request.asks.person if isinstance(request.asks, Read) else None,
        rows=_by_type(rows),
        found=_found(lines, rows) if act is Act.SEARCH else (),
        more=raw.more,
        withheld=verdict.withheld,
        digest=bytes(raw.digest),
        vocabulary=vocabulary,
    )


def _lines(body: str, compiled: Compiled, opener: _Opener) -> Iterator[_Line]:
    for items in json.loads(f"[{body.replace(chr(10), ',')}]"):
        clause = compiled.clauses[items[0]]
        head = items[: len(ENVELOPE)]
        record_id, source_person, person = (UUID(text) if text else None for text in head[1:4])
        if record_id is None:
            raise RuntimeError("a line without the id of its record")
        where = (clause.record, record_id, source_person)
        values = {
            field.name: _value(where, field, minimiser, value, opener)
            for (field, minimiser), value in zip(clause, items[len(ENVELOPE) :], strict=True)
        }
        yield _Line(
            clause,
            record_id,
            source_person,
            person,
            head[4],
            head[5],
            _moment(head[6]),
            head[7],
            Assertion(head[8]),
            values,
        )


def _value(where: tuple[str, UUID, UUID | None], field: Field, minimiser: str, value: Any, opener: _Opener) -> Value:
    if value is not None and is_opened_later(field, minimiser):
        return opener.open(where, field, minimiser, value)
    if value is not None and minimiser == "pseudonym":
        return opener.stand_for(where[0], field, value)
    if value is None or minimiser != "as-is":
        return cast("Value", value)  # JSON's text, number or truth
    if field.type is FieldType.DATE:
        return date.fromisoformat(value)
    return _moment(value) if field.type is FieldType.TIMESTAMP else cast("Value", value)


def _rows(lines: Iterable[_Line]) -> Iterator[ReleasedRow]:
    """Yield each row once. Where clauses give one field in two forms, the form of the earlier clause is shown."""
    by_record: dict[tuple[str, UUID], list[_Line]] = defaultdict(list)
    for line in lines:
        by_record[line.clause.record, line.record_id].append(line)
    for (record, record_id), same in by_record.items():
        first = same[0]
        values: dict[str, Value] = {}
        forms: dict[str, str] = {}
        for line in reversed(same):
            values |= line.values
            forms |= {field.name: minimiser for field, minimiser in line.clause}
        yield ReleasedRow(
            record,
            record_id,
            first.source_person,
            first.agency,
            first.source,
            first.received_at,
            first.whose,
            first.asserted,
            MappingProxyType(values),
            MappingProxyType(forms),
        )


def _by_type(rows: Iterable[ReleasedRow]) -> Mapping[str, tuple[ReleasedRow, ...]]:
    found: dict[str, list[ReleasedRow]] = defaultdict(list)
    for row in rows:
        found[row.record].append(row)
    return MappingProxyType({record: tuple(of) for record, of in found.items()})


def _found(lines: Iterable[_Line], rows: Iterable[ReleasedRow]) -> tuple[Found, ...]:
    person_of = {line.record_id: line.person for line in lines}
    found: dict[UUID, list[ReleasedRow]] = defaultdict(list)
    for row in rows:
        person = person_of[row.record_id]
        if person is not None:
            found[person].append(row)
    return tuple(Found(person, tuple(of)) for person, of in found.items())


def _keys(raw: Raw, keyring: Keyring | None) -> Mapping[UUID, bytes]:
    if raw.keys is None or keyring is None:
        return MappingProxyType({})
    rows = ((UUID(person), agency, epoch, bytes.fromhex(key)) for person, agency, epoch, key in json.loads(raw.keys))
    return keys_from_rows(keyring, rows)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
