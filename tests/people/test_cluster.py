"""Clusters that hold: averages, not chains; judgements before weights; deaf to order."""

from __future__ import annotations

import random
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from comity.people import cluster as module
from comity.people.cluster import Bonds, cluster, components
from comity.people.errors import ContradictoryJudgementError
from comity.people.reconcile import Past, assign

pair = st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda p: p[0] < p[1])
weights = st.dictionaries(pair, st.floats(-20, 20).map(lambda w: round(w, 1)), max_size=20)
pairs = st.frozensets(pair, max_size=4)


def together(partition, a, b):
    return any(a in group and b in group for group in partition)


def test_a_weak_chain_fuses_nobody():
    chain = {(1, 2): 9.0, (2, 3): 3.0, (3, 4): 9.0, (1, 3): -8.0, (1, 4): -12.0, (2, 4): -8.0}
    assert cluster([1, 2, 3, 4], chain) == [(1, 2), (3, 4)]


def test_one_typing_error_among_many_records_does_not_part_a_person():
    alike = dict.fromkeys(combinations(range(5), 2), 12.0)
    assert cluster(range(6), alike | {(n, 5): 4.0 for n in range(5)}) == [(0, 1, 2, 3, 4, 5)]


def test_a_pair_never_scored_speaks_against():
    assert cluster([1, 2, 3], {(1, 2): 5.0, (2, 3): 4.0}) == [(1, 2), (3,)]


def test_it_is_the_average_that_counts_and_not_the_sum_or_the_best():
    assert cluster([1, 2, 3], {(1, 2): 9.0, (1, 3): 3.0, (2, 3): 0.5}) == [(1, 2), (3,)]
    assert cluster([1, 2, 3], {(1, 2): 9.0, (1, 3): 3.0, (2, 3): 1.5}) == [(1, 2, 3)]


def test_two_judged_different_stay_two_however_alike():
    assert cluster([1, 2], {(1, 2): 30.0}, Bonds(different=frozenset({(1, 2)}))) == [(1,), (2,)]


def test_groups_of_two_judged_different_stay_two():
    scored = dict.fromkeys(combinations(range(1, 5), 2), 20.0) | {(1, 2): 30.0, (3, 4): 25.0}
    assert cluster(range(1, 5), scored, Bonds(different=frozenset({(1, 3)}))) == [(1, 2), (3, 4)]


def test_same_holds_whatever_the_weights_say_and_passes_on():
    bonds = Bonds(same=frozenset({(1, 2), (2, 3)}))
    assert cluster([1, 2, 3, 4], {(1, 2): -30.0, (3, 4): 1.0}, bonds) == [(1, 2, 3), (4,)]


def test_different_holds_whatever_the_weights_say_and_for_their_groups():
    strong = dict.fromkeys(combinations(range(1, 5), 2), 30.0)
    bonds = Bonds(different=frozenset({(1, 4)}))
    for group in cluster([1, 2, 3, 4], strong, bonds):
        assert not {1, 4} <= set(group)


def test_twins_are_kept_apart_until_a_person_says_otherwise():
    strong = dict.fromkeys(combinations(range(1, 4), 2), 9.0)
    unlike = frozenset({(1, 3), (2, 3)})
    assert cluster([1, 2, 3], strong, Bonds(unlike=unlike)) == [(1, 2), (3,)]
    assert cluster([1, 2, 3], strong, Bonds(same=frozenset({(1, 3)}), unlike=unlike)) == [(1, 3), (2,)]
    assert cluster([1, 2, 3], strong, Bonds(same=frozenset({(1, 3)}), unlike=frozenset({(1, 3)}))) == [(1, 2, 3)]


def test_judgements_that_contradict_each_other_are_refused():
    with pytest.raises(ContradictoryJudgementError):
        cluster([1, 2, 3], {}, Bonds(frozenset({(1, 2), (2, 3)}), frozenset({(1, 3)})))


@given(weights, pairs, pairs, st.randoms())
def test_the_order_of_arrival_does_not_change_the_clusters(scored, same, different, chance):
    bonds = Bonds(same, frozenset(), different - same)
    nodes = list(range(8))
    expected = cluster(nodes, scored, bonds)
    chance.shuffle(nodes)
    items = list(scored.items())
    chance.shuffle(items)
    assert cluster(nodes, dict(items), bonds) == expected


