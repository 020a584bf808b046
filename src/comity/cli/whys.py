"""``comity why``: of any request, made or supposed: what is permitted, by which clause, what would have to change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Final
from uuid import UUID

import psycopg
from cyclopts import Parameter, validators

from comity.cli.failing import NO_INPUT, Failed, Misused
from comity.cli.opening import node, now
from comity.gate import Read, Request, Requester
from comity.gate.keys import load_or_create
from comity.gate.models import Permitted
from comity.gate.why import Explanation, Node, Onlooker, as_data, why_if
from comity.gate.why import why as why_logged
from comity.gate.why.models import Change, Part, Past, RowSaid, State
from comity.node import Node as Opened
from comity.store import Role
from comity.vocabulary.models import Label
from comity.web.access import Desk, desks_of
from comity.web.store import colleague

OPERATOR = "operator"  # whoever runs the node, and says no more of themselves

_TRUTH = {True: "true", False: "false", None: "unknown"}
_SEEN = {"": "", "none": " (there is no value)", "there": " (a value is there)", "shown": " (a value is there)"}


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Supposed:
    """A request that nobody has made."""

    agreement: str = ""
    """The agreement that would be asked under."""
    version: Annotated[int | None, Parameter(validator=validators.Number(gte=1))] = None
    """Its version; the one that counts on that day, if it is left out."""
    purpose: str = ""
    """The purpose that would be stated."""
    role: str = ""
    """The role of whoever would ask."""
    agency: str = ""
    """The agency that would ask."""
    person: UUID | None = None
    """The id of whom it would be about."""
    case: str = ""
    """The case reference that would be stated."""
    because: str = field(default="", repr=False)
    """The justification that would be stated."""
    staff: str = "supposed"
    """The staff id of whoever would ask, for an agreement that depends on it."""
    on: date | None = None
    """A day other than today."""

    def request(self) -> Request:
        """Return it as the gate knows it."""
        if self.person is None or not self.agreement:
            raise Misused("Give the id of a request, or say with --agreement and --person what would be asked.")
        asker = Requester(self.agency, self.staff, self.role)
        return Request(Read(self.person), self.agreement, self.purpose, asker, self.case, self.because)


_NOBODY_HAS: Final = Supposed()


def why(
    request: UUID | None = None,
    *,
    supposed: Supposed = _NOBODY_HAS,
    by: str = OPERATOR,
    dutch: bool = False,
    json_: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Say why a request was, or would be, answered as it is: field by field, and what would have to change.

    That it was asked is an entry in the ledger. No value of a record is printed.

    Parameters
    ----------
    request
        The id of a disclosure or a refusal; or leave it out, and say with the options what would be asked.
    by
        The staff id of the overseer for whom it is asked, who then sees what they may, and no more.
    dutch
        Say it in Dutch.
    json_
        Print it as JSON, with every text in both languages.
    """
    asked = supposed.request() if request is None else request
    with node() as opened:
        onlooker = asyncio.run(_onlooker(opened, by))
        said = asyncio.run(_ask(opened, onlooker, asked, supposed))
    if said is None:
        print(_NONE)
        raise Failed(NO_INPUT)
    if json_:
        print(json.dumps(as_data(said), ensure_ascii=False, indent=2))
    else:
        for line in _lines(said, "nl" if dutch else "en"):
            print(line)


_NONE = "There is nothing of that name to explain here, or it is not theirs to see. Look at comity agreement list."


async def _onlooker(opened: Opened, by: str) -> Onlooker:
    if by == OPERATOR:
        return Onlooker(OPERATOR)
    async with await psycopg.AsyncConnection.connect(opened.store.conninfo(Role.GOVERNANCE)) as conn:
        found = await colleague(conn, by)
    if found is None or Desk.OVERSEER not in desks_of(found):
        raise Misused(f"{by} is admitted as no overseer here. Give the staff id of one, or leave out --by.")
    return Onlooker(found.id, found.agency)


