"""The walls around every page: headers, hosts, forged forms, and who may open what.

Rules:

1. The route is authorised, not the address: ``request.url.path`` can be poisoned by the Host header.
2. A posted form must come from a page of ours (``Sec-Fetch-Site``; ``Origin`` where a browser does not send it) and
   carry the token of its session.
3. What is not public is never cached.
4. What fails, fails quietly: a log line holds the kind of error and the route, never its text, which may hold what
   somebody typed or what somebody is called.
5. Nobody may send more than the largest message that a source may.
"""

from __future__ import annotations

import hmac
import secrets
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from comity.web.errors import PageError, forged, too_large

_log = structlog.get_logger()

TOKEN: Final = "token"  # noqa: S105  (a name, not a secret)

HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
"""Sent with every answer (OWASP secure headers; CSP level 3)."""

OVER_TLS: Final = {"strict-transport-security": "max-age=31536000"}
"""Sent as well by a node that is reached over TLS (RFC 6797): for a year, a browser asks it in no other way."""


class SecureHeaders:
    """Adds :data:`HEADERS` to every answer, and forbids caching of what is not public; ``encrypted``: as over TLS."""

    def __init__(self, app: ASGIApp, *, encrypted: bool = False) -> None:
        self.app, self.headers = app, HEADERS | OVER_TLS if encrypted else HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self.app(scope, receive, send_with_headers)


class LimitBody:
    """Refuses a body that is larger than ``most`` bytes, with ``answer``, before anything reads it to its end."""

    def __init__(self, app: ASGIApp, most: int, answer: Callable[[Request], Awaitable[Response]]) -> None:
        self.app, self.most, self.answer = app, most, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if int(Headers(scope=scope).get("content-length") or 0) > self.most:
            await (await self.answer(Request(scope, receive)))(scope, receive, send)
            return
        read = 0

        async def receive_limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.most:
                raise too_large()
            return message

        await self.app(scope, receive_limited, send)


class FailQuietly:
    """Answers an error of ours with ``answer``, and logs its kind and the route alone (rule 4)."""

    def __init__(self, app: ASGIApp, answer: Callable[[Request, Exception], Awaitable[Response]]) -> None:
        self.app, self.answer = app, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        begun = False

        async def send_noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, send_noting)
        except Exception as error:  # noqa: BLE001  (whatever it is: the server would log its text)
            route = getattr(scope.get("route"), "name", "")
            _log.error("request-failed", route=route, kind=type(error).__name__, where=_where(error))
            if scope["type"] == "http" and not begun:
                await (await self.answer(Request(scope, receive), error))(scope, receive, send)


def _where(error: Exception) -> str:
    """Return the file and line at which an error was raised: code, not data."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def form_token(request: Request) -> str:
    """Return the token that this session's forms carry, made now if it has none."""
    token = request.session.get(TOKEN)
    if not isinstance(token, str):
        token = request.session[TOKEN] = secrets.token_urlsafe(24)
    return token


async def refuse_forged(request: Request) -> None:
    """Raise a page error unless a posted form came from a page of ours, with this session's token."""
    if not _from_us(request):
        raise forged()
    sent = (await request.form()).get(TOKEN)
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), form_token(request).encode()):
        raise forged()


async def is_stale(request: Request) -> bool:
    """Whether a form came from a page of ours with the token of an earlier session: then nothing of it may be done.

    What was typed may be shown again, with a new token, so that it is not lost. A form from elsewhere is refused.
    """
    if not _from_us(request):
        raise forged()
    try:
        await refuse_forged(request)
    except PageError:
        return True
    return False


async def words_typed(request: Request) -> list[str]:
    """Return what somebody wrote into a form of ours, in more than a word or two, for them to keep."""
    if request.method != "POST" or not _from_us(request):
        return []
    typed = (value for name, value in (await request.form()).multi_items() if name != TOKEN)
    return [value for value in typed if isinstance(value, str) and " " in value.strip()]


def _from_us(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
