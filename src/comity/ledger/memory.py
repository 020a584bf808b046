"""What the sequencer remembers outside the database: the checkpoint it signed last, as a signed note in a file.

A database that is restored from a backup forgets what was signed after the backup was made; this file does not. It is
written after each commit, so it may lag one step behind the database after a crash, and never runs ahead of it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from comity.ledger.checkpoint import Checkpoint
from comity.ledger.errors import HeadUnknownError, NoteError
from comity.ledger.note import Verifier


@dataclass(frozen=True, slots=True)
class Memory:
    """The file that holds the newest signed checkpoint."""

    path: Path

    def note(self) -> str | None:
        """Return the note in the file; None if there is no file."""
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as broken:
            raise self._unreadable() from broken

    def opened(self, note: str, verifier: Verifier) -> Checkpoint:
        """Return the checkpoint in ``note``; raise HeadUnknownError if our key did not sign it."""
        try:
            return Checkpoint.open(note, verifier)
        except NoteError as broken:
            raise self._unreadable() from broken

    def keep(self, note: str) -> None:
        """Replace what the file holds, safe against a crash at any moment."""
        draft = self.path.with_name(f".{self.path.name}.draft")
        with draft.open("w", encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)
        _sync_folder(self.path.parent)

    def _unreadable(self) -> HeadUnknownError:
        return HeadUnknownError(
            f"{self.path}, which remembers the last signed checkpoint, cannot be read or was not signed with this "
            "ledger's key. Nothing is signed until it is put back from a copy."
        )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
