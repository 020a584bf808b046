"""The files of a source: which they are, and how one is opened.

Rules:

1. A path is one file, or a pattern (``*``, ``?``, ``[``, ``**``) whose files are read in the order of their names.
2. Only regular files are read: a pipe would wait for ever, a device would never end. A file found by a pattern may not
   be a symbolic link either: whoever may write to an inbox must not choose what else of this machine is read.
3. One file that was named and is absent stops the source, and so does a pattern in a folder that is not there: a
   misspelt path must not look like a quiet day. One bad file among many is told, and the others are read.
4. A place names the file as the spec does. A file found by a pattern is named by its number: its name may be a
   person's.
"""

from __future__ import annotations

import glob
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from typing import BinaryIO, TypeVar

from comity.sources import marks
from comity.sources.batches import Step, batches
from comity.sources.errors import SourceUnavailableError
from comity.sources.marks import FileMark, Prefix
from comity.sources.models import RAW_LIMIT, Batch, Unreadable

#: The largest file that a format which has to be read whole (json, xlsx, xml by a search) may be. Comity's own choice,
#: 2026-11: several times what a day's list of a national court service weighs.
MAX_DOCUMENT = 512 * 1_048_576

_Found = TypeVar("_Found")

_MAGIC = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file of a source, and what a place calls it."""

    path: Path
    key: str
    place: str
    folder: Path | None  # below which a pattern found it

    def goes_elsewhere(self) -> bool:
        """Tell whether a link leads from the folder of the pattern to somewhere else (rule 2)."""
        if self.folder is None:
            return False
        return self.path.resolve() != self.folder.resolve() / self.path.relative_to(self.folder)


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file opened for reading, with what is known of it from the last time."""

    found: FoundFile
    handle: BinaryIO
    stat: os.stat_result
    before: FileMark | None
    prefix: Prefix
    now_ns: int

    @property
    def place(self) -> str:
        """What a place calls the file."""
        return self.found.place

    def end(self) -> Step:
        """Return the step that ends the file: everything of it was read."""
        return Step(None, self.found.key, self.read_to_its_end)

    def refused(self, cause: str, mend: str) -> Iterator[Step]:
        """Yield the steps of a file that cannot be read as a whole: it is told once, and again when it has changed."""
        item = Unreadable(self.place, cause, mend, 0, self.beginning())
        yield Step(item, self.found.key, self.read_to_its_end)
        yield self.end()

    def read_to_its_end(self, at: int | None = None, line: int = 0) -> FileMark:
        """Return the mark of a file of which everything was read; a later pull may go on at offset ``at``."""
        size = self.stat.st_size
        at = size if at is None else at
        digest = self.prefix.digest(at)
        return FileMark(
            size,
            marks.settled(self.stat, self.now_ns),
            at,
            line,
            digest,
            self.prefix.digest(size),
        )

    def read_so_far(self, at: int, line: int) -> FileMark:
        """Return the mark of a file that was read up to offset ``at``, ``line`` lines or items far."""
        return FileMark(self.stat.st_size, None, at, line, self.prefix.digest(at), "")

    def read_whole(self, items: int) -> FileMark:
        """Return the mark of a file that is read whole, of which ``items`` items are done."""
        return self.read_so_far(self.stat.st_size, items)

    def not_yet_read(self, found: Iterable[_Found]) -> Iterator[tuple[int, _Found]]:
        """Yield what was found in a file that is read whole, numbered, without what was done if it is the same file."""
        at, done = self.resume_at()
        done = done if at == self.stat.st_size else 0
        return islice(enumerate(found), done, None)

    def resume_at(self) -> tuple[int, int]:
        """Return the offset and the number of lines up to which the file is as it was when it was last read."""
        if self.before is None or self.before.at > self.stat.st_size:
            return 0, 0
        same = self.prefix.digest(self.before.at) == self.before.digest
        return (self.before.at, self.before.line) if same else (0, 0)

    def unchanged(self) -> bool:
        """Tell whether the file was read to its end before and holds what it held then."""
        if self.before is None or not self.before.whole or self.before.size != self.stat.st_size:
            return False
        return self.prefix.digest(self.stat.st_size) == self.before.whole

    def whole_bytes(self) -> bytes:
        """Return the content. Raises :class:`SourceUnavailableError` above :data:`MAX_DOCUMENT`."""
        if self.stat.st_size > MAX_DOCUMENT:
            raise SourceUnavailableError(
                self.place,
                f"the file is larger than {MAX_DOCUMENT // 1_048_576} MiB and its format has to be read whole",
                "Have it delivered in parts, or as JSON lines or CSV, which can be of any size",
            )
        self.handle.seek(0)
        return self.handle.read(MAX_DOCUMENT + 1)

    def beginning(self) -> bytes:
        """Return as much of the content as is kept with a report that it cannot be read."""
        return os.pread(self.handle.fileno(), RAW_LIMIT, 0)


