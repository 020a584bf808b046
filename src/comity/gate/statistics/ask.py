"""Ask for a statistic: decided, paid for, counted, made noisy, logged and entered in one transaction; or refused.

Rules:

1. The connection is of the gate's role, with no transaction open. What is decided, and how a refusal is logged, are
   those of every request (:mod:`comity.gate.decide`, :mod:`comity.gate.disclose`).
2. The row of the period's budget is held before anything is counted. A budget that does not allow the answer refuses
   it, without any record having been looked at: the refusal says nothing of the data, nor does the time it takes.
3. What was asked in the same words under the same version in the same period is told again, from what was told then:
   asking twice to take the mean of two answers gains nothing. Whoever wants it counted anew says so, and pays again.
   Whether the data have changed since is not looked at, because that would tell something for nothing.
4. The exact numbers live from the query to the noise, in this process alone. No error, log or answer holds them.
5. Debit, kept answer, log line and ledger entry are committed before this function returns the numbers. If anything
   fails in between, nothing was told, and nothing was spent.
6. The agreement must be as it was judged in the statement that writes; otherwise it is judged anew. Where its uses are
   reviewed, that statement writes the review too, of an answer that is told again as of a new one.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import product
from typing import Any, Final, TypeAlias, cast
from uuid import uuid4

from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from comity.agreements import Agreement
from comity.agreements.models import PrivacyBudget
from comity.gate import reasons
from comity.gate.behind import behind
from comity.gate.compile import bind
from comity.gate.conditions import Blind
from comity.gate.decide import decide
from comity.gate.disclose import refuse
from comity.gate.due import due_of_made_parameters, due_of_made_query, unchanged_query
from comity.gate.entry import question, statistic_asked
from comity.gate.known import Known, look_up, remembered
from comity.gate.models import Asking, Measure, Reason, Refusal, Request, Statistic, Verdict
from comity.gate.statistics import noise
from comity.gate.statistics.budget import affords, delta_of, due, price
from comity.gate.statistics.cells import REST
from comity.gate.statistics.figures import Noisy, counted, means
from comity.gate.statistics.models import Axis, Figure, Left, Numbers, Told, from_text
from comity.gate.statistics.plan import MAX_CELLS, Dimension, Plan, cells, plan
from comity.gate.statistics.query import parameters, query
from comity.gate.values import logged
from comity.gate.wide import asked
from comity.ledger.entry import SALT_SIZE, Entry, commitment
from comity.record import Keyring
from comity.record.seal import blind
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

_QUERIES: Final = load_queries("comity.gate.statistics")
_GATE: Final = load_queries("comity.gate")
_MARK: Final = load_queries("comity.gate", "pieces.sql").mark
_MOST_LOOKS: Final = 4  # at an agreement while it changes
_HALF: Final = Decimal(2)

Connection = AsyncConnection[tuple[Any, ...]]
Answer: TypeAlias = Told | Refusal


class _ChangedError(Exception):
    """The agreement is no longer what it was judged to be; nothing was written."""


@dataclass(frozen=True, slots=True)
class _Errand:
    """All that carrying out one request needs."""

    asking: Asking
    verdict: Verdict
    made: Plan
    budget: PrivacyBudget
    mark: str
    vocabulary: Vocabulary
    keyring: Keyring | None

    @property
    def agreement(self) -> Agreement:
        return self.verdict.agreement

    @property
    def asks(self) -> Statistic:
        return cast("Statistic", self.asking.request.asks)


async def ask(
    conn: Connection, request: Request, now: datetime, *, vocabulary: Vocabulary, keyring: Keyring | None = None
) -> Answer:
    """Return the numbers that were asked for, with their bounds, or why there are none.

    ``now`` is in the zone whose calendar counts. ``keyring`` is needed where a condition is on a sealed field. An error
    of the database reaches the caller, and nothing was told and nothing spent.
    """
    if conn.info.transaction_status is not TransactionStatus.IDLE:
        raise RuntimeError("a statistic is a transaction of its own")
    if not isinstance(request.asks, Statistic):
        raise RuntimeError("this asks for no statistic")  # noqa: TRY004  (ours)
    asking = Asking(uuid4(), secrets.token_bytes(SALT_SIZE), now, request)
    agreement = (conn, request.agreement, vocabulary, now)
    known = remembered(*agreement) or await look_up(*agreement)
    closed = await behind(conn)
    if closed is not None:
        return await refuse(conn, asking, known.considered, closed, vocabulary)
    for _ in range(_MOST_LOOKS):
        try:
            return await _answer(conn, asking, known, vocabulary, keyring)
        except _ChangedError:
            known = await look_up(*agreement)
    raise RuntimeError("the agreement changes faster than it can be read")


async def budget_left(conn: Connection, agreement: Agreement, now: datetime) -> Left | None:
    """Return what is left of an agreement's budget today; ``None`` if it has none. Nothing of anybody is read."""
    if agreement.statistics is None or now.date() < agreement.in_force.start:
        return None
    latest = await (await conn.execute(_QUERIES.latest_period_seen, {"agreement": agreement.name})).fetchone()
    return due(agreement, agreement.statistics, latest, now.date())


