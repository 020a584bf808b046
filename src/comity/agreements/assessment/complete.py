"""What is still open in an assessment, each in words of both languages; and which signatures stand. Pure.

An assessment may be approved when nothing is open: no required question unanswered, no conflict, nothing wrong or left
out of account, no high risk that remains without somebody's decision, and every discipline's signature under each step
that it must sign.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from comity.agreements.assessment.catalogue import load_catalogue
from comity.agreements.assessment.check import faults_of
from comity.agreements.assessment.file import canonical_step
from comity.agreements.assessment.merge import Working
from comity.agreements.assessment.models import Assessment, Discipline, Level, Question, Step
from comity.agreements.assessment.steps import measures, moments, risks, shared
from comity.vocabulary.models import Label, Vocabulary


class Open(StrEnum):
    """Why something is open."""

    UNANSWERED = "unanswered"
    CONFLICT = "conflict"
    WRONG = "wrong"
    LEFT_OUT = "left-out"
    HIGH_RISK = "high-risk"
    UNSIGNED = "unsigned"
    VOID = "void"  # signed, and edited since


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that is open: why, in which step, at which path (empty for a signature), and in words."""

    kind: Open
    step: Step
    path: str
    label: Label

    def __str__(self) -> str:
        return f"{self.step}{f', {self.path}' if self.path else ''}: {self.label.en}"


@dataclass(frozen=True, slots=True)
class StepSignature:
    """One discipline's signature under one step: who, when, at which revision, and the digest of what was signed."""

    step: Step
    discipline: Discipline
    agency: str
    staff: str
    revision: int
    digest: bytes
    at: datetime


def digest(assessment: Assessment, step: Step) -> bytes:
    """Return what a signature under a step is over: the SHA-256 of its canonical bytes."""
    return sha256(canonical_step(assessment, step)).digest()


def standing_of(working: Working, signatures: Collection[StepSignature]) -> tuple[StepSignature, ...]:
    """Return those signatures after which nothing in their step was changed."""
    assessment = working.assessment()
    last = {step: working.step_revision(step) for step in Step}
    now = {step: digest(assessment, step) for step in {each.step for each in signatures}}
    return tuple(each for each in signatures if last[each.step] <= each.revision and now[each.step] == each.digest)


def open_answers(
    assessment: Assessment, vocabulary: Vocabulary, *, agencies: Collection[str] | None = None
) -> tuple[Point, ...]:
    """Return what is open in the answers alone, as of a file, in the order of the steps."""
    found = (
        *_unanswered(assessment),
        *_wrong(assessment, vocabulary, agencies),
        *_left_out(assessment),
        *_high(assessment),
    )
    return tuple(sorted(found, key=lambda point: list(Step).index(point.step)))


def open_points(
    working: Working,
    signatures: Collection[StepSignature],
    vocabulary: Vocabulary,
    *,
    agencies: Collection[str] | None = None,
) -> tuple[Point, ...]:
    """Return everything that keeps a working document from being approved."""
    answers = open_answers(working.assessment(), vocabulary, agencies=agencies)
    return (*answers, *open_conflicts(working), *_unsigned(working, signatures))


def open_conflicts(working: Working) -> Iterator[Point]:
    """Yield each conflict, with its sides in words."""
    catalogue = load_catalogue()
    for conflict in working.conflicts():
        sides = [f"{side.by.discipline} ({side.by.staff}, {side.by.agency})" for side in conflict.sides]
        step = catalogue.step_of(conflict.path)
        if step:
            yield Point(
                Open.CONFLICT,
                step,
                conflict.path,
                Label(
                    f"Written side by side by {' and '.join(sides)}. Look at each, and resolve it.",
                    f"Naast elkaar geschreven door {' en '.join(sides)}. Bekijk elk antwoord en los het op.",
                ),
            )


def _unanswered(assessment: Assessment) -> Iterator[Point]:
    for question in load_catalogue().questions.values():
        if question.optional or not assessment.asks(question):
            continue
        for path in _paths(assessment, question):
            if path not in assessment.answers:
                words = Label(
                    f"{question.label.en} is not answered. {question.ask.en}",
                    f"{question.label.nl} is niet beantwoord. {question.ask.nl}",
                )
                yield Point(Open.UNANSWERED, question.step, path, words)
    for of in load_catalogue().lists.values():
        if len(assessment.items(of.name)) < of.least:
            words = Label(
                f"{of.label.en}: at least {of.least} must be named.", f"{of.label.nl}: noem er ten minste {of.least}."
            )
            yield Point(Open.UNANSWERED, of.step, of.name, words)


