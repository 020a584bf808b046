"""Placing, judging, undoing, removing and linking again, against a real PostgreSQL."""

from __future__ import annotations

import importlib
import random
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from comity import people
from comity.people import Features
from comity.people import store as rows
from comity.people.errors import (
    ContradictoryJudgementError,
    UnknownJudgementError,
    UnknownPersonError,
    UnknownSourcePersonError,
)
from comity.people.models import Band
from comity.people.score import band
from comity.people.starting import starting
from comity.people.train import LEAST_TO_TRAIN
from comity.store import Role

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def said(number, given="Wim", family="van der Berg", born=date(1980, 2, 3), agency="police", **more):
    return Features(UUID(int=number), agency, given, family, birth_date=born, **more)


@pytest.fixture
def conn(store):
    with store.connect(Role.INTAKE) as connection:
        yield connection


@pytest.fixture
def linking(conn):
    """A connection where a model is in force."""
    rows.put_model(conn, starting(["police_number"], ["police", "court"], NOW))
    conn.commit()
    return conn


def persons(conn):
    return rows.memberships(conn)


def groups(conn):
    by = {}
    for source_person, person in persons(conn).items():
        by.setdefault(person, set()).add(source_person.int)
    return sorted(by.values(), key=min)


# Placing


def test_without_a_model_everybody_is_alone(conn):
    placements = people.place_many(conn, [said(1), said(2)])
    assert [p.new for p in placements] == [True, True]
    assert groups(conn) == [{1}, {2}]


def test_a_thousand_are_placed_at_once_in_the_order_given(conn):
    many = [said(n, given=f"Given{n}") for n in range(1, 1001)]
    placements = people.place_many(conn, many)
    assert [p.source_person.int for p in placements] == list(range(1, 1001))
    assert len(persons(conn)) == 1000


def test_nobody_is_placed_by_an_empty_batch(conn):
    assert people.place_many(conn, []) == []


def test_of_somebody_given_twice_the_last_word_counts(conn):
    one, other = people.place_many(conn, [said(1, given="Wim"), said(1, given="Willem")])
    assert one == other
    assert rows.standards_of(conn, [UUID(int=1)])[UUID(int=1)].given == "willem"


def test_one_person_under_two_spellings_is_one(linking):
    first = people.place(linking, said(1))
    second = people.place(linking, said(2, family="BERG", agency="court"))
    assert second.person == first.person
    assert not second.new
    assert band(second.edges[0].weight) is Band.LINKED


def test_twins_are_two(linking):
    people.place_many(linking, [said(1, given="Wim"), said(2, given="Kees")])
    assert groups(linking) == [{1}, {2}]


def same(conn, a, b):
    people.judge(conn, UUID(int=a), UUID(int=b), same=True, by="p1", reason="seen", at=NOW)


@pytest.mark.parametrize("first", [True, False], ids=["said first", "said last"])
def test_same_of_two_forenames_is_of_these_two_and_of_whoever_bears_them(linking, first):
    crowd = [said(3, agency="court"), said(4, given="Kees", agency="court"), said(5, given="Bart")]
    people.place_many(linking, [said(1), said(2, given="Kees"), *([] if first else crowd)])
    same(linking, 1, 2)
    people.place_many(linking, crowd)
    assert groups(linking) == [{1, 2, 3, 4}, {5}]
    people.relink(linking, NOW)
    assert groups(linking) == [{1, 2, 3, 4}, {5}]


def test_same_of_one_forename_says_nothing_of_a_twin(linking):
    people.place_many(linking, [said(1), said(2, agency="court"), said(3, given="Kees")])
    same(linking, 1, 2)
    assert groups(linking) == [{1, 2}, {3}]


def test_same_of_a_name_alone_says_nothing_of_another_who_has_but_that_name(linking):
    people.place_many(linking, [said(1), said(2, born=None), said(3, born=None, agency="court")])
    same(linking, 1, 2)
    assert groups(linking) == [{1, 2}, {3}]
    people.place(linking, said(4))
    assert groups(linking) == [{1, 2, 4}, {3}]


def test_a_batch_is_linked_within_itself(linking):
    people.place_many(linking, [said(1), said(2), said(3, given="Kees", born=date(1991, 1, 7))])
    assert groups(linking) == [{1, 2}, {3}]


