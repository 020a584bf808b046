"""When something has to go, as a table that is printed in the reference; and what is true of any."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.agreements.lengths import end_of
from comity.intake.disposing import Keeping
from comity.intake.facts import Fact, Standing
from comity.intake.legal_holds import LegalHold, Reach
from comity.oversight.due import due_of
from comity.oversight.models import Due, Why
from comity.vocabulary import Vocabulary, load
from comity.vocabulary.models import Certainty, Disposal

ANN, BOB = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
TODAY = NOW.date()
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "retention.md"

TABLE = [
    # jurisdiction, kind; what the record is, whose, its codes, its days; then: when, what, why, which rule
    ("uk", "police", "incident", "suspect", "incident.kind=burglary", "received=2021-03-01",
     "2027-03-01", "delete", "later", "uk/app-rrd-group-3"),
    ("uk", "police", "incident", "suspect", "incident.kind=burglary", "received=2020-03-01",
     "2026-03-01", "delete", "due", "uk/app-rrd-group-3"),
    ("uk", "police", "incident", "suspect", "incident.kind=violence", "received=2015-03-01",
     "2025-03-01", "review", "due", "uk/app-rrd-group-2"),
    ("uk", "police", "charge", "suspect", "charge.severity=serious incident.kind=sexual-offence",
     "received=2015-03-01 charge.disposed_on=2019-06-30", "2029-06-30", "review", "later", "uk/app-rrd-group-1"),
    ("uk", "police", "incident", "victim", "incident.status=closed", "received=2020-02-29",
     "2026-02-28", "review", "due", "uk/app-rrd-group-4"),
    ("uk", "court", "case", "other", "case.outcome=acquitted", "received=2015-01-01", "", "review", "not-yet",
     "uk/hmcts-rrds-criminal"),
    ("uk", "court", "case", "other", "case.outcome=acquitted", "received=2015-01-01 case.closed_on=2016-01-01",
     "2023-01-01", "review", "due", "uk/hmcts-rrds-criminal"),
    ("nl", "police", "incident", "suspect", "incident.kind=theft", "received=2021-11-22",
     "2026-11-22", "restrict", "due", "nl/wpg-art8-6-14"),
    ("nl", "police", "incident", "suspect", "incident.kind=theft", "received=2021-11-23",
     "2026-11-23", "restrict", "later", "nl/wpg-art8-6-14"),
    ("nl", "police", "charge", "suspect", "charge.severity=serious", "received=2010-01-01 case.closed_on=2026-08-31",
     "2027-02-28", "review", "later", "nl/wpg-art9-4-14"),
    ("nl", "court", "charge", "convicted", "charge.severity=minor", "received=2015-01-01 charge.disposed_on=2016-05-01",
     "2021-05-01", "review", "due", "nl/wjsg-art6"),
    ("nl", "victim-services", "contact", "victim", "", "received=2001-01-01", "", "", "no-rule", ""),
    ("us", "jail", "custody", "suspect", "", "received=2001-01-01", "", "", "no-rule", ""),
]  # fmt: skip


def standing(*records: Fact, others: tuple[Fact, ...] = (), kept: date | None = None) -> Standing:
    people = frozenset(it.person for it in records if it.person)
    return Standing(UUID(int=9), "police", "system", "K1", records, others,
                    Reach(people, people, frozenset(), ("system", "K1")), kept)  # fmt: skip


def fact(kind: str = "incident", whose: str = "suspect", person: UUID = ANN, codes: str = "", days: str = "") -> Fact:
    said = [pair.split("=") for pair in codes.split()]
    happened = {name: date.fromisoformat(day) for name, day in (pair.split("=") for pair in days.split())}
    return Fact(kind, UUID(int=hash((kind, whose, person, codes, days)) % 2**64), person, whose, happened,
                {name: frozenset({code}) for name, code in said})  # fmt: skip


def keeping(jurisdiction: str = "uk", kind: str = "police") -> Keeping:
    return Keeping("police", jurisdiction, kind, 90, NOW, "dpo")


def due(it: Standing, jurisdiction: str = "uk", kind: str = "police", holds=(), today: date = TODAY) -> Due:
    return due_of(it, load().schedules, keeping(jurisdiction, kind), holds, today)


def hold(**upon) -> LegalHold:
    return LegalHold(UUID(int=77), "police", "person", **{"people": frozenset(), "persons": frozenset(),
                     "cases": frozenset(), "source": None, "source_key": None, **upon}, reason="an inquest",
                     set_by="dpo", set_at=NOW, review_by=TODAY)  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: " ".join(row[:6]))
def test_when_it_has_to_go(row):
    jurisdiction, kind, record, whose, codes, days, *expected = row
    found = due(standing(fact(record, whose, ANN, codes, days)), jurisdiction, kind)
    assert [str(found.on or ""), found.then or "", found.why, found.rule or ""] == expected


def test_the_page_shows_the_table():
    """To print it anew: COMITY_WRITE_DOCS=1 pytest tests/oversight/test_due.py."""
    heads = ("jurisdiction", "agency", "record", "whose", "codes", "days", "goes on", "then", "why", "rule")
    lines = [_row(heads), _row(["---"] * len(heads)), *(_row(row) for row in TABLE)]
    page = f"{OPENING}\n" + "\n".join(lines) + "\n"
    if os.environ.get("COMITY_WRITE_DOCS"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page


OPENING = """\
# When something has to go

