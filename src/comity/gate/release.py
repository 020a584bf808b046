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
5. Of a row leave the columns that the clause permits, each in its form, each with its type. No other is read.
6. **A search** releases person rows only: those that are found by what they release (:mod:`comity.gate.find`).

A row leaves as one line of JSON: an array of the clause, the row's envelope and its values, in the order of
:data:`ENVELOPE` and then of the clause. A sealed value leaves the database still sealed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

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


def released(act: Act, clauses: tuple[Clause, ...], compiler: Compiler, jurisdiction: str) -> exp.Expr:
    """Return the query for every row that leaves: ``clause``, ``record_id``, ``source_person`` and its ``line``."""
    branches = [
        _branch(clause, way, typed(exp.Null(), "uuid"), compiler, jurisdiction)
        for clause in clauses
        for way in _ways(act, clause, compiler.vocabulary)
    ]
    return union(branches) if branches else _nothing()


def candidates(
    criteria: tuple[str, ...], clauses: tuple[Clause, ...], compiler: Compiler, jurisdiction: str
) -> exp.Expr:
    """Return the query for the rows that a search finds, with the person to whom each belongs."""
    branches = []
    for clause in clauses:
        searched = searched_fields(clause, criteria)
        if searched is not None:
            branch = _branch(clause, _found(searched), _person(), compiler, jurisdiction)
            branches.append(branch.select(exp.alias_(_person(), "person", quoted=True)))
    return union(branches)


def others(vocabulary: Vocabulary) -> exp.Expr:
    """Return the query for everybody else in a case or an incident near someone covered, and on which side."""
    queries = [
        held(record, "source_person", exp.alias_(typed(side(record), "text"), "side", quoted=True)).where(
            way, copy=False
        )
        for record in tied_types(vocabulary)
        for way in _in_it_with_others(record, vocabulary)
    ]
    return union(queries)


def needs_others(clauses: tuple[Clause, ...]) -> bool:
    """Whether any clause releases a person row of somebody else."""
    return any(clause.record == "person" and clause.of for clause in clauses)


def _nothing() -> exp.Expr:
    names = ("clause", "record_id", "source_person", "line")
    kinds = ("int", "uuid", "uuid", "text")
    nulls = [exp.alias_(typed(exp.Null(), kind), name, quoted=True) for name, kind in zip(names, kinds, strict=True)]
    return exp.select(*nulls).where(exp.false())


# --- which rows ------------------------------------------------------------------------------------------------------


def _ways(act: Act, clause: Clause, vocabulary: Vocabulary) -> Iterator[exp.Expr]:
    """Yield the ways in which a row of the clause's type comes to be released; no row comes by two of them."""
    record = clause.record
    if record in SHARED:
        yield from _shared(act, record, vocabulary)
        return
    yield _own_in_case(record, vocabulary) if act is Act.CASE else _is_own(record)
    if record == "person" and clause.of:
        yield _is_other(record)
    elif record != "person" and (clause.of or record in OF_THE_CASE):
        yield from _in_it_with_others(record, vocabulary)


def _is_other(record: str) -> exp.Expr:
    """Return that the row is one of the others, on the very side on which it stands there.

    Both are compared at once: with the side as a condition of its own, PostgreSQL worked out the others anew for each
    row there is.
    """
    row = exp.Tuple(expressions=[column(record, "record_id"), side(record)])
    others_there = exp.select(column("other", "source_person"), column("other", "side"))
    return exp.In(this=row, query=exp.Subquery(this=others_there.from_(exp.table_("other", quoted=True))))


def _found(searched: Mapping[str, tuple[str, ...]]) -> exp.Expr:
    proposed = is_in(column("person", "record_id"), "hit", "source_person")
    return every(_is_own("person"), proposed, *meets(searched))


def _shared(act: Act, record: str, vocabulary: Vocabulary) -> Iterator[exp.Expr]:
    if record == "incident":
        yield is_in(column(record, "record_id"), "at_incident", "record_id")
        return
    in_case = is_in(case_of(record, vocabulary), "shown_case", "record_id")
    if record != "hearing":
        yield in_case
        return
    nobodys = exp.Is(this=column(record, "source_person"), expression=exp.Null())
    not_a_fellows = exp.paren(some(nobodys, _is_own(record), neither(_same_side(record, "at_case", vocabulary))))
    yield every(in_case, not_a_fellows)
    if act is Act.READ:
        yield every(_is_own(record), _not_near(record, "shown_case", vocabulary))


def _is_own(record: str) -> exp.Expr:
    return is_in(column(record, "source_person"), "member", "source_person")


