"""The ledger over HTTP: what a program fetches, file by file, is what the auditor's program verifies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from comity.ledger import Entry, Sequencer, append
from comity.ledger.tiles import encode_bundle, places
from comity.ledger.verify import README, verify_export
from comity.node import Node
from comity.store import Role, Settings, Store
from comity.store.provision import copy_database, drop_database
from comity.vocabulary import Vocabulary
from comity.web.app import create_app

from .desk import serving

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SIZES = (1, 255, 256, 300)


@pytest.fixture(scope="module")
def node(
    postgres: Store, migrated_template: str, vocabulary: Vocabulary, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Node]:
    copy_database(postgres.admin, "tiling", migrated_template)
    yield Node(Settings(tmp_path_factory.mktemp("tiling")), postgres.of("tiling"), vocabulary, "comity-tiling")
    drop_database(postgres.admin, "tiling")


@pytest.fixture(scope="module")
def http(node: Node) -> Iterator[httpx.Client]:
    with serving(create_app(node)) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture(scope="module")
def bodies(node: Node, http: httpx.Client) -> list[bytes]:
    """The entries of a ledger that has signed for each of the sizes above, in order."""
    assert http.get("/ledger/checkpoint").status_code == 404
    assert http.get("/ledger/tile/0/000.p/1").status_code == 404
    entries = [Entry(uuid4(), NOW, "refusal", {"agency": "police"}, bytes(32)) for _ in range(SIZES[-1])]
    with node.store.connect(Role.LEDGER) as connection:
        sequencer = Sequencer(connection, node.signer(), node.ledger_head)
        for begin, end in zip((0, *SIZES), SIZES, strict=False):
            with node.store.connect(Role.INTAKE) as intake:
                append(intake, entries[begin:end])
            assert sequencer.step(NOW) == end - begin
    return [entry.encode() for entry in entries]


def test_what_is_fetched_file_by_file_is_the_export(http, node, bodies, tmp_path: Path):
    def keep(path: str) -> None:
        answer = http.get(f"/ledger/{path}")
        assert answer.status_code == 200, path
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(answer.content)

    keep("checkpoint")
    for place in places(len(bodies)):
        keep(place.path)
        if place.level == 0:
            keep(place.bundle_path)
    (tmp_path / "README.txt").write_text(README)
    assert verify_export(tmp_path, node.signer().vkey()).fault is None


@pytest.mark.parametrize("size", SIZES)
def test_the_partial_tiles_of_every_published_size_are_there(http, bodies, size):
    for place in places(size):
        tile = http.get(f"/ledger/{place.path}")
        assert (tile.status_code, len(tile.content)) == (200, 32 * place.width)
    last = [place for place in places(size) if place.level == 0][-1]
    begin = last.index * 256
    assert http.get(f"/ledger/{last.bundle_path}").content == encode_bundle(bodies[begin : begin + last.width])


def test_a_tile_is_kept_for_ever_and_a_checkpoint_is_not(http, bodies):
    for path in ("tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"):
        headers = http.get(f"/ledger/{path}").headers
        assert headers["cache-control"] == "public, max-age=31536000, immutable"
        assert headers["content-type"] == "application/octet-stream"
        assert not {"set-cookie", "vary"} & set(headers)
    headers = http.get("/ledger/checkpoint").headers
    assert (headers["cache-control"], headers["content-type"]) == ("no-store", "text/plain; charset=utf-8")


def test_a_bundle_is_compressed_for_who_takes_it_so(http, bodies):
    packed = http.get("/ledger/tile/entries/000", headers={"accept-encoding": "gzip"})
    plain = http.get("/ledger/tile/entries/000", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content == encode_bundle(bodies[:256])
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"


@pytest.mark.parametrize(
    "path",
    [
        "0/001", "0/001.p/45", "0/002.p/1", "1/000", "1/000.p/2", "2/000.p/1", "entries/001", "entries/001.p/45",
        "0/000.p/0", "0/000.p/256", "0/000.p/01", "00/000", "64/000", "0/0", "0/x000/000", "0/x000", "0/000/", "0/",
        "0/x999/x999/x999/x999/x999/x999/999", "-1/000", "entries", "0/000.p/", "0/\u0660\u0660\u0660",
    ],
)  # fmt: skip
def test_what_is_not_there_is_answered_plainly_and_not_kept(http, bodies, path):
    answer = http.get(f"/ledger/tile/{path}")
    assert (answer.status_code, answer.text) == (404, "Not found.\n")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cache-control"] == "no-store"
