"""Begin an assessment at the desk: what it is called, between whom, for which purpose, and from what it is copied.

Rules:

1. A name is begun once. Its next versions are begun by an agency that has a part in the one before.
2. What was typed takes the place of what is copied. A copy takes answers over, never signatures.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from unicodedata import normalize

from psycopg import Connection

from comity.agreements.assessment import Answer, Assessment
from comity.agreements.assessment.check import wrong_by_itself
from comity.agreements.assessment.merge import Edit
from comity.agreements.assessment.models import MAX_ITEM, PRESENT, is_item
from comity.agreements.assessment.store import begin, edit, load_working, worked_on
from comity.agreements.errors import ActRefusedError
from comity.agreements.models import AssessmentReference, Considered
from comity.agreements.reading import hidden
from comity.agreements.store import all_standings
from comity.vocabulary.models import Label, Vocabulary
from comity.web.governing.asking import parties_of
from comity.web.governing.course import Course
from comity.web.governing.files import editor
from comity.web.models import Colleague

MAX_TITLE: Final = 200  # characters: a line of a register
ONCE: Final = ("title_en", "title_nl", "language", "jurisdiction", "purpose")

NO_TITLE: Final = Label("Say what the sharing is called", "Vul in hoe de gegevensdeling heet")
LONG: Final = Label("Say it in fewer words", "Zeg het in minder woorden")
NO_NAME: Final = Label(
    "Use small letters, digits and single hyphens, for example court-listing",
    "Gebruik kleine letters, cijfers en losse streepjes, bijvoorbeeld zittingsplanning",
)
TAKEN: Final = Label("This name is taken. Choose another one", "Deze naam is al in gebruik. Kies een andere")
CHOOSE: Final = Label("Choose one of the answers that are given", "Kies een van de antwoorden die er staan")
TWO: Final = Label("Choose the agencies that share, at least two", "Kies de organisaties die delen, ten minste twee")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was filled in to begin an assessment."""

    once: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    parties: tuple[str, ...] = ()
    copy_of: str = ""  # name@version
    next_of: str = ""  # the name of which this is to be the next version

    @property
    def called(self) -> str:
        """Return the name, made from a title where none was given."""
        return self.name or _slug(self.once.get("title_en") or self.once.get("title_nl") or "")


class NameTakenError(Exception):
    """The name was begun by somebody else."""


def faults_in(
    wanted: Wanted, vocabulary: Vocabulary, known: Collection[str], copies: Collection[str]
) -> dict[str, Label]:
    """Return what is wrong with what was filled in, by field."""
    faults: dict[str, Label] = {}
    titles = [wanted.once.get("title_en", ""), wanted.once.get("title_nl", "")]
    for name, title in zip(("title_en", "title_nl"), titles, strict=True):
        if len(title) > MAX_TITLE or any(True for _ in hidden(title)) or "\n" in title:
            faults[name] = LONG
    if not any(titles):
        faults["title_en"] = NO_TITLE
    if (wanted.name or any(titles)) and not is_item(wanted.called):
        faults["name"] = NO_NAME
    options = {"language": ("en", "nl"), "jurisdiction": vocabulary.jurisdictions, "purpose": vocabulary.purposes}
    for name, allowed in options.items():
        if wanted.once.get(name, "") not in ("", *allowed):
            faults[name] = CHOOSE
    if not set(wanted.parties) <= set(known) or (len(wanted.parties) < 2 and not wanted.copy_of):  # noqa: PLR2004
        faults["parties"] = TWO
    if wanted.copy_of and wanted.copy_of not in copies:
        faults["copy_of"] = CHOOSE
    return faults


def begin_with(
    conn: Connection,
    wanted: Wanted,
    colleague: Colleague,
    vocabulary: Vocabulary,
    now: datetime,
    *,
    copies: Sequence[Course],
) -> AssessmentReference:
    """Begin what is wanted, and return its name and version; :class:`NameTakenError` if another has the name.

    ``copies`` are the assessments on the colleague's desk, by which it is also known which names are theirs to go on.
    """
    kept = [each for versions in all_standings(conn, vocabulary, now) for each in versions]
    begun = worked_on(conn)
    taken = [each.version for each in begun if each.name == wanted.called]
    taken += [each.version for each in kept if each.name == wanted.called]
    if taken and not may_go_on(wanted, colleague.agency, copies, kept):
        raise NameTakenError
    reference = AssessmentReference(wanted.called, max(taken, default=0) + 1)
    try:
        begin(conn, reference, now)
    except ActRefusedError:
        raise NameTakenError from None
    if load_working(conn, reference).revision_of_all:
        raise NameTakenError
    source = next((each.assessment for each in copies if str(each.assessment) == wanted.copy_of), None)
    edits = [Edit(path, answer, 0) for path, answer in _answers(wanted, source, vocabulary).items()]
    edit(conn, reference, edits, editor(colleague), now, vocabulary)
    return reference


def may_go_on(wanted: Wanted, agency: str, desk: Sequence[Course], kept: Sequence[Considered]) -> bool:
    """Whether an agency may begin the next version of a name: it has a part in one that is there."""
    if wanted.next_of != wanted.called:
        return False
    party = (each.name for each in kept if each.agreement is not None and agency in each.agreement.parties)
    return wanted.called in (*(each.assessment.name for each in desk), *party)


def _answers(wanted: Wanted, source: Assessment | None, vocabulary: Vocabulary) -> dict[str, Answer]:
    copied = source.answers.items() if source else ()
    answers = {path: answer for path, answer in copied if not wrong_by_itself(path, answer, vocabulary)}
    answers |= {name: Answer(text) for name in ONCE if (text := wanted.once.get(name, ""))}
    return answers | dict(_parties(wanted, source))


def _parties(wanted: Wanted, source: Assessment | None) -> Iterator[tuple[str, Answer]]:
    there = parties_of(source) if source else ()
    for number, agency in enumerate((each for each in wanted.parties if each not in there), len(there) + 1):
        item = f"parties.{number}-{agency}"
        yield item, Answer(PRESENT)
        yield f"{item}.agency", Answer(agency)


def _slug(title: str) -> str:
    plain = normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_ITEM].rstrip("-")
