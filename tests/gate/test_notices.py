"""Being kept told: never of a row that a read would not release at that moment, once of each, and of nothing it says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.agreements.models import Act, Event
from comity.agreements.store import act_upon
from comity.gate import Disclosure, Refusal, Requester, uses_of
from comity.gate.news import SWEEP, News
from comity.gate.notices import Teller, end, notices_of, subscriptions_of
from comity.store import Role

from .test_reviews import DEFAULTS, REVIEW
from .test_sides import RELEASE, books, rows
from .test_wide import lay
from .world import NOW, World, agreement_text, request

WHO = Requester("prosecution", "staff-7", "prosecutor")
LATER = NOW + timedelta(minutes=5)
OPEN = {"channels": "read, search, notify"}


@pytest.fixture
def told(world: World) -> Told:
    return Told(world)


class Told:
    """Subscribes and tells in a world, each time on a connection of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.teller = Teller(world.vocabulary, world.keyring)

    def on_gate(self, what: Callable[[Any], Any]) -> Any:
        async def run() -> Any:
            async with await psycopg.AsyncConnection.connect(self.world.store.conninfo(Role.GATE)) as conn:
                return await what(conn)

        return asyncio.run(run())

    def subscribe(self, person: UUID, **changes: Any) -> UUID | Refusal:
        return self.on_gate(lambda conn: self.teller.subscribe(conn, request(person, **changes), NOW))

    def tell(self, subscription: UUID, *, admitted: bool = True) -> int:
        async def still(_: Requester) -> bool:
            return admitted

        return self.on_gate(lambda conn: self.teller.tell(conn, subscription, LATER, still))

    def notices(self, who: Requester = WHO, **asked: Any) -> tuple[Any, ...]:
        return self.on_gate(lambda conn: notices_of(conn, who, **asked))

    def subscriptions(self, who: Requester = WHO) -> tuple[Any, ...]:
        return self.on_gate(lambda conn: subscriptions_of(conn, who))

    def row(self, record: str, *args: Any, at: Any = LATER, **values: Any) -> UUID:
        """Insert a row that is received now."""
        identity = self.world.row(record, *args, **values)
        self.world.run(Role.INTAKE, f'update record."{record}" set received_at = %s where record_id = %s', at, identity)
        return identity


def test_a_subscriber_is_told_of_what_is_new_by_type_and_count_and_once(world, told, accused):
    world.agree(**OPEN)
    subscription = told.subscribe(accused)
    assert told.tell(subscription) == 0
    for _ in range(2):
        told.row("charge", person=accused, offence="Robbery", severity="serious")
    assert told.tell(subscription) == 2
    assert told.tell(subscription) == 0
    (notice,) = told.notices()
    assert (notice.counts, notice.clauses, notice.total) == ((("charge", 2),), (2,), 2)
    assert (notice.person, notice.subscription, notice.case_reference) == (accused, subscription, "C-1")
    assert world.log() == [("disclosure", None, 0), ("disclosure", None, 2)]
    assert len(world.entries()) == 2


def test_a_notice_writes_the_review_that_is_due(world, told, accused):
    world.agree_to(agreement_text(**OPEN) + REVIEW.format(**DEFAULTS))
    subscription = told.subscribe(accused)
    told.row("charge", person=accused, severity="serious")
    assert told.tell(subscription) == 1
    of = "select d.act, r.counts from gate.review r join gate.disclosure d on d.id = r.disclosure order by d.at"
    assert world.run(Role.GATE, of) == [("notice", []), ("notice", [1])]


def test_nothing_new_is_neither_told_nor_logged(world, told, accused):
    world.agree(**OPEN)
    subscription = told.subscribe(accused)
    before = world.log()
    told.row("document", person=accused)  # no clause releases it
    assert told.tell(subscription) == 0
    assert told.notices() == ()
    assert world.log() == before


def test_what_was_there_is_not_new_and_what_was_on_its_way_is(world, told, accused):
    world.agree(**OPEN)
    told.row("charge", person=accused, severity="serious", at=NOW - timedelta(minutes=1))
    subscription = told.subscribe(accused)
    told.row("charge", person=accused, severity="serious", at=NOW - timedelta(minutes=1))  # committed after all
    assert told.tell(subscription) == 1


def test_a_row_that_is_stated_anew_is_new(world, told, accused):
    world.agree(**OPEN)
    subscription = told.subscribe(accused)
    charge = told.row("charge", person=accused, severity="serious")
    assert told.tell(subscription) == 1
    world.run(Role.INTAKE, "update record.charge set received_at = %s where record_id = %s",
              LATER + timedelta(seconds=1), charge)  # fmt: skip
    assert told.tell(subscription) == 1


