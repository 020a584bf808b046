"""The operations of the REST API. Each read is a disclosure, made by the gate, with its entry in the ledger."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import unquote
from uuid import UUID

from fastapi import APIRouter, Header, Query
from psycopg import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from comity import ledger
from comity.agreements.register import register
from comity.gate import CaseRead, Disclosure, Read, Refusal, Search
from comity.gate import Request as Asking
from comity.gate.errors import GateError
from comity.gate.models import Asked
from comity.gate.notices import MOST, notices_of
from comity.gate.partings import MOST as MOST_PARTED
from comity.gate.partings import told_to
from comity.intake import Intake, Outcome
from comity.ledger.errors import EntryNotFoundError
from comity.sources import open_source
from comity.sources.from_http import HttpSource
from comity.store import Role
from comity.vocabulary.models import Label
from comity.web.api import models, shape
from comity.web.api.callers import Anybody, Caller
from comity.web.api.problems import ProblemError, documented, no_such_thing, refused
from comity.web.models import Colleague
from comity.web.services import services_of

router = APIRouter()

_FORMATS: Final = {"json": "application/json", "xml": "application/xml"}
_LAST: Final = 2**63 - 1  # of the numbers of notices
_ASKED: Final = documented(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
Stated = Annotated[str, Header(min_length=1, max_length=200)]
Optional = Annotated[str, Header(max_length=2000, description="UTF-8, percent-encoded where it is not ASCII")]


@router.post("/search", name="api-search", summary="Find people", tags=["reads"], responses=_ASKED)
async def search(request: Request, asked: models.SearchRequest, colleague: Caller) -> models.Found:
    """Find people, within what the agreement lets one search by. Nobody found is an empty list, and is recorded too."""
    query = asked.query
    asks = _put(lambda: Search(query.name or None, query.birth_date, query.number or None))
    return shape.found(await _look(request, colleague, asked.errand, asks))


@router.get("/persons/{person}", name="api-person", summary="Read a person's record", tags=["reads"], responses=_ASKED)
async def person(
    request: Request,
    person: UUID,
    colleague: Caller,
    comity_agreement: Stated,
    comity_purpose: Stated,
    comity_case: Optional = "",
    comity_justification: Optional = "",
) -> models.Joined:
    """Read the joined-up record of a person. The errand travels in headers."""
    errand = models.Errand.model_construct(
        agreement=comity_agreement,
        purpose=comity_purpose,
        case_reference=unquote(comity_case),
        justification=unquote(comity_justification),
    )
    return shape.joined(await _look(request, colleague, errand, Read(person)))


@router.post("/cases", name="api-case", summary="Read a case's record", tags=["reads"], responses=_ASKED)
async def case(request: Request, asked: models.CaseRequest, colleague: Caller) -> models.Joined:
    """Read the joined-up record of a case. Its number travels in the body, not in the address."""
    asks = _put(lambda: CaseRead(asked.reference))
    return shape.joined(await _look(request, colleague, asked.errand, asks))


@router.get("/notices", name="api-notices", summary="What is new", tags=["reads"], responses=_ASKED)
async def notices(
    request: Request,
    colleague: Caller,
    before: Annotated[int | None, Query(ge=1, le=_LAST, description="As the last answer said")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
) -> models.Notices:
    """Return what the colleague was told of those they asked to be kept told of, newest first."""
    async with services_of(request).as_role(Role.GATE) as conn:
        told = await notices_of(conn, colleague.requester, before=before, limit=limit)
    return shape.notices(told, limit)


@router.get("/partings", name="api-partings", summary="What was parted", tags=["reads"], responses=_ASKED)
async def partings(
    request: Request,
    colleague: Caller,
    before: Annotated[int | None, Query(ge=1, le=_LAST, description="As the last answer said")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_PARTED)] = MOST_PARTED,
) -> models.Partings:
    """Return which of the things that the colleague received rested on a link that is no more."""
    async with services_of(request).as_role(Role.GATE) as conn:
        told = await told_to(conn, colleague.requester, before=before, limit=limit)
    return shape.partings(told, limit)


@router.get("/agreements", name="api-agreements", summary="The register of agreements", tags=["public"])
async def agreements(request: Request, _: Anybody) -> models.Register:
    """Return the public register: every version of every agreement that anyone has signed."""
    services = services_of(request)
    now, vocabulary = services.now(), services.node.vocabulary
    return shape.register(await services.reading(Role.GOVERNANCE, lambda conn: register(conn, vocabulary, now)))


@router.get(
    "/ledger/head",
    name="api-ledger-head",
    summary="The ledger's signed head",
    tags=["public"],
    responses=documented(HTTPStatus.NOT_FOUND),
)
async def ledger_head(request: Request, _: Anybody) -> models.LedgerHead:
    """Return the ledger's newest signed head."""
    head = await services_of(request).reading(Role.GATE, ledger.head)
    if head is None:
        raise no_such_thing()
    return shape.ledger_head(head)


