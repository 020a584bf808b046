"""``comity reviews``: what has to be looked at afterwards, and what is overdue; for cron and for monitoring."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any

from cyclopts import Parameter

from comity.agreements.standing import is_review_overdue
from comity.agreements.store import all_standings
from comity.cli.failing import Failed
from comity.cli.opening import node, now
from comity.gate.reviews import Waiting, waiting
from comity.node import Node
from comity.store import Role


def reviews(*, overdue: bool = False, as_json: Annotated[bool, Parameter(name="--json", negative=())] = False) -> None:
    """List the reviews that are open, most overdue first: of uses of data, and of agreements. About nobody.

    Parameters
    ----------
    overdue
        List only what is overdue, and exit with 1 if anything is: for cron and monitoring.
    as_json
        Print one JSON document, for programs.
    """
    with node() as opened:
        found, agreements = open_reviews(opened), overdue_agreements(opened, now())
    found = tuple(it for it in found if it.overdue or not overdue)
    if as_json:
        print(json.dumps(_document(found, agreements), indent=2))
    else:
        _say(found, agreements, only_overdue=overdue)
    if overdue and (found or agreements):
        raise Failed


def open_reviews(opened: Node) -> tuple[Waiting, ...]:
    """Return every review of a use that is open, most overdue first."""
    with opened.store.connect(Role.GATE) as conn:
        return waiting(conn)


def overdue_agreements(opened: Node, at: datetime) -> tuple[tuple[str, date], ...]:
    """Return each agreement in force that was to be reviewed before ``at``, and by when."""
    with opened.store.connect(Role.GOVERNANCE) as conn:
        standings = all_standings(conn, opened.vocabulary, at)
    return tuple(
        (str(it.agreement), it.agreement.in_force.review_by)
        for versions in standings
        for it in versions
        if it.agreement is not None and is_review_overdue(it)
    )


def _say(found: Iterable[Waiting], agreements: Iterable[tuple[str, date]], *, only_overdue: bool) -> None:
    lines = [f"{_state(it)}  {it.id}  {it.agreement}@{it.version}: {_use(it)}" for it in found]
    lines += [f"OVERDUE since {day}  {name}: the review of the agreement itself" for name, day in agreements]
    for line in lines:
        print(line)
    if not lines:
        print("No review is overdue." if only_overdue else "No review is open.")


def _state(it: Waiting) -> str:
    return f"{'OVERDUE since' if it.overdue else 'due by'} {it.due_at:%Y-%m-%d %H:%M}"


def _use(it: Waiting) -> str:
    suspended = "; until it is done nothing is provided" if it.overdue and it.suspends else ""
    return f"{it.kind} of {it.rows:,} rows to {it.agency}, to be reviewed by {', '.join(it.reviewers)}{suspended}"


def _document(found: Iterable[Waiting], agreements: Iterable[tuple[str, date]]) -> dict[str, Any]:
    uses = [
        {
            "disclosure": str(it.id),
            "agreement": f"{it.agreement}@{it.version}",
            "at": it.at.isoformat(),
            "due_at": it.due_at.isoformat(),
            "overdue": it.overdue,
            "suspends": it.suspends,
            "reviewers": list(it.reviewers),
            "agency": it.agency,
            "kind": it.kind,
            "rows": it.rows,
        }
        for it in found
    ]
    return {"reviews": uses, "agreements": [{"agreement": it, "review_by": str(day)} for it, day in agreements]}
