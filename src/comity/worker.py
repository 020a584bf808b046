"""The process that keeps the ledger: it numbers, hashes and signs what the others leave in the outbox.

It also keeps promises: what a source said word for word is removed when its time is over, and what an agency keeps by
the schedules that it adopted is erased when the law says; whoever received something of it is told. And it keeps watch:
what has to be looked at by somebody, and by when, is told in the log; what is overdue each day again. And it makes the
extracts that were asked for on a page or by a program.

Any number may run; the ledger lets one at a time lead, so do extracts, and another goes on when that one is gone. It is
stopped by SIGTERM or SIGINT, after the step it is in, which is whole or nothing; an extract that it was making is gone
on with by the next. With ``--beside`` and the id of the process that started it, it leaves when that one is gone: who
is killed stops nobody.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg
import structlog

from comity.agreements.standing import is_review_overdue
from comity.agreements.store import all_standings
from comity.gate.extract.orders import Counter, counter_at, leads, make_next, remove_old
from comity.gate.gone import tell_gone
from comity.gate.keys import Keyring, load_or_create
from comity.gate.reviews import waiting
from comity.intake.intake import Intake
from comity.ledger import Sequencer, head
from comity.ledger.errors import LedgerError
from comity.ledger.policy import Policy
from comity.ledger.store import Connection, try_ask
from comity.ledger.witnesses import Witnesses
from comity.node import Node, open_node
from comity.oversight import run
from comity.oversight.models import Ran
from comity.store import Role, Settings, StoreError
from comity.store.backup import log_folder
from comity.store.backup_log import seal_log
from comity.store.keeping import kept_running

POLL_SECONDS: Final = 0.05
"""Between two looks at an empty outbox: a quarter of the lag that the design allows from act to signed head."""

PATIENCE_SECONDS: Final = 30.0
"""For how long a lost database is tried again: longer than its restart after a crash."""

WITNESS_SECONDS: Final = 1.0
"""Between two heads that witnesses are asked about: soon for who waits for a receipt, and one request a second."""

WITNESS_RETRY_SECONDS: Final = 5.0
"""Until a witness that did not answer is asked again."""

ORDER_SECONDS: Final = 1.0
"""Between two looks for extracts that were asked for: who asks waits for minutes, not for a second."""

HOUR_SECONDS: Final = 3600.0
_MINUTE_SECONDS: Final = 60.0
_DAY: Final = timedelta(days=1)
_RETRY_SECONDS: Final = 0.5
_LEAVE_SECONDS: Final = 5.0  # for whom a signal ends: less than whoever started this waits before it kills
_LOG = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


def sequence(node: Node, stop: threading.Event, clock: Callable[[], datetime] = _now) -> None:
    """Keep the ledger of ``node`` until ``stop`` is set; a lost connection is made again.

    Raises ``SigningRefusedError`` where signing would vouch for what is not so (a restored backup, a damaged ledger),
    and ``psycopg.OperationalError`` if the database stays away.
    """
    signer, also, policy = node.signer(), node.also_signs(), node.policy()
    lost_at: float | None = None
    while not stop.is_set():
        try:
            with node.store.connect(Role.LEDGER, autocommit=True) as connection:
                lost_at = None
                if policy.witnesses:
                    _ask_before_signing(node, policy, stop, clock)
                _step_until(stop, Sequencer(connection, signer, node.ledger_head, also=also), clock)
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


def _ask_before_signing(node: Node, policy: Policy, stop: threading.Event, clock: Callable[[], datetime]) -> None:
    """Return once a witness has said that it knows no more of this ledger than the database holds, or all are asked.

    A ledger that needs a quorum waits until one of them answers: what waits in the outbox is not lost by it, and a
    history signed twice could not be taken back. Raises RestoredFromBackupError if they know more.
    """
    with node.store.connect(Role.LEDGER) as connection, Witnesses(connection, node.signer(), policy) as witnesses:
        while not stop.is_set():
            if witnesses.ask(clock()).heard or policy.is_met(()):
                return
            _LOG.warning("No witness answers, so nothing is signed yet; they are asked again.")
            stop.wait(WITNESS_RETRY_SECONDS)


def keep_witnessed(node: Node, stop: threading.Event, clock: Callable[[], datetime] = _now) -> None:
    """Have the newest head cosigned by the witnesses of the policy, again and again, until ``stop`` is set.

    One process does it, and another goes on when that is gone. Raises ``SigningRefusedError`` if the witnesses show
    that the database was put back to an older day; then nothing may be signed any more.
    """
    policy = node.policy()
    while policy.witnesses and not stop.is_set():
        try:
            with (
                node.store.connect(Role.LEDGER, autocommit=True) as connection,
                Witnesses(connection, node.signer(), policy) as witnesses,
            ):
                while not stop.is_set() and not try_ask(connection):
                    stop.wait(WITNESS_RETRY_SECONDS)
                _ask_until(stop, connection, witnesses, clock)
        except psycopg.OperationalError:
            _LOG.warning("Whoever asks the witnesses lost the database, and tries again.")
            stop.wait(_RETRY_SECONDS)


def _ask_until(
    stop: threading.Event, connection: Connection, witnesses: Witnesses, clock: Callable[[], datetime]
) -> None:
    asked: int | None = None
    silent = frozenset[str]()
    while not stop.is_set():
        newest = head(connection)
        size = newest.checkpoint.size if newest else 0
        if size == asked:
            stop.wait(WITNESS_SECONDS)
            continue
        found = witnesses.ask(clock())
        failing = frozenset(name for name, it in found.said.items() if not it.signature)
        if failing - silent:
            _LOG.warning("Witnesses did not cosign.", witnesses=sorted(failing), witnessed=found.met)
        asked, silent = (found.size if found.met and not failing else None), failing
        stop.wait(WITNESS_RETRY_SECONDS if asked is None else WITNESS_SECONDS)


def keep_promises(node: Node, stop: threading.Event, clock: Callable[[], datetime] = _now) -> None:
    """Remove each hour what was kept word for word and whose time is over, and once a day all whose time is over.

    Until ``stop`` is set. What is removed once a day is what agencies keep by schedules that they adopted.
    """
    ran: datetime | None = None
    while not stop.is_set():
        try:
            with node.store.connect(Role.INTAKE, autocommit=True) as connection:
                Intake.open(connection, node.vocabulary, node.keyring).drop_expired_verbatim()
                if ran is None or clock() - ran >= _DAY:
                    _LOG.info(
                        "retention", **_counts(run(connection, node.vocabulary, load_or_create(node.keyring), clock()))
                    )
                    ran = clock()
        except (psycopg.Error, ValueError, OSError) as error:  # a lost database, keys that cannot be read, a full disk
            _LOG.warning(
                "What is due for removal could not be removed, and is tried again.", because=type(error).__name__
            )
            stop.wait(_MINUTE_SECONDS)
        else:
            stop.wait(HOUR_SECONDS)


def keep_log_sealed(node: Node, stop: threading.Event) -> None:
    """Seal each minute what PostgreSQL has put beside its backups, until ``stop`` is set."""
    keyring: Keyring | None = None
    while not stop.is_set():
        try:
            wal = log_folder(node.store)
            if wal is not None:
                keyring = keyring or load_or_create(node.keyring)
                seal_log(wal, keyring)
        except (StoreError, ValueError, OSError) as error:  # a lost or full folder, keys that cannot be read
            _LOG.warning("The log beside the backups is not sealed; it is tried again.", because=type(error).__name__)
        stop.wait(_MINUTE_SECONDS)


def _counts(ran: Ran) -> dict[str, int]:
    """Return what a run came to as the log says it: numbers alone."""
    return {name: getattr(ran, name) for name in ("examined", "deleted", "restricted", "reviews", "held")}


@dataclass
class Watch:
    """Tells what has to be looked at: each new review once, each overdue one when it falls so and each day again.

    One line for each, about nobody, for whatever reads the logs. What was told is remembered by this process alone:
    one that is started anew tells again what is still open, rather than never.
    """

    told: dict[str, datetime] = field(default_factory=dict)

    def look(self, node: Node, now: datetime) -> None:
        """Tell what is due and was not told yet."""
        with node.store.connect(Role.GATE) as connection:
            found = waiting(connection)
        with node.store.connect(Role.GOVERNANCE) as connection:
            agreements = [it for of in all_standings(connection, node.vocabulary, now) for it in of]
        still = {str(it.id) for it in found} | {f"overdue {it.id}" for it in found}
        for it in found:
            said = {"review": str(it.id), "agreement": f"{it.agreement}@{it.version}", "reviewers": list(it.reviewers),
                    "due_at": it.due_at.isoformat()}  # fmt: skip
            if it.notice and self._is_news(str(it.id), now, again=False):
                _LOG.info("review-due", **said)
            if it.overdue and self._is_news(f"overdue {it.id}", now, again=True):
                _LOG.error("review-overdue", suspends=it.suspends, **said)
        for each in filter(is_review_overdue, agreements):
            name = f"{each.name}@{each.version}"
            still.add(name)
            if self._is_news(name, now, again=True):
                _LOG.error("agreement-review-overdue", agreement=name)
        self.told = {what: at for what, at in self.told.items() if what in still}

    def _is_news(self, what: str, now: datetime, *, again: bool) -> bool:
        last = self.told.get(what)
        if last is not None and (not again or now - last < _DAY):
            return False
        self.told[what] = now
        return True


def keep_watch(node: Node, stop: threading.Event, clock: Callable[[], datetime] = _now) -> None:
    """Look each minute for reviews that are due or overdue, until ``stop`` is set."""
    watch = Watch()
    while not stop.is_set():
        try:
            watch.look(node, clock())
        except (psycopg.Error, OSError) as error:
            _LOG.warning("Reviews could not be looked for, and are tried again.", because=type(error).__name__)
        stop.wait(_MINUTE_SECONDS)


def make_extracts(node: Node, stop: threading.Event, clock: Callable[[], datetime] = _now) -> None:
    """Make the extracts that were asked for, one at a time, and remove those whose time is over, until told to stop."""
    while not stop.is_set():
        try:
            with node.store.connect(Role.GATE, autocommit=True) as connection:
                keyring, home = load_or_create(node.keyring), node.settings.home
                counter = counter_at(home, connection, node.vocabulary, keyring, node.signer())
                _make_until(stop, counter, clock)
        except Exception as error:  # noqa: BLE001 - a mistake about one extract must not end those of everybody else
            _LOG.warning("An extract could not be made, and is tried again.", because=type(error).__name__)
            stop.wait(_RETRY_SECONDS)


def _make_until(stop: threading.Event, counter: Counter, clock: Callable[[], datetime]) -> None:
    while not leads(counter):
        if stop.wait(_MINUTE_SECONDS):
            return
    while not stop.is_set():
        tell_gone(
            counter.office.conn, clock(), counter
        )  # here: whatever holds somebody who is gone is removed between two
        remove_old(counter, clock())
        if make_next(counter, clock) is None:
            stop.wait(ORDER_SECONDS)


def stay_beside(parent: int, stop: threading.Event) -> None:
    """Set ``stop`` once the process that started this one is gone: another has taken its place as our parent."""
    while os.getppid() == parent and not stop.wait(ORDER_SECONDS):
        pass
    stop.set()


def main(arguments: Sequence[str] = ()) -> int:
    """Run until told to stop; return 0, or 1 with the reason on the error output if it cannot go on."""
    stop = threading.Event()
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, lambda *_: stop.set())
    if arguments[:1] == ["--beside"]:
        threading.Thread(target=stay_beside, args=(int(arguments[1]), stop), daemon=True).start()
    try:
        with open_node(Settings.from_environment(os.environ)) as node, kept_running(node.store):
            beside = [
                threading.Thread(target=each, args=(node, stop))
                for each in (keep_promises, keep_watch, keep_log_sealed)
            ]
            refused: list[LedgerError] = []

            def witness() -> None:
                try:
                    keep_witnessed(node, stop)
                except LedgerError as error:  # what was signed elsewhere contradicts what is here: nobody may sign on
                    refused.append(error)
                    stop.set()

            beside.append(threading.Thread(target=witness))
            making = threading.Thread(target=make_extracts, args=(node, stop), daemon=True)
            for thread in (*beside, making):
                thread.start()
            try:
                sequence(node, stop)
            finally:
                stop.set()
                for thread in beside:
                    thread.join()
                making.join(_LEAVE_SECONDS)
            if refused:
                raise refused[0]
    except (StoreError, LedgerError, psycopg.OperationalError, OSError) as error:
        sys.stderr.write(f"The ledger is not kept: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
