"""Build from their files what the law lets leave only under conditions, and how long it may be kept."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from comity.vocabulary.files import Block, nearest
from comity.vocabulary.models import (
    Certainty,
    Cover,
    Identifiability,
    LawfulBasis,
    Purpose,
    RecordType,
    Restriction,
    RetentionLimit,
    Sensitivity,
    Term,
)
from comity.vocabulary.names import BASIS_NAME, check_name

LENGTH: Final = re.compile(r"P(?=\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?")
"""A length of time as these files write it: ISO 8601 in years, months, weeks and days."""


class Known(NamedTuple):
    """The words that a row may name."""

    jurisdictions: Mapping[str, Term]
    purposes: Mapping[str, Purpose]
    bases: Mapping[str, LawfulBasis]
    records: Mapping[str, RecordType]
    subjects: Mapping[str, Term]
    minimisers: Mapping[str, Term]


def restrictions(file: Block, known: Known) -> dict[str, Restriction]:
    """Return the restrictions of ``file`` by term."""
    return {block.name: _restriction(block, known) for block in file.blocks()}


def retention_limits(file: Block, known: Known) -> dict[str, RetentionLimit]:
    """Return the limits of ``file`` by term."""
    return {block.name: _limit(block, known) for block in file.blocks()}


def _restriction(block: Block, known: Known) -> Restriction:
    data, fields = (
        block.block("data"),
        {f"{it.name}.{each.name}" for it in known.records.values() for each in it.fields},
    )
    unless = block.block("unless") if "unless" in block else None
    restriction = Restriction(
        term=block.name,
        jurisdiction=jurisdiction_of(block, known.jurisdictions),
        act=block.text("act"),
        article=block.text("article"),
        certainty=block.choice("certainty", Certainty),
        label=block.label(),
        sensitivities=data.choices("sensitivity", Sensitivity),
        identifiabilities=data.choices("identifiability", Identifiability),
        fields=named(data, "fields", fields),
        subjects=named(block, "subjects", known.subjects),
        purposes=named(block, "purposes", known.purposes),
        grounds=named(block, "grounds", known.bases),
        covers=unless.choices("covers", Cover) if unless else (),
        bases=named(unless, "bases", known.bases) if unless else (),
        forms=named(unless, "forms", known.minimisers) if unless else (),
        consents=unless.words("consent") if unless else (),
    )
    if not (restriction.sensitivities or restriction.identifiabilities or restriction.fields):
        data.place.refuse(f"{block.name!r} is about no data", "add sensitivity, identifiability or fields")
    for each in (data, unless, block):
        if each is not None:
            each.finish()
    return restriction


def _limit(block: Block, known: Known) -> RetentionLimit:
    longest = block.text("longest", "") or None
    if longest and not LENGTH.fullmatch(longest):
        block.place_of("longest").refuse(f"{longest!r} is no length of time", "write e.g. P5Y or P6M")
    limit = RetentionLimit(
        term=block.name,
        jurisdiction=jurisdiction_of(block, known.jurisdictions),
        act=block.text("act"),
        article=block.text("article"),
        certainty=block.choice("certainty", Certainty),
        label=block.label(),
        purposes=named(block, "purposes", known.purposes),
        bases=named(block, "bases", known.bases),
        records=named(block, "records", known.records),
        longest=longest,
    )
    block.finish()
    return limit


def jurisdiction_of(block: Block, jurisdictions: Collection[str]) -> str:
    """Return the jurisdiction that the name of a provision begins with; a refusal if there is no such one."""
    check_name(block, BASIS_NAME)
    jurisdiction = block.name.partition("/")[0]
    if jurisdiction not in jurisdictions:
        block.place.refuse(
            f"{block.name!r} is of the unknown jurisdiction {jurisdiction!r}", nearest(jurisdiction, jurisdictions)
        )
    return jurisdiction


def named(block: Block, key: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the words listed under ``key``; a refusal with the nearest right word if one is not ``known``."""
    words = block.words(key)
    for word in words:
        if word not in known:
            block.place_of(key).refuse(f"{block.name!r} names the unknown {key} {word!r}", nearest(word, known))
    return words
