"""A node's keys as a process has them, and the data keys they wrap.

The keys are kept outside the database: epoch keys by a custodian (``epochs.py``), who may be the key file itself or a
token, and one node key, from which the keys for record ids, statement digests, blind indexes and pseudonyms are derived
(HKDF-SHA256, RFC 5869). No backup of the database contains one.

1. Another process may begin an epoch or destroy one at any time. An epoch that is not known is looked for again before
   anything is said of it, and who seals asks first which epoch is current (``refresh``).
2. A process that was told of an epoch's end forgets its key, and what it remembered of what that key opened.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from comity.record import key_file
from comity.record.epochs import KEY_LENGTH, EpochKey, HeldKey
from comity.record.errors import KeyDestroyedError
from comity.record.seal import NONCE_LENGTH, place, seal, unseal


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as the database keeps it."""

    source_person: UUID
    agency: str
    epoch: int
    wrapped: bytes = field(repr=False)


class Keyring:
    """The node's keys. Its representation shows none of them."""

    def __init__(self, epochs: Mapping[int, bytes | EpochKey], node: bytes, path: Path | None = None) -> None:
        """Take the epoch keys and the node key, and the key file they are from, if they are from one."""
        self._epochs = {each: HeldKey(key) if isinstance(key, bytes) else key for each, key in epochs.items()}
        self._path = path
        self._stamp: key_file.Stamp | None = None
        self._lock = threading.Lock()
        self.node = node
        self.record_ids = _derive(node, "record_ids")
        self.digests = _derive(node, "digests")
        self.blind_index = _derive(node, "blind_index")
        self.pseudonyms = _derive(node, "pseudonyms")

    @classmethod
    def of_file(cls, path: Path) -> Keyring:
        """Return the keys of a key file; :class:`KeyFileError` if it is none, or its token cannot be used."""
        stamp, said = key_file.stamp(path), key_file.read(path)
        ring = cls(said.opened({}), said.node_key(), path)
        ring._stamp = stamp
        return ring

    def __repr__(self) -> str:
        return f"Keyring(epochs {sorted(self._epochs)})"

    @property
    def epoch(self) -> int:
        """The number of the current epoch, as this process last saw it."""
        return max(self._epochs)

    @property
    def held_in(self) -> dict[int, str]:
        """Where each epoch's key is kept, in words."""
        return {number: key.held_in for number, key in sorted(self._epochs.items())}

    def refresh(self) -> None:
        """Look whether epochs began or ended since; :class:`KeyFileError` if the file no longer serves."""
        if self._path is None or self._stamp == key_file.stamp(self._path):
            return
        with self._lock:
            stamp = key_file.stamp(self._path)  # before reading: what is written meanwhile is read the next time
            self._epochs = key_file.read(self._path).opened(self._epochs)
            self._stamp = stamp

    def new_data_key(self, source_person: UUID, agency: str) -> tuple[WrappedKey, bytes]:
        """Return a fresh random data key for a source person, wrapped and plain."""
        key = secrets.token_bytes(KEY_LENGTH)
        return self._wrap(source_person, agency, key), key

    def unwrap(self, key: WrappedKey) -> bytes:
        """Return the plain data key; :class:`KeyDestroyedError` if its epoch key is gone."""
        return self._of(key.epoch).unwrap(key.wrapped, _key_place(key.source_person))

    def rewrap(self, key: WrappedKey) -> WrappedKey:
        """Return the same data key wrapped by the current epoch's key; errors as for :meth:`unwrap`."""
        return self._wrap(key.source_person, key.agency, self.unwrap(key))

    def readable(self, keys: Iterable[WrappedKey]) -> dict[UUID, bytes]:
        """Return the plain data keys, without those whose epoch is destroyed."""
        return {key.source_person: self.unwrap(key) for key in keys if self._holds(key.epoch)}

    def seal_verbatim(self, statement: UUID, message: bytes) -> tuple[int, bytes]:
        """Return the current epoch and ``message`` sealed under its messages' key, for the statement it belongs to."""
        epochs = self._epochs
        current = max(epochs)
        nonce = secrets.token_bytes(NONCE_LENGTH)
        return current, seal(epochs[current].messages, message, _verbatim_place(statement), nonce)

    def unseal_verbatim(self, statement: UUID, epoch: int, sealed: bytes) -> bytes:
        """Return the verbatim message of a statement; errors as for :meth:`unwrap`."""
        return unseal(self._of(epoch).messages, sealed, _verbatim_place(statement))

    def new_file_key(self, file: UUID) -> tuple[int, bytes, bytes]:
        """Return the current epoch, and a fresh key for a file that leaves the node, wrapped and plain."""
        self.refresh()
        epochs, key = self._epochs, secrets.token_bytes(KEY_LENGTH)
        current = max(epochs)
        return current, epochs[current].wrap(key, _file_place(file)), key

    def file_key(self, file: UUID, epoch: int, wrapped: bytes) -> bytes:
        """Return the key of a file that left the node; errors as for :meth:`unwrap`."""
        return self._of(epoch).unwrap(wrapped, _file_place(file))

    def _wrap(self, source_person: UUID, agency: str, key: bytes) -> WrappedKey:
        epochs = self._epochs  # one reading of it: another thread may see a new epoch meanwhile
        current = max(epochs)
        return WrappedKey(source_person, agency, current, epochs[current].wrap(key, _key_place(source_person)))

    def _holds(self, epoch: int) -> bool:
        if epoch not in self._epochs:
            self.refresh()
        return epoch in self._epochs

    def _of(self, epoch: int) -> EpochKey:
        if not self._holds(epoch):
            raise KeyDestroyedError(
                f"The key of epoch {epoch} has been destroyed; what it protected can no longer be read."
            )
        return self._epochs[epoch]


def load_or_create(path: Path) -> Keyring:
    """Return the keyring of a key file, made now with fresh keys if there is none.

    Raises :class:`KeyFileError` if others may read it, it is not a key file, or its token cannot be used.
    """
    if not path.exists():
        key_file.make(path)
    return Keyring.of_file(path)


def _key_place(source_person: UUID) -> bytes:
    return place("record.subject_key", "wrapped", source_person)


def _verbatim_place(statement: UUID) -> bytes:
    return place("record.statement", "verbatim", statement)


def _file_place(file: UUID) -> bytes:
    return place("store.backup", "wrapped", file)


def _derive(key: bytes, name: str) -> bytes:
    return HKDF(SHA256(), KEY_LENGTH, salt=None, info=f"comity {name} v1".encode()).derive(key)
