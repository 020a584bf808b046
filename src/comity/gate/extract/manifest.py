"""What an extract says of itself, and the note that signs it. Pure.

The manifest is JSON: which agreement let it out, to whom and why; of which moment it is; for each clause its columns,
each in which form and by which clause; and each file with its rows, bytes and SHA-256. The note is a C2SP signed note
of the node's key, the one that signs the ledger: it names the extract and the SHA-256 of the manifest's bytes, which
the ledger's entry commits to as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from comity.agreements import Agreement
from comity.gate.extract.columns import ENVELOPE, ROW, SUBJECT, Table
from comity.gate.extract.models import Order, Part

KIND: Final = "comity/extract/1"
MANIFEST: Final = "manifest.json"
NOTE: Final = "manifest.note"


def manifest(
    order: Order, agreement: Agreement, tables: Iterable[Table], parts: Iterable[Part], taken_at: datetime
) -> bytes:
    """Return the manifest's bytes."""
    done = list(parts)
    said = {
        "kind": KIND,
        "id": str(order.asking.id),
        "agreement": str(agreement),
        "title": {"en": agreement.title.en, "nl": agreement.title.nl},
        "purpose": agreement.purpose,
        "providers": list(agreement.providers),
        "recipient": order.asking.request.requester.agency,
        "asked_at": order.asking.at.isoformat(),
        "as_of": taken_at.isoformat(),
        "engine": order.engine.value,
        "format": order.format.value,
        "retention": {"keep": agreement.retention.keep, "then": agreement.retention.then},
        "onward": agreement.onward,
        "tables": [_table(table, done) for table in tables],
    }
    return (json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def note_text(extract: UUID, data: bytes) -> str:
    """Return what the note says, which is signed."""
    return f"{KIND}\n{extract}\n{sha256(data).hexdigest()}\n"


def _table(table: Table, parts: list[Part]) -> Mapping[str, Any]:
    clause, files = table.clause, [part for part in parts if part.clause == table.clause.number]
    envelope = (SUBJECT, *((ROW,) if table.keyed else ()), *ENVELOPE)
    return {
        "clause": f"release {clause.number}",
        "record": clause.record,
        "of": list(clause.of),
        "rows": sum(part.rows for part in files),
        "people": sum(part.people for part in files),
        "columns": [{"name": name, "form": "pseudonym" if name in (SUBJECT, ROW) else "as-is"} for name in envelope]
        + [
            {"name": it.field.name, "form": "pseudonym" if it.kind else it.form, "clause": f"release {clause.number}"}
            for it in table.said
        ],
        "files": [{"name": part.name, "rows": part.rows, "bytes": part.bytes, "sha256": part.sha256} for part in files],
    }
