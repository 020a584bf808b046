"""What comes due, and the run that erases it: in batches, each whole or not at all, gone on with after a crash.

The caller hands in a connection of the role INTAKE that is in no transaction; each step commits by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from comity.agreements.lengths import end_of
from comity.gate.keys import Keyring
from comity.intake.disposing import (
    Decision,
    Keeping,
    KeepingError,
    Key,
    dispose,
    keep_longer,
    keeping,
    restrict,
    restricted_due,
)
from comity.intake.facts import Standing, standing, standing_under
from comity.intake.legal_holds import holds
from comity.intake.sitting import Bench
from comity.intake.store import KEEPING, Connection, one_at_a_time
from comity.oversight.due import due_of
from comity.oversight.models import ComesDue, Due, Ran, Why
from comity.vocabulary.models import Disposal, Vocabulary

AHEAD: Final = timedelta(days=90)  # what comes due is told a quarter of a year before
BATCH: Final = 200  # statements examined in one transaction
MOST_IDS: Final = 500  # of what comes due by one rule, for the steward


@dataclass(slots=True)
class _Counted:
    first: date
    statements: int = 0
    held: int = 0
    records: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    ids: list[UUID] = field(default_factory=list)


def forecast(
    conn: Connection, vocabulary: Vocabulary, today: date, *, ahead: timedelta = AHEAD, agency: str | None = None
) -> tuple[ComesDue, ...]:
    """Return what comes due until a day, by agency and rule, what is due already included; of one agency, if named."""
    with conn.transaction():
        adopted = _adopted(conn, agency)
        counted: dict[tuple[str, str, Disposal], _Counted] = {}
        for it, due in _every(conn, vocabulary, adopted, today):
            if due.on is None or due.rule is None or due.then is None or due.on > today + ahead:
                continue
            of = counted.setdefault((it.agency, due.rule, due.then), _Counted(due.on))
            _count(of, it, due)
        sealed = conn.execute(KEEPING.restricted_soon, {"until": today + ahead, "agencies": list(adopted)}).fetchall()
    told = [
        ComesDue(of, rule, then, it.first, it.statements, it.held, tuple(sorted(it.records.items())), tuple(it.ids))
        for (of, rule, then), it in counted.items()
    ]
    told += [ComesDue(of, rule, Disposal.DELETE, first, number, 0, ()) for of, rule, number, first in sealed]
    return tuple(sorted(told, key=lambda it: (it.agency, it.first, it.rule, it.then)))


def keep_forecast(conn: Connection, found: Iterable[ComesDue], at: datetime) -> None:
    """Keep what comes due for whoever asks before the next run: to work it out takes a look at all that is held."""
    with conn.transaction():
        conn.execute(KEEPING.forget_forecast)
        for it in found:
            said = {"agency": it.agency, "rule": it.rule, "done": it.then.value, "first": it.first, "at": at}
            counted = {"statements": it.statements, "held": it.held, "records": Jsonb(dict(it.records))}
            conn.execute(KEEPING.keep_forecast, {**said, **counted, "ids": list(it.ids)})


def forecast_kept(conn: Connection, agency: str) -> tuple[ComesDue, ...]:
    """Return what comes due of an agency, as the last run worked it out."""
    return tuple(
        ComesDue(of, rule, Disposal(then), first, statements, held, tuple(sorted(records.items())), tuple(ids_))
        for of, rule, then, first, statements, held, records, ids_ in conn.execute(KEEPING.forecast, {"agency": agency})
    )


def run(conn: Connection, vocabulary: Vocabulary, keyring: Keyring, now: datetime) -> Ran:
    """Erase and restrict what is due, and keep what comes due next; return what it came to.

    A run that was cut off is gone on with.
    """
    if conn.execute(KEEPING.alone_in_run).fetchone() != (True,):
        return Ran()
    try:
        ran = _run(conn, vocabulary, keyring, now)
        keep_forecast(conn, forecast(conn, vocabulary, now.date()), now)
        return ran
    finally:
        conn.execute(KEEPING.run_is_over)


def _run(conn: Connection, vocabulary: Vocabulary, keyring: Keyring, now: datetime) -> Ran:
    last, identity = _begin(conn, now)
    ran = Ran()
    while True:
        with conn.transaction():
            adopted = _adopted(conn, None)
            _one_at_a_time(conn, adopted)
            bench = Bench(conn, vocabulary, keyring, now)
            page = standing(conn, vocabulary, list(adopted), after=last, size=BATCH)
            if not page:
                break
            step = _carry_out(bench, page, adopted)
            last = page[-1].statement_id
            _move(conn, identity, step, last)
        ran += step
    sealed = _sealed(conn, vocabulary, keyring, now)
    with conn.transaction():
        _move(conn, identity, sealed, last)
        conn.execute(KEEPING.end_run, {"run": identity, "at": now})
    return ran + sealed


def _move(conn: Connection, identity: UUID, step: Ran, last: UUID | None) -> None:
    counts = {name: getattr(step, name) for name in ("examined", "deleted", "restricted", "reviews", "held")}
    conn.execute(KEEPING.move_run, {**counts, "after": last, "run": identity})


def _one_at_a_time(conn: Connection, agencies: Iterable[str]) -> None:
    """Wait until nothing else changes what these agencies say; in one order, so that nobody waits for ever."""
    for agency in sorted(agencies):
        one_at_a_time(conn, agency)


def review(
    conn: Connection, vocabulary: Vocabulary, keyring: Keyring, key: Key, decision: Decision, keep_until: date | None
) -> UUID:
    """Carry out what a person decided who reviewed something: keep it until a day, or erase it; return the entry.

    Raises :class:`~comity.intake.disposing.KeepingError` if nothing stands there, its time is not over, or it is held.
    """
    with conn.transaction():
        adopted = _adopted(conn, key.agency)
        _one_at_a_time(conn, adopted)
        it = standing_under(conn, vocabulary, key.agency, key.source, key.source_key)
        if it is None or key.agency not in adopted:
            raise KeepingError("Nothing stands under that key whose time is counted. Look the key up again.")
        due = due_of(it, vocabulary.schedules, adopted[key.agency], holds(conn), decision.at.date())
        rule = due.rule or "none"
        if keep_until is not None:
            return keep_longer(conn, it, keep_until, rule, decision)
        if due.why is not Why.DUE:
            raise KeepingError(f"It is not due ({due.why}). Only what is due can be erased by a review.")
        bench = Bench(conn, vocabulary, keyring, decision.at)
        entry = dispose(bench, [it.statement_id], agency=key.agency, source=key.source, rule=rule)
        if entry is None:
            raise KeepingError("A legal hold keeps it. Lift the hold first, if that is right.")
        return entry


def _adopted(conn: Connection, agency: str | None) -> Mapping[str, Keeping]:
    return {name: it for name, it in keeping(conn).items() if agency in {None, name}}


def _every(
    conn: Connection, vocabulary: Vocabulary, adopted: Mapping[str, Keeping], today: date
) -> Iterable[tuple[Standing, Due]]:
    last: UUID | None = None
    upheld = holds(conn)
    while page := standing(conn, vocabulary, list(adopted), after=last, size=BATCH):
        for it in page:
            yield it, due_of(it, vocabulary.schedules, adopted[it.agency], upheld, today)
        last = page[-1].statement_id


def _count(of: _Counted, it: Standing, due: Due) -> None:
    of.first = min(of.first, due.on or of.first)
    of.statements += 1
    of.held += due.why is Why.HELD
    for record in it.records:
        of.records[record.type] += 1
    if len(of.ids) < MOST_IDS:
        of.ids.append(it.statement_id)


def _begin(conn: Connection, now: datetime) -> tuple[UUID | None, UUID]:
    with conn.transaction():
        row = conn.execute(KEEPING.open_run).fetchone()
        if row is not None:
            return row[1], row[0]
        identity = uuid4()
        conn.execute(KEEPING.begin_run, {"run": identity, "at": now})
        return None, identity


def _carry_out(bench: Bench, page: Sequence[Standing], adopted: Mapping[str, Keeping]) -> Ran:
    """Carry out what the schedules say of a page of statements, those whose time is over."""
    ran = Ran(examined=len(page))
    today, schedules = bench.now.date(), bench.vocabulary.schedules
    upheld = holds(bench.conn)
    for it in page:
        due = due_of(it, schedules, adopted[it.agency], upheld, today)
        if due.why is Why.HELD and due.on is not None and due.on <= today:
            ran += Ran(held=1)
        if due.why is not Why.DUE or due.rule is None:
            continue
        if due.then is Disposal.REVIEW:
            ran += Ran(reviews=1)
            continue
        ran += _end(bench, it, due.rule, due.then)
    return ran


def _end(bench: Bench, it: Standing, rule: str, then: Disposal | None) -> Ran:
    where = {"agency": it.agency, "source": it.source, "rule": rule}
    afterwards = bench.vocabulary.schedules[rule].afterwards
    if then is Disposal.RESTRICT and afterwards is not None:
        until = end_of(afterwards, bench.now.date())
        entry = restrict(bench, it.statement_id, **where, until=until)
        return Ran(restricted=1, entries=(entry,)) if entry else Ran(held=1)
    entry = dispose(bench, [it.statement_id], **where)
    return Ran(deleted=1, entries=(entry,)) if entry else Ran(held=1)


def _sealed(conn: Connection, vocabulary: Vocabulary, keyring: Keyring, now: datetime) -> Ran:
    """Erase what was restricted and whose day has come; what is on hold is passed over."""
    ran = Ran()
    while True:
        with conn.transaction():
            adopted = _adopted(conn, None)
            _one_at_a_time(conn, adopted)
            found = restricted_due(conn, list(adopted), now.date(), size=BATCH, offset=ran.held)
            if not found:
                return ran
            bench = Bench(conn, vocabulary, keyring, now)
            for it in found:
                entry = dispose(bench, [it.statement_id], agency=it.agency, source=it.source, rule=it.rule)
                ran += Ran(deleted=1, entries=(entry,)) if entry else Ran(held=1)
