r"""Cosignatures: C2SP tlog-cosignature (https://c2sp.org/tlog-cosignature), Ed25519 and ML-DSA-44.

A cosigner says of a checkpoint that, at a time, it was the largest consistent one it had seen. A witness says so of
another's ledger; a ledger says so of its own with ML-DSA-44, which is how tlog-checkpoint (*signatures*) asks a
checkpoint to be signed against quantum computers.

1. What is signed with Ed25519 is ``cosignature/v1``, the time and the whole text of the checkpoint (*Ed25519 signed
   message*). It does not name its cosigner, so each cosigner has a key of its own.
2. What is signed with ML-DSA-44 is ``subtree/v1``, the cosigner's name, the time, origin, start, end and root
   (*ML-DSA-44 signed message*). Extension lines are not covered.
3. The signature is the time, eight bytes, and then the key's own (*format*). The time of a checkpoint is never zero
   and at most 2^63 - 1.

Pure: the time is handed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from comity.ledger.checkpoint import Checkpoint
from comity.ledger.errors import NoteError
from comity.ledger.note import (
    KEY_SIZE,
    PRIVATE,
    Note,
    Signature,
    Verifier,
    is_key_name,
    key_id,
    key_parts,
    to_base64,
)

TIME_SIZE: Final = 8
LATEST: Final = 2**63 - 1
LONGEST_NAME: Final = 255
"""Bytes of a cosigner's name and of an origin, behind a length of one byte (*ML-DSA-44 signed message*)."""
_LABEL: Final = b"subtree/v1\n\0"


class Kind(Enum):
    """The algorithms of cosignatures: signature type, public key's bytes and signature's bytes."""

    ED25519 = (b"\x04", 32, 64)
    ML_DSA_44 = (b"\x06", 1312, 2420)

    @property
    def type(self) -> bytes:
        """The byte that stands for the algorithm in keys and their ids (signed-note, *signature types*)."""
        return self.value[0]

    @property
    def key_size(self) -> int:
        """Bytes of a public key."""
        return self.value[1]

    @property
    def size(self) -> int:
        """Bytes of a signature, the time before it included."""
        return TIME_SIZE + self.value[2]


def message(kind: Kind, name: str, time: int, checkpoint: Checkpoint) -> bytes:
    """Return what the cosigner ``name`` signs to say that it saw ``checkpoint`` at ``time`` (POSIX seconds)."""
    if kind is Kind.ED25519:
        return f"cosignature/v1\ntime {time}\n{checkpoint.text()}".encode()
    size = (0).to_bytes(8, "big") + checkpoint.size.to_bytes(8, "big")
    return _LABEL + _short(name) + time.to_bytes(8, "big") + _short(checkpoint.origin) + size + checkpoint.root


def _short(text: str) -> bytes:
    content = text.encode()
    if not 0 < len(content) <= LONGEST_NAME:
        raise NoteError(f"A name is at most {LONGEST_NAME} bytes where ML-DSA-44 signs it.")
    return bytes([len(content)]) + content


