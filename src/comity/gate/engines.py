r"""Which engines carry out a compiled query, and how each says what PostgreSQL says. Pure.

A query is compiled once, as PostgreSQL's. For another engine its tree is said anew, node by node:

1. Whatever is not known here is refused (:class:`UncompilableError`), never passed on in the hope that it means the
   same.
2. Instants are kept without a zone, in UTC, by every engine but PostgreSQL; what is bound is turned into one first. So
   no engine's own idea of a zone counts.
3. Patterns are written so that PostgreSQL, Python, RE2 (DuckDB) and Java (Spark) read them alike, but for the end of a
   text, which is ``\Z`` to the first two and ``\z`` to the others.
4. Where nothing is found, DuckDB and Spark give an empty text, and PostgreSQL gives nothing: so do all, here.
5. Each table goes by a name that no column has: DuckDB reads ``person.name`` as a part of a column ``person``, if there
   is one.
6. Spark keeps ids as text, in the one form in which every engine writes them.
7. Whether a value is among those of a list that is bound, a list is asked: DuckDB would make a table of the list and
   join every row to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlglot import exp

from comity.gate.errors import UncompilableError


class Engine(StrEnum):
    """What carries a compiled query out."""

    POSTGRESQL = "postgresql"
    DUCKDB = "duckdb"
    SPARK = "spark"


def rendered(tree: exp.Expr, engine: Engine) -> str:
    """Return the query as that engine reads it; its parameters go by name, as the engine's driver names them.

    :class:`UncompilableError` if something in it has no meaning there that is known to be the same.
    """
    if engine is Engine.POSTGRESQL:
        return str(tree.sql(dialect="postgres", identify=True))
    anew = tree.copy()
    _rename_tables(anew)
    for node in reversed(list(anew.walk(bfs=True))):  # what is inside is said before what it is inside of
        said = _said(node, _SAID[engine])
        if said is not node:
            node.replace(said)
    return str(anew.sql(dialect=engine.value, identify=True))


def named(tree: exp.Expr) -> frozenset[str]:
    """Return the names of the parameters of a query."""
    return frozenset(str(it.this) for it in tree.find_all(exp.Placeholder))


def bindable(value: Any, engine: Engine) -> Any:
    """Return a value as that engine's driver takes it."""
    if engine is not Engine.POSTGRESQL and isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    return str(value) if engine is Engine.SPARK and isinstance(value, UUID) else value


def _rename_tables(tree: exp.Expr) -> None:
    for node in tree.find_all(exp.Table, exp.Subquery):
        name = node.alias or (node.name if isinstance(node, exp.Table) else "")
        if name:
            node.set("alias", exp.TableAlias(this=exp.to_identifier(f"{_TABLE}{name}", quoted=True)))
    for column in tree.find_all(exp.Column):
        if column.table:
            column.set("table", exp.to_identifier(f"{_TABLE}{column.table}", quoted=True))


_TABLE: Final = "the_"

# --- node by node ----------------------------------------------------------------------------------------------------

_Say = Callable[[list[exp.Expr]], exp.Expr]


def _said(node: exp.Expr, said: Mapping[str, _Say]) -> exp.Expr:
    if isinstance(node, exp.AtTimeZone):
        return _in_utc(node)
    if isinstance(node, exp.DataType):
        return _type(node, spark=said is _IN_SPARK)
    if isinstance(node, exp.EQ) and isinstance(node.expression, exp.Any):
        return exp.ArrayContains(this=node.expression.this.unnest(), expression=node.this)
    if isinstance(node, exp.Anonymous):
        say = said.get(node.name.upper())
        if say is None:
            raise UncompilableError(f"The engine is not known to have the function {node.name}.")
        return say(list(node.expressions))
    return node


def _in_utc(node: exp.AtTimeZone) -> exp.Expr:
    if node.args["zone"].name != "UTC":
        raise UncompilableError("Instants are kept in UTC, and in no other zone.")
    instant: exp.Expr = node.this
    return instant


def _type(node: exp.DataType, *, spark: bool) -> exp.DataType:
    if node.this is exp.DataType.Type.TIMESTAMPTZ:
        return exp.DataType(this=exp.DataType.Type.TIMESTAMPNTZ if spark else exp.DataType.Type.TIMESTAMP)
    if node.this is exp.DataType.Type.UUID and spark:
        return exp.DataType(this=exp.DataType.Type.TEXT)
    return node


#: Each form of a day or an instant in which something leaves, as PostgreSQL, DuckDB and Spark write it.
_FORMS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "YYYY-MM-DD": ("%Y-%m-%d", "yyyy-MM-dd"),
        "YYYYMMDD": ("%Y%m%d", "yyyyMMdd"),
        "YYYY-MM": ("%Y-%m", "yyyy-MM"),
        "YYYY": ("%Y", "yyyy"),
        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"': ("%Y-%m-%dT%H:%M:%S.%fZ", "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'"),
    }
)


def _form(form: exp.Expr, place: int) -> exp.Expr:
    forms = _FORMS.get(form.name)
    if forms is None:
        raise UncompilableError(f"No engine is known to write a day as {form.name!r}.")
    return exp.Literal.string(forms[place])


def _pattern(pattern: exp.Expr) -> exp.Expr:
    return exp.Literal.string(pattern.name.replace(r"\Z", r"\z"))


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _something(text: exp.Expr) -> exp.Expr:
    return exp.Nullif(this=text, expression=exp.Literal.string(""))


def _first_group(arguments: list[exp.Expr]) -> exp.Expr:
    text, pattern = arguments
    return _something(_call("REGEXP_EXTRACT", text, _pattern(pattern), exp.Literal.number(1)))


def _replaced_in_spark(arguments: list[exp.Expr]) -> exp.Expr:
    text, pattern, by, everywhere = arguments
    if everywhere.name != "g":
        raise UncompilableError("Spark replaces a pattern everywhere or not at all.")
    return _call("REGEXP_REPLACE", text, _pattern(pattern), exp.Literal.string(by.name.replace("\\1", "$1")))


def _replaced_in_duckdb(arguments: list[exp.Expr]) -> exp.Expr:
    text, pattern, by, everywhere = arguments
    return _call("REGEXP_REPLACE", text, _pattern(pattern), by, everywhere)


def _hex(arguments: list[exp.Expr]) -> exp.Expr:
    value, encoding = arguments
    if encoding.name != "hex":
        raise UncompilableError("Bytes are written as hexadecimal digits, and in no other way.")
    return exp.Lower(this=_call("HEX", value))


_IN_DUCKDB: Final[Mapping[str, _Say]] = MappingProxyType(
    {
        "TO_CHAR": lambda it: _call("STRFTIME", it[0], _form(it[1], 0)),
        "SUBSTRING": _first_group,
        "REGEXP_REPLACE": _replaced_in_duckdb,
        "ENCODE": _hex,
    }
)
_IN_SPARK: Final[Mapping[str, _Say]] = MappingProxyType(
    {
        "TO_CHAR": lambda it: _call("DATE_FORMAT", it[0], _form(it[1], 1)),
        "SUBSTRING": _first_group,
        "REGEXP_REPLACE": _replaced_in_spark,
        "ENCODE": _hex,
    }
)
_SAID: Final[Mapping[Engine, Mapping[str, _Say]]] = MappingProxyType(
    {Engine.DUCKDB: _IN_DUCKDB, Engine.SPARK: _IN_SPARK}
)
