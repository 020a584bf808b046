"""The police: three exports in JSON lines, upper-case names, dates without dashes, their own codes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from comity.demo.world.clerical import Clerk, Hand, without_accents
from comity.demo.world.models import Human, Incident, Stay, World
from comity.demo.world.truth import Truth

_KINDS = {
    "domestic": "DV", "assault": "VAP", "harassment": "HAR", "damage": "CD", "burglary": "BUR", "robbery": "ROB",
    "theft": "THF", "drugs": "DRG", "traffic": "RTO", "fraud": "FRD",
}  # fmt: skip
_ROLES = {"suspect": "SUS", "victim": "VIC", "witness": "WIT"}
_DUPLICATE_NOMINALS = 0.05  # a nominal made twice, because nobody searched first


class _Nominals:
    """The police's index of people: one number each, but for the duplicates every index has."""

    def __init__(self, clerk: Clerk, truth: Truth) -> None:
        self.clerk, self.truth = clerk, truth
        self.lines: list[dict[str, Any]] = []
        self._numbers: dict[int, list[str]] = {}

    def number_of(self, human: Human, day: date) -> str:
        """Return the nominal number under which ``human`` is entered on ``day``, made now if need be."""
        known = self._numbers.setdefault(human.number, [])
        if not known or self.clerk.slips(_DUPLICATE_NOMINALS):
            known.append(self._enter(human, day))
        return known[-1]

    def _enter(self, human: Human, day: date) -> str:
        number = f"N{100000 + len(self.lines) * 7}"
        written = self.clerk.write(human, day)
        self.lines.append({
            "nominal": number,
            "surname": without_accents(written.surname).upper(),
            "forenames": without_accents(f"{written.given} {written.middle}".strip()).upper(),
            "dob": f"{written.born:%Y%m%d}" if written.born else "",
            "sex": {"male": "1", "female": "2"}[written.sex],
            "ethnicity": human.ethnicity,
            "addr": {
                "line": written.home.street,
                "town": written.home.town,
                "pc": written.home.postcode.replace(" ", ""),
            },
            "tel": human.phone,
            "aka": [without_accents(alias).upper() for alias in human.aliases],
            "lang": human.language,
        })  # fmt: skip
        self.truth.tell("police-nominals", number, human)
        return number


def write(world: World, folder: Path, random: Random, truth: Truth) -> None:
    """Write ``police_nominals.jsonl``, ``police_incidents.jsonl`` and ``police_custody.jsonl``."""
    nominals = _Nominals(Clerk(random, Hand(typo=0.025, no_particle=0.15)), truth)
    incidents = [_incident(incident, nominals) for incident in world.incidents]
    custody = [_custody(stay, nominals) for stay in world.stays if stay.kind == "police"]
    _lines(folder / "police_nominals.jsonl", nominals.lines)
    _lines(folder / "police_incidents.jsonl", incidents)
    _lines(folder / "police_custody.jsonl", custody)


def nominal_numbers(truth: Truth) -> Mapping[int, str]:
    """Return the last nominal number of each human being, as other agencies were told it."""
    return {human: key for source, key, human in truth.rows if source == "police-nominals"}


def _incident(incident: Incident, nominals: _Nominals) -> dict[str, Any]:
    day = incident.at.date()
    return {
        "ref": incident.number,
        "occurred": f"{incident.at:%d/%m/%Y %H:%M}",
        "reported": f"{incident.reported:%d/%m/%Y}",
        "type": _KINDS[incident.kind],
        "dv_flag": "Y" if incident.domestic else "N",
        "dash": incident.risk,
        "marac_ref": f"{incident.referred:%d/%m/%Y}" if incident.referred else None,
        "loc": {"line": incident.place.street, "town": incident.place.town, "pc": incident.place.postcode},
        "state": incident.status.upper(),
        "links": [
            {
                "nominal": nominals.number_of(party.human, day),
                "role": _ROLES[party.role],
                "rel": party.relationship.upper(),
            }
            for party in incident.parties
        ],
    }


def _custody(stay: Stay, nominals: _Nominals) -> dict[str, Any]:
    return {
        "custody_no": stay.number,
        "nominal": nominals.number_of(stay.human, stay.received.date()),
        "station": stay.facility,
        "in": f"{stay.received:%Y-%m-%dT%H:%M}",
        "out": f"{stay.released:%Y-%m-%dT%H:%M}" if stay.released else None,
    }


def _lines(path: Path, items: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
