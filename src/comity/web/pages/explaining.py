"""Why: for an overseer, of a request in the log or of one that nobody has made; for a colleague, of their own.

Whom a supposed request is about is posted, never an address; a request of the log is named by its own random id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, RedirectResponse, Response

from comity.gate import Read, Request, Requester
from comity.gate.models import Permitted
from comity.gate.why import Explanation, Node, Onlooker, why, why_if, why_own
from comity.store import Role
from comity.web import store
from comity.web.errors import no_such_page
from comity.web.guards import refuse_forged
from comity.web.language import marked
from comity.web.models import Colleague
from comity.web.pages.oversight import ACTS
from comity.web.render import page
from comity.web.services import Services, services_of
from comity.web.visitors import admit_colleague

router = APIRouter()
MAX_TEXT = 200
_VERSION = re.compile(r"[1-9][0-9]{0,5}").fullmatch
TRUTHS = {True: marked("true"), False: marked("false"), None: marked("unknown")}
STATES = {"passed": marked("Passed"), "failed": marked("Failed"), "not-reached": marked("Not reached")}
SEEN = {
    "none": marked("there is no value"),
    "there": marked("a value is there"),
    "shown": marked("the value, as it leaves"),
}

Text = Annotated[str, Form(max_length=MAX_TEXT)]


class Supposed(BaseModel):
    """What was filled in of a request that nobody has made, as text."""

    model_config = ConfigDict(str_strip_whitespace=True, str_max_length=MAX_TEXT, hide_input_in_errors=True)

    token: str = ""
    agreement: str = ""
    version: str = ""
    purpose: str = ""
    agency: str = ""
    role: str = ""
    person: str = ""
    case_reference: str = ""
    justification: str = ""
    on: str = ""

    @property
    def request(self) -> Request:
        """Return it as the gate knows it."""
        asker = Requester(self.agency, "supposed", self.role)
        asks = Read(UUID(self.person))
        return Request(asks, self.agreement, self.purpose, asker, self.case_reference, self.justification)


@router.get("/log/{identity}/why", name="why", response_class=HTMLResponse)
async def of_the_log(
    request: HttpRequest, identity: UUID, colleague: Annotated[Colleague, Depends(admit_colleague)]
) -> Response:
    """Explain a request of the log; one that is not this overseer's to see is as one that is not there."""
    services = services_of(request)
    async with services.as_role(Role.GATE) as conn:
        said = await why(conn, identity, Onlooker(colleague.id, colleague.agency), _node(services))
    if said is None:
        raise no_such_page()
    return await _shown(request, said, "log")


@router.get("/why", name="why-if", response_class=HTMLResponse)
async def ask(request: HttpRequest, colleague: Annotated[Colleague, Depends(admit_colleague)]) -> Response:
    """Ask which request to suppose."""
    return await _form(request, Supposed(agency=colleague.agency), {})


@router.post("/why", name="why-if")
async def suppose(
    request: HttpRequest,
    colleague: Annotated[Colleague, Depends(admit_colleague)],
    supposed: Annotated[Supposed, Form()],
) -> Response:
    """Explain a request that nobody has made, or say what is still wrong with it."""
    await refuse_forged(request)
    faults = _faults(supposed)
    if faults:
        return await _form(request, supposed, faults, 400)
    services, onlooker = services_of(request), Onlooker(colleague.id, colleague.agency)
    version = int(supposed.version) if supposed.version else None
    on = date.fromisoformat(supposed.on) if supposed.on else None
    async with services.as_role(Role.GATE) as conn:
        said = await why_if(conn, supposed.request, onlooker, _node(services), version=version, on=on)
    if said is None:
        return await _form(request, supposed, {"agreement": _NOT_YOURS}, 400)
    return await _shown(request, said, "why-if")


@router.post("/why/of", name="why-of")
async def find(
    request: HttpRequest,
    colleague: Annotated[Colleague, Depends(admit_colleague)],
    identity: Text = "",
) -> Response:
    """Go to the request of an id, which whoever provided the data may have from the ledger or from a complaint."""
    await refuse_forged(request)
    if not _is_id(identity.strip()):
        return await _form(request, Supposed(agency=colleague.agency), {"identity": _NO_ID}, 400)
    return RedirectResponse(f"/log/{UUID(identity.strip())}/why", status_code=303)


@router.get("/requests/{identity}/why", name="own-request", response_class=HTMLResponse)
async def of_ones_own(
    request: HttpRequest, identity: UUID, colleague: Annotated[Colleague, Depends(admit_colleague)]
) -> Response:
    """Tell a colleague of their own request what they may know: nothing of it depends on any record."""
    services = services_of(request)
    async with services.as_role(Role.GATE) as conn:
        said = await why_own(conn, identity, colleague.requester, _node(services))
    if said is None:
        raise no_such_page()
    return await page(request, "why-own.html", active="search", said=said, acts=ACTS, states=STATES)


_NO_ID = marked("Enter an id as it stands in the ledger or on a person's page")
_NOT_YOURS = marked("There is no such version of this agreement, or neither it nor the agency is yours to oversee")


def _faults(supposed: Supposed) -> dict[str, str]:
    faults = {}
    if not supposed.agreement:
        faults["agreement"] = marked("Choose an agreement")
    if supposed.version and not _VERSION(supposed.version):
        faults["version"] = marked("Enter a version as a number, or leave it empty")
    if not _is_id(supposed.person):
        faults["person"] = _NO_ID
    if supposed.on and not _is_day(supposed.on):
        faults["on"] = marked("Enter a day like 2026-11-26, or leave it empty")
    return faults


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _node(services: Services) -> Node:
    return Node(services.node.vocabulary, services.keyring, services.now())


async def _form(request: HttpRequest, supposed: Supposed, faults: Mapping[str, str], status: int = 200) -> Response:
    services = services_of(request)
    async with services.as_role(Role.GOVERNANCE) as conn:
        titles = await store.agreement_titles(conn)
        agencies = await store.agency_labels(conn)
    vocabulary = services.node.vocabulary
    return await page(
        request,
        "why-form.html",
        status,
        active="why-if",
        typed=supposed.model_dump(),
        faults=faults,
        agreements=titles,
        agencies=agencies,
        purposes={name: it.label for name, it in vocabulary.purposes.items()},
        roles={name: it.label for name, it in vocabulary.roles.items()},
    )


async def _shown(request: HttpRequest, said: Explanation, active: str) -> Response:
    return await page(
        request,
        "why.html",
        active=active,
        said=said,
        acts=ACTS,
        states=STATES,
        truths=TRUTHS,
        seen=SEEN,
        leaving=[row for row in said.rows if row.fields],
        named=sorted(
            {it.record for it in said.fields if any(isinstance(found, Permitted) for found in it.findings)},
            key=[it.record for it in said.fields].index,
        ),
    )
