"""Reviews: what somebody has to look at afterwards, how long they have, what they find, and what follows from it.

Rules:

1. **Who reviews is written in the review**, as the agreement said when the data left: one of its roles at one of its
   agencies. Anybody else is answered as if there were no such review.
2. **Nobody reviews what they asked themselves**, in whichever role or agency they sit now.
3. **Closed once.** *Justified* and *not justified* close a review, *needs more* does not stop its clock; whoever asked
   may then explain. Every act is appended with its reason and its entry in the ledger, in one transaction.
4. **Overdue is told by the database's clock**, whenever somebody looks.
5. A reviewer reads who asked, why, and what kinds of data left, never the values. That they read it is an entry too.
6. What is told without a reviewer's eyes (the node's log, the command line) is about nobody.
"""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias
from uuid import UUID, uuid4

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from comity.agreements.models import Agreement
from comity.gate import reasons
from comity.gate.errors import AlreadyReviewedError, NoSuchReviewError, OwnRequestError, ReviewError
from comity.gate.log import agreements_of, counted_of, digest_of, fields_of, remember
from comity.gate.models import Reason, Requester
from comity.ledger.entry import SALT_SIZE, Entry, commitment
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

_QUERIES: Final = load_queries("comity.gate", "reviews.sql")
MOST_LISTED: Final = 100  # open reviews on one page: more than anybody does in a day
MOST_CLOSED: Final = 25
MAX_REASON: Final = 2_000  # characters: a page, as of a justification

Connection = AsyncConnection[tuple[Any, ...]]
PlainConnection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

# --- values ----------------------------------------------------------------------------------------------------------


class Outcome(StrEnum):
    """What a reviewer finds; ``EXPLAINED`` is what whoever asked says when more is needed."""

    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not-justified"
    NEEDS_MORE = "needs-more"
    EXPLAINED = "explained"


CLOSING: Final = frozenset({Outcome.JUSTIFIED, Outcome.NOT_JUSTIFIED})


@dataclass(frozen=True, slots=True)
class Waiting:
    """A review that is open, told of nobody: of a use by which agency, under what, by when, and whose it is to do."""

    id: UUID  # of the disclosure, and of its entry in the ledger
    agreement: str
    version: int
    at: datetime
    due_at: datetime
    overdue: bool
    notice: bool
    suspends: bool
    reviewers: tuple[str, ...]  # agencies
    agency: str  # which asked
    kind: str  # disclosure or refusal
    rows: int


@dataclass(frozen=True, slots=True)
class ReviewAct:
    """One thing that was found or explained."""

    outcome: Outcome
    agency: str
    by: str
    role: str
    at: datetime
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Left:
    """What left of one record type: fields, and how many rows; of a statistic, how many numbers were made from them."""

    record: str
    fields: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Opened:
    """An open review as its reviewer, or whoever asked, reads it. ``own`` if it is of the reader's own request."""

    waiting: Waiting
    act: str
    requester: str
    role: str
    purpose: str
    case_reference: str
    justification: str = field(repr=False)
    criteria: tuple[str, ...]  # kinds of what was searched by
    refusal: Reason | None
    left: tuple[Left, ...]
    acts: tuple[ReviewAct, ...]
    own: bool

    @property
    def asks_more(self) -> bool:
        """Whether it waits for whoever asked."""
        return bool(self.acts) and self.acts[-1].outcome is Outcome.NEEDS_MORE


@dataclass(frozen=True, slots=True)
class Closed:
    """A review that was closed, and how."""

    id: UUID
    agreement: str
    version: int
    at: datetime
    agency: str
    act: ReviewAct


@dataclass(frozen=True, slots=True)
class Tally:
    """How much is to be told to one visitor."""

    open: int = 0  # theirs to do, told at once or overdue
    overdue: int = 0  # theirs, overdue
    elsewhere: int = 0  # overdue, others' to do, at a party of their own agreements; for overseers
    asked: int = 0  # of their own requests, of which more is asked


