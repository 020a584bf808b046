"""The keys with which the gate opens what left sealed; for whoever starts it and may not know the record itself."""

from __future__ import annotations

from comity.record import Keyring, load_or_create

__all__ = ["Keyring", "load_or_create"]
