"""The log (WAL) beside base backups: sealed soon after the server has put it there, removed with what it goes on from.

1. The server's copy is in plain, because it cannot reach the keys. Whoever can seals each piece and removes the copy:
   a node that runs within a minute, a backup at once.
2. A piece that is there sealed already, with other contents, is another server's: it is refused, and stays.
3. Files that only name timelines and labels hold nothing of anybody, and stay as they are.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from comity.store.errors import BackupError
from comity.store.sealed import PIECE, Keys, Opening, Sealing

SEALED: Final = ".sealed"
_SEGMENT: Final = re.compile(r"[0-9A-F]{24}\Z")
_OF_A_SEGMENT: Final = re.compile(r"([0-9A-F]{24})(\.sealed|\.[0-9A-F]{8}\.backup)?\Z")
_HISTORY: Final = re.compile(r"[0-9A-F]{8}\.history\Z")


@contextmanager
def drafted(path: Path) -> Iterator[IO[bytes]]:
    """Lend a file of mode 0600 that has its name once it is whole and on disk."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def seal_log(wal: Path, keys: Keys) -> int:
    """Seal what the server has put into the folder of its log, and return how many pieces there were.

    Raises :class:`BackupError` if a piece is not of the server whose log is kept there.
    """
    plain = sorted(path for path in wal.iterdir() if _SEGMENT.match(path.name))
    for path in plain:
        with suppress(FileNotFoundError):  # another process was sooner
            _seal(path, keys)
    return len(plain)


def _seal(path: Path, keys: Keys) -> None:
    target = path.with_name(path.name + SEALED)
    with path.open("rb") as piece:
        if not target.exists():
            with drafted(target) as file:
                sealing = Sealing(file, keys, {})
                shutil.copyfileobj(piece, sealing, PIECE)
                sealing.close()
        else:  # copied again, after a crash
            with target.open("rb") as file:
                if Opening(file, keys, target.name).read() != piece.read():
                    raise BackupError(f"{path} is the log of another server. Back each node up into its own folder.")
    path.unlink(missing_ok=True)


def open_log(wal: Path, keys: Keys, start: str, into: Path) -> None:
    """Put the log from a piece on, opened, into a new folder."""
    into.mkdir(mode=0o700)
    for path in wal.iterdir():
        if _HISTORY.match(path.name):
            shutil.copyfile(path, into / path.name)
        elif (found := _OF_A_SEGMENT.match(path.name)) and _place(found[1]) >= _place(start):
            _open(path, keys, into)


def _open(path: Path, keys: Keys, into: Path) -> None:
    if path.suffix != SEALED:
        shutil.copyfile(path, into / path.name)
        return
    with path.open("rb") as file, (into / path.stem).open("wb") as opened:
        shutil.copyfileobj(Opening(file, keys, path.name), opened, PIECE)


def remove_log(wal: Path, start: str) -> None:
    """Remove the log from before a piece: nothing goes on from it any more."""
    for path in wal.iterdir():
        found = _OF_A_SEGMENT.match(path.name)
        if found and _place(found[1]) < _place(start):
            path.unlink(missing_ok=True)


def _place(segment: str) -> str:
    """Return where in the log a piece stands, on whatever timeline."""
    return segment[8:]
