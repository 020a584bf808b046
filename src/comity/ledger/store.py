"""The ledger's rows, in and out of PostgreSQL. The statements are in ``queries.sql`` beside this file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib import resources
from typing import Any, Final, TypeAlias
from uuid import UUID

import psycopg

from comity.ledger.checkpoint import Checkpoint
from comity.ledger.entry import Entry
from comity.ledger.errors import DamagedLedgerError, EntryNotFoundError
from comity.ledger.merkle import HASH_SIZE, TILE_HEIGHT, TILE_WIDTH, ReadTile, Tree, leaf_hash
from comity.ledger.models import Backlog, Head, Logged, Refused, Waiting
from comity.ledger.proof import Proof
from comity.ledger.tiles import Edge, FullTile

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

NEWEST: Final = 2**63 - 1
"""Above every number (PostgreSQL's largest bigint)."""
_SEQUENCER_LOCK: Final = int.from_bytes(b"comity-l") >> 1
"""The advisory lock that one sequencer holds at a time; any number that nothing else in the database uses."""


def _load_queries() -> dict[str, bytes]:
    """Read the named statements; a statement ends at a semicolon that ends its line."""
    text = resources.files("comity.ledger").joinpath("queries.sql").read_text(encoding="utf-8")
    return {name: query.encode() for name, query in re.findall(r"-- name: (\w+)\n--.*\n([\s\S]+?);\n", text)}


_QUERIES: Final = _load_queries()


# ---- for the rooms that act, and for those who read -----------------------------------------------------------------


def append(connection: Connection, entries: Iterable[Entry]) -> None:
    """Queue entries for the ledger, in order, within the caller's transaction: they commit with the act itself.

    Raises EntryTooLargeError, and psycopg's UniqueViolation for an id that is queued already; the caller's transaction
    has then failed, and the act with it. Not for a connection in pipeline mode, which cannot COPY.
    """
    # Encoded one by one as they are sent, so that the server takes in one while the next is made.
    _copy(connection, "append", ("uuid", "bytea"), ((entry.id, entry.encode()) for entry in entries))


def head(connection: Connection) -> Head | None:
    """Return the newest signed head, as the database states it; None if nothing has been signed yet."""
    row = connection.execute(_QUERIES["head"]).fetchone()
    if row is None:
        return None
    note, signed_at = row
    return Head(Checkpoint.parse(note.rpartition("\n\n")[0] + "\n"), note, signed_at)


def find(connection: Connection, entry_id: UUID) -> Logged | None:
    """Return the entry with that id; None if the ledger has none (it may still wait in the outbox)."""
    row = connection.execute(_QUERIES["entry_by_id"], {"id": entry_id}).fetchone()
    return Logged(*row) if row else None


def latest(connection: Connection, limit: int, before: int = NEWEST) -> list[Logged]:
    """Return up to ``limit`` entries, newest first, whose numbers are below ``before``."""
    rows = connection.execute(_QUERIES["latest_entries"], {"limit": limit, "before": before})
    return [Logged(*row) for row in rows]


def prove(connection: Connection, entry_id: UUID) -> Proof:
    """Return the receipt for one entry under the newest checkpoint; raise EntryNotFoundError if it has no number."""
    newest, logged = head(connection), find(connection, entry_id)
    if newest is None or logged is None:
        raise EntryNotFoundError(f"The ledger has no entry {entry_id}. If it was queued just now, ask again shortly.")
    path = Tree(newest.checkpoint.size, tile_reader(connection)).inclusion(logged.number)
    return Proof(logged.body, logged.number, path, newest.note)


def backlog(connection: Connection) -> Backlog:
    """Return how many entries wait to be numbered, and how many could not be; only the sequencer's role may look."""
    counts = [connection.execute(_QUERIES[query]).fetchall()[0][0] for query in ("waiting", "refused")]
    return Backlog(*counts)


# ---- the tree -------------------------------------------------------------------------------------------------------


def tile_reader(connection: Connection) -> ReadTile:
    """Return how to read the first ``width`` hashes of any tile, also as it was when the tree was smaller."""

    def read(level: int, index: int, width: int) -> bytes:
        begin = index * TILE_WIDTH
        query = "tile" if width == TILE_WIDTH else "tile_roots" if level else "leaf_hashes"
        # A partial tile is what makes it: leaves, or the roots of the full tiles below.
        span = {"level": level - (query == "tile_roots"), "index": index, "begin": begin, "end": begin + width}
        hashes = b"".join(row[0] for row in connection.execute(_QUERIES[query], span))
        if len(hashes) != width * HASH_SIZE:
            raise DamagedLedgerError(f"The database lacks hashes of the tile {index} at level {level} of the ledger.")
        return hashes

    return read


def load_edge(connection: Connection, size: int) -> Edge:
    """Return the right edge of the tree as it is, or was, at ``size`` entries: at most 255 hashes a level are read."""
    read = tile_reader(connection)
    levels: list[bytes] = []
    while row := size >> TILE_HEIGHT * len(levels):
        index, width = divmod(row, TILE_WIDTH)
        levels.append(read(len(levels), index, width) if width else b"")
    return Edge(size, tuple(levels))


def bundle(connection: Connection, index: int, width: int) -> list[bytes]:
    """Return the first ``width`` entries of an entry bundle."""
    span = {"begin": index * TILE_WIDTH, "end": index * TILE_WIDTH + width}
    return [body for (body,) in connection.execute(_QUERIES["bodies"], span)]


# ---- for the auditor -------------------------------------------------------------------------------------------------


def entries_of(connection: Connection, kinds: Sequence[str], key: str | None = None) -> list[Entry]:
    """Return every entry of these kinds, in the order of the ledger, those that wait for their number last.

    With ``key`` only those whose context has it. The connection is the ledger's own: no other reads what waits. The
    whole ledger is read for it. Raises EntryError for a row that is not an entry.
    """
    rows = connection.execute(_QUERIES["entries_of"], {"kinds": list(kinds), "key": key})
    return [Entry.decode(bytes(body)) for (body,) in rows]


# ---- for the sequencer ----------------------------------------------------------------------------------------------


def try_lead(connection: Connection) -> bool:
    """Become the one sequencer, if no other is at work."""
    row = connection.execute(_QUERIES["try_lead"], {"lock": _SEQUENCER_LOCK}).fetchone()
    return bool(row and row[0])


def stop_leading(connection: Connection) -> None:
    """Let another sequencer lead."""
    connection.execute(_QUERIES["stop_leading"], {"lock": _SEQUENCER_LOCK})


def count(connection: Connection) -> int:
    """Return how many entries there are, by the number of the last."""
    newest = latest(connection, 1)
    return newest[0].number + 1 if newest else 0


def take(connection: Connection, limit: int) -> list[Waiting]:
    """Take up to ``limit`` rows out of the outbox, oldest first."""
    return [Waiting(*row) for row in connection.execute(_QUERIES["take"], {"limit": limit})]


def taken_ids(connection: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Return which of ``ids`` are in the ledger already."""
    return {row[0] for row in connection.execute(_QUERIES["taken_ids"], {"ids": list(ids)})}


def put_refused(connection: Connection, refused: Iterable[Refused]) -> None:
    """Keep aside what cannot be an entry."""
    for one in refused:
        row = {"id": one.waiting.id, "body": one.waiting.body, "reason": one.reason}
        connection.execute(_QUERIES["put_refused"], row)


def put_entries(connection: Connection, first: int, fit: Sequence[Waiting]) -> bytes:
    """Add entries from number ``first`` on; return their leaf hashes, joined."""
    leaves = [leaf_hash(waiting.body) for waiting in fit]
    rows = [(first + i, w.id, w.body, leaf) for i, (w, leaf) in enumerate(zip(fit, leaves, strict=True))]
    _copy(connection, "put_entries", ("int8", "uuid", "bytea", "bytea"), rows)
    return b"".join(leaves)


def put_tiles(connection: Connection, tiles: Iterable[FullTile]) -> None:
    """Add tiles that have become full."""
    rows = [(tile.level, tile.index, tile.hashes, tile.root) for tile in tiles]
    if rows:
        _copy(connection, "put_tiles", ("int2", "int8", "bytea", "bytea"), rows)


def put_checkpoint(connection: Connection, checkpoint: Checkpoint, note: str, signed_at: datetime) -> None:
    """Add a signed head."""
    row = {"size": checkpoint.size, "root": checkpoint.root, "note": note, "signed_at": signed_at}
    connection.execute(_QUERIES["put_checkpoint"], row)


def _copy(connection: Connection, query: str, types: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(_QUERIES[query]) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
