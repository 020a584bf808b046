"""Conditions as formulas of SMT-LIB 2, so that a solver can say what no row can be. Pure: values in, text out.

Rules:

1. A column of a row is two symbols: whether it is known, and its value. A condition is two formulas: that it is true,
   and that it is false. Unknown is neither (:mod:`comity.agreements.meaning`, rules 1 to 4).
2. What every row is, is a fact: intake admits no record that the vocabulary's check refuses, and nothing else writes
   rows. So the bounds of days and numbers, the codes of a list, the fields that are required and the rules across
   fields hold. Not taken for a fact: that a day lies in the past, because it depends on when the row came.
3. A text is a number that stands for it: one for each text that a condition names, others for all other texts. A day
   is the number of its day, a moment that of its microsecond, a code its place in the list.
4. **Today** is any day on which the agreement may be in force. A number of days or weeks is added exactly. So is a
   number of months, month by month, if that is at most :data:`MONTHS_EXACT` months; else it lies within
   :func:`month_bounds`.
5. What depends on more than the row (``exists``, and whether a sealed text is the same but for capitals) is an unknown
   truth, the same wherever the same is asked of the same row.
6. Where a rule says less than is so, more is possible for the solver than for a row. It can then see a row where there
   is none (which is tried on the oracle, :mod:`comity.agreements.claims`), but never miss one that there is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil, floor
from typing import Final, TypeAlias
from uuid import UUID

from comity.agreements.conditions import ENVELOPE, MAX_COUNT
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
    Operand,
    Operator,
    Or,
    Today,
    Unit,
    Within,
)
from comity.agreements.printing import print_condition
from comity.agreements.reach import Scene
from comity.vocabulary.check import EARLIEST, LATEST, bounds
from comity.vocabulary.models import Field, FieldType, Vocabulary

MONTHS_EXACT: Final = 60  # months of `today` that are told one by one; agreements are made for a year or two

MAX_YEARS: Final = MAX_COUNT[Unit.YEARS]

_MONTHS_IN_YEAR: Final = 12
_MEAN_MONTH: Final = 146_097 / 4_800  # days; 400 years of the Gregorian calendar are 146,097
_OFF_MEAN: Final = 5  # days by which a number of months can differ from its mean; tested over four centuries
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SYMBOL: Final = re.compile(r"\b[kvtfmio]\d+\b|\b(?:today|recipient|requester)\b")
_SIGNS: Final = {Operator.UNEQUAL: "distinct"}

Value: TypeAlias = str | int | bool | date | datetime | UUID


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of one row: the symbols of whether it is known, and of its value."""

    row: str
    column: Column
    type: FieldType
    known: str
    value: str


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something asked of a row that cannot be seen in it: the symbols of its being true, and of its being false."""

    row: str
    node: Exists | Compare
    true: str
    false: str


class Sketch:
    """The symbols of some rows on some day, what is known of every row, and formulas about them.

    ``days`` are the first and the last on which the agreement may be in force; ``providers`` the agencies whose rows
    there are, ``recipients`` those that ask.
    """

    def __init__(
        self, vocabulary: Vocabulary, days: tuple[date, date], providers: Sequence[str], recipients: Sequence[str]
    ) -> None:
        self.vocabulary = vocabulary
        self.cells: dict[tuple[str, Column], Cell] = {}
        self.opaque: dict[tuple[str, str, tuple[str, ...]], Opaque] = {}
        self._days, self._providers = days, tuple(providers)
        self._lines: list[str] = []
        self._texts: dict[str, int] = {}
        self._fields: dict[Column, Field] = {}
        self._moved: dict[Today, str] = {}
        self._symbols: set[str] = set()
        self._named: dict[str, str] = {}
        self._within: dict[str, frozenset[str]] = {}
        self._said: dict[int, tuple[object, str]] = {}  # by identity: to compare a claim costs more than to say it
        first, last = (each.toordinal() for each in days)
        self._declare("today", "Int", f"(<= {first} today {last})")
        self._declare("recipient", "Int", self._one_of("recipient", recipients))
        self._declare("requester", "Int", "(<= 0 requester)")

    def lines(self, since: int) -> list[str]:
        """Return the declarations and the facts from line ``since`` on, to be told in this order."""
        return self._lines[since:]

    def symbol(self, name: str, sort: str) -> str:
        """Return a symbol of that name, declared once."""
        if name not in self._symbols:
            self._symbols.add(self._declare(name, sort))
        return name

    def name(self, formula: str) -> str:
        """Return a name for a formula, so that it is told once however often it is used."""
        if formula not in self._named:
            self._named[formula] = f"f{len(self._named)}"
            self._within[self._named[formula]] = self.symbols_of(formula)
            self._lines.append(f"(define-fun {self._named[formula]} () Bool {formula})")
        return self._named[formula]

    def named(self, said: object, formula: Callable[[], str]) -> str:
        """Return the name of what ``said`` says as a formula, which is made once of the same object."""
        if id(said) not in self._said:
            self._said[id(said)] = said, self.name(formula())
        return self._said[id(said)][1]

    def symbols_of(self, formula: str) -> frozenset[str]:
        """Return every symbol that a formula speaks of, by whatever name."""
        found = set(_SYMBOL.findall(formula))
        return frozenset(found).union(*(self._within[name] for name in found if name in self._within))

    # --- formulas ----------------------------------------------------------------------------------------------------

    def holds(self, node: Condition, truth: bool, scene: Scene, providers: tuple[str, ...]) -> str:
        """Return the formula that ``node`` is ``truth`` (not: that it is not the opposite) of the rows of ``scene``.

        ``providers`` are those whose rows an ``exists`` looks among.
        """
        match node:
            case And(operands) | Or(operands):
                joint = "and" if isinstance(node, And) is truth else "or"
                return f"({joint} {' '.join(self.holds(each, truth, scene, providers) for each in operands)})"
            case Not(operand):
                return self.holds(operand, not truth, scene, providers)
            case Everyone():
                return str(truth).lower()
            case IsNull(column):
                known = self.cell(scene[column.record], column).known
                return f"(not {known})" if truth else known
            case Exists():
                asked = self._exists(node, scene, providers)
                return asked.true if truth else asked.false
            case _:
                return self._leaf(node, truth, scene)

    def _leaf(self, node: Compare | BooleanField | In | Between | Within, truth: bool, scene: Scene) -> str:
        if isinstance(node, Compare) and self._is_sealed(node.left):
            asked = self._same_sealed(node, scene)
            return asked.true if truth else asked.false
        cells, formula = self._compared(node, scene)
        return f"(and {' '.join(cell.known for cell in cells)} {formula if truth else f'(not {formula})'})"

    def _compared(self, node: Compare | BooleanField | In | Between | Within, scene: Scene) -> tuple[list[Cell], str]:
        """Return the cells that must be known, and the two-valued formula over their values."""
        column = node.left if isinstance(node, Compare) else node.column
        cell = self.cell(scene[column.record], column)
        match node:
            case BooleanField():
                return [cell], cell.value
            case In(_, values):
                same = " ".join(f"(= {cell.value} {self._operand(each, cell)})" for each in values)
                return [cell], f"(or {same})"
            case Between(_, low, high):
                return [cell], f"(<= {self._operand(low, cell)} {cell.value} {self._operand(high, cell)})"
            case Within(_, count, unit, past):
                far = self._operand(Today(-count if past else count, unit), cell)
                first, last = (far, "today") if past else ("today", far)
                return [cell], f"(<= {first} {cell.value} {last})"
            case Compare(_, operator, Column() as other):
                beside = self.cell(scene[other.record], other)
                return [cell, beside], f"({_SIGNS.get(operator, operator)} {cell.value} {beside.value})"
            case Compare(_, operator, right):
                return [cell], f"({_SIGNS.get(operator, operator)} {cell.value} {self._operand(right, cell)})"

    def _operand(self, operand: Operand, beside: Cell) -> str:
        if isinstance(operand, Today):
            return self._today(operand)
        if isinstance(operand, Asker):
            return operand.value
        return self._number(operand.value, beside) if isinstance(operand, Literal) else ""

    def _number(self, value: Value, beside: Cell) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, str) and beside.type is FieldType.CODE:
            return str(self._codes(beside.column).index(value))
        if isinstance(value, str):
            return str(self._text(value))
        if isinstance(value, datetime):
            value = (value - _EPOCH) // _MICROSECOND
        return _signed(value.toordinal() if isinstance(value, date) else int(value))

    # --- what is known of every row ----------------------------------------------------------------------------------

    def cell(self, row: str, column: Column) -> Cell:
        """Return the symbols of a column of a row, with the facts about it told once."""
        found = self.cells.get((row, column))
        if found is None:
            number, kind = len(self.cells), self._type(column)
            field = self._field(column)
            always = field is None or field.required
            known = "true" if always else self._declare(f"k{number}", "Bool")
            found = Cell(row, column, kind, known, f"v{number}")
            self._declare(found.value, "Bool" if kind is FieldType.BOOLEAN else "Int", *self._facts(found, field))
            self.cells[row, column] = found
            self._rules(found)
        return found

    def _facts(self, cell: Cell, field: Field | None) -> Iterator[str]:
        match cell.type:
            case FieldType.DATE:
                yield f"(<= {EARLIEST.toordinal()} {cell.value} {LATEST.toordinal()})"
            case FieldType.TIMESTAMP:
                ends = [datetime(each.year, each.month, each.day, tzinfo=UTC) for each in (EARLIEST, LATEST)]
                low, high = ((each - _EPOCH) // _MICROSECOND for each in (ends[0], ends[1] + timedelta(days=1)))
                yield f"(<= {_signed(low)} {cell.value} {_signed(high)})"
            case FieldType.INTEGER if field is not None:
                low, high = bounds(field)
                yield f"(<= {_signed(low)} {cell.value} {_signed(high)})"
            case FieldType.CODE:
                yield f"(<= 0 {cell.value} {len(self._codes(cell.column)) - 1})"
            case FieldType.TEXT | FieldType.REFERENCE:
                yield f"(<= 0 {cell.value})"
                if cell.column.field == "agency":
                    yield self._one_of(cell.value, self._providers)

    def _rules(self, cell: Cell) -> None:
        """Tell the rules across fields that this cell completes; one whose other side may be left out says nothing."""
        record_type = self.vocabulary.record_type(cell.column.record)
        for rule in record_type.rules:
            if cell.column.field not in (rule.left, rule.right):
                continue
            other = Column(record_type.name, rule.right if cell.column.field == rule.left else rule.left)
            if (cell.row, other) in self.cells:
                left, right = (self.cells[cell.row, Column(other.record, name)] for name in (rule.left, rule.right))
                holds = f"({rule.operator} {left.value} {right.value})"
                self._lines.append(f"(assert (=> (and {left.known} {right.known}) {holds}))")
            elif record_type.field(other.field).required:
                self.cell(cell.row, other)

    def _type(self, column: Column) -> FieldType:
        if column.field == "agency":
            return FieldType.TEXT
        field = self._field(column)
        return FieldType.CODE if field is None else field.type

    def _field(self, column: Column) -> Field | None:
        """Return the vocabulary's field; ``None`` for a column of the envelope, which every row has."""
        record_type = self.vocabulary.record_type(column.record)
        found = self._fields.get(column) or next((it for it in record_type.fields if it.name == column.field), None)
        if found is None and column.field not in ENVELOPE:
            raise KeyError(column)
        return self._fields.setdefault(column, found) if found else None

    def _codes(self, column: Column) -> tuple[str, ...]:
        field = self._field(column)
        if field is not None:
            return field.codes
        return tuple(self.vocabulary.subject_categories) if column.field == "whose" else ("fact", "opinion")

    def _is_sealed(self, column: Column) -> bool:
        field = self._field(column)
        return field is not None and field.sealed

    # --- unknown truths, days and texts ------------------------------------------------------------------------------

    def _exists(self, node: Exists, scene: Scene, providers: tuple[str, ...]) -> Opaque:
        return self._asked(scene[node.of] if node.of else "", node, providers)

    def _same_sealed(self, node: Compare, scene: Scene) -> Opaque:
        return self._asked(scene[node.left.record], node, ())

    def _asked(self, row: str, node: Exists | Compare, providers: tuple[str, ...]) -> Opaque:
        key = row, print_condition(node), providers
        if key not in self.opaque:
            number = 2 * len(self.opaque)
            true, false = f"t{number}", f"t{number + 1}"
            self._declare(true, "Bool")
            self._declare(false, "Bool", f"(not (and {true} {false}))")
            if isinstance(node, Compare):  # the field is known, or it is not
                self._lines.append(f"(assert (= {self.cell(row, node.left).known} (or {true} {false})))")
            self.opaque[key] = Opaque(row, node, true, false)
        return self.opaque[key]

    def _today(self, moved: Today) -> str:
        if moved.unit in {Unit.DAYS, Unit.WEEKS} or not moved.count:
            days = moved.count * (7 if moved.unit is Unit.WEEKS else 1)
            return f"(+ today {_signed(days)})" if days else "today"
        months = Today(moved.count * (_MONTHS_IN_YEAR if moved.unit is Unit.YEARS else 1), Unit.MONTHS)
        if months not in self._moved:
            name = self._moved[months] = f"m{len(self._moved)}"
            self._declare(name, "Int", *_months_from_today(name, months, self._days))
        return self._moved[months]

    def _text(self, text: str) -> int:
        return self._texts.setdefault(text, len(self._texts))

    def _one_of(self, symbol: str, texts: Sequence[str]) -> str:
        return f"(or {' '.join(f'(= {symbol} {self._text(each)})' for each in texts)})"

    def _declare(self, name: str, sort: str, *facts: str) -> str:
        self._lines.append(f"(declare-const {name} {sort})")
        self._lines.extend(f"(assert {fact})" for fact in facts)
        return name

    # --- back into values --------------------------------------------------------------------------------------------

    def value_of(self, cell: Cell, number: int | bool) -> Value:
        """Return the value that a number stands for, in the Python type of the cell's type."""
        read: Mapping[FieldType, Callable[[int], Value]] = {
            FieldType.BOOLEAN: bool,
            FieldType.DATE: date.fromordinal,
            FieldType.TIMESTAMP: lambda microseconds: _EPOCH + microseconds * _MICROSECOND,
            FieldType.INTEGER: int,
            FieldType.CODE: self._codes(cell.column).__getitem__,
            FieldType.REFERENCE: lambda number: UUID(int=number + 1),
            FieldType.TEXT: self.text_of,
        }
        return read[cell.type](number)

    def text_of(self, number: int) -> str:
        """Return the text that a number stands for; of one that no condition names, a text of its own."""
        known = list(self._texts)
        return known[number] if number < len(known) else f"{OTHER_TEXT} {number - len(known) + 1}"


