"""Somebody else's database: reached without leaving a trace of the password, and never changed.

Rules:

1. A password, or any part of the address, comes from the environment: ``${NAME}`` in the address. A password written
   in the address is refused when the spec is checked.
2. What is resolved is never kept on an object, logged or raised. An error is told by its kind; the database's own words
   are passed on only where they speak of the query, and with every resolved value masked.
3. Read only: SQLite is opened with ``mode=ro``, PostgreSQL in a read-only transaction, and the query stands as a
   subquery, where only a query can stand. The true lock is an account that may only read.
4. One value that cannot be decoded spoils its row, not the rest: the drivers would end the whole reading.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy
from sqlalchemy.pool import NullPool

from comity.sources.errors import SourceUnavailableError
from comity.sources.query import place_of, references, with_values

_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
_BUSY_SECONDS = 10.0  # how long to wait for the owner of a SQLite file to finish writing


class Undecodable(bytes):
    """A text of a database that is not in the database's encoding."""

    __slots__ = ()


class Boundless(str):
    """A date or time that Python has none for (PostgreSQL's ``infinity``, years before 1 or after 9999), as a text."""

    __slots__ = ()


def rows(url: str, base: Path, secrets: Mapping[str, str], statement: sqlalchemy.Executable) -> Iterator[Sequence[Any]]:
    """Yield the names of the columns, and then each row. Raises :class:`SourceUnavailableError`."""
    place = place_of(url)
    values = [secrets[name] for name in references(url) if name in secrets]
    resolved = _resolved(url, secrets, place)
    try:
        with _engine(resolved, base).connect() as connection:
            result = _read_only(connection).execute(statement)
            yield list(result.keys())
            yield from result
    except sqlalchemy.exc.SQLAlchemyError as fault:
        cause, mend = _told(fault)
    except ImportError:
        cause, mend = "no driver for this kind of database is installed", "Install SQLAlchemy's driver for it"
    else:
        return
    # Out here, so that the database's own error, which may quote a row, does not hang on to this one.
    raise SourceUnavailableError(place, _masked(cause, values), mend)


def _resolved(url: str, secrets: Mapping[str, str], place: str) -> sqlalchemy.URL:
    """Return the address with its references replaced; within user and password they are quoted as an address needs."""
    absent = [name for name in references(url) if name not in secrets]
    if absent:
        raise SourceUnavailableError(place, f"{', '.join(absent)} is not set", "Set it in Comity's environment")
    values = {name: secrets[name] for name in references(url)}
    account, at, rest = url.rpartition("@")
    quoted = with_values(account, {name: quote(value, safe="") for name, value in values.items()})
    text = quoted + at + with_values(rest, values)
    try:
        return sqlalchemy.make_url(text)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        pass
    raise SourceUnavailableError(place, "the url is not a database's address", "Write it as kind://user@host/database")


def _engine(url: sqlalchemy.URL, base: Path) -> sqlalchemy.Engine:
    url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    if url.get_backend_name() == "sqlite":
        return sqlalchemy.create_engine("sqlite://", creator=_sqlite(base / (url.database or "")), poolclass=NullPool)
    engine = sqlalchemy.create_engine(url, poolclass=NullPool, hide_parameters=True)
    if engine.dialect.driver == "psycopg":
        sqlalchemy.event.listen(engine, "connect", _accept_boundless)
    return engine


def _sqlite(path: Path) -> Callable[[], sqlite3.Connection]:
    def connect() -> sqlite3.Connection:
        address = f"file:{quote(str(path.absolute()))}?mode=ro"
        connection = sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, check_same_thread=False)
        connection.text_factory = _text
        connection.execute("pragma query_only = on")
        connection.execute("pragma trusted_schema = off")  # a view of the file may call no function with side effects
        return connection

    return connect


def _text(value: bytes) -> str | Undecodable:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return Undecodable(value)


def _accept_boundless(connection: Any, _record: Any) -> None:
    """Have PostgreSQL's dates and times that Python has none for come as texts (rule 4)."""
    from psycopg.types import datetime as loaders

    for name, loader in (
        ("date", loaders.DateLoader),
        ("timestamp", loaders.TimestampLoader),
        ("timestamptz", loaders.TimestamptzLoader),
    ):
        connection.adapters.register_loader(name, _or_boundless(loader))


def _or_boundless(loader: Any) -> Any:
    from psycopg import DataError

    class OrBoundless(loader):  # type: ignore[misc]  # the class is a parameter
        def load(self, data: Any) -> Any:
            try:
                return super().load(data)
            except DataError:
                return Boundless(bytes(data).decode("ascii", "replace"))

    return OrBoundless


def _read_only(connection: sqlalchemy.Connection) -> sqlalchemy.Connection:
    options: dict[str, Any] = {"stream_results": True, "max_row_buffer": 1_000}
    if connection.dialect.name == "postgresql":
        options["postgresql_readonly"] = True
    return connection.execution_options(**options)


def _told(fault: sqlalchemy.exc.SQLAlchemyError) -> tuple[str, str]:
    """Return cause and mend, without the statement, the parameters or any value (rule 2)."""
    origin = getattr(fault, "orig", None)
    if isinstance(origin, sqlite3.Error):
        return _told_by_sqlite(str(origin))
    state = getattr(origin, "sqlstate", None)
    if state:
        return _told_by_state(state, origin)
    if isinstance(fault, sqlalchemy.exc.ArgumentError):
        return (
            "this kind of database is not known",
            "Begin the url with sqlite, postgresql, or another that is installed",
        )
    if isinstance(fault, sqlalchemy.exc.OperationalError | sqlalchemy.exc.InterfaceError):
        return (
            "the database cannot be reached, or refuses the account",
            "Check the address, the account and the network",
        )
    return f"the database answered with an error ({type(fault).__name__})", "Try the query with the database's own tool"


def _told_by_sqlite(words: str) -> tuple[str, str]:
    mends = {
        "unable to open": "Check the path, and that Comity's account may read it",
        "not a database": "Check the path: the file is something else, or encrypted",
        "readonly": "Write a query that only reads",
        "locked": "Wait until the file's owner has finished writing",
    }
    mend = next((mend for part, mend in mends.items() if part in words), "Mend the query")
    return words, mend


#: SQLSTATE (ISO 9075-2, 24.1; PostgreSQL manual, appendix A), the longest prefix that fits.
_STATES = {
    "08": ("the connection to the database failed", "Check the address and the network"),
    "25006": ("the query tries to change the database", "Write a query that only reads"),
    "28": ("the database refuses the account", "Check the user and the password"),
    "3D": ("there is no such database", "Check the database's name in the url"),
    "42501": ("the account may not read what the query asks for", "Have it granted the right to read, and no other"),
    "53": ("the database has too few resources", "Try again later"),
    "57": ("the database ended the query or is stopping", "Try again later"),
}


def _told_by_state(state: str, origin: Any) -> tuple[str, str]:
    for length in (5, 2):
        if state[:length] in _STATES:
            return _STATES[state[:length]]
    words = getattr(getattr(origin, "diag", None), "message_primary", None)
    if state.startswith("42") and words:  # syntax and names: they speak of the query, never of a row
        return str(words), "Mend the query"
    return f"the database answered with SQLSTATE {state}", "Try the query with the database's own tool"


def _masked(words: str, values: list[str]) -> str:
    for value in sorted(filter(None, values), key=len, reverse=True):
        words = words.replace(value, "***")
    return words
