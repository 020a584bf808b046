"""The ledger as static files, for programs: C2SP tlog-tiles (https://c2sp.org/tlog-tiles) below ``/ledger``.

1. The checkpoint changes, so nothing keeps it. A tile or a bundle never does, so anything may keep it for ever.
2. Only what the newest checkpoint covers is served; of that, any part of a tile, and so those of every published size.
3. Anybody may read it, and needs no session. What is not there is answered plainly: a program asked.
4. A ledger has one address for ever, or what caches keep would be another's: the first that a node had is below
   ``/ledger``, and one that a renewal began is below ``/ledger/2`` and so on. Those that ended are served as they
   ended.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from typing import Final, TypeVar

from fastapi import APIRouter, Depends
from psycopg import Connection
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from comity import ledger
from comity.ledger.models import Head
from comity.ledger.store import bundle, earlier, head_with_cosignatures, tile_reader, witnessed
from comity.ledger.tiles import encode_bundle, place_at
from comity.store import Role
from comity.web.services import services_of
from comity.web.visitors import admit_anybody

Read = TypeVar("Read")
router = APIRouter(dependencies=[Depends(admit_anybody)])

FOR_EVER: Final = {"cache-control": "public, max-age=31536000, immutable"}
"""A year is what HTTP understands by ever (RFC 9111, section 5.2.2.1; RFC 8246)."""
NOT_KEPT: Final = {"cache-control": "no-store"}
_NUMBER: Final = re.compile("[1-9][0-9]{0,3}").fullmatch
GZIP_LEVEL: Final = 6  # of a bundle's hexadecimal digits, a higher one saves nothing more


@router.get("/ledger/checkpoint", name="ledger-checkpoint")
@router.get("/ledger/{number}/checkpoint", name="ledger-renewed-checkpoint")
async def checkpoint(request: Request) -> Response:
    """Return the newest signed checkpoint (C2SP tlog-checkpoint), with the cosignatures that it has so far."""
    return await _note(request, head_with_cosignatures)


@router.get("/ledger/witnessed", name="ledger-witnessed")
@router.get("/ledger/{number}/witnessed", name="ledger-renewed-witnessed")
async def witnessed_checkpoint(request: Request) -> Response:
    """Return the newest checkpoint that a quorum of witnesses cosigned, with their cosignatures."""
    return await _note(request, witnessed)


@router.get("/ledger/tile/{path:path}", name="ledger-tile")
@router.get("/ledger/{number}/tile/{path:path}", name="ledger-renewed-tile")
async def tile(request: Request, path: str) -> Response:
    """Return a tile of hashes or a bundle of entries, whole or the part that there is of it."""
    found = place_at(f"tile/{path}")
    if found is None:
        return not_there()
    place, is_bundle = found

    def read(conn: Connection, number: int | None) -> bytes | None:
        newest = ledger.head(conn, number)
        if newest is None or not place.is_in(newest.checkpoint.size):
            return None
        if is_bundle:
            return encode_bundle(bundle(conn, place.index, place.width, number))
        return tile_reader(conn, number)(place.level, place.index, place.width)

    content = await _reading(request, read)
    if content is None:
        return not_there()
    if is_bundle:
        return _bundle(request, content)
    return Response(content, media_type="application/octet-stream", headers=FOR_EVER)


async def _reading(request: Request, read: Callable[[Connection, int | None], Read | None]) -> Read | None:
    """Return what is read of the ledger that the address names; none, if there is none of that number."""
    named = str(request.path_params.get("number", "1"))
    number = int(named) if _NUMBER(named) else 0

    def look(conn: Connection) -> Read | None:
        if number == services.node.ledger_number:
            return read(conn, None)
        return read(conn, number) if number in earlier(conn) else None

    services = services_of(request)
    return await services.reading(Role.GATE, look)


async def _note(request: Request, read: Callable[[Connection, int | None], Head | None]) -> Response:
    newest = await _reading(request, read)
    return PlainTextResponse(newest.note, headers=NOT_KEPT) if newest else not_there()


def not_there() -> Response:
    """Return the answer to a program that asked for what is not there (yet)."""
    return PlainTextResponse("Not found.\n", 404, headers=NOT_KEPT)


def _bundle(request: Request, content: bytes) -> Response:
    """Return a bundle, compressed for who takes it so (tlog-tiles, *log entries*)."""
    headers = {**FOR_EVER, "vary": "accept-encoding"}
    offered = {it.split(";")[0].strip() for it in request.headers.get("accept-encoding", "").split(",")}
    if "gzip" in offered:
        headers["content-encoding"] = "gzip"
        content = gzip.compress(content, GZIP_LEVEL, mtime=0)
    return Response(content, media_type="application/octet-stream", headers=headers)
