"""Messages that are no statements: retract, erase, expunge, same, different. One at a time, within the transaction.

Rules:

1. A retraction takes the rows of the statement under its key away; the statement stays, sealed.
2. An erasure takes whole persons: the ones that it names, or those whom the statement under its key describes. Their
   rows, their parts of every statement and their data keys go, and every message that held them word for word; what
   else such a statement says about others stays. What remains is a tombstone: a digest and a key, so that the same
   message delivered again does not bring them back.
3. A message held in quarantine about an erased person is erased with them.
4. A judgement binds two persons that were both admitted.
5. An act that finds nothing to act on is held: it may have come before what it is about. Nothing is dropped.
6. What a legal hold is upon is not erased: the message is held, and says which hold, to whoever keeps the source.
7. Each act has its entry in the ledger's outbox: *alteration*, *erasure* or *combination*.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from comity.intake import store
from comity.intake.causes import Cause
from comity.intake.forgetting import bury, forget, tell_gone
from comity.intake.legal_holds import against
from comity.intake.linking import judge, link
from comity.intake.models import Act, Fault, Mapped, Outcome
from comity.intake.parts import Kept, opened_part
from comity.intake.restore import no_longer_so, restore, take_away
from comity.intake.sitting import Message, Sitting, entry_of, statement
from comity.intake.store import QUERIES, HeldRow
from comity.ledger import append
from comity.record.models import Status
from comity.record.store import (
    forget_statements,
    insert_statements,
    move_statements,
    stored_keys,
)


def carry_out(sitting: Sitting, message: Message, said: Mapped) -> Outcome:
    """Carry out one act, or hold it; return what became of it."""
    conn, source = sitting.conn, sitting.mapping.name
    kinds = store.JUDGING if said.act in {Act.SAME, Act.DIFFERENT} else store.STATING
    last = store.last_words(conn, sitting.keyring.digests, source, [said.key], kinds).get(said.key)
    if last is not None and last.digest == message.digest:
        return _unchanged(sitting, message)
    if not message.held_before and message.digest in store.held_or_erased(conn, source, [message.digest]):
        return Outcome(1, unchanged=1)
    if last is not None and said.version is not None and said.version < last.version:
        if store.said_before(conn, source, [message.digest]):
            return _unchanged(sitting, message)
        done = _Done("alteration", Outcome(1, outdated=1))
        return _keep(sitting, message, said.version, done, Status.SUPERSEDED)
    carried_out = _ACTS[said.act](sitting, message, said)
    if isinstance(carried_out, _Refused):
        return _hold(sitting, message, said, carried_out)
    version = said.version if said.version is not None else (last.version + 1 if last else 1)
    return _keep(sitting, message, version, carried_out)


class _Refused(NamedTuple):
    """Why an act cannot be carried out now, and what its words name."""

    cause: Cause
    details: Mapping[str, str] = MappingProxyType({})


class _Done(NamedTuple):
    """What an act came to: the ledger's word for it, what to count."""

    operation: str
    outcome: Outcome


def _retract(sitting: Sitting, message: Message, said: Mapped) -> _Done | _Refused:
    conn, source = sitting.conn, sitting.mapping.name
    last = store.last_words(conn, sitting.keyring.digests, source, [said.key]).get(said.key)
    current = [last.current] if last is not None and last.current is not None else []
    held = _others_held(message, store.ids(conn, QUERIES.held_under_keys, source=source, keys=[said.key]))
    if not current and not held:
        return _Refused(Cause.NOT_KNOWN_YET)
    taken = take_away(sitting, current)
    move_statements(conn, current + held, Status.RETRACTED)
    store.resolve(conn, held, Status.RETRACTED, sitting.now)
    restored = restore(sitting, taken, ())
    link(sitting, restored, taken)
    tell_gone(conn, no_longer_so(taken, restored), "withdrawn")
    return _Done("alteration", Outcome(1, retracted=1))


def _erase(sitting: Sitting, message: Message, said: Mapped) -> _Done | _Refused:
    conn, source = sitting.conn, sitting.mapping.name
    under_key = store.ids(conn, QUERIES.statements_under_key, source=source, source_key=said.key)
    named = [sitting.id_of(person) for person in said.persons]
    people = set(named) or _described(sitting, under_key)
    about = store.ids(conn, QUERIES.statements_about, people=list(people))
    held = store.ids(conn, QUERIES.held_under_keys, source=source, keys=[said.key])
    held += store.ids(conn, QUERIES.held_about, people=list(people))
    held = _others_held(message, held)
    if not (under_key or about or held):
        return _Refused(Cause.NOT_KNOWN_YET)
    shared = _about_others(sitting, {*under_key, *about}, people) - (set() if named else set(under_key))
    whole = [it for it in {*under_key, *about} if it not in shared]
    if holding := against(conn, {*whole, *shared}, people):
        return _Refused(Cause.ON_HOLD, {"holds": ", ".join(str(hold) for hold in holding)})
    expunged = message.act is Act.EXPUNGE
    forget(sitting, whole, shared, people, agency=sitting.mapping.agency, kind="expunged" if expunged else "erased")
    store.remember_erased(conn, people, sitting.now)
    forget_statements(conn, held)
    bury(sitting, [*whole, *held], known=True)
    store.resolve(conn, held, Status.ERASED, sitting.now)
    return _Done("erasure", Outcome(1, erased=1))


