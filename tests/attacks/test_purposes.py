"""A purpose that is not in the agreement: broader, narrower, beside it, or only alike."""

from __future__ import annotations

import pytest
from tests.gate.world import NOW, agreement_text, request

from comity.agreements import Standing, parse_agreement
from comity.gate import Disclosure, Refusal, reasons
from comity.gate.decide import decide
from comity.vocabulary import load

VOCABULARY = load()
ALIKE = ["Prosecution", " prosecution", "prosecution ", "prosecution\n", "prosecution\0", "pro\u200bsecution",
         "\u0440rosecution", "prosecution/", "prosecution,statistics", "prosecution or true", "*", "%", "criminal-justice\u00a0"]  # fmt: skip


def test_every_other_purpose_of_the_vocabulary(world, accused):
    """A broader purpose is no purpose of the agreement, and a narrower one would be the requester's own claim."""
    agreement = parse_agreement(agreement_text(), VOCABULARY)
    line = {it.name for it in VOCABULARY.purpose_line("prosecution")} - {"prosecution"}
    beside = {it.name for it in VOCABULARY.purposes.values() if it.parent == VOCABULARY.purpose("prosecution").parent}
    narrower = {
        name for name in VOCABULARY.purposes if "prosecution" in {it.name for it in VOCABULARY.purpose_line(name)}
    }
    assert line
    assert beside - {"prosecution"}
    for purpose in VOCABULARY.purposes:
        verdict = decide(request(accused, purpose=purpose), agreement, Standing(()), VOCABULARY, NOW)
        assert verdict.permitted == (purpose == "prosecution"), purpose
        assert verdict.permitted or verdict.clauses == ()
    assert narrower >= {"prosecution"}


@pytest.mark.parametrize("relation", ["broader", "beside it"])
def test_a_purpose_broader_than_the_agreements_or_beside_it(world, accused, relation):
    """Refused, logged, and nothing is looked up of the person."""
    own = VOCABULARY.purpose("prosecution")
    other = own.parent if relation == "broader" else next(
        it.name for it in VOCABULARY.purposes.values() if it.parent == own.parent and it.name != own.name
    )  # fmt: skip
    world.agree()
    answer = world.ask(accused, purpose=other)
    assert isinstance(answer, Refusal)
    assert answer.reason == reasons.OTHER_PURPOSE
    assert world.log() == [("refusal", "other-purpose", 0)]


def test_a_purpose_narrower_than_the_agreements(world, accused):
    """An agreement for a broad purpose is not asked under a narrower one, nor the other way about."""
    broad = VOCABULARY.purpose("prosecution").parent
    world.agree(purpose=broad)
    assert isinstance(world.ask(accused, purpose=broad), Disclosure)
    assert world.ask(accused, purpose="prosecution").reason == reasons.OTHER_PURPOSE


@pytest.mark.parametrize("purpose", ALIKE)
def test_a_purpose_that_only_looks_like_the_agreements(world, accused, purpose):
    """Names are compared sign by sign."""
    agreement = parse_agreement(agreement_text(), VOCABULARY)
    verdict = decide(request(accused, purpose=purpose), agreement, Standing(()), VOCABULARY, NOW)
    assert verdict.refusal == reasons.OTHER_PURPOSE


def test_the_purpose_of_another_agreement_of_the_same_parties(world, accused):
    """Agreements do not add up: each is asked for its own purpose."""
    world.agree()
    world.agree(name="counting", purpose="probation-supervision", about="everyone")
    assert world.ask(accused, purpose="probation-supervision").reason == reasons.OTHER_PURPOSE
    assert world.ask(accused, agreement="counting").reason == reasons.OTHER_PURPOSE
