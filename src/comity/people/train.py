"""Train a model on what is there, without a label. The estimators are Splink's or do as Splink's do, the order is ours.

1. *Chances among strangers* (``u``) and *frequencies* are those of people, not of records: they are taken over one
   representative per provisional person. Taken over records, the many records of one prisoner make a rare name look
   common, and true pairs among the random ones make strangers look alike.
2. Exact agreement among strangers is counted, not sampled: it is the rarest level and carries the most weight.
3. *Chances within one person* (``m``) come from expectation maximisation, blocked once on the birth date and once on
   the name, so that each is learnt where the others already speak (``estimate.py``). A birth
   date that very many share is what a form says when nobody knows: its pairs would be all that is learnt from, and too
   many to look at. Of very many pairs a random part serves.
4. *The prior* is the one under which the pairs' own probabilities add up to the number of pairs that it promises.
5. A level seen in no pair keeps a small chance; a field that nobody filled in says nothing (neither is ever infinite).
6. The same people, in whatever order, and the same seed give the same weights.
7. Of very many people a random part serves (:data:`MOST_TO_TRAIN`): drawn record by record, so that the pairs of one
   person are as large a share of its pairs as of everybody's, and the prior holds for all.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from heapq import nsmallest
from importlib.metadata import version
from types import MappingProxyType

from comity.people.block import LARGEST_BLOCK
from comity.people.bulk import Bench, Blocking, Probabilities, bench, value
from comity.people.cluster import components
from comity.people.comparisons import Comparison, comparisons
from comity.people.model import Chance, Frequencies, Model
from comity.people.models import Standard
from comity.people.refine import chance, refined
from comity.people.starting import starting

Progress = Callable[[str], None]

SEED = 20261122
# Rounds of: estimate, link provisionally, take one representative each. A third changed next to nothing. 2026-11-22.
ROUNDS = 2
# Random pairs looked at for ``u`` in each round, the last being the one that counts. 2026-11-22.
RANDOM_PAIRS = (2e5, 1e6)
# A provisional link, in bits, for the choice of representatives; erring moves a frequency by one. 2026-11-22.
PROVISIONAL = 5.0
# Below this many source persons there is too little to learn from, and the weights to start with serve. 2026-11-22.
LEAST_TO_TRAIN = 500
# Source persons from whom a model learns at most: of a million, as many pairs of one person are among them as it takes
# to learn each level, and the time of training no longer grows. 2026-11-26.
MOST_TO_TRAIN = 100_000
# Pairs that a session of expectation maximisation needs at least; Splink's own advice is a few hundred. 2026-11-22.
LEAST_PAIRS = 100
# Bits below which a pair tells nothing: it is one person once in a million. 2026-11-26.
TELLING = -20.0
# In one of a thousand pairs of one person, a field is somebody else's or nonsense. 2026-11-22.
STRAY = 1e-3
# The prior has settled when a step changes it by less than this share. 2026-11-22.
SETTLED = 1e-6
BLOCKINGS = (("birth",), ("given", "family"))
FREQUENT = ("given", "middle", "family", "postcode")


def _silent(_step: str) -> None:
    """Tell nobody."""


def train(people: Sequence[Standard], name: str, now: datetime, progress: Progress = _silent) -> Model:
    """Return a model learnt from ``people``; the weights to start with where there are too few of them.

    ``name`` becomes the model's version. Takes tens of seconds for tens of thousands of people.
    """
    kinds = sorted({kind for person in people for kind in person.identifiers})
    people = sorted(people if len(people) <= MOST_TO_TRAIN else _drawn(people, MOST_TO_TRAIN), key=_order)
    agencies = sorted({person.agency for person in people})
    model = starting(kinds, agencies, now)
    if len(people) < LEAST_TO_TRAIN or not any(_blocking(people, columns) for columns in BLOCKINGS):
        return model
    with bench(people, kinds) as on:
        return _trained(on, people, replace(model, version=name, library=f"splink {version('splink')}"), progress)


def _trained(on: Bench, people: Sequence[Standard], model: Model, progress: Progress) -> Model:
    blockings = [blocking for columns in BLOCKINGS if (blocking := _blocking(people, columns))]
    pairs = on.block()
    chosen = _first_of([(person.names, person.birth) for person in people])
    for number in range(ROUNDS):
        progress(f"training, round {number + 1} of {ROUNDS}: {len(chosen)} people, {on.count(pairs)} pairs")
        model = _estimated(on, model, people, chosen, blockings, RANDOM_PAIRS[number])
        model, weights = _calibrated(model, on.weigh(pairs, model, TELLING), len(people))
        chosen = _representatives(people, weights)
    model = refined(model, on.observe(on.likely(pairs, model, TELLING), model), len(people))
    counts = {"source_persons": len(people), "persons": len(chosen), "pairs": on.count(pairs)}
    return replace(model, counts=MappingProxyType(counts))


def _drawn(people: Iterable[Standard], number: int) -> list[Standard]:
    """Draw so many; each for itself, also of those who are entered twice alike, and the same whatever their order."""
    seen: Counter[int] = Counter()

    def lot(person: Standard) -> bytes:
        text = "|".join(_order(person))
        alike = hash(text)
        seen[alike] += 1
        return blake2b(f"{SEED}|{seen[alike]}|{text}".encode(), digest_size=8).digest()

    return nsmallest(number, people, key=lot)


def _order(person: Standard) -> tuple[str, ...]:
    values = (person.agency, *person.names, "", person.given, person.middle, person.birth, person.sex, person.postcode)
    return (*(text or "" for text in values), *(f"{k} {v}" for k, v in sorted(person.identifiers.items())))


def _blocking(people: Sequence[Standard], columns: tuple[str, ...]) -> Blocking | None:
    """Return what is learnt from those who share these columns; None where they are too few (rule 3)."""
    shared = Counter(tuple(getattr(person, column) for column in columns) for person in people)
    filled = {values: n for values, n in shared.items() if all(values)}
    pairs = sum(n * (n - 1) // 2 for n in filled.values() if n <= LARGEST_BLOCK)
    crowded = sorted(values for values, n in filled.items() if n > LARGEST_BLOCK)
    return Blocking(columns, tuple(crowded)) if pairs >= LEAST_PAIRS else None


def _first_of(groups: Sequence[object]) -> list[int]:
    """Return the position of the first of each group."""
    first: dict[object, int] = {}
    for position, group in enumerate(groups):
        first.setdefault(group, position)
    return list(first.values())


def _representatives(people: Sequence[Standard], weights: Sequence[tuple[int, int, float]]) -> list[int]:
    """Return of each provisional person the position of a record in the form that most of its records have."""
    groups = components(range(len(people)), [(a, b) for a, b, weight in weights if weight >= PROVISIONAL])
    return sorted(_commonest(people, group) for group in groups)


def _commonest(people: Sequence[Standard], records: Sequence[int]) -> int:
    forms = Counter((people[position].names, people[position].birth) for position in records)
    (form, _), *_ = forms.most_common(1)
    return next(each for each in records if (people[each].names, people[each].birth) == form)


def _estimated(
    on: Bench,
    model: Model,
    people: Sequence[Standard],
    chosen: Sequence[int],
    blockings: Sequence[Blocking],
    random_pairs: float,
) -> Model:
    compared = [each for each in comparisons(model.identifiers, model.agencies) if each.name != "slips"]
    representatives = [people[position] for position in chosen]
    model = replace(model, frequencies={column: _frequencies(representatives, column) for column in FREQUENT})
    sampled = on.strangers(chosen, compared, model, pairs=random_pairs, seed=SEED)
    u = {
        comparison.name: _agencies(people, comparison)
        if comparison.name == "agency"
        else _smoothed(representatives, comparison, sampled, random_pairs)
        for comparison in compared
    }
    known = {
        comparison.name: {
            level.name: Chance(u[comparison.name][level.name], u[comparison.name][level.name])
            for level in comparison.levels[1:]
        }
        for comparison in compared
    }
    slips = {"slips": model.chances["slips"]}
    model = replace(model, chances=known | slips)
    m = on.within(compared, model, blockings)
    return replace(model, chances={c.name: _chances(c, m[c.name], u[c.name]) for c in compared} | slips)


def _agencies(people: Sequence[Standard], comparison: Comparison) -> dict[str, float]:
    """Return how often two records taken at random are both of an agency: that is a matter of records."""
    shares = {f"both {agency}": (n / len(people)) ** 2 for agency, n in Counter(p.agency for p in people).items()}
    rest = comparison.levels[-1].name
    return shares | {rest: max(1.0 - sum(shares.values()), 1 / len(people) ** 2)}


def _smoothed(
    chosen: Sequence[Standard], comparison: Comparison, sampled: Probabilities, random_pairs: float
) -> dict[str, float]:
    held = (value(person, comparison.columns[0]) for person in chosen)
    values = Counter(found for found in held if found)
    filled = values.total()
    comparable = max(filled * (filled - 1) / 2, 1.0)
    least = 1 / min(comparable, random_pairs)  # what was not seen was seen less than once
    chances = {level.name: max(sampled[comparison.name].get(level.name, 0.0), least) for level in comparison.levels[1:]}
    agreeing = sum(n * (n - 1) / 2 for n in values.values())
    return chances | {"same": max(agreeing / comparable, 1 / comparable)}


def _chances(comparison: Comparison, m: Mapping[str, float], u: Mapping[str, float]) -> dict[str, Chance]:
    levels = [level.name for level in comparison.levels[1:]]
    if not m:
        return {level: Chance(u[level], u[level]) for level in levels}
    return {level: Chance((1 - STRAY) * m.get(level, 0.0) + STRAY * u[level], u[level]) for level in levels}


def _frequencies(chosen: Sequence[Standard], column: str) -> Frequencies:
    counted = Counter(found for found in (value(person, column) for person in chosen) if found)
    total = max(counted.total(), 1)
    return Frequencies(MappingProxyType({found: n / total for found, n in sorted(counted.items()) if n > 1}), 1 / total)


def _calibrated(
    model: Model, weights: Sequence[tuple[int, int, float]], people: int
) -> tuple[Model, list[tuple[int, int, float]]]:
    """Return the model with the prior that its own verdicts bear out, and the weights under it (rule 4)."""
    pairs, before, prior = people * (people - 1) / 2, model.prior_weight, model.prior
    for _ in range(100):  # a fixed point, reached in ten or so
        shift = math.log2(prior / (1 - prior)) - before
        expected = sum(chance(weight + shift) for _, _, weight in weights)
        prior, last = max(expected, 1.0) / pairs, prior
        if abs(prior / last - 1) < SETTLED:
            break
    model = replace(model, prior=prior)
    return model, [(a, b, weight + model.prior_weight - before) for a, b, weight in weights]
