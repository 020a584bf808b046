"""A disk that is full: refused as such, nothing half written, and everything goes on by itself once there is room."""

from __future__ import annotations

import contextlib
import tempfile
import time
from pathlib import Path

import httpx
import psycopg
import pytest

from comity.store.place import recorded_place

from .running import ROUNDS, Running, running_node, small_disk, superuser, until

SIZE = "900m"  # an empty cluster and its log take a fifth; PostgreSQL's programs, where they have to be copied, a half


@pytest.fixture(scope="module")
def node():
    with tempfile.TemporaryDirectory(prefix="comity-test-") as top:
        Path(top).chmod(0o755)  # PostgreSQL's account has to reach it: the cluster is on this disk, and nowhere else
        with small_disk(Path(top) / "disk", SIZE) as disk, running_node(disk) as made:
            assert made.home in recorded_place(made.home).root.parents
            yield made


def fill(node: Running) -> None:
    """Leave not a byte, and have PostgreSQL need the next file of its log: it cannot have it."""
    with (node.home.parent / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(64 * 1024))
    with contextlib.suppress(psycopg.Error), psycopg.connect(superuser(node), autocommit=True) as conn:
        for _ in range(
            200
        ):  # a sixteenth of a piece of the log each time; the server gives up where it cannot have a new one
            conn.execute("select pg_logical_emit_message(false, 'full', repeat('x', 1000000))")


@pytest.mark.timeout(300 + 60 * ROUNDS)
def test_a_full_disk_is_told_as_such_and_everything_goes_on_when_there_is_room(node, tmp_path):
    for number in range(max(1, ROUNDS // 20)):
        with node.clients(f"d{number}"):
            node.serves_again()
            fill(node)
            told: list[httpx.Response] = []
            until(lambda: told.append(node.read()) or told[-1].status_code == 503)  # noqa: B023  (called at once)
            assert told[-1].json()["code"] == "unavailable"
            assert int(told[-1].headers["retry-after"]) > 0
            (node.home.parent / "filler").unlink()
            freed = time.monotonic()
            node.serves_again()
            print(f"serves again {time.monotonic() - freed:.1f} s after there is room")
        assert set(node.promised.refused) <= {503}, "each refusal says that it passes, and none is a mistake of ours"
        assert "PANIC" in (node.home / "postgres.log").read_text(errors="replace")  # it was full indeed
        node.nothing_is_lost(tmp_path / f"ledger-{number}")
