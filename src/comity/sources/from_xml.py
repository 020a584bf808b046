"""XML documents: a message, or many in one.

Rules:

1. Safe first (:mod:`comity.sources.safe_xml`): no entities, no network, no document type.
2. ``each`` is an XPath, from the document, to the elements that are the statements; without it the document is one.
   Each statement stands alone: it is the element with the namespaces in scope, without what is around it. A value that
   all of them share has to be reached by repeating within one statement instead (``for_each`` of a mapping).
3. ``//name`` is read as a stream: a document of any size. Any other XPath needs the whole document.
4. A document that breaks off has what stood before the break read, and the break told; sent again, it is read again.
5. A leniency is declared, never assumed. ``leading-comment`` passes over comments and space before the XML declaration
   (XML 1.0, section 2.8, allows nothing there); ``capital-declaration`` over a declaration written ``<?XML``.
6. ``each`` that finds nothing in a document that does hold elements is told: it must not look like a quiet day.
7. ``unwrap`` is an XPath to elements whose text is an XML document of its own, as in an envelope around a message. Its
   content is put in the text's place, read as safely as the envelope; paths then reach both.
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
CAPITAL_DECLARATION = "capital-declaration"

_BEFORE_DECLARATION = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:\s|<!--.*?-->)+(?=<\?xml\s)", re.DOTALL)
_CAPITALS = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<\?(?!xml\s)[xX][mM][lL]\s[^?]*\?>\s*")
_BEGINNING = 65_536  # where what stands before the document must have ended
_SIMPLE = re.compile(r"//(?:(?P<prefix>[\w.-]+):)?(?P<name>[\w.-]+)")


@dataclass(frozen=True, slots=True)
class XmlWay:
    """How the statements are found in a document."""

    each: str | None = None
    namespaces: Mapping[str, str] = field(default_factory=dict)
    leniency: tuple[str, ...] = ()
    unwrap: str | None = None
    encoding: str | None = None

    def streamed_tag(self) -> str | None:
        """Return the tag where ``each`` is ``//name`` or ``//prefix:name``, so that it can be read as a stream."""
        match = _SIMPLE.fullmatch(self.each or "")
        if self.unwrap or not match:
            return None
        return f"{{{self.namespaces[match['prefix']]}}}{match['name']}" if match["prefix"] else match["name"]

    def nothing_found(self) -> RefusedXmlError:
        """Say that ``each`` finds nothing (rule 6)."""
        return RefusedXmlError(
            f"each: {self.each} finds nothing in this document",
            "Check the path and its namespaces: in a document with a default namespace every name needs a prefix",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlSource:
    """One or more XML documents."""

    base: Path
    path: str
    how: str
    each: str | None = None
    namespaces: Mapping[str, str] = field(default_factory=dict)
    leniency: tuple[str, ...] = ()
    unwrap: str | None = None
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
            yield from file.refused(*told(fault))
            return
        yield file.end()

    def _bodies(self, file: OpenFile) -> Iterator[Body]:
        way = XmlWay(self.each, self.namespaces, self.leniency, self.unwrap, self.encoding)
        tag = way.streamed_tag()
        if tag is None:
            yield from bodies_in(file.whole_bytes(), way)
        else:
            file.handle.seek(_content_begins(file.beginning()[:_BEGINNING], way.leniency))
            yield from _streamed(file, tag, way)


def _streamed(file: OpenFile, tag: str, way: XmlWay) -> Iterator[Body]:
    options = safe_xml.SAFE | {"encoding": way.encoding}
    events = etree.iterparse(file.handle, events=("start", "end"), tag=tag, **options)
    found = False
    try:
        for element in _ended(events):
            found = True
            yield XmlBody(safe_xml.canonical(element), way.namespaces)
    except etree.XMLSyntaxError as fault:
        raise safe_xml.not_well_formed(fault, events.error_log) from None
    root: Any = events.root
    safe_xml.refuse_doctype(root)
    if not found and len(root):
        raise way.nothing_found()


def _ended(events: Iterable[tuple[str, etree._Element]]) -> Iterator[etree._Element]:
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


def bodies_in(data: bytes, way: XmlWay) -> list[Body]:
    """Return the statements in a document. Raises :class:`RefusedXmlError` and :class:`PathError`."""
    root = safe_xml.parse(data[_content_begins(data[:_BEGINNING], way.leniency) :], way.encoding)
    if way.unwrap:
        _unwrap(root, way)
    if way.each is None:
        return [XmlBody(safe_xml.canonical(root), way.namespaces)]
    found = find_elements(root.getroottree(), way.each, way.namespaces)
    if not found and len(root):
        raise way.nothing_found()
    return [XmlBody(safe_xml.canonical(element), way.namespaces) for element in found]


def _unwrap(root: etree._Element, way: XmlWay) -> None:
    """Put the XML that the texts of some elements hold in their place (rule 7)."""
    wrappers = find_elements(root.getroottree(), way.unwrap or "", way.namespaces)
    if not wrappers:
        raise RefusedXmlError(f"unwrap: {way.unwrap} finds nothing in this document", "Check the path")
    for wrapper in wrappers:
        wrapped = (wrapper.text or "").strip().encode()
        if not wrapped or len(wrapper):
            continue  # empty, or sent as elements after all
        try:
            content = safe_xml.parse(wrapped[_content_begins(wrapped[:_BEGINNING], way.leniency) :], "utf-8")
        except RefusedXmlError as fault:
            raise RefusedXmlError(f"within {way.unwrap}: {fault.cause}", fault.mend) from None
        wrapper.text = None
        wrapper.append(content)


def _content_begins(beginning: bytes, leniency: Iterable[str]) -> int:
    """Return how many bytes may be passed over (rule 5). Raises :class:`RefusedXmlError`."""
    for name, pattern, cause in (
        (LEADING_COMMENT, _BEFORE_DECLARATION, "a comment or space stands before the XML declaration"),
        (CAPITAL_DECLARATION, _CAPITALS, "the XML declaration is written in capitals"),
    ):
        match = pattern.match(beginning)
        if match and name in leniency:
            return match.end()
        if match:
            line = match[0].rstrip().count(b"\n") + 1
            mend = f"Have the sending system write it as XML requires, or set leniency: [{name}]"
            raise RefusedXmlError(f"{cause} (up to line {line})", mend)
    return 0


def told(fault: RefusedXmlError | PathError) -> tuple[str, str]:
    """Return the cause and the mend of a fault of a document."""
    if isinstance(fault, RefusedXmlError):
        return fault.cause, fault.mend
    return str(fault).rstrip("."), "Mend the path in the mapping"
