"""Who is who, for the data steward: what only a person can decide, two records side by side, and what was decided.

1. Nothing is shown and nothing decided but by a colleague for whom an agreement in force is for this purpose.
2. What sources say is read through the gate, under that agreement: each look at a question is two disclosures, one of
   each person. What it does not release is withheld; how alike the two are in it is not.
3. The queue names nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query
from psycopg import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from comity.gate.partings import lately, tell_partings, told_of
from comity.intake import deciding
from comity.intake.deciding import MAX_REASON, Ending
from comity.intake.queue import SOON, queue
from comity.store import Role
from comity.web import likeness, store
from comity.web.beside import agreed, beside
from comity.web.chart import waterfall
from comity.web.errors import decided_otherwise, no_such_page, takes_another
from comity.web.guards import refuse_forged
from comity.web.language import catalogue, language_of, marked
from comity.web.models import Colleague
from comity.web.pages.oversight import ACTS
from comity.web.render import page
from comity.web.services import Services, services_of
from comity.web.visitors import admit_colleague

router = APIRouter()
Steward = Annotated[Colleague, Depends(admit_colleague)]
Reason = Annotated[str, Form()]

SHOWN_DECISIONS: Final = 20
WHYS: Final = {
    "near": marked("What speaks for it and what speaks against it weigh about the same."),
    "twins": marked("The same family name and birthday, and another first name: twins, or one person with a slip."),
    "names": marked("Only the names speak for it, and how common they are was never learnt here."),
    "divided": marked("Two records would link, and the other records of the two persons speak against it."),
    "held": marked("They would be one person, but for a limit that only a person may pass:"),
}
LIMITS: Final = {
    "two numbers": marked("two different numbers"),
    "two birthdays": marked("two birthdays far apart"),
    "two prisons": marked("in two prisons at once"),
    "size": marked("very many records"),
}
NEARS: Final = {
    "hearing": marked("Hearing"),
    "release": marked("Release"),
    "supervision": marked("End of supervision"),
}
STRONG: Final = {
    "numbers": marked("both bear a number of one kind, and not the same one"),
    "agencies": marked("each is known to two agencies or more"),
    "decided": marked("somebody has decided before that records of one of them belong together"),
    "limit": marked("a source says it of two whose numbers, birthdays or prisons contradict it"),
}
ANSWERS: Final = {
    "same": (
        marked("The same person"),
        marked("The records become those of one person, at once and for every model to come."),
    ),
    "different": (marked("Two people"), marked("They stay two, whatever any model says.")),
    "cannot-tell": (
        marked("I cannot tell"),
        marked("The question is put away for three months, or until something about either changes."),
    ),
}  # fmt: skip
CAUSES: Final = {
    "model": marked("Everybody was linked anew."),
    "source": marked("A source has corrected, withdrawn or added something."),
}
ENDINGS: Final = frozenset({"confirm", "refuse", "withdraw"})


@router.get("/who-is-who", name="questions", response_class=HTMLResponse)
async def questions(
    request: Request, colleague: Steward, page_number: Annotated[int, Query(alias="page", ge=1)] = 1
) -> Response:
    """Show what waits for a person, whoever is due somewhere first; what waits for a second; and what was decided."""
    services, agreement = services_of(request), await agreed(request, colleague)
    now = services.now()
    if agreement is None:
        return await page(request, "questions.html", active="questions", agreement=None)

    def read(conn: Connection) -> tuple[Any, ...]:
        found = queue(conn, now.date(), now, page_number)
        return found, deciding.waiting(conn), deciding.decided_last(conn, SHOWN_DECISIONS)

    found, waiting, decided = await services.reading(Role.INTAKE, read)
    async with services.as_role(Role.GATE) as conn:
        apart = await lately(conn, SHOWN_DECISIONS)
    return await page(
        request,
        "questions.html",
        active="questions",
        agreement=agreement,
        found=found,
        waiting=waiting,
        decided=decided,
        apart=apart,
        causes=CAUSES,
        names=await names_of(services),
        weeks=SOON.days // 7,
        whys=WHYS,
        limits=LIMITS,
        nears=NEARS,
        me=colleague.id,
    )


@router.get("/who-is-who/decisions/{decision}", name="decision", response_class=HTMLResponse)
async def decision(request: Request, decision: UUID, colleague: Steward) -> Response:
    """Show what was decided, by whom and why; if it was undone, what had been disclosed meanwhile and who was told."""
    return await _decision(request, colleague, decision)


@router.post("/who-is-who/decisions/{decision}", name="decision")
async def undo(request: Request, decision: UUID, colleague: Steward, reason: Reason = "") -> Response:
    """Undo a decision: one is enough, and it takes effect at once. Whoever was shown the link meanwhile is told."""
    await refuse_forged(request)
    services = services_of(request)
    if await agreed(request, colleague) is None:
        raise no_such_page()
    faults = faults_in(reason)
    if faults:
        return await _decision(request, colleague, decision, 400, faults=faults, reason=reason)
    await _decide(
        services, lambda conn: deciding.undo(conn, decision, services.now(), by=colleague.id, reason=plain(reason))
    )
    return RedirectResponse(f"/who-is-who/decisions/{decision}", status_code=303)


@router.get("/who-is-who/partings/{parting}", name="parting", response_class=HTMLResponse)
async def came_apart(request: Request, parting: UUID, colleague: Steward) -> Response:
    """Show what came apart without a decision, what had been disclosed while it was one, and who was told."""
    services = services_of(request)
    if await agreed(request, colleague) is None:
        raise no_such_page()
    found = await services.reading(Role.INTAKE, lambda conn: deciding.came_apart(conn, parting))
    async with services.as_role(Role.GATE) as conn:
        told = await told_of(conn, parting, services.now(), by=colleague.id)
    if not (found or told):
        raise no_such_page()
    return await page(
        request,
        "parting.html",
        active="questions",
        parting=found,
        told=told,
        names=await names_of(services),
        acts=ACTS,
        causes=CAUSES,
    )


@router.post("/who-is-who/proposals/{proposal}", name="proposal")
async def end(
    request: Request,
    proposal: UUID,
    colleague: Steward,
    act: Annotated[str, Form(max_length=20)] = "",
    reason: Reason = "",
) -> Response:
    """Confirm or refuse what another proposed, or withdraw one's own."""
    await refuse_forged(request)
    services = services_of(request)
    if await agreed(request, colleague) is None or act not in ENDINGS:
        raise no_such_page()
    standing = await services.reading(Role.INTAKE, deciding.waiting)
    proposed = next((it for it in standing if it.proposal == proposal), None)
    if proposed is None:
        raise no_such_page()
    faults = faults_in(reason)
    if faults:
        return await _question(request, colleague, (proposed.a, proposed.b), 400, faults=faults, reason=reason)
    now, by, why = services.now(), colleague.id, plain(reason)
    if act == "confirm":
        made = await _decide(services, lambda conn: deciding.confirm(conn, proposal, now, by=by, reason=why))
        return RedirectResponse(f"/who-is-who/decisions/{made.judgement}", status_code=303)
    outcome: Ending = "refused" if act == "refuse" else "withdrawn"
    await _decide(services, lambda conn: deciding.end(conn, proposal, outcome, now, by=by, reason=why))
    return RedirectResponse(f"/who-is-who/{proposed.a}/{proposed.b}", status_code=303)


