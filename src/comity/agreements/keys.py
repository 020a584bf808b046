"""The key with which an agency signs: Ed25519, in a file that only its owner reads; known by its thumbprint.

The node that checks signatures needs public keys only. Private keys stay with the agencies.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Final

import rfc8785
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from comity.agreements.errors import SignatureError
from comity.store import read_private, write_private

PUBLIC_KEY_BYTES: Final = 32  # RFC 8032, section 5.1.5

_PRIME: Final = 2**255 - 19  # of the field in which the y of a public key lies
_SIGN: Final = 1 << 255  # the bit that says which of the two x
#: The y of each point of small order: under such a key one signature is valid for every text, and OpenSSL takes it.
#: The points of order 1, 2, 4 and 8 (RFC 7748, section 5; libsodium refuses the same in ge25519_has_small_order).
_SMALL_ORDER: Final = frozenset({
    0,
    1,
    _PRIME - 1,
    int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
    int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),
})  # fmt: skip


def make_key(path: Path) -> Ed25519PrivateKey:
    """Make a new private key and keep it at ``path`` (PKCS#8 PEM, mode 0600); ``FileExistsError`` if one is there."""
    key = Ed25519PrivateKey.generate()
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def load_key(path: Path) -> Ed25519PrivateKey:
    """Return the private key at ``path``; refused if others can read it or if it is of another kind."""
    try:
        key = load_pem_private_key(read_private(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SignatureError(f"{path} holds no unencrypted private key. Make one, or name the right file.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SignatureError(f"{path} holds a key that is not Ed25519. Make one for signing agreements.")
    return key


def public_bytes(key: Ed25519PrivateKey | Ed25519PublicKey) -> bytes:
    """Return the 32 raw bytes of the public key."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_pem(key: Ed25519PrivateKey | Ed25519PublicKey) -> bytes:
    """Return the public key as PEM, to be handed to the node that pins it."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def read_public_pem(data: bytes) -> bytes:
    """Return the 32 raw bytes of a public key that came as PEM; :class:`SignatureError` if it is none."""
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignatureError("This is no public key in PEM. Ask the agency for the file that it made.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SignatureError("This public key is not Ed25519. Ask the agency for the one it signs agreements with.")
    public_key = public_bytes(key)
    if not is_sound(public_key):
        raise SignatureError("This is no key that anybody made: every text would be signed by it. Ask for another.")
    return public_key


def is_sound(public_key: bytes) -> bool:
    """Return whether a signature under this key says anything: it is not of small order, and written in one way."""
    y = int.from_bytes(public_key, "little") % _SIGN
    return len(public_key) == PUBLIC_KEY_BYTES and y < _PRIME and y not in _SMALL_ORDER


def thumbprint(public_key: bytes) -> str:
    """Return the RFC 7638 thumbprint (SHA-256, base64url) of an Ed25519 public key; its JWK is that of RFC 8037."""
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise SignatureError(
            f"An Ed25519 public key has {PUBLIC_KEY_BYTES} bytes, not {len(public_key)}. Hand in it raw."
        )
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(public_key)}
    return _base64url(hashlib.sha256(rfc8785.dumps(jwk)).digest())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
