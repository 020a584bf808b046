"""Make an extract: begin it, go on with it until it is whole, and let it out.

Rules:

1. It is judged as every request is, twice: before anything is read, and in the very statement that writes it down. An
   agreement that ended in between lets nothing out; what was made is removed.
2. Log or deny: the log's line, whom it was about and the ledger's entry are one transaction, and only after it has
   committed is the folder given its name. A crash between the two leaves a folder that the next attempt publishes.
3. Nothing is half published: the folder appears whole, under a name that was not there.
4. Of whomever the providers hold no longer (erased, retracted) nothing leaves, also if the snapshot still had them:
   then the extract is refused, and has to be begun anew.
5. What is asked of many takes no more memory than what is asked of one stretch of them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from psycopg import Connection, sql

from comity.agreements import Considered, standing_from_rows, standing_query
from comity.gate import on_spark, reasons
from comity.gate.behind import behind_now
from comity.gate.compile import bind
from comity.gate.decide import decide
from comity.gate.disclose import written_of_refusal
from comity.gate.due import due_of_made_parameters, due_of_made_query, unchanged_query
from comity.gate.engines import Engine
from comity.gate.entry import question
from comity.gate.errors import GateError
from comity.gate.extract import work
from comity.gate.extract.columns import Table, tables
from comity.gate.extract.manifest import MANIFEST, NOTE, manifest, note_text
from comity.gate.extract.models import Made, Order, Underway
from comity.gate.extract.part import Bench, Elsewhere, make_part
from comity.gate.extract.verify import digest_of
from comity.gate.known import as_reviewed
from comity.gate.models import Asking, Reason, Refusal, Verdict
from comity.gate.pseudonyms import key_for
from comity.gate.snapshot import take
from comity.gate.values import logged
from comity.gate.wide import Wide, asked
from comity.ledger.entry import Entry, commitment
from comity.ledger.note import Signer, sign_note
from comity.record import Keyring
from comity.record.seal import blind
from comity.record.store import keys_from_rows
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pyspark.sql import SparkSession

_QUERIES: Final = load_queries("comity.gate.extract")
_MARK: Final = load_queries("comity.gate", "pieces.sql").mark
_OVERDUE: Final = load_queries("comity.gate", "reviews.sql").overdue_of
_ID: Final = 16  # bytes
_MOST_LOOKS: Final = 4

Connected = Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Office:
    """What extracts are made with on a node: a connection as the gate, words, keys, the signer, where works lie.

    ``spark`` starts Spark, with its own files in the folder that it is given, for the extracts that it makes.
    """

    conn: Connected = field(repr=False)
    vocabulary: Vocabulary = field(repr=False)
    keyring: Keyring = field(repr=False)
    signer: Signer = field(repr=False)
    works: Path
    spark: Callable[[Path], AbstractContextManager[SparkSession]] = on_spark.session


@dataclass(frozen=True, slots=True)
class _Judged:
    mark: str
    considered: Considered | None
    verdict: Verdict | None
    refusal: Reason | None


def judge(office: Office, order: Order, *, version: int | None = None, about: Iterable[bytes] = ()) -> Refusal | None:
    """Judge a request as :func:`begin` does, without making anything; a refusal is logged.

    Of what was made already: by which ``version`` of the agreement, and ``about`` whom, ids of 16 bytes in sets.
    """
    judged = _judge(office, order.asking, order.asking.at)
    reason = judged.refusal
    if judged.verdict is None:
        reason = reason or reasons.UNKNOWN_AGREEMENT
    elif reason is None and version not in (None, judged.verdict.agreement.version):
        reason = reasons.NOT_IN_FORCE
    elif reason is None and _are_gone(office, judged.verdict, about):
        reason = reasons.DATA_GONE
    return _refuse(office, order.asking, judged, reason) if reason is not None else None


def begin(office: Office, order: Order, *, stretch: int = work.STRETCH) -> Underway | Refusal:
    """Judge the request, take the snapshot, and get the work ready; what was begun is gone on with by :func:`go_on`.

    An error leaves nothing behind. :class:`GateError` for an engine that makes no extracts or is not here: the manifest
    names the one that did.
    """
    if order.engine is Engine.SPARK:
        on_spark.require()
    elif order.engine is not Engine.DUCKDB:
        raise GateError(f"No extract is made by {order.engine.value}: {Engine.DUCKDB.value} reads what it holds.")
    judged = _judge(office, order.asking, order.asking.at)
    if judged.verdict is None or judged.refusal is not None:
        return _refuse(office, order.asking, judged, judged.refusal or reasons.UNKNOWN_AGREEMENT)
    agreement = judged.verdict.agreement
    given = tables(judged.verdict, office.vocabulary)
    folder = work.path_of(office.works, order.asking.id)
    folder.mkdir(mode=0o700, parents=True)
    try:
        (folder / work.OUT).mkdir(mode=0o700)
        trees = [table.query.tree for table in given]
        snapshot = take(office.conn, folder / work.FILE, trees, agreement.providers)
        with work.opened(folder) as file:
            _rename_people(office, file, folder, order, agreement.purpose)
            work.get_ready(file, order, snapshot.taken_at.isoformat(), stretch=stretch)
            return replace(_underway(file), parts=len(work.stretches(file)) * len(given))
    except BaseException:
        work.give_up(folder)
        raise


def go_on(office: Office, extract: UUID, to: Path, clock: Callable[[], datetime]) -> Made | Refusal:
    """Make what is still missing of an extract, write it down, and publish it as the folder ``to``, which is new.

    Raises :class:`GateError` if there is no such work, or if ``to`` is there already. Whatever else fails, the work
    stays for another attempt.
    """
    folder = work.path_of(office.works, extract)
    if to.exists():
        raise GateError(f"{to} is there already. Name a folder that is not.")
    if not (folder / work.FILE).exists():
        raise GateError("No such extract is under way here. List those that are, or begin a new one.")
    with work.opened(folder) as file:
        if not work.is_ready(file):
            raise GateError("This extract was not begun whole. Drop it, and begin a new one.")
        order, taken_at = work.ordered(file)
        answer = _make(office, file, folder, order, datetime.fromisoformat(taken_at), clock)
    if isinstance(answer, Refusal):
        work.give_up(folder)
        return answer
    _publish(folder, to)
    work.give_up(folder)
    return Made(extract, to, answer)


def underway(works: Path) -> Iterator[Underway]:
    """Yield what was begun and is not finished, oldest first; what was not begun whole has no parts to do."""
    folders = sorted(works.iterdir() if works.exists() else [], key=lambda path: path.stat().st_mtime)
    for folder in folders:
        if (folder / work.FILE).exists():
            with work.opened(folder) as file:
                if work.is_ready(file):
                    yield _underway(file)


def drop(works: Path, extract: UUID) -> None:
    """Give an extract up: everything that was made of it is removed, and nothing leaves."""
    work.give_up(work.path_of(works, extract))


def _underway(file: DuckDBPyConnection) -> Underway:
    order, _ = work.ordered(file)
    request = order.asking.request
    return Underway(
        order.asking.id, request.agreement, order.asking.at, len(work.parts(file)), len(work.stretches(file))
    )


# --- judging ---------------------------------------------------------------------------------------------------------


def _judge(office: Office, asking: Asking, now: datetime) -> _Judged:
    """Return the verdict on a request by what the database says of the agreement at this moment."""
    request = asking.request
    with office.conn.transaction():
        mark = office.conn.execute(_MARK, {"agreement": request.agreement}).fetchone()
        rows = office.conn.execute(standing_query(), {"name": request.agreement}).fetchall()
        late = office.conn.execute(_OVERDUE, {"agreement": request.agreement}).fetchone()
    considered = as_reviewed(standing_from_rows(rows, office.vocabulary, now), late=late is not None and late[0] > 0)
    said = str(mark[0]) if mark else ""
    if considered is None or considered.agreement is None:
        why = reasons.not_in_force(considered.standing) if considered else reasons.UNKNOWN_AGREEMENT
        return _Judged(said, considered, None, why)
    verdict = decide(request, considered.agreement, considered.standing, office.vocabulary, now)
    return _Judged(said, considered, verdict, behind_now(office.conn) or verdict.refusal)


def _refuse(office: Office, asking: Asking, judged: _Judged, reason: Reason) -> Refusal:
    """Log a refusal with its entry, and return what the requester may know of it."""
    with office.conn.transaction():
        for statement, values in written_of_refusal(asking, judged.considered, reason, office.vocabulary):
            office.conn.execute(statement, values)
    return Refusal(asking.id, asking.at, reasons.public(reason))


# --- making ----------------------------------------------------------------------------------------------------------


def _rename_people(office: Office, file: DuckDBPyConnection, folder: Path, order: Order, purpose: str) -> None:
    recipient = order.asking.request.requester.agency
    known = folder / "pseudonyms.csv"
    known.touch(mode=0o600)
    copy = sql.SQL(_QUERIES.known_pseudonyms).format(recipient=sql.Literal(recipient), purpose=sql.Literal(purpose))
    with office.conn.cursor().copy(copy) as out, known.open("wb") as written:
        for block in out:
            written.write(block)

    def keep(made: Sequence[tuple[UUID, UUID]]) -> None:
        people, pseudonyms = zip(*made, strict=True)
        values = {"recipient": recipient, "purpose": purpose, "people": list(people), "pseudonyms": list(pseudonyms)}
        with office.conn.transaction():
            office.conn.execute(_QUERIES.put_pseudonyms, values)

    try:
        work.rename_people(file, known, key_for(office.keyring.pseudonyms, recipient, purpose), keep)
    finally:
        known.unlink()


def _make(
    office: Office,
    file: DuckDBPyConnection,
    folder: Path,
    order: Order,
    taken_at: datetime,
    clock: Callable[[], datetime],
) -> Mapping[str, Any] | Refusal:
    """Make the parts that are missing and write the extract down; return its manifest, or the refusal."""
    import json

    if (folder / work.OUT / MANIFEST).exists() and _is_logged(office, order):
        known: Mapping[str, Any] = json.loads((folder / work.OUT / MANIFEST).read_bytes())
        return known
    for _ in range(_MOST_LOOKS):
        now = clock()
        judged = _judge(office, order.asking, now)
        if judged.verdict is None or judged.refusal is not None:
            return _refuse(office, order.asking, judged, judged.refusal or reasons.UNKNOWN_AGREEMENT)
        given = tables(judged.verdict, office.vocabulary)
        _make_parts(office, file, folder, order, judged.verdict, given)
        data = manifest(order, judged.verdict.agreement, given, work.parts(file), taken_at)
        _write_manifest(office, folder, order, data)
        if _somebody_is_gone(office, file, judged.verdict):
            return _refuse(office, order.asking, judged, reasons.DATA_GONE)
        if _written_down(office, file, order, judged, data, clock()):
            return json.loads(data)  # type: ignore[no-any-return]
    raise RuntimeError("the agreement changes faster than it can be read")


def _make_parts(
    office: Office, file: DuckDBPyConnection, folder: Path, order: Order, verdict: Verdict, given: Sequence[Table]
) -> None:
    missing = list(_missing(file, folder, given))
    if not missing:
        return
    with _elsewhere(office, file, folder, order) as elsewhere:
        for table, stretch in missing:
            make_part(file, table, stretch, _bench(office, folder, order, verdict, table, elsewhere))


def _missing(file: DuckDBPyConnection, folder: Path, given: Sequence[Table]) -> Iterator[tuple[Table, work.Stretch]]:
    """Yield what has to be made, or made anew because its file is not as it was written."""
    done = {(part.clause, part.stretch): part for part in work.parts(file)}
    for table in given:
        for stretch in work.stretches(file):
            part = done.get((table.clause.number, stretch[0]))
            if part is not None and _is_as_written(folder / work.OUT / part.name, part.sha256):
                continue
            if part is not None:
                work.forget(file, part)
            yield table, stretch


@contextmanager
def _elsewhere(office: Office, file: DuckDBPyConnection, folder: Path, order: Order) -> Iterator[Elsewhere | None]:
    """Have the order's engine ready, with the snapshot handed over to it; nothing for DuckDB, which has it."""
    if order.engine is Engine.DUCKDB:
        yield None
        return
    beside = folder / work.ELSEWHERE
    shutil.rmtree(beside, ignore_errors=True)  # of an attempt that was broken off
    beside.mkdir(mode=0o700)
    with office.spark(beside) as spark:
        on_spark.hand_over(file, beside, spark)

        def carry_out(query: Wide, values: Mapping[str, Any]) -> Path:
            written = beside / "part"
            on_spark.write(spark, query, values, written)
            return written

        yield carry_out


