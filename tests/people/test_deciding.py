"""What only a person can decide: the questions, two people for some, cannot tell, and who comes apart since when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from comity import people
from comity.people import Features, holds, proposals, questions
from comity.people import store as rows
from comity.people.errors import (
    ContradictoryJudgementError,
    NoSuchQuestionError,
    OwnProposalError,
    ProposalStandsError,
    UnknownProposalError,
)
from comity.people.judge import foresee
from comity.people.models import Judgement, Proposal, Strong, Why
from comity.people.parting import partings_of, together_since
from comity.people.proposals import strength
from comity.people.questions import grouped, two
from comity.people.standardise import standardise
from comity.people.starting import starting
from comity.store import Role

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def said(number, given="Wim", family="van der Berg", born=date(1980, 2, 3), agency="police", **more):
    return Features(UUID(int=number), agency, given, family, birth_date=born, **more)


@pytest.fixture
def conn(store):
    """A connection where a model is in force."""
    with store.connect(Role.INTAKE) as connection:
        rows.put_model(connection, starting(["police_number"], ["police", "court"], NOW))
        connection.commit()
        yield connection


def ids(*numbers):
    return tuple(UUID(int=number) for number in numbers)


def judge(conn, a, b, *, same):
    return people.judge(conn, *ids(a, b), same=same, by="p1", reason="seen", at=NOW)


def propose(conn, a, b, by="p1"):
    return proposals.decide(conn, *ids(a, b), same=True, by=by, reason="seen", at=NOW)


def pairs(conn):
    return [(it.a.int, it.b.int) for it in people.open_questions(conn)]


# ------------------------------------------------------------------------------------------------------- the questions


def test_many_pairs_between_two_persons_are_one_question_and_the_nearest_pair_leads(conn):
    people.place_many(conn, [said(1), said(2, agency="court"), said(3, "Kees"), said(4, "Kees", agency="court")])
    (asked,) = people.open_questions(conn)
    assert asked.pairs == 4
    weights = dict(conn.execute("select (a, b)::text, weight from people.edge where retired_at is null").fetchall())
    assert asked.weight == max(weights[f"({a},{b})"] for a in ids(1, 2) for b in ids(3, 4))


def test_why_a_person_must_say_it_is_said(conn):
    people.place_many(conn, [said(1), said(2, "Kees")])
    people.place_many(conn, [said(11, "Anna", "Smit"), said(12, "Anna", "Smit", date(1991, 12, 24))])
    people.place_many(conn, [said(21, "Pia", "Mol"), said(22, "Pia", "Mol", None, agency="court")])
    assert {(it.a.int, it.why) for it in people.open_questions(conn)} == {
        (1, Why.TWINS), (11, Why.NEAR), (21, Why.NAMES)
    }  # fmt: skip


def test_two_of_whom_somebody_said_that_they_are_two_are_asked_of_no_more_by_any_pair(conn):
    people.place_many(conn, [said(1), said(2, agency="court"), said(3, "Kees"), said(4, "Kees", agency="court")])
    judgement = judge(conn, 1, 3, same=False)
    assert pairs(conn) == []
    people.place(conn, said(5, "Kees"))
    people.relink(conn, NOW)
    assert pairs(conn) == []
    people.undo(conn, judgement.judgement, by="p1", reason="", at=NOW)
    assert len(pairs(conn)) == 1


def test_the_questions_follow_those_who_are_corrected_and_removed(conn):
    people.place_many(conn, [said(1), said(2, "Kees"), said(3, "Anna", "Smit")])
    assert pairs(conn) == [(1, 2)]
    people.place(conn, said(2, "Kees", "Jansen", date(1999, 9, 9)))
    assert pairs(conn) == []
    people.place(conn, said(2, "Kees"))
    assert pairs(conn) == [(1, 2)]
    people.remove(conn, UUID(int=2))
    assert pairs(conn) == []


@given(
    st.dictionaries(st.tuples(st.integers(0, 7), st.integers(8, 15)), st.floats(-2, 30, allow_nan=False), max_size=20),
    st.lists(st.integers(0, 3), min_size=16, max_size=16),
    st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=3),
)
def test_each_two_persons_are_one_question_led_by_their_nearest_pair(weighed, persons, apart):
    where = {UUID(int=n): UUID(int=100 + person) for n, person in enumerate(persons)}
    weights = {ids(a, b): weight for (a, b), weight in weighed.items()}
    parted = {tuple(sorted(ids(100 + a, 100 + b))) for a, b in apart}
    found = grouped(weights, where, parted)
    by_hand = {}
    for (a, b), weight in weights.items():
        between = tuple(sorted((where[a], where[b])))
        if where[a] != where[b] and between not in parted:
            by_hand.setdefault(between, []).append(weight)
    assert {between: (it[2], it[3]) for between, it in found.items()} == {
        between: (max(of), len(of)) for between, of in by_hand.items()
    }
    assert all({where[a], where[b]} == set(between) for between, (a, b, _, _) in found.items())


# --------------------------------------------------------------------------------------------------------- cannot tell


def doubt(conn, a, b):
    return questions.doubt(conn, *ids(a, b), by="p1", reason="?", at=NOW, until=NOW + timedelta(days=9))


@pytest.mark.parametrize(
    ("happens", "asked_again"),
    [
        (lambda conn: people.place(conn, said(1, postcode="1234AB")), True),
        (lambda conn: people.place(conn, said(4, "Kees", agency="court")), True),
        (lambda conn: people.place(conn, said(5, "Piet", "Pluim", date(1960, 1, 1))), False),
        (lambda conn: people.relink(conn, NOW), False),
        (lambda conn: judge(conn, 3, 5, same=False), False),
        (lambda conn: judge(conn, 1, 3, same=True), True),
    ],
    ids=["one is corrected", "one gains a record", "a stranger comes", "relinked", "others judged", "one is joined"],
)
def test_what_nobody_can_tell_is_put_away_until_something_about_either_changes(conn, happens, asked_again):
    twice = said(1), said(6, agency="court")  # who is joined to them takes their id
    people.place_many(conn, [*twice, said(2, "Kees"), said(3, "Anna", "Smit"), said(5, "Ben", "Bos")])
    doubt(conn, 1, 2)
    assert pairs(conn) == []
    happens(conn)
    assert any(2 in pair for pair in pairs(conn)) == asked_again


def test_a_question_that_is_not_open_is_not_put_away(conn):
    people.place_many(conn, [said(1), said(3, "Anna", "Smit", date(1999, 9, 9))])
    with pytest.raises(NoSuchQuestionError):
        doubt(conn, 1, 3)


# ---------------------------------------------------------------------------------------------------------- two people

ONE_NUMBER, OTHER_NUMBER = {"identifiers": {"police_number": "111111"}}, {"identifiers": {"police_number": "222222"}}


@pytest.mark.parametrize(
    ("one", "other", "decided", "strong"),
    [
        ([said(1)], [said(2)], False, ()),
        ([said(1, **ONE_NUMBER)], [said(2)], False, ()),
        ([said(1, **ONE_NUMBER)], [said(2, **ONE_NUMBER)], False, ()),
        ([said(1, **ONE_NUMBER)], [said(2, **OTHER_NUMBER)], False, (Strong.NUMBERS,)),
        ([said(1, **ONE_NUMBER)], [said(2, **OTHER_NUMBER), said(3, **ONE_NUMBER)], False, ()),
        ([said(1, **ONE_NUMBER)], [said(2, identifiers={"court_number": "9"})], False, ()),
        ([said(1), said(2, agency="court")], [said(3), said(4)], False, ()),
        ([said(1), said(2, agency="court")], [said(3), said(4, agency="prison")], False, (Strong.AGENCIES,)),
        ([said(1)], [said(2)], True, (Strong.DECIDED,)),
    ],
)  # fmt: skip
def test_what_makes_two_identities_strong(one, other, decided, strong):
    sides = [[standardise(each) for each in side] for side in (one, other)]
    assert strength(*sides, decided=decided) == strong
    assert strength(*sides[::-1], decided=decided) == strong


@pytest.fixture
def strong(conn):
    """Two persons of whom each bears a number, and it is another."""
    people.place_many(conn, [said(1, **ONE_NUMBER), said(2, "Kees", **OTHER_NUMBER)])
    return conn


def test_a_merge_of_strong_identities_takes_another_person_and_moves_nothing_until_then(strong):
    before = rows.memberships(strong)
    proposal = propose(strong, 1, 2)
    assert isinstance(proposal, Proposal)
    assert rows.memberships(strong) == before
    with pytest.raises(OwnProposalError):
        proposals.confirm(strong, proposal.proposal, by="p1", reason="", at=NOW)
    assert rows.memberships(strong) == before
    judgement = proposals.confirm(strong, proposal.proposal, by="p2", reason="seen", at=NOW)
    assert (judgement.by, judgement.same) == ("p1", True)
    assert len(set(rows.memberships(strong).values())) == 1
    with pytest.raises(UnknownProposalError):
        proposals.confirm(strong, proposal.proposal, by="p2", reason="", at=NOW)
    people.undo(strong, judgement.judgement, by="p3", reason="one is enough to undo", at=NOW)
    assert rows.memberships(strong) == before


def test_while_a_merge_is_proposed_nothing_else_is_decided_between_the_two_persons(strong):
    people.place(strong, said(3, agency="court", **ONE_NUMBER))
    proposal = propose(strong, 1, 2)
    for same in (True, False):
        with pytest.raises(ProposalStandsError):
            proposals.decide(strong, *ids(2, 3), same=same, by="p2", reason="", at=NOW)
    with pytest.raises(OwnProposalError):
        proposals.end(strong, proposal.proposal, "refused", by="p1", reason="", at=NOW)
    with pytest.raises(OwnProposalError):
        proposals.end(strong, proposal.proposal, "withdrawn", by="p2", reason="", at=NOW)
    assert proposals.open_proposals(strong) == [proposal]
    proposals.end(strong, proposal.proposal, "withdrawn", by="p1", reason="", at=NOW)
    assert proposals.open_proposals(strong) == []
    assert isinstance(proposals.decide(strong, *ids(2, 3), same=False, by="p2", reason="", at=NOW), Judgement)


def test_the_database_itself_refuses_that_one_person_is_both(strong):
    proposal = propose(strong, 1, 2)
    for outcome, by, proposer in (("confirmed", "p1", "p1"), ("refused", "p1", "p1"), ("confirmed", "p1", "p9")):
        judged = uuid4() if outcome == "confirmed" else None
        values = {"proposal": proposal.proposal, "proposed_by": proposer, "outcome": outcome, "by": by,
                  "reason": "", "at": NOW, "judgement": judged}  # fmt: skip
        with pytest.raises(psycopg.IntegrityError), strong.transaction():
            strong.execute(rows.QUERIES.end_proposal, values)


def test_whom_a_person_joined_before_are_strong_and_whom_a_person_parted_are_not(conn):
    people.place_many(conn, [said(1), said(2, "Kees"), said(3, "Anna", "Smit"), said(4, "Piet", "Smit")])
    judge(conn, 3, 4, same=False)
    assert isinstance(propose(conn, 1, 3), Judgement)
    assert propose(conn, 2, 3).strong == (Strong.DECIDED,), "two of its records were said to be one"


# ---------------------------------------------------------------------------------------------- who comes apart


def test_a_decision_that_would_contradict_another_is_not_foreseen_and_one_that_may_be_changes_nothing(conn):
    people.place_many(conn, [said(1), said(2, "Kees"), said(3, agency="court")])
    before = rows.memberships(conn)
    assert sorted(map(sorted, foresee(conn, *ids(1, 2), same=True))) == [list(ids(1, 2, 3))]
    assert rows.memberships(conn) == before
    judge(conn, 1, 2, same=False)
    with pytest.raises(ContradictoryJudgementError):
        foresee(conn, *ids(1, 2), same=True)


def test_who_comes_apart_is_written_with_since_when_they_had_been_one(store):
    with store.connect(Role.INTAKE, autocommit=True) as conn:
        rows.put_model(conn, starting(["police_number"], ["police", "court"], NOW))
        with conn.transaction():
            people.place_many(conn, [said(1), said(2, "Kees"), said(3, agency="court")])
        with conn.transaction():
            judgement = judge(conn, 1, 2, same=True).judgement
        assert partings_of(conn, judgement) == []
        (joined,) = conn.execute("select max(moved_at) from people.move").fetchone()
        together = rows.memberships(conn)
        with conn.transaction():
            people.undo(conn, judgement, by="p2", reason="", at=NOW)
        (parting,) = partings_of(conn, judgement)
    assert parting.since == joined
    assert parting.at > joined
    assert {parting.person} == set(together.values())
    assert set(parting.persons) == set(ids(1, 2, 3))
    assert parting.persons[UUID(int=1)] == parting.persons[UUID(int=3)] != parting.persons[UUID(int=2)]


def test_whom_the_model_had_joined_are_parted_by_a_decision_too(conn):
    people.place_many(conn, [said(1), said(2)])
    judgement = judge(conn, 1, 2, same=False).judgement
    assert [set(it.persons) for it in partings_of(conn, judgement)] == [set(ids(1, 2))]
    people.undo(conn, judgement, by="p", reason="", at=NOW)
    assert len(partings_of(conn, judgement)) == 1, "coming together parts nobody"


A, B, C = ids(1, 2, 3)
T = [NOW + timedelta(hours=hour) for hour in range(9)]


@pytest.mark.parametrize(
    ("one", "other", "since"),
    [
        ([(T[0], A)], [(T[1], A)], T[1]),
        ([(T[0], A)], [(T[1], B)], None),
        ([(T[0], A)], [(T[1], B), (T[3], A)], T[3]),
        ([(T[0], A), (T[4], C)], [(T[1], B), (T[3], A), (T[4], C)], T[3]),
        ([(T[0], A)], [(T[0], A), (T[2], B), (T[5], A)], T[5]),
        ([], [(T[0], A)], None),
    ],
    ids=["from the first", "never", "since one came", "merged on together", "parted between", "unknown"],
)
def test_since_when_two_are_one_without_a_break(one, other, since):
    assert together_since(one, other) == since
    assert together_since(other, one) == since


# ---------------------------------------------------------------------------------------------------- what always holds


class Deciding(RuleBasedStateMachine):
    """Sources speak, the model links, people decide and undo, in any order; at last the model is trained and links anew."""

    GIVEN, FAMILY = ("Wim", "Kees", "Anna"), ("van der Berg", "Berg", "Smit")
    BORN = (date(1980, 2, 3), date(1980, 3, 2), None)

    def __init__(self, conn, anew):
        super().__init__()
        self.conn, self.anew = conn, anew

    def teardown(self):
        """Everybody is linked anew, some of the times: it takes a second."""
        if next(self.anew, False) and self.standing:
            people.relink(self.conn, NOW)
            self.nothing_overrides_a_person()
            self.everybody_is_in_exactly_one_person()
            self.the_questions_are_those_that_follow_from_the_record()

    @initialize()
    def begin(self):
        self.conn.rollback()
        self.standing = []  # judgement, its pair, what it says, what was before it
        people.place_many(self.conn, [said(n, self.GIVEN[n % 3]) for n in range(1, 5)])

    def state(self):
        """Who is in which person, and what every id ever given out leads to, for ids that anybody bears."""
        asked = [(it.a, it.b, it.weight, it.why) for it in people.open_questions(self.conn)]
        return rows.memberships(self.conn), asked

    @rule(
        n=st.integers(1, 6),
        given=st.sampled_from(GIVEN), family=st.sampled_from(FAMILY), born=st.sampled_from(BORN),
        agency=st.sampled_from(("police", "court")), number=st.sampled_from((None, "111111", "222222")),
    )  # fmt: skip
    def somebody_is_said(self, n, given, family, born, agency, number):
        numbers = {"identifiers": {"police_number": number}} if number else {}
        people.place(self.conn, said(n, given, family, born, agency, **numbers))
        self.standing = [(*each[:3], None) for each in self.standing]

    @rule(a=st.integers(1, 6), b=st.integers(1, 6), same=st.booleans())
    def somebody_decides(self, a, b, same):
        known = rows.known_of(self.conn, ids(a, b))
        if a == b or len(known) < 2:
            return
        before = self.state()
        try:
            with self.conn.transaction():
                judgement = people.judge(self.conn, *ids(a, b), same=same, by="p", reason="", at=NOW)
        except ContradictoryJudgementError:
            assert self.state() == before
            return
        self.standing = [(*each[:3], None) for each in self.standing]
        self.standing.append((judgement.judgement, ids(a, b), same, before))

    @rule(data=st.data())
    def somebody_undoes(self, data):
        if not self.standing:
            return
        judgement, *_, before = data.draw(st.sampled_from(self.standing))
        people.undo(self.conn, judgement, by="q", reason="", at=NOW)
        if before is not None:
            assert self.state() == before, "decided and undone, nothing between: as it was"
        self.standing = [(*each[:3], None) for each in self.standing if each[0] != judgement]

    @invariant()
    def nothing_overrides_a_person(self):
        held = rows.memberships(self.conn)
        for _, (a, b), same, _ in self.standing:
            assert (held[a] == held[b]) == same

    @invariant()
    def everybody_is_in_exactly_one_person(self):
        everybody = {row[0] for row in self.conn.execute("select source_person from people.source_person")}
        held = self.conn.execute("select source_person, person from people.membership").fetchall()
        assert {source_person for source_person, _ in held} == everybody
        assert len(held) == len(everybody)
        borne = {person for _, person in held}
        leading = self.conn.execute("select person from people.person where redirect_to is not null").fetchall()
        assert borne.isdisjoint(row[0] for row in leading), "an id that is borne leads nowhere else"

    @invariant()
    def the_questions_are_those_that_follow_from_the_record(self):
        weights = {(a, b): w for a, b, w in self.conn.execute(
            "select a, b, weight from people.edge where retired_at is null")}  # fmt: skip
        held = rows.memberships(self.conn)
        apart = set(self.conn.execute(rows.QUERIES.parted_anywhere).fetchall())
        asked = {(it.low, it.high): (it.a, it.b, it.weight, it.pairs) for it in people.open_questions(self.conn)}
        stopped = {two(held[it.a], held[it.b]): (it.a, it.b) for it in holds.held(self.conn)}
        assert asked == {
            between: (*stopped.get(between, lead[:2]), *lead[2:])
            for between, lead in grouped(weights, held, apart).items()
        }


def test_whatever_happens_people_overrule_and_undoing_gives_back_what_was(conn):
    anew = iter([True] * 4)
    run_state_machine_as_test(
        lambda: Deciding(conn, anew),
        settings=settings(
            max_examples=25,
            stateful_step_count=15,
            deadline=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert next(anew, None) is None, "everybody was linked anew after people had decided"
