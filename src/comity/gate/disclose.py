"""Disclose: carry a request out, or refuse it, and in either case leave the entry that says so.

Rules:

1. The connection is of the gate's role, with no transaction open: a disclosure is a transaction of its own.
2. The agreement and its standing are read now, from the database's bytes; nothing remembered can keep it in force.
3. A request that :func:`decide` refuses is logged with its entry, and no record is looked for.
4. Otherwise the transaction first names the agreement's providers, so that row-level security shows no other agency's
   rows, and then runs the one compiled statement. It is committed before this function returns anything.
5. An agreement that is not there, a person who is not there and a person who is not covered are one answer to whoever
   asks. The log has the difference.
6. What left sealed is opened after that, with the keys that were handed in, and minimised then.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from comity.agreements import Agreement, Considered, standing_from_rows, standing_query
from comity.gate import reasons
from comity.gate.answer import Raw, disclosure
from comity.gate.compile import Compiled, compile_verdict
from comity.gate.conditions import Blind
from comity.gate.decide import decide
from comity.gate.entry import draft, plain, question, sealed_refusal
from comity.gate.find import MOST_FOUND, search_parameters
from comity.gate.models import Answer, Asking, CaseRead, Reason, Refusal, Request, Search
from comity.ledger.entry import SALT_SIZE
from comity.record import Keyring
from comity.record.seal import blind
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

_QUERIES: Final = load_queries("comity.gate")
_NAME: Final = re.compile(r"[a-z0-9-]{1,64}").fullmatch

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
    asking = Asking(uuid4(), secrets.token_bytes(SALT_SIZE), now, request)
    considered = await _consider(conn, request.agreement, vocabulary, now)
    if considered is None:
        return await _refuse(conn, asking, None, reasons.UNKNOWN_AGREEMENT, vocabulary)
    if considered.agreement is None:
        return await _refuse(conn, asking, considered, reasons.not_in_force(considered.standing), vocabulary)
    verdict = decide(request, considered.agreement, considered.standing, vocabulary, now)
    if verdict.refusal is not None:
        return await _refuse(conn, asking, considered, verdict.refusal, vocabulary)
    compiled = compile_verdict(verdict, request.asks, vocabulary)
    raw = await _carry_out(conn, compiled, _parameters(asking, considered.agreement, compiled, keyring))
    if raw.kind != "disclosure":
        return Refusal(asking.id, now, reasons.NOTHING_TO_SHOW)
    return disclosure(asking, verdict, compiled, raw, keyring, vocabulary)


async def _consider(conn: Connection, name: str, vocabulary: Vocabulary, now: datetime) -> Considered | None:
    if not _NAME(name):
        return None
    async with conn.transaction():
        cursor = await conn.execute(standing_query(), {"name": name}, prepare=True)
        rows = await cursor.fetchall()
    return standing_from_rows(rows, vocabulary, now)


async def _carry_out(conn: Connection, compiled: Compiled, values: Mapping[str, Any]) -> Raw:
    """Run the statement and commit it; only then is there an answer."""
    settings = {"providers": ",".join(values["providers"])}
    async with conn.pipeline(), conn.transaction():
        await conn.execute(_QUERIES.settings, settings, prepare=True)
        cursor = await conn.execute(compiled.sql, values, prepare=True)
    row = await cursor.fetchone()
    if row is None:
        raise RuntimeError("a disclosure answers with one row")
    return Raw(*row)


async def _refuse(
    conn: Connection, asking: Asking, considered: Considered | None, reason: Reason, vocabulary: Vocabulary
) -> Refusal:
    """Log a refusal with its entry, and return what the requester may know of it."""
    values = {
        **_logged(asking),
        **sealed_refusal(asking, considered, vocabulary),
        "version": considered.version if considered else None,
        "reason": reason.code,
    }
    async with conn.transaction():
        await conn.execute(_QUERIES.log_refusal, values)
    return Refusal(asking.id, asking.at, reasons.public(reason))


# --- parameters ------------------------------------------------------------------------------------------------------


def _parameters(asking: Asking, agreement: Agreement, compiled: Compiled, keyring: Keyring | None) -> dict[str, Any]:
    """Return every value that the compiled statement binds."""
    if keyring is None and compiled.opens:
        raise RuntimeError("the agreement releases a sealed field, and no keys were handed in")
    entry = draft(asking, agreement)
    today = asking.at.date()
    return {
        **_logged(asking),
        **_asked(asking.request),
        **entry.parameters(),
        **compiled.bind(today, lambda slot: _blind(slot, keyring)),
        "providers": list(agreement.providers),
        "today": today,
        "version": agreement.version,
        "asked": question(asking.request),
    }


def _logged(asking: Asking) -> dict[str, Any]:
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
    if isinstance(request.asks, CaseRead):
        return {"reference": request.asks.reference.strip()}
    return {**search_parameters(request.asks), "most": MOST_FOUND} if isinstance(request.asks, Search) else {}


def _blind(slot: Blind, keyring: Keyring | None) -> bytes:
    if keyring is None:
        raise RuntimeError("the agreement has a condition on a sealed field, and no keys were handed in")
    return blind(keyring.blind_index, slot.column, slot.text)
