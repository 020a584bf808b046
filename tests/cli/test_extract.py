"""``comity extract``: make, list, resume, drop and verify, as whoever runs the node does."""

from __future__ import annotations

import os
import subprocess
import sys
from uuid import uuid4

import pytest
from tests.gate.world import World

from comity.gate.keys import load_or_create
from comity.node import open_node
from comity.store import Settings


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("extract") / "home"
    with open_node(Settings(home=home)) as node:
        world = World(node.store, node.vocabulary, keyring=load_or_create(node.keyring))
        person = world.person(name="Wilma Withheld")
        world.row("charge", person=person, severity="serious", offence="Burglary")
        world.agree(until="2099-12-31", channels="extract", must_state="")
        yield home  # while it is open, a command need not start the database anew


def comity(home, *arguments: object, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "comity.cli", *map(str, arguments)],
        env={**os.environ, "COMITY_HOME": str(home), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == code, output
    assert "Traceback" not in output
    assert "Wilma" not in output
    return output


ASKED = ("--purpose", "prosecution", "--agency", "prosecution", "--staff", "staff-7", "--role", "prosecutor")


def test_an_extract_is_made_and_can_be_checked(home, tmp_path):
    told = comity(home, "extract", "make", "charging", tmp_path / "out", *ASKED, "--form", "csv")
    assert "release 2: 1 rows of charge, 1 people" in told
    key = comity(home, "ledger", "key").strip()
    assert "Sound: 2 rows under charging@1 for prosecution" in comity(
        home, "extract", "verify", tmp_path / "out", "--key", key
    )
    (tmp_path / "out" / "2-charge.0001.csv").unlink()
    assert "2-charge.0001.csv is missing." in comity(home, "extract", "verify", tmp_path / "out", "--key", key, code=77)
    assert "No extract is under way." in comity(home, "extract", "list")


def test_what_is_refused_or_not_there_is_said_in_a_sentence(home, tmp_path):
    asked = [each if each != "prosecutor" else "caseworker" for each in ASKED]
    assert "Refused: " in comity(home, "extract", "make", "charging", tmp_path / "out", *asked, code=77)
    assert not (tmp_path / "out").exists()
    told = comity(home, "extract", "resume", uuid4(), tmp_path / "out", code=65)
    assert "No such extract is under way here." in told
