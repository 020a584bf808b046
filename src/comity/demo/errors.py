"""What can go wrong with a chain that is to be demonstrated."""

from __future__ import annotations


class ChainError(ValueError):
    """A chain cannot be loaded; the message says what is missing and what to do about it."""
