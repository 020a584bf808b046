"""What a version would let out of today's records is counted as reads of each person would show it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from comity.agreements import parse_agreement
from comity.agreements.minimisers import tells_no_more
from comity.agreements.models import Act, Event
from comity.agreements.prove import Kind, compare, contradictions
from comity.agreements.store import act_upon, all_standings
from comity.gate import answer, disclose
from comity.gate.impact import Impact, Line, Tally, Weigh, take_impact
from comity.gate.impact.models import COUNTED
from comity.gate.models import Requester
from comity.gate.release import ENVELOPE
from comity.store import Role

from .test_sides import books, rows
from .world import NOW, World, agreement_text, request

CLAUSES = (
    "{record: person, fields: {name: as-is, birth_date: year, address: area}}",
    "{record: person, of: [victim, witness], fields: {name: initials, birth_date: age-band, address: as-is}}",
    "{record: person, of: [suspect, convicted], where: \"birth_date < '1990-01-01'\", fields: {birth_date: as-is}}",
    "{record: person, of: [suspect], fields: {safe_contact: as-is, address: present}}",
    "{record: charge, fields: {offence: as-is, charged_on: month}}",
    "{record: charge, of: [victim, suspect], fields: {offence: as-is, status: as-is, charged_on: year}}",
    "{record: charge, where: \"severity = 'serious'\", fields: {charged_on: as-is, offence: present}}",
    "{record: involvement, of: [victim, witness], fields: {role: as-is}}",
    "{record: involvement, where: agency = recipient or role = 'victim', fields: {role: as-is}}",
    "{record: incident, fields: {incident_number: as-is, kind: present}}",
    "{record: case, fields: {case_number: as-is}}",
)
terms = st.fixed_dictionaries({
    "about": st.sampled_from(["everyone", "everyone", "charge.severity = 'serious'", "involvement.role = 'victim'"]),
    "providers": st.sampled_from(["police, court", "police, court", "police"]),
    "release": st.lists(st.sampled_from(CLAUSES), min_size=1, max_size=4, unique=True).map(
        lambda chosen: "\n".join(f"  - {clause}" for clause in chosen)
    ),
})  # fmt: skip
born = st.sampled_from([None, date(1980, 2, 29), date(1990, 1, 1), date(2030, 1, 1)])
lives = st.sampled_from([None, "1 High Street, AB1 2CD", "nowhere in particular"])
said = st.lists(st.sampled_from([None, "serious", "lesser"]), min_size=7, max_size=7)
numbers = count()


@settings(
    max_examples=10,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    old=terms,
    new=terms,
    rows=rows,
    books=books,
    of=st.tuples(st.tuples(born, born), st.tuples(lives, lives)),
    said=said,
)
def test_it_counts_what_reads_of_each_person_would_show(world: World, old, new, rows, books, of, said):
    born, lives = of
    texts = [parse_agreement(agreement_text(channels="read", **each), world.vocabulary) for each in (old, new)]
    assume(not any(contradictions(each, world.vocabulary) for each in texts))  # nobody could sign it
    end_all(world)
    clear(world)
    people = lay(world, rows, books, born, lives, said)
    name, before, after = (f"{which}-{next(numbers)}" for which in ("weighed", "before", "after"))
    world.agree(name=name, channels="read", **old)
    world.agree(name=before, channels="read", **old)
    world.agree(name=name, version=2, signed=False, channels="read", **new)
    impact = impact_of(world, name)
    was, would = shown(world, people, before), shown(world, people, world.agree(name=after, channels="read", **new))
    compared = lines_of(world, was, would)
    found = {(it.record, it.whose, it.field, it.form): it for it in impact.lines if told(it)}
    assert {key: (it.let, it.new, it.gone) for key, it in found.items()} == compared
    for it in found.values():
        assert it.unshown == it.new, "nobody has looked yet"
        assert it.unopened == it.new, "the version in force is the only one"
    again = impact_of(world, name)
    assert all(it.unopened == Tally() for it in again.lines), "another agreement in force lets all of it be seen"
    assert all(it.unshown == Tally() for it in again.lines if it.record not in {"incident", "case"}), "all was shown"
    kinds = {finding.kind for finding in compare(*texts, world.vocabulary)}
    if not kinds & {Kind.RELEASES_MORE, Kind.UNDECIDED}:
        assert all(it.new == Tally() for it in impact.lines), "proved to release no more"


# --- one world, read and weighed -------------------------------------------------------------------------------------


def end_all(world: World, only: str | None = None) -> None:
    """Revoke what earlier examples agreed: it would let the recipient see everything already."""
    with world.store.connect(Role.GOVERNANCE) as conn:
        for versions in all_standings(conn, world.vocabulary, NOW):
            for it in versions:
                if it.standing.in_force and only in (None, it.name):
                    act_upon(conn, it.name, it.version, Event(Act.REVOKE, "police", NOW), by="officer-1", reason="over")


def clear(world: World) -> None:
    for table in ("record.person", "record.charge", "record.involvement", "record.incident", 'record."case"',
                  "people.membership", "people.token"):  # fmt: skip
        world.run(Role.INTAKE, f"delete from {table}")


def lay(world: World, rows, books, born, lives, said) -> dict[UUID, UUID]:
    """Put down what hypothesis drew; return the source persons, each with the human being that it is."""
    *arose, shared = books
    reference = str(uuid4())
    incidents = [world.row("incident", incident_number=str(number)) for number in range(2)]
    cases = [
        world.row("case", agency, case_number=f"{reference}-{agency}", common_reference=reference if shared else None,
                  incident=None if of is None else incidents[of])
        for agency, of in zip(("police", "court"), arose, strict=True)
    ]  # fmt: skip
    people = [world.person(name=f"Person {number}", birth_date=day, address=address)
              for number, (day, address) in enumerate(zip(born, lives, strict=True))]  # fmt: skip
    twin = world.person("court", human=people[0], whose="victim", name="Person Nought", birth_date=born[1])
    for (who, category, case, incident, kind), severity in zip(rows, said, strict=False):
        values = {"charge": {"offence": severity, "severity": severity, "charged_on": born[0]},
                  "involvement": {"role": category if severity else None}}[kind]  # fmt: skip
        world.row(kind, person=people[who], whose=category, case=None if case is None else cases[case],
                  incident=None if incident is None else incidents[incident], **values)  # fmt: skip
    return {people[0]: people[0], people[1]: people[1], twin: people[0]}


def impact_of(world: World, name: str = "charging", agency: str = "police", **asked) -> Impact:
    impact = ask_for(world, name, agency, **asked)
    assert isinstance(impact, Impact)
    return impact


def ask_for(world: World, name: str, agency: str, version: int | None = None, against: int | None = None, now=NOW):
    officer = Requester(agency, "officer-1", "data-protection-officer") if agency else None

    async def take():
        async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
            asks = Weigh(name, version, against, officer)
            return await take_impact(conn, asks, now, vocabulary=world.vocabulary, keyring=world.keyring)

    return asyncio.run(take())


def told(line: Line) -> bool:
    return any(getattr(line, name) != Tally() for name in COUNTED)


Cell = tuple[str, str, str, str]  # record type, category, field, form


def shown(world: World, people: dict[UUID, UUID], name: str) -> dict[Cell, set[tuple[UUID, UUID]]]:
    """Read everybody, and return which records give something of a field in a form, and whom each concerns."""
    found: dict[Cell, set[tuple[UUID, UUID]]] = defaultdict(set)
    for human, line in asyncio.run(lines_that_leave(world, set(people.values()), name)):
        record, record_id, source_person = line.where
        for field, form in line.forms.items():
            if line.values[field] is not None:
                found[record, line.whose, field, form].add((record_id, people.get(source_person, human)))
    return found


@dataclass(frozen=True)
class Left:
    """A line that left: which row it is of, and what it says of it in which form."""

    where: tuple[str, UUID, UUID | None]
    whose: str
    forms: Mapping[str, str]
    values: Mapping[str, Any]


async def lines_that_leave(world: World, humans: set[UUID], name: str) -> list[tuple[UUID, Left]]:
    """Read each of them, and return the lines that leave: a row in two forms leaves twice, and is shown once."""
    left: list[tuple[UUID, Left]] = []
    made = answer._values
    async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
        for human in humans:

            def noted(where, lines, items, opener, human=human):
                values = made(where, lines, items, opener)
                left.append((human, Left(where, items[ENVELOPE.index("whose")], lines.forms, values)))
                return values

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(answer, "_values", noted)
                await disclose(
                    conn, request(human, agreement=name), NOW, vocabulary=world.vocabulary, keyring=world.keyring
                )
    return left


def lines_of(world: World, was, would) -> dict[Cell, tuple[Tally, Tally, Tally]]:
    lines = {}
    for cell in {**was, **would}:
        let, new, gone = would.get(cell, set()), beyond(world, cell, would, was), beyond(world, cell, was, would)
        if let or gone:
            lines[cell] = tuple(map(tally, (let, new, gone)))
    return lines


def beyond(world: World, cell: Cell, one, other) -> set[tuple[UUID, UUID]]:
    """What one version shows in a form, of rows of which the other shows no form that tells as much."""
    record, _, name, form = cell
    field = world.vocabulary.record_type(record).field(name)
    known = {
        record_id
        for (*_, of, than), cells in other.items() if of == name and tells_no_more(form, than, field)
        for record_id, _ in cells
    }  # fmt: skip
    return {(record_id, person) for record_id, person in one.get(cell, set()) if record_id not in known}


def tally(of: set[tuple[UUID, UUID]]) -> Tally:
    return Tally(len({record_id for record_id, _ in of}), len({person for _, person in of}))


def kept(world: World) -> Iterator[tuple]:
    yield from world.run(Role.GATE, "select id, name, version, agency, by, digest, document from agreements.impact")
