"""Agreements in words: what people read, in both languages."""

from __future__ import annotations

from importlib import resources

import pytest

from comity.agreements import parse_agreement, parse_condition
from comity.agreements.condition_words import condition_words
from comity.agreements.models import Agreement
from comity.agreements.words import agreement_words, field_words, length_words, release_words
from comity.vocabulary import Label, Vocabulary

EXAMPLES = (
    "justice-statistics",
    "integrated-offender-management",
    "marac-conference",
    "marac-victim-safety",
    "threat-to-life",
    "who-is-who",
)

CONDITIONS = [
    (
        "involvement.role = 'victim' and incident.risk_score >= 14",
        "role (involvement) is victim and risk score (incident) is at least 14",
        "rol (betrokkenheid) is slachtoffer en risicoscore (incident) is ten minste 14",
    ),
    ("not charge.spent", "spent (charge) is no", "verjaard (feit) is nee"),
    ("charge.spent", "spent (charge) is yes", "verjaard (feit) is ja"),
    ("charge.spent = false", "spent (charge) is no", "verjaard (feit) is nee"),
    ("charge.plea is null", "plea (charge) is unknown", "proceshouding (feit) is onbekend"),
    ("charge.plea is not null", "plea (charge) is not unknown", "proceshouding (feit) is niet onbekend"),
    (
        "charge.status in ('filed', 'convicted')",
        "status (charge) is filed or convicted",
        "status (feit) is ten laste gelegd of veroordeeld",
    ),
    (
        "not charge.status in ('filed', 'convicted')",
        "status (charge) is not filed or convicted",
        "status (feit) is niet ten laste gelegd of veroordeeld",
    ),
    ("person.name = 'O''Neill'", "full name (person) is ‘O'Neill’", "volledige naam (persoon) is ‘O'Neill’"),
    (
        "hearing.starts_on within 8 weeks",
        "date of the hearing (hearing) is in the next 8 weeks",
        "datum van de zitting (zitting) is in de komende 8 weken",
    ),
    (
        "hearing.starts_on within last 1 month",
        "date of the hearing (hearing) is in the last 1 month",
        "datum van de zitting (zitting) is in de afgelopen 1 maand",
    ),
    (
        "hearing.starts_on < today - 2 years or hearing.starts_on = today",
        "date of the hearing (hearing) is before the day 2 years ago or date of the hearing (hearing) is today",
        "datum van de zitting (zitting) is voor de dag van 2 jaar geleden of datum van de zitting (zitting) is vandaag",
    ),
    (
        "hearing.starts_on >= '2026-02-01'",
        "date of the hearing (hearing) is on or after 1 February 2026",
        "datum van de zitting (zitting) is op of na 1 februari 2026",
    ),
    (
        "incident.risk_score between 1 and 5",
        "risk score (incident) is from 1 to 5",
        "risicoscore (incident) is van 1 tot en met 5",
    ),
    (
        "charge.whose = 'suspect' and charge.asserted = 'fact' and charge.agency != 'police'",
        "whose record it is (charge) is suspect, stated as (charge) is fact and agency (charge) is not ‘police’",
        "van wie het gegeven is (feit) is verdachte, vermeld als (feit) is feit en organisatie (feit) is niet ‘police’",
    ),
    (
        "not (charge.spent and (incident.domestic or charge.plea is null))",
        "it is not so that (spent (charge) is yes and (domestic abuse (incident) is yes or plea (charge) is unknown))",
        "niet waar is dat (verjaard (feit) is ja en (huiselijk geweld (incident) is ja of proceshouding (feit) is onbekend))",
    ),
    ("everyone", "a provider holds a record of them", "een verstrekker houdt er een gegeven van"),
]


@pytest.mark.parametrize(("text", "en", "nl"), CONDITIONS)
def test_a_condition(text: str, en: str, nl: str, vocabulary: Vocabulary) -> None:
    assert condition_words(parse_condition(text, vocabulary), vocabulary) == Label(en, nl)


