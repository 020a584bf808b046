"""Files that are one JSON document: a message, or a list of them.

Rules:

1. ``items`` leads to the statements; without it a list at the top is one statement for each element, and anything else
   is one statement.
2. The document is read strictly and whole (:mod:`comity.sources.json_text`): broken, nothing in it is relied upon.
3. An element that is not an object is told; the others are read.
4. ``items`` that leads nowhere is told: a mistyped path must not look like a quiet day. An empty list is quiet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from comity.sources import json_text, paths
from comity.sources.batches import Step
from comity.sources.body import JsonBody
from comity.sources.files import OpenFile, read_files
from comity.sources.from_jsonl import object_of
from comity.sources.json_text import RefusedJsonError
from comity.sources.lines import WrongEncodingError, settle_encoding
from comity.sources.models import RAW_LIMIT, Batch, Item, Said, Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonSource:
    """One or more JSON documents."""

    base: Path
    path: str
    how: str
    items: str | None = None
    encoding: str = "utf-8"
    leniency: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The path as the spec writes it."""
        return self.path

    def read(self, cursor: str | None, size: int) -> Iterator[Batch]:
        """Yield the statements of the documents that are new or changed since ``cursor``."""
        return read_files(self.base, self.path, self.how, cursor, size, self._read_file)

    def _read_file(self, file: OpenFile) -> Iterator[Step]:
        try:
            encoding = settle_encoding(file.handle, self.encoding)
            text = decoded(file.whole_bytes()[encoding.mark :], encoding.name)
            found = elements(json_text.parse(text, self.leniency), self.items)
        except (RefusedJsonError, WrongEncodingError) as fault:
            yield from file.refused(fault.cause, fault.mend)
            return
        for number, value in file.not_yet_read(found):
            yield Step(_item(file.place, number, value), file.found.key, partial(file.read_whole, number + 1))
        yield file.end()


def decoded(data: bytes, encoding: str) -> str:
    """Return the text of ``data``. Raises :class:`RefusedJsonError`."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as fault:
        raise RefusedJsonError(
            f"the byte 0x{data[fault.start]:02x} at offset {fault.start} is not {encoding}",
            "Have it sent as UTF-8, or declare the encoding that it is really in",
        ) from None


def elements(document: Any, items: str | None) -> list[Any]:
    """Return the statements in ``document`` (rules 1 and 4). Raises :class:`RefusedJsonError`."""
    if items is None:
        return document if isinstance(document, list) else [document]
    found = paths.find(document, items)
    if found is paths.MISSING and paths.ends_in_an_empty_list(document, items):
        return []
    if found is paths.MISSING or found is None:
        raise RefusedJsonError(
            f"items: {items} leads to nothing in this document", "Check the path against the document"
        )
    return found if isinstance(found, list) else [found]


def _item(place: str, number: int, value: Any) -> Item:
    where = f"{place}, item {number + 1}"
    try:
        return Said(where, JsonBody(object_of(value)), number)
    except RefusedJsonError as fault:
        raw = json.dumps(value).encode()[:RAW_LIMIT]
        return Unreadable(where, fault.cause, fault.mend, number, raw)
