"""A new model is measured, proposed and put in force by a person; until then nobody moves, and decisions stand."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from uuid import UUID

import pytest
from tests.people.crowd import of_750_records

from comity import people
from comity.people import Features, retrain
from comity.people import store as rows
from comity.people.cluster import Bonds
from comity.people.effects import EXAMPLES, State, effects
from comity.people.errors import NothingToLearnError, UnknownModelError
from comity.people.evaluate import evaluate, from_json
from comity.people.link import link
from comity.people.standardise import standardise
from comity.people.starting import STARTING, starting
from comity.people.tally import probability, tally
from comity.store import Role

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def ids(*numbers):
    return tuple(UUID(int=n) for n in numbers)


@pytest.fixture(scope="module")
def crowd():
    return of_750_records()


# Measuring


def test_a_tally_counts_by_band_and_bit_and_what_to_expect():
    found = tally([3.5, 3.2, 0.0, -7.1, 99.0, -99.0])
    assert found.bands == {"linked": 3, "needs a person": 1, "not linked": 2}
    assert found.bits == {-40: 1, -8: 1, 0: 1, 3: 2, 60: 1}
    assert found.expected["linked"] == pytest.approx(1 + probability(3.5) + probability(3.2))
    assert probability(0) == 0.5
    assert probability(2) == pytest.approx(0.8)  # four to one


def test_an_evaluation_estimates_what_the_truth_bears_out(crowd):
    standards = {each.source_person: standardise(each) for each in crowd}
    model = retrain.trained(standards, NOW, lambda _: None)
    linked = link(standards, model, Bonds())
    found = evaluate(standards, model, linked)
    human = {id_: (id_.int - 1) // 3 for id_ in standards}
    pairs = [pair for person in linked.clusters for pair in combinations(person, 2)]
    right = sum(human[a] == human[b] for a, b in pairs)
    assert found.precision == pytest.approx(right / len(pairs), abs=0.02)
    assert found.recall == pytest.approx(right / 750, abs=0.05)
    assert 0.9 < found.blocking <= 1
    assert found.found == 1
    assert sum(size * n for size, n in found.sizes.items()) == found.source_persons == 750
    assert sum(found.bits.values()) == sum(found.bands.values()) == found.pairs
    assert from_json(json.loads(json.dumps(found.as_json()))) == found


def test_of_nobody_nothing_is_estimated():
    one = {UUID(int=1): standardise(Features(UUID(int=1), "police", "Anna", "Smit"))}
    model = starting([], ["police"], NOW)
    found = evaluate(one, model, link(one, model, Bonds()))
    assert (found.precision, found.recall, found.found, found.blocking) == (None, None, None, None)


# What would change


def test_effects_count_who_would_be_joined_parted_asked_and_contradicted():
    before = State(dict(zip(ids(1, 2, 3, 4, 5, 6), "aabbcd", strict=True)), {ids(1, 2): 5.0, ids(3, 4): 3.0})
    persons = dict(zip(ids(1, 2, 3, 4, 5, 6), "xxyzxw", strict=True))
    weights = {ids(1, 2): 6.0, ids(1, 5): 4.0, ids(3, 4): 1.0, ids(4, 6): -1.0}
    bonds = Bonds(same=frozenset({ids(5, 6)}), different=frozenset({ids(1, 5)}))
    found, examples = effects(before, State(persons, weights), bonds, {ids(5, 6): -9.0, ids(1, 5): 4.0}, 3)
    assert (found.persons_before, found.persons, found.joined, found.parted, found.moved) == (4, 4, 2, 1, 3)
    assert (found.asked, found.unasked, found.judged) == (2, 0, 2)
    assert found.bands == {
        "linked > needs a person": 1, "not linked > linked": 1, "not linked > needs a person": 1,
    }  # fmt: skip
    assert {(each.change, each.a, each.b) for each in examples} == {
        ("joined", *ids(1, 5)), ("parted", *ids(3, 4)), ("asked", *ids(3, 4)), ("asked", *ids(4, 6)),
        ("judged", *ids(5, 6)), ("judged", *ids(1, 5)),
    }  # fmt: skip


def test_no_more_examples_are_kept_than_somebody_looks_at():
    weights = {ids(n, n + 100): -1.0 for n in range(1, 60)}
    apart = {id_: id_ for pair in weights for id_ in pair}
    found, examples = effects(State(apart, {}), State(apart, weights), Bonds(), {}, 0)
    assert (found.asked, len(examples)) == (59, EXAMPLES)


# Against a real PostgreSQL


@pytest.fixture
def conn(store):
    with store.connect(Role.INTAKE) as connection:
        yield connection


@pytest.fixture
def linked(conn, crowd):
    people.place_many(conn, crowd)
    people.relink(conn, NOW)
    conn.commit()
    return conn


def test_the_first_model_is_in_force_at_once_with_its_evaluation(linked):
    (first,) = retrain.models(linked)
    assert first.in_force
    assert (first.since, first.by, first.effects) == (NOW, None, None)
    assert from_json(first.evaluation).source_persons == 750


def test_a_proposal_moves_nobody_and_is_put_in_force_by_a_person_and_taken_back(linked, crowd):
    later = NOW + timedelta(days=1)
    (first,) = retrain.models(linked)
    people.place_many(linked, [replace(crowd[0], source_person=UUID(int=9001), agency="youth")])
    before = rows.memberships(linked)
    version, found = retrain.propose(linked, later)
    assert rows.memberships(linked) == before
    assert rows.current_model(linked).version == first.version
    assert found.persons_before == len(set(before.values()))
    proposed = next(each for each in retrain.models(linked) if each.version == version)
    assert (proposed.in_force, proposed.since, proposed.effects) == (False, None, found.as_json())
    retrain.put_in_force(linked, version, later, by="p7", reason="a youth service joined")
    changes = people.relink(linked, later)
    assert (changes.model, changes.persons, changes.moved) == (version, found.persons, found.moved)
    assert [(each.by, each.in_force) for each in retrain.models(linked)] == [("p7", True), (None, False)]
    linked.commit()
    retrain.put_in_force(linked, first.version, later, by="p7", reason="back")
    people.relink(linked, later)
    assert rows.memberships(linked) == before


def test_decisions_outlive_a_new_model_and_those_it_denies_are_told(linked):
    one, two, other = ids(1, 2, 400)
    people.judge(linked, one, two, same=False, by="p1", reason="seen", at=NOW)
    people.judge(linked, one, other, same=True, by="p1", reason="seen", at=NOW)
    version, found = retrain.propose(linked, NOW)
    assert found.judged == 2
    told = {(each.a, each.b) for each in retrain.examples_of(linked, version) if each.change == "judged"}
    assert told == {(one, two), (one, other)}
    retrain.put_in_force(linked, version, NOW, by="p1", reason="")
    people.relink(linked, NOW)
    held = rows.memberships(linked)
    assert held[one] == held[other] != held[two]
    people.remove(linked, one, erase=True)
    assert [each for each in retrain.examples_of(linked, version) if one in (each.a, each.b)] == []


def test_what_is_not_kept_or_is_in_force_is_not_put_in_force(linked):
    (first,) = retrain.models(linked)
    for version in ("none", first.version):
        with pytest.raises(UnknownModelError):
            retrain.put_in_force(linked, version, NOW, by="p1", reason="")


def test_of_too_few_nothing_is_proposed(conn, crowd):
    people.place_many(conn, crowd[:9])
    people.relink(conn, NOW)
    assert rows.current_model(conn).version.startswith(STARTING)
    with pytest.raises(NothingToLearnError):
        retrain.propose(conn, NOW)
