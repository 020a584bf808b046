"""The report of logging for a period, as the law asks an authority to be able to give it.

The logs are those of LED art. 25(1) (DPA 2018 s. 62(1); in the Netherlands art. 32a of the Wet politiegegevens): of
collection, alteration, consultation, disclosure, combination and erasure. Rules:

1. Of consultation and disclosure it says the date and time; the justification, where the law of the agreement's
   jurisdiction asks for it (:data:`JUSTIFIED`); who consulted, as far as possible; and to whom it was disclosed
   (LED art. 25(1), second sentence; DPA 2018 s. 62(2) and (3)). Where nobody had to state a reason, the purpose is one.
2. What an agency shows its own staff under its own agreement is consultation; what reaches another is disclosure.
3. Of another agency's staff an agency is told the role and no name, nor what they typed: the recipient is the agency.
4. It is used for what the logs may be used for: to verify that processing is lawful, for self-monitoring, integrity and
   security, and criminal proceedings (LED art. 25(2); DPA 2018 s. 62(4)). That it was made is a consultation, with its
   entry in the ledger, in the transaction that reads it. The supervisory authority may have it (LED art. 25(3)).
5. It names nobody whose data it was. How many rows left is said, and which line of the ledger proves it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from comity.gate.errors import GateError
from comity.gate.log import Connection, refuse_open_transaction, remember
from comity.store import load_queries

JUSTIFIED: Final[Mapping[str, str]] = {
    "eu": "LED art. 25(1)",
    "uk": "DPA 2018 s. 62(2)(a) and (3)(a)",
    "nl": "Wpg art. 32a",
}
"""Jurisdiction -> the provision that asks for the justification of a consultation or a disclosure (on 2026-11-27)."""

MOST_LINES: Final = 200_000
"""Lines of one report: some hundred megabytes at the most. A longer period is asked for in parts."""
_OTHERS: Final = ("collection", "alteration", "combination", "erasure")
_QUERIES: Final = load_queries("comity.gate", "logging_report.sql")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take the beginning of a formula for


class Format(StrEnum):
    """How a report is written."""

    CSV = "csv"
    JSON = "json"
    TEXT = "text"


class TooMuchError(GateError):
    """A period of more lines than one report has."""

    def __init__(self) -> None:
        super().__init__(f"That period has more than {MOST_LINES:,} lines. Ask for it in shorter parts.")


@dataclass(frozen=True, slots=True)
class Line:
    """One operation: what, when, why where the law asks, by whom, from whom and to whom."""

    at: datetime
    operation: str
    entry: str  # the line of the ledger that proves it
    act: str = ""
    by_agency: str = ""
    by: str = field(default="", repr=False)  # the staff id that the agency vouches for
    by_role: str = ""
    from_agencies: str = ""
    to_agency: str = ""
    purpose: str = ""
    agreement: str = ""
    justification: str = field(default="", repr=False)
    case_reference: str = field(default="", repr=False)
    justified_by: str = ""  # the provision that asks for the justification; empty, if none does
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Which report: from a moment, up to another and without it; of an agency and its people, or of all."""

    since: datetime
    until: datetime
    agency: str | None = None
    people: tuple[str, ...] | None = None  # the staff ids of that agency, whose readings of the log are told

    def __post_init__(self) -> None:
        if self.since >= self.until:
            raise GateError("The period ends before it begins. Give the earlier day first.")


async def logging_report(conn: Connection, asked: Asked, now: datetime, *, by: str) -> tuple[Line, ...]:
    """Return every operation of a period, in order. That it was asked for is committed before this returns.

    The caller has made sure that ``by`` oversees the agency. Raises :class:`TooMuchError`.
    """
    refuse_open_transaction(conn)
    values = {
        "since": asked.since, "until": asked.until, "agency": asked.agency, "kinds": list(_OTHERS),
        "people": None if asked.people is None else list(asked.people), "limit": MOST_LINES + 1,
        "since_text": _written(asked.since), "until_text": _written(asked.until),
    }  # fmt: skip
    async with conn.transaction():
        requests = await (await conn.execute(_QUERIES.requests, values)).fetchall()
        readings = await (await conn.execute(_QUERIES.readings, values)).fetchall()
        others = await (await conn.execute(_QUERIES.others, values)).fetchall()
        lines = [*map(_request, requests), *map(_reading, readings), *map(_other, others)]
        if len(lines) > MOST_LINES:
            raise TooMuchError
        lines.sort(key=lambda it: (it.at, it.entry))
        told = hashlib.sha256("".join(it.entry for it in lines).encode()).digest()
        await remember(conn, "logging-report", None, by, now, told)
    return tuple(lines)


def _request(row: Sequence[Any]) -> Line:
    identity, at, act, recipient, role, purpose, agreement, version, rows, requester, case, said, providers, law = row
    own = providers == [recipient]
    provision = JUSTIFIED.get(law, "")
    return Line(
        at=at,
        operation="consultation" if own else "disclosure",
        entry=str(identity),
        act=act,
        by_agency=recipient,
        by=requester,
        by_role=role,
        from_agencies=" ".join(providers),
        to_agency=recipient,
        purpose=purpose,
        agreement=f"{agreement}@{version}",
        justification=said if provision else "",
        case_reference=case,
        justified_by=provision,
        rows=rows,
    )


def _reading(row: Sequence[Any]) -> Line:
    identity, at, what, by = row
    return Line(at=at, operation="consultation", entry=str(identity), act=f"log:{what}", by=by)


def _other(row: Sequence[Any]) -> Line:
    _, identity, at, kind, agency = row
    return Line(at=at, operation=kind, entry=str(UUID(identity)), by_agency=agency or "")


def _written(moment: datetime) -> str:
    """Return a moment as the beginning of an entry writes it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26]


# --- written ---------------------------------------------------------------------------------------------------------


def written(lines: Sequence[Line], form: Format) -> str:
    """Return a report as a text of that form. In CSV nothing that was typed can be taken for a formula."""
    rows = [{**asdict(it), "at": it.at.astimezone(UTC).isoformat()} for it in lines]
    if form is Format.JSON:
        return json.dumps({"lines": rows}, ensure_ascii=False, indent=2) + "\n"
    if form is Format.TEXT:
        return "".join(f"{_sentence(it)}\n" for it in lines)
    file = io.StringIO()
    table = csv.DictWriter(file, [it.name for it in fields(Line)], lineterminator="\r\n")  # RFC 4180
    table.writeheader()
    table.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)
    return file.getvalue()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _sentence(it: Line) -> str:
    """Return a line for people: when, what, who, to whom, why; on one line, whatever was typed."""
    who = " ".join(part for part in (it.by_agency, it.by, f"({it.by_role})" if it.by_role else "") if part)
    parts = [
        it.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ"),
        f"{it.operation} {it.act}".strip(),
        f"by {who}" if who else "",
        f"from {it.from_agencies} to {it.to_agency}" if it.to_agency else "",
        f"for {it.purpose} under {it.agreement}" if it.agreement else "",
        f"because: {' '.join(it.justification.split())}" if it.justification else "",
        f"entry {it.entry}",
    ]
    return "; ".join(part for part in parts if part)
