"""The log as a *logboek dataverwerkingen* (Logius), for an organisation's own overseer to read with a program.

Rules:

1. A disclosure is one action of one trace: the trace is the entry's id, of sixteen bytes as the standard asks; the
   action's id is the last eight of them, which are as random.
2. An agency reads what its staff was shown, and what left under agreements by which it provides; never anything else.
3. Whose data it was is a pseudonym of that agency's own, for this log alone: the same person has the same one each
   time, and another agency's is another. A search, a case, an extract and a statistic are of nobody in particular, and
   name none.
4. A use that the person concerned may not yet be told of says until when: whoever shows the log to people leaves it
   out.
5. That the log was read is a consultation, with its entry in the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from comity.agreements.telling_later import told_from
from comity.gate.log import Connection, digest_of, refuse_open_transaction, remember, told_later
from comity.gate.pseudonyms import OF_PERSON, key_for, pseudonym
from comity.store import load_queries

PURPOSE: Final = "logboek-dataverwerkingen"
"""For what the pseudonyms in the log are."""
MOST: Final = 1_000
"""Actions of one answer: the standard has no pages, and asks for as exact a question as can be."""
_QUERIES: Final = load_queries("comity.gate", "logbook.sql")


class TooManyError(ValueError):
    """A question that more actions answer than one answer holds."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which actions are looked for: those of which all that is given holds."""

    trace: UUID | None = None
    agreement: tuple[str, int] | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One use of data, as the log of an agency has it."""

    trace: UUID
    at: datetime
    act: str
    agreement: str
    version: int
    agency: str  # whose staff it was
    subject: str | None
    confidential_until: datetime | None

    @property
    def span(self) -> str:
        """Return the id of the action: sixteen hexadecimal digits."""
        return self.trace.bytes[8:].hex()


async def logbook(
    conn: Connection, agency: str, wanted: Wanted, now: datetime, *, by: str, master: bytes
) -> tuple[Action, ...]:
    """Return the actions that an agency may see of those that are looked for, latest first.

    ``master`` is the node's key for pseudonyms. Raises :class:`TooManyError`. The caller has made sure that ``by``
    oversees the agency; that it was read is committed before this returns.
    """
    refuse_open_transaction(conn)
    key = key_for(master, agency, PURPOSE)
    async with conn.transaction():
        persons = None
        if wanted.subject is not None:
            every = await (await conn.execute(_QUERIES.persons)).fetchall()
            persons = [row[0] for row in every if str(pseudonym(key, OF_PERSON, row[0])) == wanted.subject]
        name, version = wanted.agreement or (None, None)
        asked = {
            "agency": agency, "trace": wanted.trace, "agreement": name, "version": version, "persons": persons,
            "since": wanted.since, "until": wanted.until, "limit": MOST + 1,
        }  # fmt: skip
        rows = await (await conn.execute(_QUERIES.entries, asked)).fetchall()
        if len(rows) > MOST:
            raise TooManyError
        ids = [row[0] for row in rows]
        later = await told_later(conn, ids)
        await remember(conn, "logbook", None, by, now, digest_of(ids))
    return tuple(_action(row, key, later.get((row[3], row[4])), now) for row in rows)


def _action(row: Sequence[object], key: bytes, length: str | None, now: datetime) -> Action:
    identity, at, act, agreement, version, person, agency = row
    until = told_from(at, length) if length and isinstance(at, datetime) else None
    subject = str(pseudonym(key, OF_PERSON, person)) if isinstance(person, UUID) else None
    hidden = until if until and now < until else None
    return Action(identity, at, act, agreement, version, agency, subject, hidden)  # type: ignore[arg-type]  # as selected