def test_a_release_says_whose_when_and_in_what_form(marac: Agreement, vocabulary: Vocabulary) -> None:
    assert release_words(marac.releases[1], vocabulary) == Label(
        "People (of: suspect): full name, date of birth (an age band only) and address (the area only).",
        "Personen (van: verdachte): volledige naam, geboortedatum (alleen een leeftijdsklasse) en adres (alleen het gebied).",
    )
    assert release_words(marac.releases[2], vocabulary).en.startswith("Charges, if spent is no: offence,")
    assert field_words(marac.releases[1], "birth_date", vocabulary).en == "date of birth (an age band only)"
    assert field_words(marac.releases[1], "phone", vocabulary).en.endswith("(withheld)")


@pytest.mark.parametrize(
    ("duration", "en", "nl"),
    [
        ("P2Y", "2 years", "2 jaar"),
        ("P1Y6M", "1 year and 6 months", "1 jaar en 6 maanden"),
        ("P1D", "1 day", "1 dag"),
        ("PT1H", "1 hour", "1 uur"),
        ("P2DT12H", "2 days and 12 hours", "2 dagen en 12 uur"),
    ],
)
def test_a_length_of_time(duration: str, en: str, nl: str) -> None:
    assert length_words(duration) == Label(en, nl)


def test_every_clause_is_said_in_the_order_of_a_reader(marac: Agreement, vocabulary: Vocabulary) -> None:
    clauses = agreement_words(marac, vocabulary, {"police": Label("the police", "de politie")})
    assert [clause.key for clause in clauses] == [
        "between", "purpose", "lawful_basis", "lawful_basis", "lawful_basis", "about", "release 1", "release 2", "release 3", "requesters", "channels",
        "onward", "retention", "consent", "in_force", "assessment",
    ]  # fmt: skip
    assert clauses[0].text.en == "The police and probation may provide data to victim-services."
    retention = next(clause for clause in clauses if clause.key == "retention")
    assert (
        retention.text.nl
        == "De ontvanger bewaart de gegevens 2 jaar, wist ze daarna en bevestigt dat met een ontvangstbewijs."
    )


def test_who_reviews_each_use_how_soon_and_what_if_nobody_does(emergency_text: str, vocabulary: Vocabulary) -> None:
    agreement = parse_agreement(emergency_text, vocabulary)
    names = {"police": Label("Police", "Politie")}
    (clause,) = (it for it in agreement_words(agreement, vocabulary, names) if it.key == "review")
    assert clause.text == Label(
        "Each disclosure is reviewed, within 1 day, by: data protection officer, of Police. Whoever reviews is told at once."
        " While a review of a disclosure is overdue, nothing more is provided.",
        "Elke verstrekking wordt getoetst, binnen 1 dag, door: functionaris voor gegevensbescherming, van Politie. Wie toetst,"
        " krijgt meteen bericht. Zolang de toetsing van een verstrekking te laat is, wordt niets meer verstrekt.",
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_an_agreement_and_reads_well(name: str, vocabulary: Vocabulary) -> None:
    text = resources.files("comity.agreements").joinpath(f"examples/{name}.yaml").read_text("utf-8")
    agreement = parse_agreement(text, vocabulary)
    assert agreement.name == name
    for clause in agreement_words(agreement, vocabulary):
        for words in (clause.text.en, clause.text.nl):
            assert words.endswith((".", ".)"))
            assert words[0].isupper() or words.startswith(name)
            assert not {"{", "}", "_", "  "} & {sign for sign in ("{", "}", "_", "  ") if sign in words}


def test_the_examples_are_all_here() -> None:
    folder = resources.files("comity.agreements").joinpath("examples")
    assert sorted(file.name.removesuffix(".yaml") for file in folder.iterdir()) == sorted(EXAMPLES)
