"""The application: its routes, its walls, and what a visitor sees when something cannot be done."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

from comity.gate.keys import load_or_create
from comity.gate.together import Together
from comity.node import Node
from comity.store import Role, read_private, write_private
from comity.vocabulary.models import Label
from comity.web.access import OPEN_TO, Desk
from comity.web.api import create_api
from comity.web.api.app import PATH as API_PATH
from comity.web.api.problems import on_page_error
from comity.web.errors import PageError, no_such_page, out_of_order, told_of, too_large, unusable
from comity.web.explorer import indexing
from comity.web.guards import FailQuietly, LimitBody, SecureHeaders, words_typed
from comity.web.mappings import known_sources
from comity.web.pages import (
    assessing,
    concluding,
    consenting,
    counting,
    errand,
    explaining,
    exploring,
    extracting,
    governing,
    identifying,
    keeping,
    looking,
    news,
    oversight,
    papers,
    public,
    reviewing,
    settling,
    start,
    stewarding,
    tiling,
    watching,
    weighing,
    witnessing,
)
from comity.web.render import bare_page, page
from comity.web.services import Services
from comity.web.telling import telling
from comity.web.turns import TakeTurns, Turns

HOSTS = ("localhost", "127.0.0.1", "[::1]", "testserver")
MAX_BODY = 2 * 1024 * 1024  # twice what a source keeps of one unreadable message: no honest message comes near it
SESSION_HOURS = 8  # a working day: then one signs in again
_WRITING = (Desk.GOVERNANCE, Desk.SIGNATORY)  # desks at which people write at length
_UNREADABLE = Label("Something in this form could not be read", "Iets in dit formulier kon niet worden gelezen")
_STATIC = Path(__file__).parent / "static"
DESKS = (
    *(start, errand, looking, news, counting, extracting, stewarding, keeping, oversight, papers, reviewing),
    *(consenting, explaining, weighing, watching, tiling, public, exploring, witnessing, governing, settling),
    *(assessing, concluding, identifying),
)
"""The modules whose pages the application opens, each to whom the table of access says."""


def create_app(
    node: Node,
    *,
    mappings: Sequence[Path] = (),
    zone: str = "UTC",
    hosts: Sequence[str] = HOSTS,
    secure: bool = False,
    turns: Turns | None = None,
) -> FastAPI:
    """Return the application of an open node.

    ``mappings`` are the mapping files of its sources, for the stewards and for the doors at which systems post;
    ``zone`` is where people here read the clock; ``hosts`` are the names it answers to; ``secure`` sends the session's
    cookie over TLS only, as every node does that is reached over a network; ``turns`` is how many are answered at once.
    """
    sources, api = known_sources(mappings, node.vocabulary), create_api()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        keyring = load_or_create(node.keyring)
        async with (
            node.pools(Role.GATE, Role.GOVERNANCE, Role.INTAKE) as pools,
            Together(pools[Role.GATE], node.vocabulary, keyring) as gate,
        ):
            services = Services(node, pools, keyring, gate, sources, zone)
            app.state.services = api.state.services = services
            async with telling(services), indexing(services):
                yield

    app = FastAPI(title="Comity", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    for routes in DESKS:
        app.include_router(routes.router)
    app.mount(API_PATH, api, name="api")
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.add_exception_handler(PageError, _cannot)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _unusable)
    _wall(app, node, hosts, secure=secure, turns=turns or Turns())
    return app


def _wall(app: FastAPI, node: Node, hosts: Sequence[str], *, secure: bool, turns: Turns) -> None:
    """Put the walls around every page, the innermost first."""
    app.add_middleware(FailQuietly, answer=_failed)
    app.add_middleware(LimitBody, most=MAX_BODY, answer=_too_large)
    app.add_middleware(
        SessionMiddleware,
        secret_key=_session_secret(node.settings.key_file("web.session")),
        session_cookie="comity-session",
        max_age=SESSION_HOURS * 3600,
        same_site="lax",
        https_only=secure,
    )
    app.add_middleware(TakeTurns, turns=turns, answer=_turned_away)
    app.add_middleware(SecureHeaders, encrypted=secure)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)


async def _cannot(request: Request, error: Exception) -> Response:
    if not isinstance(error, PageError):
        raise error
    # Whoever writes for an hour, and whose day at the desk ended meanwhile, gets their words back.
    route = OPEN_TO.get(getattr(request.scope.get("route"), "name", ""))
    lost = error.status == HTTPStatus.UNAUTHORIZED and route in _WRITING
    return await page(
        request, "cannot.html", error.status, error=error, typed=await words_typed(request) if lost else []
    )


async def _http(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", HTTPStatus.NOT_FOUND)
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        told = no_such_page()
    else:
        told = out_of_order() if status >= HTTPStatus.INTERNAL_SERVER_ERROR else unusable(_UNREADABLE)
    return await page(request, "cannot.html", told.status, error=told)


async def _unusable(request: Request, error: Exception) -> Response:
    faults = error.errors() if isinstance(error, RequestValidationError) else ()
    in_address = any(it["loc"][0] in ("path", "query") for it in faults)
    told = no_such_page() if in_address else unusable(_UNREADABLE)
    return await page(request, "cannot.html", told.status, error=told)


async def _failed(request: Request, failure: Exception) -> Response:
    told = told_of(failure)
    if told.again is not None:  # then no page can be made that asks the database who is looking
        return bare_page(request, told)
    return await page(request, "cannot.html", told.status, error=told)


async def _turned_away(request: Request, told: PageError) -> Response:
    """Answer before anybody is known and anything is read: in the API's own form where a program asked."""
    if request.scope["path"].startswith(f"{API_PATH}/"):
        return await on_page_error(request, told)
    return bare_page(request, told)


async def _too_large(request: Request) -> Response:
    """Answer before anybody is known and anything is read: in the API's own form where a program asked."""
    if request.scope["path"].startswith(f"{API_PATH}/"):
        return await on_page_error(request, too_large())
    return PlainTextResponse("This is too large.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _session_secret(path: Path) -> str:
    """Return the secret that signs sessions, made now if there is none; the store's PrivateFileError if others read it.

    Of two workers that start at once, the first one's stands.
    """
    if not path.exists():
        with suppress(FileExistsError):
            write_private(path, secrets.token_urlsafe(48).encode())
    return read_private(path).decode()
