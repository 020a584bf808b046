"""The tree of RFC 9162, against published vectors, against its definition, and against those who would bend a proof."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.ledger.errors import ProofError
from comity.ledger.merkle import EMPTY_ROOT, Tree, fold, leaf_hash, node_hash, verify_consistency, verify_inclusion


def _bytes(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def _check(kind: str, vector: dict) -> None:
    proof = [_bytes(step) for step in vector["proof"] or []]
    if kind == "inclusion":
        leaf, root = _bytes(vector["leafHash"]), _bytes(vector["root"])
        verify_inclusion(vector["leafIdx"], vector["treeSize"], leaf, proof, root)
    else:
        roots = _bytes(vector["root1"]), _bytes(vector["root2"])
        verify_consistency(vector["size1"], vector["size2"], proof, *roots)


@pytest.mark.parametrize("kind", ["inclusion", "consistency"])
def test_published_vectors_good_and_bad(kind: str, shared_data: Path) -> None:
    files = sorted((shared_data / "vectors" / "merkle" / kind).rglob("*.json"))
    assert len(files) > 80
    wrong = []
    for file in files:
        vector = json.loads(file.read_text())
        try:
            _check(kind, vector)
        except ProofError:
            refused = True
        else:
            refused = False
        if refused is not vector["wantErr"]:
            wrong.append(file)
    assert wrong == []


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
