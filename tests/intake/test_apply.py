"""A message and its mapping: repeated and nested blocks, guards, references, and every fault at once."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.intake.apply import apply
from comity.intake.models import Act, Held, Mapped, RecordRef
from comity.sources.body import Body, JsonBody

HEARING = """
mapping: court
version: 2
agency: court
zone: Europe/London
asserted: fact
source: {json: {path: hearing.json}}
key: hearing.id
order_by: hearing.revision
records:
  - record: case
    key: hearing.urn
    whose: other
    fields: {case_number: hearing.urn}
  - record: hearing
    key: hearing.id
    whose: other
    fields:
      case: {reference: case}
      starts_on: hearing.day
  - record: person
    id: defendant
    for_each: hearing.defendants
    when: {from: role, not_in: [company, ""]}
    key: ["^hearing.id", id]
    whose: {from: state, codes: {C: convicted}, default: suspect}
    fields:
      name: {join: [first, last]}
      alias_names: {join: ["aliases[*].name"], with: "; "}
    records:
      - record: charge
        for_each: offences
        key: ["^id", "#"]
        about: defendant
        whose: suspect
        fields:
          case: {reference: case}
          offence: title
          offence_on: day
          charged_on: "^^hearing.charged"
      - record: assessment
        when: [{from: score, present: true}, {from: role, in: [adult]}]
        key: id
        about: defendant
        whose: suspect
        asserted: opinion
        fields:
          instrument: {value: OASys}
          score: score
          incident: {reference: {key: "^^hearing.crime", source: police}}
