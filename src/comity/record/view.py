"""The joined-up view of a person or a case. Pure: it works on rows that the gate has released and minimised.

Rules:

1. The best-supported value is the one that most agencies state as fact; between equals, the one that most state at all
   (an opinion never outvotes a fact: LED art. 7(1)); then the one received last; between those, the first in the
   alphabet, so that the same rows always give the same view.
2. Values that differ only in case, accents or spacing are one value; it is shown as its latest source writes it. A
   date that was minimised (``1980``) beside a whole one that it fits (``1980-02-03``) is that one, said less exactly.
   Values that left in any other two forms (``50-59`` beside a date, ``present`` beside an address) are not compared:
   whether they agree is not to be seen from here. The field then stands once for each form, the exact one first.
3. What other sources say instead is shown beside it, with who says it. Nothing is hidden for being outvoted.
4. A stay in custody that overlaps another agency's stay is shown as a contradiction: one of them is wrong. That can be
   said of whole days only, not of dates that were minimised.
5. A date that was minimised (``2014-06``, ``2014``) is placed at its beginning and shown as it is. That there is a date
   (``present``) places nothing.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import combinations
from uuid import UUID

from comity.record.models import (
    Contradiction,
    Happening,
    JoinedView,
    ReleasedRow,
    Said,
    Supported,
    Value,
    Voice,
)
from comity.vocabulary.models import Assertion, FieldType, RecordType, Vocabulary

_OPEN_END = "9999"
_EXACT = "as-is"
_PARTS_OF_A_DATE = frozenset({"month", "year"})  # they begin the date, so they can be compared with it


def join(rows: Iterable[ReleasedRow], anchor: str, vocabulary: Vocabulary) -> JoinedView:
    """Join released rows up around ``anchor``: the record type (``person`` or ``case``) whose fields stand on top."""
    ordered = sorted(rows, key=lambda row: (row.record, row.agency, str(row.record_id)))
    by_type: dict[str, list[ReleasedRow]] = defaultdict(list)
    for row in ordered:
        by_type[row.record].append(row)
    fields = tuple(_supported(by_type.get(anchor, ()), vocabulary.record_type(anchor)))
    return JoinedView(
        fields=fields,
        timeline=_timeline(ordered, anchor, vocabulary),
        contradictions=(*_disagreements(fields), *_overlapping_stays(by_type.get("custody", ()))),
        rows={name: tuple(of_type) for name, of_type in by_type.items()},
        agencies=tuple(sorted({row.agency for row in ordered})),
    )


def same_value(left: Value, right: Value) -> bool:
    """Whether two values say the same: text compares without case, accents, punctuation and spacing (rule 2)."""
    return _folded(left) == _folded(right)


def _supported(rows: Sequence[ReleasedRow], record_type: RecordType) -> Iterator[Supported]:
    for field in record_type.fields:
        if field.type is FieldType.REFERENCE:
            continue  # an id is for machines
        dated = field.type in (FieldType.DATE, FieldType.TIMESTAMP)
        for of_form in _by_form(rows, field.name, dated=dated):
            said = _who_says_what(of_form, field.name)
            if dated:
                said = _less_exact_joined(said)
            if said:
                yield Supported(field.name, said[0], tuple(said[1:]))


def _by_form(rows: Sequence[ReleasedRow], field: str, *, dated: bool) -> Iterator[list[ReleasedRow]]:
    """Yield the rows whose values of a field can be compared, the exact ones first (rule 2)."""
    by_form: dict[str, list[ReleasedRow]] = defaultdict(list)
    for row in rows:
        form = row.forms.get(field, _EXACT)
        by_form[_EXACT if dated and form in _PARTS_OF_A_DATE else form].append(row)
    for form in sorted(by_form, key=lambda form: (form != _EXACT, form)):
        yield by_form[form]


def _who_says_what(rows: Sequence[ReleasedRow], field: str) -> list[Said]:
    voices: dict[object, list[tuple[Voice, Value]]] = defaultdict(list)
    for row in rows:
        value = row.values.get(field)
        if value is not None and value != "":
            voice = Voice(row.agency, row.source, row.received_at, row.record_id, row.asserted)
            voices[_folded(value)].append((voice, value))
    said = [_one_value(heard) for heard in voices.values()]
    return sorted(said, key=_support)


def _less_exact_joined(said: Sequence[Said]) -> list[Said]:
    """Let whoever says a date less exactly support the best-supported more exact one that it fits."""
    joined: dict[str, Said] = {}
    for each in sorted(said, key=lambda it: (-len(_exactly(it.value)), _support(it))):
        when = _exactly(each.value)
        exact = next((other for other in joined if other.startswith(f"{when}-")), when)
        voices = joined[exact].voices if exact in joined else ()
        joined[exact] = Said(joined[exact].value if voices else each.value, (*voices, *each.voices))
    return sorted(joined.values(), key=_support)


def _exactly(value: Value) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _one_value(heard: list[tuple[Voice, Value]]) -> Said:
    latest_first = sorted(heard, key=lambda pair: (-pair[0].received_at.timestamp(), str(pair[1])))
    return Said(latest_first[0][1], tuple(voice for voice, _ in latest_first))


def _support(said: Said) -> tuple[int, int, float, str]:
    agencies = {voice.agency for voice in said.voices}
    as_fact = {voice.agency for voice in said.voices if voice.asserted is Assertion.FACT}
    latest = max(voice.received_at.timestamp() for voice in said.voices)
    return (-len(as_fact), -len(agencies), -latest, str(said.value))


def _timeline(rows: Iterable[ReleasedRow], anchor: str, vocabulary: Vocabulary) -> tuple[Happening, ...]:
    happenings = [_happening(row, vocabulary.record_type(row.record)) for row in rows if row.record != anchor]
    happenings.sort(key=lambda it: (it.row.record, str(it.row.record_id)))
    return tuple(sorted(happenings, key=lambda it: it.on, reverse=True))


def _happening(row: ReleasedRow, record_type: RecordType) -> Happening:
    for field in record_type.happened:
        value = row.values.get(field)
        if value is not None and value != "" and not isinstance(value, bool):
            return Happening(_as_day(value), field, row)
    return Happening("", "", row)


def _as_day(value: Value) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _disagreements(fields: Iterable[Supported]) -> Iterator[Contradiction]:
    for field in fields:
        if field.others:
            voices = [voice for said in (field.best, *field.others) for voice in said.voices]
            yield _contradiction("field", field.field, [(voice.record_id, voice.agency) for voice in voices])


def _overlapping_stays(stays: Sequence[ReleasedRow]) -> Iterator[Contradiction]:
    for one, other in combinations(stays, 2):
        if one.agency != other.agency and _overlap(_stay(one), _stay(other)):
            pair = [(one.record_id, one.agency), (other.record_id, other.agency)]
            yield _contradiction("overlap", "received_on", pair)


def _stay(row: ReleasedRow) -> tuple[str, str] | None:
    start, end = row.values.get("received_on"), row.values.get("released_on")
    if start is None or "released_on" not in row.values:
        return None  # what was not released cannot be compared
    days = [_as_day(day) for day in (start, end) if day is not None]
    if any(len(day) != len("2014-06-07") for day in days):
        return None
    return days[0], days[1] if end is not None else _OPEN_END


def _overlap(one: tuple[str, str] | None, other: tuple[str, str] | None) -> bool:
    # A transfer on the day itself is no contradiction, so ends that touch do not overlap.
    return one is not None and other is not None and max(one[0], other[0]) < min(one[1], other[1])


def _contradiction(kind: str, field: str, found: Sequence[tuple[UUID, str]]) -> Contradiction:
    rows = tuple(dict.fromkeys(row for row, _ in found))
    return Contradiction(kind, field, rows, tuple(sorted({agency for _, agency in found})))


def _folded(value: Value) -> object:
    if not isinstance(value, str):
        return value
    decomposed = unicodedata.normalize("NFKD", value)
    kept = (letter if letter.isalnum() else " " for letter in decomposed if not unicodedata.combining(letter))
    return " ".join("".join(kept).casefold().split()) or value
