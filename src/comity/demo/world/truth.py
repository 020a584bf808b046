"""The truth about a made-up world: which source's person is which human being."""

from __future__ import annotations

from dataclasses import dataclass, field

from comity.demo.world.models import Human


@dataclass(slots=True)
class Truth:
    """Rows of source, the source's key of the person, and the number of the human being."""

    rows: list[tuple[str, str, int]] = field(default_factory=list)

    def tell(self, source: str, key: str, human: Human) -> None:
        """Note that ``key`` of ``source`` is ``human``."""
        self.rows.append((source, key, human.number))