def test_a_correction_moves_a_person_and_correcting_back_brings_the_id_back(linking):
    people.place_many(linking, [said(1), said(2)])
    people.place(linking, said(2, given="Kees", family="Smit", born=date(1999, 9, 9)))
    apart = persons(linking)
    assert groups(linking) == [{1}, {2}]
    people.place(linking, said(2))
    assert groups(linking) == [{1, 2}]
    people.place(linking, said(2, given="Kees", family="Smit", born=date(1999, 9, 9)))
    assert persons(linking) == apart


def test_a_third_that_joins_two_persons_merges_them_and_leaves_a_redirect(linking):
    number = {"identifiers": {"police_number": "A1"}}
    one = people.place(linking, said(1, **number))
    two = people.place(linking, said(2, given="Willem", family="Smit", born=date(1980, 3, 2)))
    assert one.person != two.person
    judged = people.judge(linking, UUID(int=1), UUID(int=2), same=True, by="p1", reason="passport seen", at=NOW)
    assert judged.same
    (person,) = set(persons(linking).values())
    assert {people.resolve(linking, one.person), people.resolve(linking, two.person)} == {person}


def test_the_order_of_arrival_does_not_matter(store, linking):
    crowd = [
        said(1), said(2, family="Berg"), said(3, born=date(1980, 3, 2)), said(4, given="Kees"),
        said(5, given="Kees", family="Berg"), said(6, born=None), said(7, given="W", agency="court"),
        said(8, given="Anna", family="Smit"), said(9, given="Anna", family="Smit-Berg", agency="court"),
    ]  # fmt: skip
    seen = set()
    for order in (crowd, crowd[::-1], crowd[3:] + crowd[:3]):
        for each in order:
            people.place(linking, each)
        seen.add(str(groups(linking)))
        linking.rollback()
    assert len(seen) == 1


# Judging


def judge(conn, a, b, *, same):
    return people.judge(conn, UUID(int=a), UUID(int=b), same=same, by="p1", reason="seen", at=NOW)


@pytest.mark.parametrize(("a", "b", "same"), [(1, 2, False), (1, 3, True), (3, 4, True)])
def test_deciding_and_undoing_is_the_identity(linking, a, b, same):
    people.place_many(linking, [said(1), said(2), said(3, "Kees"), said(4, "Anna", "Smit")])
    before, open_before = persons(linking), people.open_questions(linking)
    judgement = judge(linking, a, b, same=same)
    assert persons(linking) != before
    people.undo(linking, judgement.judgement, by="p2", reason="mistaken", at=NOW)
    assert persons(linking) == before
    assert people.open_questions(linking) == open_before


def test_a_judgement_outlives_the_next_statement_and_the_next_run(linking):
    people.place_many(linking, [said(1), said(2)])
    judge(linking, 1, 2, same=False)
    people.place(linking, said(3))
    people.place(linking, said(1))
    assert not any({1, 2} <= group for group in groups(linking))
    people.relink(linking, NOW)
    assert not any({1, 2} <= group for group in groups(linking))


def test_a_judgement_that_contradicts_others_is_refused_and_leaves_no_trace(linking):
    people.place_many(linking, [said(n, given) for n, given in enumerate(("Wim", "Kees", "Anna"), 1)])
    judge(linking, 1, 2, same=True)
    judge(linking, 2, 3, same=True)
    before = persons(linking)
    for pair in ((1, 3), (2, 1)):
        with pytest.raises(ContradictoryJudgementError):
            judge(linking, *pair, same=False)
    assert persons(linking) == before


def test_nobody_is_judged_who_is_not_here(linking):
    people.place(linking, said(1))
    with pytest.raises(UnknownSourcePersonError):
        judge(linking, 1, 2, same=True)
    with pytest.raises(UnknownSourcePersonError):
        judge(linking, 1, 1, same=True)


def test_what_does_not_stand_is_not_undone(linking):
    people.place_many(linking, [said(1), said(2)])
    judgement = judge(linking, 1, 2, same=False).judgement
    people.undo(linking, judgement, by="p1", reason="", at=NOW)
    with pytest.raises(UnknownJudgementError):
        people.undo(linking, judgement, by="p1", reason="", at=NOW)
    with pytest.raises(UnknownJudgementError):
        people.undo(linking, uuid4(), by="p1", reason="", at=NOW)