def test_no_value_is_in_the_statement(world, told, accused):
    world.agree(**OPEN)
    subscription = told.subscribe(accused)
    told.row("charge", person=accused, offence="Robbery", severity="serious")
    told.tell(subscription)
    kept = str(world.run(Role.GATE, "select * from gate.notice")) + str(world.entries())
    assert "Robbery" not in kept
    assert str(accused) not in kept


@pytest.mark.parametrize(
    ("changes", "terms"),
    [
        ({"role": "officer"}, OPEN),
        ({"agency": "court"}, OPEN),
        ({"justification": ""}, OPEN),
        ({"purpose": "statistics"}, OPEN),
        ({"agreement": "none"}, OPEN),
        ({}, {"channels": "read, search"}),
    ],
    ids=str,
)
def test_who_may_not_read_or_be_told_may_not_subscribe(world, told, accused, changes, terms):
    world.agree(**terms)
    assert isinstance(told.subscribe(accused, **changes), Refusal)
    assert told.subscriptions() == ()
    assert [line[0] for line in world.log()] == ["refusal"]


def test_absent_and_uncovered_are_one_answer(world, told):
    world.agree(**OPEN)
    uncovered = world.person(name="Bob Other")
    absent, not_covered = told.subscribe(uuid4()), told.subscribe(uncovered)
    assert absent.reason == not_covered.reason
    assert told.subscriptions() == ()
    assert {line[1] for line in world.log()} == {"unknown-subject", "not-covered"}


def test_a_role_taken_away_ends_it_once_and_tells_nothing(world, told, accused):
    world.agree(**OPEN)
    subscription = told.subscribe(accused)
    told.row("charge", person=accused, severity="serious")
    for _ in range(2):
        assert told.tell(subscription, admitted=False) == 0
    assert told.tell(subscription) == 0
    assert [line[1] for line in world.log()] == [None, "role-not-held"]
    assert told.subscriptions()[0].reason.code == "role-not-held"


def test_a_revoked_agreement_ends_it_and_tells_nothing(world, told, accused):
    world.agree(**OPEN)
    subscription = told.subscribe(accused)
    told.row("charge", person=accused, severity="serious")
    withdraw(world)
    assert told.tell(subscription) == 0
    assert told.notices() == ()
    assert told.subscriptions()[0].ended == LATER


def test_an_unlinked_or_merged_person_is_told_of_as_they_are_read(world, told, accused):
    world.agree(**OPEN)
    subscription = told.subscribe(accused)
    other = world.person()
    world.row("charge", person=other, severity="serious")
    told.row("charge", person=other, severity="serious")
    assert told.tell(subscription) == 0
    world.run(Role.INTAKE, "update people.membership set person = %s where person = %s", other, accused)
    told.row("charge", person=accused, severity="serious")
    assert told.tell(subscription) == 0  # nobody is left there
    world.run(Role.INTAKE, "update people.person set redirect_to = %s where person = %s", other, accused)
    assert told.tell(subscription) == 2


def test_another_sees_and_ends_nothing(world, told, accused):
    world.agree(**OPEN)
    subscription = told.subscribe(accused)
    told.row("charge", person=accused, severity="serious")
    told.tell(subscription)
    for other in (Requester("court", "staff-7", "prosecutor"), Requester("prosecution", "staff-8", "prosecutor")):
        assert told.notices(other) == told.subscriptions(other) == ()
        assert not told.on_gate(lambda conn, who=other: end(conn, who, subscription, LATER))
    assert told.on_gate(lambda conn: end(conn, WHO, subscription, LATER))
    assert not told.on_gate(lambda conn: end(conn, WHO, subscription, LATER))
    told.row("charge", person=accused, severity="serious")
    assert told.tell(subscription) == 0


def test_asking_twice_is_one_subscription(world, told, accused):
    world.agree(**OPEN)
    assert told.subscribe(accused) == told.subscribe(accused)
    assert len(told.subscriptions()) == 1


def test_a_crash_in_the_middle_leaves_all_or_nothing(world, told, accused):
    world.agree(**OPEN)
    subscription = told.subscribe(accused)
    told.row("charge", person=accused, severity="serious")
    world.run(
        Role.OWNER,
        "create function gate.fail() returns trigger language plpgsql as 'begin raise exception ''no''; end'",
    )
    world.run(Role.OWNER, "create trigger fails before insert on gate.notice for each row execute function gate.fail()")
    with pytest.raises(psycopg.Error):
        told.tell(subscription)
    assert len(world.log()) == 1
    assert world.run(Role.GATE, "select * from gate.told") == []
    world.run(Role.OWNER, "drop trigger fails on gate.notice")
    assert told.tell(subscription) == 1


