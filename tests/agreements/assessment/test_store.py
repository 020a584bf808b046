"""The working document in the database: two connections at once, signing by part, approval, and what stays as it was."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.types.json import Jsonb

from comity.agreements.assessment import Answer, Discipline, Step, canonical, parse_assessment, write_assessment
from comity.agreements.assessment.complete import Open
from comity.agreements.assessment.errors import IncompleteError
from comity.agreements.assessment.file import Filed, from_canonical
from comity.agreements.assessment.merge import Edit, Editor
from comity.agreements.assessment.models import Approval
from comity.agreements.assessment.store import (
    approval,
    approve,
    begin,
    edit,
    load_working,
    progress,
    sign_step,
    take_file,
)
from comity.agreements.entered import differences
from comity.agreements.errors import ActRefusedError, UnknownAgreementError
from comity.agreements.models import AssessmentReference
from comity.agreements.store import add_agency, approve_assessment, propose_assessment
from comity.ledger import Sequencer, load_or_create_signer
from comity.store import Role
from comity.vocabulary import Label

AT = datetime(2026, 1, 20, 9, 30, tzinfo=UTC)
WHICH = AssessmentReference("marac-victim-safety", 3)
SIGNERS = {each: Editor(f"staff-{each}", "police", each) for each in Discipline}
ANN, BOB = SIGNERS[Discipline.LEGAL], Editor("staff-9", "probation", Discipline.PRIVACY)


@pytest.fixture
def conn(store, vocabulary):
    with store.connect(Role.GOVERNANCE, autocommit=True) as connection:
        for agency in ("police", "probation", "victim-services"):
            add_agency(connection, agency, agency, Label(agency, agency), vocabulary)
        yield connection


@pytest.fixture
def filled(conn, example, vocabulary):
    take_file(conn, Filed(example, None), ANN, AT, vocabulary)
    return conn


@pytest.fixture
def signed(filled, catalogue, vocabulary):
    for step in Step:
        for discipline in catalogue.must_sign(step):
            sign_step(filled, WHICH, step, SIGNERS[discipline], AT, vocabulary)
    return filled


def write(conn, vocabulary, path, text, by=ANN, **more):
    based_on = more.pop("based_on", None)
    based_on = load_working(conn, WHICH).revision(path) if based_on is None else based_on
    return edit(conn, WHICH, [Edit(path, Answer(text), based_on, **more)], by, AT, vocabulary)


# Writing


def test_what_was_written_comes_back_with_who_and_when(conn, vocabulary):
    begin(conn, WHICH, AT)
    write(conn, vocabulary, "scale", "Two")
    write(conn, vocabulary, "scale", "Three", by=BOB)
    first, second = load_working(conn, WHICH).history("scale")
    assert (first.before, first.after, first.by, first.at) == (None, Answer("Two"), ANN, AT)
    assert (second.before, second.after, second.by) == (Answer("Two"), Answer("Three"), BOB)


def test_a_file_comes_back_as_it_was(filled, example):
    assert load_working(filled, WHICH).assessment() == example


def test_the_same_file_again_changes_nothing(filled, example, vocabulary):
    newest = load_working(filled, WHICH).revision_of_all
    assert take_file(filled, Filed(example, newest), BOB, AT, vocabulary) == ()


@pytest.mark.parametrize(
    ("revision", "told"), [(None, "does not say from which revision"), (10_000, "has no revision 10000")]
)
def test_a_file_of_unknown_origin_is_refused(filled, example, vocabulary, revision, told):
    with pytest.raises(ActRefusedError, match=told):
        take_file(filled, Filed(example, revision), BOB, AT, vocabulary)


def test_edits_are_taken_all_or_none(conn, vocabulary):
    begin(conn, WHICH, AT)
    with pytest.raises(ActRefusedError):
        edit(conn, WHICH, [Edit("scale", Answer("Two"), 0), Edit("purpose", Answer("none"), 0)], ANN, AT, vocabulary)
    assert load_working(conn, WHICH).changes == ()


def test_nobody_writes_in_what_was_not_begun(conn, vocabulary):
    with pytest.raises(UnknownAgreementError, match="Begin it first"):
        edit(conn, WHICH, [Edit("scale", Answer("Two"), 0)], ANN, AT, vocabulary)


# Two at once


def at_once(store, *works):
    """Run each work on a connection of its own, all started together; return what each raised."""
    barrier, raised = threading.Barrier(len(works)), [None] * len(works)

    def run(number, work):
        with store.connect(Role.GOVERNANCE, autocommit=True) as connection:
            barrier.wait(30)
            try:
                work(connection)
            except Exception as error:  # noqa: BLE001  (the test looks at it)
                raised[number] = error

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return raised


def test_two_connections_that_write_the_same_field_at_once_make_a_conflict(conn, store, vocabulary):
    begin(conn, WHICH, AT)
    works = [
        lambda own, text=text, by=by: edit(own, WHICH, [Edit("scale", Answer(text), 0)], by, AT, vocabulary)
        for text, by in (("Two", ANN), ("Three", BOB))
    ]
    assert at_once(store, *works) == [None, None]
    (conflict,) = load_working(conn, WHICH).conflicts()
    assert {side.after.text for side in conflict.sides} == {"Two", "Three"}


def test_two_connections_that_write_fifty_fields_each_lose_none(conn, store, vocabulary):
    begin(conn, WHICH, AT)

    def adding(who, by):
        def work(own):
            for number in range(25):
                path = f"risks.{who}-{number}"
                edit(
                    own,
                    WHICH,
                    [Edit(path, Answer("present"), 0), Edit(f"{path}.what", Answer(who), 0)],
                    by,
                    AT,
                    vocabulary,
                )

        return work

    assert at_once(store, adding("ann", ANN), adding("bob", BOB)) == [None, None]
    working = load_working(conn, WHICH)
    assert [change.number for change in working.changes] == list(range(1, 101))
    assert working.conflicts() == ()
    assert len(working.assessment().items("risks")) == 50


def test_one_who_waits_sees_what_the_other_wrote(conn, store, vocabulary):
    begin(conn, WHICH, AT)
    with store.connect(Role.GOVERNANCE, autocommit=True) as other, other.transaction():
        edit(other, WHICH, [Edit("scale", Answer("Two"), 0)], BOB, AT, vocabulary)  # not committed yet
        waiting = threading.Thread(target=lambda: write(conn, vocabulary, "scale", "Three", based_on=0))
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
    waiting.join(30)
    assert [change.number for change in load_working(conn, WHICH).changes] == [1, 2]
    assert len(load_working(conn, WHICH).conflicts()) == 1


def test_an_edit_and_a_signature_at_once_never_leave_an_edit_signed_unseen(filled, store, vocabulary):
    works = [
        lambda own: edit(own, WHICH, [Edit("scale", Answer("More"), 7)], BOB, AT, vocabulary),
        lambda own: sign_step(own, WHICH, Step.PROCESS, ANN, AT, vocabulary),
    ]
    at_once(store, *works)
    found = progress(filled, WHICH, vocabulary)
    for signature in found.standing:
        assert signature.revision == found.working.revision_of_all


# Signing


def test_a_signature_is_over_the_digest_of_the_step_and_has_its_entry(filled, store, vocabulary):
    made = sign_step(filled, WHICH, Step.RISKS, ANN, AT, vocabulary)
    assert len(made.digest) == 32
    with psycopg.connect(store.admin, dbname=store.database) as admin:
        (kept,) = admin.execute("select entry, digest from agreements.assessment_signature").fetchall()
        (body,) = admin.execute("select body from ledger.outbox where body like %s", [b'%"kind":"sign"%']).fetchone()
    assert bytes(kept[1]) == made.digest
    text = bytes(body).decode()
    assert str(kept[0]) in text
    assert '"assessment":"marac-victim-safety@3","discipline":"legal","step":"risks"' in text
    assert "staff" not in text
    edited = "set session_replication_role = replica; update agreements.assessment_signature set staff = 'x'"
    with store.connect(Role.LEDGER) as ledger:
        assert differences(filled, ledger, vocabulary) == ()
        with psycopg.connect(store.admin, dbname=store.database) as admin:
            admin.execute(edited)
        [found] = differences(filled, ledger, vocabulary)
    assert found.place.en == "the signature of police under the step risks of assessment marac-victim-safety@3"


# the path that is edited | the step whose signatures it voids
EDITS = [
    ("scale", Step.PROCESS),
    ("moments.1-referral.when", Step.PROCESS),
    ("necessity", Step.LAWFULNESS),
    ("risks.address.what", Step.RISKS),
    ("risks.address.accepted_because", Step.MEASURES),
    ("actions.log.what", Step.MEASURES),
]


@pytest.mark.parametrize(("path", "step"), EDITS)
def test_an_edit_voids_the_signatures_of_its_step_and_no_others(signed, catalogue, vocabulary, path, step):
    write(signed, vocabulary, path, "Something else")
    found = progress(signed, WHICH, vocabulary)
    assert {(point.kind, point.step) for point in found.open} == {(Open.VOID, step)}
    assert len(found.open) == len(catalogue.must_sign(step))
    assert "signed, and the step was edited since" in found.open[0].label.en
    assert {each.step for each in found.standing} == set(Step) - {step}


def test_putting_the_old_words_back_does_not_bring_the_signature_back(signed, example, vocabulary):
    write(signed, vocabulary, "scale", "Something else")
    write(signed, vocabulary, "scale", example.text("scale"))
    assert {point.kind for point in progress(signed, WHICH, vocabulary).open} == {Open.VOID}


def test_a_step_in_which_something_is_open_is_not_signed(filled, vocabulary):
    write(filled, vocabulary, "data.1-victim.record", "charge")
    with pytest.raises(IncompleteError, match="'address'"):
        sign_step(filled, WHICH, Step.PROCESS, ANN, AT, vocabulary)
    sign_step(filled, WHICH, Step.RISKS, ANN, AT, vocabulary)


def test_a_step_with_a_conflict_is_not_signed(filled, vocabulary):
    write(filled, vocabulary, "scale", "Two", based_on=0)
    with pytest.raises(IncompleteError, match="side by side"):
        sign_step(filled, WHICH, Step.PROCESS, ANN, AT, vocabulary)


# who | the step | why not
REFUSED = [
    (Editor("staff-1", "police", Discipline.SECURITY), Step.LAWFULNESS, "not by security"),
    (Editor("staff-1", "court", Discipline.LEGAL), Step.LAWFULNESS, "no party"),
    (Editor("staff-legal", "police", Discipline.PRIVACY), Step.RISKS, "Ask somebody else"),
    (Editor("staff-2", "police", Discipline.LEGAL), Step.RISKS, "has signed the step risks already"),
]


@pytest.mark.parametrize(("who", "step", "told"), REFUSED)
def test_who_may_not_sign_is_told_why(filled, vocabulary, who, step, told):
    sign_step(filled, WHICH, Step.RISKS, ANN, AT, vocabulary)
    with pytest.raises(ActRefusedError, match=told):
        sign_step(filled, WHICH, step, who, AT, vocabulary)


# Approval


def test_what_is_complete_and_signed_is_approved_and_stays(signed, example, vocabulary):
    approve(signed, WHICH, vocabulary, agency="police", by="dpo-7", at=AT)
    found = progress(signed, WHICH, vocabulary)
    assert found.approved
    assert found.open == ()
    document = signed.execute("select document from agreements.assessment").fetchone()[0]
    assert from_canonical(canonical(example), vocabulary) == example
    assert document["measures"]["security"] == {"confidential": example.text("security")}
    for act in (
        lambda: write(signed, vocabulary, "scale", "More"),
        lambda: sign_step(signed, WHICH, Step.RISKS, ANN, AT, vocabulary),
        lambda: approve(signed, WHICH, vocabulary, agency="police", by="dpo-7", at=AT),
    ):
        with pytest.raises(ActRefusedError, match="is approved"):
            act()


def test_an_approval_says_when_by_which_entry_and_for_whom_once_that_is_numbered(signed, store, vocabulary, tmp_path):
    assert approval(signed, WHICH) is None
    approve(signed, WHICH, vocabulary, agency="police", by="dpo-7", at=AT)
    waiting = approval(signed, WHICH)
    assert (waiting.at, waiting.agency) == (AT, None)
    signer = load_or_create_signer(tmp_path / "key", "comity-test")
    with store.connect(Role.LEDGER) as connection:
        Sequencer(connection, signer, tmp_path / "head").step(AT)
    assert approval(signed, WHICH) == Approval(AT, waiting.entry, "police")
    assert approval(signed, AssessmentReference("nothing", 1)) is None


def test_an_approval_without_the_four_steps_is_none_to_publish(conn):
    propose_assessment(conn, WHICH, {"summary": "fine"})
    approve_assessment(conn, WHICH, agency="police", by="dpo-7", at=AT)
    assert approval(conn, WHICH) is None


def test_what_is_not_signed_by_all_is_not_approved(filled, vocabulary):
    with pytest.raises(IncompleteError) as caught:
        approve(filled, WHICH, vocabulary, agency="police", by="dpo-7", at=AT)
    assert {point.kind for point in caught.value.points} == {Open.UNSIGNED}
    assert len(caught.value.points) == 15
    assert filled.execute("select count(*) from agreements.assessment").fetchone() == (0,)


def test_an_edit_after_the_last_signature_stops_the_approval(signed, vocabulary):
    write(signed, vocabulary, "actions.log.due", "2026-02-02")
    with pytest.raises(IncompleteError, match="must be signed anew"):
        approve(signed, WHICH, vocabulary, agency="police", by="dpo-7", at=AT)


def test_a_plain_text_does_not_go_round_the_four_steps(filled):
    with pytest.raises(ActRefusedError, match="worked on in four steps"):
        propose_assessment(filled, WHICH, {"summary": "It will be fine."})


def test_what_was_approved_otherwise_is_not_begun(conn):
    propose_assessment(conn, WHICH, {"summary": "It will be fine."})
    approve_assessment(conn, WHICH, agency="police", by="dpo-7", at=AT)
    with pytest.raises(ActRefusedError, match="Begin the next version"):
        begin(conn, WHICH, AT)


# Nothing is rewritten


@pytest.mark.parametrize(
    "statement",
    [
        "update agreements.assessment_change set staff = 'other'",
        "delete from agreements.assessment_change",
        "truncate agreements.assessment_change",
        "update agreements.assessment_signature set digest = ''",
        "delete from agreements.assessment_signature",
        "truncate agreements.assessment_signature",
        "update agreements.assessment_work set begun_at = now()",
        "delete from agreements.assessment_work",
    ],
)
@pytest.mark.parametrize("role", [Role.GOVERNANCE, Role.OWNER])
def test_history_stays_as_it_was_whoever_asks(filled, store, vocabulary, statement, role):
    sign_step(filled, WHICH, Step.RISKS, ANN, AT, vocabulary)
    with (
        store.connect(role) as connection,
        pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)),
    ):
        connection.execute(statement)


def test_nothing_is_slipped_in_after_approval(signed, store, vocabulary):
    approve(signed, WHICH, vocabulary, agency="police", by="dpo-7", at=AT + timedelta(days=1))
    with store.connect(Role.OWNER) as owner, pytest.raises(psycopg.errors.RestrictViolation, match="is approved"):
        owner.execute(
            "insert into agreements.assessment_change values (%s, 3, 900, 'scale', null, %s, 0, false, 's', 'police', 'legal', now())",
            [WHICH.name, Jsonb({"value": "More", "confidential": False})],
        )


def test_the_exported_file_merges_back(filled, vocabulary):
    working = load_working(filled, WHICH)
    text = write_assessment(working.assessment(), vocabulary, revision=working.revision_of_all)
    write(filled, vocabulary, "context", "Written meanwhile")
    edited = parse_assessment(text.replace("About 400 victims", "About 500 victims"), vocabulary)
    take_file(filled, edited, BOB, AT, vocabulary)
    then = load_working(filled, WHICH)
    assert then.conflicts() == ()
    assert then.assessment().text("context") == "Written meanwhile"
    assert then.assessment().text("scale").startswith("About 500")
