"""What is known of an agreement, and the mark by which a statement can tell that nothing of it has changed.

Rules:

1. A standing is judged from the database's bytes: text, signatures, pinned keys, acts and assessment.
2. It may be remembered for that day, together with its **mark**: which row versions it was judged from.
3. The statement that releases anything works the mark out again, in its own snapshot. If the two differ, it releases
   nothing and writes nothing, and the agreement is judged anew. So a revocation counts from the moment it is committed,
   without a journey to the database of its own.
4. The mark is read before the rows. Whatever is committed between the two makes the mark too old, never the rows.
5. An agreement whose uses are reviewed may suspend itself while a review is overdue: the statement looks for one too,
   in the database's own time, and the standing then says so.
6. A refusal is never given on what is remembered: it is judged anew first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from typing import Any, Final

from psycopg import AsyncConnection

from comity.agreements import Considered, standing_from_rows, standing_query
from comity.agreements.models import Reason, Why
from comity.store import load_queries
from comity.vocabulary.models import Label, Vocabulary

Connection = AsyncConnection[tuple[Any, ...]]

_MARK: Final = load_queries("comity.gate", "pieces.sql").mark
_OVERDUE: Final = load_queries("comity.gate", "reviews.sql").overdue_of
_NOT_REVIEWED: Final = Reason(
    Why.NOT_REVIEWED,
    Label(
        "The review of an earlier use is overdue; until it is done nothing is provided.",
        "De toetsing van een eerder gebruik is te laat; tot die is gedaan wordt niets verstrekt.",
    ),
)
_NAME: Final = re.compile(r"[a-z0-9-]{1,64}").fullmatch
_MOST_REMEMBERED: Final = 2_000  # agreements


@dataclass(frozen=True, slots=True)
class Known:
    """An agreement as it was judged: ``considered`` is ``None`` if there is none of that name."""

    mark: str
    considered: Considered | None
    fresh: bool


_Key = tuple[str, int, str, str, int, date, tzinfo | None]
_REMEMBERED: dict[_Key, tuple[Vocabulary, Known]] = {}


async def look_up(conn: Connection, name: str, vocabulary: Vocabulary, now: datetime) -> Known:
    """Return what the database says now of the agreement called ``name``, and remember it."""
    if not _NAME(name):
        return Known("", None, fresh=True)
    async with conn.pipeline(), conn.transaction():
        marks = await conn.execute(_MARK, {"agreement": name}, prepare=True)
        rows = await conn.execute(standing_query(), {"name": name}, prepare=True)
        overdue = await conn.execute(_OVERDUE, {"agreement": name}, prepare=True)
    row, late = await marks.fetchone(), await overdue.fetchone()
    considered = as_reviewed(
        standing_from_rows(await rows.fetchall(), vocabulary, now), late=late is not None and late[0] > 0
    )
    mark = str(row[0]) if row else ""
    _remember(_key(conn, name, vocabulary, now), vocabulary, Known(mark, considered, fresh=False))
    return Known(mark, considered, fresh=True)


def as_reviewed(considered: Considered | None, *, late: bool) -> Considered | None:
    """Return the same; not in force while a review is overdue and the agreement says that it then suspends."""
    agreement = considered.agreement if considered else None
    if considered is None or agreement is None or agreement.review is None or not (late and agreement.review.suspends):
        return considered
    standing = replace(considered.standing, reasons=(*considered.standing.reasons, _NOT_REVIEWED))
    return replace(considered, standing=standing)


def remembered(conn: Connection, name: str, vocabulary: Vocabulary, now: datetime) -> Known | None:
    """Return what was last judged of the agreement for this day, if it was."""
    found = _REMEMBERED.get(_key(conn, name, vocabulary, now))
    return found[1] if found and found[0] is vocabulary else None


def _key(conn: Connection, name: str, vocabulary: Vocabulary, now: datetime) -> _Key:
    # A process may speak to several databases; a standing changes with the day in the zone whose calendar counts.
    return (conn.info.host, conn.info.port, conn.info.dbname, name, id(vocabulary), now.date(), now.tzinfo)


def _remember(key: _Key, vocabulary: Vocabulary, known: Known) -> None:
    if len(_REMEMBERED) >= _MOST_REMEMBERED:
        _REMEMBERED.clear()
    if known.considered is not None:
        _REMEMBERED[key] = vocabulary, known
