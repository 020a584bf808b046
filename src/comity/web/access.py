"""Who may open what. A route that is not in this table cannot be opened by anybody (a test walks all routes).

The table says who may knock; what is shown then is decided by the gate, for each request.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from comity.agreements.assessment import Discipline
from comity.web.models import Citizen, Colleague, Visitor


class Desk(StrEnum):
    """A kind of visitor, as the table names it."""

    ANYBODY = "anybody"
    COLLEAGUE = "colleague"
    CASEWORKER = "caseworker"
    STEWARD = "steward"
    KEEPER = "keeper"  # of how long an agency's records are kept: stewards and overseers
    OVERSEER = "overseer"
    ANALYST = "analyst"
    CITIZEN = "citizen"
    GOVERNANCE = "governance"  # who assess and agree together
    APPROVER = "approver"  # of an assessment
    SIGNATORY = "signatory"  # of an agreement, for the own agency
    SYSTEM = "system"  # an agency's own system, which posts its messages


_CASEWORKERS: Final = frozenset({
    "officer", "investigator", "custody-officer", "prosecutor", "listing-officer", "judge", "court-clerk",
    "prison-officer", "probation-officer", "pretrial-officer", "youth-justice-worker", "victim-advocate", "idva",
    "marac-coordinator", "caseworker",
})  # fmt: skip
_STEWARDS: Final = frozenset({"data-steward"})
_OVERSEERS: Final = frozenset({"data-protection-officer", "auditor"})
_ANALYSTS: Final = frozenset({"analyst"})
_SYSTEMS: Final = frozenset({"service-account"})

DISCIPLINES: Final = {
    "governance-officer": Discipline.OPERATIONAL,
    "legal-adviser": Discipline.LEGAL,
    "data-protection-officer": Discipline.PRIVACY,
    "security-officer": Discipline.SECURITY,
}
"""For which discipline a role writes and signs in an assessment."""

_SEATED: Final = {
    Desk.CASEWORKER: _CASEWORKERS,
    Desk.STEWARD: _STEWARDS,
    Desk.KEEPER: _STEWARDS | _OVERSEERS,
    Desk.OVERSEER: _OVERSEERS,
    Desk.GOVERNANCE: frozenset(DISCIPLINES),
    Desk.APPROVER: frozenset({"data-protection-officer"}),
    Desk.SIGNATORY: frozenset({"governance-officer"}),
    Desk.ANALYST: _ANALYSTS,
    Desk.SYSTEM: _SYSTEMS,
}

OPEN_TO: Final[dict[str, Desk]] = {
    "start": Desk.ANYBODY,
    "static": Desk.ANYBODY,
    "language": Desk.ANYBODY,
    "health": Desk.ANYBODY,
    "sign-in": Desk.ANYBODY,
    "sign-out": Desk.ANYBODY,
    "letter-sign-in": Desk.ANYBODY,
    "register": Desk.ANYBODY,
    "register-data": Desk.ANYBODY,
    "agreement": Desk.ANYBODY,
    "agreement-data": Desk.ANYBODY,
    "agreement-paper": Desk.ANYBODY,
    "assessment-paper": Desk.ANYBODY,
    "ledger": Desk.ANYBODY,
    "ledger-heads": Desk.ANYBODY,
    "ledger-entry": Desk.ANYBODY,
    "ledger-checkpoint": Desk.ANYBODY,
    "ledger-tile": Desk.ANYBODY,
    "ledger-witnessed": Desk.ANYBODY,
    "ledger-renewed-checkpoint": Desk.ANYBODY,
    "ledger-renewed-tile": Desk.ANYBODY,
    "ledger-renewed-witnessed": Desk.ANYBODY,
    "witness-add-checkpoint": Desk.ANYBODY,  # the signature on the checkpoint says who asks (C2SP tlog-witness)
    "witness-checkpoint": Desk.ANYBODY,
    "ledger-receipt": Desk.ANYBODY,
    "errand": Desk.CASEWORKER,
    "search": Desk.CASEWORKER,
    "person": Desk.CASEWORKER,
    "case": Desk.CASEWORKER,
    "consent": Desk.CASEWORKER,
    "own-request": Desk.CASEWORKER,
    "news": Desk.COLLEAGUE,  # whoever received something may have to be told that it was parted
    "keep-told": Desk.CASEWORKER,
    "end-news": Desk.CASEWORKER,
    "change-receipt": Desk.COLLEAGUE,
    "retention": Desk.KEEPER,
    "hold-set": Desk.KEEPER,
    "hold-lift": Desk.KEEPER,
    "steward": Desk.STEWARD,
    "steward-source": Desk.STEWARD,
    "quarantine": Desk.STEWARD,
    "replay": Desk.STEWARD,
    "linking": Desk.STEWARD,
    "linking-model": Desk.STEWARD,
    "linking-draw": Desk.STEWARD,
    "linking-sample": Desk.STEWARD,
    "linking-answer": Desk.STEWARD,
    "questions": Desk.STEWARD,
    "question": Desk.STEWARD,
    "proposal": Desk.STEWARD,
    "decision": Desk.STEWARD,
    "parting": Desk.STEWARD,
    "log": Desk.OVERSEER,
    "log-report": Desk.OVERSEER,
    "impacts": Desk.OVERSEER,
    "impact-ask": Desk.OVERSEER,
    "impact": Desk.OVERSEER,
    # Who reviews is what an agreement says, so any colleague may be one; the gate shows each only what is theirs.
    "reviews": Desk.COLLEAGUE,
    "review": Desk.COLLEAGUE,
    "why": Desk.OVERSEER,
    "why-if": Desk.OVERSEER,
    "why-of": Desk.OVERSEER,
    "statistics": Desk.ANALYST,
    # Who may ask is what an agreement says, so any colleague may be one; the gate judges each request and each file.
    "extracts": Desk.COLLEAGUE,
    "extract-ask": Desk.COLLEAGUE,
    "extract": Desk.COLLEAGUE,
    "extract-file": Desk.COLLEAGUE,
    "my-data": Desk.CITIZEN,
    "my-use": Desk.CITIZEN,
    "withdraw": Desk.CITIZEN,
    "governance": Desk.GOVERNANCE,
    "assessment-begin": Desk.SIGNATORY,
    "assessment": Desk.GOVERNANCE,
    "assessment-file": Desk.GOVERNANCE,
    "assessment-public": Desk.GOVERNANCE,
    "assessment-step": Desk.GOVERNANCE,
    "assessment-questions": Desk.GOVERNANCE,
    "assessment-item": Desk.GOVERNANCE,
    "assessment-remove": Desk.GOVERNANCE,
    "assessment-settle": Desk.GOVERNANCE,
    "assessment-history": Desk.GOVERNANCE,
    "assessment-sign": Desk.GOVERNANCE,
    "assessment-approve": Desk.APPROVER,
    "governed": Desk.GOVERNANCE,
    "governed-file": Desk.GOVERNANCE,
    "governed-impact": Desk.SIGNATORY,
    "governed-impact-kept": Desk.GOVERNANCE,
    "governed-propose": Desk.SIGNATORY,
    "governed-to-sign": Desk.SIGNATORY,
    "governed-sign": Desk.SIGNATORY,
    "governed-signature": Desk.SIGNATORY,
    "governed-act": Desk.SIGNATORY,
    "api-reference": Desk.ANYBODY,
    "api-agreements": Desk.ANYBODY,
    "api-ledger-head": Desk.ANYBODY,
    "api-ledger-receipt": Desk.ANYBODY,
    "api-search": Desk.CASEWORKER,
    "api-person": Desk.CASEWORKER,
    "api-case": Desk.CASEWORKER,
    "api-statistic": Desk.ANALYST,
    "api-budget": Desk.ANALYST,
    "api-extract-ask": Desk.COLLEAGUE,
    "api-extract": Desk.COLLEAGUE,
    "api-extract-file": Desk.COLLEAGUE,
    "api-notices": Desk.CASEWORKER,
    "api-partings": Desk.COLLEAGUE,
    "api-message": Desk.SYSTEM,
    "api-ldv-processing-activities": Desk.OVERSEER,
}


def desks_of(visitor: Visitor) -> frozenset[Desk]:
    """Return the desks at which a visitor may sit."""
    if isinstance(visitor, Citizen):
        return frozenset({Desk.ANYBODY, Desk.CITIZEN})
    if not isinstance(visitor, Colleague):
        return frozenset({Desk.ANYBODY})
    desks = {Desk.ANYBODY, Desk.COLLEAGUE}
    return frozenset(desks | {desk for desk, roles in _SEATED.items() if visitor.role in roles})


def may_open(route: str, visitor: Visitor) -> bool:
    """Whether ``visitor`` may open the route of this name; never, if the table does not have it."""
    return OPEN_TO.get(route) in desks_of(visitor)
