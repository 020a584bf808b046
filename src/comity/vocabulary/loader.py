"""Build the vocabulary from its data files, and refuse files that contradict themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from comity.vocabulary.files import Block, nearest, read_file
from comity.vocabulary.keeping import Words, schedules
from comity.vocabulary.law import Known, restrictions, retention_limits
from comity.vocabulary.models import Code, CodeList, Cover, LawfulBasis, Purpose, Term, Vocabulary
from comity.vocabulary.names import BASIS_NAME, TERM_NAME, check_name, iri
from comity.vocabulary.record_types import record_types

DATA: Final = Path(__file__).parent / "data"

_SECTIONS: Final = (
    "operations",
    "agency_kinds",
    "roles",
    "subject_categories",
    "minimisers",
    "channels",
    "jurisdictions",
)


@cache
def load() -> Vocabulary:
    """Return the vocabulary that comes with Comity; the files are read once per process.

    :raises VocabularyFileError: a file contradicts itself or another.
    """
    return load_from(DATA)


def load_from(folder: Path) -> Vocabulary:
    """Return the vocabulary of the data files in ``folder``.

    :raises VocabularyFileError: a file is missing or wrong; the message names file, line, cause and mend.
    """
    lists = {block.name: _code_list(block) for block in read_file(folder / "code_lists.yaml").blocks()}
    sections = _sections(read_file(folder / "terms.yaml"))
    records = record_types(read_file(folder / "record_types.yaml"), lists)
    purposes = _purposes(read_file(folder / "purposes.yaml"))
    bases = _bases(read_file(folder / "lawful_bases.yaml"), sections["jurisdictions"])
    subjects, minimisers = sections["subject_categories"], sections["minimisers"]
    kept, verbatim = schedules(
        read_file(folder / "retention_schedules.yaml"),
        Words(sections["jurisdictions"], sections["agency_kinds"], records, subjects),
    )
    known = Known(sections["jurisdictions"], purposes, bases, records, subjects, minimisers)
    return Vocabulary(
        version=_version(read_file(folder / "vocabulary.yaml")),
        record_types=records,
        code_lists=lists,
        purposes=purposes,
        lawful_bases=bases,
        restrictions=restrictions(read_file(folder / "restrictions.yaml"), known),
        retention_limits=retention_limits(read_file(folder / "retention.yaml"), known),
        schedules=kept,
        verbatim=verbatim,
        **sections,
    )


def _version(file: Block) -> str:
    version = file.text("version")
    file.finish()
    return version


def _code_list(block: Block) -> CodeList:
    check_name(block, TERM_NAME)
    codes = tuple(_code(each) for each in block.block("codes").blocks())
    if not codes:
        block.place.refuse(f"{block.name!r} has no codes", "give it one, or take the list out")
    code_list = CodeList(block.name, block.label(), codes)
    block.finish()
    return code_list


def _code(block: Block) -> Code:
    check_name(block, TERM_NAME)
    definition = block.label_under("definition") if "definition" in block else None
    code = Code(block.name, block.label(), definition)
    block.finish()
    return code


def _sections(file: Block) -> dict[str, Mapping[str, Term]]:
    sections: dict[str, Mapping[str, Term]] = {
        name: {block.name: _term(block) for block in file.block(name).blocks()} for name in _SECTIONS
    }
    file.finish()
    return sections


def _term(block: Block) -> Term:
    check_name(block, TERM_NAME)
    term = Term(block.name, block.label(), block.label_under("definition"), block.text("source", ""))
    block.finish()
    return term


def _purposes(file: Block) -> dict[str, Purpose]:
    blocks = {block.name: block for block in file.blocks()}
    purposes = {name: _purpose(block, blocks) for name, block in blocks.items()}
    for name, block in blocks.items():
        _check_ends(name, block, purposes)
    return purposes


def _purpose(block: Block, known: Collection[str]) -> Purpose:
    check_name(block, TERM_NAME)
    parent = block.text("parent", "") or None
    if parent and parent not in known:
        block.place_of("parent").refuse(f"{block.name!r} has the unknown parent {parent!r}", nearest(parent, known))
    purpose = Purpose(block.name, parent, block.label(), block.label_under("definition"), iri(block, "dpv"))
    block.finish()
    return purpose


def _check_ends(name: str, block: Block, purposes: Mapping[str, Purpose]) -> None:
    passed = [name]
    while parent := purposes[passed[-1]].parent:
        if parent in passed:
            line = " → ".join([*passed, parent])
            block.place_of("parent").refuse(
                f"the purposes go round in a circle: {line}", "give one of them another parent"
            )
        passed.append(parent)


def _bases(file: Block, jurisdictions: Collection[str]) -> dict[str, LawfulBasis]:
    return {block.name: _basis(block, jurisdictions) for block in file.blocks()}


def _basis(block: Block, jurisdictions: Collection[str]) -> LawfulBasis:
    check_name(block, BASIS_NAME)
    jurisdiction = block.name.partition("/")[0]
    if jurisdiction not in jurisdictions:
        block.place.refuse(
            f"{block.name!r} is of the unknown jurisdiction {jurisdiction!r}", nearest(jurisdiction, jurisdictions)
        )
    covers = block.choices("covers", Cover)
    if not covers:
        block.place.refuse(f"{block.name!r} does not say what it covers", f"add covers: [{Cover.PROCESSING}]")
    basis = LawfulBasis(block.name, jurisdiction, block.text("act"), block.text("article"), block.label(), covers)
    block.finish()
    return basis
