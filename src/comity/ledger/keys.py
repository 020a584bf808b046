"""The ledger's signing keys on disk: each one line, a private key of signed notes, in a file only its owner may read.

1. A key is made once, whole or not at all; two processes that start at once end up with the same one.
2. A file that others may read, or that is no ordinary file, is refused: the key may be known already.
3. A key for another ledger's name is refused rather than used.
4. No key is made where one has signed: it would be shown as the ledger's, and nothing was ever signed with it.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from comity.ledger.cosignature import Cosigner, Kind
from comity.ledger.errors import KeyFileError, NoteError
from comity.ledger.note import KEY_SIZE, Note, Signer

Key = TypeVar("Key", Signer, Cosigner)

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
        _create(path, Signer(name, secrets.token_bytes(KEY_SIZE)).skey)
    signer = _load(path, Signer.parse)
    _require_name(path, signer.name, name)
    return signer


def load_or_create_cosigner(path: Path, name: str, kind: Kind, signed: Path | None = None) -> Cosigner:
    """Return the cosigning key in ``path``, made now if there is none, for the cosigner called ``name``.

    ``signed`` is the file that remembers what was signed last: where that bears a cosignature of this name and kind, no
    key is made. A ledger that was signed without one gets it now. Raises KeyFileError as the function above does.
    """
    if not path.exists():
        if signed is not None and _bears(signed, name, kind):
            raise KeyFileError(
                f"{path}, a key that this ledger is signed with, is missing. Put it back from a safe copy."
            )
        _create(path, Cosigner(name, kind, secrets.token_bytes(KEY_SIZE)).skey)
    cosigner = _load(path, Cosigner.parse)
    _require_name(path, cosigner.name, name)
    if cosigner.kind is not kind:
        raise KeyFileError(f"The key in {path} is of another kind than it should be. Put the right file back.")
    return cosigner


def _bears(signed: Path, name: str, kind: Kind) -> bool:
    try:
        note = Note.parse(signed.read_text(encoding="utf-8"))
    except (FileNotFoundError, NoteError, UnicodeDecodeError):
        return False  # nothing can be signed then either: the sequencer stops at such a file
    return any(it.name == name and len(it.value) == kind.size for it in note.signatures)


def _require_name(path: Path, found: str, name: str) -> None:
    if found != name:
        raise KeyFileError(
            f"The key in {path} is for the ledger {found}, not for {name}. Give the ledger its own name, or move the "
            "file away to start a ledger with a new key."
        )


def _create(path: Path, skey: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_MODE)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{skey}\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return  # another process was first; its key is as good
    finally:
        draft.unlink()


def _load(path: Path, parse: Callable[[str], Key]) -> Key:
    mode = path.lstat().st_mode
    if not stat.S_ISREG(mode) or mode & _OF_OTHERS:
        raise KeyFileError(
            f"{path} is not a file that only its owner may read, so the key in it may be known to others. If nobody "
            f"else had access, run: chmod 600 {path}"
        )
    try:
        return parse(path.read_text(encoding="ascii").removesuffix("\n"))
    except (NoteError, UnicodeDecodeError):
        raise KeyFileError(f"{path} does not hold a signing key. Put the right file back from a safe copy.") from None
