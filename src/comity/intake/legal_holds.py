"""Legal holds: what must not be erased, whoever asks, until somebody lifts it.

Rules:

1. A hold is upon a person, a case, or what stands under one source key. A person is every source person that was one
   when it was set, and whoever is one with them since; a case, the same case in each agency's books.
2. A hold beats retention and every request to erase. It keeps nothing from being corrected or withdrawn: what a source
   said before is kept, sealed.
3. A hold that was set keeps all that was there then: who sets one waits for whoever is erasing, and who erases looks
   for holds (:func:`against`) in the same transaction.
4. Setting and lifting say who and why, have a day on which it is looked at again, and are entries of the ledger, which
   names no person.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import rfc8785
from psycopg import sql

from comity.intake.errors import IntakeError
from comity.intake.store import KEEPING, Connection, ids
from comity.ledger import Entry, append, commitment
from comity.ledger.entry import SALT_SIZE

MOST_REASON: Final = 500
IN_A_CASE: Final = (
    "involvement", "charge", "hearing", "order", "custody", "supervision", "assessment", "contact", "document",
)  # fmt: skip
"""The record types whose field ``case`` says in which case they stand."""


class HoldError(IntakeError):
    """A hold cannot be set or lifted as asked; the text says why and names nobody."""


@dataclass(frozen=True, slots=True)
class Upon:
    """What a hold is upon: a person or one of their source persons, a case's record, or a source key."""

    person: UUID | None = None
    case: UUID | None = None
    source: str | None = None
    source_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LegalHold:
    """A hold, as whoever keeps the records may see it; ``lifted_at`` is None while it stands."""

    hold: UUID
    agency: str
    scope: str
    people: frozenset[UUID]
    persons: frozenset[UUID]
    cases: frozenset[UUID]
    source: str | None
    source_key: str | None = field(repr=False)
    reason: str
    set_by: str
    set_at: datetime
    review_by: date
    lifted_at: datetime | None = None
    lifted_by: str | None = None
    why_lifted: str | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """What a statement is about, as far as a hold asks: people (and who they are now), cases, its source key."""

    people: frozenset[UUID]
    persons: frozenset[UUID]
    cases: frozenset[UUID]
    key: tuple[str, str] = field(repr=False)


def set_hold(
    conn: Connection, upon: Upon, *, agency: str, by: str, reason: str, review_by: date, now: datetime
) -> UUID:
    """Set a hold and return its id, with its entry in the ledger, in the caller's transaction.

    Raises :class:`HoldError` if nothing, or more than one thing, is named, if it is not here, or if it says no reason.
    """
    _check_reason(reason)
    if review_by <= now.date():
        raise HoldError("A hold is looked at again on a day that is still to come. Give a later day.")
    hold = uuid4()
    conn.execute(KEEPING.alone_with_holds)
    scope, values = _found(conn, upon)
    about = {"scope": scope, "agency": agency, "review_by": review_by.isoformat()}
    entry, salt = _enter(conn, hold, "hold-set", now, about)
    row = {"people": [], "persons": [], "cases": [], "source": None, "source_key": None, **values}
    said = {
        "hold": hold,
        "agency": agency,
        "scope": scope,
        "reason": reason,
        "by": by,
        "at": now,
        "review_by": review_by,
    }
    conn.execute(KEEPING.set_hold, {**row, **said, "entry": entry, "salt": salt})
    return hold


def lift_hold(conn: Connection, hold: UUID, *, agency: str, by: str, reason: str, now: datetime) -> None:
    """Lift a hold of this agency, with its entry, in the caller's transaction; :class:`HoldError` if none stands."""
    _check_reason(reason)
    if not any(it.hold == hold and it.agency == agency for it in holds(conn)):
        raise HoldError("No such hold stands. List those that do.")
    entry, salt = _enter(conn, hold, "hold-lifted", now, {"agency": agency})
    values = {"hold": hold, "reason": reason, "by": by, "at": now, "entry": entry, "salt": salt}
    if conn.execute(KEEPING.lift_hold, values).fetchone() is None:
        raise HoldError("No such hold stands. List those that do.")