# --- reading ---------------------------------------------------------------------------------------------------------


def waiting(conn: PlainConnection) -> tuple[Waiting, ...]:
    """Return every review that is open, most overdue first, told of nobody."""
    return tuple(map(_waiting, conn.execute(_QUERIES.waiting).fetchall()))


def suspended(conn: PlainConnection) -> frozenset[str]:
    """Return the names of agreements under which the review of a disclosure is overdue that suspends."""
    return frozenset(name for (name,) in conn.execute(_QUERIES.suspended).fetchall())


async def tally(conn: Connection, reader: Requester, *, oversees: bool) -> Tally:
    """Return how much is to be told to ``reader`` now; ``oversees`` if others' overdue reviews are their business."""
    cursor = await conn.execute(_QUERIES.tally, {**_reader(reader), "oversees": oversees})
    row = await cursor.fetchone()
    return Tally(*row) if row else Tally()


async def overseen(conn: Connection, reader: Requester) -> tuple[Waiting, ...]:
    """Return the overdue reviews that are others' to do, at a party of the overseer's own agreements."""
    rows = await conn.execute(_QUERIES.overseen, {**_reader(reader), "limit": MOST_LISTED})
    return tuple(map(_waiting, await rows.fetchall()))


async def open_reviews(
    conn: Connection, reader: Requester, now: datetime, vocabulary: Vocabulary, review: UUID | None = None
) -> tuple[Opened, ...]:
    """Return the open reviews that ``reader`` may see, most overdue first, or the one; that it was read is an entry."""
    _refuse_open_transaction(conn)
    async with conn.transaction():
        asked = {**_reader(reader), "review": review, "limit": MOST_LISTED}
        rows = await (await conn.execute(_QUERIES.open_for, asked)).fetchall()
        ids = [row[0] for row in rows]
        known = await agreements_of(conn, ids, vocabulary)
        acts = await _acts(conn, ids)
        if ids:
            await remember(conn, "reviews", None, reader.person, now, digest_of(ids))
    return tuple(_opened(row, known.get((row[1], row[2])), acts[row[0]], reader) for row in rows)


async def closed_reviews(conn: Connection, reader: Requester) -> tuple[Closed, ...]:
    """Return the reviews of the reader's role and agency that were closed last, latest first."""
    rows = await conn.execute(_QUERIES.closed_for, {**_reader(reader), "limit": MOST_CLOSED})
    return tuple(map(_closed, await rows.fetchall()))


# --- acting ----------------------------------------------------------------------------------------------------------


async def act_upon_review(
    conn: Connection, review: UUID, reader: Requester, outcome: Outcome, reason: str, now: datetime
) -> None:
    """Append what ``reader`` finds of a review, or explains, with its entry; committed before this returns.

    Raises :class:`NoSuchReviewError`, :class:`AlreadyReviewedError`, :class:`OwnRequestError` or, where ``reason`` is
    not one, :class:`ReviewError`; nothing is written then.
    """
    reason = _usable(reason)
    _refuse_open_transaction(conn)
    async with conn.transaction():
        await conn.execute(_QUERIES.lock, {"review": review})
        row = await (await conn.execute(_QUERIES.held, {**_reader(reader), "review": review})).fetchone()
        if row is None:
            raise NoSuchReviewError
        name, version, agency, requester, theirs, last = row
        _refuse_unless_theirs(outcome, reader, (agency, requester), theirs=theirs, last=last)
        entry, salt = uuid4(), secrets.token_bytes(SALT_SIZE)
        said = {"by": reader.person, "outcome": outcome.value, "reason": reason, "review": str(review)}
        payload = json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        context = {"agency": reader.agency, "agreement": f"{name}@{version}", "outcome": outcome.value}
        body = Entry(entry, now, "review", context, commitment(salt, payload)).encode()
        values = {"review": review, "outcome": outcome.value, "at": now, "reason": reason, "entry": entry, "salt": salt}
        await conn.execute(_QUERIES.act, {**values, **_reader(reader), "body": body})


