"""How right a partition into persons is, held against the truth: of pairs, of records, and apart for groups of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Figures:
    """Pairwise precision, recall and F1, and those of B-cubed (Bagga and Baldwin 1998), each from 0 to 1."""

    precision: float
    recall: float
    f1: float
    b_cubed_precision: float
    b_cubed_recall: float
    b_cubed_f1: float


def figures(found: Mapping[UUID, Hashable], truth: Mapping[UUID, Hashable]) -> Figures:
    """Return how right ``found`` is: which person each record is said to be of."""
    both = Counter((found[each], truth[each]) for each in found)
    ours, theirs = Counter(found.values()), Counter(truth[each] for each in found)
    right = _pairs(both.values())
    precision, recall = _share(right, _pairs(ours.values())), _share(right, _pairs(theirs.values()))
    b_precision = sum(n * n / ours[person] for (person, _), n in both.items()) / len(found)
    b_recall = sum(n * n / theirs[human] for (_, human), n in both.items()) / len(found)
    return Figures(precision, recall, _mean(precision, recall), b_precision, b_recall, _mean(b_precision, b_recall))


@dataclass(frozen=True, slots=True)
class Errors:
    """Of the records of one group: how many there are, and in how many of their pairs we erred, of each kind."""

    records: int
    wrongly_linked: float  # share of the pairs we made that are two people
    missed: float  # share of the pairs there are that we did not make


def errors_by(
    group: Callable[[UUID], str], found: Mapping[UUID, Hashable], truth: Mapping[UUID, Hashable]
) -> dict[str, Errors]:
    """Return the errors apart for each group of records; a pair counts for the group of either of its two."""
    both = Counter((found[each], truth[each]) for each in found)
    ours, theirs = Counter(found.values()), Counter(truth[each] for each in found)
    counts: dict[str, list[float]] = {}
    for each in found:
        of = counts.setdefault(group(each), [0, 0, 0, 0, 0])
        right = both[found[each], truth[each]] - 1
        of[0] += 1
        of[1] += ours[found[each]] - 1
        of[2] += ours[found[each]] - 1 - right
        of[3] += theirs[truth[each]] - 1
        of[4] += theirs[truth[each]] - 1 - right
    return {
        name: Errors(int(records), 1 - _share(made - wrong, made), 1 - _share(there - missed, there))
        for name, (records, made, wrong, there, missed) in sorted(counts.items())
    }


def _pairs(sizes: Iterable[int]) -> int:
    return sum(n * (n - 1) // 2 for n in sizes)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def _mean(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0
