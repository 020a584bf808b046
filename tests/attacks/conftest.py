"""Fixtures: a world to attack, somebody in it whom its agreement covers, and everything that reaches the database."""

from __future__ import annotations

import threading
from datetime import date
from uuid import UUID

import psycopg
import pytest
from tests.gate.world import World

from comity.gate import behind
from comity.store import Store
from comity.vocabulary import Vocabulary


@pytest.fixture
def world(store: Store, vocabulary: Vocabulary) -> World:
    return World(store, vocabulary)


@pytest.fixture
def accused(world: World) -> UUID:
    """Somebody whom the default agreement covers."""
    person = world.person(birth_date=date(1987, 3, 2), police_number="P-1")
    world.row("charge", person=person, offence="Burglary", severity="serious")
    return person


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The text of each statement that the gate sends, without what is bound to it; a server's own tasks are not asked."""
    texts: list[str] = []
    execute = psycopg.AsyncCursor.execute
    here = threading.get_ident()

    async def noted(self, query, *values, **options):
        if threading.get_ident() != here:
            return await execute(self, query, *values, **options)
        texts.append(query if isinstance(query, str) else query.as_string(self))
        return await execute(self, query, *values, **options)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", noted)
    monkeypatch.setattr(behind, "LOOK_SECONDS", 0.0)  # it looks by the clock, whoever is asked for: here each time
    return texts
