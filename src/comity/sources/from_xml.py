"""XML documents: a message, or many in one.

Rules:

1. Safe first (:mod:`comity.sources.safe_xml`): no entities, no network, no document type.
2. ``each`` is an XPath, from the document, to the elements that are the statements; without it the document is one.
   Each statement stands alone: it is the element with the namespaces in scope, without what is around it. A value that
   all of them share has to be reached by repeating within one statement instead (``for_each`` of a mapping).
3. ``//name`` is read as a stream: a document of any size. Any other XPath needs the whole document.
4. A document that breaks off has what stood before the break read, and the break told; sent again, it is read again.
5. A leniency is declared, never assumed: ``leading-comment`` passes over comments and space before the XML declaration
   (XML 1.0, section 2.8, allows nothing there).
6. ``each`` that finds nothing in a document that does hold elements is told: it must not look like a quiet day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from lxml import etree

from comity.sources import safe_xml
from comity.sources.batches import Step
from comity.sources.body import Body, XmlBody, find_elements
from comity.sources.errors import PathError
from comity.sources.files import OpenFile, read_files
from comity.sources.models import Batch, Said
from comity.sources.safe_xml import RefusedXmlError

LEADING_COMMENT = "leading-comment"

_BEFORE_DECLARATION = re.compile(rb"\A(?:\xef\xbb\xbf)?((?:\s|<!--.*?-->)+)(?=<\?xml\s)", re.DOTALL)
_BEGINNING = 65_536  # where a comment before the declaration must have ended
_SIMPLE = re.compile(r"//(?:(?P<prefix>[\w.-]+):)?(?P<name>[\w.-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlSource:
    """One or more XML documents."""

    base: Path
    path: str
    how: str
    each: str | None = None
    namespaces: Mapping[str, str] = field(default_factory=dict)
    leniency: tuple[str, ...] = ()
    encoding: str | None = None

    @property
    def name(self) -> str:
        """The path as the spec writes it."""
        return self.path

    def read(self, cursor: str | None, size: int) -> Iterator[Batch]:
        """Yield the statements of the documents that are new or changed since ``cursor``."""
        return read_files(self.base, self.path, self.how, cursor, size, self._read_file)

    def _read_file(self, file: OpenFile) -> Iterator[Step]:
        try:
            for number, body in file.not_yet_read(self._bodies(file)):
                place = file.place if self.each is None else f"{file.place}, element {number + 1}"
                yield Step(Said(place, body, number), file.found.key, partial(file.read_whole, number + 1))
        except (RefusedXmlError, PathError) as fault:
            cause, mend = told(fault)
            yield from file.refused(cause, mend)
            return
        yield file.end()

    def _bodies(self, file: OpenFile) -> Iterator[Body]:
        tag = simple_tag(self.each, self.namespaces)
        if tag is None:
            yield from bodies_in(file.whole_bytes(), self.each, self.namespaces, self.leniency, self.encoding)
            return
        beginning = file.beginning()[:_BEGINNING]
        file.handle.seek(len(before_declaration(beginning, self.leniency)))
        yield from self._streamed(file, tag)

    def _streamed(self, file: OpenFile, tag: str) -> Iterator[Body]:
        options = safe_xml.SAFE | {"encoding": self.encoding}
        events = etree.iterparse(file.handle, events=("start", "end"), tag=tag, **options)
        try:
            found = False
            for element in _outermost_kept(events):
                found = True
                yield XmlBody(safe_xml.canonical(element), self.namespaces)
            root: Any = events.root
        except etree.XMLSyntaxError as fault:
            raise safe_xml.not_well_formed(fault) from None
        safe_xml.refuse_doctype(root)
        if not found and len(root):
            raise _nothing_found(self.each)


def _outermost_kept(events: Iterable[tuple[str, etree._Element]]) -> Iterator[etree._Element]:
    """Yield each element as it ends, and free what is behind it once no element of the same name is around it."""
    depth = 0
    for event, element in events:
        depth += 1 if event == "start" else -1
        if event == "start":
            safe_xml.refuse_doctype(element)
            continue
        yield element
        if depth == 0:
            _forget(element)


def _forget(element: etree._Element) -> None:
    element.clear()
    around = element.getparent()
    while around is not None and element.getprevious() is not None:
        del around[0]


def simple_tag(each: str | None, namespaces: Mapping[str, str]) -> str | None:
    """Return the tag where ``each`` is ``//name`` or ``//prefix:name``, so that it can be read as a stream."""
    match = _SIMPLE.fullmatch(each or "")
    if not match or (match["prefix"] and match["prefix"] not in namespaces):
        return None
    return f"{{{namespaces[match['prefix']]}}}{match['name']}" if match["prefix"] else match["name"]


def bodies_in(
    data: bytes,
    each: str | None,
    namespaces: Mapping[str, str],
    leniency: Iterable[str] = (),
    encoding: str | None = None,
) -> list[Body]:
    """Return the statements in a document. Raises :class:`RefusedXmlError` and :class:`PathError`."""
    root = safe_xml.parse(data[len(before_declaration(data[:_BEGINNING], leniency)) :], encoding)
    if each is None:
        return [XmlBody(safe_xml.canonical(root), namespaces)]
    found = find_elements(root.getroottree(), each, namespaces)
    if not found and len(root):
        raise _nothing_found(each)
    return [XmlBody(safe_xml.canonical(element), namespaces) for element in found]


def before_declaration(beginning: bytes, leniency: Iterable[str]) -> bytes:
    """Return what stands before the XML declaration and may be (rule 5). Raises :class:`RefusedXmlError`."""
    match = _BEFORE_DECLARATION.match(beginning)
    if match is None:
        return b""
    if LEADING_COMMENT in leniency:
        return match[0]
    line = match[0].count(b"\n") + 1
    raise RefusedXmlError(
        f"a comment or space stands before the XML declaration, which is at line {line} and has to come first",
        f"Have the sending system leave it out, or set leniency: [{LEADING_COMMENT}]",
    )


def told(fault: RefusedXmlError | PathError) -> tuple[str, str]:
    """Return the cause and the mend of a fault of a document."""
    if isinstance(fault, RefusedXmlError):
        return fault.cause, fault.mend
    return str(fault).rstrip("."), "Mend the path in the mapping"


def _nothing_found(each: str | None) -> RefusedXmlError:
    return RefusedXmlError(
        f"each: {each} finds nothing in this document",
        "Check the path and its namespaces: in a document with a default namespace every name needs a prefix",
    )
