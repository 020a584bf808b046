"""Regular expressions that cannot hang the way in.

Rules:

1. No repetition of a group that itself repeats or chooses: ``(a+)+`` and ``(a|aa)*`` take time that doubles with each
   character.
2. At most three open repetitions, over at most 256 characters (``grammar``): what is left is a small polynomial.
3. No look-around, back-reference or condition: none is needed to take a part out of a text.
"""

from __future__ import annotations

import re
from functools import lru_cache

from comity.intake.grammar import MAX_OPEN_REPETITIONS

_SMALL = 32  # {n,m} up to this many is not an open repetition
_COUNT = re.compile(r"\{(\d*)(,?)(\d*)\}")


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern that :func:`why_not` found nothing against."""
    return re.compile(pattern)


def why_not(pattern: str) -> str | None:
    """Return why this expression is refused, in words; ``None`` if it is fine."""
    try:
        groups = re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        return f"It is not a regular expression: {error}."
    if groups > 1:
        return "It has more than one group; mark the one part to keep, and write the others as (?:...)."
    return _Walk(pattern).refusal()


class _Walk:
    """One pass over a pattern that compiles, keeping for each open group whether it repeats or chooses."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.open = 0
        self.busy = [False]

    def refusal(self) -> str | None:
        while self.at < len(self.pattern):
            atom_is_busy, why = self._atom()
            why = why or self._repetition(atom_is_busy)
            if why:
                return why
        if self.open > MAX_OPEN_REPETITIONS:
            return f"It has more than {MAX_OPEN_REPETITIONS} open repetitions (* or +)."
        return None

    def _atom(self) -> tuple[bool, str | None]:
        letter = self.pattern[self.at]
        self.at += 1
        if letter == "\\":
            return False, self._escape()
        if letter == "[":
            self._skip_class()
        elif letter == "(":
            return False, self._begin_group()
        elif letter == ")":
            return self.busy.pop(), None
        elif letter == "|":
            self.busy[-1] = True
        return False, None

    def _escape(self) -> str | None:
        letter = self.pattern[self.at]
        self.at += 1
        return "It refers back to a group, which can take very long." if letter in "123456789" else None

    def _skip_class(self) -> None:
        self.at += 1 + (self.pattern[self.at] == "^")  # the first character is never the end
        while self.pattern[self.at] != "]":
            self.at += 2 if self.pattern[self.at] == "\\" else 1
        self.at += 1

    def _begin_group(self) -> str | None:
        rest = self.pattern[self.at :]
        if rest.startswith("?:"):
            self.at += 2
        elif rest.startswith("?P<"):
            self.at = self.pattern.index(">", self.at) + 1
        elif rest.startswith("?"):
            return "It looks around or sets options with (?...), which is not supported; (?:...) is."
        self.busy.append(False)
        return None

    def _repetition(self, atom_is_busy: bool) -> str | None:
        size = self._repetition_size()
        if size == 0:
            if atom_is_busy:
                self.busy[-1] = True
            return None
        if atom_is_busy:
            return "It repeats a group that itself repeats or chooses, which can take for ever."
        self.busy[-1] = True
        if size > _SMALL:
            self.open += 1
        return None

    def _repetition_size(self) -> int:
        """Step over a repetition and return how often it repeats at most; 0 if there is none here."""
        size = 0
        letter = self.pattern[self.at : self.at + 1]
        if letter in {"*", "+"}:
            self.at, size = self.at + 1, _SMALL + 1
        elif letter == "?":
            self.at, size = self.at + 1, 1
        elif counted := _COUNT.match(self.pattern, self.at):
            low, comma, high = counted.groups()
            self.at = counted.end()
            size = int(high or low or 0) if high or not comma else _SMALL + 1
        if size and self.pattern[self.at : self.at + 1] in {"?", "+"}:
            self.at += 1  # lazy or possessive
        return size
