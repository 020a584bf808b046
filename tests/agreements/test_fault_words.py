"""The words of mistakes: whole in both languages."""

from __future__ import annotations

import ast
import inspect
from string import Formatter

import pytest

from comity.agreements import fault_words, parse
from comity.agreements.fault_words import mistake, unknown


def slots(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("code", fault_words._WORDS)
def test_both_languages_speak_of_the_same_and_are_not_the_same(code):
    for english, dutch in fault_words._WORDS[code]:
        assert slots(english) == slots(dutch)
        assert english != dutch or english == "{hint}"


@pytest.mark.parametrize("module", ["parse", "reading", "assessment.file", "assessment.check"])
def test_what_is_told_has_words(module):
    """A code is looked up when somebody has made the mistake: here all of them are."""
    found = __import__(f"comity.agreements.{module}", fromlist=["it"])
    calls = [it for it in ast.walk(ast.parse(inspect.getsource(found))) if isinstance(it, ast.Call)]
    named = [it for it in calls if getattr(it.func, "id", "") in {"mistake", "unknown"}]
    codes = {each.value for it in named for each in ast.walk(it.args[0]) if isinstance(each, ast.Constant)}
    assert codes
    assert codes <= set(fault_words._WORDS)


def test_every_kind_of_word_has_a_name_in_dutch():
    calls = [it for it in ast.walk(ast.parse(inspect.getsource(parse))) if isinstance(it, ast.Call)]
    kinds = {each.value.value for it in calls for each in it.keywords if each.arg == "kind"} - {""}
    assert {"agency", "party", "role"} <= kinds <= set(fault_words._KINDS)


def test_the_nearest_word_is_offered_in_both_languages():
    said = unknown("unknown", "polise", ["police", "prison"], "agency")
    assert said.cause == "There is no agency named 'polise'."
    assert said.mend == "Did you mean 'police'?"
    assert said.dutch == "Er is geen instantie met de naam 'polise'. Bedoelt u 'police'?"


def test_a_field_is_named_with_its_record_type():
    assert unknown("unknown", "nmae", [], "field of person").dutch == (
        "Er is geen veld van person met de naam 'nmae'. Bekend zijn: nog geen."
    )


def test_what_is_written_by_others_is_not_taken_for_a_place():
    assert mistake("name", text="{most}", most=64).cause == "'{most}' cannot be a name."
