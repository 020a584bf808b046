"""The node's epochs, for who runs it: a new one, an old one's end, each with its line in the ledger.

1. A new epoch does not begin while something is still under one before the last: the last change is finished first.
2. Each act commits with its entry, which says the act and the number, and commits to the rest.
3. Bringing things over is no act: it changes nothing that anybody can read, and is done in batches.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import rfc8785
from psycopg import Connection
from psycopg.types.json import Jsonb

from comity.ledger import Entry, append, commitment
from comity.ledger.entry import SALT_SIZE
from comity.record import rotate
from comity.record.errors import EpochInUseError, KeyFileError, RecordError
from comity.record.key_file import custodian_named
from comity.record.keys import load_or_create
from comity.record.rotate import BACKUPS_KEPT, Brought, Epoch

__all__ = ["BACKUPS_KEPT", "Brought", "Epoch", "EpochInUseError", "KeyFileError", "RecordError", "bring_over", "known"]

_AGAIN_SECONDS: Final = 0.05  # somebody is writing the rows that are left
Connected = Connection[tuple[Any, ...]]


def known(conn: Connected, keys: Path, now: datetime) -> list[Epoch]:
    """Return every epoch there is or was, with how much is under it; no key."""
    with conn.transaction():
        return rotate.epochs(conn, load_or_create(keys), now)


def begin(conn: Connected, keys: Path, now: datetime, to: str | None = None) -> int | None:
    """Let a new epoch be current and return its number; ``None`` if the last change is to be finished first.

    ``to`` is who is to keep its key, ``file`` or the URI of a token; who keeps the last one's, if not said.
    """
    keyring = load_or_create(keys)
    custodian = custodian_named(to) if to else None
    with conn.transaction():
        for number in rotate.unentered(conn, keyring, now):  # it began, and its line was lost: a crash, a full disk
            _enter(conn, "begin-epoch", number, now, keyring.held_in[number])
        if rotate.is_unfinished(conn, keyring):
            return None
        number = rotate.begin(conn, keys, keyring, now, custodian)
        _enter(conn, "begin-epoch", number, now, keyring.held_in[number])
    return number


def bring_over(
    conn: Connected, keys: Path, clock: Callable[[], datetime], told: Callable[[Brought], None] = lambda _: None
) -> Brought:
    """Bring everything that is under older epochs over to the current one; ``told`` is told of each batch's sum."""
    keyring, sum_ = load_or_create(keys), Brought()
    while True:
        with conn.transaction():
            brought = rotate.bring_over(conn, keyring)
        if brought:
            sum_ += brought
            told(sum_)
            continue
        with conn.transaction():
            if rotate.finish(conn, keyring, clock()):
                return sum_
        time.sleep(_AGAIN_SECONDS)


def end(conn: Connected, keys: Path, number: int, now: datetime) -> None:
    """Destroy the key of an epoch for good; the record's EpochInUseError if it is not to be destroyed now."""
    keyring = load_or_create(keys)
    with conn.transaction():
        rotate.end(conn, keys, keyring, number, now)
        _enter(conn, "destroy-epoch", number, now)


def _enter(conn: Connected, act: str, number: int, now: datetime, held_in: str | None = None) -> None:
    salt = secrets.token_bytes(SALT_SIZE)
    what: dict[str, Any] = {"act": act, "epoch": number, "at": now.isoformat(), "held_in": held_in}
    context = {"act": act, "outcome": str(number)}
    entry = Entry(uuid4(), now, "key-epoch", context, commitment(salt, rfc8785.dumps(what)))
    kept = {"entry": entry.id, "epoch": number, "what": Jsonb(what), "salt": salt}
    conn.execute(rotate.QUERIES.keep_act, kept)
    append(conn, [entry])
