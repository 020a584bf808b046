"""What is due goes, what is held stays, what is restricted is seen by nobody; each with its entry, and no name."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from tests.intake.test_erasure import COURT, case

from comity.intake import Intake, Outcome
from comity.intake.disposing import Decision, KeepingError, Key, keeping
from comity.intake.facts import standing
from comity.intake.legal_holds import IN_A_CASE, HoldError, Upon, against, holds, lift_hold, set_hold
from comity.oversight import forecast, review, run
from comity.oversight import retention as retaining
from comity.oversight.retention import forecast_kept
from comity.store import Role
from comity.vocabulary import Vocabulary
from comity.vocabulary.models import Disposal, FieldType

START = datetime(2026, 11, 22, tzinfo=UTC)
REVIEW_BY = date(2099, 1, 1)


def on(intake: Intake, years: float = 7):
    """Run as if so many years had passed."""
    return run(intake.conn, intake.vocabulary, intake.keyring, START + timedelta(days=years * 366))


def hold(intake: Intake, upon: Upon, agency: str = "sheriff") -> UUID:
    with intake.conn.transaction():
        return set_hold(intake.conn, upon, agency=agency, by="steward", reason="a public inquiry", review_by=REVIEW_BY,
                        now=intake.clock())  # fmt: skip


def lift(intake: Intake, held: UUID, agency: str = "sheriff") -> None:
    with intake.conn.transaction():
        lift_hold(intake.conn, held, agency=agency, by="dpo", reason="the inquiry has ended", now=intake.clock())


@pytest.fixture
def two(intake: Intake, jail, said, booking) -> None:
    intake.receive(jail, said(booking("B1", "P1"), booking("B2", "P2", name="Tim Berners")))


def person(rows, key: str = "P1") -> UUID:
    return rows("select record_id from record.person where source_key = %s", key)[0][0]


def names(rows) -> list[str]:
    return sorted(name for (name,) in rows("select name from record.person"))


def test_nothing_is_due_before_an_agency_has_adopted_schedules(intake, two, rows):
    assert forecast(intake.conn, intake.vocabulary, date(2090, 1, 1)) == ()
    assert on(intake, 60).examined == 0
    assert names(rows) == ["Ada Byron", "Tim Berners"]


def test_what_is_due_goes_by_the_one_way_there_is_with_its_rule_and_no_name(intake, two, adopted, rows, outbox):
    adopted()
    assert on(intake, 5).deleted == 0
    ran = on(intake)
    assert (ran.examined, ran.deleted, len(ran.entries)) == (2, 2, 2)
    assert names(rows) == []
    assert rows("select count(*) from record.part") == rows("select count(*) from record.subject_key") == [(0,)]
    assert rows("select count(*) from people.source_person") == [(0,)]
    entries = [it for it in outbox() if it["kind"] == "erasure"]
    assert [it["context"] for it in entries] == [
        {"act": "retention-delete", "agency": "sheriff", "source": "jail", "rule": "uk/app-rrd-group-3"}
    ] * 2
    assert {UUID(it["id"]) for it in entries} == set(ran.entries)
    assert rows("select kind, count(*) from intake.gone group by kind") == [("erased", 2)]


def test_whoever_went_with_time_may_come_again_and_the_same_message_may_not(intake, two, adopted, jail, said, booking):
    adopted()
    on(intake)
    assert intake.receive(jail, said(booking("B1", "P1"))) == Outcome(delivered=1, forgotten=1)
    assert intake.receive(jail, said(booking("B1", "P1", out="2025-01-01"))).admitted == 1


def test_what_comes_due_is_told_ninety_days_before_in_numbers(intake, two, adopted):
    adopted()
    assert forecast(intake.conn, intake.vocabulary, date(2032, 8, 1)) == ()
    (told,) = forecast(intake.conn, intake.vocabulary, date(2032, 9, 1))
    assert (told.agency, told.rule, told.then) == ("sheriff", "uk/app-rrd-group-3", Disposal.DELETE)
    assert (told.first, told.statements, told.held) == (date(2032, 11, 22), 2, 0)
    assert told.records == (("custody", 2), ("person", 2))
    assert len(told.ids) == 2
    assert forecast(intake.conn, intake.vocabulary, date(2032, 9, 1), agency="court") == ()


def test_a_hold_keeps_a_person_from_time_until_it_is_lifted(intake, two, adopted, rows, outbox):
    adopted()
    held = hold(intake, Upon(person=person(rows)))
    ran = on(intake)
    assert (ran.deleted, ran.held) == (1, 1)
    assert names(rows) == ["Ada Byron"]
    (next_,) = forecast_kept(intake.conn, "sheriff")
    assert (next_.statements, next_.held, next_.rule) == (1, 1, "uk/app-rrd-group-3")
    lift(intake, held)
    assert on(intake, 8).deleted == 1
    assert names(rows) == []
    said_of = [it["context"] for it in outbox() if it["kind"] == "hold"]
    assert said_of == [{"act": act, "hold": str(held), "agency": "sheriff"} for act in ("hold-set", "hold-lifted")]
    assert holds(intake.conn, standing=False) == ()  # it would say whom it was about


def test_a_hold_beats_a_request_to_erase_and_says_so_to_the_steward_alone(intake, two, jail, said, rows):
    held = hold(intake, Upon(source="jail", source_key="B1"))
    assert intake.receive(jail, said({"kind": "forget", "booking": "B1"})).quarantined == 1
    assert names(rows) == ["Ada Byron", "Tim Berners"]
    ((cause, words),) = rows(
        "select f ->> 'cause', f -> 'text' ->> 'en' from intake.quarantine, jsonb_array_elements(faults) f"
    )
    assert cause == "on-hold"
    assert str(held) in words
    lift(intake, held)
    assert intake.replay(jail).erased == 1
    assert names(rows) == ["Tim Berners"]


@pytest.mark.parametrize("joins", ["P1", "P2"])
def test_a_hold_on_one_record_is_upon_whoever_is_one_with_them(intake, two, rows, joins):
    ada, tim = person(rows), person(rows, "P2")
    hold(intake, Upon(person=ada))
    assert against(intake.conn, [], [tim]) == ()
    joining, joined = (ada, tim) if joins == "P1" else (tim, ada)  # whichever of the two persons goes on
    intake.conn.execute("update people.membership set person = (select person from people.membership where source_person = %s)"
                        " where source_person = %s", (joined, joining))  # fmt: skip
    assert against(intake.conn, [], [tim]) != ()


def test_a_hold_on_a_case_is_upon_the_same_case_that_another_speaks_of_later(intake, made, said, rows):
    text = COURT.replace("{case_number: case}", "{case_number: case, common_reference: urn}")
    court, prosecution = made(text), made(text.replace(": court\n", ": prosecution\n"))
    intake.receive(court, said({**case("C1"), "urn": "01ZD0303208"}))
    hold(intake, Upon(case=rows("select record_id from record.case")[0][0]))
    intake.receive(prosecution, said({**case("Q9", "S9", "V9"), "urn": "01ZD0303208"}, case("Q1", "S1", "V1")))
    assert intake.receive(prosecution, said({"kind": "forget", "case": "Q9"})).quarantined == 1
    assert intake.receive(prosecution, said({"kind": "forget", "case": "Q1"})).erased == 1


def test_who_sets_a_hold_waits_for_whoever_is_erasing_and_keeps_what_is_there_then(intake, two, rows, store):
    """A hold that stands before an erasure ends would not have kept what it is upon."""
    ada = person(rows)
    with store.connect(Role.INTAKE, autocommit=True) as other, ThreadPoolExecutor(1) as pool:
        with intake.conn.transaction():
            assert against(intake.conn, [], [ada]) == ()
            setting = pool.submit(
                hold, Intake(other, intake.vocabulary, intake.keyring, intake.clock), Upon(person=ada)
            )
            waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
            until = time.monotonic() + 30
            while intake.conn.execute(waiting).fetchone() == (0,):
                assert time.monotonic() < until
                assert not setting.done()
            assert against(intake.conn, [], [ada]) == ()  # whoever is erasing goes on
        assert against(intake.conn, [], [ada]) == (setting.result(30),)


@pytest.mark.parametrize(
    "upon", [Upon(), Upon(person=uuid4()), Upon(case=uuid4()), Upon(source="jail"), Upon(person=uuid4(), case=uuid4())]
)
def test_a_hold_upon_nothing_is_refused(intake, upon):
    with pytest.raises(HoldError):
        hold(intake, upon)


def test_a_hold_of_another_agency_cannot_be_lifted(intake, two, rows):
    held = hold(intake, Upon(person=person(rows)))
    with pytest.raises(HoldError):
        lift(intake, held, agency="court")
    assert [it.hold for it in holds(intake.conn)] == [held]


def test_every_record_type_that_stands_in_a_case_is_held_with_it(vocabulary: Vocabulary):
    referring = {
        name
        for name, kind in vocabulary.record_types.items()
        if any(it.type is FieldType.REFERENCE and it.name == "case" for it in kind.fields)
    }
    assert referring == set(IN_A_CASE)


def test_what_is_restricted_is_seen_by_nobody_and_goes_five_years_later(intake, two, adopted, rows):
    adopted(jurisdiction="nl")
    assert on(intake, 6).restricted == 2
    assert names(rows) == []
    assert rows("select count(*) from record.part where length(body) > 0")[0][0] > 0
    assert rows("select kind, count(*) from intake.gone group by kind") == [("restricted", 2)]
    assert on(intake, 10).deleted == 0
    held = hold(intake, Upon(source="jail", source_key="B1"))
    assert (on(intake, 12).deleted, rows("select count(*) from intake.restricted")) == (1, [(1,)])
    lift(intake, held)
    assert on(intake, 12).deleted == 1
    assert rows("select count(*) from record.part") == [(0,)]


def test_what_a_person_reviews_is_kept_until_a_day_or_erased(intake, jail, said, booking, adopted, rows):
    adopted(kind="jail")
    intake.receive(jail, said(booking("B1", "P1", **{"in": "2018-01-01", "out": "2019-01-01"})))
    ran = on(intake, 1)
    assert (ran.reviews, ran.deleted) == (1, 0)
    at = START + timedelta(days=366)
    steward = Decision("steward", "it is still needed", at)
    key = Key("sheriff", "jail", "B1")
    review(intake.conn, intake.vocabulary, intake.keyring, key, steward, at.date() + timedelta(days=400))
    assert on(intake, 2).reviews == 0
    with pytest.raises(KeepingError):
        review(intake.conn, intake.vocabulary, intake.keyring, key, steward, None)
    later = Decision("steward", "not needed any more", at + timedelta(days=500))
    review(intake.conn, intake.vocabulary, intake.keyring, key, later, None)
    assert names(rows) == []
    assert rows("select count(*) from intake.kept_longer") == [(0,)]


def test_a_run_that_was_cut_off_is_gone_on_with(intake, jail, said, booking, adopted, rows, monkeypatch):
    adopted()
    intake.receive(jail, said(*(booking(f"B{it}", f"P{it}") for it in range(5))))
    monkeypatch.setattr(retaining, "BATCH", 2)
    move = retaining._move
    steps = iter((move, None))

    def cut_off(*step):
        (next(steps) or (lambda *_: 1 / 0))(*step)

    monkeypatch.setattr(retaining, "_move", cut_off)
    with pytest.raises(ZeroDivisionError):
        on(intake)
    assert rows("select count(*) from record.person") == [(3,)]
    monkeypatch.setattr(retaining, "_move", move)
    assert on(intake).deleted == 3
    assert rows("select examined, deleted, finished_at is not null from intake.retention_run") == [(5, 5, True)]


def test_a_message_is_kept_word_for_word_as_long_as_the_agency_said(intake, jail, said, booking, adopted, clock, rows):
    intake.receive(jail, said(booking("B1", "P1")))
    adopted(days=30)
    intake.receive(jail, said(booking("B2", "P2")))
    assert rows("select distinct verbatim_until - received_at from record.statement") == [(timedelta(days=30),)]
    clock.at += timedelta(days=29)
    assert intake.drop_expired_verbatim() == 0
    clock.at += timedelta(days=2)
    assert intake.drop_expired_verbatim() == 2
    assert keeping(intake.conn)["sheriff"].verbatim_days == 30


def test_a_correction_and_a_withdrawal_are_noted_and_news_is_not(intake, jail, said, booking, rows):
    intake.receive(jail, said(booking("B1", "P1")))
    intake.receive(jail, said(booking("B1", "P1", out="2024-02-02")))  # more is known: no correction
    assert rows("select count(*) from intake.gone") == [(0,)]
    intake.receive(jail, said(booking("B1", "P1", out="2024-02-02", born="1985-12-11")))
    intake.receive(jail, said({"kind": "gone", "booking": "B1"}))
    assert rows("select kind, source_person = %s from intake.gone order by at", person_was(rows)) == [
        ("rectified", True),
        ("withdrawn", True),
    ]


def person_was(rows) -> UUID:
    return rows("select source_person from record.part p join record.statement using (statement_id) limit 1")[0][0]


def test_what_stands_tells_no_name_and_no_text(intake, two, adopted):
    adopted()
    told = repr(standing(intake.conn, intake.vocabulary, ["sheriff"]))
    assert not any(text in told for text in ("Ada", "Byron", "Tim", "P1", "B1"))


def test_the_gate_reads_of_what_changed_only_in_a_disclosure(store, intake, two, adopted):
    adopted()
    on(intake)
    with store.connect(Role.GATE) as conn:
        assert conn.execute("select count(*) from intake.gone").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("select * from intake.legal_hold")
