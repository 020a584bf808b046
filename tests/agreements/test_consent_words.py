"""What somebody is told who is asked for consent: from the agreement, in both languages, and no more than it says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comity.agreements.consent import Answer
from comity.agreements.consent_words import ANSWERS, asks_for_consent, told
from comity.vocabulary import Label

NAMES = {"police": Label("Police", "Politie"), "probation": Label("Probation", "Reclassering"),
         "victim-services": Label("Victim services", "Slachtofferhulp")}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize(
    ("consent", "no"),
    [
        (
            "asked",
            Label(
                "the reason is written down, and you can read it", "wordt de reden opgeschreven, en kunt u die lezen"
            ),
        ),
        (
            "required",
            Label("Then nothing is shared under this agreement", "Dan wordt volgens deze overeenkomst niets gedeeld"),
        ),
    ],
)
def test_it_says_who_what_why_how_long_and_that_one_may_say_no(marac, vocabulary, language, consent, no):
    text = " ".join(it.in_language(language) for it in told(replace(marac, consent=consent), vocabulary, NAMES))
    expected = {
        "en": ["from Police and Probation to Victim services", "victim safety", "date of birth (an age band only)", "kept for 2 years", "take your consent back"],
        "nl": ["van Politie en Reclassering naar Slachtofferhulp", "geboortedatum (alleen een leeftijdsklasse)", "2 jaar", "intrekken"],
    }  # fmt: skip
    assert [words for words in [*expected[language], no.in_language(language)] if words not in text] == []


def test_nobody_is_told_anything_where_nobody_is_asked(marac, vocabulary):
    assert told(marac, vocabulary, NAMES) == ()
    assert not asks_for_consent(marac)


def test_every_answer_has_its_words():
    assert set(ANSWERS) == set(Answer)
