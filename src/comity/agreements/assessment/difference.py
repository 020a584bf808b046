"""What differs between two assessments, in words, question by question in the order of the catalogue. Pure."""

from __future__ import annotations

from comity.agreements.assessment.catalogue import load_catalogue
from comity.agreements.assessment.models import Answer, Assessment, Step
from comity.vocabulary.models import Label

_NOTHING = Label("(nothing)", "(niets)")
_CONFIDENTIAL = Label(" (confidential)", " (vertrouwelijk)")


def differences(old: Assessment, new: Assessment) -> tuple[Label, ...]:
    """Return what differs from ``old`` to ``new``; an item that came or went is one difference."""
    paths = [path for path in {**old.answers, **new.answers} if old.answers.get(path) != new.answers.get(path)]
    steps = list(Step)
    catalogue = load_catalogue()
    paths.sort(key=lambda path: steps.index(catalogue.step_of(path) or Step.PROCESS))
    whole = {path for path in paths if path.count(".") == 1 and (path in old.answers) != (path in new.answers)}
    return tuple(
        _difference(path, old, new) for path in paths if path in whole or ".".join(path.split(".")[:2]) not in whole
    )


def _difference(path: str, old: Assessment, new: Assessment) -> Label:
    catalogue = load_catalogue()
    question, of = catalogue.question_at(path), catalogue.list_at(path)
    if question is None and of is not None and path not in old.answers:
        return Label(f"{path}: added ({of.label.en}).", f"{path}: toegevoegd ({of.label.nl}).")
    if question is None and of is not None and path not in new.answers:
        return Label(f"{path}: removed ({of.label.en}).", f"{path}: verwijderd ({of.label.nl}).")
    name = question.label if question else (of.label if of else Label(path, path))
    before, after = _said(old.answers.get(path)), _said(new.answers.get(path))
    return Label(
        f"{path} ({name.en}): was {before.en}; is {after.en}", f"{path} ({name.nl}): was {before.nl}; is {after.nl}"
    )


def _said(answer: Answer | None) -> Label:
    if answer is None:
        return _NOTHING
    mark = _CONFIDENTIAL if answer.confidential else Label("", "")
    return Label(f"«{answer.text}»{mark.en}", f"«{answer.text}»{mark.nl}")
