"""For whoever oversees an agency, and for the person concerned: who asked for what, why, and what became of it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from comity.agreements.consent_words import ANSWERS
from comity.gate import log_for_overseer, uses_of
from comity.gate.log import MOST_LINES
from comity.store import Role
from comity.web import store
from comity.web.language import marked
from comity.web.models import Citizen, Colleague
from comity.web.pages.consenting import consents_of
from comity.web.render import page
from comity.web.services import services_of
from comity.web.visitors import admit_citizen, admit_colleague

router = APIRouter()
ACTS = {
    "read": marked("Record of a person"),
    "case": marked("Record of a case"),
    "search": marked("Search"),
    "impact": marked("What an agreement would do"),
    "notice": marked("Being told"),
    "extract": marked("Extract"),
    "statistic": marked("Statistic"),
}
OUTCOMES = {
    "justified": marked("Justified"),
    "not-justified": marked("Not justified"),
    "needs-more": marked("Needs more"),
    "explained": marked("Explained"),
}


@router.get("/log", name="log", response_class=HTMLResponse)
async def log(
    request: Request, colleague: Annotated[Colleague, Depends(admit_colleague)], before: UUID | None = None
) -> Response:
    """Show the requests of the overseer's own agency, with the reasons that the requesters were not told."""
    services = services_of(request)
    async with services.as_role(Role.GATE) as conn:
        lines = await log_for_overseer(conn, colleague.agency, services.now(), by=colleague.id, before=before)
    async with services.as_role(Role.GOVERNANCE) as conn:
        names = await store.names_of(conn, colleague.agency)
    earlier = lines[-1].id if len(lines) == MOST_LINES else None
    return await page(
        request,
        "log.html",
        active="log",
        lines=lines,
        names=names,
        acts=ACTS,
        outcomes=OUTCOMES,
        now=services.now(),
        before=before,
        earlier=earlier,
    )


@router.get("/my-data", name="my-data", response_class=HTMLResponse)
async def my_data(request: Request, citizen: Annotated[Citizen, Depends(admit_citizen)]) -> Response:
    """Show the person concerned who used their data."""
    services = services_of(request)
    async with services.as_role(Role.GATE) as conn:
        uses = await uses_of(conn, citizen.person, services.now(), by="citizen", vocabulary=services.node.vocabulary)
    answered = await consents_of(request, citizen)
    return await page(request, "my-data.html", active="my-data", uses=uses, answered=answered, words=ANSWERS)
