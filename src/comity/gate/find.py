"""Finding people by what the agreement releases. Pure.

Rules:

1. The index of search tokens proposes; the record decides. A row is a hit only if the very fields that a clause
   releases as they are meet every criterion: an alias that is withheld finds nobody.
2. Only a clause that releases a field for *each* criterion as it is finds and releases; what other clauses say of the
   same row is for a read, once somebody has been found.
3. At most :data:`MOST_FOUND` people are shown, of those whom the agreement covers, and whether there are more. People
   beyond that are not released, so they are in no digest and in nobody's list of uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any, Final

from sqlglot import exp

from comity.gate.models import Search
from comity.gate.trees import column, parsed, some
from comity.people.standardise import day
from comity.people.tokens import name_tokens, number_token
from comity.store import load_queries

MOST_FOUND: Final = 25  # people that one search shows; whoever needs more says more of whom they look for

_PIECES: Final = load_queries("comity.gate", "pieces.sql")


def search_parameters(search: Search) -> dict[str, Any]:
    """Return what a search binds: the words of the name, the day and the number, each in its one standard form."""
    words = sorted(set(name_tokens(search.name or "")), key=lambda word: (-len(word), word))
    return {
        "words": words,
        "longest": words[0] if words else "",
        "born": day(search.birth_date) or "",
        "number": number_token(search.number or "") or "",
    }


def proposals(criteria: tuple[str, ...]) -> exp.Expr:
    """Return the query for the source persons whom the index proposes."""
    pieces = [parsed(getattr(_PIECES, f"hit_by_{each}")) for each in criteria]
    return reduce(exp.intersect, pieces)


def meets(searched: Mapping[str, tuple[str, ...]]) -> Iterator[exp.Expr]:
    """Yield what a person row must meet, by the fields that may be looked by for each criterion."""
    for criterion, fields in searched.items():
        yield _MEETS[criterion]([column("person", name) for name in fields])


def _meets_name(fields: list[exp.Expr]) -> exp.Expr:
    said = exp.Anonymous(this="CONCAT_WS", expressions=[exp.Literal.string(" "), *fields])
    return _of(_PIECES.meets_name, said)


def _meets_birth_date(fields: list[exp.Expr]) -> exp.Expr:
    return _of(_PIECES.meets_birth_date, fields[0])


def _meets_number(fields: list[exp.Expr]) -> exp.Expr:
    return exp.paren(some(*(_of(_PIECES.meets_number, field) for field in fields)))


_MEETS: Final = MappingProxyType({"name": _meets_name, "birth_date": _meets_birth_date, "number": _meets_number})


def _of(piece: str, said: exp.Expr) -> exp.Expr:
    """Return the one condition of a piece, about ``said``."""
    condition = parsed(piece).args["where"].this
    about: exp.Expr = condition.transform(lambda node: said.copy() if _is_said(node) else node)
    return about


def _is_said(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and node.name == "said"
