"""A clock that jumps: numbers stay dense and the export sound, and an agreement holds for the day that the clock says."""

from __future__ import annotations

from datetime import date, timedelta

import psycopg
import pytest
from tests.gate.world import NOW, World

from comity.gate import Disclosure, Refusal
from comity.ledger import Sequencer, export
from comity.ledger.note import Signer
from comity.ledger.verify import verify_export
from comity.store import Role

JUMPS = (0, 3600, -86_400 * 400, 86_400 * 900, -1, 0)  # seconds


@pytest.fixture
def world(store, vocabulary):
    return World(store, vocabulary)


@pytest.fixture
def accused(world):
    person = world.person(birth_date=date(1987, 3, 2))
    world.row("charge", person=person, offence="Burglary", severity="serious")
    return person


def test_a_clock_that_jumps_back_and_forth_breaks_neither_gate_nor_ledger(world, accused, store, tmp_path):
    world.agree()
    signer = Signer("comity-test", bytes(32))
    kinds = []
    with store.connect(Role.LEDGER) as conn:
        sequencer = Sequencer(conn, signer, tmp_path / "ledger.head")
        for jump in JUMPS:
            now = NOW + timedelta(seconds=jump)
            kinds.append(type(world.ask(accused, now)))
            assert sequencer.step(now) > 0
        in_force = [Disclosure, Disclosure, Refusal, Refusal, Disclosure, Disclosure]
        assert kinds == in_force  # before it began and after it ended nothing leaves, whatever was judged an hour ago
        export(conn, tmp_path / "ledger")
    report = verify_export(tmp_path / "ledger", signer.vkey())
    assert report.fault is None
    assert len(world.log()) == len(JUMPS)


def test_rows_that_wait_while_the_database_s_own_clock_jumps_are_all_numbered_once(world, accused, store, tmp_path):
    world.agree()
    asked = [world.ask(accused).id for _ in range(3)]
    with psycopg.connect(store.admin, dbname=store.database) as conn:
        for identity, jump in zip(asked, ("1 day", "-1 day", "0"), strict=True):
            conn.execute(
                "update ledger.outbox set queued_at = queued_at + %s::interval where id = %s", (jump, identity)
            )
    signer = Signer("comity-test", bytes(32))
    with store.connect(Role.LEDGER) as conn:
        sequencer = Sequencer(conn, signer, tmp_path / "ledger.head")
        while sequencer.step(NOW, limit=2):
            pass
        numbered = conn.execute("select id from ledger.entry").fetchall()
        export(conn, tmp_path / "ledger")
    assert set(asked) <= {identity for (identity,) in numbered}
    assert len(numbered) == len(set(numbered))
    assert verify_export(tmp_path / "ledger", signer.vkey()).fault is None
