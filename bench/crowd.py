"""A million made-up source persons, in a database: names as skewed as people's, and the slips of those who type them.

Humans are made from a seed, a chunk at a time, and each is in one to three records; of the later ones a third show a
slip. Features, keys, edges among the records of one human and persons go straight into the tables by COPY, with
triggers and indexes put aside: what placing them one by one would leave, but for edges between two humans. Tokens,
which placing writes and does not read, are left out.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate
from multiprocessing import get_context
from struct import Struct
from typing import Any
from uuid import UUID

import psycopg

from comity.people import Features
from comity.people.block import keys
from comity.people.cluster import Bonds
from comity.people.link import partition
from comity.people.model import Model, from_json
from comity.people.score import NEEDS_A_PERSON_FROM, score
from comity.people.standardise import standardise
from comity.people.store import hashed

CHUNK = 10_000  # humans
RECORDS = 1.25  # of a human, on average
AGENCIES = ("police", "court", "prison", "prosecutor")
_AGENCY_OF_ANOTHER_RECORD = (1, 2, 3)
_WORKERS = 2
# Processes start afresh: one forked from a process where DuckDB's threads ran ends in a fault of the C library.
SPAWN = get_context("spawn")
_KEY, _SYLLABLES = Struct(">hiqi16s"), ("an", "ber", "da", "el", "fo", "gri", "ho", "jan", "ka", "lu", "mer", "ni",
                                        "ol", "pe", "ro", "sta", "ti", "ul", "ver", "wi")  # fmt: skip
_FIRST_BIRTHDAY, _DAYS = date(1945, 1, 1), 62 * 365


@dataclass(frozen=True, slots=True)
class _Skewed:
    """Values of which the first are much commoner than the last: Zipf's law, flattened at the top as names are."""

    values: Sequence[str]
    weights: Sequence[float]

    def draw(self, chance: random.Random) -> str:
        return chance.choices(self.values, cum_weights=self.weights)[0]


def _skewed(number: int, seed: int, suffix: str = "") -> _Skewed:
    chance = random.Random(seed)
    made: dict[str, None] = {}
    while len(made) < number:
        made["".join(chance.choices(_SYLLABLES, k=chance.choice((2, 3, 3, 4)))) + suffix] = None
    return _Skewed(tuple(made), tuple(accumulate((rank + 10) ** -0.9 for rank in range(1, number + 1))))


_GIVEN, _FAMILY = _skewed(4_000, 1), _skewed(20_000, 2)
_STREETS, _TOWNS = _skewed(8_000, 3, "straat"), _skewed(800, 4, "dam")


def humans(chunk: int, number: int = CHUNK) -> Iterator[list[Features]]:
    """Yield the records of each human of one chunk, the same each time."""
    chance = random.Random(1_000 + chunk)
    for _ in range(number):
        first = _born(chance)
        others = chance.choices((0, 1, 2), (80, 15, 5))[0]
        yield [first, *(another(first, chance) for _ in range(others))]


def _born(chance: random.Random) -> Features:
    day = _FIRST_BIRTHDAY + timedelta(chance.randrange(_DAYS))
    given = _GIVEN.draw(chance) + (f" {_GIVEN.draw(chance)}" if chance.random() < 0.3 else "")
    return Features(
        UUID(int=chance.getrandbits(128)),
        AGENCIES[0],
        given.title(),
        _FAMILY.draw(chance).title(),
        birth_date=day.replace(month=1, day=1) if chance.random() < 0.005 else day if chance.random() < 0.97 else None,
        sex=chance.choice(("male", "female")),
        postcode=f"{chance.randrange(1000, 9999)}{chance.choice('ABCDE')}A" if chance.random() < 0.85 else None,
        address=f"{_STREETS.draw(chance)} {chance.randrange(1, 200)} {_TOWNS.draw(chance)}"
        if chance.random() < 0.8
        else None,
        identifiers={"police_number": f"{chance.randrange(10**8):08}"} if chance.random() < 0.4 else {},
    )


