"""Consent: what somebody was told and answered, recorded by a colleague; read and withdrawn by the person concerned.

Rules:

1. A person is reached through the gate alone, under the agreement that the colleague works under; whoever is not there,
   not covered or not theirs is refused in the same words (:mod:`comity.gate.consent`).
2. Caseworkers record, of an agency that is a party to the agreement that asks. What they may record an answer about,
   their agency decides; whom about, the gate.
3. What is sent is looked at only after the person was reached: a mistake in a form tells a stranger nothing.
4. The person concerned takes back what they gave, and nothing else, after being told what then happens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from psycopg import Connection
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, RedirectResponse, Response

from comity.agreements.consent import LETS_LEAVE, Recorded
from comity.agreements.consent import Answer as Said
from comity.agreements.consent_words import ANSWERS, told
from comity.agreements.models import Agreement
from comity.agreements.store import record_consent
from comity.gate import Read, Request
from comity.gate.consent import Answered, Reached, answers_of, reach, was_reached
from comity.gate.models import Refusal
from comity.store import Role
from comity.vocabulary.models import Label
from comity.web import store
from comity.web.agreeing import all_versions, asking_consent
from comity.web.errors import no_such_page
from comity.web.guards import refuse_forged
from comity.web.language import marked
from comity.web.models import Citizen, Colleague, Errand
from comity.web.pages.looking import frame, refused, to_errand
from comity.web.render import page
from comity.web.services import services_of
from comity.web.visitors import admit_citizen, admit_colleague, errand_of

router = APIRouter()
MAX_REASON: Final = 500
CITIZEN: Final = "citizen"  # who recorded it, where the person concerned did
_RECORDED: Final = "consent-recorded"

Caseworker = Annotated[Colleague, Depends(admit_colleague)]
Concerned = Annotated[Citizen, Depends(admit_citizen)]


@dataclass(frozen=True, slots=True)
class Asked:
    """One agreement that asks for consent: what the person is told, and what they answered, latest first."""

    agreement: Agreement
    told: tuple[Label, ...]
    answers: tuple[Answered, ...]

    @property
    def last(self) -> Answered | None:
        """The answer that counts."""
        return self.answers[0] if self.answers else None

    @property
    def lets_leave(self) -> bool:
        """Whether the answer that counts lets data leave."""
        return self.last is not None and self.last.answer in (LETS_LEAVE.get(self.agreement.consent) or ())


# --- a colleague records ---------------------------------------------------------------------------------------------


@router.get("/consent/{person}", name="consent", response_class=HTMLResponse)
async def consent(request: HttpRequest, person: UUID, colleague: Caseworker) -> Response:
    """Show what a person was told and answered, and the form to record an answer."""
    errand = errand_of(request)
    if errand is None:
        return to_errand()
    reached = await _reach(request, colleague, errand, person)
    if isinstance(reached, Refusal):
        return await refused(request, colleague, errand, reached, person)
    recorded = bool(request.session.pop(_RECORDED, False))
    return await _consent_page(request, colleague, errand, reached, recorded=recorded)


@router.post("/consent/{person}", name="consent")
async def record(
    request: HttpRequest,
    person: UUID,
    colleague: Caseworker,
    agreement: Annotated[str, Form()] = "",
    answer: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Record what a person answered, or say what is missing."""
    await refuse_forged(request)
    errand = errand_of(request)
    if errand is None:
        return to_errand()
    reached = await _reached(request, colleague, errand, person)
    if isinstance(reached, Refusal):
        return await refused(request, colleague, errand, reached, person)
    typed = {"agreement": agreement, "answer": answer, "reason": " ".join(reason.split())}
    shown = await frame(request, colleague, errand)
    faults = _faults(typed, shown["asking"])
    if faults:
        return await _consent_page(request, colleague, errand, reached, 400, typed=typed, faults=faults)
    await _keep(request, person, agreement, Said(answer), colleague.agency, colleague.id, typed["reason"])
    request.session[_RECORDED] = True
    return RedirectResponse(f"/consent/{person}", status_code=303)


async def _reach(request: HttpRequest, colleague: Colleague, errand: Errand, person: UUID) -> Reached | Refusal:
    services = services_of(request)
    asked = Request(
        Read(person), errand.agreement, errand.purpose, colleague.requester, errand.case_reference, errand.justification
    )
    async with services.as_role(Role.GATE) as conn:
        return await reach(conn, asked, services.now(), vocabulary=services.node.vocabulary, keyring=services.keyring)


