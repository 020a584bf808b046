"""Several people at once, as tables: what two people do, each without sight of the other, and what stands afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.agreements.assessment import Answer, Discipline, Step
from comity.agreements.assessment.merge import Edit, Editor, change_for, edits_between, fold
from comity.agreements.assessment.models import PRESENT
from comity.agreements.errors import ActRefusedError
from comity.vocabulary import load

AT = datetime(2026, 1, 20, 9, 30, tzinfo=UTC)
ANN = Editor("staff-1", "police", Discipline.LEGAL)
BOB = Editor("staff-2", "probation", Discipline.PRIVACY)
HERE = Answer(PRESENT)


def start(**answers):
    """What both of them see when they begin."""
    return apply(fold("made-up", 1, ()), ANN, answers)


def apply(working, who, answers, seen=None, resolves=False):
    """``who``, having seen ``seen`` (or what there is), writes answers; a text, an Answer, or None to take away."""
    seen = seen or working
    for path, after in answers.items():
        answer = Answer(after) if isinstance(after, str | tuple) else after
        edit = Edit(path, answer, seen.revision(path), resolves)
        change = change_for(working, edit, who, AT, load())
        if change:
            working = fold(working.name, working.version, (*working.changes, change))
    return working


RISK = {"risks.a": HERE, "risks.a.what": "It leaks"}

# what stands | what one writes | what the other writes, unseen | what stands then | where they disagree
TABLE = [
    ("different fields merge",
     {}, {"scale": "Ten people"}, {"context": "Adults"}, {"scale": "Ten people", "context": "Adults"}, []),
    ("the same field is a conflict, and the older shows",
     {}, {"scale": "Ten people"}, {"scale": "A thousand"}, {"scale": "Ten people"}, ["scale"]),
    ("so is a field that stood before",
     {"scale": "Two"}, {"scale": "Ten people"}, {"scale": "A thousand"}, {"scale": "Ten people"}, ["scale"]),
    ("the same words are no conflict",
     {}, {"scale": "Ten people"}, {"scale": "Ten people"}, {"scale": "Ten people"}, []),
    ("the same words, which one of them calls confidential, are a conflict",
     {}, {"scale": "Ten"}, {"scale": Answer("Ten", confidential=True)}, {"scale": "Ten"}, ["scale"]),
    ("taking an answer away beside another edit is a conflict, and nothing is lost",
     {"scale": "Two"}, {"scale": None}, {"scale": "Three"}, {"scale": "Three"}, ["scale"]),
    ("two items that are added both stand",
     {}, {"risks.a": HERE}, {"risks.b": HERE}, {"risks.a": PRESENT, "risks.b": PRESENT}, []),
    ("the same item added twice stands once",
     {}, {"risks.a": HERE}, {"risks.a": HERE}, {"risks.a": PRESENT}, []),
    ("different fields of one item merge",
     RISK, {"risks.a.source": "Paper"}, {"risks.a.severity": "high"},
     {"risks.a": PRESENT, "risks.a.what": "It leaks", "risks.a.source": "Paper", "risks.a.severity": "high"}, []),
    ("an item that is removed takes its answers with it",
     RISK, {"risks.a": None}, {"scale": "Ten"}, {"scale": "Ten"}, []),
    ("removed twice is removed",
     RISK, {"risks.a": None}, {"risks.a": None}, {}, []),
    ("removed while another is added",
     RISK, {"risks.a": None}, {"risks.b": HERE}, {"risks.b": PRESENT}, []),
    ("removed while somebody answers about it is a conflict, and it stays",
     RISK, {"risks.a": None}, {"risks.a.what": "It leaks much"},
     {"risks.a": PRESENT, "risks.a.what": "It leaks much"}, ["risks.a"]),
    ("answered about while somebody removes it, too",
     RISK, {"risks.a.what": "It leaks much"}, {"risks.a": None},
     {"risks.a": PRESENT, "risks.a.what": "It leaks much"}, ["risks.a"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "one", "other", "then", "conflicts"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_what_two_people_write_at_once(before, one, other, then, conflicts):
    seen = start(**before)
    merged = apply(apply(seen, ANN, one), BOB, other, seen=seen)
    assert {path: answer.text for path, answer in merged.assessment().answers.items()} == then
    assert [conflict.path for conflict in merged.conflicts()] == conflicts


def test_a_conflict_shows_both_sides_and_who_wrote_them():
    seen = start(scale="Two")
    (conflict,) = apply(apply(seen, ANN, {"scale": "Ten"}), BOB, {"scale": "Twelve"}, seen=seen).conflicts()
    assert [(side.by, side.before.text, side.after.text) for side in conflict.sides] == [
        (ANN, "Two", "Ten"),
        (BOB, "Two", "Twelve"),
    ]


@pytest.fixture
def disputed():
    seen = start(scale="Two")
    return apply(apply(seen, ANN, {"scale": "Ten"}), BOB, {"scale": "Twelve"}, seen=seen)


@pytest.mark.parametrize("answer", ["Ten", "Twelve", "Eleven", None])
def test_a_conflict_is_resolved_by_whoever_says_so(disputed, answer):
    resolved = apply(disputed, BOB, {"scale": answer}, resolves=True)
    assert resolved.conflicts() == ()
    assert resolved.assessment().text("scale") == (answer or "")
    assert [change.after and change.after.text for change in resolved.history("scale")] == [
        "Two",
        "Ten",
        "Twelve",
        answer,
    ]


def test_a_conflict_is_not_resolved_by_the_way(disputed):
    with pytest.raises(ActRefusedError, match="Say that you resolve"):
        apply(disputed, BOB, {"scale": "Eleven"})


def test_nor_by_somebody_who_has_not_seen_all_of_it(disputed):
    with pytest.raises(ActRefusedError, match="somebody wrote since"):
        apply(disputed, BOB, {"scale": "Eleven"}, seen=start(scale="Two"), resolves=True)


def test_what_is_no_conflict_is_not_resolved():
    with pytest.raises(ActRefusedError, match="no conflict to resolve"):
        apply(start(scale="Two"), BOB, {"scale": "Three"}, resolves=True)


@pytest.mark.parametrize(("keep", "then"), [(HERE, "It leaks much"), (None, "")])
def test_a_removal_beside_an_answer_is_resolved_either_way(keep, then):
    seen = start(**RISK)
    both = apply(apply(seen, ANN, {"risks.a": None}), BOB, {"risks.a.what": "It leaks much"}, seen=seen)
    resolved = apply(both, ANN, {"risks.a": keep}, resolves=True)
    assert resolved.conflicts() == ()
    assert resolved.assessment().text("risks.a.what") == then


@pytest.mark.parametrize(
    ("path", "after", "told"),
    [
        ("nonsense", "x", "nothing is asked there"),
        ("risks.A b", HERE, "nothing is asked there"),
        ("purpose", "victim-safty", "Did you mean 'victim-safety'"),
        ("roles", "idva", "A list should stand here"),
        ("proposal", ("a", "b"), "One text should stand here"),
        ("review_by", "soon", "is not a date"),
        ("scale", "a\u202eb", "invisible"),
        ("scale", "  ", "Nothing stands here"),
        ("moments.a.provider", "De Politie", "cannot be an agency"),
    ],
)
def test_an_answer_that_is_wrong_whatever_the_others_are_is_refused(path, after, told):
    with pytest.raises(ActRefusedError, match=told):
        apply(start(), ANN, {path: after})


def test_fields_of_a_record_type_that_is_changing_are_kept_and_told_as_wrong():
    seen = start(**{"data.a": HERE, "data.a.record": "person"})
    one = apply(seen, ANN, {"data.a.record": "charge"})
    both = apply(one, BOB, {"data.a.fields": ("name as-is",)}, seen=seen)
    assert both.assessment().words("data.a.fields") == ("name as-is",)


def test_a_revision_that_is_not_there_yet_is_refused():
    with pytest.raises(ActRefusedError, match="has no revision 99"):
        change_for(start(), Edit("scale", Answer("x"), 99), ANN, AT, load())


def test_writing_what_stands_changes_nothing():
    assert change_for(start(scale="Two"), Edit("scale", Answer("Two"), 1), BOB, AT, load()) is None


def test_each_edit_belongs_to_one_step():
    working = start(**{**RISK, "risks.a.severity_after": "low", "keep": "P2Y", "scale": "Two"})
    assert [working.step_revision(step) for step in Step] == [5, 4, 2, 3]


# Files


def test_two_files_made_from_one_revision_merge():
    seen = start(**{**RISK, "scale": "Two"})
    ann = replace(seen.assessment(), answers={**seen.assessment().answers, "scale": Answer("Ten")})
    bob = replace(seen.assessment(), answers={"scale": Answer("Two"), "context": Answer("Adults")})
    assert [(edit.path, edit.after) for edit in edits_between(seen, bob)] == [
        ("context", Answer("Adults")),
        ("risks.a", None),
    ]
    working = seen
    for edit in (*edits_between(seen, ann), *edits_between(seen, bob)):
        change = change_for(working, edit, ANN, AT, load())
        working = fold("made-up", 1, (*working.changes, change))
    assert {path: each.text for path, each in working.assessment().answers.items()} == {
        "scale": "Ten",
        "context": "Adults",
    }


def test_a_file_does_not_resolve_a_conflict_that_it_cannot_show(disputed):
    edited = replace(disputed.assessment(), answers={"scale": Answer("Thirteen")})
    (edit,) = edits_between(disputed, edited)
    change = change_for(disputed, edit, BOB, AT, load())
    (conflict,) = fold("made-up", 1, (*disputed.changes, change)).conflicts()
    assert [side.after.text for side in conflict.sides] == ["Ten", "Twelve", "Thirteen"]


# Whatever happens


@settings(max_examples=150, deadline=None)
@given(
    writings=st.lists(
        st.tuples(st.sampled_from(["scale", "context", "proposal"]), st.sampled_from("abc"), st.integers(0, 4)),
        max_size=9,
    )
)
def test_no_words_are_lost_unless_their_author_or_who_saw_them_replaced_them(writings):
    working = start()
    for path, text, back in writings:
        seen = working.at(max(0, working.revision_of_all - back))
        edit = Edit(path, Answer(text), seen.revision(path))
        try:
            change = change_for(working, edit, ANN, AT, load())
        except ActRefusedError:
            continue  # it had seen a conflict and did not say that it resolves it
        working = fold("made-up", 1, (*working.changes, *([change] if change else [])))
    for change in working.changes:
        here = {side.after for side in working.heads[change.path]}
        replaced = any(later.number > change.number <= later.based_on for later in working.history(change.path))
        assert change.after in here or replaced
