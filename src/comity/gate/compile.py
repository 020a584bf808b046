"""Compile: a verdict into the one statement that carries it out. Pure: no database, no clock.

Rules:

1. Only a permitted verdict is compiled. What the verdict does not permit is in no statement.
2. One statement reads, minimises, digests, writes the log and whom it was about, and queues the ledger's entry. There
   is no order in which something could be released first.
3. Every name in the text comes from the vocabulary or from a file of ours. Every value is a parameter. Every column
   that leaves has its type stated. Every function in the text is one of :data:`FUNCTIONS`; any other is our mistake.
4. The same version of an agreement, the same act and the same vocabulary give the same text; it is compiled once.

The parts, each a common table expression: who is asked for and covered (:mod:`comity.gate.scope`), which rows leave
(:mod:`comity.gate.release`), and what is written (``queries.sql``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import takewhile
from types import MappingProxyType
from typing import Any, Final, cast

from sqlglot import exp

from comity.agreements.consent import LETS_LEAVE
from comity.agreements.meaning import day
from comity.agreements.models import Asker, Literal, Today
from comity.gate.conditions import Blind, Compiler, Slot, Slots
from comity.gate.decide import searched_fields
from comity.gate.due import due_query, unchanged_query
from comity.gate.errors import UncompilableError
from comity.gate.lines import Lines, lines_of
from comity.gate.models import Act, Asked, Clause, Requester, Search, Verdict
from comity.gate.release import candidates, is_opened_later, needs_others, others, readable, released
from comity.gate.scope import Cte, scope
from comity.gate.trees import needed, parsed, typed
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

_QUERIES: Final = load_queries("comity.gate")
_PIECES: Final = load_queries("comity.gate", "pieces.sql")
_NOTICES: Final = load_queries("comity.gate", "notices.sql")

#: Functions of PostgreSQL that a compiled statement may call.
FUNCTIONS: Final = frozenset({
    "any", "array_agg", "bit_or", "cardinality", "chr", "coalesce", "concat", "concat_ws", "convert_to", "count",
    "current_timestamp", "encode", "exists", "generate_series", "greatest", "json_agg", "json_build_array",
    "json_to_recordset", "least", "length", "lower", "md5", "normalize", "position", "regexp_replace", "replace",
    "row_number", "sha256", "split_part", "string_agg", "substring", "sum", "to_char", "translate", "unnest", "upper",
})  # fmt: skip

#: The acts that one statement answers, writes down and enters. The others are compiled by :mod:`comity.gate.wide`.
AT_ONCE: Final = frozenset({Act.READ, Act.CASE, Act.SEARCH, Act.NOTICE})


#: Requests that one statement carries out at most. Most of what a statement costs it costs once, and is shared already
#: among a few; more would only let the first wait for the rows of the last.
MOST_TOGETHER: Final = 32

#: The parts that write, in their order, with the commitment that is written.
_WRITTEN: Final = ("committed", "logged", "concerned", "queued")


@dataclass(frozen=True, slots=True)
class Compiled:
    """One statement for every request of one act under one version of an agreement.

    ``names`` are those of its parameters ``$1``, ``$2``, in order. ``slots`` are the ones that the agreement's
    conditions need; the rest are the request's own. ``lines`` say how those of each clause's number are read; ``opens``
    whether some value arrives sealed, so that keys come with it; ``codes`` whether a pseudonym stands for some value.
    """

    sql: str
    names: tuple[str, ...]
    slots: Mapping[str, Slot]
    lines: Mapping[int, Lines]
    opens: bool
    codes: bool

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the values in the order of the parameters; a missing one is a mistake of ours (``KeyError``)."""
        return [values[name] for name in self.names]

    def bind(self, today: date, requester: Requester, blind: Callable[[Blind], bytes]) -> dict[str, Any]:
        """Return the values of the agreement's own parameters on the day of the request, for whoever asks."""
        return bind(self.slots, today, requester, blind)


def bind(
    slots: Mapping[str, Slot], today: date, requester: Requester, blind: Callable[[Blind], bytes]
) -> dict[str, Any]:
    """Return the values of an agreement's own parameters on the day of a request, for whoever asks."""
    return {name: _bound(slot, today, requester, blind) for name, slot in slots.items()}


