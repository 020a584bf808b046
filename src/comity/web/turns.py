"""Whose turn it is: so many requests are under way at once, so many more wait for a moment, the rest may come again.

Rules:

1. A request that is turned away has done nothing: it is told so at once (429, RFC 6585), and after how long it may ask
   again. So a burst costs whoever is in it a moment, and nobody their answer.
2. Who waits is served in the order of asking, or turned away after :data:`PATIENCE_SECONDS`.
3. A turn ends as the answer begins to leave: whoever takes it in slowly holds up nobody. Nor does whoever sends slowly:
   a body that has not arrived after :data:`BODY_SECONDS` is given up.
4. What costs nothing takes no turn: the style sheet, and the question whether the process answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from comity.web.errors import PageError, too_busy, too_slow

UNDER_WAY: Final = 64
"""At once: four for each connection of a pool. More would not be answered sooner, as ``python -m bench gate`` shows."""

IN_LINE: Final = 256
"""In line behind them: at the slowest pace measured on two cores they are through before their patience is."""

PATIENCE_SECONDS: Final = 5.0  # a person waits this long without wondering
BODY_SECONDS: Final = 20.0  # for two megabytes, over the slowest line that anybody works on
_FREE: Final = ("/static/", "/healthz")


@dataclass(slots=True)
class Turns:
    """The room of one web process, and what became of whoever came; for one event loop."""

    most: int = UNDER_WAY
    line: int = IN_LINE
    patience: float = PATIENCE_SECONDS
    under_way: int = 0
    waiting: int = 0
    turned_away: int = 0
    _free: asyncio.Semaphore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.most)

    async def take(self) -> bool:
        """Wait for a turn; return whether there is one. Whoever has one gives it back."""
        if self._free.locked() and self.waiting >= self.line:
            self.turned_away += 1
            return False
        self.waiting += 1
        try:
            async with asyncio.timeout(self.patience):
                await self._free.acquire()
        except TimeoutError:
            self.turned_away += 1
            return False
        finally:
            self.waiting -= 1
        self.under_way += 1
        return True

    def give_back(self) -> None:
        """End a turn."""
        self.under_way -= 1
        self._free.release()


class TakeTurns:
    """Lets a request in when it is its turn, and tells whoever is turned away so with ``answer``."""

    def __init__(self, app: ASGIApp, turns: Turns, answer: Callable[[Request, PageError], Awaitable[Response]]) -> None:
        self.app, self.turns, self.answer = app, turns, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"].startswith(_FREE):
            await self.app(scope, receive, send)
        elif await self.turns.take():
            await self._carry_out(scope, receive, send)
        else:
            await (await self.answer(Request(scope, receive), too_busy()))(scope, receive, send)

    async def _carry_out(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        by, has_turn, whole, late = loop.time() + BODY_SECONDS, True, False, False

        async def receive_in_time() -> Message:
            nonlocal whole, late
            if whole:  # what comes after the body is that they left
                return await receive()
            try:
                async with asyncio.timeout_at(by):
                    message = await receive()
            except TimeoutError:
                late = True
                raise too_slow() from None
            whole = not message.get("more_body", False)
            return message

        async def send_and_leave(message: Message) -> None:
            nonlocal has_turn
            if late:  # whoever reads the body may take this for a mistake in it, and say so
                return
            if has_turn:
                has_turn = False
                self.turns.give_back()
            await send(message)

        try:
            await self.app(scope, receive_in_time, send_and_leave)
        finally:
            if has_turn:
                self.turns.give_back()
        if late and has_turn:
            await (await self.answer(Request(scope), too_slow()))(scope, receive, send)
