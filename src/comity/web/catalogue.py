"""Bring the Dutch catalogue up to date with the texts of the pages: ``python -m comity.web.catalogue``.

Texts stand in the templates (``_(...)``, ``ngettext``, ``trans``) and in Python (``marked(...)``). What is new is added
untranslated, what is gone is dropped; a test fails while anything lacks its Dutch.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

HERE: Final = Path(__file__).parent
DUTCH: Final = HERE / "locale" / "nl" / "LC_MESSAGES" / "comity.po"
_METHODS: Final = [("**.py", "python"), ("templates/**.html", "jinja2")]
_OPTIONS: Final = {"templates/**.html": {"trimmed": "true"}}
_KEYWORDS: Final = {"marked": None, "_": None, "gettext": None, "ngettext": (1, 2)}


def texts() -> Catalog:
    """Return every text of the pages, with the file it stands in."""
    found = Catalog()
    for file, _, message, _, _ in extract_from_dir(str(HERE), _METHODS, _OPTIONS, _KEYWORDS):
        found.add(message, locations=[(file, 0)])
    return found


def lacking(catalogue: Catalog) -> Iterator[str]:
    """Yield each text of the pages that ``catalogue`` has no words for, in either number."""
    for message in texts():
        if not message.id:
            continue
        held = catalogue.get(message.id if isinstance(message.id, str) else message.id[0])
        words = held.string if held else ""
        if not all(words if isinstance(words, tuple | list) else (words,)) or (held and held.fuzzy):
            yield str(message.id)


def dutch() -> Catalog:
    """Return the Dutch catalogue as it stands."""
    with DUTCH.open("rb") as file:
        return read_po(file, locale="nl")


def write(catalogue: Catalog) -> None:
    """Write the Dutch catalogue: sorted, without dates or places, so that only words make a difference."""
    written = BytesIO()
    write_po(written, catalogue, width=118, sort_output=True, no_location=True, omit_header=True)
    DUTCH.parent.mkdir(parents=True, exist_ok=True)
    DUTCH.write_bytes(written.getvalue())


def main() -> int:
    """Write the catalogue anew; return 1 and name what lacks Dutch, if anything does."""
    catalogue = dutch() if DUTCH.is_file() else Catalog(locale="nl", project="comity", charset="utf-8")
    catalogue.update(texts(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    write(catalogue)
    missing = list(lacking(catalogue))
    sys.stdout.writelines(f"no Dutch for: {text}\n" for text in missing)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