@router.get("/who-is-who/{a}/{b}", name="question", response_class=HTMLResponse)
async def question(request: Request, a: UUID, b: UUID, colleague: Steward) -> Response:
    """Show two records side by side, how alike they are, and what an answer would do."""
    return await _question(request, colleague, (a, b))


@router.post("/who-is-who/{a}/{b}", name="question")
async def answer(
    request: Request,
    a: UUID,
    b: UUID,
    colleague: Steward,
    said: Annotated[str, Form(alias="answer", max_length=20)] = "",
    reason: Reason = "",
) -> Response:
    """Keep what was answered, or say what is still missing."""
    await refuse_forged(request)
    services = services_of(request)
    if await agreed(request, colleague) is None:
        raise no_such_page()
    faults = {**({} if said in ANSWERS else {"answer": marked("Choose an answer")}), **faults_in(reason)}
    if faults:
        return await _question(request, colleague, (a, b), 400, faults=faults, reason=reason, answer=said)
    now, by, why = services.now(), colleague.id, plain(reason)
    if said == "cannot-tell":
        await _decide(services, lambda conn: deciding.doubt(conn, (a, b), now, by=by, reason=why))
        return RedirectResponse("/who-is-who", status_code=303)
    same = said == "same"
    made = await _decide(services, lambda conn: deciding.decide(conn, (a, b), now, same=same, by=by, reason=why))
    if isinstance(made, deciding.Proposal):
        return RedirectResponse(f"/who-is-who/{a}/{b}", status_code=303)
    return RedirectResponse(f"/who-is-who/decisions/{made.judgement}", status_code=303)


