"""The work on one extract: a folder with the snapshot that it is made from, what is done of it, and the files.

Rules:

1. The folder is readable by nobody else, and is removed when the extract is published or given up.
2. What is done is written down in the snapshot's own file, a part at a time, with what the part's file holds. Whoever
   goes on after a crash makes anew only what is not written down, from the same snapshot: the result is the same.
3. Within the work a person goes by their pseudonym for this recipient and purpose: the stretches in which they are
   taken and the order in which they leave tell nothing of the order in which they are kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from comity.gate.extract.models import Order, Part
from comity.gate.pseudonyms import OF_PERSON, pseudonym
from comity.gate.snapshot import open_file
from comity.gate.wide import HIGHEST

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FILE: Final = "extract.duckdb"  # no schema in it goes by the name of its file
OUT: Final = "out"
ELSEWHERE: Final = "elsewhere"  # what another engine than DuckDB reads and writes
STRETCH: Final = 250_000  # people that are taken at a time
_BATCH: Final = 100_000

Stretch = tuple[int, UUID, UUID]


def path_of(works: Path, extract: UUID) -> Path:
    """Return the folder of the work on an extract."""
    return works / str(extract)


@contextmanager
def opened(folder: Path) -> Iterator[DuckDBPyConnection]:
    """Open the work that is in a folder."""
    with open_file(folder / FILE) as file:
        yield file


def is_ready(file: DuckDBPyConnection) -> bool:
    """Whether the work was begun whole."""
    found = file.execute(
        "select count(*) from information_schema.tables where table_schema = 'work' and table_name = 'ready'"
    )
    row = found.fetchone()
    return bool(row and row[0])


def get_ready(file: DuckDBPyConnection, order: Order, taken_at: str, *, stretch: int = STRETCH) -> None:
    """Write down what was ordered, and into which stretches the people fall."""
    file.execute("begin")
    file.execute("create schema work")
    file.execute(
        "create table work.part (clause int, stretch int, name text, rows bigint, people bigint, bytes bigint,"
        " sha256 text)"
    )
    file.execute("create table work.subject (clause int, source_person uuid)")
    file.execute("create table work.stretch (number int, first uuid)")
    file.execute(
        "insert into work.stretch select row_number() over (order by person) - 1, person from ("
        " select person, row_number() over (order by person) - 1 as place from people.person where redirect_to is null"
        ") where place % ? = 0",
        [stretch],
    )
    file.execute("create table work.ready as select ? as ordered, ? as taken_at", [order.as_json(), taken_at])
    file.execute("commit")
    file.execute("checkpoint")


def ordered(file: DuckDBPyConnection) -> tuple[Order, str]:
    """Return what was ordered, and of which moment the snapshot is."""
    row = file.execute("select ordered, taken_at from work.ready").fetchone()
    if row is None:
        raise RuntimeError("the work says nothing of what was ordered")
    return Order.from_json(row[0]), row[1]


def stretches(file: DuckDBPyConnection) -> list[Stretch]:
    """Return the stretches of people: number, first and last pseudonym."""
    firsts = [row[0] for row in file.execute("select first from work.stretch order by number").fetchall()]
    ends = [UUID(int=each.int - 1) for each in firsts[1:]] + [HIGHEST]
    return [(number, *span) for number, span in enumerate(zip(firsts, ends, strict=True))] or [(0, HIGHEST, HIGHEST)]


def parts(file: DuckDBPyConnection) -> list[Part]:
    """Return the parts that are done, in order."""
    return [Part(*row) for row in file.execute("select * from work.part order by clause, stretch").fetchall()]


def forget(file: DuckDBPyConnection, part: Part) -> None:
    """Make as if a part was never done: its file is not as it was written."""
    file.execute("delete from work.part where clause = ? and stretch = ?", [part.clause, part.stretch])


def give_up(folder: Path) -> None:
    """Remove the work, and everything that was made of it."""
    shutil.rmtree(folder, ignore_errors=True)


# --- pseudonyms ------------------------------------------------------------------------------------------------------


def rename_people(
    file: DuckDBPyConnection, known: Path, key: bytes, keep: Callable[[Sequence[tuple[UUID, UUID]]], None]
) -> None:
    """Let every person of the snapshot go by their pseudonym.

    ``known`` is a CSV of those who have one; the others get theirs, which ``keep`` is handed, a batch at a time.
    """
    file.execute("create table code (person uuid, pseudonym uuid)")
    file.execute(
        "insert into code select * from read_csv(?, columns = {'person': 'UUID', 'pseudonym': 'UUID'}, header = false,"
        " auto_detect = false, delim = ',')",
        [str(known)],
    )
    file.execute(
        "create table codeless as select person from people.person where person not in (select person from code)"
    )
    for batch in _batches(file, "select person from codeless"):
        made = [(person, pseudonym(key, OF_PERSON, person)) for (person,) in batch]
        _insert(file, "code", made)
        keep(made)
    file.execute(
        "create or replace table people.person as select it.pseudonym as person, target.pseudonym as redirect_to"
        " from people.person as was join code as it on it.person = was.person"
        " left join code as target on target.person = was.redirect_to"
    )
    _rename(file, "people", "membership")
    _rename(file, "agreements", "consent")
    file.execute("drop table code; drop table codeless")


def _rename(file: DuckDBPyConnection, schema: str, table: str) -> None:
    found = file.execute(
        "select count(*) from information_schema.tables where table_schema = ? and table_name = ?", [schema, table]
    ).fetchone()
    if found and found[0]:
        file.execute(
            f'create or replace table "{schema}"."{table}" as select was.* replace (code.pseudonym as person)'  # noqa: S608
            f' from "{schema}"."{table}" as was join code on code.person = was.person'
        )


def _batches(file: DuckDBPyConnection, query: str, parameters: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
    cursor = file.cursor()  # of its own: what is written between two batches does not end the reading
    cursor.execute(query, list(parameters))
    while batch := cursor.fetchmany(_BATCH):
        yield batch
    cursor.close()


def _insert(file: DuckDBPyConnection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    import pyarrow as pa

    if rows:
        columns = [pa.array([str(value) for value in column]) for column in zip(*rows, strict=True)]
        handed_over = pa.table(dict(zip("ab", columns, strict=False)))
        file.register("handed_over", handed_over)
        file.execute(f"insert into {table} select * from handed_over")  # noqa: S608 - a table of ours
        file.unregister("handed_over")
