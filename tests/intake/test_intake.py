"""What becomes of messages: admitted, unchanged, corrected, held, replayed, retracted, judged. On a real PostgreSQL."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.intake import Intake, IntakeError, Outcome
from comity.ledger import commitment
from comity.people.starting import starting
from comity.people.store import put_model
from comity.store import Role


def statements(rows):
    return rows(
        "select source_key, version, kind, status from record.statement order by source_key, version, received_at"
    )


# -------------------------------------------------------------------------------------------------------------- admit


def test_a_statement_is_kept_mapped_linked_and_told_to_the_ledger(intake, jail, said, booking, rows, outbox, clock):
    assert intake.receive(jail, said(booking(hiding="Elm Street 1"))) == Outcome(delivered=1, admitted=1)
    assert statements(rows) == [("B1", 1, "state", "admitted")]
    person = rows(
        "select record_id, source_person, agency, source, source_key, whose, asserted, name, family_name, birth_date from record.person"
    )[0]
    assert person[0] == person[1]
    assert person[2:] == ("sheriff", "jail", "P1", "suspect", "fact", "Ada Byron", "Byron", date(1985, 12, 10))
    assert rows("select source_person, kind, received_on from record.custody") == [
        (person[0], "jail", date(2024, 1, 1))
    ]
    assert rows("select count(*) from people.membership where source_person = %s", person[0]) == [(1,)]
    (entry,) = outbox()
    assert (entry["kind"], entry["context"]["agency"], entry["context"]["mapping"]) == (
        "collection",
        "sheriff",
        "jail@1",
    )
    salt, verbatim_until, received = rows("select salt, verbatim_until, received_at from record.statement")[0]
    assert verbatim_until - received == timedelta(days=90)
    canonical = json.dumps(booking(hiding="Elm Street 1"), sort_keys=True, separators=(",", ":")).encode()
    assert entry["commitment"] == commitment(bytes(salt), canonical).hex()


def without_random(text: str) -> str:
    """The text without its random ids and commitments: one in some hundred of them holds a year by chance."""
    return re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}", "", text)


def test_nothing_that_identifies_a_person_is_kept_or_told_in_plain(
    intake, jail, said, booking, rows, outbox, everything
):
    intake.receive(jail, said(booking(hiding="Elm Street 1", note="a scar"), booking("B2", born="nonsense Xyzzy")))
    told = without_random(json.dumps(outbox()))
    assert not any(secret in told for secret in ("Ada", "Byron", "1985", "P1", "B1", "Elm", "scar"))
    plain = repr(
        {
            name: kept
            for name, kept in everything().items()
            if name in {"record.statement", "record.part", "record.subject_key", "intake.quarantine"}
        }
    )
    kept = without_random(plain)
    assert not any(secret in kept for secret in ("Ada", "Byron", "1985", "Elm", "scar", "Xyzzy"))
    sealed, blind = rows("select protected_address, protected_address_blind from record.person")[0]
    assert b"Elm" not in bytes(sealed)
    assert len(bytes(blind)) == 32


def test_a_batch_of_one_and_a_batch_of_many_come_to_the_same(intake, jail, said, booking, rows):
    bodies = [booking(f"B{n}", f"P{n % 3}") for n in range(9)]
    for body in bodies[:4]:
        intake.receive(jail, said(body))
    assert intake.receive(jail, said(*bodies)) == Outcome(delivered=9, admitted=5, unchanged=4)
    assert rows("select count(*) from record.custody") == [(9,)]
    assert rows("select count(*) from record.person") == [(3,)]


def test_the_same_statement_again_changes_nothing_and_writes_nothing(intake, jail, said, booking, everything, outbox):
    intake.receive(jail, said(booking(), booking("B2", born="never")))
    before = everything(), outbox()
    assert intake.receive(jail, said(booking(), booking("B2", born="never"), booking())) == Outcome(
        delivered=3, unchanged=3
    )
    assert (everything(), outbox()) == before


def test_the_order_of_keys_in_a_message_does_not_make_it_another(intake, jail, said, booking):
    intake.receive(jail, said(booking()))
    assert intake.receive(jail, said(dict(reversed(booking().items())))).unchanged == 1


def test_a_correction_takes_the_place_of_what_was_said_before(intake, jail, said, booking, rows, outbox):
    intake.receive(jail, said(booking()))
    assert intake.receive(jail, said(booking(out="2024-02-01"))).admitted == 1
    assert statements(rows) == [("B1", 1, "state", "superseded"), ("B1", 2, "state", "admitted")]
    assert rows("select released_on from record.custody") == [(date(2024, 2, 1),)]
    assert rows("select count(*) from record.part") == [(2,)]
    assert [entry["kind"] for entry in outbox()] == ["collection", "alteration"]


def test_a_correction_that_leaves_a_record_out_takes_it_away(intake, made, jail_text, said, booking, rows):
    text = jail_text.replace("  - record: custody\n", "  - record: custody\n    when: {from: 'in', present: true}\n")
    intake.receive(made(text), said(booking()))
    intake.receive(made(text), said({key: value for key, value in booking().items() if key != "in"}))
    assert rows("select count(*) from record.custody") == [(0,)]
    assert rows("select count(*) from record.person") == [(1,)]


def test_within_a_batch_the_last_word_counts_and_each_is_kept(intake, jail, said, booking, rows, outbox):
    outcome = intake.receive(jail, said(booking(), booking(out="2024-02-01"), booking(out="2024-03-01")))
    assert outcome == Outcome(delivered=3, admitted=3)
    assert [status for _, _, _, status in statements(rows)] == ["superseded", "superseded", "admitted"]
    assert rows("select released_on from record.custody") == [(date(2024, 3, 1),)]
    assert [entry["kind"] for entry in outbox()] == ["collection", "alteration", "alteration"]


def test_what_was_so_before_may_be_so_again(intake, jail, said, booking, rows):
    for out in (None, "2024-02-01", None):
        assert intake.receive(jail, said(booking(out=out))).admitted == 1
    assert rows("select released_on from record.custody") == [(None,)]


# --------------------------------------------------------------------------------------------------------------- order


@pytest.fixture
def ordered(made, jail_text):
    return made(jail_text.replace("pair: [one, two]", "pair: [one, two]\norder_by: revision"))


def test_an_older_message_that_comes_late_never_takes_the_place_of_a_newer_one(
    intake, ordered, said, booking, rows, everything, outbox
):
    intake.receive(ordered, said(booking(revision=2, out="2024-02-02")))
    assert intake.receive(ordered, said(booking(revision=1, out="2024-01-31"))) == Outcome(delivered=1, outdated=1)
    assert rows("select released_on from record.custody") == [(date(2024, 2, 2),)]
    assert statements(rows) == [("B1", 1, "state", "superseded"), ("B1", 2, "state", "admitted")]
    before = everything(), outbox()
    assert (
        intake.receive(
            ordered, said(booking(revision=1, out="2024-01-31"), booking(revision=2, out="2024-02-02"))
        ).unchanged
        == 2
    )
    assert (everything(), outbox()) == before


def test_an_older_retraction_that_comes_late_retracts_nothing(intake, ordered, said, booking, rows):
    intake.receive(ordered, said(booking(revision=5)))
    assert intake.receive(ordered, said({"kind": "gone", "booking": "B1", "revision": 4})).outdated == 1
    assert rows("select count(*) from record.custody") == [(1,)]


# ---------------------------------------------------------------------------------------------------- several statements


def test_a_record_that_another_statement_says_too_outlives_a_retraction(intake, jail, said, booking, rows):
    intake.receive(jail, said(booking("B1"), booking("B2", name="Ada King")))
    assert rows("select name from record.person") == [("Ada King",)]
    intake.receive(jail, said({"kind": "gone", "booking": "B2"}))
    assert rows(
        "select name, statement_id = (select statement_id from record.statement where source_key = 'B1') from record.person"
    ) == [("Ada Byron", True)]
    assert rows("select count(*) from people.membership") == [(1,)]
    intake.receive(jail, said({"kind": "gone", "booking": "B1"}))
    assert rows("select count(*) from record.person") == [(0,)]
    assert rows("select count(*) from people.membership") == [(0,)]


def test_a_record_that_another_statement_says_too_outlives_a_correction_that_leaves_it_out(
    intake, made, jail_text, said, booking, rows
):
    text = jail_text.replace("    about: person\n", "    about: {key: prisoner}\n").replace(
        "{from: prisoner, present", "{from: name, present"
    )
    jail = made(text)
    intake.receive(
        jail, said(booking("B1"), booking("B2", name="Ada King"), booking("B2", name=None, out="2024-02-02"))
    )
    assert rows("select name from record.person") == [("Ada Byron",)]
    intake.receive(jail, said(booking("B2", name="Ada King"), booking("B3", name="Ada Lovelace")))
    intake.receive(jail, said(booking("B3", name=None)))
    assert rows("select name from record.person") == [("Ada King",)]  # the newest of those that still say it


def test_a_sealed_field_is_sealed_again_when_its_record_is_restored(intake, jail, said, booking, rows):
    intake.receive(jail, said(booking("B1", hiding="Elm Street 1"), booking("B2")))
    assert rows("select protected_address from record.person") == [(None,)]
    intake.receive(jail, said({"kind": "gone", "booking": "B2"}))
    assert b"Elm" not in bytes(rows("select protected_address from record.person")[0][0])


# ---------------------------------------------------------------------------------------------------------------- acts


def test_a_retraction_takes_the_rows_away_and_leaves_the_statement(intake, jail, said, booking, rows, outbox):
    intake.receive(jail, said(booking()))
    assert intake.receive(jail, said({"kind": "gone", "booking": "B1"})) == Outcome(delivered=1, retracted=1)
    assert statements(rows) == [("B1", 1, "state", "retracted"), ("B1", 2, "retract", "applied")]
    assert rows("select count(*) from record.person") == rows("select count(*) from record.custody") == [(0,)]
    assert rows("select count(*) from record.part") == [(1,)]
    assert [(entry["kind"], entry["context"]["message"]) for entry in outbox()] == [
        ("collection", "state"),
        ("alteration", "retract"),
    ]


def test_a_retraction_again_changes_nothing_and_what_was_retracted_may_be_said_again(intake, jail, said, booking, rows):
    intake.receive(jail, said(booking(), {"kind": "gone", "booking": "B1"}))
    assert intake.receive(jail, said({"kind": "gone", "booking": "B1"})).unchanged == 1
    assert intake.receive(jail, said(booking())).admitted == 1
    assert intake.receive(jail, said({"kind": "gone", "booking": "B1"})).retracted == 1
    assert rows("select count(*) from record.person") == [(0,)]


def test_an_act_that_comes_before_what_it_is_about_is_held_and_then_replayed(intake, jail, said, booking, rows):
    assert intake.receive(jail, said({"kind": "gone", "booking": "B1"})).quarantined == 1
    assert intake.receive(jail, said({"kind": "gone", "booking": "B1"})).unchanged == 1
    intake.receive(jail, said(booking()))
    assert rows("select count(*) from intake.quarantine where resolved_at is null") == [(0,)]  # the later word counts


def test_a_source_says_that_two_of_its_persons_are_one(intake, jail, said, booking, rows, outbox):
    intake.receive(jail, said(booking("B1", "P1"), booking("B2", "P2", name="Tim Berners", born="1955-06-08")))
    assert len(set(rows("select person from people.membership"))) == 2
    assert intake.receive(jail, said({"kind": "same", "booking": "M1", "one": "P1", "two": "P2"})).judged == 1
    assert len(set(rows("select person from people.membership"))) == 1
    assert outbox()[-1]["kind"] == "combination"
    assert intake.receive(jail, said({"kind": "apart", "booking": "M2", "one": "P1", "two": "P2"})).quarantined == 1


def test_what_a_source_says_of_two_whom_a_limit_keeps_apart_is_proposed_to_a_person(intake, jail, said, booking, rows):
    put_model(intake.conn, starting([], [jail.agency], datetime.now(UTC)))
    intake.receive(jail, said(booking("B1", "P1"), booking("B2", "P2", name="Tim Berners", born="1955-06-08")))
    assert intake.receive(jail, said({"kind": "same", "booking": "M1", "one": "P1", "two": "P2"})).judged == 1
    assert len(set(rows("select person from people.membership"))) == 2
    assert rows("select proposed_by, strong from people.proposal") == [(jail.agency, ["limit"])]
    assert intake.receive(jail, said({"kind": "apart", "booking": "M2", "one": "P1", "two": "P2"})).judged == 1
    assert rows("select outcome from people.proposal_end") == [("withdrawn",)]


def test_a_judgement_about_somebody_who_is_not_known_yet_waits(intake, jail, said, booking):
    message = {"kind": "same", "booking": "M1", "one": "P1", "two": "P2"}
    intake.receive(jail, said(booking("B1", "P1")))
    assert intake.receive(jail, said(message)).quarantined == 1
    intake.receive(jail, said(booking("B2", "P2", name="Tim Berners")))
    assert intake.replay(jail) == Outcome(delivered=1, judged=1)


# ---------------------------------------------------------------------------------------------------------- quarantine


def test_a_message_with_faults_is_held_with_all_of_them_and_told_to_the_ledger(
    intake, jail, said, booking, rows, outbox
):
    outcome = intake.receive(jail, said(booking(born="x", out="2023-01-01"), booking("B2")))
    assert outcome == Outcome(delivered=2, admitted=1, quarantined=1)
    ((faults, place),) = rows("select faults, place from intake.quarantine")
    assert [(fault["cause"], fault["field"], fault["rule"]) for fault in faults] == [
        ("not-a-date", "birth_date", ""),
        ("rule-broken", "released_on", "released-after-received"),
    ]
    assert place == "line 1"
    assert {entry["context"]["outcome"] for entry in outbox()} == {"quarantined", "admitted"}


def test_a_line_that_cannot_be_read_is_held_with_its_bytes(intake, jail, unreadable, rows):
    assert intake.receive(jail, [unreadable(b"\xff\xfe")]).quarantined == 1
    assert intake.receive(jail, [unreadable(b"\xff\xfe", "line 12")]).unchanged == 1
    statement, epoch, verbatim, kind = rows(
        "select statement_id, verbatim_epoch, verbatim, format from record.statement"
    )[0]
    assert intake.keyring.unseal_verbatim(statement, epoch, bytes(verbatim)) == b"\xff\xfe"
    assert kind == "raw"
    assert intake.replay(jail) == Outcome()


def test_a_mended_mapping_replays_what_was_held(intake, made, jail_text, said, booking, rows, outbox):
    jail = made(jail_text)
    intake.receive(jail, said(booking("B1", born="10/12/1985"), booking("B2", born="never")))
    mended = made(
        jail_text.replace("birth_date: born", "birth_date: {from: born, date: '%d/%m/%Y'}").replace(
            "version: 1", "version: 2"
        )
    )
    assert intake.replay(mended) == Outcome(delivered=2, admitted=1, quarantined=1)
    assert rows("select birth_date from record.person") == [(date(1985, 12, 10),)]
    assert sorted(rows("select mapping, resolution from intake.quarantine"), key=str) == [
        ("jail@1", "admitted"),
        ("jail@2", None),
    ]
    assert statements(rows) == [("B1", 1, "state", "admitted"), ("B2", 0, "state", "quarantined")]
    assert [entry["context"]["outcome"] for entry in outbox()] == ["quarantined", "quarantined", "admitted"]
    assert rows("select entry from record.statement where status = 'admitted'")[0][0] is not None
    assert intake.receive(mended, said(booking("B1", born="10/12/1985"))).unchanged == 1


def test_what_a_source_corrects_itself_is_held_no_longer(intake, jail, said, booking, rows):
    intake.receive(jail, said(booking(born="never")))
    assert intake.receive(jail, said(booking())).admitted == 1
    assert rows("select resolution from intake.quarantine") == [("superseded",)]
    assert intake.replay(jail) == Outcome()


def test_within_a_batch_a_held_message_gives_way_to_a_later_word_and_not_to_an_earlier_one(
    intake, jail, said, booking, rows
):
    intake.receive(jail, said(booking("B1", born="never"), booking("B1"), booking("B2"), booking("B2", born="never")))
    held = "select source_key, status, resolution from intake.quarantine join record.statement using (statement_id) order by 1"
    assert rows(held) == [("B1", "superseded", "superseded"), ("B2", "quarantined", None)]


def test_a_replay_takes_messages_up_in_the_order_in_which_they_were_said(intake, made, jail_text, said, booking, rows):
    jail = made(jail_text)
    for day in range(1, 9):
        intake.receive(jail, said(booking(born="10/12/1985", out=f"2024-02-{day:02}")))
    mended = made(jail_text.replace("birth_date: born", "birth_date: {from: born, date: '%d/%m/%Y'}"))
    assert intake.replay(mended, size=3).admitted == 8
    assert rows("select released_on from record.custody") == [(date(2024, 2, 8),)]


def test_a_replay_does_not_bring_back_what_a_later_word_overtook(intake, made, jail_text, said, booking, rows):
    jail = made(jail_text)
    for day, born in ((1, "never"), (2, "10/12/1985")):
        intake.receive(jail, said(booking(born=born, out=f"2024-02-{day:02}")))
    mended = made(jail_text.replace("birth_date: born", "birth_date: {from: born, date: '%d/%m/%Y'}"))
    assert intake.replay(mended, size=1) == Outcome(delivered=2, admitted=1, quarantined=1)
    assert rows("select count(*) from intake.quarantine where resolved_at is null") == [(0,)]


def test_a_held_message_can_be_retracted(intake, jail, said, booking, rows):
    intake.receive(jail, said(booking(born="never")))
    assert intake.receive(jail, said({"kind": "gone", "booking": "B1"})).retracted == 1
    assert rows("select resolution from intake.quarantine") == [("retracted",)]


# ---------------------------------------------------------------------------------------------------------- the whole


def test_a_message_that_is_posted_is_a_batch_of_one(intake, made, jail_text, booking, rows):
    door = made(jail_text.replace("{jsonl: {path: jail.jsonl}}", "{http: {format: json}}"))
    assert intake.message(door, json.dumps(booking()).encode()).admitted == 1
    assert intake.message(door, b"{").quarantined == 1
    assert rows("select count(*), sum(delivered) from intake.delivery where finished_at is not null") == [(2, 2)]


def test_a_message_posted_to_a_source_that_is_pulled_is_refused(intake, jail):
    with pytest.raises(IntakeError, match="pulled, not posted to"):
        intake.message(jail, b"{}")


def test_a_batch_that_breaks_leaves_no_trace(intake, jail, said, booking, everything, outbox, monkeypatch):
    before = everything(), outbox()
    monkeypatch.setattr("comity.intake.admit.append", lambda *_: (_ for _ in ()).throw(OSError("the disk is full")))
    with pytest.raises(OSError, match="disk"):
        intake.receive(jail, said(booking()))
    assert (everything(), outbox()) == before


def test_a_connection_within_a_transaction_is_refused(store, vocabulary, intake, jail, said, booking):
    with store.connect(Role.INTAKE) as conn:
        conn.execute("select 1")
        with pytest.raises(RuntimeError, match="no transaction"):
            Intake(conn, vocabulary, intake.keyring).receive(jail, said(booking()))


@pytest.mark.parametrize("role", [Role.GATE, Role.GOVERNANCE, Role.LEDGER])
def test_no_other_role_sees_what_is_held_or_delivered(role, store, intake, jail, said, booking):
    intake.receive(jail, said(booking(born="x")))
    for table in ("quarantine", "delivery", "cursor", "erased_person", "decision"):
        with store.connect(role) as conn, pytest.raises(Exception, match="permission denied"):
            conn.execute(f"select * from intake.{table}")


BODIES = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["new", "new", "new", "new", "gone", "forget", "same", "apart", "nuke"]),
            "booking": st.sampled_from(["B1", "B2", "B3"]),
            "prisoner": st.sampled_from(["P1", "P2"]),
            "name": st.sampled_from(["Ada Byron", "Tim Berners", ""]),
            "in": st.sampled_from(["2024-01-01", "never"]),
            "one": st.just("P1"),
            "two": st.sampled_from(["P2", ""]),
        }
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(BODIES, min_size=1, max_size=4))
def test_whatever_is_delivered_adds_up_and_every_statement_has_its_entry(
    batches, intake, jail, said, rows, outbox, emptied
):
    emptied()
    for bodies in batches:
        outcome = intake.receive(jail, said(*bodies))
        assert outcome.adds_up
        assert outcome.delivered == len(bodies)
    told = {entry["id"] for entry in outbox()}
    entries = rows("select entry from record.statement where status <> 'erased'")
    assert {str(entry) for (entry,) in entries} <= told
    # a row belongs to a current statement, and everybody who has a record is somebody
    assert rows(
        "select count(*) from record.custody c left join record.statement s using (statement_id) where s.status is distinct from 'admitted'"
    ) == [(0,)]
    assert rows(
        "select count(*) from record.person p full join people.membership m on m.source_person = p.record_id where p is null or m is null"
    ) == [(0,)]
    assert (
        rows(
            "select s.kind, s.status, q.resolution from record.statement s left join intake.quarantine q using (statement_id)"
            " where (s.status = 'quarantined') <> (q.statement_id is not null and q.resolved_at is null)"
        )
        == []
    )


def test_a_judgement_under_the_key_of_a_statement_leaves_that_statement_be(intake, jail, said, booking, rows):
    intake.receive(jail, said(booking("B1", "P1"), booking("B2", "P2", name="Tim Berners")))
    message = {"kind": "same", "booking": "B1", "one": "P1", "two": "P2"}
    assert intake.receive(jail, said(message)).judged == 1
    assert intake.receive(jail, said(message, booking("B1", "P1"))).unchanged == 2
    assert intake.receive(jail, said(booking("B1", "P1", out="2024-02-02"))).admitted == 1
    assert intake.receive(jail, said({"kind": "gone", "booking": "B1"})).retracted == 1
    assert rows("select count(*) from record.custody") == [(1,)]


def test_a_message_is_kept_word_for_word_for_its_time_and_its_parts_for_longer(
    intake, jail, said, booking, rows, clock
):
    intake.receive(jail, said(booking("B1"), booking("B2", born="never")))
    clock.at += timedelta(days=89)
    assert intake.drop_expired_verbatim() == 0
    clock.at += timedelta(days=1)
    assert intake.drop_expired_verbatim() == 1
    assert rows("select source_key, verbatim is null from record.statement order by 1") == [("B1", True), ("B2", False)]
    intake.receive(jail, said(booking("B7", name="Ada King"), {"kind": "gone", "booking": "B7"}))
    assert rows("select name from record.person") == [("Ada Byron",)]  # from the part