<!-- Written by tests/oversight/test_due.py; the schedules themselves are in vocabulary.md. -->

What [the schedules](vocabulary.md#when-it-has-to-go) come to on 22 November 2026, for one record that stands alone. *Later*:
its time runs. *Not yet*: the event from which it runs has not happened. *No rule*: nobody has said how long, so it stays.
How to use it: [keep and erase](../how-to/keep-and-erase.md).
"""


def _row(cells) -> str:
    return "| " + " | ".join(f"`{it}`" if "/" in it or "=" in it else it for it in cells) + " |"


# What the rest of a statement, and of what the source says, does to it


OLD, NEW = fact(days="received=2001-01-01"), fact("charge", days="received=2025-01-01")


def test_what_is_about_the_whole_of_somebody_keeps_all_of_them():
    assert due(standing(OLD)).why is Why.DUE
    assert due(standing(OLD, others=(NEW,))).on == date(2031, 1, 1)
    assert due(standing(OLD, others=(replace(NEW, person=BOB),))).why is Why.DUE


def test_a_statement_goes_when_all_that_it_says_has_to_and_a_review_of_one_part_is_of_the_whole():
    grave = fact("incident", codes="incident.kind=violence", days="received=2001-01-01")
    assert due(standing(replace(OLD, person=None), replace(NEW, person=None))).on == date(2031, 1, 1)
    assert due(standing(OLD, grave)).then is Disposal.REVIEW
    assert due(standing(OLD, fact("contact", whose="nobody"))).why is Why.NO_RULE


def test_who_somebody_is_goes_with_the_last_that_is_said_of_them():
    who, custody = fact("person", days="received=2001-01-01"), fact("custody", days="received=2015-01-01")
    open_ = fact("custody", days="received=2015-01-01")
    ended = replace(custody, days={**custody.days, "custody.released_on": date(2016, 1, 1)})
    assert due(standing(who, ended), kind="prison").on == date(2022, 1, 1)
    assert due(standing(who, others=(open_,)), kind="prison").why is Why.NOT_YET
    assert due(standing(who, others=(ended,)), kind="prison").on == date(2022, 1, 1)


@pytest.mark.parametrize(
    "upon", [{"people": frozenset({ANN})}, {"persons": frozenset({ANN})}, {"source": "system", "source_key": "K1"}]
)
def test_a_hold_beats_the_time_whatever_it_is_upon(upon):
    found = due(standing(OLD), holds=[hold(**upon)])
    assert (found.why, found.holds) == (Why.HELD, (UUID(int=77),))
    assert due(standing(OLD), holds=[hold(people=frozenset({BOB}))]).why is Why.DUE


def test_what_a_person_decided_to_keep_is_not_due_before_that_day():
    later = TODAY + timedelta(days=30)
    assert due(standing(OLD, kept=later)) == replace(due(standing(OLD)), why=Why.KEPT, on=later)
    assert due(standing(OLD, kept=later), today=later).why is Why.DUE


# What is true of any


DAYS = st.dates(date(1990, 1, 1), date(2040, 1, 1))
KINDS = st.sampled_from(["person", "incident", "charge", "case", "custody", "contact"])
FACTS = st.builds(
    lambda kind, whose, person, received, closed, severity: Fact(
        kind, UUID(int=received.toordinal()), person, whose,
        {"received": received, **({"case.closed_on": closed} if closed else {})},
        {"charge.severity": frozenset({severity})} if severity else {},
    ),
    KINDS, st.sampled_from(["suspect", "victim"]), st.sampled_from([ANN, BOB]), DAYS, st.none() | DAYS,
    st.none() | st.sampled_from(["serious", "minor"]),
)  # fmt: skip
STANDING = st.builds(
    lambda records, others, kept: standing(*records, others=tuple(others), kept=kept),
    st.lists(FACTS, min_size=1, max_size=4), st.lists(FACTS, max_size=3), st.none() | DAYS,
)  # fmt: skip
PLACES = st.tuples(st.sampled_from(["uk", "nl", "us", "eu"]), st.sampled_from(["police", "court", "prison"]))


@given(STANDING, PLACES, DAYS, st.integers(0, 4000))
def test_what_is_due_stays_due_and_what_is_on_hold_never_is(it: Standing, place, today, further):
    before, later = due(it, *place, today=today), due(it, *place, today=today + timedelta(days=further))
    if before.why is Why.DUE:
        assert later.why is Why.DUE
        assert before.on is not None
        assert before.on <= today
        assert before.rule in load().schedules
    assert due(it, *place, holds=[hold(people=it.reach.people)], today=today).why is Why.HELD


@given(STANDING, PLACES, FACTS)
def test_more_that_is_said_never_makes_it_go_sooner(it: Standing, place, more: Fact):
    if more.type == "person" or more in it.records:
        return
    before, after_ = due(it, *place), due(replace(it, records=(*it.records, more)), *place)
    assert after_.on is None or before.on is None or before.on <= after_.on or before.why is Why.KEPT
    if all(record.type != "person" for record in it.records) and before.on is None:
        assert after_.on is None


@given(STANDING, PLACES)
def test_nothing_is_erased_by_what_is_only_our_reading(it: Standing, place):
    found = due(it, *place)
    if found.rule and load().schedules[found.rule].certainty is Certainty.READING:
        assert found.then is Disposal.REVIEW


@pytest.mark.parametrize(
    ("length", "start", "end"),
    [("P5Y", "2024-02-29", "2029-02-28"), ("P6M", "2026-08-31", "2027-02-28"), ("P90D", "2026-01-01", "2026-04-01"),
     ("P1Y6M", "2026-01-31", "2027-07-31"), ("P9999Y", "2026-01-01", "9999-12-31")],
)  # fmt: skip
def test_a_length_of_time_ends_on_a_day(length, start, end):
    assert end_of(length, date.fromisoformat(start)) == date.fromisoformat(end)


def test_every_jurisdiction_of_a_row_is_one_and_nothing_is_longer_than_a_life(vocabulary: Vocabulary):
    for law in vocabulary.schedules.values():
        assert law.jurisdiction in vocabulary.jurisdictions
        assert end_of(law.keep, TODAY) < date(2127, 1, 1)
