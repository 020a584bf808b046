"""Whom the compiled statement covers is whom :func:`comity.agreements.covers` says; and whose rows leave with them."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.strategies import ASKER, conditions, row_values

from comity.agreements import covers
from comity.agreements.meaning import Around, Held
from comity.agreements.models import And, Column, IsNull, Not
from comity.gate import CaseRead, Disclosure, Refusal
from comity.gate.conditions import Compiler, Slots
from comity.gate.models import Act
from comity.gate.scope import scope
from comity.gate.trees import parsed
from comity.store import Role

from .binding import bound
from .world import NOW, RECEIVED

PEOPLE = ["ann", "ben"]
REFERRING = {"charge": ("case", "incident"), "involvement": ("case", "incident"), "hearing": ("case",), "custody": ("case",),
             "case": ("incident",), "incident": (), "person": ()}  # fmt: skip

TOGETHER = [["charge", "case"], ["case", "incident"], ["case", "hearing"], ["charge", "case", "incident"]]


@st.composite
def worlds(draw: st.DrawFn, vocabulary, needed: tuple[str, ...] = ()) -> list[Held]:
    """A few records of two people, referring to one another; among them those of the kinds that are needed."""
    kinds = draw(
        st.lists(st.sampled_from(["incident", "case", "charge", "involvement", "hearing", "custody"]), max_size=7)
    )
    kinds += [kind for kind in needed if kind != "person"]
    held = [Held(kind, uuid4(), draw(st.sampled_from([None, *PEOPLE])), {}) for kind in sorted(kinds)]
    held += [Held("person", uuid4(), name, {}) for name in PEOPLE]
    ids = {kind: [each.record_id for each in held if each.record == kind] for kind in REFERRING}
    rows = []
    for each in held:
        refers = {to: draw(st.sampled_from([*ids[to], None])) if ids[to] else None for to in REFERRING[each.record]}
        agency = draw(st.sampled_from(["police", "court", "police", "court", "stranger"]))
        values = {
            **draw(row_values(each.record, vocabulary)),
            **refers,
            "agency": agency,
            "whose": "suspect",
            "asserted": "fact",
        }
        rows.append(Held(each.record, each.record_id, each.source_person, values))
    return rows


@pytest.fixture
def conn(store):
    with store.connect(Role.INTAKE) as conn:
        yield conn


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_statement_covers_whom_the_oracle_covers(conn, vocabulary, data):
    world = data.draw(worlds(vocabulary))
    named = data.draw(
        st.sampled_from(TOGETHER) | st.lists(st.sampled_from(sorted(REFERRING)), min_size=1, max_size=3, unique=True)
    )
    # Half of the time a condition that always holds, so that only the joins between the records decide.
    always = And(tuple(Not(And((held(name), Not(held(name))))) for name in (*named, named[0])))
    about = data.draw(st.just(always) | conditions(named, vocabulary))
    seen = [row for row in world if row.values["agency"] != "stranger"]
    of = {
        name: {row.record_id for row in seen if row.record == "person" and row.source_person == name} for name in PEOPLE
    }
    around = Around(vocabulary, *ASKER)
    expected = {
        name for name in PEOPLE if of[name] and covers(about, of[name], as_ids(seen, world), vocabulary, NOW, around)
    }
    assert covered(conn, world, about, vocabulary) == expected


def held(record: str) -> IsNull:
    return IsNull(Column(record, "agency"))


def as_ids(rows: list[Held], world: list[Held]) -> list[Held]:
    ids = {row.source_person: row.record_id for row in world if row.record == "person"}
    return [Held(row.record, row.record_id, ids.get(row.source_person), row.values) for row in rows]


def covered(conn, world: list[Held], about, vocabulary) -> set[str]:
    slots = Slots()
    statement = parsed("select entitled.person from entitled")
    asked = "select cast(null as uuid) as id, cast(%(person)s as uuid) as person"
    statement = statement.with_("request", as_=parsed(asked), recursive=True)
    for name, query in scope(Act.READ, (), about, Compiler(vocabulary, slots)):
        statement = statement.with_(name, as_=query, recursive=True)
    found = set()
    with conn.transaction(force_rollback=True):
        humans = insert(
            conn, as_ids(world, world), {row.source_person: row.record_id for row in world if row.record == "person"}
        )
        for name, human in humans.items():
            values = {**bound(slots), "providers": ["police", "court"], "person": human}
            if conn.execute(statement.sql(dialect="postgres", identify=True), values).fetchall():
                found.add(name)
    return found


def insert(conn, world: list[Held], ids: dict[str, UUID]) -> dict[str, UUID]:
    for row in world:
        of = ids_of_person(row)
        values = {**row.values, "record_id": row.record_id, "statement_id": uuid4(), "source_person": of, "source": "s",
                  "source_key": "k", "received_at": RECEIVED}  # fmt: skip
        names = ", ".join(f'"{name}"' for name in values)
        conn.execute(
            f'insert into record."{row.record}" ({names}) values ({", ".join(["%s"] * len(values))})',
            list(values.values()),
        )
    agencies = {row.record_id: row.values["agency"] for row in world if row.record == "person"}
    humans = {}
    for name, source_person in ids.items():
        humans[name] = uuid4()
        agency = agencies[source_person]
        conn.execute(
            "insert into people.source_person (source_person, agency) values (%s, %s)", (source_person, agency)
        )
        conn.execute("insert into people.person (person) values (%s)", (humans[name],))
        conn.execute("insert into people.membership values (%s, %s, %s)", (source_person, humans[name], agency))
    return humans


def ids_of_person(row: Held) -> UUID | None:
    return row.record_id if row.record == "person" else row.source_person


@pytest.mark.parametrize(("of_this_case", "answer"), [(True, Disclosure), (False, Refusal)])
def test_what_is_said_of_two_records_is_said_of_two_that_belong_together(world, of_this_case, answer):
    person = world.person()
    closed, open_ = (world.row("case", person=person, case_number=stage, stage=stage) for stage in ("closed", "trial"))
    world.row("charge", person=person, case=open_ if of_this_case else closed, offence="Arson", severity="serious")
    world.agree(about="charge.severity = 'serious' and case.stage = 'trial'")
    assert isinstance(world.ask(person), answer)


# --- whose rows leave ------------------------------------------------------------------------------------------------

OF_SUSPECT = "  - {record: person, of: suspect, fields: {name: as-is, birth_date: age-band}}"
OF_VICTIM = "  - {record: person, of: victim, fields: {name: as-is}}"
CHARGES = "  - {record: charge, where: not charge.spent, fields: {offence: as-is}}"


@pytest.fixture
def harm(world):
    """A victim and two suspects of one incident, in one case, whose court keeps its own books."""
    incident = world.row("incident", incident_number="I1", risk_score=18)
    case = world.row("case", case_number="P-1", common_reference="URN1", incident=incident)
    court_case = world.row("case", "court", case_number="C-9", common_reference="URN1")
    victim = world.person(whose="victim", name="Vera Victim")
    world.row("involvement", person=victim, whose="victim", incident=incident, case=case, role="victim")
    suspects = []
    for name in ("Sam Suspect", "Sid Suspect"):
        suspect = world.person(name=name)
        world.row("involvement", person=suspect, incident=incident, case=case, role="suspect")
        world.row("charge", person=suspect, case=case, offence=f"Assault by {name}", spent=False, severity="serious")
        suspects.append(suspect)
    world.row("charge", person=suspects[0], offence="An older theft", spent=False, severity="lesser")
    world.row("hearing", "court", case=court_case, starts_on="2026-07-01", kind="trial")
    return victim, *suspects


def names(answer: Disclosure) -> list[str]:
    return sorted(str(row.values["name"]) for row in answer.rows.get("person", ()))


def offences(answer: Disclosure) -> list[str]:
    return sorted(str(row.values["offence"]) for row in answer.rows.get("charge", ()))


def test_a_victims_read_brings_the_other_side_of_the_same_incident_and_nothing_else_of_theirs(world, harm):
    victim, *_ = harm
    about = "involvement.role = 'victim' and incident.risk_score >= 14"
    world.agree(about=about, release=f"{OF_VICTIM}\n{OF_SUSPECT}\n{CHARGES}")
    answer = world.ask(victim)
    assert names(answer) == ["Sam Suspect", "Sid Suspect", "Vera Victim"]
    assert offences(answer) == ["Assault by Sam Suspect", "Assault by Sid Suspect"]  # not the older theft


def test_an_accuseds_read_brings_no_fellow_accused(world, harm):
    _, suspect, _ = harm
    world.agree(release=f"{OF_VICTIM}\n{OF_SUSPECT}\n{CHARGES}")
    answer = world.ask(suspect)
    assert names(answer) == ["Sam Suspect", "Vera Victim"]
    assert offences(answer) == ["An older theft", "Assault by Sam Suspect"]


def test_a_fellow_suspect_who_is_a_witness_in_the_case_brings_no_fellow_accused(world, harm):
    """Suspected of the same incident, charged with nothing, and heard as a witness against the other."""
    _, accused, _ = harm
    [(case,)] = world.run(Role.INTAKE, "select record_id from record.case where case_number = 'P-1'")
    [(incident,)] = world.run(Role.INTAKE, "select record_id from record.incident")
    witness = world.person(name="Will Witness")
    world.row("involvement", person=witness, incident=incident, role="suspect")
    world.row("involvement", person=witness, whose="witness", case=case, role="witness")
    world.agree(about="everyone", release=f"{OF_VICTIM}\n{OF_SUSPECT}\n{CHARGES}")
    answer = world.ask(witness)
    assert offences(answer) == []
    assert names(answer) == ["Vera Victim", "Will Witness"]
    assert "Will Witness" not in names(world.ask(accused))


@pytest.fixture
def own_books(world):
    """Two accused in one case, of which the court keeps a row for each; and what became of each there."""
    police = world.row("case", case_number="P-1", common_reference="URN1")
    accused = [world.person(name=name) for name in ("Sam Suspect", "Sid Suspect")]
    for person, outcome in zip(accused, ("acquitted", "convicted"), strict=True):
        world.row("charge", person=person, case=police, offence="Assault", severity="serious")
        of_court = world.person("court", human=person)
        book = world.row(
            "case", "court", person=of_court, case_number=f"C-{outcome}", common_reference="URN1", outcome=outcome
        )
        world.row("hearing", "court", case=book, starts_on="2026-07-01", kind="trial", outcome=outcome)
    victim = world.person(name="Vera Victim", whose="victim")
    world.row("involvement", person=victim, whose="victim", case=police, role="victim")
    return *accused, victim


OUTCOMES = "  - {record: case, fields: {outcome: as-is}}\n  - {record: hearing, fields: {outcome: as-is}}"


@pytest.mark.parametrize("asks", [None, "URN1"], ids=["read", "case"])
def test_the_book_of_a_case_that_is_kept_for_a_fellow_accused_stays_with_them(world, own_books, asks):
    world.agree(about="charge.severity = 'serious' and person.name = 'Sam Suspect'", release=OUTCOMES)
    answer = world.ask(CaseRead(asks) if asks else own_books[0])
    assert outcomes(answer) == {"case": {"acquitted", None}, "hearing": {"acquitted"}}


def test_a_hearing_that_is_booked_under_a_fellow_accused_stays_with_them(world, own_books):
    """Where a court keeps one case, and of each sitting a row for each accused."""
    sam, sid, victim = own_books
    [(police,)] = world.run(Role.INTAKE, "select record_id from record.case where agency = 'police'")
    for person, outcome in ((sam, "bailed"), (sid, "remanded"), (None, "adjourned")):
        world.row("hearing", person=person, case=police, starts_on="2026-06-01", kind="remand", outcome=outcome)
    world.agree(about="everyone", release=OUTCOMES)
    assert outcomes(world.ask(sam))["hearing"] == {"acquitted", "bailed", "adjourned"}
    assert {"bailed", "remanded", "adjourned"} <= outcomes(world.ask(victim))["hearing"]


def test_a_victim_is_told_what_became_of_each_accused(world, own_books):
    world.agree(about="involvement.role = 'victim'", release=OUTCOMES)
    assert outcomes(world.ask(own_books[2]))["case"] == {"acquitted", "convicted", None}


def outcomes(answer: Disclosure) -> dict[str, set[object]]:
    return {record: {row.values["outcome"] for row in rows} for record, rows in answer.rows.items()}


def test_a_clause_that_does_not_say_whose_releases_nobody_else(world, harm):
    _, suspect, _ = harm
    world.agree()
    assert names(world.ask(suspect)) == ["Sam Suspect"]


def test_a_victim_is_told_of_the_hearing_in_another_agencys_books(world, harm):
    victim, *_ = harm
    world.agree(about="involvement.role = 'victim'", release="  - {record: hearing, fields: {starts_on: as-is}}")
    [hearing] = world.ask(victim).rows["hearing"]
    assert str(hearing.values["starts_on"]) == "2026-07-01"


def test_convicted_and_suspected_stand_on_one_side(world, harm):
    _, suspect, other = harm
    world.run(Role.INTAKE, "update record.charge set whose = 'convicted' where source_person = %s", other)
    world.agree(release="  - {record: charge, of: [suspect, convicted], fields: {offence: as-is}}")
    assert offences(world.ask(suspect)) == ["An older theft", "Assault by Sam Suspect"]


def test_the_records_of_one_human_in_two_agencies_are_read_together(world, accused):
    world.person("court", human=accused, name="Anne Example")
    world.agree()
    answer = world.ask(accused)
    assert names(answer) == ["Ann Example", "Anne Example"]
    assert answer.view.agencies == ("court", "police")


def test_a_merged_persons_old_id_still_leads_to_them(world, accused):
    old = uuid4()
    world.run(Role.INTAKE, "insert into people.person (person, redirect_to) values (%s, %s)", old, accused)
    world.agree()
    assert names(world.ask(old)) == ["Ann Example"]


def test_an_agency_that_is_not_a_provider_is_never_read(world, accused):
    world.person("probation", human=accused, name="From Probation")
    world.row("charge", "probation", person=accused, offence="From probation")
    world.agree()
    answer = world.ask(accused)
    assert names(answer) == ["Ann Example"]
    assert offences(answer) == ["Burglary"]


def test_where_narrows_and_unknown_does_not_release(world, accused):
    world.row("charge", person=accused, offence="Spent", spent=True)
    world.row("charge", person=accused, offence="Live", spent=False)
    world.agree(release=CHARGES)
    assert offences(world.ask(accused)) == ["Live"]


def test_a_person_who_is_not_covered_is_refused(world):
    person = world.person()
    world.row("charge", person=person, offence="Littering", severity="minor")
    world.agree()
    assert isinstance(world.ask(person), Refusal)


def test_two_clauses_about_one_row_show_the_earlier_form(world, accused):
    release = "  - {record: person, fields: {birth_date: year}}\n  - {record: person, fields: {birth_date: as-is, name: as-is}}"
    world.agree(release=release)
    [person] = world.ask(accused).rows["person"]
    assert dict(person.values) == {"birth_date": "1987", "name": "Ann Example"}
