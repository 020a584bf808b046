"""Make one part of an extract: of one clause, about one stretch of people, as one file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from comity.gate.engines import Engine, bindable, named, rendered
from comity.gate.extract.columns import ENVELOPE, ROW, SUBJECT, Said, Table
from comity.gate.extract.models import Format, Part
from comity.gate.extract.verify import digest_of
from comity.gate.extract.work import OUT, Stretch
from comity.gate.minimise import Setting, minimise
from comity.gate.pseudonyms import pseudonym
from comity.gate.wide import Wide
from comity.record.seal import place, unseal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

WRITTEN: Final[Mapping[Format, str]] = MappingProxyType(
    {
        Format.CSV: "format csv, header, delimiter ',', quote '\"', escape '\"', nullstr ''",
        Format.PARQUET: "format parquet, compression zstd",
        Format.JSONL: "format json",
    }
)
_BATCH: Final = 20_000

KeysOf = Callable[[Sequence[UUID]], Mapping[UUID, bytes]]

Elsewhere = Callable[[Wide, Mapping[str, Any]], Path]
"""Has another engine carry a query out; returns the folder of the Parquet files that it wrote, their ids as text."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What every part of an extract is made with.

    ``values`` are what the queries bind, but for the stretch; ``code`` the key of the pseudonyms; ``keys_of`` gives the
    data keys of source persons, to open what is sealed; ``elsewhere`` carries the queries out, or, if there is none,
    DuckDB does.
    """

    folder: Path
    format: Format
    values: Mapping[str, Any] = field(repr=False)
    code: bytes = field(repr=False)
    keys_of: KeysOf = field(repr=False)
    jurisdiction: str
    today: date
    elsewhere: Elsewhere | None = field(repr=False, default=None)


def make_part(file: DuckDBPyConnection, table: Table, stretch: Stretch, bench: Bench) -> Part:
    """Make it, and write down that it is done: both or neither, but for a file that nothing speaks of."""
    file.execute("begin")
    try:
        rows = _rows(file, table, stretch, bench)
        path, written = _write(file, rows, table, stretch, bench)
        with ThreadPoolExecutor(1) as beside:  # the disk is waited for while it is counted who is in the file
            kept = beside.submit(_keep, path)
            people = _note_subjects(file, rows, table, written)
            size, digest = kept.result()
        part = Part(table.clause.number, stretch[0], path.name, written, people, size, digest)
        file.execute("insert into work.part values (?, ?, ?, ?, ?, ?, ?)", list(_as_row(part)))
        file.execute("drop table if exists part")
        file.execute("commit")
    except BaseException:
        file.execute("rollback")
        raise
    return part


@dataclass(frozen=True, slots=True)
class _Rows:
    """Where the rows of a part come from: what stands after ``from``, and what that binds.

    ``whom`` is the query for how many of them there are on each account, about each source person; no value is worked
    out for it.
    """

    of: str
    whom: str
    bound: Mapping[str, Any] = field(repr=False, default_factory=dict)
    bound_whom: Mapping[str, Any] = field(repr=False, default_factory=dict)


_OF_PART: Final = _Rows("part", "select account, source_person, count(*) as many from part group by all")


def _rows(file: DuckDBPyConnection, table: Table, stretch: Stretch, bench: Bench) -> _Rows:
    """Return the rows of a part: the query itself, or a table of them if something has to be put in a value's place."""
    _, first, last = stretch
    tree = table.query.tree
    values = {**bench.values, "first": first, "last": last}
    if bench.elsewhere is not None:
        _load(file, bench.elsewhere(table.query, values))
    else:
        bound = {name: bindable(values[name], Engine.DUCKDB) for name in named(tree)}
        query = rendered(tree, Engine.DUCKDB)
        if not table.keyed and not any(said.opens or said.kind for said in table.said):
            whom = table.whom.tree  # a value may need the day, and who is counted does not
            bound_whom = {name: bound[name] for name in named(whom)}
            return _Rows(f"({query}) as part", rendered(whom, Engine.DUCKDB), bound, bound_whom)
        file.execute(f"create temp table part as {query}", bound)
    for said in table.said:
        if said.opens:
            _open(file, table.clause.record, said, bench)
        elif said.kind:
            _stand_for(file, said.column, said.kind, bench)
    if table.keyed:
        _stand_for(file, "record_id", table.clause.record, bench)
    return _OF_PART


def _load(file: DuckDBPyConnection, written: Path) -> None:
    ids = ", ".join(f"{name}::uuid as {name}" for name in ("account", "record_id", "source_person"))
    file.execute(
        f"create temp table part as select * replace ({ids}) from read_parquet(?)",  # noqa: S608 - names of ours
        [str(written / "*.parquet")],
    )


