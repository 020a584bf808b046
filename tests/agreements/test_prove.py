"""What is proved of an agreement and found against it, as tables: a change in the file, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import comity
from comity.agreements import parse_agreement, parse_condition
from comity.agreements.claims import Holds
from comity.agreements.minimisers import APPLIES, applies, tells_no_more
from comity.agreements.models import Agreement
from comity.agreements.prove import ALONE, COMPARED, CONTRADICTIONS, SEALED, Finding, Kind, compare, prove
from comity.agreements.prove_words import finding_words, proved_words
from comity.agreements.prover import Answer, Prover, Solver, Verdict
from comity.agreements.smt import Sketch
from comity.demo.chain import agreement_text
from comity.vocabulary import Vocabulary
from comity.vocabulary.models import Sensitivity

ROOT = Path(comity.__file__).parent
SHIPPED = sorted([*ROOT.glob("agreements/examples/*.yaml"), *ROOT.glob("demo/*/agreements/*.yaml")])
YEAR = (date(2026, 1, 1), date(2026, 12, 31))

CAN_BE_TRUE = [
    # of a record type, whether a condition can be true of a row on a day of 2026; police provide, probation asks
    ("charge", "status = 'filed'", True),
    ("charge", "status = 'filed' and status = 'closed'", False),
    ("charge", "status = 'filed' and status != 'filed'", False),
    ("charge", "status not in ('filed') and status in ('filed')", False),
    ("charge", "spent and not spent", False),
    ("charge", "not (spent or not spent)", False),  # also where nobody knows: unknown is not true
    ("charge", "spent is null and not spent", False),
    ("charge", "spent is null and (spent or status = 'filed')", True),
    ("charge", "offence is null", False),  # required
    ("charge", "offence_code is null", True),
    ("charge", "offence = 'Theft' and offence = 'theft'", False),
    ("charge", "offence != 'Theft' and offence != 'Arson'", True),  # another text
    ("charge", "offence = offence_code and offence != offence_code", False),
    ("charge", "charged_on < '2026-01-01' and charged_on > today", False),
    ("charge", "charged_on > '2026-12-31' and charged_on <= today", False),  # not while it is in force
    ("charge", "charged_on >= '2026-12-31' and charged_on <= today", True),
    ("charge", "charged_on between '2026-02-02' and '2026-02-01'", False),
    ("charge", "charged_on within 1 month and charged_on = '2027-01-31'", True),
    ("charge", "charged_on within 1 month and charged_on = '2027-02-01'", False),
    ("charge", "charged_on within last 1 month and charged_on < '2025-12-01'", False),
    ("charge", "charged_on >= '2500-01-01'", False),  # no row has such a day
    ("charge", "charged_on > arrested_on and arrested_on > charged_on", False),
    ("charge", "agency = 'police'", True),
    ("charge", "agency = 'court'", False),  # no provider
    ("charge", "agency = recipient", False),
    ("charge", "whose = 'suspect' and whose = 'victim'", False),
    ("charge", "asserted not in ('fact', 'opinion')", False),
    ("incident", "risk_score > 24", False),  # the vocabulary's maximum
    ("incident", "risk_score >= 24", True),
    ("person", "died_on < birth_date", False),  # intake holds such a row
    ("person", "died_on is null and died_on >= birth_date", False),
    ("person", "safe_contact = 'a' and safe_contact = 'A'", True),  # a sealed text is the same but for capitals
    ("person", "safe_contact = 'a' and not safe_contact = 'a'", False),
    ("charge", "exists (case where stage = 'trial') and not exists (case where stage = 'trial')", False),
    ("charge", "not (exists (case) or not exists (case))", False),
    ("charge", "exists (case where stage = 'trial') and not exists (case where stage = 'appeal')", True),
    (
        "charge",
        "exists (case where stage = 'trial' and stage != 'trial')",
        True,
    ),  # not looked into: never a false proof
]


@pytest.mark.parametrize(("record", "text", "expected"), CAN_BE_TRUE, ids=str)
def test_whether_a_condition_can_be_true(record: str, text: str, expected: bool, vocabulary: Vocabulary):
    claim = Holds(parse_condition(text, vocabulary, record=record), {record: "0"}, ("police",))
    rows = vocabulary, YEAR, ["police"], ["probation"]
    (solved,) = Solver(Sketch(*rows)).ask([claim], examples=True)
    (answer,) = Prover(*rows).ask([claim], examples=False)
    assert solved.verdict is answer.verdict is (Verdict.YES if expected else Verdict.NO)


AT_ONCE = [
    # of a charge on a day of 2026: whether a condition can be true without a solver; None: it has to be asked
    ("status = 'filed' and charged_on within last 2 weeks", Verdict.YES),
    ("charged_on > arrested_on", None),  # of two days beside one another nothing is known here
    ("status = 'filed' and status in ('closed', 'dismissed')", Verdict.NO),
    ("charged_on > today and charged_on < '2026-01-01'", Verdict.NO),
    ("charged_on > today and charged_on <= '2026-01-01'", Verdict.NO),
    ("charged_on > today and charged_on <= '2026-01-02'", Verdict.YES),
    ("charged_on >= today and charged_on < today", None),  # each may be; only not both
    ("spent is null and not spent", Verdict.NO),
    ("(spent or status = 'filed') and not spent and status != 'filed'", Verdict.NO),
    ("offence_on > '2026-01-05' and charged_on <= '2026-01-05'", None),  # against a rule across fields
    ("offence != 'Theft' and offence != 'Arson'", Verdict.YES),
    ("exists (case) and not exists (case)", Verdict.NO),
    ("exists (case) and agency != 'police'", Verdict.NO),
]


@pytest.mark.parametrize(("text", "expected"), AT_ONCE, ids=str)
def test_what_needs_no_solver(text: str, expected: Verdict | None, vocabulary: Vocabulary):
    claim = Holds(parse_condition(text, vocabulary, record="charge"), {"charge": "0"}, ("police",))
    answer = Prover(vocabulary, YEAR, ["police"], ["probation"]).at_once(claim, examples=False)
    assert (answer.verdict if answer else None) is expected


def test_a_version_that_says_the_same_or_more_needs_no_solver(
    marac: Agreement, marac_text: str, monkeypatch, vocabulary
):
    """Not even whether the old version covers everybody is asked, since both say the same."""
    monkeypatch.setattr(Prover, "solver", lambda self: pytest.fail("a solver is asked"))
    for old, new in (("", ""), ("not charge.spent", "not charge.spent and charge.status = 'filed'")):
        assert compare(marac, parse_agreement(marac_text.replace(old, new, 1), vocabulary), vocabulary) == ()


def test_what_may_never_apply_is_still_asked_whether_it_lets_out_what_is_sealed(
    marac: Agreement, marac_text: str, monkeypatch, vocabulary: Vocabulary
):
    """A clause of which the solver cannot say whether it applies has not been found harmless."""
    text = marac_text.replace("address: area", "protected_address: as-is", 1)
    agreement = parse_agreement(text, vocabulary)
    monkeypatch.setattr(Prover, "at_once", lambda self, claim, *, examples: None)
    monkeypatch.setattr(Solver, "ask", lambda self, claims, *, examples: [Answer(Verdict.UNDECIDED)] * len(claims))
    undecided = {it.others[0] for it in prove(agreement, vocabulary) if it.kind is Kind.UNDECIDED}
    assert undecided == {Kind.COVERS_NOBODY, Kind.NEVER_APPLIES, Kind.SEALED_LEAVES}


def found_in(agreement: Agreement, vocabulary: Vocabulary, levels=SEALED) -> list[Finding]:
    """What is found, but that nobody has said how long these data may be kept (`test_limits.py`)."""
    return [finding for finding in prove(agreement, vocabulary, levels) if finding.kind is not Kind.LIMIT_UNKNOWN]


ALONE_CHANGES = [
    # what is changed in the file of the conference on victims at risk, and what is found
    ("", "", []),
    (">= 14", ">= 25", [("covers-nobody", "about", ())]),
    (
        "involvement.role = 'victim' and",
        "involvement.role = 'victim' and involvement.incident is null and",
        [("covers-nobody", "about", ())],  # the involvement has to refer to the incident
    ),
    ("not charge.spent", "charge.status = 'filed' and charge.status = 'closed'", [("never-applies", "release 3", ())]),
    (
        "channels: [read",
        "  - {record: charge, where: \"status = 'filed' and not spent\", fields: {charged_on: year}}\nchannels: [read",
        [("adds-nothing", "release 4", ()), ("overlap", "release 4", ("charged_on",))],
    ),
    (
        "channels: [read",
        "  - {record: charge, where: \"status = 'filed' and not spent\", fields: {charged_on: as-is}}\nchannels: [read",
        [("overlap", "release 4", ("charged_on",))],
    ),
    (
        "channels: [read",
        "  - {record: charge, where: spent, fields: {charged_on: as-is}}\nchannels: [read",
        [],
    ),
    (
        "channels: [read",
        '  - {record: charge, where: "status is null", fields: {status: withheld}}\nchannels: [read',
        [("overlap", "release 4", ("status",))],  # said to be withheld, and leaves all the same
    ),
    ("address: area", "protected_address: as-is", [("sealed-leaves", "release 2", ("protected_address",))]),
    ("address: area", "protected_address: present", []),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), ALONE_CHANGES, ids=lambda each: str(each)[:60])
def test_what_is_found_of_one_agreement(old, new, expected, marac_text: str, vocabulary: Vocabulary):
    agreement = parse_agreement(marac_text.replace(old, new, 1), vocabulary)
    found = [(it.kind.value, it.clause, it.fields) for it in found_in(agreement, vocabulary)]
    assert found == expected


COMPARED_CHANGES = [
    # what is changed in the new version, and the fields that it would newly let out, by clause
    ("", "", {}),
    (">= 14", ">= 15", {}),
    (">= 14", "> 14", {}),
    ("incident.risk_score >= 14", "not incident.risk_score < 14", {}),
    (">= 14", ">= 13", {"release 1": "name birth_date address ethnicity", "release 2": "name birth_date address",
                        "release 3": "offence charged_on status"}),
    ("not charge.spent", "charge.spent = false", {}),
    ("not charge.spent", "not charge.spent and charge.status = 'filed'", {}),
    ("not charge.spent", "not charge.spent or charge.spent is null", {"release 3": "offence charged_on status"}),
    ("of: suspect", "of: [suspect, witness]", {"release 2": "name birth_date address"}),
    ("charged_on: month", "charged_on: year", {}),
    ("charged_on: month", "charged_on: present", {}),
    ("charged_on: month", "charged_on: as-is", {"release 3": "charged_on"}),
    ("birth_date: age-band", "birth_date: year", {"release 2": "birth_date"}),  # neither tells the other
    ("address: area", "address: present", {"release 2": "address"}),  # an address without a postcode has no area
    ("address: area", "address: withheld", {}),
    ("address: area", "phone: as-is", {"release 2": "phone"}),
    ("providers: [police, probation]", "providers: [police]", {}),
    ("providers: [police, probation]", "providers: [police, probation, court]",
     {"release 1": "name birth_date address ethnicity", "release 2": "name birth_date address",
      "release 3": "offence charged_on status"}),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), COMPARED_CHANGES, ids=lambda each: str(each)[:60])
def test_what_a_new_version_releases_more(
    old, new, expected, marac: Agreement, marac_text: str, vocabulary: Vocabulary
):
    later = parse_agreement(marac_text.replace(old, new, 1), vocabulary)
    more: dict[str, set[str]] = {}
    for finding in compare(marac, later, vocabulary):
        assert finding.kind is Kind.RELEASES_MORE
        more.setdefault(finding.clause, set()).update(finding.fields)
    assert more == {clause: set(fields.split()) for clause, fields in expected.items()}


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("recipients: [victim-services]", "recipients: [victim-services, court]", ("recipients", ("court",))),
        ("channels: [read, notify]", "channels: [read, extract]", ("channels", ("extract",))),
        ("must_state: [case_reference, justification]", "must_state: []", ("must_state", ("case_reference", "justification"))),
        ("onward: none", "onward: with-permission", ("onward", ("with-permission",))),
        ("roles: [idva, marac-coordinator]", "roles: [idva, officer]", ("roles", ("officer",))),
        ("purpose: victim-safety", "purpose: threat-to-life", ("purpose", ("threat-to-life",))),
    ],
)  # fmt: skip
def test_to_whom_a_new_version_opens(old, new, found, marac: Agreement, marac_text: str, vocabulary: Vocabulary):
    later = parse_agreement(marac_text.replace(old, new, 1), vocabulary)
    assert [(it.kind, it.clause, it.others) for it in compare(marac, later, vocabulary)] == [(Kind.OPENS_WIDER, *found)]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("review:", None, ("review", ("review",))),
        ("within: P1D", "within: P2D", ("review", ("within",))),
        ("within: P1D", "within: PT25H", ("review", ("within",))),
        ("within: P1D", "within: PT23H", None),
        ("overdue: suspend", "overdue: shout", ("review", ("overdue",))),
        ("notice: immediate", "notice: none", ("review", ("notice",))),
        ("each: disclosure", "each: request", None),
        ("agencies: police}", "agencies: [police, prison]}", ("reviewers", ("prison",))),
        ("agencies: police}", "agencies: prison}", ("reviewers", ("prison",))),
        ("roles: data-protection-officer", "roles: auditor", ("reviewers", ("auditor",))),
    ],
)
def test_less_review_is_wider_and_so_is_one_reader_more(old, new, found, emergency_text: str, vocabulary: Vocabulary):
    earlier = parse_agreement(emergency_text, vocabulary)
    text = emergency_text.partition(old)[0] if new is None else emergency_text.replace(old, new, 1)
    later = parse_agreement(text, vocabulary)
    told = compare(earlier, later, vocabulary)
    assert [(it.kind, it.clause, it.others) for it in told] == ([(Kind.OPENS_WIDER, *found)] if found else [])
    assert all(finding_words(it, later, vocabulary).en.endswith(".") for it in told)
    back = {it.clause for it in compare(later, earlier, vocabulary)}
    assert back <= {"reviewers"} if found else back == {"review"}


def test_what_others_hold_is_not_what_one_more_provider_holds(marac: Agreement, vocabulary: Vocabulary):
    """`not exists` among fewer rows is true more often; an unknown truth of the one says nothing of the other."""
    where = parse_condition("not exists (case where stage = 'trial')", vocabulary, record="charge")
    clause = replace(marac.releases[2], where=where)
    old = replace(marac, providers=("police", "probation"), releases=(clause,))
    assert compare(old, old, vocabulary) == ()
    assert compare(old, replace(old, providers=("police",)), vocabulary) != ()


def test_a_row_of_somebody_else_is_not_released_by_a_clause_that_says_not_whose(
    marac: Agreement, vocabulary: Vocabulary
):
    anyone, victims = replace(marac.releases[0], of=()), marac.releases[0]
    own = replace(marac, releases=(anyone,))
    (finding,) = compare(own, replace(marac, releases=(victims,)), vocabulary)
    assert "of somebody else" in finding_words(finding, replace(marac, releases=(victims,)), vocabulary).en


def test_the_row_that_is_released_may_be_the_one_that_covers(marac: Agreement, marac_text: str, vocabulary: Vocabulary):
    filed = "record: charge, of: suspect, where: status = 'filed'"
    text = marac_text.replace('record: charge, where: "not charge.spent"', filed)
    old = replace(parse_agreement(text, vocabulary), about=parse_condition("charge.status = 'filed'", vocabulary))
    old = replace(old, releases=(old.releases[2],))
    new = replace(old, about=parse_condition("everyone", vocabulary))
    (finding,) = compare(old, new, vocabulary)  # only of somebody else: an own charge that is filed covers its person
    assert finding.example is not None
    assert finding.example.others == {"0"}


# --- forms -----------------------------------------------------------------------------------------------------------


def test_forms_are_partly_ordered(vocabulary: Vocabulary):
    for record in vocabulary.record_types.values():
        for field in record.fields:
            forms = [form for form in APPLIES if applies(form, field)]
            below = {form: {than for than in forms if tells_no_more(form, than, field)} for form in forms}
            for form in forms:
                assert {form, "as-is"} <= below[form]
                assert "withheld" not in below[form] - below["withheld"]
                assert all(below[than] <= below[form] for than in below[form])  # transitive
                assert all(form == than or form not in below[than] for than in below[form])  # antisymmetric


@pytest.mark.parametrize(
    ("form", "than", "field", "expected"),
    [
        ("year", "month", "birth_date", True),
        ("month", "year", "birth_date", False),
        ("age-band", "year", "birth_date", False),
        ("year", "age-band", "birth_date", False),
        ("present", "year", "birth_date", True),
        ("present", "age-band", "birth_date", False),
        ("present", "area", "address", False),
        ("present", "initials", "name", True),
        ("pseudonym", "as-is", "name", True),
        ("pseudonym", "initials", "name", False),
    ],
)
def test_what_a_form_tells(form, than, field, expected, vocabulary: Vocabulary):
    assert tells_no_more(form, than, vocabulary.record_type("person").field(field)) is expected


# --- law, words, and what is shipped ---------------------------------------------------------------------------------


def test_a_special_category_needs_a_basis_that_can_carry_it(marac: Agreement, vocabulary: Vocabulary):
    plain = replace(marac, lawful_basis=marac.lawful_basis[:1])
    (finding,) = found_in(plain, vocabulary)
    assert (finding.kind, finding.clause, finding.fields) == (Kind.NOT_CARRIED, "release 1", ("ethnicity",))
    assert "section 35(5)" in finding_words(finding, plain, vocabulary).en


def test_what_stands_beside_a_ground_does_not_stand_alone(marac: Agreement, vocabulary: Vocabulary):
    beside = replace(marac, lawful_basis=marac.lawful_basis[1:])
    assert [finding.kind for finding in found_in(beside, vocabulary)] == [Kind.NEVER_ALONE]


def test_any_sensitivity_may_be_asked_about(marac: Agreement, vocabulary: Vocabulary):
    (finding,) = found_in(marac, vocabulary, {Sensitivity.SPECIAL})
    assert (finding.kind, finding.fields) == (Kind.SEALED_LEAVES, ("ethnicity",))
    assert finding.example is not None


def test_findings_are_said_in_both_languages(marac: Agreement, marac_text: str, vocabulary: Vocabulary):
    later = parse_agreement(marac_text.replace("not charge.spent", "charge.status = 'filed'"), vocabulary)
    (finding,) = compare(marac, later, vocabulary)
    said = finding_words(finding, later, vocabulary)
    assert said.en.startswith(
        "It would newly let out offence, charged on (the month and year only) and status; for instance of a charge ("
    )
    assert "status is filed" in said.en
    assert said.nl.startswith("Zij zou nieuw verstrekken: ")
    assert "een feit (" in said.nl


def test_what_is_not_found_is_proved(marac: Agreement, vocabulary: Vocabulary):
    assert len(proved_words(ALONE, found_in(marac, vocabulary))) == len(ALONE)
    assert len(proved_words(COMPARED, compare(marac, marac, vocabulary))) == len(COMPARED)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_no_agreement_that_is_shipped_contradicts_itself(path: Path, vocabulary: Vocabulary):
    agreement = parse_agreement(agreement_text(path, date(2026, 11, 22)), vocabulary)
    findings = prove(agreement, vocabulary)
    assert not {finding.kind for finding in findings} & {*CONTRADICTIONS, Kind.OVERLAP, Kind.UNDECIDED}
    assert compare(agreement, agreement, vocabulary) == ()
