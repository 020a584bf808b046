"""Extracts that a page or a program asked for: put in a queue, made by the worker, collected by the requester alone.

Rules:

1. What is asked is judged when it is asked, by the same functions as the command: what is refused then is logged, told
   and never queued. It is judged again where the extract is begun, and where it is written down.
2. One worker makes one at a time. It goes on after a crash with what was begun; after :data:`ATTEMPTS` it gives up.
3. Only the colleague who asked, in the role and for the agency in which they asked, sees that there is one. Anybody
   else's does not exist.
4. What was made is kept for :data:`KEPT`, and then removed. Each time a file is collected the request is judged anew:
   an agreement that ended meanwhile, or another version of it, lets out nothing more, and what was made is removed. So
   is an extract of which somebody is gone: whom a provider no longer holds.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from comity.gate import reasons
from comity.gate.engines import Engine
from comity.gate.errors import GateError
from comity.gate.extract import work
from comity.gate.extract.make import Connected, Office, begin, drop, go_on, judge
from comity.gate.extract.manifest import MANIFEST
from comity.gate.extract.models import Format, Made, Order
from comity.gate.models import Asking, Reason, Refusal, Request, Requester
from comity.ledger.entry import SALT_SIZE
from comity.ledger.note import Signer
from comity.record import Keyring
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

KEPT: Final = timedelta(days=7)  # long enough for a week's leave at a desk; no archive of what others hold
ATTEMPTS: Final = 3
MOST_UNFINISHED: Final = 3  # of one requester: each takes the disk and the processor for everybody
_SHARDS: Final = list(range(4096))
_QUERIES: Final = load_queries("comity.gate.extract", "orders.sql")


class State(StrEnum):
    """What an order is at."""

    WAITING = "waiting"
    MAKING = "making"
    MADE = "made"
    REFUSED = "refused"
    FAILED = "failed"  # on our side, each time that it was tried
    GONE = "gone"  # it was made, and is removed


class TooManyError(GateError):
    """The requester has as many extracts under way as one may."""


class NotHereError(LookupError):
    """There is no such extract, or no such file of it, for whoever asks."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of an extract: its name, which says nothing of anybody, and its length in bytes."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Ordered:
    """One extract that was asked for, as its requester may see it."""

    id: UUID
    order: Order = field(repr=False)
    state: State
    changed_at: datetime
    parts_done: int
    parts: int | None  # not known before it is begun
    version: int | None
    refusal: UUID | None  # of the log's line
    reason: Reason | None
    files: tuple[File, ...] = ()

    @property
    def until(self) -> datetime | None:
        """Return until when it can be collected; ``None`` if there is nothing to collect."""
        return self.changed_at + KEPT if self.state is State.MADE else None


@dataclass(frozen=True, slots=True)
class Counter:
    """Where extracts are handed in and out: the office that makes them, and the folder of what is made."""

    office: Office
    made: Path

    def path_of(self, extract: UUID) -> Path:
        """Return the folder of an extract that was made."""
        return self.made / str(extract)


# --- asking ----------------------------------------------------------------------------------------------------------


def ask_for(counter: Counter, request: Request, form: Format, now: datetime) -> UUID | Refusal:
    """Queue an extract and return its id, or the refusal; :class:`TooManyError` if too many of theirs are under way."""
    requester = request.requester
    order = Order(Asking(uuid4(), secrets.token_bytes(SALT_SIZE), now, request), form, Engine.DUCKDB)
    refusal = judge(counter.office, order)
    if refusal is not None:
        return refusal
    who = {"agency": requester.agency, "requester": requester.person, "role": requester.role}
    conn = counter.office.conn
    with conn.transaction():
        conn.execute(_QUERIES.hold_requester, who)
        row = conn.execute(_QUERIES.unfinished, who).fetchone()
        if row and row[0] >= MOST_UNFINISHED:
            raise TooManyError(f"{MOST_UNFINISHED} of your extracts are under way. Wait until one is made.")
        values = {"id": order.asking.id, "agreement": request.agreement, "at": now, "ordered": order.as_json()}
        conn.execute(_QUERIES.put, {**who, **values})
    return order.asking.id


