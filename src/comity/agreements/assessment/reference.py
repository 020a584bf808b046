"""The reference page of the documentation, written from the catalogue so that it cannot differ from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from comity.agreements.assessment.models import Catalogue, Question
from comity.vocabulary.models import Label

_OPENING: Final = """\
# The impact assessment

<!-- Written by `python -m comity.agreements.assessment` from its catalogue.yaml. Change that; write it again. -->

Catalogue {version}. An assessment is answered in four steps, each signed by the disciplines that its questions name.
The answers are the assessment; [the agreement](agreement.md) is drafted from them. How to make one is told in
[Assess an agreement](../how-to/assess-an-agreement.md).

## The file

YAML, with the four steps as its blocks: `process`, `lawfulness`, `risks`, `measures`. A list is a block whose keys are
the ids of its items; ids never change, and items stand in the order of their ids. A question that is not in the file is
not answered yet. An answer under the key `confidential` is not published; nor is an item with `confidential: yes`.

```yaml
assessment: marac-victim-safety
version: 3
process:
  purpose: victim-safety
  moments:
    1-referral: {{what: The case, provider: police, recipient: victim-services, when: On the day, why: To reach her}}
risks:
  risks:
    address:
      what: The victim's address becomes known
      source: {{confidential: A note was read aloud at the desk.}}
```

Its canonical form is RFC 8785 JSON with the same keys. What a discipline signs is the SHA-256 of the canonical form of
one step.

## How high a risk is

| likelihood ↓ severity → | low | medium | high |
|---|---|---|---|
| low | low | low | medium |
| medium | low | medium | high |
| high | medium | high | high |

A risk that stays high after the measures stops the approval until somebody has decided on it (LED art. 28; DPA 2018
s. 65): the supervisory authority was consulted, or what makes the risk high is not shared until it has been.
"""


def reference_page(catalogue: Catalogue) -> str:
    """Return the whole page as Markdown."""
    parts = (
        _OPENING.format(version=catalogue.version),
        *_steps(catalogue),
        *_sets(catalogue),
        *_coverage(catalogue),
        *_gaps(catalogue),
    )
    return "\n".join(parts)


def _steps(catalogue: Catalogue) -> Iterator[str]:
    for step, label in catalogue.steps.items():
        signing = ", ".join(_both(catalogue.disciplines[each]) for each in catalogue.must_sign(step))
        yield f"## {label.en} / {label.nl}\n\nSigned by: {signing}.\n"
        yield from _asked(catalogue.asked(step))
        for name, of in catalogue.lists.items():
            if asked := catalogue.asked(step, name):
                least = f" At least {of.least}." if of.step is step else ""
                yield f"### `{name}`: {_both(of.label)}\n\nAsked of each.{least}\n"
                yield from _asked(asked)


def _asked(questions: Sequence[Question]) -> Iterator[str]:
    head = ("key", "English", "Nederlands", "answer", "signed by", "NL", "ICO", "LED")
    yield _table(head, (_row(question) for question in questions))


def _row(question: Question) -> tuple[str, ...]:
    marks = ("" if question.optional else "*") + ("†" if question.confidential else "")
    kind = f"{question.kind.value} of `{question.of}`" if question.of else question.kind.value
    return (
        f"`{question.key}`{marks}",
        f"**{question.label.en}** {question.ask.en}{_only_if(question, 'Only if')}",
        f"**{question.label.nl}** {question.ask.nl}{_only_if(question, 'Alleen als')}",
        kind,
        ", ".join(question.signed_by),
        ", ".join(question.nl_dpia),
        ", ".join(question.ico),
        ", ".join(question.led),
    )


def _only_if(question: Question, words: str) -> str:
    if question.only_if is None:
        return ""
    path, word = question.only_if
    return f" ({words} `{path}`: `{word}`.)"


def _sets(catalogue: Catalogue) -> Iterator[str]:
    yield "An answer is required where its key is marked with *, and never published where it is marked with †.\n"
    yield "## Choices\n\nThose that are not here are of [the vocabulary](vocabulary.md).\n"
    rows = (
        (f"`{name}`", f"`{word}`", label.en, label.nl)
        for name, words in catalogue.choices.items()
        for word, label in words.items()
    )
    yield _table(("set", "word", "English", "Nederlands"), rows)


def _coverage(catalogue: Catalogue) -> Iterator[str]:
    yield "## What it covers\n\n### The Dutch model (Rapportagemodel DPIA Rijksdienst 3.0)\n"
    yield _table(("point", "heading", "questions"), _covered(catalogue, "nl_dpia", catalogue.nl_dpia))
    yield "### The template of the Information Commissioner's Office\n"
    yield _table(("name", "heading", "questions"), _covered(catalogue, "ico", catalogue.ico))
    yield "### Article 27(2) of Directive (EU) 2016/680\n"
    elements = {name: f"{_both(label)} (DPA 2018 {catalogue.led_in_uk[name]})" for name, label in catalogue.led.items()}
    yield _table(("name", "element", "questions"), _covered(catalogue, "led", elements))


def _covered(catalogue: Catalogue, key: str, headings: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for name, heading in headings.items():
        covering = (f"`{each.id}`" for each in catalogue.questions.values() if name in getattr(each, key))
        yield name, heading, ", ".join(covering)


def _gaps(catalogue: Catalogue) -> Iterator[str]:
    yield "## Where the Dutch form leaves the directive open\n\nThe form is written for the general regulation.\n"
    rows = (
        (
            ", ".join(each.nl_dpia),
            each.article,
            each.label.en,
            each.label.nl,
            ", ".join(f"`{name}`" for name in each.questions),
        )
        for each in catalogue.gaps
    )
    yield _table(("points", "article", "English", "Nederlands", "asked here"), rows)


def _both(label: Label) -> str:
    return f"{label.en} / {label.nl}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"
