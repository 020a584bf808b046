"""What can go wrong with a ledger, said so that the reader knows what to do next.

All of these are *theirs*: a value, a file, a key or a database that is not what it should be. A mistake of ours is a
plain ``RuntimeError``.
"""

from __future__ import annotations


class LedgerError(Exception):
    """The ledger refuses; the message says what it found, why that matters and what to do."""


class EntryError(LedgerError, ValueError):
    """The value cannot be an entry of the ledger."""


class EntryTooLargeError(EntryError):
    """The entry is longer than an entry bundle can carry (C2SP tlog-tiles: a 16-bit length)."""


class EntryNotFoundError(LedgerError, LookupError):
    """No entry with that id has been given a number; it may still wait in the outbox."""


class EmptyLedgerError(LedgerError, LookupError):
    """The ledger has no signed checkpoint, so there is nothing to export or to prove."""


class NoteError(LedgerError, ValueError):
    """A signed note, a key or a checkpoint is malformed, or no trusted key signed it."""


class ProofError(LedgerError, ValueError):
    """A proof does not lead from what it is about to the root it is checked against."""


class BundleError(LedgerError, ValueError):
    """An entry bundle does not divide into entries."""


class KeyFileError(LedgerError, ValueError):
    """The file with the signing key cannot be trusted or is not a key file."""


class ExportError(LedgerError, ValueError):
    """The folder for the export cannot be made."""


class SigningRefusedError(LedgerError):
    """Signing now could contradict a checkpoint that is already out in the world, so the sequencer stops."""


class RestoredFromBackupError(SigningRefusedError):
    """The database holds less than, or something other than, what was last signed."""


class HeadUnknownError(SigningRefusedError):
    """The file that remembers the last signed checkpoint is missing or unreadable, so nothing can be compared."""


class DamagedLedgerError(SigningRefusedError):
    """The database's tree does not have the root that its own last checkpoint states."""


class PolicyError(LedgerError, ValueError):
    """The file that says whom to believe is not one."""


class SubmissionRefusedError(LedgerError):
    """A checkpoint that a peer submitted is not cosigned; ``status`` is the HTTP status that says why."""

    def __init__(self, status: int, why: str, size: int | None = None) -> None:
        super().__init__(why)
        self.status, self.size = status, size