def compile_verdict(verdict: Verdict, asks: Asked, vocabulary: Vocabulary) -> Compiled:
    """Return the statement that carries ``verdict`` out; :class:`UncompilableError` if it is a refusal."""
    if not verdict.permitted:
        raise UncompilableError("A refusal releases nothing, so there is nothing to compile.")
    if asks.act not in AT_ONCE:
        raise UncompilableError(f"A request of the kind {asks.act.value!r} is not answered by one statement.")
    agreement = verdict.agreement
    key = (id(agreement), asks.act, asks.criteria if isinstance(asks, Search) else ())
    return _once(key, agreement, vocabulary, lambda: _compile(verdict, *key[1:], vocabulary))


def _once(
    key: tuple[int, Act, tuple[str, ...]], agreement: object, vocabulary: Vocabulary, make: Callable[[], Compiled]
) -> Compiled:
    known = _REMEMBERED.get(key)
    if known is not None and known[0] is agreement and known[1] is vocabulary:
        return known[2]
    compiled = make()
    if len(_REMEMBERED) >= _MOST_REMEMBERED:
        _REMEMBERED.clear()
    _REMEMBERED[key] = agreement, vocabulary, compiled
    return compiled


def compile_trial(verdict: Verdict, vocabulary: Vocabulary) -> Compiled:
    """Return the statement that says what carrying ``verdict`` out for one person would do, and does nothing of it.

    Outcome, digest, and which rows would leave by which clause. It is the same as the one that releases, up to where
    something would be written, so it cannot say otherwise; and it tells no value.
    """
    key = (id(verdict.agreement), Act.READ, _TRIAL)
    return _once(key, verdict.agreement, vocabulary, lambda: _compile_trial(verdict, vocabulary))


_TRIAL: Final = ("trial",)  # no criterion of a search is called that


def _compile_trial(verdict: Verdict, vocabulary: Vocabulary) -> Compiled:
    compiler = Compiler(vocabulary, Slots())
    parts = list(takewhile(_only_reads, _parts(verdict, Act.READ, (), verdict.clauses, compiler)))
    statement = _with(cast("exp.Select", parsed(_QUERIES.trial)), parts, recursive=True)
    refuse_unknown_functions(statement)
    sql, names = _numbered(statement.sql(dialect="postgres", identify=True))
    return Compiled(sql, names, compiler.slots.named(), MappingProxyType({}), opens=False, codes=False)


def _compile_notice(verdict: Verdict, compiler: Compiler) -> Compiled:
    """Return the statement of a read of the same person, which tells of what is new in it and of no value."""
    parts = list(_parts(verdict, Act.READ, (), verdict.clauses, compiler))
    statement = _with(
        cast("exp.Select", parsed(_NOTICES.answer)), list(_told(parts, compiler, verdict)), recursive=True
    )
    refuse_unknown_functions(statement)
    sql, names = _numbered(statement.sql(dialect="postgres", identify=True))
    return Compiled(sql, names, compiler.slots.named(), MappingProxyType({}), opens=False, codes=False)


def _told(parts: list[Cte], compiler: Compiler, verdict: Verdict) -> Iterator[Cte]:
    """Yield the parts of a read with what makes a notice of it: the same rows, less those told of, less values."""
    for name, query in parts:
        if name == "released":
            yield "readable", readable(verdict.clauses, compiler)
            yield "live", parsed(_NOTICES.live)
            yield "fresh", parsed(_NOTICES.fresh)
            yield name, parsed(_NOTICES.released)
        elif name == "outcome":
            yield "as_read", query
            yield name, parsed(_NOTICES.outcome)
        else:
            yield name, query
    for name in ("subscribed", "told", "noticed"):
        yield name, parsed(getattr(_NOTICES, name))


def _only_reads(part: Cte) -> bool:
    return part[0] not in _WRITTEN


_MOST_REMEMBERED: Final = 3_000  # statements; each some ten kilobytes
_REMEMBERED: dict[tuple[int, Act, tuple[str, ...]], tuple[object, Vocabulary, Compiled]] = {}


def _compile(verdict: Verdict, act: Act, criteria: tuple[str, ...], vocabulary: Vocabulary) -> Compiled:
    compiler = Compiler(vocabulary, Slots())
    clauses = verdict.clauses
    if act is Act.SEARCH:
        clauses = tuple(clause for clause in clauses if searched_fields(clause, criteria) is not None)
    if act is Act.NOTICE:
        return _compile_notice(verdict, compiler)
    opens = any(is_opened_later(field, minimiser) for clause in clauses for field, minimiser in clause)
    codes = any(minimiser == "pseudonym" for clause in clauses for _, minimiser in clause)
    by_consent = LETS_LEAVE[verdict.agreement.consent] is not None
    parts = list(_parts(verdict, act, criteria, clauses, compiler))
    statement = _with(_answer(act, opens), parts, recursive=act is Act.READ or by_consent)
    refuse_unknown_functions(statement)
    sql, names = _numbered(statement.sql(dialect="postgres", identify=True))
    lines = MappingProxyType({each.number: lines_of(each) for each in clauses})
    return Compiled(sql, names, compiler.slots.named(), lines, opens, codes)


