"""Disclose: carry a request out, or refuse it, and in either case leave the entry that says so.

Rules:

1. The connection is of the gate's role, with no transaction open: a disclosure is a transaction of its own.
2. The agreement's standing is that of the very moment of the release: nothing remembered can keep it in force
   (:mod:`comity.gate.known`).
3. A request that :func:`decide` refuses is logged with its entry, and no record is looked for.
4. Otherwise the transaction first names the agreement's providers, so that row-level security shows no other agency's
   rows, and then runs the one compiled statement. It is committed before this function returns anything.
5. An agreement that is not there, a person who is not there and a person who is not covered are one answer to whoever
   asks. The log has the difference.
6. While the ledger is behind nothing is released (:mod:`comity.gate.behind`); that is a refusal like any other.
7. What left sealed is opened after that, with the keys that were handed in, and minimised then.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.pq import TransactionStatus

from comity.agreements import Considered
from comity.gate import reasons
from comity.gate.answer import Raw, disclosure
from comity.gate.behind import behind
from comity.gate.compile import Compiled, compile_verdict
from comity.gate.decide import decide
from comity.gate.due import refusal_due
from comity.gate.entry import sealed_refusal
from comity.gate.known import Known, look_up, remembered
from comity.gate.models import Answer, Asking, Notice, Reason, Refusal, Request, Verdict
from comity.gate.values import listed, logged, own, shared
from comity.ledger.entry import SALT_SIZE
from comity.record import Keyring
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

_QUERIES: Final = load_queries("comity.gate")
_MOST_LOOKS: Final = 4  # at an agreement while it changes: once by memory, then anew

Connection = AsyncConnection[tuple[Any, ...]]


async def disclose(
    conn: Connection, request: Request, now: datetime, *, vocabulary: Vocabulary, keyring: Keyring | None = None
) -> Answer:
    """Return what the agreement lets out in answer to ``request``, or that nothing can be shown, and why.

    ``now`` is in the zone whose calendar counts. ``keyring`` opens sealed fields; an agreement that releases one cannot
    be carried out without (``RuntimeError``). An error of the database reaches the caller, and nothing was released.
    """
    if conn.info.transaction_status is not TransactionStatus.IDLE:
        raise RuntimeError("a disclosure is a transaction of its own")
    if isinstance(request.asks, Notice):
        raise TypeError("a notice is told of by comity.gate.notices")
    asking = Asking(uuid4(), secrets.token_bytes(SALT_SIZE), now, request)
    agreement = (conn, request.agreement, vocabulary, now)
    known = remembered(*agreement) or await look_up(*agreement)
    closed = await behind(conn)
    if closed is not None:
        return await refuse(conn, asking, known.considered, closed, vocabulary)
    for _ in range(_MOST_LOOKS):
        answer = await _answer(conn, asking, known, vocabulary, keyring)
        if answer is not None:
            return answer
        known = await look_up(*agreement)
    raise RuntimeError("the agreement changes faster than it can be read")


async def _answer(
    conn: Connection, asking: Asking, known: Known, vocabulary: Vocabulary, keyring: Keyring | None
) -> Answer | None:
    """Return the answer by what is known of the agreement; ``None`` if that must be looked up anew."""
    considered = known.considered
    if considered is None or considered.agreement is None:
        refusal = reasons.not_in_force(considered.standing) if considered else reasons.UNKNOWN_AGREEMENT
        return await refuse(conn, asking, considered, refusal, vocabulary) if known.fresh else None
    verdict = decide(asking.request, considered.agreement, considered.standing, vocabulary, asking.at)
    if verdict.refusal is not None:
        return await refuse(conn, asking, considered, verdict.refusal, vocabulary) if known.fresh else None
    ready = _ready(asking, verdict, known, vocabulary, keyring)
    carried = await _carried([ready], conn)
    return carried[asking.id].answer() if carried else None


# --- requests together ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ready:
    """A request that is permitted, with what its statement binds: for all that it answers, and for this one."""

    asking: Asking
    verdict: Verdict
    compiled: Compiled
    shared: Mapping[str, Any] = field(repr=False)
    own: Mapping[str, Any] = field(repr=False)
    vocabulary: Vocabulary = field(repr=False)
    keyring: Keyring | None = field(repr=False)

    def is_answered_with(self, other: Ready) -> bool:
        """Whether one execution can answer both: it is the same statement, and binds the same but for the lists."""
        return self.compiled is other.compiled and self.shared == other.shared


@dataclass(frozen=True, slots=True)
class Carried:
    """A request that was carried out and committed, and what came of it."""

    ready: Ready
    raw: Raw

    def answer(self) -> Answer:
        """Return the answer to this request."""
        ready = self.ready
        if self.raw.kind != "disclosure":
            return Refusal(ready.asking.id, ready.asking.at, reasons.NOTHING_TO_SHOW)
        return disclosure(ready.asking, ready.verdict, ready.compiled, self.raw, ready.keyring, ready.vocabulary)


async def disclose_together(
    conn: Connection, askings: Sequence[Asking], *, vocabulary: Vocabulary, keyring: Keyring | None = None
) -> Mapping[UUID, Carried]:
    """Carry out at once, in one transaction, whichever of these reads one execution can answer; by the request's id.

    Whatever else is asked is left out, and nothing was done about it: what is refused, what goes by other values, all
    if the agreement is not remembered or has changed, or if the ledger is behind. Whoever is left out is to be
    answered alone, by :func:`disclose`; and so is everybody after an error, since nobody can say for which it was.
    """
    if await behind(conn):
        return {}
    ready = [it for it in (_remembered(conn, asking, vocabulary, keyring) for asking in askings) if it]
    return await _carried([it for it in ready if it.is_answered_with(ready[0])], conn) if ready else {}


def _remembered(conn: Connection, asking: Asking, vocabulary: Vocabulary, keyring: Keyring | None) -> Ready | None:
    """Return the request with what it binds, if it is permitted by what is remembered of its agreement."""
    known = remembered(conn, asking.request.agreement, vocabulary, asking.at)
    considered = known.considered if known else None
    if known is None or considered is None or considered.agreement is None:
        return None
    verdict = decide(asking.request, considered.agreement, considered.standing, vocabulary, asking.at)
    return _ready(asking, verdict, known, vocabulary, keyring) if verdict.refusal is None else None


def _ready(asking: Asking, verdict: Verdict, known: Known, vocabulary: Vocabulary, keyring: Keyring | None) -> Ready:
    compiled = compile_verdict(verdict, asking.request.asks, vocabulary)
    values = {**shared(asking, verdict.agreement, compiled, keyring), "mark": known.mark}
    return Ready(asking, verdict, compiled, values, own(asking, verdict.agreement), vocabulary, keyring)


async def _carried(ready: Sequence[Ready], conn: Connection) -> Mapping[UUID, Carried]:
    """Carry out what is ready; nothing comes back if the agreement has changed, and else one answer to each.

    ``RuntimeError`` if the answers are not those of the very requests.
    """
    values = {**ready[0].shared, "requests": listed(it.own for it in ready)}
    raws = {row[0]: Raw(*row[1:]) for row in await carry_out(conn, ready[0].compiled, values)}
    if raws and raws.keys() != {it.asking.id for it in ready}:
        raise RuntimeError("a statement answers each of its requests, and nobody else")
    return {it.asking.id: Carried(it, raws[it.asking.id]) for it in ready} if raws else {}


async def carry_out(conn: Connection, compiled: Compiled, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a compiled statement and commit it; only then is there an answer. No row if the agreement has changed."""
    settings = {"providers": ",".join(values["providers"])}
    cursor = AsyncRawCursor(conn)
    async with _autocommit(conn), conn.pipeline():
        # What is sent between two synchronisations is one transaction: it commits as the pipeline ends. Were it ever
        # two, the second would see no row of any agency.
        await conn.execute(_QUERIES.settings, settings, prepare=True)
        await cursor.execute(compiled.sql, compiled.arguments(values), prepare=True)
    return await cursor.fetchall()


