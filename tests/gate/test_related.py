"""``exists`` and who asks, compiled, mean on PostgreSQL what the oracle says: for a ``where`` and for an ``about``."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.agreements.test_related import CASE, HEARINGS, REFERRED
from tests.strategies import ASKER, comparisons

from comity.agreements import covers, evaluate, parse_condition
from comity.agreements.meaning import Around, Held, records_named
from comity.agreements.models import And, Asker, Column, Compare, Condition, Exists, Not, Operator, Or
from comity.agreements.related import related_types
from comity.gate import Disclosure, Refusal
from comity.gate.conditions import Compiler, Slots
from comity.gate.trees import held as held_rows
from comity.store import Role

from .binding import bound
from .test_scope import PEOPLE, REFERRING, as_ids, covered, insert, worlds
from .world import NOW

DEEP = 2


@st.composite
def existing(draw: st.DrawFn, of: str | None, vocabulary, deep: int = DEEP) -> Condition:
    """Whether there is a record related to a row of ``of``, or to the person, perhaps with a relation of its own."""
    others = related_types(of, vocabulary) if of else vocabulary.record_types
    record = draw(st.sampled_from(sorted(REFERRING.keys() & set(others))))
    node = Exists(record, of, draw(st.none() | inside(record, vocabulary, deep)))
    return draw(st.sampled_from([node, Not(node)]))


@st.composite
def inside(draw: st.DrawFn, record: str, vocabulary, deep: int) -> Condition:
    plain = comparisons(record, vocabulary)
    parts = st.one_of(plain, existing(record, vocabulary, deep - 1)) if deep else plain
    some = draw(st.lists(parts, min_size=1, max_size=2))
    node = some[0] if len(some) == 1 else draw(st.sampled_from([And, Or]))(tuple(some))
    return draw(st.sampled_from([node, Not(node)]))


def looked_for(node: Condition | None) -> list[str]:
    """The record types that a condition looks for, twice each, so that there is something to find."""
    match node:
        case Exists(record, _, where):
            return [record, record, *looked_for(where)]
        case Not(operand):
            return looked_for(operand)
        case And(operands) | Or(operands):
            return [record for each in operands for record in looked_for(each)]
    return []


@pytest.fixture
def conn(store):
    with store.connect(Role.INTAKE) as conn:
        yield conn


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_where_releases_the_rows_of_which_the_oracle_finds_it_true(conn, vocabulary, data):
    record = data.draw(st.sampled_from(sorted(REFERRING)))
    where = data.draw(existing(record, vocabulary))
    world = data.draw(worlds(vocabulary, (record, record, *looked_for(where))))
    one_human = data.draw(st.booleans())
    rows = as_ids([row for row in world if row.values["agency"] != "stranger"], world)
    ids = {row.source_person: row.record_id for row in world if row.record == "person"}
    # A source person whose own record is a stranger's is nobody to the providers.
    known = {row.record_id for row in rows if row.record == "person"}
    humans = {each: frozenset(known) if one_human else frozenset({each}) for each in known}
    humans |= {each: frozenset() for each in ids.values() if each not in known}
    around = Around(vocabulary, *ASKER, held=tuple(rows), humans=humans)
    expected = {row.record_id for row in rows if row.record == record and evaluate(where, {record: row}, NOW, around)}
    assert released(conn, world, ids, record, where, vocabulary, one_human) == expected


def released(conn, world: list[Held], ids, record: str, where: Condition, vocabulary, one_human: bool) -> set:
    slots = Slots()
    statement = held_rows(record, "record_id").where(Compiler(vocabulary, slots).tree(where))
    with conn.transaction(force_rollback=True):
        humans = insert(conn, as_ids(world, world), ids)
        if one_human:
            conn.execute("update people.membership set person = %s", [humans[PEOPLE[0]]])
        values = {**bound(slots), "providers": ["police", "court"]}
        return {row[0] for row in conn.execute(statement.sql(dialect="postgres", identify=True), values)}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_about_covers_whom_the_oracle_finds_it_true_of(conn, vocabulary, data):
    parts = data.draw(
        st.lists(
            existing(None, vocabulary)
            | st.sampled_from(["charge", "case"]).flatmap(lambda of: existing(of, vocabulary))
            | st.sampled_from(["charge", "case"]).flatmap(lambda of: comparisons(of, vocabulary)),
            min_size=1,
            max_size=3,
        )
    )
    about = parts[0] if len(parts) == 1 else data.draw(st.sampled_from([And, Or]))(tuple(parts))
    world = data.draw(worlds(vocabulary, (*records_named(about), *looked_for(about))))
    seen = [row for row in world if row.values["agency"] != "stranger"]
    of = {
        name: {row.record_id for row in seen if row.record == "person" and row.source_person == name} for name in PEOPLE
    }
    humans = {each: frozenset({each}) for ids in of.values() for each in ids}
    humans |= {row.record_id: frozenset() for row in world if row.record == "person" and row.record_id not in humans}
    around = Around(vocabulary, *ASKER, humans=humans)
    expected = {
        name for name in PEOPLE if of[name] and covers(about, of[name], as_ids(seen, world), vocabulary, NOW, around)
    }
    assert covered(conn, world, about, vocabulary) == expected


# --- the tables of the specification, on PostgreSQL ------------------------------------------------------------------


def stated(record: str, record_id: UUID, vocabulary, **values: object) -> Held:
    fields = dict.fromkeys((field.name for field in vocabulary.record_type(record).fields), None)
    said = {"agency": "court", "whose": "suspect", "asserted": "fact"}
    return Held(record, record_id, None, {**fields, **said, **REQUIRED.get(record, {}), **values})


REQUIRED = {"hearing": {"kind": "trial", "starts_on": NOW.date()}, "case": {"case_number": "C"}, "charge": {"offence": "Theft"}}  # fmt: skip


@pytest.mark.parametrize(("text", "statuses", "expected"), HEARINGS)
def test_postgresql_releases_by_the_table_of_hearings(conn, vocabulary, text, statuses, expected):
    case, elsewhere = uuid4(), uuid4()
    held = [stated("hearing", uuid4(), vocabulary, case=case, status=status) for status in statuses]
    held += [stated("hearing", uuid4(), vocabulary, case=elsewhere, status="listed")]
    where = parse_condition(text, vocabulary, record="case")
    found = released(conn, [stated("case", case, vocabulary), *held], {}, "case", where, vocabulary, False)
    assert found == ({case} if expected else set())


@pytest.mark.parametrize(("text", "case", "stages", "expected"), REFERRED)
def test_postgresql_releases_by_the_table_of_references(conn, vocabulary, text, case, stages, expected):
    charge = stated("charge", uuid4(), vocabulary, case=case)
    held = [stated("case", CASE, vocabulary, stage=stage) for stage in stages]
    held += [stated("case", uuid4(), vocabulary, stage="trial")]
    where = parse_condition(text, vocabulary, record="charge")
    found = released(conn, [charge, *held], {}, "charge", where, vocabulary, False)
    assert found == ({charge.record_id} if expected else set())


# --- through the gate ------------------------------------------------------------------------------------------------

OPEN = "  - {record: case, where: exists (hearing where status = 'listed'), fields: {case_number: as-is}}"
NONE = "  - {record: case, where: not exists (hearing where status = 'listed'), fields: {case_number: as-is}}"


@pytest.fixture
def case(world):
    person = world.person()
    case = world.row("case", person=person, case_number="C-1")
    world.row("charge", person=person, case=case, offence="Arson", severity="serious")
    return person, case


@pytest.mark.parametrize(
    ("status", "agency", "release", "leaves"),
    [
        ("listed", "court", OPEN, True),
        ("listed", "probation", OPEN, False),  # held by nobody who provides
        ("vacated", "court", OPEN, False),
        (None, "court", OPEN, False),
        ("listed", "court", NONE, False),
        ("vacated", "court", NONE, True),
        (None, "court", NONE, False),  # nobody knows, so it is not released
    ],
)
def test_a_case_leaves_by_what_its_hearings_are(world, case, status, agency, release, leaves):
    person, case_id = case
    world.row("hearing", agency, case=case_id, starts_on="2026-07-01", kind="trial", status=status)
    world.agree(release=release)
    answer = world.ask(person)
    assert isinstance(answer, Disclosure)
    assert bool(answer.rows.get("case")) is leaves


@pytest.mark.parametrize(("officer", "answer"), [("staff-7", Disclosure), ("staff-2", Refusal), (None, Refusal)])
def test_only_whoever_supervises_somebody_may_read_of_them(world, officer, answer):
    person = world.person()
    world.row("supervision", person=person, kind="probation", officer=officer)
    world.agree(about="supervision.officer = requester")
    assert isinstance(world.ask(person), answer)


def test_an_agreement_cannot_be_asked_as_somebody_else(world):
    """``requester`` is who the request says was signed in; what is stated in the request's texts is not."""
    person = world.person()
    world.row("supervision", person=person, kind="probation", officer="staff-9")
    world.agree(about="supervision.officer = requester")
    assert isinstance(world.ask(person, justification="requester = 'staff-9'", case_reference="staff-9"), Refusal)


def test_the_asker_stands_in_no_text_of_the_statement(vocabulary):
    slots = Slots()
    node = Compare(Column("supervision", "officer"), Operator.EQUAL, Asker.REQUESTER)
    text = Compiler(vocabulary, slots).tree(node).sql(dialect="postgres")
    assert ASKER[1] not in text
    assert list(slots.named().values()) == [Asker.REQUESTER]
