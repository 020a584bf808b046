"""Names as people write them, from systems that write them in capitals.

Rules:

1. A word that is written in both cases is somebody's own spelling and stays (``deVries``, ``LaToya``), but for what
   follows ``Mc`` and ``O'``.
2. A particle inside a name is small (``Jan van der Berg``); at its beginning it is capital, and so is a last word.
3. ``IJ`` is one letter in Dutch: ``IJsbrand``.
"""

from __future__ import annotations

import re

PARTICLES = frozenset({
    "van", "der", "den", "de", "het", "ten", "ter", "te", "op", "in", "von", "zu", "zum", "zur", "und",
    "la", "le", "les", "du", "des", "del", "della", "di", "da", "do", "dos", "das", "el", "y", "e", "bin",
    "ben", "al",
})  # fmt: skip
"""Words between given and family names in the languages of the registers we know (Dutch, German, the Romance ones)."""

_ROMAN = frozenset({"II", "III", "IV", "VI", "VII", "VIII"})
_PIECE = re.compile(r"[^\s\-]+|[\s\-]+")
_APOSTROPHES = "'\u2019\u2018`"


def name_case(text: str) -> str:
    """Return a name in the case that people write it in: ``VAN DER BERG`` becomes ``Van der Berg``."""
    pieces = _PIECE.findall(text)
    words = [at for at, piece in enumerate(pieces) if not piece[0].isspace() and piece[0] != "-"]
    for at in words:
        inside = at not in (words[0], words[-1]) and pieces[at - 1].isspace()
        pieces[at] = _word(pieces[at], inside=inside)
    return "".join(pieces)


def _word(word: str, *, inside: bool) -> str:
    small = word.lower()
    if inside and (small in PARTICLES or small.strip(_APOSTROPHES) in {"s", "t"}):
        return small
    if word.upper() in _ROMAN and word.isupper():
        return word
    return _capital(word)


def _capital(word: str) -> str:
    for apostrophe in _APOSTROPHES:
        head, found, tail = word.partition(apostrophe)
        if found and tail and len(head) <= 1:  # O'Brien, D'Angelo; not Ma'at
            return head.upper() + apostrophe + (_capital(tail) if head else tail.lower())
    if len(word) > 3 and word[:2].lower() == "mc" and (word[2:].isupper() or word.islower()):  # noqa: PLR2004 (a name)
        return "Mc" + word[2:].capitalize()
    if not (word.isupper() or word.islower()):
        return word
    if word[:2].upper() == "IJ":
        return "IJ" + word[2:].lower()
    return word[:1].upper() + word[1:].lower()
