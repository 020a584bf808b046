"""A condition taken apart: which part of it was true, false or unknown, and what is the least that would make it true.

Rules (the meaning of each part is that of :mod:`comity.agreements.meaning`, whose oracle is asked of each):

1. *Not* turns what is wanted around: what would make ``not a`` true makes ``a`` false.
2. Of ``and`` every part that is not true is needed; of ``or`` the one that needs the least. Where *false* is wanted,
   the reverse.
3. Of ``exists`` the nearest related record counts; where none is there, that there is one is needed. Where *false* is
   wanted, each of them has to be false, and none unknown.
4. What is needed is a comparison, or its opposite, of one record. Whether a fact can be so is for people to say: the
   explanation names it and changes nothing.
5. A value is told only in the form in which that field of that record leaves under the request; else whether there is
   one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice, product
from typing import Final
from uuid import UUID

from comity.agreements.condition_words import condition_words
from comity.agreements.meaning import (
    Around,
    Held,
    Join,
    columns,
    evaluate,
    joins,
    records_named,
    related_rows,
)
from comity.agreements.models import And, Compare, Condition, Everyone, Exists, Not, Or
from comity.gate.why.models import Part, Seen
from comity.record.models import Value
from comity.vocabulary.models import Vocabulary

MOST_CHOICES: Final = 2_000  # combinations of somebody's records that are compared for the nearest one

Rows = Mapping[str, Held]
Told = Mapping[tuple[UUID, str], tuple[str, Value]]
"""What may be told: (record, field) -> the form in which it leaves, and the value in it."""


@dataclass(frozen=True, slots=True)
class Needed:
    """A comparison that would have to be true of a record; ``row`` is ``None`` where none is there yet."""

    condition: Condition
    row: UUID | None


@dataclass(frozen=True, slots=True)
class Choice:
    """One record of each type that an ``about`` names: which of their references fail, and what else is needed."""

    rows: Rows
    unjoined: tuple[Join, ...]
    needed: tuple[Needed, ...]

    @property
    def lacking(self) -> tuple[int, int]:
        """How far it is from what is wanted: references before facts."""
        return len(self.unjoined), len(self.needed)


@dataclass(frozen=True, slots=True)
class Scene:
    """What conditions are taken apart among."""

    vocabulary: Vocabulary
    now: datetime
    around: Around = field(repr=False)
    told: Told = field(repr=False)

    # --- which part ---

    def take_apart(self, node: Condition, rows: Rows) -> Part:
        """Return the condition and each of its parts, with whether it is true of ``rows``."""
        label = condition_words(node, self.vocabulary)
        truth = evaluate(node, rows, self.now, self.around)
        match node:
            case And(operands) | Or(operands):
                return Part(label, truth, parts=tuple(self.take_apart(each, rows) for each in operands))
            case Not(operand) if isinstance(operand, And | Or | Not):
                return Part(label, truth, parts=(self.take_apart(operand, rows),))
            case Exists(_, of, where) | Not(Exists(_, of, where)):
                return Part(label, truth, rows[of].record_id if of else None, parts=self._inside(node, where, rows))
            case Everyone():
                return Part(label, truth)
            case _:
                return self._leaf(Part(label, truth), node, rows)

    def _inside(self, node: Condition, where: Condition | None, rows: Rows) -> tuple[Part, ...]:
        exists = node.operand if isinstance(node, Not) else node
        if where is None or not isinstance(exists, Exists):
            return ()
        related = related_rows(exists, rows, self.around)
        nearest = min(related, key=lambda it: len(self._needed(where, {it.record: it}, wanted=True)), default=None)
        return (self.take_apart(where, {nearest.record: nearest}),) if nearest else ()

    def _leaf(self, part: Part, node: Condition, rows: Rows) -> Part:
        asked = list(columns(node))
        column = next((it for it in asked if rows[it.record].values[it.field] is None), asked[0])
        row = rows[column.record]
        part = replace(part, row=row.record_id, record=column.record, field=column.field, seen=Seen.NONE)
        if row.values[column.field] is None:
            return part
        told = self.told.get((row.record_id, column.field))
        if told is None:
            return replace(part, seen=Seen.THERE)
        return replace(part, seen=Seen.SHOWN, form=told[0], value=told[1])

    # --- what is needed ---

    def needed(self, node: Condition, rows: Rows) -> tuple[Needed, ...]:
        """Return the least that would have to be true besides for ``node`` to be; nothing, if it is true."""
        return tuple(dict.fromkeys(self._needed(node, rows, wanted=True)))

    def _needed(self, node: Condition, rows: Rows, *, wanted: bool) -> tuple[Needed, ...]:
        if evaluate(node, rows, self.now, self.around) is wanted:
            return ()
        match node:
            case Not(operand):
                return self._needed(operand, rows, wanted=not wanted)
            case And(operands) | Or(operands):
                each = [self._needed(it, rows, wanted=wanted) for it in operands]
                every = isinstance(node, And) is wanted
                return tuple(it for of in each for it in of) if every else min(each, key=len)
            case Exists():
                return self._needed_related(node, rows, wanted=wanted)
            case _:
                return (Needed(_so(node, wanted=wanted), rows[next(columns(node)).record].record_id),)

    def _needed_related(self, node: Exists, rows: Rows, *, wanted: bool) -> tuple[Needed, ...]:
        itself = (Needed(_so(node, wanted=wanted), rows[node.of].record_id if node.of else None),)
        related = related_rows(node, rows, self.around)
        if node.where is None or not related:
            return itself
        each = [self._needed(node.where, {it.record: it}, wanted=wanted) for it in related]
        return min(each, key=len) if wanted else tuple(it for of in each for it in of)

    # --- an `about` ---

    def nearest(self, about: Condition, concerning: Sequence[Held]) -> Choice | None:
        """Return the choice of records that is nearest to what ``about`` wants; ``None`` if a type has none at all.

        Of the first :data:`MOST_CHOICES` that refer to one another as they should; if none do, of those that do not.
        """
        named = records_named(about)
        of_type = [[row for row in concerning if row.record == name] for name in named]
        if not all(of_type):
            return None
        required = joins(named, self.vocabulary)
        joined = list(islice(_joined({}, of_type, required), MOST_CHOICES))
        rows = joined or [_by_type(chosen) for chosen in islice(product(*of_type), MOST_CHOICES)]
        nearest: Choice | None = None
        for chosen in rows:
            choice = self._choice(about, chosen, required)
            if nearest is None or choice.lacking < nearest.lacking:
                nearest = choice
            if not any(nearest.lacking):
                break
        return nearest

    def _choice(self, about: Condition, rows: Rows, required: Sequence[Join]) -> Choice:
        return Choice(rows, tuple(it for it in required if not _holds(it, rows)), self.needed(about, rows))


def parts_of(part: Part) -> Iterator[Part]:
    """Yield a part and all within it."""
    yield part
    for each in part.parts:
        yield from parts_of(each)


def _so(node: Condition, *, wanted: bool) -> Condition:
    if wanted:
        return node
    match node:  # what people would say
        case Compare(left, operator, right) if (opposite := _OPPOSITE.get(operator)) is not None:
            return Compare(left, type(operator)(opposite), right)
    return Not(node)


_OPPOSITE: Final = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def _joined(rows: dict[str, Held], of_type: Sequence[Sequence[Held]], required: Sequence[Join]) -> Iterator[Rows]:
    """Yield each choice whose references all lead where they should, choosing one type after another."""
    if not of_type:
        yield rows
        return
    for row in of_type[0]:
        chosen = {**rows, row.record: row}
        if all(_holds(it, chosen) for it in required if {it.record, it.referred} <= chosen.keys()):
            yield from _joined(chosen, of_type[1:], required)


def _holds(join: Join, rows: Rows) -> bool:
    return rows[join.record].values[join.field] == rows[join.referred].record_id


def _by_type(rows: Iterable[Held]) -> Rows:
    return {row.record: row for row in rows}
