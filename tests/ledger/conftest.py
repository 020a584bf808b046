"""What the ledger's tests share: made-up entries, a key, trees in memory and exports made from them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from comity.ledger import Entry, Sequencer, append
from comity.ledger.checkpoint import Checkpoint
from comity.ledger.export import write
from comity.ledger.merkle import TILE_WIDTH, leaf_hash
from comity.ledger.note import Signer
from comity.ledger.tiles import Edge
from comity.store import Role, Store

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def mth(hashes: Sequence[bytes]) -> bytes:
    """The Merkle tree hash, written as RFC 9162, section 2.1.1 defines it; the code under test computes it otherwise."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(hashes[:k]) + mth(hashes[k:])).digest()


class Made:
    """A tree in memory, from its leaf hashes: reads tiles by the definition in tlog-tiles."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.rows = [list(leaves)]
        while len(self.rows[-1]) >= TILE_WIDTH:
            row = self.rows[-1]
            self.rows.append([mth(row[i : i + TILE_WIDTH]) for i in range(0, len(row) - TILE_WIDTH + 1, TILE_WIDTH)])

    def root(self, size: int | None = None) -> bytes:
        return mth(self.rows[0][:size])

    def read(self, level: int, index: int, width: int) -> bytes:
        hashes = self.rows[level][index * TILE_WIDTH : index * TILE_WIDTH + width]
        assert len(hashes) == width
        return b"".join(hashes)


@pytest.fixture(scope="session")
def made_tree() -> Callable[[int], Made]:
    """A tree of that many made-up leaves."""
    return lambda size: Made([hashlib.sha256(b"%d" % number).digest() for number in range(size)])


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer("example.org/comity/ledger", bytes(range(32)))


@pytest.fixture(scope="session")
def made_entries() -> Callable[..., list[Entry]]:
    """That many entries, the same ones for the same seed."""

    def make(count: int, seed: int = 1) -> list[Entry]:
        chance = random.Random(seed)  # noqa: S311 - the same made-up entries each time, nothing secret
        return [
            Entry(
                id=UUID(int=chance.getrandbits(128), version=4),
                at=NOW,
                kind=chance.choice(["disclosure", "refusal", "collection"]),
                context={"agency": chance.choice(["police", "probation"]), "purpose": "victim-safety", "version": "3"},
                commitment=chance.randbytes(32),
            )
            for _ in range(count)
        ]

    return make


@pytest.fixture(scope="session")
def made_export(signer: Signer) -> Callable[[Path, Sequence[bytes]], Checkpoint]:
    """Writes an export of those entries' bytes, signed, without a database."""

    def make(folder: Path, bodies: Sequence[bytes]) -> Checkpoint:
        leaves = [leaf_hash(body) for body in bodies]
        edge, _ = Edge(0).grow(b"".join(leaves))
        checkpoint = Checkpoint(signer.name, edge.size, edge.root())
        write(
            folder,
            checkpoint.sign(signer),
            edge.size,
            Made(leaves).read,
            lambda index, width: bodies[index * TILE_WIDTH : index * TILE_WIDTH + width],
        )
        return checkpoint

    return make


@pytest.fixture
def sequenced(store: Store, signer: Signer, tmp_path: Path, made_entries: Callable[..., list[Entry]]):
    """Fills the ledger with that many entries and returns them."""

    def fill(count: int, seed: int = 1) -> list[Entry]:
        entries = made_entries(count, seed)
        with store.connect(Role.INTAKE) as connection:
            append(connection, entries)
        with store.connect(Role.LEDGER) as connection:
            assert Sequencer(connection, signer, tmp_path / "ledger.head").step(NOW, limit=count) == count
        return entries

    return fill