def test_judging_works_before_there_is_a_model(conn):
    people.place_many(conn, [said(1), said(2), said(3)])
    judge(conn, 1, 3, same=True)
    assert groups(conn) == [{1, 3}, {2}]


# Removing

ANSWERS = ("question", "doubt", "proposal", "parted")


def answer_everything(conn, a, b):
    """Leave a row about the two in every table of answers."""
    judgement = judge(conn, a, b, same=False).judgement
    rows_of = "select source_person from people.parted"
    assert conn.execute(rows_of).fetchall(), "they were one, and came apart"
    people.undo(conn, judgement, by="p", reason="", at=NOW)
    more = {"a": UUID(int=a), "b": UUID(int=b), "by": "p", "reason": "", "at": NOW}
    conn.execute(rows.QUERIES.put_doubt, {**more, "doubt": uuid4(), "until": NOW + timedelta(days=1)})
    proposal = uuid4()
    conn.execute(rows.QUERIES.put_proposal, {**more, "proposal": proposal, "strong": ["agencies"]})
    ended = {"proposal": proposal, "proposed_by": "p", "outcome": "refused", "reason": "", "judgement": None}
    conn.execute(rows.QUERIES.end_proposal, {**ended, "by": "q", "at": NOW})


def test_removing_the_one_between_two_parts_them(linking):
    people.place_many(linking, [said(1), said(2, "Kees"), said(3, "Anna")])
    judge(linking, 1, 2, same=True)
    judge(linking, 2, 3, same=True)
    assert groups(linking) == [{1, 2, 3}]
    people.remove(linking, UUID(int=2))
    assert groups(linking) == [{1}, {3}]


def test_whoever_is_said_again_after_removal_has_the_id_and_the_judgement_back(linking):
    before = people.place_many(linking, [said(1), said(2, "Kees")])
    judge(linking, 1, 2, same=False)
    people.remove(linking, UUID(int=2))
    again = people.place(linking, said(2, "Kees"))
    assert again.person == before[1].person
    with pytest.raises(ContradictoryJudgementError):
        judge(linking, 1, 2, same=True)


def test_erasing_leaves_nothing_that_knows_the_id(linking):
    people.place_many(linking, [said(1), said(2), said(3)])
    people.undo(linking, judge(linking, 1, 2, same=False).judgement, by="p", reason="", at=NOW)
    judge(linking, 1, 3, same=False)
    answer_everything(linking, 1, 2)
    people.remove(linking, UUID(int=1), erase=True)
    for table in ("source_person", "membership", "move", "key", "token", "edge", "judgement", *ANSWERS):
        held = linking.execute(f"select * from people.{table}").fetchall()
        assert not [row for row in held if UUID(int=1) in row], table
    assert len(linking.execute("select * from people.edge").fetchall()) > 0


def test_erasing_who_was_removed_before_leaves_nothing_either(linking):
    people.place_many(linking, [said(1), said(2), said(3)])
    people.undo(linking, judge(linking, 1, 2, same=False).judgement, by="p", reason="", at=NOW)
    judge(linking, 1, 3, same=False)
    answer_everything(linking, 1, 2)
    people.remove(linking, UUID(int=1))
    people.remove(linking, UUID(int=1), erase=True)
    for table in ("move", "edge", "judgement", *ANSWERS):
        held = linking.execute(f"select * from people.{table}").fetchall()
        assert not [row for row in held if UUID(int=1) in row], table


def test_nobody_is_removed_twice(linking):
    people.place(linking, said(1))
    people.remove(linking, UUID(int=1))
    with pytest.raises(UnknownSourcePersonError):
        people.remove(linking, UUID(int=1))


# Explaining


def test_an_explanation_adds_up_and_names_every_field(linking):
    people.place_many(linking, [said(1), said(2, family="Bergh")])
    why = people.explain(linking, UUID(int=1), UUID(int=2))
    assert why.total == pytest.approx(why.prior + sum(p.weight + p.rarity for p in why.parts))
    assert {p.field: p.level for p in why.parts}["family"] == "mistyped"
    with pytest.raises(UnknownSourcePersonError):
        people.explain(linking, UUID(int=1), UUID(int=9))


def test_pairs_in_between_are_for_a_person_until_judged(linking):
    people.place_many(linking, [said(1), said(2, born=date(1991, 12, 24))])
    (review,) = people.open_questions(linking)
    assert band(review.weight) is Band.NEEDS_A_PERSON
    judge(linking, 1, 2, same=False)
    assert people.open_questions(linking) == []


