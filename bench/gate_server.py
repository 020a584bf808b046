"""Two servers of one framework: one reads through the gate, the other serves the same rows bare."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from psycopg_pool import AsyncConnectionPool
from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from comity.gate import Disclosure, Read, Request, Requester
from comity.gate.together import Together
from comity.vocabulary import load

_ENVELOPE = ("record_id", "source_person", "agency", "source", "received_at", "whose", "asserted")
_envelope = attrgetter(*_ENVELOPE)
_ASKING = Requester("attorney", "staff-7", "prosecutor")
_VOCABULARY = load()
_POOL: AsyncConnectionPool[Any] = AsyncConnectionPool(
    os.environ.get("BENCH_CONNINFO", ""),
    min_size=1,
    max_size=int(os.environ.get("BENCH_CONNECTIONS", "16")),
    open=False,
)
_TOGETHER = Together(_POOL, _VOCABULARY)


@asynccontextmanager
async def _open_pool(_: Starlette) -> AsyncIterator[None]:
    async with _POOL, _TOGETHER:
        gc.freeze()  # as the node does
        yield


async def _through_the_gate(http: HttpRequest) -> Response:
    asking = Request(Read(UUID(http.path_params["person"])), "bench", "prosecution", _ASKING, "C-1", "to measure")
    answer = await _TOGETHER.disclose(asking, datetime.now(UTC))
    if not isinstance(answer, Disclosure):
        return Response(status_code=404)
    rows = {record: [_document(row) for row in of] for record, of in answer.rows.items()}
    return Response(to_json(rows), media_type="application/json")


def _document(row: Any) -> dict[str, Any]:
    return {**dict(zip(_ENVELOPE, _envelope(row), strict=True)), **row.values}


def bare_query() -> str:
    from bench.gate import SHOWN

    selects = []
    for record, names in SHOWN.items():
        values = ", ".join(f"'{name}', it.\"{name}\"" for name in (*_ENVELOPE, *names))
        selects.append(
            f'select json_build_object({values}) as row from people.membership m join record."{record}" it'
            " on it.source_person = m.source_person where m.person = %s"
        )
    return f"select json_agg(row)::text from ({' union all '.join(selects)}) as of"


_BARE = "" if "BENCH_CONNINFO" not in os.environ else bare_query()


async def _bare(http: HttpRequest) -> Response:
    person = UUID(http.path_params["person"])
    async with _POOL.connection() as conn:
        cursor = await conn.execute(_BARE, [person] * _BARE.count("%s"), prepare=True)
        row = await cursor.fetchone()
    return Response(row[0], media_type="application/json")


gate = Starlette(routes=[Route("/{person}", _through_the_gate)], lifespan=_open_pool)
bare = Starlette(routes=[Route("/{person}", _bare)], lifespan=_open_pool)
