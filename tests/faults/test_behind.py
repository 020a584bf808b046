"""The ledger falls behind: past its limit nothing leaves by any way, that is said, and it opens again by itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import AsyncConnection
from tests.gate.counting import text
from tests.gate.world import DEFAULTS, NOW, World, request

from comity.gate import Disclosure, Refusal, Search
from comity.gate import behind as behind_module
from comity.gate.engines import Engine
from comity.gate.extract.make import Office, judge
from comity.gate.extract.models import Format, Order
from comity.gate.models import Asking, Extract, Measure, Statistic
from comity.gate.notices import Teller
from comity.gate.statistics.ask import ask
from comity.ledger import Sequencer
from comity.ledger.note import Signer
from comity.ledger.store import ages, entries_of, head, put_witnessed, set_age_limit
from comity.node import Node
from comity.store import Role, Settings
from comity.web.metrics import MEDIA_TYPE, serving_metrics
from comity.web.turns import Turns

SIGNER = Signer("comity-test", bytes(32))


@pytest.fixture(autouse=True)
def _looks_each_time(monkeypatch):
    monkeypatch.setattr(behind_module, "LOOK_SECONDS", 0.0)


@pytest.fixture
def world(store, vocabulary):
    made = World(store, vocabulary)
    made.agree_to(text(channels="read, search, notify, extract, statistic", release=DEFAULTS["release"],
                       must_state=DEFAULTS["must_state"], about=DEFAULTS["about"]))  # fmt: skip
    return made


@pytest.fixture
def accused(world):
    person = world.person(birth_date=date(1987, 3, 2))
    world.row("charge", person=person, offence="Burglary", severity="serious")
    return person


def wait(world: World, age: str) -> None:
    """Let everything in the outbox have waited for so long."""
    with psycopg.connect(world.store.admin, dbname=world.store.database) as conn:
        conn.execute("update ledger.outbox set queued_at = clock_timestamp() - %s::interval", [age])


def sequence(world: World, tmp_path) -> None:
    with world.store.connect(Role.LEDGER) as conn:
        Sequencer(conn, SIGNER, tmp_path / "ledger.head").step(NOW)


def reason(answer) -> str | None:
    return answer.reason.code if isinstance(answer, Refusal) else None


def ways(world: World, accused) -> dict[str, object]:
    """Ask for something in every way in which something leaves."""

    async def others():
        async with await AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
            counted = await ask(conn, request(Statistic("charge", Measure.ROWS)), NOW, vocabulary=world.vocabulary)
            told = await Teller(world.vocabulary).subscribe(conn, request(accused), NOW)
        return counted, told

    counted, told = asyncio.run(others())
    with world.store.connect(Role.GATE, autocommit=True) as conn:
        office = Office(conn, world.vocabulary, world.keyring, SIGNER, world.store.settings.home)
        order = Order(Asking(uuid4(), bytes(16), NOW, request(Extract())), Format.CSV, Engine.DUCKDB)
        made = judge(office, order)
    return {"read": world.ask(accused), "search": world.ask(Search(name="ann")), "statistic": counted, "notice": told,
            "extract": made}  # fmt: skip


def test_past_its_limit_nothing_leaves_by_any_way_and_it_opens_by_itself(world, accused, tmp_path):
    assert isinstance(world.ask(accused), Disclosure)
    wait(world, "299 seconds")
    assert isinstance(world.ask(accused), Disclosure)
    wait(world, "301 seconds")
    refused = ways(world, accused)
    assert {way: reason(answer) for way, answer in refused.items()} == dict.fromkeys(refused, "ledger-behind")
    entries = len(world.entries())
    assert entries == 2 + len(refused)  # each refusal has its entry
    sequence(world, tmp_path)
    assert "ledger-behind" not in {reason(answer) for answer in ways(world, accused).values()}


def test_a_clock_that_was_set_back_does_not_make_what_waits_look_new(world, accused):
    world.ask(accused)
    wait(world, "-1 hour")  # queued at a moment that has not come, says the clock
    assert reason(world.ask(accused)) == "ledger-behind"


def test_a_head_that_nobody_vouches_for_closes_the_gate_where_that_has_a_limit(world, accused, store, tmp_path):
    world.ask(accused)
    sequence(world, tmp_path)  # signed, says its clock, long ago
    assert isinstance(world.ask(accused), Disclosure)  # no limit
    with store.connect(Role.OWNER) as conn:
        set_age_limit(conn, 300, 3600, NOW)
    assert reason(world.ask(accused)) == "ledger-behind"
    with store.connect(Role.LEDGER) as conn:
        (entered,) = entries_of(conn, ("age-limit",))  # whoever opens the gate wider is seen to
        assert dict(entered.context) == {"unsequenced": "300", "unwitnessed": "3600"}
        newest = head(conn)
        put_witnessed(conn, newest.checkpoint.size, newest.note, NOW)
    assert isinstance(world.ask(accused), Disclosure)


def test_what_was_seen_grows_older_by_itself(world, accused, monkeypatch):
    """Nothing that stops looking leaves the gate open: what it saw last counts as old as it is."""
    world.ask(accused)
    wait(world, "290 seconds")
    world.ask(accused)
    monkeypatch.setattr(behind_module, "LOOK_SECONDS", 1_000.0)
    seen = dict(behind_module._SEEN)
    monkeypatch.setattr(behind_module, "_SEEN", {key: (at - 20, ages) for key, (at, ages) in seen.items()})
    assert reason(world.ask(accused)) == "ledger-behind"


def test_whoever_is_kept_told_is_told_later(world, accused, tmp_path):
    async def run():
        async with await AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
            teller = Teller(world.vocabulary)

            async def admitted(_):
                return True

            subscription = await teller.subscribe(conn, request(accused), NOW - timedelta(days=30))
            world.row("charge", person=accused, offence="Fraud", severity="serious")
            wait(world, "301 seconds")
            silent = await teller.tell(conn, subscription, NOW, admitted)
            sequence(world, tmp_path)
            return silent, await teller.tell(conn, subscription, NOW, admitted)

    silent, told = asyncio.run(run())
    assert silent == 0
    assert told > 0


def test_the_ages_are_those_of_the_oldest(world, accused, store):
    world.ask(accused)
    wait(world, "40 seconds")
    world.ask(accused)
    with store.connect(Role.GATE) as conn:
        seen = ages(conn)
    assert 40 <= seen.unsequenced < 60
    assert (seen.unsequenced_limit, seen.unwitnessed, seen.unwitnessed_limit) == (300, 0, None)


def test_the_numbers_for_whoever_watches_are_of_nobody_and_say_when_the_gate_is_closed(
    world, accused, vocabulary, tmp_path
):
    node = Node(Settings(tmp_path), world.store, vocabulary, "comity-test")
    world.ask(accused)
    with serving_metrics(node, Turns(), 0) as port:

        def numbers() -> dict[str, float]:
            page = httpx.get(f"http://127.0.0.1:{port}/metrics")
            assert page.headers["content-type"] == MEDIA_TYPE
            lines = [line for line in page.text.splitlines() if not line.startswith("#")]
            assert not [line for line in lines if "{" in line]  # no label: nothing of anybody
            return {name: float(value) for name, value in map(str.split, lines)}

        before = numbers()
        wait(world, "301 seconds")
        after = numbers()
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 404
    assert (before["comity_gate_open"], after["comity_gate_open"]) == (1, 0)
    assert before["comity_ledger_waiting"] == after["comity_ledger_waiting"] > 0
    assert after["comity_ledger_unsequenced_seconds"] > after["comity_ledger_unsequenced_limit_seconds"] == 300
    away = replace(node.store, admin=f"{node.store.admin} port=1")
    with serving_metrics(Node(node.settings, away, vocabulary, "comity-test"), Turns(), 0) as port:
        assert "comity_database_up 0" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
