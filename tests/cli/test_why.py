"""``comity why``: of a request that was made or supposed, for whoever runs the node and for an overseer."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest
from tests.gate.world import NOW, World, request

from comity.gate import disclose
from comity.gate.keys import load_or_create
from comity.node import open_node
from comity.store import Role, Settings
from comity.web.models import Colleague
from comity.web.store import put_colleague


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("why") / "home"


@pytest.fixture(scope="module")
def made(home) -> Iterator[tuple[UUID, UUID]]:
    """A node with somebody who is covered, a read of them and its id; overseers of a provider and of a stranger."""
    with open_node(Settings(home=home)) as node:
        world = World(node.store, node.vocabulary, keyring=load_or_create(node.keyring))
        person = world.person(name="Wilma Withheld")
        world.row("charge", person=person, severity="serious", offence="Burglary")
        world.agree()
        with node.store.connect(Role.GOVERNANCE) as conn:
            for name, agency, role in (("dpo-1", "police", "data-protection-officer"), ("dpo-2", "helpline", "auditor"),
                                       ("officer-1", "police", "officer")):  # fmt: skip
                put_colleague(conn, Colleague(name, name, agency, role, "en"))

        async def read():
            async with await psycopg.AsyncConnection.connect(node.store.conninfo(Role.GATE)) as conn:
                return await disclose(conn, request(person), NOW, vocabulary=node.vocabulary)

        yield person, asyncio.run(read()).id  # while it is open, a command need not start the database anew


@pytest.fixture
def why(home, made):
    def run(*arguments: object, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "comity.cli", "why", *map(str, arguments)],
            env={**os.environ, "COMITY_HOME": str(home), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == code, output
        assert "Traceback" not in output
        assert not [value for value in ("Wilma", "Burglary") if value in output]
        return output

    return run


def supposed(person: UUID, **changes: object) -> list[object]:
    said = {"agreement": "charging", "purpose": "prosecution", "role": "prosecutor", "agency": "prosecution",
            "person": person, "case": "C-1", "because": "to decide", "on": "2026-06-15", **changes}  # fmt: skip
    return [part for name, value in said.items() for part in (f"--{name}", value)]


def test_a_request_that_was_made_is_explained_in_lines(why, made):
    told = why(made[1])
    for line in (
        "read under charging@1 by prosecutor of prosecution",
        "  leaves: name (as-is, clause 1), birth_date (year, clause 1)",
        "  ok  The role is one that may ask",
        "charge.offence: By clause 2: as it is. Of 1 of 1 rows.",
    ):
        assert line in told
    assert "Then: 2026-06-15 12:00, disclosure, 2 rows. What would leave now: same." in told


def test_a_supposed_request_says_what_is_wrong_with_it_and_what_would_change_it(why, made):
    told = why(*supposed(made[0], role="judge", case=""))
    assert "  NO  The role is one that may ask: Your role is not one that may ask under this agreement." in told
    assert "      > Ask in one of the roles that may: prosecutor." in told
    assert "      > State a case reference." in told
    assert "Vermeld een zaaknummer." in why(*supposed(made[0], case=""), "--dutch")


def test_it_is_printed_for_programs(why, made):
    told = json.loads(why(*supposed(made[0]), "--json"))
    assert (told["permitted"], told["reason"], told["asked"]["version"]) == (True, None, 1)
    assert [row["fields"] for row in told["rows"]] == [
        {"name": {"as-is": 1}, "birth_date": {"year": 1}},
        {"offence": {"as-is": 2}},
    ]
    assert told["covered"]["part"]["truth"] is True


def test_somebody_of_whom_nothing_is_held_is_told_as_that(why):
    assert "Nothing leaves: No provider of the agreement holds this person or case." in why(*supposed(uuid4()))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([uuid4()], 66, "nothing of that name"),
        (["--agreement", "charging"], 64, "--person"),
        (["--agreement", "nothing", "--person", uuid4()], 66, "nothing of that name"),
        (["--agreement", "charging", "--person", uuid4(), "--version", 9], 66, "nothing of that name"),
        (["--agreement", "charging", "--person", uuid4(), "--by", "officer-1"], 64, "no overseer"),
        (["--agreement", "charging", "--person", uuid4(), "--by", "dpo-2"], 66, "not theirs"),
    ],
)
def test_what_cannot_be_explained_is_a_sentence(why, arguments, code, said):
    assert said in why(*arguments, code=code)


def test_an_overseer_sees_what_they_may(why, made):
    assert "ok  about" in why(*supposed(made[0]), "--by", "dpo-1")
    assert "nothing of that name" in why(made[1], "--by", "dpo-2", code=66)
