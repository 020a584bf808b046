"""``comity hold``: what must not be erased, whoever asks. By ids and source keys, nobody by name."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from cyclopts import App

from comity.cli.opening import node, now
from comity.cli.retaining import By, Why, admitted, intake_acts
from comity.intake.legal_holds import LegalHold, Upon, holds, lift_hold, set_hold
from comity.store import Role

app = App(name="hold", help="Legal holds: what must not be erased, whoever asks, until somebody lifts it.")


@app.command(name="set")
def set_(  # noqa: PLR0913  (one for each thing that a hold may be upon)
    agency: str,
    *,
    by: By,
    reason: Why,
    review_by: date,
    person: UUID | None = None,
    case: UUID | None = None,
    source: str | None = None,
    key: str | None = None,
) -> None:
    """Keep a person, a case, or what stands under a source's key, from being erased. It beats retention and requests.

    Parameters
    ----------
    agency
        Whose hold it is.
    review_by
        The day on which it is looked at again.
    person
        The id of a person, or of one record of theirs.
    case
        The id of a case's record: the same case in each agency's books is held.
    source
        The source that said it, with its key.
    key
        The source's own key.
    """
    upon = Upon(person, case, source, key)
    with node() as opened:
        admitted(opened, by, agency)
        made = intake_acts(
            opened,
            lambda conn: set_hold(conn, upon, agency=agency, by=by, reason=reason, review_by=review_by, now=now()),
        )
    print(f"Held: {made}. To lift it: comity hold lift {agency} {made} --by ... --reason ...")


@app.command
def lift(agency: str, hold: UUID, *, by: By, reason: Why) -> None:
    """Lift a hold. What was due meanwhile goes with the next run; a steward tries a request that waits again."""
    with node() as opened:
        admitted(opened, by, agency)
        intake_acts(opened, lambda conn: lift_hold(conn, hold, agency=agency, by=by, reason=reason, now=now()))
    print("Lifted.")


@app.command(name="list")
def list_(*, lifted: bool = False) -> None:
    """List the holds, the one to be looked at first first.

    Parameters
    ----------
    lifted
        Also those that were lifted.
    """
    with node() as opened, opened.store.connect(Role.INTAKE) as conn:
        found = holds(conn, standing=not lifted)
    for it in found:
        print(_line(it, now().date()))
    if not found:
        print("Nothing is on hold.")


def _line(it: LegalHold, today: date) -> str:
    state = "lifted" if it.lifted_at else "REVIEW" if it.review_by <= today else "stands"
    since = f"since {it.set_at:%Y-%m-%d}, review by {it.review_by}"
    return f"{state}  {it.hold}  {it.agency}: a {it.scope}, {since}: {it.reason}"
