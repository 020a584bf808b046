"""What can be wrong with an assessment beyond its text; each message says what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from comity.agreements.assessment.complete import Point
from comity.agreements.errors import AgreementError


class IncompleteError(AgreementError):
    """Something is open that must not be; all of it is in :attr:`points`, and in the message, a line each."""

    def __init__(self, what: str, points: Sequence[Point]) -> None:
        self.points = tuple(points)
        super().__init__("\n".join([what, *(f"  {point}" for point in points)]))
