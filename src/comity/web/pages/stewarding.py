"""For the data steward: what the own agency's systems delivered, how good it is, and what is held and why.

No value of any record is shown, and no other agency's source: a source is the steward's if its mapping says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from psycopg import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from comity.intake import Intake, MappingError
from comity.intake import steward as intake
from comity.intake.steward import Delivery, FieldQuality, HeldMessage, HeldPage, SourceCounts
from comity.store import Role
from comity.vocabulary.models import Label
from comity.web.errors import no_such_page, unusable
from comity.web.guards import refuse_forged
from comity.web.language import marked
from comity.web.mappings import KnownSource
from comity.web.models import Colleague
from comity.web.render import page
from comity.web.services import services_of
from comity.web.visitors import admit_colleague

router = APIRouter()
Steward = Annotated[Colleague, Depends(admit_colleague)]

MOST_DELIVERIES = 500  # looked through for those of one agency: some months of a node's nightly pulls
SHOWN_DELIVERIES = 20
MOST_SUMMED = 1_000  # held messages that are summed up by what is wrong with them
OUTCOMES = {
    "admitted": marked("admitted"),
    "unchanged": marked("known already"),
    "outdated": marked("outdated"),
    "quarantined": marked("held"),
    "retracted": marked("withdrawn"),
    "erased": marked("erased"),
    "judged": marked("about who is who"),
    "forgotten": marked("erased before"),
}
"""What became of a message, in words, in the order in which they add up."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one source of the agency stands: its name, what it is called, its statements, its last delivery."""

    name: str
    label: Label
    admitted: int
    held: int
    latest: Delivery | None


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong with held messages: what, how to mend it, and how many have it."""

    text: Label
    mend: Label
    messages: int


@router.get("/steward", name="steward", response_class=HTMLResponse)
async def overview(request: Request, colleague: Steward) -> Response:
    """Show the sources of the steward's own agency, and what they delivered last."""
    sources = _own(request, colleague)

    def read(conn: Connection) -> tuple[list[Standing], list[Delivery]]:
        delivered = [it for it in intake.deliveries(conn, MOST_DELIVERIES) if it.source in sources]
        counts = {it.source: it for it in intake.sources(conn)}
        return [_standing(it, counts.get(name), delivered) for name, it in sources.items()], delivered

    standings, delivered = await services_of(request).reading(Role.INTAKE, read)
    return await page(
        request,
        "steward.html",
        active="steward",
        agency=colleague.agency,
        standings=standings,
        deliveries=delivered[:SHOWN_DELIVERIES],
        sources=sources,
        outcomes=OUTCOMES,
    )


@router.get("/steward/{source}", name="steward-source", response_class=HTMLResponse)
async def quality(request: Request, source: str, colleague: Steward) -> Response:
    """Show how a source fills each field, and what is wrong with what is held of it."""
    known = _one(request, colleague, source)
    vocabulary = services_of(request).node.vocabulary

    def read(conn: Connection) -> tuple[list[FieldQuality], HeldPage]:
        fields = [it for it in intake.quality(conn, vocabulary) if it.source == source]
        return fields, intake.quarantine(conn, source, size=MOST_SUMMED)

    fields, held = await services_of(request).reading(Role.INTAKE, read)
    return await page(
        request,
        "steward-source.html",
        active="steward",
        source=source,
        label=known.label,
        held=held,
        wrong=_wrong(held.messages),
        records=_by_record(fields, vocabulary.record_types),
    )


@router.get("/steward/{source}/held", name="quarantine", response_class=HTMLResponse)
async def held(
    request: Request, source: str, colleague: Steward, page_number: Annotated[int, Query(alias="page", ge=1)] = 1
) -> Response:
    """Show what is held of a source, with every fault, its place and how to mend it."""
    known = _one(request, colleague, source)
    found = await services_of(request).reading(
        Role.INTAKE, lambda conn: intake.quarantine(conn, source, min(page_number, MOST_SUMMED))
    )
    return await page(request, "steward-held.html", active="steward", source=source, label=known.label, held=found)


@router.post("/steward/{source}/replay", name="replay")
async def replay(request: Request, source: str, colleague: Steward) -> Response:
    """Try what is held of a source again, with its mapping as the file is now."""
    await refuse_forged(request)
    services = services_of(request)
    try:
        known = _one(request, colleague, source).again(services.node.vocabulary)
    except MappingError:
        raise unusable(
            Label("The mapping of this source has mistakes", "De mapping van deze bron bevat fouten")
        ) from None

    def run(conn: Connection) -> None:
        Intake(conn, services.node.vocabulary, services.keyring, services.clock).replay(known.mapping)

    await services.reading(Role.INTAKE, run)
    return RedirectResponse(f"/steward/{source}/held", status_code=303)


def _own(request: Request, colleague: Colleague) -> dict[str, KnownSource]:
    sources = services_of(request).sources
    return {name: it for name, it in sources.items() if it.mapping.agency == colleague.agency}


def _one(request: Request, colleague: Colleague, source: str) -> KnownSource:
    known = _own(request, colleague).get(source)
    if known is None:
        raise no_such_page()  # another agency's source looks like one that is not there
    return known


def _standing(known: KnownSource, counts: SourceCounts | None, delivered: Sequence[Delivery]) -> Standing:
    name = known.mapping.name
    statements = counts.statements if counts else {}
    latest = next((it for it in delivered if it.source == name), None)
    return Standing(name, known.label, statements.get("admitted", 0), statements.get("quarantined", 0), latest)


def _wrong(messages: Iterable[HeldMessage]) -> list[Wrong]:
    """Sum held messages up by what is wrong with them, most frequent first; a message counts once for each."""
    counted = Counter(fault for message in messages for fault in {(it.text, it.mend) for it in message.faults})
    return [Wrong(text, mend, count) for (text, mend), count in counted.most_common()]


def _by_record(fields: Iterable[FieldQuality], known: Iterable[str]) -> list[tuple[str, int, list[FieldQuality]]]:
    """Return the fields that a source fills, by record type; what it never says is left out: it was never promised."""
    types = set(known)
    grouped = groupby(sorted(fields, key=lambda it: it.record), key=lambda it: it.record)
    found = [(record, [it for it in of if it.filled or it.faults]) for record, of in grouped if record in types]
    return [(record, max(it.records for it in of), of) for record, of in found if of]
