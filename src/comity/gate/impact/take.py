"""Take an impact: weigh a version on today's records, for an officer of one of its parties, and leave the entry.

Rules:

1. The connection is of the gate's role, with no transaction open: an impact is a transaction of its own.
2. Only a party's officer is told, and whoever runs the node. An agreement that is not there and one to which the
   officer's agency is no party are one answer; the log has the difference.
3. The statement that counts, what is kept of it and the ledger's entry are one transaction, committed before anything
   is returned.
4. Anybody but an officer of a provider is told coarse numbers (:func:`comity.gate.impact.models.coarse`), and so is who
   runs the node: none of them answers for the records.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, cast
from uuid import uuid4

from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from comity.agreements import Agreement, Considered, standing_query
from comity.agreements.canonical import canonical
from comity.agreements.errors import FaultyAgreementError
from comity.agreements.parse import from_canonical
from comity.agreements.rows import all_from_rows
from comity.gate import reasons
from comity.gate.compile import bind
from comity.gate.conditions import Blind
from comity.gate.decide import terms
from comity.gate.disclose import refuse
from comity.gate.impact.compile import Table, Told, Weighing, weighing
from comity.gate.impact.models import COUNTED, Covered, Impact, Line, Tally, coarse
from comity.gate.impact.views import at_most, recipients_of, views_of
from comity.gate.models import Asked, Asking, Reason, Refusal, Request, Requester
from comity.ledger.entry import SALT_SIZE, Entry, commitment
from comity.record import Keyring
from comity.record.seal import blind
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

_QUERIES: Final = load_queries("comity.gate.impact")
_ROOM: Final = "256MB"  # of memory for each step that adds up, before it goes to disk
_NOBODY: Final = Requester("", "", "")

Connection = AsyncConnection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Weigh:
    """Of which version the impact is asked, against which, by which officer (``None``: who runs the node).

    Without ``version`` it is the last one kept; without ``against`` the one in force.
    """

    agreement: str
    version: int | None
    against: int | None
    officer: Requester | None
    act: str = field(default="impact", init=False)


@dataclass(frozen=True, slots=True)
class _Compared:
    new: Agreement
    old: Agreement | None
    in_force: tuple[Agreement, ...]


async def take_impact(
    conn: Connection, asks: Weigh, now: datetime, *, vocabulary: Vocabulary, keyring: Keyring | None = None
) -> Impact | Refusal:
    """Return what a version, in force or not, would let out of the records of this moment.

    ``now`` is in the zone whose calendar counts. ``keyring`` is needed where a condition compares a sealed field.
    """
    if conn.info.transaction_status is not TransactionStatus.IDLE:
        raise RuntimeError("an impact is a transaction of its own")
    async with conn.transaction():
        rows = await (await conn.execute(standing_query(), {"name": None})).fetchall()
        found = _compared(all_from_rows(rows, vocabulary, now), asks)
        if isinstance(found, _Compared):
            impact = await _weighed(conn, found, now, vocabulary, keyring)
            told = impact if _answers_for_records(asks.officer, found.new) else _coarsened(impact)
            await _keep(conn, told, asks.officer or _NOBODY)
            return told
    return await refuse(conn, _asking(asks, now), None, found, vocabulary)


# --- which versions --------------------------------------------------------------------------------------------------


def _compared(agreements: Sequence[Sequence[Considered]], asks: Weigh) -> _Compared | Reason:
    versions = next((each for each in agreements if each and each[0].name == asks.agreement), ())
    in_force = [it for each in agreements for it in each if it.standing.in_force]
    wanted = max((it.version for it in versions), default=0) if asks.version is None else asks.version
    new = next((it.agreement for it in versions if it.version == wanted), None)
    if new is None:
        return reasons.UNKNOWN_AGREEMENT
    if asks.officer is not None and asks.officer.agency not in new.parties:
        return reasons.NOT_A_PARTY
    before = in_force if asks.against is None else [it for it in versions if it.version == asks.against]
    old = next((it.agreement for it in before if it.name == asks.agreement and it.version != wanted), None)
    if asks.against is not None and old is None:
        return reasons.UNKNOWN_AGREEMENT
    standing = tuple(it.agreement for it in in_force if it.agreement is not None)
    return _Compared(new, old, standing)


def _answers_for_records(officer: Requester | None, agreement: Agreement) -> bool:
    return officer is not None and officer.agency in agreement.providers


# --- weighing --------------------------------------------------------------------------------------------------------


async def _weighed(
    conn: Connection, compared: _Compared, now: datetime, vocabulary: Vocabulary, keyring: Keyring | None
) -> Impact:
    new, old = compared.new, compared.old
    recipients = recipients_of(new, old)
    views = views_of(new, old, compared.in_force, vocabulary)
    lines: list[Line] = []
    covered = [Covered(each, 0, 0, 0) for each in recipients]
    if any(view.new or view.old for view in views):
        told = await _told(conn, recipients, vocabulary)
        weigh = weighing(views, recipients, told, now.date(), vocabulary)
        rows = await _counts(conn, weigh, now, keyring)
        lines = [line for table in weigh.tables for line in lines_of(table, rows)]
        covered = covered_of(recipients, rows)
    return Impact(
        id=uuid4(),
        at=now,
        day=now.date(),
        agreement=new,
        against=old,
        lines=tuple(lines),
        covered=tuple(covered),
        channels=tuple(each for each in new.channels if old is None or each not in old.channels),
        at_most=at_most(new),
        agreement_digest=_digest(new),
        against_digest=_digest(old) if old else None,
    )


async def _told(conn: Connection, recipients: Sequence[str], vocabulary: Vocabulary) -> list[Told]:
    """Return what the log may have shown these recipients: each clause of each version by which rows were shown."""
    told = []
    rows = await (await conn.execute(_QUERIES.shown_before, {"recipients": list(recipients)})).fetchall()
    for agency, data in rows:
        try:
            agreement = from_canonical(bytes(data), vocabulary)
        except FaultyAgreementError:
            continue  # the vocabulary has moved on; what cannot be read is taken not to have been shown
        told += [Told(agency, agreement, clause) for clause in terms(agreement, vocabulary).clauses]
    return told


Counted = tuple[str, str, str, str, int]
"""Record type (none for whom is covered), rows or people, whose, bits, and how many."""


async def _counts(conn: Connection, weigh: Weighing, now: datetime, keyring: Keyring | None) -> list[Counted]:
    slots = bind(weigh.slots, now.date(), _NOBODY, lambda slot: _blind(slot, keyring))
    await conn.execute(_QUERIES.settings, {"providers": ",".join(weigh.providers), "room": _ROOM})
    rows = await (await conn.execute(weigh.sql, {**weigh.values, **slots})).fetchall()
    return [(record, counted, whose, bits, number) for record, counted, whose, bits, number in rows]


def _blind(slot: Blind, keyring: Keyring | None) -> bytes:
    if keyring is None:
        raise RuntimeError("the agreement has a condition on a sealed field, and no keys were handed in")
    return blind(keyring.blind_index, slot.column, slot.text)


def lines_of(table: Table, counts: Iterable[Counted]) -> list[Line]:
    """Return a line for each key and category of a record type, whether or not anything counts for it."""
    sums: dict[tuple[str, int, str], int] = defaultdict(int)
    categories = list(table.categories)
    for record, counted, whose, bits, number in counts:
        if record == table.record:
            for at, bit in enumerate(bits):
                if bit == "1":
                    sums[whose, at, counted] += number
                    if whose not in categories:
                        categories.append(whose)
    return [
        Line(recipient, table.record, whose, of.name, form, *_tallies(sums, whose, len(COUNTED) * place))
        for place, (recipient, of, form) in enumerate(table.keys)
        for whose in categories
    ]


def _tallies(sums: dict[tuple[str, int, str], int], whose: str, first: int) -> list[Tally]:
    return [
        Tally(sums.get((whose, at, "rows"), 0), sums.get((whose, at, "people"), 0))
        for at in range(first, first + len(COUNTED))
    ]


def covered_of(recipients: Sequence[str], counts: Iterable[Counted]) -> list[Covered]:
    """Return how many people each recipient can ask about."""
    sums: dict[tuple[int, str], int] = defaultdict(int)
    for record, _, _, bits, number in counts:
        if not record:
            for at in range(len(recipients)):
                sums[at, bits[2 * at : 2 * at + 2]] += number
    return [
        Covered(each, sums[at, "10"] + sums[at, "11"], sums[at, "10"], sums[at, "01"])
        for at, each in enumerate(recipients)
    ]


def _digest(agreement: Agreement) -> bytes:
    return hashlib.sha256(canonical(agreement)).digest()


# --- telling ---------------------------------------------------------------------------------------------------------


def _coarsened(impact: Impact) -> Impact:
    covered = tuple(Covered(it.recipient, *map(coarse, (it.people, it.new, it.gone))) for it in impact.covered)
    lines = tuple(map(_coarse_line, impact.lines))
    return replace(impact, lines=lines, covered=covered, exact=False)


def _coarse_line(line: Line) -> Line:
    let, new, gone, unopened, unshown = (_coarse(getattr(line, name)) for name in COUNTED)
    return replace(line, let=let, new=new, gone=gone, unopened=unopened, unshown=unshown)


def _coarse(tally: Tally) -> Tally:
    """Return a tally of which neither number tells of few."""
    people = coarse(tally.people)
    return Tally(coarse(tally.rows) if people else 0, people)


async def _keep(conn: Connection, impact: Impact, officer: Requester) -> None:
    salt, digest = secrets.token_bytes(SALT_SIZE), impact.digest
    context = {"act": "impact", "agreement": str(impact.agreement)}
    if officer.agency:
        context["agency"] = officer.agency
    entry = Entry(impact.id, impact.at, "consultation", context, commitment(salt, digest))
    values: dict[str, Any] = {
        "id": impact.id,
        "name": impact.agreement.name,
        "version": impact.agreement.version,
        "agency": officer.agency or None,
        "by": officer.person,
        "at": impact.at,
        "digest": digest,
        "document": impact.canonical(),
        "salt": salt,
        "body": entry.encode(),
    }
    await conn.execute(_QUERIES.keep, values)


def _asking(asks: Weigh, now: datetime) -> Asking:
    """Return the question as the log keeps a refusal: no kind of request that :func:`decide` would permit."""
    name = asks.agreement if asks.version is None else f"{asks.agreement}@{asks.version}"
    request = Request(cast("Asked", asks), name, "", asks.officer or _NOBODY)
    return Asking(uuid4(), secrets.token_bytes(SALT_SIZE), now, request)
