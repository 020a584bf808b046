"""Looking through the ledger: lines by agency, purpose, agreement, operation and time; its heads, and who signed them.

Rules:

1. A search goes by an index of our own (``web.ledger_line``), and shows the ledger's own bytes. The index says where to
   look and is believed in nothing: what proves a line is its proof.
2. The index follows the ledger at its own pace, so that no act waits for it. How far it is, is said. It is of the
   ledger in use: a renewal empties it, since numbers begin anew.
3. A page costs the same however long the ledger is: its lines come by a cursor, and no more than :data:`MOST_COUNTED`
   are counted.
4. Signatures are shown as they stand in the note: by whom, with which key, and when, where a witness says so. Whether
   they hold is for whoever has the keys.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from psycopg import AsyncConnection, Connection

from comity.ledger.models import Logged
from comity.ledger.note import Note, Verifier
from comity.ledger.store import NEWEST
from comity.store import Role, load_queries
from comity.web.services import Services

LINES_ON_A_PAGE: Final = 25
HEADS_ON_A_PAGE: Final = 20
MOST_COUNTED: Final = 100_000
"""Lines of a search that are counted: a tenth of a second's work, on a page that anybody may open."""
MOST_AT_ONCE: Final = 10_000
"""Lines that are read into the index in one transaction: some tenths of a second."""
INDEX_SECONDS: Final = 5.0
"""Between two looks for new lines, while nobody looks at the page; who does reads the newest in first."""
_TIME: Final = struct.Struct(">Q")
_COSIGNED: Final = frozenset(_TIME.size + size for size in (64, 2420))
"""Bytes of a cosignature: the time, in seconds, and a signature of Ed25519 or ML-DSA-44 (C2SP tlog-cosignature)."""
_QUERIES: Final = load_queries("comity.web", "explorer.sql")
_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for in the ledger: terms and times; ``None`` is any."""

    kind: str | None = None
    act: str | None = None
    agency: str | None = None
    purpose: str | None = None
    agreement: str | None = None
    since: datetime | None = None
    until: datetime | None = None  # not itself included

    def values(self) -> dict[str, str | datetime | None]:
        """Return it as the statements bind it."""
        return {
            "kind": self.kind, "act": self.act, "agency": self.agency, "purpose": self.purpose,
            "agreement": self.agreement, "since": self.since, "until": self.until,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search found: a page of lines, how many of each operation there are, and how far the index is."""

    lines: tuple[Logged, ...]
    earlier: int | None  # hand this in to see what comes before; ``None``, if nothing does
    counts: tuple[tuple[str, int], ...]
    indexed: int

    @property
    def counted(self) -> int:
        """How many lines were counted: :data:`MOST_COUNTED`, if there are that many or more."""
        return sum(number for _, number in self.counts)

    @property
    def more(self) -> bool:
        """Whether there are more than were counted."""
        return self.counted >= MOST_COUNTED


@dataclass(frozen=True, slots=True)
class SignedBy:
    """A signature under a head: the key's name and id, whether the ledger's own, and when a witness says it signed."""

    name: str
    key: str
    own: bool
    named_so: bool  # in the ledger's name, whether or not with the key that its receipts are checked with
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignedHead:
    """One signed head, and whose signatures stand under it."""

    size: int
    signed_at: datetime
    note: str
    signatures: tuple[SignedBy, ...]


async def search(conn: AsyncConnection, sought: Sought, before: int | None = None) -> Searched:
    """Return the latest lines that are looked for, below number ``before``, after reading in what is new."""
    await catch_up(conn)
    asked = {**sought.values(), "before": NEWEST if before is None else before, "limit": LINES_ON_A_PAGE + 1}
    rows = await (await conn.execute(_QUERIES.lines, asked)).fetchall()
    counts = await (await conn.execute(_QUERIES.counts, {**sought.values(), "most": MOST_COUNTED})).fetchall()
    indexed = await (await conn.execute(_QUERIES.indexed)).fetchall()
    shown = tuple(Logged(*row) for row in rows[:LINES_ON_A_PAGE])
    earlier = shown[-1].number if len(rows) > LINES_ON_A_PAGE else None
    return Searched(shown, earlier, tuple(counts), indexed[0][0])


async def heads(conn: AsyncConnection, own: Verifier, before: int | None = None) -> tuple[SignedHead, ...]:
    """Return signed heads, largest first, below size ``before``; one more than a page holds, if there are more."""
    asked = {"before": NEWEST if before is None else before, "limit": HEADS_ON_A_PAGE + 1}
    rows = await (await conn.execute(_QUERIES.checkpoints, asked)).fetchall()
    return tuple(SignedHead(size, at, note, signatures(note, own)) for size, at, note in rows)


def signatures(note: str, own: Verifier) -> tuple[SignedBy, ...]:
    """Return whose signatures stand under a note, the ledger's own first. None of them is checked here."""
    found = [
        SignedBy(
            it.name,
            it.key_id.hex(),
            (it.name, it.key_id) == (own.name, own.key_id),
            it.name == own.name,
            _said_at(it.value),
        )
        for it in Note.parse(note).signatures
    ]
    return tuple(sorted(found, key=lambda it: (not it.own, not it.named_so, it.name)))


def _said_at(value: bytes) -> datetime | None:
    """Return when a witness says that it signed; none, if the signature is of another kind or its time is not one."""
    if len(value) not in _COSIGNED:
        return None
    try:
        return datetime.fromtimestamp(_TIME.unpack_from(value)[0], UTC)
    except (OverflowError, ValueError, OSError):
        return None


async def catch_up(conn: AsyncConnection) -> int:
    """Read at most :data:`MOST_AT_ONCE` new lines into the index; return how many there were."""
    return (await conn.execute(_QUERIES.index_lines, {"most": MOST_AT_ONCE})).rowcount


def forget_lines(owner: Connection) -> None:
    """Empty the index, as the owner, after a renewal: the numbers in it are those of the ledger that has ended."""
    owner.execute(_QUERIES.forget_lines)


@asynccontextmanager
async def indexing(services: Services) -> AsyncIterator[None]:
    """Keep the index near the ledger until the block is left."""
    task = asyncio.create_task(_keep_up(services))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _keep_up(services: Services) -> None:
    while True:
        try:
            read = MOST_AT_ONCE
            while read == MOST_AT_ONCE:
                async with services.as_role(Role.GOVERNANCE) as conn:
                    read = await catch_up(conn)
        except Exception as error:  # noqa: BLE001 - the database is away: it is tried again, and a page tries by itself
            _LOG.warning("The index of the ledger was not brought up to date.", because=type(error).__name__)
        await asyncio.sleep(INDEX_SECONDS)
