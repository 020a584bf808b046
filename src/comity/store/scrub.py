"""Rewrite a database's files, so that nothing that was deleted can be read from them.

A row that is deleted stays in its page until that is written over; its values stay in the write-ahead log until its
segments are, and the commonest values of a column stay in the statistics of the planner. After this, none do:

1. Every table of ours is rewritten with its indexes and its overflow (``VACUUM FULL``), and its statistics made
   anew; then the catalogue that keeps the statistics is rewritten itself.
2. Segments of the log are deleted and not used again (``wal_recycle``), until none is left of before.
3. The server's own log of errors is emptied, if the server is ours.

A table is locked while it is rewritten. On a server of somebody else's, whoever connects must be a superuser;
replicas and archived segments of the log are theirs to remove. What the file system does with the blocks of a deleted
file is not in our hands: put the data on an encrypted disk.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from comity.store.errors import RightsError
from comity.store.queries import load_queries
from comity.store.store import Store

_QUERIES: Final = load_queries("comity.store", "scrub.sql")
_PATIENCE_SECONDS: Final = 60.0  # for old segments of the log to go: a checkpoint removes them
_PAUSE_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What was done: tables rewritten, segments of the log that are gone, seconds it took."""

    tables: int
    segments: int
    seconds: float


def scrub(store: Store) -> Scrubbed:
    """Rewrite the files of the store's database; :class:`RightsError` if whoever connects is no superuser."""
    started = time.monotonic()
    with psycopg.connect(make_conninfo(store.admin, dbname=store.database), autocommit=True) as conn:
        if conn.execute(_QUERIES.is_superuser).fetchone() != (True,):
            raise RightsError(
                "To rewrite the database's files takes a superuser. Set COMITY_DSN to one's account for this command, "
                "or let whoever runs the server do what docs/how-to/keep-and-erase.md says."
            )
        tables = [(str(schema), str(name)) for schema, name in conn.execute(_QUERIES.tables)]
        for schema, name in tables:
            conn.execute(sql.SQL("vacuum (full, analyze) {}").format(sql.Identifier(schema, name)))
        conn.execute(_QUERIES.rewrite_statistics)
        conn.execute(_QUERIES.rewrite_extended_statistics)
        segments = _renew_log(conn)
    if store.cluster:
        log = store.settings.home / "postgres.log"
        if log.exists():
            with log.open("r+b") as file:  # PostgreSQL appends: it goes on at the new end
                file.truncate(0)
    return Scrubbed(len(tables), segments, time.monotonic() - started)


def _renew_log(conn: psycopg.Connection[tuple[object, ...]]) -> int:
    """Go on in a new segment of the write-ahead log until none of those of now is left; return how many went."""
    before = {str(name) for (name,) in conn.execute(_QUERIES.segments)}
    last = max(before)  # some of them are still to come: they wait to be used again, with what is in them
    was = conn.execute(_QUERIES.setting, ("wal_recycle",)).fetchone()
    conn.execute(_QUERIES.recycle_no_more)
    conn.execute(_QUERIES.reload)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    try:
        while before & {str(name) for (name,) in conn.execute(_QUERIES.segments)}:
            if time.monotonic() > deadline:
                raise RightsError(
                    "Old segments of the write-ahead log are kept: by a replica's slot, an archive that lags, or "
                    "wal_keep_size. Mend that, and scrub again."
                )
            if str((conn.execute(_QUERIES.current_segment).fetchone() or ("",))[0]) <= last:
                conn.execute(_QUERIES.say_something)
                conn.execute(_QUERIES.next_segment)
            else:  # what is left is kept by somebody: each new segment would be kept as well, and fill the disk
                time.sleep(_PAUSE_SECONDS)
            conn.execute(_QUERIES.checkpoint)
    finally:
        conn.execute(_QUERIES.recycle_again if was == ("on",) else _QUERIES.recycle_no_more)
        conn.execute(_QUERIES.reload)
    return len(before)
