"""Ask why: of a request in the log, or of one that nobody has made. Whoever asks leaves an entry, as every look does.

Rules:

1. An explanation is personal data: it is a consultation, with its entry in the ledger, committed before it returns.
   What cannot be remembered is not explained.
2. **Who.** The overseer of the agency that asked, or would, and those of the agreement's providers. To anybody else a
   request of others is as one that is not there.
3. **Records are looked at** only under a version that every party has signed; of a request that nobody has made, for a
   recipient's overseer, only while it is in force today. So nobody looks into others' records by supposing a request.
4. **One moment.** Everything is read in one snapshot, through row-level security, and named as of now: the log keeps
   digests, not what left. Whether it would still be the same is said by comparing them.
5. **A past request** is explained under the version that it was decided under, with the standing that the log keeps.
6. **The requester** learns of their own request what it and the agreement say. No record is read for it, so that a
   person who is not there, is not covered or has not consented are one answer, alike in shape and in time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any, Final, cast
from uuid import UUID, uuid4

from psycopg import AsyncConnection

from comity.agreements import Agreement, Considered, Standing, standing_query
from comity.agreements.models import Why
from comity.agreements.rows import versions_from_rows
from comity.agreements.standing import current
from comity.gate import models, reasons
from comity.gate.log import refuse_open_transaction, remember
from comity.gate.models import CaseRead, Request, Requester, Search
from comity.gate.why import words
from comity.gate.why.data import digest_of
from comity.gate.why.explain import Question, asked_of, check_words, explanation, field_words
from comity.gate.why.models import Explanation, Match, Onlooker, OwnExplanation, Past, Read, Scope
from comity.gate.why.reading import read_of
from comity.record import Keyring
from comity.store import load_queries
from comity.vocabulary.models import Label, Vocabulary

_QUERIES: Final = load_queries("comity.gate.why")
_WHAT: Final = "why"
_NOT_SIGNED: Final = frozenset({Why.UNREADABLE, Why.UNSIGNED, Why.INVALID_SIGNATURE, Why.KEY_NOT_PINNED})
_ABOUT_RECORDS: Final = frozenset({reasons.UNKNOWN_SUBJECT.code, reasons.NOT_COVERED.code, reasons.NO_CONSENT.code})

Connection = AsyncConnection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Node:
    """What an explanation needs of the node: its words, its keys, this moment, and whether values may be told."""

    vocabulary: Vocabulary
    keyring: Keyring | None
    now: datetime
    values: bool = True


@dataclass(frozen=True, slots=True)
class _Other:
    """A request of which the act alone is known; ``None`` for one that the gate did not know then either."""

    act: models.Act | None


@dataclass(frozen=True, slots=True)
class _Logged:
    id: UUID
    at: datetime
    kind: str
    act: str
    agreement: str
    version: int | None
    purpose: str
    agency: str
    requester: str
    role: str
    case_reference: str
    justification: str
    criteria: Sequence[str]
    person: UUID | None
    rows: int
    digest: bytes
    reason: str | None

    @property
    def request(self) -> Request:
        """Return the request, as far as the log keeps it: of a search the kinds of its criteria alone."""
        asker = Requester(self.agency, self.requester, self.role)
        return Request(self._asks(), self.agreement, self.purpose, asker, self.case_reference, self.justification)

    def _asks(self) -> models.Asked:
        if self.act == models.Act.READ and self.person is not None:
            return models.Read(self.person)
        if self.act == models.Act.CASE:
            return CaseRead(_NOT_KEPT)
        if self.act == models.Act.SEARCH:
            given = {"name": _NOT_KEPT, "number": _NOT_KEPT, "birth_date": date.min}
            return Search(**{each: given[each] for each in self.criteria})  # type: ignore[arg-type]
        known = next((act for act in models.Act if act == self.act), None)
        return cast("models.Asked", _Other(known))  # whatever was asked besides: the checks look at no more of it


_NOT_KEPT: Final = "not kept"


async def why(conn: Connection, identity: UUID, onlooker: Onlooker, node: Node) -> Explanation | None:
    """Return why the request of that id was answered as it was; ``None`` if the onlooker oversees none of that id."""
    async with _one_moment(conn):
        logged = await _logged(conn, identity)
        if logged is None:
            return None
        versions = await _versions(conn, logged.agreement, node)
        then = next((it for it in versions if it.version == logged.version), None)
        if not _oversees(onlooker, logged.agency, then):
            return None
        question = _question_of(logged, then, onlooker, node)
        read = await _read(conn, question, node)
        question = replace(question, past=await _past(conn, logged, then, read))
        return await _remembered(conn, question, read, onlooker, node)


async def why_if(
    conn: Connection, request: Request, onlooker: Onlooker, node: Node, *, version: int | None = None,
    on: date | None = None
) -> Explanation | None:  # fmt: skip
    """Return why a request that nobody has made would be answered as it would.

    ``version``: of the agreement; the one that counts on that day, if none is given. ``on``: a day other than today.
    ``None`` if the onlooker oversees neither the agency that would ask nor a provider, or there is no such version.
    """
    moment = node.now if on is None or on == node.now.date() else datetime.combine(on, _NOON, node.now.tzinfo)
    async with _one_moment(conn):
        today = await _versions(conn, request.agreement, node)
        then = await _versions(conn, request.agreement, node, moment) if moment != node.now else today
        found = current(then) if version is None else next((it for it in then if it.version == version), None)
        if found is None or not _oversees(onlooker, request.requester.agency, found):
            return None
        standing = next(it.standing for it in today if it.version == found.version)
        question = Question(
            request,
            request.asks.act.value,
            moment,
            found.agreement,
            found.version,
            found.standing,
            _scope(onlooker, request, found.agreement, standing, past=False),
            node.now if node.values and moment == node.now else None,
        )
        return await _remembered(conn, question, await _read(conn, question, node), onlooker, node)


async def why_own(conn: Connection, identity: UUID, requester: Requester, node: Node) -> OwnExplanation | None:
    """Return what whoever asked may know of why; ``None`` if it was not they who asked (rule 6)."""
    async with _one_moment(conn):
        logged = await _logged(conn, identity)
        if logged is None or (logged.agency, logged.requester) != (requester.agency, requester.person):
            return None
        versions = await _versions(conn, logged.agreement, node)
        then = next((it for it in versions if it.version == logged.version), None)
        question = _question_of(logged, then, Onlooker(requester.person, requester.agency), node)
        reason = reasons.public(reasons.by_code(logged.reason)) if logged.reason else None
        own = OwnExplanation(
            uuid4(),
            node.now,
            asked_of(question),
            reason,
            check_words(question, node.vocabulary),
            field_words(question.agreement, (), node.vocabulary) if question.agreement else (),
        )
        await remember(conn, _WHAT, None, requester.person, node.now, digest_of(own), own.id)
    return own


# --- the transaction -------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _one_moment(conn: Connection) -> AsyncIterator[None]:
    refuse_open_transaction(conn)
    async with conn.transaction():
        await conn.execute(_QUERIES.one_moment)
        yield


async def _remembered(
    conn: Connection, question: Question, read: Read | None, onlooker: Onlooker, node: Node
) -> Explanation:
    said = explanation(question, read, node.vocabulary, uuid4(), node.now)
    person = said.asked.person if read else None
    await remember(conn, _WHAT, person, onlooker.by, node.now, digest_of(said), said.id)
    return said


async def _logged(conn: Connection, identity: UUID) -> _Logged | None:
    row = await (await conn.execute(_QUERIES.logged, {"id": identity})).fetchone()
    return None if row is None else _Logged(*row)


async def _versions(conn: Connection, name: str, node: Node, moment: datetime | None = None) -> tuple[Considered, ...]:
    """Return each version with its standing, now or on another day; what was signed or done after a day is not yet."""
    rows = await (await conn.execute(standing_query(), {"name": name})).fetchall()
    if moment is None:
        return versions_from_rows(rows, node.vocabulary, node.now)
    return versions_from_rows(rows, node.vocabulary, moment, datetime.combine(moment, time.max, moment.tzinfo))


_NOON: Final = time(12)

# --- who and what ----------------------------------------------------------------------------------------------------


def _oversees(onlooker: Onlooker, asking: str, then: Considered | None) -> bool:
    providers = then.agreement.providers if then and then.agreement else ()
    return onlooker.agency is None or onlooker.agency == asking or onlooker.agency in providers


def _scope(onlooker: Onlooker, request: Request, agreement: Agreement | None, today: Standing, *, past: bool) -> Scope:
    if agreement is None:
        return Scope.NO_AGREEMENT
    if not isinstance(request.asks, models.Read):
        return Scope.NOT_ONE_PERSON
    if any(reason.code in _NOT_SIGNED for reason in today.reasons):
        return Scope.NOT_SIGNED
    if onlooker.agency is None or onlooker.agency in agreement.providers:
        return Scope.LOOKED
    may = onlooker.agency == request.requester.agency and onlooker.agency in agreement.recipients
    return Scope.LOOKED if may and (past or today.in_force) else Scope.NOT_YOURS


def _question_of(logged: _Logged, then: Considered | None, onlooker: Onlooker, node: Node) -> Question:
    agreement, today = (then.agreement, then.standing) if then else (None, Standing(()))
    codes = (logged.reason or "").partition(":")
    standing = words.standing_of(codes[2].split(",")) if codes[0] == reasons.NOT_IN_FORCE.code else Standing(())
    request = logged.request
    left = logged.kind == "disclosure" and node.values
    return Question(
        request,
        logged.act,
        logged.at.astimezone(node.now.tzinfo),
        agreement,
        logged.version,
        standing,
        _scope(onlooker, request, agreement, today, past=True),
        logged.at if left else None,
    )


async def _read(conn: Connection, question: Question, node: Node) -> Read | None:
    """Return what was read of the person, as the agreement's providers hold it; ``None`` if nothing may be."""
    agreement, asks = question.agreement, question.request.asks
    if question.scope is not Scope.LOOKED or agreement is None or not isinstance(asks, models.Read):
        return None
    await conn.execute(_QUERIES.settings, {"providers": ",".join(agreement.providers)})
    on = {"today": question.on.date(), "mark": ""}
    return await read_of(conn, question.request, asks.person, agreement, on, node.keyring, node.vocabulary)


