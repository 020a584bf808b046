"""Reading what an explanation tells of: one person's records, what is near them, and what conditions ask of that.

Rules:

1. The transaction has named the agreement's providers: row-level security shows no other agency's rows, and each
   statement is filtered by them besides.
2. Every read is by an index, from the person outwards; a table is never read whole.
3. Of a row only the envelope, its references and the fields that the agreement's conditions name are read. Of what is
   sealed its blind index alone: that tells which text of a condition it equals, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.rows import dict_row
from sqlglot import exp

from comity.agreements import Agreement
from comity.agreements.consent import LETS_LEAVE, Answer
from comity.agreements.meaning import Held, columns
from comity.agreements.models import And, Column, Compare, Condition, Exists, Literal, Not, Or
from comity.agreements.related import Way, relation
from comity.gate.compile import compile_trial
from comity.gate.conditions import Blind
from comity.gate.decide import terms
from comity.gate.models import Request, Verdict
from comity.gate.scope import tied_types
from comity.gate.trees import column, held, references, typed
from comity.gate.values import listed
from comity.gate.why.models import Place, Read, Tried
from comity.gate.why.near import Near, key_of, near, place_of
from comity.record import Keyring
from comity.record.seal import blind
from comity.store import load_queries
from comity.vocabulary.models import FieldType, Vocabulary

_QUERIES: Final = load_queries("comity.gate.why")
_ENVELOPE: Final = ("record_id", "source_person", "agency", "source", "whose", "asserted", "received_at")
_SEALED: Final = "\0"  # a text that no condition asks for: stands for any that none of them names

Connection = AsyncConnection[tuple[Any, ...]]


async def read_of(
    conn: Connection, request: Request, person: UUID, agreement: Agreement, verdict_on: Mapping[str, Any],
    keyring: Keyring | None, vocabulary: Vocabulary
) -> Read:  # fmt: skip
    """Return what is to be told of ``person``. ``verdict_on`` are the values that the trial binds for that day."""
    reader = _Reader(conn, agreement, keyring, vocabulary)
    tried = await _try(conn, request, agreement, verdict_on, reader, vocabulary)
    people = frozenset(row[0] for row in await reader.rows(_QUERIES.people, person=person))
    around = await reader.around(people)
    told = tuple(_told(around, reader.held, vocabulary))
    await reader.asked_besides(people, told)
    every = [row.source_person for row in reader.held.values() if row.source_person is not None]
    keyed = frozenset(row[0] for row in await reader.rows(_QUERIES.keyed, people=every))
    found = await reader.rows(_QUERIES.answer, person=person, agreement=agreement.name)
    answer = (Answer(found[0][0]), found[0][1]) if found else None
    return Read(people, reader.held, told, reader.humans, keyed, answer, tried)


async def _try(
    conn: Connection, request: Request, agreement: Agreement, on: Mapping[str, Any], reader: _Reader,
    vocabulary: Vocabulary
) -> Tried:  # fmt: skip
    """Return what the gate's own statement would do, were the request permitted as a whole; it writes nothing."""
    said = terms(agreement, vocabulary)
    compiled = compile_trial(Verdict(agreement, None, said.clauses, said.findings, said.withheld), vocabulary)
    bound = compiled.bind(on["today"], request.requester, reader.blind)
    values = {
        **on,
        **bound,
        "requests": listed([{"id": str(UUID(int=0)), "person": str(getattr(request.asks, "person", None))}]),
        "agreement": agreement.name,
        "providers": list(agreement.providers),
        "consents": list(LETS_LEAVE[agreement.consent] or ()),
    }
    cursor = AsyncRawCursor(conn)
    await cursor.execute(compiled.sql, compiled.arguments(values), prepare=True)
    row = await cursor.fetchone()
    if row is None:
        raise RuntimeError("a trial says what would become of a request")
    kind, reason, digest, leaves = row
    left = json.loads(leaves) if isinstance(leaves, str) else leaves or ()
    return Tried(kind, reason, bytes(digest), frozenset((number, UUID(record_id)) for number, record_id in left))


