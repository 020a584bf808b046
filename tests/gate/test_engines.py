"""The same rows with the same values from the oracle and from every engine, whatever the agreement and the data.

How many cases are tried is a setting: ``COMITY_CASES=100000 pytest --timeout=0 tests/gate/test_engines.py`` tries that
many, in a quarter of an hour.
A case is one agreement asked about one world of two people.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from comity.gate.meaning import Left, World, lets_out
from comity.store import Store

from .drawn import (
    REQUESTER,
    Row,
    a_world,
    agreements,
    on_duckdb,
    on_postgresql,
    put_down,
    questions,
    snapshot,
    verdict_on,
)
from .world import NOW

PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)

CASES = int(os.environ.get("COMITY_CASES", "400"))
WORLDS = 10 if CASES < 10_000 else 250  # that are asked about at once, under one agreement


@settings(max_examples=CASES // WORLDS, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(data=st.data(), seed=st.integers(0, 2**64 - 1))
def test_every_engine_lets_out_what_the_oracle_does(store: Store, vocabulary, tmp_path: Path, data, seed):
    agreement = data.draw(agreements(vocabulary))
    chance = Random(seed)  # noqa: S311 - what chance draws in a test is no secret
    drawn = [a_world(chance, vocabulary, number) for number in range(WORLDS)]
    verdict = verdict_on(agreement, vocabulary)
    put_down(store, drawn)
    asking = questions(verdict, vocabulary)
    answers = {
        "the oracle": {row for world in drawn for it in lets_out(verdict, world, REQUESTER, NOW) for row in said(it)},
        "PostgreSQL": on_postgresql(store, asking),
    }
    path = snapshot(store, tmp_path / "snapshot.duckdb", asking)
    try:
        answers["DuckDB"] = on_duckdb(path, asking)
    finally:
        path.unlink()
    for engine, answer in answers.items():
        assert len(set(answer)) == len(answer), f"{engine} says a row twice"
        assert_same(set(answers["the oracle"]), set(answer), engine, drawn)


def said(it: Left) -> Iterator[Row]:
    yield it.clause, it.account, it.record_id, it.source_person, tuple(value for _, value in it.values)


def assert_same(expected: set[Row], answer: set[Row], engine: str, drawn: list[World]) -> None:
    """The rows are the same; if not, say which, and show only the world that they are of."""
    for wrong, rows in (("is missing from", expected - answer), ("is too much in", answer - expected)):
        for row in rows:
            world = next(it for it in drawn if row[1] in it.people)
            held = "\n".join(f"{it.record} {it.record_id} of {it.source_person}: {it.values}" for it in world.held)
            raise AssertionError(f"{row} {wrong} what {engine} lets out.\n{world.people}\n{held}")
