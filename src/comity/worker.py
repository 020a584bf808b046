"""The process that keeps the ledger: it numbers, hashes and signs what the others leave in the outbox.

It also keeps a promise: what a source said word for word is removed when its time is over.

Any number may run; the ledger lets one at a time lead, and another goes on when that one is gone. It is stopped by
SIGTERM or SIGINT, after the step it is in, which is whole or nothing.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import psycopg
import structlog

from comity.intake.intake import Intake
from comity.ledger import Sequencer
from comity.ledger.errors import LedgerError
from comity.node import Node, open_node
from comity.store import Role, Settings, StoreError

POLL_SECONDS: Final = 0.05
"""Between two looks at an empty outbox: a quarter of the lag that the design allows from act to signed head."""

PATIENCE_SECONDS: Final = 30.0
"""For how long a lost database is tried again: longer than its restart after a crash."""

HOUR_SECONDS: Final = 3600.0
_MINUTE_SECONDS: Final = 60.0
_RETRY_SECONDS: Final = 0.5
_LOG = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


def sequence(node: Node, stop: threading.Event, clock: Callable[[], datetime] = _now) -> None:
    """Keep the ledger of ``node`` until ``stop`` is set; a lost connection is made again.

    Raises ``SigningRefusedError`` where signing would vouch for what is not so (a restored backup, a damaged ledger),
    and ``psycopg.OperationalError`` if the database stays away.
    """
    signer = node.signer()
    lost_at: float | None = None
    while not stop.is_set():
        try:
            with node.store.connect(Role.LEDGER, autocommit=True) as connection:
                lost_at = None
                _step_until(stop, Sequencer(connection, signer, node.ledger_head), clock)
        except psycopg.OperationalError:
            lost_at = lost_at or time.monotonic()
            if time.monotonic() - lost_at > PATIENCE_SECONDS:
                raise
            _LOG.warning("The ledger lost the database, and tries again.")
            stop.wait(_RETRY_SECONDS)


def _step_until(stop: threading.Event, sequencer: Sequencer, clock: Callable[[], datetime]) -> None:
    while not stop.is_set():
        if not sequencer.step(clock()):
            stop.wait(POLL_SECONDS)


def keep_promises(node: Node, stop: threading.Event) -> None:
    """Remove each hour what was kept word for word and whose time is over, until ``stop`` is set."""
    while not stop.is_set():
        try:
            with node.store.connect(Role.INTAKE, autocommit=True) as connection:
                Intake.open(connection, node.vocabulary, node.keyring).drop_expired_verbatim()
        except (psycopg.Error, ValueError, OSError) as error:  # a lost database, keys that cannot be read, a full disk
            _LOG.warning(
                "What is due for removal could not be removed, and is tried again.", because=type(error).__name__
            )
            stop.wait(_MINUTE_SECONDS)
        else:
            stop.wait(HOUR_SECONDS)


def main() -> int:
    """Run until told to stop; return 0, or 1 with the reason on the error output if it cannot go on."""
    stop = threading.Event()
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, lambda *_: stop.set())
    try:
        with open_node(Settings.from_environment(os.environ)) as node:
            promises = threading.Thread(target=keep_promises, args=(node, stop))
            promises.start()
            try:
                sequence(node, stop)
            finally:
                stop.set()
                promises.join()
    except (StoreError, LedgerError, psycopg.OperationalError, OSError) as error:
        sys.stderr.write(f"The ledger is not kept: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
