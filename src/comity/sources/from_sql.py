"""Any SQL database: the rows of a query, from a cursor column's last value on.

Rules:

1. The database is only read, and its password shows nowhere (:mod:`comity.sources.database`).
2. With a cursor column the rows come in its order, and the next pull begins at the last value seen, that value
   included: a row may have been added under it since. Where exactly the same rows stand under it, none is told again.
3. ``overlap`` begins that much earlier still (seconds of a time, days of a date, units of a number), for a database in
   which a row can become visible after a later one; what is told twice does no harm.
4. Rows whose cursor column is null are told at every pull: they could not be told apart from new ones. So are those
   in which SQLite, whose columns may hold anything, has a number among texts: its order puts it before all of them.
5. Without a cursor column the whole result is told when anything in it has changed, and not when nothing has.
6. What is remembered holds no personal data: the cursor's value, a count, and the sum of the rows' digests, which does
   not depend on their order.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import sqlalchemy

from comity.sources import marks, values
from comity.sources.batches import Step, batches
from comity.sources.database import Undecodable, rows
from comity.sources.errors import SourceUnavailableError
from comity.sources.json_text import storable
from comity.sources.models import RAW_LIMIT, Batch, Item, Said, Unreadable
from comity.sources.query import bind_names, place_of, references, with_values
from comity.sources.table import Columns, RefusedTableError

Value: TypeAlias = int | float | Decimal | str | date | datetime | UUID

#: How many rows under the last value are held back to see whether they are the same. Comity's own choice, 2026-11.
MAX_HELD = 10_000

_KEY = "query"


@dataclass(frozen=True, slots=True)
class Seen:
    """Rows in any order: how many, and the sum of their digests."""

    count: int = 0
    total: int = 0

    def and_(self, item: Item) -> Seen:
        """Return these and one more."""
        content = item.body.canonical() if isinstance(item, Said) else item.raw
        digest = int.from_bytes(hashlib.sha256(content).digest(), "big")
        return Seen(self.count + 1, (self.total + digest) % (1 << 256))


@dataclass(frozen=True, slots=True)
class SqlMark:
    """Where a query left off: the cursor's last value and the rows seen under it (without a cursor: all rows)."""

    value: Value | None = None
    seen: Seen = Seen()

    def to_json(self) -> list[Any]:
        """Return the mark as a cursor keeps it."""
        return [_KINDS.get(type(self.value), "null"), str(self.value), self.seen.count, f"{self.seen.total:x}"]

    @classmethod
    def from_json(cls, kept: object) -> SqlMark | None:
        """Return the mark out of a cursor; None where it cannot be understood."""
        try:
            match kept:
                case [str(kind), str(text), int(count), str(total)]:
                    return cls(_FROM_TEXT[kind](text), Seen(count, int(total, 16)))
        except (KeyError, ValueError, ArithmeticError):
            pass
        return None


