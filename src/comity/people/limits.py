"""When records may not become one person by themselves, whatever the weights say: a person looks first. Pure.

1. Two records are *contrary* if one human being cannot well bear both: two numbers of one kind that are no slip of
   each other, and two birthdays far apart that are no slip, where the model has learnt that a person has one; two
   prisons at once.
2. What a person has put together is excused, and so is what follows from it: who joins a record with one number to a
   record with another has said that both numbers are that person's, and likewise both birthdays.
3. A person of very many records is a flood of namesakes or a fault. Each *same* that stands inside makes room for as
   many again: somebody looked.
4. A field that nobody filled in contradicts nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from itertools import combinations
from typing import TypeVar

from comity.people.comparisons import EDITS_OF_A_NUMBER, comparisons, edits
from comity.people.model import Model
from comity.people.models import Standard, Stay

# Records of one person at most. One that books each arrest makes some hundred of somebody who is often arrested; the
# most of anybody among 5,823 people in four agencies of a real county were 24. 2026-11-26.
LARGEST_PERSON = 250
# Bits against, from which a number or a birthday that differs is one that people have one of: 32 to one. A number given
# anew at each arrest weighs nothing, since the model has seen that a person has many; and where dates are often
# somebody else's altogether, as in sets made up by a program, they contradict nobody. 2026-11-26.
STRONG = -5.0
# Days by which two birthdays differ that are far apart: an age that was guessed is seldom five years off. 2026-11-26.
FAR_APART = timedelta(days=5 * 365)
# In two prisons for longer than this is no transfer. 2026-11-26.
TRANSFER = timedelta(days=1)

_BIRTH = next(each for each in comparisons((), ()) if each.name == "birth")

K = TypeVar("K", bound=Hashable)
Pairs = set[tuple[str, str]]


class Limit(StrEnum):
    """Why records do not become one person by themselves."""

    NUMBERS = "two numbers"
    BIRTHDAYS = "two birthdays"
    PRISONS = "two prisons"
    SIZE = "size"


def contrary(
    ids: Sequence[K],
    standards: Mapping[K, Standard],
    stays: Mapping[K, Sequence[Stay]],
    model: Model,
    together: Iterable[Collection[K]] = (),
) -> dict[tuple[K, K], Limit]:
    """Return the pairs among ``ids`` that are contrary, in their order, and why.

    ``together`` are the groups that people have put together.
    """
    judged = [[standards[id_] for id_ in group if id_ in standards] for group in together if len(group) > 1]
    numbers = {kind: _clashing(_numbers(ids, standards, kind), _two_numbers) for kind in _strong(model)}
    telling = model.chances["birth"]["different"].weight <= STRONG
    births = _clashing({birth for id_ in ids if telling and (birth := standards[id_].birth)}, two_birthdays)
    for group in judged:
        births -= _pairs({each.birth for each in group if each.birth})
        for kind in numbers:
            numbers[kind] -= _pairs({each.identifiers[kind] for each in group if kind in each.identifiers})
    if not (births or any(numbers.values()) or stays):
        return {}
    found = {}
    for a, b in combinations(ids, 2):
        one, other = standards[a], standards[b]
        if any(_pair(one.identifiers.get(k), other.identifiers.get(k)) in clash for k, clash in numbers.items()):
            found[a, b] = Limit.NUMBERS
        elif _pair(one.birth, other.birth) in births:
            found[a, b] = Limit.BIRTHDAYS
        elif a in stays and b in stays and two_prisons(stays[a], stays[b]):
            found[a, b] = Limit.PRISONS
    return found


def _strong(model: Model) -> list[str]:
    """Return the kinds of number of which the model has it that a person has one."""
    return [kind for kind in model.identifiers if model.chances[f"identifier {kind}"]["different"].weight <= STRONG]


def _numbers(ids: Iterable[K], standards: Mapping[K, Standard], kind: str) -> set[str]:
    return {number for id_ in ids if (number := standards[id_].identifiers.get(kind))}


def _clashing(values: set[str], clash: Callable[[str, str], bool]) -> Pairs:
    return {(a, b) for a, b in _pairs(values) if clash(a, b)}


def _pairs(values: Iterable[str]) -> Pairs:
    return set(combinations(sorted(values), 2))


def _pair(a: str | None, b: str | None) -> tuple[str, str] | None:
    return None if a is None or b is None or a == b else (min(a, b), max(a, b))


def _two_numbers(a: str, b: str) -> bool:
    return edits(a, b) > EDITS_OF_A_NUMBER


def two_birthdays(a: str, b: str) -> bool:
    """Whether two birth dates (YYYYMMDD) are far apart, and neither a slip of the other."""
    level = _BIRTH.level(_born(a), _born(b))
    if level is not _BIRTH.levels[-1]:
        return False
    one, other = _date(a), _date(b)
    return one is not None and other is not None and abs(one - other) > FAR_APART


def _born(birth: str) -> Standard:
    return Standard(
        agency="", given=None, formal=(), middle=None, family=None, families=(), names=(), birth=birth, sex=None,
        postcode=None, address=(), line=None, identifiers={},
    )  # fmt: skip


def _date(birth: str) -> date | None:
    try:
        return date.fromisoformat(birth)
    except ValueError:
        return None


def two_prisons(one: Iterable[Stay], other: Iterable[Stay]) -> bool:
    """Whether somebody would have been in two prisons at once, for longer than a transfer takes."""
    rest = list(other)
    return any(_elsewhere(a, b) and _overlap(a, b) > TRANSFER for a in one for b in rest)


def _overlap(a: Stay, b: Stay) -> timedelta:
    return min(a.until or date.max, b.until or date.max) - max(a.since, b.since)


def _elsewhere(a: Stay, b: Stay) -> bool:
    """Whether two stays are in two places: *Leeds* may be *HMP Leeds*, and what one does not name the other's place."""
    if a.facility and b.facility:
        x, y = set(a.facility.casefold().split()), set(b.facility.casefold().split())
        return not (x <= y or y <= x)
    return not a.facility and not b.facility and a.agency != b.agency