@router.get(
    "/ledger/entries/{entry}/receipt",
    name="api-ledger-receipt",
    summary="The receipt of an entry",
    tags=["public"],
    response_class=PlainTextResponse,
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def receipt(request: Request, entry: UUID, _: Anybody) -> Response:
    """Return the receipt of one entry (C2SP tlog-proof), which verifies offline with the ledger's public key."""

    def read(conn: Connection) -> str | None:
        try:
            return ledger.prove(conn, entry).text()
        except EntryNotFoundError:
            return None

    text = await services_of(request).reading(Role.GATE, read)
    if text is None:
        raise no_such_thing()
    return PlainTextResponse(text)


@router.post(
    "/sources/{source}/messages",
    name="api-message",
    summary="Post a source's message",
    tags=["sources"],
    response_model=models.Received,
    responses=documented(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    )
    | {HTTPStatus.ACCEPTED.value: {"model": models.Received, "description": "Held with its faults; nothing is lost."}},
    openapi_extra={"requestBody": {"required": True, "content": {kind: {"schema": {}} for kind in _FORMATS.values()}}},
)
async def message(request: Request, source: str, account: Caller) -> Response:
    """Post one message of a source, as its system writes it. Only a service account of the source's own agency may."""
    services = services_of(request)
    known = services.sources.get(source)
    if known is None or known.mapping.agency != account.agency or not known.has_door:
        raise no_such_thing()
    door = open_source(known.mapping.source, Path())
    if not isinstance(door, HttpSource):
        raise RuntimeError("a mapping with an HTTP door opened something else")  # noqa: TRY004  (ours)
    if request.headers.get("content-type", "").partition(";")[0].strip() != _FORMATS[door.format]:
        raise _other_format(door.format)
    data = await request.body()

    def receive(conn: Connection) -> Outcome:
        intake = Intake(conn, services.node.vocabulary, services.keyring, services.clock)
        return intake.receive(known.mapping, door.message(data))

    outcome = await services.reading(Role.INTAKE, receive)
    status = HTTPStatus.ACCEPTED if outcome.quarantined else HTTPStatus.OK
    return JSONResponse(models.Received(**asdict(outcome)).model_dump(), status)


async def _look(request: Request, colleague: Colleague, errand: models.Errand, asks: Asked) -> Disclosure:
    services = services_of(request)
    asking = Asking(
        asks, errand.agreement, errand.purpose, colleague.requester, errand.case_reference, errand.justification
    )
    answer = await services.disclose(asking)
    if isinstance(answer, Refusal):
        raise refused(answer)
    return answer


def _put(ask: Any) -> Asked:
    """Return what is asked; the problem, if the gate has no such question."""
    try:
        asks: Asked = ask()
    except GateError as error:
        detail = Label(str(error), "Deze vraag kan niet worden gesteld. Noem een naam, geboortedatum of nummer.")
        raise ProblemError(HTTPStatus.BAD_REQUEST, "unusable-question", detail) from None
    return asks


def _other_format(wanted: str) -> ProblemError:
    kind = _FORMATS[wanted]
    return ProblemError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "other-format",
        Label(f"This source takes {kind}.", f"Deze bron neemt {kind} aan."),
    )
