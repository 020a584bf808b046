"""The Merkle tree of RFC 9162, section 2.1: hashing, proofs, and the checking of proofs.

Pure: nothing here reads a file, a clock or a database. All hashes are 32 bytes of SHA-256.

1. A leaf is hashed with the prefix 0x00 and a node with 0x01 (section 2.1.1), so neither can pass for the other.
2. A tree of *n* leaves is split at the largest power of two smaller than *n* (section 2.1.1).
3. Proofs are built from tiles alone (:class:`Tree`), never from entries, so one costs the logarithm of the tree.
4. A proof that is too long, too short or for an impossible place is refused, not repaired (sections 2.1.3.2, 2.1.4.2).
5. A subtree is what lies between two leaves of a tree and is a tree in itself: it begins at a multiple of the smallest
   power of two that holds it (draft-ietf-plants-merkle-tree-certs, "Subtrees"). The whole tree is one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import TypeAlias

from comity.ledger.errors import ProofError

HASH_SIZE = 32
TILE_HEIGHT = 8
"""Levels of the tree that one tile spans (C2SP tlog-tiles)."""
TILE_WIDTH = 1 << TILE_HEIGHT

EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves (RFC 9162, section 2.1.1)."""

ReadTile: TypeAlias = Callable[[int, int, int], bytes]
"""``(level, index, width)`` to the first ``width`` hashes of that tile, joined: ``32 * width`` bytes."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256 of 0x00 and the entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256 of 0x01 and its two children."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: bytes) -> bytes:
    """Return the root over ``hashes`` (joined, 32 bytes each, in order); :data:`EMPTY_ROOT` for none.

    Pairing neighbours and carrying an odd last one up gives the same tree as the RFC's split at a power of two.
    The hashes may be leaves or the roots of perfect subtrees of one size, the last of them ragged.
    """
    if not hashes:
        return EMPTY_ROOT
    while len(hashes) > HASH_SIZE:
        carried = hashes[-HASH_SIZE:] if len(hashes) // HASH_SIZE % 2 else b""
        paired = len(hashes) - len(carried)
        hashes = b"".join([sha256(b"\x01" + hashes[i : i + 64]).digest() for i in range(0, paired, 64)]) + carried
    return hashes


def _split(size: int) -> int:
    """Return the largest power of two smaller than ``size`` (``size`` > 1)."""
    return 1 << (size - 1).bit_length() - 1


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of ``size`` leaves whose hashes are read from its tiles; remembers the tiles it has read."""

    size: int
    read: ReadTile
    _seen: dict[tuple[int, int], bytes] = field(default_factory=dict, repr=False, compare=False)

    def root(self) -> bytes:
        """Return the root of the whole tree."""
        return self._hash(0, self.size) if self.size else EMPTY_ROOT

    def inclusion(self, index: int) -> tuple[bytes, ...]:
        """Return the proof that leaf ``index`` is in this tree, from its sibling up (RFC 9162, section 2.1.3.1)."""
        if not 0 <= index < self.size:
            raise ProofError(f"Leaf {index} is not in a tree of {self.size} leaves.")
        return tuple(self._path(index, 0, self.size))

    def consistency(self, earlier: int) -> tuple[bytes, ...]:
        """Return the proof that this tree extends the one of ``earlier`` leaves (RFC 9162, section 2.1.4.1)."""
        if not 0 < earlier <= self.size:
            raise ProofError(f"A tree of {self.size} leaves has no proof from a tree of {earlier}.")
        return tuple(self._subproof(earlier, 0, self.size, whole=True))

    def _path(self, index: int, begin: int, end: int) -> list[bytes]:
        if end - begin == 1:
            return []
        middle = begin + _split(end - begin)
        if index < middle:
            return [*self._path(index, begin, middle), self._hash(middle, end)]
        return [*self._path(index, middle, end), self._hash(begin, middle)]

    def _subproof(self, earlier: int, begin: int, end: int, *, whole: bool) -> list[bytes]:
        if earlier == end:
            return [] if whole else [self._hash(begin, end)]
        middle = begin + _split(end - begin)
        if earlier <= middle:
            return [*self._subproof(earlier, begin, middle, whole=whole), self._hash(middle, end)]
        return [*self._subproof(earlier, middle, end, whole=False), self._hash(begin, middle)]

    def _hash(self, begin: int, end: int) -> bytes:
        """Return the hash over leaves ``begin`` to ``end`` (exclusive); ``begin`` stands where a subtree can begin."""
        size = end - begin
        if size & (size - 1):
            middle = begin + _split(size)
            return node_hash(self._hash(begin, middle), self._hash(middle, end))
        level, height = divmod(size.bit_length() - 1, TILE_HEIGHT)
        index, first = divmod(begin >> TILE_HEIGHT * level, TILE_WIDTH)
        tile = self._tile(level, index)
        return fold(tile[first * HASH_SIZE : (first + (1 << height)) * HASH_SIZE])

    def _tile(self, level: int, index: int) -> bytes:
        tile = self._seen.get((level, index))
        if tile is None:
            width = min(TILE_WIDTH, (self.size >> TILE_HEIGHT * level) - index * TILE_WIDTH)
            tile = self._seen[level, index] = self.read(level, index, width)
        return tile


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that ``leaf`` stands at ``index`` in the tree of ``size`` leaves with ``root``; raise ProofError if not.

    Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        raise ProofError(f"Leaf {index} cannot be in a tree of {size} leaves.")
    _require(len(leaf) == len(root) == HASH_SIZE, "The leaf or the root is not a hash.")
    here, last, reached = index, size - 1, leaf
    for sibling in proof:
        if last == 0 or len(sibling) != HASH_SIZE:
            raise ProofError("The proof has a step too many, or one that is not a hash.")
        if here & 1 or here == last:
            reached = node_hash(sibling, reached)
            carried = _carried(here)
            here, last = here >> carried, last >> carried
        else:
            reached = node_hash(reached, sibling)
        here, last = here >> 1, last >> 1
    _require(last == 0, "The proof is too short for a tree of this size.")
    _require(compare_digest(reached, root), "The proof leads to another root.")


