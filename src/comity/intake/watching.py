"""How good linking is, for pages and commands: counts, and samples of links that people look at. It names nobody.

Drawing a sample and its entry in the ledger commit together. The entry names the sample's random id, and nobody; it
commits to who drew it.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID, uuid4

import rfc8785
from psycopg.types.json import Jsonb

from comity.intake.store import QUERIES, Connection
from comity.ledger import Entry, append, commitment
from comity.ledger.entry import SALT_SIZE
from comity.people import sampling
from comity.people.drift import Drift, Drifted
from comity.people.errors import UnknownSampleError
from comity.people.evaluate import Evaluation, from_json
from comity.people.quality import AGES, Quality, quality
from comity.people.sampling import SAID, Sample, Sampled

__all__ = [
    "AGES",
    "SAID",
    "Drift",
    "Drifted",
    "Evaluation",
    "Quality",
    "Sample",
    "Sampled",
    "UnknownSampleError",
    "answer",
    "draw",
    "from_json",
    "next_of",
    "of",
    "quality",
]


def draw(conn: Connection, size: int, now: datetime, *, by: str) -> UUID:
    """Draw a sample of about ``size`` links; return its id. ``by`` is an opaque staff id."""
    with conn.transaction():
        sample = sampling.draw(conn, size, by=by, at=now)
        salt, context = secrets.token_bytes(SALT_SIZE), {"act": "sample", "decision": str(sample)}
        what = {**context, "at": now.isoformat(), "by": by}
        entry = Entry(uuid4(), now, "consultation", context, commitment(salt, rfc8785.dumps(what)))
        conn.execute(QUERIES.keep_decision, {"entry": entry.id, "now": now, "what": Jsonb(what), "salt": salt})
        append(conn, [entry])
    return sample


def next_of(conn: Connection, sample: UUID) -> Sampled | None:
    """Return the next pair that nobody has looked at: ids alone. Raises UnknownSampleError (a LookupError)."""
    return sampling.next_of(conn, sample)


def of(conn: Connection, sample: UUID) -> Sample:
    """Return a sample, and the precision that follows from it. Raises UnknownSampleError (a LookupError)."""
    return sampling.of(conn, sample)


def answer(conn: Connection, sample: UUID, place: int, said: str, now: datetime, *, by: str) -> None:
    """Keep what somebody says of a pair. It decides nothing. Raises UnknownSampleError (a LookupError)."""
    with conn.transaction():
        sampling.answer(conn, sample, place, said, by=by, at=now)
