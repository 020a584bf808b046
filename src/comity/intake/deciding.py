"""Who is who, decided by people, with its entry in the ledger: for pages and the command line.

Rules:

1. Whatever a person decides, proposes, confirms, refuses, withdraws, undoes or cannot tell commits with its ledger
   entry in one transaction.
2. The entry names the random id of the decision, and nobody: not those decided about, nor who decided. It commits to
   who decided and when, with a salt that stays here; the reason stands with the decision itself.
3. What is here names nobody: ids, weights, agencies, days. What a source says of somebody is the gate's to let out.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

import rfc8785
from psycopg.types.json import Jsonb

from comity import people
from comity.intake.holding import enter_holds
from comity.intake.store import QUERIES, Connection
from comity.ledger import Entry, append, commitment
from comity.ledger.entry import SALT_SIZE
from comity.people import parting, proposals, questions
from comity.people.errors import (
    ContradictoryJudgementError,
    NoSuchQuestionError,
    OwnProposalError,
    ProposalStandsError,
    UnknownJudgementError,
    UnknownProposalError,
    UnknownSourcePersonError,
)
from comity.people.judge import foresee, judgements_among, latest_judgements, made, placed
from comity.people.models import Doubt, Judgement, Made, Parting, Proposal, Question, Strong, Weight
from comity.people.proposals import Ending

__all__ = [
    "AWAY", "MAX_REASON", "NOT_THERE", "STANDS_OTHERWISE", "TAKES_ANOTHER", "Doubt", "Ending", "Judgement", "Made",
    "Parting", "Proposal", "Record", "Side", "Weight", "came_apart", "confirm", "decide", "decided_last", "decision",
    "doubt", "end", "explain", "look", "undo", "waiting",
]  # fmt: skip

AWAY: Final = timedelta(days=90)
"""For how long a question that nobody can answer is put away, unless something changes before. 2026-11-26."""

MAX_REASON: Final = 500  # characters

NOT_THERE: Final = (UnknownSourcePersonError, UnknownJudgementError, UnknownProposalError, NoSuchQuestionError)
"""What was named is not there, or not any more."""

STANDS_OTHERWISE: Final = (ContradictoryJudgementError, ProposalStandsError)
"""Something that stands says otherwise: it is undone, or ended, first."""

TAKES_ANOTHER: Final = OwnProposalError
"""It takes another person than the one who would do it."""


@dataclass(frozen=True, slots=True)
class Record:
    """An agency's own record of somebody, and the person whom it is in: no value of it."""

    source_person: UUID
    agency: str
    person: UUID


@dataclass(frozen=True, slots=True)
class Side:
    """Two records of which a person says whether they are of one human being, and all that helps without naming them.

    ``same_person`` is where they are now; ``if_same`` is how the records of both persons would be grouped.
    """

    pair: tuple[UUID, UUID]
    records: tuple[Record, ...]  # of both persons
    question: Question | None
    weight: Weight
    strong: tuple[Strong, ...]
    proposal: Proposal | None
    decisions: tuple[Judgement, ...]
    doubts: tuple[Doubt, ...]
    if_same: tuple[tuple[UUID, ...], ...]

    @property
    def same_person(self) -> bool:
        """Whether the two records are in one person now."""
        return len({it.person for it in self.records if it.source_person in self.pair}) == 1

    @property
    def judgement(self) -> Judgement | None:
        """Return what was decided of these two records themselves, if that stands."""
        return next((it for it in self.decisions if {it.a, it.b} == set(self.pair)), None)

    def of(self, source_person: UUID) -> tuple[Record, ...]:
        """Return the records of the person whom ``source_person`` is in, itself first."""
        person = next(it.person for it in self.records if it.source_person == source_person)
        return tuple(
            sorted((it for it in self.records if it.person == person), key=lambda it: it.source_person != source_person)
        )


def decide(
    conn: Connection, pair: tuple[UUID, UUID], now: datetime, *, same: bool, by: str, reason: str
) -> Judgement | Proposal:
    """Let a person's decision bind: these two source persons are the same human being, or two.

    Where it would join two strong identities it is a proposal, which another person confirms. ``by`` is an opaque staff
    id. Raises the people room's UnknownSourcePersonError (a LookupError), and ContradictoryJudgementError and
    ProposalStandsError (ValueErrors: undo the decision, or end the proposal, that stands first).
    """
    with conn.transaction():
        decided = proposals.decide(conn, *pair, same=same, by=by, reason=reason, at=now)
        if isinstance(decided, Proposal):
            _enter(conn, now, {"act": "propose", "decision": str(decided.proposal)}, by)
        else:
            _enter(conn, now, {"act": "same" if same else "different", "decision": str(decided.judgement)}, by)
            enter_holds(conn, now)
    return decided