def _told(around: Near, found: Mapping[UUID, Held], vocabulary: Vocabulary) -> Iterator[UUID]:
    """Yield the rows that are told of: those near the person, type by type, the person's own first."""
    order = list(vocabulary.record_types)
    there = (row for row in found.values() if place_of(row, around, vocabulary, says_whose=True) is not Place.ELSEWHERE)
    rows = sorted(
        there,
        key=lambda row: (
            order.index(row.record),
            row.source_person not in around.people,
            str(row.values["agency"]),
            row.record_id,
        ),
    )
    yield from (row.record_id for row in rows)


@dataclass
class _Reader:
    """Reads, and remembers every row that it met."""

    conn: Connection
    agreement: Agreement
    keyring: Keyring | None = field(repr=False)
    vocabulary: Vocabulary = field(repr=False)
    held: dict[UUID, Held] = field(default_factory=dict, repr=False)
    humans: dict[UUID, frozenset[UUID]] = field(default_factory=dict, repr=False)

    async def rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        cursor = await self.conn.execute(query, {"providers": list(self.agreement.providers), **values})
        return await cursor.fetchall()

    # --- from the person outwards ---

    async def around(self, people: frozenset[UUID]) -> Near:
        """Read the person's records, what they have in common with others, and the others' records there."""
        types = self.vocabulary.record_types
        for record in types:
            await self._by(record, "source_person", people)
        await self._cases_and_incidents()
        for record in tied_types(self.vocabulary):
            for place in ("case", "incident"):
                for name in references(record, place, self.vocabulary) if record != "case" else ():
                    await self._by(record, name, self._ids(place))
        await self._by("person", "source_person", {row.source_person for row in self.held.values()} - {None})
        return near(people, self.held, self.vocabulary)

    async def _cases_and_incidents(self) -> None:
        """Read the cases and incidents near the person, each in every book, and what they arose from."""
        await self._by("case", "record_id", self._keys("case"))
        await self._by("incident", "record_id", self._keys("incident"))
        await self._by("case", "incident", self._ids("incident"))
        shared = {row.values["common_reference"] for row in self._of("case")} - {None}
        await self._by("case", "common_reference", shared, "text[]")
        await self._by("incident", "record_id", self._keys("incident"))

    def _keys(self, place: str) -> set[UUID]:
        keys = (key_of(row, place, self.vocabulary) for row in self.held.values())
        return {key for key in keys if key is not None}

    def _ids(self, record: str) -> set[UUID]:
        return {row.record_id for row in self._of(record)}

    def _of(self, record: str) -> list[Held]:
        return [row for row in self.held.values() if row.record == record]

    # --- what conditions ask besides ---

    async def asked_besides(self, people: frozenset[UUID], told: Sequence[UUID]) -> None:
        """Read what ``exists`` looks among, for the person and for each row that a clause is about."""
        rows = [self.held[each] for each in told]
        await self._besides(self.agreement.about, rows, people)
        for release in self.agreement.releases:
            if release.where is not None:
                await self._besides(release.where, [row for row in rows if row.record == release.record], people)

    async def _besides(self, node: Condition, rows: Sequence[Held], people: frozenset[UUID]) -> None:
        for each in _existing(node):
            of = [row for row in rows if row.record == each.of]
            found = await self._related(each, of)
            if each.where is not None:
                await self._besides(each.where, found, people)

    async def _related(self, node: Exists, of: Sequence[Held]) -> list[Held]:
        way = relation(node.record, node.of, self.vocabulary)
        if way is None or way.way is Way.CONCERNS:  # what concerns the person is read already
            return self._of(node.record)
        if way.way is Way.REFERS:
            return await self._by(node.record, str(way.field), {row.record_id for row in of})
        if way.way is Way.REFERRED:
            return await self._by(node.record, "record_id", {row.values[str(way.field)] for row in of} - {None})
        return await self._by(node.record, "source_person", await self._human(of))

    async def _human(self, of: Sequence[Held]) -> set[UUID]:
        people = {row.source_person for row in of if row.source_person is not None}
        found: dict[UUID, set[UUID]] = {each: set() for each in people}
        for mine, theirs in await self.rows(_QUERIES.humans, people=list(people)):
            found[mine].add(theirs)
        self.humans |= {each: frozenset(same) for each, same in found.items()}
        return {each for same in found.values() for each in same}

    # --- rows ---

    async def _by(self, record: str, name: str, keys: Collection[Any], kind: str = "uuid[]") -> list[Held]:
        if not keys:
            return []
        sealed = tuple(_sealed(record, self.agreement, self.vocabulary))
        plain = tuple(_plain(record, self.agreement, self.vocabulary))
        cursor = self.conn.cursor(row_factory=dict_row)
        values = {"providers": list(self.agreement.providers), "keys": list(keys)}
        await cursor.execute(_statement(record, (*plain, *(f"{each}_blind" for each in sealed)), name, kind), values)
        found = [self._held(record, row, sealed) for row in await cursor.fetchall()]
        self.held |= {row.record_id: row for row in found}
        return found

    def _held(self, record: str, row: dict[str, Any], sealed: Iterable[str]) -> Held:
        for name in sealed:
            index = row.pop(f"{name}_blind")
            row[name] = None if index is None else self._texts(f"{record}.{name}").get(bytes(index), _SEALED)
        return Held(record, row.pop("record_id"), row.pop("source_person"), row)

    def _texts(self, of: str) -> Mapping[bytes, str]:
        asked = {slot for slot in _compared(self.agreement) if slot.column == of}
        return {self.blind(slot): slot.text for slot in asked}

    def blind(self, slot: Blind) -> bytes:
        """Return the blind index of a text that a condition asks for."""
        if self.keyring is None:
            raise RuntimeError("the agreement has a condition on a sealed field, and no keys were handed in")
        return blind(self.keyring.blind_index, slot.column, slot.text)


