"""Extracts that were asked for: queued, made by one worker, collected by the requester alone while it may leave."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from comity.agreements.models import Act, Event
from comity.agreements.store import act_upon
from comity.gate import Refusal, Requester
from comity.gate.errors import GateError
from comity.gate.extract import orders as ordering
from comity.gate.extract import verify, work
from comity.gate.extract.models import Format
from comity.gate.extract.orders import (
    ATTEMPTS,
    KEPT,
    MOST_UNFINISHED,
    Counter,
    NotHereError,
    State,
    TooManyError,
    ask_for,
    collect,
    counter_at,
    leads,
    make_next,
    order_of,
    orders_of,
    remove_old,
)
from comity.gate.keys import load_or_create
from comity.gate.models import Extract
from comity.node import Node
from comity.store import Role, Settings
from comity.worker import make_extracts

from .test_extract import SIGNER, agree
from .world import NOW, World, request

WHO = request(Extract()).requester


@pytest.fixture
def counter(world: World, tmp_path: Path):
    with world.store.connect(Role.GATE, autocommit=True) as conn:
        yield counter_at(tmp_path, conn, world.vocabulary, world.keyring, SIGNER)


@pytest.fixture
def someone(world: World):
    person = world.person(name="Ann Example")
    world.row("charge", person=person, offence="Burglary", severity="serious")
    return person


def ask(counter: Counter, now=NOW, **changes):
    answer = ask_for(counter, request(Extract(), **changes), Format.CSV, now)
    assert not isinstance(answer, Refusal)
    return answer


def made(counter: Counter):
    extract = ask(counter)
    assert make_next(counter, lambda: NOW) == extract
    found = order_of(counter, WHO, extract, NOW)
    assert found.state is State.MADE
    return found


def logged(world: World) -> list[tuple[str, str]]:
    return world.run(Role.GATE, "select kind, coalesce(reason, '') from gate.disclosure order by at, id")


def test_what_is_asked_for_waits_is_made_and_is_collected(world: World, counter: Counter, someone):
    agree(world)
    extract = ask(counter)
    assert order_of(counter, WHO, extract, NOW).state is State.WAITING
    assert logged(world) == [], "nothing left yet"
    assert make_next(counter, lambda: NOW) == extract
    assert make_next(counter, lambda: NOW) is None
    found = order_of(counter, WHO, extract, NOW)
    assert (found.state, found.parts, found.version, found.until) == (State.MADE, 3, 1, NOW + KEPT)
    assert {"manifest.json", "manifest.note", "1-person.0001.csv"} < {it.name for it in found.files}
    path = collect(counter, WHO, extract, "1-person.0001.csv", NOW)
    assert isinstance(path, Path)
    assert path.stat().st_size == next(it.bytes for it in found.files if it.name == path.name)
    assert verify(path.parent, SIGNER.vkey()).sound
    assert logged(world) == [("disclosure", "")]
    assert [it.id for it in orders_of(counter, WHO, NOW)] == [extract]
    assert counter.made.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("changes", "channels", "reason"),
    [({"purpose": "sentencing"}, "extract", "other-purpose"), ({"justification": ""}, "extract", "no-justification"),
     ({}, "read", "extract-closed")],
)  # fmt: skip
def test_what_is_refused_is_said_at_once_logged_and_never_queued(
    world: World, counter: Counter, changes, channels, reason
):
    agree(world, channels=channels)
    answer = ask_for(counter, request(Extract(), **changes), Format.CSV, NOW)
    assert isinstance(answer, Refusal)
    assert answer.reason.code == reason
    assert logged(world) == [("refusal", reason)]
    assert make_next(counter, lambda: NOW) is None


def test_to_anybody_else_it_does_not_exist(world: World, counter: Counter, someone):
    agree(world)
    found = made(counter)
    for changed in ({"person": "officer-8"}, {"agency": "court"}, {"role": "officer"}):
        hidden_from(counter, found.id, changed)


def hidden_from(counter: Counter, extract: UUID, changed: dict[str, str]) -> None:
    said = {"agency": WHO.agency, "person": WHO.person, "role": WHO.role, **changed}
    other = Requester(**said)
    assert orders_of(counter, other, NOW) == ()
    for ask_again in (
        lambda: order_of(counter, other, extract, NOW),
        lambda: collect(counter, other, extract, "manifest.json", NOW),
        lambda: order_of(counter, WHO, uuid4(), NOW),
    ):
        with pytest.raises(NotHereError):
            ask_again()


def test_only_a_file_of_the_extract_is_handed_out(world: World, counter: Counter, someone):
    agree(world)
    found = made(counter)
    for name in ("../../name", "..", "", "manifest", "1-person.0001.csv/", "/etc/passwd", "extract.duckdb"):
        with pytest.raises(NotHereError):
            collect(counter, WHO, found.id, name, NOW)


def test_an_agreement_that_ended_lets_out_nothing_more(world: World, counter: Counter, someone):
    agree(world)
    found = made(counter)
    with world.store.connect(Role.GOVERNANCE) as conn:
        act_upon(conn, "charging", 1, Event(Act.SUSPEND, "police", NOW), by="dpo-1", reason="A mistake was found.")
    answer = collect(counter, WHO, found.id, "manifest.json", NOW + timedelta(hours=1))
    assert isinstance(answer, Refusal)
    assert "not-in-force" in answer.reason.code
    assert not counter.path_of(found.id).exists()
    again = order_of(counter, WHO, found.id, NOW + timedelta(hours=1))
    assert (again.state, again.refusal, again.reason.code) == (State.REFUSED, answer.id, answer.reason.code)
    assert [kind for kind, _ in logged(world)] == ["disclosure", "refusal"]


def test_another_version_in_force_lets_out_nothing_that_an_earlier_one_did(world: World, counter: Counter, someone):
    agree(world)
    found = made(counter)
    agree(world, version=2, release="  - {record: person, fields: {name: initials}}")
    answer = collect(counter, WHO, found.id, "manifest.json", NOW)
    assert isinstance(answer, Refusal)
    assert not counter.path_of(found.id).exists()


def test_of_whom_a_provider_no_longer_holds_nothing_is_collected(world: World, counter: Counter, someone):
    agree(world)
    found = made(counter)
    world.run(Role.INTAKE, "delete from people.membership")
    answer = collect(counter, WHO, found.id, "1-person.0001.csv", NOW)
    assert isinstance(answer, Refusal)
    assert answer.reason.code == "data-gone"
    assert not counter.path_of(found.id).exists()


def test_what_is_kept_too_long_is_removed(world: World, counter: Counter, someone):
    agree(world)
    found = made(counter)
    assert remove_old(counter, NOW + KEPT - timedelta(minutes=1)) == 0
    late = NOW + KEPT
    assert order_of(counter, WHO, found.id, late).state is State.GONE, "also before it was removed"
    with pytest.raises(NotHereError):
        collect(counter, WHO, found.id, "manifest.json", late)
    assert remove_old(counter, late) == 1
    assert not counter.path_of(found.id).exists()
    assert order_of(counter, WHO, found.id, NOW).state is State.GONE


def test_an_agreement_that_ends_before_it_is_made_refuses_it(world: World, counter: Counter, someone):
    agree(world)
    extract = ask(counter)
    with world.store.connect(Role.GOVERNANCE) as conn:
        act_upon(conn, "charging", 1, Event(Act.SUSPEND, "police", NOW), by="dpo-1", reason="A mistake was found.")
    make_next(counter, lambda: NOW)
    found = order_of(counter, WHO, extract, NOW)
    assert (found.state, found.files) == (State.REFUSED, ())
    assert found.reason.code.startswith("not-in-force")
    assert not work.path_of(counter.office.works, extract).exists()


def test_whoever_goes_on_after_a_crash_finishes_what_was_begun_first(world, counter, someone, monkeypatch):
    agree(world)
    first, second = ask(counter), ask(counter, NOW + timedelta(seconds=1))

    def crash(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(ordering, "go_on", crash)
        with pytest.raises(OSError, match="full"):
            make_next(counter, lambda: NOW)
    half = order_of(counter, WHO, first, NOW)
    assert (half.state, half.parts) == (State.MAKING, 3)
    assert make_next(counter, lambda: NOW) == first
    assert order_of(counter, WHO, first, NOW).state is State.MADE
    assert make_next(counter, lambda: NOW) == second


def test_a_crash_after_it_was_published_leaves_nothing_undone(world, counter, someone, monkeypatch):
    agree(world)
    extract = ask(counter)

    def crash(*_: object) -> None:
        raise OSError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(ordering, "_made", crash)
        with pytest.raises(OSError, match="gone"):
            make_next(counter, lambda: NOW)
    make_next(counter, lambda: NOW)
    assert order_of(counter, WHO, extract, NOW).state is State.MADE
    assert logged(world) == [("disclosure", "")], "it left once"


def test_what_fails_each_time_holds_up_nobody_for_ever(world, counter, someone, monkeypatch):
    agree(world)
    first, second = ask(counter), ask(counter, NOW + timedelta(seconds=1))
    real = ordering.go_on

    def fails_for_the_first(office, extract, *rest):
        if extract == first:
            raise OSError("gone")
        return real(office, extract, *rest)

    monkeypatch.setattr(ordering, "go_on", fails_for_the_first)
    for _ in range(ATTEMPTS):
        with pytest.raises(OSError, match="gone"):
            make_next(counter, lambda: NOW)
    assert make_next(counter, lambda: NOW) == first
    assert order_of(counter, WHO, first, NOW).state is State.FAILED
    assert not work.path_of(counter.office.works, first).exists()
    assert make_next(counter, lambda: NOW) == second


def test_one_requester_has_few_under_way(world: World, counter: Counter, someone):
    agree(world)
    for _ in range(MOST_UNFINISHED):
        ask(counter)
    with pytest.raises(TooManyError):
        ask(counter)
    make_next(counter, lambda: NOW)
    ask(counter)
    assert issubclass(TooManyError, GateError)


def test_one_worker_makes_at_a_time(world: World, counter: Counter, tmp_path: Path):
    with world.store.connect(Role.GATE, autocommit=True) as conn:
        other = counter_at(tmp_path, conn, world.vocabulary, world.keyring, SIGNER)
        assert leads(other)
        assert not leads(counter)
    assert any(leads(counter) or time.sleep(0.05) for _ in range(200))  # the server sees a moment later that it left


def test_the_worker_makes_what_waits_and_leaves_when_told(world: World, tmp_path: Path, someone):
    agree(world, release="  - {record: person, fields: {name: initials}}")
    node, stop = Node(Settings(tmp_path), world.store, world.vocabulary, "comity-test"), threading.Event()
    keyring = load_or_create(node.keyring)
    with world.store.connect(Role.GATE, autocommit=True) as conn:
        counter = counter_at(tmp_path, conn, world.vocabulary, keyring, node.signer())
        extract = ask(counter)
        worker = threading.Thread(target=make_extracts, args=(node, stop, lambda: NOW))
        worker.start()
        try:
            for _ in range(300):
                if order_of(counter, WHO, extract, NOW).state is State.MADE:
                    break
                stop.wait(0.1)
        finally:
            stop.set()
            worker.join(30)
        assert not worker.is_alive()
        assert order_of(counter, WHO, extract, NOW).state is State.MADE
