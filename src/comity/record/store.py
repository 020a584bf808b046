"""Rows of the record, in and out, within the caller's transaction.

Everything takes many rows at once: a single message is a batch of one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection, sql

from comity.record.keys import Keyring, WrappedKey
from comity.record.models import Part, Record, Sealed, Statement, Status
from comity.record.tables import ENVELOPE, columns
from comity.store import load_queries
from comity.vocabulary.models import RecordType, Vocabulary

_QUERIES = load_queries("comity.record")
_Column = tuple[str, str, list[Any]]  # its name, its PostgreSQL type, its values row by row
_STATEMENT = (
    ("statement_id", "uuid"), ("source", "text"), ("agency", "text"), ("source_key", "text"), ("version", "bigint"),
    ("kind", "text"), ("status", "text"), ("digest", "bytea"), ("received_at", "timestamptz"), ("verbatim", "bytea"),
    ("verbatim_epoch", "integer"), ("verbatim_until", "timestamptz"), ("format", "text"), ("mapping", "text"),
    ("salt", "bytea"), ("entry", "uuid"),
)  # fmt: skip
_PART = (("statement_id", "uuid"), ("source_person", "uuid"), ("body", "bytea"))
_SUBJECT_KEY = (("source_person", "uuid"), ("agency", "text"), ("epoch", "integer"), ("wrapped", "bytea"))


def insert_statements(conn: Connection, statements: Iterable[Statement]) -> None:
    """Keep statements with their envelopes."""
    _insert(conn, "statement", _attributes(_STATEMENT, list(statements)))


def insert_parts(conn: Connection, parts: Iterable[Part]) -> None:
    """Keep the sealed parts of statements."""
    _insert(conn, "part", _attributes(_PART, list(parts)))


def put_records(conn: Connection, vocabulary: Vocabulary, records: Iterable[Record]) -> None:
    """Make these the current rows: what stood under the same record ids gives way to them."""
    by_type: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_type[record.record_type].append(record)
    for name, of_type in by_type.items():
        _delete(conn, name, "record_id", [record.record_id for record in of_type])
        kind = vocabulary.record_type(name)
        envelope = [(column, type_) for column, type_, _ in ENVELOPE]
        _insert(conn, name, [*_attributes(envelope, of_type), *_fields(kind, of_type)])


def remove_records_of_statements(conn: Connection, vocabulary: Vocabulary, ids: Sequence[UUID]) -> None:
    """Remove every row that these statements put there."""
    for name in vocabulary.record_types:
        _delete(conn, name, "statement_id", ids)


def remove_records_of_people(conn: Connection, vocabulary: Vocabulary, people: Sequence[UUID]) -> None:
    """Remove every row that concerns these source persons."""
    for name in vocabulary.record_types:
        _delete(conn, name, "source_person", people)


def people_of_statements(conn: Connection, ids: Sequence[UUID]) -> list[UUID]:
    """Return the source persons whose person record these statements put there."""
    rows = conn.execute("select record_id from record.person where statement_id = any(%s)", (list(ids),))
    return [row[0] for row in rows]


def current_statements(conn: Connection, source: str, keys: Sequence[str]) -> dict[str, tuple[UUID, int, bytes]]:
    """Return statement id, version and digest of the current statement of each source key that has one."""
    rows = conn.execute(_QUERIES.current_statements, {"source": source, "keys": list(keys)})
    return {key: (statement, version, bytes(digest)) for key, statement, version, digest in rows}


def move_statements(conn: Connection, ids: Sequence[UUID], status: Status) -> None:
    """Let statements have another status."""
    conn.execute(_QUERIES.move_statements, {"ids": list(ids), "status": status.value})


def forget_statements(conn: Connection, ids: Sequence[UUID]) -> None:
    """Leave tombstones of these statements: no content, and never admitted again."""
    conn.execute(_QUERIES.forget_statements, {"ids": list(ids)})
    conn.execute(_QUERIES.delete_parts_of_statements, {"ids": list(ids)})


def destroy_people(conn: Connection, vocabulary: Vocabulary, people: Sequence[UUID]) -> None:
    """Erase source persons: their rows, their parts of every statement, and their data keys."""
    remove_records_of_people(conn, vocabulary, people)
    conn.execute(_QUERIES.delete_parts, {"people": list(people)})
    conn.execute(_QUERIES.destroy_keys, {"people": list(people)})


def data_keys(conn: Connection, keyring: Keyring, agency: str, people: Sequence[UUID]) -> dict[UUID, bytes]:
    """Return the plain data key of each source person, made and kept now where there is none."""
    keys = stored_keys(conn, keyring, people)
    made: list[WrappedKey] = []
    for person in dict.fromkeys(people):
        if person not in keys:
            wrapped, keys[person] = keyring.new_data_key(person, agency)
            made.append(wrapped)
    _insert(conn, "subject_key", _attributes(_SUBJECT_KEY, made))
    return keys


def stored_keys(conn: Connection, keyring: Keyring, people: Sequence[UUID]) -> dict[UUID, bytes]:
    """Return the plain data keys that this connection's role may see."""
    rows = conn.execute(_QUERIES.wrapped_keys, {"people": list(people)})
    return {row[0]: keyring.unwrap(WrappedKey(row[0], row[1], row[2], bytes(row[3]))) for row in rows}


