"""Notices: a colleague is told that something is new about somebody, and nothing of what it says.

Rules:

1. **Subscribing is a request**, decided and carried out as a read is: same checks, for the channel ``notify``; the same
   one answer for whoever is absent, not covered or unknown; a line in the log, an entry in the ledger, and the review
   where one is due, with the subscription, in one statement.
2. **A notice is a read with one more condition**: the statement is that of a read of the person, compiled from the same
   verdict, narrowed to rows received since the subscription and not told of yet. So it never tells of a row that a read
   at that moment would not release. The agreement's standing, consent and coverage are judged by that very statement;
   whether the colleague still holds the role, by whoever vouches for colleagues (:data:`Admitted`), just before.
3. **It holds types of record and counts**, and the clauses; no value is in it, and the statement reads none. Whoever
   wants to know more opens the person: a disclosure of its own.
4. **What is told is logged in the statement that tells**: the log's line, whom it was about, the ledger's entry, the
   notice, and the ids of the rows, whose key makes a second notice of the same row fail. A crash leaves all or nothing.
5. **Nothing new, nothing written.** Somebody who is no longer covered, or took back consent, is silence too: a
   subscriber cannot tell it from a quiet week. It goes on if they are covered again.
6. **A refusal ends it**: an agreement that is not in force, a role that is no longer held or listed. It is logged as
   the refusal that it is, once, in the transaction that ends the subscription. Asking anew is a new request.
7. A row counts as new by when it was received. What arrived in the hour before the subscription but was not committed
   by then is new as well: what was there already is marked as told when it begins.
8. While the ledger is behind nobody is told anything; what was new meanwhile is told once it has caught up.
9. Only the subscriber reads their subscriptions and notices, and only they end one; another's looks like none.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID, uuid4

from comity.gate import reasons
from comity.gate.behind import behind
from comity.gate.compile import compile_verdict
from comity.gate.decide import decide
from comity.gate.disclose import Connection, carry_out, refuse
from comity.gate.known import Known, look_up, remembered
from comity.gate.models import Asking, Notice, Reason, Refusal, Request, Requester
from comity.gate.values import parameters
from comity.ledger.entry import SALT_SIZE
from comity.record import Keyring
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

_QUERIES: Final = load_queries("comity.gate", "notices.sql")
LATE: Final = timedelta(hours=1)  # from when a statement is received to when its rows are committed, at the most
MOST: Final = 100  # notices, or subscriptions, at once
_MOST_LOOKS: Final = 4

Admitted: TypeAlias = Callable[[Requester], Awaitable[bool]]
"""Whether a colleague still is of that agency and holds that role, as whoever lets them in knows it."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who is kept told of whom. ``reason`` is why it was ended for them; ``None`` if it was not."""

    id: UUID
    agreement: str
    person: UUID
    case_reference: str
    since: datetime
    ended: datetime | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One notice: of which types of record how many rows were new, by which clauses. ``number`` grows with time."""

    id: UUID
    number: int
    at: datetime
    subscription: UUID
    agreement: str
    version: int
    person: UUID
    case_reference: str
    clauses: tuple[int, ...]
    counts: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """How many rows were new."""
        return sum(count for _, count in self.counts)


@dataclass(frozen=True, slots=True)
class _Outcome:
    kind: str | None
    rows: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Teller:
    """What telling takes besides a connection of the gate's role with no transaction open."""

    vocabulary: Vocabulary
    keyring: Keyring | None = field(default=None, repr=False)

    async def subscribe(self, conn: Connection, request: Request, now: datetime) -> UUID | Refusal:
        """Return the subscription of whoever asks to the person whom ``request`` reads, or the refusal of a read."""
        person = getattr(request.asks, "person", None)
        if person is None:
            raise TypeError("one subscribes to a person, by a read of them")
        before = await self._live(conn, request, person)
        if before is not None:  # told of them already: there is nothing to ask
            return before
        identity = uuid4()
        asks = Notice(person, identity, now - LATE, first=True)
        asking = _asking(identity, asks, request, now)
        closed = await behind(conn)
        if closed is not None:
            known = await look_up(conn, request.agreement, self.vocabulary, now)
            return await refuse(conn, asking, known.considered, closed, self.vocabulary)
        found = await self._carried_out(conn, asking)
        if isinstance(found, Refusal):
            return found
        return identity if found.kind == "disclosure" else Refusal(identity, now, reasons.NOTHING_TO_SHOW)

    async def tell(self, conn: Connection, subscription: UUID, now: datetime, admitted: Admitted) -> int:
        """Tell a subscriber what is new, if anything is; return of how many rows."""
        row = await _one(conn, _QUERIES.subscription, {"id": subscription})
        if row is None or await behind(conn):
            return 0
        _, agency, person, role, agreement, purpose, about, case, justification, since = row
        requester = Requester(agency, person, role)
        asks = Notice(about, subscription, since - LATE)
        request = Request(asks, agreement, purpose, requester, case, justification)
        asking = _asking(uuid4(), asks, request, now)
        if not await admitted(requester):
            await self._end_refused(
                conn, asking, reasons.ROLE_NOT_HELD, await look_up(conn, agreement, self.vocabulary, now)
            )
            return 0
        found = await self._carried_out(conn, asking)
        return 0 if isinstance(found, Refusal) else found.rows or 0

    async def _live(self, conn: Connection, request: Request, person: UUID) -> UUID | None:
        who = request.requester
        values = {"agency": who.agency, "requester": who.person, "agreement": request.agreement, "person": person}
        row = await _one(conn, _QUERIES.live_of, values)
        return row[0] if row else None

    async def _carried_out(self, conn: Connection, asking: Asking) -> _Outcome | Refusal:
        """Decide and carry out, as :func:`comity.gate.disclose.disclose` does; anew where the agreement has changed."""
        of = (conn, asking.request.agreement, self.vocabulary, asking.at)
        known = remembered(*of) or await look_up(*of)
        for _ in range(_MOST_LOOKS):
            outcome = await self._by(conn, asking, known)
            if outcome is not None:
                return outcome
            known = await look_up(*of)
        raise RuntimeError("the agreement changes faster than it can be read")

    async def _by(self, conn: Connection, asking: Asking, known: Known) -> _Outcome | Refusal | None:
        considered, asks = known.considered, asking.request.asks
        agreement = considered.agreement if considered else None
        if considered is None or agreement is None:
            refusal = reasons.not_in_force(considered.standing) if considered else reasons.UNKNOWN_AGREEMENT
            return await self._refused(conn, asking, refusal, known) if known.fresh else None
        verdict = decide(asking.request, agreement, considered.standing, self.vocabulary, asking.at)
        if verdict.refusal is not None:
            return await self._refused(conn, asking, verdict.refusal, known) if known.fresh else None
        compiled = compile_verdict(verdict, asks, self.vocabulary)
        values = {**parameters(asking, agreement, compiled, self.keyring), "mark": known.mark}
        rows = await carry_out(conn, compiled, values)
        return _Outcome(*rows[0]) if rows else None

    async def _refused(self, conn: Connection, asking: Asking, reason: Reason, known: Known) -> Refusal:
        asks = asking.request.asks
        if isinstance(asks, Notice) and not asks.first:
            return await self._end_refused(conn, asking, reason, known)
        return await refuse(conn, asking, known.considered, reason, self.vocabulary)

    async def _end_refused(self, conn: Connection, asking: Asking, reason: Reason, known: Known) -> Refusal:
        """End a subscription with the refusal that ends it, logged and entered, in one transaction (rule 6)."""
        who, asks = asking.request.requester, asking.request.asks
        async with conn.transaction():
            ended = await end_of(conn, who, getattr(asks, "subscription", asking.id), asking.at, reason)
            if not ended:
                return Refusal(asking.id, asking.at, reasons.public(reason))
            return await refuse(conn, asking, known.considered, reason, self.vocabulary)


