"""What can go wrong on the way in. Each is *theirs*: expected, explained, and it says what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comity.intake.models import Mistake


class IntakeError(ValueError):
    """Something that intake was given cannot be used as it is."""


class MappingError(IntakeError):
    """A mapping file has mistakes; ``mistakes`` holds every one, with its line and how to mend it."""

    def __init__(self, name: str, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join([f"{name} cannot be used yet:", *(str(mistake) for mistake in self.mistakes)]))
