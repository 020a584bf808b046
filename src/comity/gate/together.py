"""Reads together: what is asked while a statement runs is carried out by the next one.

Rules:

1. A read that finds nothing under way goes at once, alone; nobody waits for others to come. Only what is asked while
   as many statements under its agreement run as may (:data:`AT_ONCE`) gathers, and leaves with the next, at most
   :data:`comity.gate.compile.MOST_TOGETHER` of them.
2. Requests that leave together are one statement and one transaction: read, log and ledger's entry of all, or of none.
   Each still has its own verdict, its own rows, digest, log line and entry, as if it were alone.
3. Whatever cannot be carried out with the others is carried out alone, as if it had never been among them: another
   agreement, other values, a refusal, an agreement that has changed, a statement that failed. So nobody's request can
   keep another from its answer.
4. Whoever gives up before their request has left is left out of it. After that it is carried out all the same, and the
   entry stands for an answer that nobody took.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID, uuid4

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from comity.gate.compile import MOST_TOGETHER
from comity.gate.disclose import Carried, disclose, disclose_together
from comity.gate.models import Answer, Asking, Read, Request
from comity.ledger.entry import SALT_SIZE
from comity.record import Keyring
from comity.vocabulary.models import Vocabulary

Pool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]

_LOG: Final = logging.getLogger(__name__)

AT_ONCE: Final = 2  # statements under one agreement: while the database carries one out, the next is read and sent


@dataclass(frozen=True, slots=True)
class _Waiting:
    asking: Asking
    carried: asyncio.Future[Carried | None]


@dataclass(slots=True)
class _Queue:
    """What gathers under one agreement."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    running: int = 0


class Together:
    """The gate of one process: discloses over a pool of connections of the gate's role, reads together where they meet.

    Used within ``async with``, in the event loop of whoever asks; what is under way at its end is given up.
    """

    def __init__(self, pool: Pool, vocabulary: Vocabulary, keyring: Keyring | None = None) -> None:
        self._pool = pool
        self._vocabulary = vocabulary
        self._keyring = keyring
        self._queues: dict[str, _Queue] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for queue in self._queues.values():
            for each in queue.waiting:
                each.carried.cancel()

    async def disclose(self, request: Request, now: datetime) -> Answer:
        """Return the answer to ``request``, as :func:`comity.gate.disclose.disclose` gives it, with its errors.

        ``PoolTimeout`` if no connection was free in time.
        """
        if isinstance(request.asks, Read):
            carried = await self._gathered(Asking(uuid4(), secrets.token_bytes(SALT_SIZE), now, request))
            if carried is not None:
                return carried.answer()
        async with self._pool.connection() as conn:
            return await disclose(conn, request, now, vocabulary=self._vocabulary, keyring=self._keyring)

    async def _gathered(self, asking: Asking) -> Carried | None:
        """Return what came of a read that left with others; ``None`` if it is to be carried out alone."""
        one = _Waiting(asking, asyncio.get_running_loop().create_future())
        queue = self._queues.setdefault(asking.request.agreement, _Queue())
        queue.waiting.append(one)
        if queue.running < AT_ONCE:
            queue.running += 1
            task = asyncio.create_task(self._run(asking.request.agreement, queue))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await one.carried

    async def _run(self, agreement: str, queue: _Queue) -> None:
        """Carry out what has gathered until nothing is left."""
        try:
            while queue.waiting:
                await self._carry(queue)
        finally:
            queue.running -= 1
            if not queue.running and not queue.waiting:
                self._queues.pop(agreement, None)

    async def _carry(self, queue: _Queue) -> None:
        taken: list[_Waiting] = []
        carried: Mapping[UUID, Carried] = {}
        try:
            async with self._pool.connection() as conn:
                taken = _taken(queue)  # whoever has come while this waited for a connection leaves with it
                askings = [each.asking for each in taken]
                carried = await disclose_together(conn, askings, vocabulary=self._vocabulary, keyring=self._keyring)
        except Exception as error:  # noqa: BLE001  (nobody can say whose it is: alone, each hears of their own)
            _LOG.warning("reads that left together are carried out alone: %s", type(error).__name__)
            taken = taken or _taken(queue)
        finally:
            for each in taken:
                if not each.carried.done():
                    each.carried.set_result(carried.get(each.asking.id))


def _taken(queue: _Queue) -> list[_Waiting]:
    """Take the first of those who still wait."""
    taken: list[_Waiting] = []
    while queue.waiting and len(taken) < MOST_TOGETHER:
        one = queue.waiting.popleft()
        if not one.carried.done():
            taken.append(one)
    return taken
