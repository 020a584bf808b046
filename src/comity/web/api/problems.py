"""What a program is told when something cannot be done: problem details (RFC 9457), each with a code that stays.

Refused and absent look the same: one status, one code, one text.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from comity.gate import Refusal
from comity.gate.reasons import LEDGER_BEHIND, NOTHING_TO_SHOW
from comity.vocabulary.models import Label
from comity.web.errors import BACK_SECONDS, PageError, told_of
from comity.web.language import language_of

MEDIA_TYPE: Final = "application/problem+json"
_TYPE: Final = "urn:comity:problem:"
_STATUS: Final = {
    NOTHING_TO_SHOW.code: HTTPStatus.NOT_FOUND,
    LEDGER_BEHIND.code: HTTPStatus.SERVICE_UNAVAILABLE,  # it passes, and is about nobody
}
_HEADERS: Final[Mapping[HTTPStatus, Mapping[str, str]]] = {
    HTTPStatus.UNAUTHORIZED: {"www-authenticate": 'Bearer realm="comity"'},
    HTTPStatus.SERVICE_UNAVAILABLE: {"retry-after": str(BACK_SECONDS)},
}


class Fault(BaseModel):
    """One place of the request that cannot be used. It never repeats what was sent."""

    place: str = Field(examples=["body.query.birth_date"])
    cause: str = Field(examples=["Input should be a valid date"])


class Problem(BaseModel):
    """Why a request was not carried out (RFC 9457)."""

    type: str = Field(description="A name for the kind of problem", examples=[f"{_TYPE}nothing-to-show"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(description="What is wrong and what to do, in the language asked for (en, nl)")
    code: str = Field(description="The same in every language and every version", examples=["nothing-to-show"])
    entry: UUID | None = Field(default=None, description="The ledger's entry of a refusal by the gate")
    faults: list[Fault] | None = Field(default=None, description="Each place that cannot be used")


class ProblemError(Exception):
    """A request that is not carried out, for the reason that the code names."""

    def __init__(self, status: HTTPStatus, code: str, detail: Label, entry: UUID | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.detail, self.entry = status, code, detail, entry


def not_signed_in() -> ProblemError:
    """No token, or none that is valid."""
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "no-valid-token",
        Label(
            "Send a valid token: Authorization: Bearer ...",
            "Stuur een geldig token mee: Authorization: Bearer ...",
        ),
    )


def not_for_role() -> ProblemError:
    """Refuse: the role of whoever asks may not use this operation."""
    return ProblemError(
        HTTPStatus.FORBIDDEN,
        "not-for-this-role",
        Label("This operation is not for your role.", "Deze bewerking is niet voor uw rol."),
    )


def no_such_thing() -> ProblemError:
    """There is no such thing, or none that may be shown to whoever asks."""
    return ProblemError(
        HTTPStatus.NOT_FOUND,
        "not-found",
        Label("There is nothing at this address.", "Er is niets op dit adres."),
    )


def refused(refusal: Refusal) -> ProblemError:
    """Return the problem that tells of a refusal by the gate what the requester may know."""
    code = refusal.reason.code.partition(":")[0]
    status = _STATUS.get(code, HTTPStatus.FORBIDDEN)
    return ProblemError(status, code, refusal.reason.label, refusal.id)


async def on_problem(request: Request, error: Exception) -> Response:
    """Answer a :class:`ProblemError`."""
    if not isinstance(error, ProblemError):
        raise error
    headers = _HEADERS.get(error.status, {})
    detail = error.detail.in_language(language_of(request))
    return _answer(error.status, error.code, detail, headers, entry=str(error.entry) if error.entry else None)


async def on_page_error(request: Request, error: Exception) -> Response:
    """Answer what a wall around all pages refuses."""
    if not isinstance(error, PageError):
        raise error
    return told(request, error)


async def on_unusable(_: Request, error: Exception) -> Response:
    """Answer a request that is not of the shape that the operation takes; what was sent is not repeated."""
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [{"place": ".".join(str(part) for part in it["loc"]), "cause": it["msg"]} for it in error.errors()]
    detail = "The request does not have the shape that this operation takes."
    return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, "unusable-request", detail, {}, faults=faults)


async def on_http(_: Request, error: Exception) -> Response:
    """Answer what the framework refuses: no such operation, a method that an address does not take."""
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    return _answer(status, status.phrase.lower().replace(" ", "-"), status.phrase + ".", error.headers or {})


def told(request: Request, error: PageError) -> Response:
    """Return what a page would say, as a problem; with after how long to ask again, where that is known."""
    detail = error.advice.in_language(language_of(request))
    return _answer(HTTPStatus(error.status), error.code, detail, error.headers)


def failed(request: Request, error: Exception) -> Response:
    """Return the answer to a failure on our side; whether it passes by itself, as far as its kind says."""
    passing = told_of(error)
    if passing.again is not None:
        return told(request, passing)
    detail = "Something went wrong on our side. Nothing was shown or changed. Try again."
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, "failed", detail, {})


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return how an operation's problems stand in the OpenAPI document; each takes the shape of its request."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status.value: {"description": _WHEN[status], "content": content} for status in statuses}


def _answer(status: HTTPStatus, code: str, detail: str, headers: Mapping[str, str], **more: Any) -> Response:
    body = {"type": f"{_TYPE}{code}", "title": status.phrase, "status": status.value, "detail": detail, "code": code}
    given = {name: value for name, value in more.items() if value is not None}
    return JSONResponse({**body, **given}, status, dict(headers), MEDIA_TYPE)


_WHEN: Final = {
    HTTPStatus.BAD_REQUEST: "The body cannot be read.",
    HTTPStatus.UNAUTHORIZED: "No token, or none that is valid.",
    HTTPStatus.FORBIDDEN: "Your role or the agreement does not allow it; the code says which.",
    HTTPStatus.NOT_FOUND: "There is nothing, or nothing that may be shown to you: the two look the same.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The source takes another format.",
    HTTPStatus.TOO_MANY_REQUESTS: "As much as may be is under way; wait until some of it is done.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The request does not have the shape that this operation takes.",
}
