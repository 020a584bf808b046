"""Where an agreement asks for consent, the last answer decides; and nothing leaves about whoever was not asked."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from tests.agreements.test_conditions_mean import in_the_reference, table

from comity.agreements.consent import Answer, Recorded
from comity.agreements.errors import ActRefusedError, UnknownAgreementError
from comity.agreements.store import record_consent
from comity.gate import CaseRead, Disclosure, Refusal, Search, reasons
from comity.ledger.entry import Entry
from comity.store import Role

from .world import NOW

GIVEN, REFUSED, WITHDRAWN = Answer

ANSWERS = [
    # what the agreement says of consent, the answers in their order, whether data leave
    ("not-required", [], True),
    ("asked", [], False),
    ("asked", [GIVEN], True),
    ("asked", [REFUSED], True),  # with the reason to go on all the same
    ("asked", [GIVEN, WITHDRAWN], False),
    ("asked", [GIVEN, WITHDRAWN, REFUSED], True),
    ("required", [], False),
    ("required", [GIVEN], True),
    ("required", [REFUSED], False),
    ("required", [GIVEN, WITHDRAWN], False),
    ("required", [REFUSED, GIVEN], True),
    ("required", [GIVEN, REFUSED], False),
]


def answer(
    world, person: UUID, said: Answer, *, name: str = "charging", agency: str = "police", reason: str = "danger"
):
    with world.store.connect(Role.GOVERNANCE) as conn:
        record_consent(conn, name, person, Recorded(said, agency, "staff-3", NOW, reason), world.vocabulary)


@pytest.mark.parametrize(("consent", "answers", "leaves"), ANSWERS)
def test_the_last_answer_decides(world, accused, consent, answers, leaves):
    world.agree(consent=consent)
    for said in answers:
        answer(world, accused, said)
    assert isinstance(world.ask(accused), Disclosure if leaves else Refusal)


def test_whoever_was_not_asked_is_as_somebody_who_is_not_there_but_for_the_overseer(world, accused):
    world.agree(consent="asked")
    assert world.ask(accused).reason == world.ask(uuid4()).reason == reasons.NOTHING_TO_SHOW
    assert sorted(line[1] for line in world.log()) == ["no-consent", "unknown-subject"]  # both of one moment


def test_a_search_and_a_case_show_only_who_consented(world, accused):
    other = world.person(name="Ann Other")
    case = world.row("case", person=accused, case_number="C-7")
    for person in (accused, other):
        world.row("charge", person=person, case=case, offence="Theft", severity="serious")
    world.agree(consent="required")
    assert world.ask(Search(name="Ann")).found == ()
    assert isinstance(world.ask(CaseRead("C-7")), Refusal)
    answer(world, other, GIVEN)
    assert [found.person for found in world.ask(Search(name="Ann")).found] == [other]
    shown = world.ask(CaseRead("C-7")).rows
    assert {row.values["name"] for row in shown["person"]} == {"Ann Other"}


def test_an_answer_is_about_one_agreement(world, accused):
    world.agree(consent="required")
    world.agree(name="other", consent="required")
    answer(world, accused, GIVEN, name="other")
    assert isinstance(world.ask(accused), Refusal)
    assert isinstance(world.ask(accused, agreement="other"), Disclosure)


def test_an_answer_follows_the_person_through_a_merge_of_records(world, accused):
    """What was answered under an id that merges have left behind still counts, and in its order."""
    old = uuid4()
    world.run(Role.INTAKE, "insert into people.person (person, redirect_to) values (%s, %s)", old, accused)
    world.agree(consent="required")
    answer(world, old, GIVEN)
    assert isinstance(world.ask(accused), Disclosure)
    answer(world, accused, WITHDRAWN)
    assert isinstance(world.ask(old), Refusal)


def test_a_withdrawal_counts_from_its_commit(world, accused):
    world.agree(consent="required")
    answer(world, accused, GIVEN)
    assert isinstance(world.ask(accused), Disclosure)
    answer(world, accused, WITHDRAWN)
    assert isinstance(world.ask(accused, now=NOW + timedelta(seconds=1)), Refusal)


@pytest.mark.parametrize(
    ("consent", "changes", "error", "words"),
    [
        ("asked", {"name": "nothing"}, UnknownAgreementError, "no agreement named"),
        ("not-required", {}, ActRefusedError, "asks nobody for consent"),
        ("asked", {"agency": "helpline"}, ActRefusedError, "no party"),
        ("asked", {"reason": " "}, ActRefusedError, "needs the reason to go on"),
    ],
)
def test_what_cannot_be_recorded_is_told_and_leaves_nothing(world, accused, consent, changes, error, words):
    world.agree(consent=consent)
    with pytest.raises(error, match=words):
        answer(world, accused, REFUSED, **changes)
    assert world.run(Role.GATE, "select count(*) from agreements.consent") == [(0,)]


def test_the_entry_says_neither_who_answered_nor_what(world, accused):
    world.agree(consent="asked")
    answer(world, accused, REFUSED)
    bodies = [bytes(body) for (body,) in world.run(Role.LEDGER, "select body from ledger.outbox order by queued_at")]
    entry = Entry.decode(bodies[-1])
    assert (entry.kind, entry.context) == ("consent", {"agency": "police", "agreement": "charging"})
    assert str(accused).encode() not in bodies[-1]


def test_what_was_answered_stays(world, accused):
    world.agree(consent="asked")
    answer(world, accused, REFUSED)
    for change in ("update agreements.consent set answer = 'given'", "delete from agreements.consent"):
        with world.store.connect(Role.OWNER) as conn, pytest.raises(psycopg.errors.RestrictViolation):
            conn.execute(change)


def test_the_reference_prints_this_table():
    """To print it anew: COMITY_WRITE_DOCS=1 pytest tests/gate/test_consent.py."""
    rows = [
        (f"`{consent}`", ", then ".join(said.value for said in answers) or "not asked", "yes" if leaves else "no")
        for consent, answers, leaves in ANSWERS
    ]
    in_the_reference("consent", table(("`consent`", "answered", "data leave"), rows))
