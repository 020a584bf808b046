"""What the tests of intake share: a way in with a clock that stands, and messages that nobody had to write out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from comity.intake import Intake, Mapping
from comity.intake.check import examine
from comity.intake.errors import MappingError
from comity.record import load_or_create
from comity.sources import Said, Unreadable
from comity.sources.body import JsonBody
from comity.store import Role, Store
from comity.vocabulary import Vocabulary

JAIL = """
mapping: jail
version: 1
agency: sheriff
zone: America/New_York
whose: suspect
asserted: fact
source: {jsonl: {path: jail.jsonl}}
message: {from: kind, codes: {new: state, gone: retract, forget: erase, court: expunge, same: same, apart: different}, default: state}
key: booking
pair: [one, two]
records:
  - record: person
    when: {from: prisoner, present: true}
    key: prisoner
    fields:
      name: name
      given_names: {from: name, split: " ", part: 0}
      family_name: {from: name, split: " ", part: -1}
      birth_date: born
      police_number: prisoner
      protected_address: hiding
  - record: custody
    key: booking
    about: person
    fields:
      kind: {value: jail}
      received_on: "in"
      released_on: out
"""


@dataclass
class Clock:
    """A clock that goes on by a second each time it is read."""

    at: datetime = field(default_factory=lambda: datetime(2026, 11, 22, 9, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


@pytest.fixture(scope="session")
def jail_text() -> str:
    return JAIL.strip("\n")


@pytest.fixture(scope="session")
def made(vocabulary: Vocabulary) -> Callable[[str], Mapping]:
    """Make a mapping of a text; every mistake is an error."""

    def make(text: str) -> Mapping:
        mapping, mistakes = examine(text, vocabulary)
        if mapping is None or mistakes:
            raise MappingError("the test's mapping", mistakes)
        return mapping

    return make


@pytest.fixture(scope="session")
def said() -> Callable[..., list[Said]]:
    """Say bodies, each on a line of its own."""

    def say(*bodies: dict[str, Any]) -> list[Said]:
        return [Said(f"line {number}", JsonBody(body), number) for number, body in enumerate(bodies, start=1)]

    return say


@pytest.fixture(scope="session")
def unreadable() -> Callable[..., Unreadable]:
    def fail(raw: bytes, place: str = "line 9") -> Unreadable:
        return Unreadable(place, "the bytes are not UTF-8", "Declare the encoding", 9, raw)

    return fail


@pytest.fixture(scope="session")
def booking() -> Callable[..., dict[str, Any]]:
    """A booking of one prisoner."""

    def book(number: str = "B1", prisoner: str = "P1", **other: Any) -> dict[str, Any]:
        usual = {"name": "Ada Byron", "born": "1985-12-10", "in": "2024-01-01"}
        return {"booking": number, "prisoner": prisoner, **usual, **other}

    return book


@pytest.fixture
def jail(made: Callable[[str], Mapping], jail_text: str) -> Mapping:
    return made(jail_text)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def intake(store: Store, vocabulary: Vocabulary, tmp_path: Path, clock: Clock) -> Iterator[Intake]:
    with store.connect(Role.INTAKE, autocommit=True) as conn:
        yield Intake(conn, vocabulary, load_or_create(tmp_path / "record.keys"), clock)


@pytest.fixture
def outbox(store: Store) -> Callable[[], list[dict[str, Any]]]:
    """What waits for the ledger, in order."""
    import json

    def read() -> list[dict[str, Any]]:
        with store.connect(Role.OWNER) as conn:
            return [
                json.loads(bytes(row[0]))
                for row in conn.execute("select body from ledger.outbox order by queued_at, ctid")
            ]

    return read


@pytest.fixture
def rows(intake: Intake) -> Callable[..., list[tuple[Any, ...]]]:
    """Ask the database something, as the way in."""

    def ask(query: str, *parameters: object) -> list[tuple[Any, ...]]:
        return intake.conn.execute(query, parameters or None).fetchall()

    return ask


@pytest.fixture
def everything(rows: Callable[..., list[tuple[Any, ...]]]) -> Callable[[], dict[str, list[tuple[Any, ...]]]]:
    """Every row that the way in may see, for comparing before and after; deliveries are counted apart."""

    def look() -> dict[str, list[tuple[Any, ...]]]:
        tables = rows(
            "select schemaname, tablename from pg_tables where schemaname in ('record', 'people', 'intake')"
            " and tablename <> 'delivery' and has_table_privilege(format('%I.%I', schemaname, tablename), 'select')"
        )
        return {
            f"{schema}.{name}": sorted(rows(f'select * from "{schema}"."{name}"'), key=repr) for schema, name in tables
        }

    return look


@pytest.fixture
def emptied(store: Store) -> Callable[[], None]:
    """Empty every table that intake fills: between the examples of one test."""

    def empty() -> None:
        with store.connect(Role.OWNER) as conn:
            query = "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = any(%s)"
            names = conn.execute(query.replace("%I", "%%I"), (["record", "people", "intake"],)).fetchall()
            conn.execute(f"truncate {', '.join(name for (name,) in names)} cascade")
            conn.execute("delete from ledger.outbox")

    return empty