@pytest.mark.parametrize(
    ("numbers", "together"),
    [((None, None), False), (("123456", "123456"), True), (("123456", "987654"), False), ((None, "123456"), False)],
)
def test_a_name_alone_links_nobody_before_names_were_counted(linking, numbers, together):
    known = [{"police_number": number} if number else {} for number in numbers]
    people.place(linking, said(1, identifiers=known[0]))
    people.place(linking, said(2, born=None, agency="court", identifiers=known[1]))
    assert groups(linking) == ([{1, 2}] if together else [{1}, {2}])
    people.relink(linking, NOW)
    assert groups(linking) == ([{1, 2}] if together else [{1}, {2}])
    assert len(people.open_questions(linking)) == (0 if together else 1)


def test_an_id_never_given_out_leads_nowhere(linking):
    with pytest.raises(UnknownPersonError):
        people.resolve(linking, uuid4())


# Linking again


def test_linking_again_changes_nothing_that_placing_had_right(linking):
    people.place_many(linking, [said(1), said(2), said(3, "Kees"), said(4, "Anna", "Smit")])
    before = persons(linking)
    edges = linking.execute("select edge, retired_at from people.edge order by 1").fetchall()
    changes = people.relink(linking, NOW)
    assert persons(linking) == before
    assert (changes.moved, changes.created, changes.merged) == (0, 0, 0)
    assert linking.execute("select edge, retired_at from people.edge order by 1").fetchall() == edges


def test_linking_for_the_first_time_keeps_one_id_and_redirects_the_others(conn):
    placements = people.place_many(conn, [said(1), said(2), said(3)])
    changes = people.relink(conn, NOW)
    assert (changes.persons, changes.merged, changes.created, changes.trained) == (1, 2, 0, True)
    (person,) = set(persons(conn).values())
    assert {people.resolve(conn, p.person) for p in placements} == {person}


def test_a_few_are_trained_on_as_often_as_asked_and_what_has_come_since_is_compared(conn):
    alike = [said(n, identifiers={"police_number": "7"}) for n in (2, 3)]
    people.place(conn, said(1))
    first = people.relink(conn, NOW)
    conn.commit()
    people.place_many(conn, alike)
    again = people.relink(conn, NOW)
    assert again.trained
    assert again.model != first.model
    assert "identifier police_number" in {p.field for p in people.explain(conn, UUID(int=2), UUID(int=3)).parts}


def test_many_of_whom_nothing_can_be_learnt_are_linked_again_without_harm(conn):
    strangers = [said(n, f"g{n}", f"f{n}", date(1950, 1, 1) + timedelta(n)) for n in range(LEAST_TO_TRAIN)]
    people.place_many(conn, strangers)
    for _ in range(2):
        assert people.relink(conn, NOW).persons == LEAST_TO_TRAIN
        conn.commit()


def test_linking_nobody_is_nothing(conn):
    assert people.relink(conn, NOW).source_persons == 0


# Together


def test_who_comes_second_waits_and_then_sees_the_first(store, linking):
    placed = []

    def second():
        with store.connect(Role.INTAKE) as connection:
            placed.append(people.place(connection, said(2)))
            connection.commit()

    first = people.place(linking, said(1))
    worker = threading.Thread(target=second)
    worker.start()
    worker.join(timeout=1)
    waited = worker.is_alive()
    linking.commit()
    worker.join()
    assert waited
    assert [each.person for each in placed] == [first.person]


