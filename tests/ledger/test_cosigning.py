"""We witness others: each check of C2SP tlog-witness, *add-checkpoint*, and its status."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest

from comity.ledger.checkpoint import Checkpoint
from comity.ledger.cosignature import Cosigner, Kind, parse_signatures, with_signatures
from comity.ledger.cosigning import add_checkpoint
from comity.ledger.errors import NoteError, SubmissionRefusedError
from comity.ledger.merkle import EMPTY_ROOT, Tree
from comity.ledger.note import Note, Signer
from comity.ledger.policy import Policy
from comity.ledger.store import peers
from comity.ledger.submission import Submission
from comity.store import Role

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LOG = Signer("log.example", b"l" * 32)
COSIGNERS = [Cosigner("witness.example/w1", kind, b"w" * 32) for kind in Kind]
POLICY = Policy.parse(f"log {LOG.vkey()}\nquorum none\n")
# C2SP tlog-witness: the example of a request.
SPEC_BODY = (
    "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
    "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n"
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n"
)


@pytest.fixture
def ask(store) -> Callable[[str | bytes], str]:
    def submit(body: str | bytes, policy: Policy = POLICY) -> str:
        with store.connect(Role.GATE) as connection:
            sent = body.encode() if isinstance(body, str) else body
            return add_checkpoint(connection, policy, COSIGNERS, sent, NOW)

    return submit


@pytest.fixture
def refused(ask) -> Callable[..., SubmissionRefusedError]:
    def submit(*given: object) -> SubmissionRefusedError:
        with pytest.raises(SubmissionRefusedError) as told:
            ask(*given)
        return told.value

    return submit


@pytest.fixture(scope="module")
def at(made_tree):
    """The log's state at a size, and a submission of it from an old one; ``tree`` may be another history."""
    made = made_tree(40)

    def state(size: int) -> Checkpoint:
        return Checkpoint(LOG.name, size, made.root(size))

    def body(old: int, size: int, signer: Signer = LOG) -> str:
        proof = Tree(size, made.read).consistency(old) if old else ()
        return Submission(old, proof, state(size).sign(signer)).text()

    return state, body


def test_the_specification_s_request_is_read_and_written() -> None:
    read = Submission.parse(SPEC_BODY)
    assert (read.old, len(read.proof), read.text()) == (20852014, 4, SPEC_BODY)
    assert Checkpoint.parse(Note.parse(read.note).text).size == 20852163


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("old 2", "old 02"), ("old 2", "old  2"), ("old ", ""), ("old 2", "old -2"), ("\n\nexample", "\nexample"),
        ("PlRN", "PlR!"), ("aw=\n", "aw=\r\n"), ("PlRNCr", "PlRN"), ("\n\nexample", "\n\n\nexample"),
    ],
)  # fmt: skip
def test_a_request_in_another_form_is_refused(was: str, becomes: str) -> None:
    assert was in SPEC_BODY
    with pytest.raises(NoteError):
        Submission.parse(SPEC_BODY.replace(was, becomes, 1))


def test_a_proof_of_more_than_63_lines_is_refused() -> None:
    line = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
    note = SPEC_BODY.partition("\n\n")[2]
    assert len(Submission.parse(f"old 1\n{line * 63}\n{note}").proof) == 63
    with pytest.raises(NoteError):
        Submission.parse(f"old 1\n{line * 64}\n{note}")


def test_a_log_that_grows_is_cosigned_each_time_with_each_key(ask, at, store) -> None:
    state, body = at
    for old, size in ((0, 0), (0, 7), (7, 7), (7, 8), (8, 33)):
        lines = ask(
            body(old, size) if size else Submission(0, (), Checkpoint(LOG.name, 0, EMPTY_ROOT).sign(LOG)).text()
        )
        signatures = parse_signatures(lines)
        expected = state(size) if size else Checkpoint(LOG.name, 0, EMPTY_ROOT)
        assert [key.key.signed_at(expected, it) for key, it in zip(COSIGNERS, signatures, strict=True)] == [
            NOW.timestamp()
        ] * 2
    with store.connect(Role.GATE) as connection:
        kept = peers(connection)[LOG.name]
    assert kept.checkpoint == state(33)
    note = Note.parse(kept.note)
    assert LOG.verifier.has_signed(note)
    assert all(it.key.has_signed(note) for it in COSIGNERS)


def test_only_the_log_s_and_our_signatures_are_kept(ask, at, store) -> None:
    state, _ = at
    stranger = Signer("stranger.example", b"s" * 32)
    ask(Submission(0, (), state(3).sign(LOG, stranger)).text())
    with store.connect(Role.GATE) as connection:
        assert "stranger" not in peers(connection)[LOG.name].note


