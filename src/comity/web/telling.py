"""A task of the running web process: it knows the colleagues, finds what is new and has the gate tell.

Any number may run: what another told a moment ago is not told again, and what a crash left untold is told by the next.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from comity.gate.gone import tell_gone
from comity.gate.models import Requester
from comity.gate.news import News
from comity.gate.notices import Teller
from comity.gate.partings import tell_partings
from comity.store import Role
from comity.web import store
from comity.web.services import Services

NEWS_SECONDS: Final = 0.25
"""Between two looks for what was received: what is admitted is told of within a second."""

PARTINGS_SECONDS: Final = 5.0
"""Between two looks for persons who came apart. The page and the command that decide tell at once; this is for
what a source said itself, and for what a crash left untold."""

RETRY_SECONDS: Final = 2.0
_LOG = structlog.get_logger(__name__)


@asynccontextmanager
async def telling(services: Services) -> AsyncIterator[None]:
    """Keep telling until the block is left."""
    task = asyncio.create_task(keep_told(services))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def keep_told(services: Services) -> None:
    """Tell subscribers what is new, until cancelled; a database that is away is tried again."""
    news, looked = News(services.node.vocabulary), 0.0
    while True:
        try:
            if time.monotonic() - looked >= PARTINGS_SECONDS:
                looked = time.monotonic()
                await tell_of_partings(services)
            await tell_news(services, news)
            await asyncio.sleep(NEWS_SECONDS)
        except Exception as error:  # noqa: BLE001 - one mistake must not silence every subscription until a restart
            news = News(services.node.vocabulary)  # what was found and not told of is looked for again
            _LOG.warning("Subscribers could not be told, which is tried again.", because=type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)


async def tell_of_partings(services: Services) -> None:
    """Tell, once, whoever was shown records as of one person that have come apart since, or that are erased since."""
    async with services.as_role(Role.GATE) as gate:
        await tell_partings(gate, services.now())
    await services.reading(Role.GATE, lambda conn: tell_gone(conn, services.now()))


async def tell_news(services: Services, news: News) -> None:
    """Tell, once, whoever asked to be kept told of those about whom something was received."""
    teller = Teller(services.node.vocabulary, services.keyring)
    async with services.as_role(Role.GATE) as gate:
        due = await news.due(gate, services.now())

    async def admitted(requester: Requester) -> bool:
        async with services.as_role(Role.GOVERNANCE) as conn:
            found = await store.colleague(conn, requester.person)
        return found is not None and found.requester == requester

    for subscription in due:
        try:
            async with services.as_role(Role.GATE) as gate:
                await teller.tell(gate, subscription, services.now(), admitted)
        except psycopg.errors.UniqueViolation:
            continue  # another process told of the same rows a moment ago
        except (psycopg.OperationalError, PoolTimeout):
            raise  # the database is away, for everybody
        except Exception as error:  # noqa: BLE001 - what is wrong with one holds up nobody behind them
            _LOG.warning(
                "A subscriber could not be told; every one is asked again later.", because=type(error).__name__
            )
