"""A columnar snapshot: what the providers hold at one moment, in a DuckDB file, to make an extract from.

Rules:

1. It holds the providers' rows and nobody else's: it is read as the gate, in one transaction that names them, so that
   row-level security guards what is copied; and of these only the tables and columns that the queries read.
2. It is of one moment (``repeatable read``), which is told to whoever gets what was made from it.
3. It is a file of this node for as long as the work takes, readable by nobody else, and removed with the work.
4. What is sealed stays sealed in it.
5. Copying takes no more room in memory than one batch, however much there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from psycopg import Connection, sql
from psycopg.pq import TransactionStatus
from sqlglot import exp

from comity.store import load_queries

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_QUERIES: Final = load_queries("comity.gate")

#: How each type of PostgreSQL's is written on the way, and what DuckDB makes of it.
_TYPES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "uuid": ("{}", "UUID"),
        "text": ("{}", "VARCHAR"),
        "date": ("{}", "DATE"),
        "timestamptz": ("{} at time zone 'UTC'", "TIMESTAMP"),
        "int8": ("{}", "BIGINT"),
        "int4": ("{}", "INTEGER"),
        "bool": ("{}::text", "BOOLEAN"),
        "bytea": ("encode({}, 'hex')", "BLOB"),
    }
)
_LONGEST_LINE: Final = 256 * 1024 * 1024  # bytes: a row may hold long texts
_MEMORY: Final = "2GB"  # of DuckDB's; beyond that it uses the work's own folder
_THREADS: Final = 2


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where it is, and of which moment."""

    path: Path
    taken_at: datetime


def take(
    conn: Connection[tuple[Any, ...]], path: Path, queries: Iterable[exp.Expr], providers: Iterable[str]
) -> Snapshot:
    """Copy what ``queries`` read into a new file at ``path``; ``conn`` is the gate's, with no transaction open.

    A file that is there already is an error (``FileExistsError``); one that could not be finished is removed.
    """
    if conn.info.transaction_status is not TransactionStatus.IDLE:
        raise RuntimeError("a snapshot is a transaction of its own")
    path.touch(mode=0o600, exist_ok=False)
    path.unlink()
    try:
        with open_file(path) as file, conn.transaction():
            conn.execute("set transaction isolation level repeatable read, read only")
            row = conn.execute(_QUERIES.snapshot_settings, {"providers": ",".join(providers)}).fetchone()
            for (schema, table), columns in _read_by(queries):
                _copy(conn, file, schema, table, columns)
        path.chmod(0o600)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if row is None:
        raise RuntimeError("the database does not say what time it is")
    return Snapshot(path, row[0])


@contextmanager
def open_file(path: Path, *, read_only: bool = False) -> Iterator[DuckDBPyConnection]:
    """Open a file of DuckDB's for as long as the context lasts. It asks the network for nothing."""
    import duckdb

    settings: dict[str, Any] = {
        "memory_limit": _MEMORY,
        "threads": _THREADS,
        "temp_directory": str(path.with_suffix(".spill")),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": False,
    }
    connection = duckdb.connect(str(path), read_only=read_only, config=settings)
    try:
        yield connection
    finally:
        connection.close()


def _read_by(queries: Iterable[exp.Expr]) -> list[tuple[tuple[str, str], set[str]]]:
    """Return each table that the queries read, with the names of the columns that they read anywhere."""
    trees = list(queries)
    tables = {(table.db, table.name): None for tree in trees for table in tree.find_all(exp.Table) if table.db}
    names = {column.name for tree in trees for column in tree.find_all(exp.Column)}
    return [(table, names) for table in sorted(tables)]


def _copy(
    conn: Connection[tuple[Any, ...]], file: DuckDBPyConnection, schema: str, table: str, wanted: set[str]
) -> None:
    columns = _columns(conn, schema, table, wanted)
    on_the_way = Path(str(file.execute("select current_setting('temp_directory')").fetchone()[0])) / f"{schema}.{table}"  # type: ignore[index]
    on_the_way.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        _write(conn, on_the_way, schema, table, columns)
        _load(file, on_the_way, schema, table, columns)
    finally:
        on_the_way.unlink(missing_ok=True)


def _columns(conn: Connection[tuple[Any, ...]], schema: str, table: str, wanted: set[str]) -> dict[str, str]:
    """Return the wanted columns that the table has, with their types."""
    query = sql.SQL("select * from {} limit 0").format(sql.Identifier(schema, table))
    described = conn.execute(query).description or ()
    types = conn.adapters.types
    return {
        it.name: known.name for it in described if it.name in wanted and (known := types.get(it.type_code)) is not None
    }


def _write(conn: Connection[tuple[Any, ...]], to: Path, schema: str, table: str, columns: Mapping[str, str]) -> None:
    said = [sql.SQL(_TYPES[kind][0]).format(sql.Identifier(name)) for name, kind in columns.items()]
    query = sql.SQL("copy (select {} from {}) to stdout (format csv)").format(
        sql.SQL(", ").join(said), sql.Identifier(schema, table)
    )
    to.touch(mode=0o600)
    with conn.cursor().copy(query) as out, to.open("wb") as written:
        for block in out:
            written.write(block)


def _load(file: DuckDBPyConnection, path: Path, schema: str, table: str, columns: Mapping[str, str]) -> None:
    read = {name: "VARCHAR" if kind == "bytea" else _TYPES[kind][1] for name, kind in columns.items()}
    said = ", ".join(
        f'unhex("{name}") as "{name}"' if kind == "bytea" else f'"{name}"' for name, kind in columns.items()
    )
    file.execute(f'create schema if not exists "{schema}"')
    file.execute(
        f'create table "{schema}"."{table}" as select {said} from read_csv(?, columns = {read!r}, auto_detect = false,'  # noqa: S608
        " header = false, delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false,"
        f" max_line_size = {_LONGEST_LINE}, buffer_size = {2 * _LONGEST_LINE}, strict_mode = true)",
        [str(path)],
    )
