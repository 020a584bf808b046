"""What somebody typed into a form, kept so that it can be shown again beside what is wrong with it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Typed:
    """What was filled in, and what is wrong with it, by the name of the field."""

    values: dict[str, str]
    faults: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """Return what was typed into a field; nothing, where nothing was."""
        return self.values.get(name, "")
