"""Build the catalogue of questions from its data file, and refuse a file that contradicts itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from comity.agreements.assessment.models import Catalogue, Discipline, Gap, Kind, List, Question, Step
from comity.vocabulary.files import Block, nearest, read_file
from comity.vocabulary.models import Label

FILE: Final = Path(__file__).parent / "catalogue.yaml"

FROM_VOCABULARY: Final = (
    "jurisdictions", "purposes", "lawful_bases", "roles", "channels", "subject_categories", "record_types",
)  # fmt: skip


@cache
def load_catalogue() -> Catalogue:
    """Return the catalogue that comes with Comity; the file is read once per process."""
    return catalogue_from(FILE)


def catalogue_from(path: Path) -> Catalogue:
    """Return the catalogue of a file; a :class:`VocabularyFileError` names the line that is wrong, and the mend."""
    file = read_file(path)
    led = {block.name: (block.text("article"), _finished(block)) for block in file.block("led").blocks()}
    choices = {block.name: _labels(block) for block in file.block("choices").blocks()}
    lists = {block.name: _list(block) for block in file.block("lists").blocks()}
    nl_dpia, ico = file.block("nl_dpia").texts(), file.block("ico").texts()
    known: dict[str, Collection[str]] = {"nl_dpia": nl_dpia, "ico": ico, "led": led}
    questions = {
        each.name: _question(each, known, {*choices, *FROM_VOCABULARY}, lists)
        for each in file.block("questions").blocks()
    }
    catalogue = Catalogue(
        version=file.text("version"),
        steps={Step(name): label for name, label in _labels(file.block("steps")).items()},
        disciplines={Discipline(name): label for name, label in _labels(file.block("disciplines")).items()},
        nl_dpia=nl_dpia,
        ico=ico,
        led={name: label for name, (_, label) in led.items()},
        led_in_uk={name: article for name, (article, _) in led.items()},
        choices=choices,
        lists=lists,
        questions=questions,
        gaps=tuple(_gap(block, nl_dpia, questions) for block in file.block("gaps").blocks()),
    )
    file.finish()
    for each in questions.values():
        if each.only_if and (each.only_if[0] not in questions or questions[each.only_if[0]].list):
            raise RuntimeError(f"{each.id} depends on {each.only_if[0]}, which is not asked once")
    return catalogue


def _labels(block: Block) -> dict[str, Label]:
    return {each.name: _finished(each) for each in block.blocks()}


def _finished(block: Block) -> Label:
    label = block.label()
    block.finish()
    return label


def _list(block: Block) -> List:
    made = List(block.name, block.choice("step", Step), block.number("least") or 0, block.label())
    block.finish()
    return made


def _question(
    block: Block, known: Mapping[str, Collection[str]], sets: Collection[str], lists: Collection[str]
) -> Question:
    of, kind, within = block.text("of", ""), block.choice("kind", Kind), block.name.rpartition(".")[0]
    if within:
        _one(block, "its list", within, lists)
    if kind in (Kind.CHOICE, Kind.CHOICES):
        _one(block, "of", of, sets)
    if kind is Kind.ITEMS:
        _one(block, "of", of, lists)
    question = Question(
        id=block.name,
        list=within,
        step=block.choice("step", Step),
        kind=kind,
        of=of,
        label=block.label(),
        ask=block.label_under("ask"),
        signed_by=block.choices("signed_by", Discipline),
        nl_dpia=_several(block, "nl_dpia", known["nl_dpia"]),
        ico=_several(block, "ico", known["ico"]),
        led=_several(block, "led", known["led"]),
        optional=block.flag("optional"),
        confidential=block.flag("confidential"),
        only_if=_only_if(block),
    )
    block.finish()
    return question


def _only_if(block: Block) -> tuple[str, str] | None:
    path, _, word = block.text("only_if", "").partition("=")
    return (path, word) if path else None


def _gap(block: Block, points: Collection[str], questions: Collection[str]) -> Gap:
    gap = Gap(
        block.name,
        _several(block, "nl_dpia", points),
        block.text("article"),
        _several(block, "questions", questions),
        block.label(),
    )
    block.finish()
    return gap


def _several(block: Block, key: str, known: Collection[str]) -> tuple[str, ...]:
    words = block.words(key)
    for word in words:
        _one(block, key, word, known)
    return words


def _one(block: Block, key: str, word: str, known: Collection[str]) -> None:
    if word not in known:
        block.place_of(key).refuse(f"{block.name!r} has the unknown {key} {word!r}", nearest(word, known))
