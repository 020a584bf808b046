"""What can go wrong at the gate, other than a refusal: a refusal is an answer, not an error."""

from __future__ import annotations


class GateError(ValueError):
    """A request that cannot be put, because it has no meaning; the message says how to put it."""


class EmptySearchError(GateError):
    """A search that says nothing of whom it looks for."""


class UncompilableError(GateError):
    """A verdict that has no query: a refusal, or something in the agreement that no rule here covers."""


class ReviewError(GateError):
    """An act upon a review that cannot be done; the message says what to do instead."""


class NoSuchReviewError(ReviewError):
    """There is no such review, or it is not this reader's to do: the two look alike."""

    def __init__(self) -> None:
        super().__init__("There is no such review for you to do. Look in your list of open reviews.")


class AlreadyReviewedError(ReviewError):
    """The review was closed before, and stays as it was."""

    def __init__(self) -> None:
        super().__init__("This was reviewed already, and that stays. Look in the list of what was reviewed.")


class OwnRequestError(ReviewError):
    """Whoever asked does not judge whether it was right."""

    def __init__(self) -> None:
        super().__init__("You made this request, so somebody else reviews it. Ask a colleague with the same role.")
