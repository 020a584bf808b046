"""Log or deny, attacked: whatever keeps the entry from being written keeps the data from leaving."""

from __future__ import annotations

import asyncio
from uuid import UUID

import psycopg
import pytest
from tests.gate.world import request

from comity.gate import Disclosure, Refusal, Search
from comity.store import Role

from .injections import superuser, until_blocked

LOGS = ("ledger.outbox", "gate.disclosure", "gate.disclosure_subject")


def nothing_was_logged(world) -> bool:
    return world.log() == [] and world.entries() == []


def failing(world, table: str, how: str, when: str = "before") -> None:
    """Let each insert into a table fail in this way."""
    with superuser(world) as conn:
        conn.execute(
            f"create function public.fail() returns trigger language plpgsql security definer as $$ begin {how} end $$"
        )
        deferred = "constraint trigger late after" if when == "at commit" else "trigger late before"
        later = "deferrable initially deferred" if when == "at commit" else ""
        conn.execute(f"create {deferred} insert on {table} {later} for each row execute function public.fail()")


@pytest.mark.parametrize("table", LOGS)
def test_a_disk_that_is_full(world, accused, table):
    """PostgreSQL's own error of a full disk, at the insert: nothing left, and nothing is half logged."""
    world.agree()
    failing(world, table, "raise exception 'no space left on device' using errcode = 'disk_full';")
    with pytest.raises(psycopg.errors.DiskFull):
        world.ask(accused)
    assert nothing_was_logged(world)


@pytest.mark.parametrize("table", LOGS)
def test_a_disk_that_is_full_at_the_commit(world, accused, table):
    """Everything was read and returned by the statement, but not committed: it is not handed on."""
    world.agree()
    failing(world, table, "raise exception 'no space left on device' using errcode = 'disk_full';", "at commit")
    with pytest.raises((psycopg.errors.DiskFull, psycopg.OperationalError)):
        world.ask(accused)
    assert nothing_was_logged(world)


@pytest.mark.parametrize("asks", ["nobody", "search", "refused beforehand"])
def test_a_refusal_or_a_search_that_cannot_be_logged(world, accused, asks):
    """Not even that there is nothing to show is said without its entry."""
    world.agree()
    failing(world, "ledger.outbox", "raise exception 'no space left on device' using errcode = 'disk_full';")
    asked = {
        "nobody": lambda: world.ask(UUID(int=5)),
        "search": lambda: world.ask(Search(name="ann")),
        "refused beforehand": lambda: world.ask(accused, role="judge"),
    }
    with pytest.raises(psycopg.errors.DiskFull):
        asked[asks]()
    assert nothing_was_logged(world)


@pytest.mark.parametrize("table", LOGS)
def test_a_log_that_is_locked(world, accused, table):
    """The request waits, without an answer; given up, it has left nothing; let go on, it is logged and answered."""
    world.agree()

    async def ask() -> object:
        with superuser(world) as holder:
            holder.execute(f"lock table {table} in access exclusive mode")
            impatient = asyncio.create_task(world.asked(request(accused)))
            await until_blocked(world)
            assert not impatient.done()
            impatient.cancel()
            with pytest.raises(asyncio.CancelledError):
                await impatient
            patient = asyncio.create_task(world.asked(request(accused)))
            await until_blocked(world)
            holder.rollback()
            return await patient

    assert isinstance(asyncio.run(ask()), Disclosure)
    assert world.log() == [("disclosure", None, 2)]
    assert len(world.entries()) == 1


def test_a_connection_cut_while_the_statement_runs(world, accused):
    """The server ends it before the commit: the caller has an error and no data."""
    world.agree()

    async def ask() -> None:
        with superuser(world) as holder:
            holder.execute("lock table ledger.outbox in access exclusive mode")
            asked = asyncio.create_task(world.asked(request(accused)))
            await until_blocked(world)
            with superuser(world) as killer:
                killer.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'comity_gate'")
            with pytest.raises(psycopg.OperationalError):
                await asked

    asyncio.run(ask())
    assert nothing_was_logged(world)


def test_a_connection_cut_at_the_commit(world, accused):
    """The statement has returned its rows to the driver; without the commit they go no further."""
    world.agree()
    failing(world, "ledger.outbox", "perform pg_terminate_backend(pg_backend_pid()); return null;", "at commit")
    with pytest.raises(psycopg.OperationalError):
        world.ask(accused)
    assert nothing_was_logged(world)


@pytest.mark.parametrize("table", ["ledger.outbox", "gate.disclosure"])
def test_a_log_that_swallows_what_is_written(world, accused, table):
    """A trigger that lets each line vanish without an error, as whoever holds the database could make: nothing leaves."""
    world.agree()
    failing(world, table, "return null;")
    with pytest.raises(psycopg.Error):
        world.ask(accused)
    assert nothing_was_logged(world)


def test_the_right_to_log_taken_away(world, accused):
    """A role that may no longer write the entry may no longer release."""
    world.agree()
    world.run(Role.OWNER, "revoke insert on ledger.outbox from comity_gate")
    world.run(Role.OWNER, "revoke insert (id, body) on ledger.outbox from comity_gate")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.ask(accused)
    assert world.log() == []
    world.run(Role.OWNER, "grant insert (id, body) on ledger.outbox to comity_gate")
    assert not isinstance(world.ask(accused), Refusal)


def test_a_log_that_is_gone(world, accused):
    """A table renamed away is no reason to go on without it."""
    world.agree()
    world.run(Role.OWNER, "alter table gate.disclosure rename to elsewhere")
    with pytest.raises(psycopg.errors.UndefinedTable):
        world.ask(accused)
    assert world.entries() == []
