"""A compiled condition means on PostgreSQL what :func:`comity.agreements.evaluate` says it means."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection
from sqlglot import exp
from tests.strategies import ASKER, conditions, row_values

from comity.agreements import evaluate, parse_condition
from comity.agreements.meaning import Around
from comity.agreements.models import Column, Compare, IsNull, Literal, Operator
from comity.gate.conditions import Blind, Compiler, Slots
from comity.gate.errors import UncompilableError
from comity.gate.trees import column, record_table
from comity.record.seal import blind
from comity.store import Role

from .binding import bound
from .world import NOW, RECEIVED

RECORDS = ["person", "incident", "charge", "custody", "supervision"]
KEY = b"k" * 32


def put(conn: Connection, record: str, values: dict[str, object]) -> None:
    record_id = uuid4()
    row = {"record_id": record_id, "statement_id": uuid4(), "source_person": record_id, "agency": "police", "source": "s",
           "source_key": "k", "whose": "suspect", "asserted": "fact", "received_at": RECEIVED, **values}  # fmt: skip
    names = ", ".join(f'"{name}"' for name in row)
    conn.execute(f'insert into record."{record}" ({names}) values ({", ".join(["%s"] * len(row))})', list(row.values()))


def on_postgres(conn: Connection, node, records, vocabulary) -> list[bool | None]:
    slots = Slots()
    tree = exp.select(exp.alias_(Compiler(vocabulary, slots).tree(node), "true_of_it")).from_(record_table(records[0]))
    for record in records[1:]:
        tree = tree.join(record_table(record), join_type="cross")
    return [row[0] for row in conn.execute(tree.sql(dialect="postgres", identify=True), bound(slots, KEY))]


@pytest.fixture
def conn(store):
    with store.connect(Role.INTAKE) as conn:
        yield conn


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_postgresql_and_the_oracle_agree(conn, vocabulary, data):
    records = data.draw(st.lists(st.sampled_from(RECORDS), min_size=1, max_size=2, unique=True))
    rows = {record: data.draw(row_values(record, vocabulary)) for record in records}
    nodes = data.draw(st.lists(conditions(records, vocabulary), min_size=1, max_size=4))
    with conn.transaction(force_rollback=True):
        for record in records:
            put(conn, record, rows[record])
        for node in nodes:
            assert on_postgres(conn, node, records, vocabulary) == [
                evaluate(node, rows, NOW, Around(vocabulary, *ASKER))
            ]


@pytest.mark.parametrize(
    ("text", "spent", "expected"),
    [
        ("not charge.spent", None, None),
        ("not charge.spent", False, True),
        ("charge.spent or charge.offence = 'Theft'", None, True),
        ("charge.spent and charge.offence = 'Arson'", None, False),
        ("charge.spent is null", None, True),
        ("charge.spent != true", None, None),
    ],
)
def test_unknown_stays_unknown(conn, vocabulary, text, spent, expected):
    with conn.transaction(force_rollback=True):
        put(conn, "charge", {"offence": "Theft", "spent": spent})
        assert on_postgres(conn, parse_condition(text, vocabulary), ["charge"], vocabulary) == [expected]


def test_a_sealed_field_is_compared_by_its_blind_index(conn, vocabulary):
    node = parse_condition("person.safe_contact = 'Call 0123'", vocabulary)
    with conn.transaction(force_rollback=True):
        put(
            conn,
            "person",
            {"name": "A", "safe_contact": b"?", "safe_contact_blind": blind(KEY, "person.safe_contact", "call 0123")},
        )
        put(
            conn,
            "person",
            {"name": "B", "safe_contact": b"?", "safe_contact_blind": blind(KEY, "person.safe_contact", "other")},
        )
        assert sorted(on_postgres(conn, node, ["person"], vocabulary)) == [False, True]


SEALED = Column("person", "safe_contact")


@pytest.mark.parametrize(
    "node",
    [
        IsNull(SEALED),
        Compare(SEALED, Operator.UNEQUAL, Literal("x")),
        Compare(SEALED, Operator.EQUAL, Column("person", "name")),
        Compare(Column("person", "name"), Operator.EQUAL, SEALED),
    ],
)
def test_a_sealed_field_stands_in_no_other_condition(vocabulary, node):
    with pytest.raises(UncompilableError, match="sealed"):
        Compiler(vocabulary, Slots()).tree(node)


def test_a_node_without_a_rule_is_refused(vocabulary):
    with pytest.raises(UncompilableError, match="object"):
        Compiler(vocabulary, Slots()).tree(object())


def test_no_value_of_an_agreement_stands_in_the_text(vocabulary):
    slots = Slots()
    node = parse_condition("charge.offence in ('a''; drop table x; --', 'b') and incident.risk_score >= 14", vocabulary)
    text = Compiler(vocabulary, slots).tree(node).sql(dialect="postgres")
    assert "drop" not in text
    assert "14" not in text
    assert [slot.value for slot in slots.named().values()] == ["a'; drop table x; --", "b", 14]


def test_true_and_one_are_two_parameters(vocabulary):
    slots = Slots()
    assert slots.place(Literal(True)).sql() != slots.place(Literal(1)).sql()
    assert {type(slot.value) for slot in slots.named().values()} == {bool, int}


def test_a_blind_index_shows_no_text_in_its_place():
    assert column("a", "b").sql(identify=True) == '"a"."b"'
    assert Blind("person.safe_contact", "x") == Blind("person.safe_contact", "x")
