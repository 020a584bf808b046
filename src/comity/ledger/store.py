"""The ledger's rows, in and out of PostgreSQL. The statements are in ``queries.sql`` beside this file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from importlib import resources
from typing import Any, Final, TypeAlias
from uuid import UUID, uuid4

import psycopg

from comity.ledger.checkpoint import Checkpoint
from comity.ledger.cosignature import CosignerKey, parse_signatures, with_signatures
from comity.ledger.entry import SALT_SIZE, Entry, commitment
from comity.ledger.errors import DamagedLedgerError, EntryNotFoundError
from comity.ledger.merkle import EMPTY_ROOT, HASH_SIZE, TILE_HEIGHT, TILE_WIDTH, ReadTile, Tree, leaf_hash
from comity.ledger.models import Ages, Backlog, Head, Logged, Refused, Waiting
from comity.ledger.note import Note, Signature
from comity.ledger.proof import Proof
from comity.ledger.tiles import Edge, FullTile

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

NEWEST: Final = 2**63 - 1
"""Above every number (PostgreSQL's largest bigint)."""
_SEQUENCER_LOCK: Final = int.from_bytes(b"comity-l") >> 1
"""The advisory lock that one sequencer holds at a time; any number that nothing else in the database uses."""
_WITNESSING_LOCK: Final = int.from_bytes(b"comity-w") >> 1
"""That of the one process that asks witnesses, so that none is asked twice."""


def _load_queries() -> dict[str, bytes]:
    """Read the named statements; a statement ends at a semicolon that ends its line."""
    text = resources.files("comity.ledger").joinpath("queries.sql").read_text(encoding="utf-8")
    return {name: query.encode() for name, query in re.findall(r"-- name: (\w+)\n--.*\n([\s\S]+?);\n", text)}


_QUERIES: Final = _load_queries()
_OWN: Final = re.compile(rb"\bledger\.(?:entry|tile|checkpoint|cosignature|witnessed)\b")


def _of(query: str, number: int | None) -> bytes:
    """Return a statement about the ledger in use, or about the earlier one of that number."""
    statement = _QUERIES[query]
    return statement if number is None else _OWN.sub(rb"\g<0>_%d" % number, statement)


# ---- for the rooms that act, and for those who read -----------------------------------------------------------------


def append(connection: Connection, entries: Iterable[Entry]) -> None:
    """Queue entries for the ledger, in order, within the caller's transaction: they commit with the act itself.

    Raises EntryTooLargeError, and psycopg's UniqueViolation for an id that is queued already; the caller's transaction
    has then failed, and the act with it. Not for a connection in pipeline mode, which cannot COPY.
    """
    # Encoded one by one as they are sent, so that the server takes in one while the next is made.
    _copy(connection, "append", ("uuid", "bytea"), ((entry.id, entry.encode()) for entry in entries))


def head(connection: Connection, number: int | None = None) -> Head | None:
    """Return the newest signed head, as the database states it; None if nothing has been signed yet.

    Here and below, ``number`` is that of an earlier ledger of this node's (:func:`earlier`); none is the one in use.
    """
    return _head_of(connection.execute(_of("head", number)).fetchone())


def earlier(connection: Connection) -> tuple[int, ...]:
    """Return the numbers of the ledgers that renewals have set aside, the first one first."""
    return tuple(row[0] for row in connection.execute(_QUERIES["earlier"]))


def _head_of(row: tuple[Any, ...] | None) -> Head | None:
    if row is None:
        return None
    note, at = row
    return Head(Checkpoint.parse(note.rpartition("\n\n")[0] + "\n"), note, at)


def find(connection: Connection, entry_id: UUID) -> Logged | None:
    """Return the entry with that id, of this ledger or an earlier one; None if there is none (it may still wait)."""
    row = connection.execute(_QUERIES["entry_by_id"], {"id": entry_id}).fetchone()
    return Logged(*row) if row else None


def latest(connection: Connection, limit: int, before: int = NEWEST) -> list[Logged]:
    """Return up to ``limit`` entries, newest first, whose numbers are below ``before``."""
    rows = connection.execute(_QUERIES["latest_entries"], {"limit": limit, "before": before})
    return [Logged(*row) for row in rows]


def prove(connection: Connection, entry_id: UUID) -> Proof:
    """Return the receipt for one entry; raise EntryNotFoundError if it has no number.

    It leads to the newest checkpoint that a quorum of witnesses cosigned, or, where that is older than the entry, to
    the newest there is. An entry of an earlier ledger is proven by that ledger's own checkpoints.
    """
    logged = find(connection, entry_id)
    newest = head(connection, logged.ledger) if logged else None
    if newest is None or logged is None:
        raise EntryNotFoundError(f"The ledger has no entry {entry_id}. If it was queued just now, ask again shortly.")
    # What witnesses have cosigned is believed without us, so it is preferred as soon as it covers the entry.
    believed = witnessed(connection, logged.ledger)
    if believed is None or believed.checkpoint.size <= logged.number:
        believed = newest
    path = Tree(believed.checkpoint.size, tile_reader(connection, logged.ledger)).inclusion(logged.number)
    return Proof(logged.body, logged.number, path, believed.note)


def backlog(connection: Connection) -> Backlog:
    """Return how many entries wait to be numbered, and how many could not be; only the sequencer's role may look."""
    counts = [connection.execute(_QUERIES[query]).fetchall()[0][0] for query in ("waiting", "refused")]
    return Backlog(*counts)


def ages(connection: Connection) -> Ages:
    """Return how far the ledger is behind, and how far it may be."""
    return Ages(*connection.execute(_QUERIES["ages"]).fetchall()[0])


def set_age_limit(connection: Connection, unsequenced: int | None, unwitnessed: int | None, at: datetime) -> None:
    """Set, as the owner, how old what waits may be, in seconds, before nothing leaves; ``None`` is no limit.

    That it was set is an entry, in the caller's transaction: whoever opens the gate wider is seen to.
    """
    limits = {"unsequenced": unsequenced, "unwitnessed": unwitnessed}
    connection.execute(_QUERIES["set_age_limit"], limits)
    said = {name: "none" if limit is None else str(limit) for name, limit in limits.items()}
    # Everything that there is to it stands in the entry; the commitment is to nothing besides, and anybody can open it.
    append(connection, [Entry(uuid4(), at, "age-limit", said, commitment(bytes(SALT_SIZE), b""))])


# ---- witnesses of this ledger ----------------------------------------------------------------------------------------


def witnessed(connection: Connection, number: int | None = None) -> Head | None:
    """Return the newest head that a quorum of witnesses cosigned, with their cosignatures, and since when it is one."""
    return _head_of(connection.execute(_of("witnessed", number)).fetchone())


def witnessed_at(connection: Connection) -> datetime | None:
    """Return when the newest head that has a quorum got it; None if none ever had."""
    newest = witnessed(connection)
    return newest.signed_at if newest else None


def unwitnessed_since(connection: Connection) -> datetime | None:
    """Return when the oldest head above the newest with a quorum was signed; None if that is the newest there is."""
    row = connection.execute(_QUERIES["unwitnessed_since"]).fetchone()
    return row[0] if row else None


def unsequenced_since(connection: Connection) -> datetime | None:
    """Return since when the oldest entry waits for its number; None if none does. Only for the sequencer's role."""
    row = connection.execute(_QUERIES["oldest_waiting"]).fetchone()
    return row[0] if row else None


def head_with_cosignatures(connection: Connection, number: int | None = None) -> Head | None:
    """Return the newest signed head with every cosignature that it has so far."""
    newest = head(connection, number)
    return newest and replace(
        newest, note=with_signatures(newest.note, cosignatures(connection, newest.checkpoint.size, number))
    )


def cosignatures(connection: Connection, size: int, number: int | None = None) -> list[Signature]:
    """Return the cosignatures of the head of that size, of each key the latest."""
    lines = [line for (line,) in connection.execute(_of("cosignatures", number), {"size": size})]
    return list(parse_signatures("".join(lines))) if lines else []


def cosigned_size(connection: Connection, key: CosignerKey) -> int:
    """Return the size of the largest head that a witness's key cosigned; 0 if there is none."""
    row = connection.execute(_QUERIES["cosigned_size"], {"witness": key.name, "key_id": key.key_id}).fetchone()
    return (row and row[0]) or 0


def put_cosignature(connection: Connection, size: int, signature: Signature, received_at: datetime) -> None:
    """Add a witness's cosignature, which the caller has checked, of the head of that size."""
    row = {"size": size, "witness": signature.name, "key_id": signature.key_id, "line": str(signature)}
    connection.execute(_QUERIES["put_cosignature"], {**row, "received_at": received_at})


def put_witnessed(connection: Connection, size: int, note: str, witnessed_at: datetime) -> None:
    """Add a head that a quorum cosigned; what is there already stays."""
    connection.execute(_QUERIES["put_witnessed"], {"size": size, "note": note, "witnessed_at": witnessed_at})


# ---- ledgers that we witness -----------------------------------------------------------------------------------------


def hold_peer(connection: Connection, origin: str) -> tuple[int, bytes]:
    """Return size and root of what we cosigned last for a log; nobody else can until the transaction ends."""
    connection.execute(_QUERIES["begin_peer"], {"origin": origin, "root": EMPTY_ROOT})
    size, root = connection.execute(_QUERIES["hold_peer"], {"origin": origin}).fetchall()[0]
    return size, bytes(root)


def put_peer(connection: Connection, checkpoint: Checkpoint, note: str, cosigned_at: datetime) -> None:
    """Remember that we cosign ``checkpoint``; ``note`` is what the log signed, and our cosignatures."""
    row = {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root}
    connection.execute(_QUERIES["put_peer"], {**row, "note": note, "cosigned_at": cosigned_at})


def peers(connection: Connection) -> dict[str, Head]:
    """Return what we cosigned last, by the log's origin."""
    rows = connection.execute(_QUERIES["peers"]).fetchall()
    return {origin: Head(Checkpoint.parse(Note.parse(note).text), note, at) for origin, note, at in rows}


# ---- the tree -------------------------------------------------------------------------------------------------------


def tile_reader(connection: Connection, number: int | None = None) -> ReadTile:
    """Return how to read the first ``width`` hashes of any tile, also as it was when the tree was smaller."""

    def read(level: int, index: int, width: int) -> bytes:
        begin = index * TILE_WIDTH
        query = "tile" if width == TILE_WIDTH else "tile_roots" if level else "leaf_hashes"
        # A partial tile is what makes it: leaves, or the roots of the full tiles below.
        span = {"level": level - (query == "tile_roots"), "index": index, "begin": begin, "end": begin + width}
        hashes = b"".join(row[0] for row in connection.execute(_of(query, number), span))
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


def bundle(connection: Connection, index: int, width: int, number: int | None = None) -> list[bytes]:
    """Return the first ``width`` entries of an entry bundle."""
    span = {"begin": index * TILE_WIDTH, "end": index * TILE_WIDTH + width}
    return [body for (body,) in connection.execute(_of("bodies", number), span)]


# ---- for the auditor -------------------------------------------------------------------------------------------------


def entries_of(connection: Connection, kinds: Sequence[str], key: str | None = None) -> list[Entry]:
    """Return every entry of these kinds, in the order of the ledger, those that wait for their number last.

    With ``key`` only those whose context has it. The connection is the ledger's own: no other reads what waits. The
    whole ledger is read for it, and those before it. Raises EntryError for a row that is not an entry.
    """
    rows = connection.execute(_QUERIES["entries_of"], {"kinds": list(kinds), "key": key})
    return [Entry.decode(bytes(body)) for (body,) in rows]


# ---- for the sequencer ----------------------------------------------------------------------------------------------


def try_ask(connection: Connection) -> bool:
    """Become the one process that asks witnesses, until the connection ends, if no other is."""
    return bool(connection.execute(_QUERIES["try_lead"], {"lock": _WITNESSING_LOCK}).fetchall()[0][0])


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


def set_aside(connection: Connection, number: int) -> None:
    """Set the tables of a ledger that may not go on aside, as ``entry_1`` and so on; empty ones take their place.

    What stands in them is found, proven and written out as before.
    """
    connection.execute(_QUERIES["set_aside"], {"number": number})
