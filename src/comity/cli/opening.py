"""Open the node that a command works on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from comity.cli.failing import Misused
from comity.node import Node, open_node
from comity.store import Settings


@contextmanager
def node() -> Iterator[Node]:
    """Open the node of ``COMITY_HOME`` and ``COMITY_DSN``, and close it afterwards."""
    with open_node(Settings.from_environment(os.environ)) as opened:
        yield opened


def text_of(file: Path) -> str:
    """Return the text of a file; what is wrong with it in a sentence, if it is none."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Misused(f"{file} is not text in UTF-8. Name the right file, or save it as UTF-8.") from None


def now() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)
