"""Decisions that take two people: to join two persons who are each somebody already.

1. *Same* takes two people if both persons bear a number of one kind and not the same one; or if each is known to two
   agencies or more; or if a person has said of either before that two of its records are one (:class:`Strong`). It
   joins what agencies act upon already, so a slip would harm at once.
2. One proposes and another confirms or refuses; only whoever proposed withdraws. The database refuses the rest too.
3. Until it is confirmed nothing moves, and nothing else is decided between the two persons.
4. Whoever confirms binds what the proposer said: the judgement bears the proposer's id and reason.
5. *Different* takes one, and so does undoing: parting loses nothing, and must never wait.
6. A source's own *same* binds at once, unless numbers, birthdays or prisons of the two persons contradict it
   (``limits.py``): then it is proposed, and a person confirms it. A slip there would join two people whom every other
   source tells apart, and nobody would have looked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID, uuid4

from comity.people import holds, store
from comity.people.cluster import components
from comity.people.errors import OwnProposalError, ProposalStandsError, UnknownProposalError
from comity.people.judge import foresee, judge, placed
from comity.people.limits import contrary
from comity.people.models import Judgement, Proposal, Standard, Strong
from comity.people.questions import two
from comity.people.store import Conn

Ending: TypeAlias = Literal["refused", "withdrawn"]


def strength(one: Iterable[Standard], other: Iterable[Standard], *, decided: bool) -> tuple[Strong, ...]:
    """Return why joining two persons, of these standardised features, takes two people; nothing if it takes one. Pure.

    ``decided``: somebody has said before, of either, that two of its records are one.
    """
    sides = [list(one), list(other)]
    agencies = [{each.agency for each in side} for side in sides]
    mine, theirs = (_numbers(side) for side in sides)
    differing = any(mine[kind].isdisjoint(theirs[kind]) for kind in mine.keys() & theirs.keys())
    found = ((Strong.NUMBERS, differing), (Strong.AGENCIES, min(map(len, agencies)) > 1), (Strong.DECIDED, decided))
    return tuple(why for why, holds in found if holds)


def _numbers(side: Iterable[Standard]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in side:
        for kind, number in each.identifiers.items():
            found.setdefault(kind, set()).add(number)
    return found


def strength_of(conn: Conn, a: UUID, b: UUID) -> tuple[Strong, ...]:
    """Return why joining the persons of two source persons takes two people; nothing if it takes one.

    Raises:
        UnknownSourcePersonError: one of them is not placed.
    """
    persons = placed(conn, a, b)
    if persons[a] == persons[b]:
        return ()
    members = members_of(conn, persons.values())
    ids = [[id_ for id_, _ in members[persons[each]]] for each in (a, b)]
    standards = store.standards_of(conn, (id_ for side in ids for id_ in side))
    decided = any(conn.execute(store.QUERIES.said_same_among, {"ids": side}).fetchone() for side in ids)
    return strength(*([standards[id_] for id_ in side] for side in ids), decided=decided)


def members_of(conn: Conn, persons: Iterable[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    """Return who is in each of these persons, with the agency."""
    found: dict[UUID, list[tuple[UUID, str]]] = {person: [] for person in persons}
    for person, source_person, agency in conn.execute(store.QUERIES.members, {"persons": list(found)}):
        found[person].append((source_person, agency))
    return found


def decide(conn: Conn, a: UUID, b: UUID, *, same: bool, by: str, reason: str, at: datetime) -> Judgement | Proposal:
    """Judge of two source persons, or propose to, where joining their persons takes two people.

    Raises:
        UnknownSourcePersonError: one of them is not placed.
        ContradictoryJudgementError: a judgement that stands says otherwise, directly or through others.
        ProposalStandsError: a merge of their persons is proposed; it is confirmed, refused or withdrawn first.
    """
    store.lock(conn)
    if proposal_between(conn, a, b) is not None:
        raise ProposalStandsError("question: a merge of these two is proposed; confirm, refuse or withdraw that first")
    strong = strength_of(conn, a, b) if same else ()
    if not strong:
        return judge(conn, a, b, same=same, by=by, reason=reason, at=at)
    return _propose(conn, a, b, strong, by=by, reason=reason, at=at)


def say_same(conn: Conn, a: UUID, b: UUID, *, by: str, reason: str, at: datetime) -> Judgement | Proposal:
    """Let a source's own word bind that two of its records are one, or propose it where a limit keeps them apart.

    ``by`` is the source's agency. What it has proposed already stays proposed.

    Raises:
        UnknownSourcePersonError: one of them is not placed.
        ContradictoryJudgementError: a judgement that stands says otherwise, directly or through others.
    """
    store.lock(conn)
    if not _is_limited(conn, a, b):
        return judge(conn, a, b, same=True, by=by, reason=reason, at=at)
    foresee(conn, a, b, same=True)
    standing = proposal_between(conn, a, b)
    return standing or _propose(conn, a, b, (Strong.LIMIT,), by=by, reason=reason, at=at)


def say_different(conn: Conn, a: UUID, b: UUID, *, by: str, reason: str, at: datetime) -> Judgement:
    """Let a source's own word bind that two of its records are two people; what it proposed of them is withdrawn.

    Raises as :func:`say_same` does.
    """
    store.lock(conn)
    standing = proposal_between(conn, a, b)
    if standing is not None and standing.by == by:
        _end(conn, standing, "withdrawn", by, reason, at, None)
    return judge(conn, a, b, same=False, by=by, reason=reason, at=at)


def _is_limited(conn: Conn, a: UUID, b: UUID) -> bool:
    """Whether a limit keeps the persons of two source persons apart, whatever they weigh."""
    persons, model = placed(conn, a, b), store.current_model(conn)
    if persons[a] == persons[b] or model is None:
        return False
    sides = {person: {id_ for id_, _ in of} for person, of in members_of(conn, persons.values()).items()}
    ids = sorted(set[UUID]().union(*sides.values()))
    inside = [pair for pair in store.bonds_of(conn, ids).same if set(pair) <= set(ids)]
    stays = holds.stays(conn.execute(store.QUERIES.stays_of, {"ids": ids}))
    clashing = contrary(ids, store.standards_of(conn, ids), stays, model, components(ids, inside))
    return any((x in sides[persons[a]]) != (y in sides[persons[a]]) for x, y in clashing)


def _propose(
    conn: Conn, a: UUID, b: UUID, strong: tuple[Strong, ...], *, by: str, reason: str, at: datetime
) -> Proposal:
    low, high = two(a, b)
    proposal = Proposal(uuid4(), low, high, by, reason, strong, at)
    values = {"proposal": proposal.proposal, "a": low, "b": high, "by": by, "reason": reason, "strong": list(strong)}
    conn.execute(store.QUERIES.put_proposal, {**values, "at": at})
    return proposal


def confirm(conn: Conn, proposal: UUID, *, by: str, reason: str, at: datetime) -> Judgement:
    """Confirm what another proposed: it binds from now on.

    Raises:
        UnknownProposalError: it does not stand.
        OwnProposalError: ``by`` proposed it.
        UnknownSourcePersonError, ContradictoryJudgementError: as of a judgement; the proposal then still stands.
    """
    store.lock(conn)
    proposed = _standing(conn, proposal)
    if proposed.by == by:
        raise OwnProposalError("proposal: it takes another person to confirm it than who proposed it")
    judgement = judge(conn, proposed.a, proposed.b, same=True, by=proposed.by, reason=proposed.reason, at=at)
    _end(conn, proposed, "confirmed", by, reason, at, judgement.judgement)
    return judgement


def end(conn: Conn, proposal: UUID, outcome: Ending, *, by: str, reason: str, at: datetime) -> Proposal:
    """Refuse what another proposed, or withdraw one's own proposal. Nothing had moved, and nothing moves.

    Raises:
        UnknownProposalError: it does not stand.
        OwnProposalError: one's own is withdrawn, another's refused.
    """
    store.lock(conn)
    proposed = _standing(conn, proposal)
    if (outcome == "withdrawn") != (proposed.by == by):
        raise OwnProposalError("proposal: who proposed it may withdraw it, and another may refuse it")
    _end(conn, proposed, outcome, by, reason, at, None)
    return proposed


def _end(
    conn: Conn, proposed: Proposal, outcome: str, by: str, reason: str, at: datetime, judgement: UUID | None
) -> None:
    values = {"proposal": proposed.proposal, "proposed_by": proposed.by, "outcome": outcome, "by": by}
    conn.execute(store.QUERIES.end_proposal, {**values, "reason": reason, "at": at, "judgement": judgement})


def _standing(conn: Conn, proposal: UUID) -> Proposal:
    row = conn.execute(store.QUERIES.open_proposal, {"proposal": proposal}).fetchone()
    if row is None:
        raise UnknownProposalError("proposal: it does not stand; it was ended already, or the id is wrong")
    return _proposal(row)


def proposal_between(conn: Conn, a: UUID, b: UUID) -> Proposal | None:
    """Return the proposal that stands between the persons of two source persons, if one does.

    Raises:
        UnknownSourcePersonError: one of them is not placed.
    """
    persons: Mapping[UUID, UUID] = placed(conn, a, b)
    row = conn.execute(store.QUERIES.proposal_between, {"one": persons[a], "other": persons[b]}).fetchone()
    return _proposal(row) if row else None


def open_proposals(conn: Conn) -> list[Proposal]:
    """Return the proposals that stand, the oldest first."""
    return [_proposal(row) for row in conn.execute(store.QUERIES.open_proposals)]


def _proposal(row: tuple[Any, ...]) -> Proposal:
    proposal, a, b, by, reason, strong, at = row
    return Proposal(proposal, a, b, by, reason, tuple(Strong(each) for each in strong), at)
