"""Typed values of workbooks and databases, as the values a body holds.

Dates and times become ISO 8601 texts (``2013-06-30``, ``2013-06-30T09:46:32``, with an offset where the value has one),
so that a body says the same when it is read from the source and when it is brought back from its bytes. Exact decimals
become texts, which keep every digit.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

_PLAIN = frozenset({str, int, bool, type(None)})


def plain(value: Any) -> Any:
    """Return ``value`` as JSON holds it. What is of no known type becomes its text."""
    if type(value) in _PLAIN:
        return value
    for type_, convert in _CONVERT.items():
        if isinstance(value, type_):
            return convert(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    return str(value)


def whole(value: float) -> int | float | str:
    """Return a workbook's number, which is always a float, as an int where it is one."""
    if not math.isfinite(value):
        return str(value)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _float(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


_CONVERT: dict[type | tuple[type, ...], Callable[[Any], Any]] = {
    (datetime, date, time): lambda value: value.isoformat(),
    timedelta: lambda value: f"PT{value.total_seconds():g}S",
    Decimal: str,
    UUID: str,
    float: _float,
    (bytes, bytearray, memoryview): lambda value: base64.b64encode(bytes(value)).decode("ascii"),
    str: str,
    int: int,
}
