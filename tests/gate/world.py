"""A small world to ask in: agencies that hold records of people, and agreements that they signed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import sql

from comity.agreements.keys import public_bytes
from comity.agreements.models import AssessmentReference
from comity.agreements.sign import sign
from comity.agreements.store import add_agency, add_signature, approve_assessment, pin_key, propose, propose_assessment
from comity.gate import Read, Request, Requester, disclose
from comity.gate.models import Answer, Asked
from comity.people import Features
from comity.people.standardise import standardise
from comity.people.store import keyed, put_features
from comity.record import Keyring
from comity.store import Role, Store
from comity.vocabulary import Label, Vocabulary

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
RECEIVED = datetime(2026, 6, 1, 8, 30, tzinfo=UTC)
AGENCIES = {"police": "police", "court": "court", "probation": "probation", "prosecution": "prosecution",
            "prison": "prison", "victim-services": "victim-services", "helpline": "victim-services"}  # fmt: skip

AGREEMENT = """
agreement: {name}
version: {version}
title: {{en: For tests, nl: Voor proeven}}
jurisdiction: {jurisdiction}
between: {{providers: [{providers}], recipients: [{recipients}]}}
purpose: {purpose}
lawful_basis: [{{term: uk/dpa2018-s35-2-b, because: it is needed for the test}}]
in_force: {{from: 2026-01-01, until: {until}, review_by: 2026-12-01}}
requesters: {{roles: [prosecutor], must_state: [{must_state}]}}
about: "{about}"
release:
{release}
channels: [{channels}]
onward: none
retention: {{keep: P1Y, then: delete, receipt: not-required}}
consent: {consent}
assessment: {name}@{version}
"""
DEFAULTS = {
    "name": "charging",
    "version": 1,
    "jurisdiction": "uk",
    "providers": "police, court",
    "recipients": "prosecution",
    "purpose": "prosecution",
    "until": "2026-12-31",
    "must_state": "case_reference, justification",
    "about": "charge.severity = 'serious'",
    "release": "  - {record: person, fields: {name: as-is, birth_date: year}}\n  - {record: charge, fields: {offence: as-is}}",
    "channels": "read, search",
    "consent": "not-required",
}


def agreement_text(**changes: Any) -> str:
    return AGREEMENT.format(**{**DEFAULTS, **changes})


@dataclass
class World:
    """What the tests insert and ask."""

    store: Store
    vocabulary: Vocabulary
    keys: dict[str, Ed25519PrivateKey] = field(default_factory=dict)
    keyring: Keyring = field(default_factory=lambda: Keyring({1: b"e" * 32}, b"n" * 32))

    # --- records -----------------------------------------------------------------------------------------------------

    def person(
        self, agency: str = "police", *, human: UUID | None = None, whose: str = "suspect", **values: Any
    ) -> UUID:
        """Insert a person row, and make it a member of ``human`` (a new one by default); return its source person."""
        source_person = uuid4()
        values = {"name": "Ann Example", **values}
        self.insert("record", "person", self.envelope(agency, source_person, source_person, whose), values)
        self.join(source_person, human or source_person, agency, values)
        return source_person

    def join(self, source_person: UUID, human: UUID, agency: str, values: dict[str, Any]) -> None:
        numbers = {name: values[name] for name in ("police_number", "court_number") if values.get(name)}
        aliases = tuple((values.get("alias_names") or "").split("; "))
        features = Features(source_person, agency, values["name"].rpartition(" ")[0], values["name"].rpartition(" ")[2],
                            aliases, values.get("birth_date"), identifiers=numbers)  # fmt: skip
        with self.store.connect(Role.INTAKE) as conn:
            put_features(conn, [features], keyed({source_person: standardise(features)}))
        self.run(Role.INTAKE, "insert into people.person (person) values (%s) on conflict do nothing", human)
        self.run(Role.INTAKE, "insert into people.membership (source_person, person, agency) values (%s, %s, %s)",
                 source_person, human, agency)  # fmt: skip

    def row(
        self, record: str, agency: str = "police", person: UUID | None = None, whose: str = "suspect", **values: Any
    ) -> UUID:
        """Insert a row of a record type; return its record id."""
        record_id = uuid4()
        self.insert("record", record, self.envelope(agency, record_id, person, whose), values)
        return record_id

    def envelope(self, agency: str, record_id: UUID, person: UUID | None, whose: str) -> dict[str, Any]:
        return {"record_id": record_id, "statement_id": uuid4(), "source_person": person, "agency": agency,
                "source": f"{agency}-system", "source_key": str(record_id), "whose": whose, "asserted": "fact",
                "received_at": RECEIVED}  # fmt: skip

    def insert(self, schema: str, table: str, *columns: dict[str, Any]) -> None:
        values = {name: value for of in columns for name, value in of.items()}
        statement = sql.SQL("insert into {}.{} ({}) values ({})").format(
            sql.Identifier(schema),
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        )
        with self.store.connect(Role.INTAKE) as conn:
            conn.execute(statement, list(values.values()))

    # --- agreements --------------------------------------------------------------------------------------------------

    def agree(self, *, signed: bool = True, assessed: bool = True, **changes: Any) -> str:
        """Put an agreement in force; return its name."""
        return self.agree_to(agreement_text(**changes), signed=signed, assessed=assessed)

    def agree_to(self, text: str, *, signed: bool = True, assessed: bool = True) -> str:
        """Put the agreement of this text in force; return its name."""
        with self.store.connect(Role.GOVERNANCE) as conn:
            for agency, kind in AGENCIES.items():
                add_agency(conn, agency, kind, Label(agency, agency), self.vocabulary)
                if agency not in self.keys:
                    self.keys[agency] = Ed25519PrivateKey.generate()
                    pin_key(conn, agency, public_bytes(self.keys[agency]), NOW)
            agreement = propose(conn, text, self.vocabulary, NOW)
            reference = AssessmentReference(agreement.name, agreement.version)
            propose_assessment(conn, reference, {"conclusion": "it may be done"})
            if assessed:
                approve_assessment(conn, reference, agency="prosecution", by="dpo", at=NOW)
            for agency in agreement.parties if signed else ():
                signature = sign(agreement, agency, self.keys[agency])
                add_signature(conn, agreement.name, agreement.version, agency, signature, self.vocabulary, NOW)
        return agreement.name

    # --- asking ------------------------------------------------------------------------------------------------------

    def ask(self, asks: Asked | UUID, now: datetime = NOW, **changes: Any) -> Answer:
        """Ask as a prosecutor under the default agreement, but for ``changes``."""
        return asyncio.run(self.asked(request(asks, **changes), now))

    async def asked(self, asking: Request, now: datetime = NOW) -> Answer:
        async with await psycopg.AsyncConnection.connect(self.store.conninfo(Role.GATE)) as conn:
            return await disclose(conn, asking, now, vocabulary=self.vocabulary, keyring=self.keyring)

    def run(self, role: Role, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.store.connect(role) as conn:
            cursor = conn.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def log(self) -> list[tuple[Any, ...]]:
        """The gate's log, in order: kind, reason, rows."""
        return self.run(Role.GATE, "select kind, reason, rows from gate.disclosure order by at, id")

    def entries(self) -> list[bytes]:
        """The bodies of the gate's entries that wait in the outbox."""
        rows = self.run(Role.LEDGER, "select body from ledger.outbox order by queued_at")
        return [bytes(row[0]) for row in rows if b'"kind":"disclosure"' in row[0] or b'"kind":"refusal"' in row[0]]


def request(asks: Asked | UUID, **changes: Any) -> Request:
    requester = Requester(
        changes.pop("agency", "prosecution"), changes.pop("staff", "staff-7"), changes.pop("role", "prosecutor")
    )
    stated = {"agreement": "charging", "purpose": "prosecution", "case_reference": "C-1", "justification": "to decide"}
    return Request(Read(asks) if isinstance(asks, UUID) else asks, requester=requester, **{**stated, **changes})
