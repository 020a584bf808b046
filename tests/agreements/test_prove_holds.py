"""What the solver says is so of rows: nothing that it calls impossible is found, and each example is one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import ASKER, DAYS, conditions, row_values, values

from comity.agreements import covers, evaluate, parse_condition
from comity.agreements.claims import Example, Holds
from comity.agreements.meaning import Around, Held, day, days_within
from comity.agreements.minimisers import APPLIES, applies, tells_no_more
from comity.agreements.models import And, Condition, Everyone, FieldRelease, Not, Or, Release, Today, Unit, Within
from comity.agreements.prove import Kind, compare, prove
from comity.agreements.prover import Prover, Solver, Verdict
from comity.agreements.reach import ANYTHING, Reach, Touching, touch
from comity.agreements.related import OF_THE_CASE, SHARED
from comity.agreements.smt import Sketch, month_bounds
from comity.vocabulary import Vocabulary, check_rules
from comity.vocabulary.models import FieldType

RECORDS = ["person", "incident", "charge", "custody", "supervision", "case"]
PROVIDERS = ("court", "police")
YEAR = (date(2026, 1, 1), date(2026, 12, 31))  # told month by month
DECADES = (date(2020, 1, 1), date(2049, 12, 31))  # months are bounded
TODAYS = [*(each for each in DAYS if each.year == 2026), date(2026, 1, 31), date(2026, 2, 28), date(2026, 12, 31)]

#: What is asked of related rows, so that an unknown truth stands beside what a row shows.
EXISTS = {
    "charge": ["exists (case where stage = 'trial')", "exists (case)", "exists (case where opened_on is null)"],
    "custody": ["exists (person where sex = 'male')", "exists (case)"],
    "case": ["exists (charge where spent)", "exists (incident where domestic)"],
    None: ["exists (charge where spent)", "exists (custody where released_on is null)", "exists (case)"],
}


SOMEBODY = Around(recipient="probation", requester=ASKER[1])  # among those whom the prover is told of


def asked_by(example: Example) -> Around:
    return Around(recipient=example.recipient, requester=example.requester)


def at_noon(today: date) -> datetime:
    return datetime.combine(today, time(12), tzinfo=UTC)


@st.composite
def rows(draw: st.DrawFn, record: str, vocabulary: Vocabulary) -> dict[str, object]:
    """A row as intake admits it."""
    found = {field.name: None for field in vocabulary.record_type(record).fields}
    found |= draw(row_values(record, vocabulary))
    for field in vocabulary.record_type(record).fields:
        if field.required and found[field.name] in (None, ""):
            found[field.name] = draw(values(field, vocabulary).filter(lambda value: value != ""))
    for rule in vocabulary.record_type(record).rules:
        if check_rules(vocabulary.record_type(record), found):
            optional = rule.right if vocabulary.record_type(record).field(rule.left).required else rule.left
            found[optional] = None
    envelope = {
        "agency": draw(st.sampled_from(PROVIDERS)),
        "whose": draw(st.sampled_from(["suspect", "victim", "convicted"])),
        "asserted": draw(st.sampled_from(["fact", "opinion"])),
    }
    return found | envelope


def prover(vocabulary: Vocabulary, days: tuple[date, date]) -> Solver:
    return Solver(Sketch(vocabulary, days, PROVIDERS, ["probation"]))


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_what_can_never_be_true_is_true_of_no_row_and_an_example_is_one(vocabulary: Vocabulary, data: st.DataObject):
    records = data.draw(st.lists(st.sampled_from(RECORDS), min_size=1, max_size=2, unique=True))
    inner = conditions(records, vocabulary)
    # Half of them are drawn together with their opposite, or part of it, so that many can never be true.
    node = data.draw(inner | st.tuples(inner, inner).map(lambda two: And((two[0], Or((two[1], Not(two[0])))))))
    scene = {record: str(number) for number, record in enumerate(records)}
    days = data.draw(st.sampled_from([YEAR, DECADES]))
    (answer,) = prover(vocabulary, days).ask([Holds(node, scene, PROVIDERS)], examples=True)
    assert answer.verdict is not Verdict.UNDECIDED or days is DECADES  # by the month, nothing is left open
    if answer.example is not None:
        nothing = {it: dict.fromkeys(field.name for field in vocabulary.record_type(it).fields) for it in records}
        seen = {record: nothing[record] | answer.example.values(row, record) for record, row in scene.items()}
        assert evaluate(node, seen, at_noon(answer.example.today), asked_by(answer.example)) is True
        assert not any(check_rules(vocabulary.record_type(record), seen[record]) for record in records)
    if answer.verdict is Verdict.NO:
        for _ in range(12):
            found = {record: data.draw(rows(record, vocabulary)) for record in records}
            assert evaluate(node, found, at_noon(data.draw(st.sampled_from(TODAYS))), SOMEBODY) is not True


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_what_is_true_of_a_row_is_found_to_be_possible(vocabulary: Vocabulary, data: st.DataObject):
    record = data.draw(st.sampled_from(RECORDS))
    row, today = data.draw(rows(record, vocabulary)), data.draw(st.sampled_from(TODAYS))
    nodes = data.draw(st.lists(conditions([record], vocabulary), min_size=1, max_size=8))
    true = [node for node in nodes if evaluate(node, {record: row}, at_noon(today), SOMEBODY) is True]
    false = [Not(node) for node in nodes if evaluate(node, {record: row}, at_noon(today), SOMEBODY) is False]
    together = And((*true, *false, Everyone()))  # all that is so of this one row
    days = data.draw(st.sampled_from([YEAR, DECADES]))
    (answer,) = prover(vocabulary, days).ask([Holds(together, {record: "0"}, PROVIDERS)], examples=False)
    assert answer.verdict is Verdict.YES


# --- two versions ----------------------------------------------------------------------------------------------------


@st.composite
def wheres(draw: st.DrawFn, record: str | None, records: list[str], vocabulary: Vocabulary) -> Condition:
    plain = conditions(records, vocabulary)
    asked = EXISTS.get(record)
    if not asked or draw(st.integers(0, 2)):
        return draw(plain)
    exists = parse_condition(draw(st.sampled_from(asked)), vocabulary, record=record)
    joint = draw(st.sampled_from([And, Or]))
    return joint((draw(st.sampled_from([exists, Not(exists)])), draw(plain)))


def changed(draw: st.DrawFn, old: Condition, other: Condition) -> Condition:
    """The same condition, a narrower one, a wider one, or another."""
    return draw(st.sampled_from([old, And((old, other)), Or((old, other)), And((other, old, Not(other))), other]))


@st.composite
def releases(draw: st.DrawFn, vocabulary: Vocabulary) -> Release:
    record = draw(st.sampled_from(["person", "charge", "custody", "case"]))
    fields = draw(st.lists(st.sampled_from(vocabulary.record_type(record).fields), min_size=1, max_size=3, unique=True))
    forms = tuple(
        FieldRelease(it.name, draw(st.sampled_from([each for each in APPLIES if applies(each, it)]))) for it in fields
    )
    of = draw(st.sampled_from([(), (), ("suspect",), ("victim", "suspect")]))
    where = draw(st.none() | wheres(record, [record], vocabulary))
    return Release(0, record, of, where, forms)


@st.composite
def versions(draw: st.DrawFn, marac, vocabulary: Vocabulary):
    """Two versions of an agreement, the second made from the first."""
    clauses = draw(st.lists(releases(vocabulary), min_size=1, max_size=3))
    later = []
    for each in draw(st.lists(st.sampled_from(clauses), min_size=1, max_size=3)):
        other = draw(releases(vocabulary).filter(lambda it, each=each: it.record == each.record))
        where = other.where if each.where is None else changed(draw, each.where, other.where or each.where)
        fields = draw(st.sampled_from([each.fields, each.fields, other.fields]))
        later.append(replace(each, of=draw(st.sampled_from([each.of, other.of])), where=where, fields=fields))
    named = draw(st.lists(st.sampled_from(["charge", "custody", "case"]), min_size=1, max_size=2, unique=True))
    about, other = (draw(wheres(None, named, vocabulary)) for _ in range(2))
    old = replace(marac, about=draw(st.sampled_from([about, about, Everyone()])), releases=numbered(clauses),
                  providers=draw(st.sampled_from([PROVIDERS, ("court",)])))  # fmt: skip
    return old, replace(old, about=changed(draw, about, other), releases=numbered(later), providers=PROVIDERS)


def numbered(clauses: list[Release]) -> tuple[Release, ...]:
    return tuple(replace(each, number=number) for number, each in enumerate(clauses, 1))


@st.composite
def worlds(draw: st.DrawFn, vocabulary: Vocabulary) -> list[Held]:
    """The rows of one person, and one row of somebody else in the same case."""
    kinds = ["person", *draw(st.lists(st.sampled_from(["charge", "custody", "case", "case", "incident"]), max_size=5))]
    ids = count(1)
    held = [Held(kind, UUID(int=next(ids)), UUID(int=999), draw(rows(kind, vocabulary))) for kind in kinds]
    cases = [row.record_id for row in held if row.record == "case"]
    tied = []
    for row in held:
        refers = {"case": draw(st.sampled_from([None, *cases]))} if "case" in row.values else {}
        tied.append(replace(row, values={**row.values, **refers}))
    kind = draw(st.sampled_from(["charge", "custody"]))
    tied.append(Held(kind, UUID(int=500), UUID(int=998), draw(rows(kind, vocabulary))))
    return tied


def left(agreement, world: list[Held], vocabulary: Vocabulary, now: datetime) -> dict[tuple[UUID, str], set[str]]:
    """Each field of each row that leaves, and the forms in which it does: what the gate does, said plainly."""
    seen = tuple(row for row in world if row.values["agency"] in agreement.providers)
    people = frozenset({UUID(int=999)})
    around = Around(vocabulary, agreement.recipients[0], SOMEBODY.requester, held=seen, people=people)
    if not covers(agreement.about, people, seen, vocabulary, now, around):
        return {}
    found: dict[tuple[UUID, str], set[str]] = {}
    for release in agreement.releases:
        for row in (row for row in seen if row.record == release.record):
            own = row.source_person in people
            reached = own or release.record in SHARED | OF_THE_CASE or bool(release.of)
            of = not release.of or row.values["whose"] in release.of
            if reached and of and (release.where is None or evaluate(release.where, {row.record: row}, now, around)):
                for each in release.fields:
                    if each.minimiser != "withheld":
                        found.setdefault((row.record_id, each.field), set()).add(each.minimiser)
    return found


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_version_that_is_proved_to_release_no_more_releases_no_more(
    marac, vocabulary: Vocabulary, data: st.DataObject
):
    old, new = data.draw(versions(marac, vocabulary))
    assert compare(new, new, vocabulary) == ()  # nothing releases more than itself
    findings = compare(old, new, vocabulary)
    more = {(finding.clause, field) for finding in findings for field in finding.fields}
    for _ in range(4):
        world, today = data.draw(worlds(vocabulary)), data.draw(st.sampled_from(TODAYS))
        types = {row.record_id: row.record for row in world}
        for release in new.releases:
            after = left(replace(new, releases=(release,)), world, vocabulary, at_noon(today))
            before = left(old, world, vocabulary, at_noon(today))
            for (row, field), forms in after.items():
                of = vocabulary.record_type(types[row]).field(field)
                told = all(
                    any(tells_no_more(form, than, of) for than in before.get((row, field), ())) for form in forms
                )
                assert told or (release.clause, field) in more


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_clause_that_is_proved_idle_adds_nothing_and_two_that_never_meet_never_meet(
    marac, vocabulary: Vocabulary, data: st.DataObject
):
    old, new = data.draw(versions(marac, vocabulary))
    agreement = replace(new, releases=numbered([*old.releases, *new.releases]))
    found = prove(agreement, vocabulary)
    idle = {each.clause for each in found if each.kind in {Kind.ADDS_NOTHING, Kind.NEVER_APPLIES}}
    meeting = {field for each in found if each.kind in {Kind.OVERLAP, Kind.UNDECIDED} for field in each.fields}
    nobody = any(each.kind is Kind.COVERS_NOBODY for each in found)
    for _ in range(4):
        world, today = data.draw(worlds(vocabulary)), data.draw(st.sampled_from(TODAYS))
        whole = left(agreement, world, vocabulary, at_noon(today))
        assert not (nobody and whole)
        fewer = replace(agreement, releases=tuple(it for it in agreement.releases if it.clause not in idle))
        less = left(fewer, world, vocabulary, at_noon(today))
        types = {row.record_id: row.record for row in world}
        for (row, field), forms in whole.items():
            of = vocabulary.record_type(types[row]).field(field)
            assert all(any(tells_no_more(form, than, of) for than in less.get((row, field), ())) for form in forms)
            assert len(forms) == 1 or field in meeting


# --- with a solver and without ---------------------------------------------------------------------------------------


class Slow(Prover):
    """A prover that leaves everything to the solver."""

    def reached(self, claim):
        return ANYTHING

    def at_once(self, claim, *, examples):
        return None


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_what_is_answered_at_once_is_what_the_solver_answers(vocabulary: Vocabulary, data: st.DataObject):
    records = data.draw(st.lists(st.sampled_from(RECORDS), min_size=1, max_size=2, unique=True))
    asked = wheres(records[0] if len(records) == 1 else None, records, vocabulary)
    one, other = data.draw(asked), data.draw(asked)
    scene = {record: str(number) for number, record in enumerate(records)}
    days = data.draw(st.sampled_from([YEAR, DECADES]))
    quick = Prover(vocabulary, days, PROVIDERS, ["probation"])
    claims = [Holds(node, scene, PROVIDERS) for node in (one, other, And((one, other)), And((one, Not(other))))]
    solved = prover(vocabulary, days).ask(claims, examples=False)
    for claim, answer in zip(claims, solved, strict=True):
        said = quick.at_once(claim, examples=False)
        assert said is None or answer.verdict in {said.verdict, Verdict.UNDECIDED}
    beside = Touching()
    beside.add("one", quick.reached(claims[0]))
    if not beside.to(quick.reached(claims[1])):
        assert solved[2].verdict is not Verdict.YES
    assert bool(beside.to(quick.reached(claims[1]))) == touch(quick.reached(claims[0]), quick.reached(claims[1]))


def found(findings) -> set[tuple[str, str, str]]:
    return {(it.kind, it.clause, field) for it in findings for field in it.fields or [""]}


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_an_agreement_is_found_to_be_what_the_solver_alone_finds(marac, vocabulary: Vocabulary, data: st.DataObject):
    old, new = data.draw(versions(marac, vocabulary))
    both = replace(new, releases=numbered([*old.releases, *new.releases]))
    quickly = found(prove(both, vocabulary)), found(compare(old, new, vocabulary))
    with patch("comity.agreements.prove.Prover", Slow), patch("comity.agreements.prove._Before.surely", lambda *_: []):
        slowly = found(prove(both, vocabulary)), found(compare(old, new, vocabulary))
    for quick, slow in zip(quickly, slowly, strict=True):
        undecided = any(kind is Kind.UNDECIDED for kind, _, _ in slow)
        assert quick == slow or (undecided and not {it for it in quick - slow if it[0] is not Kind.UNDECIDED})


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_those_that_touch_are_found_among_many(vocabulary: Vocabulary, data: st.DataObject):
    record = data.draw(st.sampled_from(RECORDS))
    reach = Reach(vocabulary, YEAR, PROVIDERS, ["probation"])
    nodes = data.draw(st.lists(conditions([record], vocabulary), min_size=1, max_size=12))
    boxes = [reach.of(node, truth=True, scene={record: "0"}, among=PROVIDERS) for node in nodes]
    among: Touching[int] = Touching()
    for number, each in enumerate(boxes[1:], 1):
        among.add(number, each)
    assert among.to(boxes[0]) == [number for number, each in enumerate(boxes) if number and touch(each, boxes[0])]


# --- days ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("months", [*range(-25, 26), -1_200, -120, 120, 1_199, 1_200])
def test_a_number_of_months_is_within_its_bounds(months: int):
    low, high = month_bounds(months)
    starts = (
        date.fromordinal(number) for number in range(date(1999, 1, 1).toordinal(), date(2401, 1, 1).toordinal(), 13)
    )
    assert all(low <= (day(Today(months, Unit.MONTHS), start) - start).days <= high for start in starts)


@pytest.mark.parametrize("days", [YEAR, DECADES, (date(2023, 12, 31), date(2024, 3, 1))], ids=str)
@pytest.mark.parametrize(
    "length", [(1, Unit.MONTHS), (13, Unit.MONTHS), (1, Unit.YEARS), (4, Unit.YEARS), (2, Unit.WEEKS)]
)
@pytest.mark.parametrize("past", [True, False])
def test_the_ends_of_a_span_are_where_the_oracle_has_them(vocabulary: Vocabulary, days, length, past):
    for today in {days[0], days[1], date(2024, 1, 31), date(2024, 2, 29), date(2026, 3, 31)}:
        if days[0] <= today <= days[1]:
            column = parse_condition("charged_on is null", vocabulary, record="charge").column
            within = Within(column, *length, past)
            far = days_within(within, today)[0 if past else 1]
            beyond = far + timedelta(days=-1 if past else 1)
            on_the_day = parse_condition(f"person.birth_date = today and person.birth_date = '{today}'", vocabulary)
            on = {at: parse_condition(f"charge.charged_on = '{at}'", vocabulary) for at in (far, beyond)}
            claims = [Holds(And((within, on_the_day, on[at])), {"charge": "0", "person": "1"}, PROVIDERS) for at in on]
            at_end, farther = prover(vocabulary, days).ask(claims, examples=False)
            assert at_end.verdict is Verdict.YES
            assert farther.verdict is Verdict.NO or days is DECADES


def test_every_type_of_field_is_drawn(vocabulary: Vocabulary):
    drawn = {field.type for record in RECORDS for field in vocabulary.record_type(record).fields}
    assert drawn == set(FieldType)
