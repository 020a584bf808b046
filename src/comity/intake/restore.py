"""Take rows away, and put back those that another current statement says too.

Several statements may say the same record: each booking of one prisoner repeats who the prisoner is. When the
statement that put the row there gives way, the newest of the others has the word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from comity.intake.parts import opened_part, row
from comity.intake.sitting import Bench
from comity.intake.store import QUERIES, FormerRow, rows_of_statements
from comity.record.models import Record, Sealed
from comity.record.store import put_records, remove_records_of_statements, stored_keys


@dataclass(frozen=True, slots=True)
class Taken:
    """Rows that were taken away: record id to the subject under whose key it was kept; person records apart.

    ``detained``: whose records of custody were among them.
    """

    subjects: dict[UUID, UUID] = field(default_factory=dict)
    persons: frozenset[UUID] = frozenset()
    detained: frozenset[UUID] = frozenset()
    rows: tuple[FormerRow, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class _Saying:
    """A part of a current statement, sealed."""

    statement: UUID
    subject: UUID
    body: bytes
    said: tuple[str, str, datetime]  # agency, source, when it was received


def take_away(sitting: Bench, statements: Sequence[UUID]) -> Taken:
    """Remove every row that these statements put there, and say which they were."""
    if not statements:
        return Taken()
    rows = rows_of_statements(sitting.conn, sitting.vocabulary, statements)
    remove_records_of_statements(sitting.conn, sitting.vocabulary, statements)
    persons = frozenset(it.record_id for it in rows if it.type == "person")
    detained = frozenset(it.source_person for it in rows if it.type == "custody" and it.source_person)
    subjects = {it.record_id: it.source_person or it.record_id for it in rows}
    return Taken(subjects, persons, detained, tuple(rows))


def restore(sitting: Bench, taken: Taken, put: Collection[UUID]) -> list[Record]:
    """Put back the rows that were taken away, are not ``put`` already, and that a current statement still says."""
    wanted = {record: owner for record, owner in taken.subjects.items() if record not in put}
    if not wanted:
        return []
    keys = stored_keys(sitting.conn, sitting.keyring, list(set(wanted.values())))
    rows: dict[UUID, Record] = {}
    for saying in _sayings(sitting, list(keys)):
        for record in opened_part(sitting, saying.statement, saying.body, keys[saying.subject]):
            if record.id in wanted and record.id not in rows:
                rows[record.id] = row(sitting, saying.statement, record, saying.said, keys[saying.subject])
    put_records(sitting.conn, sitting.vocabulary, rows.values())
    return list(rows.values())


def no_longer_so(taken: Taken, put: Iterable[Record]) -> dict[str, set[UUID]]:
    """Return by agency of whom something that a row said is not said any more: gone, or another value.

    What is only added is news and no correction. The order of what was put does not matter: a record has one row.
    """
    now = {record.record_id: _plain(record) for record in put}
    found: dict[str, set[UUID]] = defaultdict(set)
    for row_ in taken.rows:
        if row_.source_person and not row_.values.items() <= now.get(row_.record_id, {}).items():
            found[row_.agency].add(row_.source_person)
    return found


def _plain(record: Record) -> dict[str, object]:
    """Return the values of a row as the database would give them back; of a sealed field its blind index."""
    return {name: value.blind if isinstance(value, Sealed) else value for name, value in record.values.items()}


def _sayings(sitting: Bench, subjects: Sequence[UUID]) -> list[_Saying]:
    """Return the parts that current statements have about these subjects, the newest first."""
    rows = sitting.conn.execute(QUERIES.sayings_of, {"subjects": list(subjects)})
    return [_Saying(row[0], row[1], bytes(row[2]), (row[3], row[4], row[5])) for row in rows]