def _is_as_written(path: Path, digest: str) -> bool:
    return path.exists() and digest_of(path) == digest


def _bench(
    office: Office, folder: Path, order: Order, verdict: Verdict, table: Table, elsewhere: Elsewhere | None
) -> Bench:
    today = order.asking.at.date()
    requester, agreement = order.asking.request.requester, verdict.agreement
    slots = bind(table.query.slots, today, requester, lambda it: blind(office.keyring.blind_index, it.column, it.text))
    return Bench(
        folder=folder,
        format=order.format,
        values={**asked(verdict, today), **slots},
        code=key_for(office.keyring.pseudonyms, requester.agency, agreement.purpose),
        keys_of=lambda people: _keys_of(office, agreement.providers, people),
        jurisdiction=agreement.jurisdiction,
        today=today,
        elsewhere=elsewhere,
    )


def _keys_of(office: Office, providers: Sequence[str], people: Sequence[UUID]) -> Mapping[UUID, bytes]:
    with office.conn.transaction():
        office.conn.execute(_QUERIES.settings, {"providers": ",".join(providers)})
        rows = office.conn.execute(
            _QUERIES.subject_keys, {"providers": list(providers), "people": list(people)}
        ).fetchall()
    return keys_from_rows(office.keyring, ((person, agency, epoch, bytes(key)) for person, agency, epoch, key in rows))


