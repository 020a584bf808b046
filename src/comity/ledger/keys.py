"""The ledger's signing key on disk: one line, the private key of a signed note, in a file only its owner may read.

1. A key is made once, whole or not at all; two processes that start at once end up with the same one.
2. A file that others may read, or that is no ordinary file, is refused: the key may be known already.
3. A key for another ledger's name is refused rather than used.
4. No key is made where one has signed: it would be shown as the ledger's, and nothing was ever signed with it.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from comity.ledger.errors import KeyFileError, NoteError
from comity.ledger.note import KEY_SIZE, Signer

_PRIVATE_MODE = 0o600
_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def load_or_create_signer(path: Path, name: str, signed: Path | None = None) -> Signer:
    """Return the signing key in ``path``, made now if there is none, for the ledger (the origin) called ``name``.

    ``signed`` is the file that remembers what was signed last: where it is, no key is made. Raises KeyFileError if the
    file cannot be trusted, if its key has another name, or if it is missing although something was signed.
    """
    if not path.exists():
        if signed is not None and signed.exists():
            raise KeyFileError(
                f"{path}, the key that this ledger is signed with, is missing. Put it back from a safe copy."
            )
        _create(path, Signer(name, secrets.token_bytes(KEY_SIZE)))
    signer = _load(path)
    if signer.name != name:
        raise KeyFileError(
            f"The key in {path} is for the ledger {signer.name}, not for {name}. Give the ledger its own name, or move "
            "the file away to start a ledger with a new key."
        )
    return signer


def _create(path: Path, signer: Signer) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_MODE)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{signer.skey}\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return  # another process was first; its key is as good
    finally:
        draft.unlink()


def _load(path: Path) -> Signer:
    mode = path.lstat().st_mode
    if not stat.S_ISREG(mode) or mode & _OF_OTHERS:
        raise KeyFileError(
            f"{path} is not a file that only its owner may read, so the key in it may be known to others. If nobody "
            f"else had access, run: chmod 600 {path}"
        )
    try:
        return Signer.parse(path.read_text(encoding="ascii").removesuffix("\n"))
    except (NoteError, UnicodeDecodeError):
        raise KeyFileError(f"{path} does not hold a signing key. Put the right file back from a safe copy.") from None
