"""The first page, signing in and out, and the language."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from comity.store import Role
from comity.vocabulary.models import Label
from comity.web import store
from comity.web.errors import unusable
from comity.web.guards import refuse_forged
from comity.web.language import COOKIE, LANGUAGES
from comity.web.models import Citizen, Colleague, Visitor
from comity.web.render import page
from comity.web.services import services_of
from comity.web.visitors import CITIZEN, CITIZEN_UNTIL, COLLEAGUE, admit, on_loopback, refuse_unless_on_loopback

router = APIRouter()
_YEAR = 365 * 24 * 3600
_MAX_CODE = 40


@router.get("/", name="start", response_class=HTMLResponse)
async def start(request: Request, visitor: Annotated[Visitor, Depends(admit)]) -> Response:
    """Show what this is, and who may sign in."""
    services = services_of(request)
    colleagues: list[Colleague] = []
    if on_loopback(request):  # elsewhere nobody can sign in as one of them
        async with services.as_role(Role.GOVERNANCE) as conn:
            colleagues = await store.colleagues_to_demonstrate(conn)
    return await page(request, "start.html", active="start", colleagues=colleagues, visitor=visitor)


@router.get("/healthz", name="health")
async def health(_: Annotated[Visitor, Depends(admit)]) -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "up"}


@router.post("/sign-in", name="sign-in")
async def sign_in(
    request: Request, _: Annotated[Visitor, Depends(admit)], colleague: Annotated[str, Form(max_length=100)]
) -> Response:
    """Sign in as one of the demonstration's people; on this machine alone."""
    await refuse_forged(request)
    refuse_unless_on_loopback(request)
    services = services_of(request)
    async with services.as_role(Role.GOVERNANCE) as conn:
        found = await store.colleague(conn, colleague) if colleague.isprintable() else None
    if found is None or not found.demonstration:
        raise unusable(
            Label("There is nobody of that name to sign in as", "Er is niemand met die naam om als aan te melden")
        )
    request.session.clear()
    request.session[COLLEAGUE] = found.id
    answer = RedirectResponse(_first_page(found), status_code=303)
    return _with_language(answer, found.language)


@router.post("/letter", name="letter-sign-in")
async def letter_sign_in(
    request: Request, _: Annotated[Visitor, Depends(admit)], code: Annotated[str, Form(max_length=_MAX_CODE)]
) -> Response:
    """Sign in as the person concerned, with the code of a letter."""
    await refuse_forged(request)
    services = services_of(request)
    async with services.as_role(Role.GOVERNANCE) as conn:
        found = await store.citizen(conn, code, services.clock())
    if found is None:
        raise unusable(Label("This code is not valid", "Deze code is niet geldig"))
    request.session.clear()
    request.session[CITIZEN] = str(found.person)
    request.session[CITIZEN_UNTIL] = found.valid_until.timestamp()
    return RedirectResponse("/my-data", status_code=303)


@router.post("/sign-out", name="sign-out")
async def sign_out(request: Request, _: Annotated[Visitor, Depends(admit)]) -> Response:
    """End the session."""
    await refuse_forged(request)
    request.session.clear()
    return RedirectResponse("/", status_code=303)


@router.post("/language", name="language")
async def choose_language(
    request: Request,
    _: Annotated[Visitor, Depends(admit)],
    language: Annotated[str, Form(max_length=2)],
    back: Annotated[str, Form(max_length=300)] = "/",
) -> Response:
    """Choose the language of the pages."""
    await refuse_forged(request)
    return _with_language(RedirectResponse(_ours(back), status_code=303), language)


def _first_page(visitor: Colleague | Citizen) -> str:
    role = getattr(visitor, "role", "")
    governance = dict.fromkeys(("governance-officer", "legal-adviser", "security-officer"), "/governance")
    own = {
        "data-steward": "/steward",
        "data-protection-officer": "/log",
        "auditor": "/ledger",
        "analyst": "/statistics",
    }
    return {**own, **governance}.get(role, "/errand")


def _with_language(answer: Response, language: str) -> Response:
    if language in LANGUAGES:
        answer.set_cookie(COOKIE, language, max_age=_YEAR, samesite="lax", httponly=True)
    return answer


def _ours(back: str) -> str:
    """Return ``back`` if it is a path of ours, else the first page: no form of ours sends anybody elsewhere."""
    parts = urlsplit(back)
    ours = (
        not parts.scheme
        and not parts.netloc
        and back.startswith("/")
        and "\\" not in back
        and not back.startswith("//")
    )
    return back if ours and back.isprintable() else "/"