@cache
def _statement(record: str, names: tuple[str, ...], by: str, kind: str) -> str:
    keys = exp.Any(this=exp.paren(typed(exp.Placeholder(this="keys"), kind)))
    return held(record, *names).where(exp.EQ(this=column(record, by), expression=keys)).sql("postgres", identify=True)


def _plain(record: str, agreement: Agreement, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield the columns of a type that an explanation reads (rule 3)."""
    of = vocabulary.record_type(record)
    needed = {each.field for each in _columns(agreement) if each.record == record}
    yield from _ENVELOPE
    for it in of.fields:
        referring = it.type is FieldType.REFERENCE or (record == "case" and it.name == "common_reference")
        if referring or (it.name in needed and not it.sealed):
            yield it.name


def _sealed(record: str, agreement: Agreement, vocabulary: Vocabulary) -> Iterator[str]:
    needed = {each.field for each in _columns(agreement) if each.record == record}
    yield from (it.name for it in vocabulary.record_type(record).fields if it.sealed and it.name in needed)


def _conditions(agreement: Agreement) -> Iterator[Condition]:
    yield agreement.about
    yield from (release.where for release in agreement.releases if release.where is not None)


def _columns(agreement: Agreement) -> frozenset[Column]:
    found = {each for node in _conditions(agreement) for each in _named(node)}
    return frozenset(found)


def _named(node: Condition) -> Iterator[Column]:
    """Yield every column that a condition names, also those of the records that it looks for."""
    yield from columns(node)
    for each in _existing(node):
        if each.where is not None:
            yield from _named(each.where)


def _existing(node: Condition) -> Iterator[Exists]:
    if isinstance(node, Exists):
        yield node
    elif isinstance(node, Not):
        yield from _existing(node.operand)
    elif isinstance(node, And | Or):
        for operand in node.operands:
            yield from _existing(operand)


def _compared(agreement: Agreement) -> frozenset[Blind]:
    return frozenset(slot for node in _conditions(agreement) for slot in _texts_of(node))


def _texts_of(node: Condition) -> Iterator[Blind]:
    if isinstance(node, Compare) and isinstance(node.right, Literal) and isinstance(node.right.value, str):
        yield Blind(str(node.left), node.right.value)
    for operand in node.operands if isinstance(node, And | Or) else [node.operand] if isinstance(node, Not) else ():
        yield from _texts_of(operand)
    if isinstance(node, Exists) and node.where is not None:
        yield from _texts_of(node.where)
