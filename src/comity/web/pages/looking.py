"""Searching, and reading the joined-up record of a person or a case. Each look is a disclosure, made by the gate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, RedirectResponse, Response

from comity.gate import CaseRead, Read, Request, Search
from comity.gate.errors import GateError
from comity.gate.models import Answer, Asked, Refusal
from comity.store import Role
from comity.web.agreeing import all_versions, asking_consent, open_among
from comity.web.guards import refuse_forged
from comity.web.language import marked
from comity.web.models import Colleague, Errand
from comity.web.render import page
from comity.web.services import services_of
from comity.web.visitors import admit_colleague, errand_of

router = APIRouter()
MAX_TEXT = 200

Text = Annotated[str, Form(max_length=MAX_TEXT)]


@router.get("/search", name="search", response_class=HTMLResponse)
async def ask(request: HttpRequest, colleague: Annotated[Colleague, Depends(admit_colleague)]) -> Response:
    """Show the form to search with."""
    errand = errand_of(request)
    return to_errand() if errand is None else await _search_page(request, colleague, errand)


@router.post("/search", name="search")
async def search(
    request: HttpRequest,
    colleague: Annotated[Colleague, Depends(admit_colleague)],
    name: Text = "",
    birth_date: Text = "",
    number: Text = "",
) -> Response:
    """Search, within what the agreement lets one search by."""
    await refuse_forged(request)
    errand = errand_of(request)
    if errand is None:
        return to_errand()
    typed = {"name": name.strip(), "birth_date": birth_date.strip(), "number": number.strip()}
    day, fault = _day(typed["birth_date"])
    if fault:
        return await _search_page(request, colleague, errand, 400, typed=typed, faults={"birth_date": fault})
    try:
        asks = Search(typed["name"] or None, day, typed["number"] or None)
    except GateError:
        return await _search_page(request, colleague, errand, 400, typed=typed, faults=_unusable(typed))
    answer = await _look(request, colleague, errand, asks)
    return await _search_page(request, colleague, errand, typed=typed, answer=answer)


@router.get("/person/{person}", name="person", response_class=HTMLResponse)
async def person(
    request: HttpRequest, person: UUID, colleague: Annotated[Colleague, Depends(admit_colleague)]
) -> Response:
    """Show the joined-up record of a person, as far as the agreement lets it out."""
    return await _joined(request, colleague, Read(person), "person.html")


@router.post("/case", name="case")
async def case(
    request: HttpRequest, colleague: Annotated[Colleague, Depends(admit_colleague)], reference: Text = ""
) -> Response:
    """Show the joined-up record of a case; its number is posted, because an address is kept in too many places."""
    await refuse_forged(request)
    errand = errand_of(request)
    if errand is None:
        return to_errand()
    try:
        asks = CaseRead(reference)
    except GateError:
        faults = {"reference": marked("Enter the number of a case")}
        return await _search_page(request, colleague, errand, 400, faults=faults)
    return await _joined(request, colleague, asks, "case.html")


async def _joined(request: HttpRequest, colleague: Colleague, asks: Asked, template: str) -> Response:
    errand = errand_of(request)
    if errand is None:
        return to_errand()
    answer = await _look(request, colleague, errand, asks)
    if isinstance(answer, Refusal):
        return await refused(request, colleague, errand, answer, getattr(asks, "person", None))
    return await page(request, template, active="search", answer=answer, **await frame(request, colleague, errand))


async def refused(
    request: HttpRequest, colleague: Colleague, errand: Errand, refusal: Refusal, person: UUID | None = None
) -> Response:
    """Say that there is nothing to show: in the same words, whoever was asked for and whatever the reason."""
    shown = await frame(request, colleague, errand)
    return await page(request, "refused.html", 404, active="search", refusal=refusal, person=person, **shown)


async def _look(request: HttpRequest, colleague: Colleague, errand: Errand, asks: Asked) -> Answer:
    services = services_of(request)
    asked = Request(
        asks, errand.agreement, errand.purpose, colleague.requester, errand.case_reference, errand.justification
    )
    return await services.disclose(asked)


async def _search_page(
    request: HttpRequest, colleague: Colleague, errand: Errand, status: int = 200, **values: Any
) -> Response:
    shown = {"typed": {}, "faults": {}, "answer": None, **values}
    refused = isinstance(shown["answer"], Refusal)
    return await page(
        request,
        "search.html",
        status,
        active="search",
        refused=refused,
        **shown,
        **await frame(request, colleague, errand),
    )


async def frame(request: HttpRequest, colleague: Colleague, errand: Errand) -> dict[str, Any]:
    """Return what stands above every look: the errand, and the agreement it is done under."""
    services = services_of(request)
    async with services.as_role(Role.GOVERNANCE) as conn:
        found = await all_versions(conn, services.node.vocabulary, services.now())
    chosen = next((it for it in open_among(found, colleague) if it.name == errand.agreement), None)
    return {"errand": errand, "agreement": chosen, "asking": asking_consent(found, colleague.agency)}


def _unusable(typed: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with a search that the gate would not put: its own words are for programs."""
    if not any(typed.values()):
        return {"name": marked("Enter a name, a date of birth or a number")}
    if typed["name"] and not _can_be_searched(typed["name"]):
        return {"name": marked("Enter at least two letters of one of the names, on one line")}
    return {"number": marked("Enter at least two letters or digits, on one line")}


def _can_be_searched(name: str) -> bool:
    try:
        Search(name)
    except GateError:
        return False
    return True


def _day(text: str) -> tuple[date | None, str]:
    """Return a date as people write it (31/12/1990, 31-12-1990, 1990-12-31), or what is wrong with it."""
    if not text:
        return None, ""
    parts = text.replace("/", "-").replace(".", "-").replace(" ", "-").split("-")
    try:
        numbers = [int(part) for part in parts]
        year, month, day = numbers if len(parts[0]) == len("1990") else reversed(numbers)
        return date(_whole(year), month, day), ""
    except ValueError:
        return None, marked("Enter a date of birth, like 31 12 1990")


def _whole(year: int) -> int:
    """Refuse a year of two digits: it would be one of the first century, and nobody be found."""
    if year < 1_000:  # noqa: PLR2004  (four digits)
        raise ValueError("a year has four digits")
    return year


def to_errand() -> Response:
    """Lead to where a colleague says what they are here to do: nothing is shown before."""
    return RedirectResponse("/errand", status_code=303)