# ----------------------------------------------------------------------------------------------------------------------


async def _decide(services: Services, act: Callable[[Connection], Any]) -> Any:
    """Carry a decision out, and have whoever was shown what it parts told at once."""
    try:
        made = await services.reading(Role.INTAKE, act)
    except deciding.NOT_THERE:
        raise no_such_page() from None
    except deciding.STANDS_OTHERWISE:
        raise decided_otherwise() from None
    except deciding.TAKES_ANOTHER:
        raise takes_another() from None
    async with services.as_role(Role.GATE) as conn:
        await tell_partings(conn, services.now())
    return made


async def _decision(
    request: Request,
    colleague: Colleague,
    decision: UUID,
    status: int = 200,
    *,
    faults: Mapping[str, str] | None = None,
    reason: str = "",
) -> Response:
    services = services_of(request)
    if await agreed(request, colleague) is None:
        raise no_such_page()
    try:
        made, partings = await services.reading(Role.INTAKE, lambda conn: deciding.decision(conn, decision))
    except deciding.NOT_THERE:
        raise no_such_page() from None
    async with services.as_role(Role.GATE) as conn:
        told = await told_of(conn, decision, services.now(), by=colleague.id) if partings else ()
    return await page(
        request,
        "decision.html",
        status,
        active="questions",
        made=made,
        partings=partings,
        told=told,
        names=await names_of(services),
        acts=ACTS,
        faults=faults or {},
        reason=reason,
        most=MAX_REASON,
    )


async def _question(
    request: Request,
    colleague: Colleague,
    pair: tuple[UUID, UUID],
    status: int = 200,
    *,
    faults: Mapping[str, str] | None = None,
    reason: str = "",
    answer: str = "",
) -> Response:
    services, agreement = services_of(request), await agreed(request, colleague)
    if agreement is None:
        raise no_such_page()
    try:
        found = await beside(request, colleague, agreement, pair)
    except deciding.NOT_THERE:
        raise no_such_page() from None
    side, show, say = found.side, found.show, catalogue(language_of(request)).gettext
    weighed = likeness.lines(side.weight, show, say)
    total = likeness.odds(side.weight.total, show, say)
    title, bar = say(marked("What speaks for one person, and what against")), say(marked("Together"))
    return await page(
        request,
        "question.html",
        status,
        active="questions",
        agreement=agreement,
        side=side,
        beside=found,
        rows=found.rows,
        lines=weighed,
        odds=total,
        chart=waterfall(likeness.steps(weighed), bar, title, total),
        names=await names_of(services),
        whys=WHYS,
        limits=LIMITS,
        strong=STRONG,
        answers=ANSWERS,
        faults=faults or {},
        reason=reason,
        answer=answer,
        most=MAX_REASON,
        me=colleague.id,
    )


async def names_of(services: Services) -> dict[str, str]:
    """Return what stewards are called, by their id. A source that decided itself is not among them."""
    async with services.as_role(Role.GOVERNANCE) as conn:
        agencies = await store.agency_labels(conn)
        return {person: name for agency in agencies for person, name in (await store.names_of(conn, agency)).items()}


def plain(text: str) -> str:
    """Return a reason as it is kept."""
    return text.replace("\r\n", "\n").strip()


def faults_in(reason: str) -> dict[str, str]:
    """Return what is wrong with a reason: nothing, if it can be kept."""
    text = plain(reason)
    if not text:
        return {"reason": marked("Say why")}
    if len(text) > MAX_REASON or not all(line.isprintable() for line in text.replace("\t", " ").split("\n")):
        return {"reason": marked("This is too long, or holds characters that cannot be kept")}
    return {}
