"""Agreements as pages need them: those that a colleague may work under, and all of them for the register."""

from __future__ import annotations

from datetime import datetime

from psycopg import AsyncConnection

from comity.agreements.models import Agreement, Considered
from comity.agreements.rows import all_from_rows, standing_query
from comity.vocabulary.models import Vocabulary
from comity.web.models import Colleague

Versions = tuple[Considered, ...]


async def all_versions(conn: AsyncConnection, vocabulary: Vocabulary, now: datetime) -> tuple[Versions, ...]:
    """Return the versions of each agreement, by name, earliest first, each with its standing at ``now``."""
    rows = await (await conn.execute(standing_query(), {"name": None})).fetchall()
    return all_from_rows(rows, vocabulary, now)


async def open_to(
    conn: AsyncConnection, colleague: Colleague, vocabulary: Vocabulary, now: datetime
) -> tuple[Agreement, ...]:
    """Return the agreements in force under which a colleague's agency and role may ask, by name.

    A help for choosing, and no more: the gate decides each request anew.
    """
    found = await all_versions(conn, vocabulary, now)
    return tuple(
        it.agreement
        for versions in found
        for it in versions
        if it.agreement is not None and it.standing.in_force and _may_ask(it.agreement, colleague)
    )


def _may_ask(agreement: Agreement, colleague: Colleague) -> bool:
    return colleague.agency in agreement.recipients and colleague.role in agreement.requesters.roles
