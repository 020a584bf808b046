"""Agreements and worlds that chance draws, put down for every engine and for the oracle alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import psycopg
from hypothesis import strategies as st
from sqlglot import exp
from tests.strategies import ASKER, conditions, plain_fields, possible

from comity.agreements import parse_agreement
from comity.agreements.meaning import Held
from comity.agreements.minimisers import applies
from comity.agreements.models import Agreement, Condition, Everyone, Exists, FieldRelease, Release, Standing
from comity.agreements.related import related_types
from comity.gate.compile import bind
from comity.gate.decide import decide
from comity.gate.engines import Engine, bindable, named, rendered
from comity.gate.meaning import World
from comity.gate.minimise import KNOWN, expression
from comity.gate.models import Act, Clause, Extract, Request, Requester, Verdict
from comity.gate.snapshot import open_file, take
from comity.gate.trees import column
from comity.gate.wide import Wide, asked, wide
from comity.store import Role, Store
from comity.vocabulary import Vocabulary
from comity.vocabulary.models import Field

from .world import NOW, RECEIVED, agreement_text

KINDS = ("incident", "case", "charge", "involvement", "hearing", "custody")
REFERS = {"charge": ("case", "incident"), "involvement": ("case", "incident"), "hearing": ("case",), "custody": ("case",),
          "case": ("incident",), "incident": (), "person": ()}  # fmt: skip
WHOSE = ("suspect", "convicted", "victim", "witness")
_HOW_MANY = {"incident": (1, 1, 2), "case": (1, 2, 2), "charge": (0, 1, 2), "involvement": (1, 2, 3), "hearing": (0, 1, 2),
             "custody": (0, 0, 1)}  # fmt: skip
REQUESTER = Requester(*ASKER, "prosecutor")


# --- agreements ------------------------------------------------------------------------------------------------------


def related(of: str | None, vocabulary: Vocabulary) -> st.SearchStrategy[Condition]:
    """That there is a related record, of which something holds."""
    kinds = sorted({*related_types(of, vocabulary)} & {*KINDS, "person"}) if of else [*KINDS, "person"]
    return st.sampled_from(kinds).flatmap(
        lambda record: st.builds(Exists, st.just(record), st.just(of), st.none() | conditions([record], vocabulary))
    )


@st.composite
def releases(draw: st.DrawFn, number: int, vocabulary: Vocabulary) -> Release:
    record = draw(st.sampled_from([*KINDS, "person"]))
    fields = draw(st.lists(st.sampled_from(plain_fields(record, vocabulary)), min_size=1, max_size=3, unique=True))
    forms = tuple(
        FieldRelease(
            it.name, draw(st.sampled_from(sorted(form for form in KNOWN - {"pseudonym"} if applies(form, it))))
        )
        for it in fields
    )
    of = draw(st.just(()) | st.lists(st.sampled_from(WHOSE), min_size=1, max_size=3, unique=True).map(tuple))
    where = draw(st.none() | st.none() | conditions([record], vocabulary) | related(record, vocabulary))
    return Release(number, record, of, where, forms)


@st.composite
def agreements(draw: st.DrawFn, vocabulary: Vocabulary) -> Agreement:
    """An agreement between the police and the court on one side and whoever asks on the other."""
    base = parse_agreement(agreement_text(channels="extract"), vocabulary)
    about = draw(
        st.just(Everyone())
        | st.just(Everyone())
        | st.lists(
            st.sampled_from(["charge", "case", "person", "involvement"]), min_size=1, max_size=2, unique=True
        ).flatmap(lambda named: conditions(named, vocabulary))
        | related(None, vocabulary)
    )
    count = draw(st.integers(1, 3))
    clauses = tuple(draw(releases(number, vocabulary)) for number in range(1, count + 1))
    return replace(base, about=about, releases=clauses, recipients=(REQUESTER.agency,))


def verdict_on(agreement: Agreement, vocabulary: Vocabulary) -> Verdict:
    request = Request(Extract(), agreement.name, agreement.purpose, REQUESTER, "C-1", "to decide")
    return decide(request, agreement, Standing(()), vocabulary, NOW)


# --- worlds ----------------------------------------------------------------------------------------------------------


def a_world(chance: Random, vocabulary: Vocabulary, number: int) -> World:
    """A few records of two people, in the books of two providers and of one who is none.

    Drawn by a seed, not by hypothesis: hundreds of values for each of many worlds are more than it can draw in time.
    """
    ids = {kind: [_id(chance) for _ in range(chance.choice(_HOW_MANY[kind]))] for kind in KINDS}
    sources = [_id(chance) for _ in range(chance.randint(2, 3))]
    held = [
        _row_of(kind, record_id, record_id if kind == "person" else chance.choice([None, *sources, *sources]),
                ids, chance, vocabulary, number)
        for kind, of_kind in (*ids.items(), ("person", sources)) for record_id in of_kind
    ]  # fmt: skip
    people = {_id(chance): frozenset(sources[:1]), _id(chance): frozenset(sources[1:])}
    return World(tuple(held), people, vocabulary)


def _row_of(
    kind: str, record_id: UUID, person: UUID | None, ids: dict[str, list[UUID]], chance: Random, vocabulary, number: int
) -> Held:
    values = {it.name: _value(it, chance, vocabulary) for it in plain_fields(kind, vocabulary)}
    values |= {to: chance.choice([*ids[to], *ids[to], None]) for to in REFERS[kind]}
    if values.get("common_reference") is not None:
        values["common_reference"] = f"{number}:{values['common_reference']}"  # each world has cases of its own
    agency = chance.choice(["police", "court", "police", "court", "police", "court", "stranger"])
    return Held(
        kind, record_id, person, {**values, "agency": agency, "whose": chance.choice(WHOSE), "asserted": "fact"}
    )


def _value(field: Field, chance: Random, vocabulary: Vocabulary) -> Any:
    if chance.random() < 0.3:
        return None
    return chance.choice(possible(field, vocabulary))


def _id(chance: Random) -> UUID:
    return UUID(int=chance.getrandbits(128))


def put_down(store: Store, drawn: Iterable[World]) -> None:
    """Hold these worlds in the database, and nothing else."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    people, members = [], []
    for world in drawn:
        agency = {row.record_id: row.values["agency"] for row in world.held}
        for row in world.held:
            rows[row.record].append({**row.values, "record_id": row.record_id, "statement_id": uuid4(), "source": "s",
                "source_person": row.source_person, "source_key": "k", "received_at": RECEIVED})  # fmt: skip
        for person, sources in world.people.items():
            people.append((person,))
            members += [(source, person, agency[source]) for source in sources]
    emptied = ", ".join(f'record."{kind}"' for kind in REFERS)
    with psycopg.connect(store.admin, dbname=store.database) as conn:
        conn.execute(f"truncate {emptied}, people.membership, people.person, people.source_person cascade")
    with store.connect(Role.INTAKE) as conn, conn.cursor() as cursor:
        for kind in REFERS:
            if rows[kind]:
                names = list(rows[kind][0])
                listed, places = ", ".join(f'"{it}"' for it in names), ", ".join(f"%({it})s" for it in names)
                cursor.executemany(f'insert into record."{kind}" ({listed}) values ({places})', rows[kind])
        cursor.executemany("insert into people.person (person) values (%s)", people)
        cursor.executemany(
            "insert into people.source_person (source_person, agency) values (%s, %s)",
            [(it[0], it[2]) for it in members],
        )
        cursor.executemany("insert into people.membership (source_person, person, agency) values (%s, %s, %s)", members)


