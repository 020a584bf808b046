"""Tell ``people`` who was said, who is said no longer, who was in prison when, and who is who by a source's own word.

Linking everybody anew is :mod:`comity.intake.relinking`; what people decide, :mod:`comity.intake.deciding`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import date
from typing import Final
from uuid import UUID

from comity import people
from comity.intake.causes import Cause
from comity.intake.holding import enter_holds
from comity.intake.restore import Taken
from comity.intake.sitting import Bench, Sitting
from comity.intake.store import QUERIES, Connection, ids
from comity.people import Features, proposals
from comity.people.errors import ContradictoryJudgementError, UnknownSourcePersonError
from comity.people.models import Stay
from comity.record.models import Record
from comity.vocabulary.models import FieldType, Identifiability, RecordType

PRISON: Final = ("remand", "sentence", "recall", "youth")
"""The kinds of custody of which nobody is in two at once. A prisoner passes through a jail on the way to court, is
questioned by the police and treated in a hospital, and stays on the prison's book meanwhile."""


def link(sitting: Bench, put: Sequence[Record], taken: Taken, *, erase: bool = False) -> None:
    """Place every person that was said, and remove those that are said no longer; ``erase``: leave no trace of them."""
    persons = [record for record in put if record.record_type == "person"]
    gone = taken.persons - {record.record_id for record in persons}
    for identifier in sorted(gone):
        with suppress(UnknownSourcePersonError):  # taken away before: retracted, and now erased
            people.remove(sitting.conn, identifier, erase=erase)
    kind = sitting.vocabulary.record_types["person"]
    detained = _detained(put) | taken.detained
    placed = people.place_many(
        sitting.conn,
        [features(kind, record) for record in persons],
        stays_of(sitting.conn, detained) if detained else None,
    )
    if gone or detained or any(placement.held for placement in placed):
        enter_holds(sitting.conn, sitting.now)


def _detained(put: Iterable[Record]) -> set[UUID]:
    """Return whose times in prison are said."""
    custody = [it for it in put if it.record_type == "custody" and it.values.get("kind") in PRISON]
    return {it.source_person for it in custody if it.source_person}


def stays_of(conn: Connection, persons: Collection[UUID]) -> dict[UUID, list[Stay]]:
    """Return when each of these was in prison, as the record has it."""
    stays: dict[UUID, list[Stay]] = {person: [] for person in persons}
    for person, *stay in conn.execute(QUERIES.stays_of, {"persons": list(persons), "kinds": list(PRISON)}):
        stays[person].append(Stay(*stay))
    return stays


def all_stays(conn: Connection) -> dict[UUID, list[Stay]]:
    """Return when everybody was in prison, as the record has it."""
    stays: dict[UUID, list[Stay]] = {}
    for person, *stay in conn.execute(QUERIES.all_stays, {"kinds": list(PRISON)}):
        stays.setdefault(person, []).append(Stay(*stay))
    return stays


def features(kind: RecordType, record: Record) -> Features:
    """Return what linking may know of a person: never a sealed field."""
    text = {field.name: _text(record, field.name) for field in kind.fields if not field.sealed}
    birth_date = record.values.get("birth_date")
    others = tuple(name.strip() for name in (text["alias_names"] or "").split(";") if name.strip())
    if not (text["given_names"] or text["family_name"]) and text["name"]:
        others = (text["name"], *others)
    return Features(
        source_person=record.record_id,
        agency=record.agency,
        given_names=text["given_names"],
        family_name=text["family_name"],
        alias_names=others,
        birth_date=birth_date if isinstance(birth_date, date) else None,
        sex=text["sex"],
        postcode=text["postcode"],
        address=text["address"],
        identifiers={name: number for name in numbers(kind) if (number := text[name])},
    )


def numbers(kind: RecordType) -> tuple[str, ...]:
    """Return the fields of a person that are numbers given by an authority, sealed ones left out."""
    return tuple(
        field.name
        for field in kind.fields
        if field.name.endswith("_number")
        and not field.sealed
        and field.type is FieldType.TEXT
        and field.identifiability is Identifiability.DIRECT
    )


def _text(record: Record, name: str) -> str | None:
    value = record.values.get(name)
    return value if isinstance(value, str) else None


def judge(sitting: Sitting, pair: tuple[UUID, UUID], *, same: bool) -> Cause | None:
    """Let a source's own word on two of its persons bind: the same human being, or two. Return why it cannot.

    *Same* of two whom a limit keeps apart is proposed, and a person confirms it.
    """
    if known(sitting.conn, pair) != set(pair):
        return Cause.PERSON_NOT_KNOWN_YET
    reason = f"{sitting.mapping.label} says so"
    try:
        say = proposals.say_same if same else proposals.say_different
        say(sitting.conn, *pair, by=sitting.mapping.agency, reason=reason, at=sitting.now)
    except UnknownSourcePersonError:
        return Cause.PERSON_NOT_KNOWN_YET
    except ContradictoryJudgementError:
        return Cause.JUDGED_BEFORE
    enter_holds(sitting.conn, sitting.now)
    return None


def known(conn: Connection, persons: Sequence[UUID]) -> set[UUID]:
    """Return which of these persons have a record now."""
    return set(ids(conn, QUERIES.persons_with_a_record, persons=list(persons)))
