"""Small pieces of SQLGlot trees that every part of a statement is built from. Pure.

Every table of the record enters a statement through :func:`held`, so that the first wall, which is the filter on the
agreement's providers, stands in one place.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, reduce

from sqlglot import exp, parse_one

from comity.vocabulary.models import Vocabulary

PROVIDERS = exp.cast(exp.Placeholder(this="providers"), "text[]")
"""The agencies whose records the agreement lets out, as every compiled statement binds them."""


def typed(value: exp.Expr, kind: str) -> exp.Expr:
    """Return ``value`` with its type stated."""
    return exp.Cast(this=value, to=_kind(kind))


@cache
def _kind(name: str) -> exp.DataType:
    return exp.DataType.build(name, dialect="postgres")


def every(*conditions: exp.Expr) -> exp.Expr:
    """Return that each of the conditions holds."""
    return exp.and_(*conditions, copy=False)


def some(*conditions: exp.Expr) -> exp.Expr:
    """Return that one of the conditions holds."""
    return exp.or_(*conditions, copy=False)


def parsed(sql: str) -> exp.Expr:
    """Return the tree of a statement of ours, from a file of queries: a copy of its own for each caller."""
    return _parsed(sql).copy()


@cache
def _parsed(sql: str) -> exp.Expr:
    return parse_one(sql, dialect="postgres")


def column(table: str, name: str) -> exp.Expr:
    """Return ``table.name``."""
    return exp.column(name, table=table, quoted=True)


def held(record: str, *columns: exp.Expr | str) -> exp.Select:
    """Return a select from the rows of one record type that providers hold; the table goes by the type's name."""
    chosen = [column(record, each) if isinstance(each, str) else each for each in columns]
    return exp.select(*chosen).from_(record_table(record), copy=False).where(held_by_providers(record), copy=False)


def record_table(record: str) -> exp.Expr:
    """Return the table of a record type, under the type's own name."""
    return exp.table_(record, db="record", quoted=True, alias=exp.to_identifier(record, quoted=True))


def held_by_providers(table: str) -> exp.Expr:
    """Return the first wall: the row is a provider's."""
    return exp.EQ(this=column(table, "agency"), expression=exp.Any(this=exp.paren(PROVIDERS.copy())))


def is_in(value: exp.Expr, cte: str, name: str, *conditions: exp.Expr) -> exp.Expr:
    """Return ``value in (select name from cte where ...)``."""
    query = exp.select(column(cte, name)).from_(exp.table_(cte, quoted=True), copy=False)
    return exp.In(this=value, query=exp.Subquery(this=query.where(*conditions, copy=False) if conditions else query))


def is_there(value: exp.Expr) -> exp.Expr:
    """Return ``value is not null``."""
    return exp.paren(exp.not_(exp.Is(this=value, expression=exp.Null())))


def neither(condition: exp.Expr) -> exp.Expr:
    """Return ``not (condition)``."""
    return exp.not_(exp.paren(condition))


def union(queries: Iterable[exp.Expr]) -> exp.Expr:
    """Return the rows of all of the queries, each as often as it comes."""
    return reduce(lambda one, other: exp.union(one, other, distinct=False, copy=False), queries)


def references(record: str, to: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the fields of a record type that refer to another."""
    return tuple(field.name for field in vocabulary.record_type(record).fields if field.references == to)


def reference(record: str, to: str, vocabulary: Vocabulary) -> exp.Expr | None:
    """Return the column of ``record`` that refers to ``to``, or ``None``; two such columns have no rule here."""
    names = references(record, to, vocabulary)
    if len(names) > 1:
        raise RuntimeError(f"{record} refers to {to} in more than one way")
    return column(record, names[0]) if names else None


def needed(statement: exp.Expr, parts: list[tuple[str, exp.Expr]]) -> list[tuple[str, exp.Expr]]:
    """Return those of the parts, in order, that the statement reads from, or a part that it does; and what writes."""
    read = _read_by(statement)
    chosen = []
    for name, query in reversed(parts):
        if name in read or isinstance(query, exp.Insert):
            chosen.append((name, query))
            read |= _read_by(query)
    return chosen[::-1]


def _read_by(query: exp.Expr) -> set[str]:
    return {table.name for table in query.find_all(exp.Table) if not table.db}
