"""What shouts on every page of whoever can act on it, or oversees: overdue reviews, of uses and of agreements.

Nobody else is told: not somebody who is not signed in, and not the person concerned.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg import AsyncConnection

from comity.agreements.rows import standing_from_rows, standing_query
from comity.agreements.standing import is_review_overdue
from comity.gate.reviews import Tally, tally
from comity.store import Role, load_queries
from comity.vocabulary.models import Vocabulary
from comity.web.access import Desk, desks_of
from comity.web.models import Colleague, Visitor
from comity.web.services import Services

_QUERIES: Final = load_queries("comity.web")
_NOTHING: Final = Tally()


@dataclass(frozen=True, slots=True)
class Alarm:
    """What one visitor is told: about reviews of uses, and which agreements (``name@version``) are overdue."""

    reviews: Tally = _NOTHING
    agreements: tuple[str, ...] = ()

    @property
    def shouts(self) -> bool:
        """Whether anything is overdue, or asked of the visitor."""
        return bool(self.reviews.overdue or self.reviews.elsewhere or self.reviews.asked or self.agreements)


async def alarm_for(services: Services, visitor: Visitor) -> Alarm:
    """Return what is to be told to a visitor now."""
    if not isinstance(visitor, Colleague):
        return Alarm()
    oversees = Desk.OVERSEER in desks_of(visitor)
    async with services.as_role(Role.GATE) as conn:
        reviews = await tally(conn, visitor.requester, oversees=oversees)
    if not oversees:
        return Alarm(reviews)
    async with services.as_role(Role.GOVERNANCE) as conn:
        return Alarm(reviews, await _overdue(conn, visitor.agency, services.node.vocabulary, services.now()))


async def _overdue(conn: AsyncConnection, agency: str, vocabulary: Vocabulary, now: datetime) -> tuple[str, ...]:
    """Return the agreements in force of an agency whose own review is overdue; mostly none, and then one query."""
    values = {"agency": agency, "today": now.date().isoformat()}
    found = []
    for (name,) in await (await conn.execute(_QUERIES.past_review, values)).fetchall():
        rows = await (await conn.execute(standing_query(), {"name": name})).fetchall()
        considered = standing_from_rows(rows, vocabulary, now)
        if considered is not None and is_review_overdue(considered):
            found.append(f"{name}@{considered.version}")
    return tuple(found)