def _own_in_case(record: str, vocabulary: Vocabulary) -> exp.Expr:
    if record == "person":
        return every(_is_own(record), is_in(column(record, "record_id"), "party", "source_person"))
    return every(
        _is_own(record),
        exp.paren(some(_near(record, "at_case", vocabulary), _near(record, "at_incident", vocabulary))),
    )


def _in_it_with_others(record: str, vocabulary: Vocabulary) -> Iterator[exp.Expr]:
    """Yield how a row of somebody else stands in a case near someone covered, and then in an incident alone."""
    places = [
        place for place in ("at_case", "at_incident") if not isinstance(_key(record, place, vocabulary), exp.Cast)
    ]
    somebody_else = every(
        is_there(column(record, "source_person")),
        neither(_is_own(record)),
        *(neither(_same_side(record, place, vocabulary)) for place in places),
    )
    for place in places:
        before = [_not_near(record, each, vocabulary) for each in places[: places.index(place)]]
        yield every(_near(record, place, vocabulary), *before, somebody_else.copy())


def _near(record: str, place: str, vocabulary: Vocabulary) -> exp.Expr:
    return is_in(_key(record, place, vocabulary), place, "record_id")


def _not_near(record: str, place: str, vocabulary: Vocabulary) -> exp.Expr:
    # `coalesce`: a row that names no case at all is not in one, rather than unknown.
    return neither(exp.func("COALESCE", _near(record, place, vocabulary), exp.false()))


def _same_side(record: str, place: str, vocabulary: Vocabulary) -> exp.Expr:
    here = exp.EQ(this=column(place, "record_id"), expression=_key(record, place, vocabulary))
    stands = exp.EQ(this=column(place, "side"), expression=side(record))
    return exp.Exists(
        this=exp.select(exp.Literal.number(1)).from_(exp.table_(place, quoted=True)).where(here, stands, copy=False)
    )


def _key(record: str, place: str, vocabulary: Vocabulary) -> exp.Expr:
    return incident_of(record, vocabulary) if place == "at_incident" else case_of(record, vocabulary)


# --- what of them ----------------------------------------------------------------------------------------------------


def _branch(clause: Clause, way: exp.Expr, person: exp.Expr, compiler: Compiler, jurisdiction: str) -> exp.Select:
    number = exp.alias_(typed(exp.Literal.number(clause.number), "int"), "clause", quoted=True)
    line = exp.alias_(_line(clause, person, jurisdiction), "line", quoted=True)
    query = held(clause.record, number, "record_id", "source_person", line).where(way, copy=False)
    if clause.of:
        allowed = [compiler.slots.place(Literal(each)) for each in clause.of]
        query = query.where(exp.In(this=column(clause.record, "whose"), expressions=allowed), copy=False)
    return query.where(compiler.tree(clause.where), copy=False) if clause.where is not None else query


def _line(clause: Clause, person: exp.Expr, jurisdiction: str) -> exp.Expr:
    record = clause.record
    at = exp.AtTimeZone(this=column(record, "received_at"), zone=exp.Literal.string("UTC"))
    received = typed(exp.Anonymous(this="TO_CHAR", expressions=[at, exp.Literal.string(_RECEIVED)]), "text")
    items = [
        typed(exp.Literal.number(clause.number), "int"),
        typed(column(record, "record_id"), "text"),
        typed(column(record, "source_person"), "text"),
        typed(person, "text"),
        *(typed(column(record, name), "text") for name in ("agency", "source")),
        received,
        *(typed(column(record, name), "text") for name in ("whose", "asserted")),
        *(_value(record, field, minimiser, jurisdiction) for field, minimiser in clause),
    ]
    return typed(exp.Anonymous(this="JSON_BUILD_ARRAY", expressions=items), "text")


def _person() -> exp.Expr:
    same = exp.EQ(this=column("member", "source_person"), expression=column("person", "source_person"))
    query = exp.select(column("member", "person")).from_(exp.table_("member", quoted=True)).where(same)
    return typed(exp.Subquery(this=query), "uuid")


def _value(record: str, field: Field, minimiser: str, jurisdiction: str) -> exp.Expr:
    stored = column(record, field.name)
    if is_opened_later(field, minimiser):
        return typed(exp.Anonymous(this="ENCODE", expressions=[stored, exp.Literal.string("hex")]), "text")
    return expression(minimiser, field, stored, jurisdiction)


def is_opened_later(field: Field, minimiser: str) -> bool:
    """Whether the value leaves the database sealed, to be opened and minimised afterwards."""
    return field.sealed and minimiser != "present"
