"""What a source says, as it says it: the frozen values that leave this room.

Nothing here opens a file or a connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

from comity.sources.body import Body

#: How much of an unreadable thing is kept with its report, in bytes. A line or a message fits many times over; what
#: is larger stays with the source, which is where it has to be mended. Comity's own choice, 2026-11.
RAW_LIMIT = 1_048_576


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a source said.

    ``place`` says where, for a person (``"sheriff_jail.csv, line 12"``); ``position`` says where for a program: the
    byte offset at which it begins in a file of lines, otherwise its number in the file or result, from 0. ``body`` is
    personal data and is therefore not in the repr.
    """

    place: str
    body: Body = field(repr=False)
    position: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One thing that a source said and that cannot be read: told, never dropped.

    ``place``, ``cause`` and ``mend`` are whole phrases without personal data. ``raw`` is personal data: the bytes as
    they came, at most :data:`RAW_LIMIT` of them, for quarantine under encryption; it is not in the repr.
    """

    place: str
    cause: str
    mend: str
    position: int
    raw: bytes = field(repr=False, default=b"")

    def __str__(self) -> str:
        return f"{self.place}: {self.cause}. {self.mend}."


Item: TypeAlias = Said | Unreadable


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to ``size`` items in the order of the source, and where it left off after the last of them.

    ``cursor`` is an opaque text without personal data; handed back to :meth:`Source.read` it continues from there.
    """

    items: tuple[Item, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class SpecFault:
    """One mistake in a ``source:`` block. ``where`` leads to it key by key: ``("csv", "delimeter")``."""

    where: tuple[str, ...]
    cause: str
    mend: str

    def __str__(self) -> str:
        return f"source: {'.'.join(self.where)}: {self.cause}. {self.mend}."


@runtime_checkable
class Source(Protocol):
    """One existing system, whatever it is made of."""

    @property
    def name(self) -> str:
        """What the source is called in places and messages; never an address with credentials."""
        ...

    def read(self, cursor: str | None, size: int) -> Iterator[Batch]:
        """Yield what is new or changed since ``cursor`` (None: everything), in batches of at most ``size`` items.

        Yields no batch at all where there is nothing new. Memory stays within a few batches whatever the source's
        size, for csv, jsonl, sql and streamed xml. Raises :class:`~comity.sources.errors.SourceUnavailableError`
        where the source as a whole cannot be read; one bad item never does that, it is an :class:`Unreadable`.
        """
        ...
