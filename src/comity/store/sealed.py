"""A file sealed as it is written, and opened as it is read: of any size, in little memory, under a key of its own.

Rules:

1. The file begins with a line of JSON, in plain: under which epoch its key is wrapped, the wrapped key, the file's
   random id, and what whoever wrote it says of it. Nothing of it is a secret; all of it is authenticated.
2. Then pieces of :data:`PIECE` bytes, each AES-256-GCM. The key seals this one file, so a piece's nonce is its number
   (NIST SP 800-38D, 8.2.1); the associated data are the first line and whether the piece is the last. Pieces that are
   swapped, left out, cut off at the end or put under another first line do not open (the STREAM construction: Hoang,
   Reyhanitabar, Rogaway and Vizár, 2015).
3. Who keeps the keys is handed in (:class:`Keys`): this room has none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import IO, Final, Protocol
from uuid import UUID, uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from comity.store.errors import BackupError

PIECE: Final = 1 << 20
_TAG: Final = 16
_NONCE: Final = 12
_LONGEST_LINE: Final = 4096


class Keys(Protocol):
    """Who wraps a file's key by the current epoch's, and unwraps it as long as that epoch's key is not destroyed."""

    def new_file_key(self, file: UUID) -> tuple[int, bytes, bytes]:
        """Return the epoch, the wrapped key and the key of a new file."""

    def file_key(self, file: UUID, epoch: int, wrapped: bytes) -> bytes:
        """Return the key of a file."""


class Sealing:
    """A stream that seals what is written to it; whole once it is closed."""

    def __init__(self, file: IO[bytes], keys: Keys, said: Mapping[str, str]) -> None:
        """Begin a sealed file with what is ``said`` of it in plain."""
        identity = uuid4()
        epoch, wrapped, key = keys.new_file_key(identity)
        line = {"sealed": 1, "file": str(identity), "epoch": epoch, "wrapped": wrapped.hex(), "said": dict(said)}
        self._line = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        self._cipher, self._file, self._number, self._rest = AESGCM(key), file, 0, bytearray()
        file.write(self._line)

    def write(self, data: bytes) -> int:
        """Seal ``data``; a piece is written once more than it is there, because the last one is marked."""
        self._rest += data
        while len(self._rest) > PIECE:
            self._put(bytes(self._rest[:PIECE]), last=False)
            del self._rest[:PIECE]
        return len(data)

    def close(self) -> None:
        """Write the last piece."""
        self._put(bytes(self._rest), last=True)

    def _put(self, piece: bytes, *, last: bool) -> None:
        nonce = self._number.to_bytes(_NONCE, "big")
        self._file.write(self._cipher.encrypt(nonce, piece, self._line + bytes([last])))
        self._number += 1


class Opening:
    """A stream of what was sealed; :class:`BackupError` where it is not what was written."""

    def __init__(self, file: BufferedReader, keys: Keys, name: str) -> None:
        """Begin to read; ``name`` is what the file is called in an error."""
        self._file, self._name, self._number, self._rest, self._over = file, name, 0, b"", False
        line = file.readline(_LONGEST_LINE)
        try:
            says = json.loads(line)
            where = UUID(says["file"]), int(says["epoch"]), bytes.fromhex(says["wrapped"])
            self.said = {str(key): str(value) for key, value in says["said"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BackupError(f"{name} is not what `comity backup` writes. Restore from another copy.") from None
        self._line, self._cipher = line, AESGCM(keys.file_key(*where))

    def read(self, size: int = -1) -> bytes:
        """Return ``size`` bytes, fewer at the end; all of it if ``size`` is negative."""
        while not self._over and (size < 0 or len(self._rest) < size):
            self._rest += self._piece()
        size = len(self._rest) if size < 0 else size
        out, self._rest = self._rest[:size], self._rest[size:]
        return out

    def _piece(self) -> bytes:
        sealed = self._file.read(PIECE + _TAG)
        last = not self._file.peek(1)
        nonce = self._number.to_bytes(_NONCE, "big")
        try:
            piece = self._cipher.decrypt(nonce, sealed, self._line + bytes([last]))
        except (InvalidTag, ValueError):
            raise BackupError(
                f"{self._name} was changed or cut off after it was written. Restore from another copy."
            ) from None
        self._number, self._over = self._number + 1, last
        return piece


def said_of(path: Path) -> Mapping[str, str]:
    """Return what a sealed file says of itself in plain, with its ``epoch``, unchecked; empty if it is none."""
    with path.open("rb") as file:
        try:
            line = json.loads(file.readline(_LONGEST_LINE))
            return {str(key): str(value) for key, value in (*line["said"].items(), ("epoch", line["epoch"]))}
        except (ValueError, KeyError, TypeError, AttributeError):
            return {}
