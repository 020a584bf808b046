"""``comity people``: what only a person can decide about who is who, and what was decided. About nobody by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import psycopg
from cyclopts import App, Parameter, validators

from comity.cli.failing import NO_INPUT, REFUSED, Failed, Misused
from comity.cli.opening import node, now
from comity.gate.partings import Rested, tell_partings, told_of
from comity.intake import deciding
from comity.intake.deciding import MAX_REASON
from comity.intake.queue import MOST_PAGES, Waiting, queue
from comity.node import Node
from comity.store import Role
from comity.web.access import Desk, desks_of
from comity.web.store import colleague_now

app = App(name="people", help="Who is who: what only a person can decide, and what was decided.")

By = Annotated[str, Parameter(help="The staff id of the data steward who decides.")]
Why = Annotated[str, Parameter(help="What was seen; never who it is.")]
Page = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=MOST_PAGES))]
Answer = Literal["same", "different", "cannot-tell"]

_WHYS: Final = {
    "near": "what speaks for it and against it weighs about the same",
    "twins": "twins, or one person with a slip",
    "names": "only the names speak for it",
    "divided": "two records would link, and the others speak against it",
    "held": "a limit forbids it",
}
_LIMITS: Final = {
    "two numbers": "two different numbers",
    "two birthdays": "two birthdays far apart",
    "two prisons": "in two prisons at once",
    "size": "very many records",
}


@app.command
def reviews(*, page: Page = 1) -> None:
    """List the questions that wait, whoever is due in court or out of custody first, with the ids to decide them by.

    Parameters
    ----------
    page
        Which page of the queue.
    """
    with node() as opened, opened.store.connect(Role.INTAKE) as conn:
        at = now()
        found, proposed = queue(conn, at.date(), at, page), deciding.waiting(conn)
    for it in found.questions:
        print(_line(it))
    for each in proposed:
        print(f"PROPOSED on {each.at:%Y-%m-%d}  {each.proposal}  {each.a} {each.b}: waits for a second person")
    print(
        f"{found.total:,} questions are open, {found.soon:,} about somebody who is due somewhere soon; "
        f"{found.away:,} are put away. Page {found.page:,} of {found.pages:,}."
    )


@app.command
def decide(a: UUID, b: UUID, answer: Answer, *, by: By, reason: Why) -> None:
    """Decide whether two records are of the same human being. It binds every model, until it is undone.

    Parameters
    ----------
    a
        The one record, as ``comity people reviews`` names it.
    b
        The other.
    answer
        Whether they are the same human being.
    """
    with _deciding(by, reason) as opened:
        if answer == "cannot-tell":
            doubt = _act(opened, lambda conn: deciding.doubt(conn, (a, b), now(), by=by, reason=reason))
            print(f"Put away until {doubt.until:%Y-%m-%d}, or until something about either changes.")
            return
        same = answer == "same"
        made = _act(opened, lambda conn: deciding.decide(conn, (a, b), now(), same=same, by=by, reason=reason))
        if isinstance(made, deciding.Proposal):
            print(
                f"Proposed: it takes two people ({', '.join(made.strong)}), and until then nothing moves. "
                f"A colleague confirms it: comity people confirm {made.proposal} --by ... --reason ..."
            )
            return
        print(f"Decided. To undo it: comity people undo {made.judgement} --by ... --reason ...")
        _tell(opened, made.judgement, by)


@app.command
def confirm(proposal: UUID, *, by: By, reason: Why) -> None:
    """Confirm a merge that another steward proposed."""
    with _deciding(by, reason) as opened:
        made = _act(opened, lambda conn: deciding.confirm(conn, proposal, now(), by=by, reason=reason))
        print(f"Decided. To undo it: comity people undo {made.judgement} --by ... --reason ...")
        _tell(opened, made.judgement, by)


@app.command
def refuse(proposal: UUID, *, by: By, reason: Why) -> None:
    """Refuse a merge that another steward proposed."""
    with _deciding(by, reason) as opened:
        _act(opened, lambda conn: deciding.end(conn, proposal, "refused", now(), by=by, reason=reason))
    print("Refused. Nothing had moved.")


@app.command
def withdraw(proposal: UUID, *, by: By, reason: Why) -> None:
    """Withdraw a merge that one proposed oneself."""
    with _deciding(by, reason) as opened:
        _act(opened, lambda conn: deciding.end(conn, proposal, "withdrawn", now(), by=by, reason=reason))
    print("Withdrawn. Nothing had moved.")


@app.command
def undo(decision: UUID, *, by: By, reason: Why) -> None:
    """Undo a decision at once, list what had been disclosed while the link stood, and tell whoever received it.

    Parameters
    ----------
    decision
        The id of the decision, as it was printed when it was made.
    """
    with _deciding(by, reason) as opened:
        _act(opened, lambda conn: deciding.undo(conn, decision, now(), by=by, reason=reason))
        print("Undone: everybody has the person that they had, and the model speaks again.")
        _tell(opened, decision, by)


@contextmanager
def _deciding(by: str, reason: str) -> Iterator[Node]:
    """Open the node for somebody who may decide, for a reason that can be kept."""
    if not reason.strip() or len(reason) > MAX_REASON or not reason.isprintable():
        raise Misused(f"Give a reason, on one line of at most {MAX_REASON} characters: --reason '...'.")
    with node() as opened:
        with opened.store.connect(Role.GOVERNANCE) as conn:
            colleague = colleague_now(conn, by)
        if colleague is None or Desk.STEWARD not in desks_of(colleague):
            print(f"{by} is not admitted as a data steward. Admit them first: comity person admit {by} ...")
            raise Failed(REFUSED)
        yield opened


def _act(opened: Node, act: Callable[[psycopg.Connection[Any]], Any]) -> Any:
    try:
        with opened.store.connect(Role.INTAKE) as conn:
            return act(conn)
    except deciding.NOT_THERE as error:
        print(f"Nothing was changed: {error}.")
        raise Failed(NO_INPUT) from None
    except (*deciding.STANDS_OTHERWISE, deciding.TAKES_ANOTHER) as error:
        print(f"Nothing was changed: {error}.")
        raise Failed(REFUSED) from None


def _tell(opened: Node, decision: UUID, by: str) -> None:
    """Have whoever was shown what came apart told, and print what they had received."""

    async def telling(at: datetime) -> tuple[Rested, ...]:
        async with await psycopg.AsyncConnection.connect(opened.store.conninfo(Role.GATE)) as conn:
            await tell_partings(conn, at)
            return await told_of(conn, decision, at, by=by)

    told = asyncio.run(telling(now()))
    for it in told:
        held = "records of more than one of them" if it.joined else "records of one of them"
        print(
            f"{it.at:%Y-%m-%d %H:%M}  {it.act} under {it.agreement}@{it.version} to {it.agency}, {it.requester}: {held}"
        )
    if told:
        print(f"{len(told):,} disclosures rested on the link; whoever received them has been told.")


def _line(it: Waiting) -> str:
    near = f"{it.near} on {it.on}: " if it.near else ""
    where = " and ".join(it.agencies)
    proposed = "; a merge is proposed" if it.proposed else ""
    why = f"{_WHYS[it.why]}: {_LIMITS[it.held]}" if it.held else _WHYS[it.why]
    return f"{it.pair[0]} {it.pair[1]}  {near}{where}, {it.weight:+.1f} bits, {why}{proposed}"
