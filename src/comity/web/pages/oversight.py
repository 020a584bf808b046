"""For whoever oversees an agency, and for the person concerned: who asked for what, why, and what became of it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from comity.agreements.consent_words import ANSWERS
from comity.gate import log_for_overseer, uses_of
from comity.gate.errors import GateError
from comity.gate.log import MOST_LINES
from comity.gate.logging_report import Asked, Format, TooMuchError, logging_report, written
from comity.store import Role
from comity.vocabulary.models import Label
from comity.web import store
from comity.web.errors import no_such_page, unusable
from comity.web.keeping import statement
from comity.web.language import marked
from comity.web.models import Citizen, Colleague
from comity.web.pages.consenting import consents_of
from comity.web.render import page
from comity.web.services import services_of
from comity.web.typed import midnight
from comity.web.visitors import admit_citizen, admit_colleague

router = APIRouter()
_KINDS = {Format.CSV: "text/csv", Format.JSON: "application/json", Format.TEXT: "text/plain"}
_ENDINGS = {Format.CSV: "csv", Format.JSON: "json", Format.TEXT: "txt"}
_NO_PERIOD = Label("Give a first and a last day, in that order", "Geef een eerste en een laatste dag, in die volgorde")
_TOO_MUCH = Label("That period has too many lines for one report", "Die periode heeft te veel regels voor één verslag")
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


@router.get("/log/report", name="log-report")
async def log_report(
    request: Request,
    colleague: Annotated[Colleague, Depends(admit_colleague)],
    since: Annotated[str, Query(alias="from", max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
    form: Annotated[Format, Query(alias="format")] = Format.CSV,
) -> Response:
    """Return the report of logging of the overseer's own agency for a period, to keep (LED art. 25, DPA 2018 s. 62)."""
    services = services_of(request)
    begins, ends = midnight(since, services.zone), midnight(until, services.zone, after=1)
    if begins is None or ends is None:
        raise unusable(_NO_PERIOD)
    async with services.as_role(Role.GOVERNANCE) as conn:
        names = await store.names_of(conn, colleague.agency)
    try:
        asked = Asked(begins, ends, colleague.agency, tuple(names))
        async with services.as_role(Role.GATE) as conn:
            lines = await logging_report(conn, asked, services.now(), by=colleague.id)
    except TooMuchError:
        raise unusable(_TOO_MUCH) from None
    except GateError:
        raise unusable(_NO_PERIOD) from None
    name = {"content-disposition": f'attachment; filename="logging-{since}-{until}.{_ENDINGS[form]}"'}
    return Response(written(lines, form), media_type=_KINDS[form], headers=name)


@router.get("/my-data/{use}/statement", name="my-use")
async def my_use(request: Request, use: UUID, citizen: Annotated[Citizen, Depends(admit_citizen)]) -> Response:
    """Return the signed statement of one use of the person's data, to keep; what is not shown to them is not there."""
    services = services_of(request)
    async with services.as_role(Role.GATE) as conn:
        uses = await uses_of(conn, citizen.person, services.now(), by="citizen", vocabulary=services.node.vocabulary)
    found = next((it for it in uses if it.id == use), None)
    if found is None:
        raise no_such_page()
    name = {"content-disposition": f'attachment; filename="{use}.statement.txt"'}
    return PlainTextResponse(statement(found, citizen.person, services.node.signer()), headers=name)


@router.get("/my-data", name="my-data", response_class=HTMLResponse)
async def my_data(request: Request, citizen: Annotated[Citizen, Depends(admit_citizen)]) -> Response:
    """Show the person concerned who used their data."""
    services = services_of(request)
    async with services.as_role(Role.GATE) as conn:
        uses = await uses_of(conn, citizen.person, services.now(), by="citizen", vocabulary=services.node.vocabulary)
    answered = await consents_of(request, citizen)
    return await page(request, "my-data.html", active="my-data", uses=uses, answered=answered, words=ANSWERS)
