"""Whom a request is about, whom of these the agreement covers, and which cases and incidents are theirs. Pure.

Rules:

1. **Asked.** ``kin`` are the source persons, held by providers, of everyone the request is about: of the person read
   (redirects of merged people are followed), of each party to the case read, of each hit of the search.
2. **Covered.** ``entitled`` are the people among them of whom ``about`` is true: one record can be chosen of each type
   that it names, each concerning the person, joined by every reference between them (:mod:`comity.agreements.meaning`,
   rules 5 and 6). Nothing is released of a request about nobody covered.
3. **Near.** A case or an incident is near a person if a record of theirs refers to it or is it; an incident also if a
   case near them arose from it. What is released counts further than what entitles: for whoever is not accused, every
   case that arose from an incident near them is theirs too (a victim's case is the case against whoever it was).
4. **Sides.** The accused (suspected or convicted) stand on one side of a case, its victims on another, and so on for
   each category of LED art. 6. ``at_case`` and ``at_incident`` are what is near someone covered, with the sides on
   which they stand; a case that shares its common reference with one is the same case in another agency's books.
5. **Within a case read**, all of this is confined to that case and its incidents.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from comity.agreements.meaning import SHARED, joins, records_named
from comity.agreements.models import Condition, Everyone
from comity.gate.conditions import Compiler
from comity.gate.errors import UncompilableError
from comity.gate.find import proposals
from comity.gate.models import Act
from comity.gate.trees import column, held, held_by_providers, is_in, is_there, parsed, record_table, reference, union
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

Cte = tuple[str, exp.Expr]

_PIECES: Final = load_queries("comity.gate", "pieces.sql")

#: LED art. 6 (a) and (b): who is suspected and who is convicted are one person at two moments, so one side.
ACCUSED: Final = ("suspect", "convicted")


def scope(act: Act, criteria: tuple[str, ...], about: Condition, compiler: Compiler) -> Iterator[Cte]:
    """Yield the parts of a statement that say whom it is about and who is covered, in order."""
    yield from _asked(act, criteria, compiler.vocabulary)
    yield "tie", _ties(compiler.vocabulary)
    yield "near_case", parsed(_PIECES.near_case)
    yield "near_incident", parsed(_PIECES.near_incident)
    yield "entitled", _entitled(about, compiler)
    yield "member", parsed(_PIECES.member)
    yield from _surroundings(act)


def side(table: str) -> exp.Expr:
    """Return the side on which a row stands (rule 4)."""
    whose = column(table, "whose")
    accused = exp.In(this=whose, expressions=[exp.Literal.string(each) for each in ACCUSED])
    return exp.Case().when(accused, exp.Literal.string("accused")).else_(whose.copy())


def tied_types(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the record types that are, or refer to, a case or an incident."""
    return tuple(
        name
        for name in vocabulary.record_types
        if name in ("case", "incident")
        or reference(name, "case", vocabulary)
        or reference(name, "incident", vocabulary)
    )


def case_of(record: str, vocabulary: Vocabulary) -> exp.Expr:
    """Return the column in which a row says which case it belongs to; a null for a type that cannot."""
    return _place(record, "case", vocabulary)


def incident_of(record: str, vocabulary: Vocabulary) -> exp.Expr:
    """Return the column in which a row says which incident it belongs to; a null for a type that cannot."""
    return _place(record, "incident", vocabulary)


def _place(record: str, of: str, vocabulary: Vocabulary) -> exp.Expr:
    if record == of:
        return column(record, "record_id")
    return reference(record, of, vocabulary) or exp.cast(exp.Null(), "uuid")


# --- asked -----------------------------------------------------------------------------------------------------------


def _asked(act: Act, criteria: tuple[str, ...], vocabulary: Vocabulary) -> Iterator[Cte]:
    if act is Act.READ:
        yield "line", parsed(_PIECES.line)
        yield "subject", parsed(_PIECES.subject_of_read)
    elif act is Act.CASE:
        yield "named_case", parsed(_PIECES.named_case)
        yield "the_case", parsed(_PIECES.the_case)
        yield "the_incident", parsed(_PIECES.the_incident)
        yield "party", _parties(vocabulary)
        yield "subject", parsed(_PIECES.subject_of_case)
    elif act is Act.SEARCH:
        yield "hit", proposals(criteria)
        yield "subject", parsed(_PIECES.subject_of_search)
    else:
        raise UncompilableError(f"The gate knows no act {act!r}.")
    yield "kin", parsed(_PIECES.kin)


