"""The application: its routes, its walls, and what a visitor sees when something cannot be done."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from comity.gate.keys import load_or_create
from comity.node import Node
from comity.store import Role
from comity.vocabulary.models import Label
from comity.web.errors import PageError, no_such_page, out_of_order, unusable
from comity.web.guards import SecureHeaders
from comity.web.pages import errand, looking, oversight, public, start
from comity.web.render import page
from comity.web.services import Services

HOSTS = ("localhost", "127.0.0.1", "[::1]", "testserver")
SESSION_HOURS = 8  # a working day: then one signs in again
_STATIC = Path(__file__).parent / "static"

_log = structlog.get_logger()


def create_app(node: Node, *, zone: str = "UTC", hosts: Sequence[str] = HOSTS, secure: bool = False) -> FastAPI:
    """Return the application of an open node.

    ``zone`` is where people here read the clock; ``hosts`` are the names it answers to; ``secure`` sends the session's
    cookie over TLS only, as every node does that is reached over a network.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with node.pools(Role.GATE, Role.GOVERNANCE, Role.INTAKE) as pools:
            app.state.services = Services(node, pools, load_or_create(node.keyring), zone)
            yield

    app = FastAPI(title="Comity", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    for routes in (start, errand, looking, oversight, public):
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.add_exception_handler(PageError, _cannot)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _unusable)
    app.add_exception_handler(Exception, _failed)
    app.add_middleware(
        SessionMiddleware,
        secret_key=_session_secret(node.settings.key_file("web.session")),
        session_cookie="comity-session",
        max_age=SESSION_HOURS * 3600,
        same_site="lax",
        https_only=secure,
    )
    app.add_middleware(SecureHeaders)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    return app


async def _cannot(request: Request, error: Exception) -> Response:
    if not isinstance(error, PageError):
        raise error
    return await page(request, "cannot.html", error.status, error=error)


async def _http(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", HTTPStatus.NOT_FOUND)
    told = no_such_page() if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED) else out_of_order()
    return await page(request, "cannot.html", told.status, error=told)


async def _unusable(request: Request, _: Exception) -> Response:
    told = unusable(Label("Something in this form could not be read", "Iets in dit formulier kon niet worden gelezen"))
    return await page(request, "cannot.html", told.status, error=told)


async def _failed(request: Request, error: Exception) -> Response:
    # The kind of error and the route alone: its text may hold what somebody typed.
    route = getattr(request.scope.get("route"), "name", "")
    _log.error("page-failed", route=route, kind=type(error).__name__)
    return await page(request, "cannot.html", HTTPStatus.INTERNAL_SERVER_ERROR, error=out_of_order())


def _session_secret(path: Path) -> str:
    """Return the secret that signs sessions, made now if there is none; readable by its owner alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text()