async def _answer(
    conn: Connection, asking: Asking, known: Known, vocabulary: Vocabulary, keyring: Keyring | None
) -> Answer:
    """Return the answer by what is known of the agreement; a refusal only by what was read just now."""
    considered, request = known.considered, asking.request
    if considered is None or considered.agreement is None:
        answer: Told | Reason = reasons.not_in_force(considered.standing) if considered else reasons.UNKNOWN_AGREEMENT
    else:
        verdict = decide(request, considered.agreement, considered.standing, vocabulary, asking.at)
        answer = await _decided(conn, asking, verdict, known.mark, vocabulary, keyring)
    if isinstance(answer, Told):
        return answer
    if not known.fresh:
        raise _ChangedError
    return await refuse(conn, asking, considered, answer, vocabulary)


async def _decided(
    conn: Connection, asking: Asking, verdict: Verdict, mark: str, vocabulary: Vocabulary, keyring: Keyring | None
) -> Told | Reason:
    if verdict.refusal is not None:
        return verdict.refusal
    made = plan(cast("Statistic", asking.request.asks), verdict.agreement, verdict.clauses)
    budget = verdict.agreement.statistics
    if isinstance(made, Reason) or budget is None:
        return made if isinstance(made, Reason) else reasons.NO_BUDGET
    return await _pay(conn, _Errand(asking, verdict, made, budget, mark, vocabulary, keyring))


async def _pay(conn: Connection, errand: _Errand) -> Told | Reason:
    """Count and tell, in one transaction, if the budget allows it (rules 2 to 5)."""
    async with conn.transaction():
        await conn.execute(_GATE.settings, {"providers": ",".join(errand.agreement.providers)})
        left = await _held(conn, errand)
        kept = None if errand.asks.anew else await _kept(conn, errand, left)
        if kept is not None:
            return await _tell(conn, errand, left, kept, again=True)
        epsilon = price(errand.asks, errand.budget)
        delta = delta_of(epsilon, errand.budget) if errand.made.chosen else Decimal(0)
        if not affords(left, epsilon, delta):
            return reasons.budget_spent(max(left.epsilon - left.epsilon_spent, Decimal(0)), left.ends)
        return await _tell(conn, errand, left, await _counted(conn, errand, epsilon, delta), again=False)


async def _held(conn: Connection, errand: _Errand) -> Left:
    """Return the period of today, opened if need be, with its row held until the transaction ends."""
    agreement, today = errand.agreement, errand.asking.at.date()
    for _ in range(_MOST_LOOKS):
        latest = await (await conn.execute(_QUERIES.latest_period, {"agreement": agreement.name})).fetchone()
        found = due(agreement, errand.budget, latest, today)
        if latest is not None and today < latest[1]:
            return found
        values = {"agreement": agreement.name, "starts": found.starts, "ends": found.ends}
        await conn.execute(_QUERIES.open_period, {**values, "epsilon": found.epsilon, "delta": found.delta})
    raise RuntimeError("a period that was opened is not there")


async def _kept(conn: Connection, errand: _Errand, left: Left) -> Numbers | None:
    values = {"agreement": errand.agreement.name, "starts": left.starts, "question": _question(errand)}
    row = await (await conn.execute(_QUERIES.kept, values)).fetchone()
    return from_text(row[0]) if row else None


def _question(errand: _Errand) -> bytes:
    """Return SHA-256 of what is asked of this version, whoever asks it and why."""
    said = json.dumps([str(errand.agreement), statistic_asked(errand.asks)], separators=(",", ":"))
    return hashlib.sha256(said.encode()).digest()


async def _tell(conn: Connection, errand: _Errand, left: Left, numbers: Numbers, *, again: bool) -> Told:
    """Debit, keep, log and enter; the numbers leave when that is committed."""
    asking, agreement, answer = errand.asking, errand.agreement, numbers.text()
    spent = (
        {"epsilon": Decimal(0), "delta": Decimal(0)} if again else {"epsilon": numbers.epsilon, "delta": numbers.delta}
    )
    digest, about = hashlib.sha256(answer.encode()).digest(), question(asking.request)
    values = {
        **logged(asking),
        **spent,
        **due_of_made_parameters(agreement, {it.number: len(numbers.figures) for it in errand.made.clauses}),
        "answer": answer,
        "asked": about,
        "body": _entry(errand, spent["epsilon"], commitment(asking.salt, about + digest)),
        "digest": digest,
        "fields": list(errand.made.fields),
        "mark": errand.mark,
        "providers": list(agreement.providers),
        "question": _question(errand),
        "rows": len(numbers.figures),
        "starts": left.starts,
        "version": agreement.version,
    }
    await conn.execute(_QUERIES.spend, values)
    statement = _QUERIES.log_statistic.format(
        mark=_MARK, unchanged=unchanged_query(agreement), due=due_of_made_query(agreement)
    )
    if (await conn.execute(statement, values)).rowcount != 1:
        raise _ChangedError
    after = replace(
        left,
        epsilon_spent=left.epsilon_spent + spent["epsilon"],
        delta_spent=left.delta_spent + spent["delta"],
    )
    return Told(
        asking.id, asking.at, agreement.name, agreement.version, agreement.purpose, asking.request.requester.agency,
        numbers, spent["epsilon"], again, after, digest,
    )  # fmt: skip


