"""Spark lets out the same rows with the same values as the oracle does; each form is given alike there too."""

from __future__ import annotations

import os
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from comity.gate import Refusal, on_spark
from comity.gate.engines import Engine, bindable, named, rendered
from comity.gate.extract import Format, Order, begin, go_on
from comity.gate.extract.make import Office
from comity.gate.meaning import lets_out
from comity.gate.minimise import Setting, expression, minimise
from comity.gate.models import Asking, Extract
from comity.gate.on_spark import ask, hand_over
from comity.gate.snapshot import open_file
from comity.ledger.note import KEY_SIZE, Signer
from comity.record.seal import place, seal
from comity.store import Role

from .drawn import REQUESTER, a_world, agreements, put_down, questions, snapshot, verdict_on
from .test_engines import PHASES, assert_same, said
from .test_minimise import PG_TYPES, TODAY, VALUES, field_of, kind_of
from .world import NOW, request

CASES = int(os.environ.get("COMITY_SPARK_CASES", "40"))
WORLDS = 40  # Spark takes seconds to start on anything, and no longer for more of it


@pytest.mark.timeout(900)  # shrinking what it found takes it long
@settings(max_examples=CASES // WORLDS, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(data=st.data(), seed=st.integers(0, 2**64 - 1))
def test_spark_lets_out_what_the_oracle_does(store, vocabulary, tmp_path: Path, spark, data, seed):
    agreement = data.draw(agreements(vocabulary))
    chance = Random(seed)  # noqa: S311 - what chance draws in a test is no secret
    drawn = [a_world(chance, vocabulary, number) for number in range(WORLDS)]
    verdict = verdict_on(agreement, vocabulary)
    put_down(store, drawn)
    asking = questions(verdict, vocabulary)
    folder = tmp_path / uuid4().hex
    folder.mkdir()
    with open_file(snapshot(store, folder / "snapshot.duckdb", asking)) as file:
        hand_over(file, folder, spark)
    answer = [row(it) for each in asking for it in ask(spark, each.query, each.values).collect()]
    expected = {row for world in drawn for it in lets_out(verdict, world, REQUESTER, NOW) for row in said(it)}
    assert len(set(answer)) == len(answer)
    assert_same(expected, set(answer), "Spark", drawn)


RELEASE = """
  - {record: person, fields: {name: initials, birth_date: as-is, address: area, safe_contact: as-is}}
  - {record: supervision, where: "supervision.status = 'active'", fields: {officer: pseudonym, case: as-is, starts_on: month, appointments_kept: band}}"""


def test_an_extract_by_spark_is_that_of_duckdb(world, tmp_path, spark, monkeypatch):
    """Byte for byte, pseudonyms and what is opened and all; only the manifest names another engine."""
    for number, name in enumerate(["Ann Example", 'Bob "B", Brown', "Çelik\nDemir", ""]):
        person = world.person(name=name, birth_date=date(1980 + number, 1, 1), address="1 High Street, Leeds LS1 4AB")
        case = world.row("case", person=person, case_number=f"C-{number}")
        world.row("supervision", person=person, case=case, officer=None if number == 1 else f"Officer {number}",
                  starts_on=date(2026, 1, 31), status="ended" if number == 3 else "active", appointments_kept=number)  # fmt: skip
    (wrapped, key) = world.keyring.new_data_key(person, "police")
    world.run(Role.INTAKE, "insert into record.subject_key (source_person, agency, epoch, wrapped) values (%s, %s, %s, %s)",
              wrapped.source_person, wrapped.agency, wrapped.epoch, wrapped.wrapped)  # fmt: skip
    sealed = seal(key, b"call the neighbour", place("record.person", "safe_contact", person), b"n" * 12)
    world.run(Role.INTAKE, "update record.person set safe_contact = %s where record_id = %s", sealed, person)
    world.agree(about="everyone", release=RELEASE, channels="read, extract")
    made, written, real = {}, [], on_spark.write
    monkeypatch.setattr(on_spark, "write", lambda *given: (written.append(given[-1]), real(*given)))
    with world.store.connect(Role.GATE, autocommit=True) as conn:
        office = Office(conn, world.vocabulary, world.keyring, Signer("comity-test", b"k" * KEY_SIZE),
                        tmp_path / "works", lambda _: nullcontext(spark))  # fmt: skip
        for engine in (Engine.DUCKDB, Engine.SPARK):
            asking = Asking(uuid4(), b"s" * 16, NOW, request(Extract()))
            begun = begin(office, Order(asking, Format.CSV, engine))
            assert not isinstance(begun, Refusal)
            made[engine] = go_on(office, begun.id, tmp_path / engine.value, lambda: NOW)
            assert len(written) == (2 if engine is Engine.SPARK else 0)  # it was Spark that answered
    tables = [it.manifest["tables"] for it in made.values()]
    assert tables[0] == tables[1]
    assert [it["rows"] for it in tables[0]] == [4, 3]
    assert [it.manifest["engine"] for it in made.values()] == ["duckdb", "spark"]
    assert b"call the neighbour" in b"".join(path.read_bytes() for path in made[Engine.SPARK].folder.glob("1-*"))


def row(of):
    clause, account, record_id, source_person, *values = of
    return clause, UUID(account), UUID(record_id), source_person and UUID(source_person), tuple(values)


def can_be_bound(value) -> bool:
    """PySpark hands over no day before the year 1000, which only a value that is bound has to be."""
    return not isinstance(value, date) or value.year >= 1000


@settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(data=st.data())
def test_spark_gives_each_form_as_the_oracle_does(spark, data):
    """Many values in one query: a query costs Spark a second."""
    jurisdiction = data.draw(st.sampled_from(["uk", "nl", "us", "eu"]))
    cases = [(form, data.draw(VALUES[form].filter(can_be_bound))) for form in sorted(VALUES) for _ in range(6)]
    chosen, bound = [], {"today": TODAY}
    for number, (form, value) in enumerate(cases):
        kind = kind_of(value, form)
        given_value = exp.cast(exp.Placeholder(this=f"v{number}"), PG_TYPES[kind])
        chosen.append(
            exp.alias_(expression(form, field_of(kind), given_value, jurisdiction), f"c{number}", quoted=True)
        )
        bound[f"v{number}"] = value
    query = exp.select(*chosen)
    values = {name: bindable(bound[name], Engine.SPARK) for name in named(query)}
    [answer] = spark.sql(rendered(query, Engine.SPARK), args=values).collect()
    assert list(answer) == [minimise(form, value, Setting(TODAY, jurisdiction)) for form, value in cases]


def test_what_spark_keeps_by_itself_nobody_can_read(spark):
    kept = Path(spark.conf.get("spark.local.dir"))
    before = set(kept.rglob("*.data"))
    spark.createDataFrame([(f"Wilma Withheld {n}",) for n in range(9)], "name string").repartition(2, "name").collect()
    written = [path.read_bytes() for path in set(kept.rglob("*.data")) - before]
    assert any(written)
    assert not any(b"Wilma" in each for each in written)
