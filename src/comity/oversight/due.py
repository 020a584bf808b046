"""When a statement has to go, by which rule, and why not yet. Pure: the day is handed in.

Rules, in the order of the code:

1. A schedule fits a record of its jurisdiction's agency, kind of agency, record type, category of person and codes. Of
   several, the one that names most counts; of those, the one that is due last.
2. The time runs from the latest of its events that has happened. Has none, there is no day.
3. Who somebody is goes with the last that the source says of that person, and no sooner than a schedule that fits it by
   itself says. Where a schedule is about the *whole* of somebody, whatever the source says of them stays as long.
4. A statement goes when each of its records has to go, and what happens then is the most careful of what is to happen
   to them: reviewed before restricted before deleted. One without a rule, or without a day, keeps it.
5. Of what is only our reading of a provision, nothing happens by itself: it is reviewed.
6. What a person decided to keep is not due before that day. What is on hold is not due at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from comity.agreements.lengths import end_of
from comity.intake.disposing import Keeping
from comity.intake.facts import Fact, Standing
from comity.intake.legal_holds import LegalHold, holding
from comity.oversight.models import Due, Why
from comity.vocabulary.models import Certainty, Disposal, Schedule

_CARE: Final = (Disposal.DELETE, Disposal.RESTRICT, Disposal.REVIEW)  # from the least careful to the most
_NO_DAY: Final = {Why.NO_RULE, Why.NOT_YET}


def due_of(
    it: Standing, schedules: Mapping[str, Schedule], keeping: Keeping, holds: Collection[LegalHold], today: date
) -> Due:
    """Return when a statement has to go, by which rule, and why."""
    fitting = [law for law in schedules.values() if _is_of(law, keeping)]
    matters = [record for record in it.records if record.type != "person"]
    due = _together([_with_the_person(record, it, fitting) for record in matters or it.records])
    alone = [own for each in it.records if each.type == "person" and (own := due_of_record(each, fitting)).on]
    if matters and due.on is not None and alone:
        due = _together([due, *alone])
    if due.on is not None and it.kept_until is not None and it.kept_until > max(due.on, today):
        due = replace(due, why=Why.KEPT, on=it.kept_until)
    elif due.on is not None:
        due = replace(due, why=Why.DUE if due.on <= today else Why.LATER)
    held = holding(holds, it.reach)
    return replace(due, why=Why.HELD, holds=held) if held else due


def due_of_record(record: Fact, fitting: Iterable[Schedule]) -> Due:
    """Return when a record would have to go by itself."""
    laws = [law for law in fitting if _fits(law, record)]
    if not laws:
        return Due(Why.NO_RULE)
    most = max(law.named for law in laws)
    found = [_due(law, record) for law in laws if law.named == most]
    return max(found, key=lambda it: it.on or date.max)


def _is_of(law: Schedule, keeping: Keeping) -> bool:
    return law.jurisdiction == keeping.jurisdiction and (not law.agencies or keeping.kind in law.agencies)


def _fits(law: Schedule, record: Fact) -> bool:
    return (
        (not law.records or record.type in law.records)
        and (not law.subjects or record.whose in law.subjects)
        and all(record.codes.get(name, frozenset()) & set(codes) for name, codes in law.when.items())
    )


def _due(law: Schedule, record: Fact) -> Due:
    happened = [record.days[event] for event in law.runs_from if event in record.days]
    then = Disposal.REVIEW if law.certainty is Certainty.READING else law.then
    if not happened:
        return Due(Why.NOT_YET, None, law.term, then)
    return Due(Why.LATER, end_of(law.keep, max(happened)), law.term, then)


def _with_the_person(record: Fact, it: Standing, fitting: Collection[Schedule]) -> Due:
    """Return when a record has to go, with whatever else the source says of whom it concerns."""
    own = due_of_record(record, fitting)
    whole = {law.term for law in fitting if law.whole}
    of_the_person = [
        each for each in (*it.records, *it.others) if record.person and each.person == record.person and each != record
    ]
    others = [due_of_record(each, fitting) for each in of_the_person]
    if record.type == "person":
        matters = [due for each, due in zip(of_the_person, others, strict=True) if each.type != "person"]
        return _together(matters or [own])
    return _together([own, *(due for due in others if due.rule in whole)])


def _together(dues: Collection[Due]) -> Due:
    """Return the last of several, with the most careful of what is to happen; no day if one has none."""
    for due in dues:
        if due.why in _NO_DAY:
            return due
    if not dues:
        return Due(Why.NO_RULE)
    last = max(dues, key=lambda it: (it.on or date.min, _CARE.index(it.then or Disposal.DELETE), it.rule or ""))
    then = max((it.then or Disposal.DELETE for it in dues), key=_CARE.index)
    return replace(last, then=then)
