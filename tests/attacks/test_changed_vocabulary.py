"""A field renamed in the vocabulary, or become another kind of thing, under an agreement that is in force.

What was signed names fields as they were. Where the vocabulary of today no longer has them so, the agreement is refused
by the field's name, the log says so, and nothing else of it is released either: its parties agree anew.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import psycopg
import pytest
from tests.gate.test_disclose import sealed_person

from comity.gate import Disclosure, Refusal
from comity.store import Role
from comity.vocabulary import load
from comity.vocabulary.models import Field, FieldType, Sensitivity, Vocabulary

RELEASE = (
    "  - {record: person, fields: {name: as-is, birth_date: year, address: area, police_number: as-is}}\n"
    "  - {record: charge, fields: {offence: as-is}}"
)


def changed(vocabulary: Vocabulary, record: str, field: str, **changes: object) -> Vocabulary:
    """The vocabulary in which one field is another; without changes it is gone."""
    was = vocabulary.record_types[record]
    now: list[Field] = [it for it in was.fields if it.name != field]
    now += [replace(was.field(field), **changes)] if changes else []
    types = {**vocabulary.record_types, record: replace(was, fields=tuple(now))}
    return replace(vocabulary, record_types=MappingProxyType(types))


CHANGES = {
    # record type, field, what becomes of it, what the refusal names: the field, or the condition and the place in it
    "renamed": ("person", "birth_date", {"name": "date_of_birth"}, "birth_date"),
    "gone": ("person", "police_number", {}, "police_number"),
    "named in about and gone": ("charge", "severity", {}, "severity"),
    "no longer a date": ("person", "birth_date", {"type": FieldType.TEXT}, "birth_date"),
    "no longer a text": ("person", "address", {"type": FieldType.INTEGER}, "address"),
    "compared and now a number": ("charge", "severity", {"type": FieldType.INTEGER, "code_list": None}, "about"),
}


@pytest.fixture
def agreed(world, accused):
    world.agree(release=RELEASE)
    assert isinstance(world.ask(accused), Disclosure)
    return accused


@pytest.mark.parametrize("change", CHANGES)
def test_a_field_that_the_vocabulary_no_longer_has_so(world, agreed, change):
    """Refused by name: whoever reads the refusal and the log knows which field it was."""
    record, field, changes, named = CHANGES[change]
    world.vocabulary = changed(world.vocabulary, record, field, **changes)
    answer = world.ask(agreed)
    assert isinstance(answer, Refusal)
    assert answer.reason.code == "not-in-force:unreadable"
    assert named in answer.reason.label.en
    assert named in answer.reason.label.nl
    logged = world.run(Role.GATE, "select kind, reason, rows from gate.disclosure where id = %s", answer.id)
    assert logged == [("refusal", "not-in-force:unreadable", 0)]


def test_a_record_type_that_the_vocabulary_no_longer_has(world, agreed):
    """The same for a whole type of record."""
    types = {name: it for name, it in world.vocabulary.record_types.items() if name != "charge"}
    world.vocabulary = replace(world.vocabulary, record_types=MappingProxyType(types))
    answer = world.ask(agreed)
    assert isinstance(answer, Refusal)
    assert "charge" in answer.reason.label.en


@pytest.mark.parametrize("name", ["prosecution", "prosecutor", "uk/dpa2018-s35-2-b", "uk", "read", "year"])
def test_a_word_of_the_agreement_that_the_vocabulary_no_longer_has(world, agreed, name):
    """A purpose, role, law, jurisdiction, channel or form that is gone is refused by name too."""
    lists = ("purposes", "roles", "lawful_bases", "jurisdictions", "channels", "minimisers")
    without = {
        of: MappingProxyType({key: it for key, it in getattr(world.vocabulary, of).items() if key != name})
        for of in lists
    }
    world.vocabulary = replace(world.vocabulary, **without)
    answer = world.ask(agreed)
    assert isinstance(answer, Refusal)
    assert repr(name) in answer.reason.label.en


def test_a_field_that_became_sealed_while_its_table_is_the_old_one(world, agreed):
    """The database refuses to open as sealed what never was, and the refusal is ours to mend: nothing is released."""
    before = world.log()
    for record, field in (("person", "police_number"), ("charge", "severity")):
        world.vocabulary = changed(
            load(), record, field, sensitivity=Sensitivity.SEALED, type=FieldType.TEXT, code_list=None
        )
        with pytest.raises(psycopg.Error):
            world.ask(agreed)
    assert world.log() == before


def test_a_sealed_field_that_became_ordinary_while_its_values_are_sealed(world, agreed):
    """What is stored opens with the person's key alone: without being sealed in the vocabulary it is never opened."""
    person = sealed_person(world, safe_contact="0123 456")
    world.agree(name="contact", about="everyone", release="  - {record: person, fields: {safe_contact: as-is}}")
    assert world.ask(person, agreement="contact").rows["person"][0].values["safe_contact"] == "0123 456"
    world.vocabulary = changed(world.vocabulary, "person", "safe_contact", sensitivity=Sensitivity.CONFIDENTIAL)
    answer = world.ask(person, agreement="contact")
    assert "0123" not in str(answer.rows)
    assert "0123" not in bytes.fromhex(answer.rows["person"][0].values["safe_contact"].removeprefix("\\x")).decode(
        "latin1"
    )


def test_a_field_that_the_agreement_does_not_name_changes_nothing(world, agreed):
    """Only what was agreed can break an agreement."""
    world.vocabulary = changed(world.vocabulary, "custody", "facility")
    assert isinstance(world.ask(agreed), Disclosure)
