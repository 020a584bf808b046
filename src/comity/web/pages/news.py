"""What is new: what a colleague was told of the people they are kept told of, and asking for it or ending it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, RedirectResponse, Response

from comity.gate import Read, Request
from comity.gate.gone import DID, give_receipt
from comity.gate.gone import told_to as told_gone
from comity.gate.models import Refusal
from comity.gate.notices import Teller, end, notices_of, subscriptions_of
from comity.gate.partings import told_to
from comity.store import Role
from comity.vocabulary.models import Label
from comity.web.access import Desk, desks_of, may_open
from comity.web.errors import no_such_page, unusable
from comity.web.guards import refuse_forged
from comity.web.language import marked
from comity.web.models import Colleague
from comity.web.pages.looking import refused, to_errand
from comity.web.pages.oversight import ACTS
from comity.web.render import page
from comity.web.services import services_of
from comity.web.visitors import admit_colleague, errand_of

router = APIRouter()
KINDS = {
    "erased": marked("erased"),
    "expunged": marked("erased by order of a court"),
    "restricted": marked("no longer shown to anybody"),
    "rectified": marked("corrected"),
    "withdrawn": marked("withdrawn"),
}
"""What became of something that was received, in words."""
DONE = {
    "deleted": marked("It is deleted here"),
    "corrected": marked("It is corrected here"),
    "not-held": marked("Nothing of it was kept here"),
}
"""What a recipient can say it did about it, in words."""


@router.get("/news", name="news", response_class=HTMLResponse)
async def news(
    request: HttpRequest,
    colleague: Annotated[Colleague, Depends(admit_colleague)],
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
) -> Response:
    """List what the colleague was told, newest first, whom they are kept told of, and what they were told wrongly."""
    async with services_of(request).as_role(Role.GATE) as conn:
        notices = await notices_of(conn, colleague.requester, before=before)
        kept = await subscriptions_of(conn, colleague.requester)
        parted = await told_to(conn, colleague.requester)
    gone = await services_of(request).reading(Role.GATE, lambda conn: told_gone(conn, colleague.requester))
    return await page(
        request,
        "news.html",
        active="news",
        notices=notices,
        parted=parted,
        gone=gone,
        kinds=KINDS,
        did=DONE,
        acts=ACTS,
        may_look=may_open("person", colleague),
        going_on=[it for it in kept if it.ended is None],
        over=[it for it in kept if it.reason is not None],
    )


@router.post("/news/{told}/receipt", name="change-receipt")
async def receipt(
    request: HttpRequest,
    told: UUID,
    colleague: Annotated[Colleague, Depends(admit_colleague)],
    did: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Keep what the colleague says was done about something erased or corrected; another's looks like none.

    Whoever keeps or oversees what their agency holds may say it for a colleague.
    """
    await refuse_forged(request)
    if did not in DID:
        raise unusable(Label("Choose what was done about it", "Kies wat ermee is gedaan"))
    services, officer = services_of(request), Desk.KEEPER in desks_of(colleague)
    given = await services.reading(
        Role.GATE, lambda conn: give_receipt(conn, colleague.requester, told, did, services.now(), officer=officer)
    )
    if given is None:
        raise no_such_page()
    return RedirectResponse("/retention" if officer else "/news", status_code=303)


@router.post("/person/{person}/news", name="keep-told")
async def keep_told(
    request: HttpRequest, person: UUID, colleague: Annotated[Colleague, Depends(admit_colleague)]
) -> Response:
    """Ask to be kept told of a person, under the agreement that the colleague works under."""
    await refuse_forged(request)
    errand = errand_of(request)
    if errand is None:
        return to_errand()
    services = services_of(request)
    asked = Request(
        Read(person), errand.agreement, errand.purpose, colleague.requester, errand.case_reference, errand.justification
    )
    teller = Teller(services.node.vocabulary, services.keyring)
    async with services.as_role(Role.GATE) as conn:
        answer = await teller.subscribe(conn, asked, services.now())
    if isinstance(answer, Refusal):
        return await refused(request, colleague, errand, answer, person)
    return RedirectResponse("/news", status_code=303)


@router.post("/news/{subscription}/end", name="end-news")
async def end_news(
    request: HttpRequest, subscription: UUID, colleague: Annotated[Colleague, Depends(admit_colleague)]
) -> Response:
    """End a subscription of the colleague's own; another's looks like none."""
    await refuse_forged(request)
    services = services_of(request)
    async with services.as_role(Role.GATE) as conn:
        if not await end(conn, colleague.requester, subscription, services.now()):
            raise no_such_page()
    return RedirectResponse("/news", status_code=303)
