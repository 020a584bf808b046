"""The shipped examples are whole: nothing is open in their answers, and each drafts the shipped agreement of its name."""

from __future__ import annotations

from importlib import resources

import pytest

from comity.agreements import parse_agreement
from comity.agreements.assessment import parse_assessment
from comity.agreements.assessment.complete import open_answers
from comity.agreements.assessment.draft import draft_agreement
from comity.vocabulary import Vocabulary

NAMES = sorted(
    it.name for it in resources.files("comity.agreements.assessment").joinpath("examples").iterdir()
)  # fmt: skip


def test_statistics_have_their_example():
    assert "justice-statistics.yaml" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_example_can_be_signed_and_drafts_its_agreement(vocabulary: Vocabulary, name: str):
    text = resources.files("comity.agreements.assessment").joinpath("examples", name).read_text("utf-8")
    assessment = parse_assessment(text, vocabulary).assessment
    assert open_answers(assessment, vocabulary) == ()
    shipped = resources.files("comity.agreements").joinpath("examples", name).read_text("utf-8")
    drafted = parse_agreement(draft_agreement(assessment, vocabulary), vocabulary)
    assert drafted == parse_agreement(shipped, vocabulary)
