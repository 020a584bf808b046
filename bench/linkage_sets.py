"""Labelled sets of people: each read into the features that linking gets, with the truth beside it.

Only the mapping of fields differs from set to set. Nobody's method, band or threshold does.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from openpyxl import load_workbook

from comity.people import Features


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Features of everybody, and which human being each of them is: source person -> anything that tells them apart."""

    name: str
    features: tuple[Features, ...]
    truth: Mapping[UUID, str]


_Row = tuple[str, Features]  # the human being, and what is said of them


def read(folder: Path) -> Iterator[LabelledSet]:
    """Yield every set of the folder of shared data."""
    for name, rows in _SETS.items():
        read_rows = list(rows(folder))
        yield LabelledSet(
            name,
            tuple(features for _, features in read_rows),
            {features.source_person: human for human, features in read_rows},
        )


# --- a real chain: four agencies --------------------------------------------------------------------------------------


def _broward(folder: Path) -> Iterator[_Row]:
    folder = folder / "broward"
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        human = {(row["source"], row["source_key"]): row["person"] for row in csv.DictReader(file)}
    number = 0
    for system, rows in _SYSTEMS.items():
        for key, given, family, born, sex in rows(folder):
            number += 1
            yield human[system, key], Features(UUID(int=number), system, given, family, birth_date=born, sex=sex)


_System = Iterator[tuple[str, str | None, str | None, date | None, str | None]]


def _jail(folder: Path) -> _System:
    with (folder / "sheriff_jail.csv").open(encoding="cp1252", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            yield row["BOOKING_NO"], row["FORENAME"], row["SURNAME"], _day(row["DOB"], "%m/%d/%Y"), None


def _court(folder: Path) -> _System:
    with sqlite3.connect(f"file:{folder / 'clerk_court.db'}?mode=ro&immutable=1", uri=True) as database:
        for key, name, born, sex in database.execute("select party_id, full_name, birth_date, sex from party"):
            family, _, given = name.partition(", ")
            yield str(key), given, family, _day(born, "%Y-%m-%d"), {"M": "male", "F": "female"}.get(sex)


def _prison(folder: Path) -> _System:
    for line in (folder / "doc_prison.jsonl").read_text(encoding="utf-8").splitlines():
        stay = json.loads(line)
        given, _, family = stay["inmate"]["name"].partition(" ")
        yield stay["stay"], given, family, _day(stay["inmate"]["born"], "%d-%b-%Y"), None


def _pretrial(folder: Path) -> _System:
    sheet = load_workbook(folder / "pretrial_assessment.xlsx", read_only=True).active
    for key, given, family, born, sex, *_ in list(sheet.iter_rows(values_only=True))[1:]:
        yield key, given, family, born.date() if born else None, sex.lower()


_SYSTEMS: Mapping[str, Callable[[Path], _System]] = {
    "sheriff_jail": _jail,
    "clerk_court": _court,
    "doc_prison": _prison,
    "pretrial_assessment": _pretrial,
}


# --- sets for those who study linkage ---------------------------------------------------------------------------------


def _febrl(*files: str) -> Callable[[Path], Iterator[_Row]]:
    def rows(folder: Path) -> Iterator[_Row]:
        number = 0
        for file in files:
            with (folder / "linkage" / file).open(encoding="utf-8", newline="") as lines:
                for row in csv.DictReader(lines, skipinitialspace=True):
                    number += 1
                    yield row["rec_id"].split("-")[1], _febrl_features(number, file, row)

    return rows


def _febrl_features(number: int, agency: str, row: Mapping[str, str]) -> Features:
    lines = (row["street_number"], row["address_1"], row["address_2"], row["suburb"], row["state"])
    return Features(
        UUID(int=number),
        agency,
        row["given_name"] or None,
        row["surname"] or None,
        **_birth(row["date_of_birth"]),
        address=" ".join(line for line in lines if line) or None,
        postcode=row["postcode"] or None,
        identifiers={"social_security_number": row["soc_sec_id"]} if row["soc_sec_id"] else {},
    )


def _rldata(folder: Path) -> Iterator[_Row]:
    people = (folder / "linkage" / "RLdata10000.tsv").read_text(encoding="utf-8").splitlines()
    humans = (folder / "linkage" / "identity.RLdata10000.tsv").read_text(encoding="utf-8").splitlines()[1:]
    for number, (row, human) in enumerate(zip(csv.DictReader(people, delimiter="\t"), humans, strict=True), 1):
        names = {part: " ".join(row[c] for c in row if c.startswith(part) and row[c] != "NA") for part in "fl"}
        born = _birth(f"{int(row['by']):04}{int(row['bm']):02}{int(row['bd']):02}")
        yield human, Features(UUID(int=number), "register", names["f"], names["l"], **born)


def _pseudopeople(folder: Path) -> Iterator[_Row]:
    import duckdb

    file = folder / "linkage" / "pseudopeople_census_ssa.parquet"
    with duckdb.connect() as conn:
        relation = conn.execute("select * from read_parquet(?) order by src, uid::int", [str(file)])
        names = [column[0] for column in relation.description]
        rows = [dict(zip(names, row, strict=True)) for row in relation.fetchall()]
    for number, row in enumerate(rows, 1):
        given = " ".join(row[part] for part in ("first_name", "middle") if row[part])
        yield (
            row["truth"],
            Features(
                UUID(int=number),
                row["src"],
                given or None,
                row["surname"] or None,
                **_birth((row["dob"] or "").replace("-", "")),
                sex=row["sex"],
                postcode=row["zip"],
                address=" ".join(row[part] for part in ("street_number", "street_name") if row[part]) or None,
                identifiers={"social_security_number": row["ssn"]} if row["ssn"] else {},
            ),
        )


_SETS: Mapping[str, Callable[[Path], Iterator[_Row]]] = {
    "broward": _broward,
    "febrl 3": _febrl("febrl3.csv"),
    "febrl 4": _febrl("febrl4a.csv", "febrl4b.csv"),
    "RLdata10000": _rldata,
    "pseudopeople": _pseudopeople,
}


def _birth(digits: str) -> dict[str, Any]:
    """Return eight digits as a day, or as they are written if they are no day."""
    day = _day(digits, "%Y%m%d")
    return {"birth_date": day} if day else {"birth_text": digits or None}


def _day(text: str | None, form: str) -> date | None:
    """Return a day as it is written; none if there is no such day in the calendar."""
    try:
        return datetime.strptime(text, form).date() if text else None  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
