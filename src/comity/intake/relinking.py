"""Link everybody again, and leave the line in the ledger that says so. For the command line and the worker.

One transaction: the new persons, the note of what moved and the ledger's entry commit together or not at all.
Statements that arrive meanwhile wait for the lock that placing takes, and are then placed with the new weights.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import rfc8785
from psycopg.types.json import Jsonb

from comity import people
from comity.intake.holding import enter_holds
from comity.intake.linking import all_stays
from comity.intake.store import QUERIES, Connection
from comity.ledger import Entry, append, commitment
from comity.people.holds import put_stays
from comity.people.link import Link, link
from comity.people.models import Changes
from comity.people.on_spark import link_on

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["Link", "is_due", "link", "on_spark", "relink"]

_SALT_SIZE = 16


def relink(
    conn: Connection, now: datetime, progress: Callable[[str], None] = lambda _: None, how: Link = link
) -> Changes:
    """Link everybody again, training a model first where nothing was learnt yet; return what changed.

    ``how`` says where: here, or :func:`on_spark`.
    """
    with conn.transaction():
        put_stays(conn, all_stays(conn), everybody=True)
        changes = people.relink(conn, now, progress, how)
        outcome = asdict(changes)
        entry, salt = uuid4(), secrets.token_bytes(_SALT_SIZE)
        line = Entry(entry, now, "combination", {"act": "relink"}, commitment(salt, rfc8785.dumps(outcome)))
        append(conn, [line])
        values = {"entry": entry, "at": now, "model": changes.model, "outcome": Jsonb(outcome), "salt": salt}
        conn.execute(QUERIES.note_linking, values)
        enter_holds(conn, now)
    return changes


def on_spark(spark: SparkSession, folder: Path) -> Link:
    """Return what links everybody on Spark; ``folder`` is where people lie meanwhile, by the same path everywhere."""
    return partial(link_on, spark, folder)


def is_due(conn: Connection) -> bool:
    """Whether everybody has never been linked since the first statements came in."""
    row = conn.execute(QUERIES.linking_due).fetchone()
    return bool(row and row[0])
