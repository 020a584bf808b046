"""Keep PostgreSQL of our own running: a process that serves others looks after what it started until it leaves.

A backend that is killed is PostgreSQL's own to mend. If the whole of it ends (killed, or the disk was full and stayed
so), nobody else starts it again: the keeper holds the lock that says so.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from comity.store.errors import StoreError
from comity.store.store import Store

LOOK_SECONDS: Final = 0.25  # between two looks: reading one short file
AGAIN_SECONDS: Final = 2.0  # before another try, where it would not start: a full disk stays full for a while
_LOG: Final = structlog.get_logger(__name__)


@contextmanager
def kept_running(store: Store) -> Iterator[None]:
    """Start the store's PostgreSQL again whenever it ends, until the block is left; of somebody else's, do nothing."""
    over = threading.Event()
    thread = threading.Thread(target=_keep, args=(store, over), name="keeps-postgres", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _keep(store: Store, over: threading.Event) -> None:
    pause = LOOK_SECONDS
    while not over.wait(pause):
        try:
            if store.revive():
                _LOG.warning("PostgreSQL had ended, and was started again.")
            pause = LOOK_SECONDS
        except (StoreError, OSError) as error:
            _LOG.error("PostgreSQL has ended and does not start; it is tried again.", because=type(error).__name__)
            pause = AGAIN_SECONDS
