"""A node as its user runs it, in processes of its own, with clients that keep what they were promised.

PostgreSQL writes to disk as it does in production (``fsync`` on). Whatever is started here is stopped by its id.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from tests.gate.world import World, agreement_text
from tests.web.desk import DOOR

from comity.ledger import export, verify
from comity.node import open_node
from comity.store import Role, Settings, postmaster
from comity.store.cluster import discard_cluster
from comity.store.place import recorded_place
from comity.store.private import read_private
from comity.web.models import Colleague
from comity.web.store import issue_token, put_colleague

ROUNDS = int(os.environ.get("COMITY_FAULT_ROUNDS", "6"))
"""How often a node is hurt: a few times in every run of the tests, 200 times by ``make faults``."""
PATIENCE = 90  # seconds until a hurt node serves again, on a busy machine; it takes a few
ASKED = {"Comity-Agreement": "charging", "Comity-Purpose": "prosecution", "Comity-Case": "C-1",
         "Comity-Justification": "to%20decide"}  # fmt: skip


@dataclass
class Promised:
    """What clients were told is so: an answer counts once it is here whole."""

    reads: set[UUID] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)
    refused: list[int] = field(default_factory=list)  # the statuses of what was not carried out

    @property
    def count(self) -> int:
        return len(self.reads) + len(self.messages)


class Running:
    """A node in a home, its processes, and what its clients were promised."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.settings = Settings(home)
        self.promised = Promised()
        self.process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(verify=False, timeout=30)
        self._set_up()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def _set_up(self) -> None:
        """Have one person to read under an agreement, one source to post to, and who may do so."""
        now = datetime.now(UTC)
        mappings = self.home.parent / "mappings"
        mappings.mkdir()
        (mappings / "police-live.yaml").write_text(DOOR)
        with open_node(self.settings) as node:
            world = World(node.store, node.vocabulary)
            text = agreement_text(until=f"{now + timedelta(days=300):%Y-%m-%d}")
            world.agree_to(text.replace("2026-01-01", f"{now - timedelta(days=30):%Y-%m-%d}").replace(
                "2026-12-01", f"{now + timedelta(days=200):%Y-%m-%d}"))  # fmt: skip
            self.person = world.person(birth_date=date(1987, 3, 2))
            world.row("charge", person=self.person, offence="Burglary", severity="serious")
            with node.store.connect(Role.GOVERNANCE) as conn:
                put_colleague(conn, Colleague("staff-7", "Priya", "prosecution", "prosecutor", "en"))
                put_colleague(conn, Colleague("system", "Police system", "police", "service-account", "en"))
                until = now + timedelta(days=1)
                self.tokens = {who: issue_token(conn, who, now, until) for who in ("staff-7", "system")}
            self.conninfos = {role: node.store.conninfo(role) for role in Role}
            self.vkey = node.signer().vkey()

    # --- its processes -----------------------------------------------------------------------------------------------

    def start(self, **environment: str) -> None:
        with (self.home.parent / "output.txt").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "comity.cli", "up", "--port", str(self.port), "--mappings",
                 str(self.home.parent / "mappings")],
                env={**os.environ, "COMITY_HOME": str(self.home), **environment}, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
        until(lambda: self.get("/healthz").status_code == 200)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def output(self) -> str:
        return (self.home.parent / "output.txt").read_text(errors="replace")

    def pid_of_postgres(self) -> int:
        place = recorded_place(self.home)
        pid = postmaster.running(place) if place else None
        if pid is None:
            raise LookupError("no PostgreSQL runs")
        return pid

    def pid_of_backend(self, role: Role) -> int:
        """A connection's own process: PostgreSQL says in its title whose it is."""
        return self._child(self.pid_of_postgres(), role.value)

    def pid_of_worker(self) -> int:
        return self._child(self.process.pid, "comity.worker")

    def _child(self, parent: int, title: str) -> int:
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                above = int(stat.read_text().rpartition(")")[2].split()[1])
                said = stat.with_name("cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if above == parent and title in said:
                return int(stat.parent.name)
        raise LookupError(f"{parent} has no child {title}")

    # --- its clients -------------------------------------------------------------------------------------------------

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.http.get(f"http://127.0.0.1:{self.port}{path}", **options)

    def read(self) -> httpx.Response:
        """Ask for the person, and keep what was promised."""
        headers = {**ASKED, "authorization": f"Bearer {self.tokens['staff-7']}"}
        answer = self.get(f"/api/v1/persons/{self.person}", headers=headers)
        if answer.status_code == 200:
            self.promised.reads.add(UUID(answer.json()["entry"]))
        else:
            self.promised.refused.append(answer.status_code)
        return answer

    def post(self, key: str) -> httpx.Response:
        """Post a source's message, and keep what was promised; posting it again changes nothing."""
        said = {"id": key, "first": "Ada", "last": "Example", "born": "1985-12-10"}
        answer = self.http.post(
            f"http://127.0.0.1:{self.port}/api/v1/sources/police-live/messages", json=said,
            headers={"authorization": f"Bearer {self.tokens['system']}"},
        )  # fmt: skip
        if answer.status_code == 200 and answer.json()["admitted"] + answer.json()["unchanged"] == 1:
            self.promised.messages.add(key)
        else:
            self.promised.refused.append(answer.status_code)
        return answer

    @contextmanager
    def clients(self, mark: str) -> Iterator[None]:
        """Ask and post without end, as several do at once, until the block is left."""
        over = threading.Event()

        def reads() -> None:
            while not over.is_set():
                _whatever_happens(self.read)

        def posts() -> None:
            number = 0
            while not over.is_set():
                key = f"{mark}-{number}"
                number += key in self.promised.messages
                _whatever_happens(lambda: self.post(key))  # noqa: B023  (called at once)

        threads = [threading.Thread(target=each) for each in (reads, reads, posts)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def serves_again(self) -> None:
        """Wait until it has kept promises since now, of either kind."""
        reads, messages = len(self.promised.reads), len(self.promised.messages)
        until(lambda: len(self.promised.reads) > reads and len(self.promised.messages) > messages)

    # --- what is so --------------------------------------------------------------------------------------------------

    def rows(self, role: Role, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.conninfos[role]) as conn:
            return conn.execute(query).fetchall()

    def is_sequenced(self) -> bool:
        try:
            return self.rows(Role.LEDGER, "select count(*) from ledger.outbox") == [(0,)]
        except psycopg.OperationalError:
            return False

    def nothing_is_lost(self, folder: Path) -> int:
        """Every promise kept, every disclosure with its entry and the other way round, the export as it was signed."""
        until(self.is_sequenced)
        said = self.rows(Role.LEDGER, "select number, id, convert_from(body, 'UTF8') from ledger.entry order by number")
        assert [number for number, _, _ in said] == list(range(len(said)))
        kinds = {name: re.search(r'"kind":"([a-z-]+)"', body)[1] for _, name, body in said}
        released = {name for name, kind in kinds.items() if kind in ("disclosure", "refusal")}
        assert {name for (name,) in self.rows(Role.GATE, "select id from gate.disclosure")} == released
        assert self.promised.reads <= released
        statements = dict(
            self.rows(Role.INTAKE, "select source_key, entry from record.statement where source = 'police-live'")
        )
        assert self.promised.messages <= statements.keys()
        assert set(statements.values()) <= kinds.keys()
        with psycopg.connect(self.conninfos[Role.GATE]) as conn:
            export(conn, folder)
        checked = subprocess.run([sys.executable, "-I", verify.__file__, str(folder), "--key", self.vkey],
                                 capture_output=True, text=True, check=False)  # fmt: skip
        assert checked.returncode == 0, checked.stdout
        return len(said)


def _whatever_happens(ask: Callable[[], httpx.Response]) -> None:
    try:
        answer = ask()
    except httpx.HTTPError:  # nobody is there, or they left in the middle
        time.sleep(0.05)
    else:
        if answer.status_code != 200:
            time.sleep(0.05)


def until(so: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until something is so; who does not answer yet has not said so."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if so():
                return
        except httpx.HTTPError:
            pass
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


@contextmanager
def running_node(within: Path | None = None) -> Iterator[Running]:
    """A node of the block's own, on a disk (in ``within``), below folders that PostgreSQL's account may enter."""
    with tempfile.TemporaryDirectory(prefix="comity-test-", dir=within) as folder:
        Path(folder).chmod(0o755)
        settings = Settings(Path(folder) / "home")
        node = None
        try:
            node = Running(settings.home)
            node.start()
            yield node
        finally:
            if node is not None:
                node.stop()
                until(lambda: not left_by(settings.home))  # a worker whose parent was killed leaves by itself
            discard_cluster(settings)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of that size; only root can mount one, so elsewhere the test is skipped."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "none", str(folder)], check=False)
    if mounted.returncode != 0:
        pytest.skip("a small disk can be mounted by root alone")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def left_by(home: Path) -> list[int]:
    """The processes, other than this one, that work for this home."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"COMITY_HOME={home}\0".encode() in environ.read_bytes() + b"\0":
                found.append(int(environ.parent.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def superuser(node: Running) -> str:
    """How to connect as who may do anything: a fault that the test itself makes."""
    place = recorded_place(node.home)
    password = read_private(node.home / "superuser.password").decode()
    return psycopg.conninfo.make_conninfo("", host=str(place.socket), port=postmaster.PORT, user="comity_superuser",
                                          password=password, dbname="comity")  # fmt: skip
