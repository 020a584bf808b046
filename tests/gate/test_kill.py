"""``kill -9`` at any moment: what was released has its entry, and an entry has its line in the log."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest

from comity.ledger.entry import Entry
from comity.store import Role


@pytest.mark.parametrize("after", [0.0, 0.013, 0.107])
def test_killed_in_the_middle_nothing_was_released_without_its_entry(world, accused, after, wait_until_gone):
    world.agree()
    command = [sys.executable, str(Path(__file__).with_name("asker.py")), str(accused)]
    environment = {**os.environ, "GATE": world.store.conninfo(Role.GATE)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as asker:
        first = asker.stdout.readline()  # it has begun
        time.sleep(after)
        asker.kill()
        released = {
            UUID(line.strip())
            for line in (first + asker.stdout.read()).splitlines(keepends=True)
            if line.endswith("\n")
        }
    wait_until_gone(world.store, Role.GATE)
    entries = {Entry.decode(body).id for body in world.entries()}
    logged = {row[0] for row in world.run(Role.GATE, "select id from gate.disclosure")}
    assert released
    assert released <= entries
    assert entries == logged
    assert len(entries - released) <= 1  # committed, and killed before it was returned
