"""The whole export of the ledger, searched for every name, number, date and text of everybody in the load."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from psycopg.sql import SQL, Identifier

from comity import ledger
from comity.agreements.assessment import Discipline
from comity.intake.check import load_mapping
from comity.intake.models import Act
from comity.ledger.entry import Entry
from comity.ledger.verify import verify_export
from comity.store import Role
from comity.vocabulary.models import FieldType

from .desk import OVERSEER, PROSECUTOR, Browser, Office, eventually

LOOKED_FOR = (FieldType.TEXT, FieldType.DATE, FieldType.TIMESTAMP)
OURS = frozenset({
    "given", "refused", "withdrawn", "justified", "not-justified", "needs-more", "explained",
    "admitted", "unchanged", "outdated", "quarantined", "retracted", "erased", "judged", "forgotten",
    "new", "changed", "corrected", "superseded",
    "hold", "hold-set", "hold-lifted", "receipt", "deleted", "not-held",
    "retention-adopted", "retention-reviewed", "retention-delete", "retention-restrict",
    *(f"told-of-{it}" for it in ("parting", "erased", "expunged", "restricted", "rectified", "withdrawn")),
    *(it.value for it in (*Discipline, *Act)),
})  # fmt: skip
"""Outcomes and other words that entries are made of, beside the terms of the vocabulary."""
SHORTEST = 3  # of a text that is looked for: fewer letters stand in anything


@pytest.fixture
def exported(office: Office, browser: Browser, tmp_path: Path) -> Path:
    """The export after looks, a search, a refusal and a reading of the log."""
    browser.sign_in(PROSECUTOR).set_out()
    for person in (office.covered, office.uncovered):
        browser.http.get(f"/person/{person}")
    browser.post("/search", name="jan", birth_date="31-12-1990")
    Browser(office.url).sign_in(OVERSEER).http.get("/log")
    with office.node.store.connect(Role.LEDGER) as conn:
        eventually(lambda: (conn.rollback(), ledger.store.backlog(conn).waiting == 0)[1])
    with office.node.store.connect(Role.GATE) as conn:
        ledger.export(conn, tmp_path / "export")
    return tmp_path / "export"


def entries(folder: Path) -> Iterator[Entry]:
    """Every entry of an export, out of its bundles (C2SP tlog-tiles: a 16-bit length before each)."""
    for bundle in sorted(path for path in (folder / "tile" / "entries").rglob("*") if path.is_file()):
        data = bundle.read_bytes()
        while data:
            size = int.from_bytes(data[:2])
            yield Entry.decode(data[2 : 2 + size])
            data = data[2 + size :]


def load(office: Office) -> set[str]:
    """Every text, day and moment that is recorded of anybody, and each word of a name."""
    found: set[str] = set()
    with office.node.store.connect(Role.INTAKE) as conn:
        for name, record in office.node.vocabulary.record_types.items():
            for field in (it for it in record.fields if it.type in LOOKED_FOR):
                query = SQL("select distinct {}::text from record.{}").format(Identifier(field.name), Identifier(name))
                values = {row[0] for row in conn.execute(query) if row[0]}
                found |= values
                if name == "person" and "name" in field.name:
                    found |= {word for value in values for word in re.split(r"[\s;,'-]+", value)}
    return {value.casefold() for value in found if len(value) >= SHORTEST}


def identities(office: Office) -> set[UUID]:
    """Every id of a person, a source's person, a record and a statement."""
    with office.node.store.connect(Role.INTAKE) as conn:
        every = ["select person from people.person", "select source_person from people.source_person"]
        every += [f"select record_id from record.{name}" for name in office.node.vocabulary.record_types]
        return {row[0] for query in every for row in conn.execute(query)}


def test_the_export_names_nobody(office: Office, exported: Path):
    """Every entry says only terms of the vocabulary and public names; no value of the load stands in what they say."""
    assert verify_export(exported, office.node.signer().vkey()).fault is None
    found = list(entries(exported))
    public, everybody = public_words(office), load(office)
    assert len(found) > 1_000
    assert len(everybody) > 1_000
    for entry in found:
        assert entry.kind in office.node.vocabulary.operations
        for key, value in entry.context.items():
            fine = value in public[key] or is_random(value) or value in OURS or re.fullmatch(r"[0-9.]{1,7}", value)
            assert fine, f"{key} is neither a term, nor an outcome or a count of ours, nor random"
    said = {value.casefold() for entry in found for value in (entry.kind, *entry.context.values(), *entry.context)}
    words = {word for value in said for word in re.split(r"[^\w-]+", value)}
    assert not (said | words) & everybody - {value.casefold() for names in public.values() for value in names}


def test_no_day_or_number_of_the_load_stands_anywhere_in_the_bytes(office: Office, exported: Path):
    """Read as bytes, entries and hashes and all; the days on which the ledger was written are its own."""
    found = list(entries(exported))
    days = {(it.at + timedelta(hours=hours)).date().isoformat() for it in found for hours in (-14, 0, 14)}
    drawn = re.compile(rb'"(?:id|commitment|thumbprint|at)":"[^"]*"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}')
    text = b"".join(
        path.read_bytes() for path in sorted(exported.rglob("*")) if path.is_file() and "entries" in str(path)
    )
    plain, dated = drawn.sub(b"", text).decode("latin-1").casefold(), text.decode("latin-1").casefold()
    for value in load(office):
        if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            assert value in days or value not in dated, "a day of the load"
        elif any(letter.isdigit() for letter in value):
            assert value not in plain, "a number of the load"


def test_no_id_of_anybody_or_of_a_record_is_an_entrys(office: Office, exported: Path):
    known = identities(office)
    assert len(known) > 1_000
    for entry in entries(exported):
        assert entry.id not in known
        assert not {UUID(it) for it in entry.context.values() if is_id(it)} & known


def is_random(value: str) -> bool:
    """Whether it is an id, which was drawn, or the thumbprint of a key (RFC 7638)."""
    return is_id(value) or bool(re.fullmatch(r"[A-Za-z0-9_-]{43}", value))


def is_id(value: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value))


def public_words(office: Office) -> dict[str, set[str]]:
    """What each key of a context may say: terms, and what the public register says too."""
    vocabulary = office.node.vocabulary
    with office.node.store.connect(Role.GOVERNANCE) as conn:
        agencies = {row[0] for row in conn.execute("select agency from agreements.agency")}
        agreements = {
            f"{name}@{version}" for name, version in conn.execute("select name, version from agreements.agreement")
        }
        acts = {row[0] for row in conn.execute("select distinct act from agreements.event")}
    with office.node.store.connect(Role.GATE) as conn:
        acts |= {
            row[0]
            for row in conn.execute("select distinct act from gate.disclosure union select what from gate.consultation")
        }
    names = {name.partition("@")[0] for name in agreements}
    sources = [load_mapping(path, vocabulary) for path in office.mappings]
    mappings = {f"{it.name}@{it.version}" for it in sources} | {it.name for it in sources}

    class Anything(dict[str, set[str]]):
        def __missing__(self, _: str) -> set[str]:
            return {
                *acts,
                *mappings,
                *agencies,
                *agreements,
                *names,
                *vocabulary.operations,
                *vocabulary.purposes,
                *vocabulary.record_types,
                *vocabulary.schedules,
            }

    return Anything(
        act=acts | {"impact"},
        agency=agencies | {""},
        agreement=agreements,
        purpose=set(vocabulary.purposes),
        mapping=mappings,
    )
