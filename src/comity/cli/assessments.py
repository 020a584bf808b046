"""``comity assessment``: the impact assessment in four steps, as a file and as a working document of several people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from comity import vocabulary
from comity.agreements.assessment import Answer, Assessment, Discipline, Step, parse_assessment, write_assessment
from comity.agreements.assessment import canonical as canonical_bytes
from comity.agreements.assessment.complete import StepSignature, open_answers
from comity.agreements.assessment.difference import differences
from comity.agreements.assessment.draft import draft_agreement as drafted
from comity.agreements.assessment.merge import Edit, Editor, Working
from comity.agreements.assessment.models import PRESENT, Approval
from comity.agreements.assessment.paper import assessment_pdf
from comity.agreements.assessment.publish import publish as published
from comity.agreements.assessment.publish import without_confidential
from comity.agreements.assessment.store import approval, edit, load_working, progress, sign_step, take_file
from comity.agreements.assessment.store import approve as approve_in_store
from comity.agreements.errors import ActRefusedError
from comity.agreements.models import AssessmentReference
from comity.agreements.store import agencies
from comity.cli.failing import DATA, Failed
from comity.cli.opening import node, now
from comity.store import Role
from comity.vocabulary.models import Label

_KEPT = re.compile(r"([a-z0-9-]+)@([1-9][0-9]{0,8})")

app = App(name="assessment", help="The impact assessment in four steps, from which an agreement is drafted.")

What = Annotated[str, Parameter(help="A file, or NAME@VERSION for one that is worked on here.")]
Name = Annotated[str, Parameter(help="The assessment's name.")]
Version = Annotated[int, Parameter(help="The number of the version.")]
Agency = Annotated[str, Parameter(help="The agency that acts.")]
By = Annotated[str, Parameter(help="The staff id of who acts; an opaque one, not a name.")]
As = Annotated[Discipline, Parameter(name="--discipline", help="As which of the disciplines.")]
Language = Annotated[Literal["en", "nl"], Parameter(help="In which language.")]


@app.command
def new(name: Name, version: Version, *, language: Language = "en") -> None:
    """Print a file with every question, for people to fill in."""
    print(write_assessment(Assessment(name, version), vocabulary.load(), language=language), end="")


@app.command
def check(what: What, *, language: Language = "en") -> None:
    """Say what is wrong, in a file line by line, and then what is still open, question by question."""
    read = _read(what)
    points = open_answers(read.assessment, vocabulary.load())
    for point in points:
        print(f"{point.step}, {point.path}: {point.label.in_language(language)}")
    print(f"{read.assessment}: {f'{len(points)} things are open.' if points else 'nothing is open.'}")
    if points:
        raise Failed(DATA)


@app.command
def diff(old: What, new: What, *, language: Language = "en") -> None:
    """Say in words what differs between two."""
    found = differences(_read(old).assessment, _read(new).assessment)
    for label in found:
        print(label.in_language(language))
    if not found:
        print("Nothing differs.")


@app.command
def draft_agreement(what: What) -> None:
    """Print the agreement that the answers make, or every question that must be answered first."""
    print(drafted(_read(what).assessment, vocabulary.load()), end="")


@app.command
def canonical(what: What, *, public: bool = False) -> None:
    """Print the one sequence of bytes that an assessment is: RFC 8785 JSON.

    Parameters
    ----------
    public
        Leave out what is confidential. Of these bytes, without the end of the line, a published PDF gives the SHA-256.
    """
    assessment = _read(what).assessment
    print(canonical_bytes(without_confidential(assessment).assessment if public else assessment).decode())


@app.command
def publish(what: What, out: Path, *, language: Language = "en", pdf: bool = False) -> None:
    """Write the page for the public; what is confidential is withheld, and a draft says that it is one.

    Parameters
    ----------
    out
        The file to write. One whose name ends in .pdf is written as PDF.
    pdf
        Write an accessible PDF (PDF/UA-1), whatever the file is called.
    """
    read, words = _read(what), vocabulary.load()
    if pdf or out.suffix.lower() == ".pdf":
        made = assessment_pdf(
            read.assessment,
            words,
            language,
            read.agencies,
            on=now().date(),
            approval=read.approval,
            signatures=read.signatures,
        )
        out.write_bytes(made)
    else:
        page = published(read.assessment, words, language, read.agencies, approved=read.approved)
        out.write_text(page, encoding="utf-8")
    print(f"{out} is written{'' if read.approved else ', as a draft'}.")


@app.command(name="import")
def import_(file: Path, *, agency: Agency, by: By, discipline: As) -> None:
    """Merge a file into the working document that it names, or begin one with it."""
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        known = [party.agency for party in agencies(conn)]
        filed = parse_assessment(file.read_bytes(), opened.vocabulary, agencies=known)
        changes = take_file(conn, filed, Editor(by, agency, discipline), now(), opened.vocabulary)
        working = load_working(conn, AssessmentReference(filed.assessment.name, filed.assessment.version))
    print(f"{filed.assessment}: {len(changes)} answers were changed; revision {working.revision_of_all}.")
    _tell_conflicts(working)


@app.command
def export(name: Name, version: Version, *, language: Language = "en") -> None:
    """Print the working document as a file that can be edited and merged back."""
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        working = load_working(conn, AssessmentReference(name, version))
        text = write_assessment(
            working.assessment(), opened.vocabulary, language=language, revision=working.revision_of_all
        )
    print(text, end="")


@app.command
def history(name: Name, version: Version, path: str) -> None:
    """Say who wrote what at a path, and when."""
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        working = load_working(conn, AssessmentReference(name, version))
    for each in working.history(path):
        who = f"{each.by.staff} ({each.by.discipline}, {each.by.agency})"
        print(f"{each.number}  {each.at:%Y-%m-%d %H:%M}  {who}: {_said(each.before)} -> {_said(each.after)}")


@app.command
def resolve(name: Name, version: Version, path: str, take: int, *, agency: Agency, by: By, discipline: As) -> None:
    """Resolve a conflict by taking one of its sides; to take neither, resolve it and then edit.

    Parameters
    ----------
    take
        The number of the change that is to stand, as `status` and `history` say it.
    """
    reference = AssessmentReference(name, version)
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        working = load_working(conn, reference)
        conflict = working.conflict_at(path)
        side = next((each for each in conflict.sides if each.number == take), None) if conflict else None
        if side is None:
            raise ActRefusedError(f"{path}: no side of a conflict there has the number {take}. See `status`.")
        after = side.after if side.path == path else Answer(PRESENT)
        chosen = Edit(path, after, working.revision(path), resolves=True)
        edit(conn, reference, [chosen], Editor(by, agency, discipline), now(), opened.vocabulary)
    print(f"{path} is resolved: {_said(after)}")


@app.command
def sign(name: Name, version: Version, step: Step, *, agency: Agency, by: By, discipline: As) -> None:
    """Sign one step for a discipline, as it stands; an edit of the step afterwards voids the signature."""
    reference = AssessmentReference(name, version)
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        made = sign_step(conn, reference, step, Editor(by, agency, discipline), now(), opened.vocabulary)
    print(f"{discipline} has signed {step} of {reference}, at revision {made.revision}: {made.digest.hex()}")


@app.command
def status(name: Name, version: Version, *, language: Language = "en") -> None:
    """Say how an assessment stands: who signed what, and everything that is open."""
    reference = AssessmentReference(name, version)
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        found = progress(conn, reference, opened.vocabulary)
    print(f"{reference}, revision {found.working.revision_of_all}: {'approved' if found.approved else 'a draft'}")
    for each in found.standing:
        print(f"signed  {each.step}: {each.discipline} ({each.agency}), {each.at:%Y-%m-%d}")
    for point in found.open:
        print(f"open    {point.step}{f', {point.path}' if point.path else ''}: {point.label.in_language(language)}")
    _tell_conflicts(found.working)


@app.command
def approve(name: Name, version: Version, *, agency: Agency, by: By) -> None:
    """Approve an assessment that is complete and signed; from then on it stays as it is."""
    reference = AssessmentReference(name, version)
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        approve_in_store(conn, reference, opened.vocabulary, agency=agency, by=by, at=now())
    print(f"Assessment {reference} is approved.")


@dataclass(frozen=True, slots=True)
class _Read:
    """An assessment, from a file or from the node, which knows whether it is approved and what agencies are called."""

    assessment: Assessment
    approved: bool
    agencies: Mapping[str, Label]
    approval: Approval | None = None
    signatures: tuple[StepSignature, ...] = ()


def _read(what: str) -> _Read:
    kept = _KEPT.fullmatch(what)
    if kept is None or Path(what).exists():
        return _Read(
            parse_assessment(Path(what).read_bytes(), vocabulary.load()).assessment, approved=False, agencies={}
        )
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        reference = AssessmentReference(kept[1], int(kept[2]))
        found, approved = progress(conn, reference, opened.vocabulary), approval(conn, reference)
        names = {party.agency: party.label for party in agencies(conn)}
    return _Read(found.working.assessment(), found.approved, names, approved, found.standing)


def _tell_conflicts(working: Working) -> None:
    for conflict in working.conflicts():
        print(f"{conflict.path} is in conflict. `comity assessment resolve` takes one of:")
        for side in conflict.sides:
            print(f"  {side.number}  {side.by.staff} ({side.by.discipline}, {side.by.agency}): {_said(side.after)}")


def _said(answer: Answer | None) -> str:
    return answer.text if answer else "(nothing)"
