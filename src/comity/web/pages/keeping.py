"""For whoever keeps or oversees records: what comes due, what is on hold, what was erased, who owes receipts.

Numbers and rules; ids of statements for the agency's own steward alone; nobody by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from psycopg import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from comity.gate.gone import receipts_owed, told_to
from comity.intake.disposing import Keeping, keeping
from comity.intake.legal_holds import HoldError, LegalHold, Upon, holds, lift_hold, set_hold
from comity.intake.store import KEEPING
from comity.oversight.models import ComesDue
from comity.oversight.retention import forecast_kept
from comity.store import Role
from comity.vocabulary.models import Label
from comity.web.access import Desk, desks_of
from comity.web.errors import no_such_page, unusable
from comity.web.guards import refuse_forged
from comity.web.language import marked
from comity.web.models import Colleague
from comity.web.pages.news import DONE, KINDS
from comity.web.pages.oversight import ACTS
from comity.web.render import page
from comity.web.services import services_of
from comity.web.visitors import admit_colleague

router = APIRouter()
Keeper = Annotated[Colleague, Depends(admit_colleague)]

THEN = {"delete": marked("erased"), "review": marked("reviewed by a person"), "restrict": marked("shown to nobody")}
SCOPES = {"person": marked("A person"), "case": marked("A case"), "key": marked("One record of a source")}
SHOWN_RUNS = 10
_NOT_HELD = Label(
    "This cannot be held: name a person, a case, or a source and its key that are here, a reason and a day to come",
    "Dit kan niet: noem een persoon, een zaak, of een bron met sleutel die hier staan, een reden en een latere dag",
)


@dataclass(frozen=True, slots=True)
class Run:
    """A run over what is kept: when, and how many statements came to what."""

    started_at: datetime
    finished_at: datetime | None
    examined: int
    deleted: int
    restricted: int
    reviews: int
    held: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What is shown of an agency."""

    law: Keeping | None
    due: tuple[ComesDue, ...]
    holds: tuple[LegalHold, ...]
    runs: tuple[Run, ...]


@router.get("/retention", name="retention", response_class=HTMLResponse)
async def overview(request: Request, colleague: Keeper) -> Response:
    """Show what of the own agency comes due in ninety days, what is on hold, the last runs, and receipts."""
    services = services_of(request)
    today = services.now().date()

    def read(conn: Connection[Any]) -> Kept:
        of = colleague.agency
        law = keeping(conn).get(of)
        upheld = tuple(it for it in holds(conn) if it.agency == of)
        runs = tuple(Run(*row[1:]) for row in conn.execute(KEEPING.runs, {"limit": SHOWN_RUNS}))
        return Kept(law, forecast_kept(conn, of), upheld, runs)

    kept = await services.reading(Role.INTAKE, read)
    owing = await services.reading(Role.GATE, lambda conn: told_to(conn, colleague.requester, everybody=True))
    owed = await services.reading(Role.GATE, receipts_owed)
    return await page(
        request,
        "keeping.html",
        active="retention",
        agency=colleague.agency,
        kept=kept,
        schedules=services.node.vocabulary.schedules,
        is_steward=Desk.STEWARD in desks_of(colleague),
        owing=owing,
        owed=[(it, it.overdue(today)) for it in owed if it.agency != colleague.agency],
        today=today,
        acts=ACTS,
        kinds=KINDS,
        did=DONE,
        then=THEN,
        scopes=SCOPES,
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """A hold as the form asks for it; what it may say is checked where it is set."""

    scope: Annotated[str, Form(max_length=10)] = ""
    identity: Annotated[str, Form(max_length=64)] = ""
    source: Annotated[str, Form(max_length=64)] = ""
    key: Annotated[str, Form(max_length=500)] = ""
    reason: Annotated[str, Form(max_length=500)] = ""
    review_by: Annotated[str, Form(max_length=10)] = ""

    def upon(self) -> Upon:
        """Return what it is upon; ValueError if an id is none."""
        if self.scope == "person":
            return Upon(person=UUID(self.identity.strip()))
        if self.scope == "case":
            return Upon(case=UUID(self.identity.strip()))
        return Upon(source=self.source.strip() or None, source_key=self.key.strip() or None)


@router.post("/retention/holds", name="hold-set")
async def hold(request: Request, colleague: Keeper, wanted: Annotated[Wanted, Depends()]) -> Response:
    """Keep something of the own agency's from being erased."""
    await refuse_forged(request)
    services = services_of(request)
    try:
        day, upon = date.fromisoformat(wanted.review_by), wanted.upon()

        def act(conn: Connection[Any]) -> None:
            who = {"agency": colleague.agency, "by": colleague.id, "reason": wanted.reason}
            set_hold(conn, upon, **who, review_by=day, now=services.now())

        await services.reading(Role.INTAKE, act)
    except ValueError:  # HoldError is one
        raise unusable(_NOT_HELD) from None
    return RedirectResponse("/retention#holds", status_code=303)


@router.post("/retention/holds/{hold}/lift", name="hold-lift")
async def lift(
    request: Request, hold: UUID, colleague: Keeper, reason: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    """Lift a hold of the own agency; another's looks like none."""
    await refuse_forged(request)
    services = services_of(request)
    if not reason.strip():
        raise unusable(Label("Say why the hold is lifted", "Zeg waarom de bewaarplicht wordt opgeheven"))

    def act(conn: Connection[Any]) -> None:
        now = services.now()
        lift_hold(conn, hold, agency=colleague.agency, by=colleague.id, reason=reason, now=now)

    try:
        await services.reading(Role.INTAKE, act)
    except HoldError:
        raise no_such_page() from None
    return RedirectResponse("/retention#holds", status_code=303)
