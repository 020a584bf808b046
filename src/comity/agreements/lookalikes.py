"""Texts in a condition that equal nothing of what they look like; an unequal one would then release everything. Pure.

1. Nothing invisible stands in them: a party signs what it sees.
2. Letters and their marks are one character where Unicode has one (NFC), as records hold them.
3. A word is of one script: the Cyrillic \u0430 is not the Latin a, though no eye can tell.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from comity.agreements.reading import hidden
from comity.vocabulary.models import Label

#: Scripts whose letters are taken for one another (Unicode Technical Standard 39, section 4), by the names of letters.
CONFUSABLE: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})

_WORD: Final = re.compile(r"[^\W\d_]+")


def deception(text: str) -> Label | None:
    """Return how ``text`` looks like something that it does not equal; ``None`` if it does not."""
    if next(hidden(text), None) is not None:
        return Label("holds a character that nobody sees", "bevat een teken dat niemand ziet")
    if unicodedata.normalize("NFC", text) != text:
        return Label("has marks apart from their letters", "heeft accenten los van hun letters")
    if any(len(_scripts(word)) > 1 for word in _WORD.findall(text)):
        return Label(
            "mixes letters of several scripts that look alike in one word",
            "mengt in één woord letters van verschillende schriften die op elkaar lijken",
        )
    return None


def _scripts(word: str) -> set[str]:
    return {unicodedata.name(letter, "").partition(" ")[0] for letter in word} & CONFUSABLE
