"""Which rows each clause releases, and what of them. Pure.

Rules:

1. **Own.** A clause releases the rows of its type that belong to someone covered.
2. **Shared.** Incidents, cases and hearings are several people's at once: those near someone covered are released too,
   whoever they are booked under; but not the book of a case that is kept for a fellow alone, nor its hearings, nor a
   hearing that is booked under a fellow.
3. **Others.** Rows of somebody else are released only if they stand in a case or an incident near someone covered, on
   another side of it, and only by a clause that says whose (``of``); of charges and orders also by one that does not,
   because they are what the case is about. A person's own row never leaves unless a clause says whose.
4. ``of`` and ``where`` narrow each of these: the row's category is one of them, and the condition is *true* of the row.
5. Each row leaves **on somebody's account**: that of the person covered because of whom it does, so that the rows of
   many people asked for at once are those of each of them asked for alone. Within a case read the case has one account,
   and nothing leaves on it that any of those covered stands in the way of.
6. Of a row leave the columns that the clause permits, each in its form, each with its type. No other is read.
7. **A search** releases person rows only: those that are found by what they release (:mod:`comity.gate.find`).

A row leaves as one line of JSON: an array of the clause, the row's envelope and its values, in the order of
:data:`ENVELOPE` and then of the clause. A sealed value leaves the database still sealed, and one that a pseudonym
stands for as it is: both are seen to before anything leaves the gate, with keys that no database has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from sqlglot import exp

from comity.agreements.models import Literal
from comity.agreements.related import OF_THE_CASE, SHARED
from comity.gate.conditions import Compiler
from comity.gate.decide import searched_fields
from comity.gate.find import meets
from comity.gate.minimise import expression
from comity.gate.models import Act, Clause
from comity.gate.scope import case_of, incident_of, side, tied_types
from comity.gate.trees import column, every, held, is_in, is_there, neither, some, typed, union
from comity.vocabulary.models import Field, Vocabulary

#: What a line says before its values.
ENVELOPE: Final = (
    "clause",
    "record_id",
    "source_person",
    "person",
    "agency",
    "source",
    "received_at",
    "whose",
    "asserted",
)

_RECEIVED: Final = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


@dataclass(frozen=True, slots=True)
class Way:
    """How rows of a type come to be released: beside which tables of the statement, when, and on whose account."""

    account: exp.Expr
    beside: tuple[exp.Expr, ...]
    when: exp.Expr


def released(act: Act, clauses: tuple[Clause, ...], compiler: Compiler, jurisdiction: str) -> exp.Expr:
    """Return the query for all that leaves: ``clause``, ``account``, ``record_id``, ``source_person``, ``line``."""
    nobody = typed(exp.Null(), "uuid")
    return rows(act, clauses, compiler, lambda clause, _: [("line", _line(clause, nobody, jurisdiction))])


def readable(clauses: tuple[Clause, ...], compiler: Compiler) -> exp.Expr:
    """Return the query for every row that a read of somebody releases, and when it was received; of no row a value."""
    return rows(Act.READ, clauses, compiler, lambda clause, _: _told(clause.number, clause.record))


def _told(number: int, record: str) -> Iterator[tuple[str, exp.Expr]]:
    items = [typed(exp.Literal.number(number), "int"), typed(column(record, "record_id"), "text")]
    yield "line", typed(exp.Anonymous(this="JSON_BUILD_ARRAY", expressions=items), "text")
    yield "record", typed(exp.Literal.string(record), "text")
    yield "received_at", typed(column(record, "received_at"), "timestamptz")


Columns: TypeAlias = Callable[[Clause, Way], Iterable[tuple[str, exp.Expr]]]
"""What is said of each row that leaves by a clause, besides the columns of :func:`rows`: names and expressions."""


def rows(act: Act, clauses: tuple[Clause, ...], compiler: Compiler, columns: Columns) -> exp.Expr:
    """Return the query for every row that leaves, with ``clause``, ``account``, ``record_id``, ``source_person``.

    On one account a row comes once by each clause that lets it out.
    """
    return union(
        _branch(clause, way, compiler, columns(clause, way))
        for clause in clauses
        for way in ways(act, clause, compiler.vocabulary)
    )


def candidates(
    criteria: tuple[str, ...], clauses: tuple[Clause, ...], compiler: Compiler, jurisdiction: str
) -> exp.Expr:
    """Return the query for the rows that a search finds, on the account of the person to whom each belongs."""
    branches = []
    for clause in clauses:
        searched = searched_fields(clause, criteria)
        if searched is not None:
            way = _found(searched)
            line = _line(clause, way.account, jurisdiction)
            branches.append(_branch(clause, way, compiler, [("line", line)]))
    return union(branches)


def others(vocabulary: Vocabulary) -> exp.Expr:
    """Return the query for everybody else in a case or an incident near someone covered, and on which side."""
    queries = [
        coming(
            record,
            way,
            exp.alias_(way.account.copy(), "account", quoted=True),
            "source_person",
            exp.alias_(typed(side(record), "text"), "side", quoted=True),
        )
        for record in tied_types(vocabulary)
        for way in _in_it_with_others(record, vocabulary)
    ]
    return union(queries)


def needs_others(clauses: tuple[Clause, ...]) -> bool:
    """Whether any clause releases a person row of somebody else."""
    return any(clause.record == "person" and clause.of for clause in clauses)


# --- which rows ------------------------------------------------------------------------------------------------------


def ways(act: Act, clause: Clause, vocabulary: Vocabulary) -> Iterator[Way]:
    """Yield the ways in which a row of the clause's type comes to be released; on one account none comes by two."""
    record = clause.record
    if record in SHARED:
        yield from _shared(act, record, vocabulary)
        return
    yield _own_in_case(record, vocabulary) if act is Act.CASE else _own(record)
    if act is Act.STATISTIC:  # of each person only what is theirs is counted: comity.gate.statistics.plan
        return
    if record == "person" and clause.of:
        yield _other(record)
    elif record != "person" and (clause.of or record in OF_THE_CASE):
        yield from _in_it_with_others(record, vocabulary)


