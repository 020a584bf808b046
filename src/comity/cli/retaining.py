"""``comity retention``: how long is kept, what comes due, erasing it, receipts of recipients. Nobody by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any

import psycopg
from cyclopts import App, Parameter, validators

from comity.cli.failing import REFUSED, Failed, Misused
from comity.cli.opening import node, now
from comity.gate.gone import receipts_owed, tell_gone
from comity.gate.keys import load_or_create
from comity.intake.disposing import Decision, Key, adopt
from comity.node import Node
from comity.oversight import forecast, review, run
from comity.oversight.models import ComesDue
from comity.store import Role
from comity.store.scrub import scrub
from comity.web.access import Desk, desks_of
from comity.web.store import colleague_now

app = App(name="retention", help="How long is kept, what comes due, erasing it, and the receipts of recipients.")

By = Annotated[str, Parameter(help="The staff id of the data steward or data protection officer who decides.")]
Why = Annotated[str, Parameter(help="Why; never who it is about.")]
Days = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=36_500))]


@app.command(name="adopt")
def adopt_(agency: str, jurisdiction: str, kind: str, *, by: By, reason: Why, verbatim: Days = 90) -> None:
    """Let an agency's records be kept by the schedules of its jurisdiction. Until then nothing of it is ever due.

    Parameters
    ----------
    agency
        The agency whose records they are.
    jurisdiction
        Whose law it stands under: uk, nl, us.
    kind
        What kind of agency it is, in the vocabulary's words: police, court, prison.
    verbatim
        For how many days a message is kept word for word.
    """
    with node() as opened:
        words = opened.vocabulary
        if jurisdiction not in words.jurisdictions or kind not in words.agency_kinds or verbatim == 0:
            raise Misused(
                f"Jurisdictions are {', '.join(words.jurisdictions)}; kinds of agency {', '.join(words.agency_kinds)}. "
                "A message is kept for a day at least."
            )
        admitted(opened, by, agency)
        decision = Decision(by, reason, now())
        entry = intake_acts(
            opened,
            lambda conn: adopt(conn, agency, decision, jurisdiction=jurisdiction, kind=kind, verbatim_days=verbatim),
        )
    print(f"Adopted (ledger entry {entry}). See what comes due before the worker's next run: comity retention due")


@app.command
def due(*, days: Days = 90, agency: str | None = None, ids: bool = False) -> None:
    """Tell what comes due, by agency and rule, what is due already included. It erases nothing.

    Parameters
    ----------
    days
        How far ahead to look.
    agency
        Of one agency alone.
    ids
        Also list the ids of statements, for the agency's steward.
    """
    with node() as opened, opened.store.connect(Role.INTAKE, autocommit=True) as conn:
        found = forecast(conn, opened.vocabulary, now().date(), ahead=timedelta(days=days), agency=agency)
    for it in found:
        print(_line(it))
        for each in it.ids if ids else ():
            print(f"    {each}")
    if not found:
        print("Nothing comes due. (Nothing ever does of an agency that has adopted no schedules.)")


@app.command(name="run")
def run_(*, dry_run: bool = False) -> None:
    """Erase and restrict what is due, now rather than with the worker's next run, and tell whoever received it.

    Parameters
    ----------
    dry_run
        Tell what it would do, and do nothing.
    """
    if dry_run:
        due(days=0)
        return
    with node() as opened:
        with opened.store.connect(Role.INTAKE, autocommit=True) as conn:
            ran = run(conn, opened.vocabulary, load_or_create(opened.keyring), now())
        with opened.store.connect(Role.GATE, autocommit=True) as gate:
            told = tell_gone(gate, now())
    print(
        f"{ran.examined:,} statements examined: {ran.deleted:,} erased, {ran.restricted:,} restricted, "
        f"{ran.reviews:,} wait for a review, {ran.held:,} are on hold. Recipients were told of {told:,} changes."
    )
    for entry in ran.entries:
        print(f"    ledger entry {entry}")


@app.command
def decide(
    agency: str, source: str, key: str, *, by: By, reason: Why, keep_until: date | None = None, erase: bool = False
) -> None:
    """Decide about something that came up for review: keep it until a day, or erase it.

    Parameters
    ----------
    agency
        Whose it is.
    source
        Which of its sources said it.
    key
        Under which key of that source.
    keep_until
        The day on which it is looked at again.
    erase
        It is not needed any more.
    """
    if erase == (keep_until is not None):
        raise Misused("Say one of the two: --keep-until YYYY-MM-DD, or --erase.")
    with node() as opened:
        admitted(opened, by, agency)
        with opened.store.connect(Role.INTAKE, autocommit=True) as conn:
            keyring, decision = load_or_create(opened.keyring), Decision(by, reason, now())
            entry = review(conn, opened.vocabulary, keyring, Key(agency, source, key), decision, keep_until)
    print(f"{'Erased' if erase else f'Kept until {keep_until}'} (ledger entry {entry}).")


@app.command
def receipts() -> None:
    """List the receipts that recipients owe, the longest overdue first, and exit with 1 if any is overdue."""
    with node() as opened, opened.store.connect(Role.GATE, autocommit=True) as conn:
        tell_gone(conn, now())
        owed = receipts_owed(conn)
    today = now().date()
    for it in owed:
        late = it.overdue(today)
        state = f"OVERDUE by {late:,} days" if late else f"due on {it.due_on}"
        print(f"{state}  {it.told}  {it.agency}, of something {it.kind}, received under {it.agreement}@{it.version}")
    if not owed:
        print("No receipt is owed.")
    if any(it.overdue(today) for it in owed):
        raise Failed


@app.command(name="scrub")
def scrub_() -> None:
    """Rewrite the database's files, so that nothing erased can be read from the disk. Tables are locked one by one."""
    with node() as opened:
        done = scrub(opened.store)
    print(
        f"{done.tables} tables rewritten and {done.segments} old segments of the log removed in {done.seconds:.0f} s. "
        "Backups made before still hold what was erased, sealed parts apart: let them expire."
    )


def admitted(opened: Node, by: str, agency: str) -> None:
    """Refuse whoever is not a data steward, or an overseer, of that agency."""
    with opened.store.connect(Role.GOVERNANCE) as conn:
        colleague = colleague_now(conn, by)
    desks = desks_of(colleague) if colleague else frozenset()
    if colleague is None or colleague.agency != agency or desks.isdisjoint({Desk.STEWARD, Desk.OVERSEER}):
        print(f"{by} is not admitted as a data steward or overseer of {agency}: comity person admit {by} ...")
        raise Failed(REFUSED)


def intake_acts(opened: Node, act: Callable[[psycopg.Connection[Any]], Any]) -> Any:
    """Return what an act of intake's comes to, in one transaction."""
    with opened.store.connect(Role.INTAKE) as conn:
        return act(conn)


def _line(it: ComesDue) -> str:
    records = ", ".join(f"{number:,} {name}" for name, number in it.records)
    held = f"; {it.held:,} on hold" if it.held else ""
    return f"{it.first}  {it.agency}  {it.then}: {it.statements:,} statements by {it.rule} ({records}){held}"
