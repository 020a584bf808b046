"""The body of a statement: what was said, in the shape in which it was said, answering paths whatever its format.

Rules:

1. Two formats: ``json`` (rows of tables too: an object with a value for each column) answers the paths of
   :mod:`comity.sources.paths`; ``xml`` answers XPath 1.0 with declared namespace prefixes, and
   ``referred(...)`` follows the references of NIEM (:mod:`comity.sources.niem_references`).
2. A path that finds nothing answers None; :meth:`Body.has` tells absent from null. A path that finds several answers a
   list, so that one is never silently taken for all.
3. ``../`` in a body that came from :meth:`Body.each` leads to the body around it (in XML: to the parent element).
4. :meth:`Body.canonical` gives stable bytes: equal content, equal bytes. They are all that is needed to bring the body
   back with :meth:`Body.from_verbatim`, and its answers are then the same.
5. No XML is parsed with external entities, a network or a document type (:mod:`comity.sources.safe_xml`).
"""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from lxml import etree

from comity.sources import paths, safe_xml
from comity.sources.errors import PathError
from comity.sources.niem_references import referred

Scalar: TypeAlias = str | int | float | bool | None

_FUNCTIONS: Any = {(None, "referred"): referred}
_UP = "../"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"  # XML Schema part 1, section 2.6.2


class Body(ABC):
    """What was said. Holds personal data: its repr shows none of it."""

    __slots__ = ()

    @property
    @abstractmethod
    def format(self) -> str:
        """``"json"`` or ``"xml"``; with :meth:`canonical` enough to bring the body back."""

    @abstractmethod
    def get(self, path: str) -> Any:
        """Return the value at ``path``: a scalar, a list where there are several, None where there is none.

        In JSON the value may also be an object. Raises :class:`PathError` for a path that cannot be read.
        """

    @abstractmethod
    def has(self, path: str) -> bool:
        """Tell whether ``path`` leads to anything, be it null or empty."""

    @abstractmethod
    def each(self, path: str) -> list[Body]:
        """Return a body for each thing that ``path`` finds: the elements of a list, or the one that is there."""

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Return the names at the top of the body: columns, keys, or child elements' local names."""

    @abstractmethod
    def canonical(self) -> bytes:
        """Return the stable bytes of the content, for a digest and for keeping (JSON with sorted keys; C14N 1.0)."""

    @abstractmethod
    def plain(self) -> Any:
        """Return the content as JSON would hold it; XML becomes ``{"xml": text}``."""

    def __repr__(self) -> str:
        return f"<{self.format} body>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Body):
            return NotImplemented
        return self.format == other.format and self.canonical() == other.canonical()

    def __hash__(self) -> int:
        return hash((self.format, self.canonical()))

    @staticmethod
    def from_verbatim(format: str, data: bytes, namespaces: Mapping[str, str] | None = None) -> Body:  # noqa: A002 the word of the field
        """Bring back the body whose :meth:`canonical` bytes were ``data``.

        ``namespaces`` are the prefixes of the mapping's XPaths as they are now, so that a mended mapping replays.
        Raises RuntimeError for bytes that no body ever gave.
        """
        if format == "json":
            return JsonBody(json.loads(data))
        if format == "xml":
            return XmlBody(data, namespaces)
        raise RuntimeError(f"no body has the format {format!r}")