# --- letting it out --------------------------------------------------------------------------------------------------


def _write_manifest(office: Office, folder: Path, order: Order, data: bytes) -> None:
    for name, content in (
        (MANIFEST, data),
        (NOTE, sign_note(note_text(order.asking.id, data), [office.signer]).encode()),
    ):
        path = folder / work.OUT / name
        path.touch(mode=0o600)
        path.write_bytes(content)


def _shards(file: DuckDBPyConnection) -> Iterator[tuple[int, int, bytes]]:
    """Yield, for each clause and shard, the ids of the source persons whom it was about, 16 bytes each, in order."""
    for shard in range(0, 4096, 64):
        first, last = shard << 116, ((shard + 64) << 116) - 1
        rows = file.execute(
            "select distinct clause, source_person from work.subject where source_person between ? and ? order by 1, 2",
            [UUID(int=first), UUID(int=last)],
        ).fetchall()
        found: dict[tuple[int, int], list[bytes]] = {}
        for clause, person in rows:
            found.setdefault((clause, person.int >> 116), []).append(person.bytes)
        yield from ((clause, of, b"".join(people)) for (clause, of), people in found.items())


def _somebody_is_gone(office: Office, file: DuckDBPyConnection, verdict: Verdict) -> bool:
    return _are_gone(office, verdict, (people for _, __, people in _shards(file)))