def orders_of(counter: Counter, requester: Requester, now: datetime) -> tuple[Ordered, ...]:
    """Return the latest extracts that a requester asked for, newest first."""
    return _of(counter, requester, None, now)


def order_of(counter: Counter, requester: Requester, extract: UUID, now: datetime) -> Ordered:
    """Return one extract that a requester asked for; :class:`NotHereError` if it is not theirs, or not there."""
    found = _of(counter, requester, extract, now)
    if not found:
        raise NotHereError
    return found[0]


def collect(counter: Counter, requester: Requester, extract: UUID, name: str, now: datetime) -> Path | Refusal:
    """Return where a file of an extract is, judged anew; the refusal if nothing of it may leave any more.

    :class:`NotHereError` if there is no such extract or file for this requester.
    """
    found = order_of(counter, requester, extract, now)
    if found.state is not State.MADE or name not in {it.name for it in found.files}:
        raise NotHereError
    again = replace(found.order.asking, id=uuid4(), salt=secrets.token_bytes(SALT_SIZE), at=now)
    order = replace(found.order, asking=again)
    refusal = judge(counter.office, order, version=found.version, about=_about(counter, extract))
    if refusal is not None:
        if refusal.reason != reasons.LEDGER_BEHIND:  # which passes: what was made is still theirs to collect
            _refused(counter, extract, refusal, now)
        return refusal
    return counter.path_of(extract) / name


def _about(counter: Counter, extract: UUID) -> list[bytes]:
    with counter.office.conn.transaction():
        rows = counter.office.conn.execute(_QUERIES.about, {"id": extract, "shards": _SHARDS}).fetchall()
    return [bytes(people) for (people,) in rows]


def _of(counter: Counter, requester: Requester, extract: UUID | None, now: datetime) -> tuple[Ordered, ...]:
    values = {"agency": requester.agency, "requester": requester.person, "role": requester.role, "id": extract}
    with counter.office.conn.transaction():
        rows = counter.office.conn.execute(_QUERIES.of, values).fetchall()
    return tuple(_read(counter, row, now) for row in rows)


def _read(counter: Counter, row: Sequence[Any], now: datetime) -> Ordered:
    extract, ordered, said, changed_at, parts, version, refusal, reason = row
    state = State(said)
    if state is State.MADE and changed_at + KEPT <= now:
        state = State.GONE  # also before the worker has removed it
    return Ordered(
        id=extract,
        order=Order.from_json(ordered),
        state=state,
        changed_at=changed_at,
        parts_done=_parts_done(counter, extract) if state is State.MAKING else parts or 0,
        parts=parts,
        version=version,
        refusal=refusal,
        reason=reasons.by_code(reason) if reason else None,
        files=_files(counter.path_of(extract)) if state is State.MADE else (),
    )


def _files(folder: Path) -> tuple[File, ...]:
    if not folder.is_dir():
        return ()
    return tuple(File(it.name, it.stat().st_size) for it in sorted(folder.iterdir()) if it.is_file())


def _parts_done(counter: Counter, extract: UUID) -> int:
    """Return how many parts have a file; the work itself is open to nobody but whoever makes it."""
    folder = work.path_of(counter.office.works, extract) / work.OUT
    return max(sum(1 for _ in folder.iterdir()) - 1, 0) if folder.is_dir() else 0  # the last may not be whole yet


# --- making ----------------------------------------------------------------------------------------------------------


def leads(counter: Counter) -> bool:
    """Whether this connection is the one that makes extracts; it stays so until it is closed."""
    row = counter.office.conn.execute(_QUERIES.lead).fetchone()
    return bool(row and row[0])