class JsonBody(Body):
    """An object, or an element of a list in one, with the body it came from."""

    __slots__ = ("_around", "_value")

    def __init__(self, value: Any, around: JsonBody | None = None) -> None:
        self._value, self._around = value, around

    @property
    def format(self) -> str:  # noqa: D102 said by Body
        return "json"

    def _find(self, path: str) -> Any:
        if path.startswith(_UP):
            return paths.MISSING if self._around is None else self._around._find(path[len(_UP) :])  # noqa: SLF001 its own class
        return paths.find(self._value, path)

    def get(self, path: str) -> Any:  # noqa: D102 said by Body
        found = self._find(path)
        return None if found is paths.MISSING else found

    def has(self, path: str) -> bool:  # noqa: D102 said by Body
        return self._find(path) is not paths.MISSING

    def each(self, path: str) -> list[Body]:  # noqa: D102 said by Body
        found = self._find(path)
        if found is paths.MISSING or found is None:
            return []
        return [JsonBody(element, self) for element in (found if isinstance(found, list) else [found])]

    def names(self) -> tuple[str, ...]:  # noqa: D102 said by Body
        return tuple(self._value) if isinstance(self._value, dict) else ()

    def canonical(self) -> bytes:  # noqa: D102 said by Body
        # Not RFC 8785: that refuses whole numbers beyond 2**53, which case numbers may be.
        return json.dumps(self._value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")

    def plain(self) -> Any:  # noqa: D102 said by Body
        return self._value


class XmlBody(Body):
    """An element: kept as its canonical bytes, parsed when first asked, once."""

    __slots__ = ("_data", "_element", "_namespaces")

    def __init__(
        self,
        data: bytes | None,
        namespaces: Mapping[str, str] | None = None,
        element: etree._Element | None = None,
    ) -> None:
        self._data, self._element = data, element
        self._namespaces = tuple(sorted((namespaces or {}).items()))

    @property
    def format(self) -> str:  # noqa: D102 said by Body
        return "xml"

    def _root(self) -> etree._Element:
        if self._element is None:
            self._element = safe_xml.parse(self._data or b"")
        return self._element

    def _select(self, path: str) -> list[Any]:
        try:
            found = _xpath(path, self._namespaces)(self._root())
        except etree.XPathError as fault:
            raise _bad_xpath(path, str(fault)) from None
        return found if isinstance(found, list) else [found]

    def get(self, path: str) -> Any:  # noqa: D102 said by Body
        values = [_scalar(found) for found in self._select(path)]
        return values if len(values) > 1 else next(iter(values), None)

    def has(self, path: str) -> bool:  # noqa: D102 said by Body
        return bool(self._select(path))

    def each(self, path: str) -> list[Body]:  # noqa: D102 said by Body
        namespaces = dict(self._namespaces)
        return [XmlBody(None, namespaces, element) for element in find_elements(self._root(), path, namespaces)]

    def names(self) -> tuple[str, ...]:  # noqa: D102 said by Body
        return tuple(dict.fromkeys(etree.QName(child).localname for child in self._root().iterchildren("*")))

    def canonical(self) -> bytes:  # noqa: D102 said by Body
        if self._data is None:
            self._data = safe_xml.canonical(self._root())
        return self._data

    def plain(self) -> Any:  # noqa: D102 said by Body
        return {"xml": self.canonical().decode("utf-8")}


def find_elements(
    document: etree._ElementTree | etree._Element, path: str, namespaces: Mapping[str, str]
) -> list[etree._Element]:
    """Return the elements that the XPath ``path`` finds. Raises :class:`PathError`, for texts and numbers too."""
    try:
        found = _xpath(path, tuple(sorted(namespaces.items())))(document)
    except etree.XPathError as fault:
        raise _bad_xpath(path, str(fault)) from None
    if not isinstance(found, list) or any(not isinstance(each, etree._Element) for each in found):  # noqa: SLF001 lxml's name for its element type
        raise PathError(f"{path!r} leads to texts or numbers. Repeat over the elements around them.")
    return found


def check_path(format: str, path: str, namespaces: Mapping[str, str] | None = None) -> str | None:  # noqa: A002 the word of the field
    """Return what is wrong with ``path`` for bodies of this format, in words, or None; for a mapping's checker."""
    try:
        if format == "xml":
            _xpath(path, tuple(sorted((namespaces or {}).items())))(etree.Element("nothing"))
        else:
            paths.parse(_without_ups(path))
    except etree.XPathError as fault:
        return str(_bad_xpath(path, str(fault)))
    except PathError as fault:
        return str(fault)
    return None


def _without_ups(path: str) -> str:
    while path.startswith(_UP):
        path = path[len(_UP) :]
    return path


@lru_cache(maxsize=4096)
def _xpath(path: str, namespaces: tuple[tuple[str, str], ...]) -> etree.XPath:
    try:
        return etree.XPath(path, namespaces=dict(namespaces), extensions=_FUNCTIONS, regexp=False, smart_strings=False)
    except (etree.XPathError, ValueError) as fault:
        raise _bad_xpath(path, str(fault)) from None


def _bad_xpath(path: str, cause: str) -> PathError:
    if "namespace prefix" in cause:
        return PathError(f"{path!r} uses a prefix that is not declared. Add it under namespaces: in the source block.")
    return PathError(f"{path!r} is not an XPath ({cause}). XPath 1.0 is understood.")


def _scalar(found: Any) -> Scalar:
    """Turn what XPath found into a value: an element into its text, a whole number into an int."""
    if isinstance(found, etree._Element):  # noqa: SLF001 lxml's name for its element type
        if found.get(_NIL) in ("true", "1"):
            return None
        return "".join(found.itertext()).strip()
    if isinstance(found, bool):
        return found
    if isinstance(found, float):
        if not math.isfinite(found):
            return None  # XPath's number() of a text that is none
        return int(found) if found.is_integer() else found
    return str(found).strip()