def _are_gone(office: Office, verdict: Verdict, about: Iterable[bytes]) -> bool:
    with office.conn.transaction():
        office.conn.execute(_QUERIES.settings, {"providers": ",".join(verdict.agreement.providers)})
        for people in about:
            ids = [UUID(bytes=people[at : at + _ID]) for at in range(0, len(people), _ID)]
            row = office.conn.execute(_QUERIES.gone, {"people": ids}).fetchone()
            if row and row[0]:
                return True
    return False


def _written_down(
    office: Office, file: DuckDBPyConnection, order: Order, judged: _Judged, data: bytes, now: datetime
) -> bool:
    """Write the log's line, the review that is due, whom it was about, and the ledger's entry.

    Nothing is written if the agreement has changed, or a review is overdue that suspends it.
    """
    asking, verdict = order.asking, judged.verdict
    if verdict is None:
        return False
    asked_for, digest = question(asking.request), hashlib.sha256(data).digest()
    agreement = verdict.agreement
    context = {
        "act": asking.request.asks.act.value,
        "agency": asking.request.requester.agency,
        "agreement": str(agreement),
        "purpose": agreement.purpose,
    }
    entry = Entry(asking.id, now, "disclosure", context, commitment(asking.salt, asked_for + digest))
    left: Counter[int] = Counter()
    for part in work.parts(file):
        left[part.clause] += part.rows
    values = {
        **logged(asking),
        **due_of_made_parameters(agreement, left),
        "at": now,
        "version": agreement.version,
        "rows": left.total(),
        "digest": digest,
        "asked": asked_for,
        "mark": judged.mark,
        "body": entry.encode(),
    }
    statement = _QUERIES.log_extract.format(
        mark=_MARK, unchanged=unchanged_query(agreement), due=due_of_made_query(agreement)
    )
    with office.conn.transaction():
        if office.conn.execute(statement, values).rowcount != 1:
            return False
        with office.conn.cursor() as cursor:
            cursor.executemany(
                _QUERIES.put_subjects,
                (
                    {"disclosure": asking.id, "clause": clause, "shard": shard, "people": people}
                    for clause, shard, people in _shards(file)
                ),
            )
    return True


def _is_logged(office: Office, order: Order) -> bool:
    with office.conn.transaction():
        return office.conn.execute(_QUERIES.is_logged, {"id": order.asking.id}).fetchone() is not None


def _publish(folder: Path, to: Path) -> None:
    """Give the folder its name, in one step; onto another file system by a copy beside it first."""
    made = folder / work.OUT
    to.parent.mkdir(parents=True, exist_ok=True)
    if made.stat().st_dev != to.parent.stat().st_dev:
        beside = to.with_name(f".{to.name}.{folder.name}")
        shutil.copytree(made, beside, dirs_exist_ok=True)
        beside.chmod(0o700)
        made = beside
    made.rename(to)
    descriptor = os.open(to.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
