"""Where an assessment and its agreement stand on their course: what each step is at, whose turn it is, what falls due.

Pure: what is open is said by :mod:`comity.agreements.assessment.complete`, and here put in the order of work.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from comity.agreements.assessment import Assessment, Discipline, Step, load_catalogue
from comity.agreements.assessment.complete import Open, Point, StepSignature
from comity.agreements.assessment.steps import measures
from comity.agreements.assessment.store import Progress
from comity.agreements.models import Considered
from comity.vocabulary.models import Label

SOON: Final = timedelta(days=60)  # two months ahead: time to assess anew before a review or an end

_SIGNING: Final = (Open.UNSIGNED, Open.VOID)


class State(StrEnum):
    """What a step is at."""

    EMPTY = "empty"
    CONFLICT = "conflict"
    OPEN = "open"
    TO_SIGN = "to-sign"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class Signing:
    """One discipline's part in a step: signed (with what), void since an edit, or not yet."""

    discipline: Discipline
    label: Label
    signature: StepSignature | None
    void: bool


@dataclass(frozen=True, slots=True)
class StepView:
    """One step: what it is at, what is open in its answers, and who has signed it."""

    step: Step
    label: Label
    state: State
    points: tuple[Point, ...]
    signings: tuple[Signing, ...]

    @property
    def waits_for(self) -> tuple[Signing, ...]:
        """Return the disciplines that have not signed it as it stands."""
        return tuple(each for each in self.signings if each.signature is None or each.void)


@dataclass(frozen=True, slots=True)
class Course:
    """One assessment on its way."""

    progress: Progress
    steps: tuple[StepView, ...]
    assessment: Assessment  # the answers that stand
    kept: Considered | None  # the agreement that was drafted from it, once it is proposed

    @property
    def title(self) -> Label:
        """Return what the assessment is called: its title, else its name."""
        text, name = self.assessment.text, self.assessment.name
        en, nl = text("title_en"), text("title_nl")
        return Label(en or nl or name, nl or en or name)

    @property
    def current(self) -> StepView | None:
        """Return the first step that is not signed by all; None once every step is."""
        return next((each for each in self.steps if each.state is not State.SIGNED), None)

    @property
    def to_approve(self) -> bool:
        """Whether nothing is open but the approval."""
        return not self.progress.approved and not self.progress.open

    def step(self, step: Step) -> StepView:
        """Return one step."""
        return next(each for each in self.steps if each.step is step)


def course_of(progress: Progress, agreements: Iterable[Considered]) -> Course:
    """Return an assessment as the desk shows it; ``agreements`` are those among which its own is looked for."""
    standing = progress.standing  # each is a digest of its step: looked at once
    steps = tuple(_step(step, progress, standing) for step in Step)
    assessment = progress.working.assessment()
    own = (each for each in agreements if (each.name, each.version) == (assessment.name, assessment.version))
    return Course(progress, steps, assessment, next(own, None))


def _step(step: Step, progress: Progress, standing: Collection[StepSignature]) -> StepView:
    catalogue = load_catalogue()
    points = tuple(each for each in progress.open if each.step is step and each.kind not in _SIGNING)
    signings = tuple(_signings(step, progress, standing))
    signed = progress.approved or all(each.signature and not each.void for each in signings)
    if any(each.kind is Open.CONFLICT for each in points):
        state = State.CONFLICT
    elif points:
        state = State.OPEN if progress.working.step_revision(step) else State.EMPTY
    else:
        state = State.SIGNED if signed else State.TO_SIGN
    return StepView(step, catalogue.steps[step], state, points, signings)


def _signings(step: Step, progress: Progress, standing: Collection[StepSignature]) -> Iterator[Signing]:
    catalogue = load_catalogue()
    for discipline in catalogue.must_sign(step):
        given = [each for each in progress.signatures if (each.step, each.discipline) == (step, discipline)]
        stands = [each for each in given if each in standing]
        latest = (stands or given)[-1] if given else None
        yield Signing(discipline, catalogue.disciplines[discipline], latest, void=bool(given) and not stands)


@dataclass(frozen=True, slots=True)
class Due:
    """Something that falls due: on which day, what, of which agreement or assessment (an address of the desk)."""

    day: date
    what: Label
    of: Label
    address: str
    overdue: bool


def due_of_agreements(found: Iterable[Considered], today: date) -> Iterator[Due]:
    """Yield the reviews and the ends of agreements in force that are near, or past."""
    for each in found:
        if each.agreement is None or not each.standing.in_force:
            continue
        days, address = each.agreement.in_force, f"/governance/agreements/{each.name}/{each.version}"
        for day, what in ((days.review_by, _REVIEW), (days.until, _END)):
            if day <= today + SOON:
                yield Due(day, what, each.agreement.title, address, overdue=day < today)


def due_of_measures(courses: Sequence[Course], agency: str, today: date) -> Iterator[Due]:
    """Yield the measures of an agency that are planned and near, or past."""
    for course in courses:
        name, version = course.assessment.name, course.assessment.version
        for measure in measures(course.assessment):
            day = _day(measure.due)
            if day and measure.owner == agency and measure.status == "planned" and day <= today + SOON:
                what = Label(f"Measure: {measure.what}", f"Maatregel: {measure.what}")
                address = f"/governance/assessments/{name}/{version}/{Step.MEASURES}"
                yield Due(day, what, course.title, address, overdue=day < today)


_REVIEW: Final = Label("Review", "Evaluatie")
_END: Final = Label("Last day in force", "Laatste dag van kracht")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
