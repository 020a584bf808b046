"""An extract: what is in its files is what reads release, it is written down before it is there, and never by half."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import duckdb
import pytest

from comity.agreements.models import Act, Event
from comity.agreements.store import act_upon
from comity.gate import Disclosure, Refusal, uses_of
from comity.gate.engines import Engine
from comity.gate.errors import GateError
from comity.gate.extract import Format, Made, Order, begin, go_on, part, underway, verify
from comity.gate.extract import make as making
from comity.gate.extract.make import Office
from comity.gate.models import Asking, Extract
from comity.gate.pseudonyms import key_for, pseudonym
from comity.ledger.note import KEY_SIZE, Signer
from comity.record.seal import place, seal
from comity.store import Role

from .world import NOW, World, agreement_text, request

RELEASE = """
  - {record: person, of: [suspect, victim], fields: {name: initials, birth_date: age-band, address: area, safe_contact: as-is}}
  - {record: case, fields: {case_number: as-is}}
  - {record: charge, where: "not charge.spent", fields: {offence: as-is, charged_on: month, case: as-is}}"""
SIGNER = Signer("comity-test", b"k" * KEY_SIZE)


@pytest.fixture
def office(world: World, tmp_path: Path):
    with world.store.connect(Role.GATE, autocommit=True) as conn:
        yield Office(conn, world.vocabulary, world.keyring, SIGNER, tmp_path / "works")


@pytest.fixture
def people(world: World) -> list[UUID]:
    """Five people with a charge each; the last one's is spent, one writes their name oddly."""
    found = []
    for number, name in enumerate(["Ann Example", 'Bob "B", Brown', "Çelik\nDemir", "", "Eve Extra"]):
        person = world.person(name=name, birth_date=date(1980 + number, 1, 1), address="1 High Street, Leeds LS1 4AB")
        case = world.row("case", person=person, case_number=f"C-{number}")
        world.row("charge", person=person, case=case, offence="" if number == 1 else f"Offence {number}",
                  charged_on=date(2026, 1, 31), spent=number == 4, severity="serious")  # fmt: skip
        found.append(person)
    return found


def order(form: Format = Format.CSV, **changes) -> Order:
    return Order(Asking(uuid4(), b"s" * 16, NOW, request(Extract(), **changes)), form, Engine.DUCKDB)


def agree(world: World, **changes) -> None:
    world.agree(**{"about": "everyone", "release": RELEASE, "channels": "read, extract", **changes})


def make(office: Office, to: Path, form: Format = Format.CSV, *, stretch: int = 2, **changes) -> Made:
    begun = begin(office, order(form, **changes), stretch=stretch)
    assert not isinstance(begun, Refusal)
    made = go_on(office, begun.id, to, lambda: NOW)
    assert isinstance(made, Made)
    return made


def rows_of(folder: Path, record: str, form: Format = Format.CSV) -> list[dict[str, object]]:
    files = sorted(folder.glob(f"*-{record}.*"))
    read = {"csv": "read_csv('{}', header = true, all_varchar = true, allow_quoted_nulls = false, quote = '\"', escape = '\"')",
            "parquet": "read_parquet('{}')", "jsonl": "read_json('{}', format = 'newline_delimited')"}[form.value]  # fmt: skip
    tables = [duckdb.sql(f"select * from {read.format(file)}") for file in files]
    return [dict(zip(table.columns, map(plain, row), strict=True)) for table in tables for row in table.fetchall()]


