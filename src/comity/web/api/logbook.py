"""The read API of the *logboek dataverwerkingen* (Logius, extension *lezen*, 1.1.0), for an organisation's overseer.

It takes and gives what that standard's OpenAPI document says, to the letter: problems are 400 or 401 with a body of
``application/problem+json``, and each answer says which version of the standard it keeps to (NL API Design Rules).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from comity.gate.logbook import Action, TooManyError, Wanted, logbook
from comity.store import Role
from comity.vocabulary.models import Label
from comity.web.api.callers import Caller
from comity.web.api.problems import ProblemError, documented, on_problem
from comity.web.services import services_of

VERSION: Final = "1.1.0"
"""Of the extension *lezen* whose OpenAPI document this keeps to."""
_UUID: Final = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_CHAR: Final = r"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"  # RFC 3986: unreserved, escaped, or a delimiter
_URI: Final = (
    r"^[A-Za-z][A-Za-z0-9+.-]*:"
    rf"(?://(?:(?:{_CHAR}|:)*@)?(?:\[[0-9A-Fa-f:.]+\]|{_CHAR}*)(?::[0-9]*)?(?:/(?:{_CHAR}|[:@/])*)?"
    rf"|/?(?:(?:{_CHAR}|[:@])(?:{_CHAR}|[:@/])*)?)"
    rf"(?:\?(?:{_CHAR}|[:@/?])*)?(?:#(?:{_CHAR}|[:@/?])*)?$"
)
_LEAST, _MOST = -(2**63), 2**63 - 1  # int64
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)  # of the calendar, in every zone
_SAYS_NOTHING: Final = Label(
    "Say what is looked for: traceId, dpl.core.processing_activity_id, dpl.core.data_subject_id, startTime or endTime, "
    "each in the form that the standard gives it.",
    "Geef aan wat wordt gezocht: traceId, dpl.core.processing_activity_id, dpl.core.data_subject_id, startTime of "
    "endTime, elk in de vorm die de standaard eraan geeft.",
)
_TOO_MANY: Final = Label(
    "More actions answer this than one answer holds. Ask something more exact.",
    "Op deze vraag passen meer acties dan in één antwoord gaan. Stel een preciezere vraag.",
)


class _Route(APIRoute):
    """Answers as the standard says: what cannot be read is 400, and each answer says its version."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                response = await answer(request)
            except (RequestValidationError, HTTPException):  # of another shape, or no text at all
                response = await on_problem(request, _unusable(_SAYS_NOTHING))
            except ProblemError as problem:
                response = await on_problem(request, problem)
            response.headers["API-Version"] = VERSION
            return response

        return answered


router = APIRouter(prefix="/ldv/v1", route_class=_Route)


class ProcessingActivityRequest(BaseModel):
    """What is looked for; at least one of these."""

    model_config = ConfigDict(
        json_schema_extra={"minProperties": 1, "examples": [{"traceId": "ef4e77b9-b03b-585f-b613-5fcf8d8555fb"}]}
    )
    trace: Annotated[StrictStr, Field(alias="traceId", pattern=_UUID)] = ""
    activity: Annotated[StrictStr, Field(alias="dpl.core.processing_activity_id", pattern=_URI)] = ""
    subject: Annotated[StrictStr, Field(alias="dpl.core.data_subject_id")] = ""
    subject_type: Annotated[StrictStr, Field(alias="dpl.core.data_subject_id_type")] = ""
    processor: Annotated[StrictStr, Field(alias="dpl.core.foreign_operation.processor", pattern=_URI)] = ""
    start: Annotated[
        StrictInt, Field(alias="startTime", ge=_LEAST, le=_MOST, description="Milliseconds since 1970")
    ] = 0
    end: Annotated[StrictInt, Field(alias="endTime", ge=_LEAST, le=_MOST, description="Milliseconds since 1970")] = 0


