"""Uses that an agreement keeps confidential for a time: hidden from the person concerned until then, from no overseer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.agreements.canonical import canonical
from comity.agreements.parse import parse_agreement
from comity.agreements.telling_later import put_off_by, told_from
from comity.gate import log_for_overseer, uses_of
from comity.gate.models import Act, Search
from comity.store import Role

from .test_log import on_gate
from .world import NOW, agreement_text

COVERT = "confidential: {for: P6M, because: telling would end the investigation}\n"
AFTER = datetime(2026, 12, 15, 12, 0, tzinfo=UTC)  # six months after NOW, to the moment


def covert(world, **changes):
    """Let there be an agreement for a covert investigation, beside the ordinary one."""
    world.agree_to(agreement_text(name="covert", **changes) + COVERT)


def uses_at(world, person, now):
    return on_gate(world, lambda conn: uses_of(conn, person, now, by="citizen-1", vocabulary=world.vocabulary))


def test_a_confidential_use_appears_when_its_time_is_over_and_not_before(world, accused):
    world.agree()
    covert(world)
    open_use, hidden = world.ask(accused), world.ask(accused, agreement="covert")
    for now in (NOW, NOW + timedelta(days=100), AFTER - timedelta(microseconds=1)):
        assert [it.id for it in uses_at(world, accused, now)] == [open_use.id], now
    assert {it.id for it in uses_at(world, accused, AFTER)} == {open_use.id, hidden.id}


@pytest.mark.parametrize("search", [True, False])
def test_whatever_kind_of_use_it_was(world, accused, search):
    covert(world)
    asks = Search(name="nobody") if search else accused
    world.ask(asks, agreement="covert")
    world.ask(accused, agreement="covert")
    assert uses_at(world, accused, NOW) == ()
    assert {it.act for it in uses_at(world, accused, AFTER)} == {Act.READ}


def test_the_overseer_sees_it_at_once_with_the_moment_from_which_the_person_can(world, accused):
    world.agree()
    covert(world)
    open_use, hidden = world.ask(accused), world.ask(accused, agreement="covert")
    refused = world.ask(accused, agreement="covert", case_reference="")
    lines = {it.id: it for it in on_gate(world, lambda conn: log_for_overseer(conn, "prosecution", NOW, by="dpo-1"))}
    assert lines[hidden.id].confidential_until == AFTER
    assert lines[open_use.id].confidential_until is None
    assert lines[refused.id].confidential_until is None, "a refusal is told of to nobody, ever"
    later = on_gate(world, lambda conn: log_for_overseer(conn, "prosecution", AFTER, by="dpo-1"))
    assert not any(it.confidential_until for it in later)


def test_the_version_under_which_it_was_made_says_how_long_whatever_a_later_one_says(world, accused):
    covert(world)
    hidden = world.ask(accused, agreement="covert")
    world.agree_to(agreement_text(name="covert", version=2))
    open_use = world.ask(accused, agreement="covert", now=NOW + timedelta(hours=1))
    assert [it.id for it in uses_at(world, accused, NOW + timedelta(hours=2))] == [open_use.id]
    assert {it.id for it in uses_at(world, accused, AFTER)} == {hidden.id, open_use.id}


def test_that_the_log_was_read_commits_to_what_was_shown_and_not_to_what_was_not(world, accused):
    world.agree()
    world.ask(accused)
    uses_at(world, accused, NOW)
    covert(world)
    world.ask(accused, agreement="covert")
    uses_at(world, accused, NOW)
    digests = world.run(Role.GATE, "select digest from gate.consultation where what = 'uses'")
    assert len(digests) == 2
    assert len(set(digests)) == 1


def test_what_was_signed_before_there_was_such_a_key_keeps_its_bytes(vocabulary):
    plain, put_off = (parse_agreement(text, vocabulary) for text in (agreement_text(), agreement_text() + COVERT))
    assert b"confidential" not in canonical(plain)
    assert put_off_by(canonical(plain)) is None
    assert put_off_by(canonical(put_off)) == "P6M"


@given(at=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)), months=st.integers(1, 12))
def test_a_use_is_never_told_of_before_it_was_made_and_never_more_than_a_year_after(at: datetime, months: int):
    used = at.replace(tzinfo=UTC)
    assert used < told_from(used, f"P{months}M") <= used + timedelta(days=366)


def test_a_length_beyond_the_calendar_is_its_last_day():
    assert told_from(NOW, "P999Y").year > 3000
    assert told_from(datetime(9999, 6, 1, tzinfo=UTC), "P1Y").date() == datetime.max.date()
