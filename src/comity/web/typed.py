"""What somebody typed into a form: kept so that it can be shown again beside what is wrong with it; days read. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from comity.vocabulary.models import Label
from comity.web.errors import unusable

_NO_DAY: Final = Label("This is not a day", "Dit is geen dag")


@dataclass(frozen=True, slots=True)
class Typed:
    """What was filled in, and what is wrong with it, by the name of the field."""

    values: dict[str, str]
    faults: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """Return what was typed into a field; nothing, where nothing was."""
        return self.values.get(name, "")


def midnight(text: str, zone: str, after: int = 0) -> datetime | None:
    """Return the moment at which a day (``2026-11-22``) begins in ``zone``, or the one ``after`` days later.

    ``None`` for nothing; a page error, if it is no day.
    """
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=after), time(), ZoneInfo(zone))
    except (ValueError, OverflowError):
        raise unusable(_NO_DAY) from None
