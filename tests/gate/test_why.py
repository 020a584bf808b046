"""Why: what an explanation says is released is what the gate releases, and what it says would have to change does it."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.strategies import plain_fields

from comity.agreements import evaluate, parse_condition
from comity.agreements.consent import Answer, Recorded
from comity.agreements.meaning import columns
from comity.agreements.models import Act, Condition, Event
from comity.agreements.store import act_upon, record_consent
from comity.gate import CaseRead, Disclosure, Refusal, Requester, Search, reasons
from comity.gate.models import Extract, Request
from comity.gate.why import Explanation, Node, Onlooker, as_data, why, why_if, why_own, words
from comity.gate.why.data import digest_of
from comity.gate.why.models import LEAVES, Change, Kind, Match, Place, Scope, Seen, State
from comity.gate.why.reading import _statement
from comity.ledger.entry import Entry, commitment
from comity.record.seal import blind
from comity.store import Role

from .world import NOW, World, request

OVERSEER, OF_POLICE = Onlooker("dpo-1", "prosecution"), Onlooker("dpo-2", "police")


def on_gate(world: World, ask):
    async def run():
        async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
            return await ask(conn)

    return asyncio.run(run())


def explain(world: World, asking: Request, onlooker: Onlooker = OF_POLICE, now: datetime = NOW, **how) -> Explanation:
    node = Node(world.vocabulary, world.keyring, now, values=how.pop("values", True))
    return on_gate(world, lambda conn: why_if(conn, asking, onlooker, node, **how))


# --- what it says is released is what is released --------------------------------------------------------------------

WHOSE = ["suspect", "convicted", "victim", "witness"]
TERMS = {
    "everything": {
        "about": "everyone",
        "release": """
  - {record: person, of: [suspect, convicted, victim, witness], fields: {name: as-is, birth_date: year, address: withheld}}
  - {record: person, fields: {birth_date: age-band}}
  - {record: charge, where: "charge.severity = 'serious' or charge.spent", fields: {offence: as-is, severity: present}}
  - {record: charge, of: [victim, witness], fields: {offence: as-is}}
  - {record: involvement, of: [suspect, victim, witness], where: "not (involvement.role = 'witness')", fields: {role: as-is}}
  - {record: hearing, where: "not hearing.kind is null", fields: {kind: as-is, court: as-is}}
  - {record: case, fields: {case_number: as-is, closed_on: month}}
  - {record: incident, where: "exists (case of incident where case.case_number is null)", fields: {kind: as-is}}
  - {record: custody, fields: {received_on: year}}""",
    },
    "the-serious": {
        "about": "charge.severity = 'serious' and (charge.spent is null or not charge.spent)",
        "release": """
  - {record: person, fields: {name: as-is}}
  - {record: charge, where: "not exists (person of charge where person.birth_date > '1980-01-01')", fields: {offence: as-is}}
  - {record: order, fields: {kind: as-is}}""",
    },
    "at-court": {
        "about": "charge.severity in ('serious', 'minor') and not case.case_number = 'x' and exists (hearing)",
        "release": """
  - {record: hearing, of: [suspect, witness], fields: {kind: as-is}}
  - {record: involvement, fields: {role: as-is}}
  - {record: case, where: "exists (charge of case where charge.severity = 'serious')", fields: {case_number: as-is}}""",
    },
    "who-consents": {"about": "involvement.role = 'victim' and not incident.domestic", "consent": "asked"},
}  # fmt: skip

place = st.sampled_from([None, 0, 0, 1])
rows = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, None]),  # whose row: the person's, somebody else's, nobody's
        st.sampled_from(WHOSE),
        place,
        place,
        st.sampled_from(["charge", "charge", "involvement", "involvement", "hearing", "custody"]),
        st.sampled_from(["police", "court", "probation"]),
        st.sampled_from([None, "serious", "minor"]),
        st.sampled_from([None, True, False]),
    ),
    max_size=8,
)
#: Of each of two cases: from which incident, whose own, in whose books, with a number, and whether they share a reference.
books = st.tuples(place, place, st.sampled_from([None, 0, 1]), st.sampled_from([None, 0, 1]), st.booleans())


@contextmanager
def on_one_connection(world: World):
    """Insert on one connection what would take one each: half of the time went there."""
    store = world.store
    with store.connect(Role.INTAKE, autocommit=True) as conn:
        world.store = SimpleNamespace(connect=lambda _: nullcontext(conn))
        yield
        world.store = store


def fill(world: World, drawn, of_cases) -> UUID:
    """Insert two people with what was drawn; return the first."""
    people = [world.person(whose="suspect"), world.person("court", whose="victim", birth_date=date(1979, 5, 5))]
    world.person("court", human=people[0], birth_date=date(1990, 2, 1))
    incidents = [world.row("incident", kind="burglary", domestic=bool(number)) for number in range(2)]
    reference = str(uuid4())
    cases = [
        world.row("case", agency, None if owner is None else people[owner], case_number=number, incident=None if arose is None else incidents[arose],
                  common_reference=reference if of_cases[-1] else None)
        for agency, arose, owner, number in zip(("police", "court"), of_cases[:2], of_cases[2:4], ("C-1", None), strict=True)
    ]  # fmt: skip
    for who, whose, case, incident, kind, agency, severity, spent in drawn:
        said = {
            "charge": {"severity": severity, "spent": spent, "offence": "Theft"},
            "involvement": {"role": whose if whose in ("victim", "witness") else "suspect"},
            "hearing": {"kind": None if severity is None else "trial"},
            "custody": {"received_on": date(2025, 1, 1)},
        }[kind]
        if kind in ("charge", "involvement"):
            said["incident"] = None if incident is None else incidents[incident]
        case_id = None if case is None else cases[case]
        world.row(kind, agency, None if who is None else people[who], whose, case=case_id, **said)
    return people[0]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=rows, of_cases=books, terms=st.sampled_from(sorted(TERMS)), today=st.integers(0, 400))
def test_what_it_says_leaves_is_what_leaves(world: World, drawn, of_cases, terms, today):
    if not world.keys:
        for name, changes in TERMS.items():
            world.agree(name=name, until="2027-12-31", **changes)
    with on_one_connection(world):
        person = fill(world, drawn, of_cases)
    now = NOW + timedelta(days=today)
    said = explain(world, request(person, agreement=terms), now=now)
    answer = world.ask(person, now=now, agreement=terms)
    assert said.scope is Scope.LOOKED
    assert said.permitted
    assert (said.reason is None) is isinstance(answer, Disclosure)
    assert left(said) == (released(answer) if isinstance(answer, Disclosure) else {})
    if isinstance(answer, Refusal):
        [(reason,)] = world.run(Role.GATE, "select reason from gate.disclosure where id = %s", answer.id)
        assert said.reason.code == reason
    assert said.covered.covered is (said.reason in (None, reasons.NO_CONSENT))
    assert bool(said.covered.changes) is not said.covered.covered
    for row in said.rows:
        for clause in row.clauses:
            assert oracle(clause) is clause.leaves
            assert bool(clause.changes) is not clause.leaves


def oracle(clause) -> bool:
    """What the oracles beside the statement say: they give the reasons, so they must not differ from it."""
    return clause.place in LEAVES and clause.of_fits and (clause.where is None or clause.where.truth is True)


def left(said: Explanation) -> dict[UUID, dict[str, str]]:
    return {row.row.record_id: {field: min(forms.items(), key=lambda it: it[1])[0] for field, forms in row.fields.items()}
            for row in said.rows if row.fields}  # fmt: skip


def released(answer: Disclosure) -> dict[UUID, dict[str, str]]:
    return {row.record_id: dict(row.forms) for of in answer.rows.values() for row in of}


# --- what would have to change does it -------------------------------------------------------------------------------

wrong = st.fixed_dictionaries(
    {},
    optional={
        "purpose": st.sampled_from(["", "victim-safety", "research"]),
        "agency": st.sampled_from(["helpline", "police", ""]),
        "staff": st.sampled_from(["", " ", "a\nb"]),
        "role": st.sampled_from(["judge", "", "officer"]),
        "case_reference": st.sampled_from(["", "  ", "C" * 101]),
        "justification": st.sampled_from(["", "\t", "x" * 2_001]),
    },
)
MADE = {Kind.PURPOSE: "purpose", Kind.AGENCY: "agency", Kind.ROLE: "role"}


def asked_anew(said: Explanation, asking: dict[str, str]) -> dict[str, str]:
    """The request with every change made that the explanation names."""
    for change in (each for check in said.checks for each in check.changes):
        if change.kind in MADE:
            asking |= {MADE[change.kind]: change.to}
        elif change.kind is Kind.STAFF:
            asking |= {"staff": "staff-7"}
        else:
            assert change.kind is Kind.STATE
            stated = [change.to] if change.to else ["case_reference", "justification"]
            asking |= dict.fromkeys(stated, "C-1")
    return asking


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asking=wrong)
def test_a_request_that_is_changed_as_it_says_is_answered(world: World, asking):
    if not world.keys:
        world.agree(about="everyone", release="  - {record: person, fields: {name: as-is}}")
    person = world.person()
    said = explain(world, request(person, **asking))
    answer = world.ask(person, **asking)
    assert said.permitted is isinstance(answer, Disclosure)
    failed = [check for check in said.checks if check.state is State.FAILED]
    assert [check.reason for check in failed] == ([] if said.permitted else [answer.reason])
    assert isinstance(world.ask(person, **asked_anew(said, {**asking})), Disclosure)


FACTS = ["charge.severity = 'serious'", "charge.spent", "not charge.spent", "charge.offence != 'Theft'", "charge.severity is null",
         "charge.charged_on >= '2026-01-01'", "charge.charged_on within last 8 weeks", "charge.severity in ('minor', 'serious')",
         "not (charge.severity = 'minor' or charge.spent)", "charge.spent and (charge.offence = 'Arson' or charge.severity = 'minor')",
         "exists (case of charge where case.case_number = 'C-7')", "not exists (case of charge where not case.case_number = 'C-7')"]  # fmt: skip


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), about=st.booleans(), condition=st.sampled_from(FACTS))
def test_a_record_that_says_what_it_says_it_should_is_covered_or_leaves(
    world: World, vocabulary, data, about, condition
):
    name = f"fact-{FACTS.index(condition)}-{'about' if about else 'where'}"
    if name not in [row[0] for row in world.run(Role.GATE, "select name from agreements.agreement")]:
        where = {"about": condition} if about else {"about": "everyone", "release": f"""
  - {{record: charge, where: "{condition}", fields: {{offence: as-is}}}}"""}  # fmt: skip
        world.agree(name=name, **where)
    with on_one_connection(world):
        person = world.person()
        case = data.draw(
            st.sampled_from([None, world.row("case", case_number=data.draw(st.sampled_from([None, "C-7", "x"])))])
        )
        world.row("charge", person=person, case=case, severity=data.draw(st.sampled_from([None, "serious", "minor"])),
                  spent=data.draw(st.sampled_from([None, True, False])), offence=data.draw(st.sampled_from([None, "Theft", "Arson"])),
                  charged_on=data.draw(st.sampled_from([None, date(2025, 1, 1), date(2026, 6, 1)])))  # fmt: skip
    said = explain(world, request(person, agreement=name))
    changes = (
        said.covered.changes
        if about
        else [each for row in said.rows for clause in row.clauses for each in clause.changes]
    )
    if not changes:
        assert charges_left(world, person, name)
        return
    assert not charges_left(world, person, name)
    assert {change.kind for change in changes} == {Kind.FACT}
    assume(all(change.condition.startswith(("charge.", "not charge.", "case.", "not case.")) for change in changes))
    for change in changes:
        make_true(world, change, vocabulary)
    assert charges_left(world, person, name)


def charges_left(world: World, person: UUID, agreement: str) -> bool:
    answer = world.ask(person, agreement=agreement)
    return isinstance(answer, Disclosure) and "charge" in answer.rows


def make_true(world: World, change: Change, vocabulary) -> None:
    """Write into the record a value with which what was named is so."""
    record = change.condition.removeprefix("not ").partition(".")[0]
    condition: Condition = parse_condition(change.condition, vocabulary)
    [field] = {column.field for column in columns(condition)}
    [found] = [it for it in plain_fields(record, vocabulary) if it.name == field]
    candidates = [None, "C-7", "Arson", "serious", "minor", True, False, date(2026, 6, 1), date(2025, 1, 1), "other"]
    kinds = {"text": str, "code": str, "boolean": bool, "date": date}
    value = next(
        it for it in candidates
        if (it is None or isinstance(it, kinds[found.type.value])) and evaluate(condition, {record: {field: it}}, NOW) is True
    )  # fmt: skip
    world.run(Role.INTAKE, f'update record."{record}" set {field} = %s where record_id = %s', value, change.row)


# --- each change, tried ----------------------------------------------------------------------------------------------


def changes(said: Explanation) -> list[Change]:
    return [
        *(each for check in said.checks for each in check.changes),
        *(said.covered.changes if said.covered else ()),
        *(said.consent.changes if said.consent else ()),
    ]


def test_an_agreement_that_does_not_say_whose_is_told_what_to_say_and_then_releases_it(world, accused):
    case = world.row("case", case_number="C-1")
    world.row("charge", person=accused, case=case, severity="serious")
    victim = world.person(name="Vera Victim", whose="victim")
    world.row("involvement", person=victim, whose="victim", case=case, role="victim")
    world.agree(
        release="  - {record: person, fields: {name: as-is}}\n  - {record: involvement, of: suspect, fields: {role: as-is}}"
    )
    said = explain(world, request(accused))
    [hers] = [row for row in said.rows if row.row.record_id == victim]
    [change] = hers.clauses[0].changes
    assert (hers.clauses[0].place, change.kind, change.to) == (Place.NOT_SAID_WHOSE, Kind.OF, "victim")
    [role] = [row for row in said.rows if row.row.record == "involvement"]
    assert [(it.kind, it.to) for it in role.clauses[0].changes] == [(Kind.OF, "victim")]
    world.agree(version=2, release="  - {record: person, of: [suspect, victim], fields: {name: as-is}}\n"
                "  - {record: involvement, of: [suspect, victim], fields: {role: as-is}}")  # fmt: skip
    assert {victim, role.row.record_id} <= released(world.ask(accused)).keys()
    assert left(explain(world, request(accused))) == released(world.ask(accused))


def test_a_field_that_no_clause_lets_out_is_told_so_and_leaves_once_one_names_it(world, accused):
    world.agree(release="  - {record: person, fields: {name: as-is, phone: withheld, police_number: pseudonym}}")
    said = explain(world, request(accused))
    of = {(it.record, it.field): it for it in said.fields}
    assert of["person", "name"].label.en == "By clause 1: as it is. Of 1 of 1 rows."
    assert not of["person", "name"].changes
    assert "Clause 1: the agreement withholds this." in of["person", "phone"].label.en
    assert not of["person", "police_number"].changes
    assert of["charge", "offence"].label == reasons.NOT_NAMED.label
    assert of["charge", "offence"].changes[0].kind is Kind.CLAUSE
    assert {record for record, _ in of} == set(world.vocabulary.record_types)
    world.agree(
        version=2,
        release="  - {record: charge, fields: {offence: as-is}}\n  - {record: person, fields: {phone: as-is}}",
    )
    assert {"offence", "phone"} <= {name for forms in released(world.ask(accused)).values() for name in forms}


def test_a_fellow_is_told_as_one_and_nothing_would_change_it(world, accused):
    case = world.row("case", case_number="C-1")
    fellow = world.person(name="Fred Fellow")
    for person in (accused, fellow):
        world.row("charge", person=person, case=case, severity="serious")
    world.row("hearing", person=fellow, case=case)
    world.row("case", "court", fellow, common_reference="R")
    world.agree(release="  - {record: charge, fields: {offence: as-is}}\n  - {record: hearing, fields: {kind: as-is}}")
    said = explain(world, request(accused))
    theirs = {row.row.record: clause for row in said.rows for clause in row.clauses if not clause.leaves}
    assert {record: clause.place for record, clause in theirs.items()} == {
        "charge": Place.FELLOW,
        "hearing": Place.FELLOWS_HEARING,
    }
    assert {each.kind for clause in theirs.values() for each in clause.changes} == {Kind.NOTHING}


def test_a_person_who_did_not_consent_is_told_to_be_asked(world, accused):
    world.agree(consent="required")
    said = explain(world, request(accused))
    assert (said.reason, said.covered.covered, said.rows) == (reasons.NO_CONSENT, True, ())
    assert [it.kind for it in changes(said)] == [Kind.CONSENT]
    with world.store.connect(Role.GOVERNANCE) as conn:
        record_consent(conn, "charging", accused, Recorded(Answer.GIVEN, "police", "s", NOW), world.vocabulary)
    assert isinstance(world.ask(accused), Disclosure)
    assert explain(world, request(accused)).consent.answer is Answer.GIVEN


def test_a_person_of_whom_nothing_is_held_lacks_a_record(world, accused):
    world.agree()
    nobody, uncharged = explain(world, request(uuid4())), explain(world, request(world.person()))
    assert (nobody.reason, uncharged.reason) == (reasons.UNKNOWN_SUBJECT, reasons.NOT_COVERED)
    assert uncharged.covered.lacking == ("charge",)
    assert [(it.kind, it.to) for it in (*changes(nobody), *changes(uncharged))] == [
        (Kind.RECORD, ""),
        (Kind.RECORD, "charge"),
    ]


def test_records_that_do_not_refer_to_one_another_are_told_which_should(world):
    person = world.person()
    world.row("charge", person=person, severity="serious")
    world.row("case", person=person, case_number="C-1")
    world.agree(about="charge.severity = 'serious' and case.case_number = 'C-1'")
    [change] = explain(world, request(person)).covered.changes
    assert (change.kind, change.label.en) == (Kind.RECORD, "The charge would have to name the case.")


def test_a_sealed_text_is_compared_and_never_told(world, accused):
    text = "refuge"
    index = blind(world.keyring.blind_index, "person.safe_contact", text)
    world.run(Role.INTAKE, "update record.person set safe_contact = 'sealed', safe_contact_blind = %s", index)
    world.agree(about="person.safe_contact = 'refuge'", release="  - {record: person, fields: {safe_contact: as-is}}")
    said = explain(world, request(accused))
    assert (said.covered.part.truth, said.covered.part.seen, said.covered.part.value) == (True, Seen.THERE, None)
    [row] = [row for row in said.rows if row.row.record == "person"]
    assert (row.closed, dict(row.fields["safe_contact"])) == (("safe_contact",), {"as-is": 1})  # no key was ever made
    assert [it.kind for it in row.changes] == [Kind.KEY]
    world.run(Role.INTAKE, "update record.person set safe_contact_blind = '\\x00'")
    [change] = explain(world, request(accused)).covered.changes
    assert change.condition == "person.safe_contact = 'refuge'"


@pytest.mark.parametrize(
    ("act", "days", "kind"),
    [(None, -400, "not-yet"), (None, 400, "expired"), (Act.SUSPEND, 0, "suspended"), (Act.REVOKE, 0, "revoked")],
)
def test_an_agreement_that_is_not_in_force_is_told_what_it_takes(world, accused, act, days, kind):
    world.agree()
    if act:
        with world.store.connect(Role.GOVERNANCE) as conn:
            act_upon(conn, "charging", 1, Event(act, "police", NOW), by="s", reason="r")
    said = explain(world, request(accused), on=NOW.date() + timedelta(days=days))
    assert said.checks[2].state is State.FAILED
    assert {it.kind for it in said.checks[2].changes} == {Kind.IN_FORCE}
    assert kind in {it.to for it in said.checks[2].changes}
    assert [check.state for check in said.checks[3:]] == [State.NOT_REACHED] * 8
    assert explain(world, request(accused), on=date(2026, 6, 20)).permitted is (act is None)


def test_what_was_signed_or_done_after_a_day_is_not_yet_on_it(world, accused):
    world.agree()
    with world.store.connect(Role.GOVERNANCE) as conn:
        later = Event(Act.REVOKE, "police", NOW + timedelta(days=5))
        act_upon(conn, "charging", 1, later, by="s", reason="r")
    now = NOW + timedelta(days=9)
    assert explain(world, request(accused), now=now, on=(NOW + timedelta(days=2)).date()).permitted
    assert not explain(world, request(accused), now=now, on=(NOW + timedelta(days=6)).date()).permitted


# --- the past --------------------------------------------------------------------------------------------------------


def of(world: World, identity: UUID, onlooker: Onlooker = OVERSEER, now: datetime = NOW + timedelta(hours=1)):
    return on_gate(world, lambda conn: why(conn, identity, onlooker, Node(world.vocabulary, world.keyring, now)))


def test_a_past_disclosure_says_whether_the_same_would_leave_and_what_changed(world, accused):
    world.agree()
    answer = world.ask(accused)
    said = of(world, answer.id)
    assert (said.past.kind, said.past.rows, said.past.match, said.permitted) == ("disclosure", 2, Match.SAME, True)
    assert dict(said.past.subjects) == {1: 1, 2: 1}
    assert left(said) == released(answer)
    world.run(Role.INTAKE, "update record.charge set offence = 'Arson', received_at = %s", NOW + timedelta(minutes=5))
    with world.store.connect(Role.GOVERNANCE) as conn:
        act_upon(conn, "charging", 1, Event(Act.REVOKE, "police", NOW), by="s", reason="r")
    since = of(world, answer.id)
    assert (since.past.match, since.permitted) == (Match.OTHER, True)  # it was in force then, whatever it is now
    assert [it.en for it in since.past.since] == [
        "Version 1 is not in force today. Revoked by police.",
        "Of the rows that are told of here, 1 came or changed after it.",
    ]


def test_the_age_on_the_day_of_the_request_counts(world):
    person = world.person(birth_date=date(1990, 6, 20))
    world.row("charge", person=person, severity="serious")
    world.agree(release="  - {record: person, fields: {birth_date: age-band}}", until="2046-12-31")
    answer = world.ask(person)
    assert of(world, answer.id, now=NOW + timedelta(days=5_000)).past.match is Match.SAME


@pytest.mark.parametrize(
    "asking", [{"purpose": "research"}, {"role": "judge"}, {"agency": "court"}, {"case_reference": ""}]
)
def test_a_past_refusal_has_the_reason_that_the_log_keeps(world, accused, asking):
    world.agree()
    refusal = world.ask(accused, **asking)
    said = of(world, refusal.id, OF_POLICE)
    assert (said.reason, said.past.reason, said.past.match) == (refusal.reason, refusal.reason, Match.UNKNOWN)
    assert isinstance(world.ask(accused, **asked_anew(said, {**asking})), Disclosure)


def test_a_past_refusal_because_it_was_not_in_force_keeps_its_reasons(world, accused):
    world.agree(until="2026-12-01")
    refusal = world.ask(accused, now=NOW + timedelta(days=200))
    said = of(world, refusal.id, now=NOW + timedelta(days=201))
    assert said.reason.code == "not-in-force:expired"
    assert [it.to for it in said.checks[2].changes] == ["expired"]


def test_a_person_who_is_covered_since_is_told_so(world):
    world.agree()
    person = world.person()
    refusal = world.ask(person)
    assert of(world, refusal.id).reason == reasons.NOT_COVERED
    world.row("charge", person=person, severity="serious")
    said = of(world, refusal.id)
    assert (said.reason, said.past.reason) == (None, reasons.NOT_COVERED)
    assert words.OTHERWISE_NOW in said.past.since


@pytest.mark.parametrize(
    "asks", [CaseRead("C-1"), Search(name="Ann"), Search(birth_date=date(1987, 3, 2), number="12")]
)
def test_of_a_search_or_a_case_no_record_is_looked_at(world, accused, asks):
    world.agree(
        release="  - {record: person, fields: {name: as-is, birth_date: as-is}}\n  - {record: charge, fields: {offence: as-is}}"
    )
    answer = world.ask(asks)
    said = of(world, answer.id)
    assert (said.scope, said.covered, said.rows) == (Scope.NOT_ONE_PERSON, None, ())
    assert (said.reason and said.reason.code) == (None if isinstance(answer, Disclosure) else reasons.UNKNOWN_SUBJECT.code
                                                   if isinstance(asks, CaseRead) else "criterion-not-released")  # fmt: skip


def test_a_request_under_no_agreement_is_explained_as_that(world, accused):
    world.agree()
    said = of(world, world.ask(accused, agreement="nothing").id)
    assert (said.scope, said.reason, said.checks) == (Scope.NO_AGREEMENT, reasons.UNKNOWN_AGREEMENT, ())


# --- who sees what ---------------------------------------------------------------------------------------------------


def test_values_are_told_only_as_they_leave(world, accused):
    world.agree(about="charge.severity = 'serious' and person.birth_date < '2000-01-01' and charge.offence = 'Burglary'",
                release="  - {record: person, fields: {birth_date: year}}\n  - {record: charge, fields: {offence: as-is}}")  # fmt: skip
    said = explain(world, request(accused))
    told = {it.label.en.partition(" (")[0]: (it.seen, it.form, it.value) for it in said.covered.part.parts}
    assert told == {
        "severity": (Seen.THERE, "", None),
        "date of birth": (Seen.SHOWN, "year", "1987"),
        "offence": (Seen.SHOWN, "as-is", "Burglary"),
    }
    for without in (
        explain(world, request(accused), values=False),
        explain(world, request(accused, role="judge")),
        explain(world, request(accused), on=date(2026, 6, 16)),
    ):
        assert {it.seen for it in without.covered.part.parts} == {Seen.THERE}
        assert "1987" not in json.dumps(as_data(without))


def test_of_whoever_is_not_covered_no_value_is_told_to_anybody(world):
    person = world.person(name="Wilma Withheld", birth_date=date(1987, 3, 2))
    world.row("charge", person=person, severity="minor", offence="Burglary")
    world.agree(about="charge.severity = 'serious' and person.birth_date < '2000-01-01'")
    told = json.dumps(as_data(explain(world, request(person), OVERSEER)))
    assert not [text for text in ("Wilma", "1987", "Burglary", "minor") if text in told]


@pytest.mark.parametrize(
    ("onlooker", "agency", "scope"),
    [
        (Onlooker("operator"), "prosecution", Scope.LOOKED),
        (Onlooker("dpo", "court"), "prosecution", Scope.LOOKED),  # of a provider
        (Onlooker("dpo", "prosecution"), "prosecution", Scope.LOOKED),  # of the recipient that would ask
        (Onlooker("dpo", "prosecution"), "helpline", None),
        (Onlooker("dpo", "helpline"), "helpline", Scope.NOT_YOURS),  # nobody looks by supposing that they may
        (Onlooker("dpo", "helpline"), "prosecution", None),
    ],
)
def test_who_oversees_neither_side_sees_nothing(world, accused, onlooker, agency, scope):
    world.agree()
    said = explain(world, request(accused, agency=agency), onlooker)
    assert (said and said.scope) == scope
    logged = of(world, world.ask(accused, agency=agency).id, onlooker)
    assert (logged and logged.scope) == scope
    if scope is not Scope.LOOKED:
        assert not said or (said.covered, said.rows) == (None, ())


@pytest.mark.parametrize("signed", [True, False])
def test_a_recipient_supposes_nothing_under_what_is_not_in_force(world, accused, signed):
    world.agree(signed=signed, until="2026-12-01")
    after = NOW + timedelta(days=200)
    of_recipient, of_provider = (explain(world, request(accused), it, now=after) for it in (OVERSEER, OF_POLICE))
    assert of_recipient.scope is (Scope.NOT_YOURS if signed else Scope.NOT_SIGNED)
    assert of_provider.scope is (Scope.LOOKED if signed else Scope.NOT_SIGNED)
    then = explain(world, request(accused), OVERSEER, now=after, on=NOW.date())
    assert (then.scope, then.permitted) == (of_recipient.scope, signed)


def test_no_record_of_another_agency_is_looked_at(world, accused):
    world.row("charge", "probation", accused, severity="serious")
    world.person("probation", human=accused)
    world.agree()
    said = explain(world, request(accused))
    assert {row.row.agency for row in said.rows} == {"police"}
    assert "police and court" in said.notes[-1].en


def test_that_it_was_asked_is_an_entry_before_anything_is_told(world, accused):
    world.agree()
    said = explain(world, request(accused), OVERSEER)
    [(identity, what, person, by, digest, salt)] = world.run(
        Role.GATE, "select id, what, person, by, digest, salt from gate.consultation"
    )
    assert (identity, what, person, by) == (said.id, "why", accused, "dpo-1")
    assert digest == digest_of(said)
    bodies = [bytes(row[0]) for row in world.run(Role.LEDGER, "select body from ledger.outbox")]
    [entry] = [it for it in map(Entry.decode, bodies) if it.id == identity]
    assert (entry.kind, entry.context, entry.commitment) == ("consultation", {"act": "why"}, commitment(salt, digest))


def test_what_cannot_be_remembered_is_not_told(world, accused):
    world.agree()
    world.run(Role.OWNER, "revoke insert on gate.consultation from comity_gate")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        explain(world, request(accused))


def test_a_requester_learns_the_same_of_whoever_is_absent_uncovered_or_not_asked(world, accused):
    world.agree(consent="required")
    mine = Requester("prosecution", "staff-7", "prosecutor")
    told = []
    for person in (uuid4(), world.person(), accused):
        refusal = world.ask(person)
        said = on_gate(world, lambda conn, it=refusal.id: why_own(conn, it, mine, Node(world.vocabulary, None, NOW)))
        told.append(replace(said, id=refusal.id, asked=replace(said.asked, person=None)))
        assert said.reason == refusal.reason == reasons.NOTHING_TO_SHOW
    assert len({json.dumps(as_data(replace(it, id=None)), sort_keys=True) for it in told}) == 1
    assert {check.state for check in told[0].checks} == {State.PASSED}
    theirs = on_gate(world, lambda conn: why_own(conn, told[0].id, replace(mine, person="staff-8"), Node(world.vocabulary, None, NOW)))  # fmt: skip
    assert theirs is None
    assert world.run(Role.GATE, "select distinct what, person from gate.consultation") == [("why", None)]


def test_it_reads_by_indexes_and_only_what_belongs_to_the_person(world, accused):
    """Of the rows of others that are there, none is read."""
    with on_one_connection(world):
        for _ in range(5):
            other = world.person()
            world.row("charge", person=other, severity="serious", case=world.row("case", person=other))
    world.agree()
    assert {row.row.record_id for row in explain(world, request(accused)).rows} == released(world.ask(accused)).keys()
    statement = _statement("charge", ("record_id",), "source_person", "uuid[]")
    with world.store.connect(Role.GATE) as conn:
        conn.execute("set enable_seqscan = off")
        plan = conn.execute(f"explain {statement}", {"providers": ["police"], "keys": [accused]}).fetchall()
    assert "charge_source_person_idx" in str(plan)


@pytest.mark.parametrize("names", [Kind, Place, Scope, State, Match, Seen])
def test_the_reference_names_each_thing_that_an_explanation_may_say(names):
    text = (Path(__file__).parents[2] / "docs" / "reference" / "why.md").read_text()
    assert [it.value for it in names if it.value and f"`{it.value}`" not in text] == []


def test_of_an_act_that_the_gate_did_not_know_or_that_is_closed_the_checks_say_so(world, accused):
    world.agree()
    extract, unheard_of = (of(world, world.ask(asks).id) for asks in (Extract(), SimpleNamespace(act="guess")))
    assert (extract.reason, changes(extract)[0].to) == (reasons.EXTRACT_CLOSED, "extract")
    assert (unheard_of.reason, changes(unheard_of)[0].kind) == (reasons.UNKNOWN_ACT, Kind.ASK)
    assert [check.state for check in unheard_of.checks[1:]] == [State.NOT_REACHED] * 10
