"""What can go wrong at the gate, other than a refusal: a refusal is an answer, not an error."""

from __future__ import annotations


class GateError(ValueError):
    """A request that cannot be put, because it has no meaning; the message says how to put it."""


class EmptySearchError(GateError):
    """A search that says nothing of whom it looks for."""


class UncompilableError(GateError):
    """A verdict that has no query: a refusal, or something in the agreement that no rule here covers."""
