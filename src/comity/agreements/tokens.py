"""The words of a condition: text in, tokens with their columns out. Knows no grammar and no vocabulary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from comity.agreements.condition_faults import END, mistake
from comity.agreements.errors import ConditionError
from comity.vocabulary.models import Label

MAX_LENGTH: Final = 4_000  # characters of one condition; the longest agreement read in drafting needs 300

KEYWORDS: Final = frozenset(
    {"and", "or", "not", "in", "between", "is", "null", "true", "false", "everyone", "exists", "of", "where"}
    | {"recipient", "requester"}
    | {"today", "within", "next", "last", "day", "days", "week", "weeks", "month", "months", "year", "years"}
)


class Kind(Enum):
    """What a token is."""

    NAME = "a name"
    KEYWORD = "a word of the language"
    TEXT = "a text in quotes"
    NUMBER = "a whole number"
    SIGN = "a sign"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Token:
    """One token; ``column`` counts from 1; a text's quotes are gone and its doubled quotes are single."""

    kind: Kind
    text: str
    column: int

    @property
    def said(self) -> Label:
        """Return what it is to whoever typed it."""
        return END if self.kind is Kind.END else Label(repr(self.text), repr(self.text))

    def __str__(self) -> str:
        return self.said.en


_PATTERN: Final = re.compile(
    r"""(?P<SPACE>[ \t\n]+)
      | (?P<NAME>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<NUMBER>[0-9]+(?![A-Za-z0-9_.]))
      | (?P<TEXT>'(?:[^']|'')*')
      | (?P<SIGN><=|>=|!=|<>|==|[=<>().,+-])""",
    re.VERBOSE,
)

# What people write out of habit, and what it is called here.
_HABITS: Final = {"<>": "!=", "==": "="}


def tokenise(text: str) -> list[Token]:
    """Return the tokens of a condition, ending in one of kind END; :class:`ConditionError` at the first bad sign."""
    if len(text) > MAX_LENGTH:
        raise mistake(MAX_LENGTH + 1, "too-long", most=MAX_LENGTH, length=len(text))
    return [*_tokens(text), Token(Kind.END, "", len(text) + 1)]


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        match = _PATTERN.match(text, at)
        if match is None:
            raise _unreadable(text, at)
        if match.lastgroup != "SPACE":
            yield _token(match)
        at = match.end()


def _token(match: re.Match[str]) -> Token:
    text, column = match.group(), match.start() + 1
    if text in _HABITS:
        raise mistake(column, "no-sign", text=text, right=_HABITS[text])
    if match.lastgroup == "TEXT":
        return Token(Kind.TEXT, text[1:-1].replace("''", "'"), column)
    if match.lastgroup == "NAME" and text.lower() in KEYWORDS:
        return Token(Kind.KEYWORD, text.lower(), column)
    return Token(Kind[str(match.lastgroup)], text, column)


def _unreadable(text: str, at: int) -> ConditionError:
    sign = text[at]
    if sign == "'":
        return mistake(at + 1, "not-closed")
    if sign == '"':
        return mistake(at + 1, "double-quotes")
    if sign.isdigit():
        return mistake(at + 1, "not-whole")
    return mistake(at + 1, "no-meaning", text=sign)
