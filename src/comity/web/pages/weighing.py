"""For the officers of an agreement's parties: what a version would do to today's records, before anybody signs it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from comity.agreements.rows import all_from_rows, standing_query
from comity.gate.impact import Impact, Weigh, impact_words, take_impact
from comity.store import Role
from comity.web import store
from comity.web.errors import no_such_page
from comity.web.guards import refuse_forged
from comity.web.models import Colleague
from comity.web.render import page
from comity.web.services import services_of
from comity.web.visitors import admit_colleague

router = APIRouter()

Officer = Annotated[Colleague, Depends(admit_colleague)]


@router.get("/impacts", name="impacts", response_class=HTMLResponse)
async def impacts(request: Request, officer: Officer) -> Response:
    """List the versions of which an officer of a party may take the impact: drafts too."""
    services = services_of(request)
    now, vocabulary = services.now(), services.node.vocabulary
    async with services.as_role(Role.GOVERNANCE) as conn:
        rows = await (await conn.execute(standing_query(), {"name": None})).fetchall()
    versions = [
        (it.agreement, it.standing)
        for of_one in all_from_rows(rows, vocabulary, now)
        for it in reversed(of_one)
        if it.agreement is not None and officer.agency in it.agreement.parties
    ]
    return await page(request, "impacts.html", active="impacts", versions=versions)


@router.get("/impacts/{name}/{version}", name="impact-ask", response_class=HTMLResponse)
async def ask(request: Request, name: str, version: int, officer: Officer) -> Response:
    """Say what taking an impact means, before it is taken: it reads everybody's records, and leaves an entry."""
    services = services_of(request)
    async with services.as_role(Role.GOVERNANCE) as conn:
        rows = await (await conn.execute(standing_query(), {"name": name})).fetchall()
    kept = [it for of_one in all_from_rows(rows, services.node.vocabulary, services.now()) for it in of_one]
    found = next((it.agreement for it in kept if it.version == version), None)
    if found is None or officer.agency not in found.parties:
        raise no_such_page()
    return await page(request, "impact-ask.html", active="impacts", agreement=found)


@router.post("/impacts/{name}/{version}", name="impact", response_class=HTMLResponse)
async def impact(request: Request, name: str, version: int, officer: Officer) -> Response:
    """Take the impact and show it."""
    await refuse_forged(request)
    services = services_of(request)
    vocabulary = services.node.vocabulary
    async with services.as_role(Role.GATE) as conn:
        taken = await take_impact(
            conn,
            Weigh(name, version, None, officer.requester),
            services.now(),
            vocabulary=vocabulary,
            keyring=services.keyring,
        )
    if not isinstance(taken, Impact):
        raise no_such_page()
    async with services.as_role(Role.GOVERNANCE) as conn:
        agencies = await store.agency_labels(conn)
    sentences = impact_words(taken, vocabulary, agencies)
    return await page(request, "impact.html", active="impacts", impact=taken, sentences=sentences)
