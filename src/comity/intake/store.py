"""Rows of intake, in and out, within the caller's transaction."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from psycopg import Connection as PgConnection
from psycopg import sql
from psycopg.types.json import Jsonb

from comity.intake.models import Fault, Outcome
from comity.record.models import Kind, Statement, Status
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

Connection: TypeAlias = PgConnection[tuple[Any, ...]]
QUERIES = load_queries("comity.intake")
KEEPING = load_queries("comity.intake", "keeping.sql")
BURIED = "erased:"  # how the key of a tombstone begins
STATING = (Kind.STATE, Kind.RETRACT, Kind.ERASE)
JUDGING = (Kind.SAME, Kind.DIFFERENT)


@dataclass(frozen=True, slots=True)
class LastWord:
    """The newest word under a source key, and which statement's records are the ones that count there now."""

    statement_id: UUID
    version: int
    digest: bytes
    status: Status
    kind: Kind
    current: UUID | None


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A message to hold, or that is still held."""

    statement_id: UUID
    place: str
    faults: tuple[Fault, ...]
    persons: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A held message with its sealed content."""

    statement_id: UUID
    place: str
    verbatim: bytes | None
    epoch: int
    format: str
    number: int


def one_at_a_time(conn: Connection, agency: str) -> None:
    """Wait until no other transaction changes what this agency says."""
    conn.execute(QUERIES.one_at_a_time, {"agency": agency})


def cursor_of(conn: Connection, source: str) -> str | None:
    """Return where a source left off."""
    found = conn.execute(QUERIES.cursor, {"source": source}).fetchone()
    return found[0] if found else None


def move_cursor(conn: Connection, source: str, cursor: str, now: datetime) -> None:
    """Remember where a source left off."""
    conn.execute(QUERIES.move_cursor, {"source": source, "cursor": cursor, "now": now})


def verbatim_kept(conn: Connection, agency: str) -> timedelta | None:
    """Return for how long an agency's messages are kept word for word; None if it has not said."""
    found = conn.execute(KEEPING.verbatim_days, {"agency": agency}).fetchone()
    return timedelta(days=found[0]) if found else None


# ---------------------------------------------------------------------------------------------------- what is known


def buried_key(digests: bytes, source: str, key: str) -> str:
    """Return what a tombstone says instead of the source's own key: a keyed digest, by which it is known again."""
    said = f"{source}\0{key}".encode()
    return f"{BURIED}{hmac.digest(digests, said, hashlib.sha256).hex()}"


def last_words(
    conn: Connection, digests: bytes, source: str, keys: Iterable[str], kinds: Sequence[Kind] = STATING
) -> dict[str, LastWord]:
    """Return the newest word of these kinds under each key that has one, held ones left aside, erased ones not.

    Judgements have words of their own: their keys are those of messages, not of what a message says.
    """
    meant = {name: key for key in keys for name in (key, buried_key(digests, source, key))}
    asked = {"source": source, "keys": list(meant), "kinds": [kind.value for kind in kinds]}
    found: dict[str, LastWord] = {}
    for row in conn.execute(QUERIES.latest_statements, asked):
        word = LastWord(row[1], row[2], bytes(row[3]), Status(row[4]), Kind(row[5]), row[6])
        other = found.get(meant[row[0]])
        if other is not None:  # something of it was erased, and something stands
            newer = word if word.version >= other.version else other
            word = replace(newer, current=word.current or other.current)
        found[meant[row[0]]] = word
    return found


def held_or_erased(conn: Connection, source: str, digests: Iterable[bytes]) -> dict[bytes, Status]:
    """Return which of these messages are held, or were erased; erased counts before held."""
    rows = conn.execute(QUERIES.held_or_erased, {"source": source, "digests": list(set(digests))}).fetchall()
    found = {bytes(digest): Status(status) for digest, status in rows}
    return found | {bytes(digest): Status.ERASED for digest, status in rows if status == Status.ERASED}


def said_before(conn: Connection, source: str, digests: Iterable[bytes]) -> set[tuple[bytes, str]]:
    """Return digest and key of those of these messages that were said before and have given way."""
    rows = conn.execute(QUERIES.superseded_before, {"source": source, "digests": list(set(digests))})
    return {(bytes(digest), key) for digest, key in rows}


def erased_persons(conn: Connection, people: Iterable[UUID]) -> set[UUID]:
    """Return which of these persons were erased."""
    rows = conn.execute(QUERIES.erased_persons, {"people": list(set(people))})
    return {row[0] for row in rows}


def remember_erased(conn: Connection, people: Iterable[UUID], now: datetime) -> None:
    """Remember that these persons were erased."""
    conn.execute(QUERIES.remember_erased, {"people": list(people), "now": now})


def ids(conn: Connection, query: str, **parameters: object) -> list[UUID]:
    """Return the first column of a query that finds ids."""
    return [row[0] for row in conn.execute(query, parameters)]