@given(weights, pairs, pairs)
def test_no_weight_ever_overrides_a_person(scored, same, different):
    try:
        partition = cluster(range(8), scored, Bonds(same, different))
    except ContradictoryJudgementError:
        groups = components(range(8), same)
        assume(any(together(groups, *p) for p in different))
        return
    assert all(together(partition, *p) for p in same)
    assert not any(together(partition, *p) for p in different)


@given(weights)
def test_everybody_is_in_exactly_one_person(scored):
    partition = cluster(range(8), scored)
    assert sorted(node for group in partition for node in group) == list(range(8))


@given(weights)
def test_no_two_persons_are_left_whose_average_reaches_the_threshold(scored):
    partition = cluster(range(8), scored)
    for one, other in combinations(partition, 2):
        between = [scored.get((min(a, b), max(a, b)), module.UNSCORED) for a in one for b in other]
        assert sum(between) / len(between) < module.LINKED_FROM + 1e-9


@given(weights, st.randoms())
def test_a_component_by_itself_gives_what_the_whole_gives(scored, chance):
    whole = cluster(range(8), scored)
    for group in components(range(8), [p for p, w in scored.items() if w >= module.LINKED_FROM]):
        inside = {p: w for p, w in scored.items() if set(p) <= set(group)}
        assert cluster(group, inside) == [each for each in whole if set(each) <= set(group)]


def test_a_flood_of_namesakes_is_cut_at_its_weakest_pairs(monkeypatch):
    monkeypatch.setattr(module, "LARGEST_COMPONENT", 4)
    three = lambda start, weight: dict.fromkeys(combinations(range(start, start + 3), 2), weight)  # noqa: E731 - short
    scored = three(0, 9.0) | three(3, 9.0) | {(2, 3): 3.0}
    assert cluster(range(6), scored) == [(0, 1, 2), (3, 4, 5)]


# Ids


def uuids(*numbers):
    return tuple(UUID(int=n) for n in numbers)


def fresh():
    numbers = iter(range(1000, 2000))
    return lambda: UUID(int=next(numbers))


def held(**groups):
    return {UUID(int=m): UUID(int=int(p[1:])) for p, members in groups.items() for m in members}


NO_PAST = Past({}, {})


def test_the_larger_part_keeps_the_id_and_the_other_gets_a_fresh_one():
    result = assign([uuids(1, 2), uuids(3)], held(p100=[1, 2, 3]), NO_PAST, fresh())
    assert {m.int: p.int for m, p in result.persons.items()} == {1: 100, 2: 100, 3: 1000}
    assert result.redirects == {}


def test_the_larger_part_keeps_the_id_even_if_the_smaller_bore_it_first():
    past = Past({}, {UUID(int=n): UUID(int=200 + n) for n in (1, 2)})
    result = assign([uuids(1, 2), uuids(3)], held(p100=[1, 2, 3]), past, fresh())
    assert {m.int: p.int for m, p in result.persons.items()} == {1: 100, 2: 100, 3: 1000}


def test_a_merge_keeps_the_larger_id_and_redirects_the_other():
    result = assign([uuids(1, 2, 3)], held(p200=[1], p100=[2, 3]), NO_PAST, fresh())
    assert set(result.persons.values()) == set(uuids(100))
    assert result.redirects == {UUID(int=200): UUID(int=100)}


def test_who_split_off_takes_back_the_id_that_nobody_bears():
    past = Past({UUID(int=2): uuids(200)}, {UUID(int=2): UUID(int=200)})
    result = assign([uuids(1), uuids(2)], held(p100=[1, 2]), past, fresh())
    assert {m.int: p.int for m, p in result.persons.items()} == {1: 100, 2: 200}
    assert result.revived == uuids(200)


@given(
    st.dictionaries(st.integers(1, 9), st.integers(100, 104), min_size=1),
    st.dictionaries(st.integers(1, 9), st.integers(0, 4), min_size=9, max_size=9),
)
def test_no_two_clusters_share_an_id_and_every_redirect_leads_to_one_that_is_borne(before, colours):
    groups = {}
    for member, colour in colours.items():
        groups.setdefault(colour, []).append(UUID(int=member))
    bearers = {UUID(int=m): UUID(int=p) for m, p in before.items()}
    clusters = list(groups.values())
    random.Random(1).shuffle(clusters)  # noqa: S311 - any order will do
    result = assign(clusters, bearers, NO_PAST, fresh())
    assert set(result.persons) == {m for group in clusters for m in group}
    assert len({result.persons[group[0]] for group in clusters}) == len(clusters)
    assert set(result.redirects.values()) <= set(result.persons.values())
    assert set(result.redirects) == set(bearers.values()) - set(result.persons.values())