def _judge(sitting: Sitting, message: Message, said: Mapped) -> _Done | _Refused:
    one, other = (sitting.id_of(person) for person in said.persons)
    why_not = judge(sitting, (one, other), same=message.act is Act.SAME)
    return _Refused(why_not) if why_not else _Done("combination", Outcome(1, judged=1))


_ACTS: dict[Act, Callable[[Sitting, Message, Mapped], _Done | _Refused]] = {
    Act.RETRACT: _retract,
    Act.ERASE: _erase,
    Act.EXPUNGE: _erase,
    Act.SAME: _judge,
    Act.DIFFERENT: _judge,
}


# -------------------------------------------------------------------------------------------- who is in which statement


def _described(sitting: Sitting, statements: Collection[UUID]) -> set[UUID]:
    """Return the persons whom these statements describe: those of whom they hold a person record."""
    records = [record for parts in _opened(sitting, statements).values() for record in parts]
    return {record.id for record in records if record.type == "person"}


def _about_others(sitting: Sitting, statements: Collection[UUID], people: Collection[UUID]) -> set[UUID]:
    """Return which of these statements also say something about somebody else."""
    opened = _opened(sitting, statements)
    return {
        identifier
        for identifier, records in opened.items()
        if any(record.person and record.person not in people for record in records)
    }


def _opened(sitting: Sitting, statements: Collection[UUID]) -> dict[UUID, list[Kept]]:
    """Return the records of statements, from those parts whose keys are there."""
    rows = sitting.conn.execute(QUERIES.parts_of, {"ids": list(statements)}).fetchall()
    keys = stored_keys(sitting.conn, sitting.keyring, list({row[1] for row in rows}))
    opened: dict[UUID, list[Kept]] = defaultdict(list)
    for identifier, person, body in rows:
        if person in keys:
            opened[identifier] += opened_part(sitting, identifier, bytes(body), keys[person])
    return opened


def _others_held(message: Message, held: Collection[UUID]) -> list[UUID]:
    return [it for it in dict.fromkeys(held) if it != message.statement_id]


# ------------------------------------------------------------------------------------------------- the act itself, kept


def _keep(sitting: Sitting, message: Message, version: int, done: _Done, status: Status = Status.APPLIED) -> Outcome:
    conn = sitting.conn
    entry, salt = entry_of(sitting, done.operation, message, status.value)
    kept = statement(sitting, message, version, status, entry, salt)
    if message.act in {Act.ERASE, Act.EXPUNGE}:  # it says whom it erased no more than a tombstone does
        buried = store.buried_key(sitting.keyring.digests, kept.source, kept.source_key)
        kept = replace(kept, source_key=buried)
    if message.held_before:
        store.readmit(conn, [kept])
        store.resolve(conn, [message.statement_id], status, sitting.now)
    else:
        insert_statements(conn, [kept])
    append(conn, [entry])
    return done.outcome


def _hold(sitting: Sitting, message: Message, said: Mapped, why: _Refused) -> Outcome:
    fault = Fault.of(message.place, why.cause, **why.details)
    persons = tuple(sitting.id_of(person) for person in said.persons)
    row = HeldRow(message.statement_id, message.place, (fault,), persons)
    if message.held_before:
        store.still_held(sitting.conn, sitting.mapping.label, row, sitting.now)
        return Outcome(1, quarantined=1)
    entry, salt = entry_of(sitting, "collection", message, Status.QUARANTINED.value)
    insert_statements(sitting.conn, [statement(sitting, message, 0, Status.QUARANTINED, entry, salt)])
    store.hold(sitting.conn, sitting.mapping.name, sitting.mapping.label, [row], sitting.now)
    append(sitting.conn, [entry])
    return Outcome(1, quarantined=1)


def _unchanged(sitting: Sitting, message: Message) -> Outcome:
    if message.held_before:
        move_statements(sitting.conn, [message.statement_id], Status.SUPERSEDED)
        store.resolve(sitting.conn, [message.statement_id], Status.SUPERSEDED, sitting.now)
    return Outcome(1, unchanged=1)
