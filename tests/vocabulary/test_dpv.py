"""Every DPV term that the vocabulary cites exists in DPV 2.3."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from comity.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def dpv(shared_data: Path) -> dict[str, dict[str, str]]:
    """The terms of the files, by IRI."""
    terms: dict[str, dict[str, str]] = {}
    for name in ("pd", "personal_data", "sector-law", "purposes"):
        with (shared_data / "vocabularies" / "dpv" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            terms |= {row["iri"]: row | {"file": name} for row in csv.DictReader(file)}
    return terms


def test_categories_are_dpv_personal_data(vocabulary: Vocabulary, dpv: dict[str, dict[str, str]]):
    for record_type in vocabulary.record_types.values():
        for field in record_type.fields:
            term = dpv.get(field.dpv)
            assert term, (record_type.name, field.name, field.dpv)
            assert term["file"] in {"pd", "personal_data"}, field.dpv
            assert term["type"] == "class", field.dpv
            assert field.category.partition(":")[2] == term["term"]


def test_dpv_special_categories_are_special_here(vocabulary: Vocabulary, dpv: dict[str, dict[str, str]]):
    for record_type in vocabulary.record_types.values():
        for field in record_type.fields:
            term = dpv[field.dpv]
            if "SpecialCategoryPersonalData" in term["dpvtype"] + term["hasbroader"]:
                assert field.sensitivity.value in {"special", "sealed"}, field.name


def test_purposes_are_dpv_purposes(vocabulary: Vocabulary, dpv: dict[str, dict[str, str]]):
    for purpose in vocabulary.purposes.values():
        term = dpv.get(purpose.dpv)
        assert term, (purpose.name, purpose.dpv)
        assert term["file"] in {"sector-law", "purposes"}, purpose.name
        assert term["type"] == "class", purpose.name


def test_the_tree_is_rooted_in_the_justice_sector(vocabulary: Vocabulary, dpv: dict[str, dict[str, str]]):
    root = vocabulary.purpose("criminal-justice")
    in_sector = [p for p in vocabulary.purposes.values() if dpv[p.dpv]["file"] == "sector-law"]

    assert root.dpv == "https://w3id.org/dpv/sector/law#JusticeManagement"
    assert len(in_sector) >= 20
