"""What whoever watches the node reads: numbers in Prometheus' text format, on a port of this machine's own.

Rules:

1. Numbers of the node, and of nobody: no agency, agreement, route or person is a label.
2. It listens on the loopback address alone, apart from the pages, so that no proxy in front of those shows it.
3. What cannot be asked of the database is absent, and ``comity_database_up`` is 0; the page itself never fails.

The format is Prometheus' text exposition 0.0.4: three lines a number need no library.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import psycopg

from comity.ledger.models import Ages, Backlog
from comity.ledger.store import ages, backlog
from comity.node import Node
from comity.store import Role
from comity.web.turns import Turns

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the ledger's tables say: how far it is behind, what waits and what was kept aside."""

    ages: Ages
    backlog: Backlog


def text(seen: Seen | None, turns: Turns) -> str:
    """Return the page; ``seen`` is ``None`` while the database cannot be asked."""
    return "".join(
        f"# HELP {name} {help_}\n# TYPE {name} {kind}\n{name} {value:g}\n"
        for name, kind, value, help_ in _numbers(seen, turns)
    )


def _numbers(seen: Seen | None, turns: Turns) -> Iterator[tuple[str, str, float, str]]:
    yield "comity_database_up", "gauge", seen is not None, "Whether the database answered."
    if seen is not None:
        yield from _of_ledger(seen)
    yield "comity_requests_under_way", "gauge", turns.under_way, "Requests that are being answered."
    yield "comity_requests_waiting", "gauge", turns.waiting, "Requests that wait for their turn."
    yield "comity_requests_turned_away_total", "counter", turns.turned_away, "Requests told to come again (429)."


def _of_ledger(seen: Seen) -> Iterator[tuple[str, str, float, str]]:
    known, waits = seen.ages, seen.backlog
    yield "comity_gate_open", "gauge", not known.is_past(), "Whether the ledger is near enough for data to leave."
    yield "comity_ledger_unsequenced_seconds", "gauge", known.unsequenced, "Age of the oldest act without a number."
    if known.unsequenced_limit is not None:
        yield ("comity_ledger_unsequenced_limit_seconds", "gauge", known.unsequenced_limit,
               "Age from which nothing leaves.")  # fmt: skip
    yield ("comity_ledger_unwitnessed_seconds", "gauge", known.unwitnessed,
           "Age of the oldest signed head for which no quorum of witnesses vouches.")  # fmt: skip
    if known.unwitnessed_limit is not None:
        yield ("comity_ledger_unwitnessed_limit_seconds", "gauge", known.unwitnessed_limit,
               "Age from which nothing leaves.")  # fmt: skip
    yield "comity_ledger_waiting", "gauge", waits.waiting, "Acts that wait for their number."
    yield (
        "comity_ledger_refused",
        "gauge",
        waits.refused,
        "Rows that could not become entries: look at them.",
    )


@contextmanager
def serving_metrics(node: Node, turns: Turns, port: int) -> Iterator[int]:
    """Serve the page at ``/metrics`` until the block is left; yields the port. ``OSError`` if it is taken."""

    def look() -> Seen | None:
        try:
            with node.store.connect(Role.LEDGER) as conn:
                return Seen(ages(conn), backlog(conn))
        except psycopg.Error:
            return None

    with ThreadingHTTPServer((LOOPBACK, port), _handler(lambda: text(look(), turns))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def _handler(page: Callable[[], str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers one question, about one page."""

        def do_GET(self) -> None:
            found = self.path == "/metrics"
            body = (page() if found else "There is one page here: /metrics\n").encode()
            self.send_response(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)
            self.send_header("Content-Type", MEDIA_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: it is asked every few seconds."""

    return Handler
