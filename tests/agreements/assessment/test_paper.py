"""The published PDF: accessible, the same answers as the page, and not a byte of what is confidential."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from comity.agreements.assessment import Answer, Assessment, Discipline, Step
from comity.agreements.assessment.complete import StepSignature
from comity.agreements.assessment.models import Approval
from comity.agreements.assessment.paper import assessment_data, assessment_pdf
from comity.agreements.assessment.publish import LANGUAGES, Published, without_confidential
from comity.vocabulary import Label

from .test_publish import AGENCIES, HIDDEN, SECRET, changed, hide

DAY = date(2026, 11, 26)
APPROVAL = Approval(datetime(2026, 11, 20, 9, tzinfo=UTC), UUID(int=7), "victim-services")
SIGNED = [StepSignature(Step.RISKS, Discipline.LEGAL, "police", "staff-secret", 3, b"", APPROVAL.at)]


@pytest.fixture
def printed(paper, vocabulary):
    def make(assessment, language="en", **told):
        return paper(assessment_pdf(assessment, vocabulary, language, AGENCIES, on=DAY, **told))

    return make


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_that_is_not_confidential_stands_in_it(example, printed, catalogue, language):
    letters = printed(example, language, approval=APPROVAL).letters
    for path, answer in without_confidential(example).assessment.answers.items():
        question = catalogue.question_at(path)
        if question and question.kind.value in ("line", "text"):
            assert "".join(answer.text.split()) in letters, path
    for step in catalogue.steps.values():
        assert "".join(step.in_language(language).split()) in letters


@pytest.mark.parametrize("answers", HIDDEN)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_that_is_confidential_is_in_it(example, printed, answers, language):
    made = printed(changed(example, answers), language, approval=APPROVAL)
    assert not made.holds(SECRET)
    assert {"en": "confidential", "nl": "ertrouwelijk"}[language] in made.text


def test_each_answer_can_be_withheld(example, vocabulary, catalogue):
    """Of each question in turn, at each place: made confidential, nothing of it reaches what is set, nor the picture."""
    for path, answer in example.answers.items():
        question = catalogue.question_at(path)
        if question is None or question.kind.value not in ("line", "text", "condition"):
            continue
        made = changed(
            example, {path: hide(f"incident.place = '{SECRET}'" if question.kind.value == "condition" else SECRET)}
        )
        page = Published(without_confidential(made), vocabulary, "en", AGENCIES)
        told = json.dumps(assessment_data(page, "en", DAY, APPROVAL, AGENCIES, ())) + page.picture
        assert SECRET.lower() not in told.lower(), path
        assert answer.text


def test_the_secret_would_be_found_if_it_were_there(example, printed):
    """The reader finds what is published: in words, in the picture, in its alternative text, in the title."""
    for path in ("scale", "title_en", "moments.1-referral.what", "risks.address.what"):
        made = printed(changed(example, {path: SECRET}), "en")
        assert made.holds(SECRET), path
    for path, where in (("moments.1-referral.what", "alternatives"), ("title_en", "facts")):
        assert SECRET in str(getattr(printed(changed(example, {path: SECRET})), where))
    written = changed(example, {"title_en": f"{SECRET} \u2192"})  # in no letters of Latin: UTF-16
    assert SECRET.encode("utf-16-be").hex().upper().encode() in printed(written).opened


def test_its_digest_tells_nothing_of_what_is_withheld(example, printed):
    """Whoever has all the rest cannot try what a confidential answer was until the digest fits."""
    one, other = (printed(changed(example, {"scale": hide(each)})) for each in ("about four hundred", "about forty"))
    assert one.bytes == other.bytes


def test_it_says_who_approved_and_who_signed_but_names_nobody(example, printed):
    made = printed(example, approval=APPROVAL, signatures=SIGNED)
    assert "Approved for Victim services on 20 November 2026." in made.text
    assert "Risks Legal Police 20 November 2026" in made.text
    assert str(APPROVAL.entry) in made.text
    assert not made.holds("staff-secret")
    assert (
        "Goedgekeurd op 20 november 2026." in printed(example, "nl", approval=Approval(APPROVAL.at, UUID(int=7))).text
    )


@pytest.mark.parametrize(
    ("language", "mark"), [("en", "A draft: not approved."), ("nl", "Een concept: niet goedgekeurd.")]
)
def test_a_draft_says_so_on_each_page(example, printed, language, mark):
    made = printed(example, language)
    assert made.text.count(mark) == int(made.facts["Pages"]) + 1  # on the first page twice
    assert mark not in printed(example, language, approval=APPROVAL).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_tagged_for_assistive_technology(example, printed, catalogue, language):
    made = printed(example, language, approval=APPROVAL, signatures=SIGNED)
    assert made.facts["Tagged"] == "yes"
    assert made.facts["Title"] == example.text(f"title_{language}")
    assert b"<pdfuaid:part>1</pdfuaid:part>" in made.opened
    assert f"/Lang({language})".encode() in made.opened.replace(b" ", b"")
    tags = made.tags
    for step in catalogue.steps.values():
        assert f". {step.in_language(language)}" in tags
    assert tags.count("\n  H1 ") == 1
    assert tags.count("\n  H2 ") == len(catalogue.steps) + 1  # and the contents
    assert tags.count("THead") == tags.count("Table (block)") == 2
    assert tags.count("/Scope /Column") == 4 + 3
    assert tags.count("Figure") == 1
    [alt] = made.alternatives
    assert {"en": "Police to Victim services: The case", "nl": "Politie aan Slachtofferhulp: The case"}[language] in alt


def test_words_in_another_language_say_so(example, printed):
    """The answers are in English: in the Dutch document a screen reader must say them in English."""
    assert printed(example, "nl").opened.replace(b" ", b"").count(b"/Lang(en)") > 10


def test_pages_are_numbered_and_days_are_said(example, printed):
    made = printed(example, "nl", approval=APPROVAL)
    pages = int(made.facts["Pages"])
    for at in range(1, pages + 1):
        assert f"Pagina {at} van {pages}" in made.text
    assert "26 november 2026" in made.text
    assert "versie 3" in made.text


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"moments.9": Answer("present"), "moments.9.what": "Words " * 80},
        {"scale": "w" * 3_000},
        {"scale": "a\n\n\nb\n" * 400},
    ],
)
def test_a_draft_that_is_wrong_long_or_empty_is_printed_all_the_same(example, printed, answers):
    assert printed(changed(example, answers)).bytes
    assert printed(Assessment("empty", 1)).text
    wrong = {"data.1-victim.record": "charge", "about": "nonsense =", "purpose": "x", "in_force_from": "soon",
             "language": "x" * 40, "title_nl": " "}  # fmt: skip
    assert printed(changed(example, {**answers, **wrong}), "nl").bytes


def test_a_picture_of_many_moments_stays_on_its_page(printed):
    answers = {}
    for at in range(40):
        answers |= {f"moments.{at}": Answer("present"), f"moments.{at}.provider": Answer(f"agency-{at}"),
                    f"moments.{at}.recipient": Answer("police"), f"moments.{at}.what": Answer(f"What happens {at}")}  # fmt: skip
    assert "What happens 39" in printed(Assessment("a", 1, answers)).text


def test_agencies_are_said_by_their_names(vocabulary, example, paper):
    names = {**AGENCIES, "police": Label("The *police* #force", "De *politie* #eenheid")}
    made = paper(assessment_pdf(example, vocabulary, "en", names, on=DAY))
    assert "The *police* #force" in made.text
