"""Whom a request is about, whom of these the agreement covers, and which cases and incidents are theirs. Pure.

Rules:

1. **Asked.** ``kin`` are the source persons, held by providers, of everyone asked about: of the people read
   (redirects of merged people are followed), of each party to the case read, of each hit of the search; of everyone
   there is, a stretch of ids at a time, for an extract or a statistic. ``sought`` says which request is about whom.
2. **Covered.** ``entitled`` are the people among them of whom ``about`` is true: one record can be chosen of each type
   that it names, each concerning the person, joined by every reference between them (:mod:`comity.agreements.meaning`,
   rules 5 and 6). Nothing is released of a request about nobody covered. Where the agreement asks for consent, they are
   those of the ``covered`` whose last answer lets data leave (:mod:`comity.agreements.consent`).
3. **Near.** A case or an incident is near a person if a record of theirs refers to it or is it; an incident also if a
   case near them arose from it. What is released counts further than what entitles: for whoever is not accused, every
   case that arose from an incident near them is theirs too (a victim's case is the case against whoever it was).
4. **Sides.** The accused (suspected or convicted) stand on one side of a case, its victims on another, and so on for
   each category of LED art. 6. ``at_case`` and ``at_incident`` are what is near someone covered, with the sides on
   which they stand; at a case also those on which they stand at what it arose from, so that a fellow suspect who is a
   witness in it stays one. A case that shares its common reference with one is the same in another agency's books;
   ``shown_case`` leaves out those books of it that are a fellow's alone.
5. **Within a case read**, all of this is confined to that case and its incidents.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from sqlglot import exp

from comity.agreements.meaning import joins, records_named
from comity.agreements.models import Condition, Everyone
from comity.agreements.related import SHARED
from comity.gate.conditions import Compiler
from comity.gate.errors import UncompilableError
from comity.gate.find import proposals
from comity.gate.models import Act
from comity.gate.trees import (
    column,
    held,
    held_by_providers,
    is_in,
    is_there,
    parsed,
    record_table,
    reference,
    some,
    typed,
    union,
)
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

Cte = tuple[str, exp.Expr]

_PIECES: Final = load_queries("comity.gate", "pieces.sql")

#: LED art. 6 (a) and (b): who is suspected and who is convicted are one person at two moments, so one side.
ACCUSED: Final = ("suspect", "convicted")


def scope(
    act: Act, criteria: tuple[str, ...], about: Condition, compiler: Compiler, *, by_consent: bool = False
) -> Iterator[Cte]:
    """Yield the parts of a statement that say whom it is about and who is covered, in order.

    ``by_consent``: of those covered only the ones whose answer lets data leave.
    """
    yield from _asked(act, criteria, compiler.vocabulary)
    yield "tie", _ties(compiler.vocabulary)
    yield "near_case", parsed(_PIECES.near_case)
    yield "near_incident", parsed(_PIECES.near_incident)
    yield "near_hearing", parsed(_PIECES.near_hearing)
    if by_consent:
        yield "covered", _covered(about, compiler)
        yield "ever_known_as", parsed(_PIECES.ever_known_as)
        yield "entitled", parsed(_PIECES.consenting)
    else:
        yield "entitled", _covered(about, compiler)
    yield "account", parsed(_PIECES.account_of_case if act is Act.CASE else _PIECES.account_of_each)
    everyone = isinstance(about, Everyone) and act is not Act.CASE and not by_consent
    yield "member", parsed(_PIECES.member_of_everyone if everyone else _PIECES.member)
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
    return reference(record, of, vocabulary) or typed(exp.Null(), "uuid")


# --- asked -----------------------------------------------------------------------------------------------------------


def _asked(act: Act, criteria: tuple[str, ...], vocabulary: Vocabulary) -> Iterator[Cte]:
    if act is Act.READ:
        yield "line", parsed(_PIECES.line)
        yield "sought", parsed(_PIECES.sought_of_read)
        yield "subject", parsed(_PIECES.subject_of_read)
    elif act is Act.CASE:
        yield "named_case", parsed(_PIECES.named_case)
        yield "the_case", parsed(_PIECES.the_case)
        yield "the_incident", parsed(_PIECES.the_incident)
        yield "party", _parties(vocabulary)
        yield "subject", parsed(_PIECES.subject_of_case)
        yield "sought", parsed(_PIECES.sought_of_all)
    elif act is Act.SEARCH:
        yield "hit", proposals(criteria)
        yield "subject", parsed(_PIECES.subject_of_search)
    elif act in (Act.EXTRACT, Act.STATISTIC):
        yield "subject", parsed(_PIECES.subject_of_many)
    else:
        raise UncompilableError(f"The gate knows no act {act!r}.")
    yield "kin", parsed(_PIECES.kin)


def _parties(vocabulary: Vocabulary) -> exp.Expr:
    def of(record: str) -> exp.Expr:
        person = column(record, "source_person")
        here = some(
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
                exp.alias_(typed(side(record), "text"), "side", quoted=True),
                exp.alias_(case_of(record, vocabulary), "case_id", quoted=True),
                exp.alias_(incident_of(record, vocabulary), "incident_id", quoted=True),
            )
            .from_(exp.table_("kin", quoted=True))
            .join(record_table(record), on=on)
            .where(held_by_providers(record))
        )

    return union(of(record) for record in tied_types(vocabulary))


def _surroundings(act: Act) -> Iterator[Cte]:
    if act is Act.CASE:
        yield "at_case", parsed(_PIECES.at_case_of_case)
        yield "at_incident", parsed(_PIECES.at_incident_of_case)
    else:
        yield "own_case", parsed(_PIECES.own_case)
        yield "same_case", parsed(_PIECES.same_case)
        yield "at_case", parsed(_PIECES.at_case_of_each)
        yield "at_incident", parsed(_PIECES.at_incident_of_each)
    yield "shown_case", parsed(_PIECES.shown_case)


# --- covered ---------------------------------------------------------------------------------------------------------


def _covered(about: Condition, compiler: Compiler) -> exp.Expr:
    """Return the query for whom ``about`` covers: from each person asked about to the records that must be theirs."""
    if isinstance(about, Everyone):
        return exp.select(column("kin", "person")).distinct().from_(exp.table_("kin", quoted=True))
    named, vocabulary = records_named(about), compiler.vocabulary
    if not named:
        asked = exp.table_("kin", quoted=True, alias=exp.to_identifier("asked", quoted=True))
        person = column("asked", "person")
        return exp.select(person).distinct().from_(asked).where(compiler.about(person).tree(about))
    anchors = [record for record in named if not _is_implied(record, named, vocabulary)]
    conditions = [held_by_providers(record) for record in named]
    conditions += [_equal((join.record, join.field), (join.referred, "record_id")) for join in joins(named, vocabulary)]
    conditions += [_equal((_of(one), "person"), (_of(other), "person")) for one, other in pairwise(anchors)]
    tables = [table for record in anchors for table in _anchored(record)]
    tables += [record_table(record) for record in named if record not in anchors]
    person = column(_of(anchors[0]), "person")
    query = exp.select(person).distinct().from_(tables[0])
    for table in tables[1:]:
        query = query.join(table, join_type="cross", copy=False)
    return query.where(*conditions, *map(_concerns, anchors), compiler.about(person).tree(about), copy=False)


def _is_implied(record: str, named: tuple[str, ...], vocabulary: Vocabulary) -> bool:
    """Whether the row concerns the person because a row that does is joined to it and refers to it."""
    referring = (join.record for join in joins(named, vocabulary) if join.referred == record)
    return record in SHARED and any(each not in SHARED for each in referring)


def _anchored(record: str) -> tuple[exp.Expr, exp.Expr]:
    """Return the table by which a record is known to concern somebody, and the record's own."""
    near = f"near_{record}" if record in SHARED else "kin"
    return exp.table_(near, quoted=True, alias=exp.to_identifier(_of(record), quoted=True)), record_table(record)


def _concerns(record: str) -> exp.Expr:
    key = "record_id" if record in SHARED else "source_person"
    return _equal((record, key), (_of(record), key))


def _of(record: str) -> str:
    return f"of_{record}"


def _equal(one: tuple[str, str], other: tuple[str, str]) -> exp.Expr:
    return exp.EQ(this=column(*one), expression=column(*other))
