"""What has to be looked at afterwards: the queue, one review, and what its reviewer finds."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from comity.gate.errors import AlreadyReviewedError, NoSuchReviewError, OwnRequestError
from comity.gate.reviews import (
    MAX_REASON,
    Opened,
    Outcome,
    act_upon_review,
    closed_reviews,
    open_reviews,
    overseen,
)
from comity.store import Role
from comity.web import store
from comity.web.access import Desk, desks_of
from comity.web.errors import done_already, no_such_page, not_your_own
from comity.web.guards import refuse_forged
from comity.web.language import marked
from comity.web.models import Colleague
from comity.web.pages.oversight import ACTS, OUTCOMES
from comity.web.render import page
from comity.web.services import Services, services_of
from comity.web.visitors import admit_colleague

router = APIRouter()
Reader = Annotated[Colleague, Depends(admit_colleague)]

HINTS = {
    Outcome.JUSTIFIED: marked("It was needed, for what the agreement is for, and no more was looked at."),
    Outcome.NOT_JUSTIFIED: marked("The person concerned is told so, and it stays in the overseer's log."),
    Outcome.NEEDS_MORE: marked("Whoever asked is asked to explain. The clock goes on."),
}
CRITERIA = {"name": marked("a name"), "birth_date": marked("a date of birth"), "number": marked("a number")}


@router.get("/reviews", name="reviews", response_class=HTMLResponse)
async def queue(request: Request, colleague: Reader) -> Response:
    """Show what waits for this colleague, most overdue first, and what was reviewed last."""
    services, reader = services_of(request), colleague.requester
    async with services.as_role(Role.GATE) as conn:
        found = await open_reviews(conn, reader, services.now(), services.node.vocabulary)
        closed = await closed_reviews(conn, reader)
        elsewhere = await overseen(conn, reader) if Desk.OVERSEER in desks_of(colleague) else ()
    asking = {it.waiting.agency for it in found} | {it.act.agency for it in closed}
    return await page(
        request,
        "reviews.html",
        active="reviews",
        reviews=found,
        closed=closed,
        elsewhere=elsewhere,
        names=await _names(services, asking),
        now=services.now(),
        acts=ACTS,
        outcomes=OUTCOMES,
    )


@router.get("/reviews/{review}", name="review", response_class=HTMLResponse)
async def one(request: Request, review: UUID, colleague: Reader) -> Response:
    """Show who asked for what, why, and what left, and ask what is found of it."""
    return await _form(request, await _opened(request, colleague, review))


@router.post("/reviews/{review}", name="review")
async def find(
    request: Request,
    review: UUID,
    colleague: Reader,
    outcome: Annotated[str, Form(max_length=20)] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Keep what is found, or say what is still missing."""
    await refuse_forged(request)
    services = services_of(request)
    faults = _faults(outcome, reason)
    if faults:
        it = await _opened(request, colleague, review)
        return await _form(request, it, 400, faults=faults, outcome=outcome, reason=reason)
    try:
        async with services.as_role(Role.GATE) as conn:
            await act_upon_review(conn, review, colleague.requester, Outcome(outcome), reason, services.now())
    except NoSuchReviewError:
        raise no_such_page() from None
    except AlreadyReviewedError:
        raise done_already() from None
    except OwnRequestError:
        raise not_your_own() from None
    return RedirectResponse("/reviews", status_code=303)


async def _opened(request: Request, colleague: Colleague, review: UUID) -> Opened:
    services = services_of(request)
    async with services.as_role(Role.GATE) as conn:
        found = await open_reviews(conn, colleague.requester, services.now(), services.node.vocabulary, review)
    if not found:
        raise no_such_page()  # another agency's review looks like one that is not there
    return found[0]


async def _form(
    request: Request,
    it: Opened,
    status: int = 200,
    *,
    faults: dict[str, str] | None = None,
    outcome: str = "",
    reason: str = "",
) -> Response:
    services = services_of(request)
    return await page(
        request,
        "review.html",
        status,
        active="reviews",
        it=it,
        names=await _names(services, {it.waiting.agency, *(act.agency for act in it.acts)}),
        now=services.now(),
        faults=faults or {},
        outcome=outcome,
        reason=reason,
        most=MAX_REASON,
        acts=ACTS,
        outcomes=OUTCOMES,
        hints=HINTS,
        criteria=CRITERIA,
    )


async def _names(services: Services, agencies: set[str]) -> dict[tuple[str, str], str]:
    """Return what people are called, by agency and the opaque id that is logged."""
    async with services.as_role(Role.GOVERNANCE) as conn:
        return {
            (agency, person): name
            for agency in sorted(agencies)
            for person, name in (await store.names_of(conn, agency)).items()
        }


def _faults(outcome: str, reason: str) -> dict[str, str]:
    faults = {}
    if outcome not in set(Outcome):
        faults["outcome"] = marked("Choose what you found")
    text = reason.replace("\r\n", "\n").strip()
    if not text:
        faults["reason"] = marked("Say why")
    elif len(text) > MAX_REASON or not all(line.isprintable() for line in text.replace("\t", " ").split("\n")):
        faults["reason"] = marked("This is too long, or holds characters that cannot be kept")
    return faults
