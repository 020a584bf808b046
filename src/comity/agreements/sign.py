"""Signatures of parties under an agreement.

Rules:

1. A party signs a preamble and the canonical bytes. The preamble names this use, the party, and ``name@version``: a
   signature made for another use, by another party or under another version verifies nowhere else.
2. Only an agency that is a party signs, and only with the key that is pinned for it here.
3. A key under which any text would be signed is no key.
4. A signature is checked against the bytes that are kept, each time they are used, never once for all.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from comity.agreements.canonical import canonical
from comity.agreements.errors import SignatureError
from comity.agreements.keys import is_sound
from comity.agreements.models import Agreement

DOMAIN: Final = b"comity/agreement-signature/1"  # so that no other signature of ours can be taken for one

_REMEMBERED: Final = 4_096  # verifications; each is a pure function of its bytes


def sign(agreement: Agreement, agency: str, key: Ed25519PrivateKey) -> bytes:
    """Return ``agency``'s signature (64 bytes); :class:`SignatureError` if it is not a party."""
    if agency not in agreement.parties:
        raise SignatureError(f"{agency} is no party to {agreement}. Its parties are: {', '.join(agreement.parties)}.")
    return key.sign(message(canonical(agreement), agency, agreement.name, agreement.version))


def verify(data: bytes, agency: str, name: str, version: int, signature: bytes, public_key: bytes) -> bool:
    """Return whether ``signature`` is that agency's, with that key, under those canonical bytes of that version."""
    return _verified(message(data, agency, name, version), signature, public_key)


def message(data: bytes, agency: str, name: str, version: int) -> bytes:
    """Return what is signed: the preamble, each part preceded by its length in two bytes, then the canonical bytes."""
    parts = [DOMAIN, agency.encode(), f"{name}@{version}".encode()]
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts) + data


@lru_cache(maxsize=_REMEMBERED)
def _verified(message: bytes, signature: bytes, public_key: bytes) -> bool:
    if not is_sound(public_key):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
