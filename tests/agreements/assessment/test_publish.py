"""The published page: complete in two languages, accessible, and without a trace of what is confidential."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from axe_playwright_python.sync_playwright import Axe
from lxml import etree
from playwright.sync_api import sync_playwright

from comity.agreements.assessment import Answer, Assessment
from comity.agreements.assessment.diagram import draw_map, map_in_words
from comity.agreements.assessment.models import PRESENT
from comity.agreements.assessment.publish import LANGUAGES, publish, without_confidential
from comity.vocabulary import Label

AGENCIES = {
    "police": Label("Police", "Politie"),
    "probation": Label("Probation", "Reclassering"),
    "victim-services": Label("Victim services", "Slachtofferhulp"),
}
SECRET = "Zebra-7"


def changed(example, answers):
    merged = {
        **example.answers,
        **{path: Answer(each) if isinstance(each, str | tuple) else each for path, each in answers.items()},
    }
    return Assessment(example.name, example.version, {path: answer for path, answer in merged.items() if answer})


def hide(text):
    return Answer(text, confidential=True)


class Words(HTMLParser):
    """The words of a page, without its styles."""

    def __init__(self, page):
        super().__init__()
        self.text, self._style = "", False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self._style = tag == "style"

    def handle_data(self, data):
        self.text += "" if self._style else data


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_that_is_not_confidential_stands_on_the_page(example, vocabulary, catalogue, language):
    text = Words(publish(example, vocabulary, language, AGENCIES, approved=True)).text
    for path, answer in without_confidential(example).assessment.answers.items():
        question = catalogue.question_at(path)
        if question and question.kind.value in ("line", "text") and question.id not in ("title_en", "title_nl"):
            assert answer.text in text, path
    for step in catalogue.steps.values():
        assert step.in_language(language) in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_chosen_is_said_in_the_language_of_the_page(example, vocabulary, language):
    text = Words(publish(example, vocabulary, language, AGENCIES, approved=False)).text
    expected = {
        "en": ["Victim safety", "Police", "Date of birth (age band)", "A draft: not approved.", "1 February 2026", "2 years", "Data Protection Act 2018, section 35(2)(b)"],
        "nl": ["Politie", "Geboortedatum (leeftijdsklasse)", "Een concept: niet goedgekeurd.", "1 februari 2026", "2 jaar", "Bescherming van slachtoffers"],
    }  # fmt: skip
    assert [words for words in expected[language] if words not in text] == []


# what is hidden, each with the secret in it
HIDDEN = [
    {"scale": hide(SECRET)},
    {"title_en": hide(SECRET), "title_nl": hide(SECRET)},
    {"moments.1-referral.what": hide(SECRET)},
    {"moments.1-referral.when": hide(SECRET)},
    {"moments.1-referral": hide(PRESENT), "moments.1-referral.what": SECRET, "moments.1-referral.why": SECRET},
    {"moments.zebra-7": hide(PRESENT), "moments.zebra-7.what": SECRET, "data.1-victim.moments": ("zebra-7", "1-referral")},
    {"risks.zebra-7": hide(PRESENT), "risks.zebra-7.what": SECRET, "risks.zebra-7.accepted_because": SECRET,
     "actions.log.answers": ("zebra-7", "address")},
    {"risks.address.what": hide(SECRET)},
    {"actions.log.what": hide(SECRET), "actions.log.owner": hide("zebra-7")},
    {"moments.1-referral.provider": hide("zebra-7")},
    {"data.1-victim.fields": hide(("zebra-7 as-is",))},
    {"about": hide(f"incident.place = '{SECRET}'")},
    {"risks.address.decided_by": SECRET},
]  # fmt: skip


@pytest.mark.parametrize("answers", HIDDEN)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_that_is_confidential_is_on_the_page(example, vocabulary, answers, language):
    made = changed(example, answers)
    page = publish(made, vocabulary, language, AGENCIES, approved=True)
    assert SECRET not in str([answer.value for answer in without_confidential(made).assessment.answers.values()])
    assert SECRET.lower() not in page.lower()
    assert {"en": "confidential", "nl": "ertrouwelijk"}[language] in page


def test_the_page_says_where_it_withholds(example, vocabulary):
    text = Words(publish(example, vocabulary, "en", AGENCIES, approved=True)).text
    assert text.count("This part is confidential and is not published.") == 2
    assert "laptop" not in text
    assert "hardware key" not in text


@pytest.mark.parametrize(
    "attack",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "&lt;b&gt;", "</desc></svg><b>"],
)
def test_words_are_words_and_not_markup(example, vocabulary, attack):
    texts = {"scale": attack, "title_en": attack, "moments.1-referral.what": attack, "risks.address.what": attack}
    page = publish(
        changed(example, texts), vocabulary, "en", {**AGENCIES, "police": Label(attack, attack)}, approved=True
    )
    assert attack in Words(page).text
    assert not re.search(r"<(script|img|b)\b", page)
    assert "49" not in Words(page).text


def test_the_page_loads_nothing(example, vocabulary):
    page = publish(example, vocabulary, "en", AGENCIES, approved=True)
    assert re.findall(r"""(?:src|href)=["'](?!#)""", page) == []
    assert "default-src 'none'" in page


