"""The entry in the ledger that each act of governance writes, in its own transaction."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID, uuid4

import psycopg

from comity.ledger import Entry, append, commitment

_SALT_BYTES: Final = 16

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]


def enter(conn: Connection, kind: str, at: datetime, context: Mapping[str, str], payload: bytes) -> tuple[UUID, bytes]:
    """Write the act's entry in the ledger's outbox; return its id, and the salt that opens its commitment."""
    entry, salt = uuid4(), secrets.token_bytes(_SALT_BYTES)
    append(conn, [Entry(entry, at, kind, context, commitment(salt, payload))])
    return entry, salt
