"""Compile what an agreement lets out about everyone: the query that a file, a number or a forecast is made from. Pure.

Rules:

1. Which rows leave, and in which form, is said by the very parts that a read is compiled from (:mod:`comity.gate.scope`
   and :mod:`comity.gate.release`): the rows that leave on one person's account are those that a read of that person
   releases.
2. People are taken a stretch of ids at a time: ``first`` to ``last``, both included, so that what is asked of many
   takes no more room than what is asked of one stretch. Nobody is in two.
3. What is made of the rows is the caller's: a query that reads from ``released``. Every column that leaves has its type
   stated, and every function is on the list of :mod:`comity.gate.compile`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlglot import exp

from comity.agreements.consent import LETS_LEAVE
from comity.gate.compile import refuse_unknown_functions
from comity.gate.conditions import Compiler, Slot, Slots
from comity.gate.errors import UncompilableError
from comity.gate.models import Act, Clause, Verdict
from comity.gate.release import Columns, needs_others, others, rows
from comity.gate.scope import Cte, scope
from comity.gate.trees import needed
from comity.vocabulary.models import Vocabulary

LOWEST: Final = UUID(int=0)
HIGHEST: Final = UUID(int=(1 << 128) - 1)


@dataclass(frozen=True, slots=True)
class Wide:
    """A query about everyone within a stretch of ids; its parameters go by name.

    ``slots`` are the agreement's own (:func:`comity.gate.compile.bind`); the rest are those of :func:`asked`.
    """

    tree: exp.Select
    slots: Mapping[str, Slot]

    @property
    def sql(self) -> str:
        """Return the query for PostgreSQL, with parameters as psycopg names them."""
        return str(self.tree.sql(dialect="postgres", identify=True))


def wide(
    verdict: Verdict,
    act: Act,
    clauses: tuple[Clause, ...],
    columns: Columns,
    final: exp.Select,
    vocabulary: Vocabulary,
) -> Wide:
    """Return ``final``, which reads from ``released``: the rows that leave by ``clauses``, with ``columns``.

    ``released`` has, before these, ``clause`` (int), ``account``, ``record_id`` and ``source_person`` (uuid). It has a
    row for each account on which a row of the record leaves, and for each clause. :class:`UncompilableError` if the
    verdict is a refusal or there are no clauses.
    """
    if not verdict.permitted or not clauses:
        raise UncompilableError("What is not permitted releases nothing, so there is nothing to compile.")
    compiler = Compiler(vocabulary, Slots())
    parts = list(_parts(verdict, act, clauses, columns, compiler))
    statement = final.copy()
    for name, query in needed(statement, parts):
        statement = statement.with_(exp.to_identifier(name, quoted=True), as_=query, recursive=True, copy=False)
    refuse_unknown_functions(statement)
    return Wide(statement, compiler.slots.named())


def asked(verdict: Verdict, today: date, first: UUID = LOWEST, last: UUID = HIGHEST) -> dict[str, Any]:
    """Return what a wide query binds besides its slots."""
    agreement = verdict.agreement
    return {
        "providers": list(agreement.providers),
        "agreement": agreement.name,
        "consents": list(LETS_LEAVE[agreement.consent] or ()),
        "today": today,
        "first": first,
        "last": last,
    }


def _parts(verdict: Verdict, act: Act, clauses: tuple[Clause, ...], columns: Columns, compiler: Compiler) -> list[Cte]:
    by_consent = LETS_LEAVE[verdict.agreement.consent] is not None
    parts = list(scope(act, (), verdict.agreement.about, compiler, by_consent=by_consent))
    if needs_others(clauses):
        parts.append(("other", others(compiler.vocabulary)))
    return [*parts, ("released", rows(act, clauses, compiler, columns))]
