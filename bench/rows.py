"""What a measurement is: one row of the table that ``make bench`` prints and saves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of ours beside the figure it is measured against, taken in turns in one run.

    ``ratio`` is ours over theirs. ``theirs`` and ``ratio`` are None where a figure stands against a goal alone.
    """

    name: str
    what: str
    ours: float
    theirs: float | None
    unit: str
    ratio: float | None
    goal: str
