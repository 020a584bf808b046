"""Ledgers that witness one another, over HTTP: real nodes, real witnesses, and what is wrong with either."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest

from comity.cli import ledgers
from comity.cli.failing import Failed
from comity.gate.logging_report import Asked, logging_report
from comity.ledger import Entry, Sequencer, append, commitment, export, head, latest, prove
from comity.ledger.checkpoint import Checkpoint
from comity.ledger.cosigning import origin_hash
from comity.ledger.errors import DamagedLedgerError, ExportError, RestoredFromBackupError, SigningRefusedError
from comity.ledger.note import Note
from comity.ledger.store import entries_of, try_lead, unsequenced_since, unwitnessed_since, witnessed, witnessed_at
from comity.ledger.submission import Submission
from comity.ledger.verify import verify_export, verify_receipt
from comity.ledger.witnesses import Witnesses
from comity.node import Node
from comity.store import Role, Settings, Store
from comity.store.provision import copy_database, drop_database
from comity.vocabulary import Vocabulary
from comity.web.app import create_app
from comity.worker import keep_witnessed, sequence

from .desk import eventually, serving

NAMES = ("amsterdam", "leeds")


@dataclass(frozen=True)
class Peer:
    """A node that witnesses, and where it is."""

    node: Node
    url: str

    @property
    def prefix(self) -> str:
        return f"{self.url}/witness"

    def line(self, kind: int = 1) -> str:
        return f"witness {self.node.name} {self.node.cosigners()[kind].key.vkey} {self.prefix}\n"


@pytest.fixture(scope="module")
def peers(
    postgres: Store, migrated_template: str, vocabulary: Vocabulary, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Peer]]:
    """Two nodes that witness, each with a database, keys and a server of its own."""
    with ExitStack() as until:
        made = []
        for name in NAMES:
            copy_database(postgres.admin, name, migrated_template)
            until.callback(drop_database, postgres.admin, name)
            node = Node(Settings(tmp_path_factory.mktemp(name)), postgres.of(name), vocabulary, name)
            made.append(Peer(node, until.enter_context(serving(create_app(node)))))
        yield made


@pytest.fixture
def node(store: Store, vocabulary: Vocabulary, tmp_path: Path, peers: list[Peer]) -> Node:
    """A node that both witness, and of which both must cosign."""
    made = Node(Settings(tmp_path), store, vocabulary, f"log-{store.database}")
    for peer in peers:
        (peer.node.settings.home / "witness.policy").write_text(f"log {made.signer().vkey()}\nquorum none\n")
    believe(made, [peer.line() for peer in peers], "all")
    return made


def believe(node: Node, witnesses: list[str], count: str) -> None:
    names = " ".join(line.split()[1] for line in witnesses)
    (node.settings.home / "ledger.policy").write_text(f"{''.join(witnesses)}group g {count} {names}\nquorum g\n")


def act(node: Node, count: int = 1) -> list[Entry]:
    entries = [Entry(uuid4(), datetime.now(UTC), "refusal", {}, bytes(32)) for _ in range(count)]
    with node.store.connect(Role.INTAKE) as connection:
        append(connection, entries)
    return entries


def step(node: Node, count: int = 1) -> list[Entry]:
    """Do something and sign for it."""
    entries = act(node, count)
    with node.store.connect(Role.LEDGER) as connection:
        sequencer = Sequencer(connection, node.signer(), node.ledger_head, also=node.also_signs())
        assert sequencer.step(datetime.now(UTC)) == count
    return entries


@contextmanager
def asking(node: Node, patience: float = 3.0) -> Iterator[Witnesses]:
    with (
        node.store.connect(Role.LEDGER) as connection,
        Witnesses(connection, node.signer(), node.policy(), patience=patience) as witnesses,
    ):
        yield witnesses


def read(node: Node, what: Callable) -> object:
    with node.store.connect(Role.LEDGER) as connection:
        return what(connection)


def put_back(node: Node, size: int) -> None:
    """Put the database and the file beside it back to the same older day, as a restored machine has them."""
    with psycopg.connect(node.store.admin, dbname=node.store.database) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("delete from ledger.entry where number >= %s", [size])
        for table in ("checkpoint", "cosignature", "witnessed"):
            connection.execute(f"delete from ledger.{table} where size > %s", [size])
    note = read(node, head)
    node.ledger_head.write_text(note.note) if note else node.ledger_head.unlink()


# ---- witnessed


def test_both_cosign_each_head_and_a_receipt_carries_it(node: Node, peers: list[Peer], tmp_path: Path):
    with asking(node) as witnesses:
        for count in (1, 300):
            entries = step(node, count)
            assert read(node, unwitnessed_since) is not None
            found = witnesses.ask(datetime.now(UTC))
            assert (found.size, found.met, found.heard) == (read(node, head).checkpoint.size, True, True)
            assert read(node, unwitnessed_since) is None
    newest = read(node, witnessed)
    assert newest.checkpoint.size == 301
    assert read(node, witnessed_at) == newest.signed_at
    for peer in peers:
        assert peer.node.cosigners()[1].key.has_signed(Note.parse(newest.note))
    receipt = tmp_path / "use.tlog-proof"
    receipt.write_text(read(node, lambda conn: prove(conn, entries[-1].id)).text())
    keys = [node.signer().vkey(), *(it.key.vkey for it in node.also_signs())]
    report = verify_receipt(receipt, "\n".join([*keys, *(it.node.cosigners()[1].key.vkey for it in peers)]), 2)
    assert (report.fault, report.unchecked, len(report.cosigned)) == (None, (), 2)


def test_the_checkpoint_with_its_cosignatures_is_served_by_the_ledger_and_by_the_witness(node: Node, peers: list[Peer]):
    with serving(create_app(node)) as url:
        assert httpx.get(f"{url}/ledger/witnessed").status_code == 404
        step(node)
        with asking(node) as witnesses:
            witnesses.ask(datetime.now(UTC))
        served = httpx.get(f"{url}/ledger/witnessed")
        assert served.text == httpx.get(f"{url}/ledger/checkpoint").text
        assert served.headers["cache-control"] == "no-store"
    for peer in peers:
        note = Note.parse(httpx.get(f"{peer.prefix}/{origin_hash(node.name)}/checkpoint").text)
        assert note.text == Note.parse(served.text).text
        assert node.signer().verifier.has_signed(note)
        assert all(it.key.has_signed(note) for it in peer.node.cosigners())
        assert httpx.get(f"{peer.prefix}/{origin_hash('nobody')}/checkpoint").status_code == 404


def test_a_witness_answers_over_http_as_the_specification_says(node: Node, peers: list[Peer]):
    step(node)
    first, note = peers[0], read(node, head).note
    url = f"{first.prefix}/add-checkpoint"
    answer = httpx.post(url, content=Submission(0, (), note).text())
    assert (answer.status_code, answer.text.count("\N{EM DASH}")) == (200, 2)
    conflict = httpx.post(url, content=Submission(0, (), note).text())
    assert (conflict.status_code, conflict.headers["content-type"], conflict.text) == (409, "text/x.tlog.size", "1\n")
    assert httpx.post(url, content=b"x" * 200_000).status_code == 400
    assert httpx.post(url, content=b"x").status_code == 400
    (first.node.settings.home / "witness.policy").write_text("quorum none\n")
    assert httpx.post(url, content=Submission(1, (), note).text()).status_code == 404
    assert httpx.get(url).status_code == 404


def test_a_witness_that_missed_some_is_told_from_where_it_is(node: Node, peers: list[Peer]):
    believe(node, [peers[0].line()], "any")
    step(node, 3)
    with asking(node) as witnesses:
        assert witnesses.ask(datetime.now(UTC)).met
    believe(node, [peer.line() for peer in peers], "all")
    step(node, 5)
    with psycopg.connect(node.store.admin, dbname=node.store.database) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("delete from ledger.cosignature")  # who cosigned what is forgotten: the witness says it
    with asking(node) as witnesses:
        assert witnesses.ask(datetime.now(UTC)).met


# ---- a slow or malicious witness


@contextmanager
def odd_witness(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A witness that answers each connection as the test says, until the block is left."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        over = threading.Event()

        def one(connection: socket.socket) -> None:
            with connection:
                connection.settimeout(5)
                try:
                    connection.recv(65536)
                    answer(connection)
                except OSError:
                    pass

        def run() -> None:
            while not over.is_set():
                try:
                    threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()
                except TimeoutError:
                    continue

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def reply(status: str, body: bytes) -> Callable[[socket.socket], None]:
    return lambda it: it.sendall(b"HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n" % (status.encode(), len(body)) + body)


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for _ in range(40):
        connection.sendall(b"x-more: x\r\n")
        time.sleep(0.1)


def flood(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(1_000):
        connection.sendall(b"x" * 65536)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda it: time.sleep(3), "TimeoutError"),
        (drip, "TimeoutError"),
        (flood, "ValueError"),
        (reply("200 OK", b"nonsense"), "does not fit"),
        (reply("200 OK", "— w AAAAAAAA\n".encode()), "no cosignature with the key in the policy"),
        (reply("302 Found\r\nlocation: http://127.0.0.1:9/", b""), "status 302"),
        (reply("500 Oops", b""), "status 500"),
        (reply("409 Conflict", b"many\n"), "status 409"),
        (lambda it: None, "RemoteProtocolError"),
    ],
)
def test_a_slow_or_malicious_witness_costs_no_more_than_its_time(node: Node, peers: list[Peer], answer, told: str):
    with odd_witness(answer) as url:
        odd = f"witness odd {peers[1].node.cosigners()[0].key.vkey} {url}\n"
        believe(node, [peers[0].line(), odd], "any")
        step(node)
        with asking(node, patience=0.7) as witnesses:
            found = witnesses.ask(datetime.now(UTC))
    assert found.met, "the other one is a quorum here"
    assert told in found.said["odd"].failed


def test_cosignature_of_another_head_is_not_kept(node: Node, peers: list[Peer]):
    cosigner = peers[1].node.cosigners()[1]
    step(node)
    lie = cosigner.sign(Checkpoint(node.name, 1, b"r" * 32), 7)
    late = cosigner.sign(read(node, head).checkpoint, int(time.time()) + 3_600)
    for said, told in ((lie, "does not fit"), (late, "a time to come")):
        with odd_witness(reply("200 OK", str(said).encode())) as url:
            believe(node, [f"witness odd {cosigner.key.vkey} {url}\n"], "any")
            with asking(node) as witnesses:
                found = witnesses.ask(datetime.now(UTC))
        assert not found.met
        assert told in found.said["odd"].failed
    assert read(node, lambda conn: conn.execute("select count(*) from ledger.cosignature").fetchone()) == (0,)


def test_witness_that_claims_more_than_was_signed_stops_nothing_alone(node: Node, peers: list[Peer]):
    """It shows nothing that our key signed, and is no quorum: whoever lies must not be able to stop a ledger."""
    for lie in (reply("409 Conflict", b"9999\n"), reply("422 Unprocessable", b"")):
        with odd_witness(lie) as url:
            odd = f"witness odd {peers[1].node.cosigners()[0].key.vkey} {url}\n"
            believe(node, [peers[0].line(), odd], "all")
            step(node)
            with asking(node) as witnesses:
                assert not witnesses.ask(datetime.now(UTC)).met
            believe(node, [odd], "all")
            with asking(node) as witnesses, pytest.raises(RestoredFromBackupError, match="A quorum of witnesses"):
                witnesses.ask(datetime.now(UTC))


# ---- the worker


@contextmanager
def working(node: Node) -> Iterator[threading.Event]:
    """Number, sign and have witnessed, as the worker does."""
    stop = threading.Event()
    threads = [threading.Thread(target=each, args=(node, stop)) for each in (sequence, keep_witnessed)]
    for thread in threads:
        thread.start()
    try:
        yield stop
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_the_worker_has_each_head_witnessed_and_a_slow_witness_delays_no_entry(node: Node, peers: list[Peer]):
    with odd_witness(drip) as url:
        odd = f"witness odd {peers[1].node.cosigners()[0].key.vkey} {url}\n"
        believe(node, [peers[0].line(), odd], "any")
        with working(node):
            act(node, 3)
            eventually(lambda: (it := read(node, witnessed)) and it.checkpoint.size == 3)
            for count in range(4, 9):  # while the odd one is still dripping
                act(node)
                eventually(lambda count=count: read(node, head).checkpoint.size == count, 2)
            assert read(node, unsequenced_since) is None


def test_nothing_is_signed_until_a_witness_answers_and_what_waits_is_kept(node: Node, peers: list[Peer]):
    nowhere = f"witness w {peers[0].node.cosigners()[1].key.vkey} http://127.0.0.1:9/witness\n"
    believe(node, [nowhere], "all")
    act(node)
    with working(node):
        time.sleep(0.5)
        assert read(node, head) is None
        assert read(node, unsequenced_since) is not None


# ---- restored from an old backup, and a split view


@pytest.mark.parametrize("size", [0, 2])
def test_rollback_of_database_and_memory_together_is_seen_from_the_witnesses(node: Node, peers: list[Peer], size: int):
    with asking(node) as witnesses:
        step(node, 2)
        assert witnesses.ask(datetime.now(UTC)).met
        step(node, 3)
        assert witnesses.ask(datetime.now(UTC)).met
    put_back(node, size)
    act(node)
    with pytest.raises(RestoredFromBackupError, match=r"holds a checkpoint of 5 entries.*comity ledger renew"):
        sequence(node, threading.Event())
    newest = read(node, head)
    assert (newest.checkpoint.size if newest else 0) == size, "nothing was signed"
    with pytest.raises(RestoredFromBackupError):
        keep_witnessed(node, threading.Event())


def test_rollback_that_went_on_is_seen_from_a_witness_that_knows_the_other_history(node: Node, peers: list[Peer]):
    with asking(node) as witnesses:
        step(node, 2)
        assert witnesses.ask(datetime.now(UTC)).met
        step(node, 3)
        assert witnesses.ask(datetime.now(UTC)).met
    put_back(node, 2)
    step(node, 7)  # signed without asking: as with an attacker's own worker
    with asking(node) as witnesses, pytest.raises(RestoredFromBackupError, match="does not lead to it"):
        witnesses.ask(datetime.now(UTC))


def test_a_ledger_that_may_not_go_on_is_renewed_under_a_new_name_that_cites_its_end(
    node: Node, peers: list[Peer], tmp_path: Path
):
    with asking(node) as witnesses:
        step(node, 2)
        witnesses.ask(datetime.now(UTC))
        step(node, 300)
        witnesses.ask(datetime.now(UTC))
    old, end = node.signer(), read(node, head).checkpoint
    put_back(node, 2)
    waiting = act(node, 3)
    with node.store.connect(Role.OWNER) as owner:
        with node.store.connect(Role.LEDGER, autocommit=True) as leader:
            assert try_lead(leader)
            with pytest.raises(SigningRefusedError, match="Stop the node"):
                ledgers._renew(node, owner)
        node.ledger_head.unlink(missing_ok=True)  # what was signed last is known from the witnesses alone
        begun = ledgers._renew(node, owner)
    assert begun.name == f"{old.name}/2" == node.origin
    assert node.signer() == begun != old
    for peer in peers:
        (peer.node.settings.home / "witness.policy").write_text(f"log {begun.vkey()}\nquorum none\n")
    with working(node):
        eventually(lambda: (it := read(node, witnessed)) and it.checkpoint.size == 4)
    first = read(node, lambda conn: latest(conn, 4))
    said = first[-1].entry()
    assert [it.entry() for it in reversed(first[:-1])] == waiting
    assert (said.kind, dict(said.context)) == (
        "checkpoint",
        {"act": "renew", "old_origin": old.name, "old_size": "302", "old_root": end.root.hex(), "kept_size": "2"},
    )
    held = httpx.get(f"{peers[0].prefix}/{origin_hash(old.name)}/checkpoint").text
    assert said.commitment == commitment(bytes(16), held.encode())
    with node.store.connect(Role.LEDGER) as connection:
        export(connection, tmp_path / "export")
        assert connection.execute("select count(*) from ledger.entry_1").fetchone() == (2,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("insert into ledger.entry_1 values (3, gen_random_uuid(), '', sha256(''))")
    keys = [begun.vkey(), *(it.key.vkey for it in node.also_signs())]
    assert verify_export(tmp_path / "export", "\n".join(keys)).fault is None
    with node.store.connect(Role.OWNER) as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute("delete from ledger.entry")


def test_what_was_entered_before_a_renewal_is_still_found_proven_reported_and_written_out(
    node: Node, peers: list[Peer], tmp_path: Path, vocabulary: Vocabulary
):
    old, before = node.signer(), step(node, 300)
    erased = Entry(uuid4(), datetime.now(UTC), "erasure", {"agency": "police"}, bytes(32))
    with node.store.connect(Role.INTAKE) as intake:
        append(intake, [erased])
    with node.store.connect(Role.LEDGER) as connection:
        Sequencer(connection, old, node.ledger_head, also=node.also_signs()).step(datetime.now(UTC))
    with serving(create_app(node)) as url, httpx.Client(base_url=url) as http:
        entry = f"/ledger/{before[7].id}"
        assert str(erased.id) in http.get("/ledger?kind=erasure").text  # the index is of the old numbers now
        tile, receipt = http.get("/ledger/tile/0/000").content, http.get(f"{entry}/receipt").text
        assert http.get("/ledger/2/checkpoint").status_code == 404
        with node.store.connect(Role.OWNER) as owner:
            ledgers._renew(node, owner)
        after = step(node, 2)

        # receipts of what was done before are those of the old ledger, and the page names its key
        assert http.get(f"{entry}/receipt").text == receipt
        (tmp_path / "receipt").write_text(receipt)
        assert verify_receipt(tmp_path / "receipt", old.vkey()).fault is None
        page = http.get(entry).text
        assert old.vkey() in page
        assert f"{old.name}: an earlier one" in page
        assert "an earlier one" not in http.get(f"/ledger/{after[0].id}").text

        # what is searched is the new ledger, and no line of it goes by a number of the old one's
        begins, found = read(node, lambda conn: latest(conn, 3))[-1].entry(), http.get("/ledger?kind=refusal").text
        assert all(str(it.id) in found for it in after)
        assert str(begins.id) not in found
        assert str(begins.id) in http.get("/ledger?kind=checkpoint").text

        # each ledger keeps its own address, whole
        assert http.get("/ledger/tile/0/000").content == tile
        assert http.get("/ledger/checkpoint").text.startswith(f"{old.name}\n301\n")
        assert http.get("/ledger/2/checkpoint").text.startswith(f"{node.origin}\n3\n")
        assert len(http.get("/ledger/2/tile/0/000.p/3").content) == 96
        for nowhere in (
            "/ledger/0/checkpoint",
            "/ledger/02/checkpoint",
            "/ledger/3/checkpoint",
            "/ledger/3/tile/0/000",
            "/ledger/2/witnessed",
        ):
            assert http.get(nowhere).status_code == 404
    everything = [it.id for it in read(node, lambda conn: entries_of(conn, ("refusal",)))]
    assert everything == [it.id for it in (*before, *after)]
    with node.store.connect(Role.GATE) as connection:
        export(connection, tmp_path / "first", number=1)
        with pytest.raises(ExportError, match="number 2"):
            export(connection, tmp_path / "second", number=2)
    keys = [old.vkey(), *(it.key.vkey for it in node.of_ledger(1).also_signs())]
    assert verify_export(tmp_path / "first", "\n".join(keys)).fault is None

    async def report() -> list[str]:
        async with await psycopg.AsyncConnection.connect(node.store.conninfo(Role.GATE)) as conn:
            day, now = timedelta(days=1), datetime.now(UTC)
            return [it.entry for it in await logging_report(conn, Asked(now - day, now + day), now, by="overseer")]

    assert str(erased.id) in asyncio.run(report())


def test_a_renewal_that_was_broken_off_is_gone_on_with(node: Node, peers: list[Peer], monkeypatch):
    step(node, 2)
    with node.store.connect(Role.OWNER) as owner:
        with monkeypatch.context() as power:
            power.setattr(Node, "use_ledger", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                ledgers._renew(node, owner)
        act(node)
        with pytest.raises(DamagedLedgerError), node.store.connect(Role.LEDGER) as connection:
            Sequencer(connection, node.signer(), node.ledger_head).step(datetime.now(UTC))
        begun = ledgers._renew(node, owner)
    assert node.origin == begun.name
    with node.store.connect(Role.LEDGER) as connection:
        assert Sequencer(connection, begun, node.ledger_head, also=node.also_signs()).step(datetime.now(UTC)) == 1
    assert read(node, head).checkpoint.size == 2


def test_split_view_is_found_by_comparing_two_witnesses(node: Node, peers: list[Peer], monkeypatch, capsys):
    monkeypatch.setattr(ledgers, "node", lambda: nullcontext(node))
    first, second = (peer.line() for peer in peers)
    step(node, 2)
    with asking(node) as witnesses:
        assert witnesses.ask(datetime.now(UTC)).met
    ledgers.witness_compare()
    assert capsys.readouterr().out.count("agrees") == 2
    ledgers.doctor()
    assert "WRONG" not in capsys.readouterr().out
    ledgers.witness_show()
    assert "Witnessed 2 lines" in capsys.readouterr().out
    for line in (first, second):  # each is shown another history of four entries, under one name
        believe(node, [line], "any")
        put_back(node, 2)
        step(node, 2)
        with asking(node) as witnesses:
            assert witnesses.ask(datetime.now(UTC)).met
    believe(node, [first, second], "all")
    with pytest.raises(Failed):
        ledgers.witness_compare()
    told = capsys.readouterr().out
    assert "SPLIT VIEW  amsterdam and leeds hold two histories of 4 lines" in told
    assert "CONTRADICTS amsterdam" in told
    assert "agrees      leeds" in told
    with pytest.raises(Failed):
        ledgers.doctor()
    assert "WRONG the witness amsterdam holds 4 lines of this history" in capsys.readouterr().out
