"""What ``exists`` means, as tables: what is looked for, what the providers hold, and whether there is one."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from comity.agreements import covers, evaluate, parse_condition
from comity.agreements.condition_words import condition_words
from comity.agreements.meaning import Around, Held
from comity.agreements.printing import print_condition
from comity.agreements.related import Way, related_types, relation
from comity.vocabulary import Vocabulary

from .test_conditions_mean import F, T, U, in_the_reference, table, truth

NOW = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
CASE, OTHER = UUID(int=1), UUID(int=2)
ANNA, ANNA_ELSEWHERE, BERT = UUID(int=11), UUID(int=12), UUID(int=13)

#: Of a case, by its hearings.
HEARINGS = [
    # where, the status of each hearing of the case, its truth
    ("exists (hearing)", [], F),
    ("exists (hearing)", [None], T),
    ("exists (hearing where status = 'listed')", ["listed"], T),
    ("exists (hearing where status = 'listed')", ["vacated"], F),
    ("exists (hearing where status = 'listed')", [], F),
    ("exists (hearing where status = 'listed')", [None], U),
    ("exists (hearing where status = 'listed')", [None, "vacated"], U),
    ("exists (hearing where status = 'listed')", [None, "listed"], T),
    ("not exists (hearing where status = 'listed')", [], T),
    ("not exists (hearing where status = 'listed')", ["vacated"], T),
    ("not exists (hearing where status = 'listed')", ["vacated", None], U),
    ("not exists (hearing where status = 'listed')", ["listed", None], F),
]

#: Of a charge, by the case that it refers to: the stage of that case; nothing where it is not held.
REFERRED = [
    ("exists (case)", CASE, [], U),
    ("exists (case)", None, [], F),
    ("exists (case where stage = 'trial')", CASE, ["trial"], T),
    ("exists (case where stage = 'trial')", CASE, ["closed"], F),
    ("exists (case where stage = 'trial')", CASE, [None], U),
    ("exists (case where stage = 'trial')", CASE, [], U),
    ("exists (case where stage = 'trial')", None, ["trial"], U),
    ("not exists (case where stage = 'trial')", CASE, ["closed"], T),
    ("not exists (case where stage = 'trial')", CASE, [], U),
    ("not exists (case where stage = 'trial')", None, [], U),
]

RELATED = [
    # looked for, of, how they are related
    ("hearing", "case", Way.REFERS),
    ("case", "hearing", Way.REFERRED),
    ("incident", "case", Way.REFERRED),
    ("charge", "person", Way.SAME_PERSON),
    ("person", "custody", Way.SAME_PERSON),
    ("case", "person", None),
    ("custody", "hearing", None),
    ("charge", "order", None),
    ("charge", "charge", None),
    ("charge", None, Way.CONCERNS),
]


def row(record: str, record_id: UUID, person: UUID | None, vocabulary: Vocabulary, **values: object) -> Held:
    fields = dict.fromkeys((field.name for field in vocabulary.record_type(record).fields), None)
    return Held(record, record_id, person, {**fields, "agency": "police", "whose": "suspect", **values})


def of(record: str, text: str, chosen: Held, held: list[Held], vocabulary: Vocabulary, **around: object) -> bool | None:
    condition = parse_condition(text, vocabulary, record=record)
    return evaluate(condition, {record: chosen}, NOW, Around(vocabulary, held=tuple(held), **around))  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "statuses", "expected"), HEARINGS)
def test_records_that_refer_to_the_row(
    text: str, statuses: list[str | None], expected: bool | None, vocabulary: Vocabulary
) -> None:
    case = row("case", CASE, None, vocabulary)
    held = [
        row("hearing", UUID(int=100 + at), None, vocabulary, case=CASE, status=status)
        for at, status in enumerate(statuses)
    ]
    elsewhere = row("hearing", UUID(int=200), None, vocabulary, case=OTHER, status="listed")
    assert of("case", text, case, [*held, elsewhere], vocabulary) is expected


@pytest.mark.parametrize(("text", "case", "stages", "expected"), REFERRED)
def test_the_record_that_the_row_refers_to(
    text: str, case: UUID | None, stages: list[str | None], expected: bool | None, vocabulary: Vocabulary
) -> None:
    held = [row("case", CASE, None, vocabulary, stage=stage) for stage in stages]
    elsewhere = row("case", OTHER, None, vocabulary, stage="trial")
    charge = row("charge", UUID(int=50), ANNA, vocabulary, case=case)
    assert of("charge", text, charge, [*held, elsewhere], vocabulary) is expected


@pytest.mark.parametrize(
    ("person", "expected"), [(ANNA, T), (ANNA_ELSEWHERE, T), (BERT, F)], ids=["same", "same human", "another"]
)
def test_the_charges_of_a_person_are_those_of_one_human_being_in_every_agency(
    person: UUID, expected: bool, vocabulary: Vocabulary
) -> None:
    anna = row("person", ANNA, ANNA, vocabulary)
    charge = row("charge", UUID(int=50), person, vocabulary, severity="serious")
    human = frozenset({ANNA, ANNA_ELSEWHERE})
    text = "exists (charge where severity = 'serious')"
    assert of("person", text, anna, [charge], vocabulary, humans=dict.fromkeys(human, human)) is expected


def test_whose_a_row_is_that_is_nobodys_is_unknown(vocabulary: Vocabulary) -> None:
    stay = row("custody", UUID(int=50), None, vocabulary)
    for text in ("exists (person)", "not exists (person where died_on is null)"):
        assert of("custody", text, stay, [], vocabulary) is U


@pytest.mark.parametrize(("record", "other", "way"), RELATED)
def test_what_is_related(record: str, other: str | None, way: Way | None, vocabulary: Vocabulary) -> None:
    found = relation(record, other, vocabulary)
    assert (found and found.way) is way
    if other and way:
        assert record in related_types(other, vocabulary)


ABOUT = [
    # about, of Anna, who has a serious charge, and an order that is over
    ("exists (charge where severity = 'serious')", T),
    ("exists (charge where severity = 'minor')", F),
    ("exists (charge where severity = 'serious') and not exists (order where status = 'active')", T),
    ("exists (charge where severity = 'serious') and not exists (order where kind = 'bail')", F),
    ("exists (charge where exists (case where exists (hearing where starts_on within 8 weeks)))", T),
    ("charge.severity = 'serious' and exists (hearing of case where starts_on within 8 weeks)", T),
    ("charge.severity = 'serious' and exists (hearing of case where starts_on within 1 weeks)", F),
    ("exists (supervision)", F),
    ("exists (incident)", F),
    ("exists (case where agency = recipient)", F),
    ("exists (case where agency != recipient)", T),
]


@pytest.mark.parametrize(("text", "expected"), ABOUT)
def test_about_looks_among_what_concerns_the_person(text: str, expected: bool, vocabulary: Vocabulary) -> None:
    held = [
        row("person", ANNA, ANNA, vocabulary),
        row("charge", UUID(int=50), ANNA, vocabulary, severity="serious", case=CASE),
        row("charge", UUID(int=51), BERT, vocabulary, severity="minor"),
        row("order", UUID(int=52), ANNA, vocabulary, kind="bail", status="ended"),
        row("order", UUID(int=53), BERT, vocabulary, kind="licence", status="active"),
        row("supervision", UUID(int=54), BERT, vocabulary),
        row("case", CASE, None, vocabulary),
        row("hearing", UUID(int=55), None, vocabulary, case=CASE, starts_on=NOW.date().replace(month=4)),
    ]
    around = Around(recipient="probation", requester="staff-1")
    assert covers(parse_condition(text, vocabulary), {ANNA}, held, vocabulary, NOW, around) is expected


def test_recipient_and_requester_are_who_asks(vocabulary: Vocabulary) -> None:
    mine = parse_condition("officer = requester and agency = recipient", vocabulary, record="supervision")
    rows = {"supervision": {"officer": "staff-1", "agency": "probation"}}
    assert evaluate(mine, rows, NOW, Around(recipient="probation", requester="staff-1")) is True
    assert evaluate(mine, rows, NOW, Around(recipient="probation", requester="staff-2")) is False
    unknown = {"supervision": {"officer": None, "agency": "probation"}}
    assert evaluate(mine, unknown, NOW, Around(recipient="probation", requester="staff-1")) is None


@pytest.mark.parametrize(
    ("text", "record", "printed"),
    [
        ("exists(Hearing)".lower(), "case", "exists (hearing of case)"),
        ("EXISTS (hearing OF case WHERE status = 'listed')", "case", "exists (hearing of case where hearing.status = 'listed')"),
        ("not exists (order where kind = 'bail' or kind = 'licence')", None,
         "not exists (order where order.kind = 'bail' or order.kind = 'licence')"),
        ("case.court = recipient and exists (hearing of case)", None, "case.court = recipient and exists (hearing of case)"),
    ],
)  # fmt: skip
def test_printed_and_read_again(text: str, record: str | None, printed: str, vocabulary: Vocabulary) -> None:
    condition = parse_condition(text, vocabulary, record=record)
    assert print_condition(condition) == printed
    assert parse_condition(printed, vocabulary, record=record) == condition


@pytest.mark.parametrize(
    ("text", "record", "en", "nl"),
    [
        ("exists (hearing where status = 'listed')", "case", "case has a hearing for which (status is listed)",
         "zaak heeft een zitting waarvoor geldt: (status is ingepland)"),
        ("not exists (order)", None, "the person certainly has no order", "de persoon heeft zeker geen maatregel"),
        ("exists (incident)", None, "the person has an incident", "de persoon heeft een incident"),
        ("agency = recipient", "custody", "agency is the agency that asks", "organisatie is de organisatie die vraagt"),
        ("officer = requester", "supervision", "officer is whoever asks", "toezichthouder is degene die vraagt"),
    ],
)  # fmt: skip
def test_in_words(text: str, record: str | None, en: str, nl: str, vocabulary: Vocabulary) -> None:
    words = condition_words(parse_condition(text, vocabulary, record=record), vocabulary, record)
    assert (words.en, words.nl) == (en, nl)


def test_the_reference_prints_these_tables() -> None:
    """To print them anew: COMITY_WRITE_DOCS=1 pytest tests/agreements/test_related.py."""
    hearings = [
        (f"`{text}`", ", ".join(map(_status, statuses)) or "none", truth(it)) for text, statuses, it in HEARINGS
    ]
    referred = [
        (f"`{text}`", "not filled in" if case is None else ", ".join(map(_status, stages)) or "not held", truth(it))
        for text, case, stages, it in REFERRED
    ]
    in_the_reference(
        "exists",
        "Of a case, by the status of each of its hearings:\n\n"
        + table(("`where`", "its hearings", "is"), hearings)
        + "Of a charge, by the stage of the case that it refers to:\n\n"
        + table(("`where`", "its case", "is"), referred),
    )


def _status(value: str | None) -> str:
    return value or "not known"
