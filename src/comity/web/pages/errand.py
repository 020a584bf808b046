"""What a colleague is here to do: the agreement, the case and the reason, stated before anything is shown."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from comity.agreements.models import Agreement
from comity.store import Role
from comity.web.agreeing import open_to
from comity.web.guards import refuse_forged
from comity.web.language import marked
from comity.web.models import Colleague, Errand
from comity.web.render import page
from comity.web.services import services_of
from comity.web.visitors import ERRAND, admit_colleague, errand_of

router = APIRouter()
MAX_REFERENCE = 100
MAX_JUSTIFICATION = 500
MOST_KEPT = 2_000  # of each, as the session writes it: a cookie of over 4,096 bytes is dropped unsaid (RFC 6265, 6.1)


@router.get("/errand", name="errand", response_class=HTMLResponse)
async def choose(request: Request, colleague: Annotated[Colleague, Depends(admit_colleague)]) -> Response:
    """Ask under which agreement, in which case, and why."""
    agreements = await _agreements(request, colleague)
    return await page(request, "errand.html", agreements=agreements, errand=errand_of(request), faults={})


@router.post("/errand", name="errand")
async def state(
    request: Request,
    colleague: Annotated[Colleague, Depends(admit_colleague)],
    agreement: Annotated[str, Form(max_length=100)] = "",
    case_reference: Annotated[str, Form()] = "",
    justification: Annotated[str, Form()] = "",
) -> Response:
    """Keep what was stated for this session, or say what is still missing."""
    await refuse_forged(request)
    agreements = await _agreements(request, colleague)
    chosen = next((it for it in agreements if it.name == agreement), None)
    errand = Errand(agreement, chosen.purpose if chosen else "", case_reference.strip(), justification.strip())
    faults = _faults(errand, chosen)
    if faults:
        return await page(request, "errand.html", 400, agreements=agreements, errand=errand, faults=faults)
    request.session[ERRAND] = asdict(errand)
    return RedirectResponse("/search", status_code=303)


async def _agreements(request: Request, colleague: Colleague) -> tuple[Agreement, ...]:
    services = services_of(request)
    async with services.as_role(Role.GOVERNANCE) as conn:
        return await open_to(conn, colleague, services.node.vocabulary, services.now())


def _faults(errand: Errand, chosen: Agreement | None) -> dict[str, str]:
    if chosen is None:
        return {"agreement": marked("Choose the agreement that you work under")}
    faults = {}
    for name, text, most in (
        ("case_reference", errand.case_reference, MAX_REFERENCE),
        ("justification", errand.justification, MAX_JUSTIFICATION),
    ):
        if name in chosen.requesters.must_state and not text:
            faults[name] = _MISSING[name]
        elif len(text) > most or len(json.dumps(text)) > MOST_KEPT:
            faults[name] = marked("This is too long")
    return faults


_MISSING = {
    "case_reference": marked("Enter the case that this is about"),
    "justification": marked("Say why you need this"),
}