def _as_row(part: Part) -> tuple[Any, ...]:
    return part.clause, part.stretch, part.name, part.rows, part.people, part.bytes, part.sha256


def _write(file: DuckDBPyConnection, rows: _Rows, table: Table, stretch: Stretch, bench: Bench) -> tuple[Path, int]:
    """Write the file of a part; return where it is, and how many rows are in it."""
    path = bench.folder / OUT / f"{table.clause.number}-{table.clause.record}.{stretch[0] + 1:04}.{bench.format.value}"
    chosen = [f'account as "{SUBJECT}"', *([f'record_id as "{ROW}"'] if table.keyed else [])]
    chosen += [f'"{it}"' for it in ENVELOPE] + [f'"{it.column}" as "{it.field.name}"' for it in table.said]
    to = str(path).replace("'", "''")
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    query = f"select {', '.join(chosen)} from {rows.of} order by account"  # noqa: S608 - names are the vocabulary's
    counted = file.execute(f"copy ({query}) to '{to}' ({WRITTEN[bench.format]})", rows.bound).fetchone()
    return path, counted[0] if counted else 0


def _keep(path: Path) -> tuple[int, str]:
    """Have a file outlast a crash; return how large it is, in bytes, and its SHA-256."""
    with path.open("rb") as written:
        os.fsync(written.fileno())
    return path.stat().st_size, digest_of(path)


def _note_subjects(file: DuckDBPyConnection, rows: _Rows, table: Table, written: int) -> int:
    """Write down whom the rows are about; return on how many accounts they leave.

    ``RuntimeError`` if there are not as many as were ``written``.
    """
    file.execute(f"create temp table whom as {rows.whom}", rows.bound_whom)
    file.execute(
        "insert into work.subject select distinct ?, source_person from whom where source_person is not null",
        [table.clause.number],
    )
    counted = file.execute("select coalesce(sum(many), 0)::bigint, count(distinct account) from whom").fetchone()
    file.execute("drop table whom")
    many, people = map(int, counted or (0, 0))
    if many != written:
        raise RuntimeError("the rows that were written are not those of which it is noted whom they are about")
    return people


def _stand_for(file: DuckDBPyConnection, column: str, kind: str, bench: Bench) -> None:
    """Put in the place of each value of a column what stands for it; of each different value it is worked out once."""
    is_id = "." not in kind
    seen = file.execute(f"select distinct {column}::text from part where {column} is not null").fetchall()  # noqa: S608
    codes = [(it, str(pseudonym(bench.code, kind, UUID(it) if is_id else it))) for (it,) in seen]
    _replace(file, column, codes, by=column)


def _open(file: DuckDBPyConnection, record: str, said: Said, bench: Bench) -> None:
    """Open each sealed value of a column and give it its form; nothing where a person's key has been destroyed."""
    cursor = file.execute(
        f"select record_id, source_person, {said.column} from part where {said.column} is not null"  # noqa: S608
    )
    rows = {record_id: (person, sealed) for record_id, person, sealed in cursor.fetchall()}
    opened: list[tuple[str, str | None]] = []
    for batch in _in_batches(list(rows.items())):
        keys = bench.keys_of(sorted({person for _, (person, _) in batch if person is not None}))
        opened += [
            (str(record_id), _opened(record, said, record_id, sealed, keys.get(person), bench))
            for record_id, (person, sealed) in batch
        ]
    _replace(file, said.column, opened, by="record_id")


def _opened(record: str, said: Said, record_id: UUID, sealed: str, key: bytes | None, bench: Bench) -> str | None:
    if key is None:
        return None
    plain = unseal(key, bytes.fromhex(sealed), place(f"record.{record}", said.field.name, record_id)).decode()
    if said.kind:
        return str(pseudonym(bench.code, said.kind, plain))
    given = minimise(said.form, plain, Setting(bench.today, bench.jurisdiction))
    return None if given is None else str(given)


def _replace(file: DuckDBPyConnection, column: str, pairs: Sequence[tuple[str, str | None]], *, by: str) -> None:
    import pyarrow as pa

    handed_over = pa.table(
        {"was": pa.array([it[0] for it in pairs], pa.string()), "now": pa.array([it[1] for it in pairs], pa.string())}
    )
    file.register("handed_over", handed_over)
    file.execute(
        f"create or replace temp table part as select part.* replace (handed_over.now as {column})"  # noqa: S608
        f" from part left join handed_over on handed_over.was = part.{by}::text"
    )
    file.unregister("handed_over")


def _in_batches(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH))
