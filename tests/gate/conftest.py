"""Fixtures: a world to ask in, and somebody whom the default agreement covers."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from comity.store import Store
from comity.vocabulary import Vocabulary

from .world import World


@pytest.fixture
def world(store: Store, vocabulary: Vocabulary) -> World:
    return World(store, vocabulary)


@pytest.fixture
def accused(world: World) -> UUID:
    """Somebody whom the default agreement covers."""
    person = world.person(birth_date=date(1987, 3, 2))
    world.row("charge", person=person, offence="Burglary", severity="serious")
    return person
