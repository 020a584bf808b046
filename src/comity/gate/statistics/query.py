"""From a plan to the query for the exact numbers of each cell. Pure.

Rules:

1. Which rows leave is said by :func:`comity.gate.wide.wide`; what is made of them by one fixed statement
   (``queries.sql``). Every value is a parameter.
2. A row is read twice where its type is counted and described: once as what ``counts``, once as what does not.
3. A value that is not one of those counted is :data:`~comity.gate.statistics.cells.REST` before anything is grouped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from sqlglot import exp

from comity.gate.minimise import expression
from comity.gate.models import Act, Clause, Measure, Verdict
from comity.gate.release import Way
from comity.gate.statistics.cells import REST
from comity.gate.statistics.plan import PERSON, Dimension, Plan
from comity.gate.trees import column, every, is_there, parsed, typed
from comity.gate.wide import Wide, wide
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

_QUERIES: Final = load_queries("comity.gate.statistics")
_DIMENSIONS: Final = 3
_DESCRIBING: Final = 1_000_000  # added to the number of a clause that describes, so that one that does both is two


def query(verdict: Verdict, made: Plan, vocabulary: Vocabulary) -> Wide:
    """Return the query for ``d0``, ``d1``, ``d2``, ``rows`` and ``added`` of each cell that is not empty."""
    describing = tuple(replace(it, number=it.number + _DESCRIBING) for it in made.described)
    clauses = (*made.counted, *describing)
    jurisdiction = verdict.agreement.jurisdiction

    def columns(clause: Clause, _: Way) -> Iterable[tuple[str, exp.Expr]]:
        return _columns(made, clause, jurisdiction)

    final = cast("exp.Select", parsed(_QUERIES.cells))
    return wide(verdict, Act.STATISTIC, clauses, columns, final, vocabulary)


def parameters(made: Plan, order: str) -> dict[str, Any]:
    """Return what the query binds of the plan. ``order`` mixes the order in which the rows of a person count."""
    quantity = made.quantity
    lists = {f"v{at}": list(it.values or ()) for at, it in enumerate(made.by)}
    kept = {f"o{at}": list(it.values or ()) for at, it in enumerate(made.only)}
    return {
        **lists,
        **kept,
        "order": order,
        "persons": made.measure is Measure.PERSONS,
        "adds": quantity is not None,
        "low": quantity.low if quantity else 0,
        "high": quantity.high if quantity else 0,
        "middle": made.middle,
        "counted": [it.number for it in made.counted],
        "described": [it.number + _DESCRIBING for it in made.described],
        "anybody": not any(_describes(made, it) for it in made.only),
        "most": made.most,
    }


def _columns(made: Plan, clause: Clause, jurisdiction: str) -> Iterable[tuple[str, exp.Expr]]:
    counts = clause.number < _DESCRIBING
    values = [
        _listed(it, f"v{at}", jurisdiction) if _describes(made, it) is not counts else None
        for at, it in enumerate(made.by)
    ]
    texts: Sequence[exp.Expr | None] = [*values, *[None] * (_DIMENSIONS - len(values))]
    for at, value in enumerate(texts):
        yield f"d{at}", typed(exp.Null(), "text") if value is None else value
    kept = [_among(it, f"o{at}", jurisdiction) for at, it in enumerate(made.only) if _describes(made, it) is not counts]
    yield "fits", typed(exp.paren(every(*kept)) if kept else exp.true(), "boolean")
    yield "counts", typed(exp.true() if counts else exp.false(), "boolean")
    yield "quantity", _quantity(made, clause.record) if counts else typed(exp.Null(), "bigint")
    yield "known", _known(made, clause) if not counts else typed(exp.Literal.number(0), "int")


def _describes(made: Plan, dimension: Dimension) -> bool:
    """Whether a dimension is one of the person, taken from the clauses that describe."""
    return bool(made.described) and dimension.record == PERSON


def _listed(dimension: Dimension, name: str, jurisdiction: str) -> exp.Expr:
    """Return the value if it is one of those counted, else the rest; where they are to be chosen, any value."""
    value = _value(dimension, jurisdiction)
    if dimension.values is not None:
        value = exp.Case().when(_is_one(value, name), value.copy())
    return typed(exp.Coalesce(this=value, expressions=[exp.Literal.string(REST)]), "text")


def _among(dimension: Dimension, name: str, jurisdiction: str) -> exp.Expr:
    kept = _is_one(_value(dimension, jurisdiction), name)
    return exp.Coalesce(this=kept, expressions=[exp.false()])


def _is_one(value: exp.Expr, name: str) -> exp.Expr:
    values = exp.paren(typed(exp.Placeholder(this=name), "text[]"))
    return exp.EQ(this=value, expression=exp.Any(this=values))


def _value(dimension: Dimension, jurisdiction: str) -> exp.Expr:
    stored = column(dimension.record, dimension.field.name)
    return typed(exp.paren(expression(dimension.form, dimension.field, stored, jurisdiction)), "text")


def _quantity(made: Plan, record: str) -> exp.Expr:
    quantity = made.quantity
    if quantity is None:
        return typed(exp.Null(), "bigint")
    value: exp.Expr = column(record, quantity.field)
    if quantity.since is not None:
        value = exp.paren(exp.Sub(this=value, expression=column(record, quantity.since)))
    return typed(value, "bigint")


def _known(made: Plan, clause: Clause) -> exp.Expr:
    """Return how many of the fields that describe a person the row has: the fullest row is taken."""
    total: exp.Expr = exp.Literal.number(0)
    for dimension in dict.fromkeys((*made.by, *made.only)):
        if dimension.record == clause.record:
            there = is_there(column(clause.record, dimension.field.name))
            one = exp.Case().when(there, exp.Literal.number(1)).else_(exp.Literal.number(0))
            total = exp.Add(this=total, expression=one)
    return typed(exp.paren(total), "int")
