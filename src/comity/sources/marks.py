"""Where a source of files left off: one mark per file, kept as an opaque text.

Rules:

1. A cursor holds no personal data: a file is known by the digest of its path (a name may be a person's), its content by
   a digest.
2. A cursor belongs to a way of reading. Where the spec has changed since (another encoding, a leniency), it is void and
   everything is read again: that is how a mended spec reaches what could not be read before.
3. A cursor that cannot be understood is void too: redelivery is harmless, a gap is not.
4. Size and modification time prove that a file is unchanged only where the file was at rest when it was read; otherwise
   its digest has to (the "racy git" problem: two writes within one tick of the clock).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_VERSION = 1
_SETTLED_NS = 2_000_000_000  # the coarsest clock of a file system in use (FAT): two seconds
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileMark:
    """How far a file was read.

    ``size`` in bytes and ``mtime_ns`` as they were when it was opened (None: it was still being written). ``at`` and
    ``digest``: the offset up to which it need not be read again, and the SHA-256 of the bytes before it. ``line``: how
    many lines those were, or how many items of a file that is read whole. ``whole``: the SHA-256 of all ``size`` bytes
    once everything was read, before that the empty text.
    """

    size: int
    mtime_ns: int | None
    at: int
    line: int
    digest: str
    whole: str

    def same_file(self, stat: os.stat_result) -> bool:
        """Tell, without reading it, that the file is read to its end and has not changed (rule 4)."""
        return bool(self.whole) and (self.size, self.mtime_ns) == (stat.st_size, stat.st_mtime_ns)


class Prefix:
    """The SHA-256 of the first bytes of an open file, each byte read once as long as the offsets only grow."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._hash, self._at = hashlib.sha256(), 0

    def digest(self, offset: int) -> str:
        """Return the digest of the bytes before ``offset`` (or of all there are) in hexadecimal."""
        if offset < self._at:
            self._hash, self._at = hashlib.sha256(), 0
        while self._at < offset:
            chunk = os.pread(self._descriptor, min(_CHUNK, offset - self._at), self._at)
            if not chunk:
                break
            self._hash.update(chunk)
            self._at += len(chunk)
        return self._hash.copy().hexdigest()


def settled(stat: os.stat_result, now_ns: int) -> int | None:
    """Return the file's modification time, or None where it is too recent to be relied on (rule 4)."""
    return stat.st_mtime_ns if now_ns - stat.st_mtime_ns > _SETTLED_NS else None


def file_key(name: str) -> str:
    """Return what a cursor calls the file of this name (rule 1)."""
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:24]


def how_digest(kind: str, options: Mapping[str, Any]) -> str:
    """Return a digest of a way of reading (rule 2). Where it is read from may move and is left out."""
    way = {key: value for key, value in options.items() if key not in ("path", "url")}
    return hashlib.sha256(json.dumps([kind, way], sort_keys=True, default=str).encode()).hexdigest()[:24]


def decode(cursor: str | None, how: str) -> dict[str, Any]:
    """Return what ``cursor`` remembers, or nothing where it is void (rules 2 and 3)."""
    try:
        found = json.loads(cursor or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or found.get("v") != _VERSION or found.get("how") != how:
        return {}
    marks = found.get("at")
    return marks if isinstance(marks, dict) else {}


def encode(marks: Mapping[str, Any], how: str) -> str:
    """Return the cursor that remembers ``marks``."""
    return json.dumps({"v": _VERSION, "how": how, "at": marks}, separators=(",", ":"))


def to_file_marks(remembered: Mapping[str, Any]) -> dict[str, FileMark]:
    """Return the marks of files out of a decoded cursor; one that is malformed is left out (rule 3)."""
    marks = {}
    for key, fields in remembered.items():
        match fields:
            case [int(size), int() | None as mtime, int(at), int(line), str(digest), str(whole)]:
                marks[key] = FileMark(size, mtime, at, line, digest, whole)
    return marks


def from_file_marks(marks: Mapping[str, FileMark]) -> dict[str, list[int | str | None]]:
    """Return ``marks`` as a cursor keeps them."""
    return {key: [m.size, m.mtime_ns, m.at, m.line, m.digest, m.whole] for key, m in marks.items()}