def test_two_statements_about_one_person_at_once_make_one_person(store, linking):
    def work(start, number):
        with store.connect(Role.INTAKE) as connection:
            start.wait()
            for turn in range(5):
                people.place(connection, said(number * 100 + turn, given=f"Wim{'abcde'[turn]}"))
                connection.commit()

    start = threading.Barrier(4)
    workers = [threading.Thread(target=work, args=(start, number)) for number in range(1, 5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(len(group) % 4 == 0 for group in groups(linking))
    assert len(persons(linking)) == 20


def overtaken(store, monkeypatch, act):
    """Let another transaction act, and commit, after the next placement has looked and before it decides."""
    place = importlib.import_module("comity.people.place")
    look = place.look

    def look_and_be_overtaken(*asked):
        seen = look(*asked)
        monkeypatch.setattr(place, "look", look)
        with store.connect(Role.INTAKE) as other:
            act(other)
            other.commit()
        return seen

    monkeypatch.setattr(place, "look", look_and_be_overtaken)


def test_who_looked_before_another_came_sees_them_when_deciding(store, linking, monkeypatch):
    linking.commit()
    overtaken(store, monkeypatch, lambda other: people.place(other, said(1)))
    assert not people.place(linking, said(2)).new
    assert groups(linking) == [{1, 2}]


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda other: people.remove(other, UUID(int=1)), [{2}]),
        (lambda other: people.place(other, said(1, "Kees", "Smit", date(1999, 9, 9))), [{1}, {2}]),
        (
            lambda other: rows.put_model(other, replace(starting((), (), NOW), version="doubts", prior=1e-12)),
            [{1}, {2}],
        ),
    ],
    ids=["removed", "corrected", "another model"],
)
def test_what_changed_between_looking_and_deciding_counts(store, linking, monkeypatch, act, expected):
    people.place(linking, said(1))
    linking.commit()
    overtaken(store, monkeypatch, act)
    people.place(linking, said(2))
    assert groups(linking) == expected


def test_writers_with_batches_of_the_same_people_neither_deadlock_nor_make_two_of_one(store, linking):
    linking.commit()
    failed = []

    def human(number, copy):
        return said(1000 * (number + 1) + copy, "Wim", "Berg", date(1950 + 7 * number, 1 + number, 11 + number))

    def work(start, writer):
        with store.connect(Role.INTAKE) as connection:
            start.wait()
            for turn in range(4):
                humans = random.Random(writer * 10 + turn).sample(range(6), 6)  # noqa: S311 - no secret
                try:
                    for half in (humans[:3], humans[3:]):  # two calls in a transaction, each writer in its own order
                        people.place_many(connection, [human(each, writer * 10 + turn) for each in half])
                    connection.commit()
                except psycopg.Error as error:
                    failed.append(error)
                    connection.rollback()

    start = threading.Barrier(8)
    workers = [threading.Thread(target=work, args=(start, writer)) for writer in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failed
    assert [{number // 1000 for number in group} for group in groups(linking)] == [{n} for n in range(1, 7)]
    assert len(persons(linking)) == 8 * 4 * 6


# Rights


def test_attack_the_gate_reads_features_keys_or_scores(store):
    for table in ("source_person", "key", "edge", "judgement", "model", "move", "standing_judgement"):
        with store.connect(Role.GATE) as gate, pytest.raises(psycopg.errors.InsufficientPrivilege):
            gate.execute(f"select * from people.{table}")


def test_attack_the_gate_looks_for_people_outside_a_disclosure(store, linking):
    people.place_many(linking, [said(1), said(2, agency="court")])
    linking.commit()
    for providers, count in ((None, 0), ("", 0), ("prison", 0), ("court", 1), ("police,court", 2)):
        with store.connect(Role.GATE) as gate:
            if providers is not None:
                gate.execute("select set_config('comity.providers', %s, true)", (providers,))
            for table in ("membership", "token"):
                seen = gate.execute(f"select count(distinct source_person) from people.{table}").fetchone()
                assert seen == (count,), (table, providers)


def test_attack_history_is_rewritten(store, linking):
    people.place_many(linking, [said(1), said(2)])
    judge(linking, 1, 2, same=False)
    linking.commit()
    for statement in ("update people.judgement set verdict = 'same'", "update people.move set to_person = null"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            linking.execute(statement)
        linking.rollback()


def test_tokens_are_what_a_search_asks_for(linking):
    people.place(
        linking,
        said(1, given="Zoë Anne", family="O'Brien", alias_names=("Z. Bryan",), identifiers={"police_number": "a-12"}),
    )
    found = linking.execute("select kind, token from people.token order by 1, 2").fetchall()
    assert found == [
        ("birth_date", "19800203"), ("name", "anne"), ("name", "bryan"), ("name", "obrien"), ("name", "z"),
        ("name", "zoe"), ("number", "A12"),
    ]  # fmt: skip


def test_the_agency_is_the_one_that_speaks_now(linking):
    people.place(linking, said(1))
    people.place(linking, replace(said(1), agency="court"))
    assert linking.execute("select agency from people.membership").fetchall() == [("court",)]
    assert linking.execute("select distinct agency from people.token").fetchall() == [("court",)]
