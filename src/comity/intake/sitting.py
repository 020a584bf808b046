"""What one transaction of the way in works with, and the messages it takes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection

from comity.intake.apply import Applier
from comity.intake.causes import Cause
from comity.intake.models import Act, Fault, Held, Mapped, Mapping, RecordRef
from comity.ledger import Entry, commitment
from comity.record import Keyring, Statement, record_id
from comity.record.models import Kind, Status
from comity.sources import Said, Unreadable
from comity.vocabulary.models import Vocabulary

VERBATIM_KEPT = timedelta(days=90)
"""How long a message is kept word for word, for replay (DESIGN, section 5: 90 days unless the jurisdiction says)."""

RAW = "raw"  # the format of what could not be read at all
KINDS = {
    Act.STATE: Kind.STATE,
    Act.RETRACT: Kind.RETRACT,
    Act.ERASE: Kind.ERASE,
    Act.EXPUNGE: Kind.ERASE,
    Act.SAME: Kind.SAME,
    Act.DIFFERENT: Kind.DIFFERENT,
}


@dataclass(frozen=True, slots=True)
class Bench:
    """One transaction that changes what is kept, whoever asks for it: its connection, words, keys and moment."""

    conn: Connection[tuple[Any, ...]]
    vocabulary: Vocabulary
    keyring: Keyring = field(repr=False)
    now: datetime


@dataclass(frozen=True, slots=True)
class Sitting(Bench):
    """One transaction in which a source speaks: its mapping, and for how long its messages are kept word for word."""

    mapping: Mapping
    verbatim_kept: timedelta = VERBATIM_KEPT
    ids: dict[RecordRef, UUID] = field(default_factory=dict, repr=False)

    def id_of(self, ref: RecordRef) -> UUID:
        """Return the id of a record; the same source key always gives the same one."""
        found = self.ids.get(ref)
        if found is None:
            found = self.ids[ref] = record_id(self.keyring.record_ids, ref.source, ref.record, ref.key)
        return found


@dataclass(frozen=True, slots=True)
class Message:
    """One message, read and mapped. ``content`` is what is kept verbatim; ``number``: of what is being tried again."""

    statement_id: UUID
    place: str
    format: str
    content: bytes = field(repr=False)
    digest: bytes
    said: Mapped | Held
    number: int | None = None

    @property
    def held_before(self) -> bool:
        """Whether it comes from the quarantine, and not from its source."""
        return self.number is not None

    @property
    def act(self) -> Act:
        """What it asks for."""
        return self.said.act


def read(sitting: Sitting, items: Iterable[Said | Unreadable]) -> Iterator[Message]:
    """Yield the messages of a batch, mapped."""
    applier = Applier(sitting.mapping, sitting.vocabulary, sitting.now)
    for item in items:
        if isinstance(item, Unreadable):
            yield _unreadable(sitting, item)
        else:
            content = item.body.canonical()
            known_by = digest(sitting, item.body.format, content)
            said = applier.apply(item.body, item.place)
            yield Message(uuid4(), item.place, item.body.format, content, known_by, said)


def _unreadable(sitting: Sitting, item: Unreadable) -> Message:
    fault = Fault.of(item.place, Cause.UNREADABLE, problem=item.cause, remedy=item.mend)
    content = item.raw or f"{item.place}\n{item.cause}".encode()
    return Message(uuid4(), item.place, RAW, content, digest(sitting, RAW, content), Held((fault,)))


def digest(sitting: Sitting, kind: str, content: bytes) -> bytes:
    """Return the keyed digest by which a message that comes again is known."""
    said = b"\0".join((sitting.mapping.name.encode(), kind.encode(), content))
    return hmac.digest(sitting.keyring.digests, said, hashlib.sha256)


def statement(
    sitting: Sitting, message: Message, version: int, status: Status, entry: Entry | None, salt: bytes
) -> Statement:
    """Return the statement that keeps a message; of an erasure neither words nor salt, which say whom it erased."""
    epoch, sealed = sitting.keyring.seal_verbatim(message.statement_id, message.content)
    erasure = message.act in {Act.ERASE, Act.EXPUNGE} and status is not Status.QUARANTINED
    return Statement(
        statement_id=message.statement_id,
        source=sitting.mapping.name,
        agency=sitting.mapping.agency,
        source_key=message.said.key,
        version=version,
        kind=KINDS[message.act],
        status=status,
        digest=message.digest,
        received_at=sitting.now,
        verbatim=None if erasure else sealed,
        verbatim_epoch=epoch,
        verbatim_until=sitting.now + sitting.verbatim_kept,
        format=message.format,
        mapping=sitting.mapping.label,
        salt=None if erasure else salt,
        entry=entry.id if entry else None,
    )


def entry_of(sitting: Sitting, kind: str, message: Message, outcome: str) -> tuple[Entry, bytes]:
    """Return the ledger's entry of what was done with a message, and the salt that opens its commitment.

    It names the agency, the source, the mapping and a random id, and nobody.
    """
    salt = secrets.token_bytes(16)
    context = {
        "agency": sitting.mapping.agency,
        "source": sitting.mapping.name,
        "mapping": sitting.mapping.label,
        "statement": str(message.statement_id),
        "message": message.act.value,
        "outcome": outcome,
    }
    return Entry(uuid4(), sitting.now, kind, context, commitment(salt, message.content)), salt
