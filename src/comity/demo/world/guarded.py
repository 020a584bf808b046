"""Prison (CSV in Windows-1252), probation (a workbook) and victim services (nested JSON)."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

from comity.demo.world.clerical import Clerk, Hand, Written, without_accents
from comity.demo.world.models import Human, Stay, Support, World
from comity.demo.world.police import nominal_numbers
from comity.demo.world.truth import Truth
from comity.demo.world.workbook import write_workbook

_PRISON_COLUMNS = (
    "STAY", "PRISON_NO", "SURNAME", "FORENAMES", "DOB", "SEX", "ESTABLISHMENT", "STATUS", "RECEIVED", "RELEASED", "DUE",
    "URN", "POLICE_NO",
)  # fmt: skip
_PROBATION_COLUMNS = (
    "Event", "CRN", "Name", "Date of birth", "Sex", "Postcode", "Order", "Start", "End", "Office", "Practitioner",
    "Requirements", "State", "Next appointment", "Kept", "Missed", "URN", "Prison no",
)  # fmt: skip
_ENDS_BEFORE_IT_BEGINS = 0.004  # stays whose dates were entered the wrong way round


def prison_number(human: Human) -> str:
    """Return the number a prisoner has for life."""
    thousands, letters = human.number // 10_000, "ABCDEFGHJK"
    return f"A{human.number * 37 % 10_000:04d}{letters[thousands % 10]}{letters[thousands // 10 % 10]}"


def crn(human: Human) -> str:
    """Return the case reference number probation gives a person."""
    return f"X{300000 + human.number * 3}"


def write_prison(world: World, folder: Path, random: Random, truth: Truth) -> None:
    """Write ``prison_stays.csv``: one row a stay, semicolons, Windows-1252, dates as ``31/12/2024``."""
    clerk, nominals = Clerk(random, Hand(typo=0.02, nickname=0.005)), nominal_numbers(truth)
    with (folder / "prison_stays.csv").open("w", newline="", encoding="windows-1252", errors="replace") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(_PRISON_COLUMNS)
        for stay in world.stays:
            if stay.kind != "police":
                writer.writerow(_prison_row(stay, clerk, nominals))
                truth.tell("prison-stays", stay.number, stay.human)


def _prison_row(stay: Stay, clerk: Clerk, nominals: Mapping[int, str]) -> list[str]:
    written = clerk.write(stay.human, stay.received.date())
    received, released = stay.received.date(), stay.released.date() if stay.released else None
    if released and clerk.slips(_ENDS_BEFORE_IT_BEGINS):
        received, released = released, received
    return [
        stay.number, prison_number(stay.human), without_accents(written.surname).upper(), written.given,
        f"{written.born:%d/%m/%Y}" if written.born else "", written.sex[0].upper(), stay.facility,
        {"remand": "REM", "sentence": "SEN"}[stay.kind], f"{received:%d/%m/%Y}",
        f"{released:%d/%m/%Y}" if released else "31/12/9999", f"{stay.due:%d/%m/%Y}" if stay.due else "",
        stay.urn, clerk.number(nominals.get(stay.human.number, "")),
    ]  # fmt: skip


def write_probation(world: World, folder: Path, random: Random, truth: Truth) -> None:
    """Write ``probation.xlsx``: one row a supervision, real dates in its cells."""
    clerk = Clerk(random, Hand(typo=0.03, nickname=0.05, no_number=0.35))
    rows: list[tuple[Any, ...]] = [_PROBATION_COLUMNS]
    for it in world.supervisions:
        written = clerk.write(it.human, it.starts)
        rows.append((
            it.number, crn(it.human), f"{written.given} {written.surname}", written.born, written.sex.title(),
            written.home.postcode, it.kind.title(), it.starts, it.ends, it.office, it.officer, it.conditions, it.status,
            it.next_appointment, it.kept, it.missed, it.urn, clerk.number(prison_number(it.human)),
        ))  # fmt: skip
        truth.tell("probation", it.number, it.human)
    write_workbook(folder / "probation.xlsx", "Caseload", rows)


def write_victim_services(world: World, folder: Path, random: Random, truth: Truth) -> None:
    """Write ``victim_services.json``: one file, each referral with its contacts nested."""
    clerk = Clerk(random, Hand(typo=0.01, nickname=0.06, no_date=0.05))
    referrals = [_referral(it, clerk.write(it.human, it.incident.reported)) for it in world.supports]
    for it in world.supports:
        truth.tell("victim-services", it.number, it.human)
    document = json.dumps({"exported": world.until.isoformat(), "referrals": referrals}, ensure_ascii=False, indent=1)
    (folder / "victim_services.json").write_text(document, encoding="utf-8")


def _referral(support: Support, written: Written) -> dict[str, Any]:
    return {
        "reference": support.number,
        "urn": support.urn or None,
        "client": {
            "first": written.given,
            "last": written.surname,
            "dateOfBirth": written.born.isoformat() if written.born else None,
            "gender": {"male": "man", "female": "woman"}[written.sex],
            "language": support.human.language,
            "disability": support.human.disability or None,
            "ethnicity": support.human.ethnicity,
            "address": {"street": written.home.street, "town": written.home.town, "postcode": written.home.postcode},
            "safeContact": support.safe_contact,
            "refuge": support.protected_address or None,
        },
        "contacts": [
            {
                "n": contact.number, "how": contact.kind, "about": contact.topic, "date": contact.made.isoformat(),
                "result": contact.outcome, "due": contact.due.isoformat() if contact.due else None,
            }
            for contact in support.contacts
        ],
    }  # fmt: skip
