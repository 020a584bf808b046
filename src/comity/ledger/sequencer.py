"""The one that numbers: moves what waits in the outbox into the ledger, grows the tree and signs its new head.

1. One sequencer at a time: a step begins by trying an advisory lock, and does nothing while another holds it. A
   sequencer that dies loses the lock with its connection, and the next step of any other goes on.
2. Before anything is signed, the database must hold the tree that its own last checkpoint states, and that checkpoint
   must be signed with this key.
3. Before anything is signed, the tree must contain the one that was signed last, as the file outside the database
   remembers it. If the database is behind it or differs from it, nothing is signed: RestoredFromBackupError. If the
   file is missing although there are entries, nothing is signed either: HeadUnknownError.
4. Rows are *moved*, in the order in which they asked, never read past a cursor, so a transaction that commits late is
   simply moved later. A row that cannot be an entry, or whose id is taken, is kept aside with the reason.
5. The move, the entries, the full tiles and the signed head are one transaction: all of them, or nothing happened.
6. The file outside is written after the commit. It may be one step behind after a crash; rule 3 allows for that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import psycopg

from comity.ledger import store
from comity.ledger.checkpoint import Checkpoint
from comity.ledger.cosignature import Cosigner, with_signatures
from comity.ledger.entry import entry_id
from comity.ledger.errors import (
    DamagedLedgerError,
    EntryError,
    HeadUnknownError,
    NoteError,
    RestoredFromBackupError,
)
from comity.ledger.memory import Memory
from comity.ledger.merkle import EMPTY_ROOT, Tree
from comity.ledger.models import Head, Refused, Waiting
from comity.ledger.note import Note, Signer
from comity.ledger.store import Connection
from comity.ledger.tiles import Edge

STEP_LIMIT: Final = 10_000
"""Rows moved in one step: some tens of milliseconds of work, so that what waits is soon signed for."""


class Sequencer:
    """Numbers, hashes and signs. Takes a connection of its own, as the role ``comity_ledger``, and sets it autocommit.

    ``memory`` is the file outside the database that remembers the last signed checkpoint (``ledger.head`` in the
    home). The ledger's origin is the signer's name. ``also`` are the ledger's further keys, of the same name: each
    signs each checkpoint as well.
    """

    def __init__(self, connection: Connection, signer: Signer, memory: Path, *, also: Sequence[Cosigner] = ()) -> None:
        connection.autocommit = True
        self._connection = connection
        self._signer = signer
        self._also = tuple(also)
        self._memory = Memory(memory)
        self._known: tuple[str, Edge] | None = None

    def step(self, now: datetime, *, limit: int = STEP_LIMIT) -> int:
        """Move up to ``limit`` rows and sign the new head; return how many entries were added.

        Returns 0, having signed nothing, if nothing waits or another sequencer is at work. Raises SigningRefusedError
        (see the rules above); then nothing was changed.
        """
        if not store.try_lead(self._connection):
            return 0
        try:
            try:
                return self._step(now, limit, taken=())
            except psycopg.errors.UniqueViolation:
                return self._step(now, limit, taken=None)
        finally:
            with contextlib.suppress(psycopg.OperationalError):  # a lost connection has lost its lock as well
                store.stop_leading(self._connection)

    def _step(self, now: datetime, limit: int, taken: Collection[UUID] | None) -> int:
        """Do one step; ``taken`` are ids known to be in the ledger, or None to look them up (it costs, and is rare)."""
        with self._connection.transaction():
            edge = self._checked_edge()
            waiting = store.take(self._connection, limit)
            if taken is None:
                taken = store.taken_ids(self._connection, [row.id for row in waiting])
            fit, unfit = _sort_out(waiting, taken)
            store.put_refused(self._connection, unfit)
            if fit:
                edge, note = self._extend(edge, fit, now)
        if fit:
            self._memory.keep(note)
            self._known = (note, edge)
        return len(fit)

    def _extend(self, edge: Edge, fit: Sequence[Waiting], now: datetime) -> tuple[Edge, str]:
        leaves = store.put_entries(self._connection, edge.size, fit)
        grown, full = edge.grow(leaves)
        store.put_tiles(self._connection, full)
        checkpoint = Checkpoint(self._signer.name, grown.size, grown.root())
        time = int(now.timestamp())
        note = with_signatures(checkpoint.sign(self._signer), [it.sign(checkpoint, time) for it in self._also])
        store.put_checkpoint(self._connection, checkpoint, note, now)
        return grown, note

    def _checked_edge(self) -> Edge:
        """Return the right edge of the tree, once rules 2 and 3 hold for it."""
        head, remembered = store.head(self._connection), self._memory.note()
        if self._known and head and self._known[0] == head.note == remembered:
            return self._known[1]
        signed = self._signed(head)
        edge = store.load_edge(self._connection, signed.size)
        if edge.root() != signed.root or store.count(self._connection) != signed.size:
            raise DamagedLedgerError(
                f"The database's ledger is not the one of {signed.size} entries that its last checkpoint states. "
                "Nothing is signed. Restore the database from a backup, and verify an export before going on."
            )
        if remembered is None and signed.size:
            raise HeadUnknownError(
                f"{self._memory.path}, which remembers the last signed checkpoint, is missing, but the database holds "
                f"{signed.size} entries. Nothing is signed until the file is put back from a copy."
            )
        if remembered is not None:
            self._compare(signed, self._memory.opened(remembered, self._signer.verifier))
        note = head.note if head else signed.sign(self._signer)
        if note != remembered:
            self._memory.keep(note)
        self._known = (note, edge)
        return edge

    def _signed(self, head: Head | None) -> Checkpoint:
        """Return the database's last checkpoint, which this key must have signed, or the one of an empty ledger."""
        if head is None:
            return Checkpoint(self._signer.name, 0, EMPTY_ROOT)
        wrong = (
            f"The database's last checkpoint was not signed with the key of {self._signer.name} that is in use. "
            "Nothing is signed. Put the right key file back; a ledger does not change its key in silence."
        )
        try:
            checkpoint, note = Checkpoint.open(head.note, self._signer.verifier), Note.parse(head.note)
            replaced = [it for it in self._also if not it.key.has_signed(note) and it.key.is_replaced_in(note)]
        except NoteError as unfit:
            raise DamagedLedgerError(wrong) from unfit
        if replaced:
            raise DamagedLedgerError(wrong)
        return checkpoint

    def _compare(self, signed: Checkpoint, remembered: Checkpoint) -> None:
        """Check that the database's tree contains the one that was signed last (rule 3)."""
        if remembered.size > signed.size:
            raise RestoredFromBackupError(
                f"This ledger has signed for {remembered.size} entries, but the database holds {signed.size}: it was "
                "restored from an older backup. To sign again would give two histories under one name, so nothing is "
                "signed. Restore a newer backup, or start a ledger under a new name that cites the old one's end."
            )
        if Tree(remembered.size, store.tile_reader(self._connection)).root() != remembered.root:
            raise RestoredFromBackupError(
                f"The database's first {remembered.size} entries are not the ones this ledger has signed for, so "
                "nothing is signed. It is another ledger's database, or was restored and went on without its memory."
            )


def _sort_out(waiting: Sequence[Waiting], taken: Collection[UUID]) -> tuple[list[Waiting], list[Refused]]:
    """Divide what waits into entries and what cannot be one (rule 4)."""
    fit, unfit = [], []
    for row in waiting:
        try:
            if entry_id(row.body) != row.id:
                raise EntryError("The row's id is not its entry's.")  # noqa: TRY301 - one place says why, for all
            if row.id in taken:
                raise EntryError("The ledger has an entry with this id already.")  # noqa: TRY301
        except EntryError as wrong:
            unfit.append(Refused(row, str(wrong)))
        else:
            fit.append(row)
    return fit, unfit
