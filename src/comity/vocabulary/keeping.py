"""Build from their file when what is held of somebody has to go, and how long a message is kept word for word."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from comity.vocabulary.files import Block, nearest
from comity.vocabulary.law import LENGTH, jurisdiction_of, named
from comity.vocabulary.models import Certainty, Disposal, FieldType, RecordType, Schedule, Term

RECEIVED: Final = "received"
"""The event from which a time runs where a provision counts from the first processing."""


class Words(NamedTuple):
    """The words that a schedule may name."""

    jurisdictions: Mapping[str, Term]
    agencies: Mapping[str, Term]
    records: Mapping[str, RecordType]
    subjects: Mapping[str, Term]


def schedules(file: Block, words: Words) -> tuple[dict[str, Schedule], dict[str, str]]:
    """Return the schedules of ``file`` by term, and how long a message is kept word for word, by jurisdiction."""
    verbatim = file.block("verbatim")
    kept = {name: _length(verbatim, name) for name in verbatim.names()}
    for name in kept:
        if name not in words.jurisdictions:
            verbatim.place_of(name).refuse(f"{name!r} is no jurisdiction", nearest(name, words.jurisdictions))
    found = {block.name: _schedule(block, words) for block in file.block("schedules").blocks()}
    file.finish()
    return found, kept


def _schedule(block: Block, words: Words) -> Schedule:
    schedule = Schedule(
        term=block.name,
        jurisdiction=jurisdiction_of(block, words.jurisdictions),
        act=block.text("act"),
        article=block.text("article"),
        certainty=block.choice("certainty", Certainty),
        label=block.label(),
        agencies=named(block, "agencies", words.agencies),
        records=named(block, "records", words.records),
        subjects=named(block, "of", words.subjects),
        when=_when(block.block("when"), words.records) if "when" in block else {},
        runs_from=named(block, "runs_from", _events(words.records)),
        keep=_length(block, "keep"),
        then=block.choice("then", Disposal),
        afterwards=_length(block, "afterwards") if "afterwards" in block else None,
        whole=block.flag("whole"),
    )
    if not schedule.runs_from:
        block.place.refuse(f"{block.name!r} runs from nothing", f"add runs_from: [{RECEIVED}]")
    if (schedule.then is Disposal.RESTRICT) != (schedule.afterwards is not None):
        block.place.refuse(
            f"{block.name!r} says not both that it restricts and for how long",
            "give restrict an afterwards, and no other",
        )
    block.finish()
    return schedule


def _events(records: Mapping[str, RecordType]) -> Collection[str]:
    days = {f"{it.name}.{each.name}" for it in records.values() for each in it.fields if each.type is FieldType.DATE}
    return {RECEIVED, *days}


def _when(block: Block, records: Mapping[str, RecordType]) -> dict[str, tuple[str, ...]]:
    coded = {
        f"{it.name}.{each.name}": each for it in records.values() for each in it.fields if each.code_list is not None
    }
    found: dict[str, tuple[str, ...]] = {}
    for name in block.names():
        if name not in coded:
            block.place_of(name).refuse(f"{name!r} is no field with a list of codes", nearest(name, coded))
        found[name] = named(block, name, coded[name].codes)
    block.finish()
    return found


def _length(block: Block, key: str) -> str:
    length = block.text(key)
    if not LENGTH.fullmatch(length):
        block.place_of(key).refuse(f"{length!r} is no length of time", "write e.g. P5Y or P6M")
    return length