def test_two_who_tell_at_once_tell_once(world, told, accused):
    world.agree(**OPEN)
    subscription = told.subscribe(accused)
    told.row("charge", person=accused, severity="serious")

    async def still(_: Requester) -> bool:
        return True

    async def twice(one: Any) -> list[Any]:
        async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as other:
            tell = (told.teller.tell(conn, subscription, LATER, still) for conn in (one, other))
            return await asyncio.gather(*tell, return_exceptions=True)

    told.on_gate(twice)
    assert len(told.notices()) == 1
    assert len(world.log()) == 2


def test_the_person_concerned_sees_that_somebody_was_told(world, told, accused):
    world.agree(**OPEN)
    subscription = told.subscribe(accused)
    told.row("charge", person=accused, severity="serious")
    told.tell(subscription)
    (use,) = told.on_gate(lambda conn: uses_of(conn, accused, LATER, by="me", vocabulary=world.vocabulary))
    assert (use.act, use.agency, use.fields) == ("notice", "prosecution", (("charge", ()),))


def test_notices_come_page_by_page(world, told, accused):
    world.agree(**OPEN)
    subscription = told.subscribe(accused)
    for _ in range(3):
        told.row("charge", person=accused, severity="serious")
        told.tell(subscription)
    first = told.notices(limit=2)
    rest = told.notices(before=first[-1].number)
    numbers = [it.number for it in (*first, *rest)]
    assert len(numbers) == 3
    assert numbers == sorted(numbers, reverse=True)


def test_what_is_received_leads_to_whom_it_is_about(world, told, accused):
    world.agree(**OPEN)
    other = world.person()
    world.row("charge", person=other, severity="serious")
    case = world.row("case", case_number="1", common_reference="shared")
    twin = world.row("case", "court", case_number="2", common_reference="shared")
    world.row("charge", person=accused, case=case, severity="serious")
    subscription, unasked = told.subscribe(accused), told.subscribe(other)
    news = News(world.vocabulary)

    def due(at: Any) -> set[UUID]:
        return set(told.on_gate(lambda conn: news.due(conn, at)))

    assert due(LATER) == {subscription, unasked}  # a process that starts asks for all
    assert due(LATER) == set()
    told.row("charge", person=accused, severity="serious")
    assert due(LATER) == {subscription}
    told.row("hearing", case=case)
    assert due(LATER) == {subscription}  # nobody's own, in their case
    told.row("hearing", "court", case=twin)
    assert due(LATER) == {subscription}  # the same case in another agency's book
    told.row("charge", person=other, severity="serious")
    assert due(LATER) == {unasked}
    assert due(LATER) == set()
    assert due(LATER + SWEEP) == {subscription, unasked}
    told.on_gate(lambda conn: end(conn, WHO, subscription, LATER))
    assert due(LATER + 2 * SWEEP) == {unasked}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows, books=books, new=st.lists(st.booleans(), min_size=12, max_size=12))
def test_a_notice_tells_of_nothing_that_a_read_would_not_release(world, told, rows, books, new):
    if not world.keys:
        world.agree(about="everyone", release=RELEASE, **OPEN)
    people = lay(world, [], books)
    subscriptions = [told.subscribe(person) for person in people]
    with_new(world, told, people, rows, books, new)
    for person, subscription in zip(people, subscriptions, strict=True):
        read = world.ask(person, LATER)
        assert isinstance(read, Disclosure)
        may = {(row.record_id, row.received_at) for of in read.rows.values() for row in of}
        told.tell(subscription)
        of = "select record_id, received_at from gate.told where subscription = %s"
        was = set(world.run(Role.GATE, of, subscription))
        assert was == {(identity, at) for identity, at in may if at > NOW - timedelta(hours=1)}


def with_new(world: World, told: Told, people, rows, books, new) -> None:
    """Put down rows of which some are received now."""
    incident = world.row("incident", incident_number="i")
    case = world.row("case", case_number=str(uuid4()), incident=incident)
    for (who, category, of_case, of_incident, kind), is_new in zip(rows, new, strict=False):
        place = {"case": None if of_case is None else case, "incident": None if of_incident is None else incident}
        told.row(kind, person=people[who], whose=category, at=LATER if is_new else NOW - timedelta(days=2), **place)


def withdraw(world: World) -> None:
    with world.store.connect(Role.GOVERNANCE) as conn:
        act_upon(conn, "charging", 1, Event(Act.REVOKE, "police", NOW), by="dpo", reason="for the test")
