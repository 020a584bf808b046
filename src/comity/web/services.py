"""What every page needs: the node, its pools of connections, its keys and a clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection, Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from comity.gate import Request as Asking
from comity.gate.extract.orders import Counter, counter_at
from comity.gate.keys import Keyring
from comity.gate.models import Answer as Disclosed
from comity.gate.together import Together
from comity.node import Node
from comity.store import Role
from comity.store.store import Pool
from comity.web.mappings import KnownSource

Answer = TypeVar("Answer")


def utc_now() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one running web process."""

    node: Node
    pools: Mapping[Role, Pool]
    keyring: Keyring
    gate: Together
    sources: Mapping[str, KnownSource] = field(default_factory=dict)
    zone: str = "UTC"  # the zone in which people here read the clock
    clock: Callable[[], datetime] = utc_now

    def now(self) -> datetime:
        """Return this moment, in the zone whose calendar counts here."""
        return self.clock().astimezone(ZoneInfo(self.zone))

    async def disclose(self, asking: Asking) -> Disclosed:
        """Return the gate's answer to a request that is made now."""
        return await self.gate.disclose(asking, self.now())

    async def reading(self, role: Role, read: Callable[[Connection], Answer]) -> Answer:
        """Return what ``read`` reads on a plain connection of ``role``, in a thread of its own."""

        def run() -> Answer:
            with self.node.store.connect(role) as conn:
                return read(conn)

        return await run_in_threadpool(run)

    async def at_counter(self, do: Callable[[Counter], Answer]) -> Answer:
        """Return what ``do`` does where extracts are asked for and collected, in a thread of its own."""
        node = self.node
        return await self.reading(
            Role.GATE,
            lambda conn: do(
                counter_at(node.settings.home, conn, node.vocabulary, self.keyring, node.signer()),
            ),
        )

    @asynccontextmanager
    async def as_role(self, role: Role) -> AsyncIterator[AsyncConnection]:
        """Lend a connection of ``role``; its transaction is committed on leaving, rolled back on an error."""
        async with self.pools[role].connection() as conn:
            yield conn


def services_of(request: Request) -> Services:
    """Return the services of the process that answers ``request``."""
    services = request.app.state.services
    if not isinstance(services, Services):
        raise RuntimeError(  # noqa: TRY004  (ours, not theirs)
            "The web process was not started with its services."
        )
    return services
