"""The way out: a joined-up person read through the gate over HTTP, its ledger entry durable, against a bare read.

The bare read serves the same rows of the same people by the same framework, from one prepared statement whose JSON it
passes on as it is: no decision, no minimising, no row-level security, no log and no ledger.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha256
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.rows import Row
from comity.agreements.keys import public_bytes
from comity.agreements.models import AssessmentReference
from comity.agreements.sign import sign
from comity.agreements.store import add_agency, add_signature, approve_assessment, pin_key, propose, propose_assessment
from comity.node import ROOMS
from comity.store import Role, Store, migrate
from comity.store.provision import drop_database, make_database
from comity.vocabulary import Label, load

PEOPLE = 20_000
CLIENTS = 24
ROUNDS = 3  # each side in turn
SECONDS = 4.0
WARM_UP = 1.0
_DATABASE = "bench_gate"
_CONNECTIONS = 16
_AGENCIES = {
    "sheriff": "jail",
    "clerk": "court",
    "doc": "prison",
    "pretrial": "pretrial-services",
    "attorney": "prosecution",
}
SHOWN = {
    "person": ("name", "given_names", "family_name", "birth_date", "sex"),
    "case": ("case_number", "opened_on"),
    "charge": ("case", "offence", "degree", "severity", "offence_on"),
    "custody": ("kind", "facility", "received_on", "released_on"),
    "assessment": ("instrument", "assessed_on", "band"),
}


def run(store: Store) -> list[Row]:
    """Measure in a database of its own on the store's server, which is dropped afterwards."""
    make_database(store.admin, _DATABASE)
    try:
        own = store.of(_DATABASE)
        migrate(own, ROOMS)
        fill(own)
        agree(own, [text(datetime.now(UTC))])
        return _measure(own)
    finally:
        drop_database(store.admin, _DATABASE)


# --- what there is to read -------------------------------------------------------------------------------------------


def fill(store: Store) -> None:
    """Insert people whom four agencies know, with two cases, three charges, two stays and an assessment each."""
    with store.connect(Role.INTAKE) as conn:
        conn.execute(
            "insert into people.person (person) select md5('h' || i)::uuid from generate_series(1, %s) i", (PEOPLE,)
        )
        for agency in list(_AGENCIES)[:4]:
            known = {"agency": agency, "people": PEOPLE}
            conn.execute(
                "insert into people.source_person (source_person, agency)"
                " select md5(%(agency)s || i)::uuid, %(agency)s from generate_series(1, %(people)s) i",
                known,
            )
            conn.execute(
                "insert into people.membership select md5(%(agency)s || i)::uuid, md5('h' || i)::uuid, %(agency)s"
                " from generate_series(1, %(people)s) i",
                known,
            )
            _rows(conn, "person", agency, 1, "name, given_names, family_name, birth_date, sex",
                  "'Name' || i || ' Family', 'Name' || i, 'Family', date '1950-01-01' + i, 'male'")  # fmt: skip
        _rows(conn, "case", "clerk", 2, "case_number, opened_on", "i || '-' || k, date '2013-01-01' + i %% 300")
        _rows(conn, "charge", "clerk", 3, '"case", offence, degree, severity, offence_on',
              "md5('caseclerk' || i || '-' || 1 + k %% 2)::uuid, 'Offence ' || k, 'F3',"
              " case k when 1 then 'serious' else 'lesser' end, date '2013-01-01' + i %% 300")  # fmt: skip
        _rows(conn, "custody", "sheriff", 2, "kind, facility, received_on, released_on",
              "'remand', 'Main jail', date '2013-01-01' + i %% 300, date '2013-02-01' + i %% 300")  # fmt: skip
        _rows(
            conn,
            "assessment",
            "pretrial",
            1,
            "instrument, assessed_on, band",
            "'COMPAS', date '2013-01-01' + i %% 300, 'medium'",
        )
    with store.connect(Role.OWNER, autocommit=True) as conn:
        conn.execute("analyze")


def _rows(conn, record: str, agency: str, each: int, columns: str, values: str) -> None:
    record_id = (
        f"md5('{record}{agency}' || i || '-' || k)::uuid" if record != "person" else f"md5('{agency}' || i)::uuid"
    )
    conn.execute(
        f'insert into record."{record}" (record_id, statement_id, source_person, agency, source, source_key, whose,'
        f" asserted, received_at, {columns}) select {record_id}, md5('s' || i)::uuid, md5('{agency}' || i)::uuid,"
        f" '{agency}', '{agency}-system', i || '-' || k, 'suspect', 'fact', now(), {values}"
        f" from generate_series(1, {PEOPLE}) i, generate_series(1, %s) k",
        (each,),
    )