@pytest.mark.parametrize("body", [b"", b"\xff", b"old 0\n\n", b"old 0\n\nx\n\ny\n", b"old 0\n\nlog.example\n1\nAAAA\n"])
def test_400_for_what_is_no_request(refused, body) -> None:
    assert refused(body).status == 400


def test_400_for_an_old_size_above_the_checkpoint_s_or_no_size_at_all(refused, at) -> None:
    state, _ = at
    assert refused(Submission(8, (), state(7).sign(LOG)).text()).status == 400
    huge = Checkpoint(LOG.name, 2**63, b"r" * 32).sign(LOG)
    assert refused(Submission(0, (), huge).text()).status == 400


def test_404_for_a_log_that_we_do_not_witness(refused, at) -> None:
    _, body = at
    assert refused(body(0, 7), Policy()).status == 404
    other = Signer("other.example", b"l" * 32)
    assert refused(Submission(0, (), Checkpoint(other.name, 1, b"r" * 32).sign(other)).text()).status == 404


def test_403_for_a_checkpoint_that_the_log_did_not_sign(refused, at) -> None:
    state, body = at
    assert refused(body(0, 7, Signer(LOG.name, b"x" * 32))).status == 403
    assert refused(body(0, 7, Signer("stranger.example", b"l" * 32))).status == 403
    good = state(7).sign(LOG)
    forged = good.splitlines(keepends=True)[-1].replace("=\n", "=\n")
    line = forged.rstrip("\n")
    bad = line[:40] + ("A" if line[40] != "A" else "B") + line[41:] + "\n"
    assert refused(Submission(0, (), good + bad).text()).status == 403, (
        "one that fits does not excuse one that does not"
    )


def test_409_says_which_size_was_cosigned_last(ask, refused, at) -> None:
    _, body = at
    told = refused(body(7, 8))
    assert (told.status, told.size) == (409, 0)
    ask(body(0, 7))
    for old, size in ((0, 7), (0, 9), (6, 9), (8, 9)):
        told = refused(body(old, size))
        assert (told.status, told.size) == (409, 7)


def test_422_for_another_history(ask, refused, at, made_tree) -> None:
    state, body = at
    root = b"r" * 32
    assert refused(Submission(0, (), Checkpoint(LOG.name, 0, root).sign(LOG)).text()).status == 422
    assert refused(Submission(0, (root,), state(7).sign(LOG)).text()).status == 422
    ask(body(0, 7))
    assert refused(Submission(7, (), Checkpoint(LOG.name, 7, root).sign(LOG)).text()).status == 422
    assert refused(Submission(7, (root,), state(7).sign(LOG)).text()).status == 422
    good = Submission.parse(body(7, 9))
    for proof in ((), good.proof[:-1], (*good.proof, root), good.proof[::-1]):
        assert refused(Submission(7, proof, good.note).text()).status == 422
    assert refused(Submission(7, good.proof, Checkpoint(LOG.name, 9, root).sign(LOG)).text()).status == 422
    ask(good.text())


def test_a_log_may_have_its_ml_dsa_key_in_the_policy(ask, refused, at) -> None:
    state, _ = at
    second = Cosigner(LOG.name, Kind.ML_DSA_44, b"q" * 32)
    policy = Policy.parse(f"log {second.key.vkey}\nquorum none\n")
    note = state(7).sign(LOG)
    assert refused(Submission(0, (), note).text(), policy).status == 403
    assert ask(Submission(0, (), with_signatures(note, [second.sign(state(7), 1)])).text(), policy)


def test_two_submissions_at_once_never_take_back_what_was_cosigned(store, at) -> None:
    _, body = at
    ready = threading.Barrier(4)

    def submit(size: int) -> int:
        with store.connect(Role.GATE) as connection:
            ready.wait()
            try:
                add_checkpoint(connection, POLICY, COSIGNERS, body(0, size).encode(), NOW)
            except SubmissionRefusedError as told:
                return told.status
            return 200

    with ThreadPoolExecutor(4) as threads:
        told = sorted(threads.map(submit, (5, 6, 7, 8)))
    assert told == [200, 409, 409, 409]


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger.peer set size = 6", "update ledger.peer set root = sha256('x')", "delete from ledger.peer",
        "update ledger.peer set origin = 'other'", "truncate ledger.peer",
    ],
)  # fmt: skip
def test_putting_back_what_was_cosigned(ask, at, store, statement: str) -> None:
    _, body = at
    ask(body(0, 7))
    with store.connect(Role.OWNER) as connection, pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute(statement)
