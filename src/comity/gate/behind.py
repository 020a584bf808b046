"""Whether the ledger keeps up; while it does not, nothing leaves.

Rules:

1. An act is in the ledger's outbox at once and has its number soon after. If the oldest that waits has waited longer
   than its limit, or the oldest head that no quorum of witnesses vouches for is older than its own, the gate stops
   releasing and says so: to a page, a program, an extract, a notice, a statistic. The limits are the node's
   (``comity ledger limits``), the same for every process.
2. It is asked at most once a second by each process, by whoever is next to disclose something, so that no process
   besides has to be there. What was seen grows older by this machine's monotonic clock, which nobody sets back.
3. If it cannot be asked, the error reaches the caller, and nothing leaves.
4. It opens by itself as soon as the ledger has caught up.
5. What is refused is logged and entered, as every refusal: it waits with the others. A subscription does not end by it:
   what is new is told of later.
"""

from __future__ import annotations

import time
from typing import Any, Final, TypeAlias

from psycopg import AsyncConnection, Connection

from comity.gate import reasons
from comity.gate.models import Reason
from comity.ledger.models import Ages
from comity.store import load_queries

LOOK_SECONDS: Final = 1.0
"""For how long what was seen is good: one more journey to the database a second, whatever the number of requests."""

_AGES: Final = load_queries("comity.gate").ledger_ages
_Key: TypeAlias = tuple[str, int, str]
_SEEN: dict[_Key, tuple[float, Ages]] = {}  # a process may speak to several databases


async def behind(conn: AsyncConnection[tuple[Any, ...]]) -> Reason | None:
    """Return why nothing leaves now; ``None`` if the ledger keeps up."""
    key = _key(conn)
    if _is_stale(key):
        async with conn.transaction():
            rows = await (await conn.execute(_AGES)).fetchall()
        _SEEN[key] = time.monotonic(), Ages(*rows[0])
    return _judged(key)


def behind_now(conn: Connection[tuple[Any, ...]]) -> Reason | None:
    """Return the same, over a connection that is not of an event loop."""
    key = _key(conn)
    if _is_stale(key):
        with conn.transaction():
            rows = conn.execute(_AGES).fetchall()
        _SEEN[key] = time.monotonic(), Ages(*rows[0])
    return _judged(key)


def _key(conn: AsyncConnection[Any] | Connection[Any]) -> _Key:
    return conn.info.host, conn.info.port, conn.info.dbname


def _is_stale(key: _Key) -> bool:
    seen = _SEEN.get(key)
    # What was behind a moment ago is asked anew each time: it opens at once, and a refusal is not in a hurry.
    return seen is None or time.monotonic() - seen[0] >= LOOK_SECONDS or seen[1].is_past()


def _judged(key: _Key) -> Reason | None:
    at, ages = _SEEN[key]
    return reasons.LEDGER_BEHIND if ages.is_past(time.monotonic() - at) else None
