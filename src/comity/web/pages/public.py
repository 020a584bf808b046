"""What anybody may read: the register of agreements, and the ledger's head and receipts as text."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from comity.agreements.assessment.store import approval
from comity.agreements.linked_data import MEDIA_TYPE, Addresses
from comity.agreements.register import RegisterEntry, agreement_data, register, register_data
from comity.gate.reviews import suspended
from comity.store import Role
from comity.web.errors import no_such_page
from comity.web.models import Visitor
from comity.web.pages.exploring import proof_of
from comity.web.render import page
from comity.web.services import Services, services_of
from comity.web.visitors import admit

router = APIRouter()

Anybody = Annotated[Visitor, Depends(admit)]


@router.get("/agreements", name="register", response_class=HTMLResponse)
async def agreements(request: Request, _: Anybody) -> Response:
    """Show every agreement that has been signed by anyone, in force or not."""
    entries, paused = await _register(services_of(request))
    return await page(request, "register.html", active="register", entries=entries, paused=paused)


@router.get("/agreements.jsonld", name="register-data")
async def agreements_data(request: Request, _: Anybody) -> Response:
    """Return the register for programs: a DCAT catalogue of ODRL policies, as JSON-LD."""
    services, at = services_of(request), _addresses(request)
    text = await services.reading(
        Role.GOVERNANCE, lambda conn: register_data(conn, services.node.vocabulary, services.now(), at)
    )
    return _linked_data(request, text)


@router.get("/agreements/{name}/{version}.jsonld", name="agreement-data")
async def agreement_for_programs(request: Request, name: str, version: int, _: Anybody) -> Response:
    """Return one version of an agreement for programs, as JSON-LD."""
    services, at = services_of(request), _addresses(request)
    text = await services.reading(
        Role.GOVERNANCE,
        lambda conn: agreement_data(conn, name, version, services.node.vocabulary, services.now(), at),
    )
    if text is None:
        raise no_such_page()
    return _linked_data(request, text)


@router.get("/agreements/{name}/{version}", name="agreement", response_class=HTMLResponse)
async def agreement(request: Request, name: str, version: int, _: Anybody) -> Response:
    """Show one version of an agreement, clause by clause, in words."""
    services = services_of(request)
    entry = await entry_of(services, name, version)
    paused = await paused_among(services, [entry])
    approved = await services.reading(Role.GOVERNANCE, lambda conn: approval(conn, entry.assessment))
    return await page(
        request, "agreement.html", active="register", entry=entry, paused=paused, assessed=approved is not None
    )


@router.get("/ledger/{entry}/receipt", name="ledger-receipt")
async def receipt(request: Request, entry: UUID, _: Anybody) -> Response:
    """Return one entry's receipt, to keep (C2SP tlog-proof)."""
    proof = await proof_of(services_of(request), entry)
    if proof is None:
        raise no_such_page()
    name = {"content-disposition": f'attachment; filename="{entry}.tlog-proof"'}
    return PlainTextResponse(proof.text(), headers=name)


def _addresses(request: Request) -> Addresses:
    return Addresses(str(request.base_url).rstrip("/"))


def _linked_data(request: Request, text: str) -> Response:
    """Return JSON-LD that may be kept, but is asked for anew each time: a revocation has to show at once."""
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "public, no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(text, media_type=MEDIA_TYPE, headers=headers)


async def entry_of(services: Services, name: str, version: int) -> RegisterEntry:
    """Return one version of the register; a page error, if the register does not have it."""
    entries, _ = await _register(services)
    entry = next((it for it in entries if (it.name, it.version) == (name, version)), None)
    if entry is None:
        raise no_such_page()
    return entry


async def paused_among(services: Services, entries: Sequence[RegisterEntry]) -> frozenset[str]:
    """Return which versions (``name@version``) release nothing while a review is overdue."""
    if not any(entry.suspends for entry in entries):
        return frozenset()
    names = await services.reading(Role.GATE, suspended)
    paused = (it for it in entries if it.suspends and it.standing.in_force and it.name in names)
    return frozenset(f"{it.name}@{it.version}" for it in paused)


async def _register(services: Services) -> tuple[tuple[RegisterEntry, ...], frozenset[str]]:
    """Return the register, and which versions release nothing while a review is overdue."""
    now, vocabulary = services.now(), services.node.vocabulary
    entries = await services.reading(Role.GOVERNANCE, lambda conn: register(conn, vocabulary, now))
    return entries, await paused_among(services, entries)
