"""Blocking finds what scoring would link: each key forgives one thing."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from comity.people import block
from comity.people.models import Features
from comity.people.standardise import standardise

BASE = {"given_names": "Magalys Ann", "family_name": "de la Godfrey", "birth_date": date(1994, 8, 1)}

FORGIVEN = {
    "nothing": {},
    "another order": {"given_names": "Godfrey", "family_name": "Magalys Ann"},
    "a given name mistyped": {"given_names": "Magayls"},
    "a family name mistyped": {"family_name": "Gofrey"},
    "both mistyped": {"given_names": "Magalis", "family_name": "Godfry"},
    "day and month exchanged": {"birth_date": date(1994, 1, 8)},
    "another year": {"birth_date": date(1984, 8, 1)},
    "defaulted to 1 January": {"birth_date": date(1994, 1, 1)},
    "no date": {"birth_date": None},
    "married": {"family_name": "Smit"},
    "married and mistyped": {"given_names": "Magalis", "family_name": "Smit"},
    "the family name alone": {"given_names": None},
    "a name and a date mistyped": {"given_names": "Magalis", "birth_date": date(1994, 8, 11)},
}


@pytest.mark.parametrize("change", FORGIVEN.values(), ids=FORGIVEN)
def test_a_key_is_shared_though_there_is(change):
    one = standardise(Features(UUID(int=1), "police", **BASE))
    other = standardise(Features(UUID(int=2), "court", **{**BASE, **change}))
    assert block.keys(one) & block.keys(other)


def test_a_common_name_has_a_narrower_key_though_day_and_month_are_exchanged():
    one = standardise(Features(UUID(int=1), "police", **BASE))
    other = standardise(Features(UUID(int=2), "court", **{**BASE, "birth_date": date(1994, 1, 8)}))
    assert {key.split("|")[0] for key in block.keys(one) & block.keys(other)} >= {"ny", "nd"}


def test_a_number_alone_is_enough():
    one = standardise(Features(UUID(int=1), "police", "A", "B", identifiers={"police_number": "12"}))
    other = standardise(Features(UUID(int=2), "court", "C", "D", identifiers={"police_number": "1-2"}))
    assert block.keys(one) & block.keys(other)


def test_numbers_of_two_kinds_are_not_one():
    one = standardise(Features(UUID(int=1), "police", "A", "B", identifiers={"police_number": "12"}))
    other = standardise(Features(UUID(int=2), "court", "C", "D", identifiers={"prison_number": "12"}))
    assert not block.keys(one) & block.keys(other)


def test_strangers_share_nothing():
    one = standardise(Features(UUID(int=1), "police", **BASE))
    other = standardise(Features(UUID(int=2), "police", "Kees", "Jansen", birth_date=date(1970, 12, 24)))
    assert not block.keys(one) & block.keys(other)


def test_nobody_at_all_shares_nothing():
    assert block.keys(standardise(Features(UUID(int=1), "police"))) == frozenset()


def test_candidates_are_found_whatever_the_order_and_once():
    people = [standardise(Features(UUID(int=n), "police", **BASE)) for n in range(3)]
    assert block.candidates(people) == [(0, 1), (0, 2), (1, 2)]


def test_a_block_that_everybody_is_in_finds_nobody(monkeypatch):
    monkeypatch.setattr(block, "LARGEST_BLOCK", 2)
    people = [standardise(Features(UUID(int=n), "police", **BASE)) for n in range(3)]
    assert block.candidates(people[:2]) == [(0, 1)]
    assert block.candidates(people) == []


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("robert", "r163"),
        ("rupert", "r163"),
        ("ashcraft", "a261"),
        ("tymczak", "t522"),
        ("pfister", "p236"),
        ("honeyman", "h555"),
    ],
)
def test_soundex_is_that_of_the_national_archives(word, code):
    assert block.soundex(word) == code
