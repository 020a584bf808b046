"""Names, dates and numbers come to one form, whichever way they are written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.people.models import Features
from comity.people.nicknames import formal_names
from comity.people.standardise import family_words, given_words, number, standardise, words
from comity.people.tokens import name_tokens, tokens

ID = UUID(int=1)

NAMES = """
Wim                   | van der Berg    | wim     |            | berg
WIM JAN PIETER        | VAN DEN BERG    | wim     | jan pieter | berg
Maria                 | de la Cruz      | maria   |            | cruz
Seán                  | O’Brien         | sean    |            | obrien
Seán                  | O'BRIEN         | sean    |            | obrien
Alan-Michael          | Rafferty        | alan    | michael    | rafferty
Ana                   | García López    | ana     |            | garcia lopez
Anna                  | Smit-de Vries   | anna    |            | smit vries
Dr. J.P.              | Jansen Jr.      | j       | p          | jansen
Łukasz                | Großmann        | lukasz  |            | grossmann
Søren                 | Ægidius         | soren   |            | aegidius
İbrahim               | Yılmaz          | ibrahim |            | yilmaz
Thu                   | Le              | thu     |            | le
Sir                   | Dame            | sir     |            | dame
                      | Madonna         |         |            | madonna
Иван                  | Петров          | иван    |            | петров
Baby Girl             | Smit            |         |            | smit
Boy                   | Smit            | boy     |            | smit
UNKNOWN R.            | Smit            |         | r          | smit
  -                   | ...             |         |            |
"""


def rows():
    for line in filter(str.strip, NAMES.splitlines()):
        first, last, one, others, family = (part.strip() or None for part in line.split("|"))
        yield pytest.param(first, last, (one, others, family), id=f"{first} {last}")


@pytest.mark.parametrize(("first", "last", "expected"), list(rows()))
def test_a_name_has_one_form(first, last, expected):
    standard = standardise(Features(ID, "police", first, last))
    assert (standard.given, standard.middle, standard.family) == expected


def test_the_whole_name_says_nothing_of_its_order():
    one = standardise(Features(ID, "police", "Sheleike", "Sheng"))
    other = standardise(Features(ID, "court", "Sheng", "Sheleike"))
    assert one.names == other.names == ("sheleike sheng",)


def test_aliases_are_names_too():
    standard = standardise(Features(ID, "police", "Anna", "Smit", alias_names=("de Vries, Anna", "")))
    assert standard.names == ("anna smit", "anna vries")


def test_dates_and_numbers():
    standard = standardise(
        Features(ID, "police", birth_date=date(80, 2, 3), postcode="1012 ab", identifiers={"a": "x-1 2", "b": " - "})
    )
    assert standard.birth == "00800203"
    assert standard.postcode == "1012AB"
    assert standard.identifiers == {"a": "X12"}


def test_nobody_at_all_has_no_values():
    standard = standardise(Features(ID, "police", " ", ""))
    assert (standard.given, standard.middle, standard.family) == (None, None, None)
    assert (standard.names, standard.families, standard.formal) == ((), (), ())


@given(st.text())
def test_standardising_twice_is_standardising_once(text):
    for form in (words, given_words, family_words):
        once = form(text)
        assert form(" ".join(once)) == once
    assert number(number(text)) == number(text)


@given(st.text(max_size=20), st.text(max_size=20))
def test_what_a_name_is_searched_by_is_what_it_was_kept_by(first, last):
    features = Features(ID, "police", None, f"{first} {last}")
    assert set(name_tokens(f"{first} {last}")) == {token for kind, token in tokens(features) if kind == "name"}


def test_case_is_said_differently_by_each_system():
    plain = standardise(Features(ID, "police", "Ériam Jo", "Parks", sex="Male", postcode="ab1"))
    shouted = standardise(Features(ID, "police", "ÉRIAM JO", "PARKS", sex="MALE", postcode="AB1"))
    assert plain == shouted


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [("liz", "elizabeth", True), ("bert", "lambert", True), ("bert", "hubert", True), ("lambert", "hubert", False),
     ("bill", "william", True), ("henk", "hendrik", True), ("wim", "kees", False), ("zqx", "zqx", True)],
)  # fmt: skip
def test_nicknames_lead_to_the_names_they_are_short_for(one, other, share):
    assert (not set(formal_names(one)).isdisjoint(formal_names(other))) is share


def test_every_nickname_is_in_the_form_that_is_compared():
    from comity.people import nicknames

    for form, formals in nicknames._FORMAL.items():
        assert words(form) == (form,)
        assert all(words(formal) == (formal,) for formal in formals)


def test_features_are_the_same_person_whatever_the_source_person():
    one = Features(ID, "police", "Wim", "Smit")
    assert standardise(one) == standardise(replace(one, source_person=UUID(int=2)))
