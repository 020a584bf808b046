"""The agreements that one may choose from are those of the day that the gate will decide on."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from comity.web.pages import errand
from comity.web.services import Services


def test_the_agreements_to_choose_from_are_those_of_the_day_here(monkeypatch: pytest.MonkeyPatch):
    """Half past eleven in the evening in London is already tomorrow in Amsterdam."""

    @asynccontextmanager
    async def as_role(role):
        yield None

    services = SimpleNamespace(zone="Europe/Amsterdam", clock=lambda: datetime(2026, 1, 31, 23, 30, tzinfo=UTC),
                               as_role=as_role, node=SimpleNamespace(vocabulary=None))  # fmt: skip
    services.now = lambda: Services.now(services)
    asked = []

    async def open_to(conn, colleague, vocabulary, now):
        asked.append(now.date().isoformat())
        return ()

    monkeypatch.setattr(errand, "services_of", lambda request: services)
    monkeypatch.setattr(errand, "open_to", open_to)
    asyncio.run(errand._agreements(None, None))
    assert asked == ["2026-02-01"]
