"""What is sent to a witness: C2SP tlog-witness, *add-checkpoint* (https://c2sp.org/tlog-witness).

An old size, the proof that the new tree extends the one of that size, an empty line, and the signed checkpoint. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from comity.ledger.errors import NoteError
from comity.ledger.merkle import HASH_SIZE
from comity.ledger.note import from_base64, to_base64

MAX_STEPS: Final = 63
"""The most steps of a proof that a client may send."""
MAX_BODY: Final = 128 * 1024
"""Bytes: a full proof and a checkpoint with the 16 signatures that signed-note requires, were they all ML-DSA-44."""
_FORM = re.compile(r"old (0|[1-9][0-9]{0,18})\n((?:[A-Za-z0-9+/=]{44}\n){0,63})\n([^\n][\s\S]*)").fullmatch


@dataclass(frozen=True, slots=True)
class Submission:
    """A checkpoint for a witness: the size it cosigned last, the proof from there, and the signed note."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    def text(self) -> str:
        """Return the body of the request."""
        steps = "".join(f"{to_base64(step)}\n" for step in self.proof)
        return f"old {self.old}\n{steps}\n{self.note}"

    @classmethod
    def parse(cls, text: str) -> Submission:
        """Read the body of a request; raise NoteError if it is malformed. Checks no more than its form."""
        found = _FORM(text)
        if not found:
            raise NoteError("This is not an old size, proof lines, an empty line and a checkpoint.")
        steps = tuple(from_base64(line) for line in found[2].split())
        if any(len(step) != HASH_SIZE for step in steps):
            raise NoteError("A line of the proof is not a hash.")
        return cls(int(found[1]), steps, found[3])