def _parties(vocabulary: Vocabulary) -> exp.Expr:
    def of(record: str) -> exp.Expr:
        person = column(record, "source_person")
        here = exp.or_(
            is_in(case_of(record, vocabulary), "the_case", "record_id"),
            is_in(incident_of(record, vocabulary), "the_incident", "record_id"),
        )
        return held(record, "source_person").where(is_there(person), here)

    return union(of(record) for record in tied_types(vocabulary))


# --- near ------------------------------------------------------------------------------------------------------------


def _ties(vocabulary: Vocabulary) -> exp.Expr:
    def of(record: str) -> exp.Expr:
        on = exp.EQ(this=column(record, "source_person"), expression=column("kin", "source_person"))
        return (
            exp.select(
                exp.alias_(column("kin", "person"), "person", quoted=True),
                exp.alias_(exp.cast(side(record), "text"), "side", quoted=True),
                exp.alias_(case_of(record, vocabulary), "case_id", quoted=True),
                exp.alias_(incident_of(record, vocabulary), "incident_id", quoted=True),
            )
            .from_(exp.table_("kin", quoted=True))
            .join(record_table(record), on=on)
            .where(held_by_providers(record))
        )

    return union(of(record) for record in tied_types(vocabulary))


def _surroundings(act: Act) -> Iterator[Cte]:
    if act is Act.READ:
        yield "own_case", parsed(_PIECES.own_case)
        yield "at_case", parsed(_PIECES.at_case_of_read)
        yield "at_incident", parsed(_PIECES.at_incident_of_read)
    elif act is Act.CASE:
        yield "at_case", parsed(_PIECES.at_case_of_case)
        yield "at_incident", parsed(_PIECES.at_incident_of_case)


# --- covered ---------------------------------------------------------------------------------------------------------


def _entitled(about: Condition, compiler: Compiler) -> exp.Expr:
    asked = exp.select(column("who", "person")).distinct().from_(exp.table_("kin", alias="who", quoted=True))
    if isinstance(about, Everyone):
        return asked
    named = records_named(about)
    chosen = exp.select(exp.Literal.number(1)).from_(record_table(named[0]))
    for record in named[1:]:
        chosen = chosen.join(record_table(record), join_type="cross")
    conditions = [held_by_providers(record) for record in named]
    conditions += [_joined(join.record, join.field, join.referred) for join in joins(named, compiler.vocabulary)]
    conditions += [
        concern for record in named if (concern := _concerns(record, named, compiler.vocabulary)) is not None
    ]
    return asked.where(exp.Exists(this=chosen.where(*conditions, compiler.tree(about))))


def _joined(record: str, field: str, referred: str) -> exp.Expr:
    return exp.EQ(this=column(record, field), expression=column(referred, "record_id"))


def _concerns(record: str, named: tuple[str, ...], vocabulary: Vocabulary) -> exp.Expr | None:
    """Return that the row concerns the person; ``None`` where a row joined to it, which does, refers to it."""
    own = _of_the_person(record)
    if record not in SHARED:
        return own
    if any(join.referred == record and join.record not in SHARED for join in joins(named, vocabulary)):
        return None
    near = "near_incident" if record == "incident" else "near_case"
    key = case_of(record, vocabulary) if record != "incident" else column(record, "record_id")
    same = exp.EQ(this=column(near, "person"), expression=column("who", "person"))
    return exp.paren(exp.or_(own, is_in(key, near, "record_id", same)))


def _of_the_person(record: str) -> exp.Expr:
    own = (
        exp.select(column("own", "source_person"))
        .from_(exp.table_("kin", alias="own", quoted=True))
        .where(exp.EQ(this=column("own", "person"), expression=column("who", "person")))
    )
    return exp.In(this=column(record, "source_person"), query=exp.Subquery(this=own))
