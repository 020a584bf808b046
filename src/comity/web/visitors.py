"""Who is looking: read from the session's id and the database, anew for each request."""

from __future__ import annotations

from ipaddress import ip_address
from uuid import UUID

from starlette.requests import Request

from comity.store import Role
from comity.web import store
from comity.web.access import may_open
from comity.web.errors import no_such_page, not_for_you, sign_in_first
from comity.web.models import Citizen, Colleague, Errand, Visitor
from comity.web.services import services_of

COLLEAGUE = "colleague"
CITIZEN = "citizen"
CITIZEN_UNTIL = "citizen-until"
ERRAND = "errand"


async def visitor_of(request: Request) -> Visitor:
    """Return who is looking, as they are at this moment; ``None`` for anybody."""
    services = services_of(request)
    name = request.session.get(COLLEAGUE)
    if isinstance(name, str):
        async with services.as_role(Role.GOVERNANCE) as conn:
            found = await store.colleague(conn, name)
        # A demonstration's people have no secret: they exist on this machine alone.
        return None if found and found.demonstration and not on_loopback(request) else found
    return _citizen_of(request)


def _citizen_of(request: Request) -> Citizen | None:
    person, until = request.session.get(CITIZEN), request.session.get(CITIZEN_UNTIL)
    if not isinstance(person, str) or not isinstance(until, (int, float)):
        return None
    now = services_of(request).clock()
    valid_until = now.fromtimestamp(until, tz=now.tzinfo)
    return Citizen(UUID(person), valid_until) if now < valid_until else None


async def admit(request: Request) -> Visitor:
    """Return who is looking if they may open this route; a page error, if not."""
    visitor = await visitor_of(request)
    route = request.scope.get("route")
    name = getattr(route, "name", "")
    if not may_open(name, visitor):
        raise sign_in_first() if visitor is None else not_for_you()
    request.state.visitor = visitor
    return visitor


async def admit_anybody(request: Request) -> None:
    """Let anybody in without looking who it is: the session is not read, so what is answered may be kept by caches."""
    if not may_open(getattr(request.scope.get("route"), "name", ""), None):
        raise sign_in_first()


async def admit_colleague(request: Request) -> Colleague:
    """Return the colleague who is looking; a page error, if it is not one, or they may not open this route."""
    visitor = await admit(request)
    if not isinstance(visitor, Colleague):
        raise sign_in_first()
    return visitor


async def admit_citizen(request: Request) -> Citizen:
    """Return the person concerned who is looking; a page error, if it is not one."""
    visitor = await admit(request)
    if not isinstance(visitor, Citizen):
        raise sign_in_first()
    return visitor


def errand_of(request: Request) -> Errand | None:
    """Return what the colleague said they are here to do, or none."""
    said = request.session.get(ERRAND)
    if not isinstance(said, dict) or not all(isinstance(value, str) for value in said.values()):
        return None
    try:
        return Errand(**said)
    except TypeError:
        return None


def on_loopback(request: Request) -> bool:
    """Whether the request came from this machine itself."""
    if request.client is None:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def refuse_unless_on_loopback(request: Request) -> None:
    """Raise a page error unless the request came from this machine itself."""
    if not on_loopback(request):
        raise no_such_page()
