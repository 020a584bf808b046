"""Signed notes with Ed25519 keys: C2SP signed-note (https://c2sp.org/signed-note).

1. A note is a text that ends in a newline, an empty line, and signature lines ``— <key name> <base64>``.
2. Key names have no spaces and no plus sign; the text is UTF-8 without control characters other than newline.
3. A key is known by its name *and* its id, the first four bytes of a SHA-256 over name, type and public key.
4. Signatures by unknown keys are ignored. One by a known key that does not verify refuses the note, and so does the
   absence of any that does.
5. Base64 is accepted only as it would be written, so that no two notes differ in bytes and agree in meaning.

Pure: no files. :mod:`comity.ledger.keys` keeps the signing key.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from comity.ledger.errors import NoteError

ED25519: Final = b"\x01"
"""The signature type of a plain Ed25519 signature (signed-note, *signature types*)."""
KEY_ID_SIZE: Final = 4
KEY_SIZE: Final = 32
MAX_SIGNATURES: Final = 100
"""More than the 16 that signed-note requires, and the limit of its reference implementation."""
PRIVATE: Final = "PRIVATE+KEY+"


def key_id(name: str, kind: bytes, public: bytes) -> bytes:
    """Return the four bytes that identify a key together with its name (signed-note, *signatures*)."""
    return sha256(name.encode() + b"\n" + kind + public).digest()[:KEY_ID_SIZE]


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who signed, with which key, and the signature's bytes (their meaning is the key's)."""

    name: str
    key_id: bytes
    value: bytes

    def __str__(self) -> str:
        return f"\N{EM DASH} {self.name} {to_base64(self.key_id + self.value)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text (ending in a newline) and its signatures. Not to be believed until a :class:`Verifier` has opened it."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    @classmethod
    def parse(cls, note: str) -> Note:
        """Divide a note into text and signatures; raise NoteError if it is malformed. Checks no signature."""
        if any(character < " " and character != "\n" for character in note):
            raise NoteError("The note holds a control character.")
        text, gap, lines = note.rpartition("\n\n")
        if not gap or not lines.endswith("\n"):
            raise NoteError("The note has no signatures after an empty line.")
        signatures = tuple(map(_signature, lines[:-1].split("\n")))
        if len(signatures) > MAX_SIGNATURES:
            raise NoteError(f"The note has more than {MAX_SIGNATURES} signatures.")
        return cls(text + "\n", signatures)


def _signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    value = from_base64(encoded)
    if dash != "\N{EM DASH}" or not is_key_name(name) or len(value) <= KEY_ID_SIZE:
        raise NoteError("A signature line of the note is malformed.")
    return Signature(name, value[:KEY_ID_SIZE], value[KEY_ID_SIZE:])


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name: says whether a note was signed by it."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise NoteError("A key's name is not empty and holds no space, no plus sign and no control character.")
        if len(self.public) != KEY_SIZE:
            raise NoteError(f"An Ed25519 public key is {KEY_SIZE} bytes.")

    @property
    def key_id(self) -> bytes:
        """The key's id, four bytes."""
        return key_id(self.name, ED25519, self.public)

    @property
    def vkey(self) -> str:
        """The key as a *vkey*: ``name+id+base64`` (signed-note, *verifier keys*)."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(ED25519 + self.public)}"

    @classmethod
    def parse(cls, vkey: str) -> Verifier:
        """Read a *vkey*; raise NoteError if it is not one for Ed25519, or if its id is not its own."""
        name, identity, material = _ed25519(vkey)
        verifier = cls(name, material)
        if verifier.key_id.hex() != identity:
            raise NoteError("The key's id does not fit its name and bytes; it was copied wrongly.")
        return verifier

    def open(self, note: str) -> str:
        """Return the note's text if this key signed it; raise NoteError if it did not."""
        parsed = Note.parse(note)
        if not self.has_signed(parsed):
            raise NoteError(f"The note is not signed by the key {self.name}+{self.key_id.hex()}.")
        return parsed.text

    def has_signed(self, note: Note) -> bool:
        """Whether this key signed ``note``; raise NoteError if a signature that says to be this key's is not."""
        mine = [it for it in note.signatures if (it.name, it.key_id) == (self.name, self.key_id)]
        for signature in mine:
            self._check(note.text, signature)
        return bool(mine)

    def _check(self, text: str, signature: Signature) -> None:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature.value, text.encode())
        except (InvalidSignature, ValueError) as wrong:
            raise NoteError(f"The signature of {self.name} does not fit the note's text.") from wrong


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with its name. ``seed`` is the 32 bytes of RFC 8032; it never shows in a repr."""

    name: str
    seed: bytes = field(repr=False)
    verifier: Verifier = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.seed) != KEY_SIZE:
            raise NoteError(f"An Ed25519 private key is {KEY_SIZE} bytes.")
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        object.__setattr__(self, "verifier", Verifier(self.name, public))

    @property
    def skey(self) -> str:
        """The key as the reference implementation writes it: ``PRIVATE+KEY+name+id+base64``. A secret."""
        return f"{PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{to_base64(ED25519 + self.seed)}"

    @classmethod
    def parse(cls, skey: str) -> Signer:
        """Read a private key; raise NoteError, which never repeats the key, if it is not one."""
        if not skey.startswith(PRIVATE):
            raise NoteError("This is not a private key of a signed note.")
        name, identity, material = _ed25519(skey.removeprefix(PRIVATE))
        signer = cls(name, material)
        if signer.verifier.key_id.hex() != identity:
            raise NoteError("The private key's id does not fit its name and bytes.")
        return signer

    def vkey(self) -> str:
        """Return the public key to hand out, as a *vkey*."""
        return self.verifier.vkey

    def sign(self, text: str) -> Signature:
        """Sign a note's text, which ends in a newline."""
        value = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        return Signature(self.name, self.verifier.key_id, value)


def sign_note(text: str, signers: Iterable[Signer]) -> str:
    """Return the note of ``text``, which ends in a newline, signed by each of ``signers``."""
    if not text.endswith("\n") or any(character < " " and character != "\n" for character in text):
        raise NoteError("A note's text ends in a newline and holds no other control character.")
    return str(Note(text, tuple(signer.sign(text) for signer in signers)))


def key_parts(key: str) -> tuple[str, str, bytes]:
    """Divide ``name+id+base64``; raise NoteError if it is not so written. The bytes begin with the key's type."""
    parts = key.split("+", 2)
    if len(parts) != 3:  # noqa: PLR2004 - name, id and key: the format's own three
        raise NoteError("A key is written name+id+base64; this is not.")
    return parts[0], parts[1], from_base64(parts[2])


def _ed25519(key: str) -> tuple[str, str, bytes]:
    """Divide a key that is for plain Ed25519 signatures."""
    name, identity, material = key_parts(key)
    if material[:1] != ED25519 or len(material) != 1 + KEY_SIZE:
        raise NoteError("The key is not an Ed25519 key of a signed note.")
    return name, identity, material[1:]


def is_key_name(name: str) -> bool:
    """Whether a key may have this name (signed-note, *format*)."""
    return bool(name) and "+" not in name and not any(c.isspace() or c < " " for c in name)


def to_base64(value: bytes) -> str:
    """Return standard base64."""
    return base64.b64encode(value).decode()


def from_base64(text: str) -> bytes:
    """Decode standard base64, refusing any spelling but the one :func:`to_base64` writes."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise NoteError("This is not base64.") from wrong
    if to_base64(value) != text:
        raise NoteError("This is not base64 in its one proper spelling.")
    return value
