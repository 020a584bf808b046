"""What the tests of assessments share: the shipped example, as text and as a value."""

from __future__ import annotations

from importlib import resources

import pytest

from comity.agreements.assessment import Assessment, load_catalogue, parse_assessment
from comity.agreements.assessment.models import Catalogue
from comity.vocabulary import Vocabulary


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="session")
def example_text() -> str:
    example = resources.files("comity.agreements.assessment").joinpath("examples/marac-victim-safety.yaml")
    return example.read_text("utf-8")


@pytest.fixture(scope="session")
def example(example_text: str, vocabulary: Vocabulary) -> Assessment:
    return parse_assessment(example_text, vocabulary).assessment
