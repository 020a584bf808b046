"""The only way in: what a source says becomes statements, records and links, or is held with its reasons.

Rules:

1. A batch is one transaction: statements, parts, rows, links, ledger outbox, cursor and counters commit together or
   not at all. Killed at any moment, the next run goes on where the last commit left off.
2. Nothing is dropped: what was delivered is the sum of what became of it (:attr:`Outcome.adds_up`), and the database
   refuses a delivery whose counts do not add up.
3. Messages take effect in the order in which the source says them.
4. A single live message is a batch of one: there is no other path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from uuid import UUID

from psycopg.pq import TransactionStatus

from comity.intake import store
from comity.intake.acts import carry_out
from comity.intake.admit import admit
from comity.intake.errors import IntakeError
from comity.intake.models import Act, Mapped, Mapping, Outcome
from comity.intake.replay import messages_of
from comity.intake.sitting import VERBATIM_KEPT, Message, Sitting, read
from comity.intake.store import Connection
from comity.record import Keyring, load_or_create
from comity.record.rotate import hold_epochs
from comity.record.store import drop_expired_verbatim
from comity.sources import Batch, Said, Unreadable, open_source
from comity.sources.from_http import HttpSource
from comity.vocabulary.models import Vocabulary

BATCH = 1_000
"""Messages in a transaction of a load: large enough to write quickly, small enough to be repeated after a crash."""

Progress = Callable[[Outcome, int | None], None]
"""Called after each batch with what became of the delivery so far, and its size if it is known."""


def _now() -> datetime:
    return datetime.now(UTC)


class Intake:
    """The way in, over one connection of the role INTAKE."""

    def __init__(
        self, conn: Connection, vocabulary: Vocabulary, keyring: Keyring, clock: Callable[[], datetime] = _now
    ) -> None:
        self.conn = conn
        self.vocabulary = vocabulary
        self.keyring = keyring
        self.clock = clock

    @classmethod
    def open(cls, conn: Connection, vocabulary: Vocabulary, key_file: Path) -> Intake:
        """Return the way in with the keys of a file, made now if there is none; the record's KeyFileError."""
        return cls(conn, vocabulary, load_or_create(key_file))

    def receive(self, mapping: Mapping, batch: Batch | Sequence[Said | Unreadable]) -> Outcome:
        """Take in 1..N messages in one transaction, as a delivery of their own; return what became of them."""
        items = batch.items if isinstance(batch, Batch) else tuple(batch)
        with self._transaction():
            sitting = self._sit(mapping)
            delivery = store.one_off_delivery(self.conn, mapping.name, mapping.label, sitting.now)
            outcome = _take(sitting, read(sitting, items))
            store.count_delivery(self.conn, delivery, outcome)
        return outcome

    def message(self, mapping: Mapping, data: bytes) -> Outcome:
        """Take in what a system posted at the mapping's door (``source: {http: …}``); IntakeError if it has none."""
        source = open_source(mapping.source, Path())
        if not isinstance(source, HttpSource):
            raise IntakeError(f"{mapping.name} is pulled, not posted to. Give its mapping `source: {{http: …}}` first.")
        return self.receive(mapping, source.message(data))

    def pull(self, mapping: Mapping, base: Path, *, size: int = BATCH, progress: Progress | None = None) -> Outcome:
        """Take in what is new or changed at the mapping's source; return what became of the whole delivery.

        ``base`` is the folder from which the source's relative paths are meant. Goes on with a delivery that was cut
        off. Raises the sources' SourcesError if the source as a whole cannot be read.
        """
        source = open_source(mapping.source, base)
        with self._transaction():
            store.one_at_a_time(self.conn, mapping.agency)
            delivery = store.begin_delivery(self.conn, mapping.name, mapping.label, self.clock())
            cursor = store.cursor_of(self.conn, mapping.name)
            so_far = store.delivered(self.conn, delivery)
        for batch in source.read(cursor, size):
            so_far += self._receive_batch(mapping, batch, delivery)
            if progress:
                progress(so_far, None)
        with self._transaction():
            store.end_delivery(self.conn, delivery, self.clock())
        return so_far

    def replay(self, mapping: Mapping, *, size: int = BATCH) -> Outcome:
        """Try everything that is held of a source again with a mended mapping; what stays held is ``quarantined``."""
        outcome, after = Outcome(), 0
        while True:
            with self._transaction():
                sitting = self._sit(mapping)
                held = store.waiting(self.conn, mapping.name, after, size)
                if not held:
                    return outcome
                after = held[-1].number
                outcome += _take(sitting, messages_of(sitting, held))

    def drop_expired_verbatim(self) -> int:
        """Remove messages kept word for word whose time is over; return how many. What is held keeps its own."""
        with self._transaction():
            return drop_expired_verbatim(self.conn, self.clock())

    def _receive_batch(self, mapping: Mapping, batch: Batch, delivery: UUID) -> Outcome:
        with self._transaction():
            sitting = self._sit(mapping)
            outcome = _take(sitting, read(sitting, batch.items))
            store.count_delivery(self.conn, delivery, outcome)
            store.move_cursor(self.conn, mapping.name, batch.cursor, sitting.now)
        return outcome

    def _transaction(self) -> AbstractContextManager[object]:
        if self.conn.info.transaction_status is not TransactionStatus.IDLE:
            raise RuntimeError("intake commits by itself: hand it a connection that is in no transaction")
        return self.conn.transaction()

    def _sit(self, mapping: Mapping) -> Sitting:
        store.one_at_a_time(self.conn, mapping.agency)
        hold_epochs(self.conn, self.keyring)
        kept = store.verbatim_kept(self.conn, mapping.agency) or VERBATIM_KEPT
        return Sitting(self.conn, self.vocabulary, self.keyring, self.clock(), mapping, kept)


def _take(sitting: Sitting, messages: Iterable[Message]) -> Outcome:
    """Take messages in their order: statements side by side in bulk, acts one at a time."""
    outcome = Outcome()
    for act, run in groupby(messages, _is_act):
        if act:
            for message in run:
                outcome += _carry_out(sitting, message)
        else:
            outcome += admit(sitting, list(run))
    if not outcome.adds_up:
        raise RuntimeError("intake lost count of its messages; nothing of this batch has been kept")
    return outcome


def _is_act(message: Message) -> bool:
    return isinstance(message.said, Mapped) and message.act is not Act.STATE


def _carry_out(sitting: Sitting, message: Message) -> Outcome:
    if not isinstance(message.said, Mapped):
        raise RuntimeError("an act that was not understood came to be carried out")  # noqa: TRY004  (our mistake)
    return carry_out(sitting, message, message.said)
