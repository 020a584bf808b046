"""The ledger, for an auditor and for anybody: looked through, with proofs that the browser checks itself."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from markupsafe import Markup
from psycopg import Connection
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from comity import ledger
from comity.ledger.errors import EntryNotFoundError
from comity.ledger.models import Logged
from comity.ledger.note import Verifier
from comity.ledger.proof import Proof
from comity.store import Role
from comity.vocabulary.models import Label, Vocabulary
from comity.web import store
from comity.web.chart import Bar, chart
from comity.web.explorer import HEADS_ON_A_PAGE, MOST_COUNTED, Searched, Sought, heads, search, signatures
from comity.web.guards import HEADERS
from comity.web.language import language_of, marked
from comity.web.models import Visitor
from comity.web.pages.oversight import ACTS
from comity.web.render import page, translate
from comity.web.services import Services, services_of
from comity.web.typed import midnight
from comity.web.visitors import admit

router = APIRouter()
Anybody = Annotated[Visitor, Depends(admit)]
_Term = Annotated[str, Field(max_length=64)]
_Number = Annotated[int | None, Field(ge=0, lt=2**63)]
CHECKING: Final = {
    "content-security-policy": f"{HEADERS['content-security-policy']}; script-src 'self'; connect-src 'self'"
}
"""Sent with the one page that runs a script: ours, from its own file, which fetches from here alone."""


class Asked(BaseModel):
    """What is looked for, as the address says: terms, public names, days, and the number that lines stand before."""

    agency: _Term = ""
    purpose: _Term = ""
    agreement: _Term = ""
    kind: _Term = ""
    act: _Term = ""
    since: Annotated[str, Field(alias="from", max_length=10)] = ""
    until: Annotated[str, Field(max_length=10)] = ""
    before: _Number = None


@router.get("/ledger", name="ledger", response_class=HTMLResponse)
async def explore(request: Request, _: Anybody, asked: Annotated[Asked, Query()]) -> Response:
    """Show the lines that are looked for, how many there are, and the head that stands for them all."""
    services = services_of(request)
    async with services.as_role(Role.GOVERNANCE) as conn:
        found = await search(conn, _sought(asked, services.zone), asked.before)
        choices = await _choices(conn, services.node.vocabulary)
    newest = await services.reading(Role.GATE, ledger.head)
    filled = asked.model_dump(by_alias=True, exclude={"before"}, exclude_defaults=True)
    return await page(
        request,
        "ledger.html",
        active="ledger",
        head=newest,
        vkey=_key(services).vkey if newest else "",
        entries=[(it.number, it.entry()) for it in found.lines],
        found=found,
        filled=filled,
        choices=choices,
        acts=ACTS,
        most=MOST_COUNTED,
        chart=_chart(found, services.node.vocabulary, language_of(request)),
        earlier=urlencode({**filled, "before": found.earlier}) if found.earlier is not None else "",
        latest=urlencode(filled) if asked.before is not None else None,
        behind=max(0, newest.checkpoint.size - found.indexed) if newest else 0,
    )


@router.get("/ledger/checkpoints", name="ledger-heads", response_class=HTMLResponse)
async def signed_heads(request: Request, _: Anybody, before: _Number = None) -> Response:
    """Show the ledger's signed heads, and who signed each: the ledger itself, and its witnesses."""
    services = services_of(request)
    newest = await services.reading(Role.GATE, ledger.head)
    found: Sequence[Any] = ()
    if newest is not None:
        async with services.as_role(Role.GOVERNANCE) as conn:
            found = await heads(conn, _key(services), before)
    earlier = found[HEADS_ON_A_PAGE - 1].size if len(found) > HEADS_ON_A_PAGE else None
    return await page(
        request, "ledger-heads.html", active="ledger", heads=found[:HEADS_ON_A_PAGE], earlier=earlier, before=before
    )


@router.get("/ledger/{entry}", name="ledger-entry", response_class=HTMLResponse)
async def entry_page(request: Request, entry: UUID, _: Anybody) -> Response:
    """Show one line, with its proof, which the page's script checks in the browser."""
    services = services_of(request)
    proof = await proof_of(services, entry)
    if proof is None:
        return await page(request, "ledger-waiting.html", 404, active="ledger", entry_id=entry)
    key = _key(services, proof.note)
    shown = await page(
        request,
        "ledger-entry.html",
        active="ledger",
        proof=proof,
        entry=Logged(proof.number, proof.entry).entry(),
        encoded=base64.b64encode(proof.entry).decode(),
        vkey=key.vkey,
        signed=signatures(proof.note, key),
        earlier=key.name if key.name != services.node.origin else "",
        acts=ACTS,
    )
    shown.headers.update(CHECKING)
    return shown


async def proof_of(services: Services, entry: UUID) -> Proof | None:
    """Return the proof that a line stands in the ledger; none, if it does not, or not yet."""

    def read(conn: Connection) -> Proof | None:
        try:
            return ledger.prove(conn, entry)
        except EntryNotFoundError:
            return None

    return await services.reading(Role.GATE, read)


def _key(services: Services, note: str = "") -> Verifier:
    """Return the ledger's public key; whoever signs has made it by the time that there is a head.

    With a ``note`` that of the ledger which signed it: the one in use, or an earlier one of this node's.
    """
    return services.node.ledger_called(note.partition("\n")[0]).signer().verifier


async def _choices(conn: Any, vocabulary: Vocabulary) -> Mapping[str, Mapping[str, Label]]:
    """Return what there is to choose from, by its name: terms and public names alone."""
    titles = await store.agreement_titles(conn)
    return {
        "agency": await store.agency_labels(conn),
        "purpose": {name: it.label for name, it in vocabulary.purposes.items()},
        "agreement": {name: label for name, label in titles.items() if "@" not in name},
        "kind": {name: it.label for name, it in vocabulary.operations.items()},
    }


def _sought(asked: Asked, zone: str) -> Sought:
    return Sought(
        kind=asked.kind or None,
        act=asked.act or None,
        agency=asked.agency or None,
        purpose=asked.purpose or None,
        agreement=asked.agreement or None,
        since=midnight(asked.since, zone),
        until=midnight(asked.until, zone, after=1),
    )


def _chart(found: Searched, vocabulary: Vocabulary, language: str) -> Markup:
    """Return the counts as a picture; the table below it has them all."""
    bars = []
    for kind, number in found.counts:
        term = vocabulary.operations.get(kind)
        bars.append(Bar(term.label.in_language(language) if term else kind, number, number, number))
    title, about = (
        marked("Lines by operation"),
        marked("How many lines there are of each operation. The table has the numbers."),
    )
    return chart(bars, translate(language, title), translate(language, about))
