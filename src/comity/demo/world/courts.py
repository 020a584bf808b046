"""Prosecution (one XML file) and the court (an SQLite database with four tables)."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from random import Random

from lxml import etree

from comity.demo.world.clerical import Clerk, Hand, without_accents
from comity.demo.world.models import Case, Charge, Human, World
from comity.demo.world.police import nominal_numbers
from comity.demo.world.truth import Truth

Nominals = Mapping[int, str]
"""The police's number of each human being."""

NAMESPACE = "urn:example:prosecution:2"
_MODES = {"summary": "SUM", "either-way": "EW", "indictable": "IND"}
_COURT_SCHEMA = """
create table party(party_id integer primary key, case_no text, full_name text, birth_date text, sex text,
    address text, postcode text, police_ref text);
create table court_case(case_no text primary key, urn text, opened text, closed text, kind text, stage text,
    disposal text, court text);
create table hearing(hearing_id text primary key, case_no text, party_ids text, kind text, starts text, room text,
    status text, result text, why text);
create table court_order(order_id text primary key, case_no text, party_id integer, kind text, made text,
    from_date text, to_date text, terms text, status text);
"""


def write_prosecution(world: World, folder: Path, random: Random, truth: Truth) -> None:
    """Write ``prosecution_cases.xml``: each case with its defendants, their charges, and the victims."""
    clerk, nominals = Clerk(random, Hand(typo=0.012, no_number=0.1)), nominal_numbers(truth)
    root = etree.Element(_tag("Cases"), nsmap={None: NAMESPACE})
    for case in world.cases:
        root.append(_case_element(case, clerk, nominals, truth))
    document = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    (folder / "prosecution_cases.xml").write_bytes(document)


def _case_element(case: Case, clerk: Clerk, nominals: Nominals, truth: Truth) -> etree._Element:
    element = etree.Element(_tag("Case"), urn=case.urn, opened=case.opened.isoformat())
    element.set("closed", case.closed.isoformat() if case.closed else "")
    for number, human in enumerate(case.defendants, start=1):
        defendant = _person(
            etree.SubElement(element, _tag("Defendant")), f"{case.urn}/D{number}", human, case, clerk, truth
        )
        etree.SubElement(defendant, _tag("PoliceReference")).text = clerk.number(nominals.get(human.number, ""))
        for charge in case.charges:
            if charge.human is human:
                _charge(defendant, charge)
    for number, victim in enumerate(case.incident.those("victim"), start=1):
        _person(etree.SubElement(element, _tag("Victim")), f"{case.urn}/V{number}", victim.human, case, clerk, truth)
    return element


def _person(element: etree._Element, key: str, human: Human, case: Case, clerk: Clerk, truth: Truth) -> etree._Element:
    written = clerk.write(human, case.opened)
    element.set("id", key)
    name = etree.SubElement(element, _tag("Name"))
    etree.SubElement(name, _tag("Forename")).text = written.given
    etree.SubElement(name, _tag("Surname")).text = written.surname
    etree.SubElement(element, _tag("DateOfBirth")).text = written.born.isoformat() if written.born else ""
    etree.SubElement(element, _tag("Gender")).text = {"male": "M", "female": "F"}[written.sex]
    etree.SubElement(element, _tag("Postcode")).text = written.home.postcode
    truth.tell("prosecution-cases", key, human)
    return element


def _charge(defendant: etree._Element, charge: Charge) -> None:
    element = etree.SubElement(defendant, _tag("Charge"), seq=str(charge.number), code=charge.code)
    etree.SubElement(element, _tag("Title")).text = charge.offence
    etree.SubElement(element, _tag("Mode")).text = _MODES[charge.severity]
    etree.SubElement(element, _tag("OffenceDate")).text = f"{charge.offence_on:%d-%b-%Y}"
    etree.SubElement(element, _tag("ChargedOn")).text = f"{charge.charged_on:%d-%b-%Y}"
    etree.SubElement(element, _tag("Status")).text = charge.status
    etree.SubElement(element, _tag("Plea")).text = charge.plea
    etree.SubElement(element, _tag("Finding")).text = charge.verdict
    etree.SubElement(element, _tag("DisposedOn")).text = f"{charge.disposed_on:%d-%b-%Y}" if charge.disposed_on else ""
    etree.SubElement(element, _tag("Sentence")).text = charge.sentence


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def write_court(world: World, folder: Path, random: Random, truth: Truth) -> None:
    """Write ``court.db``: parties as ``Last, First``, cases, hearings and orders."""
    path = folder / "court.db"
    path.unlink(missing_ok=True)
    clerk, nominals = Clerk(random, Hand(typo=0.02, heard=0.015, no_number=0.5)), nominal_numbers(truth)
    with sqlite3.connect(path) as database:
        database.executescript(_COURT_SCHEMA)
        party = 0
        for case in world.cases:
            parties = {}
            for human in case.defendants:
                party += 1
                parties[human.number] = party * 13 + 50000
                _party(database, parties[human.number], human, case, clerk, nominals, truth)
            _case_rows(database, case, parties)
    database.close()


def _party(  # the row's own parts
    database: sqlite3.Connection,
    key: int,
    human: Human,
    case: Case,
    clerk: Clerk,
    nominals: Nominals,
    truth: Truth,
) -> None:
    written = clerk.write(human, case.opened)
    given = f"{written.given} {written.middle[:1]}".strip()
    name = without_accents(f"{written.surname}, {given}")
    born = written.born.isoformat() if written.born else None
    police = clerk.number(nominals.get(human.number, "")) or None
    row = (
        key,
        case.court_number,
        name,
        born,
        written.sex[0].upper(),
        written.home.street,
        written.home.postcode,
        police,
    )
    database.execute("insert into party values (?,?,?,?,?,?,?,?)", row)
    truth.tell("court-parties", str(key), human)


def _case_rows(database: sqlite3.Connection, case: Case, parties: dict[int, int]) -> None:
    closed = case.closed.isoformat() if case.closed else None
    row = (
        case.court_number,
        case.urn,
        case.opened.isoformat(),
        closed,
        case.kind,
        case.stage,
        case.outcome,
        case.court,
    )
    database.execute("insert into court_case values (?,?,?,?,?,?,?,?)", row)
    ids = ",".join(map(str, parties.values()))
    database.executemany(
        "insert into hearing values (?,?,?,?,?,?,?,?,?)",
        [
            (
                h.number,
                case.court_number,
                ids,
                h.kind,
                f"{h.starts:%Y-%m-%d %H:%M}",
                h.room,
                h.status,
                h.outcome,
                h.reason,
            )
            for h in case.hearings
        ],
    )
    database.executemany(
        "insert into court_order values (?,?,?,?,?,?,?,?,?)",
        [
            (
                o.number, case.court_number, parties[o.human.number], o.kind, o.made.isoformat(), o.starts.isoformat(),
                o.ends.isoformat() if o.ends else None, o.conditions, o.status,
            )
            for o in case.orders
        ],
    )  # fmt: skip
