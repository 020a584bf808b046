"""The values of an extract: what is ordered, what is done of it, and what it says of itself.

Frozen and valid from birth. Nothing here reads a clock, a file or a database.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from comity.gate.engines import Engine
from comity.gate.models import Asking, Extract, Request, Requester


class Format(StrEnum):
    """How the files are written."""

    CSV = "csv"  # RFC 4180, with a header; nothing between two commas is no value, "" is an empty text
    PARQUET = "parquet"
    JSONL = "jsonl"  # one JSON object a line


@dataclass(frozen=True, slots=True)
class Order:
    """One extract that was asked for: the request, when, how the files are written, and by which engine."""

    asking: Asking
    format: Format
    engine: Engine

    def as_json(self) -> str:
        """Return it as text, for whoever goes on with it."""
        request = asdict(self.asking.request)
        del request["asks"]
        return json.dumps(
            {
                "id": str(self.asking.id),
                "salt": self.asking.salt.hex(),
                "at": self.asking.at.isoformat(),
                "request": request,
                "format": self.format.value,
                "engine": self.engine.value,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Order:
        """Return what :meth:`as_json` wrote."""
        said = json.loads(text)
        request = said["request"]
        requester = Requester(**request.pop("requester"))
        asked = Request(Extract(), requester=requester, **request)
        asking = Asking(UUID(said["id"]), bytes.fromhex(said["salt"]), datetime.fromisoformat(said["at"]), asked)
        return cls(asking, Format(said["format"]), Engine(said["engine"]))


@dataclass(frozen=True, slots=True)
class Part:
    """One file: of which clause, which stretch of people, and what is in it."""

    clause: int
    stretch: int
    name: str
    rows: int
    people: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Made:
    """An extract that was made: its id in the log and in the ledger, where it is, and its manifest."""

    id: UUID
    folder: Path
    manifest: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Underway:
    """An extract that was begun and not finished."""

    id: UUID
    agreement: str
    at: datetime
    parts_done: int
    parts: int