def drop_expired_verbatim(conn: Connection, now: datetime) -> int:
    """Remove verbatim messages whose time is over, and return how many."""
    return conn.execute(_QUERIES.drop_expired_verbatim, {"now": now}).rowcount


def _attributes(typed: Iterable[tuple[str, str]], rows: Sequence[object]) -> list[_Column]:
    """Return the columns that hold the attributes of these names."""
    return [(name, kind, [getattr(row, name) for row in rows]) for name, kind in typed]


def _fields(record_type: RecordType, records: Sequence[Record]) -> Iterator[_Column]:
    """Yield the columns of a record type's fields, a sealed field as two."""
    kinds = {name: kind for name, kind, _ in columns(record_type)}
    for field in record_type.fields:
        values = [record.values.get(field.name) for record in records]
        if not field.sealed:
            yield field.name, kinds[field.name], values
            continue
        if any(value is not None and not isinstance(value, Sealed) for value in values):
            raise RuntimeError(f"{record_type.name}.{field.name} is sealed and came here in plain")
        for column, part in ((field.name, "ciphertext"), (f"{field.name}_blind", "blind")):
            yield column, kinds[column], [getattr(value, part, None) for value in values]


def _insert(conn: Connection, table: str, every: Iterable[_Column]) -> None:
    """Insert many rows at once: an array per column, because PostgreSQL takes no COPY under row-level security.

    Arrays travel in binary, which needs no quoting, and a column that no row fills does not travel at all.
    """
    filled = [column for column in every if any(value is not None for value in column[2])]
    if not filled:
        return
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _, _ in filled)
    arrays = sql.SQL(", ").join(sql.SQL(f"%b::{kind}[]") for _, kind, _ in filled)
    statement = sql.SQL("insert into record.{} ({}) select * from unnest({})")
    conn.execute(statement.format(sql.Identifier(table), names, arrays), [values for _, _, values in filled])


def _delete(conn: Connection, record_type: str, column: str, ids: Sequence[UUID]) -> None:
    statement = sql.SQL("delete from record.{} where {} = any(%s)")
    conn.execute(statement.format(sql.Identifier(record_type), sql.Identifier(column)), (list(ids),))


def wrapped_keys_query() -> str:
    """Return the text of the query that reads wrapped keys, for the gate's own connection (``people``: uuid list)."""
    return _QUERIES.wrapped_keys


def keys_from_rows(keyring: Keyring, rows: Iterable[tuple[UUID, str, int, bytes]]) -> Mapping[UUID, bytes]:
    """Return the plain data keys from rows of :func:`wrapped_keys_query`, without those whose epoch is destroyed.

    What such a key protected is erased, as it is where the key itself is gone: nobody can read it, and all else stays.
    """
    return keyring.readable(
        WrappedKey(person, agency, epoch, bytes(wrapped)) for person, agency, epoch, wrapped in rows
    )
