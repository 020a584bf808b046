"""XML from outside, read without the doors that XML leaves open.

Rules (OWASP XML External Entity Prevention Cheat Sheet; CVE-2003-1564 for the billion laughs):

1. No entity is expanded, no external subset or schema is loaded, the network is never used.
2. A document type declaration is refused, whatever it declares: no justice exchange format needs one.
3. libxml2's own limits on depth and size stay on (``huge_tree`` off).
4. Comments and processing instructions are not content.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lxml import etree

#: The options of every XML parser in this room.
SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


class RefusedXmlError(ValueError):
    """The bytes are not XML that may be read. ``cause`` and ``mend`` hold none of their content."""

    def __init__(self, cause: str, mend: str) -> None:
        self.cause, self.mend = cause, mend
        super().__init__(f"{cause}. {mend}.")


def parse(data: bytes, encoding: str | None = None) -> etree._Element:
    """Return the root element of ``data``, in ``encoding`` whatever it declares. Raises :class:`RefusedXmlError`."""
    try:
        root: etree._Element = etree.fromstring(data, etree.XMLParser(encoding=encoding, **SAFE))
    except etree.XMLSyntaxError as fault:
        raise not_well_formed(fault) from None
    refuse_doctype(root)
    return root


def refuse_doctype(element: etree._Element) -> None:
    """Raise :class:`RefusedXmlError` where the document of ``element`` declares a document type (rule 2)."""
    if element.getroottree().docinfo.doctype:
        raise RefusedXmlError(
            "the document declares a document type (DOCTYPE), which could reach for other files or grow without bound",
            "Have the sending system leave the declaration out",
        )


def canonical(element: etree._Element) -> bytes:
    """Return Canonical XML 1.0 of ``element`` without comments: the namespaces in scope come along."""
    # libxml2 2.14 takes a part of a document for one whose default namespace is not declared, and undeclares it on each
    # child; a document of the element's own has no such trouble.
    alone = etree.fromstring(etree.tostring(element, with_tail=False), etree.XMLParser(**SAFE))
    return etree.tostring(alone, method="c14n", with_comments=False)


def not_well_formed(fault: etree.XMLSyntaxError, log: Iterable[etree._LogEntry] = ()) -> RefusedXmlError:
    """Say where the document breaks, by libxml2's error name: its message may quote the document."""
    line, column = fault.position
    kind = next((name for name, code in vars(etree.ErrorTypes).items() if code == fault.code), "ERR_UNKNOWN")
    if not line:  # a stream may end in an exception that says nothing, after an error that its log holds
        line, column, kind = next(
            ((e.line, e.column, e.type_name) for e in log if e.level_name != "WARNING"), (1, 1, kind)
        )
    words = kind.removeprefix("ERR_").replace("_", " ").lower()
    return RefusedXmlError(
        f"the document is not well-formed XML at line {line}, column {column} ({words})",
        "Have the sending system mend the document; nothing in it can be relied upon",
    )
