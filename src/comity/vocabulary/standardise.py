"""Put a value into the form in which the vocabulary compares it, without changing what it says.

Nothing is guessed: what cannot be read in exactly one way stays as it is, and
:func:`comity.vocabulary.check.check_value` says what is wrong with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final
from uuid import UUID

from comity.vocabulary.models import Field, FieldType

_ISO_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ISO_INSTANT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?", re.ASCII
)
_WHOLE: Final = re.compile(r"[+-]?\d{1,19}", re.ASCII)  # 19 digits hold every bigint
_EXACT_FLOAT: Final = 2**53  # beyond it a float no longer says which whole number it is
_TRUTH: Final = {"true": True, "false": False}


def standardise(field: Field, value: object) -> object:
    """Return the value in its field's type where it says so in exactly one way, else as it is.

    A text is trimmed, in Unicode normal form C, with line feeds for line ends, and None where nothing is left. A code
    is lower case with hyphens. ISO 8601 days and instants, digits, ``true`` and ``false`` and UUIDs are read; a float
    that is a whole number (spreadsheets have no others) becomes one.
    """
    if isinstance(value, str):
        text = _tidy(value)
        return _READ[field.type](text) if text else None
    if field.type is FieldType.INTEGER and isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _EXACT_FLOAT else value
    return value


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()


def _code(text: str) -> str:
    return re.sub(r"[\s_]+", "-", text).lower()


def _day(text: str) -> object:
    try:
        return date.fromisoformat(text) if _ISO_DAY.fullmatch(text) else text
    except ValueError:
        return text


def _instant(text: str) -> object:
    # A bare day is not an instant: midnight would be a guess.
    try:
        return datetime.fromisoformat(text) if _ISO_INSTANT.fullmatch(text) else text
    except ValueError:
        return text


def _whole(text: str) -> object:
    return int(text) if _WHOLE.fullmatch(text) else text


def _truth(text: str) -> object:
    return _TRUTH.get(text.lower(), text)


def _reference(text: str) -> object:
    try:
        return UUID(text)
    except ValueError:
        return text


_READ: Final[Mapping[FieldType, Callable[[str], object]]] = {
    FieldType.TEXT: str,
    FieldType.CODE: _code,
    FieldType.DATE: _day,
    FieldType.TIMESTAMP: _instant,
    FieldType.INTEGER: _whole,
    FieldType.BOOLEAN: _truth,
    FieldType.REFERENCE: _reference,
}
