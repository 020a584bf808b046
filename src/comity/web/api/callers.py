"""Who asks: read from the bearer token and the database, anew for each request (RFC 6750)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from comity.store import Role
from comity.web import store
from comity.web.access import may_open
from comity.web.api.problems import not_for_role, not_signed_in
from comity.web.models import Colleague
from comity.web.services import services_of
from comity.web.visitors import on_loopback

_bearer = HTTPBearer(
    scheme_name="token", description="A token that `comity` issued to a colleague or an account", auto_error=False
)
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def caller(request: Request, credentials: _Credentials) -> Colleague:
    """Return in whose name a program asks, if they may use this operation; raise the problem, if not."""
    if credentials is None:
        raise not_signed_in()
    services = services_of(request)
    async with services.as_role(Role.GOVERNANCE) as conn:
        found = await store.holder_of_token(conn, credentials.credentials, services.clock())
    if found is None or (found.demonstration and not on_loopback(request)):
        raise not_signed_in()
    if not may_open(_operation(request), found):
        raise not_for_role()
    return found


async def anybody(request: Request) -> None:
    """Let anybody use this operation, if the table of access says so."""
    if not may_open(_operation(request), None):
        raise not_signed_in()


def _operation(request: Request) -> str:
    # The route, not the address: that can be poisoned by the Host header.
    return getattr(request.scope.get("route"), "name", "")


Caller = Annotated[Colleague, Depends(caller)]
Anybody = Annotated[None, Depends(anybody)]
