"""How good linking is now: counts of this room's own rows, of nobody. For the page and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from comity.people import retrain, sampling
from comity.people.drift import Drift, drift
from comity.people.evaluate import Evaluation, from_json
from comity.people.models import Band, KeptModel
from comity.people.sampling import Sample
from comity.people.score import LINKED_FROM, NEEDS_A_PERSON_FROM
from comity.people.store import QUERIES, Conn

AGES: Final = (1, 7, 30)
"""Days that part open reviews by how long they are open."""


@dataclass(frozen=True, slots=True)
class Links:
    """Pairs of a band that stand, by whether they are in one person."""

    band: Band
    together: int
    apart: int


@dataclass(frozen=True, slots=True)
class Reviews:
    """What waits for a person: two persons who may be one, of each kind once."""

    near: int  # because a pair of their records is near enough, and nobody judged it
    held: Mapping[str, int]  # because of a limit, by which
    ages: tuple[int, ...]  # open for less than AGES[0] days, AGES[1], AGES[2], or longer
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Quality:
    """How good linking is now."""

    model: KeptModel | None
    evaluation: Evaluation | None
    source_persons: int
    persons: int
    links: tuple[Links, ...]
    judged: Mapping[str, int]  # same, different: decisions that stand
    reviews: Reviews
    drift: Drift | None  # None where the model was kept without what it was trained on
    sizes: Mapping[int, int]  # records of a person -> persons
    sample: Sample | None  # the newest that was drawn


def quality(conn: Conn, now: datetime) -> Quality:
    """Count everything. Reads this room's tables once each: seconds for millions of records."""
    model = next((each for each in retrain.models(conn) if each.in_force), None)
    evaluation = from_json(model.evaluation) if model and model.evaluation else None
    sizes = dict(conn.execute(QUERIES.sizes).fetchall())
    since = dict(conn.execute(QUERIES.bits_since).fetchall())
    return Quality(
        model=model,
        evaluation=evaluation,
        source_persons=sum(size * n for size, n in sizes.items()),
        persons=sum(sizes.values()),
        links=_links(conn),
        judged={"same": 0, "different": 0} | dict(conn.execute(QUERIES.count_judged).fetchall()),
        reviews=_reviews(conn, now),
        drift=drift(evaluation.bits, since) if evaluation else None,
        sizes=sizes,
        sample=next(iter(sampling.samples(conn)), None),
    )


def _links(conn: Conn) -> tuple[Links, ...]:
    asked = {"linked": LINKED_FROM, "asked": NEEDS_A_PERSON_FROM}
    counts = {(band, one): n for band, one, n in conn.execute(QUERIES.links_by_band, asked)}
    return tuple(Links(band, counts.get((band, True), 0), counts.get((band, False), 0)) for band in list(Band)[:2])


def _reviews(conn: Conn, now: datetime) -> Reviews:
    asked = {"asked": NEEDS_A_PERSON_FROM, "now": now, "ages": list(AGES)}
    rows = conn.execute(QUERIES.open_reviews, asked).fetchall()
    ages = [sum(n for _, age, n, _ in rows if age == place) for place in range(len(AGES) + 1)]
    held: dict[str, int] = {}
    for why, _, n, _ in rows:
        if why is not None:
            held[why] = held.get(why, 0) + n
    near = sum(n for why, _, n, _ in rows if why is None)
    return Reviews(near, held, tuple(ages), min((oldest for *_, oldest in rows), default=None))
