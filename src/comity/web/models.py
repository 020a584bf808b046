"""The values of the pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from comity.gate.models import Requester


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who works at an agency, as their agency vouches for them."""

    id: str
    name: str
    agency: str
    role: str
    language: str
    demonstration: bool = False

    @property
    def requester(self) -> Requester:
        """Return who asks, as the gate knows it: an opaque id, never a name."""
        return Requester(self.agency, self.id, self.role)


@dataclass(frozen=True, slots=True)
class Citizen:
    """The person concerned, who signed in with the code of a letter."""

    person: UUID
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Errand:
    """What a colleague is here to do: under which agreement, in which case, and why. Stated before all else."""

    agreement: str
    purpose: str
    case_reference: str = ""
    justification: str = field(default="", repr=False)


Visitor = Colleague | Citizen | None
"""Who is looking: a colleague, a person concerned, or anybody."""