def coming(record: str, way: Way, *columns: exp.Expr | str) -> exp.Select:
    """Return the query for the rows of a type that come that way, whichever clause lets them out."""
    query = held(record, *columns).where(way.when.copy(), copy=False)
    for table in way.beside:
        query = query.join(table.copy(), join_type="cross", copy=False)
    return query


def _own(record: str, *conditions: exp.Expr) -> Way:
    theirs = _equal((record, "source_person"), ("member", "source_person"))
    return Way(column("member", "account"), (exp.table_("member", quoted=True),), every(theirs, *conditions))


def _other(record: str) -> Way:
    """Return that the row is one of the others, on the very side on which it stands there."""
    names = ("account", "source_person", "side")
    on_that_side = exp.EQ(this=column("someone", "side"), expression=side(record))
    return Way(
        column("someone", "account"),
        (_distinct("other", names, "someone"),),
        every(_equal((record, "record_id"), ("someone", "source_person")), on_that_side),
    )


def _found(searched: Mapping[str, tuple[str, ...]]) -> Way:
    proposed = is_in(column("person", "record_id"), "hit", "source_person")
    return _own("person", proposed, *meets(searched))


def _shared(act: Act, record: str, vocabulary: Vocabulary) -> Iterator[Way]:
    if record == "incident":
        yield _in_place(record, "at_incident", vocabulary)
        return
    if record != "hearing":
        yield _in_place(record, "shown_case", vocabulary)
        return
    account = column("place", "account")
    nobodys = exp.Is(this=column(record, "source_person"), expression=exp.Null())
    theirs = _is_own(record, account)
    yield _in_place(
        record,
        "shown_case",
        vocabulary,
        exp.paren(some(nobodys, theirs, neither(_same_side(record, "at_case", account, vocabulary)))),
    )
    if act is not Act.CASE:
        yield _own(record, neither(_near(record, "shown_case", column("member", "account"), vocabulary)))


def _own_in_case(record: str, vocabulary: Vocabulary) -> Way:
    if record == "person":
        return _own(record, is_in(column(record, "record_id"), "party", "source_person"))
    account = column("member", "account")
    places = (_near(record, place, account, vocabulary) for place in ("at_case", "at_incident"))
    return _own(record, exp.paren(some(*places)))


def _in_it_with_others(record: str, vocabulary: Vocabulary) -> Iterator[Way]:
    """Yield how a row of somebody else stands in a case near someone covered, and then in an incident alone."""
    places = [
        place for place in ("at_case", "at_incident") if not isinstance(_key(record, place, vocabulary), exp.Cast)
    ]
    account = column("place", "account")
    somebody_else = every(
        is_there(column(record, "source_person")),
        neither(_is_own(record, account)),
        *(neither(_same_side(record, place, account, vocabulary)) for place in places),
    )
    for place in places:
        before = [neither(_near(record, each, account, vocabulary)) for each in places[: places.index(place)]]
        yield _in_place(record, place, vocabulary, *before, somebody_else.copy())


