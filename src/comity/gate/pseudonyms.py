"""Pseudonyms: a code that stands for a value, for one recipient and one purpose only (LED art. 3(5)). Pure.

Rules:

1. A pseudonym is HMAC-SHA-256, cut to 122 bits and written as a UUID of version 8 (RFC 9562), of the kind of value and
   the value, under a key of that recipient and purpose. The same value has the same one under every agreement between
   these two; under another recipient or purpose it has one that cannot be told to be the same.
2. The key is derived (HKDF, RFC 5869) from the node's own, which never enters a database: whoever has a pseudonym and a
   guess cannot try it. Recipient and purpose are told apart by where they stand, not by a mark between them.
3. What a kind is: ``person`` for a human being, a record type for one of its records, ``<type>.<field>`` for a text.
   A reference is of the kind of what it refers to, so that it matches that record's own.
"""

from __future__ import annotations

import hmac
import json
from hashlib import sha256
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from comity.vocabulary.models import Field

OF_PERSON: Final = "person"
_LENGTH: Final = 32
_VERSION: Final = 8 << 76
_VARIANT: Final = 2 << 62
_KEPT: Final = ~((0xF << 76) | (0x3 << 62))


def key_for(master: bytes, recipient: str, purpose: str) -> bytes:
    """Return the key of one recipient and one purpose; ``master`` is the node's own for pseudonyms."""
    info = json.dumps(["comity pseudonym v1", recipient, purpose]).encode()
    return HKDF(SHA256(), _LENGTH, salt=None, info=info).derive(master)


def pseudonym(key: bytes, kind: str, value: UUID | str) -> UUID:
    """Return what stands for ``value``, which is of that kind."""
    said = kind.encode() + b"\0" + (value.bytes if isinstance(value, UUID) else value.encode())
    number = int.from_bytes(hmac.digest(key, said, sha256)[:16])
    return UUID(int=(number & _KEPT) | _VERSION | _VARIANT)


def kind_of(record: str, field: Field) -> str:
    """Return of which kind the values of a field are (rule 3)."""
    return field.references or f"{record}.{field.name}"
