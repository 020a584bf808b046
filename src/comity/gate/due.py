"""The review that falls due with a use: what the disclosing statement binds, and which refusals are reviewed. Pure.

Rules:

1. **Log or deny holds for the review too**: it is written by the very statement that reads, digests and logs. If it
   cannot be written, nothing leaves.
2. Every disclosure under an agreement that says so has exactly one; a search that finds nobody has still looked.
3. Of what was refused only what somebody asked whom the agreement lists, while it was in force: whoever may not ask at
   all could otherwise fill the queue of those who may.
4. What an extract or a statistic lets out was made before it is written down: the statement that writes its line writes
   the review, with how many rows left by each clause; of a statistic, how many numbers are made from each.
5. While the review of a disclosure is overdue under an agreement that then suspends, in whichever version, the
   statement releases and writes nothing. Refusals never suspend: nothing left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from comity.agreements import Agreement, Considered
from comity.gate.models import Requester
from comity.store import load_queries

_QUERIES: Final = load_queries("comity.gate", "reviews.sql")
_PIECES: Final = load_queries("comity.gate", "pieces.sql")


def due_query(agreement: Agreement) -> str | None:
    """Return the part of a disclosing statement that writes its review; ``None`` where none is due."""
    return _QUERIES.due if agreement.review else None


def unchanged_query(agreement: Agreement) -> str:
    """Return the part of a statement without whose row it releases and writes nothing (rule 5)."""
    suspends = agreement.review is not None and agreement.review.suspends
    return _QUERIES.unchanged_and_reviewed if suspends else _PIECES.unchanged


def due_of_made_query(agreement: Agreement) -> str:
    """Return how a statement that logs what was made before goes on after ``unchanged``; nothing where none is due."""
    return f", due as ({_QUERIES.due_of_made})" if agreement.review else ""


def due_of_made_parameters(agreement: Agreement, counts: Mapping[int, int]) -> dict[str, Any]:
    """Return what that binds; ``counts`` says how much left by the clause of each number."""
    if agreement.review is None:
        return {}
    clauses = sorted(counts)
    return {**due_parameters(agreement), "clauses": clauses, "counts": [counts[it] for it in clauses]}


def due_parameters(agreement: Agreement) -> dict[str, Any]:
    """Return what the parts bind; nothing where no review is due."""
    review = agreement.review
    if review is None:
        return {}
    return {
        "review_within": review.time,
        "review_roles": list(review.roles),
        "review_agencies": list(review.agencies),
        "review_notice": review.notice == "immediate",
        "review_suspends": review.suspends,
        "review_refusals": review.each == "request",
    }


def refusal_due(considered: Considered | None, requester: Requester) -> tuple[str, dict[str, Any]] | None:
    """Return how the review of a refusal is written that was decided beforehand; ``None`` where none is due."""
    agreement = considered.agreement if considered else None
    if considered is None or agreement is None or agreement.review is None or agreement.review.each != "request":
        return None
    listed = requester.agency in agreement.recipients and requester.role in agreement.requesters.roles
    if not listed or not considered.standing.in_force:
        return None
    return _QUERIES.due_of_refusal, due_parameters(agreement)
