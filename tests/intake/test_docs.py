"""The pages say what the code does: every word of the language is explained, every example can be used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from comity.intake import grammar
from comity.intake.causes import Cause, words
from comity.intake.check import examine
from comity.intake.models import Act
from comity.vocabulary.faults import FaultCode

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference" / "mapping.md").read_text()
GUIDE = (DOCS / "how-to" / "write-a-mapping.md").read_text()


@pytest.mark.parametrize("key", grammar.EVERY)
def test_every_key_of_the_language_is_explained(key):
    assert f"`{key}:`" in REFERENCE


@pytest.mark.parametrize("word", [*Act, *Cause])
def test_every_act_and_every_cause_is_explained(word):
    assert f"`{word.value}`" in REFERENCE


def test_no_key_is_explained_that_the_language_does_not_have():
    explained = set(re.findall(r"^\| `(\w+):`", REFERENCE, re.MULTILINE))
    assert explained <= set(grammar.EVERY)


def test_causes_of_the_vocabulary_that_a_mapping_can_meet_are_named():
    never = {FaultCode.UNKNOWN_FIELD, FaultCode.NOT_A_TEXT, FaultCode.NO_ZONE, FaultCode.NOT_A_REFERENCE}
    assert all(f"`{code.value}`" in REFERENCE for code in set(FaultCode) - never)


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_says_what_is_wrong_and_what_to_do_in_both_languages(cause):
    details = ("forms", "limit", "separator", "about", "problem", "remedy", "holds")
    said = words(cause, dict.fromkeys(details, "x"))
    for label in (said.cause, said.mend):
        assert label.en
        assert label.nl
        assert "…" not in label.en + label.nl
    assert said.cause.en != said.cause.nl or cause is Cause.UNREADABLE


def test_the_guides_examples_can_be_used(vocabulary):
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    head, records, hearing, acts, protected = blocks
    everybody = (
        protected.replace("in: [J]", "not_in: [J]")
        .replace("id: protected", "id: open")
        .replace("protected_address", "address")
    )
    for text in (
        head + records,
        hearing,
        head + acts + records,
        head + "records:\n" + protected + everybody,
    ):
        assert examine(text, vocabulary)[1] == ()


def test_an_undetailed_fault_still_reads():
    assert "…" in words(Cause.NOT_A_DATE, {}).cause.en
