"""Extracts, for whoever an agreement lets ask for one: ask, see how far it is, collect the files within their time."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request as HttpRequest
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from comity.agreements.models import Agreement
from comity.gate import Refusal, Request
from comity.gate.extract.models import Format
from comity.gate.extract.orders import (
    KEPT,
    MOST_UNFINISHED,
    NotHereError,
    State,
    TooManyError,
    ask_for,
    collect,
    order_of,
    orders_of,
)
from comity.gate.models import Act, Extract
from comity.store import Role
from comity.web.agreeing import open_to
from comity.web.errors import no_such_page
from comity.web.guards import refuse_forged
from comity.web.language import marked
from comity.web.models import Colleague
from comity.web.render import page
from comity.web.services import services_of
from comity.web.typed import Typed
from comity.web.visitors import admit_colleague

router = APIRouter()
Asker = Annotated[Colleague, Depends(admit_colleague)]

MAX_TEXT: Final = 2_000
_FIELDS: Final = ("agreement", "form", "case_reference", "justification")
_MISSING: Final = {
    "case_reference": marked("Enter the case that this is about"),
    "justification": marked("Say why you need this"),
}
_TOO_MANY: Final = marked("Wait until one of your extracts is made: as many as may be are under way")
_NO_FORM: Final = marked("Choose how the files are written")
_NO_AGREEMENT: Final = marked("Choose an agreement")


@router.get("/extracts", name="extracts", response_class=HTMLResponse)
async def extracts(request: HttpRequest, colleague: Asker, agreement: str = "") -> Response:
    """Show the agreements that let the colleague ask for an extract, and what they asked for before."""
    return await _page(request, colleague, Typed({"agreement": agreement[:MAX_TEXT]}))


@router.post("/extracts", name="extract-ask")
async def ask(request: HttpRequest, colleague: Asker) -> Response:
    """Ask for an extract, or say what is wrong with what was filled in."""
    await refuse_forged(request)
    typed = _typed(await request.form())
    agreement = _chosen(await _agreements(request, colleague), typed)
    faults = _faults(typed, agreement)
    if agreement is None or faults:
        return await _page(request, colleague, Typed(typed.values, faults), 400)
    stated = (typed["case_reference"], typed["justification"])
    asked = Request(Extract(), agreement.name, agreement.purpose, colleague.requester, *stated)
    services = services_of(request)
    try:
        answer = await services.at_counter(lambda it: ask_for(it, asked, Format(typed["form"]), services.now()))
    except TooManyError:
        return await _page(request, colleague, Typed(typed.values, {"form": _TOO_MANY}), 400)
    if isinstance(answer, Refusal):
        return await _page(request, colleague, typed, refusal=answer)
    return RedirectResponse(f"/extracts/{answer}", status_code=303)


@router.get("/extracts/{extract}", name="extract", response_class=HTMLResponse)
async def show(request: HttpRequest, extract: UUID, colleague: Asker) -> Response:
    """Show how far an extract is, or its files."""
    services = services_of(request)
    try:
        found = await services.at_counter(lambda it: order_of(it, colleague.requester, extract, services.now()))
    except NotHereError:
        raise no_such_page() from None
    return await page(request, "extract.html", active="extracts", it=found, State=State)


@router.get("/extracts/{extract}/files/{file}", name="extract-file")
async def take(request: HttpRequest, extract: UUID, file: str, colleague: Asker) -> Response:
    """Hand out one file, if the agreement still lets it out; if not, the extract's page says why."""
    services = services_of(request)
    try:
        found = await services.at_counter(lambda it: collect(it, colleague.requester, extract, file, services.now()))
    except NotHereError:
        raise no_such_page() from None
    if isinstance(found, Refusal):
        return RedirectResponse(f"/extracts/{extract}", status_code=303)
    return FileResponse(found, media_type="application/octet-stream", filename=file)


# --- the page --------------------------------------------------------------------------------------------------------


def _typed(form: FormData) -> Typed:
    sent = {name: form.get(name) for name in _FIELDS}
    return Typed({name: it.strip()[:MAX_TEXT] for name, it in sent.items() if isinstance(it, str)})


def _faults(typed: Typed, agreement: Agreement | None) -> dict[str, str]:
    if agreement is None:
        return {"agreement": _NO_AGREEMENT}
    faults = {name: _MISSING[name] for name in agreement.requesters.must_state if name in _MISSING and not typed[name]}
    if typed["form"] not in list(Format):
        faults["form"] = _NO_FORM
    return faults


async def _agreements(request: HttpRequest, colleague: Colleague) -> tuple[Agreement, ...]:
    services = services_of(request)
    async with services.as_role(Role.GOVERNANCE) as conn:
        found = await open_to(conn, colleague, services.node.vocabulary, services.now())
    return tuple(it for it in found if Act.EXTRACT.value in it.channels)


def _chosen(agreements: tuple[Agreement, ...], typed: Typed) -> Agreement | None:
    named = next((it for it in agreements if it.name == typed["agreement"]), None)
    return named or (agreements[0] if len(agreements) == 1 and not typed["agreement"] else None)


async def _page(
    request: HttpRequest, colleague: Colleague, typed: Typed, status: int = 200, refusal: Refusal | None = None
) -> Response:
    services, agreements = services_of(request), await _agreements(request, colleague)
    return await page(
        request,
        "extracts.html",
        status,
        active="extracts",
        agreements=agreements,
        agreement=_chosen(agreements, typed),
        typed=typed.values,
        faults=typed.faults,
        refusal=refusal,
        forms=[it.value for it in Format],
        days=KEPT.days,
        most=MOST_UNFINISHED,
        orders=await services.at_counter(lambda it: orders_of(it, colleague.requester, services.now())),
        State=State,
    )
