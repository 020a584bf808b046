"""Agreements as pages need them: those that a colleague may work under, and all of them for the register."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from psycopg import AsyncConnection

from comity.agreements.consent_words import asks_for_consent
from comity.agreements.models import Agreement, Considered, Why
from comity.agreements.rows import all_from_rows, standing_query
from comity.agreements.standing import current
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
    return open_among(await all_versions(conn, vocabulary, now), colleague)


def open_among(found: Iterable[Versions], colleague: Colleague) -> tuple[Agreement, ...]:
    """Return the same of agreements that were read already."""
    return tuple(
        it.agreement
        for versions in found
        for it in versions
        if it.agreement is not None and it.standing.in_force and _may_ask(it.agreement, colleague)
    )


def asking_consent(found: Iterable[Versions], agency: str | None = None) -> tuple[Agreement, ...]:
    """Return the agreements that ask people for consent, as they are now, by name: an agency's own, or everybody's.

    Also those that are not in force: what somebody answered about them can still be taken back. Not those that some
    party has not signed: nobody is asked yet.
    """
    signed = (it for it in map(current, found) if it is not None and not _unsigned(it))
    agreements = (it.agreement for it in signed if it.agreement is not None)
    return tuple(it for it in agreements if asks_for_consent(it) and (agency is None or agency in it.parties))


def _unsigned(considered: Considered) -> bool:
    return any(reason.code is Why.UNSIGNED for reason in considered.standing.reasons)


def _may_ask(agreement: Agreement, colleague: Colleague) -> bool:
    return colleague.agency in agreement.recipients and colleague.role in agreement.requesters.roles
