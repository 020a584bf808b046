"""Set a document as tagged PDF (PDF/UA-1, ISO 14289-1) with Typst.

Rules:

1. **Text is data.** A template is a file of ours; whatever people wrote reaches it as JSON in a file that exists in
   memory alone, and is set as text. No text is ever put into a template, so that none can be a command.
2. **Closed.** The document can read its templates and what is handed in, and nothing else of this machine; it uses the
   typefaces that come with Typst, and none of the system's.
3. **Nothing is lost unseen.** A sign that no typeface has, or that nobody could see, stands as its number: [U+4E2D].
4. **The same input gives the same bytes.** The moment of making is the day that is handed in.
5. A document that is not accessible as PDF/UA-1 demands is not made: Typst refuses, and that is an error of ours.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

PAPER: Final = "application/pdf"
_STANDARD: Final = "ua-1"
_TEMPLATES: Final = Path(__file__).parent  # all of this machine that a document can read
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})  # Unicode's general categories that show nothing
_REMEMBERED_SIGNS: Final = 4_096
_REMEMBERED: Final = 32  # documents of some 50 kB: a page that many people open is set once


def pdf(template: str, data: Mapping[str, Any], on: date, pictures: Mapping[str, str] | None = None) -> bytes:
    """Return ``data`` set by ``template``, as of the day ``on``; ``pictures`` are SVGs, by the names of their files."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True)
    drawn = tuple(sorted((pictures or {}).items()))
    return _set(template, text, on, drawn)


@lru_cache(maxsize=_REMEMBERED)
def _set(template: str, text: str, on: date, pictures: tuple[tuple[str, str], ...]) -> bytes:
    from typst import TypstError

    def made(show: Any) -> bytes:
        files = {name: show(picture).encode() for name, picture in pictures}
        files |= {"data.json": json.dumps(_each(json.loads(text), show)).encode()}
        return _compile(template, files, on)

    try:
        return made(printable)
    except TypstError as error:
        if "could not be displayed" not in error.message:
            raise
    # Each sign has a typeface, but no one typeface has them all as they stand together: an accent on a letter of
    # another script.
    return made(plain)


def _compile(template: str, files: Mapping[str, bytes], on: date) -> bytes:
    import typst

    main = {"main.typ": str(_TEMPLATES / f"{template}.typ"), "house.typ": str(_TEMPLATES / "house.typ")}
    together: Any = {**main, **files}  # its types know of one file only
    made = typst.compile(
        together,
        root=str(_TEMPLATES),
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards=[_STANDARD],
        timestamp=datetime.combine(on, time(), UTC),
    )
    return bytes(made)


def printable(text: str) -> str:
    """Return ``text`` with each sign that cannot be shown as its number."""
    return "".join(sign if _shows(sign) else _number(sign) for sign in _spaced(text))


def plain(text: str) -> str:
    """Return ``text`` with each sign that is not of the Latin script, nor ASCII, as its number."""
    return "".join(sign if _latin(sign) and _shows(sign) else _number(sign) for sign in _spaced(text))


def _spaced(text: str) -> str:
    """Return ``text`` with its lines ended in one way, and tabs as the spaces that they are seen as."""
    return text.replace("\r\n", "\n").replace("\t", " ")


def _latin(sign: str) -> bool:
    return sign.isascii() or unicodedata.name(sign, "").startswith("LATIN ")


def _number(sign: str) -> str:
    return f"[U+{ord(sign):04X}]"


@lru_cache(maxsize=_REMEMBERED_SIGNS)
def _shows(sign: str) -> bool:
    """Return whether a typeface has a sign. Typst itself is asked: only it knows what it brings."""
    if " " <= sign <= "~" or sign == "\n":
        return True
    if unicodedata.category(sign) in _HIDDEN:
        return False
    from typst import TypstError

    try:
        _compile("sign", {"data.json": json.dumps(sign).encode()}, date(2000, 1, 1))
    except TypstError:
        return False
    return True


def _each(value: Any, show: Any) -> Any:
    """Return a tree of data with ``show`` done to each of its texts; the names stay."""
    if isinstance(value, str):
        return show(value)
    if isinstance(value, list):
        return [_each(each, show) for each in value]
    return {name: _each(each, show) for name, each in value.items()} if isinstance(value, dict) else value


def size_of(svg: str) -> tuple[int, int]:
    """Return a picture's width and height in pixels, as its first element says."""
    found = re.search(r'width="(\d+)" height="(\d+)"', svg)
    if found is None:
        raise RuntimeError("the picture does not say how large it is")
    return int(found[1]), int(found[2])
