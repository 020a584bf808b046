"""``comity statistic``: ask for numbers about everyone whom an agreement covers, and see what is left of its budget."""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, Literal, TypeVar

from cyclopts import App, Parameter
from psycopg import AsyncConnection

from comity.agreements.models import Agreement
from comity.agreements.store import load_standing
from comity.cli.failing import NO_INPUT, REFUSED, Failed, Misused
from comity.cli.opening import node, now
from comity.gate import Refusal, Request
from comity.gate.keys import load_or_create
from comity.gate.models import Measure, Statistic
from comity.gate.statistics import spelling
from comity.gate.statistics.ask import ask as asked
from comity.gate.statistics.ask import budget_left
from comity.gate.statistics.models import Figure, Left, Numbers, Told
from comity.gate.statistics.words import TOTAL, axis_words, kept_words, measured, value_words
from comity.node import Node
from comity.store import Role
from comity.vocabulary.models import Label
from comity.web.models import Colleague
from comity.web.store import colleague as find_colleague

app = App(name="statistic", help="Numbers about everyone whom an agreement covers: with noise, from a budget.")

Language = Annotated[Literal["en", "nl"], Parameter(help="The language of what is told.")]
Name = Annotated[str, Parameter(help="The agreement's name.")]
Answer = TypeVar("Answer")

_NUMBER: Final = Label("about", "ongeveer")
_BOUNDS: Final = (Label("at least", "minstens"), Label("at most", "hoogstens"))


@app.command
def ask(  # noqa: PLR0913  (each is an option of the command)
    agreement: Name,
    measure: Measure,
    record: str,
    *,
    colleague: Annotated[str, Parameter(name="--as")],
    of: str = "",
    by: tuple[str, ...] = (),
    only: tuple[str, ...] = (),
    epsilon: str = "",
    anew: bool = False,
    case_reference: str = "",
    justification: str = "",
    language: Language = "en",
    as_json: Annotated[bool, Parameter(name="--json")] = False,
    as_csv: Annotated[bool, Parameter(name="--csv")] = False,
) -> None:
    """Ask for a number or a table: how many people or rows, or the sum or mean of something.

    It exits with 77 if the gate refuses.

    Parameters
    ----------
    record
        The record type that is counted, e.g. charge.
    colleague
        The staff id of whoever asks; their agency and role decide.
    of
        What is added up and its bounds: score=0..100, or the days between two dates: charged_on..disposed_on=0..400.
    by
        A field to count by, at most three: person.sex, charge.charged_on:year=2024..2026.
    only
        Keep to some values of a field: person.sex=female.
    epsilon
        How much of the budget to spend; a tenth of a period's, if not given.
    anew
        Count anew and pay again, rather than be told again what was told in this period.
    """
    counted, kept = (tuple(spelling.category(it) for it in each) for each in (by, only))
    quantity = spelling.quantity(of) if of else None
    asks = Statistic(record, measure, quantity, counted, kept, spelling.epsilon(epsilon), anew)
    with node() as opened:
        purpose, who = _agreement(opened, agreement).purpose, _colleague(opened, colleague)
        told = _tell(opened, Request(asks, agreement, purpose, who.requester, case_reference, justification))
        if isinstance(told, Refusal):
            print(told.reason.label.in_language(language))
            raise Failed(REFUSED)
        _print(told, opened, language, as_json=as_json, as_csv=as_csv)


@app.command
def budget(
    agreement: Name, *, language: Language = "en", as_json: Annotated[bool, Parameter(name="--json")] = False
) -> None:
    """Say what is left of an agreement's budget for statistics in this period."""
    with node() as opened:
        agreed = _agreement(opened, agreement)
        left = _run(opened, Role.GATE, lambda conn: budget_left(conn, agreed, now()))
    if left is None:
        print(Label("It has no budget for statistics.", "Zij heeft geen budget voor statistiek.").in_language(language))
        raise Failed(NO_INPUT)
    print(json.dumps(_left(left)) if as_json else _left_words(left).in_language(language))


def _tell(opened: Node, request: Request) -> Told | Refusal:
    words, keyring = opened.vocabulary, load_or_create(opened.keyring)
    return _run(opened, Role.GATE, lambda conn: asked(conn, request, now(), vocabulary=words, keyring=keyring))


