"""The files that are made from the vocabulary, by their path under ``docs/reference``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from comity.vocabulary.models import Vocabulary
from comity.vocabulary.reference import reference_page
from comity.vocabulary.schema import schema_text

NOT_OURS: Final = frozenset({"agreement.json"})  # a room above writes it: python -m comity.agreements


def pages(vocabulary: Vocabulary) -> dict[str, str]:
    """Return the text of each file by its path: the reference page, and a JSON Schema for each record type."""
    schemas = {f"schema/{each.name}.json": schema_text(each) for each in vocabulary.record_types.values()}
    return {"vocabulary.md": reference_page(vocabulary), **schemas}


def write_pages(vocabulary: Vocabulary, folder: Path) -> None:
    """Write the files under ``folder``; a schema of a record type that is no more is deleted."""
    wanted = pages(vocabulary)
    for path, text in wanted.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    for old in (folder / "schema").glob("*.json"):
        if f"schema/{old.name}" not in wanted and old.name not in NOT_OURS:
            old.unlink()
