"""What came in, at a glance: counts and random ids, for the command line. No values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from comity.intake.store import QUERIES, Connection


@dataclass(frozen=True, slots=True)
class SourceGlance:
    """One source: how many messages it delivered, how many were admitted, when it last did, how many are held."""

    source: str
    delivered: int
    admitted: int
    latest: datetime
    held: int


@dataclass(frozen=True, slots=True)
class Glance:
    """Every source, the number of records of people, and how many persons they are."""

    sources: tuple[SourceGlance, ...]
    records: int
    persons: int


def glance(conn: Connection) -> Glance:
    """Return what came in so far."""
    sources = tuple(SourceGlance(*row) for row in conn.execute(QUERIES.sources_at_a_glance))
    records, persons = conn.execute(QUERIES.people_at_a_glance).fetchall()[0]
    return Glance(sources, records, persons)


def is_known(conn: Connection, person: UUID) -> bool:
    """Return whether there is, or was before people were linked anew, a person with this id."""
    return conn.execute(QUERIES.person_is_known, {"person": person}).fetchone() is not None


def best_known(conn: Connection) -> UUID | None:
    """Return the person whom most records are about, or none."""
    row = conn.execute(QUERIES.best_known).fetchone()
    return row[0] if row else None