async def _reached(request: HttpRequest, colleague: Colleague, errand: Errand, person: UUID) -> Reached | Refusal:
    """Return the person whose form was open until now; otherwise reach them anew: that is a look, and logged as one."""
    services = services_of(request)
    async with services.as_role(Role.GATE) as conn:
        lately = await was_reached(conn, colleague.requester, person, errand.agreement, services.now())
    return Reached(person, None) if lately else await _reach(request, colleague, errand, person)


async def _consent_page(
    request: HttpRequest, colleague: Colleague, errand: Errand, reached: Reached, status: int = 200, **values: Any
) -> Response:
    services = services_of(request)
    shown = await frame(request, colleague, errand)
    asked = await _asked(request, shown["asking"], reached.person, colleague.id)
    async with services.as_role(Role.GOVERNANCE) as conn:
        names = await store.names_of(conn, colleague.agency)
    told_of = {"typed": {}, "faults": {}, "recorded": False, **values}
    return await page(
        request, "consent.html", status, active="search", person=reached.person, disclosure=reached.shown, asked=asked,
        names=names, words=ANSWERS, own=colleague.agency, **told_of, **shown,
    )  # fmt: skip


async def _asked(request: HttpRequest, asking: Sequence[Agreement], person: UUID, by: str) -> tuple[Asked, ...]:
    services = services_of(request)
    async with services.as_role(Role.GATE) as conn:
        answers = await answers_of(conn, person, services.now(), by=by, agreements=[it.name for it in asking])
    async with services.as_role(Role.GOVERNANCE) as conn:
        agencies = await store.agency_labels(conn)
    return tuple(
        Asked(
            it,
            told(it, services.node.vocabulary, agencies),
            tuple(each for each in answers if each.agreement == it.name),
        )
        for it in asking
    )


def _faults(typed: Mapping[str, str], asking: Sequence[Agreement]) -> dict[str, str]:
    faults = {}
    if typed["agreement"] not in {it.name for it in asking}:
        faults["agreement"] = marked("Choose the agreement that this is about")
    if typed["answer"] not in set(Said):
        faults["answer"] = marked("Choose what the person answered")
    if typed["answer"] == Said.REFUSED and not typed["reason"]:
        faults["reason"] = marked("Say why data may leave all the same; if it may not, record nothing")
    elif len(typed["reason"]) > MAX_REASON or not typed["reason"].isprintable():
        faults["reason"] = marked("Give the reason in plain text of at most 500 characters")
    return faults


async def _keep(
    request: HttpRequest, person: UUID, agreement: str, said: Said, agency: str, by: str, reason: str = ""
) -> None:
    services = services_of(request)
    recorded = Recorded(said, agency, by, services.now(), reason)

    def keep(conn: Connection) -> None:
        record_consent(conn, agreement, person, recorded, services.node.vocabulary)

    await services.reading(Role.GOVERNANCE, keep)


# --- the person concerned --------------------------------------------------------------------------------------------


async def consents_of(request: HttpRequest, citizen: Citizen) -> tuple[Asked, ...]:
    """Return the agreements about which the person concerned was asked, with all that they answered."""
    services = services_of(request)
    async with services.as_role(Role.GOVERNANCE) as conn:
        found = await all_versions(conn, services.node.vocabulary, services.now())
    asked = await _asked(request, asking_consent(found), citizen.person, CITIZEN)
    return tuple(it for it in asked if it.answers)


@router.post("/my-data/withdraw", name="withdraw", response_class=HTMLResponse)
async def withdraw(
    request: HttpRequest, citizen: Concerned, agreement: Annotated[str, Form()] = "", sure: Annotated[str, Form()] = ""
) -> Response:
    """Say what happens when consent is withdrawn, and withdraw it once the person is sure."""
    await refuse_forged(request)
    given = next((it for it in await consents_of(request, citizen) if it.agreement.name == agreement), None)
    if given is None or given.last is None or given.last.answer is not Said.GIVEN:
        raise no_such_page()
    if sure != "yes":
        return await page(request, "withdraw.html", active="my-data", it=given)
    # It is kept for the agency that wrote down the consent: that one has to know, and is a party.
    await _keep(request, citizen.person, agreement, Said.WITHDRAWN, given.last.agency, CITIZEN)
    return RedirectResponse("/my-data", status_code=303)
