"""The values of an impact: what an agreement would let each recipient see of today's records, counted. Pure.

Rules of counting:

1. A **row** is a record, counted once however many clauses let it out, on however many people's account. It counts for
   a field if something of that field leaves in that form: a field that is empty gives nothing, nor does a text without
   a postcode as an area. A sealed value is not opened to be counted: each row that has one counts.
2. A **person** is a human being whose row it is, as people are linked today. A row that is nobody's own (an incident,
   a case) concerns each person covered on whose account it leaves.
3. **New** is what the version before does not let out, or only in a form that tells less; **gone** the reverse.
4. Of what is new: **unopened** is what no agreement in force lets that recipient see, in that form or one that tells
   more; **unshown** is what the gate's log has never shown that recipient of that person, by any agreement. The log
   keeps of whom and by which clauses rows left, so it speaks of a field of a person's records of a type, not of a row.
5. Fewer than :data:`FEW` are not told apart from none to whoever does not answer for the records: a number of one
   person is a fact about that person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import rfc8785

from comity.agreements import Agreement

FEW: Final = 5  # fewer are not told: a usual threshold of official statistics (e.g. UK GSS disclosure control, 2014)
FORMAT: Final = "comity/impact/1"  # raised when a key is added or changes its meaning

#: Where the bands of a number begin that is kept and confirmed: not every record that arrives makes it another.
_BANDS: Final = (
    0,
    5,
    10,
    50,
    100,
    500,
    1_000,
    5_000,
    10_000,
    50_000,
    100_000,
    500_000,
    1_000_000,
    5_000_000,
    10_000_000,
)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows, and of how many people."""

    rows: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One field of one record type in one form, of rows of one category of people, to one recipient."""

    recipient: str
    record: str
    whose: str
    field: str
    form: str
    let: Tally = Tally()
    new: Tally = Tally()
    gone: Tally = Tally()
    unopened: Tally = Tally()
    unshown: Tally = Tally()


#: What is counted of each line, in the order of its tallies.
COUNTED: Final = ("let", "new", "gone", "unopened", "unshown")


@dataclass(frozen=True, slots=True)
class Covered:
    """How many people one recipient could ask about, how many of them newly, and about how many no longer."""

    recipient: str
    people: int
    new: int
    gone: int


@dataclass(frozen=True, slots=True)
class Impact:
    """What one version would let out of today's records, beside the version that it was held against (or none).

    ``exact`` says whether it is for a provider's officer; for anybody else :meth:`told` has made its numbers coarse.
    ``at_most`` are the clauses of which no more can be said than what they let out to all colleagues together.
    """

    id: UUID
    at: datetime
    day: date
    agreement: Agreement
    against: Agreement | None
    lines: tuple[Line, ...]
    covered: tuple[Covered, ...]
    channels: tuple[str, ...]  # that the version before does not open
    at_most: tuple[int, ...]
    exact: bool = True
    agreement_digest: bytes = field(default=b"", repr=False)
    against_digest: bytes | None = field(default=None, repr=False)

    @property
    def digest(self) -> bytes:
        """Return SHA-256 of what is confirmed: which texts were compared, on which day, and the bands of the counts."""
        return hashlib.sha256(self.canonical()).digest()

    def canonical(self) -> bytes:
        """Return the content as canonical JSON (RFC 8785): no ids of records or people, no values, no small number."""
        return rfc8785.dumps(self.document())

    def document(self) -> dict[str, Any]:
        """Return the content as it is kept and confirmed."""
        return {
            "format": FORMAT,
            "agreement": str(self.agreement),
            "agreement_digest": self.agreement_digest.hex(),
            "against": str(self.against) if self.against else None,
            "against_digest": self.against_digest.hex() if self.against_digest else None,
            "day": self.day.isoformat(),
            "channels": list(self.channels),
            "at_most": list(self.at_most),
            "covered": [[it.recipient, *map(band, (it.people, it.new, it.gone))] for it in self.covered],
            "lines": [
                [it.recipient, it.record, it.whose, it.field, it.form, *_bands(it)]
                for it in self.lines
                if set(_bands(it)) != {band(0)}  # few and none are one
            ],
        }

    def counts(self) -> list[dict[str, Any]]:
        """Return each line of which anything is told, for programs: the numbers that the officer may know."""
        return [
            {
                **{name: getattr(line, name) for name in ("recipient", "record", "whose", "field", "form")},
                **{name: {"rows": tally.rows, "people": tally.people} for name, tally in _tallies(line)},
            }
            for line in self.lines
            if any(tally.rows or tally.people for _, tally in _tallies(line))
        ]


def _tallies(line: Line) -> list[tuple[str, Tally]]:
    return [(name, getattr(line, name)) for name in COUNTED]


def coarse(number: int) -> int:
    """Return a number as anybody but a provider's officer is told it: none if few, else to the nearest five.

    Rounding to a base is what keeps the difference of two numbers from telling a small third one.
    """
    return 0 if number < FEW else (number + FEW // 2) // FEW * FEW


def band(number: int) -> str:
    """Return the band that a number lies in, as it is kept: *0-4*, *5-9*, *10-49*, ..."""
    at = max(place for place, start in enumerate(_BANDS) if start <= number)
    return f"{_BANDS[at]}-{_BANDS[at + 1] - 1}" if at + 1 < len(_BANDS) else f"{_BANDS[at]}+"


def _bands(line: Line) -> Iterator[str]:
    for _, tally in _tallies(line):
        yield from (band(tally.rows), band(tally.people))
