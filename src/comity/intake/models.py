"""The frozen values of intake: a mapping, as its file says it, and what comes of applying it to a message.

Nothing here knows PostgreSQL, keys or files.
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import asdict, dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from comity.intake.causes import Cause, words
from comity.vocabulary.models import Label

Scalar = str | int | bool | date | datetime
"""A field's value after standardising. References are :class:`RecordRef` until intake resolves them."""


# ------------------------------------------------------------------------------------------------ the mapping's file


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a mapping file; lines and columns count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a mapping file: where, what, and how to mend it."""

    line: int
    column: int
    cause: str
    mend: str
    nearest: str | None = None  # the right word that is nearest to the one written

    def __str__(self) -> str:
        hint = f" Did you mean {self.nearest!r}?" if self.nearest else ""
        return f"  line {self.line}, column {self.column}: {self.cause}{hint} {self.mend}".rstrip()


class Act(StrEnum):
    """What a message asks for."""

    STATE = "state"  # this is so, now
    RETRACT = "retract"  # what was said before is withdrawn
    ERASE = "erase"  # the persons it concerns are to be erased
    EXPUNGE = "expunge"  # erased by order of a court
    SAME = "same"  # two persons of this agency are one human being
    DIFFERENT = "different"  # ... or are not


class Case(StrEnum):
    """How letters are to be written."""

    NAME = "name"
    UPPER = "upper"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Absent:
    """Values that say that there is nothing (``"9999-12-31"``, ``"UNKNOWN"``)."""

    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Extract:
    """Keep what a regular expression finds: its first group, or all of it."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Split:
    """Cut at a separator and keep one part; ``part`` counts from 0, or from the end if negative."""

    separator: str
    part: int


@dataclass(frozen=True, slots=True)
class Recase:
    """Write letters as ``case`` says."""

    case: Case


@dataclass(frozen=True, slots=True)
class Codes:
    """Translate the source's codes. ``folded`` is the same table without case, where that is unambiguous."""

    exact: Map[str, str]
    folded: Map[str, str]
    otherwise: str | None


@dataclass(frozen=True, slots=True)
class DateForm:
    """Read a date in the first of several forms that fits. ``pivot``: the last two-digit year of this century."""

    forms: tuple[str, ...]
    pivot: int | None


@dataclass(frozen=True, slots=True)
class TimestampForm:
    """Read an instant in the first of several forms that fits; ``zone`` where the form has none."""

    forms: tuple[str, ...]
    pivot: int | None
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Booleans:
    """Which of the source's values mean true and which mean false, without case."""

    true: frozenset[str]
    false: frozenset[str]


Step = Absent | Extract | Split | Recase | Codes | DateForm | TimestampForm | Booleans


@dataclass(frozen=True, slots=True)
class Value:
    """How one value is made: from paths or a constant, through steps in their order.

    Of several ``paths`` the first that says something counts; ``pieces`` are put together with ``separator`` instead.
    A path is one that ``sources`` understands for the source's format, or ``#``: the number of the repetition, from 1.
    Each ``^`` in front of it looks from one block further out.
    """

    mark: Mark
    paths: tuple[str, ...] = ()
    pieces: tuple[Value, ...] = ()
    separator: str = " "
    constant: str | None = None
    trim: bool = True
    steps: tuple[Step, ...] = ()
    default: str | None = None
    every_path: tuple[str, ...] = dataclass_field(init=False)  # those of its pieces included
    where: str = dataclass_field(init=False)  # the same, for people to read

    def __post_init__(self) -> None:
        paths = self.paths + tuple(path for piece in self.pieces for path in piece.every_path)
        object.__setattr__(self, "every_path", paths)
        object.__setattr__(self, "where", ", ".join(paths))


