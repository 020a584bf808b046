"""The governance desk's first page: assessments under way, agreements and what falls due; and beginning anew."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from psycopg import Connection
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from comity.agreements.assessment import load_catalogue
from comity.agreements.assessment.models import MAX_ITEM
from comity.agreements.models import Considered, Party
from comity.agreements.store import agencies
from comity.store import Role
from comity.vocabulary.models import Label
from comity.web.access import DISCIPLINES
from comity.web.governing.asking import parties_of
from comity.web.governing.beginning import ONCE, TAKEN, NameTakenError, Wanted, begin_with, faults_in
from comity.web.governing.course import Course, due_of_agreements, due_of_measures
from comity.web.governing.files import on_the_desk, own_agreements
from comity.web.guards import refuse_forged
from comity.web.language import language_of
from comity.web.models import Colleague
from comity.web.render import page
from comity.web.services import services_of
from comity.web.visitors import admit_colleague

router = APIRouter()
Officer = Annotated[Colleague, Depends(admit_colleague)]
Desk = tuple[list[Course], list[Considered], tuple[Party, ...]]


@router.get("/governance", name="governance", response_class=HTMLResponse)
async def desk(request: Request, colleague: Officer) -> Response:
    """Show what is under way, how the own agency's agreements stand, and what falls due."""
    courses, kept, _ = await _desk(request, colleague)
    today = services_of(request).now().date()
    due = [*due_of_agreements(kept, today), *due_of_measures(courses, colleague.agency, today)]
    return await page(
        request,
        "governance.html",
        active="governance",
        courses=courses,
        kept=kept,
        due=sorted(due, key=lambda each: (each.day, each.address)),
        me=colleague,
        discipline=DISCIPLINES[colleague.role],
        disciplines=load_catalogue().disciplines,
    )


@router.get("/governance/new", name="assessment-begin", response_class=HTMLResponse)
async def ask_to_begin(
    request: Request, colleague: Officer, next_of: Annotated[str, Query(alias="next", max_length=MAX_ITEM)] = ""
) -> Response:
    """Ask what is to be assessed; ``next`` names what this is to be the next version of."""
    found = await _desk(request, colleague)
    return await _form(request, found, _offered(request, colleague, next_of, found), {})


@router.post("/governance/new", name="assessment-begin")
async def begin_anew(request: Request, colleague: Officer) -> Response:
    """Begin an assessment, or say what is still missing."""
    await refuse_forged(request)
    services, found = services_of(request), await _desk(request, colleague)
    courses, _, known = found
    wanted = _wanted(await request.form())
    vocabulary = services.node.vocabulary
    copies = [str(each.assessment) for each in courses]
    faults = faults_in(wanted, vocabulary, [each.agency for each in known], copies)
    if not faults:
        try:
            reference = await services.reading(
                Role.GOVERNANCE,
                lambda conn: begin_with(conn, wanted, colleague, vocabulary, services.now(), copies=courses),
            )
        except NameTakenError:
            faults = {"name": TAKEN}
        else:
            address = f"/governance/assessments/{reference.name}/{reference.version}"
            return RedirectResponse(address, status_code=303)
    return await _form(request, found, wanted, faults, 400)


async def _form(request: Request, found: Desk, wanted: Wanted, faults: dict[str, Label], status: int = 200) -> Response:
    courses, _, known = found
    return await page(
        request,
        "governance-new.html",
        status,
        active="governance",
        courses=courses,
        agencies=known,
        wanted=wanted,
        faults=faults,
        catalogue=load_catalogue(),
    )


def _offered(request: Request, colleague: Colleague, next_of: str, found: Desk) -> Wanted:
    """Return what the form begins with: the own agency, or what the version before said."""
    courses, kept, _ = found
    own = Wanted({"language": language_of(request)}, parties=(colleague.agency,))
    before = next((each for each in courses if each.assessment.name == next_of), None)
    if before is not None:
        answers = before.assessment
        once = {name: answers.text(name) for name in ONCE}
        return Wanted(once, next_of, parties_of(answers), str(answers), next_of)
    agreed = next((each.agreement for each in kept if each.name == next_of), None)
    if agreed is None:
        return own
    once = {"title_en": agreed.title.en, "title_nl": agreed.title.nl, "purpose": agreed.purpose}
    said = {**own.once, **once, "jurisdiction": agreed.jurisdiction}
    return Wanted(said, next_of, agreed.parties, "", next_of)


def _wanted(form: FormData) -> Wanted:
    def text(name: str) -> str:
        value = form.get(name)
        return " ".join(value.split()) if isinstance(value, str) else ""

    parties = tuple(each for each in form.getlist("parties") if isinstance(each, str))
    once = {name: text(name) for name in ONCE}
    return Wanted(once, text("name"), parties, text("copy_of"), text("next_of"))


async def _desk(request: Request, colleague: Colleague) -> Desk:
    services = services_of(request)

    def read(conn: Connection) -> Desk:
        vocabulary, now = services.node.vocabulary, services.now()
        courses = on_the_desk(conn, colleague, vocabulary, now)
        return courses, own_agreements(conn, colleague.agency, vocabulary, now), agencies(conn)

    return await services.reading(Role.GOVERNANCE, read)
