"""Keyed record ids: the same source key gives the same id, and nobody without the node's key can compute one."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

_VERSION_8 = 0x8000
_VARIANT = 0x8000_0000_0000_0000


def record_id(key: bytes, source: str, record_type: str, source_key: str) -> UUID:
    """Return the id of a record: a UUIDv8 (RFC 9562 section 5.8) of HMAC-SHA256 over its source, type and key.

    Each part is preceded by its length, so that no two different triples give the same bytes.
    """
    message = b"".join(
        len(part).to_bytes(4, "big") + part for part in (text.encode() for text in (source, record_type, source_key))
    )
    number = int.from_bytes(hmac.digest(key, message, hashlib.sha256)[:16], "big")
    high, low = number >> 64, number & 0xFFFF_FFFF_FFFF_FFFF
    high = (high & ~0xF000) | _VERSION_8
    low = (low & 0x3FFF_FFFF_FFFF_FFFF) | _VARIANT
    return UUID(int=(high << 64) | low)
