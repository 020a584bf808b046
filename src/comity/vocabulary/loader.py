"""Build the vocabulary from its data files, and refuse files that contradict themselves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from comity.vocabulary.files import Block, read_file
from comity.vocabulary.models import (
    Code,
    CodeList,
    Field,
    FieldType,
    Identifiability,
    Label,
    LawfulBasis,
    Purpose,
    RecordType,
    Rule,
    Sensitivity,
    Term,
    Vocabulary,
)

DATA = Path(__file__).parent / "data"


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
    version = read_file(folder / "vocabulary.yaml").text("version")
    lists = {b.name: _code_list(b) for b in read_file(folder / "code_lists.yaml").blocks()}
    terms = read_file(folder / "terms.yaml")
    sections = {
        name: _terms(terms.block(name))
        for name in (
            "operations",
            "agency_kinds",
            "roles",
            "subject_categories",
            "minimisers",
            "channels",
            "jurisdictions",
        )
    }
    terms.finish()
    return Vocabulary(
        version=version,
        record_types={b.name: _record_type(b) for b in read_file(folder / "record_types.yaml").blocks()},
        code_lists=lists,
        purposes={b.name: _purpose(b) for b in read_file(folder / "purposes.yaml").blocks()},
        lawful_bases={b.name: _basis(b) for b in read_file(folder / "lawful_bases.yaml").blocks()},
        **sections,
    )


def _label(block: Block) -> Label:
    if "en" in block and "nl" in block:
        return block.label()
    words = block.name.replace("_", " ").capitalize()
    return Label(words, words)


def _code_list(block: Block) -> CodeList:
    return CodeList(block.name, block.label(), tuple(Code(b.name, b.label()) for b in block.block("codes").blocks()))


def _terms(block: Block) -> Mapping[str, Term]:
    return {b.name: Term(b.name, b.label(), _definition(b), b.text("source", "")) for b in block.blocks()}


def _definition(block: Block) -> Label:
    return block.block("definition").label() if "definition" in block else block.label()


def _record_type(block: Block) -> RecordType:
    label = _label(block)
    return RecordType(
        name=block.name,
        label=label,
        plural=block.block("plural").label() if "plural" in block else Label(label.en + "s", label.nl),
        niem=block.text("niem"),
        fields=tuple(_field(b) for b in block.block("fields").blocks()),
        rules=tuple(_rule(b) for b in block.listed("rules")),
        happened=block.words("happened"),
    )


def _field(block: Block) -> Field:
    return Field(
        name=block.name,
        type=FieldType(block.text("type")),
        label=_label(block),
        category=block.text("pd", "pd:PersonalData"),
        sensitivity=Sensitivity(block.text("sensitivity", "ordinary")),
        identifiability=Identifiability(block.text("identifiability", "none")),
        niem=block.text("niem", ""),
        dpv=block.text("pd", "pd:PersonalData"),
        code_list=block.text("list", "") or None,
        references=block.text("of", "") or None,
        required=block.flag("required"),
        minimum=block.number("min"),
        maximum=block.number("max"),
    )


def _rule(block: Block) -> Rule:
    return Rule(block.text("name"), block.text("left"), block.text("operator"), block.text("right"), block.label())


def _purpose(block: Block) -> Purpose:
    return Purpose(
        block.name, block.text("parent", "") or None, block.label(), _definition(block), block.text("dpv")
    )


def _basis(block: Block) -> LawfulBasis:
    jurisdiction = block.name.partition("/")[0]
    return LawfulBasis(block.name, jurisdiction, block.text("act"), block.text("article"), block.label())
