"""Write the ledger out as static files, exactly in the form of C2SP tlog-tiles, for anyone to keep and to check.

1. What is written is the ledger under its newest checkpoint; entries that come later are left out whole.
2. The folder appears at once, complete, or not at all: it is written beside its place and then renamed.
3. One bundle or tile is in memory at a time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from comity.ledger import store
from comity.ledger.errors import EmptyLedgerError, ExportError
from comity.ledger.merkle import TILE_WIDTH, ReadTile
from comity.ledger.models import Head
from comity.ledger.store import Connection
from comity.ledger.tiles import encode_bundle, places, places_of
from comity.ledger.verify import README

ReadBundle: TypeAlias = Callable[[int, int], Sequence[bytes]]
"""``(index, width)`` to the first ``width`` entries of that bundle."""

Span: TypeAlias = tuple[int, int]
"""The numbers of a first and a last entry."""


def export(connection: Connection, folder: Path, span: Span | None = None, number: int | None = None) -> Head:
    """Write the whole ledger into ``folder``, which must not exist; return the head it was written under.

    With a ``span``, the numbers of the first and the last, only those entries (and the rest of their bundles) and the
    tiles that prove them. With a ``number`` the earlier ledger of that number instead of the one in use. Raises
    EmptyLedgerError if nothing has been signed yet, and ExportError if the folder is taken or there are no such
    entries, or no such ledger.
    """
    if number is not None and number not in store.earlier(connection):
        raise ExportError(f"No ledger of number {number} was set aside here.")
    head = store.head(connection, number)
    if head is None:
        raise EmptyLedgerError("The ledger has no signed checkpoint yet, so there is nothing to export.")
    if folder.exists():
        raise ExportError(f"{folder} exists already. Name a folder that does not.")
    size = head.checkpoint.size
    if span is not None and not 0 <= span[0] <= span[1] < size:
        raise ExportError(f"The ledger has {size} entries, so it has no entries {span[0]} to {span[1]}.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as beside:
        draft = Path(beside) / "ledger"
        write(
            draft,
            head.note,
            size,
            store.tile_reader(connection, number),
            lambda index, width: store.bundle(connection, index, width, number),
            span,
        )
        _put_in_place(draft, folder)
    return head


def write(
    folder: Path, note: str, size: int, read_tile: ReadTile, read_bundle: ReadBundle, span: Span | None = None
) -> None:
    """Write the files of a ledger of ``size`` entries, or of a span of it, with the signed checkpoint ``note``."""
    _write(folder / "README.txt", README.encode())
    _write(folder / "checkpoint", note.encode())
    first, last = span or (0, size)
    for place in places_of(size, *span) if span else places(size):
        _write(folder / place.path, read_tile(place.level, place.index, place.width))
        if place.level == 0 and first // TILE_WIDTH <= place.index <= last // TILE_WIDTH:
            _write(folder / place.bundle_path, encode_bundle(read_bundle(place.index, place.width)))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _put_in_place(draft: Path, folder: Path) -> None:
    try:
        draft.rename(folder)
    except OSError as taken:
        raise ExportError(f"{folder} could not be put in place: {taken.strerror}.") from taken