@asynccontextmanager
async def _autocommit(conn: Connection) -> AsyncIterator[None]:
    """Let each synchronisation end the transaction, and leave the connection as it was; costs no journey.

    A connection that an error leaves in the middle of something is closed: nobody can say what it would do next.
    """
    before = conn.autocommit
    await conn.set_autocommit(True)
    try:
        yield
    finally:
        if conn.info.transaction_status is TransactionStatus.IDLE:
            await conn.set_autocommit(before)
        else:
            await conn.close()


async def refuse(
    conn: Connection, asking: Asking, considered: Considered | None, reason: Reason, vocabulary: Vocabulary
) -> Refusal:
    """Log a refusal with its entry, and return what the requester may know of it."""
    async with conn.transaction():
        for statement, values in written_of_refusal(asking, considered, reason, vocabulary):
            await conn.execute(statement, values)
    return Refusal(asking.id, asking.at, reasons.public(reason))


def written_of_refusal(
    asking: Asking, considered: Considered | None, reason: Reason, vocabulary: Vocabulary
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what one transaction writes of a refusal: its log line with the entry, and a review, if one is due."""
    values = {
        **logged(asking),
        **sealed_refusal(asking, considered, vocabulary),
        "version": considered.version if considered else None,
        "reason": reason.code,
    }
    yield _QUERIES.log_refusal, values
    due = refusal_due(considered, asking.request.requester)
    if due is not None:
        yield due[0], {**values, **due[1]}
