"""What a steward sees, what a mapping would do, and what people decide."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import rfc8785

from comity import people
from comity.intake import MappingError, Outcome, try_mapping
from comity.intake.deciding import confirm, decide, doubt, end, explain, look, undo
from comity.intake.queue import queue
from comity.intake.steward import deliveries, quality, quarantine, sources
from comity.ledger import commitment
from comity.people.starting import starting


@pytest.fixture
def delivered(intake, jail, said, booking, unreadable):
    intake.receive(jail, said(booking(), booking("B2", "P2", born=None), booking("B3", out="2023-01-01")))
    intake.receive(jail, [unreadable(b"\xff")])
    return intake


def test_deliveries_are_shown_the_newest_first_each_with_what_became_of_it(delivered):
    newest, older = deliveries(delivered.conn)
    assert newest.outcome == Outcome(delivered=1, quarantined=1)
    assert older.outcome == Outcome(delivered=3, admitted=2, quarantined=1)
    assert (older.source, older.mapping) == ("jail", "jail@1")
    assert older.finished_at is not None
    assert sources(delivered.conn)[0].statements == {"admitted": 2, "quarantined": 2}


def test_the_quarantine_is_shown_by_the_page_with_places_faults_and_mends(delivered):
    page = quarantine(delivered.conn, "jail", page=1, size=1)
    assert (page.page, page.pages, page.total) == (1, 2, 2)
    (message,) = page.messages
    assert (message.source, message.place, message.readable) == ("jail", "line 3", True)
    (fault,) = message.faults
    assert fault.rule == "released-after-received"
    assert fault.text.nl
    assert fault.mend.en
    assert [it.readable for it in quarantine(delivered.conn, page=2, size=1).messages] == [False]
    assert quarantine(delivered.conn, page=99, size=1).page == 2
    assert quarantine(delivered.conn, "another").messages == ()


def test_quality_says_how_each_field_is_filled_and_what_is_wrong_with_it(delivered, vocabulary):
    fields = {(it.source, it.record, it.field): it for it in quality(delivered.conn, vocabulary)}
    birth = fields["jail", "person", "birth_date"]
    assert (birth.records, birth.filled, birth.faults) == (2, 1, {})
    assert fields["jail", "custody", "released_on"].faults == {"rule-broken": 1}
    assert fields["jail", "", ""].faults == {"unreadable": 1}


# ----------------------------------------------------------------------------------------------------------------- try


@pytest.fixture
def files(tmp_path, jail_text, booking):
    (tmp_path / "jail.yaml").write_text(jail_text)
    lines = [booking(), booking("B2", born="x"), booking("B1", out="2024-02-01"), {"kind": "gone", "booking": "B9"}]
    (tmp_path / "monday.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n{broken\n")
    return tmp_path


def test_a_trial_says_what_would_happen_and_writes_nothing(files, vocabulary):
    report = try_mapping(files / "jail.yaml", files / "monday.jsonl", vocabulary)
    assert report.outcome == Outcome(delivered=5, admitted=2, quarantined=2, retracted=1)
    assert report.records == {"person": 2, "custody": 2}
    assert report.filled["custody", "released_on"] == 1
    assert report.repeated_keys == 2
    assert [(fault.cause, fault.place.rpartition(", ")[2]) for fault in report.faults] == [
        ("not-a-date", "line 2"),
        ("unreadable", "line 5 (byte 343)"),
    ]
    assert report.examples[0].mapped.records[0].values["name"] == "Ada Byron"
    assert "Byron" not in repr(report)


def test_a_trial_finds_the_sources_own_file_in_a_folder(files, vocabulary):
    (files / "monday.jsonl").rename(files / "jail.jsonl")
    assert try_mapping(files / "jail.yaml", files, vocabulary).outcome.delivered == 5


def test_a_trial_of_a_mapping_with_mistakes_tells_them(files, vocabulary):
    (files / "jail.yaml").write_text((files / "jail.yaml").read_text().replace("name: name", "nam: name"))
    with pytest.raises(MappingError, match="nam"):
        try_mapping(files / "jail.yaml", files, vocabulary)


# -------------------------------------------------------------------------------------------------------------- decide


def test_a_decision_binds_is_undone_and_is_told_to_the_ledger_without_its_reason(
    intake, jail, said, booking, rows, outbox, clock
):
    intake.receive(jail, said(booking("B1", "P1"), booking("B2", "P2", name="Tim Berners", born="1955-06-08")))
    pair = tuple(row[0] for row in rows("select record_id from record.person"))
    proposed = decide(intake.conn, pair, clock(), same=True, by="steward-7", reason="same scar")
    assert len(set(rows("select person from people.membership"))) == 2, "each bears a number: it takes two people"
    judgement = confirm(intake.conn, proposed.proposal, clock(), by="steward-8", reason="seen it too")
    assert len(set(rows("select person from people.membership"))) == 1
    undo(intake.conn, judgement.judgement, clock(), by="steward-7", reason="another scar")
    assert len(set(rows("select person from people.membership"))) == 2
    told = outbox()[-3:]
    assert {entry["kind"] for entry in told} == {"combination"}
    assert [entry["context"]["act"] for entry in told] == ["propose", "confirm", "undo"]
    assert "scar" not in json.dumps(told)
    assert "steward" not in json.dumps(told)
    kept = rows("select entry, what, salt from intake.decision order by decided_at")
    assert [what["by"] for _, what, _ in kept] == ["steward-7", "steward-8", "steward-7"]
    made = {entry["id"]: entry["commitment"] for entry in told}
    assert {str(entry): commitment(salt, rfc8785.dumps(what)).hex() for entry, what, salt in kept} == made
    assert explain(intake.conn, pair).total < 0
    assert queue(intake.conn, clock().date(), clock()).questions == ()


@pytest.fixture
def asked(intake, jail, said, booking, rows):
    """Two records of one agency that a person must look at, and the question about them."""
    model = starting([], ["sheriff"], datetime(2026, 11, 22, tzinfo=UTC))  # of no number: theirs are two
    people.store.put_model(intake.conn, replace(model, version="starting weights for two of one agency"))
    intake.receive(jail, said(booking("B1", "P1"), booking("B2", "P2", born="1991-12-24")))
    return tuple(row[0] for row in rows("select record_id from record.person order by 1"))


@pytest.fixture
def two_questions(intake, jail, said, booking, asked):
    """Another question beside that one, about two who bear another name."""
    smits = booking("B3", "P3", name="Ann Smit"), booking("B4", "P4", name="Ann Smit", born="1990-01-01")
    intake.receive(jail, said(*smits))
    return intake


def waiting(intake, clock, **days):
    return queue(intake.conn, (clock() + timedelta(**days)).date(), clock() + timedelta(**days))


def test_whoever_cannot_tell_puts_the_question_away_until_its_time_or_until_something_changes(
    intake, jail, said, booking, asked, clock, outbox
):
    doubted = doubt(intake.conn, asked, clock(), by="steward-7", reason="no photograph")
    assert outbox()[-1]["context"] == {"act": "cannot-tell", "decision": str(doubted.doubt)}
    assert (waiting(intake, clock).total, waiting(intake, clock).away) == (0, 1)
    assert look(intake.conn, asked).doubts == (doubted,)
    assert waiting(intake, clock, days=91).total == 1, "its time has passed"
    intake.receive(jail, said(booking("B2", "P2", born="1991-12-23")))
    assert (waiting(intake, clock).total, waiting(intake, clock).away) == (1, 0)


DUE = """insert into record.{} (record_id, statement_id, source_person, agency, source, source_key, whose, asserted,
    received_at, {}) values (gen_random_uuid(), gen_random_uuid(), %s, 'sheriff', 'jail', 'H1', 'suspect', 'fact', now(), %s, %s)"""


@pytest.mark.parametrize(
    ("due", "status", "day", "comes"),
    [
        ("hearing", "listed", 3, "hearing"),
        ("hearing", "vacated", 3, None),
        ("hearing", "listed", -1, None),
        ("hearing", "listed", 29, None),
        ("custody", "remand", 28, "release"),
        ("supervision", "active", 0, "supervision"),
        ("supervision", "completed", 0, None),
    ],
)
def test_whoever_is_due_somewhere_soon_comes_first(two_questions, clock, due, status, day, comes):
    intake, last = two_questions, waiting(two_questions, clock).questions[-1]
    columns = {"hearing": "status, starts_on", "custody": "kind, release_due_on", "supervision": "status, ends_on"}
    on = clock().date() + timedelta(days=day)
    intake.conn.execute(DUE.format(due, columns[due]), (last.pair[1], status, on))
    first = waiting(intake, clock).questions[0]
    assert (first.near, first.on) == ((comes, on) if comes else (None, None))
    assert (first.pair == last.pair) == (comes is not None)
    assert waiting(intake, clock).soon == (comes is not None)


def test_a_page_holds_so_many_and_says_how_many_there_are(two_questions, clock):
    pages = [queue(two_questions.conn, clock().date(), clock(), page=at, size=1) for at in (1, 2, 3)]
    assert [(len(it.questions), it.page, it.pages, it.total) for it in pages] == [
        (1, 1, 2, 2),
        (1, 2, 2, 2),
        (1, 2, 2, 2),
    ]
    assert pages[0].questions[0].pair != pages[1].questions[0].pair


def test_what_is_refused_or_withdrawn_is_told_to_the_ledger_and_moves_nothing(intake, asked, clock, outbox, rows):
    before = rows("select source_person, person from people.membership order by 1")
    for outcome, by in (("refused", "steward-8"), ("withdrawn", "steward-7")):
        proposed = decide(intake.conn, asked, clock(), same=True, by="steward-7", reason="same scar")
        assert waiting(intake, clock).questions[0].proposed
        end(intake.conn, proposed.proposal, outcome, clock(), by=by, reason="no scar")
    assert [it["context"]["act"] for it in outbox()[-4:]] == ["propose", "refuse", "propose", "withdraw"]
    assert rows("select source_person, person from people.membership order by 1") == before
