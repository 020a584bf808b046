"""The one sequence of bytes that an agreement is, for signatures: RFC 8785 JSON with the keys of the file."""

from __future__ import annotations

from typing import Any, Final

import rfc8785

from comity.agreements.models import Agreement, PrivacyBudget, Release, Review
from comity.agreements.printing import print_condition

FORMAT: Final = (
    "comity/agreement/1"  # raised when a key changes its meaning; whoever does not know an added one refuses the text
)


def canonical(agreement: Agreement) -> bytes:
    """Return the canonical bytes; :func:`comity.agreements.parse.from_canonical` gives the same agreement back."""
    return rfc8785.dumps(_document(agreement))


def _document(agreement: Agreement) -> dict[str, Any]:
    days, asks, retention = agreement.in_force, agreement.requesters, agreement.retention
    document: dict[str, Any] = {
        "format": FORMAT,
        "agreement": agreement.name,
        "version": agreement.version,
        "title": {"en": agreement.title.en, "nl": agreement.title.nl},
        "jurisdiction": agreement.jurisdiction,
        "between": {"providers": list(agreement.providers), "recipients": list(agreement.recipients)},
        "purpose": agreement.purpose,
        "lawful_basis": [{"term": basis.term, "because": basis.because} for basis in agreement.lawful_basis],
        "in_force": {"from": str(days.start), "until": str(days.until), "review_by": str(days.review_by)},
        "requesters": {"roles": list(asks.roles), "must_state": list(asks.must_state)},
        "about": print_condition(agreement.about),
        "release": [_release(release) for release in agreement.releases],
        "channels": list(agreement.channels),
        "onward": agreement.onward,
        "retention": {"keep": retention.keep, "then": retention.then, "receipt": retention.receipt},
        "consent": agreement.consent,
        "assessment": str(agreement.assessment),
    }
    if agreement.review is not None:  # what was signed before there was such a key keeps its bytes
        document["review"] = _review(agreement.review)
    if agreement.statistics is not None:
        document["statistics"] = _statistics(agreement.statistics)
    if agreement.confidential is not None:
        document["confidential"] = {"for": agreement.confidential.length, "because": agreement.confidential.because}
    return document


def _review(review: Review) -> dict[str, Any]:
    return {
        "each": review.each,
        "within": review.within,
        "by": {"roles": list(review.roles), "agencies": list(review.agencies)},
        "notice": review.notice,
        "overdue": review.overdue,
    }


def _statistics(budget: PrivacyBudget) -> dict[str, Any]:
    # Decimals as text: a number of JSON is binary, and 0.1 is not.
    return {
        "epsilon": f"{budget.epsilon:f}",
        "delta": f"{budget.delta:f}",
        "per": budget.per,
        "most_per_person": budget.most_per_person,
    }


def _release(release: Release) -> dict[str, Any]:
    document: dict[str, Any] = {
        "record": release.record,
        "fields": {each.field: each.minimiser for each in release.fields},
    }
    if release.of:
        document["of"] = list(release.of)
    if release.where is not None:
        document["where"] = print_condition(release.where)
    return document