def _in_place(record: str, place: str, vocabulary: Vocabulary, *conditions: exp.Expr) -> Way:
    """Return that the row stands in a case or an incident near whoever is covered."""
    here = exp.EQ(this=_key(record, place, vocabulary), expression=column("place", "record_id"))
    table = _distinct(place, ("account", "record_id"), "place")
    return Way(column("place", "account"), (table,), every(here, *conditions))


def _distinct(cte: str, names: tuple[str, ...], alias: str) -> exp.Expr:
    query = exp.select(*(column(cte, name) for name in names)).distinct().from_(exp.table_(cte, quoted=True))
    return exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))


def _is_own(record: str, account: exp.Expr) -> exp.Expr:
    return _there("member", account, _equal(("member", "source_person"), (record, "source_person")))


def _near(record: str, place: str, account: exp.Expr, vocabulary: Vocabulary) -> exp.Expr:
    return _there(place, account, _here(record, place, vocabulary))


def _same_side(record: str, place: str, account: exp.Expr, vocabulary: Vocabulary) -> exp.Expr:
    stands = exp.EQ(this=column(place, "side"), expression=side(record))
    return _there(place, account, _here(record, place, vocabulary), stands)


def _here(record: str, place: str, vocabulary: Vocabulary) -> exp.Expr:
    return exp.EQ(this=column(place, "record_id"), expression=_key(record, place, vocabulary))


def _there(cte: str, account: exp.Expr, *conditions: exp.Expr) -> exp.Expr:
    """Return that a row of ``cte`` on that account meets the conditions; false, never unknown, if there is none."""
    same = exp.EQ(this=column(cte, "account"), expression=account.copy())
    query = exp.select(exp.Literal.number(1)).from_(exp.table_(cte, quoted=True))
    return exp.Exists(this=query.where(same, *conditions, copy=False))


def _equal(one: tuple[str, str], other: tuple[str, str]) -> exp.Expr:
    return exp.EQ(this=column(*one), expression=column(*other))


def _key(record: str, place: str, vocabulary: Vocabulary) -> exp.Expr:
    return incident_of(record, vocabulary) if place == "at_incident" else case_of(record, vocabulary)


# --- what of them ----------------------------------------------------------------------------------------------------


def _branch(clause: Clause, way: Way, compiler: Compiler, said: Iterable[tuple[str, exp.Expr]]) -> exp.Select:
    number = exp.alias_(typed(exp.Literal.number(clause.number), "int"), "clause", quoted=True)
    account = exp.alias_(way.account.copy(), "account", quoted=True)
    more = [exp.alias_(value, name, quoted=True) for name, value in said]
    query = coming(clause.record, way, number, account, "record_id", "source_person", *more)
    return query.where(*narrowing(clause, compiler), copy=False)


def narrowing(clause: Clause, compiler: Compiler) -> tuple[exp.Expr, ...]:
    """Return what is true of the rows of a clause's type that it is about (rule 4); nothing if it is about each."""
    allowed = [compiler.slots.place(Literal(each)) for each in clause.of]
    whose = (exp.In(this=column(clause.record, "whose"), expressions=allowed),) if allowed else ()
    return (*whose, compiler.tree(clause.where)) if clause.where is not None else whose


def _line(clause: Clause, account: exp.Expr, jurisdiction: str) -> exp.Expr:
    record = clause.record
    at = exp.AtTimeZone(this=column(record, "received_at"), zone=exp.Literal.string("UTC"))
    received = typed(exp.Anonymous(this="TO_CHAR", expressions=[at, exp.Literal.string(_RECEIVED)]), "text")
    items = [
        typed(exp.Literal.number(clause.number), "int"),
        typed(column(record, "record_id"), "text"),
        typed(column(record, "source_person"), "text"),
        typed(account.copy(), "text"),
        *(typed(column(record, name), "text") for name in ("agency", "source")),
        received,
        *(typed(column(record, name), "text") for name in ("whose", "asserted")),
        *(_value(record, field, minimiser, jurisdiction) for field, minimiser in clause),
    ]
    return typed(exp.Anonymous(this="JSON_BUILD_ARRAY", expressions=items), "text")


def _value(record: str, field: Field, minimiser: str, jurisdiction: str) -> exp.Expr:
    stored = column(record, field.name)
    if is_opened_later(field, minimiser):
        return typed(exp.Anonymous(this="ENCODE", expressions=[stored, exp.Literal.string("hex")]), "text")
    if minimiser == "pseudonym":
        return typed(stored, "text")
    return expression(minimiser, field, stored, jurisdiction)


def is_opened_later(field: Field, minimiser: str) -> bool:
    """Whether the value leaves the database sealed, to be opened and minimised afterwards."""
    return field.sealed and minimiser != "present"
