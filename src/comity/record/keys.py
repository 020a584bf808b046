"""The keys a node holds outside its database, and the data keys they wrap.

The key file is the only secret that a backup of the database does not contain. It holds the epoch keys (32 random
bytes each, of which the last is current) and one node key, from which the keys for record ids, statement digests and
blind indexes are derived (HKDF-SHA256, RFC 5869).
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from comity.record.errors import KeyDestroyedError, KeyFileError
from comity.record.seal import NONCE_LENGTH, place, seal, unseal

KEY_LENGTH = 32


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as the database keeps it."""

    source_person: UUID
    agency: str
    epoch: int
    wrapped: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The node's keys, in memory. Its representation shows none of them."""

    epochs: Mapping[int, bytes] = field(repr=False)
    node: bytes = field(repr=False)
    record_ids: bytes = field(init=False, repr=False)
    digests: bytes = field(init=False, repr=False)
    blind_index: bytes = field(init=False, repr=False)
    pseudonyms: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("record_ids", "digests", "blind_index", "pseudonyms"):
            object.__setattr__(self, name, _derive(self.node, name))

    @property
    def epoch(self) -> int:
        """The number of the current epoch."""
        return max(self.epochs)

    def new_data_key(self, source_person: UUID, agency: str) -> tuple[WrappedKey, bytes]:
        """Return a fresh random data key for a source person, wrapped and plain."""
        key = secrets.token_bytes(KEY_LENGTH)
        wrapped = seal(self.epochs[self.epoch], key, _key_place(source_person), secrets.token_bytes(NONCE_LENGTH))
        return WrappedKey(source_person, agency, self.epoch, wrapped), key

    def unwrap(self, key: WrappedKey) -> bytes:
        """Return the plain data key; :class:`KeyDestroyedError` if its epoch key is gone."""
        try:
            epoch_key = self.epochs[key.epoch]
        except KeyError:
            message = f"The key of epoch {key.epoch} has been destroyed; what it protected can no longer be read."
            raise KeyDestroyedError(message) from None
        return unseal(epoch_key, key.wrapped, _key_place(key.source_person))

    def seal_verbatim(self, statement: UUID, message: bytes) -> tuple[int, bytes]:
        """Return the current epoch and ``message`` sealed under its key, for the statement it belongs to."""
        where = place("record.statement", "verbatim", statement)
        return self.epoch, seal(self.epochs[self.epoch], message, where, secrets.token_bytes(NONCE_LENGTH))

    def unseal_verbatim(self, statement: UUID, epoch: int, sealed: bytes) -> bytes:
        """Return the verbatim message of a statement; errors as for :meth:`unwrap`."""
        if epoch not in self.epochs:
            raise KeyDestroyedError(f"The key of epoch {epoch} has been destroyed; replay is no longer possible.")
        return unseal(self.epochs[epoch], sealed, place("record.statement", "verbatim", statement))


def load_or_create(path: Path) -> Keyring:
    """Return the keyring of a key file, made now with fresh keys if there is none.

    Raises :class:`KeyFileError` if others may read it or it is not a key file. A file is written whole or not at all.
    """
    if not path.exists():
        _create(path)
    _refuse_if_others_may_read(path)
    try:
        content = json.loads(path.read_text())
        epochs = {int(number): bytes.fromhex(key) for number, key in content["epochs"].items()}
        return Keyring(epochs, bytes.fromhex(content["node"]))
    except (KeyError, ValueError, TypeError, AttributeError):
        message = (
            f"{path.name} is not a key file. Restore it from where keys are kept: without it nothing sealed opens."
        )
        raise KeyFileError(message) from None


def _create(path: Path) -> None:
    content = {"epochs": {"1": secrets.token_hex(KEY_LENGTH)}, "node": secrets.token_hex(KEY_LENGTH)}
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # two processes starting at once: the first one's keys stand
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _refuse_if_others_may_read(path: Path) -> None:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(f"{path.name} can be read by others. Make it private: chmod 600 {path.name}")


def _key_place(source_person: UUID) -> bytes:
    return place("record.subject_key", "wrapped", source_person)


def _derive(key: bytes, name: str) -> bytes:
    return HKDF(SHA256(), KEY_LENGTH, salt=None, info=f"comity {name} v1".encode()).derive(key)
