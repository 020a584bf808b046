"""What the register's JSON-LD shares: its context, its addresses, and its words. Pure.

The context stands in each document: nothing has to be fetched to read one. Terms of ours are ``urn:comity:...``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from comity.agreements.models import Agreement, Standing
from comity.vocabulary.models import Label

Node = dict[str, Any]

MEDIA_TYPE: Final = "application/ld+json"
CONTEXT: Final[Mapping[str, str]] = {
    "adms": "http://www.w3.org/ns/adms#",
    "comity": "urn:comity:term:",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "eli": "http://data.europa.eu/eli/ontology#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


@dataclass(frozen=True, slots=True)
class Published:
    """One version that anybody may read, and how it stands."""

    agreement: Agreement
    standing: Standing


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of what a node publishes; ``base`` is the node's own, without a slash at its end."""

    base: str

    @property
    def register(self) -> str:
        """Return the register's address, which is also the catalogue's."""
        return f"{self.base}/agreements"

    def agreement(self, agreement: Agreement, part: str = "") -> str:
        """Return the address of one version, or of a part of it."""
        return f"{self.register}/{agreement.name}/{agreement.version}{part and '#' + part}"

    def agency(self, agency: str) -> str:
        """Return the address of an agency, as the register names it."""
        return f"{self.register}#agency-{agency}"


def term(kind: str, name: str) -> str:
    """Return the name of a word of our vocabulary, for everybody: ``urn:comity:purpose:victim-safety``."""
    return f"urn:comity:{kind}:{name}"


def ref(address: str) -> Node:
    """Return a reference to something that has an address."""
    return {"@id": address}


def said(label: Label) -> list[Node]:
    """Return a label in both languages."""
    return [{"@value": label.en, "@language": "en"}, {"@value": label.nl, "@language": "nl"}]


def day(value: date) -> Node:
    """Return a day."""
    return {"@value": value.isoformat(), "@type": "xsd:date"}


def duration(keep: str) -> Node:
    """Return a length of time; XML Schema knows no weeks, so they become days."""
    parts = {unit: int(count) for count, unit in re.findall(r"(\d+)([YMWDH])", keep)}
    days = 7 * parts.pop("W", 0) + parts.pop("D", 0)
    hours = parts.pop("H", 0)
    text = "".join(f"{count}{unit}" for unit, count in parts.items()) + (f"{days}D" if days else "")
    text += f"T{hours}H" if hours else ""
    return {"@value": f"P{text}", "@type": "xsd:duration"}


def document(graph: Iterable[Node]) -> str:
    """Return the text of a JSON-LD document."""
    made = {"@context": dict(CONTEXT), "@graph": list(graph)}
    return json.dumps(made, ensure_ascii=False, indent=2) + "\n"
