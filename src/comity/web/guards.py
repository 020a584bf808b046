"""The walls around every page: headers, hosts, forged forms, and who may open what.

Rules:

1. The route is authorised, not the address: ``request.url.path`` can be poisoned by the Host header.
2. A posted form must come from a page of ours (``Sec-Fetch-Site``; ``Origin`` where a browser does not send it) and
   carry the token of its session.
3. What is not public is never cached.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from comity.web.errors import forged

TOKEN: Final = "token"  # noqa: S105  (a name, not a secret)

HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
"""Sent with every answer (OWASP secure headers; CSP level 3)."""


class SecureHeaders:
    """Adds :data:`HEADERS` to every answer, and forbids caching of what is not public."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self.app(scope, receive, send_with_headers)


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


def _from_us(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
