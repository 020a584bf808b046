"""Consent, for whoever records an answer and for the person concerned: reached through the gate, like all of theirs.

Rules:

1. A colleague reaches a person as they reach their record: under the agreement that they work under, by a request that
   is decided, carried out and logged. What is refused is refused in the same words, by the same statement.
2. Beyond that, one refusal lets them on: the person is covered and not asked yet, and the colleague's own agency holds
   a record of them. Somebody has to be able to write down the first answer.
3. What may be recorded afterwards is what was reached: :func:`was_reached` reads the gate's own log, for a short while.
4. What somebody answered is read with an entry of its own in the ledger, in the transaction of the reading; under each
   id that the person ever had.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from comity.agreements.consent import Answer
from comity.gate import reasons
from comity.gate.disclose import Connection, disclose
from comity.gate.log import digest_of, refuse_open_transaction, remember
from comity.gate.models import Disclosure, Read, Refusal, Request, Requester
from comity.record import Keyring
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

_QUERIES: Final = load_queries("comity.gate")
FORM_IS_OPEN: Final = timedelta(hours=1)  # between seeing the form and sending it


@dataclass(frozen=True, slots=True)
class Reached:
    """A person whose answers a colleague may read and record; ``shown`` is what the agreement lets out of them."""

    person: UUID
    shown: Disclosure | None


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer, as it is kept; ``entry`` is that of the ledger."""

    agreement: str
    answer: Answer
    agency: str
    by: str
    at: datetime
    reason: str = field(repr=False)
    entry: UUID


async def reach(
    conn: Connection, request: Request, now: datetime, *, vocabulary: Vocabulary, keyring: Keyring | None = None
) -> Reached | Refusal:
    """Return the person of a :class:`Read`, or the refusal that reading their record would get."""
    if not isinstance(request.asks, Read):
        raise TypeError("a person is reached by a read")
    answer = await disclose(conn, request, now, vocabulary=vocabulary, keyring=keyring)
    if isinstance(answer, Disclosure):
        return Reached(request.asks.person, answer)
    # Of every refusal the same is asked: the time that it takes tells nothing.
    if await _is_own_and_unasked(conn, answer.id, request.requester.agency):
        return Reached(request.asks.person, None)
    return answer


async def _is_own_and_unasked(conn: Connection, refusal: UUID, agency: str) -> bool:
    async with conn.transaction():
        await conn.execute(_QUERIES.settings, {"providers": agency})
        values = {"id": refusal, "agency": agency, "no_consent": reasons.NO_CONSENT.code}
        row = await (await conn.execute(_QUERIES.own_and_unasked, values)).fetchone()
    return bool(row and row[0])


async def was_reached(conn: Connection, requester: Requester, person: UUID, agreement: str, now: datetime) -> bool:
    """Return whether this colleague reached this person under this agreement, as :func:`reach` has it, lately."""
    async with conn.transaction():
        await conn.execute(_QUERIES.settings, {"providers": requester.agency})
        values = {
            "agency": requester.agency, "requester": requester.person, "role": requester.role, "person": person,
            "agreement": agreement, "since": now - FORM_IS_OPEN, "no_consent": reasons.NO_CONSENT.code,
        }  # fmt: skip
        row = await (await conn.execute(_QUERIES.was_reached, values)).fetchone()
    return bool(row and row[0])


async def answers_of(
    conn: Connection, person: UUID, now: datetime, *, by: str, agreements: Collection[str] | None = None
) -> tuple[Answered, ...]:
    """Return what somebody answered, latest first, about these agreements or about all; ``by`` is who reads it.

    The caller has reached the person (:func:`reach`), or is the person.
    """
    refuse_open_transaction(conn)
    async with conn.transaction():
        named = None if agreements is None else sorted(agreements)
        rows = await (await conn.execute(_QUERIES.answers_of, {"person": person, "agreements": named})).fetchall()
        await remember(conn, "consent", person, by, now, digest_of(row[-1] for row in rows))
    return tuple(Answered(name, Answer(said), *rest) for name, said, *rest in rows)
