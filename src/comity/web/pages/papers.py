"""What the register holds, as documents to keep: PDF, in the language of the page.

A document says how things stood on a day, and is made anew for whoever asks: like the page, it is never cached, so that
nobody is handed one of an agreement that was revoked since. An assessment is here once it is approved and an agreement
of the register rests on it; its confidential parts are not (:mod:`comity.agreements.assessment.publish`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends
from psycopg import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from comity.agreements.assessment.paper import assessment_pdf
from comity.agreements.assessment.store import approval, progress
from comity.agreements.models import AssessmentReference
from comity.agreements.paper.agreement import agreement_pdf
from comity.agreements.paper.pdf import PAPER
from comity.agreements.register import register
from comity.agreements.store import agencies
from comity.store import Role
from comity.vocabulary.models import Vocabulary
from comity.web.errors import no_such_page
from comity.web.language import language_of
from comity.web.models import Visitor
from comity.web.pages.public import entry_of
from comity.web.services import services_of
from comity.web.visitors import admit

router = APIRouter()

Anybody = Annotated[Visitor, Depends(admit)]


@router.get("/agreements/{name}/{version}.pdf", name="agreement-paper")
async def agreement(request: Request, name: str, version: int, _: Anybody) -> Response:
    """Return one version of an agreement as PDF."""
    services, language = services_of(request), language_of(request)
    entry = await entry_of(services, name, version)
    made = await run_in_threadpool(agreement_pdf, entry, language, services.now().date())
    return _document(made, f"{entry.name}-{entry.version}", language)


@router.get("/assessments/{name}/{version}.pdf", name="assessment-paper")
async def assessment(request: Request, name: str, version: int, _: Anybody) -> Response:
    """Return an approved impact assessment as PDF, its confidential parts withheld."""
    services, language = services_of(request), language_of(request)
    reference, now = AssessmentReference(name, version), services.now()

    def read(conn: Connection) -> bytes | None:
        resting = register(conn, services.node.vocabulary, now)
        if reference not in {each.assessment for each in resting}:
            return None
        return _assessment(conn, reference, services.node.vocabulary, language, now.date())

    made = await services.reading(Role.GOVERNANCE, read)
    if made is None:
        raise no_such_page()
    return _document(made, f"{name}-{version}-assessment", language)


def _assessment(
    conn: Connection, reference: AssessmentReference, vocabulary: Vocabulary, language: str, on: date
) -> bytes | None:
    approved = approval(conn, reference)
    if approved is None:
        return None
    found = progress(conn, reference, vocabulary)
    names = {party.agency: party.label for party in agencies(conn)}
    whole = found.working.assessment()
    return assessment_pdf(whole, vocabulary, language, names, on=on, approval=approved, signatures=found.standing)


def _document(made: bytes, name: str, language: str) -> Response:
    # The name is of letters, digits and hyphens alone: it was found in the register.
    headers = {"content-disposition": f'inline; filename="{name}-{language}.pdf"', "content-language": language}
    return Response(made, media_type=PAPER, headers=headers)
