"""What ``comity agreement check`` tells of a database in which somebody edited what was signed, done, answered or approved.

Each edit is a superuser's, with every trigger off. Beside the edits: what nobody edited is told as nothing.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import timedelta, timezone

import pytest
from tests.gate.world import NOW, agreement_text

from comity.agreements.consent import Answer, Recorded
from comity.agreements.entered import Found, differences
from comity.agreements.models import Act, Event
from comity.agreements.store import act_upon, propose, record_consent
from comity.cli import entered as command
from comity.cli.failing import Failed
from comity.ledger.note import KEY_SIZE, Signer
from comity.ledger.sequencer import Sequencer
from comity.node import Node
from comity.store import Role, Settings

from .test_tampering import EDITS, TABLES, behind_the_triggers, kept, restore, save, which  # noqa: F401

EDITED, NOT_ENTERED, NOT_KEPT, KEPT_TWICE, OUT_OF_ORDER, BESIDE_THE_TEXT, OTHER_KEY = Found
SUMMER = timezone(timedelta(hours=1))  # a page writes moments as its clock shows them

#: What is told of an edit of each column; where it is not named, that the row was edited.
TOLD = {
    "agreement.name": {EDITED, BESIDE_THE_TEXT},
    "agreement.version": {EDITED, BESIDE_THE_TEXT},
    "agreement.canonical": {EDITED, BESIDE_THE_TEXT},
    "agreement.yaml": {BESIDE_THE_TEXT},
    "agreement.parties": {BESIDE_THE_TEXT},
    "agreement.assessment": {BESIDE_THE_TEXT},
    "agreement.proposed_at": set(),
    "signature.entry": {NOT_ENTERED, NOT_KEPT},
    "assessment.status": {NOT_KEPT},
    "assessment.entry": {NOT_ENTERED, NOT_KEPT},
    "agency.agency": {NOT_ENTERED},
    "agency.kind": set(),
    "agency.label_en": set(),
    "agency.label_nl": set(),
    "agency.public_key": {OTHER_KEY},
    "agency.thumbprint": {OTHER_KEY},
    "event.number": set(),  # of one act alone; see the acts that are put in another order
    "event.entry": {NOT_ENTERED, NOT_KEPT},
    "consent.number": set(),
    "consent.entry": {NOT_ENTERED, NOT_KEPT},
}


def told(world):
    with world.store.connect(Role.GOVERNANCE) as governance, world.store.connect(Role.LEDGER) as ledger:
        return differences(governance, ledger, world.vocabulary)


def kinds(world):
    return {it.found for it in told(world)}


def test_every_column_edited_is_told(world, kept):  # noqa: F811
    """Each edit of what was signed, done, answered, approved or pinned is named by `comity agreement check`."""
    save(world)
    for column, edit in EDITS.items():
        table, _, name = column.partition(".")
        behind_the_triggers(world, f"update agreements.{table} set {name} = {edit.to} where {which(table, name)}")
        assert kinds(world) == TOLD.get(column, {EDITED}), column
        restore(world)
    assert told(world) == ()


def test_rows_taken_away_put_in_copied_and_put_in_another_order_are_told(world, kept):  # noqa: F811
    """A row without its entry, an entry without its row, one entry for two rows, and another last word, each by name."""
    with world.store.connect(Role.GOVERNANCE) as conn:
        for hour, act, answer in ((13, Act.RESUME, Answer.GIVEN), (14, Act.SUSPEND, Answer.WITHDRAWN)):
            at = NOW.replace(hour=hour)
            act_upon(conn, "stopped", 1, Event(act, "police", at), by="dpo", reason="misuse")
            record_consent(conn, "asking", kept, Recorded(answer, "police", "staff", at, ""), world.vocabulary)
    save(world)
    for table in ("event", "consent", "signature"):
        behind_the_triggers(world, f"delete from agreements.{table}")
        assert kinds(world) == {NOT_KEPT}, table
        restore(world)
    columns = {
        "event": "name, version, act, agency, by, at, reason, entry, salt",
        "consent": "name, person, answer, agency, by, at, reason, entry, salt",
    }
    for table, every in columns.items():
        copied = f"insert into agreements.{table} ({every}) select {every} from agreements.{table}"
        other = every.replace("entry, salt", "gen_random_uuid(), salt")
        last = "order by number desc limit 1"
        behind_the_triggers(world, f"{copied} {last}")  # an answer that was withdrawn would count once more
        assert kinds(world) == {KEPT_TWICE}, table
        restore(world)
        behind_the_triggers(
            world, f"insert into agreements.{table} ({every}) select {other} from agreements.{table} {last}"
        )
        assert kinds(world) == {NOT_ENTERED}, table
        restore(world)
        # The last two change places: the one before has the last word.
        behind_the_triggers(
            world,
            f"insert into agreements.{table} overriding system value"
            f" select 1000 - number, {every} from agreements.{table} order by number desc limit 2",
            f"delete from agreements.{table} where 1000 - number in (select number from agreements.{table})"
            " and number < 500",
        )
        assert kinds(world) == {OUT_OF_ORDER}, table
        restore(world)
    assert told(world) == ()


def test_what_was_done_as_it_should_be_is_told_as_nothing(world, kept, tmp_path):  # noqa: F811
    """In another zone, also once it is numbered in the ledger; and a draft that nobody signed."""
    with world.store.connect(Role.GOVERNANCE) as conn:
        propose(conn, agreement_text(name="draft"), world.vocabulary, NOW)
        event = Event(Act.REVOKE, "police", NOW.astimezone(SUMMER))
        act_upon(conn, "stopped", 1, event, by="dpo", reason="over")
    assert told(world) == ()
    with world.store.connect(Role.LEDGER) as conn:
        assert Sequencer(conn, Signer("comity-test", b"k" * KEY_SIZE), tmp_path / "head").step(NOW) > 5
    assert told(world) == ()
    behind_the_triggers(world, "update agreements.event set by = 'somebody-else' where act = 'revoke'")
    assert kinds(world) == {EDITED}, "what is numbered is found too"


def test_the_command_names_each_and_exits_with_one(world, kept, tmp_path, monkeypatch, capsys):  # noqa: F811
    """In English or Dutch, or as JSON for programs; about nobody."""
    made = Node(Settings(tmp_path), world.store, world.vocabulary, "comity-test")
    monkeypatch.setattr(command, "node", lambda: nullcontext(made))
    command.compare_with_ledger("en", as_json=False)
    assert "is what the ledger says was done" in capsys.readouterr().out
    behind_the_triggers(
        world, "update agreements.event set act = 'resume'", "update agreements.consent set answer = 'given'"
    )
    with pytest.raises(Failed) as failed:
        command.compare_with_ledger("nl", as_json=False)
    assert failed.value.code == 1
    said = capsys.readouterr().out
    assert "De handeling resume van police met stopped@1 (entry " in said
    assert "het is later gewijzigd" in said
    assert "zet de rij terug" in said
    with pytest.raises(Failed):
        command.compare_with_ledger("en", as_json=True)
    said = capsys.readouterr().out
    assert str(kept) not in said, "about nobody"
    first, second = json.loads(said)["differences"]
    assert (first["difference"], second["place"]) == ("edited", "an answer about asking recorded by police")