"""

MESSAGE = {
    "hearing": {
        "id": "H1",
        "urn": "42",
        "day": "2024-05-01",
        "charged": "2024-04-01",
        "revision": 7,
        "crime": "C9",
        "defendants": [
            {
                "id": "D1",
                "role": "adult",
                "state": "C",
                "first": "Ada",
                "last": "Byron",
                "score": 90,
                "aliases": [{"name": "Countess"}, {"name": "Enchantress"}],
                "offences": [{"title": "Theft", "day": "2024-03-01"}, {"title": "Fraud", "day": "2024-03-02"}],
            },
            {"id": "D2", "role": "youth", "first": "Tim", "last": "Berners", "score": 5, "offences": []},
            {"id": "D3", "role": "company", "first": "Acme"},
        ],
    }
}


@pytest.fixture
def hearing(made):
    return made(HEARING)


def test_repeated_and_nested_blocks_each_see_their_own_part(hearing, vocabulary):
    mapped = apply(hearing, JsonBody(MESSAGE), vocabulary, "message")
    assert isinstance(mapped, Mapped)
    assert (mapped.act, mapped.key, mapped.version) == (Act.STATE, "H1", 7)
    assert [(record.block, record.ref.key) for record in mapped.records] == [
        ("case", "42"),
        ("hearing", "H1"),
        ("defendant", "H1|D1"),
        ("charge", "D1|1"),
        ("charge", "D1|2"),
        ("assessment", "D1"),
        ("defendant", "H1|D2"),
    ]
    ada = RecordRef("court", "person", "H1|D1")
    assert [record.about for record in mapped.records] == [
        None,
        None,
        ada,
        ada,
        ada,
        ada,
        RecordRef("court", "person", "H1|D2"),
    ]
    defendant, charge, assessment = mapped.records[2], mapped.records[4], mapped.records[5]
    assert (defendant.whose, mapped.records[6].whose) == ("convicted", "suspect")
    assert defendant.values == {"name": "Ada Byron", "alias_names": "Countess; Enchantress"}
    assert defendant.paths == {"name": "first, last", "alias_names": "aliases[*].name"}
    assert charge.values["case"] == RecordRef("court", "case", "42")
    assert charge.values["charged_on"] == date(2024, 4, 1)
    assert (assessment.asserted, assessment.values["incident"]) == ("opinion", RecordRef("police", "incident", "C9"))


def test_every_fault_is_told_at_once_each_with_its_place(hearing, vocabulary):
    message = {
        "hearing": {
            "id": "H1",
            "urn": "",
            "day": "May 1st",
            "charged": "2024-04-01",
            "revision": "late",
            "defendants": [
                {"id": "D1", "role": "adult", "score": 2000, "offences": [{"day": "2024-04-02"}]},
                {"role": "adult", "first": "Ada"},
            ],
        }
    }
    held = apply(hearing, JsonBody(message), vocabulary, "item 3")
    assert isinstance(held, Held)
    assert {(fault.record, fault.field, fault.cause, fault.path) for fault in held.faults} == {
        ("", "order_by", "order-unreadable", "hearing.revision"),
        ("case", "key", "key-missing", "hearing.urn"),
        ("case", "case_number", "required", "hearing.urn"),
        ("hearing", "case", "required", ""),
        ("hearing", "starts_on", "not-a-date", "hearing.day"),
        ("defendant", "name", "required", "first, last"),
        ("charge", "offence", "required", "title"),
        ("charge", "charged_on", "rule-broken", "^^hearing.charged, day"),
        ("assessment", "score", "out-of-range", "score"),
        ("defendant", "key", "key-missing", "^hearing.id, id"),
    }
    assert {fault.place for fault in held.faults} == {"item 3"}
    assert {fault.rule for fault in held.faults} == {"", "charged-after-the-offence"}
    assert all(fault.text.en and fault.text.nl and fault.mend.en and fault.mend.nl for fault in held.faults)
    assert held.persons == (RecordRef("court", "person", "H1|D1"),)


def test_what_cannot_lie_in_the_future_is_a_fault_when_the_moment_is_known(made, jail_text, vocabulary, booking):
    body = JsonBody(booking(born="2030-01-01"))
    assert isinstance(apply(made(jail_text), body, vocabulary), Mapped)
    held = apply(made(jail_text), body, vocabulary, "", datetime(2026, 11, 22, tzinfo=UTC))
    assert [fault.cause for fault in held.faults] == ["in-the-future"]


def test_the_same_record_twice_in_a_message_is_a_fault(made, vocabulary):
    text = HEARING.replace('key: ["^id", "#"]', 'key: "^id"')
    held = apply(made(text), JsonBody(MESSAGE), vocabulary)
    assert [(fault.cause, fault.record) for fault in held.faults] == [("twice", "charge")]


def test_a_message_from_which_nothing_comes_is_a_fault(made, vocabulary):
    text = HEARING[: HEARING.index("  - record: case")] + HEARING[HEARING.index("  - record: person") :].replace(
        "case: {reference: case}\n", "\n"
    )
    held = apply(made(text), JsonBody({"hearing": {"id": "H1"}}), vocabulary)
    assert [fault.cause for fault in held.faults] == ["empty"]


def test_a_record_about_a_person_who_is_not_in_the_message_is_a_fault(jail, vocabulary, booking):
    held = apply(jail, JsonBody(booking(prisoner=None)), vocabulary)
    assert [(fault.cause, fault.field) for fault in held.faults] == [("about-nobody", "about")]


def test_parts_of_a_key_cannot_be_shifted_into_one_another(made, vocabulary):
    mapping = made(HEARING)
    keys = set()
    for first, second in [("a|b", "c"), ("a", "b|c"), ("a\\", "b"), ("a\\|b", "c")]:
        message = {
            "hearing": {
                **MESSAGE["hearing"],
                "id": first,
                "defendants": [{**MESSAGE["hearing"]["defendants"][1], "id": second}],
            }
        }
        keys.add(apply(mapping, JsonBody(message), vocabulary).records[2].ref.key)
    assert len(keys) == 4


def test_a_key_that_no_index_could_hold_is_a_fault(jail, vocabulary, booking):
    held = apply(jail, JsonBody(booking(number="x" * 201)), vocabulary)
    assert {fault.cause for fault in held.faults} == {"key-too-long"}


@pytest.mark.parametrize(
    ("message", "act", "persons"),
    [
        ({"kind": "gone", "booking": "B1"}, Act.RETRACT, ()),
        ({"kind": "forget", "booking": "B1"}, Act.ERASE, ()),
        ({"kind": "court", "booking": "B1", "prisoner": "P1"}, Act.EXPUNGE, ("P1",)),
        ({"kind": "same", "booking": "M1", "one": "P1", "two": "P2"}, Act.SAME, ("P1", "P2")),
        ({"kind": "apart", "booking": "M1", "one": "P1", "two": "P2"}, Act.DIFFERENT, ("P1", "P2")),
    ],
)
def test_an_act_needs_its_keys_and_no_field(message, act, persons, jail, vocabulary):
    mapped = apply(jail, JsonBody(message), vocabulary)
    assert isinstance(mapped, Mapped)
    assert (mapped.act, mapped.records) == (act, ())
    assert mapped.persons == tuple(RecordRef("jail", "person", key) for key in persons)


@pytest.mark.parametrize("pair", [{}, {"one": "P1"}, {"one": "P1", "two": "P1"}, {"one": "P1", "two": ["P2"]}])
def test_a_judgement_that_does_not_name_two_persons_is_held(pair, jail, vocabulary):
    held = apply(jail, JsonBody({"kind": "same", "booking": "M1", **pair}), vocabulary)
    assert [fault.cause for fault in held.faults] == ["pair-incomplete"]


def test_a_message_of_a_kind_that_nobody_knows_is_held(jail, vocabulary, booking):
    held = apply(jail, JsonBody(booking(kind="nuke")), vocabulary)
    assert [fault.cause for fault in held.faults] == ["message-unknown"]


def test_xml_is_mapped_by_xpath(made, vocabulary):
    mapping = made("""
