r"""One line of the ledger: what was done, when, under which agreement, and a commitment to what it was about.

An entry holds **no personal data**: a random id, terms of the vocabulary, and a commitment that says nothing without
its salt. Pure: time, id and salt are handed in.

The bytes of an entry are its RFC 8785 (JSON Canonicalization Scheme) form, version 1::

    {"at":"2026-11-22T09:30:00.000000Z","commitment":"<64 hex digits>","context":{"agency":"police"},
     "id":"<uuid>","kind":"disclosure","v":1}

on one line. The auditor's :mod:`comity.ledger.verify` holds the one pattern for it. Context keys and values hold no
control characters, which leaves RFC 8785 only two escapes, ``\"`` and ``\\``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from json.encoder import encode_basestring
from types import MappingProxyType
from typing import Final
from uuid import UUID

from comity.ledger import verify
from comity.ledger.errors import EntryError, EntryTooLargeError
from comity.ledger.tiles import ENTRY_LIMIT

COMMITMENT_SIZE: Final = 32
SALT_SIZE: Final = 16
"""Random bytes that keep a commitment from being guessed; they are kept under the subject's key."""

_KIND = re.compile(r"[a-z][a-z0-9-]{0,63}").fullmatch
_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}").fullmatch
_PLAIN = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]*").fullmatch
_AT = slice(7, 33)  # where the time stands in an entry's bytes, without its Z


def entry_id(body: bytes) -> UUID:
    """Return the id of the entry that ``body`` is; raise EntryError unless it is one in its canonical form."""
    found = verify.ENTRY(body)
    if not found or len(body) > ENTRY_LIMIT:
        raise EntryError("These bytes are not an entry of version 1 in its canonical form.")
    if not verify.in_order(found[1]):
        raise EntryError("The entry's context is not in its canonical order, or not UTF-8.")
    try:
        datetime.fromisoformat(body[_AT].decode())
    except ValueError as impossible:
        raise EntryError("The entry's time is not on the calendar.") from impossible
    return UUID(found[2].decode())


def commitment(salt: bytes, payload: bytes) -> bytes:
    """Return SHA-256 of ``salt`` (16 random bytes) and ``payload``: proof of what was done, open only with the salt."""
    if len(salt) != SALT_SIZE:
        raise EntryError(f"A commitment's salt is {SALT_SIZE} random bytes, not {len(salt)}.")
    return sha256(salt + payload).digest()


@lru_cache(maxsize=4096)
def _checked(context: tuple[tuple[str, str], ...]) -> tuple[Mapping[str, str], str]:
    """Return a context as it is kept and as it is written; the same few recur in most entries."""
    for key, value in context:
        if not _KEY(key):
            raise EntryError("A key of an entry's context is up to 64 lower-case letters, digits and underscores.")
        if not isinstance(value, str) or not _PLAIN(value):
            raise EntryError(f"The context's {key!r} is not a text without control characters.")
    pairs = sorted(context)
    return MappingProxyType(dict(pairs)), ",".join(f'"{key}":{encode_basestring(value)}' for key, value in pairs)


@lru_cache(maxsize=4096)
def _written(moment: datetime) -> str:
    """Return an instant in UTC as it is written, without its Z; a batch's entries share one."""
    return moment.isoformat(timespec="microseconds")[:26]


@dataclass(frozen=True, slots=True)
class Entry:
    """One act, as the ledger remembers it. Valid from birth; raises EntryError otherwise.

    ``kind`` is the operation (``disclosure``, ``refusal``, ``sign``, …), ``context`` names terms such as the agency,
    the purpose and the agreement, and ``commitment`` is 32 bytes (see :func:`commitment`).
    """

    id: UUID
    at: datetime
    kind: str
    context: Mapping[str, str]
    commitment: bytes
    _context: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise EntryError("An entry's time needs its zone.")
        if not _KIND(self.kind):
            raise EntryError("An entry's kind is up to 64 lower-case letters, digits and hyphens.")
        if len(self.commitment) != COMMITMENT_SIZE:
            raise EntryError(f"An entry's commitment is {COMMITMENT_SIZE} bytes, not {len(self.commitment)}.")
        try:
            context, text = _checked(tuple(self.context.items()))
        except TypeError as unhashable:
            raise EntryError("An entry's context holds nothing but texts.") from unhashable
        object.__setattr__(self, "at", self.at.astimezone(UTC))
        object.__setattr__(self, "context", context)
        object.__setattr__(self, "_context", text)

    def encode(self) -> bytes:
        """Return the entry's bytes (RFC 8785, at most 65,535 of them); raise EntryTooLargeError if there are more.

        Written out rather than handed to ``rfc8785.dumps``, which takes ten times as long; the tests hold the two to
        the same bytes.
        """
        body = (
            f'{{"at":"{_written(self.at)}Z","commitment":"{self.commitment.hex()}","context":{{{self._context}}}'
            f',"id":"{self.id}","kind":"{self.kind}","v":1}}'
        ).encode()
        if len(body) > ENTRY_LIMIT:
            raise EntryTooLargeError(
                f"The entry is {len(body)} bytes; an entry bundle carries at most {ENTRY_LIMIT}. Shorten its context."
            )
        return body

    @classmethod
    def decode(cls, body: bytes) -> Entry:
        """Read an entry from its bytes; raise EntryError unless they are exactly what :meth:`encode` writes."""
        identity, said = entry_id(body), json.loads(body)
        return cls(
            id=identity,
            at=datetime.fromisoformat(said["at"]),
            kind=said["kind"],
            context=said["context"],
            commitment=bytes.fromhex(said["commitment"]),
        )
