"""The one sequence of bytes that an agreement is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from comity.agreements.canonical import FORMAT, canonical
from comity.agreements.conditions import parse_condition
from comity.agreements.errors import FaultyAgreementError
from comity.agreements.minimisers import applicable
from comity.agreements.models import (
    Agreement,
    AssessmentReference,
    Basis,
    FieldRelease,
    InForce,
    PrivacyBudget,
    Release,
    Requesters,
    Retention,
    Review,
)
from comity.agreements.parse import (
    CONSENT,
    MUST_STATE,
    NOTICE,
    ONWARD,
    OVERDUE,
    RECEIPT,
    REVIEWED,
    THEN,
    from_canonical,
    parse_agreement,
)
from comity.agreements.reading import hidden
from comity.vocabulary import Label, Vocabulary, load

VOCABULARY = load()

names = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8})?", fullmatch=True)
words = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20).filter(
    lambda text: not list(hidden(text))
)
versions = st.integers(1, 2**31 - 1)


def some(choices: object, least: int = 1) -> SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(sorted(choices)), min_size=least, max_size=3, unique=True).map(tuple)  # type: ignore[call-overload]


budgets = st.builds(
    PrivacyBudget,
    epsilon=st.decimals("0.0001", "10", places=4).map(Decimal.normalize),
    delta=st.sampled_from([Decimal(0), Decimal("0.000001"), Decimal("0.0000000025")]),
    per=st.sampled_from(["P1M", "P1Y6M", "P4W"]),
    most_per_person=st.integers(1, 100),
)


@st.composite
def releases(draw: st.DrawFn) -> Release:
    record = draw(st.sampled_from(list(VOCABULARY.record_types.values())))
    chosen = draw(st.sets(st.sampled_from(record.fields), min_size=1, max_size=4))
    fields = tuple(
        FieldRelease(field.name, draw(st.sampled_from(applicable(field)))) for field in record.fields if field in chosen
    )
    where = draw(st.none() | st.just(parse_condition("asserted = 'fact'", VOCABULARY, record=record.name)))
    return Release(0, record.name, draw(some(VOCABULARY.subject_categories, 0)), where, fields)


@st.composite
def reviews(draw: st.DrawFn, parties: tuple[str, ...]) -> Review:
    return Review(
        each=draw(st.sampled_from(REVIEWED)),
        within=draw(st.sampled_from(["P1D", "PT4H", "P2DT12H", "P99DT99H"])),
        roles=draw(some(VOCABULARY.roles)),
        agencies=draw(some(parties)),
        notice=draw(st.sampled_from(NOTICE)),
        overdue=draw(st.sampled_from(OVERDUE)),
    )


@st.composite
def agreements(draw: st.DrawFn) -> Agreement:
    start = draw(st.dates(date(2000, 1, 1), date(2090, 1, 1)))
    laws = [term for term, basis in VOCABULARY.lawful_bases.items() if basis.jurisdiction == "uk"]
    clauses = draw(st.lists(releases(), min_size=1, max_size=3))
    providers, recipients = (draw(st.lists(names, min_size=1, max_size=3, unique=True).map(tuple)) for _ in range(2))
    channels = draw(some(VOCABULARY.channels))
    return Agreement(
        name=draw(names),
        version=draw(versions),
        title=Label(draw(words), draw(words)),
        jurisdiction="uk",
        providers=providers,
        recipients=recipients,
        purpose=draw(st.sampled_from(sorted(VOCABULARY.purposes))),
        lawful_basis=tuple(draw(st.lists(st.builds(Basis, st.sampled_from(laws), words), min_size=1, max_size=2))),
        in_force=InForce(start, start + timedelta(days=draw(st.integers(9, 999))), start + timedelta(days=9)),
        requesters=Requesters(draw(some(VOCABULARY.roles)), draw(some(MUST_STATE, 0))),
        about=parse_condition(draw(st.sampled_from(["everyone", "not charge.spent or incident.domestic"])), VOCABULARY),
        releases=tuple(replace(clause, number=at) for at, clause in enumerate(clauses, 1)),
        channels=channels,
        onward=draw(st.sampled_from(ONWARD)),
        retention=Retention(draw(st.sampled_from(["P2Y", "P6M", "P1Y6M", "P4W", "P90D"])),
                            draw(st.sampled_from(THEN)), draw(st.sampled_from(RECEIPT))),
        consent=draw(st.sampled_from(CONSENT)),
        assessment=AssessmentReference(draw(names), draw(versions)),
        review=draw(st.none() | reviews((*providers, *recipients))),
        statistics=draw(budgets) if "statistic" in channels else None,
    )  # fmt: skip


@given(agreements())
def test_the_bytes_give_the_same_agreement_back(agreement: Agreement) -> None:
    assert from_canonical(canonical(agreement), VOCABULARY) == agreement


@given(agreements())
def test_the_bytes_are_rfc_8785_and_are_themselves_an_agreement_file(agreement: Agreement) -> None:
    data = canonical(agreement)
    assert rfc8785.dumps(json.loads(data)) == data
    assert canonical(parse_agreement(data, VOCABULARY)) == data  # JSON is YAML


def test_the_bytes_do_not_depend_on_how_the_file_was_laid_out(
    marac: Agreement, marac_text: str, vocabulary: Vocabulary
) -> None:
    lines = marac_text.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("channels:"))
    moved = "\n".join([*lines[at:], *lines[1:at]])
    requoted = moved.replace("purpose: victim-safety", 'purpose: "victim-safety"').replace(
        '"not charge.spent"', "not   spent"
    )
    reordered = requoted.replace("name: as-is, birth_date: age-band", "birth_date: age-band, name: as-is")
    assert canonical(parse_agreement(reordered, vocabulary)) == canonical(marac)


def test_the_bytes_of_the_example_are_what_they_always_were(marac: Agreement) -> None:
    """Who changes this changes what every agreement's signatures were made over: that needs a new FORMAT."""
    document = json.loads(canonical(marac))
    assert document["format"] == FORMAT == "comity/agreement/1"
    assert document["about"] == "involvement.role = 'victim' and incident.risk_score >= 14"
    assert document["release"][2] == {
        "record": "charge",
        "where": "not charge.spent",
        "fields": {"charged_on": "month", "offence": "as-is", "status": "as-is"},
    }
    assert canonical(marac).startswith(b'{"about":"involvement.role = ')
    assert sha256(canonical(marac)).hexdigest() == "91ce13dcd329f4394f70cc84b2ef28ebd47e364aeeee43a7c33b86bdb301faf6"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"version":3', b'"version":3.0'),
        (b'"version":3', b'"version": 3'),
        (b'"version":3', b'"version":"3"'),
        (b'"onward":"none"', b'"onward":"none","onward":"none"'),
        (b'"not charge.spent"', b'"not  charge.spent"'),
        (b'"not charge.spent"', b'"not spent"'),
        (b'"format":"comity/agreement/1",', b""),
        (b'"format":"comity/agreement/1"', b'"format":"comity/agreement/2"'),
        (b'"format":"comity/agreement/1"', b'"format":["comity/agreement/1"]'),
        (b'"version":3}', b'"version":3}\n'),
        (b'"of":["victim"]', b'"of":"victim"'),
        (b'"version":3', b'"version":true'),
        (b'"version":3', b'"version":null'),
        (b'"version":3', b'"version":NaN'),
        (b"{", b"[" * 10_000),
        (b'{"about"', b'\xff{"about"'),
    ],
)
def test_bytes_that_are_not_canonical_are_refused(
    old: bytes, new: bytes, marac: Agreement, vocabulary: Vocabulary
) -> None:
    data = canonical(marac)
    assert old in data
    with pytest.raises(FaultyAgreementError):
        from_canonical(data.replace(old, new, 1), vocabulary)
