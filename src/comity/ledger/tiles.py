"""The shape of a ledger as static files: C2SP tlog-tiles (https://c2sp.org/tlog-tiles).

A tile holds up to 256 consecutive hashes of one level: of leaves at level 0, of full tiles of the level below above
that. An entry bundle holds the up to 256 entries under a tile of level 0. Only the last of a row may be partial.
Pure: paths and bytes, no files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from comity.ledger.errors import BundleError
from comity.ledger.merkle import HASH_SIZE, TILE_HEIGHT, TILE_WIDTH, fold

ENTRY_LIMIT: Final = 0xFFFF
"""The longest entry in bytes: its length is a big-endian 16-bit number (C2SP tlog-tiles, *log entries*)."""
LENGTH_SIZE: Final = 2
HIGHEST_LEVEL: Final = 63
"""Of a tile's path (C2SP tlog-tiles, *Merkle Tree*); a ledger of 2^63 entries ends at level 7."""

_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
).fullmatch


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tile stands: its level, its index in the level, and how many hashes it holds (1 to 256)."""

    level: int
    index: int
    width: int

    @property
    def path(self) -> str:
        """The tile's path below the ledger's prefix, such as ``tile/0/x001/x234/067.p/8``."""
        return f"tile/{self.level}/{_number(self.index)}{_partial(self.width)}"

    @property
    def bundle_path(self) -> str:
        """The path of the entry bundle under this tile of level 0."""
        return f"tile/entries/{_number(self.index)}{_partial(self.width)}"

    def is_in(self, size: int) -> bool:
        """Whether a tree of ``size`` leaves has these hashes, as a full tile or as a part of one (*partial tiles*)."""
        return self.index * TILE_WIDTH + self.width <= size >> TILE_HEIGHT * self.level


def place_at(path: str) -> tuple[Place, bool] | None:
    """Return the place of which ``path`` is the one proper path, and whether it is an entry bundle's; else None."""
    found = _PATH(path)
    if not found:
        return None
    row, number, width = found.groups()
    is_bundle = row == "entries"
    index = int(number.replace("x", "").replace("/", ""))
    place = Place(0 if is_bundle else int(row), index, int(width or TILE_WIDTH))
    proper = place.bundle_path if is_bundle else place.path
    return (place, is_bundle) if path == proper and place.level <= HIGHEST_LEVEL else None


def _number(index: int) -> str:
    """Return ``index`` in groups of three digits, each but the last with an ``x`` before it."""
    digits = str(index)
    digits = digits.zfill(-len(digits) // 3 * -3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    return "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])


def _partial(width: int) -> str:
    return "" if width == TILE_WIDTH else f".p/{width}"


def places(size: int) -> Iterator[Place]:
    """Yield every tile of a tree of ``size`` leaves, level by level from the leaves up."""
    level = 0
    while size:
        full, rest = divmod(size, TILE_WIDTH)
        yield from (Place(level, index, TILE_WIDTH) for index in range(full))
        if rest:
            yield Place(level, full, rest)
        size, level = full, level + 1


def places_of(size: int, first: int, last: int) -> Iterator[Place]:
    """Yield the tiles that lead from the leaves ``first`` to ``last`` to the root of a tree of ``size`` leaves.

    They are the tiles over those leaves, level by level, and at each level the partial one at the end.
    """
    level = 0
    while size:
        full, rest = divmod(size, TILE_WIDTH)
        first, last = first // TILE_WIDTH, last // TILE_WIDTH
        yield from (Place(level, index, TILE_WIDTH) for index in range(first, min(last, full - 1) + 1))
        if rest:
            yield Place(level, full, rest)
        size, level = full, level + 1


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Join entries, each behind its length as a big-endian 16-bit number."""
    return b"".join(len(entry).to_bytes(LENGTH_SIZE, "big") + entry for entry in entries)


def decode_bundle(bundle: bytes) -> list[bytes]:
    """Divide an entry bundle into its entries; raise BundleError if it ends within one."""
    entries: list[bytes] = []
    position = 0
    while position < len(bundle):
        begin = position + LENGTH_SIZE
        position = begin + int.from_bytes(bundle[begin - LENGTH_SIZE : begin], "big")
        if position > len(bundle):
            raise BundleError(f"The bundle ends within its entry {len(entries)}, at byte {len(bundle)}.")
        entries.append(bundle[begin:position])
    return entries


@dataclass(frozen=True, slots=True)
class FullTile:
    """A tile that will never change again: 256 hashes (8,192 bytes) and the root over them."""

    level: int
    index: int
    hashes: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge of a tree: the hashes of the partial tile at each level (joined, may be empty), leaves first.

    It is all that is needed to grow the tree and to know its root, whatever the size: at most 255 hashes a level.
    """

    size: int
    levels: tuple[bytes, ...] = ()

    def root(self) -> bytes:
        """Return the root of the tree."""
        below = b""
        for hashes in self.levels:
            row = hashes + below
            below = fold(row) if row else b""
        return below or fold(b"")

    def grow(self, leaves: bytes) -> tuple[Edge, list[FullTile]]:
        """Return the edge after the leaf hashes ``leaves`` (joined), and the tiles that have become full."""
        done: list[FullTile] = []
        levels: list[bytes] = []
        size = self.size + len(leaves) // HASH_SIZE
        new, level = leaves, 0
        while new or level < len(self.levels):
            row = (self.levels[level] if level < len(self.levels) else b"") + new
            first = ((self.size >> TILE_HEIGHT * level) - (len(row) - len(new)) // HASH_SIZE) >> TILE_HEIGHT
            full = _full_tiles(level, first, row)
            done += full
            levels.append(row[len(full) * TILE_WIDTH * HASH_SIZE :])
            new, level = b"".join(tile.root for tile in full), level + 1
        return Edge(size, tuple(levels)), done


def _full_tiles(level: int, first: int, row: bytes) -> list[FullTile]:
    """Cut the full tiles off a row of hashes; the first of them has index ``first``."""
    length = TILE_WIDTH * HASH_SIZE
    cuts = (row[i : i + length] for i in range(0, len(row) - length + 1, length))
    return [FullTile(level, first + i, hashes, fold(hashes)) for i, hashes in enumerate(cuts)]
