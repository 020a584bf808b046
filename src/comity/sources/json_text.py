"""JSON from outside, read strictly: what is ambiguous is refused, so that nobody downstream reads it another way.

Rules (RFC 8259, and RFC 7493, I-JSON, for what it leaves open):

1. No name twice in one object (RFC 7493, 2.3): two readers would each pick another value. Where the leniency
   ``repeated-names`` is declared, the values of such a name become a list, so that none is lost.
2. No NaN or Infinity, and no number too large to be one (RFC 8259, 6).
3. No lone surrogate and no NUL in a text: neither can be stored.
4. Not more than :data:`MAX_DEPTH` levels deep.
5. What is wrong is said without quoting what was sent.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Container
from typing import Any

#: Levels of nesting. The deepest justice message known to us (Common Platform hearing results) has 12. 2026-11.
MAX_DEPTH = 100

REPEATED_NAMES = "repeated-names"

# Escapes that need a closer look: NUL and surrogates, which may be half a pair.
_SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})|\x00")


class RefusedJsonError(ValueError):
    """The text is not JSON that may be read. ``cause`` and ``mend`` hold none of its content."""

    def __init__(self, cause: str, mend: str) -> None:
        self.cause, self.mend = cause, mend
        super().__init__(f"{cause}. {mend}.")


def parse(text: str, leniency: Container[str] = ()) -> Any:
    """Return what ``text`` holds. Raises :class:`RefusedJsonError`."""
    try:
        value = (_LENIENT if REPEATED_NAMES in leniency else _STRICT).decode(text)
    except json.JSONDecodeError as fault:
        raise _malformed(fault) from None
    except RecursionError:
        raise _too_deep() from None
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _refuse_depth(value)
    if _SUSPECT.search(text):
        _refuse_unstorable(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RefusedJsonError(
            "one object has the same name twice, so that it can be read in two ways",
            f"Have the sending system write each name once, or set leniency: [{REPEATED_NAMES}] to get a list",
        )
    return found


def _object_with_lists(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    values: dict[str, list[Any]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: each if len(each) > 1 else each[0] for name, each in values.items()}


def _number(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _not_a_number()
    return number


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # more digits than sys.get_int_max_str_digits(): a known way to keep a server busy
        raise _not_a_number() from None


def _constant(_: str) -> Any:
    raise _not_a_number()


_NUMBERS: dict[str, Any] = {"parse_float": _number, "parse_int": _integer, "parse_constant": _constant}
_STRICT = json.JSONDecoder(object_pairs_hook=_object, **_NUMBERS)
_LENIENT = json.JSONDecoder(object_pairs_hook=_object_with_lists, **_NUMBERS)


def _refuse_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for each in level for inner in _inner(each) if isinstance(inner, dict | list)]
        if not level:
            return
    raise _too_deep()


def _refuse_unstorable(value: Any) -> None:
    texts = [value]
    while texts:
        each = texts.pop()
        if isinstance(each, str) and not storable(each):
            raise RefusedJsonError(
                "a text holds a NUL character or half a surrogate pair, which is not a character",
                "Have the sending system leave it out",
            )
        texts.extend(_inner(each))
        texts.extend(each if isinstance(each, dict) else ())


def _inner(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def storable(text: str) -> bool:
    """Tell whether ``text`` can be stored: no NUL and nothing that UTF-8 cannot write."""
    if "\x00" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _malformed(fault: json.JSONDecodeError) -> RefusedJsonError:
    what = fault.msg[0].lower() + fault.msg[1:]
    line = f"line {fault.lineno}, " if "\n" in fault.doc else ""
    return RefusedJsonError(
        f"not JSON at {line}column {fault.colno}: {what}",
        "Have the sending system mend it, and look whether it was cut off",
    )


def _too_deep() -> RefusedJsonError:
    return RefusedJsonError(f"nested more than {MAX_DEPTH} levels deep", "Have the sending system send it flatter")


def _not_a_number() -> RefusedJsonError:
    return RefusedJsonError(
        "a number is NaN, infinite or too large to be one",
        "Have the sending system send null, or the number as a text",
    )
