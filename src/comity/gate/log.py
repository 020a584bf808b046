"""The gate's own log: who used my data, for the person concerned; every request and its real reason, for the overseer.

Rules:

1. Reading the log is itself remembered, with an entry in the ledger, in the transaction of the reading.
2. The person concerned sees each disclosure of their own data, to whom, when, why and which fields; never a refusal
   (nothing was disclosed), never who else was asked about, never the requester's free text.
3. The overseer sees the requests of one agency, with the reason that the requester was not told, and what came of the
   review of each.
4. The person concerned is told if a use of their data was found not justified, when and by which agency.
5. A use under an agreement that keeps uses confidential for a time is not there for the person concerned until that
   time is over, and nothing shows that it is not; the overseer sees it at once, with the moment from which they can.
6. A statistic keeps no list of the people it covered: that list would itself tell who is covered. Everyone of whom a
   provider holds a record is told that it was made, and under which agreement: if that covered them, they were counted.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from comity.agreements.errors import FaultyAgreementError
from comity.agreements.models import Agreement
from comity.agreements.parse import from_canonical
from comity.agreements.telling_later import put_off_by, told_from
from comity.gate import reasons
from comity.gate.minimise import KNOWN
from comity.gate.models import Act, LoggedReview, LogLine, Unjustified, Use
from comity.ledger.entry import SALT_SIZE, Entry, commitment
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

_QUERIES: Final = load_queries("comity.gate")
_REVIEWS: Final = load_queries("comity.gate", "reviews.sql")
_CLOSED: Final = ("justified", "not-justified")
MOST_LINES: Final = 200  # of a log at once; earlier ones by the id of the last

Connection = AsyncConnection[tuple[Any, ...]]


async def uses_of(conn: Connection, person: UUID, now: datetime, *, by: str, vocabulary: Vocabulary) -> tuple[Use, ...]:
    """Return every disclosure of somebody's data, latest first; ``by`` is the opaque id of whoever reads it.

    That it was read is a consultation, with its entry in the ledger, committed before this returns.
    """
    refuse_open_transaction(conn)
    async with conn.transaction():
        # Whoever holds data of this person: only membership is read, and it is read for the person's own sake.
        agencies = [row[0] for row in await (await conn.execute(_QUERIES.agencies)).fetchall()]
        await conn.execute(_QUERIES.settings, {"providers": ",".join(agencies)})
        every = await (await conn.execute(_QUERIES.uses_of, {"person": person})).fetchall()
        later = await told_later(conn, [row[0] for row in every])
        rows = [row for row in every if not _is_put_off(row[1], later.get((row[5], row[6])), now)]
        ids = [row[0] for row in rows]
        known = await agreements_of(conn, ids, vocabulary)
        found = await (await conn.execute(_REVIEWS.unjustified, {"ids": ids})).fetchall()
        await remember(conn, "uses", person, by, now, digest_of(ids))
    unjustified = {review: Unjustified(at, agency) for review, at, agency in found}
    return tuple(_use(of_one, known, unjustified) for of_one in _by_id(rows))


async def agreements_of(
    conn: Connection, ids: Sequence[UUID], vocabulary: Vocabulary
) -> Mapping[tuple[str, int], Agreement | None]:
    """Return the agreements under which these disclosures were made; ``None`` for one that can no longer be read."""
    texts = await (await conn.execute(_QUERIES.agreements_of, {"ids": list(ids)})).fetchall()
    return {(name, version): _read(bytes(data), vocabulary) for name, version, data in texts}


async def told_later(conn: Connection, ids: Sequence[UUID]) -> Mapping[tuple[str, int], str]:
    """Return for how long each agreement puts off telling, by name and version, of those that do."""
    texts = await (await conn.execute(_QUERIES.putting_off, {"ids": list(ids)})).fetchall()
    lengths = {(name, version): put_off_by(bytes(data)) for name, version, data in texts}
    return {key: length for key, length in lengths.items() if length}


def _is_put_off(at: datetime, length: str | None, now: datetime) -> bool:
    return length is not None and now < told_from(at, length)


async def log_for_overseer(
    conn: Connection, agency: str, now: datetime, *, by: str, before: UUID | None = None
) -> tuple[LogLine, ...]:
    """Return the latest requests of one agency, at most :data:`MOST_LINES`, refusals and all.

    ``before`` is the id of the last line that was read: what was logged in its very microsecond is not passed over.
    The caller has made sure that ``by`` oversees that agency. That it was read is remembered as in :func:`uses_of`.
    """
    refuse_open_transaction(conn)
    async with conn.transaction():
        asked = {"agency": agency, "before": before, "limit": MOST_LINES}
        rows = await (await conn.execute(_QUERIES.log_of_agency, asked)).fetchall()
        ids = [row[0] for row in rows]
        due = await (await conn.execute(_REVIEWS.reviews_of, {"ids": ids})).fetchall()
        acts = await (await conn.execute(_REVIEWS.acts_of, {"ids": ids})).fetchall()
        later = await told_later(conn, ids)
        await remember(conn, "log", None, by, now, digest_of(ids))
    last = {act[0]: act for act in acts}
    reviews = {review: _review(due_at, last.get(review), late=late) for review, due_at, late in due}
    return tuple(_line(row, reviews.get(row[0]), later.get((row[4], row[5])), now) for row in rows)


async def remember(
    conn: Connection,
    what: str,
    person: UUID | None,
    by: str,
    now: datetime,
    digest: bytes,
    identity: UUID | None = None,
) -> None:
    """Write that ``by`` looked at ``what``, about ``person``, with its entry; ``digest`` is SHA-256 of what was shown.

    For whoever shows something of the log, in the transaction that reads it.
    """
    identity, salt = identity or uuid4(), secrets.token_bytes(SALT_SIZE)
    entry = Entry(identity, now, "consultation", {"act": what}, commitment(salt, digest))
    values = {"id": identity, "at": now, "what": what, "person": person, "by": by, "digest": digest, "salt": salt}
    await conn.execute(_QUERIES.log_consultation, {**values, "body": entry.encode()})


def digest_of(shown: Iterable[UUID]) -> bytes:
    """Return SHA-256 of the ids of what was shown."""
    return hashlib.sha256(b"".join(each.bytes for each in shown)).digest()


def refuse_open_transaction(conn: Connection) -> None:
    """Raise our own mistake if a transaction is open: what is read and that it was read are one transaction."""
    if conn.info.transaction_status is not TransactionStatus.IDLE:
        raise RuntimeError("reading the log is a transaction of its own")


def _by_id(rows: Iterable[Sequence[Any]]) -> Iterable[list[Sequence[Any]]]:
    """Group the rows of one disclosure: one for each of the person's source persons that it was about."""
    grouped: dict[UUID, list[Sequence[Any]]] = defaultdict(list)
    for row in rows:
        grouped[row[0]].append(row)
    return grouped.values()