def make_next(counter: Counter, clock: Callable[[], datetime]) -> UUID | None:
    """Make what is next in the queue, and return its id; ``None`` if nothing waits.

    Whatever goes wrong with one is raised once it is written down that it was tried, so that it holds up the others
    :data:`ATTEMPTS` times at most.
    """
    conn, office = counter.office.conn, counter.office
    row = conn.execute(_QUERIES.next).fetchone()
    if row is None:
        return None
    extract, ordered, attempts = row
    order = Order.from_json(ordered)
    if attempts >= ATTEMPTS:
        drop(office.works, extract)
        conn.execute(_QUERIES.set_state, {"id": extract, "state": State.FAILED.value, "at": clock()})
        return order.asking.id
    conn.execute(_QUERIES.set_making, {"id": extract, "at": clock()})
    to = counter.path_of(extract)
    answer = None if to.exists() else _make(counter, order, to, clock)
    if isinstance(answer, Refusal):
        _refused(counter, extract, answer, clock())
    else:
        _made(counter, extract, to, clock())
    return order.asking.id


def remove_old(counter: Counter, now: datetime) -> int:
    """Remove what was made and whose time is over; return how many extracts that were."""
    conn = counter.office.conn
    rows = conn.execute(_QUERIES.kept_too_long, {"before": now - KEPT}).fetchall()
    for (extract,) in rows:
        work.give_up(counter.path_of(extract))
        conn.execute(_QUERIES.set_state, {"id": extract, "state": State.GONE.value, "at": now})
    return len(rows)


def withdraw(counter: Counter, extracts: Sequence[UUID], now: datetime) -> None:
    """Remove what was made of these, and whatever anybody's extract was being made from: somebody in it is gone.

    What was made is told to be gone; what is being made begins anew, from what is held now. Whoever makes them calls it
    between two; a command that makes one at this moment holds its file, which it removes itself when it is done.
    """
    conn, works = counter.office.conn, counter.office.works
    for extract in extracts:
        if counter.path_of(extract).exists():
            work.give_up(counter.path_of(extract))
            conn.execute(_QUERIES.set_state, {"id": extract, "state": State.GONE.value, "at": now})
    for folder in works.iterdir() if works.is_dir() else ():
        if not _in_use(folder):
            work.give_up(folder)


def _in_use(folder: Path) -> bool:
    """Whether another process has the work on an extract open."""
    if not (folder / work.FILE).exists():
        return False
    try:
        with work.opened(folder):
            return False
    except OSError:
        return True


def _make(counter: Counter, order: Order, to: Path, clock: Callable[[], datetime]) -> Made | Refusal:
    office, extract = counter.office, order.asking.id
    if not _is_begun(office, extract):
        drop(office.works, extract)  # what was not begun whole
        begun = begin(office, order)
        if isinstance(begun, Refusal):
            return begun
        office.conn.execute(_QUERIES.set_parts, {"id": extract, "parts": begun.parts})
    return go_on(office, extract, to, clock)


def _is_begun(office: Office, extract: UUID) -> bool:
    folder = work.path_of(office.works, extract)
    if not (folder / work.FILE).exists():
        return False
    with work.opened(folder) as file:
        return work.is_ready(file)


def _made(counter: Counter, extract: UUID, to: Path, now: datetime) -> None:
    version = _manifest(to)["agreement"].rpartition("@")[2]
    counter.office.conn.execute(_QUERIES.set_made, {"id": extract, "at": now, "version": int(version)})


def _refused(counter: Counter, extract: UUID, refusal: Refusal, now: datetime) -> None:
    work.give_up(counter.path_of(extract))
    values = {"id": extract, "at": now, "refusal": refusal.id, "reason": refusal.reason.code}
    counter.office.conn.execute(_QUERIES.set_refused, values)


def _manifest(folder: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    return said


def counter_at(home: Path, conn: Connected, vocabulary: Vocabulary, keyring: Keyring, signer: Signer) -> Counter:
    """Return the counter of a node whose home is ``home``; ``conn`` is of the gate's role.

    What was made is readable by its owner alone. The pages and the worker share the home.
    """
    made = home / "extracts-made"
    made.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Counter(Office(conn, vocabulary, keyring, signer, home / "extracts"), made)
