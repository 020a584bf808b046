"""From what is asked and what an agreement lets out to what is counted, and how much one person can add. Pure.

Rules:

1. What is counted are rows of one type that a clause lets out on the account of the person **to whom they belong**, or
   that belong to nobody (an incident, a hearing): never somebody else's row on another's account. So one person's
   records are in one account, and in no other.
2. A field is counted by only in a form that tells no more than the one in which the clause releases it; what is added
   up must be released as it is.
3. A field of the person (``person.birth_date`` beside charges) is that of one of their rows, the fullest.
4. **How much one person adds** (the sensitivity): of each person at most so many rows count, or so many cells of a
   count of people; each value is held within the bounds that are named. Everything that one person adds to all the
   cells together is then at most :attr:`Plan.sensitivity`.
5. Conditions that look at records of other people (``exists (charge of case ...)``) would let one person change what
   another adds: no statistics are made under such an agreement.
6. What cannot be counted is a reason, the same whether a field is not there or not released.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final, cast

from comity.agreements import Agreement
from comity.agreements.minimisers import applies, tells_no_more
from comity.agreements.models import And, Condition, Exists, Not, Or
from comity.agreements.related import SHARED
from comity.gate import reasons
from comity.gate.models import Category, Clause, Measure, Quantity, Reason, Statistic
from comity.gate.statistics.cells import Known, Values, expanded, values_of
from comity.vocabulary.models import Field, FieldType

MAX_CELLS: Final = 1_000
PERSON: Final = "person"
#: Forms in which a field may be counted by, those that tell more first.
FORMS: Final = ("as-is", "month", "year", "age-band", "band", "area", "present")
ASKED_FOR: Final = frozenset({"area", "present"})  # taken of what leaves as it is only if one says so: rarely meant


@dataclass(frozen=True, slots=True)
class Dimension:
    """A field to count by, in one form. ``values`` is ``None`` where they are still to be chosen with noise."""

    record: str
    field: Field
    form: str
    values: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is counted: by which clauses, of which fields, and how much one person can add.

    ``counted`` are the clauses of the record that is counted, ``described`` those from which fields of the person are
    taken. ``most`` is how many rows of a person, or cells for a count of people, count.
    """

    record: str
    measure: Measure
    quantity: Quantity | None
    by: tuple[Dimension, ...]
    only: tuple[Dimension, ...]
    counted: tuple[Clause, ...]
    described: tuple[Clause, ...]
    most: int

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """Return every clause that the numbers are made from, each once, in order."""
        return tuple(sorted({*self.counted, *self.described}, key=lambda it: it.number))

    @property
    def fields(self) -> tuple[str, ...]:
        """Return every field that the numbers are made from, as ``record.field``."""
        quantity = self.quantity
        added = (quantity.since, quantity.field) if quantity else ()
        names = [f"{it.record}.{it.field.name}" for it in (*self.by, *self.only)]
        return tuple(dict.fromkeys([*(f"{self.record}.{it}" for it in added if it), *names]))

    @property
    def chosen(self) -> Dimension | None:
        """Return the dimension whose values are still to be chosen; there is at most one."""
        return next((it for it in self.by if it.values is None), None)

    @property
    def middle(self) -> int:
        """Return what values are reckoned from: for a mean the middle of the bounds, so that one adds least."""
        quantity = self.quantity
        return (quantity.low + quantity.high) // 2 if quantity and self.measure is Measure.MEAN else 0

    @property
    def widest(self) -> int:
        """Return the most that one row adds to a sum, either way."""
        quantity = self.quantity
        return max(abs(quantity.low - self.middle), abs(quantity.high - self.middle)) if quantity else 1

    @property
    def sensitivity(self) -> int:
        """Return the most that one person adds to all the cells together, of counts or of the sum."""
        return self.most * self.widest


def plan(asks: Statistic, agreement: Agreement, clauses: Sequence[Clause]) -> Plan | Reason:
    """Return what is counted by these clauses of the agreement, or the reason why nothing can be."""
    budget = agreement.statistics
    if budget is None:
        return reasons.NO_BUDGET
    if looks_at_others(agreement):
        return reasons.OTHERS_IN_CONDITION
    counting = [it for it in clauses if it.record == asks.record and _adds_up(it, asks.quantity)]
    if not counting:
        return reasons.NOT_A_MEASURE
    own, theirs = _parted(asks)
    if any(it.record not in (asks.record, PERSON) for it in own):
        return reasons.NOT_A_CATEGORY
    counted = _resolved(counting, own)
    described = _resolved([it for it in clauses if it.record == PERSON], theirs)
    for each in (counted, described):
        if isinstance(each, Reason):
            return each
    made = _plan(asks, cast("_Resolved", counted), cast("_Resolved", described), budget.most_per_person)
    return _why_not(made, agreement) or made


