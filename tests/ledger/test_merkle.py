"""The tree of RFC 9162, against published vectors, against its definition, and against those who would bend a proof."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.ledger.errors import ProofError
from comity.ledger.merkle import (
    EMPTY_ROOT,
    Tree,
    fold,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)


def _bytes(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def _inclusion(it: dict, proof: list[bytes]) -> None:
    verify_inclusion(it["leafIdx"], it["treeSize"], _bytes(it["leafHash"]), proof, _bytes(it["root"]))


def _consistency(it: dict, proof: list[bytes]) -> None:
    verify_consistency(it["size1"], it["size2"], proof, _bytes(it["root1"]), _bytes(it["root2"]))


def _subtree_inclusion(it: dict, proof: list[bytes]) -> None:
    leaf, root = _bytes(it["leafHash"]), _bytes(it["root"])
    verify_subtree_inclusion(it["leafIdx"], it["start"], it["end"], leaf, proof, root)


def _subtree_consistency(it: dict, proof: list[bytes]) -> None:
    roots = _bytes(it["root1"]), _bytes(it["root2"])
    verify_subtree_consistency(it["start"], it["end"], it["size"], proof, *roots)


CHECKS = {
    "inclusion": (_inclusion, 98),
    "consistency": (_consistency, 98),
    "subtreeinclusion": (_subtree_inclusion, 204),
    "subtreeconsistency": (_subtree_consistency, 118),
}
"""Each folder of published vectors: how one is checked, and how many there are."""


@pytest.mark.parametrize("kind", CHECKS)
def test_published_vectors_good_and_bad(kind: str, shared_data: Path) -> None:
    check, count = CHECKS[kind]
    files = sorted((shared_data / "vectors" / "merkle" / kind).rglob("*.json"))
    assert len(files) == count
    wrong = []
    for file in files:
        vector = json.loads(file.read_text())
        try:
            check(vector, [_bytes(step) for step in vector["proof"] or []])
        except ProofError:
            refused = True
        else:
            refused = False
        if refused is not vector["wantErr"]:
            wrong.append(file)
    assert wrong == []


def test_no_published_vector_is_left_out(shared_data: Path) -> None:
    files = [file for file in (shared_data / "vectors" / "merkle").rglob("*") if file.is_file()]
    assert len(files) == sum(count for _, count in CHECKS.values())


def test_hashes_of_leaf_and_node_as_published() -> None:
    # The empty leaf and the first roots of the reference tree of Certificate Transparency (RFC 6962 test data).
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    two = node_hash(leaf_hash(b""), leaf_hash(b"\x00"))
    assert two.hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert fold(b"") == EMPTY_ROOT


@pytest.mark.parametrize("size", [*range(1, 40), 255, 256, 257, 511, 513, 1000, 65_536, 66_000])
def test_root_and_proofs_from_tiles_are_those_of_the_definition(size: int, made_tree) -> None:
    made = made_tree(size)
    tree = Tree(size, made.read)
    assert tree.root() == made.root() == fold(b"".join(made.rows[0]))
    for index in {*range(min(size, 300)), size // 2, size - 1}:
        verify_inclusion(index, size, made.rows[0][index], tree.inclusion(index), tree.root())


def test_every_leaf_of_every_small_tree_is_proven(made_tree) -> None:
    for size in range(1, 70):
        made = made_tree(size)
        tree = Tree(size, made.read)
        for index, leaf in enumerate(made.rows[0]):
            verify_inclusion(index, size, leaf, tree.inclusion(index), tree.root())


def test_every_small_tree_is_consistent_with_every_smaller_one(made_tree) -> None:
    made = made_tree(40)
    for size in range(1, 41):
        tree = Tree(size, made.read)
        for earlier in range(1, size + 1):
            verify_consistency(earlier, size, tree.consistency(earlier), made.root(earlier), made.root(size))


@settings(deadline=None)
@given(st.data())
def test_consistency_of_any_two_sizes(made_tree, data: st.DataObject) -> None:
    later = data.draw(st.integers(1, 70_000))
    earlier = data.draw(st.integers(1, later))
    made = _large(made_tree)
    tree, before = Tree(later, made.read), Tree(earlier, made.read)
    verify_consistency(earlier, later, tree.consistency(earlier), before.root(), tree.root())


def _large(made_tree, kept: list = []):  # noqa: B006 - made once for all examples
    if not kept:
        kept.append(made_tree(70_000))
    return kept[0]


def _subtrees(size: int) -> list[tuple[int, int]]:
    """Every subtree of a tree, by the definition: a start that is a multiple of the power of two that holds it."""
    widths = {width: 1 << (width - 1).bit_length() for width in range(1, size + 1)}
    return [(start, start + width) for width, step in widths.items() for start in range(0, size - width + 1, step)]


def _subtree_proof(leaves: list[bytes], begin: int, start: int, end: int, *, known: bool) -> list[bytes]:
    """The proof by its definition: what the tree over ``leaves`` has beside the subtree, from the leaf's level up.

    ``leaves`` begin at ``begin``; the subtree's own root is left out of its proof while it is ``known``.
    """
    size = len(leaves)
    if (start, end) == (begin, begin + size):
        return [] if known else [fold(b"".join(leaves))]
    middle = 1 << (size - 1).bit_length() - 1
    left, right = leaves[:middle], leaves[middle:]
    if end <= begin + middle:
        return [*_subtree_proof(left, begin, start, end, known=known), fold(b"".join(right))]
    if start >= begin + middle:
        return [*_subtree_proof(right, begin + middle, start, end, known=known), fold(b"".join(left))]
    return [*_subtree_proof(right, begin + middle, begin + middle, end, known=False), fold(b"".join(left))]


def test_every_subtree_of_every_small_tree_is_in_it_and_holds_its_leaves(made_tree) -> None:
    leaves = list(made_tree(40).rows[0])
    for size in range(1, 41):
        tree = leaves[:size]
        root = fold(b"".join(tree))
        for start, end in _subtrees(size):
            subtree = fold(b"".join(tree[start:end]))
            proof = _subtree_proof(tree, 0, start, end, known=True)
            verify_subtree_consistency(start, end, size, proof, subtree, root)
            for bent in ([*proof, root], proof[:-1] or [root], [root, *proof]):
                with pytest.raises(ProofError):
                    verify_subtree_consistency(start, end, size, bent, subtree, root)
            with pytest.raises(ProofError):
                verify_subtree_consistency(start, end, size, proof, leaf_hash(b"another"), root)


def test_a_leaf_is_proven_to_be_in_a_subtree_by_the_proof_of_a_tree_of_its_size(made_tree) -> None:
    leaves = list(made_tree(40).rows[0])
    for start, end in _subtrees(40):
        root = fold(b"".join(leaves[start:end]))
        for index in range(start, end):
            proof = _subtree_proof(leaves[start:end], start, index, index + 1, known=True)
            verify_subtree_inclusion(index, start, end, leaves[index], proof, root)


@pytest.mark.parametrize(("start", "end"), [(1, 3), (2, 5), (3, 5), (2, 6), (4, 3), (-4, -2)])
def test_what_is_no_subtree_is_refused(start: int, end: int) -> None:
    leaf = leaf_hash(b"")
    with pytest.raises(ProofError):
        verify_subtree_inclusion(start, start, end, leaf, [], leaf)
    with pytest.raises(ProofError):
        verify_subtree_consistency(start, end, 8, [], leaf, leaf)


@settings(deadline=None)
@given(st.data())
def test_a_proof_bent_in_any_way_is_refused(made_tree, data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 600))
    index = data.draw(st.integers(0, size - 1))
    tree = Tree(size, _large(made_tree).read)
    leaf, proof = _large(made_tree).rows[0][index], list(tree.inclusion(index))
    step = data.draw(st.integers(0, len(proof) - 1))
    bent = {
        "flipped": [*proof[:step], bytes([proof[step][0] ^ 1]) + proof[step][1:], *proof[step + 1 :]],
        "left out": proof[:step] + proof[step + 1 :],
        "doubled": [*proof[: step + 1], *proof[step:]],
        "shortened": [*proof[:step], proof[step][:-1], *proof[step + 1 :]],
    }
    for wrong in bent.values():
        with pytest.raises(ProofError):
            verify_inclusion(index, size, leaf, wrong, tree.root())


def test_a_proof_for_a_place_outside_the_tree_is_not_built(made_tree) -> None:
    tree = Tree(5, made_tree(5).read)
    for index in (-1, 5):
        with pytest.raises(ProofError, match="not in a tree of 5"):
            tree.inclusion(index)
    for earlier in (0, 6):
        with pytest.raises(ProofError, match="has no proof"):
            tree.consistency(earlier)


def test_a_long_proof_for_a_huge_tree_names_no_hash_twice(made_tree) -> None:
    proof = Tree(66_000, made_tree(66_000).read).inclusion(65_999)
    assert len(set(proof)) == len(proof) < 18
