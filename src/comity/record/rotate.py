"""Let a new epoch begin, bring everything over to it, and end an old one, while others read and write.

Rules:

1. An epoch begins while nobody seals: whoever does holds the epochs (:func:`hold_epochs`) until their transaction ends,
   and asks which one is current after that. So nothing is sealed under an epoch that was emptied.
2. What is under older epochs is brought over in small batches, each a transaction. Stopped anywhere, it goes on there.
3. A data key stays the same and is wrapped anew; what it sealed is not touched. A message kept word for word is sealed
   anew, under a key that no older backup has.
4. An epoch ends when nothing is under it, and no backup from before that is kept any more (:data:`BACKUPS_KEPT`). Its
   key is destroyed in the transaction that remembers it; one that fails in between is done again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from comity.record import key_file
from comity.record.epochs import Custodian
from comity.record.errors import EpochInUseError
from comity.record.keys import Keyring, WrappedKey
from comity.store import load_queries

QUERIES: Final = load_queries("comity.record", "epochs.sql")
BACKUPS_KEPT: Final = timedelta(days=35)
"""How long backups are kept, as published: five weeks, so that the end of the last month is always among them."""

_KEYS_AT_ONCE: Final = 500
_MESSAGES_AT_ONCE: Final = 100  # some are megabytes long
Connected = Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Epoch:
    """An epoch, and how much is under it. ``held_in`` is ``None`` once its key is gone."""

    number: int
    held_in: str | None
    began_at: datetime
    emptied_at: datetime | None
    destroyed_at: datetime | None
    data_keys: int
    messages: int


@dataclass(frozen=True, slots=True)
class Brought:
    """How much was brought over to the current epoch."""

    data_keys: int = 0
    messages: int = 0

    def __add__(self, other: Brought) -> Brought:
        return Brought(self.data_keys + other.data_keys, self.messages + other.messages)

    def __bool__(self) -> bool:
        return bool(self.data_keys or self.messages)


def hold_epochs(conn: Connected, keyring: Keyring) -> None:
    """Let the current epoch stay current until this transaction ends, and see which it is, before sealing."""
    conn.execute(QUERIES.share_epochs)
    keyring.refresh()


def epochs(conn: Connected, keyring: Keyring, now: datetime) -> list[Epoch]:
    """Return every epoch there is or was."""
    keyring.refresh()
    for number in keyring.held_in:
        conn.execute(QUERIES.begin_epoch, {"epoch": number, "now": now})
    rows = conn.execute(QUERIES.epochs).fetchall()
    return [Epoch(row[0], keyring.held_in.get(row[0]), *row[1:]) for row in rows]


def is_unfinished(conn: Connected, keyring: Keyring) -> bool:
    """Return whether something is still under an epoch before the current one."""
    keyring.refresh()
    row = conn.execute(QUERIES.under_older_epochs, {"current": keyring.epoch}).fetchone()
    return bool(row and row[0])


def unentered(conn: Connected, keyring: Keyring, now: datetime) -> list[int]:
    """Return the epochs after the first of whose beginning the ledger does not say yet."""
    epochs(conn, keyring, now)
    rows = conn.execute(QUERIES.unentered, {"epochs": [number for number in keyring.held_in if number > 1]})
    return [row[0] for row in rows]


def begin(conn: Connected, path: Path, keyring: Keyring, now: datetime, custodian: Custodian | None = None) -> int:
    """Let a new epoch be current from the end of this transaction on, and return its number.

    Its key is made before the transaction commits: where that fails, the epoch has begun, and is entered later.
    """
    conn.execute(QUERIES.alone_with_epochs)
    epochs(conn, keyring, now)
    number = key_file.begin_epoch(path, custodian)
    keyring.refresh()
    conn.execute(QUERIES.begin_epoch, {"epoch": number, "now": now})
    return number


def bring_over(conn: Connected, keyring: Keyring) -> Brought:
    """Bring a batch of what is under older epochs over to the current one; nothing was found where it is falsy."""
    hold_epochs(conn, keyring)
    return _rewrap(conn, keyring) or _reseal(conn, keyring)


def finish(conn: Connected, keyring: Keyring, now: datetime) -> bool:
    """Remember that older epochs are empty, and return whether they are."""
    if is_unfinished(conn, keyring):
        return False
    epochs(conn, keyring, now)
    conn.execute(QUERIES.empty_epochs, {"current": keyring.epoch, "now": now})
    return True


def end(conn: Connected, path: Path, keyring: Keyring, number: int, now: datetime) -> None:
    """Destroy the key of an epoch; :class:`EpochInUseError` if it is current, unknown or not empty, or was lately."""
    conn.execute(QUERIES.alone_with_epochs)
    epochs(conn, keyring, now)
    row = conn.execute(QUERIES.epoch, {"epoch": number}).fetchone()
    if row is None or row[2] is not None:
        raise EpochInUseError(f"There is no key of epoch {number}. See: comity keys list")
    if number == keyring.epoch:
        raise EpochInUseError(f"Epoch {number} is the current one. Begin a new one first: comity keys rotate")
    keys, messages = conn.execute(QUERIES.under_epoch, {"epoch": number}).fetchone() or (0, 0)
    if keys or messages or row[1] is None:
        raise EpochInUseError(
            f"Epoch {number} still has {keys:,} data keys and {messages:,} messages. "
            "Bring them over: comity keys rotate"
        )
    if now < row[1] + BACKUPS_KEPT:
        raise EpochInUseError(
            f"Backups from before {row[1]:%d %B %Y}, which only the key of epoch {number} opens, are kept until "
            f"{row[1] + BACKUPS_KEPT:%d %B %Y}. Destroy it after that."
        )
    conn.execute(QUERIES.destroyed, {"epoch": number, "now": now})
    key_file.destroy_epoch(path, number)
    keyring.refresh()


def _rewrap(conn: Connected, keyring: Keyring) -> Brought:
    rows = conn.execute(QUERIES.keys_of_older_epochs, {"current": keyring.epoch, "size": _KEYS_AT_ONCE}).fetchall()
    anew = [
        keyring.rewrap(WrappedKey(person, agency, epoch, bytes(wrapped))) for person, agency, epoch, wrapped in rows
    ]
    if anew:
        people, wrapped = [key.source_person for key in anew], [key.wrapped for key in anew]
        conn.execute(QUERIES.put_wrapped, {"epoch": anew[0].epoch, "people": people, "wrapped": wrapped})
    return Brought(data_keys=len(anew))


def _reseal(conn: Connected, keyring: Keyring) -> Brought:
    size = {"current": keyring.epoch, "size": _MESSAGES_AT_ONCE}
    rows = conn.execute(QUERIES.messages_of_older_epochs, size).fetchall()
    anew: dict[UUID, bytes] = {}
    for statement, epoch, sealed in rows:
        current, anew[statement] = keyring.seal_verbatim(
            statement, keyring.unseal_verbatim(statement, epoch, bytes(sealed))
        )
    if anew:
        conn.execute(
            QUERIES.put_messages, {"epoch": current, "statements": list(anew), "verbatim": list(anew.values())}
        )
    return Brought(messages=len(anew))
