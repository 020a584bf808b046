"""Others witness us: C2SP tlog-witness (https://c2sp.org/tlog-witness), the log's side.

1. Asking is off the sequencer's path: it has its own connection, and what a witness does delays no entry. Each answer
   has a limit in time, from connecting to its last byte, and in bytes. No redirect is followed.
2. A cosignature counts only if the witness's key in the policy made it, for exactly the head that was sent, and not for
   a time to come. Others in the answer are ignored, as tlog-witness asks.
3. A head is *witnessed* once witnesses that are a quorum in the policy have cosigned it; it is then kept with their
   cosignatures.
4. A witness that knows more of this ledger than the database holds, or another tree, says that the database was put
   back to an older day. It is believed if it shows a checkpoint that our own key signed, and otherwise only if so many
   say so that they are a quorum: one witness that lies stops nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx

from comity.ledger import store
from comity.ledger.checkpoint import Checkpoint
from comity.ledger.cosignature import parse_signatures, with_signatures
from comity.ledger.cosigning import origin_hash
from comity.ledger.errors import NoteError, RestoredFromBackupError
from comity.ledger.merkle import EMPTY_ROOT, Tree
from comity.ledger.note import Signature, Signer
from comity.ledger.policy import Policy, Witness
from comity.ledger.store import Connection
from comity.ledger.submission import MAX_BODY, Submission

PATIENCE_SECONDS: Final = 3.0
"""For one answer: a witness does no more than check a signature, read a row and write it."""
CLOCKS_APART: Final = 300
"""Seconds by which a witness's clock may be ahead of ours."""
_NOTHING_SIGNED: Final = (
    "To sign again would give two histories under one name, so nothing is signed. Restore a newer backup, or run "
    "`comity ledger renew` to go on under a new name that cites the old one's end."
)
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n").fullmatch
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Said:
    """What one witness answered: its signature, or the size it knows, or that it contradicts; else what failed.

    A ``stranger`` does not witness this ledger (yet), and so never cosigned for it.
    """

    signature: Signature | None = None
    size: int | None = None
    contradicts: bool = False
    stranger: bool = False
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """What came of asking all witnesses about one head, by their names in the policy."""

    size: int
    met: bool
    said: Mapping[str, Said] = field(default_factory=dict)

    @property
    def heard(self) -> bool:
        """Whether any witness compared the head with what it knows, which may be nothing."""
        return any(it.signature or it.stranger for it in self.said.values())


