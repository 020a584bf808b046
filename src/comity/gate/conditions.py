"""Conditions of an agreement as SQLGlot trees. Pure. The meaning is that of :mod:`comity.agreements.meaning`.

Rules:

1. SQL's own three-valued logic is the meaning: what is unknown is not true, and only true releases. So a condition
   stands where only *true* passes (a ``where``), and nothing here turns unknown into anything else.
2. No value of an agreement stands in the text: each is a parameter with its type.
3. ``today`` is a parameter for each distance from it, reckoned in Python, so that no engine's calendar counts.
4. A sealed field is compared by its blind index, for equality with a text, and in no other way.
5. A node that is not handled here cannot be compiled: it is refused, never skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import singledispatchmethod
from types import MappingProxyType
from typing import Final, TypeAlias

from sqlglot import exp

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
    Literal,
    Not,
    Operand,
    Operator,
    Or,
    Today,
    Within,
)
from comity.gate.errors import UncompilableError
from comity.gate.trees import every, some, typed
from comity.vocabulary.models import Vocabulary

# --- parameters ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Blind:
    """A parameter: the blind index of ``text`` in ``column`` (``person.safe_contact``), made when it is bound."""

    column: str
    text: str


Slot: TypeAlias = Literal | Today | Blind

_TYPES: Final[Mapping[type, str]] = MappingProxyType(
    {bool: "boolean", int: "bigint", str: "text", datetime: "timestamptz", date: "date"}
)


class Slots:
    """The parameters of one statement, named in the order in which they come up; equal ones share a name."""

    def __init__(self) -> None:
        self._names: dict[tuple[type, Slot], str] = {}

    def place(self, slot: Slot) -> exp.Expr:
        """Return the placeholder of ``slot``, cast to its type."""
        kind = type(slot.value) if isinstance(slot, Literal) else type(slot)  # true is not 1
        name = self._names.setdefault((kind, slot), f"c{len(self._names)}")
        return typed(exp.Placeholder(this=name), _type_of(slot))

    def named(self) -> Mapping[str, Slot]:
        """Return each parameter by its name."""
        return MappingProxyType({name: slot for (_, slot), name in self._names.items()})


def _type_of(slot: Slot) -> str:
    if isinstance(slot, Today):
        return "date"
    return "bytea" if isinstance(slot, Blind) else _TYPES[type(slot.value)]


# --- conditions ------------------------------------------------------------------------------------------------------

_OPERATORS: Final[Mapping[Operator, Callable[..., exp.Expr]]] = MappingProxyType(
    {
        Operator.EQUAL: exp.EQ,
        Operator.UNEQUAL: exp.NEQ,
        Operator.LESS: exp.LT,
        Operator.AT_MOST: exp.LTE,
        Operator.GREATER: exp.GT,
        Operator.AT_LEAST: exp.GTE,
    }
)


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles conditions over tables whose aliases are the names of their record types."""

    vocabulary: Vocabulary
    slots: Slots

    @singledispatchmethod
    def tree(self, node: Condition) -> exp.Expr:
        """Return the condition's tree, in brackets where it has parts; :class:`UncompilableError` for another node."""
        raise UncompilableError(f"The gate has no rule for {type(node).__name__} in a condition.")

    @tree.register
    def _(self, node: Everyone) -> exp.Expr:  # noqa: ARG002 - dispatched on its type
        return exp.true()

    @tree.register
    def _(self, node: Compare) -> exp.Expr:
        if self._sealed(node.left):
            return self._sealed_equality(node)
        return _OPERATORS[node.operator](this=self._column(node.left), expression=self._operand(node.right))

    @tree.register
    def _(self, node: BooleanField) -> exp.Expr:
        return self._column(node.column)

    @tree.register
    def _(self, node: IsNull) -> exp.Expr:
        return exp.Is(this=self._column(node.column), expression=exp.Null())

    @tree.register
    def _(self, node: In) -> exp.Expr:
        return exp.In(this=self._column(node.column), expressions=[self.slots.place(each) for each in node.values])

    @tree.register
    def _(self, node: Between) -> exp.Expr:
        return self._span(node.column, node.low, node.high)

    @tree.register
    def _(self, node: Within) -> exp.Expr:
        far = Today(-node.count if node.past else node.count, node.unit)
        first, last = (far, Today()) if node.past else (Today(), far)
        return self._span(node.column, first, last)

    @tree.register
    def _(self, node: Not) -> exp.Expr:
        return exp.Not(this=exp.paren(self.tree(node.operand)))

    @tree.register
    def _(self, node: And) -> exp.Expr:
        return exp.paren(every(*(self.tree(each) for each in node.operands)))

    @tree.register
    def _(self, node: Or) -> exp.Expr:
        return exp.paren(some(*(self.tree(each) for each in node.operands)))

    def _span(self, column: Column, low: Operand, high: Operand) -> exp.Expr:
        return exp.Between(this=self._column(column), low=self._operand(low), high=self._operand(high))

    def _operand(self, operand: Operand) -> exp.Expr:
        return self._column(operand) if isinstance(operand, Column) else self.slots.place(operand)

    def _column(self, column: Column) -> exp.Expr:
        if self._sealed(column):
            raise UncompilableError(f"{column} is sealed: a condition may only ask whether it equals a text.")
        return exp.column(column.field, table=column.record, quoted=True)

    def _sealed(self, column: Column) -> bool:
        fields = self.vocabulary.record_type(column.record).fields
        return any(field.sealed for field in fields if field.name == column.field)

    def _sealed_equality(self, node: Compare) -> exp.Expr:
        if (
            node.operator is not Operator.EQUAL
            or not isinstance(node.right, Literal)
            or not isinstance(node.right.value, str)
        ):
            raise UncompilableError(f"{node.left} is sealed: a condition may only ask whether it equals a text.")
        blind = exp.column(f"{node.left.field}_blind", table=node.left.record, quoted=True)
        return exp.EQ(this=blind, expression=self.slots.place(Blind(str(node.left), node.right.value)))
