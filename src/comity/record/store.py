"""Rows of the record, in and out, within the caller's transaction.

Everything takes many rows at once: a single message is a batch of one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from psycopg import Connection, sql

from comity.record.keys import Keyring, WrappedKey
from comity.record.models import Part, Record, Sealed, Statement, Status
from comity.record.tables import ENVELOPE
from comity.store import load_queries
from comity.vocabulary.models import RecordType, Vocabulary

_QUERIES = load_queries("comity.record")
_ENVELOPE = tuple(name for name, _, _ in ENVELOPE)


def insert_statements(conn: Connection, statements: Iterable[Statement]) -> None:
    """Keep statements with their envelopes."""
    with conn.cursor() as cursor, cursor.copy(_QUERIES.statement_columns) as copy:
        for it in statements:
            copy.write_row((
                it.statement_id, it.source, it.agency, it.source_key, it.version, it.kind.value, it.status.value,
                it.digest, it.received_at, it.verbatim, it.verbatim_epoch, it.verbatim_until, it.format, it.mapping,
                it.salt, it.entry,
            ))  # fmt: skip


def insert_parts(conn: Connection, parts: Iterable[Part]) -> None:
    """Keep the sealed parts of statements."""
    with conn.cursor() as cursor, cursor.copy(_QUERIES.copy_parts) as copy:
        for part in parts:
            copy.write_row((part.statement_id, part.source_person, part.body))


def put_records(conn: Connection, vocabulary: Vocabulary, records: Iterable[Record]) -> None:
    """Make these the current rows: what stood under the same record ids gives way to them."""
    by_type: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_type[record.record_type].append(record)
    for name, of_type in by_type.items():
        record_type = vocabulary.record_type(name)
        _delete(conn, name, "record_id", [record.record_id for record in of_type])
        with conn.cursor() as cursor, cursor.copy(_copy_statement(record_type)) as copy:
            for record in of_type:
                copy.write_row(tuple(_row(record_type, record)))


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
    with conn.cursor() as cursor, cursor.copy(_QUERIES.copy_subject_keys) as copy:
        for key in made:
            copy.write_row((key.source_person, key.agency, key.epoch, key.wrapped))
    return keys


def stored_keys(conn: Connection, keyring: Keyring, people: Sequence[UUID]) -> dict[UUID, bytes]:
    """Return the plain data keys that this connection's role may see."""
    rows = conn.execute(_QUERIES.wrapped_keys, {"people": list(people)})
    return {row[0]: keyring.unwrap(WrappedKey(row[0], row[1], row[2], bytes(row[3]))) for row in rows}


def drop_expired_verbatim(conn: Connection, now: datetime) -> int:
    """Remove verbatim messages whose time is over, and return how many."""
    return conn.execute(_QUERIES.drop_expired_verbatim, {"now": now}).rowcount


def _row(record_type: RecordType, record: Record) -> Iterator[object]:
    yield from (
        record.record_id, record.statement_id, record.source_person, record.agency, record.source, record.source_key,
        record.whose, record.asserted.value, record.received_at,
    )  # fmt: skip
    for field in record_type.fields:
        value = record.values.get(field.name)
        if not field.sealed:
            yield value
        elif value is None:
            yield from (None, None)
        elif isinstance(value, Sealed):
            yield from (value.ciphertext, value.blind)
        else:
            raise RuntimeError(f"{record_type.name}.{field.name} is sealed and came here in plain")


def _copy_statement(record_type: RecordType) -> sql.Composed:
    names: list[str] = list(_ENVELOPE)
    for field in record_type.fields:
        names += [field.name, f"{field.name}_blind"] if field.sealed else [field.name]
    return sql.SQL("copy record.{} ({}) from stdin").format(
        sql.Identifier(record_type.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )


def _delete(conn: Connection, record_type: str, column: str, ids: Sequence[UUID]) -> None:
    statement = sql.SQL("delete from record.{} where {} = any(%s)")
    conn.execute(statement.format(sql.Identifier(record_type), sql.Identifier(column)), (list(ids),))


def wrapped_keys_query() -> str:
    """Return the text of the query that reads wrapped keys, for the gate's own connection (``people``: uuid list)."""
    return _QUERIES.wrapped_keys


def keys_from_rows(keyring: Keyring, rows: Iterable[tuple[UUID, str, int, bytes]]) -> Mapping[UUID, bytes]:
    """Return the plain data keys from rows of :func:`wrapped_keys_query`."""
    keys = (WrappedKey(person, agency, epoch, bytes(wrapped)) for person, agency, epoch, wrapped in rows)
    return {key.source_person: keyring.unwrap(key) for key in keys}