def _with(statement: exp.Select, parts: list[Cte], *, recursive: bool) -> exp.Select:
    for name, query in needed(statement, parts):
        statement = statement.with_(exp.to_identifier(name, quoted=True), as_=query, recursive=recursive, copy=False)
    return statement


def _numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """Return the statement with its parameters as ``$1``, ``$2``, and their names in that order.

    With names the driver would take the statement apart anew for each execution: half a millisecond for ours.
    """
    names: dict[str, int] = {}
    numbered = _PARAMETER.sub(lambda found: f"${names.setdefault(found[1], len(names) + 1)}", sql)
    return numbered, tuple(names)


_PARAMETER: Final = re.compile(r"%\((\w+)\)s")


def _parts(
    verdict: Verdict, act: Act, criteria: tuple[str, ...], clauses: tuple[Clause, ...], compiler: Compiler
) -> Iterator[Cte]:
    jurisdiction = verdict.agreement.jurisdiction
    yield "now_marked", parsed(_PIECES.mark)
    yield "unchanged", parsed(unchanged_query(verdict.agreement))
    yield "request", cast("exp.Select", parsed(_PIECES.request)).limit(MOST_TOGETHER if act is Act.READ else 1)
    by_consent = LETS_LEAVE[verdict.agreement.consent] is not None
    yield from scope(act, criteria, verdict.agreement.about, compiler, by_consent=by_consent)
    if act is Act.SEARCH:
        yield "candidate", candidates(criteria, clauses, compiler, jurisdiction)
        yield "shown", parsed(_PIECES.shown)
        yield "released", parsed(_PIECES.released_by_search)
    else:
        if needs_others(clauses):
            yield "other", others(compiler.vocabulary)
        yield "released", released(act, clauses, compiler, jurisdiction)
    yield "leaving", parsed(_QUERIES.leaving_of_read if act is Act.READ else _QUERIES.leaving_of_all)
    yield "answered", parsed(_QUERIES.answered)
    yield "outcome", parsed(_outcome(act, by_consent=by_consent))
    for name in _WRITTEN:
        yield name, parsed(getattr(_QUERIES, name))
    if due := due_query(verdict.agreement):
        yield "due", parsed(due)


def _outcome(act: Act, *, by_consent: bool) -> str:
    if act is Act.SEARCH:
        return _QUERIES.outcome_of_search
    return _QUERIES.outcome_of_read_by_consent if by_consent else _QUERIES.outcome_of_read


def _answer(act: Act, opens: bool) -> exp.Select:
    answer = cast("exp.Select", parsed(_QUERIES.answer))
    keys = exp.Subquery(this=parsed(_QUERIES.keys)) if opens else exp.Null()
    more = exp.Subquery(this=parsed(_PIECES.more)) if act is Act.SEARCH else exp.false()
    return answer.select(
        exp.alias_(typed(keys, "text"), "keys", quoted=True),
        exp.alias_(typed(more, "boolean"), "more", quoted=True),
    )


def _bound(slot: Slot, today: date, requester: Requester, blind: Callable[[Blind], bytes]) -> object:
    if isinstance(slot, Literal):
        return slot.value
    if isinstance(slot, Asker):
        return requester.agency if slot is Asker.RECIPIENT else requester.person
    return day(slot, today) if isinstance(slot, Today) else blind(slot)


def refuse_unknown_functions(statement: exp.Expr) -> None:
    """Raise :class:`RuntimeError` if the statement calls anything that is not one of :data:`FUNCTIONS`."""
    unknown = sorted(set(_functions(statement.find_all(exp.Func))) - FUNCTIONS)
    if unknown:
        raise RuntimeError(f"a compiled statement calls {', '.join(unknown)}")


def _functions(nodes: Iterable[exp.Func]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, exp.Anonymous):
            yield str(node.this).lower()
        elif not isinstance(node, _NOT_CALLED):
            yield node.sql(dialect="postgres").partition("(")[0].strip().lower()


#: What SQLGlot counts among functions and PostgreSQL does not call.
_NOT_CALLED: Final = (exp.Cast, exp.Case, exp.If, exp.And, exp.Or)
