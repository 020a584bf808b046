"""Made-up source persons by the million, for measuring how the bulk run grows: as a Parquet file, read in batches.

Names are skewed as those of real people are (Zipf-Mandelbrot: the commonest family name is one in a hundred, one in ten
is borne by hardly anybody), towns and streets likewise. Three in ten are said a second time, with what hands do to it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import accumulate, islice, product
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq

from comity.people import Features

DUPLICATES = 0.3
BATCH = 20_000
_SYLLABLES = [a + b + c for a, b, c in product("bdfghjklmnprstvwz", "aeiou", ("", "", "n", "r", "s", "l"))]
_AGENCIES, _SEXES = ("police", "court", "prison", "probation"), ("female", "male")
_COLUMNS = ("human", "agency", "given", "family", "birth", "sex", "postcode", "address", "police_number")


class _Skewed:
    """Words, the first ones common and the last ones rare."""

    def __init__(self, chance: random.Random, number: int, syllables: tuple[int, ...], shift: float) -> None:
        found: dict[str, None] = {}
        while len(found) < number:
            found["".join(chance.choices(_SYLLABLES, k=chance.choice(syllables)))] = None
        self.words = list(found)
        self.weights = list(accumulate(1 / (rank + shift) for rank in range(1, number + 1)))

    def draw(self, chance: random.Random) -> str:
        return chance.choices(self.words, cum_weights=self.weights)[0]


def write(path: Path, size: int, seed: int = 1) -> None:
    """Write ``size`` source persons."""
    people = _people(random.Random(seed), size)
    schema = pa.schema([(name, pa.date32() if name == "birth" else pa.string()) for name in _COLUMNS])
    with pq.ParquetWriter(path, schema) as file:
        while rows := list(islice(people, BATCH)):
            file.write_table(pa.Table.from_pylist([dict(zip(_COLUMNS, row, strict=True)) for row in rows], schema))


def read(path: Path) -> Iterator[Features]:
    """Yield the source persons of a file, in batches."""
    number = 0
    for batch in pq.ParquetFile(path).iter_batches(BATCH):
        columns = [column.to_pylist() for column in batch.columns]
        for _, agency, given, family, birth, sex, postcode, address, police in zip(*columns, strict=True):
            number += 1
            yield Features(
                UUID(int=number), agency, given, family, birth_date=birth, sex=sex, postcode=postcode, address=address,
                identifiers={"police_number": police} if police else {},
            )  # fmt: skip


_Row = tuple[Any, ...]


def _people(chance: random.Random, size: int) -> Iterator[_Row]:
    given, family = _Skewed(chance, 3_000, (2, 2, 3), 12), _Skewed(chance, 60_000, (2, 3, 3), 8)
    street, town = _Skewed(chance, 8_000, (3, 4), 10), _Skewed(chance, 800, (2, 3), 10)
    written, human = 0, 0
    while written < size:
        human += 1
        row: _Row = (
            str(human),
            chance.choice(_AGENCIES),
            given.draw(chance) + (f" {given.draw(chance)}" if chance.random() < 1 / 3 else ""),
            family.draw(chance),
            date(1940, 1, 1) + timedelta(int(chance.triangular(0, 24_800, 16_000))),
            chance.choice(_SEXES),
            f"{chance.randrange(1000, 9999)}{chance.choice('ABCDEFGH')}{chance.choice('ABCDEFGH')}",
            f"{1 + int(chance.expovariate(1 / 40))} {street.draw(chance)} {town.draw(chance)}",
            f"{chance.randrange(10**9):09}" if chance.random() < 1 / 2 else None,
        )
        yield row
        written += 1
        if written < size and chance.random() < DUPLICATES / (1 - DUPLICATES):
            yield _again(chance, row, family)
            written += 1


def _again(chance: random.Random, row: _Row, family: _Skewed) -> _Row:
    """Say somebody once more, as another agency does: a slip here, a move there, something left out."""
    human, _, given, name, birth, sex, postcode, address, police = row
    if chance.random() < 0.1:
        given = _slip(chance, given)
    if chance.random() < 0.1:
        name = _slip(chance, name) if chance.random() < 0.7 else family.draw(chance)
    if chance.random() < 0.05:
        birth = birth + timedelta(chance.choice((1, 10, 30, 365)))
    if chance.random() < 0.01:
        sex = chance.choice(_SEXES)
    if police and chance.random() < 0.02:
        police = _slip(chance, police)
    if chance.random() < 0.01:
        police = f"{chance.randrange(10**9):09}"
    if chance.random() < 0.3:
        postcode, address = None, None
    elif chance.random() < 0.2:
        address = _slip(chance, address)
    return (
        human, chance.choice(_AGENCIES), given, name, birth if chance.random() > 0.02 else None, sex, postcode, address,
        police if chance.random() < 0.6 else None,
    )  # fmt: skip


def _slip(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text))
    return text[:at] + chance.choice("aeinrst") + text[at + chance.choice((0, 1)) :]
