"""References within an XML document, as NIEM writes them, followed in XPath by ``referred(...)``.

A NIEM document says a thing once, with ``structures:id``, and refers to it elsewhere by an empty element with
``structures:ref`` (NIEM Naming and Design Rules 5.0, section 12.2) or ``structures:uri="#..."``. XPath 1.0 cannot
follow that by itself. ``referred(j:Charge)/j:ChargeDescriptionText`` can: it stands for the elements that are referred
to, and for an element that refers to nothing it stands for that element, so that a path need not know which it meets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

_REFERRING = ("ref", "uri")


def referred(_context: Any, *arguments: Any) -> list[Any]:
    """Return what the elements among ``arguments`` refer to, each once, in the order in which it is referred to."""
    found: dict[Any, None] = {}
    for nodes in arguments:
        for node in nodes if isinstance(nodes, list) else []:
            if isinstance(node, etree._Element):  # noqa: SLF001 lxml's name for its element type
                found.update(dict.fromkeys(_targets(node)))
    return list(found)


def _targets(element: etree._Element) -> Iterator[etree._Element]:
    wanted = {
        word.rpartition("#")[2]
        for key, value in element.items()
        if etree.QName(key).localname in _REFERRING
        for word in value.split()
    }
    if not wanted:
        yield element
        return
    for other in element.getroottree().iter("*"):
        if other is not element and any(_is_id(key) and value in wanted for key, value in other.items()):
            yield other


def _is_id(key: str) -> bool:
    return etree.QName(key).localname == "id"
