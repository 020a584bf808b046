"""This node as a witness of others' ledgers, for programs: C2SP tlog-witness, with the prefix ``/witness``.

Whoever knows the address may submit: the signature on the checkpoint says for which ledger, and only those in the file
``witness.policy`` of the node are cosigned. The checks and their order are in :mod:`comity.ledger.cosigning`.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends
from psycopg import Connection
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from comity.ledger.cosigning import add_checkpoint, origin_hash
from comity.ledger.errors import SubmissionRefusedError
from comity.ledger.store import peers
from comity.ledger.submission import MAX_BODY
from comity.store import Role
from comity.web.pages.tiling import NOT_KEPT, not_there
from comity.web.services import services_of
from comity.web.visitors import admit_anybody

router = APIRouter(dependencies=[Depends(admit_anybody)])


@router.post("/witness/add-checkpoint", name="witness-add-checkpoint")
async def submit(request: Request) -> Response:
    """Cosign a checkpoint that is consistent with what was cosigned before (*add-checkpoint*)."""
    services, body = services_of(request), b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            return PlainTextResponse("This is too large.\n", 400)

    def cosign(conn: Connection) -> str:
        return add_checkpoint(conn, services.node.witnessed_logs(), services.node.cosigners(), body, services.clock())

    try:
        return PlainTextResponse(await services.reading(Role.GATE, cosign), headers=NOT_KEPT)
    except SubmissionRefusedError as refused:
        if refused.size is not None:
            return Response(f"{refused.size}\n", refused.status, {"content-type": "text/x.tlog.size"})
        return PlainTextResponse(f"{refused}\n", refused.status)


@router.get("/witness/{origin}/checkpoint", name="witness-checkpoint")
async def cosigned(request: Request, origin: str) -> Response:
    """Return what was cosigned last for the log whose origin has this SHA-256 (*monitor retrieval mechanism*)."""
    found = await services_of(request).reading(Role.GATE, peers)
    newest = next((it for name, it in found.items() if origin_hash(name) == origin), None)
    return PlainTextResponse(newest.note, headers=NOT_KEPT) if newest else not_there()
