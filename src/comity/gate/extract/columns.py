"""What an extract says of each row, and what stands for what in it. Pure.

Rules:

1. ``subject`` is whose account the row leaves on, ``agency`` who says it, ``whose`` and ``asserted`` what LED art. 6
   and 7 ask to be told apart. Then come the clause's fields, each in its form.
2. No id of ours leaves. ``subject`` is the person's pseudonym for this recipient and purpose; a reference to another
   record is that record's, and ``row``, which a row has only if some clause lets out a reference to its type, is its
   own. Nor does the moment at which a row was received: by any of these two recipients could join what they got.
3. Rows are in the order of their subjects' pseudonyms, which is another for each recipient, and so are the files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from comity.gate.minimise import expression
from comity.gate.models import Act, Clause, Verdict
from comity.gate.pseudonyms import kind_of
from comity.gate.release import Columns, is_opened_later
from comity.gate.trees import column, typed
from comity.gate.wide import Wide, wide
from comity.vocabulary.models import Field, FieldType, Vocabulary

ENVELOPE: Final = ("agency", "whose", "asserted")
SUBJECT: Final = "subject"
ROW: Final = "row"


@dataclass(frozen=True, slots=True)
class Said:
    """One field of a clause in an extract: ``column`` holds it in the part that is being made.

    ``kind`` is of which kind a pseudonym is that stands for it, ``None`` if none does; ``opens`` whether it arrives
    sealed.
    """

    field: Field
    form: str
    column: str
    kind: str | None
    opens: bool


@dataclass(frozen=True, slots=True)
class Table:
    """What one clause gives: the query, the fields in order, and whether each row has a key of its own.

    ``whom`` is the query for how many rows leave on whose account, about whom, without a value of them.
    """

    clause: Clause
    query: Wide
    whom: Wide
    said: tuple[Said, ...]
    keyed: bool


def tables(verdict: Verdict, vocabulary: Vocabulary) -> tuple[Table, ...]:
    """Return a table for each clause of a verdict that permits."""
    referred = {field.references for clause in verdict.clauses for field, _ in clause if field.references}
    return tuple(_table(clause, clause.record in referred, verdict, vocabulary) for clause in verdict.clauses)


def _table(clause: Clause, keyed: bool, verdict: Verdict, vocabulary: Vocabulary) -> Table:
    said = tuple(_said(clause))

    def columns(of: Clause, _: object) -> Iterator[tuple[str, exp.Expr]]:
        yield from ((name, typed(column(of.record, name), "text")) for name in ENVELOPE)
        yield from ((it.column, _value(of.record, it, verdict.agreement.jurisdiction)) for it in said)

    def compiled(columns: Columns, final: exp.Select) -> Wide:
        return wide(
            verdict, Act.EXTRACT, (clause,), columns, final.from_(exp.table_("released", quoted=True)), vocabulary
        )

    names = ("account", "record_id", "source_person", *ENVELOPE, *(it.column for it in said))
    query = compiled(columns, exp.select(*(column("released", name) for name in names)))
    whom = compiled(lambda _, __: (), _counted())
    if whom.slots != query.slots:
        raise RuntimeError("the same rows are asked for by other values")
    return Table(clause, query, whom, said, keyed)


def _counted() -> exp.Select:
    whose = [column("released", name) for name in ("account", "source_person")]
    many = exp.alias_(typed(exp.Count(this=exp.Star()), "bigint"), "many", quoted=True)
    return exp.select(*whose, many).group_by(*(it.copy() for it in whose))


def _said(clause: Clause) -> Iterator[Said]:
    for number, (field, form) in enumerate(clause):
        stands_for = form == "pseudonym" or (field.references and form == "as-is")
        kind = kind_of(clause.record, field) if stands_for else None
        yield Said(field, form, f"said_{number}", kind, is_opened_later(field, form))


def _value(record: str, said: Said, jurisdiction: str) -> exp.Expr:
    stored = column(record, said.field.name)
    if said.opens:
        return typed(exp.Anonymous(this="ENCODE", expressions=[stored, exp.Literal.string("hex")]), "text")
    if said.form == "as-is" and said.field.type is FieldType.DATE:
        return typed(stored, "date")  # the files have days of their own, and write them alike
    return typed(stored, "text") if said.kind else expression(said.form, said.field, stored, jurisdiction)