class Witnesses:
    """The witnesses of a policy. Takes a connection of its own, as the role ``comity_ledger``; sets it autocommit."""

    def __init__(
        self, connection: Connection, signer: Signer, policy: Policy, *, patience: float = PATIENCE_SECONDS
    ) -> None:
        connection.autocommit = True
        self._connection, self._signer, self._policy, self._patience = connection, signer, policy, patience
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(timeout=patience, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()

    def ask(self, now: datetime) -> Round:
        """Ask every witness to cosign the newest head, keep what they answer, and return it.

        Raises RestoredFromBackupError if they show that the database is behind, or differs from, what was signed.
        """
        head = store.head(self._connection)
        state = head.checkpoint if head else Checkpoint(self._signer.name, 0, EMPTY_ROOT)
        note = head.note if head else state.sign(self._signer)
        asked = [it for it in self._policy.witnesses if it.url]
        first = self._submit({it: store.cosigned_size(self._connection, it.key) for it in asked}, state, note, now)
        # Who cosigned another size than we remember says which: once more, with the proof from there.
        again = {it: size for it in asked if (size := first[it.name].size) is not None and size <= state.size}
        said = {**first, **self._submit(again, state, note, now)}
        self._require_not_behind([it for it in asked if _disagrees(said[it.name], state.size)], said)
        if head is None:
            return Round(0, met=self._policy.is_met(()), said=said)
        return Round(state.size, met=self._keep(state, note, said, now), said=said)

    def known(self) -> dict[str, str]:
        """Return, by its name, what each witness holds of this ledger, where our key signed it."""
        asked = [it for it in self._policy.witnesses if it.url]
        shown = self._together([self._get(it) for it in asked])
        pairs = zip(asked, shown, strict=True)
        return {it.name: note.decode() for it, note in pairs if isinstance(note, bytes) and self._ours(note)}

    def _submit(self, old: Mapping[Witness, int], state: Checkpoint, note: str, now: datetime) -> dict[str, Said]:
        tree = Tree(state.size, store.tile_reader(self._connection))
        bodies = {
            it: Submission(size, tree.consistency(size) if size else (), note).text().encode()
            for it, size in old.items()
        }
        told = self._together([self._post(it, body) for it, body in bodies.items()])
        return {it.name: _read(it, answer, state, now) for it, answer in zip(bodies, told, strict=True)}

    def _keep(self, state: Checkpoint, note: str, said: Mapping[str, Said], now: datetime) -> bool:
        """Keep the cosignatures; return whether the head has a quorum, with those that it had before."""
        with self._connection.transaction():
            for it in said.values():
                if it.signature:
                    store.put_cosignature(self._connection, state.size, it.signature, now)
            have = store.cosignatures(self._connection, state.size)
            keys = {(it.name, it.key_id) for it in have}
            names = [it.name for it in self._policy.witnesses if (it.key.name, it.key.key_id) in keys]
            met = self._policy.is_met(names)
            if met:
                store.put_witnessed(self._connection, state.size, with_signatures(note, have), now)
        return met

    def _require_not_behind(self, disagreeing: list[Witness], said: Mapping[str, Said]) -> None:
        if not disagreeing:
            return
        shown = self._together([self._get(it) for it in disagreeing])
        head = store.head(self._connection)  # anew: the ledger may have grown while it was asked about
        size = head.checkpoint.size if head else 0
        for it, note in zip(disagreeing, shown, strict=True):
            known = self._ours(note)
            if known and self._is_beyond(known, size):
                raise RestoredFromBackupError(
                    f"The witness {it.name} holds a checkpoint of {known.size} entries that this ledger signed, and "
                    f"the database, of {size} entries, does not lead to it: it was restored from an older backup. "
                    f"{_NOTHING_SIGNED}"
                )
        claimed = [it.name for it in disagreeing if _disagrees(said[it.name], size)]
        if claimed and self._policy.is_met(claimed):
            raise RestoredFromBackupError(
                f"A quorum of witnesses ({', '.join(claimed)}) says that this ledger signed for more, or for other "
                f"entries, than the {size} in the database: it was restored from an older backup. {_NOTHING_SIGNED}"
            )

    def _is_beyond(self, known: Checkpoint, size: int) -> bool:
        if known.size > size:
            return True
        return Tree(known.size, store.tile_reader(self._connection)).root() != known.root

    def _ours(self, note: bytes | str) -> Checkpoint | None:
        """Return the checkpoint in ``note`` if our key signed it: a witness cannot make one up."""
        try:
            return Checkpoint.open(note.decode() if isinstance(note, bytes) else "", self._signer.verifier)
        except (NoteError, UnicodeDecodeError):
            return None

    # ---- the network

    def _together(self, asking: list[Coroutine[Any, Any, Answer]]) -> list[Answer]:
        async def all_of() -> list[Answer]:
            return list(await asyncio.gather(*asking))

        return self._runner.run(all_of())

    async def _post(self, witness: Witness, body: bytes) -> tuple[int, bytes] | str:
        try:
            return await self._fetch("POST", f"{_prefix(witness)}/add-checkpoint", body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            return type(error).__name__

    async def _get(self, witness: Witness) -> bytes | str:
        try:
            status, content = await self._fetch(
                "GET", f"{_prefix(witness)}/{origin_hash(self._signer.name)}/checkpoint"
            )
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            return type(error).__name__
        return content if status == HTTPStatus.OK else f"status {status}"

    async def _fetch(self, method: str, url: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Return status and body of an answer; ValueError if it is too long, TimeoutError if it takes too long."""
        headers = {"accept-encoding": "identity"}  # what is not unpacked is no larger than it says
        async with (
            asyncio.timeout(self._patience),
            self._client.stream(method, url, content=body, headers=headers) as answer,
        ):
            content = b""
            async for part in answer.aiter_raw():
                content += part
                if len(content) > MAX_BODY:
                    raise ValueError("the answer is too long")
            return answer.status_code, content


def _prefix(witness: Witness) -> str:
    return (witness.url or "").rstrip("/")


def _disagrees(said: Said, size: int) -> bool:
    return said.contradicts or (said.size is not None and said.size > size)


def _read(witness: Witness, answer: tuple[int, bytes] | str, state: Checkpoint, now: datetime) -> Said:
    """Return what a witness's answer says (rule 2)."""
    if isinstance(answer, str):
        return Said(failed=answer)
    status, content = answer
    if status == HTTPStatus.CONFLICT and (size := _SIZE(content)):
        return Said(size=int(size[1]))
    if status == HTTPStatus.OK:
        return _cosigned(witness, content, state, now)
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return Said(contradicts=True)
    if status == HTTPStatus.NOT_FOUND:
        return Said(stranger=True, failed="it does not witness this ledger")
    return Said(failed=f"status {status}")


def _cosigned(witness: Witness, content: bytes, state: Checkpoint, now: datetime) -> Said:
    try:
        lines = parse_signatures(content.decode())
        mine = [it for it in lines if (it.name, it.key_id) == (witness.key.name, witness.key.key_id)]
        latest = max((witness.key.signed_at(state, it) for it in mine), default=0)
    except (NoteError, UnicodeDecodeError):
        return Said(failed="a cosignature that does not fit")
    if not mine:
        return Said(failed="no cosignature with the key in the policy")
    if latest > now.timestamp() + CLOCKS_APART:
        return Said(failed="a cosignature for a time to come")
    return Said(signature=mine[-1])
