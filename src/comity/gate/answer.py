"""From the statement's answer to a :class:`Disclosure`: lines are read, what is sealed is opened, rows are joined up.

Pure given the keys. It runs after the commit; nothing here can release more than the lines hold.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, TypeAlias
from uuid import UUID

from comity.gate.compile import Compiled
from comity.gate.lines import Lines
from comity.gate.minimise import Setting, minimise
from comity.gate.models import Act, Asking, Disclosure, Found, Read, Verdict
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


_ASSERTED: Final = MappingProxyType({each.value: each for each in Assertion})

_Line: TypeAlias = tuple[Lines, list[Any]]
"""A line as it came: how those of its clause are read, and its items."""

_Where: TypeAlias = tuple[str, UUID, UUID | None]
"""A row's type, its id, and the source person whom it is about."""

_Key: TypeAlias = tuple[str, str]
"""Which row a line is of: its type, and its id as the line says it."""


@dataclass(frozen=True, slots=True)
class _Opener:
    """Opens what left sealed, and minimises it."""

    keys: Mapping[UUID, bytes] = field(repr=False)
    pseudonyms: bytes = field(repr=False)  # the key of this recipient and purpose
    setting: Setting

    def open(self, where: _Where, field: Field, minimiser: str, sealed: str) -> Value:
        """Return the value in its form; ``None`` where the person's key has been destroyed."""
        record, record_id, source_person = where
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
    key = keyring.pseudonyms if keyring is not None and compiled.codes else None
    code = key_for(key, request.requester.agency, agreement.purpose) if key is not None else b""
    opener = _Opener(_keys(raw, keyring), code, Setting(asking.at.date(), agreement.jurisdiction))
    lines = _by_row(raw.body, compiled)
    rows = list(_rows(lines, opener))
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


def _by_row(body: str, compiled: Compiled) -> dict[_Key, list[_Line]]:
    """Return the lines of each row, in their order: a row has one for each clause that lets it out."""
    found: dict[_Key, list[_Line]] = {}
    for items in json.loads(f"[{body.replace(chr(10), ',')}]"):
        lines = compiled.lines[items[0]]
        if len(items) != lines.items or items[1] is None:
            raise RuntimeError("a line that is not one of its clause's, or without the id of its record")
        found.setdefault((lines.record, items[1]), []).append((lines, items))
    return found


def _rows(by_row: Mapping[_Key, Sequence[_Line]], opener: _Opener) -> Iterator[ReleasedRow]:
    """Yield each row once. Where clauses give one field in two forms, the form of the earlier clause is shown."""
    people: dict[str | None, UUID | None] = {None: None}
    for (record, said), same in by_row.items():
        lines, items = same[0]
        _, _, whom, _, agency, source, received_at, whose, asserted = items[: len(ENVELOPE)]
        if whom not in people:
            people[whom] = UUID(whom)
        where = record, UUID(said), people[whom]
        one = len(same) == 1
        values, forms = (_values(where, lines, items, opener), lines.forms) if one else _joined(where, same, opener)
        yield ReleasedRow(
            *where,
            agency,
            source,
            _moment(received_at),
            whose,
            _ASSERTED[asserted],
            MappingProxyType(values),
            forms,
        )


def _joined(where: _Where, same: Sequence[_Line], opener: _Opener) -> tuple[dict[str, Value], Mapping[str, str]]:
    values: dict[str, Value] = {}
    forms: dict[str, str] = {}
    for lines, items in reversed(same):
        values |= _values(where, lines, items, opener)
        forms |= lines.forms
    return values, MappingProxyType(forms)


def _values(where: _Where, lines: Lines, items: list[Any], opener: _Opener) -> dict[str, Value]:
    values = items[len(ENVELOPE) :]
    for at, of, form in lines.read:
        if values[at] is not None:
            values[at] = _value(where, of, form, values[at], opener)
    return dict(zip(lines.names, values, strict=True))  # the others are JSON's text, number or truth


def _value(where: _Where, field: Field, form: str, value: Any, opener: _Opener) -> Value:
    if is_opened_later(field, form):
        return opener.open(where, field, form, value)
    if form == "pseudonym":
        return opener.stand_for(where[0], field, value)
    return date.fromisoformat(value) if field.type is FieldType.DATE else _moment(value)


def _by_type(rows: Iterable[ReleasedRow]) -> Mapping[str, tuple[ReleasedRow, ...]]:
    found: dict[str, list[ReleasedRow]] = defaultdict(list)
    for row in rows:
        found[row.record].append(row)
    return MappingProxyType({record: tuple(of) for record, of in found.items()})


def _found(by_row: Mapping[_Key, Sequence[_Line]], rows: Iterable[ReleasedRow]) -> tuple[Found, ...]:
    """Return the rows of each person to whom a hit of a search belongs."""
    found: dict[str, list[ReleasedRow]] = defaultdict(list)
    for same, row in zip(by_row.values(), rows, strict=True):
        person = same[-1][1][ENVELOPE.index("person")]
        if person is not None:
            found[person].append(row)
    return tuple(Found(UUID(person), tuple(of)) for person, of in found.items())


def _keys(raw: Raw, keyring: Keyring | None) -> Mapping[UUID, bytes]:
    if raw.keys is None or keyring is None:
        return MappingProxyType({})
    rows = ((UUID(person), agency, epoch, bytes.fromhex(key)) for person, agency, epoch, key in json.loads(raw.keys))
    return keys_from_rows(keyring, rows)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
