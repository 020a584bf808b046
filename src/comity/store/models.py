"""The roles of the database, and where a node keeps its things."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from comity.store.address import refuse_password_in_the_open

DATABASE = "comity"
_DEFAULT_HOME = "~/.local/share/comity"
_KEY_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*\Z")


class Role(StrEnum):
    """Who may connect, and as what; a room's migration grants each only the rights it needs."""

    OWNER = "comity_owner"  # owns every schema and runs migrations; nothing else connects as it
    INTAKE = "comity_intake"  # the only way in
    GATE = "comity_gate"  # the only way out
    LEDGER = "comity_ledger"  # the sequencer
    GOVERNANCE = "comity_governance"  # agreements, signatures, assessments


@dataclass(frozen=True, slots=True)
class Settings:
    """Where this node lives, and which PostgreSQL it uses (``dsn`` is ``None`` for one of its own)."""

    home: Path
    dsn: str | None = field(default=None, repr=False)  # a traceback that shows settings shows no password

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read ``COMITY_HOME`` and ``COMITY_DSN``; an empty value counts as none. AddressError: it says a password."""
        home = Path(environment.get("COMITY_HOME") or _DEFAULT_HOME).expanduser()
        dsn = environment.get("COMITY_DSN") or None
        if dsn:
            refuse_password_in_the_open(dsn)
        return cls(home=home.absolute(), dsn=dsn)

    def key_file(self, name: str) -> Path:
        """Return where the key called ``name`` is kept; ``ValueError`` if it could leave the folder of keys."""
        if not _KEY_NAME.match(name):
            raise ValueError(f"{name!r} is no name for a key: use lower-case letters, digits, '.', '_' and '-'.")
        return self.home / "keys" / name
