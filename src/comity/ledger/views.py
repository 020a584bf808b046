"""Find a split view: whether what several witnesses hold of one ledger can be one history.

1. Each holds a checkpoint that the ledger's own key signed; what it did not sign says nothing and is left out before.
2. Two of one size with two roots prove that the ledger signed two histories. Nothing else is needed.
3. Of different sizes, each must be the root of the same tree at its size. The tree is that of whoever compares: the
   ledger's database, or its tiles.

Pure: notes and tiles are handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from comity.ledger.checkpoint import Checkpoint
from comity.ledger.merkle import Tree


def split_views(held: Mapping[str, Checkpoint]) -> list[tuple[str, str]]:
    """Return the pairs of holders whose checkpoints prove two histories by themselves (rule 2)."""
    return [
        (one, other)
        for (one, its), (other, others) in combinations(held.items(), 2)
        if its.size == others.size and its.root != others.root
    ]


def strangers_to(tree: Tree, held: Mapping[str, Checkpoint]) -> list[str]:
    """Return the holders whose checkpoint is not of ``tree``: larger than it, or with another root (rule 3)."""
    return [name for name, it in held.items() if it.size > tree.size or Tree(it.size, tree.read).root() != it.root]
