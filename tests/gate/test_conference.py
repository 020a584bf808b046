"""What the shipped agreement of a risk assessment conference (MARAC) releases, and what it refuses."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import comity
from comity.agreements.consent import Answer, Recorded
from comity.agreements.store import record_consent
from comity.gate import Disclosure, Refusal, Search
from comity.store import Role

from .test_disclose import sealed_person
from .world import NOW

TEXT = (Path(comity.__file__).parent / "agreements/examples/marac-conference.yaml").read_text("utf-8")
ASKING = {"agreement": "marac-conference", "purpose": "victim-safety", "agency": "victim-services", "role": "idva"}

#: Record type, and of each row that leaves the values by which it is known.
LEAVES = {
    "person": {("Vera Victim", "Gujarati"), ("Sam Suspect", None), ("Charlie Victim", None)},
    "involvement": {("victim", "partner"), ("suspect", "ex-partner")},
    "incident": {("I-1", "violence")},
    "case": {("P-1", "trial")},
    "charge": {("Assault", "filed")},
    "hearing": {("trial", "listed")},
    "order": {("bail", "Not to contact the complainant")},
    "custody": {("remand", None)},
}
KNOWN_BY = {
    "person": ("name", "language"),
    "involvement": ("role", "relationship"),
    "incident": ("incident_number", "kind"),
    "case": ("case_number", "stage"),
    "charge": ("offence", "status"),
    "hearing": ("kind", "status"),
    "order": ("kind", "conditions"),
    "custody": ("kind", "released_on"),
}


@pytest.fixture
def agreed(world):
    world.agree_to(TEXT)
    return world


@pytest.fixture
def victim(world):
    """A victim at high risk, with everything around her that leaves, and beside each something that does not."""
    incident = world.row("incident", incident_number="I-1", kind="violence", domestic=True, risk_score=16,
                         occurred_on="2026-05-20", description="He waited at the school.")  # fmt: skip
    case = world.row("case", "prosecution", case_number="P-1", stage="trial", incident=incident)
    victim = world.person(whose="victim", name="Vera Victim", birth_date=date(1990, 2, 3), language="Gujarati",
                          ethnicity="Indian", disability="Deaf", phone="0123")  # fmt: skip
    world.row(
        "involvement",
        person=victim,
        whose="victim",
        incident=incident,
        case=case,
        role="victim",
        relationship="partner",
    )
    suspect = world.person(name="Sam Suspect", police_number="PNC1", address="1 High Street")
    world.row("involvement", person=suspect, incident=incident, case=case, role="suspect", relationship="ex-partner")
    for name, relationship in (("Charlie Victim", "child"), ("Nora Neighbour", "neighbour")):
        other = world.person(whose="other", name=name)
        world.row(
            "involvement", person=other, whose="other", incident=incident, role="other", relationship=relationship
        )
    for offence, spent in (("Assault", False), ("Theft", True), ("Fraud", None)):
        world.row("charge", "prosecution", person=suspect, case=case, offence=offence, status="filed", spent=spent)
    for status, on in (("listed", "2026-07-01"), ("held", "2025-07-01")):
        world.row("hearing", "court", case=case, kind="trial", status=status, starts_on=on)
    for status, until in (("active", None), ("active", "2026-06-14"), ("expired", None)):
        world.row("order", "court", person=suspect, case=case, kind="bail", status=status, ends_on=until,
                  conditions="Not to contact the complainant")  # fmt: skip
    for kind, released in (("remand", None), ("police", "2025-01-02")):
        world.row(
            "custody", "prison", person=suspect, case=case, kind=kind, received_on="2025-01-01", released_on=released
        )
    return victim


def answer(world, person, said: Answer, reason: str = "There is a child in danger.") -> None:
    with world.store.connect(Role.GOVERNANCE) as conn:
        recorded = Recorded(said, "victim-services", "staff-7", NOW, reason)
        record_consent(conn, "marac-conference", person, recorded, world.vocabulary)


def left(answer: Disclosure) -> dict[str, set[tuple[object, ...]]]:
    return {record: {tuple(row.values.get(name) for name in KNOWN_BY[record]) for row in rows}
            for record, rows in answer.rows.items()}  # fmt: skip


@pytest.mark.parametrize("said", [Answer.GIVEN, Answer.REFUSED])
def test_those_who_attend_read_what_keeps_her_safe_and_nothing_beside_it(agreed, victim, said):
    answer(agreed, victim, said)
    assert left(agreed.ask(victim, **ASKING)) == LEAVES


def test_of_each_only_the_named_fields_leave(agreed, victim):
    answer(agreed, victim, Answer.GIVEN)
    fields = {
        (record, name)
        for record, rows in agreed.ask(victim, **ASKING).rows.items()
        for row in rows
        for name, value in row.values.items()
        if value is not None
    }
    assert ("person", "ethnicity") in fields
    assert ("incident", "description") in fields
    assert not fields & {("person", "phone"), ("person", "police_number"), ("custody", "facility"), ("charge", "plea")}


REFUSED = {
    "an officer of an agency that does not attend": {"agency": "court", "role": "officer"},
    "a colleague who does not attend": {"role": "victim-advocate"},
    "for another purpose": {"purpose": "victim-support"},
    "without a case": {"case_reference": ""},
    "without a reason": {"justification": " "},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
def test_nobody_else_and_for_nothing_else(agreed, victim, changes):
    answer(agreed, victim, Answer.GIVEN)
    assert isinstance(agreed.ask(victim, **{**ASKING, **changes}), Refusal)


def test_nobody_who_was_not_asked(agreed, victim):
    assert isinstance(agreed.ask(victim, **ASKING), Refusal)
    assert agreed.ask(Search(name="Vera"), **ASKING).found == ()
    answer(agreed, victim, Answer.GIVEN)
    assert [found.person for found in agreed.ask(Search(name="Vera"), **ASKING).found] == [victim]
    answer(agreed, victim, Answer.WITHDRAWN)
    assert isinstance(agreed.ask(victim, **ASKING), Refusal)


AT_RISK = [
    # the incident, whether the conference is about its victim
    ({"domestic": True, "risk_score": 14}, True),
    ({"domestic": True, "risk_score": 13}, False),
    ({"domestic": True, "risk_score": None}, False),
    ({"domestic": True, "risk_score": 4, "referred_on": "2026-06-01"}, True),  # on a professional's judgement
    ({"domestic": True, "risk_score": 4, "referred_on": "2025-06-01"}, False),
    ({"domestic": False, "risk_score": 20}, False),
    ({"domestic": None, "risk_score": 20}, False),
]


@pytest.mark.parametrize(("incident", "covered"), AT_RISK)
def test_whom_the_conference_is_about(agreed, incident, covered):
    person = agreed.person(whose="victim", name="Vera Victim")
    of = agreed.row("incident", incident_number="I-9", kind="violence", **incident)
    agreed.row("involvement", person=person, whose="victim", incident=of, role="victim")
    answer(agreed, person, Answer.GIVEN)
    assert isinstance(agreed.ask(person, **ASKING), Disclosure if covered else Refusal)


def test_the_safe_way_to_reach_her_leaves_and_where_she_hides_does_not(agreed):
    person = sealed_person(agreed, safe_contact="Text on weekdays", protected_address="The refuge")
    agreed.run(Role.INTAKE, "update record.person set whose = 'victim' where record_id = %s", person)
    incident = agreed.row("incident", incident_number="I-9", kind="violence", domestic=True, risk_score=20)
    agreed.row("involvement", person=person, whose="victim", incident=incident, role="victim")
    answer(agreed, person, Answer.GIVEN)
    [her] = agreed.ask(person, **ASKING).rows["person"]
    assert her.values["safe_contact"] == "Text on weekdays"
    assert her.values["protected_address"] is True  # that there is one, and not where
