"""Reading an agreement: what it gives, and all that can be wrong with it, each at its place."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.agreements.conditions import parse_condition
from comity.agreements.errors import FaultyAgreementError
from comity.agreements.minimisers import APPLIES
from comity.agreements.models import Agreement, Fault, FieldRelease, Release, Review
from comity.agreements.parse import MAX_RELEASES, parse_agreement
from comity.agreements.reading import MAX_BYTES, MAX_DEPTH
from comity.vocabulary import Vocabulary, load

VOCABULARY = load()

# what to replace, by what; the words at which the fault stands, its path; words of the cause and of the mend
FAULTS = [
    ("version: 3", "version: 0", "0", "version", "not a version", "from 1"),
    ("version: 3", "version: 1.0", "1.0", "version", "not a version", "from 1"),
    ("version: 3", "version: -1", "-1", "version", "not a version", "from 1"),
    ("version: 3", "version: 010", "010", "version", "not a version", "from 1"),
    ("version: 3", "version: 9999999999", "9999999999", "version", "not a version", "from 1"),
    ("version: 3", "version:", "version", "version", "Nothing stands here", "Write a value"),
    ("agreement: marac", "agreement: Marac", "Marac", "agreement", "cannot be a name", "small letters"),
    ("jurisdiction: uk", "jurisdiction: gb", "gb", "jurisdiction", "no jurisdiction named 'gb'", "uk"),
    ("[police, probation]", "[police, police]", "police]", "between.providers[2]", "stands twice", "Remove"),
    ("[police, probation]", "[]", "[]", "between.providers", "at least one item", "dash"),
    ("recipients:", "receivers:", "receivers", "between", "no key named 'receivers'", "'recipients'"),
    ("purpose: victim-s", "purpose: victim-z", "victim-z", "purpose", "no purpose", "'victim-safety'"),
    ("uk/dpa2018-s35-2-b", "uk/dpa2018-s35-2-z", "uk/d", "lawful_basis[1].term", "no lawful basis", "Did you mean"),
    ("from: 2026-02-01", "from: 2026-02-30", "2026-02-30", "in_force.from", "not a date", "2026-02-01"),
    ("from: 2026-02-01", "from: 01/02/2026", "01/02/2026", "in_force.from", "not a date", "2026-02-01"),
    ("until: 2027", "until: 2025", "2025", "in_force", "before 'from'", "in order"),
    ("review_by: 2026", "review_by: 2028", "2028", "in_force", "'review_by'", "while it is in force"),
    ("[idva,", "[ivda,", "ivda", "requesters.roles[1]", "no role named 'ivda'", "'idva'"),
    ("case_reference,", "case_number,", "case_n", "requesters.must_state[1]", "no thing to state", "case_reference"),
    ("= 'victim'", "= 'victm'", "'victm'", "about", "'victm' is not a code", "'victim'"),
    ("of: victim,", "of: vicitm,", "vicitm", "release[1].of[1]", "no category of people", "'victim'"),
    ("record: charge", "record: charges", "charges", "release[3].record", "no record type", "'charge'"),
    ("charge.spent", "charge.spnt", "spnt", "release[3].where", "no field 'spnt'", "'spent'"),
    ("charged_on:", "charge_on:", "charge_on", "release[3].fields.charge_on", "no field of charge", "'charged_on'"),
    ("month", "moth", "moth", "release[3].fields.charged_on", "no form", "'month'"),
    ("offence: as-is", "offence: age-band", "age-band, charged", "release[3].fields.offence", "cannot be made", "as-is"),
    ("channels: [read", "channels: [raed", "raed", "channels[1]", "no channel", "'read'"),
    ("onward: none", "onward: nobody", "nobody", "onward", "no rule for passing on", "none"),
    ("keep: P2Y", "keep: 2 years", "2 years", "retention.keep", "not a length of time", "P2Y"),
    ("keep: P2Y", "keep: P0Y", "P0Y", "retention.keep", "not a length of time", "P2Y"),
    ("keep: P2Y", "keep: PT2H", "PT2H", "retention.keep", "not a length of time", "P2Y"),
    ("then: delete", "then: keep", "keep,", "retention.then", "no end of keeping", "delete"),
    ("consent: not-required", "consent: no", "no\n", "consent", "no rule for consent", "not-required"),
    ("marac-victim-safety@3", "marac-victim-safety", "marac-victim-safety\n", "assessment", "names no assessment", "@3"),
    ("consent: not-required\n", "", "agreement:", "", "'consent' is missing", "Add it"),
    ("onward: none", "onward: none\nonward : none", "onward :", "", "stands twice", "Remove"),
    ("title:", "title: &t", "&t", "", "An anchor", "Remove it"),
    ("purpose: victim", "purpose: !!str victim", "!!str", "", "A tag", "Remove it"),
    ("onward: none", "onward: [none]", "[none]", "onward", "one value should stand", "on this line"),
    ("{keep: P2Y, then: delete, receipt: required}", "[P2Y]", "[P2Y]", "retention", "block of keys", "keep, then"),
    ("of: victim, ", "of: victim, where: 'spent', ", "spent', ", "release[1].where", "no field 'spent'", "its fields"),
]  # fmt: skip

OF_REVIEWS = [
    ("  each: disclosure\n", "", "within:", "review", "'each' is missing", "Add it"),
    ("each: disclosure", "each: disclosur", "disclosur", "review.each", "no thing to review", "'disclosure'"),
    ("within: P1D", "within: P1M", "P1M", "review.within", "not a time to review within", "PT4H"),
    ("within: P1D", "within: P", "P\n", "review.within", "not a time to review within", "P1D"),
    ("within: P1D", "within: PT", "PT\n", "review.within", "not a time to review within", "P1D"),
    ("within: P1D", "within: P0D", "P0D", "review.within", "not a time to review within", "P1D"),
    ("within: P1D", "within: PT0H", "PT0H", "review.within", "not a time to review within", "P1D"),
    ("roles: data-protection-o", "roles: data-protection-0", "data-protection-0", "review.by.roles[1]", "no role", "'data-protection-officer'"),
    (", agencies: police}", "}", "{roles: data", "review.by", "'agencies' is missing", "Add it"),
    ("agencies: police}", "agencies: court}", "court}", "review.by.agencies[1]", "no party named 'court'", "Known are: police"),
    ("agencies: police}", "agencies: []}", "[]}", "review.by.agencies", "at least one item", "dash"),
    ("notice: immediate", "notice: immediatly", "immediatly", "review.notice", "no rule for telling", "'immediate'"),
    ("overdue: suspend", "overdue: suspended", "suspended", "review.overdue", "no rule for overdue reviews", "'suspend'"),
    ("overdue: suspend", "overdue: suspend\n  who: me", "who: me", "review", "no key named 'who'", "Known are"),
]  # fmt: skip


def faults_of(text: str, vocabulary: Vocabulary, **known: object) -> tuple[Fault, ...]:
    with pytest.raises(FaultyAgreementError) as caught:
        parse_agreement(text, vocabulary, **known)  # type: ignore[arg-type]
    return caught.value.faults


def test_an_agreement_is_read(marac: Agreement, vocabulary: Vocabulary) -> None:
    assert str(marac) == "marac-victim-safety@3"
    assert marac.parties == ("police", "probation", "victim-services")
    assert marac.requesters.must_state == ("case_reference", "justification")
    assert marac.about == parse_condition("involvement.role = 'victim' and incident.risk_score >= 14", vocabulary)
    assert marac.releases[1] == Release(
        number=2,
        record="person",
        of=("suspect",),
        where=None,
        fields=(
            FieldRelease("name", "as-is"),
            FieldRelease("birth_date", "age-band"),
            FieldRelease("address", "area"),
        ),
    )
    assert marac.releases[2].clause == "release 3"
    assert marac.releases[1].minimiser("birth_date") == "age-band"
    assert marac.releases[1].minimiser("ethnicity") == "withheld"
    assert [release.number for release in marac.releases_of("person")] == [1, 2]


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{new or 'without ' + old}".strip() for old, new, *_ in FAULTS])
def test_a_fault_is_told_at_its_place(
    fault: tuple[str, str, str, str, str, str], marac_text: str, vocabulary: Vocabulary
) -> None:
    old, new, at, path, cause, mend = fault
    changed = marac_text.index(old)
    text = marac_text[:changed] + new + marac_text[changed + len(old) :]
    found = [fault for fault in faults_of(text, vocabulary) if cause in fault.cause]
    assert [(fault.line, fault.column, fault.path) for fault in found] == [(*place_of(at, text, changed), path)]
    assert mend in found[0].mend


@pytest.mark.parametrize("fault", OF_REVIEWS, ids=[f"{new or 'without ' + old}".strip() for old, new, *_ in OF_REVIEWS])
def test_a_fault_in_a_review_is_told_at_its_place(
    fault: tuple[str, str, str, str, str, str], emergency_text: str, vocabulary: Vocabulary
) -> None:
    test_a_fault_is_told_at_its_place(fault, emergency_text, vocabulary)


def test_a_review_is_read(emergency_text: str, vocabulary: Vocabulary) -> None:
    review = parse_agreement(emergency_text, vocabulary).review
    assert review == Review("disclosure", "P1D", ("data-protection-officer",), ("police",), "immediate", "suspend")
    assert (review.time, review.suspends) == (timedelta(days=1), True)
    longer = emergency_text.replace("P1D", "P2DT12H").replace("overdue: suspend", "overdue: shout")
    other = parse_agreement(longer, vocabulary).review
    assert other
    assert (other.time, other.suspends) == (timedelta(days=2, hours=12), False)


def test_an_agreement_need_not_say_anything_of_reviews(marac: Agreement) -> None:
    assert marac.review is None


def place_of(words: str, text: str, after: int) -> tuple[int, int]:
    at = text.find(words, after) if words in text[after:] else text.index(words)
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1


def test_all_faults_are_told_at_once_in_the_order_of_the_text(marac_text: str, vocabulary: Vocabulary) -> None:
    text = (
        marac_text.replace("version: 3", "version: x").replace("uk\n", "gb\n").replace("P2Y", "P").replace("idva", "x")
    )
    faults = faults_of(text, vocabulary)
    assert [fault.path for fault in faults] == ["version", "jurisdiction", "requesters.roles[1]", "retention.keep"]


def test_parties_are_checked_where_the_agencies_are_known(marac_text: str, vocabulary: Vocabulary) -> None:
    parse_agreement(marac_text, vocabulary, agencies={"police", "probation", "victim-services"})
    (fault,) = faults_of(marac_text, vocabulary, agencies={"police", "probation", "victim-service"})
    assert fault.path == "between.recipients[1]"
    assert "Did you mean 'victim-service'?" in fault.mend


def test_an_agreement_of_an_agency_with_itself_has_one_party(marac_text: str, vocabulary: Vocabulary) -> None:
    text = marac_text.replace("[police, probation]", "police").replace("[victim-services]", "police")
    assert parse_agreement(text, vocabulary).parties == ("police",)


def test_nothing_need_be_stated_if_that_is_what_is_said(marac_text: str, vocabulary: Vocabulary) -> None:
    text = marac_text.replace("[case_reference, justification]", "[]")
    assert parse_agreement(text, vocabulary).requesters.must_state == ()


def test_a_lawful_basis_is_of_the_agreements_jurisdiction(marac_text: str, vocabulary: Vocabulary) -> None:
    foreign = next(term for term, basis in vocabulary.lawful_bases.items() if basis.jurisdiction == "nl")
    (fault,) = faults_of(marac_text.replace("uk/dpa2018-s35-2-b", foreign), vocabulary)
    assert fault.path == "lawful_basis[1].term"
    assert "law of" in fault.cause


def test_every_minimiser_says_what_it_applies_to(vocabulary: Vocabulary) -> None:
    assert APPLIES.keys() == vocabulary.minimisers.keys()


HOSTILE = [
    # an attack on whoever reads the file, or on the reader
    ("anchors that multiply", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]"),
    ("a tag that builds an object", "agreement: !!python/object/apply:os.system ['true']"),
    ("a second document after the one that was read", "{text}\n---\nagreement: other\n"),
    ("a key that overrides", "{text}\nagreement: other\n"),
    ("a merge key", "{text}\n<<: {{onward: none}}\n"),
    ("text that reads from right to left", '{text}\n"\\u202eonward": none\n'),
    ("depth", "[" * 50_000),
    ("depth in blocks", "{{a: " * (MAX_DEPTH + 1)),
    ("size", "#" + "x" * MAX_BYTES),
    ("nothing", ""),
    ("only a comment", "# nothing"),
    ("a list", "- a\n- b"),
    ("a word", "agreement"),
    ("a broken quote", 'agreement: "marac'),
    ("a control character", "agreement: a\x07b"),
    ("a null byte", "agreement: a\x00b"),
    ("a block as a key", "? {{a: b}}\n: c"),
]


@pytest.mark.parametrize(("attack", "text"), HOSTILE, ids=[attack for attack, _ in HOSTILE])
def test_a_hostile_file_is_refused(attack: str, text: str, marac_text: str, vocabulary: Vocabulary) -> None:
    assert faults_of(text.replace("{text}", marac_text).replace("{{", "{").replace("}}", "}"), vocabulary)


@pytest.mark.parametrize(
    "sign", "\u00a0\u2003\u202f\u3000\u034f\u115f\u3164\ufe0f\uffa0\u2800\u00ad\u200b\u202e\U000e0100"
)
def test_what_nobody_sees_is_refused_at_its_place(sign: str, marac_text: str, vocabulary: Vocabulary) -> None:
    changed = marac_text.replace("en: Protecting high", f"en: Protecting{sign}high", 1)
    assert changed != marac_text
    (fault,) = faults_of(changed, vocabulary)
    assert fault.cause == f"An invisible character (U+{ord(sign):04X}) stands here."
    assert (fault.line, fault.column) == place_of(sign, changed, 0)


def test_wrong_bytes_are_told_with_their_line(marac_text: str, vocabulary: Vocabulary) -> None:
    data = marac_text.encode().replace(b"purpose", b"purp\xffse")
    with pytest.raises(FaultyAgreementError) as caught:
        parse_agreement(data, vocabulary)
    assert [(fault.line, fault.cause) for fault in caught.value.faults] == [(9, "The text is not UTF-8 here.")]


def test_too_many_releases_are_refused(marac_text: str, vocabulary: Vocabulary) -> None:
    release = "  - {record: person, fields: {name: as-is}}\n"
    text = marac_text.replace("channels:", release * MAX_RELEASES + "channels:")
    assert any("at most" in fault.cause for fault in faults_of(text, vocabulary))


@given(st.text(max_size=200))
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    with pytest.raises(FaultyAgreementError):
        parse_agreement(text, VOCABULARY)


@given(st.integers(0, 1_300), st.text(max_size=3))
def test_an_agreement_that_was_damaged_is_refused_or_read_never_worse(marac_text: str, at: int, inserted: str) -> None:
    with suppress(FaultyAgreementError):
        parse_agreement(marac_text[:at] + inserted + marac_text[at + 1 :], VOCABULARY)