def test_a_draft_that_is_wrong_or_empty_is_published_all_the_same(example, vocabulary):
    for made in (
        Assessment("empty", 1),
        changed(example, {"data.1-victim.record": "charge", "about": "nonsense =", "purpose": "x"}),
    ):
        assert "</html>" in publish(made, vocabulary, "nl", {}, approved=False)


# The picture


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_says_what_the_list_says(example, language):
    picture = etree.fromstring(draw_map(example, AGENCIES, language).encode())
    names = {"s": "http://www.w3.org/2000/svg"}
    assert picture.get("role") == "img"
    title, desc = picture.find("s:title", names), picture.find("s:desc", names)
    assert picture.get("aria-labelledby").split() == [title.get("id"), desc.get("id")]
    for sentence in map_in_words(example, AGENCIES):
        assert sentence.in_language(language) in desc.text
    shown = [text.text for text in picture.iterfind(".//s:text", names)]
    assert [
        agency.in_language(language) for agency in AGENCIES.values() if agency.in_language(language) not in shown
    ] == []
    assert len(picture.findall(".//s:path[@marker-end]", names)) == 2


def test_the_list_in_words(example):
    assert [each.en for each in map_in_words(example, AGENCIES)] == [
        "Police to Victim services: The case of a victim at high risk. When: On the day that an incident is scored at 14 or more.",
        "Probation to Victim services: What probation knows of the danger. When: At the conference, and whenever it changes afterwards.",
    ]  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, 12])
def test_any_number_of_lanes_and_arrows_is_drawn(count):
    answers = {}
    for at in range(count):
        answers |= {f"moments.{at}": Answer(PRESENT), f"moments.{at}.provider": Answer(f"agency-{at}"),
                    f"moments.{at}.recipient": Answer(f"agency-{at // 2}"), f"moments.{at}.what": Answer("Words " * 60)}  # fmt: skip
    picture = etree.fromstring(draw_map(Assessment("a", 1, answers), {}, "en").encode())
    assert len(picture.findall(".//{*}path[@marker-end]")) == count


# In a browser


def test_axe_finds_nothing_wrong_with_the_page(example, vocabulary, chromium):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            for language in LANGUAGES:
                for width in (1200, 400):
                    page = browser.new_page(viewport={"width": width, "height": 900}, bypass_csp=True)
                    page.set_content(publish(example, vocabulary, language, AGENCIES, approved=True))
                    found = Axe().run(page).response["violations"]
                    assert [(it["id"], [node["target"] for node in it["nodes"]][:3]) for it in found] == []
                    assert page.evaluate("document.documentElement.scrollWidth") <= width
        finally:
            browser.close()
