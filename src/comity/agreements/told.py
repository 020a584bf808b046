"""What one clause tells of a row beside another: in which forms, of whose rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from comity.agreements.minimisers import tells_no_more
from comity.agreements.models import And, Condition, Release
from comity.agreements.related import OF_THE_CASE, SHARED
from comity.vocabulary.models import Vocabulary


def own_only(release: Release) -> bool:
    """Whether a clause releases only what is the person's own."""
    return not release.of and release.record not in SHARED | OF_THE_CASE


class Told:
    """What one form tells beside another; ``alike`` whether both agreements cut areas in one way."""

    def __init__(self, vocabulary: Vocabulary, *, alike: bool) -> None:
        self._vocabulary, self._alike = vocabulary, alike
        self._answers: dict[tuple[str, str, str, str], bool] = {}

    def covering(self, release: Release, field: str, others: Iterable[Release]) -> Iterator[int]:
        """Yield the numbers of the clauses that tell at least as much of a field as ``release`` does."""
        form = release.minimiser(field)
        return (each.number for each in others if self._no_more(release.record, field, form, each.minimiser(field)))

    def _no_more(self, record: str, field: str, form: str, than: str) -> bool:
        asked = record, field, form, than
        if asked not in self._answers:
            same_area = self._alike or form != "area" or than != "area"
            of = self._vocabulary.record_type(record).field(field)
            self._answers[asked] = same_area and tells_no_more(form, than, of)
        return self._answers[asked]


def leaving(release: Release) -> list[str]:
    """Return the fields of which something leaves by a clause."""
    return [each.field for each in release.fields if each.minimiser != "withheld"]


def of_all(release: Release, other: Release) -> bool:
    """Whether what ``release`` releases is surely of whom ``other`` releases rows."""
    if not release.of or not other.of:
        return release.of == other.of or not (other.of or own_only(other))
    return set(release.of) <= set(other.of)


def together(where: Condition | None) -> Iterator[Condition]:
    """Yield the conditions that must all hold."""
    if isinstance(where, And):
        for each in where.operands:
            yield from together(each)
    elif where is not None:
        yield where


def differing(one: Release, other: Release) -> list[str]:
    """Return the fields that two clauses both name, in different forms."""
    named = {each.field: each.minimiser for each in one.fields}
    return [each.field for each in other.fields if named.get(each.field, each.minimiser) != each.minimiser]