Reader = Callable[[OpenFile], Iterator[Step]]


def find_files(base: Path, pattern: str) -> list[FoundFile]:
    """Return the files that ``pattern`` names below ``base``, sorted by name."""
    if not _MAGIC & set(pattern):
        return [FoundFile(base / pattern, marks.file_key(pattern), pattern, None)]
    plain = takewhile(lambda part: not _MAGIC & set(part), Path(pattern).parts)
    folder = base.joinpath(*plain)
    if not folder.is_dir():
        raise SourceUnavailableError(pattern, "there is no such folder", "Check the path, and make the folder")
    names = sorted(glob.glob(pattern, root_dir=base, recursive=True))  # noqa: PTH207 Path.glob finds hidden files too
    names = [name for name in names if not (base / name).is_dir()]
    return [
        FoundFile(base / name, marks.file_key(name), f"{pattern}, file {number} of {len(names)}", folder)
        for number, name in enumerate(names, 1)
    ]


def read_files(
    base: Path,
    pattern: str,
    how: str,
    cursor: str | None,
    size: int,
    reader: Reader,
) -> Iterator[Batch]:
    """Yield what ``reader`` finds in the files that are new or changed since ``cursor``."""
    before = marks.to_file_marks(marks.decode(cursor, how))
    found = find_files(base, pattern)
    here = {file.key for file in found}
    kept = {key: mark for key, mark in before.items() if key in here}  # a file that has gone is forgotten

    def encode(now: Mapping[str, FileMark]) -> str:
        return marks.encode(marks.from_file_marks(now), how)

    steps = (step for file in found for step in _steps(file, before.get(file.key), reader))
    yield from batches(steps, kept, size, encode)


def _steps(found: FoundFile, before: FileMark | None, reader: Reader) -> Iterator[Step]:
    try:
        with _opened(found, before) as file:
            if before is not None and before.same_file(file.stat):
                return
            if file.unchanged():
                yield file.end()
            else:
                yield from reader(file)
    except SourceUnavailableError as fault:
        if found.folder is None:
            raise
        # Without a mark: as long as it cannot be read, every pull tells it again.
        yield Step(Unreadable(fault.place, fault.cause, fault.mend, 0), found.key, lambda: before or _NOTHING_READ)


_NOTHING_READ = FileMark(-1, None, 0, 0, "", "")


@contextmanager
def _opened(found: FoundFile, before: FileMark | None) -> Iterator[OpenFile]:
    if found.goes_elsewhere():
        raise SourceUnavailableError(
            found.place, "a symbolic link leads out of the folder", "Put the file itself there"
        )
    descriptor = _open_at_once(found)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)  # a folder cannot even be wrapped
        raise SourceUnavailableError(found.place, "this is not a regular file", "Name a file that can be read")
    with os.fdopen(descriptor, "rb") as handle:
        yield OpenFile(found, handle, status, before, Prefix(descriptor), time.time_ns())


def _open_at_once(found: FoundFile) -> int:
    """Return a descriptor, without waiting for the other end of a pipe. The error is raised without its path."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (os.O_NOFOLLOW if found.folder else 0)
    try:
        return os.open(found.path, flags)
    except OSError as fault:
        cause = os.strerror(fault.errno).lower() if fault.errno else "it cannot be opened"
    raise SourceUnavailableError(found.place, cause, "Check the path, and that Comity's account may read it")