def holds(conn: Connection, *, standing: bool = True) -> tuple[LegalHold, ...]:
    """Return the holds that stand, or with those that were lifted, the one to be looked at first first."""
    rows = conn.execute(KEEPING.holds, {"standing": standing}).fetchall()
    return tuple(LegalHold(*row[:3], *map(frozenset, row[3:6]), *row[6:]) for row in rows)


def holding(standing: Collection[LegalHold], reach: Reach) -> tuple[UUID, ...]:
    """Return which of these holds are upon something; pure."""
    return tuple(
        it.hold
        for it in standing
        if it.people & reach.people
        or it.persons & reach.persons
        or it.cases & reach.cases
        or (it.source, it.source_key) == reach.key
    )


def against(conn: Connection, statements: Collection[UUID], people: Collection[UUID]) -> tuple[UUID, ...]:
    """Return the holds that keep these statements, or these people, from being erased.

    Until the transaction ends, no other is set.
    """
    conn.execute(KEEPING.share_holds)
    standing = holds(conn)
    if not standing:
        return ()
    found = dict.fromkeys(
        each for reach in reaches(conn, list(statements), people) for each in holding(standing, reach)
    )
    return tuple(found)


def reaches(conn: Connection, statements: Collection[UUID], people: Collection[UUID] = ()) -> list[Reach]:
    """Return what each of these statements is about, and one more of these people alone."""
    concerned = set(people) | set(ids(conn, KEEPING.people_in, ids=list(statements)))
    persons: dict[UUID, UUID] = dict(conn.execute(KEEPING.persons_now, {"people": list(concerned)}).fetchall())
    cases = _cases(conn, list(statements))
    everybody = Reach(frozenset(concerned), frozenset(persons.values()), cases | frozenset(concerned), ("", ""))
    keys = conn.execute(KEEPING.keys_of, {"ids": list(statements)}).fetchall()
    return [everybody, *(Reach(frozenset(), frozenset(), frozenset(), (source, key)) for _, source, key in keys)]


def _cases(conn: Connection, statements: list[UUID]) -> frozenset[UUID]:
    """Return the cases that the rows of these statements are, or stand in."""
    found: set[UUID] = set(_ids(conn, "case", "record_id", statements))
    for name in IN_A_CASE:
        found |= {it for it in _ids(conn, name, "case", statements) if it}
    return frozenset(found)


def _ids(conn: Connection, table: str, column: str, statements: list[UUID]) -> list[UUID]:
    query = sql.SQL("select distinct {} from record.{} where statement_id = any(%s)")
    return [row[0] for row in conn.execute(query.format(sql.Identifier(column), sql.Identifier(table)), (statements,))]


def _found(conn: Connection, upon: Upon) -> tuple[str, dict[str, Any]]:
    """Return the scope of a hold and what it is upon, as it stands now; refused if it is not here."""
    one = sum(it is not None for it in (upon.person, upon.case, upon.source)) == 1
    if not one or (upon.source is None) != (upon.source_key is None):
        raise HoldError("A hold is upon one thing: a person, a case, or a source and a key. Name one.")
    if upon.person:
        rows = conn.execute(KEEPING.person_of, {"id": upon.person}).fetchall()
        found = {"persons": list({row[0] for row in rows}), "people": [row[1] for row in rows]}
        scope = "person"
    elif upon.case:
        scope, found = "case", {"cases": ids(conn, KEEPING.cases_of, id=upon.case)}
    else:
        return "key", {"source": upon.source, "source_key": upon.source_key}
    if not any(found.values()):
        raise HoldError("There is nothing here of that id. Look it up again.")
    return scope, found


def _enter(conn: Connection, hold: UUID, act: str, now: datetime, what: Mapping[str, str]) -> tuple[UUID, bytes]:
    salt = secrets.token_bytes(SALT_SIZE)
    said = rfc8785.dumps({"act": act, "hold": str(hold), **what})
    entry = Entry(
        uuid4(), now, "hold", {"act": act, "hold": str(hold), "agency": what["agency"]}, commitment(salt, said)
    )
    append(conn, [entry])
    return entry.id, salt


def _check_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > MOST_REASON:
        raise HoldError(f"Say why, in at most {MOST_REASON} characters, and name nobody.")
