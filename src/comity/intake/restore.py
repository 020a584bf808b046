"""Take rows away, and put back those that another current statement says too.

Several statements may say the same record: each booking of one prisoner repeats who the prisoner is. When the
statement that put the row there gives way, the newest of the others has the word.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from comity.intake.parts import opened_part, row
from comity.intake.sitting import Sitting
from comity.intake.store import QUERIES, rows_of_statements
from comity.record.models import Record
from comity.record.store import put_records, remove_records_of_statements, stored_keys


@dataclass(frozen=True, slots=True)
class Taken:
    """Rows that were taken away: record id to the subject under whose key it was kept; person records apart.

    ``detained``: whose records of custody were among them.
    """

    subjects: dict[UUID, UUID] = field(default_factory=dict)
    persons: frozenset[UUID] = frozenset()
    detained: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class _Saying:
    """A part of a current statement, sealed."""

    statement: UUID
    subject: UUID
    body: bytes
    said: tuple[str, str, datetime]  # agency, source, when it was received


def take_away(sitting: Sitting, statements: Sequence[UUID]) -> Taken:
    """Remove every row that these statements put there, and say which they were."""
    if not statements:
        return Taken()
    rows = rows_of_statements(sitting.conn, sitting.vocabulary, statements)
    remove_records_of_statements(sitting.conn, sitting.vocabulary, statements)
    persons = frozenset(record for name, record, _ in rows if name == "person")
    detained = frozenset(person for name, _, person in rows if name == "custody" and person)
    return Taken({record: person or record for _, record, person in rows}, persons, detained)


def restore(sitting: Sitting, taken: Taken, put: Collection[UUID]) -> list[Record]:
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


def _sayings(sitting: Sitting, subjects: Sequence[UUID]) -> list[_Saying]:
    """Return the parts that current statements have about these subjects, the newest first."""
    rows = sitting.conn.execute(QUERIES.sayings_of, {"subjects": list(subjects)})
    return [_Saying(row[0], row[1], bytes(row[2]), (row[3], row[4], row[5])) for row in rows]
