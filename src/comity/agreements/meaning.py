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
7. ``exists`` is the ``or`` over the related records (:mod:`comity.agreements.related`): true if its ``where`` is true
   of one, else unknown if it is unknown of one. What no provider holds is not there. Where it follows a reference, one
   that is not filled in, or leads to nothing held, is unknown; so is the person of a row that is nobody's. Without a
   ``where``, a reference that is not filled in is plainly false.
8. ``recipient`` and ``requester`` are texts that the request brings (:class:`Around`).
"""

from __future__ import annotations

import operator
from calendar import monthrange
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property, singledispatch
from itertools import product
from typing import Any, Final, cast
from uuid import UUID

from comity.agreements.models import (
    And,
    Asker,
    Between,
    BooleanField,
    Column,
    Compare,
    Condition,
    Everyone,
    Exists,
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
from comity.agreements.related import SHARED, Relation, Way, relation
from comity.vocabulary.models import FieldType, Vocabulary

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


@dataclass(frozen=True)
class Around:
    """What a condition is asked among: who asks, and what the providers hold of whom.

    ``people`` are the source persons of whoever an ``about`` is about. ``humans`` gives all source persons of the human
    being that one source person is of; one that is not named there is a human being of its own.
    """

    vocabulary: Vocabulary | None = None
    recipient: str = ""
    requester: str = ""
    held: tuple[Held, ...] = ()
    people: frozenset[UUID] = frozenset()
    humans: Mapping[UUID, frozenset[UUID]] = field(default_factory=dict)

    @cached_property
    def concerning(self) -> tuple[Held, ...]:
        """What of the records concerns the person (rule 5)."""
        return tuple(records_concerning(self.people, list(self.held), cast("Vocabulary", self.vocabulary)))

    @cached_property
    def _found(self) -> dict[tuple[str, str], dict[object, list[Held]]]:
        return {}

    def rows(self, record: str, name: str, value: object) -> list[Held]:
        """Return the rows of ``record`` in which the field ``name`` (or an id) has that value; sorted out but once."""
        if (record, name) not in self._found:
            found: dict[object, list[Held]] = {}
            for row in self.held:
                if row.record == record:
                    key = getattr(row, name) if name in _IDS else row.values[name]
                    found.setdefault(key, []).append(row)
            self._found[record, name] = found
        return self._found[record, name].get(value, [])


@dataclass(frozen=True, slots=True)
class _Scene:
    """What one evaluation looks at: the row chosen of each record type, the day, and what is around."""

    chosen: Mapping[str, Held]
    today: date
    around: Around


@dataclass(frozen=True, slots=True)
class Join:
    """Of two record types that a condition names, the field of the one that refers to the other."""

    record: str
    field: str
    referred: str


# --- one condition over chosen rows ----------------------------------------------------------------------------------

_IDS: Final = frozenset({"record_id", "source_person"})  # what a row has besides its values
_NO_ID: Final = UUID(int=0)
_ALONE: Final = Around()


def evaluate(node: Condition, rows: Mapping[str, Row | Held], now: datetime, around: Around = _ALONE) -> bool | None:
    """Return whether ``node`` is true of ``rows`` (record type -> that row), ``None`` for unknown.

    ``now`` is the moment of the request in the zone whose calendar counts. A row may be its values alone where nothing
    is asked of related records. A field that a row lacks is a mistake of ours (:class:`KeyError`); a field that is null
    is there, with ``None``.
    """
    chosen = {name: row if isinstance(row, Held) else Held(name, _NO_ID, None, row) for name, row in rows.items()}
    return _evaluate(node, _Scene(chosen, now.date(), around))


@singledispatch
def _evaluate(node: Condition, scene: _Scene) -> bool | None:  # noqa: ARG001 - the signature
    raise TypeError(node)


@_evaluate.register
def _(node: Compare, scene: _Scene) -> bool | None:
    return _compared(node.operator, _value(node.left, scene), _value(node.right, scene))


@_evaluate.register
def _(node: BooleanField, scene: _Scene) -> bool | None:
    value = _value(node.column, scene)
    return None if value is None else bool(value)


@_evaluate.register
def _(node: IsNull, scene: _Scene) -> bool | None:
    return _value(node.column, scene) is None


@_evaluate.register
def _(node: In, scene: _Scene) -> bool | None:
    value = _value(node.column, scene)
    return any_true(_compared(Operator.EQUAL, value, each.value) for each in node.values)


@_evaluate.register
def _(node: Between, scene: _Scene) -> bool | None:
    value, low, high = (_value(each, scene) for each in (node.column, node.low, node.high))
    return all_true((_compared(Operator.AT_LEAST, value, low), _compared(Operator.AT_MOST, value, high)))


@_evaluate.register
def _(node: Within, scene: _Scene) -> bool | None:
    value, (first, last) = _value(node.column, scene), days_within(node, scene.today)
    return all_true((_compared(Operator.AT_LEAST, value, first), _compared(Operator.AT_MOST, value, last)))


@_evaluate.register
def _(node: Exists, scene: _Scene) -> bool | None:
    way = _relation(node, scene)
    if way.way is Way.SAME_PERSON and scene.chosen[str(way.of)].source_person is None:
        return None
    related = _related(way, scene)
    if way.way is Way.REFERRED and not related:
        filled = scene.chosen[str(way.of)].values[str(way.field)] is not None
        return None if node.where is not None or filled else False
    if node.where is None:
        return bool(related)
    return any_true(_evaluate(node.where, replace(scene, chosen={row.record: row})) for row in related)


@_evaluate.register
def _(node: Not, scene: _Scene) -> bool | None:
    return opposite(_evaluate(node.operand, scene))


@_evaluate.register
def _(node: And, scene: _Scene) -> bool | None:
    return all_true(_evaluate(each, scene) for each in node.operands)


@_evaluate.register
def _(node: Or, scene: _Scene) -> bool | None:
    return any_true(_evaluate(each, scene) for each in node.operands)


@_evaluate.register
def _(node: Everyone, scene: _Scene) -> bool | None:  # noqa: ARG001 - dispatched on its type
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


def related_rows(node: Exists, rows: Mapping[str, Held], around: Around) -> tuple[Held, ...]:
    """Return the records among which ``node`` looks, of the rows that are chosen (rule 7)."""
    scene = _Scene(rows, date.min, around)
    way = _relation(node, scene)
    if way.way is Way.SAME_PERSON and rows[str(way.of)].source_person is None:
        return ()
    return tuple(_related(way, scene))


def _value(operand: Operand, scene: _Scene) -> object:
    if isinstance(operand, Column):
        return scene.chosen[operand.record].values[operand.field]
    if isinstance(operand, Today):
        return day(operand, scene.today)
    if isinstance(operand, Asker):
        return scene.around.recipient if operand is Asker.RECIPIENT else scene.around.requester
    return operand.value


def _relation(node: Exists, scene: _Scene) -> Relation:
    vocabulary = scene.around.vocabulary
    found = relation(node.record, node.of, vocabulary) if vocabulary else None
    if found is None:
        raise TypeError(f"{node.record} is not related to {node.of}, or nothing is around to look among")
    return found


def _related(way: Relation, scene: _Scene) -> list[Held]:
    """Return the records that the providers hold and that are related as ``way`` says (rules of `related`)."""
    around = scene.around
    if way.way is Way.CONCERNS:
        return [row for row in around.concerning if row.record == way.record]
    other = scene.chosen[str(way.of)]
    if way.way is Way.REFERS:
        return around.rows(way.record, str(way.field), other.record_id)
    if way.way is Way.REFERRED:
        return around.rows(way.record, "record_id", other.values[str(way.field)])
    person = cast("UUID", other.source_person)
    human = around.humans.get(person, frozenset({person}))
    return [row for each in human for row in around.rows(way.record, "source_person", each)]


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
    """Yield every column of a chosen row that the condition names, in order, repeated as it repeats them.

    Columns within an ``exists`` are not among them: they are of the records that it looks for.
    """
    yield node.column  # type: ignore[union-attr]  # every node not registered below has exactly one


@columns.register
def _(node: Compare) -> Iterator[Column]:
    yield node.left
    if isinstance(node.right, Column):
        yield node.right


@columns.register
def _(node: Exists) -> Iterator[Column]:  # noqa: ARG001 - what is asked of related records is asked of no chosen row
    return iter(())


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
    """Return the record types of which the condition needs a row to be chosen, each once, in order."""
    return tuple(dict.fromkeys(_rows_named(node)))


def _rows_named(node: Condition) -> Iterator[str]:
    if isinstance(node, And | Or):
        for operand in node.operands:
            yield from _rows_named(operand)
    elif isinstance(node, Not):
        yield from _rows_named(node.operand)
    elif isinstance(node, Exists):
        yield from (node.of,) if node.of else ()
    else:
        yield from (column.record for column in columns(node))


def joins(records: Sequence[str], vocabulary: Vocabulary) -> tuple[Join, ...]:
    """Return each reference that one of ``records`` can make to another of them (rule 6)."""
    return tuple(
        Join(name, field.name, field.references)
        for name in records
        for field in vocabulary.record_type(name).fields
        if field.references is not None and field.references in records and field.references != name
    )


def covers(
    about: Condition,
    people: Collection[UUID],
    held: Iterable[Held],
    vocabulary: Vocabulary,
    now: datetime,
    around: Around = _ALONE,
) -> bool:
    """Return whether ``about`` is true of the person whose source persons are ``people`` (rules 5 and 6).

    ``held`` are the records that the agreement's providers hold, of anybody; of ``around``, who asks and who is whom
    are used.
    """
    if isinstance(about, Everyone):
        return True
    named, held = records_named(about), tuple(held)
    around = replace(around, vocabulary=vocabulary, held=held, people=frozenset(people))
    concerning = records_concerning(people, list(held), vocabulary)
    choices = product(*([row for row in concerning if row.record == name] for name in named))
    return any(_true_together(about, chosen, joins(named, vocabulary), now, around) for chosen in choices)


def _true_together(
    about: Condition, chosen: Sequence[Held], needed: Sequence[Join], now: datetime, around: Around
) -> bool:
    of_type = {row.record: row for row in chosen}
    joined = all(of_type[join.record].values[join.field] == of_type[join.referred].record_id for join in needed)
    return joined and evaluate(about, of_type, now, around) is True


def records_concerning(people: Collection[UUID], held: list[Held], vocabulary: Vocabulary) -> list[Held]:
    """Return those of the records that concern the person whose source persons are ``people`` (rule 5)."""
    found = {row.record_id for row in held if row.source_person in people and row.source_person is not None}
    while True:
        referred = {each for row in held if row.record_id in found for each in _references(row, vocabulary)}
        more = found | {
            row.record_id
            for row in held
            if row.record in SHARED and (row.record_id in referred or _is_of_case(row, found))
        }
        if more == found:
            return [row for row in held if row.record_id in found]
        found = more


def _is_of_case(row: Held, cases: Collection[UUID]) -> bool:
    case = row.values.get("case")
    return case is not None and case in cases


def _references(row: Held, vocabulary: Vocabulary) -> tuple[object, ...]:
    fields = vocabulary.record_type(row.record).fields
    return tuple(row.values.get(field.name) for field in fields if field.type is FieldType.REFERENCE)