_KINDS: dict[type, str] = {
    int: "integer",
    float: "float",
    Decimal: "decimal",
    str: "text",
    date: "date",
    datetime: "timestamp",
    UUID: "uuid",
}
_FROM_TEXT: dict[str, Any] = {
    "null": lambda _: None,
    "integer": int,
    "float": float,
    "decimal": Decimal,
    "text": str,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "uuid": UUID,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSource:
    """A query of a database. ``secrets`` answers the ``${NAME}`` references; None: the environment."""

    base: Path
    url: str = field(repr=False)
    query: str
    how: str
    cursor: str | None = None
    start: Value | None = None
    overlap: int | float | None = None
    secrets: Mapping[str, str] | None = field(repr=False, default=None)

    @property
    def name(self) -> str:
        """The kind of database; nothing else of its address."""
        return place_of(self.url)

    def read(self, cursor: str | None, size: int) -> Iterator[Batch]:
        """Yield the rows that are new or changed since ``cursor``."""
        before = SqlMark.from_json(marks.decode(cursor, self.how).get(_KEY))

        def encode(now: Mapping[str, SqlMark]) -> str:
            return marks.encode({key: mark.to_json() for key, mark in now.items()}, self.how)

        yield from batches(self._steps(before), {}, size, encode)

    def _steps(self, before: SqlMark | None) -> Iterator[Step]:
        if self.cursor is None:
            yield from self._all_rows(before)
        else:
            yield from self._rows_from(before or SqlMark(self.start), self.cursor)

    def _all_rows(self, before: SqlMark | None) -> Iterator[Step]:
        """Yield every row, unless all of them are as they were (rule 5)."""
        if before is not None and before.seen == self._summed():
            return
        seen = Seen()
        for item, _ in self._items(None):
            seen = seen.and_(item)
            yield Step(item, _KEY, SqlMark)  # broken off, it begins anew
        yield Step(None, _KEY, lambda: SqlMark(None, seen))

    def _summed(self) -> Seen:
        seen = Seen()
        for item, _ in self._items(None):
            seen = seen.and_(item)
        return seen

    def _rows_from(self, before: SqlMark, cursor: str) -> Iterator[Step]:
        progress = _Progress(before)
        for item, value in _without_known(before, self._items(before.value, cursor)):
            progress.told(item, value)
            yield Step(item, _KEY, progress.mark)
        yield Step(None, _KEY, progress.mark)

    def _items(self, since: Value | None, cursor: str | None = None) -> _Rows:
        found = rows(self.url, self.base, self._environment(), self._statement(since))
        names = list(next(found))
        columns = self._columns(names)
        if cursor is not None and cursor not in names:
            raise self._unknown_cursor(cursor, names)
        at = None if cursor is None else names.index(cursor)
        for number, row in enumerate(found):
            yield _item(f"{self.name}, row {number + 1}", number, columns, row), _value(row, at)

    def _columns(self, names: Sequence[str]) -> Columns:
        try:
            return Columns(names)
        except RefusedTableError as fault:
            cause = fault.cause
        raise SourceUnavailableError(self.name, cause, "Name each column of the query differently, with as")

    def _unknown_cursor(self, cursor: str, names: Sequence[str]) -> SourceUnavailableError:
        there = ", ".join(f'"{name}"' for name in names[:20])
        return SourceUnavailableError(self.name, f'the query gives no column "{cursor}"; it gives {there}', "Name one")

    def _statement(self, since: Value | None) -> sqlalchemy.Select[Any]:
        """Return the query as a subquery, where nothing but a query can stand, in the order of its cursor."""
        text = sqlalchemy.text(self.query.strip().rstrip(";") + "\n")  # it may end in a comment
        begin = None if since is None else sqlalchemy.literal(_earlier(since, self.overlap), _type(since))
        if "cursor" in bind_names(self.query):
            text = text.bindparams(sqlalchemy.bindparam("cursor", None if begin is None else begin.value, _type(since)))
        said = text.columns(*([] if self.cursor is None else [sqlalchemy.column(self.cursor)])).subquery("said")
        statement = sqlalchemy.select(sqlalchemy.text("*")).select_from(said)
        if self.cursor is None:
            return statement
        column = said.c[self.cursor]
        if since is not None:
            statement = statement.where(
                sqlalchemy.or_(column >= begin, column.is_(None), *self._numbers(column, since))
            )
        return statement.order_by(column)

    def _numbers(self, column: Any, since: Value) -> Iterator[sqlalchemy.ColumnElement[bool]]:
        """Yield what finds the numbers that SQLite puts before a text (rule 4)."""
        if isinstance(since, str) and self._resolved_url().startswith("sqlite"):
            yield sqlalchemy.func.typeof(column).in_(("integer", "real"))

    def _resolved_url(self) -> str:
        secrets = self._environment()
        return with_values(self.url, {name: secrets.get(name, "") for name in references(self.url)})

    def _environment(self) -> Mapping[str, str]:
        return os.environ if self.secrets is None else self.secrets


_Rows: TypeAlias = Iterator[tuple[Item, Value | None]]


class _Progress:
    """The mark of a query that is being read: it only moves forward, and is summed up when it is asked for."""

    def __init__(self, before: SqlMark) -> None:
        self._value, self._seen = before.value, before.seen
        self._begun = False
        self._unsummed: list[Item] = []

    def told(self, item: Item, value: Value | None) -> None:
        """Take note of a row and the value of its cursor column."""
        if value is None or _is_before(value, self._value):
            return
        if value != self._value or not self._begun:
            self._value, self._seen, self._begun = value, Seen(), True
            self._unsummed.clear()
        self._unsummed.append(item)
        if len(self._unsummed) >= MAX_HELD:
            self.mark()

    def mark(self) -> SqlMark:
        """Return where reading has come to."""
        for item in self._unsummed:
            self._seen = self._seen.and_(item)
        self._unsummed.clear()
        return SqlMark(self._value, self._seen)


def _without_known(before: SqlMark, found: _Rows) -> _Rows:
    """Leave out the rows under the last value where they are exactly the ones already told (rule 2)."""
    held: list[tuple[Item, Value | None]] = []
    for row in found:
        if before.seen.count and row[1] == before.value and len(held) < MAX_HELD:
            held.append(row)
            continue
        yield from _news(held, before)
        held = []
        yield row
    yield from _news(held, before)


def _news(held: list[tuple[Item, Value | None]], before: SqlMark) -> _Rows:
    seen = Seen()
    for item, _ in held:
        seen = seen.and_(item)
    if seen != before.seen:
        yield from held


def _is_before(value: Value, last: Value | None) -> bool:
    return type(value) is type(last) and bool(value < last)  # type: ignore[operator]  # they are of one type


def _earlier(value: Value, overlap: float | None) -> Value:
    if not overlap or isinstance(value, str | UUID):
        return value
    if isinstance(value, datetime):
        return value - timedelta(seconds=overlap)
    if isinstance(value, date):
        return value - timedelta(days=overlap)
    return value - Decimal(str(overlap)) if isinstance(value, Decimal) else value - overlap


def _type(value: Value | None) -> sqlalchemy.types.TypeEngine[Any]:
    """Return the type under which a value is bound: wide, and with the zone where it has one."""
    if isinstance(value, datetime):
        return sqlalchemy.DateTime(timezone=value.tzinfo is not None)
    types: dict[type, sqlalchemy.types.TypeEngine[Any]] = {
        int: sqlalchemy.BigInteger(),
        float: sqlalchemy.Double(),
        Decimal: sqlalchemy.Numeric(),
        date: sqlalchemy.Date(),
        UUID: sqlalchemy.Uuid(),
        str: sqlalchemy.Text(),
    }
    return types.get(type(value), sqlalchemy.types.NullType())


def _value(row: Sequence[Any], at: int | None) -> Value | None:
    value = None if at is None else row[at]
    return value if type(value) in _KINDS else None


def _item(place: str, number: int, columns: Columns, row: Sequence[Any]) -> Item:
    cells = [values.plain(value) for value in row]
    wrong = [columns.names[index] for index, value in enumerate(row) if isinstance(value, Undecodable)]
    if wrong:
        cause = f"the text in {', '.join(wrong)} is not in the database's encoding"
        return Unreadable(place, cause, "Have the row corrected", number, _raw(cells))
    if not all(storable(cell) for cell in cells if isinstance(cell, str)):
        return Unreadable(place, "the row holds a NUL character", "Have it left out", number, _raw(cells))
    return Said(place, columns.body(cells), number)


def _raw(cells: list[Any]) -> bytes:
    return json.dumps(cells).encode()[:RAW_LIMIT]
