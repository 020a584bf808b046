"""What is held for a person, and the times in prison that it may rest on: rows of this room, in and out.

A hold is a projection, as membership is: it stands as long as linking would join two persons and a limit forbids
it. Since when it stands is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from comity.people import store
from comity.people.cluster import Hold
from comity.people.models import Held, Stay
from comity.people.store import QUERIES, Conn


def put_holds(conn: Conn, ids: Collection[UUID] | None, holds: Sequence[Hold[UUID]]) -> bool:
    """Let exactly these be held about these source persons (None: about everybody); whether any is new."""
    asked = {
        "ids": None if ids is None else list(ids),
        "a": [hold.a for hold in holds],
        "b": [hold.b for hold in holds],
        "limits": [hold.limit.value for hold in holds],
    }
    return bool(conn.execute(QUERIES.put_holds, asked).fetchall())


def held(conn: Conn, limit: int = 100) -> list[Held]:
    """Return the pairs that are held for a person, with the reason, the longest open first: ids, no names."""
    return [Held(*row) for row in conn.execute(QUERIES.held, {"limit": limit})]


def pairs(conn: Conn) -> frozenset[tuple[UUID, UUID]]:
    """Return every pair that is held."""
    return frozenset(conn.execute(QUERIES.held_pairs).fetchall())


def unentered(conn: Conn) -> list[Held]:
    """Return what is held and is in no entry of the ledger yet."""
    return [Held(*row) for row in conn.execute(QUERIES.holds_unentered)]


def enter(conn: Conn, holds: Iterable[Held], entry: UUID) -> None:
    """Remember which entry of the ledger tells of these."""
    conn.execute(QUERIES.enter_holds, {"holds": [each.hold for each in holds], "entry": entry})


def put_stays(conn: Conn, stays: Mapping[UUID, Sequence[Stay]], *, everybody: bool = False) -> None:
    """Let these be all the times that these source persons, or ``everybody``, were in prison."""
    store.lock(conn)
    conn.execute(QUERIES.delete_stays, {"ids": None if everybody else list(stays)})
    rows = [(id_, stay) for id_, of in stays.items() for stay in of]
    if not rows:
        return
    conn.execute(
        QUERIES.put_stays,
        {
            "ids": [id_ for id_, _ in rows],
            "agencies": [stay.agency for _, stay in rows],
            "facilities": [stay.facility for _, stay in rows],
            "since": [stay.since for _, stay in rows],
            "until": [stay.until for _, stay in rows],
        },
    )


def all_stays(conn: Conn) -> dict[UUID, list[Stay]]:
    """Return when everybody was in prison, as far as is said."""
    return stays(conn.execute(QUERIES.all_stays))


def stays(rows: Iterable[Sequence[object]]) -> dict[UUID, list[Stay]]:
    """Return rows of times in prison, by whose they are."""
    found: dict[UUID, list[Stay]] = {}
    for id_, *stay in rows:
        found.setdefault(id_, []).append(Stay(*stay))  # type: ignore[arg-type]
    return found
