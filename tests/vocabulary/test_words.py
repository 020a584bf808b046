"""What the shipped vocabulary must hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from comity.vocabulary import Vocabulary, load
from comity.vocabulary.errors import UnknownTermError
from comity.vocabulary.models import Cover, FieldType, Identifiability, Sensitivity
from comity.vocabulary.names import ENVELOPE

HERE = Path(__file__).parent


def test_it_is_read_once_per_process():
    assert load() is load()


def test_fields_keep_their_names_and_types(vocabulary: Vocabulary):
    """Mapping files and agreements in the world name them: a field may be added (add its line), never changed."""
    now = [
        f"{record_type.name}.{field.name} {field.type}{' required' if field.required else ''}"
        for record_type in vocabulary.record_types.values()
        for field in record_type.fields
    ]

    assert now == (HERE / "contract.txt").read_text(encoding="utf-8").splitlines()


def test_every_niem_name_was_looked_up_in_niem(vocabulary: Vocabulary):
    """The list holds names found in csv/Property.csv of niemopen/niem-model, release 6.0, on 2026-11-22."""
    looked_up = set((HERE / "niem-6.0-names.txt").read_text(encoding="utf-8").split())
    used = {record_type.niem for record_type in vocabulary.record_types.values()}
    used |= {field.niem for each in vocabulary.record_types.values() for field in each.fields if field.niem}

    assert used == looked_up


@pytest.mark.parametrize(
    ("path", "sensitivity"),
    [
        ("person.name", Sensitivity.ORDINARY),
        ("person.ethnicity", Sensitivity.SPECIAL),
        ("person.disability", Sensitivity.SPECIAL),
        ("person.safe_contact", Sensitivity.SEALED),
        ("person.protected_address", Sensitivity.SEALED),
        ("person.national_number", Sensitivity.SEALED),
        ("person.prison_number", Sensitivity.CRIMINAL),
        ("person.address", Sensitivity.CONFIDENTIAL),
        ("incident.description", Sensitivity.CONFIDENTIAL),
        ("involvement.role", Sensitivity.CRIMINAL),
        ("charge.offence", Sensitivity.CRIMINAL),
        ("charge.verdict", Sensitivity.CRIMINAL),
        ("custody.facility", Sensitivity.CRIMINAL),
        ("supervision.kind", Sensitivity.CRIMINAL),
        ("assessment.score", Sensitivity.CONFIDENTIAL),
        ("contact.note", Sensitivity.CONFIDENTIAL),
        ("document.title", Sensitivity.CONFIDENTIAL),
        ("hearing.starts_on", Sensitivity.ORDINARY),
    ],
)
def test_sensitivity(vocabulary: Vocabulary, path: str, sensitivity: Sensitivity):
    record_type, _, field = path.partition(".")

    assert vocabulary.record_type(record_type).field(field).sensitivity is sensitivity


def test_only_these_are_sealed(vocabulary: Vocabulary):
    sealed = {
        (each.name, field.name) for each in vocabulary.record_types.values() for field in each.fields if field.sealed
    }

    assert sealed == {("person", name) for name in ("protected_address", "safe_contact", "national_number")}


@pytest.mark.parametrize("name", ["charge", "custody"])
def test_everything_about_a_charge_or_custody_is_criminal(vocabulary: Vocabulary, name: str):
    for field in vocabulary.record_type(name).fields:
        if field.type is not FieldType.REFERENCE:
            assert field.sensitivity is Sensitivity.CRIMINAL, field.name


def test_names_numbers_and_addresses_identify_directly(vocabulary: Vocabulary):
    direct = {
        field.name
        for field in vocabulary.record_type("person").fields
        if field.identifiability is Identifiability.DIRECT
    }

    assert direct == {
        "name", "given_names", "family_name", "alias_names", "address", "protected_address", "safe_contact", "phone",
        "email", "police_number", "court_number", "prison_number", "probation_number", "national_number",
    }  # fmt: skip


def test_every_day_identifies_together_with_others(vocabulary: Vocabulary):
    for record_type in vocabulary.record_types.values():
        for field in record_type.fields:
            if field.type in {FieldType.DATE, FieldType.TIMESTAMP}:
                assert field.identifiability is Identifiability.QUASI, (record_type.name, field.name)


def test_what_has_happened_cannot_lie_ahead_and_what_is_planned_can(vocabulary: Vocabulary):
    past = {
        f"{each.name}.{field.name}" for each in vocabulary.record_types.values() for field in each.fields if field.past
    }

    assert {"person.birth_date", "person.died_on", "charge.charged_on", "custody.received_on"} <= past
    assert not past & {
        "custody.release_due_on", "hearing.starts_on", "order.ends_on", "supervision.appointment_on", "contact.due_on",
        "contact.made_on", "involvement.until",
    }  # fmt: skip


def test_every_record_that_happens_has_a_day_to_stand_on(vocabulary: Vocabulary):
    undated = {each.name for each in vocabulary.record_types.values() if not each.happened}

    assert undated == {"person"}


@pytest.mark.parametrize(
    ("record_type", "left", "right"),
    [
        ("person", "died_on", "birth_date"),
        ("incident", "reported_on", "occurred_on"),
        ("involvement", "until", "since"),
        ("case", "closed_on", "opened_on"),
        ("charge", "charged_on", "offence_on"),
        ("charge", "disposed_on", "charged_on"),
        ("order", "ends_on", "starts_on"),
        ("custody", "released_on", "received_on"),
        ("custody", "released_at", "reception_at"),
        ("supervision", "ends_on", "starts_on"),
    ],
)
def test_rules(vocabulary: Vocabulary, record_type: str, left: str, right: str):
    assert (left, ">=", right) in {(r.left, r.operator, r.right) for r in vocabulary.record_type(record_type).rules}


def test_every_code_list_is_used(vocabulary: Vocabulary):
    used = {field.code_list for each in vocabulary.record_types.values() for field in each.fields if field.code_list}

    assert used == set(vocabulary.code_lists)


@pytest.mark.parametrize(
    ("code_list", "codes"),
    [
        ("sex", {"male", "female", "other", "unknown"}),
        ("involvement-role", {"suspect", "victim", "witness", "reporter", "other"}),
        ("hearing-status", {"listed", "held", "adjourned", "vacated", "cracked", "ineffective"}),
        ("risk-band", {"low", "medium", "high", "very-high"}),
        ("charge-severity", {"serious", "either-way", "lesser", "minor", "unknown"}),
    ],
)
def test_closed_code_lists(vocabulary: Vocabulary, code_list: str, codes: set[str]):
    assert set(vocabulary.code_list(code_list).names()) == codes


@pytest.mark.parametrize(
    ("code_list", "codes"),
    [
        (
            "order-kind",
            {"bail", "restraining", "community", "suspended-sentence", "licence", "warrant", "custody", "other"},
        ),
        ("custody-kind", {"police", "jail", "remand", "sentence", "other"}),
    ],
)
def test_code_lists_that_may_grow(vocabulary: Vocabulary, code_list: str, codes: set[str]):
    assert codes <= set(vocabulary.code_list(code_list).names())


def test_purposes_are_one_tree(vocabulary: Vocabulary):
    roots = {purpose.name for purpose in vocabulary.purposes.values() if purpose.parent is None}

    assert roots == {"criminal-justice"}
    assert all([*vocabulary.purpose_line(name)][-1].name == "criminal-justice" for name in vocabulary.purposes)
    assert [p.name for p in vocabulary.purpose_line("threat-to-life")] == [
        "threat-to-life", "victim-safety", "victim-services", "criminal-justice",
    ]  # fmt: skip


def test_purposes_that_agreements_need(vocabulary: Vocabulary):
    assert {
        "prosecution", "charging-decision", "court-listing", "court-proceedings", "custody-management",
        "probation-supervision", "offender-management", "victim-safety", "victim-information", "crime-prevention",
        "threat-to-life", "subject-access", "oversight", "data-quality", "redress", "statistics",
    } <= set(vocabulary.purposes)  # fmt: skip


def test_roles_operations_and_channels(vocabulary: Vocabulary):
    assert {
        "officer", "investigator", "prosecutor", "listing-officer", "judge", "prison-officer", "probation-officer",
        "victim-advocate", "idva", "marac-coordinator", "data-steward", "data-protection-officer", "auditor",
        "caseworker", "citizen", "service-account", "governance-officer", "legal-adviser", "security-officer",
    } <= set(vocabulary.roles)  # fmt: skip
    assert [*vocabulary.operations][:6] == [  # LED art. 25(1)
        "collection", "alteration", "consultation", "disclosure", "combination", "erasure",
    ]  # fmt: skip
    assert [*vocabulary.subject_categories] == ["suspect", "convicted", "victim", "witness", "other"]  # LED art. 6
    assert [*vocabulary.minimisers] == [
        "as-is", "withheld", "year", "month", "age-band", "area", "initials", "present", "band", "pseudonym",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("term", "article"),
    [
        ("uk/dpa2018-s35-2-b", "section 35(2)(b)"),
        ("uk/dpa2018-s35-5", "section 35(5)"),
        ("uk/dpa2018-sch8-4", "schedule 8 paragraph 4"),
        ("eu/led-art8", "Article 8"),
        ("eu/led-art10-b", "Article 10(b)"),
        ("eu/gdpr-art9-2-g", "Article 9(2)(g)"),
        ("nl/wpg-art18", "artikel 18"),
        ("nl/wjsg-art39f", "artikel 39f"),
        ("nl/uavg-art33", "artikel 33"),
    ],
)
def test_a_lawful_basis_says_its_article(vocabulary: Vocabulary, term: str, article: str):
    assert vocabulary.lawful_basis(term).article == article


def test_the_number_in_a_term_is_the_number_in_its_article(vocabulary: Vocabulary):
    """A slip of the pen between the two would have somebody sign for another provision."""
    words = {"eerste lid": "1", "onder ": ""}
    for basis in vocabulary.lawful_bases.values():
        article = basis.article
        for word, number in words.items():
            article = article.replace(word, number)
        numbers = re.findall(r"\d+[a-z]*|(?<=[\s(.])[a-z]{1,2}(?=[).]|$)", article)
        provision = basis.term.partition("-")[2].removeprefix("art").removeprefix("sch").removeprefix("par")
        written = [part for part in re.sub(r"^s(?=\d)", "", provision).split("-") if part]

        assert written == numbers, basis


def test_terms_name_their_act(vocabulary: Vocabulary):
    acts: dict[str, set[str]] = {}
    for basis in vocabulary.lawful_bases.values():
        short = basis.term.partition("-")[0]
        acts.setdefault(short, set()).add(basis.act)

    assert all(len(names) == 1 for names in acts.values()), acts


@pytest.mark.parametrize("jurisdiction", ["eu", "uk", "nl"])
@pytest.mark.parametrize("cover", [Cover.PROCESSING, Cover.SENSITIVE, Cover.DISCLOSURE, Cover.RIGHTS, Cover.RESEARCH])
def test_each_jurisdiction_has_a_provision_for_everything(vocabulary: Vocabulary, jurisdiction: str, cover: Cover):
    assert any(b.jurisdiction == jurisdiction and cover in b.covers for b in vocabulary.lawful_bases.values())


@pytest.mark.parametrize(
    ("look_up", "wrong", "right"),
    [
        ("record_type", "custdy", "custody"),
        ("purpose", "victim-saftey", "victim-safety"),
        ("lawful_basis", "uk/dpa2018-s35-2b", "uk/dpa2018-s35-2-b"),
        ("code_list", "custody-kinds", "custody-kind"),
    ],
)
def test_an_unknown_word_is_refused_with_the_nearest(vocabulary: Vocabulary, look_up: str, wrong: str, right: str):
    with pytest.raises(UnknownTermError, match=f"Did you mean '{right}'"):
        getattr(vocabulary, look_up)(wrong)


def test_an_unknown_field_or_code_is_refused_with_the_nearest(vocabulary: Vocabulary):
    with pytest.raises(UnknownTermError, match="'birth_date'"):
        vocabulary.record_type("person").field("birthdate")
    with pytest.raises(UnknownTermError, match="'female'"):
        vocabulary.code_list("sex").code("femal")


def test_dutch_is_not_english_left_standing(vocabulary: Vocabulary):
    """A label that is the same in both languages is a word that both languages have."""
    same = {
        label.en
        for each in vocabulary.record_types.values()
        for label in (each.label, *(field.label for field in each.fields), *(rule.label for rule in each.rules))
        if label.en == label.nl
    }

    assert same == {"Incident", "Contact", "Document", "Postcode", "Gender", "Status", "Instrument", "Score"}


def test_the_envelope_is_the_one_that_the_tables_have():
    """The vocabulary may not import the record, so a test holds the two lists together."""
    from comity.record.tables import ENVELOPE as COLUMNS

    assert {name for name, _, _ in COLUMNS} == ENVELOPE