async def end(conn: Connection, requester: Requester, subscription: UUID, now: datetime) -> bool:
    """End a subscription of this colleague's own; return whether there was one that went on."""
    async with conn.transaction():
        return await end_of(conn, requester, subscription, now, None)


async def end_of(conn: Connection, who: Requester, subscription: UUID, at: datetime, reason: Reason | None) -> bool:
    """Within a transaction: write that a subscription is over; return whether it was not before."""
    values = {"id": subscription, "agency": who.agency, "requester": who.person, "at": at,
              "reason": reason.code if reason else None}  # fmt: skip
    return (await conn.execute(_QUERIES.end, values)).rowcount > 0


async def subscriptions_of(conn: Connection, requester: Requester) -> tuple[Subscription, ...]:
    """Return whom a colleague is or was kept told of, newest first, at most :data:`MOST`."""
    values = {"agency": requester.agency, "requester": requester.person, "limit": MOST}
    async with conn.transaction():
        rows = await (await conn.execute(_QUERIES.subscriptions_of, values)).fetchall()
    return tuple(_subscription(row) for row in rows)


async def notices_of(
    conn: Connection, requester: Requester, *, before: int | None = None, limit: int = MOST
) -> tuple[Told, ...]:
    """Return what a colleague was told, newest first; ``before`` is the number of the last that was read."""
    values = {"agency": requester.agency, "requester": requester.person, "before": before, "limit": min(limit, MOST)}
    async with conn.transaction():
        rows = await (await conn.execute(_QUERIES.notices_of, values)).fetchall()
    return tuple(_told(row) for row in rows)


def _subscription(row: Sequence[Any]) -> Subscription:
    identity, agreement, person, case, since, ended, code = row
    reason = reasons.public(reasons.by_code(code)) if code else None
    return Subscription(identity, agreement, person, case, since, ended, reason)


def _told(row: Sequence[Any]) -> Told:
    identity, number, at, subscription, agreement, version, person, case, clauses, records, counts = row
    of_each = tuple(zip(records, counts, strict=True))
    return Told(identity, number, at, subscription, agreement, version, person, case, tuple(clauses), of_each)


def _asking(identity: UUID, asks: Notice, request: Request, now: datetime) -> Asking:
    asked = Request(asks, request.agreement, request.purpose, request.requester, request.case_reference,
                    request.justification)  # fmt: skip
    return Asking(identity, secrets.token_bytes(SALT_SIZE), now, asked)


async def _one(conn: Connection, query: str, values: dict[str, Any]) -> tuple[Any, ...] | None:
    async with conn.transaction():
        return await (await conn.execute(query, values)).fetchone()
