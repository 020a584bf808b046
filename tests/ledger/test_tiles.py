"""The shape of the ledger as files, against the examples in C2SP tlog-tiles, and the edge that grows."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.ledger.errors import BundleError
from comity.ledger.merkle import EMPTY_ROOT
from comity.ledger.tiles import Edge, Place, decode_bundle, encode_bundle, places


@pytest.mark.parametrize(
    ("place", "path"),
    [
        (Place(0, 1_234_067, 256), "tile/0/x001/x234/067"),  # the specification's example
        (Place(0, 0, 256), "tile/0/000"),
        (Place(3, 999, 5), "tile/3/999.p/5"),
        (Place(1, 1000, 255), "tile/1/x001/000.p/255"),
        (Place(0, 1_000_000, 1), "tile/0/x001/x000/000.p/1"),
    ],
)
def test_paths(place: Place, path: str) -> None:
    assert place.path == path
    assert place.bundle_path == path.replace(f"tile/{place.level}/", "tile/entries/")


def test_a_tree_of_70_000_has_the_tiles_that_the_specification_says() -> None:
    found = Counter((place.level, place.width) for place in places(70_000))
    assert found == {(0, 256): 273, (0, 112): 1, (1, 256): 1, (1, 17): 1, (2, 1): 1}


def test_a_tree_of_256_has_a_full_tile_and_one_of_width_one_above() -> None:
    assert list(places(256)) == [Place(0, 0, 256), Place(1, 0, 1)]


def test_an_empty_tree_has_no_tile() -> None:
    assert list(places(0)) == []


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_divides_into_what_was_joined(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries)) == entries


def test_a_bundle_is_lengths_of_two_bytes_and_entries() -> None:
    assert encode_bundle([b"", b"a", b"x" * 258]) == b"\0\0" + b"\0\1a" + b"\1\2" + b"x" * 258


@pytest.mark.parametrize("cut", [b"\0", b"\0\2a", b"\0\1ab", b"\0\1a\xff"])
def test_a_bundle_cut_short_is_refused(cut: bytes) -> None:
    with pytest.raises(BundleError, match="ends within"):
        decode_bundle(cut)


@settings(deadline=None)  # a shared machine may be slow for a moment
@given(st.lists(st.integers(0, 700), max_size=8), st.sampled_from([0, 1, 200, 255, 256, 3_000, 65_300, 65_536]))
def test_a_tree_grown_in_steps_is_the_tree_built_at_once(steps: list[int], first: int) -> None:
    total = first + sum(steps)
    leaves = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(total))
    once, all_tiles = Edge(0).grow(leaves)
    edge, tiles = Edge(0).grow(leaves[: 32 * first])
    for step in steps:
        edge, more = edge.grow(leaves[32 * edge.size : 32 * (edge.size + step)])
        tiles += more
    assert edge == once
    assert sorted(tiles, key=lambda tile: (tile.level, tile.index)) == sorted(
        all_tiles, key=lambda tile: (tile.level, tile.index)
    )


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 1000, 65_536, 65_537, 66_000])
def test_root_of_the_edge_is_that_of_the_definition(size: int, made_tree) -> None:
    made = made_tree(size)
    edge, tiles = Edge(0).grow(b"".join(made.rows[0]))
    assert edge.root() == made.root()
    assert [tile.hashes for tile in tiles] == [made.read(tile.level, tile.index, 256) for tile in tiles]
    assert (edge.size, edge.root() == EMPTY_ROOT) == (size, size == 0)


def test_the_edge_never_holds_more_than_255_hashes_a_level() -> None:
    edge = Edge(0)
    for step in (255, 1, 256, 65_024, 65_536):
        edge, _ = edge.grow(b"\1" * 32 * step)
        assert all(len(level) <= 255 * 32 for level in edge.levels)
