"""Reads that leave together: each is answered, logged and entered as if it had been made alone."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.attacks.injections import superuser, until_blocked
from tests.attacks.test_log_or_deny import failing

from comity.agreements.consent import Answer as Said
from comity.agreements.consent import Recorded
from comity.agreements.models import Act, Event
from comity.agreements.store import act_upon, record_consent
from comity.gate import CaseRead, Disclosure, Refusal, Search, disclose
from comity.gate.disclose import disclose_together
from comity.gate.models import Answer, Asking, Request
from comity.gate.together import AT_ONCE, Together
from comity.ledger.entry import commitment
from comity.store import Role

from .test_reviews import DEFAULTS as REVIEWED
from .test_reviews import REVIEW
from .test_sides import RELEASE, books, rows
from .test_wide import lay
from .world import NOW, World, agreement_text, request

# --- as if alone -----------------------------------------------------------------------------------------------------

AGREEMENTS = {
    "everyone": {"about": "everyone"},
    "by consent": {"about": "charge.severity = 'serious'", "consent": "required"},
    "near": {"about": "exists (involvement where agency = 'police')"},
    "by colleague": {"release": f"{RELEASE}\n  - {{record: custody, where: facility = requester, fields: {{facility: as-is}}}}"},
}  # fmt: skip
#: Of two people that hypothesis draws records for, one whose id was merged into the first, and one who is not there.
asked = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["staff-7", "staff-8"])), min_size=1, max_size=6)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows, books=books, asked=asked, under=st.sampled_from(sorted(AGREEMENTS)), told=st.booleans())
def test_what_leaves_together_is_what_leaves_of_each_alone(world: World, rows, books, asked, under, told):
    if not world.keys:
        for name, terms in AGREEMENTS.items():
            text = agreement_text(name=name.replace(" ", "-"), **{"release": RELEASE, **terms})
            world.agree_to(text + REVIEW.format(**{**REVIEWED, "each": "request", "overdue": "shout"}))
    people = [*lay(world, rows, books), uuid4(), uuid4()]
    world.run(Role.INTAKE, "insert into people.person (person, redirect_to) values (%s, %s)", people[2], people[0])
    world.row("charge", person=people[0], severity="serious")
    world.row("custody", person=people[1], facility="staff-8")
    name = under.replace(" ", "-")
    if told:
        with world.store.connect(Role.GOVERNANCE) as conn:
            said = Recorded(Said.GIVEN, "police", "staff-3", NOW, "asked")
            record_consent(conn, name, people[0], said, world.vocabulary) if under == "by consent" else None
    requests = [
        request(people[who], agreement=name, staff=staff, justification=f"for {number}", case_reference=f"C-{number}")
        for number, (who, staff) in enumerate(asked)
    ]
    alone, together = asyncio.run(both(world, requests))
    assert kept(world, together) == kept(world, alone)


async def both(world: World, requests: list[Request]) -> tuple[list[Answer], list[Answer]]:
    """Each answered alone; and then all of them together, as many at a time as one execution can answer."""
    async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
        alone = [await disclose(conn, it, NOW, vocabulary=world.vocabulary, keyring=world.keyring) for it in requests]
        waiting = [Asking(uuid4(), secrets.token_bytes(16), NOW, it) for it in requests]
        answers: dict[UUID, Answer] = {}
        while left := [it for it in waiting if it.id not in answers]:
            carried = await disclose_together(conn, left, vocabulary=world.vocabulary, keyring=world.keyring)
            assert left[0].id in carried
            answers |= {it: of.answer() for it, of in carried.items()}
        return alone, [answers[it.id] for it in waiting]


def kept(world: World, answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """All that is told and written of each request, but for its id, its salt and its moments."""
    with superuser(world) as conn:
        return [kept_of(conn, it) for it in answers]


LOGGED = """kind, act, agreement, version, purpose, agency, requester, role, case_reference, justification, criteria, person,
    rows, reason, digest, asked, salt"""
REVIEWS = "agreement, version, due_at - at, roles, agencies, notice, suspends, clauses, counts"


def kept_of(conn: psycopg.Connection[Any], answer: Answer) -> dict[str, Any]:
    def of(columns: str, table: str, key: str = "disclosure") -> list[tuple[Any, ...]]:
        return conn.execute(f"select {columns} from {table} where {key} = %s order by 1", [answer.id]).fetchall()

    [(*line, digest, question, salt)] = of(LOGGED, "gate.disclosure", "id")
    [(body,)] = of("body", "ledger.outbox", "id")
    entry = json.loads(body)
    assert entry.pop("commitment") == commitment(salt, question + digest).hex()
    assert UUID(entry.pop("id")) == answer.id
    kept = {"line": line, "digest": digest, "question": question, "entry": entry}
    kept["about"] = of("source_person, clauses", "gate.disclosure_subject")
    kept["review"] = of(REVIEWS, "gate.review")
    if isinstance(answer, Refusal):
        return {**kept, "told": answer.reason.code}
    assert answer.digest == digest
    shown = [replace(it, values=dict(it.values), forms=dict(it.forms)) for of in answer.rows.values() for it in of]
    return {**kept, "told": shown, "withheld": answer.withheld, "person": answer.person}


def test_what_is_sealed_is_opened_for_whoever_asked_for_that_person(world, vocabulary):
    """Each gets the keys of the people in their own answer, and with them opens that."""
    from .test_disclose import sealed_person

    people = {
        f"{number} High Street": sealed_person(world, protected_address=f"{number} High Street") for number in range(3)
    }
    world.agree(about="everyone", release="  - {record: person, fields: {protected_address: as-is}}")
    alone, together = asyncio.run(both(world, [request(it) for it in people.values()]))
    for answers in (alone, together):
        assert [it.rows["person"][0].values["protected_address"] for it in answers] == list(people)


def test_by_whom_it_is_asked_is_part_of_what_they_must_share(world):
    """Where an agreement says `requester`, two colleagues are no one execution: each sees what is theirs to see."""
    person = world.person()
    for facility in ("staff-7", "staff-8"):
        world.row("custody", person=person, facility=facility)
    world.agree(
        about="everyone", release="  - {record: custody, where: facility = requester, fields: {facility: as-is}}"
    )
    asked = [request(person, staff=staff) for staff in ("staff-7", "staff-8", "staff-7")]
    alone, together = asyncio.run(both(world, asked))
    assert kept(world, together) == kept(world, alone)
    for it, answer in zip(asked, together, strict=True):
        assert [row.values["facility"] for row in answer.rows["custody"]] == [it.requester.person]


# --- who leaves with whom --------------------------------------------------------------------------------------------


@asynccontextmanager
async def gate_of(world: World, *, size: int = 8) -> AsyncIterator[Together]:
    async with (
        world.store.pool(Role.GATE, max_size=size) as pool,
        Together(pool, world.vocabulary, world.keyring) as gate,
    ):
        yield gate


async def held_up(world: World, gate: Together, accused: UUID, then: Callable[[list], Awaitable[None]]) -> list[Any]:
    """Let as many reads run as may, held up by a lock, and then do something; return what became of those it started."""
    await gate.disclose(request(accused), NOW)  # the agreement is remembered
    later: list[asyncio.Task[Answer]] = []
    with superuser(world) as holder:
        holder.execute("lock table gate.disclosure in access exclusive mode")
        first = await as_many_as_may(world, gate, accused)
        await then(later)
        await asyncio.sleep(0)
        holder.rollback()
    await asyncio.gather(*first)
    return await asyncio.gather(*later, return_exceptions=True)


async def as_many_as_may(world: World, gate: Together, accused: UUID) -> list[asyncio.Task[Answer]]:
    """Start reads until as many statements wait for a lock as may run at once."""
    first = []
    for number in range(AT_ONCE):
        first.append(asyncio.create_task(gate.disclose(request(accused), NOW)))
        await until_blocked(world, number + 1)
    return first


def transactions(world: World, of: Iterable[Answer]) -> int:
    ids = [it.id for it in of]
    return world.run(
        Role.GATE, "select count(distinct xmin::text) from gate.disclosure where id = any(%s)", ids
    )[0][0]  # fmt: skip


def begin(gate: Together, later: list, requests: Iterable[Request]) -> None:
    later += [asyncio.create_task(gate.disclose(it, NOW)) for it in requests]


def test_reads_that_come_while_others_run_leave_in_one_transaction(world, accused):
    world.agree()

    async def run() -> list[Any]:
        async with gate_of(world) as gate:

            async def come(later: list) -> None:
                begin(gate, later, [request(accused, staff=f"staff-{number}") for number in range(5)])

            return await held_up(world, gate, accused, come)

    answers = asyncio.run(run())
    assert all(isinstance(it, Disclosure) for it in answers)
    assert transactions(world, answers) == 1
    assert len({it.id for it in answers}) == 5


def test_a_read_that_finds_nothing_under_way_goes_at_once(world, accused):
    world.agree()

    async def run() -> list[Answer]:
        async with gate_of(world) as gate:
            return [await gate.disclose(request(accused), NOW) for _ in range(3)]

    answers = asyncio.run(run())
    assert transactions(world, answers) == 3


def test_whatever_else_is_asked_is_answered_as_by_itself(world, accused):
    """A case, a search, another agreement, a refusal before any look, and one that is not in force, all at once."""
    world.agree()
    world.agree(name="other")
    asks = [
        request(accused), request(accused, agreement="other"), request(Search(name="Ann")), request(CaseRead("C-7")),
        request(accused, role="judge"), request(accused, agreement="nowhere"), request(uuid4()), request(accused),
    ]  # fmt: skip

    async def run() -> list[Any]:
        async with gate_of(world) as gate:
            return await asyncio.gather(*(gate.disclose(it, NOW) for it in asks))

    got = asyncio.run(run())
    assert [getattr(it, "reason", None) for it in got] == [getattr(world.ask(it.asks, **asked_as(it)), "reason", None) for it in asks]  # fmt: skip
    assert len(world.log()) == len(world.entries()) == 2 * len(asks)


def asked_as(it: Request) -> dict[str, str]:
    return {"agreement": it.agreement, "role": it.requester.role}


# --- what may go wrong -----------------------------------------------------------------------------------------------


def test_whoever_gives_up_does_not_spoil_it_for_the_others(world, accused):
    """Before the statement left it is as if they had never asked; the others have their answers."""
    world.agree()

    async def run() -> list[Any]:
        async with gate_of(world) as gate:

            async def come(later: list) -> None:
                begin(gate, later, [request(accused, justification=f"for {number}") for number in range(4)])
                await asyncio.sleep(0)
                later[1].cancel()

            return await held_up(world, gate, accused, come)

    one, gone, *others = asyncio.run(run())
    assert isinstance(gone, asyncio.CancelledError)
    assert all(isinstance(it, Disclosure) for it in (one, *others))
    reasons = [row[0] for row in world.run(Role.GATE, "select justification from gate.disclosure")]
    assert "for 1" not in reasons
    assert len(reasons) == len(world.entries()) == 1 + AT_ONCE + 3


def test_whoever_gives_up_once_it_has_left_does_not_spoil_it_either(world, accused):
    """It is carried out all the same: there is an entry of an answer that nobody took, and nobody else is the worse."""
    world.agree()

    async def run() -> Answer:
        async with gate_of(world) as gate:
            await gate.disclose(request(accused), NOW)
            with superuser(world) as holder:
                holder.execute("lock table gate.disclosure in access exclusive mode")
                first = await as_many_as_may(world, gate, accused)
                first[0].cancel()
                with pytest.raises(asyncio.CancelledError):
                    await first[0]
                last = asyncio.create_task(gate.disclose(request(accused), NOW))
                holder.rollback()
            await asyncio.gather(last, *first[1:])
            for _ in range(600):
                if len(world.log()) == 2 + AT_ONCE:
                    break
                await asyncio.sleep(0.05)
            return await last

    assert isinstance(asyncio.run(run()), Disclosure)
    assert len(world.log()) == len(world.entries()) == 2 + AT_ONCE


def test_an_error_of_one_is_that_ones_alone(world, accused):
    """The statement fails for all; each is then carried out alone, and who it fails for again hears of it."""
    world.agree()
    spoilt = (
        "if new.justification = 'spoilt' then raise exception 'no' using errcode = 'disk_full'; end if; return new;"
    )
    failing(world, "gate.disclosure", spoilt)

    async def run() -> list[Any]:
        async with gate_of(world) as gate:

            async def come(later: list) -> None:
                words = ("for 0", "spoilt", "for 2")
                begin(gate, later, [request(accused, justification=each) for each in words])

            return await held_up(world, gate, accused, come)

    one, spoilt, other = asyncio.run(run())
    assert isinstance(spoilt, psycopg.errors.DiskFull)
    assert isinstance(one, Disclosure)
    assert isinstance(other, Disclosure)
    assert len(world.log()) == len(world.entries()) == 1 + AT_ONCE + 2


def test_a_line_of_one_that_something_swallows_denies_that_one(world, accused):
    """Also where the log takes the lines of all the others."""
    world.agree()
    failing(world, "gate.disclosure", "if new.justification = 'spoilt' then return null; end if; return new;")

    async def run() -> list[Any]:
        async with gate_of(world) as gate:

            async def come(later: list) -> None:
                begin(gate, later, [request(accused, justification=each) for each in ("for 0", "spoilt")])

            return await held_up(world, gate, accused, come)

    one, spoilt = asyncio.run(run())
    assert isinstance(one, Disclosure)
    assert isinstance(spoilt, psycopg.errors.DivisionByZero)
    assert len(world.log()) == len(world.entries()) == 1 + AT_ONCE + 1


def test_an_agreement_that_is_revoked_stops_what_has_gathered(world, accused):
    """Revoked between the asking and the leaving: nothing leaves, and each has their own refusal in the log."""
    world.agree()

    async def run() -> list[Any]:
        async with gate_of(world) as gate:

            async def come(later: list) -> None:
                begin(gate, later, [request(accused) for _ in range(3)])
                with world.store.connect(Role.GOVERNANCE) as conn:
                    act_upon(conn, "charging", 1, Event(Act.REVOKE, "police", NOW), by="dpo", reason="we must talk")

            return await held_up(world, gate, accused, come)

    answers = asyncio.run(run())
    assert all(isinstance(it, Refusal) for it in answers)
    ids = [it.id for it in answers]
    assert world.run(
        Role.GATE, "select kind, rows, count(*) from gate.disclosure where id = any(%s) group by 1, 2", ids
    ) == [("refusal", 0, 3)]
    assert len(world.entries()) == len(world.log()) == 1 + AT_ONCE + 3


def test_where_no_connection_is_free_each_waits_for_their_own(world, accused):
    """What gathers does so without an end to come; a pool that is taken up is an error to each, as it is to one."""
    from psycopg_pool import PoolTimeout

    world.agree()

    async def run() -> list[Any]:
        async with world.store.pool(Role.GATE, max_size=1) as pool, Together(pool, world.vocabulary) as gate:
            pool.timeout = 0.2
            async with pool.connection():
                asked = (gate.disclose(request(accused), NOW) for _ in range(3))
                return await asyncio.gather(*asked, return_exceptions=True)

    assert [type(it) for it in asyncio.run(run())] == [PoolTimeout] * 3
    assert world.log() == []
