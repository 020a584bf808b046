"""The operations of the REST API for extracts: ask for one, see how far it is, and collect its files."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from comity.gate import Refusal
from comity.gate import Request as Asking
from comity.gate.extract.models import Format
from comity.gate.extract.orders import NotHereError, Ordered, State, TooManyError, ask_for, collect, order_of
from comity.gate.models import Extract
from comity.vocabulary.models import Label
from comity.web.api.callers import Caller
from comity.web.api.models import Errand
from comity.web.api.problems import ProblemError, documented, no_such_thing, refused
from comity.web.services import services_of

router = APIRouter()

_ASKED: Final = documented(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
)
_SEEN: Final = documented(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY
)
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK.value: {
        "description": "The file, as it was signed.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
    **_SEEN,
}
_EXAMPLE: JsonDict = {
    "errand": {
        "agreement": "charge-outcomes",
        "purpose": "statistics",
        "justification": "The yearly study of how long cases take",
    },
    "format": "csv",
}
_Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", examples=["manifest.json"])]


class ExtractRequest(BaseModel):
    """An extract and its errand."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})
    errand: Errand
    format: Format = Format.CSV


class FileOut(BaseModel):
    """One file that can be collected."""

    name: str = Field(examples=["1-person.0001.csv"])
    bytes: int = Field(examples=[48_211])
    href: str = Field(description="Where it is collected, under the address of the API")


class ExtractOut(BaseModel):
    """How far an extract is."""

    id: UUID = Field(description="Once it is made, also the ledger's entry of this disclosure")
    agreement: str = Field(examples=["charge-outcomes"])
    purpose: str = Field(examples=["statistics"])
    format: Format
    asked_at: datetime
    state: State
    parts_done: int = Field(description="About how many files are made")
    parts: int | None = Field(description="How many are to be made; not known before it is begun")
    until: datetime | None = Field(description="Until when it can be collected, once it is made")
    reason: str | None = Field(description="Of a refusal: its code", examples=["not-in-force"])
    refusal: UUID | None = Field(description="Of a refusal: the ledger's entry")
    files: list[FileOut]


@router.post(
    "/extracts",
    name="api-extract-ask",
    summary="Ask for an extract",
    tags=["extracts"],
    status_code=HTTPStatus.ACCEPTED,
    responses=_ASKED,
)
async def ask(request: Request, response: Response, asked: ExtractRequest, colleague: Caller) -> ExtractOut:
    """Have everything that an agreement lets out, about everyone whom it covers, written to files in the background."""
    errand, services = asked.errand, services_of(request)
    asking = Asking(
        Extract(), errand.agreement, errand.purpose, colleague.requester, errand.case_reference, errand.justification
    )
    try:
        answer = await services.at_counter(lambda it: ask_for(it, asking, asked.format, services.now()))
    except TooManyError as error:
        dutch = "Er zijn al zoveel extracten van u onderweg als mag. Wacht tot er een klaar is."
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "too-many-extracts", Label(str(error), dutch)) from None
    if isinstance(answer, Refusal):
        raise refused(answer)
    found = await services.at_counter(lambda it: order_of(it, colleague.requester, answer, services.now()))
    response.headers["location"] = f"{request.scope.get('root_path', '')}/extracts/{answer}"
    return _out(found)


@router.get("/extracts/{extract}", name="api-extract", summary="See how far it is", tags=["extracts"], responses=_SEEN)
async def status(request: Request, extract: UUID, colleague: Caller) -> ExtractOut:
    """Say how far an extract is that the caller asked for, and which files there are."""
    services = services_of(request)
    try:
        return _out(await services.at_counter(lambda it: order_of(it, colleague.requester, extract, services.now())))
    except NotHereError:
        raise no_such_thing() from None


@router.get(
    "/extracts/{extract}/files/{file}",
    name="api-extract-file",
    summary="Collect a file",
    tags=["extracts"],
    responses=_FILE,
    response_class=FileResponse,
)
async def collect_file(request: Request, extract: UUID, file: _Name, colleague: Caller) -> FileResponse:
    """Return one file of an extract that the caller asked for. The request is judged anew each time."""
    services = services_of(request)
    try:
        found = await services.at_counter(lambda it: collect(it, colleague.requester, extract, file, services.now()))
    except NotHereError:
        raise no_such_thing() from None
    if isinstance(found, Refusal):
        raise refused(found)
    return FileResponse(found, media_type="application/octet-stream", filename=file)


def _out(it: Ordered) -> ExtractOut:
    request = it.order.asking.request
    return ExtractOut(
        id=it.id,
        agreement=request.agreement,
        purpose=request.purpose,
        format=it.order.format,
        asked_at=it.order.asking.at,
        state=it.state,
        parts_done=it.parts_done,
        parts=it.parts,
        until=it.until,
        reason=it.reason.code.partition(":")[0] if it.reason else None,
        refusal=it.refusal,
        files=[
            FileOut(name=file.name, bytes=file.bytes, href=f"/extracts/{it.id}/files/{file.name}") for file in it.files
        ],
    )
