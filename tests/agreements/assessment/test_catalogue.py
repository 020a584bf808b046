"""The catalogue asks all that the Dutch model, the British template and the directive ask; the page says what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from comity.agreements.assessment.catalogue import FILE, catalogue_from
from comity.agreements.assessment.models import Discipline, Step
from comity.agreements.assessment.reference import reference_page
from comity.vocabulary.errors import VocabularyFileError

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "assessment.md"

POINTS = {str(point) for point in range(1, 18)}
# The steps of the ICO's sample template; its second step has four parts.
ICO = ["need", "nature", "scope", "context", "purposes", "consultation", "necessity", "risks", "measures", "sign-off"]
# Article 27(2): description, risks, measures; safeguards, security and mechanisms; proof; rights and interests.
LED = ["description", "risks", "measures", "safeguards", "accountability", "interests"]


def covered(catalogue, key):
    return {name for question in catalogue.questions.values() for name in getattr(question, key)}


def test_all_seventeen_points_of_the_dutch_model_are_covered(catalogue):
    assert set(catalogue.nl_dpia) == POINTS
    assert covered(catalogue, "nl_dpia") == POINTS


def test_all_headings_of_the_ico_are_covered(catalogue):
    assert list(catalogue.ico) == ICO
    assert covered(catalogue, "ico") == set(ICO)


def test_all_elements_of_article_27_are_covered(catalogue):
    assert list(catalogue.led) == LED
    assert covered(catalogue, "led") == set(LED)
    assert {name: article[-3:] for name, article in catalogue.led_in_uk.items()} == {
        "description": "(a)", "risks": "(b)", "measures": "(c)",
        "safeguards": "(d)", "accountability": "(d)", "interests": "(d)",
    }  # fmt: skip


def test_the_headings_are_those_of_the_model(catalogue, shared_data):
    model = (shared_data / "vocabularies" / "nl-dpia" / "dpia.yaml").read_text(encoding="utf-8")
    assert [heading for heading in catalogue.nl_dpia.values() if not re.search(_loosely(heading), model)] == []


def _loosely(heading):
    return r"\s+".join(re.escape(word) for word in heading.split())


def test_each_gap_names_its_article_and_what_is_asked_instead(catalogue):
    assert {gap.article for gap in catalogue.gaps} >= {f"LED art. {n}" for n in (5, 8, 6, 7, 10, 9, 25, 28)}
    for gap in catalogue.gaps:
        assert gap.questions, gap.name
        assert set(gap.nl_dpia) <= POINTS


def test_each_step_is_signed_by_whom_it_needs(catalogue):
    everybody = tuple(Discipline)
    assert {step: catalogue.must_sign(step) for step in Step} == {
        Step.PROCESS: everybody,
        Step.LAWFULNESS: (Discipline.OPERATIONAL, Discipline.LEGAL, Discipline.PRIVACY),
        Step.RISKS: everybody,
        Step.MEASURES: everybody,
    }


def test_every_question_is_signed_by_somebody_and_asked_in_two_languages(catalogue):
    for question in catalogue.questions.values():
        assert question.signed_by, question.id
        assert question.ask.en != question.ask.nl, question.id


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("signed_by: [legal]", "signed_by: [leegal]", "legal"),
        ('nl_dpia: ["9"]', 'nl_dpia: ["19"]', "19"),
        ("kind: items, of: moments", "kind: items, of: momenten", "moments"),
        ("led: [interests]", "led: [interest]", "interests"),
        ("kind: line, en: When", "kind: lines, en: When", "line"),
        ("kind: choice, of: language", "kind: choice, of: languages", "language"),
    ],
)
def test_a_catalogue_that_contradicts_itself_is_refused(tmp_path, right, wrong, told):
    text = FILE.read_text(encoding="utf-8")
    assert right in text
    (tmp_path / "catalogue.yaml").write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(VocabularyFileError, match=told):
        catalogue_from(tmp_path / "catalogue.yaml")


def test_the_docs_are_not_stale(catalogue):
    assert PAGE.read_text(encoding="utf-8") == reference_page(catalogue), "run python -m comity.agreements.assessment"


def test_the_page_names_every_question(catalogue):
    page = reference_page(catalogue)
    assert [each.id for each in catalogue.questions.values() if f"`{each.key}`" not in page] == []


def test_the_command_writes_the_page(tmp_path, catalogue):
    target = tmp_path / "page.md"
    subprocess.run([sys.executable, "-m", "comity.agreements.assessment", str(target)], check=True)
    assert target.read_text(encoding="utf-8") == reference_page(catalogue)
