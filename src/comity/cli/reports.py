"""``comity report``: what the law asks an authority to be able to show of its logs."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
from cyclopts import App, Parameter

from comity.cli.failing import Misused
from comity.cli.opening import node, now
from comity.gate.logging_report import Asked, Format, Line, logging_report, written
from comity.node import Node
from comity.store import Role
from comity.web.store import agency_labels, names_of

OPERATOR = "operator"  # whoever runs the node
app = App(name="report", help="Reports that the law asks for.")


@app.command
def logging(
    *,
    from_: Annotated[date, Parameter(name="--from")],
    to: date,
    agency: str | None = None,
    format_: Annotated[Format, Parameter(name="--format")] = Format.TEXT,
    zone: str = "UTC",
    out: Path | None = None,
) -> None:
    """Report every operation of a period: what, when, why, by whom, to whom (LED art. 25; DPA 2018 s. 62).

    That it was made is an entry in the ledger. It names nobody whose data it was.

    Parameters
    ----------
    from_
        The first day.
    to
        The last day, included.
    agency
        What one agency's overseer may see; every agency, if it is left out.
    format_
        csv, json, or text for people.
    zone
        Where the days are counted.
    out
        A file to write it to, which must not exist.
    """
    begins, ends = _midnight(from_, zone), _midnight(to, zone) + timedelta(days=1)
    if out is not None and out.exists():
        raise Misused(f"{out} exists already. Name a file that does not.")
    with node() as opened:
        text = written(asyncio.run(_report(opened, begins, ends, agency)), format_)
    if out is None:
        print(text, end="")
    else:
        out.write_text(text, encoding="utf-8")


def _midnight(day: date, zone: str) -> datetime:
    """Return the moment at which a day begins there; a day later by its calendar is the next one's."""
    try:
        return datetime.combine(day, time(), ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        raise Misused(f"There is no time zone {zone}. Name one as Europe/Amsterdam or UTC.") from None


async def _report(opened: Node, begins: datetime, ends: datetime, agency: str | None) -> tuple[Line, ...]:
    people: tuple[str, ...] | None = None
    if agency is not None:
        async with await psycopg.AsyncConnection.connect(opened.store.conninfo(Role.GOVERNANCE)) as conn:
            if agency not in await agency_labels(conn):
                raise Misused(f"There is no agency {agency} here. Look at comity agreement list.")
            people = tuple(await names_of(conn, agency))
    asked = Asked(begins, ends, agency, people)
    async with await psycopg.AsyncConnection.connect(opened.store.conninfo(Role.GATE)) as conn:
        return await logging_report(conn, asked, now(), by=OPERATOR)
