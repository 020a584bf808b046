"""What the governance desk reads and writes: assessments and agreements that the visitor's agency has a part in.

An assessment that the visitor's agency has no part in does not exist for them: it is no party to it, and wrote nothing
in it. An agreement is its parties' own until the first of them signs it; then the public register has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from comity.agreements.assessment import load_catalogue
from comity.agreements.assessment.complete import Open, Point
from comity.agreements.assessment.merge import Editor, Working
from comity.agreements.assessment.store import progress, worked_on
from comity.agreements.errors import UnknownAgreementError
from comity.agreements.models import AssessmentReference, Considered, Party
from comity.agreements.store import agencies, all_standings
from comity.vocabulary.models import Label, Vocabulary
from comity.web import store
from comity.web.access import DISCIPLINES
from comity.web.errors import no_such_page
from comity.web.governing.asking import Table, parties_of
from comity.web.governing.course import Course, course_of
from comity.web.models import Colleague


@dataclass(frozen=True, slots=True)
class Opened:
    """An assessment that lies on the desk, with the agencies of this node and what people are called."""

    course: Course
    parties: tuple[Party, ...]
    people: Mapping[str, str]

    @property
    def working(self) -> Working:
        """Return the working document."""
        return self.course.progress.working

    @property
    def reference(self) -> AssessmentReference:
        """Return its name and version."""
        return AssessmentReference(self.working.name, self.working.version)

    @property
    def address(self) -> str:
        """Return where the desk shows it."""
        return f"/governance/assessments/{self.working.name}/{self.working.version}"

    @property
    def labels(self) -> Mapping[str, Label]:
        """Return what the agencies are called."""
        return {each.agency: each.label for each in self.parties}

    def place(self, point: Point) -> str:
        """Return where what is open can be mended: an address of the desk."""
        path, step = point.path, point.step
        if point.kind is Open.CONFLICT:
            return f"{self.address}/settle/{path}"
        if not path:
            return f"{self.address}/{step}#signing"
        of, _, rest = path.partition(".")
        item, _, key = rest.partition(".")
        if not rest:
            where = f"#{path}" if path in load_catalogue().lists else f"/questions#{path}"
            return f"{self.address}/{step}{where}"
        if load_catalogue().question_at(path) is None and load_catalogue().lists[of].step is not step:
            return f"{self.address}/{step}#actions"  # a risk without a measure
        return f"{self.address}/{step}/{of}/{item}{f'#{path}' if key else ''}"

    def about(self, point: Point, table: Table) -> Label | None:
        """Return which item of a list something open is about; None if it is about none."""
        of, _, rest = point.path.partition(".")
        return table.item_name(of, rest.partition(".")[0]) if rest else None

    def table(self, vocabulary: Vocabulary, language: str, revision: int | None = None) -> Table:
        """Return what its forms are made from, as it stands or as it was at an earlier revision."""
        now = revision is None or revision >= self.working.revision_of_all
        working = self.working if revision is None or now else self.working.at(revision)
        assessment = self.course.assessment if now else working.assessment()
        return Table(working, assessment, vocabulary, self.parties, language)


def editor(colleague: Colleague) -> Editor:
    """Return as whom a colleague writes: the discipline is that of their role."""
    return Editor(colleague.id, colleague.agency, DISCIPLINES[colleague.role])


def open_assessment(
    conn: Connection, reference: AssessmentReference, colleague: Colleague, vocabulary: Vocabulary, now: datetime
) -> Opened:
    """Return an assessment; no such page, if it is not there or not for the colleague's agency."""
    try:
        course = course_of(progress(conn, reference, vocabulary), _all(conn, vocabulary, now))
    except UnknownAgreementError:
        raise no_such_page() from None
    if not has_part(course, colleague.agency):
        raise no_such_page()
    writers = {each.by.agency for each in course.progress.working.changes}
    signers = {each.agency for each in course.progress.signatures}
    people = {name: said for agency in writers | signers for name, said in store.names_now(conn, agency).items()}
    return Opened(course, agencies(conn), people)


def has_part(course: Course, agency: str) -> bool:
    """Whether an agency is a party to an assessment, or wrote in it."""
    wrote = any(each.by.agency == agency for each in course.progress.working.changes)
    return wrote or agency in parties_of(course.assessment)


def on_the_desk(conn: Connection, colleague: Colleague, vocabulary: Vocabulary, now: datetime) -> list[Course]:
    """Return the assessments that the colleague's agency has a part in, the newest first."""
    agreements = _all(conn, vocabulary, now)
    found = (course_of(progress(conn, each, vocabulary), agreements) for each in worked_on(conn))
    return [each for each in found if has_part(each, colleague.agency)]


def own_agreements(conn: Connection, agency: str, vocabulary: Vocabulary, now: datetime) -> list[Considered]:
    """Return every version of every agreement that an agency is a party to, by name, the newest first."""
    found = _all(conn, vocabulary, now)
    return [each for each in found if each.agreement is not None and agency in each.agreement.parties]


def _all(conn: Connection, vocabulary: Vocabulary, now: datetime) -> list[Considered]:
    return [each for versions in all_standings(conn, vocabulary, now) for each in reversed(versions)]
