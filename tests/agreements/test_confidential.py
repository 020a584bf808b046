"""``confidential``: that the people concerned are told of each use only later; how it is read, said, compared and signed."""

from __future__ import annotations

import json

import pytest

from comity.agreements.canonical import canonical
from comity.agreements.difference import differences
from comity.agreements.errors import FaultyAgreementError
from comity.agreements.parse import from_canonical, parse_agreement
from comity.agreements.prove import Kind, compare
from comity.agreements.prove_words import finding_words
from comity.agreements.schema import agreement_schema
from comity.agreements.words import agreement_words
from comity.vocabulary import Vocabulary

COVERT = "confidential: {for: P6M, because: telling would end the investigation}\n"


@pytest.fixture
def covert(marac_text: str) -> str:
    return marac_text + COVERT


def test_it_is_signed_as_it_is_written_and_read_back(covert: str, vocabulary: Vocabulary):
    agreement = parse_agreement(covert, vocabulary)
    text = canonical(agreement)
    assert json.loads(text)["confidential"] == {"for": "P6M", "because": "telling would end the investigation"}
    assert from_canonical(text, vocabulary) == agreement


@pytest.mark.parametrize(
    ("line", "path", "cause"),
    [
        ("confidential: {for: P13M, because: x}", "confidential", "too long to tell nobody"),
        ("confidential: {for: P366D, because: x}", "", ""),
        ("confidential: {for: P367D, because: x}", "confidential", "too long to tell nobody"),
        ("confidential: {for: P999Y, because: x}", "confidential", "too long to tell nobody"),
        ("confidential: {for: for ever, because: x}", "confidential.for", "not a length of time"),
        ("confidential: {for: P6M}", "confidential", "'because' is missing"),
        ("confidential: {because: x}", "confidential", "'for' is missing"),
        ("confidential: {for: P6M, because: x, until: 2027-01-01}", "confidential", "no key named 'until'"),
        ("confidential: yes", "confidential", "block of keys"),
    ],
)
def test_what_it_may_say(marac_text: str, vocabulary: Vocabulary, line: str, path: str, cause: str):
    if not cause:
        assert parse_agreement(f"{marac_text}{line}\n", vocabulary).confidential
        return
    with pytest.raises(FaultyAgreementError) as caught:
        parse_agreement(f"{marac_text}{line}\n", vocabulary)
    assert [(it.path, cause in it.cause) for it in caught.value.faults] == [(path, True)]


@pytest.mark.parametrize("consent", ["asked", "required"])
def test_it_cannot_stand_where_people_are_asked(covert: str, vocabulary: Vocabulary, consent: str):
    with pytest.raises(FaultyAgreementError, match="confidential"):
        parse_agreement(covert.replace("consent: not-required", f"consent: {consent}"), vocabulary)


def test_it_is_said_in_both_languages_with_its_reason(covert: str, vocabulary: Vocabulary):
    [clause] = [
        it for it in agreement_words(parse_agreement(covert, vocabulary), vocabulary) if it.key == "confidential"
    ]
    assert "only 6 months after it" in clause.text.en
    assert "pas 6 maanden later" in clause.text.nl
    assert "telling would end the investigation" in clause.text.nl


def test_a_version_that_tells_later_than_the_one_before_is_found(marac_text: str, covert: str, vocabulary: Vocabulary):
    plain, half = (parse_agreement(it, vocabulary) for it in (marac_text, covert))
    year = parse_agreement(covert.replace("P6M", "P1Y"), vocabulary)
    assert [it.key for it in differences(plain, half, vocabulary)] == ["confidential"]
    for before, after in ((plain, half), (half, year), (plain, year)):
        [found] = compare(before, after, vocabulary)
        assert (found.kind, found.clause) == (Kind.OPENS_WIDER, "confidential")
        assert finding_words(found, after, vocabulary).nl.startswith("De betrokkenen horen later")
        assert list(compare(after, before, vocabulary)) == []


def test_the_schema_knows_it(vocabulary: Vocabulary):
    block = agreement_schema(vocabulary)["properties"]["confidential"]
    assert set(block["required"]) == {"for", "because"}