def plain(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value


@pytest.mark.parametrize("form", Format)
def test_its_rows_are_those_that_reads_release(world, office, people, tmp_path, form):
    agree(world)
    made = make(office, tmp_path / "out", form)
    key = key_for(world.keyring.pseudonyms, "prosecution", "prosecution")
    for record, fields in (("person", ("name", "birth_date", "address")), ("charge", ("offence", "charged_on"))):
        expected = Counter()
        for person in people:
            answer = world.ask(person)
            assert isinstance(answer, Disclosure)
            subject = str(pseudonym(key, "person", person))
            for row in answer.rows.get(record, ()):
                expected[(subject, row.agency, row.whose, *(row.values[name] for name in fields))] += 1
        got = rows_of(made.folder, record, form)
        assert (
            Counter((it["subject"], it["agency"], it["whose"], *(it[name] for name in fields)) for it in got)
            == expected
        )


def test_a_reference_leads_to_the_row_that_it_is_to(world, office, people, tmp_path):
    agree(world)
    made = make(office, tmp_path / "out")
    cases = {it["row"]: it["case_number"] for it in rows_of(made.folder, "case")}
    assert sorted(cases[it["case"]] for it in rows_of(made.folder, "charge")) == ["C-0", "C-1", "C-2", "C-3"]


def test_what_is_sealed_is_opened_for_the_file_and_for_nothing_else(world, office, people, tmp_path):
    key = world.keyring.new_data_key(people[0], "police")
    sealed = seal(key[1], b"call the neighbour", place("record.person", "safe_contact", people[0]), b"n" * 12)
    wrapped = key[0]
    world.run(Role.INTAKE, "insert into record.subject_key (source_person, agency, epoch, wrapped) values (%s, %s, %s, %s)",
              wrapped.source_person, wrapped.agency, wrapped.epoch, wrapped.wrapped)  # fmt: skip
    world.run(Role.INTAKE, "update record.person set safe_contact = %s where record_id = %s", sealed, people[0])
    agree(world)
    begun = begin(office, order())
    assert b"call the neighbour" not in (office.works / str(begun.id) / "extract.duckdb").read_bytes()
    made = go_on(office, begun.id, tmp_path / "out", lambda: NOW)
    assert {it["safe_contact"] for it in rows_of(made.folder, "person")} == {"call the neighbour", None}


def test_nothing_and_an_empty_text_are_two_things_in_a_csv(world, office, people, tmp_path):
    agree(world)
    made = make(office, tmp_path / "out")
    texts = {tuple(line) for file in made.folder.glob("3-*") for line in file.read_text().splitlines()}
    assert texts
    assert {it["offence"] for it in rows_of(made.folder, "charge")} == {"", "Offence 0", "Offence 2", "Offence 3"}


def test_the_manifest_says_what_there_is_and_is_signed(world, office, people, tmp_path):
    agree(world)
    made = make(office, tmp_path / "out")
    checked = verify(made.folder, SIGNER.vkey())
    assert checked.faults == ()
    said = checked.manifest
    assert (said["agreement"], said["recipient"], said["purpose"]) == ("charging@1", "prosecution", "prosecution")
    assert [(it["clause"], it["record"], it["rows"], it["people"]) for it in said["tables"]] == [
        ("release 1", "person", 5, 5), ("release 2", "case", 5, 5), ("release 3", "charge", 4, 4)]  # fmt: skip
    assert {"name": "case", "form": "pseudonym", "clause": "release 3"} in said["tables"][2]["columns"]
    for table in said["tables"]:
        for file in table["files"]:
            with (made.folder / file["name"]).open(newline="") as opened:
                assert sum(1 for _ in csv.DictReader(opened)) == file["rows"]


@pytest.mark.parametrize("name", ["1-person.0001.csv", "manifest.json", "manifest.note"])
def test_what_was_changed_afterwards_is_found(world, office, people, tmp_path, name):
    agree(world)
    made = make(office, tmp_path / "out")
    path = made.folder / name
    path.write_bytes(path.read_bytes().replace(b"police", b"polite").replace(b"comity-test", b"comity-next"))
    assert not verify(made.folder, SIGNER.vkey()).sound
    assert not verify(made.folder, Signer("comity-test", b"x" * KEY_SIZE).vkey()).sound


def test_it_is_one_entry_and_one_line_whoever_was_in_it(world, office, people, tmp_path):
    agree(world)
    made = make(office, tmp_path / "out")
    [line] = world.run(Role.GATE, "select id, act, kind, rows, digest from gate.disclosure")
    assert line[:4] == (made.id, "extract", "disclosure", 14)
    assert len(world.entries()) == 1
    assert json.loads(world.entries()[0])["context"]["act"] == "extract"
    assert world.run(Role.GATE, "select count(*) from gate.disclosure_subject") == [(0,)]


async def used(world: World, person: UUID):
    import psycopg

    async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
        return await uses_of(conn, person, NOW, by="somebody", vocabulary=world.vocabulary)


def test_each_person_knows_of_it(world, office, people, tmp_path):
    import asyncio

    agree(world)
    made = make(office, tmp_path / "out")
    [use] = asyncio.run(used(world, people[0]))
    assert (use.id, use.act.value, use.agency) == (made.id, "extract", "prosecution")
    assert set(dict(use.fields)["charge"]) == {"offence", "charged_on", "case"}
    [of_spent] = asyncio.run(used(world, people[4]))
    assert "charge" not in dict(of_spent.fields)
    stranger = world.person(name="Not In It")
    assert asyncio.run(used(world, stranger)) == ()


# --- whatever happens ------------------------------------------------------------------------------------------------


def test_one_that_was_killed_goes_on_and_comes_out_the_same(world, office, people, tmp_path, monkeypatch):
    agree(world)
    asked = order()
    whole = go_on(office, begin(office, asked, stretch=2).id, tmp_path / "whole", lambda: NOW)
    again = replace(asked, asking=replace(asked.asking, id=uuid4()))
    begun = begin(office, again, stretch=2)
    made, real = [], making.make_part

    def dies(*arguments):
        if len(made) == 4:
            raise KeyboardInterrupt
        made.append(real(*arguments))
        return made[-1]

    monkeypatch.setattr(making, "make_part", dies)
    with pytest.raises(KeyboardInterrupt):
        go_on(office, begun.id, tmp_path / "out", lambda: NOW)
    assert not (tmp_path / "out").exists()
    assert [(it.id, it.parts_done) for it in underway(office.works)] == [(begun.id, 4)]
    world.person(name="Came Later")  # the snapshot stays what it was
    monkeypatch.setattr(making, "make_part", real)
    resumed = go_on(office, begun.id, tmp_path / "out", lambda: NOW)
    assert [it["files"] for it in resumed.manifest["tables"]] == [it["files"] for it in whole.manifest["tables"]]
    assert list(underway(office.works)) == []


def test_a_file_of_other_rows_than_those_noted_is_never_done(world, office, people, tmp_path, monkeypatch):
    agree(world)
    begun, real = begin(office, order()), part._write

    def one_more(*arguments):
        path, written = real(*arguments)
        return path, written + 1

    monkeypatch.setattr(part, "_write", one_more)
    with pytest.raises(RuntimeError, match="noted"):
        go_on(office, begun.id, tmp_path / "out", lambda: NOW)
    assert not (tmp_path / "out").exists()
    assert [(it.id, it.parts_done) for it in underway(office.works)] == [(begun.id, 0)]


def test_one_that_was_written_down_and_not_published_is_published(world, office, people, tmp_path, monkeypatch):
    agree(world)
    begun = begin(office, order())

    def dies(*_):
        raise KeyboardInterrupt

    real = making._publish
    monkeypatch.setattr(making, "_publish", dies)
    with pytest.raises(KeyboardInterrupt):
        go_on(office, begun.id, tmp_path / "out", lambda: NOW)
    monkeypatch.setattr(making, "_publish", real)
    made = go_on(office, begun.id, tmp_path / "out", lambda: NOW)
    assert verify(made.folder, SIGNER.vkey()).sound
    assert [row[0] for row in world.log()] == ["disclosure"]


def refused(world: World, office: Office, to: Path, begun, clock=lambda: NOW) -> str:
    answer = go_on(office, begun.id, to, clock)
    assert isinstance(answer, Refusal)
    assert not to.exists()
    assert list(office.works.iterdir()) == []
    assert [row[0] for row in world.log()] == ["refusal"]
    return world.log()[0][1]


def test_an_agreement_that_is_revoked_while_it_is_made_lets_nothing_out(world, office, people, tmp_path):
    agree(world)
    begun = begin(office, order())
    with world.store.connect(Role.GOVERNANCE) as conn:
        act_upon(conn, "charging", 1, Event(Act.REVOKE, "court", NOW), by="staff-1", reason="no longer needed")
    assert refused(world, office, tmp_path / "out", begun) == "not-in-force:revoked"


def test_an_agreement_that_expires_while_it_is_made_lets_nothing_out(world, office, people, tmp_path):
    agree(world)
    begun = begin(office, order())
    late = NOW + timedelta(days=365)
    assert refused(world, office, tmp_path / "out", begun, lambda: late) == "not-in-force:expired"


def test_of_whoever_is_erased_while_it_is_made_nothing_leaves(world, office, people, tmp_path):
    agree(world)
    begun = begin(office, order())
    world.run(Role.INTAKE, "delete from people.membership where source_person = %s", people[0])
    assert refused(world, office, tmp_path / "out", begun) == "data-gone"


@pytest.mark.parametrize(
    ("changes", "asked", "reason"),
    [
        ({"channels": "read"}, {}, "extract-closed"),
        ({}, {"purpose": "victim-safety"}, "other-purpose"),
        ({}, {"role": "caseworker"}, "role-not-listed"),
        ({}, {"agency": "court"}, "not-a-recipient"),
        ({}, {"agreement": "another"}, "unknown-agreement"),
    ],
)
def test_what_is_not_permitted_is_not_begun(world, office, people, changes, asked, reason):
    agree(world, **changes)
    assert isinstance(begin(office, order(**asked)), Refusal)
    assert [row[:2] for row in world.log()] == [("refusal", reason)]
    assert not office.works.exists()


def test_no_engine_is_named_that_did_not_make_it(world, office, people):
    agree(world)
    with pytest.raises(GateError, match="No extract is made by postgresql"):
        begin(office, replace(order(), engine=Engine.POSTGRESQL))
    assert world.log() == []


def test_a_refusal_is_reviewed_where_each_request_is(world, office, people):
    by = "{roles: [data-protection-officer], agencies: [prosecution]}"
    review = f"review: {{each: request, within: P1D, by: {by}, notice: none, overdue: shout}}\n"
    world.agree_to(agreement_text(about="everyone", release=RELEASE, channels="read, extract") + review)
    answer = begin(office, order(purpose="victim-safety"))
    assert isinstance(answer, Refusal)
    assert [row[:2] for row in world.log()] == [("refusal", "other-purpose")]
    assert world.run(Role.GATE, "select disclosure from gate.review") == [(answer.id,)]


def test_a_folder_that_is_there_is_not_written_over(world, office, people, tmp_path):
    agree(world)
    begun = begin(office, order())
    (tmp_path / "out").mkdir()
    with pytest.raises(GateError, match="is there already"):
        go_on(office, begun.id, tmp_path / "out", lambda: NOW)


def test_two_recipients_cannot_join_their_extracts(world, office, people, tmp_path):
    """The attack: lay two extracts of the same people side by side, by any id, by their order, by their files."""
    agree(world, recipients="prosecution, probation")
    got = []
    for agency in ("prosecution", "probation"):
        made = make(office, tmp_path / agency, agency=agency)
        got.append([rows_of(made.folder, record) for record in ("person", "case", "charge")])
    ids = [
        {it[name] for rows in of for it in rows for name in ("subject", "row", "case") if it.get(name)} for of in got
    ]
    assert len(ids[0]) == len(ids[1]) == 10
    assert not ids[0] & ids[1]
    held = {str(row[0]) for row in world.run(Role.INTAKE, "select record_id from record.person")}
    assert not (ids[0] | ids[1]) & held
    for of in got:
        for rows in of:
            subjects = [it["subject"] for it in rows]
            assert subjects == sorted(subjects)
