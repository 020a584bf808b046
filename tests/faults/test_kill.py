"""``kill -9`` of PostgreSQL, of the sequencer and of the web process, at random points, while clients ask and post.

After each: no act that was acknowledged is lost, nothing was disclosed without its entry, and the ledger's export is as it
was signed, to the last byte. ``make faults`` does it 200 times.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time

import psycopg
import pytest

from comity.store import Role

from .running import ROUNDS, Running, running_node, superuser, until

SEED = int(os.environ.get("COMITY_FAULT_SEED", "20261127"))
TARGETS = {
    "postgres": Running.pid_of_postgres,
    "sequencer": Running.pid_of_worker,
    "web": lambda node: node.process.pid,
    "a disclosing connection": lambda node: node.pid_of_backend(Role.GATE),
    "the sequencing connection": lambda node: node.pid_of_backend(Role.LEDGER),
}


@pytest.fixture(scope="module")
def node():
    with running_node() as made:
        yield made


@pytest.mark.timeout(60 + 60 * ROUNDS)
def test_killed_at_random_points_nothing_promised_is_lost(node, tmp_path):
    chance = random.Random(SEED)  # noqa: S311  (when to kill is no secret)
    entries, downtimes = 0, dict.fromkeys(TARGETS, 0.0)
    for number, target in enumerate(itertools.islice(itertools.cycle(TARGETS), ROUNDS)):
        with node.clients(f"m{number}"):
            node.serves_again()
            time.sleep(chance.uniform(0, 0.5))
            killed = time.monotonic()
            kill(node, target)
            node.serves_again()
            downtimes[target] = max(downtimes[target], time.monotonic() - killed)
        grown = node.nothing_is_lost(tmp_path / f"ledger-{number}")
        assert grown > entries
        entries = grown
    print(f"{ROUNDS} kills, {node.promised.count:,} acts acknowledged, {entries:,} entries;"
          f" serving again within (s): { {of: round(it, 1) for of, it in downtimes.items()} }")  # fmt: skip


def test_two_sequencers_number_every_entry_once(node, tmp_path):
    """Another is started beside the node's own, and leads when it is killed."""
    environment = {**os.environ, "COMITY_HOME": str(node.home)}
    with subprocess.Popen([sys.executable, "-m", "comity.worker"], env=environment) as other:
        try:
            with node.clients("two"):
                until(lambda: sequencers(node) == 2)
                os.kill(node.pid_of_worker(), signal.SIGKILL)
                node.serves_again()
            node.nothing_is_lost(tmp_path / "ledger")
        finally:
            other.terminate()
            assert other.wait(30) == 0


def sequencers(node: Running) -> int:
    with psycopg.connect(superuser(node)) as conn:
        return conn.execute("select count(*) from pg_stat_activity where usename = 'comity_ledger'").fetchone()[0]


def kill(node: Running, target: str) -> None:
    """Kill one of the node's processes, by its id; whoever runs a web process starts it again."""
    try:
        os.kill(TARGETS[target](node), signal.SIGKILL)
    except (LookupError, ProcessLookupError):
        return  # it is being started after the last time
    if target == "web":
        node.process.wait()
        node.start()
