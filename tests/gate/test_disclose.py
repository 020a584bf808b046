"""What leaves, what is logged, and that neither happens without the other."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import date, datetime
from uuid import uuid4

import psycopg
import pytest

from comity.agreements import Standing, parse_agreement
from comity.gate import Disclosure, Refusal, disclose, reasons
from comity.gate.compile import compile_verdict
from comity.gate.decide import decide
from comity.gate.entry import question
from comity.gate.models import Act, CaseRead, Read, Search
from comity.ledger.entry import Entry, commitment
from comity.record import Keyring
from comity.record.seal import blind, place, seal
from comity.store import Role

from .world import NOW, RECEIVED, agreement_text, request


def test_a_covered_person_is_disclosed_in_the_agreed_form(world, accused):
    world.agree()
    answer = world.ask(accused)
    assert isinstance(answer, Disclosure)
    [person], [charge] = answer.rows["person"], answer.rows["charge"]
    assert dict(person.values) == {"name": "Ann Example", "birth_date": "1987"}
    assert dict(charge.values) == {"offence": "Burglary"}
    assert set(answer.rows) == {"person", "charge"}


def test_a_disclosure_says_under_what_and_from_whom(world, accused):
    world.agree()
    answer = world.ask(accused)
    assert (answer.agreement, answer.version, answer.purpose, answer.agency) == (
        "charging",
        1,
        "prosecution",
        "prosecution",
    )
    assert (answer.act, answer.person, answer.at) == (Act.READ, accused, NOW)
    assert answer.sources == (("police", "police-system"),)
    assert answer.rows["person"][0].received_at == RECEIVED
    assert {(each.record, each.field) for each in answer.withheld} >= {("person", "address"), ("custody", "facility")}


def test_every_type_of_value_comes_back_as_itself(world, accused):
    starts = datetime.fromisoformat("2026-07-01T09:30:00.250000+02:00")
    case = world.row("case", person=accused, case_number="C-1")
    world.row("hearing", person=accused, case=case, starts_on=date(2026, 7, 1), starts_at=starts)
    world.row("supervision", person=accused, kind="licence", appointments_kept=3)
    world.row("charge", person=accused, offence='Say "no"\nto é\\', spent=False, case=case)
    release = """
  - {record: hearing, fields: {starts_on: as-is, starts_at: as-is}}
  - {record: supervision, fields: {appointments_kept: as-is}}
  - {record: charge, where: not charge.spent, fields: {offence: as-is, spent: as-is, case: as-is, verdict: as-is}}"""
    world.agree(release=release)
    answer = world.ask(accused)
    assert dict(answer.rows["hearing"][0].values) == {"starts_on": date(2026, 7, 1), "starts_at": starts}
    assert dict(answer.rows["supervision"][0].values) == {"appointments_kept": 3}
    expected = {"offence": 'Say "no"\nto é\\', "spent": False, "case": str(case), "verdict": None}
    assert dict(answer.rows["charge"][0].values) == expected


def test_the_answer_joins_the_rows_up(world, accused):
    world.person("court", human=accused, name="Ann Example")
    world.agree()
    view = world.ask(accused).view
    assert view.agencies == ("court", "police")
    name = next(each for each in view.fields if each.field == "name")
    assert {voice.agency for voice in name.best.voices} == {"court", "police"}


# --- log or deny -----------------------------------------------------------------------------------------------------


def test_a_disclosure_leaves_one_entry_that_commits_to_what_left(world, accused):
    world.agree()
    asking = request(accused)
    answer = asyncio.run(world.asked(asking))
    [body] = world.entries()
    entry = Entry.decode(body)
    assert (entry.id, entry.kind, entry.at) == (answer.id, "disclosure", NOW)
    assert dict(entry.context) == {
        "act": "read",
        "agency": "prosecution",
        "agreement": "charging@1",
        "purpose": "prosecution",
    }
    [(salt, digest, asked, rows)] = world.run(Role.GATE, "select salt, digest, asked, rows from gate.disclosure")
    assert rows == 2
    assert (digest, asked) == (answer.digest, question(asking))
    assert entry.commitment == commitment(salt, asked + digest)
    assert answer.digest != hashlib.sha256(b"").digest()


def test_a_refused_subject_leaves_one_entry_too(world):
    world.agree()
    answer = world.ask(uuid4())
    assert isinstance(answer, Refusal)
    [body] = world.entries()
    entry = Entry.decode(body)
    assert (entry.id, entry.kind) == (answer.id, "refusal")
    [(salt, digest, asked)] = world.run(Role.GATE, "select salt, digest, asked from gate.disclosure")
    assert entry.commitment == commitment(salt, asked + digest)
    assert digest == hashlib.sha256(b"").digest()


def test_a_refusal_that_was_decided_beforehand_leaves_one_entry(world, accused):
    world.agree()
    answer = world.ask(accused, role="judge")
    assert isinstance(answer, Refusal)
    assert answer.reason == reasons.ROLE_NOT_LISTED
    [body] = world.entries()
    entry = Entry.decode(body)
    assert (entry.id, entry.kind) == (answer.id, "refusal")
    [(salt, digest, asked)] = world.run(Role.GATE, "select salt, digest, asked from gate.disclosure")
    assert entry.commitment == commitment(salt, asked + digest)
    assert world.log() == [("refusal", "role-not-listed", 0)]


def test_an_entry_holds_nothing_that_was_typed(world, accused):
    world.agree()
    for changes in (
        {},
        {"role": "Ann Example"},
        {"purpose": "Ann Example"},
        {"agency": "Ann Example"},
        {"agreement": "ann-example"},
    ):
        world.ask(accused, **changes, case_reference="Ann Example", justification="Ann Example", staff="Ann")
    assert len(world.entries()) == 5
    assert not any(b"Ann" in body or b"ann-" in body or str(accused).encode() in body for body in world.entries())


def test_when_the_entry_cannot_be_written_nothing_is_released(world, accused):
    world.agree()
    world.run(Role.OWNER, "alter table ledger.outbox add check (length(body) < 10) not valid")
    with pytest.raises(psycopg.errors.CheckViolation):
        world.ask(accused)
    assert world.log() == []


def test_when_the_log_cannot_be_written_no_entry_is(world, accused):
    world.agree()
    world.run(Role.OWNER, "alter table gate.disclosure_subject add check (source_person is null) not valid")
    with pytest.raises(psycopg.errors.CheckViolation):
        world.ask(accused)
    assert world.entries() == []


def test_when_the_commit_fails_nothing_is_released(world, accused):
    world.agree()
    world.run(
        Role.OWNER,
        "create function ledger.fail() returns trigger language plpgsql as 'begin raise exception ''late''; end'",
    )
    world.run(
        Role.OWNER,
        "create constraint trigger late after insert on ledger.outbox deferrable initially deferred for each row execute function ledger.fail()",
    )
    with pytest.raises(psycopg.Error):
        world.ask(accused)
    assert world.log() == []
    assert world.entries() == []


def test_after_a_failed_disclosure_the_connection_serves_the_next(world, accused):
    world.agree()

    async def twice() -> object:
        async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
            world.run(Role.OWNER, "alter table ledger.outbox add constraint late check (length(body) < 10) not valid")
            with pytest.raises(psycopg.errors.CheckViolation):
                await disclose(conn, request(accused), NOW, vocabulary=world.vocabulary)
            world.run(Role.OWNER, "alter table ledger.outbox drop constraint late")
            return await disclose(conn, request(accused), NOW, vocabulary=world.vocabulary)

    assert isinstance(asyncio.run(twice()), Disclosure)


def test_a_disclosure_inside_another_transaction_is_our_mistake(world, accused):
    world.agree()

    async def inside() -> None:
        async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn, conn.transaction():
            await disclose(conn, request(accused), NOW, vocabulary=world.vocabulary)

    with pytest.raises(RuntimeError, match="transaction of its own"):
        asyncio.run(inside())


def test_what_was_logged_cannot_be_changed_even_by_the_owner(world, accused):
    world.agree()
    world.ask(accused)
    for table in ("disclosure", "disclosure_subject"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            world.run(Role.OWNER, f"delete from gate.{table}")


def test_whom_the_rows_are_about_is_kept_with_the_clauses(world, accused):
    world.agree()
    answer = world.ask(accused)
    rows = world.run(Role.GATE, "select disclosure, source_person, clauses from gate.disclosure_subject")
    assert rows == [(answer.id, accused, [1, 2])]


# --- the statement ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asks", [Read(uuid4()), CaseRead("C-1"), Search(name="ann")])
def test_the_statement_is_compiled_once_and_is_one(world, vocabulary, asks):
    agreement = parse_agreement(agreement_text(), vocabulary)
    found = decide(request(asks), agreement, Standing(()), vocabulary, NOW)
    compiled = compile_verdict(found, asks, vocabulary)
    assert compile_verdict(found, asks, vocabulary) is compiled
    assert ";" not in compiled.sql
    assert set(re.findall(r"\$(\d+)", compiled.sql)) == {str(number + 1) for number in range(len(compiled.names))}


# --- sealed fields ---------------------------------------------------------------------------------------------------

SEALED = "  - {record: person, fields: {safe_contact: as-is, protected_address: area, national_number: present}}"


def sealed_person(world, **values):
    """A person row with values sealed as intake seals them."""
    source_person = world.person()
    wrapped, key = world.keyring.new_data_key(source_person, "police")
    columns = ["source_person", "agency", "epoch", "wrapped"]
    world.run(Role.INTAKE, f"insert into record.subject_key ({', '.join(columns)}) values (%s, %s, %s, %s)",
              *(getattr(wrapped, each) for each in columns))  # fmt: skip
    for name, value in values.items():
        sealed = seal(key, value.encode(), place("record.person", name, source_person), b"n" * 12)
        index = blind(world.keyring.blind_index, f"person.{name}", value)
        world.run(Role.INTAKE, f"update record.person set {name} = %s, {name}_blind = %s where record_id = %s",
                  sealed, index, source_person)  # fmt: skip
    return source_person


def test_a_sealed_field_is_opened_after_the_query_and_minimised_then(world):
    person = sealed_person(
        world, safe_contact="0123 456", protected_address="1 Hidden Row, Leeds LS1 4AB", national_number="AB1"
    )
    world.agree(about="everyone", release=SEALED)
    [row] = world.ask(person).rows["person"]
    assert dict(row.values) == {"safe_contact": "0123 456", "protected_address": "LS1", "national_number": True}


def test_a_sealed_field_may_decide_by_equality(world):
    person = sealed_person(world, safe_contact="0123 456")
    world.agree(about="person.safe_contact = '0123 456'", release=SEALED)
    assert isinstance(world.ask(person), Disclosure)
    assert isinstance(world.ask(sealed_person(world, safe_contact="0999")), Refusal)


def test_a_destroyed_key_leaves_nothing_to_open(world):
    person = sealed_person(world, safe_contact="0123 456")
    world.run(Role.INTAKE, "delete from record.subject_key")
    world.agree(about="everyone", release=SEALED)
    [row] = world.ask(person).rows["person"]
    assert row.values["safe_contact"] is None


def test_what_two_clauses_release_in_two_forms_is_no_disagreement(world):
    """A date of birth from the one agency, an age band from the other: of one person, and of one birth."""
    person = world.person(whose="suspect", birth_date=date(1971, 5, 19))
    world.person("court", human=person, whose="victim", birth_date=date(1971, 5, 19))
    world.agree(
        about="everyone",
        release="  - {record: person, of: suspect, fields: {birth_date: as-is}}\n"
        "  - {record: person, of: victim, fields: {birth_date: age-band}}",
    )
    answer = world.ask(person)
    assert {row.agency: dict(row.forms) for row in answer.rows["person"]} == {
        "police": {"birth_date": "as-is"},
        "court": {"birth_date": "age-band"},
    }
    assert [it.best.value for it in answer.view.fields] == [date(1971, 5, 19), "50-59"]
    assert answer.view.contradictions == ()


def test_what_a_destroyed_epoch_key_protected_is_erased_and_the_rest_is_read(world):
    person = sealed_person(world, safe_contact="0123 456")
    world.agree(about="everyone", release="  - {record: person, fields: {name: as-is, safe_contact: as-is}}")
    world.keyring = Keyring({2: b"f" * 32}, world.keyring.node)
    answer = world.ask(person)
    [row] = answer.rows["person"]
    assert row.values["safe_contact"] is None
    assert row.values["name"]
    assert [said.field for said in answer.view.fields] == ["name"]
    assert world.log() == [("disclosure", None, 1)]


def test_without_keys_an_agreement_that_opens_is_not_carried_out(world):
    person = sealed_person(world, safe_contact="0123 456")
    world.agree(about="everyone", release=SEALED)
    world.keyring = None
    with pytest.raises(RuntimeError, match="keys"):
        world.ask(person)
    assert world.log() == []
