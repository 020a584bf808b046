"""The working document in the database: begun, edited by several people at once, signed by part, approved.

Each function that writes commits by itself, unless the caller has a transaction open: then it is part of that one.
Connections are those of ``comity_governance``. Times are handed in. Signing and approving write their entries in the
ledger in the same transaction; entries name no person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import rfc8785
from psycopg.types.json import Jsonb

from comity.agreements.assessment.catalogue import load_catalogue
from comity.agreements.assessment.complete import Open, Point, StepSignature, digest, open_points, standing_of
from comity.agreements.assessment.errors import IncompleteError
from comity.agreements.assessment.file import Filed, document
from comity.agreements.assessment.merge import Change, Edit, Editor, Working, change_for, edits_between, fold
from comity.agreements.assessment.models import Answer, Approval, Discipline, Step
from comity.agreements.entering import Connection, enter
from comity.agreements.errors import ActRefusedError, UnknownAgreementError
from comity.agreements.models import AssessmentReference
from comity.agreements.store import agencies, approve_assessment, propose_assessment
from comity.ledger import find
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

_QUERIES: Final = load_queries("comity.agreements.assessment")
_APPROVED: Final = "approved"


@dataclass(frozen=True, slots=True)
class Progress:
    """How an assessment stands: the working document, every signature ever given, whether approved, what is open."""

    working: Working
    signatures: tuple[StepSignature, ...]
    approved: bool
    open: tuple[Point, ...]

    @property
    def standing(self) -> tuple[StepSignature, ...]:
        """Return the signatures that stand: given after the last edit of their step."""
        return standing_of(self.working, self.signatures)


def begin(conn: Connection, assessment: AssessmentReference, at: datetime) -> None:
    """Begin to work on an assessment in four steps; one that is begun is left as it is.

    A version that was approved otherwise is refused.
    """
    with conn.transaction():
        row = conn.execute(_QUERIES.plain_status, _named(assessment)).fetchone()
        if row is not None and row[0] == _APPROVED:
            raise ActRefusedError(f"Assessment {assessment} is approved, so its text stays. Begin the next version.")
        conn.execute(_QUERIES.begin, {**_named(assessment), "at": at})


def worked_on(conn: Connection) -> tuple[AssessmentReference, ...]:
    """Return every assessment that was begun in four steps, approved or not, the newest first."""
    return tuple(AssessmentReference(name, version) for name, version in conn.execute(_QUERIES.worked_on))


def load_working(conn: Connection, assessment: AssessmentReference) -> Working:
    """Return the working document; :class:`UnknownAgreementError` if none was begun."""
    _status(conn, assessment)
    rows = conn.execute(_QUERIES.changes, _named(assessment))
    return fold(assessment.name, assessment.version, (_change(*row) for row in rows))


def progress(conn: Connection, assessment: AssessmentReference, vocabulary: Vocabulary) -> Progress:
    """Return how an assessment stands."""
    with conn.transaction():
        approved = _status(conn, assessment) == _APPROVED
        working, signatures = load_working(conn, assessment), _signatures(conn, assessment)
        known = [party.agency for party in agencies(conn)]
    points = () if approved else open_points(working, signatures, vocabulary, agencies=known)
    return Progress(working, signatures, approved, points)


def approval(conn: Connection, assessment: AssessmentReference) -> Approval | None:
    """Return that an assessment was approved, when and for which agency; None if it is not, or not in four steps."""
    row = conn.execute(_QUERIES.approval, _named(assessment)).fetchone()
    if row is None:
        return None
    logged = find(conn, row[1])
    return Approval(row[0], row[1], logged.entry().context.get("agency") if logged else None)


def edit(
    conn: Connection,
    assessment: AssessmentReference,
    edits: Iterable[Edit],
    by: Editor,
    at: datetime,
    vocabulary: Vocabulary,
) -> tuple[Change, ...]:
    """Take edits, all or none, and return the changes that they are; :class:`ActRefusedError` says what cannot be.

    Edits of what somebody else wrote unseen are taken too: they stand beside it, as a conflict.
    """
    with conn.transaction():
        working = _locked(conn, assessment)
        first = working.revision_of_all
        for each in edits:
            change = change_for(working, each, by, at, vocabulary)
            if change is not None:
                conn.execute(_QUERIES.add_change, {**_named(assessment), **_row(change)})
                working = fold(assessment.name, assessment.version, (*working.changes, change))
    return working.changes[first:]


def take_file(conn: Connection, filed: Filed, by: Editor, at: datetime, vocabulary: Vocabulary) -> tuple[Change, ...]:
    """Merge a file into the working document that it names, which is begun if it was not.

    The file says at which revision it was exported. One that does not is the first of its assessment, or is refused:
    what it leaves out would be taken away.
    """
    reference = AssessmentReference(filed.assessment.name, filed.assessment.version)
    with conn.transaction():
        begin(conn, reference, at)
        working = _locked(conn, reference)
        newest = working.revision_of_all
        if filed.revision is None and newest:
            raise ActRefusedError(
                f"The file does not say from which revision of {reference} it was made. Export it anew."
            )
        if (filed.revision or 0) > newest:
            raise ActRefusedError(
                f"{reference} has no revision {filed.revision}; the newest is {newest}. Export it anew."
            )
        return edit(
            conn, reference, edits_between(working.at(filed.revision or 0), filed.assessment), by, at, vocabulary
        )


def sign_step(
    conn: Connection, assessment: AssessmentReference, step: Step, by: Editor, at: datetime, vocabulary: Vocabulary
) -> StepSignature:
    """Sign one step for a discipline, as it stands; :class:`IncompleteError` while anything in it is open.

    :class:`ActRefusedError` if it is not that discipline's or that agency's to sign, or the same person has signed the
    step for another discipline.
    """
    with conn.transaction():
        working = _locked(conn, assessment)
        _check_signer(working, step, by, _signatures(conn, assessment))
        known = [party.agency for party in agencies(conn)]
        points = open_points(working, (), vocabulary, agencies=known)
        if found := tuple(each for each in points if each.step is step and each.kind is not Open.UNSIGNED):
            raise IncompleteError(f"The step {step} of {assessment} cannot be signed yet.", found)
        made = StepSignature(
            step, by.discipline, by.agency, by.staff, working.revision_of_all, digest(working.assessment(), step), at
        )
        context = {
            "agency": by.agency,
            "assessment": str(assessment),
            "discipline": by.discipline.value,
            "step": step.value,
        }
        payload = {**context, "by": by.staff, "digest": made.digest.hex(), "at": at.isoformat()}
        entry, salt = enter(conn, "sign", at, context, rfc8785.dumps(payload))
        values = {"step": step.value, "discipline": by.discipline.value, "agency": by.agency, "staff": by.staff}
        kept = {"revision": made.revision, "digest": made.digest, "at": at, "entry": entry, "salt": salt}
        conn.execute(_QUERIES.add_signature, {**_named(assessment), **values, **kept})
    return made


def approve(
    conn: Connection, assessment: AssessmentReference, vocabulary: Vocabulary, *, agency: str, by: str, at: datetime
) -> None:
    """Approve the assessment, for ``agency``, by a member of its staff; :class:`IncompleteError` while some is open.

    From then on it stays as it is, and an agreement that names it may come into force.
    """
    with conn.transaction():
        working = _locked(conn, assessment)
        known = [party.agency for party in agencies(conn)]
        if points := open_points(working, _signatures(conn, assessment), vocabulary, agencies=known):
            raise IncompleteError(f"Assessment {assessment} cannot be approved yet.", points)
        propose_assessment(conn, assessment, document(working.assessment()), worked_out=True)
        approve_assessment(conn, assessment, agency=agency, by=by, at=at)


def _check_signer(working: Working, step: Step, by: Editor, signatures: Collection[StepSignature]) -> None:
    must = load_catalogue().must_sign(step)
    if by.discipline not in must:
        raise ActRefusedError(f"The step {step} is signed by {', '.join(must)}; not by {by.discipline}.")
    assessment = working.assessment()
    parties = [assessment.text(f"parties.{item}.agency") for item in assessment.items("parties")]
    if by.agency not in parties:
        raise ActRefusedError(
            f"{by.agency} is no party to {assessment}. Its parties are: {', '.join(parties) or 'none yet'}."
        )
    for other in standing_of(working, signatures):
        if other.step is not step:
            continue
        if other.discipline is by.discipline:
            raise ActRefusedError(f"{by.discipline} has signed the step {step} already. There is nothing to do.")
        if (other.staff, other.agency) == (by.staff, by.agency):
            raise ActRefusedError(
                f"Who signs {step} for {by.discipline} has signed it for {other.discipline}. Ask somebody else."
            )


def _locked(conn: Connection, assessment: AssessmentReference) -> Working:
    """Hold the assessment still until the transaction ends, and return it; an approved one is refused."""
    if conn.execute(_QUERIES.lock, _named(assessment)).fetchone() is None:
        raise _unknown(assessment)
    if _status(conn, assessment) == _APPROVED:
        raise ActRefusedError(f"Assessment {assessment} is approved, so its text stays. Begin the next version.")
    return load_working(conn, assessment)


def _status(conn: Connection, assessment: AssessmentReference) -> str | None:
    row = conn.execute(_QUERIES.status, _named(assessment)).fetchone()
    if row is None:
        raise _unknown(assessment)
    return str(row[1]) if row[1] else None


def _signatures(conn: Connection, assessment: AssessmentReference) -> tuple[StepSignature, ...]:
    rows = conn.execute(_QUERIES.signatures, _named(assessment))
    return tuple(
        StepSignature(Step(step), Discipline(discipline), agency, staff, revision, bytes(signed), at)
        for step, discipline, agency, staff, revision, signed, at in rows
    )


def _change(number: int, path: str, before: Any, after: Any, based_on: int, resolves: bool, *by_at: Any) -> Change:
    staff, agency, discipline, at = by_at
    by = Editor(staff, agency, Discipline(discipline))
    return Change(number, path, _answer(before), _answer(after), based_on, resolves, by, at)


def _answer(kept: Mapping[str, Any] | None) -> Answer | None:
    if kept is None:
        return None
    value = kept["value"]
    return Answer(value if isinstance(value, str) else tuple(value), kept["confidential"])


def _row(change: Change) -> dict[str, Any]:
    return {
        "number": change.number,
        "path": change.path,
        "before": _kept(change.before),
        "after": _kept(change.after),
        "based_on": change.based_on,
        "resolves": change.resolves,
        "staff": change.by.staff,
        "agency": change.by.agency,
        "discipline": change.by.discipline.value,
        "at": change.at,
    }


def _kept(answer: Answer | None) -> Jsonb | None:
    if answer is None:
        return None
    value = answer.value if isinstance(answer.value, str) else list(answer.value)
    return Jsonb({"value": value, "confidential": answer.confidential})


def _named(assessment: AssessmentReference) -> dict[str, Any]:
    return {"name": assessment.name, "version": assessment.version}


def _unknown(assessment: AssessmentReference) -> UnknownAgreementError:
    return UnknownAgreementError(f"Nobody has begun to work on an assessment {assessment} here. Begin it first.")
