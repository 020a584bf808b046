"""Write the tables' migration from the vocabulary: ``python -m comity.record``."""

from __future__ import annotations

from pathlib import Path

from comity.record.tables import migration
from comity.vocabulary import load

TARGET = Path(__file__).parent / "migrations" / "0002_record_tables.sql"

if __name__ == "__main__":
    TARGET.write_text(migration(load()))
