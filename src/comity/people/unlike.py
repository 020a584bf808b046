"""Who may not become one person by themselves whatever weights say: twins, and who share a name and no more. Pure.

1. Twins by all appearances are *unlike*, where forenames tell one from the other; so are two of whom nothing but names
   speaks, where nobody has learnt how common names are.
2. What a person has put together is excused, with what follows from it and no more. Who joins a *Tim* to a *Tom* has
   said that both names are that person's: whoever bears either is no twin of the other's for that. A third forename
   still is, and so is *Tom* of two *Tims* that somebody joined.
3. Who joins a record that has but a name to one that has more has said who bears it: it is compared by what they have
   together. Another that has but that name is still anybody's.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import TypeVar

from comity.people.comparisons import may_be_twins, rests_on_names
from comity.people.model import Model
from comity.people.models import Standard

K = TypeVar("K", bound=Hashable)


def unlike(
    pairs: Iterable[tuple[K, K]], standards: Mapping[K, Standard], model: Model, together: Iterable[Collection[K]] = ()
) -> frozenset[tuple[K, K]]:
    """Return the pairs that may not link by themselves; ``together`` are the groups that people have put together."""
    judged = [frozenset(group) for group in together if len(group) > 1]
    forenames = [{standards[each].given for each in group if each in standards} for group in judged]

    def may_not_link(pair: tuple[K, K]) -> bool:
        one, other = standards[pair[0]], standards[pair[1]]
        if model.forenames_tell and may_be_twins(one, other, model.borne):
            return not any({one.given, other.given} <= names for names in forenames)
        if not model.frequencies and rests_on_names(one, other):
            return not any(all(_is_known(each, group, standards) for each in pair) for group in judged)
        return False

    return frozenset(pair for pair in pairs if may_not_link(pair))


def _is_known(record: K, group: Collection[K], standards: Mapping[K, Standard]) -> bool:
    """Whether a record is of a group, or has more than a name to be compared with one of it by."""
    return record in group or any(
        not rests_on_names(standards[record], standards[each]) for each in group if each in standards
    )
