"""The rules of :mod:`comity.gate.decide`, in their order, as a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from types import SimpleNamespace
from uuid import uuid4

import pytest

from comity.agreements import Agreement
from comity.agreements.models import FieldRelease, Reason, Release, Standing, Why
from comity.agreements.parse import parse_agreement
from comity.gate import Read, Search, reasons
from comity.gate.compile import compile_verdict
from comity.gate.decide import MAX_CASE_REFERENCE, MAX_JUSTIFICATION, NOT_CHECKED, decide
from comity.gate.errors import EmptySearchError, GateError, UncompilableError
from comity.gate.models import Act, CaseRead, Permitted, Refused
from comity.gate.models import Reason as GateReason
from comity.vocabulary import Label

from .world import NOW, agreement_text, request

IN_FORCE = Standing(())


@pytest.fixture
def agreement(vocabulary):
    return parse_agreement(agreement_text(), vocabulary)


def verdict(agreement, vocabulary, asks=None, standing=IN_FORCE, **changes):
    return decide(request(asks or uuid4(), **changes), agreement, standing, vocabulary, NOW)


def test_what_the_agreement_is_for_is_permitted(agreement, vocabulary):
    found = verdict(agreement, vocabulary)
    assert found.permitted
    assert found.of("person", "name") == (Permitted("as-is", 1),)
    assert found.of("person", "birth_date") == (Permitted("year", 1),)
    assert found.of("person", "address") == (Refused(reasons.NOT_NAMED),)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"asks": SimpleNamespace(act="everything")}, reasons.UNKNOWN_ACT),
        ({"asks": SimpleNamespace()}, reasons.UNKNOWN_ACT),
        ({"purpose": ""}, reasons.NO_PURPOSE),
        ({"purpose": " \t"}, reasons.NO_PURPOSE),
        ({"purpose": "statistics"}, reasons.OTHER_PURPOSE),
        ({"purpose": "charging-decision"}, reasons.OTHER_PURPOSE),  # narrower
        ({"purpose": "criminal-justice"}, reasons.OTHER_PURPOSE),  # broader
        ({"purpose": "prosecution "}, reasons.OTHER_PURPOSE),
        ({"staff": ""}, reasons.NO_REQUESTER),
        ({"staff": " "}, reasons.NO_REQUESTER),
        ({"staff": "x" * 101}, reasons.NO_REQUESTER),
        ({"staff": "a\nb"}, reasons.NO_REQUESTER),
        ({"agency": "police"}, reasons.NOT_A_RECIPIENT),  # a provider is not a recipient
        ({"agency": ""}, reasons.NOT_A_RECIPIENT),
        ({"agency": "Prosecution"}, reasons.NOT_A_RECIPIENT),
        ({"role": "judge"}, reasons.ROLE_NOT_LISTED),
        ({"role": ""}, reasons.ROLE_NOT_LISTED),
        ({"case_reference": ""}, reasons.NO_CASE_REFERENCE),
        ({"case_reference": " \u2003 "}, reasons.NO_CASE_REFERENCE),
        ({"case_reference": "1" * (MAX_CASE_REFERENCE + 1)}, reasons.UNUSABLE_TEXT),
        ({"case_reference": "C-1\nC-2"}, reasons.UNUSABLE_TEXT),
        ({"case_reference": "C-1\x00"}, reasons.UNUSABLE_TEXT),
        ({"case_reference": "C\u202e1"}, reasons.UNUSABLE_TEXT),
        ({"justification": ""}, reasons.NO_JUSTIFICATION),
        ({"justification": "\n\n"}, reasons.NO_JUSTIFICATION),
        ({"justification": "because " * MAX_JUSTIFICATION}, reasons.UNUSABLE_TEXT),
        ({"justification": "because\x1b[2J"}, reasons.UNUSABLE_TEXT),
        ({"justification": "\ud800"}, reasons.UNUSABLE_TEXT),
        ({"justification": "for two reasons:\x0bthis and that"}, reasons.UNUSABLE_TEXT),
        ({"justification": "for two reasons:\u2028this and that"}, reasons.UNUSABLE_TEXT),
        ({"justification": "for two reasons:\n\tthis and that"}, None),
        ({"justification": "for two reasons:\r\n\tthis and that"}, None),
    ],
)
def test_a_request_is_refused_for_the_first_rule_that_fails(agreement, vocabulary, changes, reason):
    found = verdict(agreement, vocabulary, **changes)
    assert found.refusal == reason
    assert bool(found.clauses) is (reason is None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"channels": ("notify", "extract")}, reasons.CHANNEL_CLOSED),
        ({"channels": ("search",)}, reasons.CHANNEL_CLOSED),
        ({"channels": ()}, reasons.CHANNEL_CLOSED),
        ({"consent": "presumed"}, reasons.UNKNOWN_CONSENT),
        ({"consent": ""}, reasons.UNKNOWN_CONSENT),
        ({"releases": ()}, reasons.NOTHING_RELEASED),
        ({"recipients": ()}, reasons.NOT_A_RECIPIENT),
    ],
)
def test_an_agreement_that_does_not_say_yes_says_no(agreement, vocabulary, changes, reason):
    assert verdict(replace(agreement, **changes), vocabulary).refusal == reason


@pytest.mark.parametrize(
    ("channels", "refusal"),
    [
        (("read",), reasons.SEARCH_CLOSED),
        (("read", "notify", "extract"), reasons.SEARCH_CLOSED),
        ((), reasons.SEARCH_CLOSED),
        (("search",), None),
        (("read", "search"), None),
    ],
)
def test_who_may_read_may_not_therefore_search(agreement, vocabulary, channels, refusal):
    found = verdict(replace(agreement, channels=channels), vocabulary, asks=Search(name="ann"))
    assert found.refusal == refusal


def test_a_demand_that_the_gate_does_not_know_refuses(agreement, vocabulary):
    demanding = replace(agreement, requesters=replace(agreement.requesters, must_state=("warrant",)))
    assert verdict(demanding, vocabulary).refusal == reasons.UNKNOWN_STATEMENT


def test_what_is_not_demanded_is_still_bounded(agreement, vocabulary):
    easy = replace(agreement, requesters=replace(agreement.requesters, must_state=()))
    assert verdict(easy, vocabulary, case_reference="", justification="").permitted
    assert verdict(easy, vocabulary, case_reference="\x00").refusal == reasons.UNUSABLE_TEXT


def test_an_agreement_not_in_force_is_refused_with_each_reason(agreement, vocabulary):
    why = (
        Reason(Why.EXPIRED, Label("Expired.", "Verlopen.")),
        Reason(Why.UNSIGNED, Label("Unsigned.", "Niet getekend.")),
    )
    found = verdict(agreement, vocabulary, standing=Standing(why))
    assert found.refusal is not None
    assert found.refusal.code == "not-in-force:expired,unsigned"
    assert found.refusal.label.en.endswith("Expired. Unsigned.")
    assert reasons.public(found.refusal) == found.refusal


def releasing(agreement, record="person", **fields):
    forms = tuple(FieldRelease(name, minimiser) for name, minimiser in fields.items())
    return replace(agreement, releases=(Release(1, record, (), None, forms),))


@pytest.mark.parametrize(
    ("record", "field", "minimiser", "reason"),
    [
        ("person", "name", "withheld", reasons.WITHHELD),
        ("person", "name", "hashed", reasons.UNKNOWN_MINIMISER),
        ("person", "name", "year", reasons.UNFIT_MINIMISER),
        ("person", "shoe_size", "as-is", reasons.UNKNOWN_FIELD),
        ("horse", "name", "as-is", reasons.UNKNOWN_RECORD),
    ],
)
def test_a_field_that_cannot_be_given_is_refused_by_name(agreement, vocabulary, record, field, minimiser, reason):
    found = verdict(releasing(agreement, record, **{field: minimiser}), vocabulary)
    assert found.of(record, field) == (Refused(reason, 1),)
    assert found.refusal == reasons.NOTHING_RELEASED
    with pytest.raises(UncompilableError):
        compile_verdict(found, Read(uuid4()), vocabulary)


def test_every_field_of_the_vocabulary_has_a_finding_and_what_is_withheld_a_reason(agreement, vocabulary):
    found = verdict(agreement, vocabulary)
    for name, record_type in vocabulary.record_types.items():
        assert [field.name for field in record_type.fields] == list(found.findings[name])
    withheld = {(each.record, each.field) for each in found.withheld}
    assert ("person", "address") in withheld
    assert ("person", "name") not in withheld
    assert all(each.reason.label.en and each.reason.label.nl for each in found.withheld)


@pytest.mark.parametrize(
    ("fields", "search", "permitted"),
    [
        ({"name": "as-is"}, Search(name="ann"), True),
        ({"alias_names": "as-is"}, Search(name="ann"), True),
        ({"name": "initials"}, Search(name="ann"), False),
        ({"name": "as-is"}, Search(birth_date=date(1987, 3, 2)), False),
        ({"name": "as-is", "birth_date": "year"}, Search(name="ann", birth_date=date(1987, 3, 2)), False),
        ({"name": "as-is", "birth_date": "as-is"}, Search(name="ann", birth_date=date(1987, 3, 2)), True),
        ({"police_number": "as-is"}, Search(number="P12"), True),
        ({"national_number": "as-is"}, Search(number="P12"), False),  # sealed
    ],
)
def test_a_search_looks_only_by_what_is_released_as_it_is(agreement, vocabulary, fields, search, permitted):
    found = verdict(releasing(agreement, **fields), vocabulary, asks=search)
    assert found.refusal == (None if permitted else reasons.CRITERION_NOT_RELEASED)


def test_criteria_that_two_clauses_release_apart_cannot_be_searched_together(agreement, vocabulary):
    apart = tuple(
        Release(number, "person", (of,), None, (FieldRelease(field, "as-is"),))
        for number, of, field in ((1, "suspect", "name"), (2, "victim", "birth_date"))
    )
    found = verdict(
        replace(agreement, releases=apart), vocabulary, asks=Search(name="ann", birth_date=date(1987, 3, 2))
    )
    assert found.refusal == reasons.CRITERION_NOT_RELEASED


def test_the_same_question_has_the_same_verdict(agreement, vocabulary):
    asked = request(uuid4())
    assert decide(asked, agreement, IN_FORCE, vocabulary, NOW) == decide(asked, agreement, IN_FORCE, vocabulary, NOW)


def test_a_moment_without_its_zone_is_our_mistake(agreement, vocabulary):
    with pytest.raises(RuntimeError, match="zone"):
        decide(request(uuid4()), agreement, IN_FORCE, vocabulary, datetime(2026, 6, 15))


def test_every_part_of_an_agreement_is_checked_here_or_said_to_be_elsewhere():
    checked = {"purpose", "in_force", "recipients", "requesters", "channels", "consent", "releases", "assessment"}
    described = {"name", "version", "title", "jurisdiction", "providers"}
    parts = set(Agreement.__dataclass_fields__)
    assert parts == checked | described | (NOT_CHECKED.keys() - {"where"})


@pytest.mark.parametrize("name", ["", " ", "a", "é", "a b", "J. P.", "a-b", "de l", "\x00\x00", "a\nb", "x" * 201])
def test_a_search_without_sense_cannot_be_put(name):
    with pytest.raises(GateError):
        Search(name=name)


@pytest.mark.parametrize("name", ["li", "J. Li", "a bc", "van", "O'B"])
def test_two_letters_of_one_word_are_enough_to_search_by(name):
    assert Search(name=name).name == name


def test_an_empty_search_says_what_to_give():
    with pytest.raises(EmptySearchError, match="name"):
        Search()


def test_a_case_without_a_number_cannot_be_put():
    with pytest.raises(GateError, match="case number"):
        CaseRead(" ")


def test_acts_are_enumerated_once():
    assert {Read.__name__: Read(uuid4()).act, "CaseRead": CaseRead("C").act, "Search": Search(name="ann").act} == {
        "Read": Act.READ,
        "CaseRead": Act.CASE,
        "Search": Act.SEARCH,
    }


def test_a_reason_reads_in_both_languages():
    every = [each for each in vars(reasons).values() if isinstance(each, GateReason)]
    assert len(every) > 20
    assert all(text.endswith(".") for each in every for text in (each.label.en, each.label.nl))


def test_the_requester_reads_one_reason_for_absent_uncovered_and_unknown():
    hidden = (reasons.UNKNOWN_AGREEMENT, reasons.UNKNOWN_SUBJECT, reasons.NOT_COVERED)
    assert {reasons.public(each) for each in hidden} == {reasons.NOTHING_TO_SHOW}


def test_a_justification_is_in_no_representation():
    assert "to decide" not in repr(request(uuid4()))
