"""The key file: which epochs there are, what each one's custodian noted, and the node key. Readable by its owner alone.

::

    {"epochs": {"1": "<64 hexadecimal digits>", "2": {"token": "pkcs11:…", "id": "…", "wrapped": "…"}},
     "node": "<64 hexadecimal digits>"}

1. It is whole or absent. A change is a new file in its place, so that whoever reads it reads the old one or the new.
2. The epoch with the highest number is current. A number is never used twice: what it wrapped once opens with it alone.
3. An epoch is destroyed by its custodian before its line goes. Stopped in between, it is destroyed again.
4. No two processes change it at once: whoever does is alone with the epochs in the database (``rotate.py``).
"""

from __future__ import annotations

import json
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from comity.record.epochs import KEY_LENGTH, Custodian, EpochKey, InFile, Note
from comity.record.errors import KeyDestroyedError, KeyFileError
from comity.record.token import InToken
from comity.store import write_private

_FILE: Final = InFile()
Stamp = tuple[int, int, int]
"""By which a file is known to be the same still: its inode, when it was written, its size."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What a key file says. Its representation shows no key."""

    epochs: Mapping[int, Note] = field(repr=False)
    node: Note = field(repr=False)

    @property
    def current(self) -> int:
        """The number of the current epoch."""
        return max(self.epochs)

    def opened(self, known: Mapping[int, EpochKey]) -> dict[int, EpochKey]:
        """Return the key of each epoch: those that are ``known`` as they are, the others opened now.

        One whose key its custodian has destroyed already is left out, unless it is the current one.
        """
        opened: dict[int, EpochKey] = {}
        for number, note in self.epochs.items():
            try:
                opened[number] = known.get(number) or _custodian(note).open(number, note)
            except KeyDestroyedError:
                if number == self.current:
                    raise
        return opened

    def node_key(self) -> bytes:
        """Return the node key."""
        return _custodian(self.node).reveal(self.node)


def stamp(path: Path) -> Stamp:
    """Return what tells a file from the one that takes its place."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def read(path: Path) -> KeyFile:
    """Read a key file; :class:`KeyFileError` if others may read it or it is none."""
    mode = path.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(f"{path.name} can be read by others. Make it private: chmod 600 {path.name}")
    try:
        content = json.loads(path.read_text())
        said = KeyFile({int(number): _note(note) for number, note in content["epochs"].items()}, _note(content["node"]))
        _check(said)
    except (KeyError, ValueError, TypeError, AttributeError):
        raise KeyFileError(
            f"{path.name} is not a key file. Restore it from where keys are kept: without it nothing sealed opens."
        ) from None
    return said


def make(path: Path) -> None:
    """Make a key file with fresh keys; where two processes start at once, the first one's keys stand."""
    fresh = KeyFile({1: _FILE.make(1)}, _FILE.hide(secrets.token_bytes(KEY_LENGTH)))
    with suppress(FileExistsError):
        _write(path, fresh, replaces=False)


def begin_epoch(path: Path, custodian: Custodian | None = None) -> int:
    """Let a new epoch be current, and return its number; ``custodian``: who keeps its key, if not who keeps the last.

    The node key goes to the new custodian too.
    """
    said = read(path)
    keeper = custodian or _custodian(said.epochs[said.current])
    number = said.current + 1
    node = said.node if _custodian(said.node) == keeper else keeper.hide(said.node_key())
    _write(path, KeyFile({**said.epochs, number: keeper.make(number)}, node))
    return number


def destroy_epoch(path: Path, number: int) -> None:
    """Destroy the key of an epoch that is not current; nothing happens if it is gone."""
    said = read(path)
    if number == said.current:
        raise RuntimeError("the current epoch is not to be destroyed")
    if (note := said.epochs.get(number)) is None:
        return
    _custodian(note).destroy(note)
    _write(path, replace(said, epochs={each: kept for each, kept in said.epochs.items() if each != number}))


def custodian_named(name: str) -> Custodian:
    """Return the custodian of a name: ``file``, or the URI of a token (see ``token_uri.py``)."""
    return _FILE if name == "file" else InToken.named(name)


def _custodian(note: Note) -> Custodian:
    return _FILE if isinstance(note, str) else InToken.named(note["token"])


def _note(said: Any) -> Note:
    """Return what a file says of a key, in a shape that a custodian writes; ``ValueError`` if it is in none."""
    if isinstance(said, str):
        return said
    note = {str(name): str(value) for name, value in said.items()}
    if note.keys() != {"token", "id", "wrapped"}:
        raise ValueError("no custodian writes this")
    return note


def _check(said: KeyFile) -> None:
    """Raise ``ValueError`` or ``KeyError`` where a key that the file itself keeps is none."""
    if not said.epochs or min(said.epochs) < 1:
        raise ValueError("no epoch")
    for note in (*said.epochs.values(), said.node):
        if isinstance(note, str):
            _FILE.reveal(note)


def _write(path: Path, said: KeyFile, *, replaces: bool = True) -> None:
    content = {"epochs": {str(number): note for number, note in said.epochs.items()}, "node": said.node}
    write_private(path, json.dumps(content).encode(), replace=replaces)
