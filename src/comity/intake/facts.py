"""What is known of each current statement that says when it has to go: days, codes, whose it is. No name, no text.

A record is told with the days and codes of itself, and of the case, the incident and the charges that it stands with:
whether something has to go depends on what became of the case.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import sql

from comity.intake.legal_holds import Reach
from comity.intake.store import KEEPING, Connection
from comity.vocabulary.keeping import RECEIVED
from comity.vocabulary.models import FieldType, RecordType, Vocabulary

_REFERRED: Final = ("case", "incident")


@dataclass(frozen=True, slots=True)
class Fact:
    """A record, as far as its time asks: ``days`` by event (the latest of each), ``codes`` by ``record.field``."""

    type: str
    record_id: UUID
    person: UUID | None  # whom it concerns: a source person
    whose: str
    days: Mapping[str, date] = field(default_factory=dict)
    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """A current statement: where it is from, its records, and what else its source says of the same people."""

    statement_id: UUID
    agency: str
    source: str
    source_key: str = field(repr=False)
    records: tuple[Fact, ...]
    others: tuple[Fact, ...]  # of its people, by other statements
    reach: Reach
    kept_until: date | None = None  # as a person decided


def standing(
    conn: Connection, vocabulary: Vocabulary, agencies: Sequence[str], *, after: UUID | None = None, size: int = 500
) -> tuple[Standing, ...]:
    """Return a page of what stands of these agencies, in the order of ids, from one on."""
    asked = {"agencies": list(agencies), "after": after, "size": size}
    return _told(conn, vocabulary, conn.execute(KEEPING.standing, asked).fetchall())


def standing_under(
    conn: Connection, vocabulary: Vocabulary, agency: str, source: str, source_key: str
) -> Standing | None:
    """Return what stands under one source key of an agency, if anything does."""
    asked = {"agencies": [agency], "source": source, "source_key": source_key}
    found = _told(conn, vocabulary, conn.execute(KEEPING.standing_under, asked).fetchall())
    return found[0] if found else None


# ------------------------------------------------------------------------------------------------- from rows to facts


@dataclass(frozen=True, slots=True)
class _Row:
    type: str
    record_id: UUID
    statement_id: UUID
    person: UUID | None
    whose: str
    received: date
    values: Mapping[str, Any]


def _told(conn: Connection, vocabulary: Vocabulary, found: Sequence[Sequence[Any]]) -> tuple[Standing, ...]:
    statements = [row[0] for row in found]
    own = _rows(conn, vocabulary, "statement_id", statements)
    people = {row.person for row in own if row.person}
    of_people = _rows(conn, vocabulary, "source_person", list(people))
    known = {row.record_id: row for row in (*own, *of_people)}
    for name in _REFERRED:
        missing = {row.values[name] for row in known.values() if row.values.get(name)} - known.keys()
        known |= {row.record_id: row for row in _rows(conn, vocabulary, "record_id", list(missing), only=name)}
    cases = [row.record_id for row in known.values() if row.type == "case"]
    charges = _rows(conn, vocabulary, "case", cases, only="charge")
    first = {row[0]: _day(row[4]) for row in found}
    of_case: dict[UUID, list[_Row]] = defaultdict(list)
    for charge in charges:
        of_case[charge.values["case"]].append(charge)
    facts = {
        row.record_id: _fact(row, known, of_case, vocabulary, first.get(row.statement_id)) for row in known.values()
    }
    kept = _kept_until(conn, found)
    persons: dict[UUID, UUID] = dict(conn.execute(KEEPING.persons_now, {"people": list(people)}).fetchall())
    by_statement, by_person = _grouped(own, "statement_id"), _grouped(of_people, "person")
    told: list[Standing] = []
    for row in found:
        mine = by_statement.get(row[0], [])
        theirs = [it for person in {it.person for it in mine if it.person} for it in by_person[person]]
        told.append(_standing(row, mine, theirs, facts, persons, kept))
    return tuple(told)


def _grouped(rows: Iterable[_Row], by: str) -> dict[UUID, list[_Row]]:
    grouped: dict[UUID, list[_Row]] = defaultdict(list)
    for row in rows:
        grouped[getattr(row, by)].append(row)
    return grouped


def _standing(
    row: Sequence[Any],
    own: Sequence[_Row],
    of_people: Sequence[_Row],
    facts: Mapping[UUID, Fact],
    persons: Mapping[UUID, UUID],
    kept: Mapping[tuple[str, str], date],
) -> Standing:
    statement, agency, source, key, _ = row
    people = frozenset(it.person for it in own if it.person)
    cases = {it.record_id for it in own if it.type == "case"} | {
        it.values["case"] for it in own if it.values.get("case")
    }
    others = tuple(facts[it.record_id] for it in of_people if it.statement_id != statement)
    reach = Reach(people, frozenset(persons[it] for it in people if it in persons), frozenset(cases), (source, key))
    return Standing(
        statement, agency, source, key, tuple(facts[it.record_id] for it in own), others, reach, kept.get((source, key))
    )


def _kept_until(conn: Connection, found: Sequence[Sequence[Any]]) -> dict[tuple[str, str], date]:
    asked = {"sources": [row[2] for row in found], "keys": [row[3] for row in found]}
    return {(source, key): until for source, key, until in conn.execute(KEEPING.kept_until, asked)}


def _fact(
    row: _Row,
    known: Mapping[UUID, _Row],
    charges: Mapping[UUID, Sequence[_Row]],
    vocabulary: Vocabulary,
    first: date | None,
) -> Fact:
    days: dict[str, date] = {RECEIVED: first or row.received}
    codes: dict[str, set[str]] = defaultdict(set)
    with_it = [row, *(known[it] for name in _REFERRED if (it := row.values.get(name)) and it in known)]
    case = row.record_id if row.type == "case" else row.values.get("case")
    with_it += [it for it in charges.get(case, ()) if row.person in {it.person, None}] if case else []
    for each in with_it:
        for of in vocabulary.record_types[each.type].fields:
            value, event = each.values.get(of.name), f"{each.type}.{of.name}"
            if of.code_list and value:
                codes[event].add(value)
            elif of.type is FieldType.DATE and value:
                days[event] = max(value, days.get(event, value))
    return Fact(
        row.type, row.record_id, row.person, row.whose, days, {name: frozenset(it) for name, it in codes.items()}
    )


def _rows(
    conn: Connection, vocabulary: Vocabulary, column: str, ids: Collection[UUID], *, only: str | None = None
) -> list[_Row]:
    """Return the rows whose ``column`` is among these, of every record type or of one."""
    if not ids:
        return []
    found: list[_Row] = []
    for name, kind in vocabulary.record_types.items():
        if only in {None, name}:
            query = _QUERY.format(_columns(kind), sql.Identifier(name), sql.Identifier(column))
            found += (
                _Row(name, row[0], row[1], row[2], row[3], _day(row[4]), dict(zip(_fields(kind), row[5:], strict=True)))
                for row in conn.execute(query, (list(ids),))
            )
    return found


_QUERY: Final = sql.SQL(
    "select record_id, statement_id, source_person, whose, received_at{} from record.{} where {} = any(%s)"
)


def _fields(kind: RecordType) -> list[str]:
    return [
        it.name
        for it in kind.fields
        if it.code_list or it.type is FieldType.DATE or (it.type is FieldType.REFERENCE and it.name in _REFERRED)
    ]


def _columns(kind: RecordType) -> sql.Composable:
    return sql.SQL("").join(sql.SQL(", {}").format(sql.Identifier(name)) for name in _fields(kind))


def _day(moment: datetime) -> date:
    return moment.date()
