"""A condition back into text, in the one form that is signed. Reading the text again gives the same tree."""

from __future__ import annotations

from datetime import date, datetime
from functools import singledispatch

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
    Or,
    Today,
    Within,
)


@singledispatch
def print_condition(node: Condition) -> str:
    """Return the condition's text: every field with its record, single spaces, brackets only where they are needed."""
    raise TypeError(node)


@print_condition.register
def _(node: Compare) -> str:
    return f"{node.left} {node.operator} {_operand(node.right)}"


@print_condition.register
def _(node: BooleanField) -> str:
    return str(node.column)


@print_condition.register
def _(node: IsNull) -> str:
    return f"{node.column} is null"


@print_condition.register
def _(node: In) -> str:
    return f"{node.column} in ({', '.join(_operand(value) for value in node.values)})"


@print_condition.register
def _(node: Between) -> str:
    return f"{node.column} between {_operand(node.low)} and {_operand(node.high)}"


@print_condition.register
def _(node: Within) -> str:
    return f"{node.column} within {'last ' if node.past else ''}{node.count} {node.unit}"


@print_condition.register
def _(node: Exists) -> str:
    of = f" of {node.of}" if node.of else ""
    where = f" where {print_condition(node.where)}" if node.where else ""
    return f"exists ({node.record}{of}{where})"


@print_condition.register
def _(node: Not) -> str:
    return f"not {_bracketed(node.operand, And, Or)}"


@print_condition.register
def _(node: And) -> str:
    return " and ".join(_bracketed(each, And, Or) for each in node.operands)


@print_condition.register
def _(node: Or) -> str:
    return " or ".join(_bracketed(each, Or) for each in node.operands)


@print_condition.register
def _(node: Everyone) -> str:  # noqa: ARG001 - dispatched on its type
    return "everyone"


def _bracketed(node: Condition, *looser: type[Condition]) -> str:
    text = print_condition(node)
    return f"({text})" if isinstance(node, looser) else text


def _operand(operand: Operand) -> str:
    if isinstance(operand, Column):
        return str(operand)
    if isinstance(operand, Asker):
        return operand.value
    if isinstance(operand, Today):
        sign = "-" if operand.count < 0 else "+"
        return f"today {sign} {abs(operand.count)} {operand.unit}" if operand.count else "today"
    return _literal(operand.value)


def _literal(value: str | int | bool | date | datetime) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = value.isoformat() if isinstance(value, date) else value
    return "'" + text.replace("'", "''") + "'"
