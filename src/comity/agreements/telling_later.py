"""When the person concerned may be told of a use that an agreement keeps confidential for a time. Pure.

Rules:

1. Telling is put off, never left out: each use has a day on which it appears, from the moment of the use on.
2. The version under which it was made says how long, as it was signed; a later version changes nothing of it.
3. It is read from the signed text itself, so that it holds also when the vocabulary has moved on and the agreement as a
   whole can no longer be read.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Final

from comity.agreements.lengths import end_of

LONGEST: Final = "P1Y"
"""The longest that an agreement may put off telling: a limit of ours, for no law that we know names one, and each asks
that it be no longer than is necessary and proportionate."""
_ANY_DAY: Final = date(2000, 1, 1)  # of a leap year, so that twelve months are a year


def too_long(length: str) -> bool:
    """Whether a length of time is more than :data:`LONGEST`."""
    return end_of(length, _ANY_DAY) > end_of(LONGEST, _ANY_DAY)


def put_off_by(text: bytes) -> str | None:
    """Return for how long an agreement's canonical text puts off telling; ``None``, if it does not."""
    said = json.loads(text).get("confidential")
    return said["for"] if said else None


def told_from(used_at: datetime, length: str) -> datetime:
    """Return the moment from which the person concerned may be told of a use."""
    used = used_at.astimezone(UTC)
    return datetime.combine(end_of(length, used.date()), used.timetz())
