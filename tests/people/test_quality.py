"""Quality in sight: drift, intervals, samples drawn blind, and the counts of what stands."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.people.crowd import of_750_records

from comity import people
from comity.people import sampling
from comity.people import store as rows
from comity.people.drift import LEAST, Drifted, drift
from comity.people.errors import UnknownSampleError
from comity.people.interval import Stratum, stratified, wilson
from comity.people.models import Band, Stay
from comity.people.quality import quality
from comity.people.sampling import SAID
from comity.store import Role

NOW = datetime(2026, 11, 26, tzinfo=UTC)

# Drift

THEN = {-2: 20, -1: 10, 3: 10, 12: 300, 16: 400, 20: 700, 24: 200}


def test_the_same_spread_has_not_drifted_whatever_the_numbers():
    found = drift(THEN, {bit: 7 * n for bit, n in THEN.items()})
    assert (found.verdict, found.index, found.scored) == (Drifted.LITTLE, 0, 7 * 1640)
    assert sum(each.then for each in found.bins) == pytest.approx(1)
    assert len(found.bins) > 3


def test_pairs_in_between_that_grow_common_are_much_drift():
    assert drift(THEN, {**THEN, -2: 900, -1: 400}).verdict is Drifted.MUCH


def test_of_too_few_nothing_is_said():
    few = drift(THEN, {-2: LEAST - 1})
    assert (few.verdict, few.index) == (Drifted.TOO_FEW, None)
    assert drift({}, THEN).verdict is Drifted.TOO_FEW


def test_pairs_far_below_do_not_count_and_pairs_further_out_than_before_do():
    assert drift({**THEN, -30: 9000}, THEN).index == 0
    assert sum(each.now for each in drift(THEN, {40: 300, -2: 20}).bins) == pytest.approx(1)


@given(
    st.dictionaries(st.integers(-2, 30), st.integers(1, 500), min_size=1),
    st.dictionaries(st.integers(-2, 30), st.integers(1, 500), min_size=1),
)
def test_drift_is_a_number_and_its_bins_hold_everything(then, now):
    found = drift(then, now)
    if found.index is not None:
        assert 0 <= found.index < math.inf
        assert sum(each.then for each in found.bins) == pytest.approx(1)
        assert sum(each.now for each in found.bins) == pytest.approx(1)


# Intervals


@pytest.mark.parametrize(
    ("right", "asked", "low", "high"),  # Newcombe, Statistics in Medicine 17, 1998, table I
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_an_interval_is_the_one_that_was_published(right, asked, low, high):
    found = wilson(right, asked)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_one_stratum_is_a_simple_sample():
    assert stratified([Stratum(1000, 50, 47), Stratum(0, 0, 0)]) == wilson(47, 50)


def test_as_long_as_a_stratum_was_not_looked_at_nothing_is_estimated():
    assert stratified([Stratum(1000, 50, 47), Stratum(3, 0, 0)]) is None
    assert stratified([]) is None


def test_strata_weigh_as_many_as_they_hold():
    assert stratified([Stratum(900, 50, 50), Stratum(100, 50, 25)]).share == pytest.approx(0.95)


@pytest.mark.parametrize("truth", [(0.999, 0.8), (0.97, 0.6), (0.9, 0.9)])
def test_an_interval_holds_the_truth_as_often_as_it_promises(truth):
    sizes, asked = (9000, 1000), 40
    really = sum(size * share for size, share in zip(sizes, truth, strict=True)) / sum(sizes)

    def chance(right, share):
        return math.comb(asked, right) * share**right * (1 - share) ** (asked - right)

    held = 0.0
    for one, other in product(range(asked + 1), repeat=2):
        found = stratified([Stratum(sizes[0], asked, one), Stratum(sizes[1], asked, other)])
        if found.low <= really <= found.high:
            held += chance(one, truth[0]) * chance(other, truth[1])
    assert held > 0.93


# Against a real PostgreSQL


@pytest.fixture
def linked(store):
    with store.connect(Role.INTAKE) as conn:
        people.place_many(conn, of_750_records())
        people.relink(conn, NOW)
        conn.commit()
        yield conn


def human(id_):
    return (id_.int - 1) // 3


def look(conn, sample, says, by="p3"):
    while found := sampling.next_of(conn, sample):
        sampling.answer(conn, sample, found.place, says(found), by=by, at=NOW)


def truly(found):
    return "same" if human(found.a) == human(found.b) else "different"


def test_a_sample_is_stratified_shown_blind_and_estimates_what_is_true(linked):
    sample = sampling.draw(linked, 60, by="p3", at=NOW)
    first = sampling.of(linked, sample)
    assert (first.precision, first.answered) == (None, dict.fromkeys(SAID, 0))
    strata = linked.execute("select place, stratum from people.sampled order by place").fetchall()
    assert [place for place, _ in strata] == list(range(1, len(strata) + 1))
    assert max(Counter(stratum for _, stratum in strata).values()) == 15
    assert [stratum for _, stratum in strata] != sorted(stratum for _, stratum in strata)
    shown = sampling.next_of(linked, sample)
    assert shown.person == rows.memberships(linked)[shown.a] == rows.memberships(linked)[shown.b]
    look(linked, sample, truly)
    found = sampling.of(linked, sample)
    held = rows.memberships(linked)
    pairs = Counter(held.values())
    links = sum(n * (n - 1) // 2 for n in pairs.values())
    right = sum(n * (n - 1) // 2 for n in Counter((person, human(id_)) for id_, person in held.items()).values())
    assert found.links == links
    assert found.precision.low <= right / links <= found.precision.high
    assert found.precision.low < 1


def test_the_last_answer_counts_and_cannot_tell_counts_neither_way(linked):
    sample = sampling.draw(linked, 24, by="p3", at=NOW)
    # One that is not alone in its stratum: of that, something must be known for an estimate.
    (place,) = linked.execute(
        "select max(place) from people.sampled where sample = %s group by stratum order by count(*) desc limit 1",
        [sample],
    ).fetchone()
    for said in ("different", "same", "cannot tell"):
        sampling.answer(linked, sample, place, said, by="p3", at=NOW)
    look(linked, sample, lambda _: "same")
    found = sampling.of(linked, sample)
    assert found.answered == {"same": found.drawn - 1, "different": 0, "cannot tell": 1}
    assert found.precision.share == 1


def test_an_answer_decides_nothing_and_what_was_decided_is_not_sampled(linked):
    sample = sampling.draw(linked, 8, by="p3", at=NOW)
    before = rows.memberships(linked)
    look(linked, sample, lambda _: "different")
    assert rows.memberships(linked) == before
    assert linked.execute("select count(*) from people.judgement").fetchone() == (0,)
    one, other = UUID(int=1), UUID(int=2)
    assert before[one] == before[other]
    people.judge(linked, one, other, same=True, by="p1", reason="seen", at=NOW)
    everything = sampling.draw(linked, 10_000, by="p3", at=NOW)
    drawn = linked.execute("select a, b from people.sampled where sample = %s", [everything]).fetchall()
    assert (one, other) not in drawn
    assert len(drawn) == sampling.of(linked, everything).links


def test_erasing_somebody_takes_their_pairs_from_samples(linked):
    sample = sampling.draw(linked, 10_000, by="p3", at=NOW)
    look(linked, sample, truly)
    before = sampling.of(linked, sample).drawn
    people.remove(linked, UUID(int=1), erase=True)
    assert sampling.of(linked, sample).drawn < before
    for table in ("sampled", "proposal_example", "hold", "stay"):
        assert not [row for row in linked.execute(f"select * from people.{table}") if UUID(int=1) in row]


def test_what_is_not_in_a_sample_is_not_answered(linked):
    sample = sampling.draw(linked, 8, by="p3", at=NOW)
    for of, place, said in ((uuid4(), 1, "same"), (sample, 0, "same"), (sample, 1, "perhaps")):
        with pytest.raises(UnknownSampleError):
            sampling.answer(linked, of, place, said, by="p3", at=NOW)
    with pytest.raises(UnknownSampleError):
        sampling.next_of(linked, uuid4())


def test_counts_add_up(linked):
    found = quality(linked, NOW)
    held = rows.memberships(linked)
    assert (found.source_persons, found.persons) == (750, len(set(held.values())))
    assert found.sizes == Counter(Counter(held.values()).values())
    edges = rows.all_edges(linked)
    both = [held[a] == held[b] for a, b in edges]
    assert sum(each.together for each in found.links) == sum(both)
    assert sum(each.apart for each in found.links) == len(both) - sum(both)
    assert found.links[0].together == sum(w >= 2 and held[a] == held[b] for (a, b), w in edges.items())
    apart = {frozenset((held[a], held[b])) for a, b in edges if held[a] != held[b]}
    assert found.reviews.near + sum(found.reviews.held.values()) == len(apart)
    assert sum(found.reviews.ages) == len(apart)
    assert (found.judged, found.sample) == ({"same": 0, "different": 0}, None)
    assert found.evaluation.persons == found.persons
    assert found.drift.scored == 0


def test_a_held_pair_is_counted_once_by_its_limit_and_a_decision_ends_it(linked):
    before = quality(linked, NOW).reviews
    year = (date(2024, 1, 1), date(2024, 12, 31))
    one, other = UUID(int=1), UUID(int=2)
    people.place_many(linked, [], {one: [Stay("a", "Leeds", *year)], other: [Stay("a", "Hull", *year)]})
    after = quality(linked, datetime.now(UTC) + timedelta(days=10)).reviews
    assert after.held == {"two prisons": 1}
    assert after.ages == (0, 0, sum(before.ages) + 1, 0)
    assert after.oldest is not None
    people.judge(linked, one, other, same=True, by="p1", reason="fingerprints", at=NOW)
    assert quality(linked, NOW).reviews.held == {}
    assert quality(linked, NOW).judged == {"same": 1, "different": 0}


def test_pairs_scored_since_are_compared_with_those_of_training(linked):
    again = [replace(it, source_person=UUID(int=it.source_person.int + 5000)) for it in of_750_records()[:300]]
    people.place_many(linked, again)
    found = quality(linked, NOW)
    assert found.drift.scored > LEAST
    assert found.drift.index is not None
    assert [each.band for each in found.links] == [Band.LINKED, Band.NEEDS_A_PERSON]
