"""Files of JSON lines: one object on each line.

Rules:

1. A line is an object, read strictly (:mod:`comity.sources.json_text`). Empty lines say nothing.
2. Only new lines are read of a file that has grown; a file that was rewritten is read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from comity.sources import json_text
from comity.sources.batches import Step
from comity.sources.body import JsonBody
from comity.sources.files import OpenFile, read_files
from comity.sources.json_text import RefusedJsonError
from comity.sources.lines import Line, WrongEncodingError, lines, settle_encoding
from comity.sources.models import RAW_LIMIT, Batch, Item, Said, Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLinesSource:
    """One or more files of JSON lines."""

    base: Path
    path: str
    how: str
    encoding: str = "utf-8"
    leniency: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The path as the spec writes it."""
        return self.path

    def read(self, cursor: str | None, size: int) -> Iterator[Batch]:
        """Yield the lines that are new since ``cursor``."""
        return read_files(self.base, self.path, self.how, cursor, size, self._read_file)

    def _read_file(self, file: OpenFile) -> Iterator[Step]:
        try:
            encoding = settle_encoding(file.handle, self.encoding)
        except WrongEncodingError as fault:
            yield from file.refused(fault.cause, fault.mend)
            return
        last = at, number = file.resume_at()
        key = file.found.key
        for line in lines(file.handle, encoding, at, number):
            last = (line.end, line.number) if line.ended else (line.offset, line.number - 1)
            if line.cause or not line.text.isspace():
                yield Step(_item(file.place, line, self.leniency), key, partial(file.read_so_far, *last))
        yield Step(None, key, partial(file.read_to_its_end, *last))


def _item(place: str, line: Line, leniency: tuple[str, ...]) -> Item:
    where = f"{place}, line {line.number}"
    cause, mend = line.cause, line.mend or ""
    if cause is None:
        try:
            return Said(where, JsonBody(object_of(json_text.parse(line.text.rstrip("\r\n"), leniency))), line.offset)
        except RefusedJsonError as fault:
            cause, mend = fault.cause, fault.mend
    return Unreadable(f"{where} (byte {line.offset})", cause, mend, line.offset, line.raw[:RAW_LIMIT])


def object_of(value: object) -> dict[str, object]:
    """Return ``value`` where it is an object. Raises :class:`RefusedJsonError`: a statement has named parts."""
    if isinstance(value, dict):
        return value
    raise RefusedJsonError("this is not an object", "Have each statement sent as an object, between { and }")
