"""More than there is room for: a burst, and no connection left. Whoever is turned away is told so and asks again."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import httpx
import psycopg
import pytest
from tests.gate.world import World, agreement_text
from tests.web.desk import serving

from comity.node import Node
from comity.store import Role, Settings
from comity.store import store as pools
from comity.web.app import create_app
from comity.web.models import Colleague
from comity.web.store import issue_token, put_colleague
from comity.web.turns import Turns

from .running import ASKED, until

ROOM = Turns(most=4, line=12, patience=60)
BURST = 10 * (ROOM.most + ROOM.line)
ERRAND = {"agreement": "charging", "purpose": "prosecution", "case_reference": "C-1", "justification": "to decide"}


@pytest.fixture
def node(store, vocabulary, tmp_path):
    return Node(Settings(tmp_path), store, vocabulary, "comity-test")


@pytest.fixture
def asked(node):
    """The headers of somebody who may read, and of whom."""
    now = datetime.now(UTC)
    world = World(node.store, node.vocabulary)
    world.agree_to(agreement_text(until=f"{now + timedelta(days=300):%Y-%m-%d}"))
    person = world.person(birth_date=date(1987, 3, 2))
    world.row("charge", person=person, offence="Burglary", severity="serious")
    with node.store.connect(Role.GOVERNANCE) as conn:
        put_colleague(conn, Colleague("staff-7", "Priya", "prosecution", "prosecutor", "en"))
        token = issue_token(conn, "staff-7", now, now + timedelta(hours=1))
    return {**ASKED, "authorization": f"Bearer {token}"}, person


def disclosed(node: Node) -> int:
    with node.store.connect(Role.LEDGER) as conn:
        entries = conn.execute(
            """select count(*) from ledger.outbox where convert_from(body, 'UTF8') like '%"kind":"disclosure"%'"""
        )
        return entries.fetchone()[0]


def held_up(node: Node) -> psycopg.Connection:
    """Let nothing be disclosed until the connection is closed."""
    conn = psycopg.connect(node.store.admin, dbname=node.store.database)
    conn.execute("lock table ledger.outbox in access exclusive mode")
    return conn


async def gather(url: str, ask, count: int) -> list[httpx.Response]:
    limits = httpx.Limits(
        max_connections=None, max_keepalive_connections=0
    )  # a server may close a kept one as it is used
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=120, verify=False) as client:
        return await asyncio.gather(*(ask(client) for _ in range(count)))


def test_of_a_burst_ten_times_the_room_everybody_is_answered_in_the_end(node, asked):
    """The queue is bounded: the rest hears 429 at once, and after how long to come again; then nothing was done."""
    headers, person = asked

    async def read(client: httpx.AsyncClient) -> httpx.Response:
        return await client.get(f"/api/v1/persons/{person}", headers=headers)

    async def patiently(client: httpx.AsyncClient) -> httpx.Response:
        while (answer := await read(client)).status_code == 429:
            await asyncio.sleep(int(answer.headers["retry-after"]) / 20)
        return answer

    async def burst(url: str) -> list[httpx.Response]:
        holder = held_up(node)
        try:
            first = asyncio.create_task(gather(url, read, BURST))
            while app.turned_away < BURST - ROOM.most - ROOM.line:
                assert not first.done()
                await asyncio.sleep(0.02)
            assert (app.under_way, app.waiting) == (ROOM.most, ROOM.line)
        finally:
            holder.close()
        return await first

    app = Turns(ROOM.most, ROOM.line, ROOM.patience)
    with serving(create_app(node, turns=app)) as url:
        answers = asyncio.run(burst(url))
        refused = [it for it in answers if it.status_code != 200]
        assert {it.status_code for it in refused} == {429}
        assert len(refused) == BURST - ROOM.most - ROOM.line
        assert refused[0].json()["code"] == "too-busy"
        assert refused[0].headers["content-type"] == "application/problem+json"
        assert disclosed(node) == len(answers) - len(refused)  # whoever was turned away left nothing behind
        again = asyncio.run(gather(url, patiently, len(refused)))
        assert {it.status_code for it in again} == {200}
    assert disclosed(node) == BURST
    assert len({it.json()["entry"] for it in [*answers, *again] if it.status_code == 200}) == BURST
    assert (app.under_way, app.waiting) == (0, 0)


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Too many people ask at once"), ("nl", "Te veel mensen vragen")]
)
def test_a_person_who_is_turned_away_sees_a_page_that_says_so(node, language, words):
    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        return await client.get("/agreements", headers={"accept-language": language})

    app = Turns(most=1, line=0)
    with serving(create_app(node, turns=app)) as url:
        app._free._value = 0  # somebody's turn lasts
        refused = asyncio.run(gather(url, ask, 1))[0]
        assert httpx.get(f"{url}/healthz").status_code == 200  # whether it answers is asked out of turn
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert words in refused.text
    assert refused.headers["cache-control"] == "no-store"
    assert "content-security-policy" in refused.headers


def test_whoever_sends_slowly_does_not_hold_a_turn_for_ever(node, monkeypatch):
    monkeypatch.setattr("comity.web.turns.BODY_SECONDS", 0.2)

    async def slowly():
        yield b"token="
        await asyncio.sleep(1)
        yield b"x"

    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return await client.post("/sign-in", content=slowly(), headers=headers)

    app = Turns(most=1, line=0)
    with serving(create_app(node, turns=app)) as url:
        answer = asyncio.run(gather(url, ask, 1))[0]
        until(lambda: app.under_way == 0)
    assert answer.status_code == 408


def test_no_connection_left_is_told_and_loses_nothing(node, asked, monkeypatch):
    """As many searches as a pool has connections hold them all; who comes then hears 503, and after how long to return."""
    monkeypatch.setattr(pools, "POOL_SECONDS", 0.5)
    headers, _ = asked
    size = pools.POOL_SIZE

    async def search(client: httpx.AsyncClient) -> httpx.Response:
        body = {"errand": ERRAND, "query": {"name": "ann example"}}
        return await client.post("/api/v1/search", json=body, headers={"authorization": headers["authorization"]})

    async def patiently(client: httpx.AsyncClient) -> httpx.Response:
        while (answer := await search(client)).status_code == 503:
            await asyncio.sleep(0.1)
        return answer

    async def exhaust(url: str) -> list[httpx.Response]:
        holder = held_up(node)
        try:
            asked = asyncio.create_task(gather(url, search, size + 5))
            await asyncio.sleep(2)
        finally:
            holder.close()
        return await asked

    with serving(create_app(node)) as url:
        answers = asyncio.run(exhaust(url))
        refused = [it for it in answers if it.status_code != 200]
        assert len(refused) >= 5
        assert {(it.status_code, it.json()["code"]) for it in refused} == {(503, "unavailable")}
        assert int(refused[0].headers["retry-after"]) > 0
        assert disclosed(node) == size + 5 - len(refused)
        again = asyncio.run(gather(url, patiently, len(refused)))
        assert {it.status_code for it in again} == {200}
    assert disclosed(node) == size + 5


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Comity cannot do this at the moment"), ("nl", "Comity kan dit nu even niet")]
)
def test_a_database_that_is_away_is_told_as_such_until_it_is_back(node, asked, language, words):
    headers, person = asked
    close = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s"
    with (
        psycopg.connect(node.store.admin, autocommit=True) as admin,
        serving(create_app(node)) as url,
        httpx.Client(base_url=url, headers={"accept-language": language}, timeout=60, verify=False) as client,
    ):
        admin.execute(f'alter database "{node.store.database}" allow_connections false')
        admin.execute(close, [node.store.database])
        page = client.get("/agreements")
        problem = client.get(f"/api/v1/persons/{person}", headers=headers)
        admin.execute(f'alter database "{node.store.database}" allow_connections true')
        assert (page.status_code, problem.status_code) == (503, 503)
        assert words in page.text
        assert problem.json()["code"] == "unavailable"
        assert min(int(it.headers["retry-after"]) for it in (page, problem)) > 0
        until(lambda: client.get(f"/api/v1/persons/{person}", headers=headers).status_code == 200)
        assert client.get("/agreements").status_code == 200


@pytest.mark.parametrize(("language", "words"), [("en", "The ledger is behind"), ("nl", "Het logboek loopt achter")])
def test_a_program_hears_that_the_ledger_is_behind_and_when_to_return(node, asked, language, words):
    headers, person = asked
    with psycopg.connect(node.store.admin, dbname=node.store.database) as conn:
        conn.execute("update ledger.outbox set queued_at = clock_timestamp() - interval '301 seconds'")
    with serving(create_app(node)) as url:
        answer = httpx.get(f"{url}/api/v1/persons/{person}", headers={**headers, "accept-language": language})
    assert answer.status_code == 503
    assert (answer.json()["code"], bool(answer.json()["entry"])) == ("ledger-behind", True)
    assert words in answer.json()["detail"]
    assert int(answer.headers["retry-after"]) > 0
    assert disclosed(node) == 0