@dataclass(frozen=True, slots=True)
class _Resolved:
    clauses: tuple[Clause, ...]
    dimensions: Mapping[Category, Dimension]


def _plan(asks: Statistic, counted: _Resolved, described: _Resolved, most: int) -> Plan:
    found = {**counted.dimensions, **described.dimensions}
    one_cell = asks.measure is Measure.PERSONS and all(it in described.dimensions for it in asks.by)
    return Plan(
        asks.record,
        asks.measure,
        asks.quantity,
        tuple(found[it] for it in asks.by),
        tuple(found[it] for it in asks.only),
        counted.clauses,
        described.clauses if described.dimensions else (),
        1 if one_cell else most,
    )


def cells(by: Sequence[Dimension]) -> int:
    """Return how many cells the table has, with the rest of each dimension."""
    return prod(len(it.values or ()) + 1 for it in by)


def looks_at_others(agreement: Agreement) -> bool:
    """Return whether a condition of the agreement looks at what may be records of other people (rule 5)."""
    conditions = [agreement.about, *(it.where for it in agreement.releases if it.where is not None)]
    return any(node.of in SHARED for each in conditions for node in _existing(each))


def _existing(node: Condition) -> Iterator[Exists]:
    if isinstance(node, Exists):
        yield node
        if node.where is not None:
            yield from _existing(node.where)
    elif isinstance(node, Not):
        yield from _existing(node.operand)
    elif isinstance(node, And | Or):
        for operand in node.operands:
            yield from _existing(operand)


def _parted(asks: Statistic) -> tuple[list[Category], list[Category]]:
    """Return the categories of the rows that are counted, and those of the person (rule 3).

    In a count of people by fields of the person, all are: each person is then in one cell.
    """
    named = list(dict.fromkeys([*asks.by, *asks.only]))
    apart = asks.record != PERSON or asks.measure is Measure.PERSONS
    theirs = [it for it in named if apart and it.record == PERSON]
    return [it for it in named if it not in theirs], theirs


def _adds_up(clause: Clause, quantity: Quantity | None) -> bool:
    if quantity is None:
        return True
    as_is = {field.name: field.type for field, form in clause if form == "as-is" and not field.sealed}
    if quantity.since is None:
        return as_is.get(quantity.field) is FieldType.INTEGER
    return as_is.get(quantity.field) is FieldType.DATE and as_is.get(quantity.since) is FieldType.DATE


def _resolved(clauses: Sequence[Clause], categories: Sequence[Category]) -> _Resolved | Reason:
    """Return how all of these fields can be counted by at once, and each clause that lets them be."""
    why: Reason = reasons.NOT_A_CATEGORY
    for clause in clauses:
        found = {it: _dimension(it, clause) for it in categories}
        good = {it: each for it, each in found.items() if isinstance(each, Dimension)}
        if len(good) == len(categories):
            letting = tuple(it for it in clauses if all(_lets(it, each) for each in good.values()))
            return _Resolved(letting, good)
        if any(each is reasons.NO_VALUES for each in found.values()):
            why = reasons.NO_VALUES
    return why if categories else _Resolved((), {})


def _lets(clause: Clause, dimension: Dimension) -> bool:
    return any(field is dimension.field and usable(dimension.form, released, field) for field, released in clause)


def usable(form: str, released: str, field: Field) -> bool:
    """Return whether a field that leaves as ``released`` may be counted by in ``form`` (rule 2)."""
    return form in FORMS and applies(form, field) and tells_no_more(form, released, field)


def _dimension(category: Category, clause: Clause) -> Dimension | Reason:
    """Return how the clause lets a field be counted by; without a form asked for, in the first that fits (rule 2)."""
    why: Reason = reasons.NOT_A_CATEGORY
    for field, released in clause:
        if field.name != category.field:
            continue
        for form in _forms(category, released):
            known = values_of(field, form) if usable(form, released, field) else None
            if known is not None:
                values = _values(category, field, form, known)
                if not isinstance(values, Reason):
                    return Dimension(category.record, field, form, values)
                why = values
    return why


def _forms(category: Category, released: str) -> Sequence[str]:
    if category.form:
        return (category.form,)
    return [it for it in FORMS if it not in ASKED_FOR or it == released]


def _values(category: Category, field: Field, form: str, known: Values) -> tuple[str, ...] | Reason | None:
    if category.values:
        return expanded(field, form, category.values) or reasons.NO_VALUES
    if known.known is Known.NAMED:
        return reasons.NO_VALUES
    return known.listed if known.known is Known.ALWAYS else None


def _why_not(made: Plan, agreement: Agreement) -> Reason | None:
    to_choose = [it for it in made.by if it.values is None]
    if len(to_choose) > 1:
        return reasons.NO_VALUES
    if to_choose and agreement.statistics is not None and not agreement.statistics.delta:
        return reasons.NO_DELTA
    return reasons.TOO_MANY_CELLS if cells(made.by) > MAX_CELLS else None
