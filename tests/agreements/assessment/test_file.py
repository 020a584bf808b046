"""The file form: both ways without loss, and every fault with its line, its cause and its mend."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.agreements.assessment import (
    Answer,
    Assessment,
    Step,
    canonical,
    canonical_step,
    parse_assessment,
    write_assessment,
)
from comity.agreements.assessment.file import from_canonical
from comity.agreements.assessment.models import PRESENT
from comity.agreements.errors import FaultyAgreementError
from comity.agreements.reading import hidden
from comity.vocabulary import load

HEAD = "assessment: made-up\nversion: 1\n"

# what stands in the file | the line of the fault | what is said of it
FAULTS = [
    ("process: {purpos: victim-safety}", 3, "Did you mean 'purpose'?"),
    ("process: {purpose: victim-safty}", 3, "Did you mean 'victim-safety'?"),
    ("process:\n  moments:\n    a: {provider: De Politie}", 5, "cannot be an agency"),
    ("process:\n  moments:\n    A_B: {when: now}", 5, "cannot be the id of an item"),
    ("process:\n  data:\n    a: {record: person, fields: {nam: as-is}}", 5, "Did you mean 'name'?"),
    ("process:\n  data:\n    a: {record: person, fields: {name: age-band}}", 5, "cannot be made of name"),
    ("process:\n  data:\n    a: {fields: {name: as-is}}", 5, "The kind of record is not answered"),
    ("process:\n  data:\n    a: {record: charge, where: spend}", 5, "Column 1"),
    ("process:\n  data:\n    a: {moments: [gone]}", 5, "There is no 'gone' here"),
    ("lawfulness: {keep: two years}", 3, "is not a length of time"),
    ("lawfulness: {review_by: 2026-02-30}", 3, "is not a date"),
    ("process: {title_en: [a]}", 3, "one value should stand"),
    ("process: {roles: [idva, idva]}", 3, "stands twice"),
    ("process:\n  proposal: |-\n    a\u202eb", 4, "invisible"),
    ("risks: {risks: {a: {confidential: no}}}", 3, "Write yes"),
    ("measures: {risks: {a: {severity_after: low}}}", 3, "about an item that is not there"),
    ("catalogue: 99", 3, "This catalogue is not known"),
    ("process: 3", 3, "a block of keys should stand"),
]


@pytest.mark.parametrize(("text", "line", "told"), FAULTS, ids=[text for text, _, _ in FAULTS])
def test_a_fault_has_its_line_and_its_mend(vocabulary, text, line, told):
    with pytest.raises(FaultyAgreementError) as caught:
        parse_assessment(HEAD + text, vocabulary)
    assert [fault.line for fault in caught.value.faults if told in f"{fault.cause} {fault.mend}"] == [line]


def test_all_faults_are_told_at_once(vocabulary):
    with pytest.raises(FaultyAgreementError) as caught:
        parse_assessment("assessment: Made Up\nversion: 0\nprocess: {purpose: x, language: fr}", vocabulary)
    assert {fault.path for fault in caught.value.faults} == {"assessment", "version", "purpose", "language"}


def test_agencies_are_held_to_those_that_are_known(vocabulary, example_text):
    known = ["police", "probation", "victim-services"]
    parse_assessment(example_text, vocabulary, agencies=known)
    with pytest.raises(FaultyAgreementError, match="Did you mean 'probation-north'"):
        parse_assessment(example_text, vocabulary, agencies=["police", "probation-north", "victim-services"])


def test_the_example_is_the_same_in_every_form(vocabulary, example):
    assert from_canonical(canonical(example), vocabulary) == example
    for language in ("en", "nl"):
        assert (
            parse_assessment(write_assessment(example, vocabulary, language=language), vocabulary).assessment == example
        )


def test_an_empty_file_asks_everything_and_answers_nothing(vocabulary, catalogue):
    text = write_assessment(Assessment("made-up", 1), vocabulary)
    assert parse_assessment(text, vocabulary).assessment == Assessment("made-up", 1)
    assert [each.id for each in catalogue.questions.values() if f"{each.key}:" not in text] == []


def test_the_revision_goes_with_the_file(vocabulary, example):
    assert parse_assessment(write_assessment(example, vocabulary, revision=17), vocabulary).revision == 17


def test_bytes_that_are_not_canonical_are_refused(vocabulary, example):
    with pytest.raises(FaultyAgreementError, match="canonical"):
        from_canonical(json.dumps(json.loads(canonical(example)), indent=1).encode(), vocabulary)


def test_what_a_step_signs_names_the_assessment_and_the_step(example):
    signed = json.loads(canonical_step(example, Step.RISKS))
    assert {key: signed[key] for key in ("format", "assessment", "version", "step")} == {
        "format": "comity/assessment/1", "assessment": "marac-victim-safety", "version": 3, "step": "risks",
    }  # fmt: skip
    assert "likelihood" in signed["answers"]["risks"]["address"]
    assert "likelihood_after" not in signed["answers"]["risks"]["address"]


def test_items_stand_in_the_order_of_their_ids_numbers_as_numbers():
    answers = {f"moments.{item}": Answer(PRESENT) for item in ("10-x", "2-y", "b", "a")}
    assert Assessment("a", 1, answers).items("moments") == ("2-y", "10-x", "a", "b")


# What may be answered at all: nothing that looks like something else.
SIGNS = st.characters(categories=("L", "N", "P", "S"), include_characters=" \n").filter(
    lambda sign: not any(True for _ in hidden(sign))
)
TEXTS = st.text(SIGNS, min_size=1).map(str.strip).filter(bool)


@settings(deadline=None)  # the first call reads the vocabulary
@given(text=TEXTS, confidential=st.booleans())
def test_any_text_comes_back_from_the_file_as_it_was(text, confidential):
    made = Assessment("made-up", 1, {"proposal": Answer(text, confidential), "scale": Answer(text)})
    assert parse_assessment(write_assessment(made, load()), load()).assessment == made
    assert from_canonical(canonical(made), load()) == made
