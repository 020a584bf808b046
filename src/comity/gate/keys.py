"""The node's keys, for whoever starts the gate: rooms above may not reach into the record for them."""

from comity.record import Keyring, load_or_create

__all__ = ["Keyring", "load_or_create"]
