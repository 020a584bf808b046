"""What a condition means: the oracle, in plain Python over rows, against which every compiled query is tested.

Rules (the three-valued logic of SQL: true, false, and unknown, which is ``None``):

1. A comparison with a missing value (null) is unknown. ``is null`` alone is never unknown.
2. ``not`` unknown is unknown. ``and`` is false if any part is false, else unknown if any part is; ``or`` the reverse.
3. ``in`` is the ``or`` of its equalities; ``between`` the ``and`` of its two bounds, both included.
4. Only *true* releases. Unknown does not.
5. A record **concerns** a person if its ``source_person`` is one of that person's; a record of a shared type
   (:data:`SHARED`) also if a record that concerns the person refers to it, or if it refers to a case that does.
6. ``about`` is true of a person if one record can be chosen of each type that it names, so that each concerns the
   person, each reference that one of those types can make to another of them is made to the very record chosen, and
   the condition is true of them together. A reference that is not filled in is unknown, so not true.
"""

from __future__ import annotations

import operator
from calendar import monthrange
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import singledispatch
from itertools import product
from typing import Any, Final
from uuid import UUID

from comity.agreements.models import (
    And,
    Between,
    BooleanField,
    Column,
    Compare,
    Condition,
    Everyone,
    In,
    IsNull,
    Not,
    Operand,
    Operator,
    Or,
    Row,
    Today,
    Unit,
    Within,
)
from comity.vocabulary.models import FieldType, Vocabulary

#: Records that may be several people's at once; every other record is that of its ``source_person`` alone.
SHARED: Final = frozenset({"incident", "case", "hearing"})

_MONTHS_IN_YEAR: Final = 12

_COMPARE: Final[Mapping[Operator, Callable[[Any, Any], bool]]] = {
    Operator.EQUAL: operator.eq,
    Operator.UNEQUAL: operator.ne,
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.GREATER: operator.gt,
    Operator.AT_LEAST: operator.ge,
}


@dataclass(frozen=True, slots=True)
class Held:
    """One current record, as the oracle sees it: its values, by field, with the envelope's columns among them."""

    record: str
    record_id: UUID
    source_person: UUID | None
    values: Row


@dataclass(frozen=True, slots=True)
class Join:
    """Of two record types that a condition names, the field of the one that refers to the other."""

    record: str
    field: str
    referred: str


# --- one condition over chosen rows ----------------------------------------------------------------------------------


def evaluate(node: Condition, rows: Mapping[str, Row], now: datetime) -> bool | None:
    """Return whether ``node`` is true of ``rows`` (record type -> that row's values), ``None`` for unknown.

    ``now`` is the moment of the request in the zone whose calendar counts. A field that a row lacks is a mistake of
    ours (:class:`KeyError`); a field that is null is there, with ``None``.
    """
    return _evaluate(node, rows, now.date())


@singledispatch
def _evaluate(node: Condition, rows: Mapping[str, Row], today: date) -> bool | None:  # noqa: ARG001 - the signature
    raise TypeError(node)


@_evaluate.register
def _(node: Compare, rows: Mapping[str, Row], today: date) -> bool | None:
    return _compared(node.operator, _value(node.left, rows, today), _value(node.right, rows, today))


@_evaluate.register
def _(node: BooleanField, rows: Mapping[str, Row], today: date) -> bool | None:
    value = _value(node.column, rows, today)
    return None if value is None else bool(value)


@_evaluate.register
def _(node: IsNull, rows: Mapping[str, Row], today: date) -> bool | None:
    return _value(node.column, rows, today) is None


@_evaluate.register
def _(node: In, rows: Mapping[str, Row], today: date) -> bool | None:
    value = _value(node.column, rows, today)
    return any_true(_compared(Operator.EQUAL, value, each.value) for each in node.values)


@_evaluate.register
def _(node: Between, rows: Mapping[str, Row], today: date) -> bool | None:
    value, low, high = (_value(each, rows, today) for each in (node.column, node.low, node.high))
    return all_true((_compared(Operator.AT_LEAST, value, low), _compared(Operator.AT_MOST, value, high)))


@_evaluate.register
def _(node: Within, rows: Mapping[str, Row], today: date) -> bool | None:
    value, (first, last) = _value(node.column, rows, today), days_within(node, today)
    return all_true((_compared(Operator.AT_LEAST, value, first), _compared(Operator.AT_MOST, value, last)))


@_evaluate.register
def _(node: Not, rows: Mapping[str, Row], today: date) -> bool | None:
    return opposite(_evaluate(node.operand, rows, today))


@_evaluate.register
def _(node: And, rows: Mapping[str, Row], today: date) -> bool | None:
    return all_true(_evaluate(each, rows, today) for each in node.operands)


@_evaluate.register
def _(node: Or, rows: Mapping[str, Row], today: date) -> bool | None:
    return any_true(_evaluate(each, rows, today) for each in node.operands)


@_evaluate.register
def _(node: Everyone, rows: Mapping[str, Row], today: date) -> bool | None:  # noqa: ARG001 - dispatched on its type
    return True