async def _ask(opened: Opened, onlooker: Onlooker, asked: UUID | Request, supposed: Supposed) -> Explanation | None:
    asking = Node(opened.vocabulary, load_or_create(opened.keyring), now(), values=False)
    async with await psycopg.AsyncConnection.connect(opened.store.conninfo(Role.GATE)) as conn:
        if isinstance(asked, UUID):
            return await why_logged(conn, asked, onlooker, asking)
        return await why_if(conn, asked, onlooker, asking, version=supposed.version, on=supposed.on)


# --- in lines --------------------------------------------------------------------------------------------------------


def _lines(said: Explanation, language: str) -> Iterator[str]:
    def say(label: Label) -> str:
        return label.in_language(language)

    asked, leaving = said.asked, sum(bool(row.fields) for row in said.rows)
    yield f"{asked.act} under {asked.agreement}@{asked.version or '?'} by {asked.role or '?'} of {asked.agency or '?'}"
    yield f"Nothing leaves: {say(said.reason.label)}" if said.reason else f"Permitted: {leaving} rows leave, in part."
    yield from (say(note) for note in said.notes)
    if said.past:
        yield from _past(said.past, language)
    yield ""
    for check in said.checks:
        mark = {State.PASSED: "ok", State.FAILED: "NO", State.NOT_REACHED: "--"}[check.state]
        yield f"  {mark}  {say(check.label)}" + (f": {say(check.reason.label)}" if check.reason else "")
        yield from _changes(check.changes, language)
    if said.covered:
        yield ""
        yield f"  {'ok' if said.covered.covered else 'NO'}  about: {say(said.covered.about)}"
        if said.covered.part:
            yield from _parts(said.covered.part, language, 6)
        yield from _changes(said.covered.changes, language)
    if said.consent:
        yield f"  {'ok' if said.consent.lets else 'NO'}  consent: {say(said.consent.label)}"
        yield from _changes(said.consent.changes, language)
    yield from _rows(said, language)
    yield from _fields(said, language)
    yield ""
    yield f"Entry in the ledger: {said.id}"


def _past(past: Past, language: str) -> Iterator[str]:
    became = past.kind if past.reason is None else f"{past.kind}, {past.reason.code}"
    yield f"Then: {past.at:%Y-%m-%d %H:%M}, {became}, {past.rows} rows. What would leave now: {past.match}."
    yield from (f"Since: {each.in_language(language)}" for each in past.since)


def _rows(said: Explanation, language: str) -> Iterator[str]:
    for row in said.rows:
        yield ""
        yield f"{row.row.record} {row.row.record_id} ({row.row.agency}, {row.row.whose})"
        yield f"  leaves: {_leaving(row) or 'nothing'}"
        yield from _changes(row.changes, language)
        for clause in row.clauses:
            yield f"  clause {clause.number} {'releases it' if clause.leaves else 'does not'}: " + (
                clause.label.in_language(language)
            )
            if clause.where and not clause.leaves:
                yield from _parts(clause.where, language, 6)
            yield from _changes(clause.changes, language)


def _leaving(row: RowSaid) -> str:
    """Say each field with its forms, and that one leaves empty."""
    return ", ".join(
        f"{name} ({'; '.join(f'{form}, clause {clause}' for form, clause in forms.items())}"
        f"{'; empty, its key is gone' if name in row.closed else ''})"
        for name, forms in row.fields.items()
    )


def _fields(said: Explanation, language: str) -> Iterator[str]:
    records = dict.fromkeys(it.record for it in said.fields)
    for record in records:
        of = [it for it in said.fields if it.record == record]
        if not any(isinstance(found, Permitted) for it in of for found in it.findings):
            yield ""
            yield f"{record}: no clause lets anything of it out."
            continue
        yield ""
        for it in of:
            yield f"{record}.{it.field}: {it.label.in_language(language)}"
            yield from _changes(it.changes, language)


def _parts(part: Part, language: str, indent: int) -> Iterator[str]:
    yield f"{' ' * indent}{_TRUTH[part.truth]}: {part.label.in_language(language)}{_SEEN[part.seen.value]}"
    for each in part.parts:
        yield from _parts(each, language, indent + 2)


def _changes(changes: tuple[Change, ...], language: str) -> Iterator[str]:
    yield from (f"      > {each.label.in_language(language)}" for each in changes)