def _agreement(opened: Node, name: str) -> Agreement:
    with opened.store.connect(Role.GOVERNANCE) as conn:
        considered = load_standing(conn, name, opened.vocabulary, now())
    if considered.agreement is None:
        print(f"The agreement {name!r} cannot be read any longer. Look with: comity agreement list")
        raise Failed(NO_INPUT)
    return considered.agreement


def _colleague(opened: Node, name: str) -> Colleague:
    found = _run(opened, Role.GOVERNANCE, lambda conn: find_colleague(conn, name))
    if found is None:
        raise Misused(f"Nobody is admitted as {name}. Admit them first: comity person admit {name} ...")
    return found


def _run(opened: Node, role: Role, do: Callable[[AsyncConnection[tuple[Any, ...]]], Awaitable[Answer]]) -> Answer:
    async def run() -> Answer:
        async with await AsyncConnection.connect(opened.store.conninfo(role)) as conn:
            return await do(conn)

    return asyncio.run(run())


# --- telling ---------------------------------------------------------------------------------------------------------


def _print(told: Told, opened: Node, language: str, *, as_json: bool, as_csv: bool) -> None:
    if as_json:
        document = {
            "agreement": f"{told.agreement}@{told.version}",
            "entry": str(told.id),
            "again": told.again,
            "spent": f"{told.spent:f}",
            "budget": _left(told.budget),
            "numbers": told.numbers.document(),
        }
        print(json.dumps(document, ensure_ascii=False))
        return
    lines = list(_lines(told.numbers, opened, language))
    if as_csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows(lines)
        return
    for words in _said(told, opened):
        print(words.in_language(language))
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    for line in lines:
        cells = [cell.ljust(width) if at < len(line) - 3 else cell.rjust(width) for at, (cell, width) in
                 enumerate(zip(line, widths, strict=True))]  # fmt: skip
        print("  ".join(cells).rstrip())


def _lines(numbers: Numbers, opened: Node, language: str) -> list[list[str]]:
    """Return the table: a heading, a line for each cell, and the total where there are several."""
    words = opened.vocabulary
    heading = [axis_words(it, words).in_language(language) for it in numbers.axes]
    lines = [[*heading, *(it.in_language(language) for it in (_NUMBER, *_BOUNDS))]]
    for figure in numbers.figures:
        named = zip(numbers.axes, figure.values, strict=True)
        lines.append(_line([value_words(axis, it, words).in_language(language) for axis, it in named], figure))
    if len(numbers.figures) > 1:
        blank = [""] * (len(numbers.axes) - 1)
        lines.append(_line([TOTAL.in_language(language), *blank], numbers.total))
    return lines


def _line(names: list[str], figure: Figure) -> list[str]:
    return [*names, str(figure.number), str(figure.low), str(figure.high)]


def _said(told: Told, opened: Node) -> list[Label]:
    kept = kept_words(told.numbers, opened.vocabulary)
    again = Label(
        f"Told again as it was on {told.numbers.made_on:%d-%m-%Y}; nothing was spent.",
        f"Opnieuw verteld zoals op {told.numbers.made_on:%d-%m-%Y}; er is niets besteed.",
    )
    bounds = Label(
        "Each number has noise; the exact one lies between the bounds with a chance of 95 %.",
        "Elk getal heeft ruis; het exacte ligt met een kans van 95 % tussen de grenzen.",
    )
    said = [measured(told.numbers, opened.vocabulary), *([kept] if kept else []), bounds]
    return [*said, *([again] if told.again else []), _left_words(told.budget)]


def _left_words(left: Left) -> Label:
    rest, whole = left.left.normalize(), left.epsilon.normalize()
    return Label(
        f"Left of the budget: {rest:f} of {whole:f}. It is whole again on {left.ends:%d-%m-%Y}.",
        f"Over van het budget: {rest:f} van {whole:f}. Op {left.ends:%d-%m-%Y} is het weer vol.",
    )


def _left(left: Left) -> dict[str, str]:
    return {
        "agreement": left.agreement,
        "starts": left.starts.isoformat(),
        "ends": left.ends.isoformat(),
        "epsilon": f"{left.epsilon.normalize():f}",
        "left": f"{left.left.normalize():f}",
    }
