"""Check an extract that somebody got: that it is whole, unchanged, and from whom it says. Reads only its folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from comity.gate.extract.manifest import KIND, MANIFEST, NOTE, note_text
from comity.ledger.errors import NoteError
from comity.ledger.note import Verifier

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: every fault with the file that it is in; none if the extract is as it was signed."""

    faults: tuple[str, ...]
    manifest: Mapping[str, Any] | None = field(repr=False, default=None)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.faults


def verify(folder: Path, vkey: str) -> Checked:
    """Check the extract in ``folder`` against the key ``vkey`` (C2SP signed note), which its provider publishes."""
    try:
        data, note = (folder / MANIFEST).read_bytes(), (folder / NOTE).read_text()
    except OSError as error:
        return Checked((f"{Path(error.filename or '').name} cannot be read: {error.strerror}.",))
    try:
        said = json.loads(data)
        text = Verifier.parse(vkey).open(note)
    except NoteError as error:
        return Checked((f"{NOTE}: {error}",))
    except ValueError:
        return Checked((f"{MANIFEST} is not JSON.",))
    if not isinstance(said, dict) or said.get("kind") != KIND:
        return Checked((f"{MANIFEST} is not that of an extract.",))
    if text != note_text(UUID(said["id"]), data):
        return Checked((f"{NOTE} does not sign this {MANIFEST}.",))
    return Checked(tuple(_faults(folder, said)), said)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, read a block at a time."""
    found = sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


def _faults(folder: Path, said: Mapping[str, Any]) -> Iterator[str]:
    files = {it["name"]: it for table in said["tables"] for it in table["files"]}
    there = {path.name for path in folder.iterdir()} - {MANIFEST, NOTE}
    for name in sorted(files.keys() - there):
        yield f"{name} is missing."
    for name in sorted(there - files.keys()):
        yield f"{name} is not in the manifest."
    for name in sorted(there & files.keys()):
        if digest_of(folder / name) != files[name]["sha256"]:
            yield f"{name} is not as it was signed."
