"""What no weight may decide: a cluster beyond a limit is parted at its weakest bond, and put before a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import combinations
from types import MappingProxyType
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from comity import people
from comity.people import Features, proposals, questions
from comity.people import cluster as clustering
from comity.people import store as rows
from comity.people.cluster import Bonds, Hold, components, grouped
from comity.people.errors import ContradictoryJudgementError
from comity.people.holds import held, put_stays
from comity.people.limits import Limit, contrary, two_birthdays, two_prisons
from comity.people.model import Chance
from comity.people.models import Judgement, Proposal, Stay, Strong
from comity.people.standardise import standardise
from comity.people.starting import starting
from comity.store import Role

NOW = datetime(2026, 11, 26, tzinfo=UTC)
MODEL = starting(["police_number"], ["police", "court"], NOW)

pair = st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda p: p[0] < p[1])
weights = st.dictionaries(pair, st.floats(-20, 20).map(lambda w: round(w, 1)), max_size=20)
pairs = st.frozensets(pair, max_size=4)
clashes = st.dictionaries(pair, st.sampled_from(list(Limit)[:3]), max_size=6)


def together(partition, a, b):
    return any(a in group and b in group for group in partition)


# What is contrary


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("19800203", "19910717", True),
        ("19800203", "19800203", False),
        ("19800203", "19800302", False),  # exchanged
        ("19800203", "19810203", False),  # another year
        ("19580304", "19850304", False),  # two digits exchanged
        ("19800203", "19800101", False),  # 1 January, when nobody knows
        ("19800203", "19830717", False),  # a guess
        ("19800203", "18990230", False),  # no date at all
    ],
)
def test_birthdays_far_apart_are_no_slip(one, other, apart):
    assert two_birthdays(one, other) is two_birthdays(other, one) is apart


def stay(facility, since, until, agency="prisons"):
    return Stay(agency, facility, date.fromisoformat(since), until and date.fromisoformat(until))


IN_LEEDS = stay("HMP Leeds", "2020-01-01", "2021-01-01")


@pytest.mark.parametrize(
    ("other", "two"),
    [
        (stay("Hull", "2020-06-01", "2020-08-01"), True),
        (stay("Hull", "2020-06-01", None), True),
        (stay("Leeds", "2020-06-01", "2020-08-01"), False),  # the same, written otherwise
        (stay("Hull", "2020-12-31", "2021-08-01"), False),  # transferred
        (stay("Hull", "2021-06-01", "2021-08-01"), False),
        (stay(None, "2020-06-01", "2020-08-01", "another"), False),  # it may be Leeds
    ],
)
def test_nobody_is_in_two_prisons_at_once(other, two):
    assert two_prisons([IN_LEEDS], [other]) is two_prisons([other], [IN_LEEDS]) is two


def test_two_agencies_that_name_no_place_are_two_prisons():
    one = stay(None, "2020-01-01", "2021-01-01")
    assert two_prisons([one], [replace(one, agency="another")])
    assert not two_prisons([one], [one])


def said(number, police_number=None, agency="police", **more):
    numbers = {"police_number": police_number} if police_number else {}
    more = {"given_names": "Wim", "family_name": "Berg", "birth_date": date(1980, 2, 3)} | more
    return Features(UUID(int=number), agency, identifiers=numbers, **more)


def records(*numbers):
    return {n: standardise(said(n, number)) for n, number in enumerate(numbers)}


def test_two_numbers_are_contrary_unless_one_is_a_slip_or_absent():
    found = contrary(range(4), records("A1234567", "B7654321", "A1234576", None), {}, MODEL)
    assert found == {(0, 1): Limit.NUMBERS, (1, 2): Limit.NUMBERS}


def test_a_number_that_people_have_many_of_contradicts_nothing():
    different = {**MODEL.chances["identifier police_number"], "different": Chance(0.6, 0.99)}
    chances = {**MODEL.chances, "identifier police_number": MappingProxyType(different)}
    assert contrary(range(2), records("A1234567", "B7654321"), {}, replace(MODEL, chances=chances)) == {}


def test_what_a_person_joined_is_excused_with_all_who_bear_the_same():
    of = records("A1234567", "B7654321", "A1234567", "B7654321", "C1111111")
    left = contrary(range(5), of, {}, MODEL, [[0, 1]])
    assert left == {(n, 4): Limit.NUMBERS for n in range(4)}


# What becomes of it


def test_a_cluster_is_parted_at_its_weakest_bond_and_the_pair_is_held():
    scored = {(1, 2): 9.0, (2, 3): 6.0, (3, 4): 9.0, (1, 3): 5.0, (1, 4): 4.0, (2, 4): 4.0}
    found = grouped(range(1, 5), scored, Bonds(contrary={(1, 4): Limit.BIRTHDAYS}))
    assert found.persons == [(1, 2), (3, 4)]
    assert found.holds == [Hold(1, 4, Limit.BIRTHDAYS)]


def test_of_several_contrary_pairs_the_likeliest_is_asked():
    scored = dict.fromkeys(combinations(range(4), 2), 3.0) | {(0, 1): 9.0, (2, 3): 9.0, (1, 3): 4.0}
    both = {(0, 2): Limit.PRISONS, (1, 3): Limit.NUMBERS}
    assert grouped(range(4), scored, Bonds(contrary=both)).holds == [Hold(1, 3, Limit.NUMBERS)]


def test_what_one_record_contradicts_its_whole_cluster_does():
    scored = {(0, 1): 9.0} | dict.fromkeys([(0, 2), (1, 2)], 8.0) | dict.fromkeys([(0, 3), (1, 3), (2, 3)], 5.0)
    assert grouped(range(4), scored, Bonds(contrary={(0, 3): Limit.NUMBERS})).persons == [(0, 1, 2), (3,)]


def test_nothing_is_held_that_would_not_have_been_linked():
    found = grouped([1, 2, 3], {(1, 2): 9.0, (1, 3): 1.0}, Bonds(contrary={(1, 3): Limit.NUMBERS}))
    assert (found.persons, found.holds) == ([(1, 2), (3,)], [])


def test_what_a_person_said_ends_a_hold():
    bonds = Bonds(contrary={(1, 2): Limit.NUMBERS})
    assert grouped([1, 2], {(1, 2): 9.0}, replace(bonds, same=frozenset({(1, 2)}))).persons == [(1, 2)]
    parted = grouped([1, 2], {(1, 2): 9.0}, replace(bonds, different=frozenset({(1, 2)})))
    assert (parted.persons, parted.holds) == ([(1,), (2,)], [])


def test_a_person_of_too_many_records_is_held_until_somebody_says_same(monkeypatch):
    monkeypatch.setattr(clustering, "LARGEST_PERSON", 3)
    scored = dict.fromkeys(combinations(range(6), 2), 3.0) | dict.fromkeys([(0, 1), (0, 2), (1, 2)], 9.0)
    found = grouped(range(6), scored)
    assert found.persons == [(0, 1, 2), (3, 4, 5)]
    assert found.holds == [Hold(0, 3, Limit.SIZE)]
    again = grouped(range(6), scored, Bonds(same=frozenset({(0, 3)})))
    assert (again.persons, again.holds) == ([tuple(range(6))], [])


@given(weights, pairs, pairs, clashes, st.randoms())
def test_the_order_of_arrival_changes_neither_persons_nor_holds(scored, same, different, against, chance):
    bonds = Bonds(same, frozenset(), different - same, against)
    nodes = list(range(8))
    expected = grouped(nodes, scored, bonds)
    chance.shuffle(nodes)
    items, limits = list(scored.items()), list(against.items())
    chance.shuffle(items)
    chance.shuffle(limits)
    assert grouped(nodes, dict(items), replace(bonds, contrary=dict(limits))) == expected


@given(weights, pairs, pairs, clashes)
def test_everybody_is_in_one_person_judgements_stand_and_no_limit_is_passed(scored, same, different, against):
    try:
        found = grouped(range(8), scored, Bonds(same, different, frozenset(), against))
    except ContradictoryJudgementError:
        joined = components(range(8), same)
        assume(any(together(joined, *p) for p in different))
        return
    assert sorted(node for group in found.persons for node in group) == list(range(8))
    assert all(together(found.persons, *p) for p in same)
    assert not any(together(found.persons, *p) for p in different)
    joined = components(range(8), same)
    assert all(together(joined, *p) for p in against if together(found.persons, *p))
    assert not any(together(found.persons, hold.a, hold.b) for hold in found.holds)
    without = grouped(range(8), scored, Bonds(same, different, frozenset(), {}))
    # What a limit stopped, and what a person has parted since by what joined meanwhile, is nobody's question.
    assert found.holds or different or found == without


@given(weights, clashes)
def test_a_component_by_itself_gives_the_holds_that_the_whole_gives(scored, against):
    whole = grouped(range(8), scored, Bonds(contrary=against))
    parts = [
        grouped(group, {p: w for p, w in scored.items() if set(p) <= set(group)}, Bonds(contrary=against))
        for group in components(range(8), [p for p, w in scored.items() if w >= clustering.LINKED_FROM])
    ]
    assert sorted(person for part in parts for person in part.persons) == whole.persons
    assert {hold for part in parts for hold in part.holds} == set(whole.holds)


# Against a real PostgreSQL


@pytest.fixture
def conn(store):
    with store.connect(Role.INTAKE) as connection:
        rows.put_model(connection, MODEL)
        yield connection


def groups(conn):
    by = {}
    for source_person, person in rows.memberships(conn).items():
        by.setdefault(person, set()).add(source_person.int)
    return sorted(by.values(), key=min)


def open_holds(conn):
    return [(each.a.int, each.b.int, each.limit) for each in held(conn)]


def asked(conn):
    return [(each.a.int, each.b.int, each.why.value, each.held) for each in people.open_questions(conn)]


def judge(conn, a, b, *, same):
    return people.judge(conn, UUID(int=a), UUID(int=b), same=same, by="p1", reason="seen", at=NOW)


HOME = {"postcode": "1234 AB", "sex": "male"}
CROWD = [
    said(1, "A1234567", **HOME), said(2, "A1234567", **HOME), said(3, "B7654321", **HOME), said(4, "B7654321", **HOME),
]  # fmt: skip


def test_two_numbers_are_two_persons_and_one_question_however_they_arrive(conn):
    seen = set()
    for order in (CROWD, CROWD[::-1], CROWD[1:] + CROWD[:1], [CROWD[0], CROWD[2], CROWD[3], CROWD[1]]):
        conn.execute("savepoint arrival")
        placed = [people.place(conn, each) for each in order]
        assert [each.held for each in placed].count(True) >= 1
        seen.add((str(groups(conn)), str(open_holds(conn)), str(asked(conn))))
        people.relink(conn, NOW)
        seen.add((str(groups(conn)), str(open_holds(conn)), str(asked(conn))))
        conn.execute("rollback to savepoint arrival")
    people.place_many(conn, CROWD)
    seen.add((str(groups(conn)), str(open_holds(conn)), str(asked(conn))))
    assert seen == {("[{1, 2}, {3, 4}]", "[(1, 3, 'two numbers')]", "[(1, 3, 'held', 'two numbers')]")}


def test_what_a_limit_stopped_is_asked_with_the_limit_led_by_the_pair_that_answers_it(conn):
    people.place_many(conn, [said(1, "A1234567", **HOME), said(2, **HOME), said(3, "B7654321", **HOME)])
    assert (groups(conn), asked(conn)) == ([{1, 2}, {3}], [(1, 3, "held", "two numbers")])
    [question] = people.open_questions(conn)
    weights = {(a.int, b.int): weight for (a, b), weight in rows.all_edges(conn).items()}
    assert question.weight == weights[2, 3] > weights[1, 3]
    assert questions.question_of(conn, UUID(int=2), UUID(int=3)) == question
    people.place(conn, said(3, given_names="Kees", family_name="Jansen"))
    assert asked(conn) == []
    people.place(conn, said(3, "B7654321", **HOME))
    judge(conn, 1, 3, same=True)
    assert (groups(conn), asked(conn)) == ([{1, 2, 3}], [])


def test_same_over_a_hold_joins_all_for_ever_and_undoing_brings_it_back(conn):
    people.place_many(conn, CROWD)
    (before,) = held(conn)
    judgement = judge(conn, 1, 3, same=True)
    assert (groups(conn), open_holds(conn)) == ([{1, 2, 3, 4}], [])
    people.place_many(conn, [said(5, "B7654321", **HOME), CROWD[1]])
    people.relink(conn, NOW)
    assert (groups(conn), open_holds(conn)) == ([{1, 2, 3, 4, 5}], [])
    people.undo(conn, judgement.judgement, by="p1", reason="mistaken", at=NOW)
    assert (groups(conn), open_holds(conn)) == ([{1, 2}, {3, 4, 5}], [(1, 3, before.limit)])


def test_different_ends_a_hold(conn):
    people.place_many(conn, CROWD)
    judge(conn, 1, 3, same=False)
    assert (groups(conn), open_holds(conn)) == ([{1, 2}, {3, 4}], [])


def test_what_a_source_says_of_two_whom_a_limit_keeps_apart_waits_for_a_person(conn):
    people.place_many(conn, CROWD)
    pair, word = (UUID(int=2), UUID(int=3)), {"by": "police", "reason": "the police say so", "at": NOW}
    proposed = proposals.say_same(conn, *pair, **word)
    assert isinstance(proposed, Proposal)
    assert (proposed.strong, groups(conn)) == ((Strong.LIMIT,), [{1, 2}, {3, 4}])
    assert proposals.say_same(conn, *pair, **word) == proposed, "said twice is said once"
    judged = proposals.confirm(conn, proposed.proposal, by="steward", reason="looked", at=NOW)
    assert (judged.by, groups(conn)) == ("police", [{1, 2, 3, 4}])
    people.undo(conn, judged.judgement, by="steward", reason="mistaken", at=NOW)
    proposals.say_same(conn, *pair, **word)
    proposals.say_different(conn, *pair, **word)
    assert (proposals.open_proposals(conn), open_holds(conn)) == ([], [])
    with pytest.raises(ContradictoryJudgementError):
        proposals.say_same(conn, *pair, **word)


def test_what_a_source_says_of_its_own_that_nothing_contradicts_binds_at_once(conn):
    people.place_many(conn, [said(1, "A1234567"), said(2, given_names="Piet", family_name="Jansen")])
    judged = proposals.say_same(conn, UUID(int=1), UUID(int=2), by="police", reason="so", at=NOW)
    assert isinstance(judged, Judgement)
    assert groups(conn) == [{1, 2}]


def test_a_hold_keeps_since_when_it_stands(conn):
    people.place_many(conn, CROWD[:3])
    (before,) = held(conn)
    conn.commit()
    people.place(conn, CROWD[3])
    people.relink(conn, NOW)
    assert held(conn) == [before]


def test_correcting_or_removing_what_contradicted_ends_a_hold(conn):
    people.place_many(conn, CROWD[:3])
    people.place(conn, said(3, "A1234567", **HOME))
    assert (groups(conn), open_holds(conn)) == ([{1, 2, 3}], [])
    people.place(conn, CROWD[2])
    assert open_holds(conn) == [(1, 3, "two numbers")]
    people.remove(conn, UUID(int=3))
    assert (groups(conn), open_holds(conn)) == ([{1, 2}], [])


def test_two_prisons_at_once_part_until_one_of_the_stays_is_corrected(conn):
    here, there = IN_LEEDS, stay("Hull", "2020-06-01", None)
    people.place_many(conn, [said(1), said(2)])
    people.place_many(conn, [], {UUID(int=1): [here], UUID(int=2): [there]})
    assert (groups(conn), open_holds(conn)) == ([{1}, {2}], [(1, 2, "two prisons")])
    people.relink(conn, NOW)
    assert (groups(conn), open_holds(conn)) == ([{1}, {2}], [(1, 2, "two prisons")])
    people.place_many(conn, [], {UUID(int=2): []})
    assert (groups(conn), open_holds(conn)) == ([{1, 2}], [])


def test_erasing_leaves_neither_hold_nor_stay(conn):
    people.place_many(conn, CROWD)
    put_stays(conn, {UUID(int=1): [IN_LEEDS], UUID(int=2): [IN_LEEDS]})
    people.remove(conn, UUID(int=1), erase=True)
    assert open_holds(conn) == [(2, 3, "two numbers")]
    assert conn.execute("select source_person from people.stay").fetchall() == [(UUID(int=2),)]
