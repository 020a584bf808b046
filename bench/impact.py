"""What an agreement would do to today's records: five million rows of one type, weighed in one statement.

A million people of whom five stays in custody each are kept. The version proposed adds a field, coarsens another and
widens whom it is about; it is held against the version in force. Beside it, in turns, the least that any forecast could
do with the same rows: count them, and the people whose they are, without asking which of them may leave.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from bench.rows import Row
from comity.agreements.keys import public_bytes
from comity.agreements.models import AssessmentReference
from comity.agreements.sign import sign
from comity.agreements.store import add_agency, add_signature, approve_assessment, pin_key, propose, propose_assessment
from comity.gate.impact import Impact, Weigh, take_impact
from comity.gate.models import Requester
from comity.node import ROOMS
from comity.store import Role, Store, migrate
from comity.store.provision import drop_database, make_database
from comity.vocabulary import Label, load

PEOPLE = 1_000_000
EACH = 5
ROUNDS = 3
_DATABASE = "bench_impact"
_AGENCIES = {"doc": "prison", "attorney": "prosecution"}
_VOCABULARY = load()


def run(store: Store) -> list[Row]:
    """Measure in a database of its own on the store's server, which is dropped afterwards."""
    make_database(store.admin, _DATABASE)
    try:
        own = store.of(_DATABASE)
        migrate(own, ROOMS)
        _fill(own)
        _agree(own, datetime.now(UTC))
        return [_measure(own)]
    finally:
        drop_database(store.admin, _DATABASE)


def _measure(store: Store) -> Row:
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(_timed(lambda: _bare(store)))
        ours.append(_timed(lambda: asyncio.run(_ours(store))))
    mine, bare = statistics.median(ours), statistics.median(theirs)
    what = (
        f"{PEOPLE * EACH:,} rows weighed under two versions, rows and people of each field, against counting the rows"
    )
    return Row("impact", what, mine, bare, "s", mine / bare, "seconds")


async def _ours(store: Store) -> None:
    asks = Weigh("bench", 2, None, Requester("doc", "bench", "data-protection-officer"))
    async with await psycopg.AsyncConnection.connect(store.conninfo(Role.GATE)) as conn:
        impact = await take_impact(conn, asks, datetime.now(UTC), vocabulary=_VOCABULARY)
    if not isinstance(impact, Impact) or sum(it.let.rows for it in impact.lines if it.field == "kind") != PEOPLE * EACH:
        raise RuntimeError("not every row was weighed")


def _bare(store: Store) -> None:
    with store.connect(Role.INTAKE) as conn:
        conn.execute("set local jit = off")
        conn.execute("set local work_mem = '256MB'")
        counted = (
            "select sum(n), count(*) from (select source_person, count(*) n from record.custody group by 1) as each"
        )
        if conn.execute(counted).fetchone() != (PEOPLE * EACH, PEOPLE):
            raise RuntimeError("not every row was counted")


def _timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _fill(store: Store) -> None:
    person, people = "md5('p' || i)::uuid", "generate_series(1, %s) i"
    with store.connect(Role.INTAKE) as conn:
        for into, values in (
            ("person (person)", person),
            ("source_person (source_person, agency)", f"{person}, 'doc'"),
            ("membership (source_person, person, agency)", f"{person}, {person}, 'doc'"),
        ):
            conn.execute(f"insert into people.{into} select {values} from {people}", (PEOPLE,))
        conn.execute(
            "insert into record.custody (record_id, statement_id, source_person, agency, source, source_key, whose,"
            " asserted, received_at, kind, facility, received_on, released_on)"
            f" select md5('r' || i || '-' || k)::uuid, md5('s' || i || '-' || k)::uuid, {person}, 'doc', 'doc-system',"
            " i || '-' || k, case i %% 3 when 0 then 'convicted' else 'suspect' end, 'fact', now(),"
            " case k when 1 then 'remand' else 'sentence' end, 'Facility ' || i %% 50, date '2020-01-01' + i %% 2000,"
            " case when k < 4 then date '2020-02-01' + i %% 2000 end"
            f" from {people}, generate_series(1, %s) k",
            (PEOPLE, EACH),
        )
    with store.connect(Role.OWNER, autocommit=True) as conn:
        for table in ("record.custody", "people.membership", "people.person"):
            conn.execute(f"vacuum analyze {table}")


def _agree(store: Store, now: datetime) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    with store.connect(Role.GOVERNANCE) as conn:
        keys = {agency: Ed25519PrivateKey.generate() for agency in _AGENCIES}
        for agency, kind in _AGENCIES.items():
            add_agency(conn, agency, kind, Label(agency, agency), _VOCABULARY)
            pin_key(conn, agency, public_bytes(keys[agency]), now)
        agreement = propose(conn, _text(now, 1, _BEFORE), _VOCABULARY, now)
        assessment = AssessmentReference(agreement.name, agreement.version)
        propose_assessment(conn, assessment, {"conclusion": "it may be measured"})
        approve_assessment(conn, assessment, agency="attorney", by="bench", at=now)
        for agency in agreement.parties:
            signature = sign(agreement, agency, keys[agency])
            add_signature(conn, agreement.name, agreement.version, agency, signature, _VOCABULARY, now)
        propose(conn, _text(now, 2, _AFTER), _VOCABULARY, now)


_BEFORE = """
  - {record: custody, where: whose = 'convicted', fields: {facility: as-is, received_on: as-is, released_on: month}}"""
_AFTER = """
  - {record: custody, fields: {kind: as-is, facility: as-is, received_on: month}}
  - {record: custody, where: received_on >= today - 2 years, fields: {released_on: as-is}}"""


def _text(now: datetime, version: int, release: str) -> str:
    year = timedelta(days=365)
    return f"""
agreement: bench
version: {version}
title: {{en: Measured, nl: Gemeten}}
jurisdiction: us
between: {{providers: [doc], recipients: [attorney]}}
purpose: prosecution
lawful_basis: [{{term: us/28cfr-20-33-a-1, because: it is measured}}]
in_force: {{from: {now - year:%Y-%m-%d}, until: {now + year:%Y-%m-%d}, review_by: {now + year:%Y-%m-%d}}}
requesters: {{roles: [prosecutor], must_state: [case_reference, justification]}}
about: everyone
release:{release}
channels: [read]
onward: none
retention: {{keep: P1Y, then: delete, receipt: required}}
consent: not-required
assessment: bench@{version}
"""
