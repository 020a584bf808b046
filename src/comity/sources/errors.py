"""What can be wrong with a source, as the person who set it up would want to read it.

Every message has three parts: the place, the cause and how to mend it. None of them ever holds a value that a source
delivered, a password or a resolved address: these messages go to logs and to screens.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comity.sources.models import SpecFault


class SourcesError(ValueError):
    """The family of everything that a person who sets up a source can mend."""


class SpecError(SourcesError):
    """The ``source:`` block of a mapping file is not one that can be opened; ``faults`` holds every reason."""

    def __init__(self, faults: Iterable[SpecFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class PathError(SourcesError):
    """A path of a mapping is not one that a body of this format can answer."""


class SourceUnavailableError(SourcesError):
    """The source as a whole cannot be read now: no such file, no such sheet, a database that refuses."""

    def __init__(self, place: str, cause: str, mend: str) -> None:
        self.place, self.cause, self.mend = place, cause, mend
        super().__init__(f"{place}: {cause}. {mend}.")