def doubt(
    conn: Connection, pair: tuple[UUID, UUID], now: datetime, *, by: str, reason: str, until: datetime | None = None
) -> Doubt:
    """Put a question away that nobody can answer now, for :data:`AWAY` unless ``until`` is given.

    Raises NoSuchQuestionError (a LookupError) if nothing is open between the persons of these two.
    """
    with conn.transaction():
        doubted = questions.doubt(conn, *pair, by=by, reason=reason, at=now, until=until or now + AWAY)
        _enter(conn, now, {"act": "cannot-tell", "decision": str(doubted.doubt)}, by)
    return doubted


def confirm(conn: Connection, proposal: UUID, now: datetime, *, by: str, reason: str) -> Judgement:
    """Confirm what another proposed. Raises UnknownProposalError, OwnProposalError, or as :func:`decide` does."""
    with conn.transaction():
        judgement = proposals.confirm(conn, proposal, by=by, reason=reason, at=now)
        _enter(conn, now, {"act": "confirm", "decision": str(judgement.judgement)}, by)
        enter_holds(conn, now)
    return judgement


def end(conn: Connection, proposal: UUID, outcome: Ending, now: datetime, *, by: str, reason: str) -> Proposal:
    """Refuse what another proposed, or withdraw one's own. Raises UnknownProposalError, OwnProposalError."""
    with conn.transaction():
        proposed = proposals.end(conn, proposal, outcome, by=by, reason=reason, at=now)
        _enter(conn, now, {"act": "refuse" if outcome == "refused" else "withdraw", "decision": str(proposal)}, by)
    return proposed


def undo(conn: Connection, decision: UUID, now: datetime, *, by: str, reason: str) -> Judgement:
    """Undo a decision: the model speaks again. Raises UnknownJudgementError (a LookupError) if it does not stand."""
    with conn.transaction():
        judgement = people.undo(conn, decision, by=by, reason=reason, at=now)
        _enter(conn, now, {"act": "undo", "decision": str(decision)}, by)
        enter_holds(conn, now)
    return judgement


def explain(conn: Connection, pair: tuple[UUID, UUID]) -> Weight:
    """Return what speaks for and against a pair, field by field, in bits."""
    return people.explain(conn, *pair)


def decision(conn: Connection, judgement: UUID) -> tuple[Made, tuple[Parting, ...]]:
    """Return a decision as it was made, and whom it or its undoing parted. Raises UnknownJudgementError."""
    return made(conn, judgement), tuple(parting.partings_of(conn, judgement))


def came_apart(conn: Connection, parting_id: UUID) -> Parting | None:
    """Return who came apart without a decision, as far as they were not erased since."""
    found = parting.parting_of(conn, parting_id)
    return found if found and found.judgement is None else None


def decided_last(conn: Connection, limit: int) -> tuple[Judgement, ...]:
    """Return the decisions that stand, the latest first."""
    return tuple(latest_judgements(conn, limit))


def waiting(conn: Connection) -> tuple[Proposal, ...]:
    """Return the merges that wait for a second person, the oldest first."""
    return tuple(proposals.open_proposals(conn))


def look(conn: Connection, pair: tuple[UUID, UUID]) -> Side:
    """Return everything about two records that helps to say whether they are of one human being, but what they say.

    Raises UnknownSourcePersonError (a LookupError) if one of them is not placed.
    """
    weight, persons = people.explain(conn, *pair), placed(conn, *pair)
    members = proposals.members_of(conn, sorted(set(persons.values())))
    records = tuple(Record(id_, agency, person) for person, of in members.items() for id_, agency in of)
    return Side(
        pair=pair,
        records=records,
        question=questions.question_of(conn, *pair),
        weight=weight,
        strong=proposals.strength_of(conn, *pair),
        proposal=proposals.proposal_between(conn, *pair),
        decisions=tuple(judgements_among(conn, [it.source_person for it in records])),
        doubts=tuple(questions.doubts_of(conn, *pair)),
        if_same=_if_same(conn, pair),
    )


def _if_same(conn: Connection, pair: tuple[UUID, UUID]) -> tuple[tuple[UUID, ...], ...]:
    try:
        return tuple(foresee(conn, *pair, same=True))
    except ContradictoryJudgementError:
        return ()


def _enter(conn: Connection, now: datetime, context: Mapping[str, str], by: str) -> None:
    salt, what = secrets.token_bytes(SALT_SIZE), {**context, "at": now.isoformat(), "by": by}
    entry = Entry(uuid4(), now, "combination", context, commitment(salt, rfc8785.dumps(what)))
    conn.execute(QUERIES.keep_decision, {"entry": entry.id, "now": now, "what": Jsonb(what), "salt": salt})
    append(conn, [entry])