OTHER_TEXT: Final = "\N{HORIZONTAL ELLIPSIS}"  # begins a text that stands for any that no condition names


def month_bounds(months: int) -> tuple[int, int]:
    """Return the fewest and the most days that a number of months can be, whatever the day it is counted from."""
    mean = months * _MEAN_MONTH
    return floor(mean) - _OFF_MEAN, ceil(mean) + _OFF_MEAN


def _months_from_today(name: str, moved: Today, days: tuple[date, date]) -> Iterator[str]:
    first, last = days
    months = (last.year - first.year) * _MONTHS_IN_YEAR + last.month - first.month + 1
    if months > MONTHS_EXACT or not all(_has_century_around(each) for each in days):
        low, high = month_bounds(moved.count)
        yield f"(<= (+ today {_signed(low)}) {name} (+ today {_signed(high)}))"
        return
    for number in range(months):
        year, month = divmod(first.year * _MONTHS_IN_YEAR + first.month - 1 + number, _MONTHS_IN_YEAR)
        start = date(year, month + 1, 1)
        end = day(Today(1, Unit.MONTHS), start) - timedelta(days=1)
        # From its first day on, day by day, until the other month ends; its later days are that month's last.
        far, farthest = day(moved, start).toordinal(), day(moved, end).toordinal()
        moved_on = f"(+ today {_signed(far - start.toordinal())})"
        within = f"(<= {start.toordinal()} today {end.toordinal()})"
        yield f"(=> {within} (= {name} (ite (<= {moved_on} {farthest}) {moved_on} {farthest})))"


def _has_century_around(each: date) -> bool:
    """Whether every day that a length of time leads to from here is one that Python can name."""
    return date.min.year + MAX_YEARS < each.year < date.max.year - MAX_YEARS


def _signed(number: int) -> str:
    return str(number) if number >= 0 else f"(- {-number})"
