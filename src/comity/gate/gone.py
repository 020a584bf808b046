"""Whoever received something of somebody is told when it is erased, expunged, corrected, withdrawn or restricted.

Rules:

1. Every disclosure is told of that held a record of whoever it is about, made before it changed: to whom it was made,
   at their own agency, under which agreement, on which day, and no fact (LED art. 16(5) and (6), GDPR art. 19).
2. Of an erasure everybody is told. Of corrections whoever received it is told once: it is not so any more, ask again.
3. That they are told, of which disclosures, and the ledger's entry are one transaction; one that a crash left untold is
   told of by the next to look.
4. Where the agreement asks for a receipt, the recipient says by :data:`PATIENCE` what it did: deleted, corrected, or
   that it held nothing. Each is an entry. What is overdue is listed until it is there. Their own officer may say it.
5. Of whoever is gone, no pseudonym is kept, and no file that was made and waits to be collected.
6. Numbers are told of nobody: a statistic keeps no list of the people in it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import rfc8785
from psycopg import Connection as PgConnection

from comity.gate.extract.orders import Counter, withdraw
from comity.gate.log import digest_of
from comity.gate.models import Requester
from comity.ledger.entry import SALT_SIZE, Entry, commitment
from comity.store import load_queries

Connection = PgConnection[tuple[Any, ...]]

_QUERIES: Final = load_queries("comity.gate", "gone.sql")
_SHARED: Final = load_queries("comity.gate")
LATE: Final = timedelta(seconds=2)  # between the moment that a disclosure bears and the snapshot that it reads, at most
BACK: Final = timedelta(hours=1)  # no transaction of the way in takes so long between writing and committing
PATIENCE: Final = timedelta(days=30)  # for a receipt: the month of GDPR art. 12(3)
MOST: Final = 200
DID: Final = ("deleted", "corrected", "not-held")
_ERASING: Final = {"erased", "expunged", "restricted"}


@dataclass(frozen=True, slots=True)
class Told:
    """What a recipient is told: something that they received is gone or no longer so; and their receipt, if any.

    ``kind`` is erased, expunged, restricted, rectified or withdrawn; ``due_on`` is None where no receipt is asked for.
    """

    told: UUID
    number: int
    kind: str
    told_at: datetime
    disclosure: UUID
    at: datetime
    act: str
    agency: str
    requester: str
    agreement: str
    version: int
    case_reference: str
    due_on: date | None
    receipt_at: datetime | None
    did: str | None


@dataclass(frozen=True, slots=True)
class Owed:
    """A receipt that an agency owes: about nobody."""

    told: UUID
    kind: str
    told_at: datetime
    agency: str
    agreement: str
    version: int
    due_on: date

    def overdue(self, today: date) -> int:
        """Return how many days it is overdue; 0 while it is not."""
        return max((today - self.due_on).days, 0)


def tell_gone(conn: Connection, now: datetime, counter: Counter | None = None) -> int:
    """Tell of every change that nobody was told of yet; return of how many changes somebody was told.

    ``conn`` is of the gate's role and in no transaction. With ``counter``, the made files that hold somebody who is
    gone are removed, and what is being made begins anew.
    """
    with conn.transaction():
        _see_everybody(conn)
        found = conn.execute(_QUERIES.due, {"back": BACK}).fetchall()
    changes = [change for change, kind, _ in found if kind in _ERASING]
    if changes:
        _forget(conn, changes, counter, now)
    told = sum(_tell(conn, change, kind, changed_at, now) for change, kind, changed_at in found)
    if found:  # last: what is told of is told of in order, and what nobody had received is passed over
        with conn.transaction():
            _see_everybody(conn)
            conn.execute(_QUERIES.settle, {"at": now, "late": LATE, "back": BACK})
    return told


def told_to(conn: Connection, requester: Requester, *, everybody: bool = False, limit: int = MOST) -> tuple[Told, ...]:
    """Return what a colleague was told, newest first; ``everybody``: what their whole agency still owes a receipt of.

    The caller has made sure that they keep or oversee what their agency received, if they ask for everybody's.
    """
    asked = {"agency": requester.agency, "requester": None if everybody else requester.person}
    with conn.transaction():
        rows = conn.execute(_QUERIES.told_to, {**asked, "open": everybody, "limit": min(limit, MOST)}).fetchall()
    return tuple(Told(*row) for row in rows)


def receipts_owed(conn: Connection, limit: int = 1_000) -> tuple[Owed, ...]:
    """Return the receipts that are asked for and are not there, the first to be due first: about nobody."""
    with conn.transaction():
        rows = conn.execute(_QUERIES.overdue, {"limit": limit}).fetchall()
    return tuple(Owed(*row) for row in rows)


def give_receipt(
    conn: Connection, requester: Requester, told: UUID, did: str, now: datetime, *, officer: bool = False
) -> UUID | None:
    """Write down what a recipient says it did; return the entry, or None if it is not theirs, or was said before.

    ``officer``: they may say it for any colleague of their agency, as whoever keeps or oversees what it holds.
    """
    if did not in DID:
        return None
    salt, identity = secrets.token_bytes(SALT_SIZE), uuid4()
    said = rfc8785.dumps({"act": "receipt", "told": str(told), "did": did})
    context = {"act": "receipt", "agency": requester.agency, "outcome": did}
    entry = Entry(identity, now, "erasure", context, commitment(salt, said))
    who = {"agency": requester.agency, "by": requester.person, "role": requester.role, "any": officer}
    values = {**who, "told": told, "at": now, "did": did, "entry": identity, "salt": salt, "body": entry.encode()}
    with conn.transaction():
        row = conn.execute(_QUERIES.give_receipt, values).fetchone()
    return row[0] if row else None


def _tell(conn: Connection, change: UUID, kind: str, changed_at: datetime, now: datetime) -> bool:
    with conn.transaction():
        _see_everybody(conn)
        received: Sequence[tuple[UUID, bool]] = conn.execute(
            _QUERIES.received, {"change": change, "late": LATE}
        ).fetchall()
        if not received:
            return False
        ids = [disclosure for disclosure, _ in received]
        identity, salt, digest = uuid4(), secrets.token_bytes(SALT_SIZE), digest_of(ids)
        entry = Entry(
            identity, now, "erasure" if kind in _ERASING else "alteration",
            {"act": f"told-of-{kind}", "outcome": str(len(ids))}, commitment(salt, digest),
        )  # fmt: skip
        values = {"change": change, "id": identity, "at": now, "changed_at": changed_at, "kind": kind, "digest": digest}
        if conn.execute(_QUERIES.begin, {**values, "salt": salt, "body": entry.encode()}).fetchone() is None:
            return False
        asked = [required for _, required in received]
        due_on = (now + PATIENCE).date()
        conn.execute(_QUERIES.tell, {"change": change, "ids": ids, "asked": asked, "due_on": due_on})
    return True


def _forget(conn: Connection, changes: Sequence[UUID], counter: Counter | None, now: datetime) -> None:
    """Remove what the gate itself keeps of whoever is gone, beside its log: pseudonyms, and files that wait."""
    with conn.transaction():
        _see_everybody(conn)
        conn.execute(_QUERIES.forget_pseudonyms)
        rows = conn.execute(_QUERIES.extracts_about, {"changes": list(changes)}).fetchall() if counter else []
    if counter:
        withdraw(counter, [row[0] for row in rows], now)


def _see_everybody(conn: Connection) -> None:
    """Let this transaction see the source persons of every agency: ids alone are read, to tell whoever had them."""
    agencies = [row[0] for row in conn.execute(_SHARED.agencies)]
    conn.execute(_SHARED.settings, {"providers": ",".join(agencies)})