def _use(
    rows: Sequence[Sequence[Any]],
    known: Mapping[tuple[str, int], Agreement | None],
    unjustified: Mapping[UUID, Unjustified],
) -> Use:
    identity, at, agency, role, purpose, name, version, act, _, counted = rows[0]
    clauses = sorted({clause for row in rows for clause in row[8]})
    fields = fields_of(known.get((name, version)), clauses) if counted is None else counted_of(counted)
    if act == Act.NOTICE:  # told that there is something of that type, and of no field what it says
        fields = tuple((record, ()) for record, _ in fields)
    return Use(identity, at, agency, role, purpose, name, version, Act(act), fields, unjustified.get(identity))


def fields_of(agreement: Agreement | None, clauses: Sequence[int]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return which fields the clauses let out, by record type; empty if the agreement's text can no longer be read."""
    left: dict[str, dict[str, None]] = defaultdict(dict)
    for release in agreement.releases if agreement else ():
        if release.number in clauses:
            left[release.record] |= dict.fromkeys(it.field for it in release.fields if it.minimiser in KNOWN)
    return tuple((record, tuple(fields)) for record, fields in left.items())


def counted_of(names: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the fields that a statistic was made from, by record type."""
    made: dict[str, list[str]] = defaultdict(list)
    for name in names:
        record, _, field = name.partition(".")
        made[record].append(field)
    return tuple((record, tuple(fields)) for record, fields in made.items())


def _read(data: bytes, vocabulary: Vocabulary) -> Agreement | None:
    try:
        return from_canonical(data, vocabulary)
    except FaultyAgreementError:
        return None  # the vocabulary has moved on; that it was disclosed still counts


def _line(row: Sequence[Any], review: LoggedReview | None, length: str | None, now: datetime) -> LogLine:
    """Return a line of the log. A refusal is never told of, so none of one is put off."""
    at, reason = row[1], reasons.by_code(row[-1]) if row[-1] else None
    until = told_from(at, length) if length and reason is None and _is_put_off(at, length, now) else None
    return LogLine(*(*row[:-1], reason, review, until))


def _review(due_at: datetime, last: Sequence[Any] | None, *, late: bool) -> LoggedReview:
    if last is None:
        return LoggedReview(due_at, late)
    _, outcome, agency, _, _, at, reason = last
    return LoggedReview(due_at, late and outcome not in _CLOSED, outcome, agency, at, reason)
