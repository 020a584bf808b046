"""What people type at the governance desk, as it is read; and what falls due. No database, no browser."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from comity.agreements.assessment import Answer, Assessment, load_catalogue
from comity.agreements.assessment.models import PRESENT, Step
from comity.vocabulary import Vocabulary, load
from comity.vocabulary.models import Label
from comity.web.governing.asking import paths_of
from comity.web.governing.beginning import Wanted, faults_in
from comity.web.governing.course import due_of_agreements, due_of_measures
from comity.web.governing.reading import day_in_digits, length_in_words, read_answer, read_day, read_length, read_soon

TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("31 12 2026", "2026-12-31"),
        ("31/12/2026", "2026-12-31"),
        ("1-2-2026", "2026-02-01"),
        ("2026-12-31", "2026-12-31"),
        (" 31.12.2026 ", "2026-12-31"),
        ("31 2 2026", ""),
        ("31 12 26", ""),
        ("12 2026", ""),
        ("tomorrow", ""),
        ("1 1 99999", ""),
        ("", ""),
    ],
)
def test_a_day_as_people_write_it(typed: str, read: str):
    assert read_day(typed) == read
    if read:
        assert read_day(day_in_digits(read)) == read


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("2 years", "P2Y"),
        ("2 jaar", "P2Y"),
        ("1 year and 6 months", "P1Y6M"),
        ("1 jaar en 6 maanden", "P1Y6M"),
        ("18 Maanden", "P18M"),
        ("6 weeks", "P6W"),
        ("90 dagen", "P90D"),
        ("p2y", "P2Y"),
        ("P2Y", "P2Y"),
        ("two years", ""),
        ("2", ""),
        ("0 days", ""),
        ("2 years 2 years", ""),
        ("2 years or so", ""),
        ("P", ""),
        ("", ""),
    ],
)
def test_a_length_of_time_as_people_write_it(typed: str, read: str):
    assert read_length(typed) == read
    for language in ("en", "nl") if read else ():
        assert read_length(length_in_words(read, language)) == read


def test_a_text_keeps_its_lines_and_a_line_is_one(vocabulary: Vocabulary):
    questions = load_catalogue().questions
    text = read_answer(questions["scale"], [" one \r\ntwo\r\n"], [], vocabulary, "")
    assert text.answer == Answer("one\ntwo")
    line = read_answer(questions["moments.what"], ["one\ntwo"], [], vocabulary, "")
    assert line.answer == Answer("one two")
    assert read_answer(questions["scale"], ["  "], [], vocabulary, "").answer is None


def test_a_condition_waits_for_the_kind_of_record(vocabulary: Vocabulary):
    where = load_catalogue().questions["data.where"]
    early = read_answer(where, ["not spent"], [], vocabulary, "")
    assert early.fault is not None
    assert "kind of record first" in early.fault.en
    assert read_answer(where, ["not spent"], [], vocabulary, "charge").answer == Answer("not spent")


def agreed(review: date, until: date, *, in_force: bool = True) -> SimpleNamespace:
    days = SimpleNamespace(review_by=review, until=until)
    agreement = SimpleNamespace(in_force=days, title=Label("A", "B"))
    return SimpleNamespace(name="a", version=1, agreement=agreement, standing=SimpleNamespace(in_force=in_force))


def test_what_falls_due_is_near_or_past_and_only_of_what_is_in_force():
    near, past, far = date(2026, 12, 1), date(2026, 11, 1), date(2027, 6, 1)
    found = list(due_of_agreements([agreed(past, far), agreed(far, near), agreed(past, near, in_force=False)], TODAY))
    assert [(each.day, each.what.en, each.overdue) for each in found] == [
        (past, "Review", True),
        (near, "Last day in force", False),
    ]


def test_a_measure_falls_due_for_its_owner_while_it_is_planned():
    def course(**answers: str) -> SimpleNamespace:
        said = {"actions.1": Answer(PRESENT), **{f"actions.1.{key}": Answer(text) for key, text in answers.items()}}
        return SimpleNamespace(assessment=Assessment("a", 1, said), title=Label("A", "B"))

    planned = {"what": "Renew it", "owner": "police", "due": "2026-12-01", "status": "planned"}
    assert [each.day for each in due_of_measures([course(**planned)], "police", TODAY)] == [date(2026, 12, 1)]
    for other in ({"status": "in-place"}, {"owner": "court"}, {"due": "2027-12-01"}, {"due": ""}):
        assert not list(due_of_measures([course(**{**planned, **other})], "police", TODAY)), other


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        (Wanted({"title_en": "Court listing"}, parties=("police", "court")), set()),
        (Wanted({"title_nl": "Zittingen ✓"}, parties=("police", "court")), set()),
        (Wanted({}, parties=("police", "court")), {"title_en"}),
        (Wanted({"title_en": "✓"}, parties=("police", "court")), {"name"}),
        (Wanted({"title_en": "a\x00"}, parties=("police", "court")), {"title_en"}),
        (Wanted({"title_en": "x" * 201}, parties=("police", "court")), {"title_en"}),
        (Wanted({"title_en": "A"}, "Court--listing", ("police", "court")), {"name"}),
        (Wanted({"title_en": "A", "purpose": "fun"}, parties=("police", "court")), {"purpose"}),
        (Wanted({"title_en": "A"}, parties=("police",)), {"parties"}),
        (Wanted({"title_en": "A"}, parties=("police", "nobody")), {"parties"}),
        (Wanted({"title_en": "A"}, copy_of="secret@1"), {"copy_of"}),
    ],
)
def test_what_is_wrong_with_a_beginning_is_told_by_its_place(vocabulary: Vocabulary, wanted: Wanted, places: set[str]):
    assert set(faults_in(wanted, vocabulary, ["police", "court"], ["open@1"])) == places


@pytest.mark.parametrize(
    ("typed", "read"),
    [("1 day", "P1D"), ("4 hours", "PT4H"), ("1 dag en 12 uur", "P1DT12H"), ("pt4h", "PT4H"), ("2 days, 1 hour", "P2DT1H"),
     ("1 year", ""), ("", ""), ("0 hours", ""), ("soon", "")],
)  # fmt: skip
def test_days_and_hours_are_read_as_people_write_them(typed: str, read: str):
    assert read_soon(typed) == read
    for language in ("en", "nl") if read else ():
        assert read_soon(length_in_words(read, language)) == read


@pytest.mark.parametrize(
    ("question", "typed", "answer"),
    [("statistics_epsilon", "0,5", "0.5"), ("statistics_epsilon", "11", None), ("statistics_delta", "1e-6", "1e-6"),
     ("statistics_most_per_person", "3", "3"), ("statistics_most_per_person", "x", None)],
)  # fmt: skip
def test_numbers_are_read_within_what_the_agreement_takes(question: str, typed: str, answer: str | None):
    read = read_answer(load_catalogue().questions[question], [typed], (), load(), "")
    assert (read.answer.text if read.answer else None, read.fault is None) == (answer, answer is not None)


def test_a_question_is_asked_where_another_answer_calls_for_it_or_while_it_is_answered():
    def asked(**answers: str) -> set[str]:
        given = {path: Answer(value if path != "channels" else (value,)) for path, value in answers.items()}
        return set(paths_of(Assessment("a", 1, given), Step.MEASURES))

    assert not {"statistics_epsilon", "review_each"} & asked()
    assert {"statistics_epsilon", "statistics_per"} < asked(channels="statistic")
    assert {"review_each", "review_overdue"} < asked(emergency="yes")
    assert "statistics_epsilon" in asked(statistics_epsilon="1"), "so that it can be taken away"
