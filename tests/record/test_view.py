"""The joined-up view: best-supported values, contradictions shown, one timeline."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.record.models import ReleasedRow
from comity.record.view import join, same_value
from comity.vocabulary.models import Assertion


def row(number, record="person", agency="police", received=1, asserted=Assertion.FACT, forms=None, **values):
    return ReleasedRow(
        record=record,
        record_id=UUID(int=number),
        source_person=UUID(int=number),
        agency=agency,
        source=f"{agency}-system",
        received_at=datetime(2026, 1, received, tzinfo=UTC),
        whose="suspect",
        asserted=asserted,
        values=values,
        forms=forms or {},
    )


@pytest.mark.parametrize(
    ("said", "best", "others"),
    [
        # what each agency says, on which day it was received     the best value    what is shown beside it
        ([("police", 1, "Eriam Parks")], "Eriam Parks", []),
        (
            [("police", 1, "A Parks"), ("court", 1, "Eriam Parks"), ("prison", 1, "Eriam Parks")],
            "Eriam Parks",
            ["A Parks"],
        ),
        ([("police", 1, "PARKS, ERIAM"), ("court", 2, "Parks Eriam")], "Parks Eriam", []),
        (
            [("police", 1, "José Núñez"), ("court", 2, "Jose Nunez"), ("prison", 9, "J Nunez")],
            "Jose Nunez",
            ["J Nunez"],
        ),
        ([("police", 1, "Old Name"), ("court", 2, "New Name")], "New Name", ["Old Name"]),
        ([("police", 1, "B"), ("court", 1, "A")], "A", ["B"]),
        ([("police", 1, None), ("court", 1, ""), ("prison", 1, "C")], "C", []),
        # one agency that repeats itself has one voice
        ([("police", 1, "X"), ("police", 2, "X"), ("court", 3, "Y")], "Y", ["X"]),
    ],
)
def test_best_supported_value(vocabulary, said, best, others):
    rows = [row(n, agency=agency, received=day, name=name) for n, (agency, day, name) in enumerate(said)]
    (field,) = (f for f in join(rows, "person", vocabulary).fields if f.field == "name")
    assert field.best.value == best
    assert [other.value for other in field.others] == others


def test_an_opinion_does_not_outvote_a_fact(vocabulary):
    rows = [
        row(1, agency="court", name="Eriam Parks"),
        row(2, agency="probation", received=2, asserted=Assertion.OPINION, name="Erin Parks"),
        row(3, agency="victims", received=2, asserted=Assertion.OPINION, name="Erin Parks"),
    ]
    (field,) = join(rows, "person", vocabulary).fields
    assert field.best.value == "Eriam Parks"
    assert [(said.value, len(said.voices)) for said in field.others] == [("Erin Parks", 2)]


@pytest.mark.parametrize(
    ("said", "best", "others"),
    [
        ([date(1980, 2, 3), "1980"], date(1980, 2, 3), []),
        ([date(1980, 2, 3), "1980-02", "1980"], date(1980, 2, 3), []),
        ([date(1980, 2, 3), "1981"], "1981", [date(1980, 2, 3)]),
        ([date(1980, 2, 3), date(1980, 3, 2), "1980-03"], date(1980, 3, 2), [date(1980, 2, 3)]),
        (["1980", "1980-02"], "1980-02", []),
    ],
)
def test_a_date_said_less_exactly_is_no_contradiction(vocabulary, said, best, others):
    agencies = ("police", "court", "prison")
    rows = [row(n, agency=agencies[n], received=n + 1, birth_date=value) for n, value in enumerate(said)]
    view = join(rows, "person", vocabulary)
    (field,) = view.fields
    assert (field.best.value, [other.value for other in field.others]) == (best, others)
    assert bool(view.contradictions) == bool(others)
    assert sum(len(it.voices) for it in (field.best, *field.others)) == len(said)


@pytest.mark.parametrize(
    ("field", "said", "shown"),
    [
        # each value with its form                                          what the field says, each with what is beside it
        ("birth_date", [(date(1971, 5, 19), "as-is"), ("50-59", "age-band")], [(date(1971, 5, 19), []), ("50-59", [])]),
        (
            "birth_date",
            [(date(1971, 5, 19), "as-is"), ("1971", "year"), ("1971-05", "month")],
            [(date(1971, 5, 19), [])],
        ),
        ("birth_date", [("1971-05", "month"), ("1970", "year")], [("1970", ["1971-05"])]),
        ("birth_date", [("50-59", "age-band"), ("60-69", "age-band")], [("60-69", ["50-59"])]),
        ("protected_address", [("1 High Street", "as-is"), (False, "present")], [("1 High Street", []), (False, [])]),
        ("protected_address", [(True, "present"), (False, "present")], [(False, [True])]),
        ("name", [("E. P.", "initials"), ("Eriam Parks", "as-is")], [("Eriam Parks", []), ("E. P.", [])]),
    ],
)
def test_only_values_of_one_form_disagree(vocabulary, field, said, shown):
    """Each by an agency of its own, the later received the later."""
    rows = [
        row(n, agency=f"agency-{n}", received=n + 1, forms={field: form}, **{field: value})
        for n, (value, form) in enumerate(said)
    ]
    view = join(rows, "person", vocabulary)
    assert [(it.best.value, [other.value for other in it.others]) for it in view.fields] == shown
    assert len(view.contradictions) == sum(bool(others) for _, others in shown)
    assert sum(len(it.voices) for each in view.fields for it in (each.best, *each.others)) == len(said)


def test_that_there_is_a_date_is_no_place_on_the_timeline(vocabulary):
    rows = [row(1, "charge", charged_on=True, offence_on="2014-05-01"), row(2, "charge", charged_on=False)]
    assert [(it.on, it.dated_by) for it in join(rows, "person", vocabulary).timeline] == [
        ("2014-05-01", "offence_on"),
        ("", ""),
    ]


def test_a_contradiction_is_shown_with_everyone_who_speaks(vocabulary):
    rows = [row(1, birth_date="1980-01-02"), row(2, agency="court", birth_date="1980-02-01")]
    (found,) = join(rows, "person", vocabulary).contradictions
    assert (found.kind, found.field, found.agencies) == ("field", "birth_date", ("court", "police"))
    assert set(found.rows) == {UUID(int=1), UUID(int=2)}


@pytest.mark.parametrize(
    ("jail", "prison", "contradicts"),
    [
        (("2014-01-01", "2014-02-01"), ("2014-01-15", "2014-03-01"), True),
        (("2014-01-01", "2014-02-01"), ("2014-02-01", "2014-03-01"), False),  # a transfer on the day
        (("2014-01-01", None), ("2015-02-01", "2015-03-01"), True),  # an open stay has not ended
        (("2014-01-01", "2014-02-01"), ("2015-02-01", None), False),
        (("2014", "2014"), ("2014", "2015"), False),  # minimised to years: nothing can be said
        (("2014", None), ("2014-01-01", "2014-02-01"), False),
        (("2014-01-01", True), ("2014-01-15", "2014-02-01"), False),  # that it ended, not when
    ],
)
def test_custody_in_two_places_at_once_is_a_contradiction(vocabulary, jail, prison, contradicts):
    rows = [
        row(1, "custody", "sheriff", received_on=jail[0], released_on=jail[1]),
        row(2, "custody", "prison", received_on=prison[0], released_on=prison[1]),
    ]
    assert [c.kind for c in join(rows, "person", vocabulary).contradictions] == (["overlap"] if contradicts else [])


def test_a_stay_whose_end_was_withheld_is_not_compared(vocabulary):
    rows = [
        row(1, "custody", "sheriff", received_on="2014-01-01"),
        row(2, "custody", "prison", received_on="2014-01-02"),
    ]
    assert join(rows, "person", vocabulary).contradictions == ()


def test_timeline_is_latest_first_across_agencies_and_undated_last(vocabulary):
    rows = [
        row(1, "custody", "prison", received_on="2014-05-01"),
        row(2, "charge", "court", charged_on="2015", offence="Theft"),
        row(3, "hearing", "court", starts_on="2014-06"),
        row(4, "charge", "police", offence="Theft"),
    ]
    assert [h.on for h in join(rows, "person", vocabulary).timeline] == ["2015", "2014-06", "2014-05-01", ""]


names = st.sampled_from(["Anna", "anna", "ÁNNA", "Bo", "", None])
rows_of_people = st.lists(
    st.tuples(st.sampled_from(["police", "court", "prison"]), st.integers(1, 5), names), max_size=8
).map(lambda said: [row(n, agency=a, received=d, name=v) for n, (a, d, v) in enumerate(said)])


@given(rows_of_people, st.randoms())
def test_the_order_of_rows_never_changes_the_view(vocabulary, rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert join(shuffled, "person", vocabulary) == join(rows, "person", vocabulary)


@given(rows_of_people)
def test_nobody_who_spoke_is_left_out(vocabulary, rows):
    fields = [f for f in join(rows, "person", vocabulary).fields if f.field == "name"]
    shown = {voice.record_id for field in fields for said in (field.best, *field.others) for voice in said.voices}
    assert shown == {it.record_id for it in rows if it.values["name"]}


def test_punctuation_alone_is_still_a_value():
    assert not same_value("?", "-")
    assert same_value("O'Brien", "o brien")
