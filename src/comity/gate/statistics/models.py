"""The values that leave: numbers with noise and their bounds, and what is left of a budget. Pure.

Only these are kept and shown. The exact numbers that they were made from are in none of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from comity.gate.models import Measure

Number: TypeAlias = int | float


@dataclass(frozen=True, slots=True)
class Axis:
    """A field that was counted by, and its values in order; the last cell of each is the rest, ``""``."""

    record: str
    field: str
    form: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell: its values, a number, and the bounds within which the exact one lies with a chance of 95 %.

    ``rows`` is, of a mean, about how many rows it is of.
    """

    values: tuple[str, ...]
    number: Number
    low: Number
    high: Number
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """A whole answer: every cell of the table and the total, what was spent for it, and what was counted how."""

    record: str
    measure: Measure
    quantity: tuple[str, str | None, int, int] | None  # field, since, low, high
    axes: tuple[Axis, ...]
    only: tuple[Axis, ...]
    figures: tuple[Figure, ...]
    total: Figure
    most_per_person: int
    epsilon: Decimal
    delta: Decimal
    made_on: date

    def text(self) -> str:
        """Return the numbers as the one text that is kept, digested and told again."""
        return json.dumps(self.document(), separators=(",", ":"), sort_keys=True, ensure_ascii=False)

    def document(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        return {
            "axes": [_axis(it) for it in self.axes],
            "delta": f"{self.delta:f}",
            "epsilon": f"{self.epsilon:f}",
            "figures": [_figure(it) for it in self.figures],
            "made_on": self.made_on.isoformat(),
            "measure": self.measure.value,
            "most_per_person": self.most_per_person,
            "only": [_axis(it) for it in self.only],
            "quantity": list(self.quantity) if self.quantity else None,
            "record": self.record,
            "total": _figure(self.total),
        }


def from_text(text: str) -> Numbers:
    """Return the numbers that :meth:`Numbers.text` was made from."""
    found = json.loads(text)
    quantity = found["quantity"]
    return Numbers(
        found["record"],
        Measure(found["measure"]),
        (quantity[0], quantity[1], quantity[2], quantity[3]) if quantity else None,
        tuple(_axis_of(it) for it in found["axes"]),
        tuple(_axis_of(it) for it in found["only"]),
        tuple(_figure_of(it) for it in found["figures"]),
        _figure_of(found["total"]),
        found["most_per_person"],
        Decimal(found["epsilon"]),
        Decimal(found["delta"]),
        date.fromisoformat(found["made_on"]),
    )


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of an agreement's budget in the period from ``starts`` to the day before ``ends``."""

    agreement: str
    starts: date
    ends: date
    epsilon: Decimal
    delta: Decimal
    epsilon_spent: Decimal
    delta_spent: Decimal

    @property
    def left(self) -> Decimal:
        """Return what may still be spent; never below nothing."""
        return max(self.epsilon - self.epsilon_spent, Decimal(0))


@dataclass(frozen=True, slots=True)
class Told:
    """What was answered. ``spent`` is what this answer took of the budget: nothing, if it is ``again`` a kept one."""

    id: UUID
    at: datetime
    agreement: str
    version: int
    purpose: str
    agency: str
    numbers: Numbers
    spent: Decimal
    again: bool
    budget: Left
    digest: bytes


def _axis(axis: Axis) -> dict[str, Any]:
    return {"field": axis.field, "form": axis.form, "record": axis.record, "values": list(axis.values)}


def _axis_of(found: Mapping[str, Any]) -> Axis:
    return Axis(found["record"], found["field"], found["form"], tuple(found["values"]))


def _figure(figure: Figure) -> list[Any]:
    return [list(figure.values), figure.number, figure.low, figure.high, figure.rows]


def _figure_of(found: list[Any]) -> Figure:
    return Figure(tuple(found[0]), found[1], found[2], found[3], found[4])
