"""Admit statements, or hold them: within one transaction, all of a batch or none of it.

Rules, in the order of the code:

1. What was erased stays erased: the same message again is left out (*forgotten*), anything else under its key or about
   an erased person is held for a person to decide.
2. The same message again changes nothing and writes nothing (*unchanged*), held or admitted.
3. A message with a fault is held, sealed, with every fault.
4. Where the source puts its messages in order, an older one never takes the place of a newer one (*outdated*): it is
   kept, and its rows are not shown. Otherwise the last word counts.
5. A statement takes the place of the one before it under its key: that one's rows go, its parts stay.
6. A record that another current statement says too is restored from that statement's part.
7. Each statement, held ones included, has its entry in the ledger's outbox, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from comity.intake import store
from comity.intake.causes import Cause
from comity.intake.forgetting import tell_gone
from comity.intake.linking import link
from comity.intake.models import Act, Fault, Held, Mapped, Outcome, RecordRef
from comity.intake.parts import Kept, kept, row, sealed_parts
from comity.intake.restore import no_longer_so, restore, take_away
from comity.intake.sitting import Message, Sitting, entry_of, statement
from comity.intake.store import HeldRow, LastWord
from comity.ledger import Entry, append
from comity.record.models import Kind, Part, Record, Statement, Status
from comity.record.store import data_keys, insert_parts, insert_statements, move_statements, put_records

_LAST = 2**63 - 1  # later than whatever was held before


@dataclass(slots=True)
class _Verdict:
    """What is to be done with one message."""

    message: Message
    status: Status
    version: int
    corrects: bool = False  # something was said under this key before
    outdated: bool = False
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known beforehand about the messages of a batch."""

    last: dict[str, LastWord]
    digests: dict[bytes, Status]
    gave_way: set[tuple[bytes, str]]
    erased: set[UUID]


@dataclass(slots=True)
class _Work:
    """What a batch comes to."""

    verdicts: list[_Verdict] = field(default_factory=list)
    formers: list[UUID] = field(default_factory=list)  # statements from before, that give way
    settled: list[UUID] = field(default_factory=list)  # held messages that turn out to say nothing new
    unchanged: int = 0
    forgotten: int = 0

    def having(self, *statuses: Status) -> list[_Verdict]:
        """Return the verdicts of these statuses, in the order of the messages."""
        return [verdict for verdict in self.verdicts if verdict.status in statuses]


def admit(sitting: Sitting, messages: Sequence[Message]) -> Outcome:
    """Admit or hold statements; return what became of them."""
    work = _decide(sitting, messages, _look_up(sitting, messages))
    _write(sitting, work)
    outdated = sum(verdict.outdated for verdict in work.verdicts)
    held = len(work.having(Status.QUARANTINED))
    return Outcome(
        delivered=len(messages),
        admitted=len(work.verdicts) - outdated - held,
        unchanged=work.unchanged,
        outdated=outdated,
        quarantined=held,
        forgotten=work.forgotten,
    )


# ------------------------------------------------------------------------------------------------------------- decide


def _look_up(sitting: Sitting, messages: Sequence[Message]) -> _Known:
    source = sitting.mapping.name
    digests = [message.digest for message in messages]
    mapped = [message.said for message in messages if isinstance(message.said, Mapped)]
    in_order = any(said.version is not None for said in mapped)
    people = {sitting.id_of(person) for said in mapped for person in _persons(said)}
    return _Known(
        last=store.last_words(sitting.conn, sitting.keyring.digests, source, (said.key for said in mapped)),
        digests=store.held_or_erased(sitting.conn, source, digests),
        gave_way=store.said_before(sitting.conn, source, digests) if in_order else set(),
        erased=store.erased_persons(sitting.conn, people),
    )


def _decide(sitting: Sitting, messages: Sequence[Message], known: _Known) -> _Work:
    work = _Work()
    here: dict[str, _Verdict] = {}  # what this batch itself said last under a key
    for message in messages:
        before = known.digests.get(message.digest)
        if before is Status.ERASED:
            work.forgotten += 1
            _settle(work, message)
        elif before is Status.QUARANTINED and not message.held_before:
            work.unchanged += 1
        elif isinstance(message.said, Held):
            known.digests[message.digest] = Status.QUARANTINED
            work.verdicts.append(_Verdict(message, Status.QUARANTINED, 0, faults=message.said.faults))
        else:
            _decide_mapped(sitting, message, message.said, known, work, here)
    return work


def _decide_mapped(
    sitting: Sitting, message: Message, said: Mapped, known: _Known, work: _Work, here: dict[str, _Verdict]
) -> None:
    last = known.last.get(said.key)
    if last is not None and last.digest == message.digest:
        work.unchanged += 1
        _settle(work, message)
        return
    if _was_erased(sitting, said, known, last):
        fault = Fault.of(message.place, Cause.ERASED_BEFORE)
        work.verdicts.append(_Verdict(message, Status.QUARANTINED, 0, faults=(fault,)))
        return
    if last is not None and said.version is not None and said.version < last.version:
        _decide_outdated(message, said, said.version, known, work)
        return
    version = said.version if said.version is not None else (last.version + 1 if last else 1)
    verdict = _Verdict(message, Status.ADMITTED, version, corrects=last is not None)
    if said.key in here:
        here[said.key].status = Status.SUPERSEDED
    elif last is not None and last.current is not None:
        work.formers.append(last.current)
    here[said.key] = verdict
    work.verdicts.append(verdict)
    known.last[said.key] = LastWord(message.statement_id, version, message.digest, Status.ADMITTED, Kind.STATE, None)