@dataclass(frozen=True, slots=True)
class FormerRow:
    """A row as it was before it was taken away; of a sealed field its blind index."""

    type: str
    record_id: UUID
    source_person: UUID | None
    agency: str
    values: Map[str, object] = field(repr=False)


def rows_of_statements(conn: Connection, vocabulary: Vocabulary, statements: Sequence[UUID]) -> list[FormerRow]:
    """Return every row that these statements put there."""
    found: list[FormerRow] = []
    for name, kind in vocabulary.record_types.items():
        fields = [f"{it.name}_blind" if it.sealed else it.name for it in kind.fields]
        query = sql.SQL(
            "select record_id, source_person, agency, {} from record.{} where statement_id = any(%s)"
        ).format(sql.SQL(", ").join(map(sql.Identifier, fields)), sql.Identifier(name))
        for row in conn.execute(query, (list(statements),)):
            values = zip((it.name for it in kind.fields), row[3:], strict=True)
            found.append(
                FormerRow(name, row[0], row[1], row[2], {key: value for key, value in values if value is not None})
            )
    return found


# ------------------------------------------------------------------------------------------------------- quarantine


def hold(conn: Connection, source: str, mapping: str, rows: Iterable[HeldRow], now: datetime) -> None:
    """Hold messages, with why."""
    with conn.cursor() as cursor, cursor.copy(QUERIES.copy_quarantine) as copy:
        copy.set_types(["uuid", "text", "text", "text", "jsonb", "uuid[]", "timestamptz", "timestamptz"])
        for row in rows:
            faults = Jsonb([fault.as_json() for fault in row.faults])
            copy.write_row((row.statement_id, source, mapping, row.place, faults, list(row.persons), now, now))


def still_held(conn: Connection, mapping: str, row: HeldRow, now: datetime) -> None:
    """Say why a message that was tried again is still held."""
    faults = Jsonb([fault.as_json() for fault in row.faults])
    conn.execute(
        QUERIES.still_held,
        {"faults": faults, "mapping": mapping, "persons": list(row.persons), "now": now, "statement": row.statement_id},
    )


def resolve(conn: Connection, statements: Sequence[UUID], resolution: Status, now: datetime) -> None:
    """Say how held messages ended."""
    if statements:
        conn.execute(QUERIES.resolve, {"ids": list(statements), "resolution": resolution.value, "now": now})


def overtaken(conn: Connection, source: str, later: Map[str, int]) -> list[UUID]:
    """Return what is held under these keys and was held before these numbers."""
    numbers = {"keys": list(later), "numbers": list(later.values())}
    return ids(conn, QUERIES.overtaken, source=source, **numbers) if later else []


def waiting(conn: Connection, source: str, after: int, size: int) -> list[Waiting]:
    """Return some of what is held of a source, from a number on."""
    rows = conn.execute(QUERIES.held_page, {"source": source, "after": after, "size": size})
    return [Waiting(row[0], row[1], None if row[2] is None else bytes(row[2]), *row[3:]) for row in rows]


def readmit(conn: Connection, statements: Iterable[Statement]) -> None:
    """Let messages that were held take their place among the statements."""
    again = [
        {
            "statement": it.statement_id,
            "source_key": it.source_key,
            "version": it.version,
            "kind": it.kind.value,
            "status": it.status.value,
            "mapping": it.mapping,
            "entry": it.entry,
            "salt": it.salt,
        }
        for it in statements
    ]
    if again:
        conn.cursor().executemany(QUERIES.readmit, again)


# ------------------------------------------------------------------------------------------------------- deliveries


def begin_delivery(conn: Connection, source: str, mapping: str, now: datetime) -> UUID:
    """Return the delivery of a source that was cut off, or a new one."""
    found = conn.execute(QUERIES.open_delivery, {"source": source}).fetchone()
    if found:
        delivery: UUID = found[0]
        return delivery
    delivery = uuid4()
    conn.execute(QUERIES.begin_delivery, {"delivery": delivery, "source": source, "mapping": mapping, "now": now})
    return delivery


def one_off_delivery(conn: Connection, source: str, mapping: str, now: datetime) -> UUID:
    """Return a new delivery that is complete in itself."""
    delivery = uuid4()
    conn.execute(QUERIES.whole_delivery, {"delivery": delivery, "source": source, "mapping": mapping, "now": now})
    return delivery


def count_delivery(conn: Connection, delivery: UUID, outcome: Outcome) -> None:
    """Add what became of a batch to its delivery."""
    conn.execute(QUERIES.count_delivery, {"delivery": delivery, **asdict(outcome)})


def end_delivery(conn: Connection, delivery: UUID, now: datetime) -> None:
    """Say that a delivery is complete."""
    conn.execute(QUERIES.end_delivery, {"delivery": delivery, "now": now})


def delivered(conn: Connection, delivery: UUID) -> Outcome:
    """Return what became of a delivery so far."""
    row = conn.execute(QUERIES.delivery, {"delivery": delivery}).fetchone()
    return Outcome(*row) if row else Outcome()
