"""An assessment as YAML that people fill in: each question above its answer, what is open as a comment."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from typing import Any, Final

from comity.agreements.assessment.catalogue import load_catalogue
from comity.agreements.assessment.check import options
from comity.agreements.assessment.file import CONFIDENTIAL, document
from comity.agreements.assessment.models import Assessment, Catalogue, Kind, Question, Step
from comity.agreements.reading import hidden
from comity.vocabulary.models import Label, Vocabulary

_WIDTH: Final = 110
_FEW: Final = 8  # options that are worth a line of comment; the others stand in the reference
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./@-]*(?: [A-Za-z0-9_./@-]+)*")


def write_assessment(
    assessment: Assessment, vocabulary: Vocabulary, *, language: str = "en", revision: int | None = None
) -> str:
    """Return the file; :func:`comity.agreements.assessment.file.parse_assessment` gives the same assessment back."""
    writer = _Writer(load_catalogue(), vocabulary, language)
    return "\n".join(writer.file(assessment, revision)) + "\n"


class _Writer:
    def __init__(self, catalogue: Catalogue, vocabulary: Vocabulary, language: str) -> None:
        self._catalogue, self._vocabulary, self._language = catalogue, vocabulary, language

    def file(self, assessment: Assessment, revision: int | None) -> Iterator[str]:
        whole = document(assessment)
        yield f"# {self._say(_HEADING)}"
        for key in ("format", "assessment", "version", "catalogue"):
            yield f"{key}: {scalar(str(whole[key]), '')}"
        if revision is not None:
            yield f"revision: {revision}  # {self._say(_REVISION)}"
        for step, label in self._catalogue.steps.items():
            yield from ("", f"# --- {self._say(label)}", f"{step.value}:")
            yield from self._step(step, whole.get(step.value, {}), assessment)

    def _step(self, step: Step, answers: dict[str, Any], assessment: Assessment) -> Iterator[str]:
        for question in self._catalogue.asked(step):
            yield from self._question(question, answers, "  ")
        for name, of in self._catalogue.lists.items():
            asked = self._catalogue.asked(step, name)
            if not asked:
                continue
            items: dict[str, Any] = {item: answers.get(name, {}).get(item, {}) for item in assessment.items(name)}
            yield from (f"  # {self._say(of.label)}", f"  {name}:" if items else f"  # {name}:")
            for number, (item, block) in enumerate(items.items()):
                yield f"    {item}:"
                if CONFIDENTIAL in block:
                    yield f"      {CONFIDENTIAL}: yes"
                for question in asked:
                    yield from self._question(question, block, "      ", say=number == 0)
            if not items:
                yield "  #   1-name:"
                for question in asked:
                    yield from self._question(question, {}, "  #     ")

    def _question(self, question: Question, block: dict[str, Any], indent: str, *, say: bool = True) -> Iterator[str]:
        open_ = question.key not in block
        if say:
            lead = f"{indent}# "
            for text in (self._say(question.ask), self._choices(question)):
                yield from textwrap.wrap(text, _WIDTH, initial_indent=lead, subsequent_indent=lead)
        if open_:
            yield f"{indent}{question.key}:" if indent.strip() else f"{indent}# {question.key}:"
        else:
            yield from entry(question.key, block[question.key], indent)

    def _choices(self, question: Question) -> str:
        if question.kind not in (Kind.CHOICE, Kind.CHOICES):
            return ""
        words = options(question, self._catalogue, self._vocabulary)
        return f"({', '.join(words)})" if len(words) <= _FEW else ""

    def _say(self, label: Label) -> str:
        return label.in_language(self._language)


_HEADING: Final = Label(
    "An impact assessment. Take the hash before a key away to answer its question.",
    "Een effectbeoordeling. Haal het hekje voor een sleutel weg om de vraag te beantwoorden.",
)
_REVISION: Final = Label(
    "what this file was exported from: leave it, so that it can be merged",
    "waaruit dit bestand is uitgevoerd: laat staan, zodat het kan worden samengevoegd",
)


def entry(key: str, value: Any, indent: str) -> Iterator[str]:
    """Yield the lines of one key and what stands under it."""
    if isinstance(value, dict) and value:
        yield f"{indent}{key}:"
        for name, each in value.items():
            yield from entry(name, each, f"{indent}  ")
    elif isinstance(value, list):
        yield f"{indent}{key}: [{', '.join(flow(str(each)) for each in value)}]"
    else:
        yield f"{indent}{key}: {scalar(str(value), indent)}"


def flow(text: str) -> str:
    """Return a text as a YAML scalar that can stand within brackets."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def scalar(text: str, indent: str) -> str:
    """Return a text as a YAML scalar that reads back as the same text, long ones over several lines."""
    if any(True for _ in hidden(text)) or text != text.strip():
        return json.dumps(text)
    if "\n" in text and not any(line != line.strip() for line in text.split("\n")):
        return "\n".join(["|-", *(f"{indent}  {line}".rstrip() for line in text.split("\n"))])
    if len(text) > _WIDTH and text == " ".join(text.split()):
        return "\n".join(
            [
                ">-",
                *textwrap.wrap(
                    text,
                    _WIDTH,
                    initial_indent=f"{indent}  ",
                    subsequent_indent=f"{indent}  ",
                    break_long_words=False,
                    break_on_hyphens=False,
                ),
            ]
        )
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
