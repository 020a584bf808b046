"""Messages that a system posts, one at a time. The door itself is a page; here a message becomes statements.

Rules:

1. A message is read as the spec says, by the same code as a file of its format: what comes in live and what comes in
   bulk cannot be understood differently.
2. There is nothing to pull: :meth:`HttpSource.read` yields nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from comity.sources import json_text
from comity.sources.body import Body, JsonBody
from comity.sources.errors import PathError
from comity.sources.from_json import decoded, elements
from comity.sources.from_jsonl import object_of
from comity.sources.from_xml import XmlWay, bodies_in, told
from comity.sources.json_text import RefusedJsonError
from comity.sources.models import RAW_LIMIT, Batch, Item, Said, Unreadable
from comity.sources.safe_xml import RefusedXmlError

Format = Literal["json", "xml"]

_UTF8_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSource:
    """A door at which a system posts its messages."""

    format: Format = "json"
    items: str | None = None
    each: str | None = None
    namespaces: Mapping[str, str] = field(default_factory=dict)
    leniency: tuple[str, ...] = ()
    unwrap: str | None = None

    @property
    def name(self) -> str:
        """What places call it."""
        return "message"

    def read(self, cursor: str | None, size: int) -> Iterator[Batch]:  # noqa: ARG002 the protocol's
        """Yield nothing (rule 2)."""
        return iter(())

    def message(self, data: bytes) -> Batch:
        """Return what a posted message says, as one batch; its cursor is empty."""
        if self.format == "json":
            return Batch(tuple(_json_items(data, self.items, self.leniency)), "")
        way = XmlWay(self.each, self.namespaces, self.leniency, self.unwrap)
        return Batch(tuple(_xml_items(data, way)), "")


def said_from_message(format: Format, data: bytes, namespaces: Mapping[str, str] | None = None) -> Item:  # noqa: A002 the word of the field
    """Return what a posted message that is one statement says: a :class:`Said`, or an :class:`Unreadable`."""
    if format == "json":
        return _json_item(data)
    return next(_xml_items(data, XmlWay(None, namespaces or {})))


def _json_item(data: bytes) -> Item:
    try:
        return Said("message", JsonBody(object_of(_parsed(data, ()))), 0)
    except RefusedJsonError as fault:
        return _unreadable(fault.cause, fault.mend, data)


def _parsed(data: bytes, leniency: tuple[str, ...]) -> Any:
    return json_text.parse(decoded(data.removeprefix(_UTF8_MARK), "utf-8"), leniency)


def _json_items(data: bytes, items: str | None, leniency: tuple[str, ...]) -> Iterator[Item]:
    try:
        found = elements(_parsed(data, leniency), items)
    except RefusedJsonError as fault:
        yield _unreadable(fault.cause, fault.mend, data)
        return
    for number, value in enumerate(found):
        try:
            yield Said(_place(number, len(found)), JsonBody(object_of(value)), number)
        except RefusedJsonError as fault:
            yield Unreadable(
                _place(number, len(found)), fault.cause, fault.mend, number, json.dumps(value).encode()[:RAW_LIMIT]
            )


def _xml_items(data: bytes, way: XmlWay) -> Iterator[Item]:
    try:
        found: list[Body] = bodies_in(data, way)
    except (RefusedXmlError, PathError) as fault:
        yield _unreadable(*told(fault), data)
        return
    for number, body in enumerate(found):
        yield Said(_place(number, len(found)), body, number)


def _place(number: int, count: int) -> str:
    return "message" if count == 1 else f"message, item {number + 1}"


def _unreadable(cause: str, mend: str, data: bytes) -> Unreadable:
    return Unreadable("message", cause, mend, 0, data[:RAW_LIMIT])
