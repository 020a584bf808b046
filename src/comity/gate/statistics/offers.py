"""What can be counted under an agreement, and by what: for a form to choose from. Pure; it reads no record.

A help, and no more: what is asked is decided anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from comity.agreements import Agreement
from comity.gate.decide import terms
from comity.gate.models import Clause, Measure
from comity.gate.statistics.cells import Known, values_of
from comity.gate.statistics.plan import ASKED_FOR, FORMS, PERSON, usable
from comity.vocabulary.models import FieldType, Vocabulary


@dataclass(frozen=True, slots=True)
class OfferedMeasure:
    """Something to count or to add up; ``field`` and ``since`` are those of a quantity."""

    measure: Measure
    record: str
    field: str | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class OfferedCategory:
    """A field to count by, in one form; ``named``: whether its values must be named."""

    record: str
    field: str
    form: str
    named: bool


@dataclass(frozen=True, slots=True)
class Offers:
    """All that can be counted under an agreement, and by what; of a record its own categories and the person's."""

    measures: tuple[OfferedMeasure, ...]
    categories: tuple[OfferedCategory, ...]


def offers(agreement: Agreement, vocabulary: Vocabulary) -> Offers:
    """Return what can be counted under ``agreement``."""
    clauses = terms(agreement, vocabulary).clauses
    has_delta = agreement.statistics is not None and agreement.statistics.delta > 0
    return Offers(
        tuple(dict.fromkeys(it for clause in clauses for it in _measures(clause))),
        tuple(dict.fromkeys(it for clause in clauses for it in _categories(clause, has_delta=has_delta))),
    )


def _measures(clause: Clause) -> Iterator[OfferedMeasure]:
    yield OfferedMeasure(Measure.PERSONS, clause.record)
    if clause.record != PERSON:
        yield OfferedMeasure(Measure.ROWS, clause.record)
    as_is = [field for field, form in clause if form == "as-is" and not field.sealed]
    days = [field.name for field in as_is if field.type is FieldType.DATE]
    for measure in (Measure.MEAN, Measure.SUM):
        for field in as_is:
            if field.type is FieldType.INTEGER:
                yield OfferedMeasure(measure, clause.record, field.name)
        yield from (OfferedMeasure(measure, clause.record, later, since) for since, later in _pairs(days))


def _pairs(days: Sequence[str]) -> Iterator[tuple[str, str]]:
    return ((since, later) for at, since in enumerate(days) for later in days[at + 1 :])


def _categories(clause: Clause, *, has_delta: bool) -> Iterator[OfferedCategory]:
    for field, released in clause:
        for form in FORMS:
            known = values_of(field, form) if usable(form, released, field) else None
            if known is not None and (form not in ASKED_FOR or form == released):
                named = known.known is Known.NAMED or (known.known is Known.CHOSEN and not has_delta)
                yield OfferedCategory(clause.record, field.name, form, named)
