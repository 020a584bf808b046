"""What a condition may not say, and what its author is told: the column, the cause, and the nearest right word."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from comity.agreements.condition_faults import _WORDS
from comity.agreements.conditions import MAX_DEPTH, MAX_VALUES, parse_condition
from comity.agreements.errors import ConditionError
from comity.agreements.tokens import MAX_LENGTH
from comity.vocabulary import Vocabulary

ABOUT = [
    # condition, column of the mistake, words that the message holds
    ("", 1, "empty"),
    ("involvment.role = 'victim'", 1, "Did you mean 'involvement'?"),
    ("involvement.rol = 'victim'", 13, "Did you mean 'role'?"),
    ("involvement.role = 'victm'", 20, "Did you mean 'victim'?"),
    ("involvement.role = victim", 20, "'victim' stands alone"),
    ('involvement.role = "victim"', 20, "single quotes"),
    ("involvement.role = 'victim", 20, "not closed"),
    ("involvement.role == 'victim'", 18, "Write '='"),
    ("involvement.role <> 'victim'", 18, "Write '!='"),
    ("involvement.role", 17, "something must be said about it"),
    ("involvement.role > 'victim'", 1, "has no order"),
    ("involvement.role between 'a' and 'b'", 1, "has no order"),
    ("involvement.incident = 'x'", 24, "ids stand in no agreement"),
    ("involvement.incident = involvement.case", 24, "not of one kind"),
    ("role = 'victim'", 1, "Write the record before the field"),
    ("'victim' = involvement.role", 1, "Begin with a field"),
    ("incident.risk_score >= '14'", 24, "Here a whole number should stand"),
    ("incident.risk_score >= 14.5", 24, "Only whole numbers"),
    ("incident.risk_score >= 9999999999999999", 24, "at most 15 digits"),
    ("incident.risk_score = incident.occurred_on", 23, "not of one kind"),
    ("incident.risk_score = today", 23, "Use a date field"),
    ("incident.risk_score within 2 weeks", 1, "Use a date field"),
    ("incident.domestic = 'yes'", 21, "Write true or false"),
    ("incident.occurred_on > '01-02-2026'", 24, "year-month-day"),
    ("incident.occurred_on > '2026-02-30'", 24, "is not a date"),
    ("incident.occurred_on > '20260201'", 24, "is not a date"),
    ("incident.occurred_on > 2026", 24, "a text in quotes should stand"),
    ("incident.occurred_on > today + 0 days", 32, "from 1 to"),
    ("incident.occurred_on > today - 101 years", 32, "from 1 to 100 years"),
    ("incident.occurred_on within 2 fortnights", 31, "not a unit of time"),
    ("incident.occurred_on within 2 month's", 36, "not closed"),
    ("hearing.starts_at > '2026-02-01'", 21, "moment with its zone"),
    ("hearing.starts_at within 8 weeks", 1, "Use a date field"),
    ("incident.kind in ()", 19, "a text in quotes should stand"),
    ("incident.kind in 'assault'", 18, "in brackets"),
    ("incident.domestic and", 22, "Begin with a field"),
    ("incident.domestic incident.domestic", 19, "Join the parts"),
    ("(incident.domestic", 19, "Close the bracket"),
    ("incident.domestic)", 18, "The condition ends before"),
    ("incident.domestic not", 22, "After 'not' comes"),
    ("incident.domestic is true", 22, "'is null'"),
    ("incident.domestic; drop table record.person", 18, "no meaning"),
    ("incident.domestic -- and more", 19, "The condition ends before"),
    ("length(incident.kind) > 3", 1, "stands alone"),
    ("pg_sleep(10)", 1, "stands alone"),
    ("everyone and incident.domestic", 10, "The condition ends before"),
    ("incident.domestic or everyone", 22, "Begin with a field"),
    ("exists charge", 8, "in brackets"),
    ("exists (chrage)", 9, "Did you mean 'charge'?"),
    ("exists (charge where status = 'filled')", 31, "Did you mean 'filed'?"),
    ("exists (charge where hearing.status = 'listed')", 22, "about the charge itself"),
    ("exists (charge of person)", 19, "so 'of person' says nothing"),
    ("exists (charge of hearing)", 9, "do not refer to one another. Of a hearing can be asked: case"),
    ("exists (charge", 15, "Close the bracket"),
    (
        "exists (charge where exists (case where exists (charge where exists (case where stage = 'trial'))))",
        70,
        "at most 3 deep",
    ),
    ("incident.occurred_on = recipient", 24, "is a text"),
    ("person.safe_contact = requester", 1, "is sealed"),
    ("incident.statement_id = 'x'", 10, "has no field"),
    ("incident.\u0440lace = 'x'", 10, "no meaning"),  # a Cyrillic letter that looks like a p
    ("incident.domestic and \u202eincident.domestic", 23, "no meaning"),
]

#: A sealed field answers one question only: does it equal this text?
SEALED = [
    "person.protected_address != 'x'",
    "person.protected_address is null",
    "person.protected_address is not null",
    "person.protected_address in ('x')",
    "person.protected_address between 'a' and 'z'",
    "person.protected_address < 'x'",
    "person.protected_address = person.address",
    "person.address = person.protected_address",
    "person.protected_address = person.protected_address",
]


@pytest.mark.parametrize(("text", "column", "words"), ABOUT)
def test_a_mistake_is_told_with_its_column(text: str, column: int, words: str, vocabulary: Vocabulary) -> None:
    with pytest.raises(ConditionError) as caught:
        parse_condition(text, vocabulary)
    assert words in str(caught.value)
    assert caught.value.column == column
    in_both_languages(caught.value)


def in_both_languages(error: ConditionError) -> None:
    """Dutch says it too, of the same words that were typed and with the same right word."""
    for said in (error.cause, error.mend):
        assert said.nl
        if said.en.startswith("Did you mean"):
            assert said.nl == said.en.replace("Did you mean", "Bedoelt u")
        else:
            assert said.nl != said.en
    assert typed(error.cause.nl) == typed(error.cause.en)


def typed(said: str) -> set[str]:
    """The words of the language, fields and values that a sentence names."""
    return set(re.findall(r"'(?:[a-z]+)'|[a-z]+[.][a-z_]+", said))


@pytest.mark.parametrize("code", _WORDS)
def test_a_mistake_speaks_of_the_same_in_both_languages(code: str) -> None:
    for said in _WORDS[code]:
        places = [sorted({name for _, name, *_ in Formatter().parse(it) if name}) for it in (said.en, said.nl)]
        assert places[0] == places[1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\u0422heft", "several scripts"),  # a Cyrillic T
        ("petty th\u03bfft", "several scripts"),  # a Greek o
        ("Jose\u0301", "marks apart"),
        ("Theft\u3164", "nobody sees"),
        ("petty\u00a0theft", "nobody sees"),
    ],
)
@pytest.mark.parametrize("condition", ["offence != '{}'", "not offence = '{}'", "offence not in ('x', '{}')"])
def test_a_text_that_equals_nothing_of_what_it_looks_like(
    condition: str, text: str, words: str, vocabulary: Vocabulary
) -> None:
    with pytest.raises(ConditionError, match=words) as caught:
        parse_condition(condition.format(text), vocabulary, record="charge")
    assert "Deze tekst" in caught.value.cause.nl
    assert words not in caught.value.cause.nl


@pytest.mark.parametrize(
    "text",
    ["Jos\u00e9", "\u041a\u0440\u0430\u0436\u0430", "Theft \u041a\u0440\u0430\u0436\u0430", "5\u00b5g", "\u7a83\u76d7"],
)
def test_a_text_of_any_one_script_is_read(text: str, vocabulary: Vocabulary) -> None:
    parse_condition(f"offence != '{text}'", vocabulary, record="charge")


@pytest.mark.parametrize("text", SEALED)
def test_a_sealed_field_stands_in_nothing_but_an_equality(text: str, vocabulary: Vocabulary) -> None:
    with pytest.raises(ConditionError, match="sealed"):
        parse_condition(text, vocabulary)


def test_a_sealed_field_may_stand_in_an_equality(vocabulary: Vocabulary) -> None:
    parse_condition("not person.protected_address = 'x'", vocabulary)


@pytest.mark.parametrize("text", ["person.name = 'x'", "charge.spent and person.name = 'x'", "everyone"])
def test_where_is_about_the_released_record_only(text: str, vocabulary: Vocabulary) -> None:
    with pytest.raises(ConditionError):
        parse_condition(text, vocabulary, record="charge")


def test_bombs_are_refused_before_they_go_off(vocabulary: Vocabulary) -> None:
    inner = "incident.domestic"
    deep = "(" * MAX_DEPTH + inner + ")" * MAX_DEPTH
    parse_condition(deep, vocabulary)
    for bomb in (
        f"({deep})",
        "not " * (MAX_DEPTH + 1) + inner,
        "not (" * 600 + inner + ")" * 600,
        "(" * MAX_LENGTH,
        " or ".join([inner] * 1_000),
        "incident.kind in (" + ", ".join(["'assault'"] * (MAX_VALUES + 1)) + ")",
    ):
        with pytest.raises(ConditionError):
            parse_condition(bomb, vocabulary)
