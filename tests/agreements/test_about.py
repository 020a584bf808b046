"""Whom an `about` covers: the records that must be there, whose, and how they must refer to one another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from comity.agreements import covers, parse_condition
from comity.agreements.meaning import Held, Join, joins, records_named
from comity.agreements.related import SHARED
from comity.vocabulary import Vocabulary

NOW = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
ANNA, BERT, STRANGER = UUID(int=1), UUID(int=2), UUID(int=3)
HIGH, LOW, CASE, OTHER_CASE, HEARING = (UUID(int=n) for n in range(100, 105))

MARAC = "involvement.role = 'victim' and incident.risk_score >= 14"


def held(vocabulary: Vocabulary, record: str, number: int | UUID, person: UUID | None, **values: object) -> Held:
    row = dict.fromkeys((field.name for field in vocabulary.record_type(record).fields), None) | values
    return Held(record, number if isinstance(number, UUID) else UUID(int=number), person, row)


@pytest.fixture
def chain(vocabulary: Vocabulary) -> list[Held]:
    """Anna is the victim and Bert the suspect of an incident at high risk; in a minor one it is the other way round."""
    make = held
    return [
        make(vocabulary, "incident", HIGH, BERT, risk_score=20),
        make(vocabulary, "incident", LOW, None, risk_score=3),
        make(vocabulary, "involvement", 10, ANNA, incident=HIGH, role="victim"),
        make(vocabulary, "involvement", 11, BERT, incident=HIGH, role="suspect"),
        make(vocabulary, "involvement", 12, BERT, incident=LOW, role="victim"),
        make(vocabulary, "involvement", 13, ANNA, incident=LOW, role="suspect"),
        make(vocabulary, "case", CASE, None, incident=HIGH, stage="trial"),
        make(vocabulary, "charge", 20, BERT, case=CASE, severity="serious"),
        make(vocabulary, "hearing", HEARING, None, case=CASE, starts_on=date(2026, 4, 1)),
    ]


# condition, the person, whether the person is covered
COVERED = [
    (MARAC, ANNA, True),
    (MARAC, BERT, False),  # victim in one incident, high risk in another: not the same incident
    ("involvement.role = 'suspect' and incident.risk_score >= 14", BERT, True),
    ("involvement.role = 'victim'", BERT, True),
    ("incident.risk_score >= 14", ANNA, True),  # through her involvement
    ("incident.risk_score >= 14", BERT, True),
    ("incident.risk_score >= 14", STRANGER, False),
    ("hearing.starts_on within 8 weeks", BERT, True),  # through his charge's case
    ("hearing.starts_on within 2 weeks", BERT, False),
    ("hearing.starts_on within 8 weeks", ANNA, False),  # no record of hers refers to the case
    ("charge.severity = 'serious'", BERT, True),
    ("charge.severity = 'serious'", ANNA, False),  # a charge is one person's, whatever case it is in
    ("charge.case = hearing.case", BERT, True),
    ("charge.severity = 'serious' and hearing.starts_on within 8 weeks", BERT, True),
    ("everyone", STRANGER, True),
]


@pytest.mark.parametrize(("text", "person", "expected"), COVERED)
def test_covered(text: str, person: UUID, expected: bool, chain: list[Held], vocabulary: Vocabulary) -> None:
    about = parse_condition(text, vocabulary)
    assert covers(about, {person}, chain, vocabulary, NOW) is expected


@pytest.mark.parametrize("reverse", [False, True])
def test_the_order_of_the_records_does_not_matter(reverse: bool, chain: list[Held], vocabulary: Vocabulary) -> None:
    about = parse_condition(MARAC, vocabulary)
    rows: Iterable[Held] = reversed(chain) if reverse else chain
    assert covers(about, {ANNA}, list(rows), vocabulary, NOW)


def test_a_person_is_covered_through_any_of_their_source_persons(chain: list[Held], vocabulary: Vocabulary) -> None:
    assert covers(parse_condition(MARAC, vocabulary), {STRANGER, ANNA}, chain, vocabulary, NOW)


def test_what_is_unknown_covers_nobody(vocabulary: Vocabulary) -> None:
    rows = [held(vocabulary, "incident", HIGH, None), held(vocabulary, "involvement", 10, ANNA, incident=HIGH)]
    for text in (MARAC, f"not ({MARAC})", "involvement.role != 'victim'", "not incident.risk_score >= 14"):
        assert not covers(parse_condition(text, vocabulary), {ANNA}, rows, vocabulary, NOW)


def test_a_reference_that_is_not_filled_in_joins_nothing(vocabulary: Vocabulary) -> None:
    rows = [
        held(vocabulary, "incident", HIGH, ANNA, risk_score=20),
        held(vocabulary, "involvement", 10, ANNA, role="victim"),
    ]
    assert not covers(parse_condition(MARAC, vocabulary), {ANNA}, rows, vocabulary, NOW)


def test_an_involvement_in_a_case_reaches_the_incident_of_the_case(vocabulary: Vocabulary) -> None:
    rows = [
        held(vocabulary, "incident", HIGH, None, risk_score=20),
        held(vocabulary, "case", CASE, None, incident=HIGH),
        held(vocabulary, "involvement", 10, ANNA, case=CASE, role="victim"),
    ]
    assert covers(parse_condition("incident.risk_score >= 14", vocabulary), {ANNA}, rows, vocabulary, NOW)


def test_no_record_is_reached_against_the_direction_of_its_reference(chain: list[Held], vocabulary: Vocabulary) -> None:
    # Anna's incident has a case, but nothing of hers is in that case.
    assert not covers(parse_condition("case.stage = 'trial'", vocabulary), {ANNA}, chain, vocabulary, NOW)


def test_a_record_of_nobody_concerns_nobody(vocabulary: Vocabulary) -> None:
    rows = [held(vocabulary, "incident", HIGH, None, risk_score=20)]
    assert not covers(parse_condition("incident.risk_score >= 14", vocabulary), {ANNA}, rows, vocabulary, NOW)


def test_the_joins_that_a_condition_needs(vocabulary: Vocabulary) -> None:
    about = parse_condition(MARAC, vocabulary)
    assert records_named(about) == ("involvement", "incident")
    assert joins(records_named(about), vocabulary) == (Join("involvement", "incident", "incident"),)


def test_what_is_shared_are_record_types(vocabulary: Vocabulary) -> None:
    assert vocabulary.record_types.keys() >= SHARED
