"""How far a claim reaches: of each column the values that it may have, without a solver. Pure.

Most questions about clauses need no solver: two that name different codes never meet, and a condition that a made-up
row fulfils can be true. A **box** gives, of some columns, the values that they may have; a claim reaches no farther
than its boxes. Rules:

1. What is so lies in one of the boxes. So if a claim has none, it is never so, and if no box of one claim touches one
   of another, both are never so of one row. That is a proof, from the facts of :mod:`comity.agreements.smt` alone.
2. Not everything in a box is so: a column beside another, a rule across fields and the opposite of a claim say less
   here than they do to the solver. That two boxes touch proves nothing.
3. **Today** is any of the days. A day relative to it lies between where the first and the last of them lead.
4. What no row shows (``exists``, a sealed text that is the same but for capitals) is a column of its own, which holds
   true or false.
5. More than :data:`MOST` boxes are put into one around them all, which can only hold more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from comity.agreements.meaning import day
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
    Literal,
    Not,
    Operator,
    Or,
    Today,
    Within,
)
from comity.agreements.printing import print_condition
from comity.vocabulary.check import EARLIEST, LATEST, bounds
from comity.vocabulary.models import Field, FieldType, Vocabulary

MOST: Final = 8  # boxes that are told apart; conditions that people write have one to four

_OPPOSITE: Final = {
    Operator.EQUAL: Operator.UNEQUAL,
    Operator.UNEQUAL: Operator.EQUAL,
    Operator.LESS: Operator.AT_LEAST,
    Operator.AT_LEAST: Operator.LESS,
    Operator.GREATER: Operator.AT_MOST,
    Operator.AT_MOST: Operator.GREATER,
}
#: From one value to the next.
STEPS: Final[Mapping[type, Any]] = {int: 1, date: timedelta(days=1), datetime: timedelta(microseconds=1)}


class Range(NamedTuple):
    """The values that a column may have: within ``low`` and ``high``, both included, of ``only``, none of ``never``.

    ``None`` for a bound or for ``only`` is no limit. A column that is null has the range :data:`NULL`.
    """

    low: Any = None
    high: Any = None
    only: frozenset[Any] | None = None
    never: frozenset[Any] = frozenset()


NULL: Final = Range(only=frozenset())
_KNOWN: Final = Range()

Scene: TypeAlias = Mapping[str, str]  # record type -> the name of the row that stands for it
_Leaf: TypeAlias = Compare | BooleanField | In | Between | Within | IsNull
T = TypeVar("T")

Key: TypeAlias = tuple[str, str, Any]  # row, record type and field; or row, what is asked of it, among whose rows
Box: TypeAlias = dict[Key, Range]
Boxes: TypeAlias = Sequence[Box]

ANYTHING: Final[Boxes] = ({},)
NOTHING: Final[Boxes] = ()


def both(one: Boxes, other: Boxes) -> Boxes:
    """Return boxes of what is in one of either."""
    met = [box for left in one for right in other if (box := _met(left, right)) is not None]
    return met if len(met) <= MOST else [_around(met)]


def all_of(boxes: Iterable[Boxes]) -> Boxes:
    """Return boxes of what is in one of each."""
    found: Boxes = ANYTHING
    for each in boxes:
        found = both(found, each)
        if not found:
            break
    return found


def any_of(boxes: Iterable[Boxes]) -> Boxes:
    """Return boxes of what is in one of any."""
    found = [box for each in boxes for box in each]
    return found if len(found) <= MOST else [_around(found)]


def filled(row: str, column: Column) -> Boxes:
    """Return the box in which a column of a row holds something."""
    return ({(row, column.record, column.field): _KNOWN},)


def touch(one: Boxes, other: Boxes) -> bool:
    """Whether something may be in a box of each."""
    return any(_touches(left, right) for left in one for right in other)


def _touches(one: Box, other: Box) -> bool:
    small, large = (one, other) if len(one) <= len(other) else (other, one)
    for key, each in small.items():
        beside = large.get(key)
        if beside is not None and beside is not each and _shared(each, beside) is None:
            return False
    return True


def _met(one: Box, other: Box) -> Box | None:
    found = dict(one)
    for key, each in other.items():
        shared = _shared(found[key], each) if key in found else each
        if shared is None:
            return None
        found[key] = shared
    return found


def _shared(one: Range, other: Range) -> Range | None:
    """Return the range of what is in both; ``None`` if that is nothing."""
    if one is NULL or other is NULL:
        return NULL if one is other else None
    low = one.low if other.low is None or (one.low is not None and one.low > other.low) else other.low
    high = one.high if other.high is None or (one.high is not None and one.high < other.high) else other.high
    never = one.never | other.never
    if one.only is None and other.only is None:
        return None if low is not None and high is not None and low > high else Range(low, high, None, never)
    only = one.only & other.only if one.only is not None and other.only is not None else one.only or other.only or ()
    left = frozenset(
        each for each in only if each not in never and (low is None or low <= each) and (high is None or each <= high)
    )
    return Range(low, high, left, never) if left else None


def _around(boxes: Sequence[Box]) -> Box:
    """Return one box that holds them all."""
    first, *others = boxes
    found: Box = {}
    for key, each in first.items():
        beside = [box.get(key) for box in others]
        ranges = [each, *(it for it in beside if it is not None)]
        if len(ranges) == len(boxes) and (wide := _wide(ranges)) is not None:
            found[key] = wide
    return found


def _wide(ranges: Sequence[Range]) -> Range | None:
    """Return one range around several; ``None`` if that may be anything."""
    if any(each is NULL for each in ranges):
        return NULL if all(each is NULL for each in ranges) else None
    lows: list[Any] = [each.low for each in ranges]
    highs: list[Any] = [each.high for each in ranges]
    onlys: list[Any] = [each.only for each in ranges]
    return Range(
        None if None in lows else min(lows),
        None if None in highs else max(highs),
        None if None in onlys else frozenset().union(*onlys),
        frozenset.intersection(*(each.never for each in ranges)),
    )


class Touching(Generic[T]):
    """Things by their boxes, to find those that touch others without looking at each.

    Of each column that has one of a few values in all boxes of a thing, it is kept which things have which value.
    """

    def __init__(self) -> None:
        self._added: list[tuple[T, Boxes]] = []
        self._having: dict[Key, dict[Any, list[int]]] = {}
        self._any: dict[Key, list[int]] = {}  # things that may have more than a few values of the column

    def add(self, thing: T, boxes: Boxes) -> None:
        """Add a thing that lies in these boxes."""
        number, few = len(self._added), _few(boxes)
        self._added.append((thing, boxes))
        for key, values in few.items():
            if key not in self._having:
                self._having[key], self._any[key] = {}, list(range(number))
            for value in values:
                self._having[key].setdefault(value, []).append(number)
        for key, numbers in self._any.items():
            if key not in few:
                numbers.append(number)

    def to(self, boxes: Boxes) -> list[T]:
        """Return the things that touch these boxes, in the order in which they were added."""
        likely = [self._with(key, values) for key, values in _few(boxes).items() if key in self._having]
        fewest = min(likely, key=len) if likely else set(range(len(self._added)))
        return [self._added[number][0] for number in sorted(fewest) if touch(self._added[number][1], boxes)]

    def _with(self, key: Key, values: frozenset[Any]) -> set[int]:
        having = self._having[key]
        return set(self._any[key]).union(*(having[value] for value in values if value in having))


def _few(boxes: Boxes) -> dict[Key, frozenset[Any]]:
    """Return the columns that have one of a few values in every box, and these; of null, none."""
    first, *others = boxes or ({},)
    found: dict[Key, frozenset[Any]] = {}
    for key, each in first.items():
        onlys: list[Any] = [each.only, *(box[key].only if key in box else None for box in others)]
        if None not in onlys:
            found[key] = frozenset((None,) if frozenset() in onlys else ()).union(*onlys)
    return found


class _Fact(NamedTuple):
    """What a column may hold, whether it always holds something, and whether it is sealed."""

    held: Range
    always: bool
    sealed: bool


class Reach:
    """Boxes of conditions over rows of which is known what :class:`~comity.agreements.smt.Sketch` knows of them."""

    def __init__(
        self, vocabulary: Vocabulary, days: tuple[date, date], providers: Sequence[str], recipients: Sequence[str]
    ) -> None:
        self.vocabulary, self.days = vocabulary, days
        self.providers, self.recipients = tuple(providers), tuple(recipients)
        self._facts: dict[Column, _Fact] = {}
        self._said: dict[int, tuple[object, Boxes]] = {}  # by identity: to compare a claim costs more

    def once(self, said: object, boxes: Callable[[], Boxes]) -> Boxes:
        """Return the boxes of what ``said`` says, which are worked out once of the same object."""
        if id(said) not in self._said:
            self._said[id(said)] = said, boxes()
        return self._said[id(said)][1]

    def of(self, node: Condition, truth: bool, scene: Scene, among: tuple[str, ...]) -> Boxes:
        """Return the boxes in which ``node`` is ``truth`` of the rows of ``scene``; ``exists`` looks ``among``."""
        match node:
            case And(operands) | Or(operands):
                boxes = (self.of(each, truth, scene, among) for each in operands)
                return all_of(boxes) if isinstance(node, And) is truth else any_of(boxes)
            case Not(operand):
                return self.of(operand, not truth, scene, among)
            case Everyone():
                return ANYTHING if truth else NOTHING
            case Exists(_, of):
                return self._unseen(scene[of] if of else "", node, truth, among)
            case _:
                return self._leaf(node, truth, scene)

    def _leaf(self, node: _Leaf, truth: bool, scene: Scene) -> Boxes:
        match node:
            case IsNull(column):
                return self._null(column, scene) if truth else self._within(column, scene, _KNOWN)
            case Compare(left) if self._fact(left).sealed:
                known = self._within(left, scene, _KNOWN)
                return both(known, self._unseen(scene[left.record], node, truth, ()))
            case Compare(left, sign, Column() as right):
                return self._beside(left, sign if truth else _OPPOSITE[sign], right, scene)
        return [box for each in self._ranges(node, truth) for box in self._within(_column(node), scene, each)]

    def _ranges(self, node: _Leaf, truth: bool) -> Iterable[Range]:
        match node:
            case BooleanField():
                return (Range(only=frozenset({truth})),)
            case In(_, values):
                said = frozenset(each.value for each in values)
                return (Range(only=said) if truth else Range(never=said),)
            case Compare(_, sign, right):
                return self._compared(sign if truth else _OPPOSITE[sign], *self._ends(right))
            case Between(_, low, high):
                return self._span(truth, self._ends(low), self._ends(high))
            case Within(_, count, unit, past):
                far, today = self._ends(Today(-count if past else count, unit)), self._ends(Today())
                return self._span(truth, far, today) if past else self._span(truth, today, far)
            case IsNull():
                raise TypeError(node)

    # --- ranges ------------------------------------------------------------------------------------------------------

    def _ends(self, operand: Literal | Today | Asker | Column) -> tuple[Any, Any, frozenset[Any] | None]:
        """Return the least and the greatest that an operand may be, and all that it may be if these are few."""
        if isinstance(operand, Literal):
            return operand.value, operand.value, frozenset({operand.value})
        if isinstance(operand, Asker):
            return None, None, frozenset(self.recipients) if operand is Asker.RECIPIENT else None
        try:
            low, high = (day(operand, each) for each in self.days) if isinstance(operand, Today) else (None, None)
        except (OverflowError, ValueError):  # no day that Python can name
            return None, None, None
        return low, high, frozenset({low}) if low == high else None

    def _compared(self, sign: Operator, low: Any, high: Any, values: frozenset[Any] | None) -> Iterator[Range]:
        match sign:
            case Operator.EQUAL:
                yield Range(low, high, values)
            case Operator.UNEQUAL:
                yield Range(never=values) if values and len(values) == 1 else _KNOWN
            case Operator.LESS | Operator.AT_MOST:
                yield from _to(high, included=sign is Operator.AT_MOST)
            case Operator.GREATER | Operator.AT_LEAST:
                yield from _from(low, included=sign is Operator.AT_LEAST)

    def _span(self, truth: bool, first: tuple[Any, ...], last: tuple[Any, ...]) -> Iterator[Range]:
        if truth:
            yield Range(first[0], last[1])
        else:
            yield from _to(first[1], included=False)
            yield from _from(last[0], included=False)

    def _beside(self, left: Column, sign: Operator, right: Column, scene: Scene) -> Boxes:
        if left == right and sign in {Operator.UNEQUAL, Operator.LESS, Operator.GREATER}:
            return NOTHING
        return both(self._within(left, scene, _KNOWN), self._within(right, scene, _KNOWN))

    def _within(self, column: Column, scene: Scene, values: Range) -> Boxes:
        found = _shared(self._fact(column).held, values)
        return NOTHING if found is None else ({(scene[column.record], column.record, column.field): found},)

    def _null(self, column: Column, scene: Scene) -> Boxes:
        return NOTHING if self._fact(column).always else ({(scene[column.record], column.record, column.field): NULL},)

    def _unseen(self, row: str, node: Exists | Compare, truth: bool, among: tuple[str, ...]) -> Boxes:
        return ({(row, print_condition(node), among): Range(only=frozenset({truth}))},)

    # --- facts -------------------------------------------------------------------------------------------------------

    def _fact(self, column: Column) -> _Fact:
        found = self._facts.get(column)
        if found is None:
            fields = self.vocabulary.record_type(column.record).fields
            field = next((each for each in fields if each.name == column.field), None)
            always, sealed = field is None or field.required, field is not None and field.sealed
            found = self._facts[column] = _Fact(self._held(column, field), always, sealed)
        return found

    def _held(self, column: Column, field: Field | None) -> Range:
        if field is None:
            return Range(only=frozenset(self._envelope(column.field)))
        first, last = (datetime(it.year, it.month, it.day, tzinfo=UTC) for it in (EARLIEST, LATEST))
        held = {
            FieldType.BOOLEAN: Range(only=frozenset({True, False})),
            FieldType.CODE: Range(only=frozenset(field.codes)),
            FieldType.DATE: Range(EARLIEST, LATEST),
            FieldType.TIMESTAMP: Range(first, last + timedelta(days=1)),
            FieldType.INTEGER: Range(*bounds(field)),
        }
        return held.get(field.type, _KNOWN)

    def _envelope(self, name: str) -> Iterable[str]:
        if name == "agency":
            return self.providers
        return self.vocabulary.subject_categories if name == "whose" else ("fact", "opinion")


def _column(node: _Leaf) -> Column:
    return node.left if isinstance(node, Compare) else node.column


def _to(high: Any, *, included: bool) -> Iterator[Range]:
    yield from _bounded(high, included, lambda each, step: Range(high=each - step))


def _from(low: Any, *, included: bool) -> Iterator[Range]:
    yield from _bounded(low, included, lambda each, step: Range(low=each + step))


def _bounded(end: Any, included: bool, ranged: Callable[[Any, Any], Range]) -> Iterator[Range]:
    """Yield the range to an end, or nothing if nothing lies beyond it; where the end is not known, any value."""
    if end is None:
        yield _KNOWN
        return
    step = STEPS[type(end)]
    try:
        yield ranged(end, step * 0 if included else step)
    except OverflowError:
        return