def opposite(truth: bool | None) -> bool | None:
    """Return *not*, three-valued."""
    return None if truth is None else not truth


def all_true(truths: Iterable[bool | None]) -> bool | None:
    """Return *and*, three-valued: false beats unknown."""
    seen = set(truths)
    return False if False in seen else None if None in seen else True


def any_true(truths: Iterable[bool | None]) -> bool | None:
    """Return *or*, three-valued: true beats unknown."""
    return opposite(all_true(opposite(truth) for truth in truths))


def _compared(sign: Operator, left: Any, right: Any) -> bool | None:
    return None if left is None or right is None else _COMPARE[sign](left, right)


def _value(operand: Operand, rows: Mapping[str, Row], today: date) -> object:
    if isinstance(operand, Column):
        return rows[operand.record][operand.field]
    if isinstance(operand, Today):
        return day(operand, today)
    return operand.value


# --- days ------------------------------------------------------------------------------------------------------------


def day(moved: Today, today: date) -> date:
    """Return the day that ``today``, ``today - 2 years`` and the like stand for. A month's end stays a month's end."""
    if moved.unit in {Unit.DAYS, Unit.WEEKS}:
        return today + timedelta(**{moved.unit.value: moved.count})
    months = moved.count * (_MONTHS_IN_YEAR if moved.unit is Unit.YEARS else 1)
    year, month = divmod(today.year * _MONTHS_IN_YEAR + today.month - 1 + months, _MONTHS_IN_YEAR)
    # As PostgreSQL adds months to a date: 31 January and a month is the last of February.
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


def days_within(node: Within, today: date) -> tuple[date, date]:
    """Return the first and the last day of a ``within``, both included."""
    far = day(Today(-node.count if node.past else node.count, node.unit), today)
    return (far, today) if node.past else (today, far)


# --- about, over a person's related records --------------------------------------------------------------------------


@singledispatch
def columns(node: Condition) -> Iterator[Column]:
    """Yield every column that the condition names, in order, repeated as it repeats them."""
    yield node.column  # type: ignore[union-attr]  # every node not registered below has exactly one


@columns.register
def _(node: Compare) -> Iterator[Column]:
    yield node.left
    if isinstance(node.right, Column):
        yield node.right


@columns.register
def _(node: Not) -> Iterator[Column]:
    yield from columns(node.operand)


@columns.register(And)
@columns.register(Or)
def _(node: And | Or) -> Iterator[Column]:
    for operand in node.operands:
        yield from columns(operand)


@columns.register
def _(node: Everyone) -> Iterator[Column]:  # noqa: ARG001 - dispatched on its type
    return iter(())


def records_named(node: Condition) -> tuple[str, ...]:
    """Return the record types that the condition names, each once, in order."""
    return tuple(dict.fromkeys(column.record for column in columns(node)))


def joins(records: Sequence[str], vocabulary: Vocabulary) -> tuple[Join, ...]:
    """Return each reference that one of ``records`` can make to another of them (rule 6)."""
    return tuple(
        Join(name, field.name, field.references)
        for name in records
        for field in vocabulary.record_type(name).fields
        if field.references is not None and field.references in records and field.references != name
    )


def covers(
    about: Condition, people: Collection[UUID], held: Iterable[Held], vocabulary: Vocabulary, now: datetime
) -> bool:
    """Return whether ``about`` is true of the person whose source persons are ``people`` (rules 5 and 6).

    ``held`` are the records that the agreement's providers hold, of anybody.
    """
    if isinstance(about, Everyone):
        return True
    named = records_named(about)
    concerning = _concerning(people, list(held), vocabulary)
    choices = product(*([row for row in concerning if row.record == name] for name in named))
    return any(_true_together(about, chosen, joins(named, vocabulary), now) for chosen in choices)


def _true_together(about: Condition, chosen: Sequence[Held], needed: Sequence[Join], now: datetime) -> bool:
    of_type = {row.record: row for row in chosen}
    joined = all(of_type[join.record].values[join.field] == of_type[join.referred].record_id for join in needed)
    return joined and evaluate(about, {row.record: row.values for row in chosen}, now) is True


def _concerning(people: Collection[UUID], held: list[Held], vocabulary: Vocabulary) -> list[Held]:
    own = {row.record_id for row in held if row.source_person in people and row.source_person is not None}
    found = own
    while True:
        more = found | {
            row.record_id for row in held if row.record in SHARED and _reached(row, found, held, vocabulary)
        }
        if more == found:
            return [row for row in held if row.record_id in found]
        found = more


def _reached(row: Held, found: Collection[UUID], held: list[Held], vocabulary: Vocabulary) -> bool:
    referred = any(row.record_id in _references(other, vocabulary) for other in held if other.record_id in found)
    case = row.values.get("case")
    return referred or (case is not None and case in found)


def _references(row: Held, vocabulary: Vocabulary) -> tuple[object, ...]:
    fields = vocabulary.record_type(row.record).fields
    return tuple(row.values.get(field.name) for field in fields if field.type is FieldType.REFERENCE)