@dataclass(frozen=True, slots=True)
class Key:
    """The key of a statement or a record: its parts, each a value."""

    mark: Mark
    parts: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Pointer:
    """Another record: a block of this mapping, or a key in this or another source."""

    mark: Mark
    block: str | None = None
    record: str = "person"
    key: Key | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A guard on a block: the value is among, or not among, these; or is there, or is not."""

    mark: Mark
    value: Value
    among: frozenset[str] | None = None
    not_among: frozenset[str] | None = None
    present: bool | None = None


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One field of a record and how it is made: a value, or a pointer for a reference."""

    name: str
    mark: Mark
    value: Value | None = None
    pointer: Pointer | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """One kind of record that a message holds, and the blocks within each of its repetitions."""

    id: str
    record: str
    mark: Mark
    key: Key
    about: Pointer | None
    whose: Value
    asserted: Value
    for_each: str | None = None
    when: tuple[Condition, ...] = ()
    fields: tuple[FieldRule, ...] = ()
    records: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Mapping:
    """A source's messages, put into the common vocabulary. ``source`` is the block that ``sources`` opens."""

    name: str
    version: int
    agency: str
    zone: ZoneInfo
    source: Map[str, Any] = dataclass_field(repr=False)
    key: Key = dataclass_field(repr=False)
    message: Value = dataclass_field(repr=False)
    order: Value | None = dataclass_field(repr=False)
    pair: tuple[Key, ...] = dataclass_field(repr=False)
    records: tuple[Block, ...] = dataclass_field(repr=False)
    title: Label | None = None

    @property
    def label(self) -> str:
        """Return ``name@version``, as the ledger and the statements cite it."""
        return f"{self.name}@{self.version}"


# ------------------------------------------------------------------------------------------------ what comes of it


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a message: where, what, and how to mend it. Never a value: values are personal data."""

    place: str  # where the source said it: "line 12"
    cause: str  # a Cause, or a fault code of the vocabulary
    text: Label  # what is wrong
    mend: Label  # what to do about it
    record: str = ""  # the block
    field: str = ""
    path: str = ""
    rule: str = ""  # the vocabulary's rule that does not hold

    @classmethod
    def of(
        cls, place: str, cause: Cause, *, record: str = "", field: str = "", path: str = "", **details: str
    ) -> Fault:
        """Return a fault in the words of its cause, with these details filled in."""
        said = words(cause, details)
        return cls(place, cause.value, said.cause, said.mend, record, field, path)

    def as_json(self) -> dict[str, Any]:
        """Return the fault as the quarantine keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Map[str, Any]) -> Fault:
        """Return the fault that :meth:`as_json` gave."""
        return cls(**{**kept, "text": Label(**kept["text"]), "mend": Label(**kept["mend"])})


@dataclass(frozen=True, slots=True)
class RecordRef:
    """A record by its key in its source, before it has an id."""

    source: str
    record: str
    key: str


@dataclass(frozen=True, slots=True)
class MappedRecord:
    """A record as the mapping made it. ``paths`` says which path of the message gave which field."""

    block: str
    ref: RecordRef
    about: RecordRef | None
    whose: str
    asserted: str
    values: Map[str, Scalar | RecordRef] = dataclass_field(repr=False)
    paths: Map[str, str] = dataclass_field(repr=False)


@dataclass(frozen=True, slots=True)
class Mapped:
    """A message in the common vocabulary: what it asks for, about which key, and its records.

    ``persons``: the two that a message calls the same or different; those that an erasure names, if it names any.
    """

    act: Act
    key: str
    version: int | None  # where the source puts its messages in order
    records: tuple[MappedRecord, ...] = ()
    persons: tuple[RecordRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """A message that cannot be admitted: every fault at once. The rest as far as it could be read.

    ``persons``: whom it seems to be about, so that erasing one of them finds it here too.
    """

    faults: tuple[Fault, ...]
    key: str = ""
    act: Act = Act.STATE
    version: int | None = None
    persons: tuple[RecordRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the messages of a delivery. ``delivered`` is always the sum of the others."""

    delivered: int = 0
    admitted: int = 0
    unchanged: int = 0  # said before, word for word
    outdated: int = 0  # older than what is already admitted
    quarantined: int = 0
    retracted: int = 0
    erased: int = 0
    judged: int = 0  # same or different
    forgotten: int = 0  # said again after it was erased: left out, and nothing kept

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    def __str__(self) -> str:
        """Return the parts, which add up to what was delivered: ``7 delivered = 5 admitted + 2 quarantined``."""
        if not self.delivered:
            return "nothing new"
        counts = {name: getattr(self, name) for name in self.__slots__ if name != "delivered"}
        parts = " + ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        return f"{self.delivered:,} delivered = {parts}"

    @property
    def adds_up(self) -> bool:
        """Whether every message delivered is accounted for."""
        parts: list[int] = [getattr(self, name) for name in self.__slots__ if name != "delivered"]
        return self.delivered == sum(parts)
