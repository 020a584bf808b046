"""A row that fulfils a claim, made up from what the claim reaches and tried on the oracle. Pure.

Rules:

1. The day is the first of the agreement's. In each box on that day a value is chosen for each column: of days the one
   nearest to the day itself, so that those which must follow one another do.
2. Nobody is made up of whom something is *not* so: there are too many ways to be otherwise.
3. What fulfils the claim by the oracle, and is a row that intake could have admitted, proves that the claim may be so.
   What does not proves nothing, and the solver is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from comity.agreements.claims import Claim, Every, Example, Holds, NotSo, Refers, Some, Told, is_lawful, reached, tried
from comity.agreements.meaning import columns
from comity.agreements.models import Column
from comity.agreements.reach import NULL, STEPS, Box, Range, Reach
from comity.vocabulary.models import FieldType, Vocabulary

_TEXT: Final = "\N{HORIZONTAL ELLIPSIS}"  # any text that no condition names
_UNTOLD: Final = Told(frozenset(), (), today=False, recipient=False)


class _Unasked(dict[Any, bool | None]):
    """What was taken to be so of what no row shows; of all else it is unknown."""

    def __missing__(self, key: object) -> None:
        return None


class Witness:
    """Makes up rows for claims about one agreement."""

    def __init__(
        self, vocabulary: Vocabulary, days: tuple[date, date], providers: Sequence[str], recipients: Sequence[str]
    ) -> None:
        self._vocabulary, self._today, self._recipient = vocabulary, days[0], recipients[0]
        self._reach = Reach(vocabulary, (days[0], days[0]), providers, recipients[:1])
        self._must: dict[Column, tuple[Column, ...]] = {}

    def fulfils(self, claim: Claim) -> bool:
        """Whether a row was made up that fulfils the claim; if not, there may be another."""
        parts = tuple(_parts(claim))
        if any(isinstance(part, NotSo) for part in parts):
            return False
        examples = (self._example(box, parts) for box in reached(claim, self._reach))
        return any(is_lawful(example, self._vocabulary) and tried(claim, example) for example in examples)

    def _example(self, box: Box, parts: Sequence[Claim]) -> Example:
        rows: dict[str, dict[Column, Any]] = {}
        asked = _Unasked()
        for node, scene in ((part.node, part.scene) for part in parts if isinstance(part, Holds)):
            for column in columns(node):
                rows.setdefault(scene[column.record], {})[column] = None
        for key, values in box.items():
            row, of, what = key
            if isinstance(what, str):
                column = Column(of, what)
                rows.setdefault(row, {})[column] = None if values is NULL else self._chosen(column, values)
            elif values.only is not None:
                (asked[key],) = values.only
        ids: dict[str, UUID] = {}
        for part in parts:
            if isinstance(part, Refers):
                ids.setdefault(part.other, UUID(int=len(ids) + 1))
                rows[part.row][part.column] = ids[part.other]
        self._complete(rows)
        return Example(rows, self._today, self._recipient, _TEXT, asked, frozenset(), ids, _UNTOLD)

    def _chosen(self, column: Column, values: Range) -> Any:
        """Return a value of a range: the least of a few, the day nearest to the day, any text or number."""
        if values.only is not None:
            return min(values.only)
        kind = self._type(column)
        if kind is FieldType.TEXT:
            return next(text for text in _texts() if text not in values.never)
        if kind is FieldType.REFERENCE:
            return UUID(int=0)
        midnight = datetime(self._today.year, self._today.month, self._today.day, tzinfo=UTC)
        wished = {FieldType.DATE: self._today, FieldType.TIMESTAMP: midnight}.get(kind, 0)
        return _nearest(wished, values)

    def _complete(self, rows: dict[str, dict[Column, Any]]) -> None:
        """Give a row what it must have beside what it has, because a rule compares the two."""
        for values in rows.values():
            for column, beside in [(it, more) for it in values for more in self._beside(it)]:
                if values[column] is not None and values.get(beside) is None:
                    values[beside] = values[column]

    def _beside(self, column: Column) -> tuple[Column, ...]:
        if column not in self._must:
            record = self._vocabulary.record_type(column.record)
            sides = [(it.left, it.right) for it in record.rules] + [(it.right, it.left) for it in record.rules]
            self._must[column] = tuple(
                Column(column.record, other)
                for each, other in sides
                if each == column.field and record.field(other).required
            )
        return self._must[column]

    def _type(self, column: Column) -> FieldType:
        fields = self._vocabulary.record_type(column.record).fields
        return next((each.type for each in fields if each.name == column.field), FieldType.TEXT)


def _nearest(wished: Any, values: Range) -> Any:
    """Return what lies nearest to what is wished for within a range, or a little farther if that may not be."""
    low, high = values.low, values.high
    end = low if low is not None and wished < low else high if high is not None and high < wished else wished
    step = STEPS[type(end)]
    for far in range(len(values.never) + 1):
        for each in (end + far * step, end - far * step):
            if each not in values.never and (low is None or low <= each) and (high is None or each <= high):
                return each
    return end


def _texts() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"{_TEXT} {number}"


def _parts(claim: Claim) -> Iterator[Claim]:
    """Yield the claims of which a claim is made."""
    if isinstance(claim, Every | Some):
        for each in claim.claims:
            yield from _parts(each)
    else:
        yield claim
