"""Go on under a new name, where the old one may not sign any more: a new ledger that cites the old one's end.

1. A ledger that signed for more than its database holds cannot be continued: whatever came next would be a second
   history under its name. A new origin has no history that it could contradict.
2. The new ledger's first entry names the old origin, and the size and root of the largest checkpoint that the old one
   is known to have signed, by whoever knows it: the file beside the database, or a witness. It commits to that
   checkpoint's note, with a salt of 16 zero bytes, so that anybody who has the note can compare.
3. What the database still has of the old ledger is set aside, whole, and is read and proven from as before. What waits
   in the outbox goes into the new one.
4. All of it is one transaction, while no sequencer leads. The new head is remembered before it is the one in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from comity.ledger import store
from comity.ledger.checkpoint import Checkpoint
from comity.ledger.cosignature import Cosigner, with_signatures
from comity.ledger.entry import SALT_SIZE, Entry, commitment
from comity.ledger.errors import EmptyLedgerError, SigningRefusedError
from comity.ledger.memory import Memory
from comity.ledger.models import Waiting
from comity.ledger.note import Note, Signer
from comity.ledger.store import Connection
from comity.ledger.tiles import Edge


@dataclass(frozen=True, slots=True)
class New:
    """The ledger that goes on: its keys, whose name is its origin, and the file that will remember its head."""

    signer: Signer
    also: Sequence[Cosigner]
    memory: Path


def known_end(notes: Sequence[str], signer: Signer) -> str:
    """Return the note, of those that the old ledger's key signed, with the largest size; EmptyLedgerError if none."""
    signed = [it for it in notes if signer.verifier.has_signed(Note.parse(it))]
    if not signed:
        raise EmptyLedgerError("Nothing is known that this ledger signed, so there is nothing to go on from.")
    return max(signed, key=lambda it: Checkpoint.parse(Note.parse(it).text).size)


def first_entry(old_note: str, kept: int, now: datetime, identity: UUID) -> Entry:
    """Return the entry that links a new ledger to the old one's end (rule 2); ``kept`` is what is left of it."""
    old = Checkpoint.parse(Note.parse(old_note).text)
    context = {
        "act": "renew",
        "kept_size": str(kept),
        "old_origin": old.origin,
        "old_root": old.root.hex(),
        "old_size": str(old.size),
    }
    return Entry(identity, now, "checkpoint", context, commitment(bytes(SALT_SIZE), old_note.encode()))


def renew(connection: Connection, new: New, number: int, entry: Entry, now: datetime) -> None:
    """Set the old ledger's tables aside as ``number`` and begin the new one with ``entry``.

    The connection is the owner's. Does nothing but remember the head if the new ledger was begun already, by a renewal
    that was broken off. Raises SigningRefusedError while a sequencer leads.
    """
    connection.autocommit = True
    if not store.try_lead(connection):
        raise SigningRefusedError("A worker is numbering entries. Stop the node, and run this again.")
    try:
        newest = store.head(connection)
        if newest is None or newest.checkpoint.origin != new.signer.name:
            with connection.transaction():
                note = _begin(connection, new, number, entry, now)
        else:
            note = newest.note
        Memory(new.memory).keep(note)
    finally:
        store.stop_leading(connection)


def _begin(connection: Connection, new: New, number: int, entry: Entry, now: datetime) -> str:
    store.set_aside(connection, number)
    edge, _ = Edge(0).grow(store.put_entries(connection, 0, [Waiting(entry.id, entry.encode())]))
    state = Checkpoint(new.signer.name, edge.size, edge.root())
    time = int(now.timestamp())
    note = with_signatures(state.sign(new.signer), [it.sign(state, time) for it in new.also])
    store.put_checkpoint(connection, state, note, now)
    return note
