"""What a data steward sees: deliveries, quality, what is held and why. No value of any record is read here.

For pages and the command line, over a connection of the role INTAKE; nothing is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from comity.intake.models import Fault, Outcome
from comity.intake.sitting import RAW
from comity.intake.store import QUERIES, Connection
from comity.vocabulary.models import RecordType, Vocabulary

PAGE = 25  # held messages on a page: what fits without much scrolling


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a source delivered, and what became of it. ``finished_at`` is ``None`` while it runs or was cut off."""

    source: str
    mapping: str
    started_at: datetime
    finished_at: datetime | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """A message in quarantine: where the source said it, and every fault."""

    statement_id: UUID
    source: str
    mapping: str
    place: str
    faults: tuple[Fault, ...]
    held_at: datetime
    tried_at: datetime
    readable: bool  # whether a mended mapping can help; otherwise the source must say it again


@dataclass(frozen=True, slots=True)
class HeldPage:
    """A page of the quarantine; pages count from 1."""

    messages: tuple[HeldMessage, ...]
    page: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class FieldQuality:
    """How a source fills one field: of how many records, in how many, and what held messages have wrong with it."""

    source: str
    record: str
    field: str
    records: int
    filled: int
    faults: Mapping[str, int]  # cause -> held messages


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """How the statements of a source stand: status -> how many."""

    source: str
    statements: Mapping[str, int]


def deliveries(conn: Connection, limit: int = 50) -> tuple[Delivery, ...]:
    """Return the newest deliveries."""
    rows = conn.execute(QUERIES.deliveries, {"limit": limit})
    return tuple(Delivery(row[0], row[1], row[2], row[3], Outcome(*row[4:])) for row in rows)


def sources(conn: Connection) -> tuple[SourceCounts, ...]:
    """Return each source that ever delivered, in the order of the alphabet."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for source, status, count in conn.execute(QUERIES.sources):
        counts[source][status] = count
    return tuple(SourceCounts(source, dict(statuses)) for source, statuses in sorted(counts.items()))


def quarantine(conn: Connection, source: str | None = None, page: int = 1, size: int = PAGE) -> HeldPage:
    """Return a page of what is held, of one source or of all, the oldest first."""
    row = conn.execute(QUERIES.count_held, {"source": source}).fetchone()
    total = row[0] if row else 0
    pages = max(1, -(-total // size))
    page = min(max(1, page), pages)
    rows = conn.execute(QUERIES.held, {"source": source, "limit": size, "offset": (page - 1) * size})
    return HeldPage(tuple(_held(row) for row in rows), page, pages, total)


def _held(row: tuple[Any, ...]) -> HeldMessage:
    *named, faults, held_at, tried_at, form = row
    statement, source, mapping, place = named
    told = tuple(Fault.from_json(fault) for fault in faults)
    return HeldMessage(statement, source, mapping, place, told, held_at, tried_at, form != RAW)


def quality(conn: Connection, vocabulary: Vocabulary) -> tuple[FieldQuality, ...]:
    """Return how each source fills each field of the records it delivers, and what is held because of it.

    Faults that lie with no field of the vocabulary (a key, whose it is) stand under that word. A block that has a name
    of its own in its mapping stands under that name where it has faults.
    """
    faults: dict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
    for source, record, field, cause, count in conn.execute(QUERIES.faults):
        faults[source, record, field][cause] = count
    found = {(it.source, it.record, it.field): it for it in _filled(conn, vocabulary, faults)}
    for source, record, field in faults.keys() - found.keys():
        key = (source, record, field)
        found[key] = FieldQuality(*key, 0, 0, faults[key])
    return tuple(found[key] for key in sorted(found))


def _filled(
    conn: Connection, vocabulary: Vocabulary, faults: Mapping[tuple[str, str, str], Mapping[str, int]]
) -> Iterator[FieldQuality]:
    for kind in vocabulary.record_types.values():
        for source, records, *filled in conn.execute(_counting(kind)):
            for field, count in zip(kind.fields, filled, strict=True):
                causes = faults.get((source, kind.name, field.name), {})
                yield FieldQuality(source, kind.name, field.name, records, count, causes)


def _counting(kind: RecordType) -> sql.Composed:
    counts = sql.SQL(", ").join(sql.SQL("count({})").format(sql.Identifier(field.name)) for field in kind.fields)
    query = sql.SQL("select source, count(*), {} from record.{} group by source")
    return query.format(counts, sql.Identifier(kind.name))
