"""A pseudonym is the same for one recipient and purpose, and cannot be joined with another's."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from comity.gate.pseudonyms import key_for, pseudonym
from comity.store import Role

MASTER = b"m" * 32
RELEASE = """  - {record: person, fields: {police_number: pseudonym, name: pseudonym}}
  - {record: case, fields: {case_number: as-is, common_reference: pseudonym}}
  - {record: charge, fields: {case: pseudonym, offence: as-is}}"""

values = st.text() | st.uuids()
parties = st.tuples(st.text(max_size=5), st.text(max_size=5))


@given(one=parties, other=parties, kind=st.text(max_size=5), value=values)
def test_one_recipient_and_purpose_have_one_and_no_others_have_it(one, other, kind, value):
    ours = pseudonym(key_for(MASTER, *one), kind, value)
    assert (ours == pseudonym(key_for(MASTER, *other), kind, value)) == (one == other)


@given(one=values, other=values)
def test_what_differs_has_another(one, other):
    key = key_for(MASTER, "prosecution", "justice")
    assert (pseudonym(key, "person", one) == pseudonym(key, "person", other)) == (one == other)


def test_it_is_a_uuid_of_the_version_that_is_for_ones_own_use():
    made = pseudonym(key_for(MASTER, "a", "b"), "person", UUID(int=7))
    assert (made.version, made.variant) == (8, "specified in RFC 4122")


def test_a_read_gives_pseudonyms_that_hang_together(world, accused):
    case = world.row("case", person=accused, case_number="C-9", common_reference=None)
    world.row("charge", person=accused, case=case, offence="Arson", severity="serious")
    world.agree(release=RELEASE)
    twice = [world.ask(accused).rows for _ in range(2)]
    assert [row.values for row in twice[0]["charge"]] == [row.values for row in twice[1]["charge"]]
    [person] = twice[0]["person"]
    assert person.values["police_number"] is None
    assert UUID(person.values["name"]).version == 8
    key = key_for(world.keyring.pseudonyms, "prosecution", "prosecution")
    [charge] = [row for row in twice[0]["charge"] if row.values["offence"] == "Arson"]
    assert charge.values["case"] == str(pseudonym(key, "case", case))
    assert twice[0]["case"][0].values == {"case_number": "C-9", "common_reference": None}


def test_two_recipients_cannot_join_what_they_got(world, accused):
    """The attack: lay the pseudonyms that two recipients got of one person side by side."""
    world.agree(release=RELEASE, recipients="prosecution, probation", about="everyone")
    got = [
        {value for row in world.ask(accused, agency=agency).rows["person"] for value in row.values.values() if value}
        for agency in ("prosecution", "probation")
    ]
    assert got[0]
    assert not got[0] & got[1]


def test_its_key_stands_in_no_statement_and_no_row(world, accused):
    world.agree(release=RELEASE)
    world.ask(accused)
    key = key_for(world.keyring.pseudonyms, "prosecution", "prosecution")
    statements = world.run(Role.OWNER, "select coalesce(string_agg(statement, ''), '') from pg_prepared_statements")
    logged = world.run(Role.GATE, "select string_agg(to_jsonb(d)::text, '') from gate.disclosure d")
    for secret in (key.hex(), world.keyring.pseudonyms.hex()):
        assert secret not in f"{statements}{logged}"


def test_a_reference_that_is_not_filled_in_has_none(world, accused):
    world.agree(release=RELEASE)
    assert {row.values["case"] for row in world.ask(accused).rows["charge"]} == {None}
