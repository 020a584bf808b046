"""Conditions of an agreement as SQLGlot trees. Pure. The meaning is that of :mod:`comity.agreements.meaning`.

Rules:

1. A condition stands where only *true* passes (a ``where``), and its tree is true exactly where the condition is. SQL's
   own three-valued logic says the rest, but for ``exists``, which SQL never finds unknown. So ``not`` is driven
   inwards, and "there is none" is said as "of each it is false": one of which nobody knows stands in the way.
2. No value of an agreement stands in the text: each is a parameter with its type.
3. ``today`` is a parameter for each distance from it, reckoned in Python, so that no engine's calendar counts.
4. A sealed field is compared by its blind index, for equality with a text, and in no other way.
5. Related records come through :func:`comity.gate.trees.held`, as all records do: the providers' and nobody else's.
6. A node that is not handled here cannot be compiled: it is refused, never skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import singledispatchmethod
from types import MappingProxyType
from typing import Final, TypeAlias, cast

from sqlglot import exp

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
    Within,
)
from comity.agreements.related import SHARED, Relation, Way, relation
from comity.gate.errors import UncompilableError
from comity.gate.trees import column, every, held, held_by_providers, is_there, neither, some, typed
from comity.vocabulary.models import Vocabulary

# --- parameters ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Blind:
    """A parameter: the blind index of ``text`` in ``column`` (``person.safe_contact``), made when it is bound."""

    column: str
    text: str


Slot: TypeAlias = Literal | Today | Asker | Blind

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
    if isinstance(slot, Asker):
        return "text"
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
    """Compiles conditions over tables whose aliases are the names of their record types.

    ``person`` is the column of whoever an ``about`` is about; a ``where`` has none.
    """

    vocabulary: Vocabulary
    slots: Slots
    person: exp.Expr | None = None

    def about(self, person: exp.Expr) -> Compiler:
        """Return the same compiler for an ``about`` of the person in that column."""
        return replace(self, person=person)

    # true

    @singledispatchmethod
    def tree(self, node: Condition) -> exp.Expr:
        """Return what is true exactly where the condition is, in brackets where it has parts.

        :class:`UncompilableError` for a node that has no rule here.
        """
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
    def _(self, node: Exists) -> exp.Expr:
        related = self._related(self._relation(node))
        return exp.Exists(this=related.where(self._inside().tree(node.where)) if node.where else related)

    @tree.register
    def _(self, node: Not) -> exp.Expr:
        return self.refuted(node.operand)

    @tree.register
    def _(self, node: And) -> exp.Expr:
        return exp.paren(every(*(self.tree(each) for each in node.operands)))

    @tree.register
    def _(self, node: Or) -> exp.Expr:
        return exp.paren(some(*(self.tree(each) for each in node.operands)))

    # false

    @singledispatchmethod
    def refuted(self, node: Condition) -> exp.Expr:
        """Return what is true exactly where the condition is false."""
        return exp.Not(this=exp.paren(self.tree(node)))

    @refuted.register
    def _(self, node: Not) -> exp.Expr:
        return self.tree(node.operand)

    @refuted.register
    def _(self, node: And) -> exp.Expr:
        return exp.paren(some(*(self.refuted(each) for each in node.operands)))

    @refuted.register
    def _(self, node: Or) -> exp.Expr:
        return exp.paren(every(*(self.refuted(each) for each in node.operands)))

    @refuted.register
    def _(self, node: Exists) -> exp.Expr:
        way = self._relation(node)
        related = self._related(way)
        if way.way is Way.REFERRED:  # the one that is referred to: without it nothing is known
            if node.where is None:
                return exp.Is(this=column(str(way.of), str(way.field)), expression=exp.Null())
            return exp.Exists(this=related.where(self._inside().refuted(node.where)))
        if node.where is not None:
            known_false = exp.Is(this=exp.paren(self._inside().refuted(node.where)), expression=exp.true())
            related = related.where(neither(known_false))
        none = exp.Not(this=exp.Exists(this=related))
        if way.way is Way.SAME_PERSON:
            return exp.paren(every(is_there(column(str(way.of), "source_person")), none))
        return none

    # related records

    def _inside(self) -> Compiler:
        return replace(self, person=None)

    def _relation(self, node: Exists) -> Relation:
        found = relation(node.record, node.of, self.vocabulary)
        if found is None or (node.of is None and self.person is None):
            raise UncompilableError(f"A {node.record} is not related to what this condition is about.")
        return found

    def _related(self, way: Relation) -> exp.Select:
        """Return the query for the related rows. By joins alone, so that each is found through an index."""
        rows = held(way.record, exp.Literal.number(1))
        if way.way is Way.CONCERNS:
            place, key = (f"near_{way.record}", "record_id") if way.record in SHARED else ("kin", "source_person")
            of_the_person = exp.EQ(this=column(place, "person"), expression=cast("exp.Expr", self.person).copy())
            return rows.join(exp.table_(place, quoted=True), on=_equal((way.record, key), (place, key))).where(
                of_the_person
            )
        if way.way is Way.SAME_PERSON:
            return _of_same_human(rows, way.record, str(way.of))
        refers, referred = (way.record, way.of) if way.way is Way.REFERS else (way.of, way.record)
        return rows.where(_equal((str(refers), str(way.field)), (str(referred), "record_id")))

    # values

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


def _of_same_human(rows: exp.Select, record: str, of: str) -> exp.Select:
    """Return those of the rows that are of the human being whose row of type ``of`` is looked at, as providers know."""
    mine, theirs = (
        exp.table_("membership", db="people", quoted=True, alias=exp.to_identifier(name, quoted=True))
        for name in ("myself", "kindred")
    )
    return (
        rows.join(theirs, on=_equal((record, "source_person"), ("kindred", "source_person")))
        .join(mine, on=_equal(("myself", "person"), ("kindred", "person")))
        .where(_equal(("myself", "source_person"), (of, "source_person")))
        .where(held_by_providers("myself"), held_by_providers("kindred"))
    )


def _equal(one: tuple[str, str], other: tuple[str, str]) -> exp.Expr:
    return exp.EQ(this=column(*one), expression=column(*other))