def agree(store: Store, texts: Iterable[str]) -> None:
    """Put the agreements of these texts in force, each signed by all of its parties."""
    now, vocabulary = datetime.now(UTC), load()
    keys = {agency: _key(agency) for agency in _AGENCIES}
    with store.connect(Role.GOVERNANCE) as conn:
        for agency, kind in _AGENCIES.items():
            add_agency(conn, agency, kind, Label(agency, agency), vocabulary)
            pin_key(conn, agency, public_bytes(keys[agency]), now)
        for each in texts:
            agreement = propose(conn, each, vocabulary, now)
            assessment = AssessmentReference(agreement.name, agreement.version)
            propose_assessment(conn, assessment, {"conclusion": "it may be measured"})
            approve_assessment(conn, assessment, agency="clerk", by="bench", at=now)
            for agency in agreement.parties:
                signature = sign(agreement, agency, keys[agency])
                add_signature(conn, agreement.name, agreement.version, agency, signature, vocabulary, now)


def _key(agency: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(sha256(agency.encode()).digest())


def text(now: datetime, name: str = "bench", shown: Mapping[str, tuple[str, ...]] = SHOWN) -> str:
    """Return an agreement of this name under which these fields leave as they are."""
    year = timedelta(days=365)
    fields = {record: ", ".join(f"{each}: as-is" for each in names) for record, names in shown.items()}
    releases = "\n".join(f"  - {{record: {record}, fields: {{{of}}}}}" for record, of in fields.items())
    return f"""
agreement: {name}
version: 1
title: {{en: Measured, nl: Gemeten}}
jurisdiction: us
between: {{providers: [sheriff, clerk, doc, pretrial], recipients: [attorney]}}
purpose: prosecution
lawful_basis: [{{term: us/28cfr-20-33-a-1, because: it is measured}}]
in_force: {{from: {now - year:%Y-%m-%d}, until: {now + year:%Y-%m-%d}, review_by: {now + year:%Y-%m-%d}}}
requesters: {{roles: [prosecutor], must_state: [case_reference, justification]}}
about: charge.severity = 'serious'
release:
{releases}
channels: [read]
onward: none
retention: {{keep: P1Y, then: delete, receipt: required}}
consent: not-required
assessment: {name}@1
"""


def person(number: int) -> UUID:
    """Return the id of one of the people."""
    return UUID(md5(f"h{number}".encode(), usedforsecurity=False).hexdigest())


# --- measuring -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pace:
    """Requests per second, and the 99th percentile of their milliseconds."""

    rate: float
    p99: float


def _measure(store: Store) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        sockets = {kind: Path(folder) / f"{kind}.sock" for kind in ("gate", "bare")}
        conninfo = {"gate": store.conninfo(Role.GATE), "bare": store.of(_DATABASE).admin + f" dbname={_DATABASE}"}
        paces: dict[str, list[Pace]] = {"gate": [], "bare": []}
        with _serving("gate", sockets["gate"], conninfo["gate"]), _serving("bare", sockets["bare"], conninfo["bare"]):
            for _ in range(ROUNDS):
                for kind, socket in sockets.items():
                    asyncio.run(_load(socket, WARM_UP))
                    paces[kind].append(asyncio.run(_load(socket, SECONDS)))
    ours, theirs = (_median(paces[kind]) for kind in ("gate", "bare"))
    what = f"joined-up reads of 12 rows over HTTP, {CLIENTS} clients, ledger entry durable, against the same rows bare"
    return [
        Row("gate", what, ours.rate, theirs.rate, "requests/s", ours.rate / theirs.rate, ">= 0.60"),
        Row("gate p99", "the same", ours.p99, theirs.p99, "ms", ours.p99 / theirs.p99, "<= 2"),
    ]


def _median(paces: list[Pace]) -> Pace:
    return Pace(statistics.median(it.rate for it in paces), statistics.median(it.p99 for it in paces))


@contextmanager
def _serving(kind: str, socket: Path, conninfo: str):
    command = [sys.executable, "-m", "uvicorn", f"bench.gate_server:{kind}", "--uds", str(socket), "--no-access-log",
               "--log-level", "warning"]  # fmt: skip
    server = subprocess.Popen(
        command, env={**os.environ, "BENCH_CONNINFO": conninfo, "BENCH_CONNECTIONS": str(_CONNECTIONS)}
    )
    try:
        deadline = time.monotonic() + 60
        while not socket.exists():
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server of {kind} did not start")
            time.sleep(0.05)
        yield
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)


async def _load(socket: Path, seconds: float) -> Pace:
    until = time.perf_counter() + seconds
    taken = await asyncio.gather(*(_client(socket, until, number) for number in range(CLIENTS)))
    times = sorted(each for of in taken for each in of)
    return Pace(len(times) / seconds, 1000 * times[int(len(times) * 0.99)])


async def _client(socket: Path, until: float, seed: int) -> list[float]:
    """Ask one person after another over one connection; return the seconds that each answer took."""
    chance = random.Random(seed)
    reader, writer = await asyncio.open_unix_connection(socket)
    taken = []
    while (start := time.perf_counter()) < until:
        writer.write(f"GET /{person(chance.randint(1, PEOPLE))} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"the server answered {head[:40]!r}")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        taken.append(time.perf_counter() - start)
    writer.close()
    return taken