class Attributes(BaseModel):
    """What the standard calls the attributes of an action."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)
    activity: Annotated[
        str, Field(alias="dpl.core.processing_activity_id", description="The agreement, in the register")
    ]
    subject: Annotated[
        str | None,
        Field(alias="dpl.core.data_subject_id", description="A pseudonym of your organisation's own, for this log"),
    ] = None
    subject_type: Annotated[str | None, Field(alias="dpl.core.data_subject_id_type")] = None
    confidential_until: Annotated[
        datetime | None,
        Field(alias="comity.confidential_until", description="Until then the person concerned is not told of it"),
    ] = None


class Resource(BaseModel):
    """Which system took the action."""

    attributes: dict[str, str]


class ProcessingActivity(BaseModel):
    """One action: one use of data."""

    trace_id: Annotated[UUID, Field(serialization_alias="traceId")]
    span_id: Annotated[str, Field(serialization_alias="spanId")]
    status: str = "Ok"
    name: str = Field(examples=["read"])
    start_time: Annotated[int, Field(serialization_alias="startTime")]
    end_time: Annotated[int, Field(serialization_alias="endTime")]
    resource: Resource
    attributes: Attributes


class ProcessingActivities(BaseModel):
    """The actions that were looked for, latest first."""

    activities: Annotated[list[ProcessingActivity], Field(serialization_alias="processingActivities")]


@router.post(
    "/processing-activities",
    name="api-ldv-processing-activities",
    summary="Read the log as a logboek dataverwerkingen",
    tags=["oversight"],
    response_model_exclude_none=True,
    responses={
        **documented(HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND),
        "default": {"description": "Something went wrong on our side."},
    },
)
async def processing_activities(
    request: Request, asked: ProcessingActivityRequest, colleague: Caller
) -> ProcessingActivities:
    """Return what your agency's staff was shown, and what left where it provides; that you read it is recorded.

    At most 1,000 actions: the standard has no pages, so ask exactly.
    """
    wanted = _wanted(asked, _base(request))
    if wanted is None:  # what is looked for is nowhere here
        return ProcessingActivities(activities=[])
    services = services_of(request)
    try:
        async with services.as_role(Role.GATE) as conn:
            found = await logbook(
                conn, colleague.agency, wanted, services.now(), by=colleague.id, master=services.keyring.pseudonyms
            )
    except TooManyError:
        raise _unusable(_TOO_MANY) from None
    return ProcessingActivities(activities=[_out(it, _base(request)) for it in found])


def _unusable(detail: Label) -> ProblemError:
    return ProblemError(HTTPStatus.BAD_REQUEST, "unusable-request", detail)


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _wanted(asked: ProcessingActivityRequest, base: str) -> Wanted | None:
    """Return what is looked for; ``None``, if nothing here can be it; the problem, if nothing is looked for."""
    given = asked.model_fields_set
    if not given - {"subject_type"}:
        raise _unusable(_SAYS_NOTHING)
    agreement = None
    if "activity" in given:
        found = re.fullmatch(rf"{re.escape(base)}/agreements/([a-z0-9-]{{1,64}})/([1-9][0-9]{{0,8}})", asked.activity)
        if found is None:
            return None
        agreement = (found[1], int(found[2]))
    if "processor" in given or ("subject_type" in given and asked.subject_type != _type(base)):
        return None
    return Wanted(
        trace=UUID(asked.trace) if "trace" in given else None,
        agreement=agreement,
        subject=asked.subject if "subject" in given else None,
        since=_moment(asked.start) if "start" in given else None,
        # A millisecond is as exact as the standard is: what happened within the last one counts.
        until=_moment(asked.end, after=timedelta(microseconds=999)) if "end" in given else None,
    )


def _moment(milliseconds: int, after: timedelta = timedelta()) -> datetime:
    """Return a moment of the standard's; the first or last that there is, if it is beyond."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds) + after
    except OverflowError:
        return _LAST if milliseconds > 0 else _FIRST


def _type(base: str) -> str:
    return f"{base}/api/v1/openapi.json#logboek-pseudonym"


def _out(it: Action, base: str) -> ProcessingActivity:
    milliseconds = (it.at - _EPOCH) // timedelta(milliseconds=1)
    return ProcessingActivity(
        trace_id=it.trace,
        span_id=it.span,
        name=it.act,
        start_time=milliseconds,
        end_time=milliseconds,
        resource=Resource(attributes={"service.name": "comity", "agency": it.agency}),
        attributes=Attributes(
            activity=f"{base}/agreements/{it.agreement}/{it.version}",
            subject=it.subject,
            subject_type=_type(base) if it.subject else None,
            confidential_until=it.confidential_until,
        ),
    )
