"""Files that hold keys and passwords: readable by their owner alone, and whole or absent, never half.

1. A private file is created with mode 0600 in a folder that only its owner lists.
2. It appears under its name once it is complete and on disk.
3. One that others can read is refused rather than used: it is no longer a secret.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from comity.store.errors import PrivateFileError


def write_private(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write ``content`` to ``path`` with mode 0600; ``FileExistsError`` if it is there and ``replace`` is false."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_new(draft, content)
        if replace:
            draft.replace(path)
        else:
            os.link(draft, path)  # unlike a rename, refuses to overwrite
        _sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def read_private(path: Path) -> bytes:
    """Return the contents; :class:`PrivateFileError` if others may read it, ``FileNotFoundError`` if absent."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode) or stat.S_IMODE(mode) & 0o077:
            raise PrivateFileError(
                f"{path} can be read by others (mode {stat.S_IMODE(mode):04o}). Treat what it holds as known to "
                f"them: replace it, or, if nobody else uses this machine, run: chmod 600 {path}"
            )
        return file.read()


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
