"""Sealing: AES-256-GCM with the place of the value as associated data, and blind indexes. Pure: keys are handed in.

Rules:

1. A seal is bound to its place: ``table|column|row|version``. Moved elsewhere, it does not open.
2. A nonce is random and never reused: 96 bits per seal (NIST SP 800-38D section 8.2.2); a data key seals far fewer
   than 2**32 values, because it belongs to one source person.
3. A blind index answers equality and nothing else: HMAC-SHA256 under a key of its own over the standardised value,
   with the field's name, so that equal values in two fields do not look equal.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from comity.record.errors import SealBrokenError

NONCE_LENGTH = 12
VERSION = "v1"


def place(table: str, column: str, row: UUID) -> bytes:
    """Return the associated data of a seal: where it stands."""
    return f"{table}|{column}|{row}|{VERSION}".encode()


def seal(key: bytes, plain: bytes, where: bytes, nonce: bytes) -> bytes:
    """Return ``nonce || ciphertext || tag`` of ``plain`` for the place ``where``; ``nonce`` is 12 new random bytes."""
    return nonce + AESGCM(key).encrypt(nonce, plain, where)


def unseal(key: bytes, sealed: bytes, where: bytes) -> bytes:
    """Return what was sealed for ``where``; :class:`SealBrokenError` if it was not, or not with this key."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_LENGTH], sealed[NONCE_LENGTH:], where)
    except (InvalidTag, ValueError):
        message = "A sealed value does not open here: it was changed, moved, or sealed under another key."
        raise SealBrokenError(message) from None


def blind(key: bytes, field: str, value: str) -> bytes:
    """Return the 32-byte blind index of ``value`` in ``field`` (``"person.safe_contact"``)."""
    folded = " ".join(unicodedata.normalize("NFKC", value).casefold().split())
    return hmac.digest(key, f"{field}|{folded}".encode(), hashlib.sha256)