def _refuse_unless_theirs(
    outcome: Outcome, reader: Requester, asked_by: tuple[str, str], *, theirs: bool, last: str
) -> None:
    """Raise unless the act is one that ``reader`` may do now; in the order in which nothing is told to a stranger."""
    own = asked_by[1] == reader.person
    explains = asked_by == (reader.agency, reader.person) and last == Outcome.NEEDS_MORE
    if not theirs and not explains:
        raise NoSuchReviewError
    if last in CLOSING:
        raise AlreadyReviewedError
    if own and not (explains and outcome is Outcome.EXPLAINED):
        raise OwnRequestError
    if outcome is Outcome.EXPLAINED and not explains:
        raise ReviewError("Only whoever asked explains, once a reviewer has asked for more. Choose another outcome.")


def _usable(reason: str) -> str:
    text = reason.replace("\r\n", "\n").strip()
    if not text:
        raise ReviewError("A reason is needed. Say in a sentence what you found.")
    lines = text.replace("\t", " ").split("\n")
    if len(text) > MAX_REASON or not all(line.isprintable() for line in lines):
        raise ReviewError(f"This reason cannot be kept. Write at most {MAX_REASON} characters of plain text.")
    return text


# --- rows ------------------------------------------------------------------------------------------------------------


def _reader(reader: Requester) -> dict[str, Any]:
    return {"agency": reader.agency, "by": reader.person, "role": reader.role}


def _waiting(row: Sequence[Any]) -> Waiting:
    values = [*row[:8], tuple(row[8]), *row[9:12]]
    return Waiting(*values)


def _closed(row: Sequence[Any]) -> Closed:
    identity, agreement, version, at, agency, outcome, *rest = row
    return Closed(identity, agreement, version, at, agency, ReviewAct(Outcome(outcome), *rest))


async def _acts(conn: Connection, ids: Sequence[UUID]) -> Mapping[UUID, list[ReviewAct]]:
    acts: dict[UUID, list[ReviewAct]] = defaultdict(list)
    for review, outcome, *rest in await (await conn.execute(_QUERIES.acts_of, {"ids": list(ids)})).fetchall():
        acts[review].append(ReviewAct(Outcome(outcome), *rest))
    return acts


def _opened(row: Sequence[Any], agreement: Agreement | None, acts: Iterable[ReviewAct], reader: Requester) -> Opened:
    act, requester, role, purpose, case_reference, justification, criteria, reason, clauses, counts, counted = row[12:]
    return Opened(
        _waiting(row),
        act,
        requester,
        role,
        purpose,
        case_reference,
        justification,
        tuple(criteria),
        reasons.by_code(reason) if reason else None,
        _left(agreement, dict(zip(clauses, counts, strict=True)))
        if counted is None
        else _told(agreement, dict(zip(clauses, counts, strict=True)), counted),
        tuple(acts),
        own=requester == reader.person,
    )


def _left(agreement: Agreement | None, counts: Mapping[int, int]) -> tuple[Left, ...]:
    """Return what left by record type; rows that left under two clauses count under each."""
    rows: dict[str, int] = defaultdict(int)
    for release in agreement.releases if agreement else ():
        rows[release.record] += counts.get(release.number, 0)
    return tuple(Left(record, fields, rows[record]) for record, fields in fields_of(agreement, list(counts)))


def _told(agreement: Agreement | None, counts: Mapping[int, int], counted: Sequence[str]) -> tuple[Left, ...]:
    """Return what a statistic was made from by record type; every number is made from each of them."""
    fields = dict(counted_of(counted))
    numbers = {it.record: counts[it.number] for it in (agreement.releases if agreement else ()) if it.number in counts}
    return tuple(Left(record, fields.get(record, ()), rows) for record, rows in numbers.items())


def _refuse_open_transaction(conn: Connection) -> None:
    if conn.info.transaction_status is not TransactionStatus.IDLE:
        raise RuntimeError("a review is a transaction of its own")
