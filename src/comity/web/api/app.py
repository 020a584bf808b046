"""The REST API as an application of its own, mounted by the pages' at ``/api/v1``."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from comity.web.api import counting, extracting, logbook
from comity.web.api.callers import anybody
from comity.web.api.problems import (
    Problem,
    ProblemError,
    failed,
    on_http,
    on_page_error,
    on_problem,
    on_unusable,
)
from comity.web.api.routes import router
from comity.web.errors import PageError
from comity.web.guards import FailQuietly

PATH: Final = "/api/v1"
_ABOUT: Final = (
    "The same reads as the pages: each under an agreement in force, for its purpose, only what it names, and with an "
    "entry in the ledger before anything is answered. What is refused and what does not exist look the same. "
    "Descriptions of problems come in English or Dutch (Accept-Language); their codes stay. Any operation may answer "
    "429 (`too-busy`: too many ask at once) or 503 (`unavailable`): then nothing was done, and Retry-After says after "
    "how many seconds to ask again."
)


def create_api() -> FastAPI:
    """Return the API. Whoever mounts it hands it the services, as ``state.services``, before the first request."""
    api = FastAPI(
        title="Comity",
        version="1",
        summary="Read the joined-up record under an agreement; post a source's messages",
        description=_ABOUT,
        servers=[{"url": PATH}],
        root_path_in_servers=False,
        generate_unique_id_function=lambda route: route.name.removeprefix("api-"),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    api.include_router(router)
    api.include_router(counting.router)
    api.include_router(extracting.router)
    api.include_router(logbook.router)
    for error, handler in (
        (ProblemError, on_problem),
        (PageError, on_page_error),
        (RequestValidationError, on_unusable),
        (HTTPException, on_http),
    ):
        api.add_exception_handler(error, handler)
    api.add_middleware(FailQuietly, answer=_failed)

    @api.get("/openapi.json", name="api-reference", include_in_schema=False, dependencies=[Depends(anybody)])
    async def reference() -> Response:
        """Return the OpenAPI document."""
        return JSONResponse(openapi(api))

    return api


def openapi(api: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document: the framework's, with our problems in the place of its own."""
    document = api.openapi()
    schemas = document["components"]["schemas"]
    for theirs in ("HTTPValidationError", "ValidationError"):
        schemas.pop(theirs, None)
    parts = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(parts.pop("$defs", {}))
    schemas["Problem"] = parts
    return document


async def _failed(request: Request, error: Exception) -> Response:
    return failed(request, error)
