"""What the law lets leave only under conditions, and how long it may be kept, as tables that are printed in the reference."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from comity.agreements.limits import kept, restricted
from comity.agreements.models import Agreement, Basis, FieldRelease, Release
from comity.agreements.parse import CONSENT, holds_in
from comity.agreements.prove import ALONE, CONTRADICTIONS, Kind, contradictions, prove
from comity.agreements.prove_words import finding_words, proved_words
from comity.vocabulary import Vocabulary
from comity.vocabulary.models import Certainty

from .test_conditions_mean import in_the_reference, table

LEAVES = [
    # jurisdiction, purpose, lawful bases, what leaves, of whom, consent; which restriction is against it, and how surely
    ("uk", "prosecution", "uk/dpa2018-s35-2-b", "charge.offence as-is", "", "", "", ""),
    ("uk", "research", "uk/dpa2018-s35-2-b", "charge.offence as-is", "", "", "uk/dpa2018-s36-4-knowledge", "forbidden"),
    ("uk", "statistics", "uk/dpa2018-s35-2-b", "charge.disposed_on year", "", "", "uk/dpa2018-s36-4-knowledge", "forbidden"),
    ("uk", "research", "uk/dpa2018-s35-2-b", "charge.offence withheld", "", "", "", ""),
    ("uk", "research", "uk/dpa2018-s35-2-b uk/dpa2018-s41", "charge.offence as-is", "", "", "", ""),
    ("uk", "research", "uk/dpa2018-s35-2-b uk/dpa2018-s36-4", "charge.offence as-is", "", "", "", ""),
    ("uk", "research", "uk/dpa2018-s35-2-b", "hearing.starts_on as-is", "", "", "", ""),
    ("uk", "research", "uk/dpa2018-s35-2-b", "person.name as-is", "", "", "uk/dpa2018-s37-identified", "doubted"),
    ("uk", "research", "uk/dpa2018-s35-2-b", "person.name pseudonym", "", "", "", ""),
    ("uk", "victim-support", "uk/gdpr-art6-1-e", "charge.offence as-is", "", "", "uk/dpa2018-s10-5-criminal", "doubted"),
    ("uk", "victim-support", "uk/gdpr-art6-1-e uk/dpa2018-sch1-18", "charge.offence as-is", "", "", "", ""),
    ("uk", "victim-support", "uk/gdpr-art6-1-e uk/dpa2018-s35-2-b", "charge.offence as-is", "", "", "", ""),
    ("nl", "victim-support", "nl/avg-art6-1-e", "charge.offence as-is", "", "", "nl/uavg-art31-criminal", "forbidden"),
    ("nl", "victim-support", "nl/avg-art6-1-e nl/uavg-art33", "charge.offence as-is", "", "", "", ""),
    ("nl", "victim-support", "nl/wpg-art8", "charge.offence as-is", "", "", "", ""),
    ("nl", "performance", "nl/wpg-art8", "charge.offence as-is", "", "", "eu/led-art9-1-knowledge", "forbidden"),
    ("nl", "performance", "nl/wpg-art8 nl/wpg-art22", "charge.offence as-is", "", "", "", ""),
    ("nl", "investigation", "nl/wpg-art9", "person.national_number as-is", "", "", "nl/uavg-art46-number", "doubted"),
    ("nl", "investigation", "nl/wpg-art9", "person.national_number present", "", "", "", ""),
    ("eu", "disclosure-to-defence", "eu/led-art8", "person.address as-is", "victim", "", "eu/victims-art18-defence", "doubted"),
    ("eu", "disclosure-to-defence", "eu/led-art8", "person.address as-is", "", "", "eu/victims-art18-defence", "doubted"),
    ("eu", "disclosure-to-defence", "eu/led-art8", "person.address as-is", "suspect", "", "", ""),
    ("eu", "disclosure-to-defence", "eu/led-art8", "person.address area", "victim", "", "", ""),
    ("eu", "prosecution", "eu/led-art8", "person.address as-is", "victim", "", "", ""),
    ("eu", "victim-support", "eu/gdpr-art6-1-e", "charge.offence as-is", "", "", "eu/gdpr-art10-criminal", "doubted"),
    ("us", "statistics", "us/28cfr-20-33-a-1", "charge.offence as-is", "", "", "us/28cfr-20-21-b-4-knowledge", "doubted"),
    ("us", "statistics", "us/28cfr-20-21-b", "charge.offence as-is", "", "", "", ""),
    ("us", "victim-safety", "us/28cfr-20-33-a-1", "person.safe_contact as-is", "victim", "asked", "us/34usc-12291-b-2-victims", "doubted"),
    ("us", "victim-safety", "us/28cfr-20-33-a-1", "person.safe_contact as-is", "victim", "required", "", ""),
]  # fmt: skip

KEPT = [
    # jurisdiction, purpose, lawful basis, how long; which limit is against it or asks for one, and what is found
    ("nl", "crime-prevention", "nl/wpg-art8", "P5Y", "", ""),
    ("nl", "crime-prevention", "nl/wpg-art8", "P60M", "", ""),
    ("nl", "crime-prevention", "nl/wpg-art8", "P1826D", "", ""),
    ("nl", "crime-prevention", "nl/wpg-art8", "P1827D", "nl/wpg-art8-6", "kept-too-long"),
    ("nl", "crime-prevention", "nl/wpg-art8", "P4Y13M", "nl/wpg-art8-6", "kept-too-long"),
    ("nl", "crime-prevention", "nl/wpg-art8", "P9999Y", "nl/wpg-art8-6", "kept-too-long"),
    ("nl", "investigation", "nl/wpg-art10", "P6Y", "nl/wpg-art10-6", "kept-long"),
    ("nl", "investigation", "nl/wpg-art9", "P1Y", "eu/led-art5 nl/wpg-art9-4", "limit-unknown"),
    ("uk", "investigation", "uk/dpa2018-s35-2-b", "P6Y", "", ""),
    ("uk", "investigation", "uk/dpa2018-s35-2-b", "P7Y", "uk/app-mopi-group-3", "kept-long"),
    ("uk", "prosecution", "uk/dpa2018-s35-2-b", "P1D", "uk/dpa2018-s39", "limit-unknown"),
    ("us", "crime-prevention", "us/28cfr-20-33-a-1", "P6Y", "us/28cfr-23-20-h", "kept-long"),
    ("us", "prosecution", "us/28cfr-20-33-a-1", "P7Y", "", "limit-unknown"),
]


def changed(marac: Agreement, jurisdiction: str, purpose: str, bases: str, **more: object) -> Agreement:
    laws = tuple(Basis(term, "It is needed.") for term in bases.split())
    in_force = replace(marac.in_force, start=date(2026, 2, 1))
    return replace(marac, jurisdiction=jurisdiction, purpose=purpose, lawful_basis=laws, in_force=in_force, **more)


def leaving(marac: Agreement, case: tuple[str, ...]) -> Agreement:
    jurisdiction, purpose, bases, leaves, whose, consent = case[:6]
    field, form = leaves.split()
    record, _, name = field.partition(".")
    release = Release(1, record, tuple(whose.split()), None, (FieldRelease(name, form),))
    return changed(marac, jurisdiction, purpose, bases, releases=(release,), consent=consent or "not-required")


@pytest.mark.parametrize("case", LEAVES, ids="-".join)
def test_what_may_leave_only_under_conditions(case, marac: Agreement, vocabulary: Vocabulary):
    found = list(restricted(leaving(marac, case), vocabulary))
    field = case[3].split()[0].partition(".")[2]
    expected = [(case[7], "release 1", (field,), (case[6],))] if case[6] else []
    assert [tuple(each) for each in found] == expected


@pytest.mark.parametrize("case", KEPT, ids="-".join)
def test_how_long_it_may_be_kept(case, marac: Agreement, vocabulary: Vocabulary):
    jurisdiction, purpose, bases, keep, terms, kind = case
    agreement = changed(marac, jurisdiction, purpose, bases, retention=replace(marac.retention, keep=keep))
    expected = [(kind, "retention", (), tuple(terms.split()))] if kind else []
    assert [tuple(each) for each in kept(agreement, vocabulary)] == expected


def test_each_row_of_the_vocabulary_is_in_a_table(vocabulary: Vocabulary):
    """Whoever adds a row shows what it is against; a limit that names no time, where it is asked for."""
    assert {case[6] for case in LEAVES if case[6]} == set(vocabulary.restrictions) - {"eu/gdpr-art89-1-identified"}
    assert {term for case in KEPT for term in case[4].split()} == set(vocabulary.retention_limits)


def test_a_restriction_of_the_union_holds_in_a_member_state(marac: Agreement, vocabulary: Vocabulary):
    case = ("nl", "research", "nl/wpg-art8 nl/wpg-art22", "person.name as-is", "", "")
    (found,) = restricted(leaving(marac, case), vocabulary)
    assert found.terms == ("eu/gdpr-art89-1-identified",)


def test_the_rows_name_what_an_agreement_can_say(vocabulary: Vocabulary):
    """Consent is a word of agreements; a provision is named only where it holds."""
    for law in vocabulary.restrictions.values():
        assert set(law.consents) <= set(CONSENT)
        laws = [vocabulary.lawful_bases[term].jurisdiction for term in (*law.grounds, *law.bases)]
        assert all(holds_in(each, law.jurisdiction) for each in laws)
    for limit in vocabulary.retention_limits.values():
        assert all(holds_in(vocabulary.lawful_bases[term].jurisdiction, limit.jurisdiction) for term in limit.bases)


def test_only_what_the_law_states_keeps_from_signing(marac: Agreement, vocabulary: Vocabulary):
    for case in (*LEAVES, *KEPT):
        if case in LEAVES:
            agreement = leaving(marac, case)
        else:
            agreement = changed(marac, *case[:3], retention=replace(marac.retention, keep=case[3]))
        of_law = {it.kind for it in contradictions(agreement, vocabulary)} & {Kind.FORBIDDEN, Kind.KEPT_TOO_LONG}
        assert of_law == {Kind(kind) for kind in case[-1:] if kind in {"forbidden", "kept-too-long"}}
    assert not {Kind.DOUBTED, Kind.KEPT_LONG, Kind.LIMIT_UNKNOWN} & CONTRADICTIONS


def test_what_is_certain_is_what_refuses(vocabulary: Vocabulary):
    surely = {case[6] for case in LEAVES if case[7] == "forbidden"} | {it[4] for it in KEPT if it[5] == "kept-too-long"}
    laws = {**vocabulary.restrictions, **vocabulary.retention_limits}
    assert {laws[term].certainty for term in surely} == {Certainty.STATED}


def test_a_warning_is_said_and_keeps_it_from_being_called_proved(marac: Agreement, vocabulary: Vocabulary):
    findings = prove(marac, vocabulary)
    (unknown,) = findings
    assert unknown.kind is Kind.LIMIT_UNKNOWN
    said = finding_words(unknown, marac, vocabulary)
    assert said.en.startswith("Nobody has said what the limit is to keeping data for this purpose")
    assert "whether 2 years is too long" in said.en
    assert "Data Protection Act 2018, section 39" in said.en
    assert said.nl.startswith("Niemand heeft gezegd wat de grens is aan het bewaren voor dit doel")
    proved = {label.en for label in proved_words(ALONE, findings)}
    assert len(proved) == len(ALONE) - 1
    assert "It is kept no longer than the law that is known here lets it." not in proved


@pytest.mark.parametrize("language", ["en", "nl"])
def test_cause_and_mend_are_said(language: str, marac: Agreement, vocabulary: Vocabulary):
    """The clause, the field, the provision and what it says, and each way to mend it."""
    agreement = leaving(marac, ("uk", "research", "uk/dpa2018-s35-2-b", "charge.disposed_on month", "", ""))
    (finding,) = contradictions(agreement, vocabulary)
    law = vocabulary.restrictions["uk/dpa2018-s36-4-knowledge"]
    said = finding_words(finding, agreement, vocabulary).in_language(language)
    assert finding.clause == "release 1"
    for part in (law.act, law.article, law.label.in_language(language)[1:]):
        assert part in said
    for part in {"en": ("disposed of on (the month and year only)", "name a lawful basis for research, further use or disclosure",
                        "leave the fields out"),
                 "nl": ("alleen maand en jaar", "noem een grondslag voor onderzoek, verder gebruik of verstrekking",
                        "laat de velden weg")}[language]:  # fmt: skip
        assert part in said


def test_only_forms_that_fit_the_field_are_offered(marac: Agreement, vocabulary: Vocabulary):
    agreement = leaving(marac, ("uk", "research", "uk/dpa2018-s35-2-b", "person.name as-is", "", ""))
    (finding,) = (it for it in prove(agreement, vocabulary) if it.kind is Kind.DOUBTED)
    said = finding_words(finding, agreement, vocabulary).en
    assert "pseudonym" in said
    assert "age band" not in said


def test_the_time_that_would_do_is_said(marac: Agreement, vocabulary: Vocabulary):
    agreement = changed(marac, "nl", "crime-prevention", "nl/wpg-art8", retention=replace(marac.retention, keep="P7Y"))
    (finding,) = (it for it in contradictions(agreement, vocabulary) if it.kind is Kind.KEPT_TOO_LONG)
    said = finding_words(finding, agreement, vocabulary)
    assert said.en.startswith("It keeps data for 7 years, longer than the law lets it: ")
    assert said.en.endswith("To mend it, keep them for 5 years at most.")
    assert "artikel 8, zesde lid" in said.nl
    assert said.nl.endswith("Zo is het te herstellen: bewaar ze hoogstens 5 jaar.")


def test_the_reference_prints_these_tables():
    """To print them anew: COMITY_WRITE_DOCS=1 pytest tests/agreements/test_limits.py."""
    leaves = [
        (law, purpose, _coded(bases), f"`{what}`{f' of a {whose}' if whose else ''}{f', consent {consent}' if consent else ''}",
         f"{kind}: `{term}`" if term else "nothing")
        for law, purpose, bases, what, whose, consent, term, kind in LEAVES
    ]  # fmt: skip
    keeps = [
        (
            law,
            purpose,
            _coded(bases),
            f"`{keep}`",
            f"{kind}{f': {_coded(terms)}' if terms else ''}" if kind else "nothing",
        )
        for law, purpose, bases, keep, terms, kind in KEPT
    ]
    in_the_reference(
        "limits",
        table(("in", "for", "on", "leaves", "found"), leaves)
        + "How long it is kept:\n\n"
        + table(("in", "for", "on", "kept", "found"), keeps),
    )


def _coded(terms: str) -> str:
    return ", ".join(f"`{term}`" for term in terms.split())
