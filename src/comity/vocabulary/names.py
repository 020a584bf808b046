"""The form of names, and the addresses that short names of the Data Privacy Vocabulary stand for."""

from __future__ import annotations

import re
from typing import Final

from comity.vocabulary.files import Block

FIELD_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
"""A record type or field: it is a name in PostgreSQL, so underscores."""

TERM_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""A code, purpose, role and the like: words joined by hyphens."""

BASIS_NAME: Final = re.compile(r"[a-z]{2}/[a-z0-9]+(-[a-z0-9]+)*")
"""A lawful basis: the jurisdiction, a slash, the act's short name and the article."""

ENVELOPE: Final = frozenset(
    {
        "record_id",
        "statement_id",
        "source_person",
        "agency",
        "source",
        "source_key",
        "whose",
        "asserted",
        "received_at",
    }
)
"""What every record carries beside its fields (DESIGN section 2): no field may have such a name."""

_BLIND: Final = "_blind"  # the column beside a sealed field ends so: its blind index
_NAMESPACES: Final = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "law": "https://w3id.org/dpv/sector/law#",
}
_SHORT: Final = re.compile(r"(?P<namespace>[a-z]+):(?P<term>[A-Za-z]+)")


def check_name(block: Block, form: re.Pattern[str]) -> None:
    """Refuse a block whose name is not of the form."""
    if not form.fullmatch(block.name):
        block.place.refuse(f"{block.name!r} is not a name", f"write it in the form {form.pattern}")


def check_field_name(block: Block) -> None:
    """Refuse a field whose name is not of the form, or would be a column that its table has already."""
    check_name(block, FIELD_NAME)
    if block.name in ENVELOPE or block.name.endswith(_BLIND):
        block.place.refuse(f"{block.name!r} is a column that every record may have", "give the field another name")


def iri(block: Block, key: str) -> str:
    """Return the IRI that the short name under ``key`` stands for, e.g. ``pd:Name``."""
    short = block.text(key)
    match = _SHORT.fullmatch(short)
    if not match or match["namespace"] not in _NAMESPACES:
        known = ", ".join(f"{namespace}:" for namespace in _NAMESPACES)
        block.place_of(key).refuse(f"{short!r} is not a DPV term", f"begin it with one of {known}")
    return _NAMESPACES[match["namespace"]] + match["term"]
