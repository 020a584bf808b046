"""An explanation as JSON: for programs, and for the digest that the ledger's entry commits to. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from comity.gate.models import Permitted, Refused


def as_data(value: object) -> Any:
    """Return an explanation, or a part of one, in JSON's own types; every text is there in each language."""
    if is_dataclass(value) and not isinstance(value, type):
        found = {each.name: as_data(getattr(value, each.name)) for each in fields(value)}
        return {"permitted": isinstance(value, Permitted), **found} if isinstance(value, Permitted | Refused) else found
    if isinstance(value, Mapping):
        return {str(name): as_data(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [as_data(each) for each in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def digest_of(value: object) -> bytes:
    """Return SHA-256 of an explanation's JSON."""
    text = json.dumps(as_data(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).digest()