def _decide_outdated(message: Message, said: Mapped, version: int, known: _Known, work: _Work) -> None:
    if (message.digest, said.key) in known.gave_way:
        work.unchanged += 1
        _settle(work, message)
        return
    known.gave_way.add((message.digest, said.key))
    work.verdicts.append(_Verdict(message, Status.SUPERSEDED, version, corrects=True, outdated=True))


def _settle(work: _Work, message: Message) -> None:
    if message.held_before:
        work.settled.append(message.statement_id)


def _was_erased(sitting: Sitting, said: Mapped, known: _Known, last: LastWord | None) -> bool:
    if last is not None and last.current is None and (last.status is Status.ERASED or last.kind is Kind.ERASE):
        return True
    return bool(known.erased) and any(sitting.id_of(person) in known.erased for person in _persons(said))


def _persons(said: Mapped) -> Iterable[RecordRef]:
    return {record.about for record in said.records if record.about is not None}


# -------------------------------------------------------------------------------------------------------------- write


def _write(sitting: Sitting, work: _Work) -> None:
    conn = sitting.conn
    taken = take_away(sitting, work.formers)
    move_statements(conn, work.formers, Status.SUPERSEDED)
    entries = [_keep_statements(sitting, work.verdicts)]
    rows = _keep_parts(sitting, work.having(Status.ADMITTED, Status.SUPERSEDED))
    put_records(conn, sitting.vocabulary, rows.values())
    restored = restore(sitting, taken, set(rows))
    put = [*rows.values(), *restored]
    link(sitting, put, taken)
    tell_gone(conn, no_longer_so(taken, put), "rectified")
    _end_held(sitting, work)
    append(conn, [entry for batch in entries for entry in batch])


def _keep_statements(sitting: Sitting, verdicts: Sequence[_Verdict]) -> list[Entry]:
    fresh: list[Statement] = []
    again: list[Statement] = []
    entries: list[Entry] = []
    for verdict in verdicts:
        if verdict.message.held_before and verdict.status is Status.QUARANTINED:
            continue  # it stays as it was held
        kind = "alteration" if verdict.corrects else "collection"
        outcome = "outdated" if verdict.outdated else verdict.status.value
        entry, salt = entry_of(sitting, kind, verdict.message, outcome)
        made = statement(sitting, verdict.message, verdict.version, verdict.status, entry, salt)
        (again if verdict.message.held_before else fresh).append(made)
        entries.append(entry)
    insert_statements(sitting.conn, fresh)
    store.readmit(sitting.conn, again)
    return entries


def _keep_parts(sitting: Sitting, verdicts: Sequence[_Verdict]) -> dict[UUID, Record]:
    """Keep the parts of statements, and return the rows of those that are current; the last word on a record counts."""
    said_in = {verdict.message.statement_id: _records(sitting, verdict) for verdict in verdicts}
    subjects = list(dict.fromkeys(record.subject for records in said_in.values() for record in records))
    keys = data_keys(sitting.conn, sitting.keyring, sitting.mapping.agency, subjects)
    parts: list[Part] = []
    rows: dict[UUID, Record] = {}
    said = (sitting.mapping.agency, sitting.mapping.name, sitting.now)
    for verdict in verdicts:
        identifier = verdict.message.statement_id
        parts.extend(sealed_parts(identifier, said_in[identifier], keys))
        if verdict.status is Status.ADMITTED:
            for record in said_in[identifier]:
                made = row(sitting, identifier, record, said, keys[record.subject])
                rows[made.record_id] = made
    insert_parts(sitting.conn, parts)
    return rows


def _records(sitting: Sitting, verdict: _Verdict) -> list[Kept]:
    return kept(sitting, verdict.message.said.records) if isinstance(verdict.message.said, Mapped) else []


def _end_held(sitting: Sitting, work: _Work) -> None:
    """Hold what is to be held, and let go what was held and is now settled or overtaken by a later word."""
    conn, now = sitting.conn, sitting.now
    held = [(verdict.message, _held_row(sitting, verdict)) for verdict in work.having(Status.QUARANTINED)]
    fresh = [row for message, row in held if not message.held_before]
    store.hold(conn, sitting.mapping.name, sitting.mapping.label, fresh, now)
    for message, again in held:
        if message.held_before:
            store.still_held(conn, sitting.mapping.label, again, now)
    for status in (Status.ADMITTED, Status.SUPERSEDED):
        ended = [verdict.message for verdict in work.having(status) if verdict.message.held_before]
        store.resolve(conn, [message.statement_id for message in ended], status, now)
    overtaken = _overtaken(sitting, work) + work.settled
    move_statements(conn, overtaken, Status.SUPERSEDED)
    store.resolve(conn, overtaken, Status.SUPERSEDED, now)


def _overtaken(sitting: Sitting, work: _Work) -> list[UUID]:
    """Return what is held, from before or from this batch, under a key under which something later was admitted."""
    later: dict[str, int] = {}
    fresh: dict[UUID, bool] = {}  # what this batch itself holds, and whether it is overtaken
    for verdict in reversed(work.verdicts):
        message, key = verdict.message, verdict.message.said.key
        if verdict.status is not Status.QUARANTINED and not verdict.outdated:
            later[key] = max(later.get(key, 0), _LAST if message.number is None else message.number)
        elif not message.held_before:
            fresh[message.statement_id] = key in later and message.act in {Act.STATE, Act.RETRACT}
    before = store.overtaken(sitting.conn, sitting.mapping.name, later)
    return [held for held in before if fresh.get(held, True)]


def _held_row(sitting: Sitting, verdict: _Verdict) -> HeldRow:
    said = verdict.message.said
    persons = said.persons if isinstance(said, Held) else _persons(said)
    ids = tuple(sitting.id_of(person) for person in persons)
    return HeldRow(verdict.message.statement_id, verdict.message.place, verdict.faults, ids)