# --- the past --------------------------------------------------------------------------------------------------------


async def _past(conn: Connection, logged: _Logged, then: Considered | None, read: Read | None) -> Past:
    subjects = await (await conn.execute(_QUERIES.of_clauses, {"id": logged.id})).fetchall()
    return Past(
        logged.id,
        logged.at,
        logged.kind,
        reasons.by_code(logged.reason) if logged.reason else None,
        logged.rows,
        _match(logged, read),
        tuple(_since(logged, then, read)),
        tuple((clause, count) for clause, count in subjects),
    )


def _match(logged: _Logged, read: Read | None) -> Match:
    if read is None or logged.kind != "disclosure":
        return Match.UNKNOWN
    return Match.SAME if read.tried.digest == bytes(logged.digest) else Match.OTHER


def _since(logged: _Logged, then: Considered | None, read: Read | None) -> Iterator[Label]:
    """Yield what has changed since, as far as it is known."""
    if then is not None:
        yield words.since_standing(then.version, then.standing)
    if read is None:
        return
    if _otherwise(logged, read):
        yield words.OTHERWISE_NOW
    moments = (read.held[each].values["received_at"] for each in read.near)
    later = sum(isinstance(each, datetime) and each > logged.at for each in moments)
    if later and read.tried.kind == "disclosure":
        yield words.since_rows(later)
    if read.answer and read.answer[1] > logged.at:
        yield words.since_answer(read.answer[0])


def _otherwise(logged: _Logged, read: Read) -> bool:
    """Whether the record would now have decided otherwise, where it was the record that decided."""
    decided = logged.reason is None or logged.reason in _ABOUT_RECORDS
    return decided and logged.reason != read.tried.reason
