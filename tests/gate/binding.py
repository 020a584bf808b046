"""What the parameters of a compiled condition are bound to in these tests."""

from __future__ import annotations

from typing import Any

from tests.strategies import ASKER

from comity.agreements.meaning import day
from comity.agreements.models import Asker, Today
from comity.gate.conditions import Blind, Slot, Slots
from comity.record.seal import blind

from .world import NOW


def bound(slots: Slots, key: bytes = b"") -> dict[str, Any]:
    """The value of each parameter that the conditions need, on the day of these tests; ``key`` is the blind index's."""
    return {name: _bound(slot, key) for name, slot in slots.named().items()}


def _bound(slot: Slot, key: bytes) -> object:
    if isinstance(slot, Blind):
        return blind(key, slot.column, slot.text)
    if isinstance(slot, Asker):
        return ASKER[0] if slot is Asker.RECIPIENT else ASKER[1]
    return day(slot, NOW.date()) if isinstance(slot, Today) else slot.value