def another(first: Features, chance: random.Random) -> Features:
    """Return another record of the same human: another agency's, often with a slip, often moved house."""
    slip = chance.random()
    given, family, born = first.given_names or "", first.family_name or "", first.birth_date
    if slip < 0.1:
        given = given.split()[0]
    elif slip < 0.17:
        given = _mistyped(given, chance)
    elif slip < 0.26:
        family = _mistyped(family, chance)
    elif slip < 0.32 and born:
        born = (
            born.replace(day=born.month, month=born.day) if born.day <= 12 else born.replace(year=born.year + 1, day=1)
        )
    elif slip < 0.33 and born:
        born = born.replace(year=born.year - 3, month=13 - born.month, day=1)
    moved = chance.random() < 0.3
    return replace(
        first,
        source_person=UUID(int=chance.getrandbits(128)),
        agency=AGENCIES[chance.choice(_AGENCY_OF_ANOTHER_RECORD)],
        given_names=given,
        family_name=family,
        birth_date=born,
        **({"postcode": f"{chance.randrange(1000, 9999)}AA", "address": None} if moved else {}),
        identifiers=first.identifiers if chance.random() < 0.6 else {},
    )


def _mistyped(name: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(name))
    return name[:at] + chance.choice("aeionrst") + name[at + 1 :]


_INDEXES = """
select format('alter table people.%I drop constraint %I', relname, conname),
    format('alter table people.%I add constraint %I %s', relname, conname, pg_get_constraintdef(c.oid))
from pg_constraint as c join pg_class as t on t.oid = conrelid
where contype = 'p' and relname = 'key' and relnamespace = 'people'::regnamespace
union all
select format('drop index people.%I', indexname), indexdef from pg_indexes
where schemaname = 'people' and indexname = 'key_source_person'
"""


def fill(dsn: str, records: int, model: Model) -> int:
    """Put about as many records into an empty database, with a superuser's connection; return how many."""
    chunks = math.ceil(records / (CHUNK * RECORDS))
    with psycopg.connect(dsn, autocommit=True) as conn:
        aside = conn.execute(_INDEXES).fetchall()
        for drop, _ in aside:
            conn.execute(drop)
        with ProcessPoolExecutor(_WORKERS, SPAWN) as pool:
            put = sum(pool.map(_put, [dsn] * chunks, range(chunks), [model.as_json()] * chunks))
        conn.execute("set maintenance_work_mem = '512MB'")
        conn.execute("set synchronous_commit = off")
        for _, make in aside:
            conn.execute(make)
        conn.execute("vacuum (analyze) people.key, people.source_person, people.membership, people.person, people.edge")
        conn.execute("checkpoint")
    return put


def _put(dsn: str, chunk: int, trained: dict[str, Any]) -> int:
    model = from_json(trained)
    made = list(humans(chunk))
    everyone = [each for records in made for each in records]
    standards = {each.source_person: standardise(each) for each in everyone}
    edges, persons = [], []
    for records in made:
        ids = sorted(each.source_person for each in records)
        weights = {}
        for at, a in enumerate(ids):
            for b in ids[at + 1 :]:
                weight = score(standards[a], standards[b], model).total
                if weight >= NEEDS_A_PERSON_FROM:
                    weights[a, b] = weight
        edges += [(a, b, weight, model.version) for (a, b), weight in weights.items()]
        persons += partition(ids, weights, standards, model, Bonds()).persons if weights else [(id_,) for id_ in ids]
    agencies = {each.source_person: each.agency for each in everyone}
    with psycopg.connect(dsn) as conn:
        conn.execute("set session_replication_role = replica")
        conn.execute("set synchronous_commit = off")
        _copy_keys(conn, standards)
        _copy(conn, "source_person (source_person, agency, given_names, family_name, birth_date, sex, postcode,"
              " address, identifiers)", (_row(each) for each in everyone))  # fmt: skip
        _copy(conn, "person (person)", ((person[0],) for person in persons))
        _copy(conn, "membership (source_person, person, agency)",
              ((id_, person[0], agencies[id_]) for person in persons for id_ in person))  # fmt: skip
        _copy(conn, "edge (a, b, weight, model)", edges)
    return len(everyone)


def _copy_keys(conn: psycopg.Connection[Any], standards: dict[UUID, Any]) -> None:
    rows = [
        _KEY.pack(2, 8, hashed(key), 16, id_.bytes) for id_, standard in standards.items() for key in keys(standard)
    ]
    with conn.cursor().copy("copy people.key (key, source_person) from stdin with (format binary)") as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"".join(rows) + b"\xff\xff")


def _copy(conn: psycopg.Connection[Any], table: str, rows: Any) -> None:
    with conn.cursor().copy(f"copy people.{table} from stdin") as copy:
        for row in rows:
            copy.write_row(row)


def _row(each: Features) -> tuple[Any, ...]:
    numbers = "".join(f'{{"{kind}": "{value}"}}' for kind, value in each.identifiers.items()) or "{}"
    return (each.source_person, each.agency, each.given_names, each.family_name, each.birth_date, each.sex,
            each.postcode, each.address, numbers)  # fmt: skip
