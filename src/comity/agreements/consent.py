"""Consent, where an agreement asks for it: what somebody answered, and when an answer lets data leave. Pure.

Rules:

1. Nothing leaves about somebody who was not asked. The last answer counts; each stays, with its entry in the ledger.
2. ``required``: only *given* lets data leave. ``asked``: so does *refused*, with the reason to go on all the same.
3. Whoever withdraws has not consented, and nobody has yet said why to go on: nothing leaves until somebody does.
4. An answer is about one agreement, in whichever version: a new version that asks for more needs a name of its own, or
   people to be asked again.
5. Any party may record an answer. The entry names the agreement and the agency; who answered, what and why is committed
   to, and stays here.

Consent is no lawful basis for what an authority does in its task (LED recital 35): it is a safeguard beside one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Answer(StrEnum):
    """What somebody answered who was asked, or who thought better of it."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


#: What an agreement says of consent -> the answers that let data leave (rule 2); ``None``: nobody is asked.
LETS_LEAVE: Final[Mapping[str, tuple[Answer, ...] | None]] = MappingProxyType(
    {"not-required": None, "asked": (Answer.GIVEN, Answer.REFUSED), "required": (Answer.GIVEN,)}
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One answer, as a member of an agency's staff (an opaque id) records it."""

    answer: Answer
    agency: str
    by: str
    at: datetime
    reason: str = ""
