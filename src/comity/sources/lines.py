"""A file of lines, one after another, in its declared encoding; what is wrong with one line stays with that line.

Rules:

1. A line ends at the newline of its encoding. The bytes are split before they are decoded, so that wrong bytes spoil
   one line, not the rest.
2. A byte order mark at the beginning is not content. One that contradicts the declared encoding stops the file: reading
   on would spoil every name with an accent in it.
3. A line longer than :data:`MAX_LINE` is told and passed over without being held in memory.
4. A last line without a newline may still be being written. It is read, and read again when the file has grown.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from comity.sources.models import RAW_LIMIT

#: Bytes in one line. Comity's own choice, 2026-11: a thousand times the longest line in the sets we have.
MAX_LINE = 16 * 1_048_576

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WITHOUT_MARK = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}


class Line(NamedTuple):  # not a dataclass: one is made for every line of every file, and this is made in half the time
    """A line: its number from 1, the offset at which it begins, its length in bytes, and its text with the newline.

    ``cause`` and ``mend`` are None where the text is whole. ``ended`` tells whether it has its newline.
    """

    number: int
    offset: int
    length: int
    raw: bytes
    text: str
    ended: bool
    cause: str | None = None
    mend: str | None = None

    @property
    def end(self) -> int:
        """The offset at which the next line begins."""
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding as it was found to be: without byte order mark, which takes ``mark`` bytes."""

    name: str
    mark: int


class WrongEncodingError(ValueError):
    """The file's byte order mark contradicts the declared encoding."""

    def __init__(self, declared: str, found: str) -> None:
        self.cause = f"the file begins with the byte order mark of {found} but is declared as {declared}"
        self.mend = f"Set encoding: {found}"
        super().__init__(f"{self.cause}. {self.mend}.")


def settle_encoding(handle: BinaryIO, declared: str) -> Encoding:
    """Return the encoding of the file, its byte order mark seen. Raises :class:`WrongEncodingError` (rule 2)."""
    name = codecs.lookup(declared).name
    handle.seek(0)
    beginning = handle.read(4)
    plain = _WITHOUT_MARK.get(name, name)
    for mark, found in _MARKS:
        if beginning.startswith(mark):
            if found != plain and not (name in ("utf-16", "utf-32") and found.startswith(name)):
                raise WrongEncodingError(declared, found)
            return Encoding(found, len(mark))
    return Encoding(plain, 0)


def lines(handle: BinaryIO, encoding: Encoding, at: int = 0, number: int = 0) -> Iterator[Line]:
    """Yield the lines from offset ``at``, before which there are ``number`` lines."""
    at = max(at, encoding.mark)
    handle.seek(at)
    newline = "\n".encode(encoding.name)
    decode = codecs.lookup(encoding.name).decode
    for raw, length in _split(handle, newline):
        number += 1
        yield _line(raw, length, number, at, newline, decode, encoding.name)
        at += length


def _line(
    raw: bytes,
    length: int,
    number: int,
    offset: int,
    newline: bytes,
    decode: codecs._Decoder,
    encoding: str,
) -> Line:
    ended = raw.endswith(newline)
    if length > MAX_LINE:
        cause = f"the line is longer than {MAX_LINE // 1_048_576} MiB"
        return Line(number, offset, length, raw, "", True, cause, "Look whether the file has line ends at all")
    try:
        text, _ = decode(raw, "strict")
    except UnicodeDecodeError as fault:
        cause = f"the byte 0x{raw[fault.start]:02x} at offset {offset + fault.start} is not {encoding}"
        mend = "Have the line corrected, or declare the encoding that the file is really in"
        return Line(number, offset, length, raw, decode(raw, "replace")[0], ended, cause, mend)
    return Line(number, offset, length, raw, text, ended)


def _split(handle: BinaryIO, newline: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield each line with its newline and its length; of a line that is too long only the beginning."""
    read = _plain_lines(handle) if newline == b"\n" else _wide_lines(handle, newline)
    kept = b""
    length = 0
    for piece, complete in read:
        kept = kept + piece[: max(0, RAW_LIMIT - len(kept))] if length else piece
        length += len(piece)
        if complete:
            yield _kept(kept, length), length
            length = 0
    if length:
        yield _kept(kept, length), length


def _kept(raw: bytes, length: int) -> bytes:
    return raw[:RAW_LIMIT] if length > MAX_LINE else raw


def _plain_lines(handle: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Yield pieces of at most one byte more than a line may have, and whether the line is complete with it."""
    while piece := handle.readline(MAX_LINE + 1):
        yield piece, piece.endswith(b"\n") or len(piece) <= MAX_LINE


def _wide_lines(handle: BinaryIO, newline: bytes) -> Iterator[tuple[bytes, bool]]:
    """Do the same for encodings whose newline is several bytes, or another byte."""
    width = len(newline)
    rest = b""
    while chunk := handle.read(65_536 * width):
        rest += chunk
        begin = 0
        while (end := _aligned(rest, newline, begin, width)) >= 0:
            yield rest[begin : end + width], True
            begin = end + width
        rest = rest[begin:]
        if len(rest) > MAX_LINE:
            yield rest, False
            rest = b""
    if rest:
        yield rest, True


def _aligned(data: bytes, newline: bytes, begin: int, width: int) -> int:
    """Return where ``newline`` stands next as a character of its own, or -1."""
    found = data.find(newline, begin)
    while found >= 0 and found % width:
        found = data.find(newline, found + 1)
    return found
