"""How the tests of this room pull from a source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from comity.sources import Said, Unreadable, open_source


@dataclass(frozen=True)
class Pulled:
    """All that one pull brought, and the cursor after it (the one before, where it brought nothing)."""

    items: tuple[Said | Unreadable, ...]
    cursor: str | None
    sizes: tuple[int, ...]

    @property
    def bodies(self) -> list[Any]:
        return [item.body.plain() for item in self.items if isinstance(item, Said)]

    @property
    def unreadable(self) -> list[Unreadable]:
        return [item for item in self.items if isinstance(item, Unreadable)]


Pull = Callable[..., Pulled]


@pytest.fixture
def pull(tmp_path: Path) -> Pull:
    """Pull once: ``pull(spec)``, and again ``pull(spec, cursor)``."""

    def pull_(
        spec: Mapping[str, Any],
        cursor: str | None = None,
        size: int = 100,
        base: Path = tmp_path,
        secrets: Mapping[str, str] | None = None,
    ) -> Pulled:
        batches = list(open_source(spec, base, secrets).read(cursor, size))
        items = tuple(item for batch in batches for item in batch.items)
        return Pulled(items, batches[-1].cursor if batches else cursor, tuple(len(batch.items) for batch in batches))

    return pull_