def _entry(errand: _Errand, epsilon: Decimal, made: bytes) -> bytes:
    context = {
        "act": errand.asks.act.value,
        "agency": errand.asking.request.requester.agency,
        "agreement": str(errand.agreement),
        "epsilon": f"{epsilon:f}",
        "purpose": errand.agreement.purpose,
    }
    return Entry(errand.asking.id, errand.asking.at, "disclosure", context, made).encode()


# --- counting --------------------------------------------------------------------------------------------------------


async def _counted(conn: Connection, errand: _Errand, epsilon: Decimal, delta: Decimal) -> Numbers:
    """Count exactly and return the numbers with noise, for no more than ``epsilon`` and ``delta`` in all."""
    made, remaining = errand.made, epsilon
    to_choose = made.chosen
    if to_choose is not None:
        values = await _choose(conn, errand, to_choose, epsilon / _HALF, delta)
        made = replace(made, by=tuple(replace(it, values=values) if it is to_choose else it for it in made.by))
        remaining = epsilon - epsilon / _HALF
    exact = await _exact(conn, errand, made)
    figures, total = _noisy(made, exact, remaining)
    return Numbers(
        made.record,
        made.measure,
        _quantity(made),
        _axes(made.by),
        _axes(made.only),
        tuple(figures),
        total,
        made.most,
        epsilon,
        delta,
        errand.asking.at.date(),
    )


async def _choose(
    conn: Connection, errand: _Errand, dimension: Dimension, epsilon: Decimal, delta: Decimal
) -> tuple[str, ...]:
    """Return the values to count by, chosen by how many people have each."""
    by_it = replace(errand.made, measure=Measure.PERSONS, quantity=None, by=(dimension,))
    found = await _exact(conn, errand, by_it)
    counts = {name[0]: rows for name, (rows, _) in found.items() if name[0] != REST}
    room = MAX_CELLS // max(cells([it for it in errand.made.by if it is not dimension]), 1) - 1
    return noise.chosen(counts, by_it.most, epsilon, delta, max(room, 0))


async def _exact(conn: Connection, errand: _Errand, made: Plan) -> Mapping[tuple[str, ...], tuple[int, int]]:
    """Return the exact rows and sum of each cell that is not empty. They go nowhere but into the noise (rule 4)."""
    compiled = query(errand.verdict, made, errand.vocabulary)
    requester, today = errand.asking.request.requester, errand.asking.at.date()
    values = {
        **asked(errand.verdict, today),
        **bind(compiled.slots, today, requester, lambda slot: _blind(slot, errand.keyring)),
        **parameters(made, errand.agreement.name),
    }
    await conn.execute(_QUERIES.of_many)
    rows = await (await conn.execute(compiled.sql, values)).fetchall()
    width = len(made.by)
    return {tuple(row[:width]): (row[3], row[4]) for row in rows}


def _noisy(
    made: Plan, exact: Mapping[tuple[str, ...], tuple[int, int]], epsilon: Decimal
) -> tuple[list[Figure], Figure]:
    names = list(product(*((*(it.values or ()), REST) for it in made.by)))
    rows = [exact.get(name, (0, 0))[0] for name in names]
    added = [exact.get(name, (0, 0))[1] for name in names]
    quantity = made.quantity
    if quantity is None:
        return counted(names, Noisy(*noise.noisy(rows, made.most, epsilon)))
    if made.measure is Measure.SUM:
        return counted(names, Noisy(*noise.noisy(added, made.sensitivity, epsilon)), negative=quantity.low < 0)
    half = epsilon / _HALF
    within = (quantity.low, quantity.high)
    noisy_rows = Noisy(*noise.noisy(rows, made.most, half))
    noisy_sums = Noisy(*noise.noisy(added, made.sensitivity, epsilon - half))
    return means(names, noisy_rows, noisy_sums, made.middle, within)


def _axes(dimensions: tuple[Dimension, ...]) -> tuple[Axis, ...]:
    return tuple(Axis(it.record, it.field.name, it.form, it.values or ()) for it in dimensions)


def _quantity(made: Plan) -> tuple[str, str | None, int, int] | None:
    quantity = made.quantity
    return (quantity.field, quantity.since, quantity.low, quantity.high) if quantity else None


def _blind(slot: Blind, keyring: Keyring | None) -> bytes:
    if keyring is None:
        raise RuntimeError("the agreement has a condition on a sealed field, and no keys were handed in")
    return blind(keyring.blind_index, slot.column, slot.text)
