"""How a statistic is written in one line, for the command line, forms and addresses of programs. Pure.

- a category: ``record.field``, then perhaps ``:form``, then perhaps ``=`` and its values with commas between:
  ``charge.charged_on:year=2024..2026``, ``person.sex=male,female``;
- a quantity: a field and its bounds, or two dates and the bounds of the days between them: ``score=0..100``,
  ``charged_on..disposed_on=0..400``.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Final

from comity.gate.errors import GateError
from comity.gate.models import Category, Quantity

_NAME: Final = "[a-z_]{1,40}"
_CATEGORY: Final = re.compile(rf"({_NAME})\.({_NAME})(?::([a-z-]{{1,20}}))?(?:=(.+))?")
_QUANTITY: Final = re.compile(rf"(?:({_NAME})\.\.)?({_NAME})=(-?[0-9]{{1,9}})\.\.(-?[0-9]{{1,9}})")


def category(text: str) -> Category:
    """Return the category that is written; :class:`GateError` if it is none."""
    found = _CATEGORY.fullmatch(text.strip())
    if found is None:
        raise GateError(
            "This is no field to count by. Write record.field, then :form and =values if need be, e.g. "
            "charge.charged_on:year=2024..2026."
        )
    values = tuple(it.strip() for it in found[4].split(",")) if found[4] else ()
    return Category(found[1], found[2], found[3] or "", values)


def quantity(text: str) -> Quantity:
    """Return the quantity that is written; :class:`GateError` if it is none."""
    found = _QUANTITY.fullmatch(text.strip())
    if found is None:
        raise GateError(
            "This is nothing to add up. Write a field with its bounds, e.g. score=0..100, or two dates with the bounds "
            "of the days between them, e.g. charged_on..disposed_on=0..400."
        )
    return Quantity(found[2], int(found[3]), int(found[4]), found[1])


def epsilon(text: str) -> Decimal | None:
    """Return how much is to be spent, ``None`` for what is usual; :class:`GateError` if it is no number."""
    if not text.strip():
        return None
    try:
        return Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        raise GateError("What to spend of the budget is a number, e.g. 0.1.") from None
