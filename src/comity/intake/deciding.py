"""Who is who, decided by people, with its entry in the ledger: for pages and the command line.

Rules:

1. A decision and its ledger entry commit in one transaction.
2. The entry names the random id of the decision, and nobody: not those decided about, nor who decided. It commits to
   who decided and when, with a salt that stays here; the reason stands with the decision itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

import rfc8785
from psycopg.types.json import Jsonb

from comity import people
from comity.intake.holding import enter_holds
from comity.intake.store import QUERIES, Connection
from comity.ledger import Entry, append, commitment
from comity.ledger.entry import SALT_SIZE
from comity.people.models import Judgement, Review, Weight


def decide(conn: Connection, pair: tuple[UUID, UUID], now: datetime, *, same: bool, by: str, reason: str) -> Judgement:
    """Let a person's decision bind: these two source persons are the same human being, or two.

    ``by`` is an opaque staff id. Raises the people room's UnknownSourcePersonError (a LookupError) and
    ContradictoryJudgementError (a ValueError: undo the decision that stands first).
    """
    with conn.transaction():
        judgement = people.judge(conn, *pair, same=same, by=by, reason=reason, at=now)
        _enter(conn, now, {"act": "same" if same else "different", "decision": str(judgement.judgement)}, by)
        enter_holds(conn, now)
    return judgement


def undo(conn: Connection, decision: UUID, now: datetime, *, by: str, reason: str) -> Judgement:
    """Undo a decision: the model speaks again. Raises UnknownJudgementError (a LookupError) if it does not stand."""
    with conn.transaction():
        judgement = people.undo(conn, decision, by=by, reason=reason, at=now)
        _enter(conn, now, {"act": "undo", "decision": str(decision)}, by)
        enter_holds(conn, now)
    return judgement


def reviews(conn: Connection, limit: int = 100) -> list[Review]:
    """Return the pairs that a person must look at, the likeliest first: ids and weights, no names."""
    return people.reviews(conn, limit)


def explain(conn: Connection, pair: tuple[UUID, UUID]) -> Weight:
    """Return what speaks for and against a pair, field by field, in bits."""
    return people.explain(conn, *pair)


def _enter(conn: Connection, now: datetime, context: Mapping[str, str], by: str) -> None:
    salt, what = secrets.token_bytes(SALT_SIZE), {**context, "at": now.isoformat(), "by": by}
    entry = Entry(uuid4(), now, "combination", context, commitment(salt, rfc8785.dumps(what)))
    conn.execute(QUERIES.keep_decision, {"entry": entry.id, "now": now, "what": Jsonb(what), "salt": salt})
    append(conn, [entry])