mapping: niem
version: 1
agency: sheriff
whose: suspect
asserted: fact
source: {xml: {path: x.xml, each: /r, namespaces: {n: "urn:n"}}}
key: n:Booking/@id
records:
  - record: person
    for_each: n:Person
    key: [../n:Booking/@id, "@id"]
    fields:
      name: {join: [n:Given, n:Sur], case: name}
      birth_date: n:Born
""")
    text = b'<r xmlns:x="urn:n"><x:Booking id="B1"/><x:Person id="p"><x:Given>BILL</x:Given><x:Sur>SMITH</x:Sur></x:Person></r>'
    mapped = apply(mapping, Body.from_verbatim("xml", text, {"n": "urn:n"}), vocabulary)
    assert mapped.records[0].ref.key == "B1|p"
    assert mapped.records[0].values == {"name": "Bill Smith"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "role", "first", "day", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)
SECRETS = st.text(alphabet="qzjx", min_size=6, max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["id", "urn", "day", "charged", "revision", "defendants", "crime"]), JSON))
def test_whatever_a_message_holds_it_is_mapped_or_held_and_nothing_breaks(vocabulary, made, inside):
    outcome = apply(made(HEARING), JsonBody({"hearing": inside}), vocabulary, "message")
    assert isinstance(outcome, Mapped | Held)
    assert not isinstance(outcome, Held) or outcome.faults


@settings(max_examples=60, deadline=None)
@given(secret=SECRETS)
def test_no_fault_carries_a_value_of_the_message(vocabulary, made, jail_text, secret):
    body = JsonBody(
        {
            "booking": secret * 40,
            "prisoner": secret,
            "name": secret * 60,
            "born": secret,
            "in": secret,
            "out": secret,
            "kind": secret,
            "hiding": [secret],
        }
    )
    held = apply(made(jail_text), body, vocabulary, "line 1")
    assert isinstance(held, Held)
    assert secret not in repr([fault.as_json() for fault in held.faults])


ATTACKS = {
    "half a character": "half \ud800",
    "a null": "a\x00b",
    "a novel": "x" * 100_000,
    "a number without end": 10**5000,
    "a list": ["x"],
    "an infinity": float("inf"),
    "a deep well": {"a": {"a": {"a": {}}}},
}


@pytest.mark.parametrize("where", ["booking", "prisoner", "name", "born", "in", "out", "hiding", "kind", "one", "two"])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_value_anywhere_breaks_the_way_in(where, attack, intake, jail, said, booking, rows):
    bodies = [
        booking(**{where: attack}),
        {"kind": "same", "booking": "M", "one": "P1", "two": "P2", where: attack},
        {"kind": "forget", "booking": "B1", where: attack},
    ]
    for body in bodies:
        try:
            JsonBody(body).canonical()
        except ValueError:
            continue  # no source can say it: there is no such JSON
        assert intake.receive(jail, said(body)).delivered == 1


def test_a_pointer_with_an_unusable_key_is_held(hearing, vocabulary):
    message = {"hearing": {**MESSAGE["hearing"], "crime": "half \ud800"}}
    held = apply(hearing, JsonBody(message), vocabulary)
    assert [(fault.cause, fault.field) for fault in held.faults] == [("unprintable", "incident")]
