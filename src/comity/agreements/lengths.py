"""Lengths of time as an agreement writes them (ISO 8601: years, months, weeks, days), counted on the calendar. Pure."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from comity.agreements.meaning import day
from comity.agreements.models import Today, Unit

_UNITS: Final = {"Y": Unit.YEARS, "M": Unit.MONTHS, "W": Unit.WEEKS, "D": Unit.DAYS}


def end_of(length: str, start: date) -> date:
    """Return the day on which a length of time ends; the last that there is, if it is beyond that."""
    end = start
    try:
        for count, unit in re.findall(r"(\d+)([YMWD])", length):
            end = day(Today(int(count), _UNITS[unit]), end)
    except (OverflowError, ValueError):
        return date.max
    return end
