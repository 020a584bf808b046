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
6. What left sealed is opened after that, with the keys that were handed in, and minimised then.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.pq import TransactionStatus

from comity.agreements import Agreement, Considered
from comity.agreements.consent import LETS_LEAVE
from comity.gate import reasons
from comity.gate.answer import Raw, disclosure
from comity.gate.compile import Compiled, compile_verdict
from comity.gate.conditions import Blind
from comity.gate.decide import decide
from comity.gate.due import due_parameters, refusal_due
from comity.gate.entry import draft, plain, question, sealed_refusal
from comity.gate.find import MOST_FOUND, search_parameters
from comity.gate.known import Known, look_up, remembered
from comity.gate.models import Answer, Asking, CaseRead, Notice, Reason, Refusal, Request, Search
from comity.ledger.entry import SALT_SIZE
from comity.record import Keyring
from comity.record.seal import blind
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
    considered, request = known.considered, asking.request
    if considered is None or considered.agreement is None:
        refusal = reasons.not_in_force(considered.standing) if considered else reasons.UNKNOWN_AGREEMENT
        return await refuse(conn, asking, considered, refusal, vocabulary) if known.fresh else None
    verdict = decide(request, considered.agreement, considered.standing, vocabulary, asking.at)
    if verdict.refusal is not None:
        return await refuse(conn, asking, considered, verdict.refusal, vocabulary) if known.fresh else None
    compiled = compile_verdict(verdict, request.asks, vocabulary)
    values = {**parameters(asking, considered.agreement, compiled, keyring), "mark": known.mark}
    row = await carry_out(conn, compiled, values)
    if row is None:
        return None
    raw = Raw(*row)
    if raw.kind != "disclosure":
        return Refusal(asking.id, asking.at, reasons.NOTHING_TO_SHOW)
    return disclosure(asking, verdict, compiled, raw, keyring, vocabulary)


async def carry_out(conn: Connection, compiled: Compiled, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Run a compiled statement and commit it; only then is there an answer. ``None`` if the agreement has changed."""
    settings = {"providers": ",".join(values["providers"])}
    cursor = AsyncRawCursor(conn)
    async with _autocommit(conn), conn.pipeline():
        # What is sent between two synchronisations is one transaction: it commits as the pipeline ends. Were it ever
        # two, the second would see no row of any agency.
        await conn.execute(_QUERIES.settings, settings, prepare=True)
        await cursor.execute(compiled.sql, compiled.arguments(values), prepare=True)
    return await cursor.fetchone()


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


# --- parameters ------------------------------------------------------------------------------------------------------


def parameters(asking: Asking, agreement: Agreement, compiled: Compiled, keyring: Keyring | None) -> dict[str, Any]:
    """Return every value that the compiled statement binds."""
    if keyring is None and (compiled.opens or compiled.codes):
        raise RuntimeError("the agreement releases a sealed field or a pseudonym, and no keys were handed in")
    entry = draft(asking, agreement)
    today = asking.at.date()
    return {
        **logged(asking),
        **_asked(asking.request),
        **entry.parameters(),
        **due_parameters(agreement),
        **compiled.bind(today, asking.request.requester, lambda slot: _blind(slot, keyring)),
        "providers": list(agreement.providers),
        "consents": list(LETS_LEAVE[agreement.consent] or ()),
        "today": today,
        "version": agreement.version,
        "asked": question(asking.request),
    }


def logged(asking: Asking) -> dict[str, Any]:
    """Return the columns of the log that both a disclosure and a refusal fill, bounded and plain."""
    request = asking.request
    asks = request.asks
    return {
        "id": asking.id,
        "at": asking.at,
        "salt": asking.salt,
        "act": plain(str(getattr(asks, "act", "unknown"))),
        "agreement": plain(request.agreement),
        "purpose": plain(request.purpose),
        "agency": plain(request.requester.agency),
        "requester": plain(request.requester.person),
        "role": plain(request.requester.role),
        "case_reference": plain(request.case_reference),
        "justification": plain(request.justification, lines=True),
        "criteria": list(asks.criteria) if isinstance(asks, Search) else [],
        "person": getattr(asks, "person", None),
    }


def _asked(request: Request) -> dict[str, Any]:
    if isinstance(request.asks, Notice):
        asks = request.asks
        return {"subscription": asks.subscription, "since": asks.since, "first": asks.first}
    if isinstance(request.asks, CaseRead):
        return {"reference": request.asks.reference.strip()}
    return {**search_parameters(request.asks), "most": MOST_FOUND} if isinstance(request.asks, Search) else {}


def _blind(slot: Blind, keyring: Keyring | None) -> bytes:
    if keyring is None:
        raise RuntimeError("the agreement has a condition on a sealed field, and no keys were handed in")
    return blind(keyring.blind_index, slot.column, slot.text)
