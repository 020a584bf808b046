"""What an impact says in sentences, to whom, and what it leaves behind: nothing of anybody, and an entry."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from comity.gate import Refusal
from comity.gate.impact import Tally, impact_words
from comity.gate.impact.models import band, coarse
from comity.gate.impact.words import banded_lines, banded_words, newly_visible, number_words
from comity.store import Role
from comity.vocabulary import Label, load

from .test_impact import ask_for, end_all, impact_of
from .world import World, agreement_text

WORDS = load()
NOBODY_ELSE = "No agreement in force lets it see this already. By the log, it was never shown this."

# What the version in force lets out, what the new one would, and what is said of it: three victims, with an address each,
# in the case of one suspect.
SPEC = (
    (
        "{name: as-is}",
        "{name: as-is, address: area}",
        [f"Prosecution would newly see, of 3 victims: address (the area only). {NOBODY_ELSE}"],
    ),
    (
        "{name: as-is, address: as-is}",
        "{name: as-is, address: area}",
        ["Nothing would newly be visible.", "Prosecution would no longer see, of 3 victims: address."],
    ),
    (  # as it is tells whatever initials tell: nothing is lost; and nobody has a telephone
        "{name: initials}",
        "{name: as-is, phone: as-is}",
        [f"Prosecution would newly see, of 3 victims: full name. {NOBODY_ELSE}"],
    ),
    ("{name: as-is}", "{name: as-is}", ["Nothing would newly be visible."]),
    (  # fields of the same people are one sentence
        "{sex: as-is}",
        "{name: as-is, address: present}",
        [
            f"Prosecution would newly see, of 3 victims: address (only whether there is one) and full name. {NOBODY_ELSE}"
        ],
    ),
)


def three_victims(world: World) -> None:
    suspect = world.person(name="Sam Suspect", birth_date=date(1980, 1, 1))
    case = world.row("case", case_number="C-1")
    world.row("charge", person=suspect, case=case, severity="serious", offence="Robbery")
    for number in range(3):
        victim = world.person(name=f"Vic {number}", whose="victim", address="1 High Street, AB1 2CD")
        world.row("involvement", person=victim, whose="victim", case=case, role="victim")


def release(fields: str) -> str:
    return f"  - {{record: person, of: victim, fields: {fields}}}"


@pytest.mark.parametrize(("old", "new", "said"), SPEC)
def test_the_table(world: World, old: str, new: str, said: list[str]):
    three_victims(world)
    world.agree(release=release(old))
    world.agree(version=2, signed=False, release=release(new))
    sentences = impact_words(impact_of(world), world.vocabulary)
    assert [it.text.en for it in sentences] == [*said, "Prosecution could ask about 1 person."]


def test_it_is_said_in_dutch_too(world: World):
    three_victims(world)
    world.agree(signed=False, release=release("{address: area}"))
    first = impact_words(impact_of(world), world.vocabulary)[0]
    assert first.text.nl == (
        "Prosecution zou nieuw zien, van 3 slachtoffers: adres (alleen het gebied). Geen geldende overeenkomst laat dit "
        "al zien. Volgens het logboek is dit nog nooit getoond."
    )


def test_what_another_agreement_opens_and_what_was_shown_are_two_numbers(world: World):
    three_victims(world)
    suspect = world.run(Role.INTAKE, "select source_person from record.person where name = 'Sam Suspect'")[0][0]
    world.agree(name="other", release="  - {record: person, of: suspect, fields: {name: as-is}}")
    world.agree(signed=False, release="  - {record: person, fields: {name: as-is}}")
    line = next(it for it in impact_of(world).lines if it.whose == "suspect")
    assert (line.new.people, line.unopened.people, line.unshown.people) == (1, 0, 1)
    world.ask(suspect, agreement="other")
    line = next(it for it in impact_of(world).lines if it.whose == "suspect")
    assert (line.new.people, line.unopened.people, line.unshown.people) == (1, 0, 0)


def test_who_was_in_an_extract_was_shown(world: World):
    three_victims(world)
    suspect = world.run(Role.INTAKE, "select source_person from record.person where name = 'Sam Suspect'")[0][0]
    looked = world.person(name="Somebody Else")
    world.agree(name="other", about="everyone", release="  - {record: person, fields: {name: as-is}}")
    world.agree(signed=False, release="  - {record: person, fields: {name: as-is}}")
    disclosure = world.ask(looked, agreement="other").id
    people = b"".join(sorted([suspect.bytes, looked.bytes]))
    statement = "insert into gate.extract_subject (disclosure, clause, shard, people) values (%s, 1, 0, %s)"
    world.run(Role.GATE, statement, disclosure, people)
    line = next(it for it in impact_of(world).lines if it.whose == "suspect")
    assert (line.new.people, line.unshown.people) == (1, 0)


def test_a_pseudonym_for_another_purpose_is_another(world: World):
    three_victims(world)
    numbered = "  - {record: charge, fields: {case: pseudonym}}"
    world.agree(name="other", purpose="court-listing", release=numbered)
    world.agree(name="same", release=numbered)
    world.agree(signed=False, release=numbered)
    assert [it.unopened.rows for it in impact_of(world).lines if it.whose == "suspect"] == [0]
    end_all(world, only="same")
    assert [it.unopened.rows for it in impact_of(world).lines if it.whose == "suspect"] == [1]


def test_what_matters_most_is_said_first(world: World):
    three_victims(world)
    for number in range(6):
        suspect = world.person(name=f"S {number}")
        world.row("charge", person=suspect, severity="serious", offence="Theft")
    world.agree(
        signed=False, release="  - {record: charge, fields: {offence: as-is}}\n" + release("{ethnicity: present}")
    )
    sentences = [it for it in impact_words(impact_of(world), world.vocabulary) if it.kind == "new"]
    assert [("victims" in it.text.en, "charges" in it.text.en) for it in sentences] == [(True, False), (False, True)]


# --- who is told what ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("agency", ["prosecution", ""])
def test_few_and_none_are_told_alike_to_whoever_does_not_answer_for_the_records(world: World, agency: str):
    world.agree(
        signed=False, about="everyone", release="  - {record: person, where: \"name = 'Vic 1'\", fields: {name: as-is}}"
    )
    none = impact_of(world, agency=agency)
    three_victims(world)
    few = impact_of(world, agency=agency)
    assert none.document()["lines"] == few.document()["lines"] == []
    assert [it.text.en for it in impact_words(few, world.vocabulary) if it.kind == "few"] == [
        "In no field would 5 people or more newly be visible."
    ]
    assert few.lines == none.lines
    assert few.counts() == []


def test_a_provider_is_told_each_number(world: World):
    three_victims(world)
    world.agree(signed=False, release=release("{name: as-is}"))
    assert [it.let for it in impact_of(world, agency="court").lines] == [Tally(3, 3)]


@pytest.mark.parametrize(("number", "told"), [(0, 0), (4, 0), (5, 5), (7, 5), (8, 10), (12_301, 12_300)])
def test_a_coarse_number_is_one_of_many(number: int, told: int):
    assert coarse(number) == told


@pytest.mark.parametrize(
    ("number", "within"), [(0, "0-4"), (4, "0-4"), (5, "5-9"), (49, "10-49"), (10_000_000, "10000000+")]
)
def test_a_band(number: int, within: str):
    assert band(number) == within


@pytest.mark.parametrize(("agency", "name"), [("helpline", "charging"), ("prosecution", "never-heard-of")])
def test_a_stranger_learns_nothing_not_even_that_there_is_an_agreement(world: World, agency: str, name: str):
    three_victims(world)
    world.agree(signed=False)
    told = ask_for(world, name, agency)
    assert isinstance(told, Refusal)
    assert told.reason.code == "nothing-to-show"
    logged = world.run(Role.GATE, "select kind, act, reason from gate.disclosure")
    assert logged == [("refusal", "impact", "not-a-party" if name == "charging" else "unknown-agreement")]
    assert world.run(Role.GATE, "select id from agreements.impact") == []


def test_an_impact_of_a_draft_leaves_no_value_and_no_id_and_one_entry(world: World):
    three_victims(world)
    suspect = world.run(Role.INTAKE, "select source_person from record.person where name = 'Sam Suspect'")[0][0]
    world.agree(signed=False, release="  - {record: person, fields: {name: as-is, birth_date: as-is}}")
    impact = impact_of(world)
    told = json.dumps(impact.document()) + "".join(it.text.en for it in impact_words(impact, world.vocabulary))
    for value in ("Sam", "Suspect,", "1980", "High Street", str(suspect)):
        assert value not in told
    (kept,) = world.run(Role.GATE, "select id, agency, by, digest, document from agreements.impact")
    assert (kept[0], kept[1], kept[2], bytes(kept[3])) == (impact.id, "police", "officer-1", impact.digest)
    assert bytes(kept[4]) == impact.canonical()
    (body,) = world.run(Role.LEDGER, "select body from ledger.outbox where id = %s", impact.id)[0]
    entry = json.loads(bytes(body))
    assert entry["kind"] == "consultation"
    assert entry["context"] == {"act": "impact", "agency": "police", "agreement": "charging@1"}
    read = world.ask(suspect, agreement="charging")
    assert isinstance(read, Refusal), "a draft lets nobody read"


def test_who_asks_is_answered_by_agency_and_at_most_by_colleague(world: World):
    mine, theirs = world.person(name="Mine"), world.person(name="Theirs")
    world.row("supervision", person=mine, office="prosecution")
    world.row("supervision", person=theirs, office="court")
    by_agency = "  - {record: supervision, where: office = recipient, fields: {office: as-is}}"
    world.agree(signed=False, about="everyone", recipients="prosecution, court", release=by_agency)
    told = {it.recipient: it.let.rows for it in impact_of(world).lines if it.whose == "suspect"}
    assert told == {"prosecution": 1, "court": 1}
    by_colleague = "  - {record: supervision, where: office != requester, fields: {office: as-is}}"
    world.agree(signed=False, version=2, about="everyone", release=by_colleague)
    impact = impact_of(world)
    assert impact.at_most == (1,)
    assert {it.let.rows for it in impact.lines if it.whose == "suspect"} == {2}
    assert any(it.kind == "at-most" for it in newly_visible(impact_words(impact, world.vocabulary)))


def test_other_ways_out_are_said(world: World):
    world.agree(channels="read")
    world.agree(version=2, signed=False, channels="read, search, extract")
    said = [it.text.en for it in impact_words(impact_of(world), world.vocabulary) if it.kind == "channels"]
    assert said == ["It opens ways out that the version before does not: search and extract."]


def test_a_version_that_only_counts_shows_no_row(world: World):
    three_victims(world)
    budget = "\nstatistics: {epsilon: 1.0, delta: 0, per: P1M, most_per_person: 3}\n"
    world.agree_to(agreement_text(channels="statistic", release=release("{name: as-is}")) + budget, signed=False)
    assert impact_of(world).lines == ()


def test_the_digest_is_of_the_text_the_day_and_the_bands(world: World):
    three_victims(world)
    world.agree(signed=False, release=release("{name: as-is}"))
    one, again = impact_of(world), impact_of(world)
    assert one.digest == again.digest
    assert one.id != again.id
    more = replace(one, lines=(replace(one.lines[0], let=Tally(12, 12)), *one.lines[1:]))
    assert more.digest != one.digest
    assert replace(one, day=date(2026, 6, 16)).digest != one.digest


@pytest.mark.parametrize(("number", "en", "nl"), [(0, "0", "0"), (12_301, "12,301", "12.301")])
def test_numbers_are_read_in_either_language(number: int, en: str, nl: str):
    assert number_words(number) == Label(en, nl)


def kept_line(field: str, *new: str, whose: str = "victim", form: str = "as-is", record: str = "person") -> list[str]:
    return ["prosecution", record, whose, field, form, "5-9", "5-9", *new, *("0-4",) * 6]


def test_what_is_kept_is_told_in_bands_and_what_matters_most_first():
    lines = [
        kept_line("name", "50-99", "10-49", whose="suspect"),
        kept_line("name", "1000-4999", "100-499"),
        kept_line("address", "1000-4999", "100-499", form="area"),
        kept_line("phone", "5-9", "0-4"),
        kept_line("birth_date", "0-4", "0-4"),
        kept_line("offence", "50-99", "10-49", whose="suspect", record="charge"),
    ]
    document = {"lines": lines, "channels": ["read"], "against": None, "at_most": [0]}
    agencies = {"prosecution": Label("The prosecution", "Het OM")}
    said = banded_words(document, WORDS, agencies)
    assert [it.en for it in said] == [
        "The prosecution would newly see, of 100 to 499 victims: address (the area only) and full name.",
        "The prosecution would newly see, of fewer than 5 victims: telephone number.",
        "The prosecution would newly see, of 10 to 49 suspects, in 50 to 99 charges: offence.",
        "The prosecution would newly see, of 10 to 49 suspects: full name.",
        "What leaves could leave by: read.",
        "At most: by about whom it is it depends on which colleague asks, so this is what all of them together could see.",
    ]
    assert said[0].nl.startswith("Het OM zou nieuw zien, van 100 tot en met 499 slachtoffers")
    assert len(banded_lines(document)) == len(lines)
    tallies = banded_lines(document)[1].tallies["new"]
    assert [it.en for it in tallies] == ["100 to 499", "1,000 to 4,999"]


def test_what_is_kept_of_nothing_says_so():
    document = {"lines": [kept_line("name", "0-4", "0-4")], "channels": [], "against": "charging@1", "at_most": []}
    assert [it.en for it in banded_words(document, WORDS)] == ["In no field would 5 people or more newly be visible."]