# --- asking each engine ----------------------------------------------------------------------------------------------

Row = tuple[int, UUID, UUID, UUID | None, tuple[Any, ...]]  # clause, account, record, source person, values


@dataclass(frozen=True, slots=True)
class Asked:
    """What one clause lets out, as the query of it and what the query binds."""

    clause: Clause
    query: Wide
    values: dict[str, Any]

    def on(self, engine: Engine) -> tuple[str, dict[str, Any]]:
        bound = {name: bindable(self.values[name], engine) for name in named(self.query.tree)}
        return rendered(self.query.tree, engine), bound


def questions(verdict: Verdict, vocabulary: Vocabulary) -> list[Asked]:
    return [_question(verdict, clause, vocabulary) for clause in verdict.clauses]


def _question(verdict: Verdict, clause: Clause, vocabulary: Vocabulary) -> Asked:
    def columns(of: Clause, _: object) -> list[tuple[str, exp.Expr]]:
        return [(it.name, expression(form, it, column(of.record, it.name), "uk")) for it, form in of]

    said = ("clause", "account", "record_id", "source_person", *(field.name for field, _ in clause))
    final = exp.select(*(column("released", name) for name in said)).from_(exp.table_("released", quoted=True))
    query = wide(verdict, Act.EXTRACT, (clause,), columns, final, vocabulary)
    today = NOW.date()
    return Asked(clause, query, {**asked(verdict, today), **bind(query.slots, today, REQUESTER, lambda _: b"")})


def on_postgresql(store: Store, asking: Iterable[Asked]) -> list[Row]:
    with store.connect(Role.GATE) as conn:
        conn.execute("select set_config('comity.providers', 'police,court', true)")
        return [_row(row) for each in asking for row in conn.execute(*each.on(Engine.POSTGRESQL)).fetchall()]


def on_duckdb(path: Path, asking: Iterable[Asked]) -> list[Row]:
    with open_file(path, read_only=True) as file:
        return [_row(row) for each in asking for row in file.execute(*each.on(Engine.DUCKDB)).fetchall()]


def snapshot(store: Store, path: Path, asking: list[Asked]) -> Path:
    with store.connect(Role.GATE, autocommit=True) as conn:
        return take(conn, path, [each.query.tree for each in asking], ["police", "court"]).path


def _row(row: tuple[Any, ...]) -> Row:
    clause, account, record_id, source_person, *values = row
    return clause, account, record_id, source_person, tuple(values)
