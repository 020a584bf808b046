"""Many agreements that let out different fields, so that no two of them share a statement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bench.gate import SHOWN, text

_DROPPED = tuple((record, name) for record, names in SHOWN.items() for name in names[1:])  # the first one always leaves


def name_of(number: int) -> str:
    """Return the name of one of the agreements."""
    return f"bench-{number}"


def texts(now: datetime, until: int, start: int = 0) -> Iterator[str]:
    """Yield the texts of agreements ``start`` to ``until``; each leaves out another choice of the fields."""
    for number in range(start, until):
        out = {field for at, field in enumerate(_DROPPED) if number >> at & 1}
        shown = {record: tuple(it for it in names if (record, it) not in out) for record, names in SHOWN.items()}
        yield text(now, name_of(number), shown)
