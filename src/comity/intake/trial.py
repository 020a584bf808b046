"""What a mapping would do with a file. Nothing is written, and no database is needed."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from comity.intake.apply import Applier
from comity.intake.causes import Cause
from comity.intake.check import load_mapping
from comity.intake.models import Act, Fault, Held, Mapped, Outcome
from comity.intake.models import Mapping as MessageMapping
from comity.sources import Said, Unreadable, open_source
from comity.sources.errors import SourceUnavailableError
from comity.sources.from_http import HttpSource
from comity.vocabulary.models import Vocabulary

SHOWN = 3  # messages of which the records are shown
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Example:
    """A message as it would be admitted. Its records are personal data."""

    place: str
    mapped: Mapped = field(repr=False)


@dataclass(frozen=True, slots=True)
class TryReport:
    """What would happen: counts, every fault with its place, how often each field is filled, some records."""

    mapping: str
    outcome: Outcome
    records: Mapping[str, int]  # block -> how many
    filled: Mapping[tuple[str, str], int]  # block and field -> in how many
    faults: tuple[Fault, ...]
    causes: Mapping[tuple[str, str, str], int]  # block, field and cause -> how many messages
    repeated_keys: int  # messages whose key another message of the file has too: the later one takes its place
    examples: tuple[Example, ...] = field(repr=False)


def try_mapping(mapping_path: Path, file: Path, vocabulary: Vocabulary, now: datetime | None = None) -> TryReport:
    """Return what a mapping would do with a file (or, given a folder, with the source's own file in it).

    Raises MappingError with every mistake of the mapping, and the sources' SourcesError if the file cannot be read.
    ``now``: what cannot lie in the future and does is a fault.
    """
    mapping = load_mapping(mapping_path, vocabulary)
    return _Trial(mapping, Applier(mapping, vocabulary, now)).run(_items(mapping, file))


def _items(mapping: MessageMapping, file: Path) -> Iterator[Said | Unreadable]:
    if not file.exists():
        raise SourceUnavailableError(file.name, "no such file or directory", "Check the path")
    spec, base = _pointed_at(mapping.source, file)
    source = open_source(spec, base)
    if isinstance(source, HttpSource):
        yield from source.message(_posted(file)).items
        return
    for batch in source.read(None, BATCH):
        yield from batch.items


def _posted(file: Path) -> bytes:
    """Return a file as the message that a system would have posted."""
    if file.is_dir():
        raise SourceUnavailableError(
            file.name, "this is a folder, and messages are posted", "Name a file with one message"
        )
    return file.read_bytes()


def _pointed_at(spec: Mapping[str, Any], file: Path) -> tuple[dict[str, Any], Path]:
    """Return the source block with this file in the place of its own."""
    if file.is_dir():
        return dict(spec), file
    ((kind, options),) = spec.items()
    instead = {"sql": {"url": f"sqlite:///{file.name}"}, "http": {}}.get(kind, {"path": glob.escape(file.name)})
    return {kind: {**(options or {}), **instead}}, file.parent


class _Trial:
    def __init__(self, mapping: MessageMapping, applier: Applier) -> None:
        self.mapping = mapping
        self.applier = applier
        self.counts: Counter[str] = Counter()
        self.records: Counter[str] = Counter()
        self.filled: Counter[tuple[str, str]] = Counter()
        self.causes: Counter[tuple[str, str, str]] = Counter()
        self.keys: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self.examples: list[Example] = []

    def run(self, items: Iterator[Said | Unreadable]) -> TryReport:
        for item in items:
            self.counts["delivered"] += 1
            if isinstance(item, Unreadable):
                self._held((Fault.of(item.place, Cause.UNREADABLE, problem=item.cause, remedy=item.mend),))
                continue
            said = self.applier.apply(item.body, item.place)
            if isinstance(said, Held):
                self._held(said.faults)
            else:
                self._mapped(item.place, said)
        return self._report()

    def _held(self, faults: tuple[Fault, ...]) -> None:
        self.counts["quarantined"] += 1
        self.faults.extend(faults)
        self.causes.update({(fault.record, fault.field, fault.cause) for fault in faults})

    def _mapped(self, place: str, said: Mapped) -> None:
        self.counts[_BECOMES[said.act]] += 1
        self.keys[said.key] += said.act is Act.STATE
        for record in said.records:
            self.records[record.block] += 1
            self.filled.update((record.block, name) for name in record.values)
        if len(self.examples) < SHOWN:
            self.examples.append(Example(place, said))

    def _report(self) -> TryReport:
        return TryReport(
            mapping=self.mapping.label,
            outcome=Outcome(**self.counts),
            records=dict(self.records),
            filled=dict(self.filled),
            faults=tuple(self.faults),
            causes=dict(self.causes),
            repeated_keys=sum(count for count in self.keys.values() if count > 1),
            examples=tuple(self.examples),
        )


_BECOMES = {
    Act.STATE: "admitted",
    Act.RETRACT: "retracted",
    Act.ERASE: "erased",
    Act.EXPUNGE: "erased",
    Act.SAME: "judged",
    Act.DIFFERENT: "judged",
}
