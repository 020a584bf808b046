"""Checkpoints, the signed heads of a ledger: C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint).

A checkpoint's text is three lines: the origin (which ledger), the size (how many entries) and the root in base64;
further lines are extensions, which we read but never write. Pure.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from comity.ledger.errors import NoteError
from comity.ledger.merkle import HASH_SIZE
from comity.ledger.note import Signer, Verifier, sign_note

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}").fullmatch


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a ledger: its origin, its size in entries and the root (32 bytes) of its tree."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the text that is signed, ending in a newline."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    def sign(self, *signers: Signer) -> str:
        """Return the signed note of this checkpoint."""
        return sign_note(self.text(), signers)

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a checkpoint from a note's text; raise NoteError if it is malformed or spelt in another way."""
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < 3 or not all(lines) or not _SIZE(lines[1]):  # noqa: PLR2004 - the three lines it must have
            raise NoteError("A checkpoint is an origin, a size and a root, each on a line of its own.")
        checkpoint = cls(lines[0], int(lines[1]), _root(lines[2]), tuple(lines[3:]))
        if checkpoint.text() != text:
            raise NoteError("The checkpoint is not written in its one proper spelling.")
        return checkpoint

    @classmethod
    def open(cls, note: str, verifier: Verifier) -> Checkpoint:
        """Return the checkpoint that ``verifier``'s key signed; raise NoteError if it did not, or for another ledger.

        A ledger's key is named after its origin (tlog-checkpoint, *signatures*), and we hold it to that.
        """
        checkpoint = cls.parse(verifier.open(note))
        if checkpoint.origin != verifier.name:
            raise NoteError(f"The checkpoint is of another ledger than {verifier.name}.")
        return checkpoint


def _root(text: str) -> bytes:
    try:
        root = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise NoteError("The checkpoint's root is not base64.") from wrong
    if len(root) != HASH_SIZE:
        raise NoteError("The checkpoint's root is not a SHA-256 hash.")
    return root
