"""Asks without end, and says which answers it has: run by ``test_kill.py``, which kills it in the middle.

Its argument is the person to read; how to connect as the gate stands in the environment. Each answer is one line,
written only once it has been returned.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from comity.gate import Disclosure, Read, Request, Requester, disclose
from comity.vocabulary import load


async def ask(conninfo: str, person: UUID) -> None:
    request = Request(
        Read(person), "charging", "prosecution", Requester("prosecution", "staff-7", "prosecutor"), "C-1", "to decide"
    )
    now = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
    async with await psycopg.AsyncConnection.connect(conninfo) as conn:
        while True:
            answer = await disclose(conn, request, now, vocabulary=load())
            if not isinstance(answer, Disclosure):
                raise SystemExit("refused")
            sys.stdout.write(f"{answer.id}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(ask(os.environ["GATE"], UUID(sys.argv[1])))
