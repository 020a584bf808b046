"""Texts that have broken programs, and what tells that they broke nothing here."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
from tests.gate.world import World

from comity.gate import Disclosure
from comity.gate.models import Answer

MARK = "zq7x"
"""Stands in each of the texts, so that they find nobody, and are found wherever they ended up."""

MEGABYTE = 2**20

INJECTIONS = tuple(
    f"{MARK}{text}"
    for text in (
        "'; drop table gate.disclosure; --",
        "' or '1'='1",
        '" or ""="',
        "') union select name from record.person --",
        "\\'; select pg_sleep(9); --",
        "$1",
        "$$; select 1; $$",
        "%(person)s",
        "%s %d %%",
        "%",
        "_",
        "{0.__class__}",
        "/* ' */ -- '",
        ";",
        '"record"."person"',
        "E'\\x27'",
        "\0",
        "a\0'; --",
        "\ud800",
        "\n'; drop table record.person; --",
        "\r\n\t",
        "\x1b[2J",
        "\u02bc; drop table record.person; --",  # a letter that some databases fold into an apostrophe
        "\uff07 or \uff071\uff07=\uff071",  # fullwidth apostrophes
        "\u202e--; elbat pord",  # written from right to left
        "\u200b\u2060",  # nothing to see
        "\u0430\u0501min",  # Cyrillic that looks Latin
        "\U000e0041",  # a tag character
        "x" * MEGABYTE,
        "'" * 300,
    )
)

_LOGS = ("gate.disclosure", "gate.disclosure_subject", "ledger.outbox")


def superuser(world: World) -> psycopg.Connection[Any]:
    """A connection as whoever no wall in the database holds."""
    return psycopg.connect(world.store.admin, dbname=world.store.database)


def held(world: World) -> dict[str, Any]:
    """What the database holds, table by table, but for the logs that every request adds to."""
    names = "select schemaname || '.' || quote_ident(tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
    with superuser(world) as conn:
        tables = [row[0] for row in conn.execute(names)]
        digest = "select md5(coalesce(string_agg(t::text, ';' order by t::text), '')) from {} t"
        return {it: None if it in _LOGS else conn.execute(digest.format(it)).fetchone() for it in tables}


def outcome(answer: Answer) -> object:
    """What the requester learns of an answer, but for its id and moment."""
    if isinstance(answer, Disclosure):
        return {record: [dict(row.values) for row in rows] for record, rows in answer.rows.items()}
    return answer.reason


async def until_blocked(world: World, count: int = 1) -> None:
    """Wait until as many statements of the gate's wait for a lock."""
    waiting = (
        "select count(*) from pg_stat_activity where datname = current_database() and usename = 'comity_gate'"
        " and wait_event_type = 'Lock'"
    )
    with superuser(world) as conn:
        conn.autocommit = True
        for _ in range(600):
            if conn.execute(waiting).fetchone()[0] >= count:
                return
            await asyncio.sleep(0.05)
    raise AssertionError(f"not {count} wait")