def verify_consistency(size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes) -> None:
    """Check that the tree of ``size2`` leaves begins with the tree of ``size1``; raise ProofError if not.

    Nothing follows from an empty tree, so ``size1`` = 0 is refused. Source: RFC 9162, section 2.1.4.2.
    """
    _require(0 < size1 <= size2, f"A tree of {size2} leaves cannot be checked against one of {size1}.")
    _require(all(len(step) == HASH_SIZE for step in proof), "A step of the proof is not a hash.")
    if size1 == size2:
        _require(not proof, "Two trees of one size need no proof.")
        _require(compare_digest(root1, root2), "Two trees of one size have different roots.")
        return
    _require(bool(proof), "The proof is empty.")
    old, new = _climb(0, size1, size2, root1, proof)
    _require(compare_digest(old, root1), "The proof leads to another earlier root.")
    _require(compare_digest(new, root2), "The proof leads to another later root.")


def verify_subtree_inclusion(
    index: int, start: int, end: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that ``leaf`` stands at ``index`` of the tree whose leaves ``start`` to ``end`` (exclusive) have ``root``.

    Raises ProofError if not. A subtree is a tree in itself, so the proof is that of a tree of its size.
    Source: draft-ietf-plants-merkle-tree-certs, "Subtree Inclusion Proofs".
    """
    _require(_is_subtree(start, end), f"Leaves {start} to {end} are not a subtree.")
    _require(start <= index < end, f"Leaf {index} is not one of {start} to {end}.")
    verify_inclusion(index - start, end - start, leaf, proof, root)


def verify_subtree_consistency(
    start: int, end: int, size: int, proof: Sequence[bytes], subtree_root: bytes, root: bytes
) -> None:
    """Check that leaves ``start`` to ``end`` (exclusive) of the tree of ``size`` leaves have ``subtree_root``.

    Raises ProofError if not. A subtree without leaves is in every tree that reaches so far, and says nothing of it.
    Source: draft-ietf-plants-merkle-tree-certs, "Subtree Consistency Proofs".
    """
    _require(0 <= start <= end <= size, f"A tree of {size} leaves has no leaves {start} to {end}.")
    _require(all(len(step) == HASH_SIZE for step in proof), "A step of the proof is not a hash.")
    if start == end:
        _require(not proof, "A subtree without leaves needs no proof.")
        _require(compare_digest(subtree_root, EMPTY_ROOT), "This is not the root of a subtree without leaves.")
        return
    _require(_is_subtree(start, end), f"Leaves {start} to {end} are not a subtree.")
    below, above = _climb(start, end, size, subtree_root, proof)
    _require(compare_digest(below, subtree_root), "The proof leads to another root of the subtree.")
    _require(compare_digest(above, root), "The proof leads to another root of the tree.")


def _is_subtree(start: int, end: int) -> bool:
    return 0 <= start < end and start % (1 << (end - start - 1).bit_length()) == 0


def _climb(start: int, end: int, size: int, known: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Walk up from the right edge of the subtree; return the roots of it and of the tree that the steps lead to.

    ``known`` is what the subtree's root should be. The walk begins there if the whole subtree is one node of the
    tree, and the proof leaves that node out; otherwise at the first step, the largest such node at its right edge.
    """
    first, here, last = start, end - 1, size - 1
    while first != here and (here == last or here & 1):
        first, here, last = first >> 1, here >> 1, last >> 1
    steps = [known, *proof] if first == here else list(proof)
    _require(bool(steps), "The proof is empty.")
    below = above = steps[0]
    for step in steps[1:]:
        _require(last != 0, "The proof has a step too many.")
        if here & 1 or here == last:
            below = node_hash(step, below) if first < here else below
            above = node_hash(step, above)
            carried = _carried(here)
            first, here, last = first >> carried, here >> carried, last >> carried
        else:
            above = node_hash(above, step)
        first, here, last = first >> 1, here >> 1, last >> 1
    _require(last == 0, "The proof is too short for trees of these sizes.")
    return below, above


def _carried(here: int) -> int:
    """Return over how many levels a node has no sibling, being the odd last one that is carried up (``here`` > 0)."""
    return (here & -here).bit_length() - 1


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ProofError(otherwise)
