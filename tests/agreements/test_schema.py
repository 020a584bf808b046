"""The agreement file's JSON Schema says what the reader does, as far as JSON Schema can say it."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from comity.agreements.canonical import canonical
from comity.agreements.errors import FaultyAgreementError
from comity.agreements.models import Agreement
from comity.agreements.parse import parse_agreement
from comity.agreements.schema import PATH, agreement_schema, schema_text
from comity.demo.chain import agreement_text
from comity.vocabulary import Vocabulary, load

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted([
    *(ROOT / "src/comity/agreements/examples").glob("*.yaml"),
    *(ROOT / "src/comity/demo").rglob("agreements/*.yaml"),
])  # fmt: skip
VALIDATOR = jsonschema_rs.validator_for(agreement_schema(load()), validate_formats=True)
AGENCIES = {"police", "probation", "victim-services"}
MISSING = object()


def as_editors_read(text: str) -> Any:
    """YAML 1.2's core schema: a number is a number, and a day is a text."""
    reader = YAML(typ="safe", pure=True)
    reader.constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)
    return reader.load(text)


def refused(document: Any, vocabulary: Vocabulary) -> bool:
    try:
        parse_agreement(json.dumps(document), vocabulary, agencies=AGENCIES)  # JSON is YAML
    except FaultyAgreementError:
        return True
    return False


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return the document with another value at ``path``, or with none."""
    made = copy.deepcopy(document)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    at: Any = made
    for step in way:
        at = at[step]
    if value is MISSING:
        del at[last]
    else:
        at[last] = value
    return made


@pytest.fixture(scope="module")
def document(marac_text: str) -> dict[str, Any]:
    made: dict[str, Any] = as_editors_read(marac_text)
    return made


def test_the_docs_are_not_stale(vocabulary: Vocabulary):
    written = (ROOT / "docs" / "reference" / PATH).read_text(encoding="utf-8")
    assert written == schema_text(vocabulary), "run python -m comity.agreements"


def test_it_is_a_schema(vocabulary: Vocabulary):
    jsonschema_rs.meta.validate(agreement_schema(vocabulary))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda path: path.stem)
def test_what_is_shipped_is_valid(file: Path):
    text = agreement_text(file, date(2026, 3, 15)) if "demo" in file.parts else file.read_text(encoding="utf-8")
    VALIDATOR.validate(as_editors_read(text))


def test_the_canonical_form_is_valid(marac: Agreement):
    VALIDATOR.validate(json.loads(canonical(marac)))


KEYS = [
    "agreement",
    "version",
    "title",
    "jurisdiction",
    "between",
    "purpose",
    "lawful_basis",
    "in_force",
    "requesters",
    "about",
    "release",
    "channels",
    "onward",
    "retention",
    "consent",
    "assessment",
    "title.nl",
    "between.providers",
    "lawful_basis.0.term",
    "in_force.review_by",
    "requesters.must_state",
    "release.0.record",
    "release.0.fields",
    "retention.keep",
    "retention.receipt",
]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_is_missing_is_refused_by_both(key: str, document: dict[str, Any], vocabulary: Vocabulary):
    broken = changed(document, key, MISSING)
    assert (VALIDATOR.is_valid(broken), refused(broken, vocabulary)) == (False, True)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("format", "comity/agreement/2"), ("format", []), ("surprise", "x"), ("agreement", "Marac"),
        ("agreement", "a--b"), ("agreement", "a" * 65), ("version", 0), ("version", -1), ("version", 2**31),
        ("version", "three"), ("title", "MARAC"), ("title.en", " "), ("title.fr", "x"), ("jurisdiction", "fr"),
        ("between.providers", []), ("between.providers", ["police", "police"]), ("between.recipients", "No One"),
        ("purpose", "curiosity"), ("purpose", ["victim-safety"]), ("lawful_basis", []),
        ("lawful_basis", {"term": "uk/dpa2018-s35-2-b", "because": "x"}), ("lawful_basis.0.term", "uk/none"),
        ("lawful_basis.0.term", "nl/awb-art1"), ("lawful_basis.0.term", "eu/led-art8"), ("lawful_basis.0.because", ""),
        ("in_force.from", "1 February 2026"), ("in_force.until", "2026-13-01"), ("in_force.until", "2026-02-30"),
        ("requesters.roles", []), ("requesters.roles", ["gardener"]), ("requesters.must_state", ["reason"]),
        ("about", ""), ("about", []), ("release", []), ("release.0.record", "unicorn"), ("release.0.of", []),
        ("release.0.of", "bystander"), ("release.0.where", ""), ("release.0.fields", {}),
        ("release.0.fields", ["name"]), ("release.0.fields.wings", "as-is"), ("release.0.fields.name", "year"),
        ("release.0.fields.name", "blurred"), ("release.0.fields.birth_date", "area"), ("release.2.fields.name", "as-is"),
        ("channels", "pigeon"), ("channels", []), ("onward", "always"), ("retention.keep", "2 years"),
        ("retention.keep", "P"), ("retention.keep", "P0Y"), ("retention.keep", "PT5H"), ("retention.keep", "P1M1Y"),
        ("retention.then", "forget"), ("retention.receipt", "perhaps"), ("consent", "assumed"), ("assessment", "marac"),
        ("assessment", "marac@0"), ("assessment", "a" * 65 + "@1"),
    ],
)  # fmt: skip
def test_a_mistake_of_form_is_refused_by_both(path: str, value: Any, document: dict[str, Any], vocabulary: Vocabulary):
    broken = changed(document, path, value)
    assert (VALIDATOR.is_valid(broken), refused(broken, vocabulary)) == (False, True)


REVIEW = {
    "each": "disclosure", "within": "P1D", "by": {"roles": "data-protection-officer", "agencies": ["police"]},
    "notice": "immediate", "overdue": "suspend",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "right"),
    [
        ("within", "PT4H", True), ("within", "P1DT4H", True), ("within", "P1M", False), ("within", "P", False),
        ("within", "P0D", False), ("within", "PT", False), ("within", "1 day", False), ("each", "request", True),
        ("each", "use", False), ("by", "dpo", False), ("by.roles", ["auditor", "data-protection-officer"], True),
        ("by.roles", [], False), ("by.roles", "gardener", False), ("by.agencies", "No One", False),
        ("by.agencies", MISSING, False), ("by.agencies", ["police", "police"], False), ("notice", "none", True),
        ("notice", "later", False), ("overdue", "shout", True), ("overdue", "forget", False), ("overdue", MISSING, False),
        ("surprise", "x", False),
    ],
)  # fmt: skip
def test_what_is_said_of_reviews_is_right_or_refused_for_both(
    path: str, value: Any, right: bool, document: dict[str, Any], vocabulary: Vocabulary
):
    VALIDATOR.validate(document | {"review": REVIEW})
    other = document | {"review": changed(REVIEW, path, value)}
    assert (VALIDATOR.is_valid(other), refused(other, vocabulary)) == (right, not right)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("format", "comity/agreement/1"), ("version", "12"), ("channels", "read"), ("requesters.must_state", []),
        ("requesters.must_state", "justification"), ("release.0.of", ["victim", "witness"]), ("retention.keep", "P1Y2W3D"),
        ("release.0.fields.birth_date", "withheld"), ("between.recipients", ["victim-services", "police"]),
    ],
)  # fmt: skip
def test_what_may_be_written_otherwise_is_right_for_both(
    path: str, value: Any, document: dict[str, Any], vocabulary: Vocabulary
):
    other = changed(document, path, value)
    assert (VALIDATOR.is_valid(other), refused(other, vocabulary)) == (True, False)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("about", "the victim"),  # the grammar and the types of conditions
        ("release.0.where", "charge.spent"),
        ("in_force.until", "2025-01-01"),  # the order of days
        ("in_force.review_by", "2030-01-01"),
        ("between.providers", ["fire-brigade"]),  # the agencies that this node knows
        ("title.en", "Safe\u200bty"),  # characters that nobody sees
        ("version", "9999999999"),  # a version in quotes that is too high
    ],
)
def test_the_differences_that_the_documentation_lists(
    path: str, value: Any, document: dict[str, Any], vocabulary: Vocabulary
):
    broken = changed(document, path, value)
    assert (VALIDATOR.is_valid(broken), refused(broken, vocabulary)) == (True, True)


def places(tree: Any, path: str = "") -> list[str]:
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    found = [path] if path else []
    for step, inside in entries:
        found += places(inside, f"{path}.{step}" if path else str(step))
    return found


WORDS = sorted(
    {"", "read", "police", "P1Y", "2026-05-01", "as-is", "year", "person", "uk", "eu/led-art8", "a-b@1", "no"}
)
VALUES = st.recursive(
    st.sampled_from(WORDS) | st.text(max_size=6),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inside, max_size=3),
    max_leaves=4,
)


@given(data=st.data())
def test_whatever_the_schema_refuses_the_reader_refuses(
    data: st.DataObject, document: dict[str, Any], vocabulary: Vocabulary
):
    path = data.draw(st.sampled_from(places(document)))
    other = changed(document, path, data.draw(VALUES | st.just(MISSING)))
    if not VALIDATOR.is_valid(other):
        assert refused(other, vocabulary)
