"""What a steward sees, what a mapping would do, and what people decide."""

from __future__ import annotations

import json

import pytest
import rfc8785

from comity.intake import MappingError, Outcome, try_mapping
from comity.intake.deciding import decide, explain, reviews, undo
from comity.intake.steward import deliveries, quality, quarantine, sources
from comity.ledger import commitment


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
    judgement = decide(intake.conn, pair, clock(), same=True, by="steward-7", reason="same scar")
    assert len(set(rows("select person from people.membership"))) == 1
    undo(intake.conn, judgement.judgement, clock(), by="steward-7", reason="another scar")
    assert len(set(rows("select person from people.membership"))) == 2
    told = outbox()[-2:]
    assert [(entry["kind"], entry["context"]["act"]) for entry in told] == [
        ("combination", "same"),
        ("combination", "undo"),
    ]
    assert "scar" not in json.dumps(told)
    assert "steward-7" not in json.dumps(told)
    kept = rows("select entry, what, salt from intake.decision order by decided_at")
    assert [what["by"] for _, what, _ in kept] == ["steward-7", "steward-7"]
    made = {entry["id"]: entry["commitment"] for entry in told}
    assert {str(entry): commitment(salt, rfc8785.dumps(what)).hex() for entry, what, salt in kept} == made
    assert explain(intake.conn, pair).total < 0
    assert reviews(intake.conn) == []
