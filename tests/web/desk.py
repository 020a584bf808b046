"""A node with a loaded, made-up chain, its server, and visitors of every kind."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
import uvicorn
from fastapi import FastAPI

from comity.demo.agreeing import let_agree
from comity.demo.chain import Chain, chain_for
from comity.demo.loading import load, make_up
from comity.node import Node
from comity.people import relink
from comity.store import Role
from comity.web.app import create_app
from comity.web.models import Colleague
from comity.web.store import issue_token, put_colleague, send_letter
from comity.worker import sequence

PEOPLE = 300
PROSECUTOR, LISTING, STEWARD, OVERSEER = "priya-nair", "lars-dekker", "tom-ellis", "saskia-van-dam"
ANALYST = "noor-aziz"
ACCOUNT = "police-system"
DOOR = """
mapping: police-live
version: 1
title: {en: Police live feed, nl: Doorlopende levering van de politie}
agency: police
zone: Europe/London
source: {http: {format: json}}
key: id
whose: suspect
asserted: fact
records:
  - record: person
    key: id
    fields:
      given_names: first
      family_name: last
      name: {join: [first, last]}
      birth_date: {from: born, date: "%Y-%m-%d"}
"""
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Office:
    """A loaded node that serves its pages."""

    node: Node
    chain: Chain
    mappings: tuple[Path, ...]
    url: str
    covered: UUID  # somebody about whom five agencies speak, and whom the prosecutor's agreement covers
    uncovered: UUID  # somebody who is there, and whom it does not cover
    letter: str  # the code in a letter to the one who is covered

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def app(self) -> FastAPI:
        return create_app(self.node, mappings=self.mappings, zone=self.chain.zone)

    def token(self, colleague: str, hours: int = 1) -> str:
        now = datetime.now(UTC)
        with self.node.store.connect(Role.GOVERNANCE) as conn:
            return issue_token(conn, colleague, now, now + timedelta(hours=hours))

    def put(self, colleague: Colleague) -> None:
        with self.node.store.connect(Role.GOVERNANCE) as conn:
            put_colleague(conn, colleague)

    def from_afar(self, ask: Callable[[httpx.AsyncClient], Awaitable[Answer]], client: str = "203.0.113.9") -> Answer:
        """Ask an application of this office from another address, in a thread and a loop of its own."""

        async def run() -> Answer:
            app = self.app()
            async with app.router.lifespan_context(app):
                transport = httpx.ASGITransport(app, client=(client, 40_000))
                async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as far:
                    return await ask(far)

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(run())).result()


class Browser:
    """A visitor without a browser: what a program could send."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, headers={"origin": url}, timeout=60)

    def token(self, path: str = "/") -> str:
        return re.search(r'name="token" value="([^"]+)"', self.http.get(path, follow_redirects=True).text).group(1)

    def post(self, path: str, **fields: str) -> httpx.Response:
        return self.http.post(path, data={"token": self.token(), **fields})

    def sign_in(self, colleague: str, language: str = "en") -> Browser:
        assert self.post("/sign-in", colleague=colleague).status_code == 303
        self.http.cookies.set("comity-language", language, domain="127.0.0.1")
        return self

    def set_out(self, agreement: str = "prosecution-case-building") -> Browser:
        stated = {"agreement": agreement, "case_reference": "T-2026-0114", "justification": "Deciding on the charge"}
        assert self.post("/errand", **stated).status_code == 303
        return self


def fill(node: Node, folder: Path) -> tuple[Chain, tuple[Path, ...]]:
    """Load a small made-up chain, link its people, and let its colleagues sign in."""
    now = datetime.now(UTC)
    chain = chain_for(None)
    let_agree(node, chain, now)
    load(node, chain, make_up(folder, PEOPLE, _quiet), _quiet)
    with node.store.connect(Role.INTAKE) as conn:
        relink(conn, now)
    door = folder / "police-live.yaml"
    door.write_text(DOOR)
    with node.store.connect(Role.GOVERNANCE) as conn:
        for it in chain.people:
            put_colleague(conn, Colleague(it.id, it.name, it.agency, it.role, it.language, demonstration=True))
        put_colleague(conn, Colleague(ACCOUNT, "Police system", "police", "service-account", "en"))
    return chain, (*chain.mappings, door)


def send_a_letter(node: Node, person: UUID) -> str:
    now = datetime.now(UTC)
    with node.store.connect(Role.GOVERNANCE) as conn:
        return send_letter(conn, person, now, now + timedelta(days=30))


def somebody(node: Node, *, covered: bool) -> UUID:
    """Return a person of at least four agencies with a serious charge, or one of the police alone."""
    condition = (
        "count(distinct m.agency) filter (where m.agency <> 'victim-services') = 5"
        " and bool_or(c.severity in ('serious', 'either-way'))"
        if covered
        else "count(distinct m.agency) = 1 and max(m.agency) = 'police' and count(c.record_id) = 0"
    )
    query = (
        "select m.person from people.membership m left join record.charge c using (source_person) "
        f"group by m.person having {condition} order by m.person limit 1"
    )
    with node.store.connect(Role.INTAKE) as conn:
        found: UUID = conn.execute(query).fetchone()[0]
        return found


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free port of this machine until the block is left."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive(), "the server did not start"
                threading.Event().wait(0.05)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def keeping_the_ledger(node: Node) -> Iterator[None]:
    """Number and sign what is done, as the worker does."""
    stop = threading.Event()
    thread = threading.Thread(target=sequence, args=(node, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def eventually(ask: Callable[[], Any], seconds: float = 20) -> Any:
    """Return what ``ask`` answers as soon as that is something."""
    for _ in range(int(seconds / 0.1)):
        if answer := ask():
            return answer
        threading.Event().wait(0.1)
    raise AssertionError("nothing came")


def _quiet(_: str) -> None:
    pass
