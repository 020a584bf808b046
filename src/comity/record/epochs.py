"""Epoch keys: what wraps every data key, and who keeps them. The interface of a key management service.

Rules:

1. An epoch key wraps and unwraps, and is never handed out. Where it is kept in hardware it never leaves it.
2. What it wraps is bound to its place, as every seal is (``table|column|row|version`` as associated data).
3. Messages kept word for word are long: they are sealed here, under a key of the epoch's own that its epoch key wraps.
   An epoch that ends takes both with it.
4. A custodian notes in the key file what it needs to find a key again. In a file's own note that is the key itself.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

from comity.record.seal import NONCE_LENGTH, place, seal, unseal

KEY_LENGTH: Final = 32
Note = str | Mapping[str, str]
"""What a custodian writes into the key file: JSON."""

_MOST: Final = 10_000  # data keys that a process remembers: 2 MB, and more people than a shift looks at
_SECONDS: Final = 300.0  # for which it remembers them: a core dump or a swapped page holds no more than that


class EpochKey(Protocol):
    """The key of one epoch, which wraps and unwraps; :class:`SealBrokenError` where something does not open."""

    @property
    def held_in(self) -> str:
        """Where it is kept, in words for who runs the node."""

    @property
    def messages(self) -> bytes:
        """The key under which this epoch's messages are sealed."""

    def wrap(self, key: bytes, where: bytes) -> bytes:
        """Return a data key wrapped for ``where``."""

    def unwrap(self, wrapped: bytes, where: bytes) -> bytes:
        """Return the data key that was wrapped for ``where``."""


class Custodian(Protocol):
    """Who keeps epoch keys: a file, or a service. The first is here, ``token.py`` has the second.

    Whatever cannot be reached or is refused raises :class:`KeyFileError`, which says the mend.
    """

    def make(self, epoch: int) -> Note:
        """Make the key of an epoch, and return what to note of it."""

    def open(self, epoch: int, note: Note) -> EpochKey:
        """Return the key that was noted."""

    def destroy(self, note: Note) -> None:
        """Destroy the key that was noted; nothing happens if it is gone already."""

    def hide(self, node: bytes) -> Note:
        """Return what to note of the node key so that it can be had again."""

    def reveal(self, note: Note) -> bytes:
        """Return the node key that was noted."""


@dataclass(frozen=True, slots=True)
class HeldKey:
    """An epoch key in this process's memory."""

    key: bytes = field(repr=False)
    held_in: str = "file"

    @property
    def messages(self) -> bytes:
        """The epoch key itself: who reads the one from the file reads the other."""
        return self.key

    def wrap(self, key: bytes, where: bytes) -> bytes:
        """Return a data key wrapped for ``where``."""
        return seal(self.key, key, where, secrets.token_bytes(NONCE_LENGTH))

    def unwrap(self, wrapped: bytes, where: bytes) -> bytes:
        """Return the data key that was wrapped for ``where``."""
        return unseal(self.key, wrapped, where)


class InFile:
    """The custodian that is there without anything else: the key file itself, which only its owner reads."""

    def make(self, epoch: int) -> Note:  # noqa: ARG002  (one interface for every custodian)
        """Return 32 random bytes, in hexadecimal."""
        return secrets.token_hex(KEY_LENGTH)

    def open(self, epoch: int, note: Note) -> EpochKey:  # noqa: ARG002
        """Return the key; ``ValueError`` if it is none."""
        return HeldKey(self.reveal(note))

    def destroy(self, note: Note) -> None:
        """Nothing: it goes with its line in the file."""

    def hide(self, node: bytes) -> Note:
        """Return the node key in hexadecimal."""
        return node.hex()

    def reveal(self, note: Note) -> bytes:
        """Return the key that was noted; ``ValueError`` if it is none."""
        key = bytes.fromhex(str(note))
        if len(key) != KEY_LENGTH:
            raise ValueError("a key has 32 bytes")
        return key


@dataclass(slots=True)
class Remembered:
    """An epoch key that is slow to ask, and what it said lately: so many, for so long, and in memory alone.

    Remembered by the wrapped bytes and their place: who has erased a person's wrapped key asks for nothing any more.
    """

    asked: EpochKey
    most: int = _MOST
    seconds: float = _SECONDS
    clock: Callable[[], float] = time.monotonic
    _known: OrderedDict[tuple[bytes, bytes], tuple[float, bytes]] = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def held_in(self) -> str:
        """Where the key that is asked is kept."""
        return self.asked.held_in

    @property
    def messages(self) -> bytes:
        """The messages' key of the key that is asked."""
        return self.asked.messages

    def wrap(self, key: bytes, where: bytes) -> bytes:
        """Return a data key wrapped for ``where``, and remember it: who was just taken in is soon read."""
        wrapped = self.asked.wrap(key, where)
        self._keep((wrapped, where), key)
        return wrapped

    def unwrap(self, wrapped: bytes, where: bytes) -> bytes:
        """Return the data key that was wrapped for ``where``, asked for if it is not known or no longer."""
        with self._lock:
            found = self._known.get((wrapped, where))
        if found and self.clock() < found[0]:
            return found[1]
        key = self.asked.unwrap(wrapped, where)
        self._keep((wrapped, where), key)
        return key

    def _keep(self, name: tuple[bytes, bytes], key: bytes) -> None:
        now = self.clock()
        with self._lock:
            self._known[name] = (now + self.seconds, key)
            self._known.move_to_end(name)
            while self._known and (len(self._known) > self.most or next(iter(self._known.values()))[0] <= now):
                self._known.popitem(last=False)


def messages_place(epoch: int) -> bytes:
    """Return the place of an epoch's messages' key."""
    return place("record.keys", "messages", UUID(int=epoch))


def node_place() -> bytes:
    """Return the place of the node key."""
    return place("record.keys", "node", UUID(int=0))
