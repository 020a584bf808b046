"""A receipt: proof that one entry stands in the ledger, in the text form of C2SP tlog-proof.

It is checked with the ledger's public key and nothing else (https://c2sp.org/tlog-proof). The entry itself travels in
the *extra* line, which that form leaves to the application: it is believed only because its hash leads to the root.
Pure.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from comity.ledger.checkpoint import Checkpoint
from comity.ledger.entry import Entry
from comity.ledger.errors import ProofError
from comity.ledger.merkle import leaf_hash, verify_inclusion
from comity.ledger.note import Verifier

_HEADER: Final = "c2sp.org/tlog-proof@v1"
_FORM = re.compile(
    rf"{re.escape(_HEADER)}\nextra ([A-Za-z0-9+/=]+)\nindex (0|[1-9][0-9]{{0,18}})\n"
    r"((?:[A-Za-z0-9+/=]{44}\n){0,64})\n([^\n][\s\S]*)"
).fullmatch


@dataclass(frozen=True, slots=True)
class Proof:
    """One entry's bytes, its number, the hashes from its sibling up to the root's child, and the signed checkpoint."""

    entry: bytes
    number: int
    path: tuple[bytes, ...]
    note: str

    def text(self) -> str:
        """Return the receipt to keep (file extension ``.tlog-proof``)."""
        path = "".join(f"{_encoded(step)}\n" for step in self.path)
        return f"{_HEADER}\nextra {_encoded(self.entry)}\nindex {self.number}\n{path}\n{self.note}"

    @classmethod
    def parse(cls, text: str) -> Proof:
        """Read a receipt; raise ProofError if it is not one. Checks nothing else: see :meth:`verify`."""
        found = _FORM(text)
        if not found:
            raise ProofError("This is not a receipt in the form of c2sp.org/tlog-proof@v1 with its entry.")
        extra, number, path, note = found.groups()
        try:
            steps = tuple(base64.b64decode(line, validate=True) for line in path.split())
            proof = cls(base64.b64decode(extra, validate=True), int(number), steps, note)
        except (binascii.Error, ValueError) as wrong:
            raise ProofError("A line of the receipt is not base64.") from wrong
        if proof.text() != text:
            raise ProofError("The receipt is not written in its one proper spelling.")
        return proof

    def verify(self, verifier: Verifier) -> Checkpoint:
        """Return the checkpoint that the entry is proven to stand in; raise NoteError or ProofError if it does not."""
        checkpoint = Checkpoint.open(self.note, verifier)
        verify_inclusion(self.number, checkpoint.size, leaf_hash(self.entry), self.path, checkpoint.root)
        return checkpoint

    def decoded(self) -> Entry:
        """Return the entry that the receipt is for."""
        return Entry.decode(self.entry)


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()
