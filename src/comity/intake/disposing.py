"""By which schedules an agency's records are kept, and carrying out what these say: erase, restrict, keep longer.

Rules:

1. Until an agency has adopted the schedules of its jurisdiction, by somebody and for a reason, nothing of it is due.
2. What is due is erased by the one way there is (:mod:`comity.intake.forgetting`), every version of it; whoever is said
   nowhere else goes with it. Unlike somebody who asked to be erased, they may come in again: that is a new matter.
3. What is restricted is no row any more and stays sealed, until its day; then it is erased.
4. Holds are looked at again in the transaction that erases.
5. Each has its entry: the rule, the source, how many; it commits to random ids of statements.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import rfc8785
from psycopg.types.json import Jsonb

from comity.intake.errors import IntakeError
from comity.intake.facts import Standing
from comity.intake.forgetting import bury, forget, tell_gone
from comity.intake.legal_holds import against
from comity.intake.linking import link
from comity.intake.restore import no_longer_so, restore, take_away
from comity.intake.sitting import VERBATIM_KEPT, Bench
from comity.intake.store import KEEPING, Connection, ids
from comity.ledger import Entry, append, commitment
from comity.ledger.entry import SALT_SIZE
from comity.record.models import Status
from comity.record.store import move_statements


class KeepingError(IntakeError):
    """Something about how long is kept cannot be done as asked; the text says why and names nobody."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides, why and when; ``by`` is an opaque staff id, and the reason names nobody."""

    by: str
    reason: str
    at: datetime

    def values(self) -> dict[str, Any]:
        """Return it as rows say it."""
        return {"by": self.by, "reason": self.reason, "at": self.at}


@dataclass(frozen=True, slots=True)
class Key:
    """Under which key of which source of an agency something stands."""

    agency: str
    source: str
    source_key: str


@dataclass(frozen=True, slots=True)
class Keeping:
    """By which jurisdiction's schedules an agency's records are kept, as what kind of agency, and who said so."""

    agency: str
    jurisdiction: str
    kind: str
    verbatim_days: int
    adopted_at: datetime
    adopted_by: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is restricted and has to be erased."""

    statement_id: UUID
    agency: str
    source: str
    source_key: str
    rule: str


def adopt(
    conn: Connection,
    agency: str,
    decision: Decision,
    *,
    jurisdiction: str,
    kind: str,
    verbatim_days: int = VERBATIM_KEPT.days,
) -> UUID:
    """Let an agency's records be kept by the schedules of its jurisdiction from now on; return the ledger's entry.

    ``verbatim_days`` is how long messages are kept word for word. The caller has looked the words up in the vocabulary.
    """
    if not decision.reason.strip():
        raise KeepingError("Say why these schedules are adopted, and who verified them.")
    said = {"agency": agency, "jurisdiction": jurisdiction, "kind": kind, "verbatim_days": verbatim_days}
    entry, salt = _enter(conn, "review", {"act": "retention-adopted", "agency": agency}, said, decision.at)
    conn.execute(KEEPING.adopt, {**said, **decision.values(), "entry": entry, "salt": salt})
    conn.execute(KEEPING.shorten_verbatim, {"agency": agency, "verbatim_days": verbatim_days})
    return entry


def keeping(conn: Connection) -> dict[str, Keeping]:
    """Return by which schedules each agency's records are kept, of those that have adopted any."""
    return {row[0]: Keeping(*row) for row in conn.execute(KEEPING.keeping)}


def keep_longer(conn: Connection, it: Standing, until: date, rule: str, decision: Decision) -> UUID:
    """Keep what stands under a source key until a day, as a person decided who reviewed it; return the entry."""
    if not decision.reason.strip() or until <= decision.at.date():
        raise KeepingError("Say why it is still needed, and until which day that is to come.")
    said = {"agency": it.agency, "source": it.source, "source_key": it.source_key, "until": until, "rule": rule}
    context = {"act": "retention-reviewed", "agency": it.agency, "source": it.source, "rule": rule}
    what = {"statement": str(it.statement_id), "until": until.isoformat()}
    entry, salt = _enter(conn, "review", context, what, decision.at)
    conn.execute(KEEPING.keep_longer, {**said, **decision.values(), "entry": entry, "salt": salt})
    return entry


def dispose(bench: Bench, statements: Sequence[UUID], *, agency: str, source: str, rule: str) -> UUID | None:
    """Erase statements whose time is over, every version of them; return the entry, or None if a hold keeps them."""
    conn = bench.conn
    whole = ids(conn, KEEPING.versions, ids=list(statements))
    people = ids(conn, KEEPING.left_without, ids=whole)
    if not whole or against(conn, whole, people):
        return None
    forget(bench, whole, (), people, agency=agency, kind="erased")
    bury(bench, whole, known=False)
    return _dispose(bench, "delete", whole, agency=agency, source=source, rule=rule)


def restrict(bench: Bench, statement: UUID, *, agency: str, source: str, rule: str, until: date) -> UUID | None:
    """Show a statement to nobody any more and keep it sealed until a day; return the entry; None if it is on hold."""
    conn = bench.conn
    whole = ids(conn, KEEPING.versions, ids=[statement])
    if not whole or against(conn, whole, ()):
        return None
    taken = take_away(bench, whole)
    move_statements(conn, whole, Status.RETRACTED)
    restored = restore(bench, taken, ())
    link(bench, restored, taken)
    tell_gone(conn, no_longer_so(taken, restored), "restricted")
    on = {"on": bench.now.date(), "until": until}
    conn.execute(KEEPING.restrict, {"ids": whole, "agency": agency, "rule": rule, **on})
    return _dispose(bench, "restrict", whole, agency=agency, source=source, rule=rule)


def restricted_due(
    conn: Connection, agencies: Sequence[str], today: date, *, size: int, offset: int = 0
) -> tuple[Sealed, ...]:
    """Return some of what is restricted and whose day has come."""
    asked = {"agencies": list(agencies), "today": today, "size": size, "offset": offset}
    return tuple(Sealed(*row) for row in conn.execute(KEEPING.restricted_due, asked))


def _dispose(bench: Bench, done: str, whole: Sequence[UUID], *, agency: str, source: str, rule: str) -> UUID:
    what = {"act": f"retention-{done}", "rule": rule, "statements": sorted(str(it) for it in whole)}
    context = {"act": f"retention-{done}", "agency": agency, "source": source, "rule": rule}
    entry, salt = _enter(bench.conn, "erasure", context, what, bench.now)
    said = {"entry": entry, "at": bench.now, "agency": agency, "source": source, "rule": rule, "done": done}
    bench.conn.execute(KEEPING.put_disposal, {**said, "what": Jsonb(what), "salt": salt})
    return entry


def _enter(
    conn: Connection, kind: str, context: dict[str, str], what: dict[str, Any], now: datetime
) -> tuple[UUID, bytes]:
    salt = secrets.token_bytes(SALT_SIZE)
    entry = Entry(uuid4(), now, kind, context, commitment(salt, rfc8785.dumps(what)))
    append(conn, [entry])
    return entry.id, salt