@dataclass(frozen=True, slots=True)
class CosignerKey:
    """A cosigner's public key with its name: says whether, and for when, it cosigned a checkpoint."""

    name: str
    kind: Kind
    public: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise NoteError("A key's name is not empty and holds no space, no plus sign and no control character.")
        if len(self.public) != self.kind.key_size:
            raise NoteError(f"This public key is {self.kind.key_size} bytes.")

    @property
    def key_id(self) -> bytes:
        """The key's id, four bytes (*format*)."""
        return key_id(self.name, self.kind.type, self.public)

    @property
    def vkey(self) -> str:
        """The key as a *vkey*: ``name+id+base64`` (signed-note, *verifier keys*)."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(self.kind.type + self.public)}"

    @classmethod
    def parse(cls, vkey: str) -> CosignerKey:
        """Read a *vkey*; raise NoteError if it is not a cosigner's, or if its id is not its own."""
        name, identity, material = key_parts(vkey)
        kind = next((it for it in Kind if material[:1] == it.type), None)
        if kind is None:
            raise NoteError("The key is not for cosignatures, with Ed25519 or ML-DSA-44.")
        key = cls(name, kind, material[1:])
        if key.key_id.hex() != identity:
            raise NoteError("The key's id does not fit its name and bytes; it was copied wrongly.")
        return key

    def signed_at(self, checkpoint: Checkpoint, signature: Signature) -> int:
        """Return when this key cosigned ``checkpoint``, by ``signature``; raise NoteError if it did not."""
        moment = int.from_bytes(signature.value[:TIME_SIZE], "big")
        if len(signature.value) != self.kind.size or not 0 < moment <= LATEST:
            raise NoteError(f"The cosignature of {self.name} is malformed.")
        said = message(self.kind, self.name, moment, checkpoint)
        key = (Ed25519PublicKey if self.kind is Kind.ED25519 else MLDSA44PublicKey).from_public_bytes(self.public)
        try:
            key.verify(signature.value[TIME_SIZE:], said)
        except InvalidSignature as wrong:
            raise NoteError(f"The cosignature of {self.name} does not fit the checkpoint.") from wrong
        return moment

    def times(self, note: Note) -> list[int]:
        """Return when this key cosigned the checkpoint in ``note``: nothing if it did not.

        Raises NoteError if a signature that says to be this key's is not (signed-note, *signatures*).
        """
        mine = [it for it in note.signatures if (it.name, it.key_id) == (self.name, self.key_id)]
        if not mine:
            return []
        checkpoint = Checkpoint.parse(note.text)
        return [self.signed_at(checkpoint, it) for it in mine]

    def is_replaced_in(self, note: Note) -> bool:
        """Whether ``note`` has a cosignature of this name and algorithm by another key, and none by this one."""
        ids = {it.key_id for it in note.signatures if it.name == self.name and len(it.value) == self.kind.size}
        return bool(ids) and self.key_id not in ids

    def has_signed(self, note: Note) -> bool:
        """Whether this key cosigned the checkpoint in ``note``; raise NoteError as :meth:`times` does."""
        return bool(self.times(note))


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A private key with its name. ``seed`` is the 32 bytes of RFC 8032 or FIPS 204; it never shows in a repr."""

    name: str
    kind: Kind
    seed: bytes = field(repr=False)
    key: CosignerKey = field(init=False, compare=False)
    _private: Ed25519PrivateKey | MLDSA44PrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.seed) != KEY_SIZE:
            raise NoteError(f"A private key is {KEY_SIZE} bytes.")
        if self.kind is Kind.ED25519:
            private: Ed25519PrivateKey | MLDSA44PrivateKey = Ed25519PrivateKey.from_private_bytes(self.seed)
        else:
            private = MLDSA44PrivateKey.from_seed_bytes(self.seed)
        object.__setattr__(self, "_private", private)
        object.__setattr__(self, "key", CosignerKey(self.name, self.kind, private.public_key().public_bytes_raw()))

    @property
    def skey(self) -> str:
        """The key as the reference implementation writes one: ``PRIVATE+KEY+name+id+base64``. A secret."""
        return f"{PRIVATE}{self.name}+{self.key.key_id.hex()}+{to_base64(self.kind.type + self.seed)}"

    @classmethod
    def parse(cls, skey: str) -> Cosigner:
        """Read a private key; raise NoteError, which never repeats the key, if it is not one."""
        if not skey.startswith(PRIVATE):
            raise NoteError("This is not a private key of a signed note.")
        name, identity, material = key_parts(skey.removeprefix(PRIVATE))
        kind = next((it for it in Kind if material[:1] == it.type), None)
        if kind is None:
            raise NoteError("The private key is not for cosignatures.")
        cosigner = cls(name, kind, material[1:])
        if cosigner.key.key_id.hex() != identity:
            raise NoteError("The private key's id does not fit its name and bytes.")
        return cosigner

    def sign(self, checkpoint: Checkpoint, time: int) -> Signature:
        """Return the cosignature that says that ``checkpoint`` was the largest seen at ``time`` (POSIX seconds)."""
        if not 0 < time <= LATEST:
            raise NoteError("A checkpoint is cosigned for a time after 1970.")
        value = self._private.sign(message(self.kind, self.name, time, checkpoint))
        return Signature(self.name, self.key.key_id, time.to_bytes(TIME_SIZE, "big") + value)


def read_key(vkey: str) -> Verifier | CosignerKey:
    """Return a *vkey* as the key of its own type; raise NoteError if it is none that we know."""
    _, _, material = key_parts(vkey)
    return CosignerKey.parse(vkey) if material[:1] in {it.type for it in Kind} else Verifier.parse(vkey)


def parse_signatures(text: str) -> tuple[Signature, ...]:
    """Read signature lines alone, as a witness answers with; raise NoteError if they are malformed."""
    note = Note.parse(f"\n\n{text}")
    if note.text != "\n":
        raise NoteError("There is more than signature lines.")
    return note.signatures


def with_signatures(note: str, signatures: Iterable[Signature]) -> str:
    """Return ``note`` with more signatures below; where one is of a key that signed already, the new one counts."""
    parsed, added = Note.parse(note), {(it.name, it.key_id): it for it in signatures}
    kept = [it for it in parsed.signatures if (it.name, it.key_id) not in added]
    return str(Note(parsed.text, (*kept, *added.values())))