def _paths(assessment: Assessment, question: Question) -> Iterator[str]:
    if not question.list:
        yield question.id
    for item in assessment.items(question.list) if question.list else ():
        yield f"{question.list}.{item}.{question.key}"


def _wrong(assessment: Assessment, vocabulary: Vocabulary, agencies: Collection[str] | None) -> Iterator[Point]:
    for wrong in faults_of(assessment, vocabulary, agencies=agencies):
        step = load_catalogue().step_of(wrong.path) or Step.PROCESS
        words = Label(f"{wrong.cause} {wrong.mend}", f"Dit antwoord kan zo niet blijven. {wrong.dutch}")
        yield Point(Open.WRONG, step, wrong.path, words)
    start, until, review = (assessment.text(each) for each in ("in_force_from", "in_force_until", "review_by"))
    if start and until and until < start:  # ISO dates sort as days do
        words = Label("The last day is before the first.", "De laatste dag ligt voor de eerste.")
        yield Point(Open.WRONG, Step.LAWFULNESS, "in_force_until", words)
    elif start and until and review and not start <= review <= until:
        words = Label("It is not reviewed while it is in force.", "Het wordt niet getoetst terwijl het geldt.")
        yield Point(Open.WRONG, Step.LAWFULNESS, "review_by", words)


def _left_out(assessment: Assessment) -> Iterator[Point]:
    """Yield what the answers leave out: an agency that is no party, a moment or a risk from which nothing follows."""
    parties = {assessment.text(f"parties.{item}.agency") for item in assessment.items("parties")}
    used = {moment for each in shared(assessment) for moment in each.moments}
    for moment in moments(assessment):
        at = f"moments.{moment.id}"
        for agency in {moment.provider, moment.recipient} - parties - {""}:
            yield _point(
                Step.PROCESS, at, f"{agency} is not named among the parties.", f"{agency} staat niet bij de partijen."
            )
        if moment.provider and moment.provider == moment.recipient:
            yield _point(
                Step.PROCESS,
                at,
                "It shares with itself. Name another recipient.",
                "Zij deelt met zichzelf. Noem een andere ontvanger.",
            )
        if moment.id not in used:
            yield _point(
                Step.PROCESS, at, "No data are named for this moment.", "Er zijn geen gegevens genoemd voor dit moment."
            )
    answered = {risk for measure in measures(assessment) if measure.status != "dropped" for risk in measure.answers}
    for risk in risks(assessment):
        if risk.before in (Level.MEDIUM, Level.HIGH) and risk.id not in answered:
            words = ("No measure answers this risk.", "Geen maatregel antwoordt op dit risico.")
            yield _point(Step.MEASURES, f"risks.{risk.id}", *words)


def _point(step: Step, path: str, en: str, nl: str) -> Point:
    return Point(Open.LEFT_OUT, step, path, Label(en, nl))


def _high(assessment: Assessment) -> Iterator[Point]:
    for risk in risks(assessment):
        if risk.open:
            words = Label(
                "The risk stays high, and nobody has decided on it. Consult the supervisory authority, or do not share "
                "what makes it high; say which, and who decided (LED art. 28).",
                "Het risico blijft hoog en niemand heeft erover besloten. Raadpleeg de toezichthouder, of deel niet "
                "wat het hoog maakt; zeg welke van beide, en wie besloot (richtlijn art. 28).",
            )
            yield Point(Open.HIGH_RISK, Step.MEASURES, f"risks.{risk.id}.decision", words)


def _unsigned(working: Working, signatures: Collection[StepSignature]) -> Iterator[Point]:
    catalogue = load_catalogue()
    standing = {(each.step, each.discipline) for each in standing_of(working, signatures)}
    ever = {(each.step, each.discipline) for each in signatures}
    for step in Step:
        for discipline in catalogue.must_sign(step):
            name = catalogue.disciplines[discipline]
            if (step, discipline) in standing:
                continue
            if (step, discipline) in ever:
                words = Label(
                    f"{name.en} signed, and the step was edited since: it must be signed anew.",
                    f"{name.nl} heeft getekend, en de stap is sindsdien gewijzigd: er moet opnieuw worden getekend.",
                )
                yield Point(Open.VOID, step, "", words)
            else:
                words = Label(f"{name.en} has not signed.", f"{name.nl} heeft niet getekend.")
                yield Point(Open.UNSIGNED, step, "", words)
