"""Open the node that a command works on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from comity.node import Node, open_node
from comity.store import Settings


@contextmanager
def node() -> Iterator[Node]:
    """Open the node of ``COMITY_HOME`` and ``COMITY_DSN``, and close it afterwards."""
    with open_node(Settings.from_environment(os.environ)) as opened:
        yield opened


def now() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)
