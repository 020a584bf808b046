"""One test for each way of getting more than was agreed, named after it."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest

from comity.agreements.models import Act, Event
from comity.agreements.store import act_upon
from comity.gate import CaseRead, Disclosure, Refusal, Search, reasons
from comity.gate.models import Answer
from comity.store import Role

from .world import NOW

SQL = "'; drop table gate.disclosure; --"


@pytest.mark.parametrize(
    "text", [SQL, "$$; select 1; $$", "%(person)s", "%s %% %", "\\'; --", '"record"."person"', "{}", "C-1' or '1'='1"]
)
def test_sql_in_case_reference_and_justification(world, accused, text):
    world.agree()
    assert isinstance(world.ask(accused, case_reference=text, justification=text, staff=text), Disclosure)
    [row] = world.run(Role.GATE, "select case_reference, justification, requester from gate.disclosure")
    assert row == (text, text, text)


@pytest.mark.parametrize("name", ["agreement", "purpose", "role", "agency"])
@pytest.mark.parametrize("text", [SQL, "", "\x00", "\ud800", "x" * 10_000])
def test_sql_and_unstorable_text_in_everything_else(world, accused, name, text):
    world.agree()
    assert isinstance(world.ask(accused, **{name: text}), Refusal)
    assert len(world.log()) == len(world.entries()) == 1


@pytest.mark.parametrize(
    "asks", [Search(name=SQL), Search(number=SQL), Search(name="%' or true --"), CaseRead(SQL), CaseRead("%")]
)
def test_sql_and_wildcards_in_what_is_searched(world, accused, asks):
    world.agree(release="  - {record: person, fields: {name: as-is, police_number: as-is}}")
    answer = world.ask(asks)
    assert isinstance(answer, Refusal) or answer.found == ()
    assert len(world.entries()) == 1


def test_sql_in_an_agreements_condition(world, accused):
    world.agree(about="charge.offence = '''; drop table record.person; --' or charge.severity = 'serious'")
    assert isinstance(world.ask(accused), Disclosure)


def test_a_purpose_not_in_the_agreement(world, accused):
    world.agree()
    assert refused(world.ask(accused, purpose="statistics")) == "other-purpose"


def test_no_purpose(world, accused):
    world.agree()
    assert refused(world.ask(accused, purpose="")) == "no-purpose"


def test_an_expired_agreement(world, accused):
    world.agree()
    answer = world.ask(accused, now=datetime(2027, 1, 1, 0, 0, tzinfo=UTC))
    assert refused(answer) == "not-in-force:expired"
    assert world.log() == [("refusal", "not-in-force:expired", 0)]


def test_an_agreement_not_yet_in_force(world, accused):
    world.agree()
    assert refused(world.ask(accused, now=datetime(2025, 12, 31, 23, 59, tzinfo=UTC))) == "not-in-force:not-yet"


def test_an_unsigned_agreement(world, accused):
    world.agree(signed=False)
    assert refused(world.ask(accused)) == "not-in-force:unsigned,unsigned,unsigned"


def test_an_agreement_whose_assessment_nobody_approved(world, accused):
    world.agree(assessed=False)
    assert refused(world.ask(accused)) == "not-in-force:assessment-not-approved"


def test_an_agreement_edited_after_signing(world, accused):
    world.agree()
    tampered = "update agreements.agreement set canonical = convert_to(replace(convert_from(canonical, 'UTF8'), %s, %s), 'UTF8')"
    with pytest.raises(psycopg.errors.RestrictViolation):
        world.run(Role.OWNER, tampered, "year", "as-is")
    world.run(Role.OWNER, "alter table agreements.agreement disable trigger user")
    world.run(Role.OWNER, tampered, '"birth_date":"year"', '"birth_date":"as-is"')
    answer = refused(world.ask(accused))
    assert answer == "not-in-force:" + ",".join(["invalid-signature"] * 3)


def test_a_signature_of_another_key(world, accused):
    world.agree()
    world.run(Role.OWNER, "alter table agreements.signature disable trigger user")
    world.run(
        Role.OWNER,
        "update agreements.signature set signature = (select signature from agreements.signature where agency = 'court') where agency = 'police'",
    )
    assert refused(world.ask(accused)) == "not-in-force:invalid-signature"


def test_an_agreement_revoked_a_moment_ago(world, accused):
    world.agree()
    assert isinstance(world.ask(accused), Disclosure)
    with world.store.connect(Role.GOVERNANCE) as conn:
        act_upon(conn, "charging", 1, Event(Act.REVOKE, "police", NOW), by="dpo", reason="misuse")
    assert refused(world.ask(accused)) == "not-in-force:revoked"


def test_a_wrong_role(world, accused):
    world.agree()
    assert refused(world.ask(accused, role="judge")) == "role-not-listed"


@pytest.mark.parametrize("agency", ["police", "probation", "nobody"])
def test_a_wrong_agency(world, accused, agency):
    world.agree()
    assert refused(world.ask(accused, agency=agency)) == "not-a-recipient"


def test_a_person_out_of_scope_looks_like_one_who_is_not_there(world, accused):
    world.agree()
    uncovered = world.person()
    elsewhere = world.person("probation")
    answers = [world.ask(each) for each in (uncovered, elsewhere, uuid4(), UUID(int=0))]
    assert len({shape(each) for each in answers}) == 1
    assert {each.reason for each in answers} == {reasons.NOTHING_TO_SHOW}
    codes = sorted(reason for _, reason, _ in world.log())
    assert codes == ["not-covered", "unknown-subject", "unknown-subject", "unknown-subject"]


def test_an_unknown_agreement_looks_like_an_unknown_person(world, accused):
    world.agree()
    assert shape(world.ask(accused, agreement="no-such")) == shape(world.ask(uuid4()))
    assert sorted(reason for _, reason, _ in world.log()) == ["unknown-agreement", "unknown-subject"]


def test_a_case_out_of_scope_looks_like_one_that_is_not_there(world, accused):
    uncovered = world.person()
    world.row("case", person=uncovered, case_number="C-77")
    world.agree()
    assert shape(world.ask(CaseRead("C-77"))) == shape(world.ask(CaseRead("C-78")))
    assert sorted(reason for _, reason, _ in world.log()) == ["not-covered", "unknown-subject"]


def test_guessing_ids_of_records_and_source_persons_reads_nobody(world, accused):
    """A source person's id is not a person's id, nor is a record's."""
    human, covered = uuid4(), uuid4()
    source_person = world.person(human=human)
    covered = world.row("charge", person=source_person, offence="Arson", severity="serious")
    world.agree()
    assert isinstance(world.ask(human), Disclosure)
    assert isinstance(world.ask(source_person), Refusal)
    assert isinstance(world.ask(covered), Refusal)


def test_refused_and_absent_run_the_same_statement(world, accused):
    """There is one way through the code: the same statement answers both, so neither its shape nor its plan differs."""
    from comity.gate import disclose as module

    source = inspect.getsource(inspect.getmodule(module))
    assert source.count("compiled.sql") == 1


def refused(answer: Answer) -> str:
    assert isinstance(answer, Refusal)
    return answer.reason.code


def shape(answer: Answer) -> tuple[object, ...]:
    assert isinstance(answer, Refusal)
    return (type(answer), answer.at, answer.reason, *(type(getattr(answer, name)) for name in answer.__slots__))
