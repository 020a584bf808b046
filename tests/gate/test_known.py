"""What is remembered of an agreement never outlives it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from comity.agreements.models import Act, Event
from comity.agreements.sign import sign
from comity.agreements.store import act_upon, add_signature, read_agreement
from comity.gate import Disclosure, Refusal, known
from comity.store import Role

from .world import NOW


def act(world, what: Act) -> None:
    with world.store.connect(Role.GOVERNANCE) as conn:
        act_upon(conn, "charging", 1, Event(what, "police", NOW), by="dpo", reason="we must talk")


@pytest.fixture
def looks(monkeypatch) -> list[str]:
    """Each name that is looked up in the database."""
    seen: list[str] = []
    original = known.look_up

    async def counted(conn, name, *rest):
        seen.append(name)
        return await original(conn, name, *rest)

    import sys

    monkeypatch.setattr(sys.modules["comity.gate.disclose"], "look_up", counted)
    return seen


def test_an_agreement_is_judged_once_while_nothing_of_it_changes(world, accused, looks):
    world.agree()
    assert all(isinstance(world.ask(accused), Disclosure) for _ in range(3))
    assert looks == ["charging"]


def test_suspending_and_resuming_count_on_the_next_request(world, accused, looks):
    world.agree()
    answers = [world.ask(accused)]
    for what in (Act.SUSPEND, Act.RESUME, Act.REVOKE):
        act(world, what)
        answers.append(world.ask(accused))
    assert [type(each) for each in answers] == [Disclosure, Refusal, Disclosure, Refusal]
    assert len(world.entries()) == len(world.log()) == 4  # a stale judgement left neither an entry nor a line


def test_the_last_signature_counts_on_the_next_request(world, accused):
    world.agree(signed=False)
    assert isinstance(world.ask(accused), Refusal)
    with world.store.connect(Role.GOVERNANCE) as conn:
        agreement = read_agreement(conn, "charging", 1, world.vocabulary)
        for agency in agreement.parties:
            add_signature(
                conn, "charging", 1, agency, sign(agreement, agency, world.keys[agency]), world.vocabulary, NOW
            )
    assert isinstance(world.ask(accused), Disclosure)


@pytest.mark.parametrize(
    "change",
    [
        "update agreements.agency set public_key = null, thumbprint = null where agency = 'court'",
        "update agreements.assessment set status = 'draft', approved_by = null, approved_at = null",
        "delete from agreements.signature where agency = 'court'",
        "update agreements.signature set signature = decode(repeat('00', 64), 'hex') where agency = 'court'",
        "update agreements.agreement set canonical = canonical || ' '",
        "delete from agreements.signature; delete from agreements.agreement",
    ],
)
def test_whatever_changes_behind_our_back_counts_on_the_next_request(world, accused, change):
    world.agree()
    assert isinstance(world.ask(accused), Disclosure)
    for table in ("agreement", "signature", "assessment"):
        world.run(Role.OWNER, f"alter table agreements.{table} disable trigger user")
    world.run(Role.OWNER, change)
    assert isinstance(world.ask(accused), Refusal)


def test_a_new_version_counts_on_the_next_request(world, accused):
    world.agree()
    world.ask(accused)
    world.agree(version=2, release="  - {record: person, fields: {name: initials}}")
    answer = world.ask(accused)
    assert (answer.version, dict(answer.rows["person"][0].values)) == (2, {"name": "A. E."})


def test_what_was_judged_for_one_day_is_judged_anew_for_the_next(world, accused):
    world.agree()
    assert isinstance(world.ask(accused, now=datetime(2026, 12, 31, 23, 59, tzinfo=UTC)), Disclosure)
    assert isinstance(world.ask(accused, now=datetime(2027, 1, 1, 0, 0, tzinfo=UTC)), Refusal)


def test_a_refusal_is_never_given_on_what_is_remembered(world, accused, looks):
    world.agree()
    world.ask(accused)
    world.ask(accused, role="judge")
    assert looks == ["charging", "charging"]


def test_two_servers_on_one_machine_are_not_taken_for_one_another(vocabulary):
    """Two that were set up alike may even have the same row versions, so a mark would not tell them apart."""

    def at(port):
        info = SimpleNamespace(host="localhost", port=port, dbname="comity")
        return known._key(SimpleNamespace(info=info), "charging", vocabulary, NOW)

    assert at(5432) == at(5432)
    assert at(5432) != at(5433)
