"""We witness others: C2SP tlog-witness (https://c2sp.org/tlog-witness), the witness's side.

The checks of *add-checkpoint*, in the order of the specification; the first that does not hold is the answer:

1. The request has its form (400).
2. The checkpoint's origin is that of a log in our policy (404).
3. A key that the policy lists for it signed it, and no signature by such a key is wrong (403).
4. The old size is not above the checkpoint's (400).
5. The old size is that of what we cosigned last for this log, 0 if that is nothing; else we say what it is (409).
6. An empty tree has the root of one; nothing is proven from size 0; the same size has the same root; and the proof
   holds (422).

What was cosigned last is read, compared and replaced in one transaction that holds the log's row, and is kept before
the cosignature is handed out. The table refuses to go back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from comity.ledger import store
from comity.ledger.checkpoint import Checkpoint
from comity.ledger.cosignature import Cosigner, with_signatures
from comity.ledger.errors import NoteError, ProofError, SubmissionRefusedError
from comity.ledger.merkle import EMPTY_ROOT, verify_consistency
from comity.ledger.note import Note, Signature
from comity.ledger.policy import Policy
from comity.ledger.store import Connection
from comity.ledger.submission import Submission


def add_checkpoint(
    connection: Connection, policy: Policy, cosigners: Sequence[Cosigner], body: bytes, now: datetime
) -> str:
    """Return our cosignatures of the checkpoint in ``body``, as signature lines; SubmissionRefusedError if it is none.

    The connection may write ``ledger.peer``; what is cosigned is committed before this returns.
    """
    submission, note, state = _read(body)
    _check_signed(policy, note, state)
    if submission.old > state.size:
        raise SubmissionRefusedError(400, "The old size is above the checkpoint's.")
    with connection.transaction():
        size, root = store.hold_peer(connection, state.origin)
        if submission.old != size:
            raise SubmissionRefusedError(409, f"{size}\n", size)
        _check_consistent(submission, state, root)
        signatures = [it.sign(state, int(now.timestamp())) for it in cosigners]
        kept = Note(note.text, _by_the_log(policy, note, state))
        store.put_peer(connection, state, with_signatures(str(kept), signatures), now)
    return "".join(map(str, signatures))


def origin_hash(origin: str) -> str:
    """Return the name under which what we cosigned for a log is found (*monitor retrieval mechanism*)."""
    return sha256(origin.encode()).hexdigest()


def _read(body: bytes) -> tuple[Submission, Note, Checkpoint]:
    try:
        submission = Submission.parse(body.decode())
        note = Note.parse(submission.note)
        state = Checkpoint.parse(note.text)
    except (NoteError, UnicodeDecodeError) as wrong:
        said = str(wrong) if isinstance(wrong, NoteError) else "The request is not UTF-8."
        raise SubmissionRefusedError(400, said) from wrong
    if state.size > store.NEWEST:
        raise SubmissionRefusedError(400, "No tree has so many leaves.")
    return submission, note, state


def _check_signed(policy: Policy, note: Note, state: Checkpoint) -> None:
    keys = policy.keys_of(state.origin)
    if not keys:
        raise SubmissionRefusedError(404, "We do not witness this log.")
    try:
        signed = [key.has_signed(note) for key in keys]
    except NoteError as wrong:
        raise SubmissionRefusedError(403, str(wrong)) from wrong
    if not any(signed):
        raise SubmissionRefusedError(403, "No key that we trust for this log signed the checkpoint.")


def _check_consistent(submission: Submission, state: Checkpoint, root: bytes) -> None:
    proof = submission.proof
    if state.size == 0 and state.root != EMPTY_ROOT:
        raise SubmissionRefusedError(422, "An empty tree has another root.")
    if submission.old == 0:
        # With an old size of 0 nothing was cosigned but, perhaps, an empty tree, and every tree extends that.
        if proof:
            raise SubmissionRefusedError(422, "From an empty tree there is nothing to prove.")
        return
    try:
        verify_consistency(submission.old, state.size, proof, root, state.root)
    except ProofError as wrong:
        raise SubmissionRefusedError(422, str(wrong)) from wrong


def _by_the_log(policy: Policy, note: Note, state: Checkpoint) -> tuple[Signature, ...]:
    keys = {(key.name, key.key_id) for key in policy.keys_of(state.origin)}
    return tuple(it for it in note.signatures if (it.name, it.key_id) in keys)
