"""A home of the test's own, and programs of its own that open it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comity.store import Settings
from comity.store.cluster import discard_cluster

# Opens the store of a home, says its process id, and keeps it until it is told to leave or is killed.
KEEPER = """
import sys
from pathlib import Path
from comity.store import Settings, open_store
with open_store(Settings(Path(sys.argv[1])), {"shared_buffers": "16MB", "fsync": "off"}) as store:
    print(store.postmaster_pid, flush=True)
    sys.stdin.readline()
"""


class Keeper:
    """Another process that has the store open."""

    def __init__(self, home: Path) -> None:
        command = [sys.executable, "-c", KEEPER, str(home)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._said: int | None = None

    @property
    def postmaster_pid(self) -> int:
        if self._said is None:
            self._said = int(self.process.stdout.readline())
        return self._said

    def leave(self) -> int:
        self.process.communicate("\n")
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home that is emptied of its cluster afterwards, whatever the test did."""
    home = tmp_path / "home"
    yield home
    discard_cluster(Settings(home))


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A home below folders that anybody may pass through."""
    with tempfile.TemporaryDirectory(prefix="comity-test-") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        yield home
        discard_cluster(Settings(home))


@pytest.fixture
def keeper() -> Iterator[Callable[[Path], Keeper]]:
    """Starts other processes that open a home; those still there are killed afterwards."""
    started: list[Keeper] = []

    def start(home: Path) -> Keeper:
        started.append(Keeper(home))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()
