"""What linking holds for a person, with its entry in the ledger: for the way in, for decisions, for the queue.

1. Whatever may have made something held calls :func:`enter_holds` in the same transaction.
2. The entry says how many, and nobody. It commits to their random ids and reasons, with a salt that stays here.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from uuid import uuid4

import rfc8785
from psycopg.types.json import Jsonb

from comity.intake.store import QUERIES, Connection
from comity.ledger import Entry, append, commitment
from comity.ledger.entry import SALT_SIZE
from comity.people import holds
from comity.people.models import Held


def enter_holds(conn: Connection, now: datetime) -> None:
    """Enter in the ledger what is held and is not in it yet."""
    fresh = holds.unentered(conn)
    if not fresh:
        return
    salt = secrets.token_bytes(SALT_SIZE)
    reasons = {str(each.hold): each.limit for each in fresh}
    what: dict[str, Any] = {"act": "hold", "at": now.isoformat(), "holds": reasons}
    context = {"act": "hold", "outcome": str(len(fresh))}
    entry = Entry(uuid4(), now, "combination", context, commitment(salt, rfc8785.dumps(what)))
    conn.execute(QUERIES.keep_decision, {"entry": entry.id, "now": now, "what": Jsonb(what), "salt": salt})
    append(conn, [entry])
    holds.enter(conn, fresh, entry.id)


def held(conn: Connection, limit: int = 100) -> list[Held]:
    """Return the pairs that are held for a person, with the reason, the longest open first: ids, no names."""
    return holds.held(conn, limit)
