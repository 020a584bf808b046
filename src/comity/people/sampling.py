"""A sample of links that a person looks at, blind to the score, to estimate how many links are right.

1. Drawn at random among the pairs within persons, as many from each stratum of weight: most links are certain, and
   what is wrong is among the few that are not. Pairs that a person judged are left out: the model is measured.
2. Shown in an order that tells nothing, without weight or stratum.
3. An answer decides nothing: who sees that a link is wrong decides so as everywhere (``judge.py``). Of several answers
   of a pair the last counts; *cannot tell* counts neither way.
4. Erasing somebody takes their pairs from every sample.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from comity.people import store
from comity.people.errors import UnknownSampleError
from comity.people.interval import Share, Stratum, stratified
from comity.people.store import QUERIES, Conn

# Bits that part the strata: below the bar (linked by the company they keep), near it, well above, certain. 2026-11-26.
PARTS: Final = (2.0, 8.0, 16.0)
STRATA: Final = ("below 2 bits", "2 to 8 bits", "8 to 16 bits", "16 bits and more")
SAID: Final = ("same", "different", "cannot tell")


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample, what was said of it, and the precision that follows: None until each stratum was looked at."""

    sample: UUID
    drawn_at: datetime
    drawn_by: str
    model: str | None
    links: int  # that it was drawn from
    drawn: int  # pairs that are (still) in it
    answered: Mapping[str, int]  # same, different, cannot tell
    precision: Share | None


@dataclass(frozen=True, slots=True)
class Sampled:
    """A pair to look at: ids, and nothing of the score."""

    place: int
    a: UUID
    b: UUID
    person: UUID | None  # whom both are in; None where they were parted since
    agencies: tuple[str | None, str | None]  # whose records they are; None of one that is here no longer


def draw(conn: Conn, size: int, *, by: str, at: datetime) -> UUID:
    """Draw a sample of about ``size`` links; return its id. ``by`` is an opaque staff id."""
    rows = conn.execute(QUERIES.draw, {"parts": list(PARTS), "each": -(-size // len(STRATA))}).fetchall()
    sizes = {STRATA[stratum]: of for _, _, stratum, of in rows}
    sample, model = uuid4(), store.current_model(conn)
    conn.execute(
        QUERIES.put_sample,
        {"sample": sample, "at": at, "by": by, "model": model and model.version, "strata": json.dumps(sizes)},
    )
    random.SystemRandom().shuffle(rows)
    conn.execute(
        QUERIES.put_sampled,
        {
            "sample": sample,
            "places": list(range(1, len(rows) + 1)),
            "strata": [STRATA[stratum] for _, _, stratum, _ in rows],
            "a": [a for a, *_ in rows],
            "b": [b for _, b, *_ in rows],
        },
    )
    return sample


def next_of(conn: Conn, sample: UUID) -> Sampled | None:
    """Return the next pair of a sample of which nobody has said anything; None if there is none.

    Raises:
        UnknownSampleError: there is no such sample.
    """
    of(conn, sample)
    row = conn.execute(QUERIES.next_sampled, {"sample": sample}).fetchone()
    if row is None:
        return None
    place, a, b, person, one, other = row
    return Sampled(place, a, b, person, (one, other))


def answer(conn: Conn, sample: UUID, place: int, said: str, *, by: str, at: datetime) -> None:
    """Keep what somebody says of a pair: one of :data:`SAID`. ``by`` is an opaque staff id.

    Raises:
        UnknownSampleError: there is no such pair in such a sample.
    """
    found = {"sample": sample, "place": place, "said": said, "by": by, "at": at}
    if said not in SAID or not conn.execute(QUERIES.put_answer, found).rowcount:
        raise UnknownSampleError("sample: there is no such pair, or that is no answer; look at the sample again")


def of(conn: Conn, sample: UUID) -> Sample:
    """Return a sample and what follows from it. Raises UnknownSampleError."""
    found = [each for each in samples(conn) if each.sample == sample]
    if not found:
        raise UnknownSampleError("sample: there is none of that id; check it")
    return found[0]


def samples(conn: Conn) -> list[Sample]:
    """Return every sample, the newest first."""
    answers: dict[UUID, list[tuple[str, str | None, int]]] = {}
    for sample, stratum, said, n in conn.execute(QUERIES.sample_answers):
        answers.setdefault(sample, []).append((stratum, said, n))
    return [_sample(row, answers.get(row[0], [])) for row in conn.execute(QUERIES.samples)]


def _sample(
    row: tuple[UUID, datetime, str, str | None, Mapping[str, int]], answers: Sequence[tuple[str, str | None, int]]
) -> Sample:
    sample, at, by, model, sizes = row
    told = {said: sum(n for _, each, n in answers if each == said) for said in SAID}
    counts = {(stratum, said): n for stratum, said, n in answers}
    strata = [
        Stratum(
            size,
            counts.get((name, "same"), 0) + counts.get((name, "different"), 0),
            counts.get((name, "same"), 0),
        )
        for name, size in sizes.items()
    ]
    drawn = sum(n for _, _, n in answers)
    return Sample(sample, at, by, model, sum(sizes.values()), drawn, told, stratified(strata))
