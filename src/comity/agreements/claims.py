"""What may be so of some rows on some day: said to the solver, and tried on the oracle. Pure; no input, no output.

A claim is said to the solver as a :func:`formula`, is within the boxes that it :func:`reached`, and is :func:`tried` on
an example as the oracle sees it. A :class:`~comity.agreements.prover.Prover` answers whether it may be so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from comity.agreements.conditions import ENVELOPE
from comity.agreements.meaning import Around, all_true, any_true, evaluate, opposite
from comity.agreements.models import And, Column, Compare, Condition, Exists, Not, Or
from comity.agreements.printing import print_condition
from comity.agreements.reach import ANYTHING, Boxes, Reach, Scene, all_of, any_of, filled
from comity.agreements.smt import Opaque, Sketch, Value
from comity.vocabulary.check import check_rules, check_value
from comity.vocabulary.models import Field, Vocabulary

Asked: TypeAlias = tuple[str, str, tuple[str, ...]]  # of which row, what, among whose rows


@dataclass(frozen=True, slots=True)
class Told:
    """What a claim speaks of, so that no more of its example need be told."""

    cells: frozenset[tuple[str, Column]]
    asked: tuple[tuple[Opaque, bool | None], ...]
    today: bool
    recipient: bool


@dataclass(frozen=True, slots=True)
class Example:
    """Rows, a day and who asks, of which a claim is true.

    ``rows`` are named as in the claim's scenes. ``asked`` is what was taken to be so of things that no row shows;
    ``others`` the rows that are of somebody else; ``ids`` those of the rows that another refers to.
    """

    rows: Mapping[str, Mapping[Column, Value | None]]
    today: date
    recipient: str
    requester: str
    asked: Mapping[Asked, bool | None]
    others: frozenset[str]
    ids: Mapping[str, UUID]
    told: Told

    def values(self, row: str, record: str) -> dict[str, Value | None]:
        """Return what is said of a row of a record type, by field."""
        return {column.field: value for column, value in self.rows.get(row, {}).items() if column.record == record}


# --- claims ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Holds:
    """A condition is true of the rows of a scene; ``exists`` looks among the rows of ``providers``."""

    node: Condition
    scene: Scene
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refers:
    """A row's reference is filled in, with the id of another row."""

    row: str
    column: Column
    other: str


@dataclass(frozen=True, slots=True)
class Own:
    """A row is one of the person's own, rather than somebody else's in the same case."""

    row: str


@dataclass(frozen=True, slots=True)
class Every:
    """Each of several claims is so; of none, it is so."""

    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One of several claims is so; of none, it is not."""

    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class NotSo:
    """A claim is not so: it is false or unknown."""

    claim: Claim


Claim: TypeAlias = Holds | Refers | Own | Every | Some | NotSo


def formula(claim: Claim, sketch: Sketch) -> str:
    """Return the formula that a claim is so."""
    match claim:
        case Holds(node, scene, providers):
            return sketch.holds(node, truth=True, scene=scene, providers=providers)
        case Refers(row, column, other):
            cell = sketch.cell(row, column)
            return f"(and {cell.known} (= {cell.value} {sketch.symbol(f'i{other}', 'Int')}))"
        case Own(row):
            return f"(not {sketch.symbol(f'o{row}', 'Bool')})"
        case Every(claims):
            return sketch.named(claim, lambda: f"(and true {' '.join(formula(each, sketch) for each in claims)})")
        case Some(claims):
            return f"(or false {' '.join(formula(each, sketch) for each in claims)})"
        case NotSo(other):
            return f"(not {formula(other, sketch)})"


def reached(claim: Claim, reach: Reach) -> Boxes:
    """Return the boxes in which a claim is so; that another is *not* so is taken to be so anywhere."""
    return reach.once(claim, lambda: _reached(claim, reach))


def _reached(claim: Claim, reach: Reach) -> Boxes:
    match claim:
        case Holds(node, scene, providers):
            return reach.of(node, truth=True, scene=scene, among=providers)
        case Refers(row, column):
            return filled(row, column)
        case Every(claims):
            return all_of(reached(each, reach) for each in claims)
        case Some(claims):
            return any_of(reached(each, reach) for each in claims)
        case Own() | NotSo():
            return ANYTHING


def tried(claim: Claim, example: Example) -> bool:
    """Whether a claim is so of an example, by the oracle."""
    match claim:
        case Holds(node):
            return _truth(node, claim, example) is True
        case Refers(row, column, other):
            return example.rows[row][column] == example.ids[other]
        case Own(row):
            return row not in example.others
        case Every(claims):
            return all(tried(each, example) for each in claims)
        case Some(claims):
            return any(tried(each, example) for each in claims)
        case NotSo(other):
            return not tried(other, example)


def is_lawful(example: Example, vocabulary: Vocabulary) -> bool:
    """Whether every row is one that intake could have admitted, as far as the example tells; any text could be."""
    return not any(
        _is_faulty(vocabulary.record_type(column.record).field(column.field), value)
        for values in example.rows.values()
        for column, value in values.items()
        if column.field not in ENVELOPE and not isinstance(value, str)
    ) and not any(
        check_rules(vocabulary.record_type(record), example.values(row, record))
        for row in example.rows
        for record in {column.record for column in example.rows[row]}
    )


def _is_faulty(field: Field, value: Any) -> bool:
    return field.required if value is None else bool(check_value(field, value))


def _truth(node: Condition, claim: Holds, example: Example) -> bool | None:
    """Return what the oracle says of a condition, with what no row shows taken as in the example."""
    match node:
        case And(operands):
            return all_true(_truth(each, claim, example) for each in operands)
        case Or(operands):
            return any_true(_truth(each, claim, example) for each in operands)
        case Not(operand):
            return opposite(_truth(operand, claim, example))
        case Exists(_, of):
            row = claim.scene[of] if of else ""
            return example.asked[row, print_condition(node), claim.providers]
        case Compare(left) if (asked := (claim.scene[left.record], print_condition(node), ())) in example.asked:
            return example.asked[asked]
    rows = {record: example.values(row, record) for record, row in claim.scene.items()}
    now = datetime(example.today.year, example.today.month, example.today.day, 12, tzinfo=UTC)
    return evaluate(node, rows, now, Around(recipient=example.recipient, requester=example.requester))
