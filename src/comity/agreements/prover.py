"""Answers to claims about rows: by what they reach, by a row that is made up, or else by Z3. Pure; no input, no output.

Each claim is answered in one of three ways:

1. **No**: no rows are such. That is a proof, as far as the facts of :mod:`comity.agreements.smt` go.
2. **Yes**, if an example was asked for, with one: the rows, the day, who asks. The oracle
   (:mod:`comity.agreements.meaning`) was asked whether the claim is true of that very example, and it is.
3. **Not decided**: the solver gave up within :data:`EFFORT`, or its example was not one for the oracle.

The solver is asked last. A claim that reaches nothing (:mod:`comity.agreements.reach`) is never so, and one that the
oracle finds true of a made-up row (:mod:`comity.agreements.witness`) may be; most are of the one sort or the other, at
a hundredth of the cost. That these answers are the solver's is held by a test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, Final
from uuid import UUID

from comity.agreements.claims import Claim, Example, Told, formula, is_lawful, reached, tried
from comity.agreements.models import Column
from comity.agreements.reach import Boxes, Reach
from comity.agreements.smt import Cell, Opaque, Sketch, Value
from comity.agreements.witness import Witness
from comity.vocabulary.models import Vocabulary

EFFORT: Final = 2_000_000  # Z3's own count of steps for one claim (rlimit): the same on each machine, some seconds

_VALUE: Final = re.compile(r"\((\w+)\s+(true|false|\d+|\(- \d+\))\)")


class Verdict(Enum):
    """Whether a claim may be so."""

    NO = "no"
    YES = "yes"
    UNDECIDED = "not decided"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a claim may be so; with an example, if it may and one was asked for."""

    verdict: Verdict
    example: Example | None = None


class Prover:
    """Answers claims about the rows and days of one agreement: see the rules above."""

    def __init__(
        self, vocabulary: Vocabulary, days: tuple[date, date], providers: Sequence[str], recipients: Sequence[str]
    ) -> None:
        self._rows = vocabulary, days, providers, recipients
        self._reach = Reach(*self._rows)
        self._witness = Witness(*self._rows)
        self._solver: Solver | None = None

    def reached(self, claim: Claim) -> Boxes:
        """Return the boxes in which a claim is so; none if it never is."""
        return reached(claim, self._reach)

    def ask(self, claims: Sequence[Claim], *, examples: bool) -> list[Answer]:
        """Return an answer to each claim; ``examples`` asks for one of each that may be so, tried on the oracle."""
        answers = [self.at_once(claim, examples=examples) for claim in claims]
        left = [claim for claim, answer in zip(claims, answers, strict=True) if answer is None]
        slowly = iter(self.solver().ask(left, examples=examples) if left else ())
        return [answer or next(slowly) for answer in answers]

    def at_once(self, claim: Claim, *, examples: bool) -> Answer | None:
        """Return the answer that needs no solver, if there is one; an example is the solver's to give."""
        if not self.reached(claim):
            return Answer(Verdict.NO)
        return Answer(Verdict.YES) if not examples and self._witness.fulfils(claim) else None

    def solver(self) -> Solver:
        """Return the solver, which is loaded when it is first needed."""
        if self._solver is None:
            self._solver = Solver(Sketch(*self._rows))
        return self._solver


class Solver:
    """Asks Z3 about one sketch, whose facts it tells once. Z3 is heavy, so it is loaded here and nowhere else."""

    def __init__(self, sketch: Sketch) -> None:
        import z3

        self._sketch, self._told = sketch, 0
        self._evaluate: Callable[[Any, str], object] = z3.Z3_eval_smtlib2_string
        self._context: Any = z3.Context()
        self._run(f"(set-option :rlimit {EFFORT})")

    def ask(self, claims: Sequence[Claim], *, examples: bool) -> list[Answer]:
        """Return an answer to each claim; ``examples`` asks for one of each that may be so, tried on the oracle."""
        formulas = [formula(claim, self._sketch) for claim in claims]
        self._tell()
        answers = [Answer(_VERDICTS[said]) for said in self._check(formulas)]
        if examples:
            for number, answer in enumerate(answers):
                if answer.verdict is Verdict.YES:
                    answers[number] = self._shown(claims[number], formulas[number])
        return answers

    def _run(self, script: str) -> str:
        return str(self._evaluate(self._context.ref(), script))

    def _tell(self) -> None:
        lines = self._sketch.lines(self._told)
        self._told += len(lines)
        self._run("\n".join(lines))

    def _check(self, formulas: Iterable[str]) -> list[str]:
        asked = [f"(push)(assert {each})(check-sat)(pop)" for each in formulas]
        said = self._run("\n".join(asked)).split()
        if len(said) != len(asked):
            raise RuntimeError("the solver did not answer each question")
        return said

    def _shown(self, claim: Claim, said: str) -> Answer:
        symbols = self._sketch.symbols_of(said)
        always = {cell.value for cell in self._sketch.cells.values() if cell.known in {"true"} | symbols}
        values = [name for name in sorted(symbols | always | _ALWAYS) if name[0] not in "fm"]
        shown = self._run(f"(push)(assert {said})(check-sat)(get-value ({' '.join(values)}))(pop)")
        model = {name: _read(value) for name, value in _VALUE.findall(shown)}
        return _tried(claim, _example(self._sketch, model, symbols), self._sketch.vocabulary)


_ALWAYS: Final = frozenset({"today", "recipient", "requester"})  # whatever a claim speaks of
_VERDICTS: Final = {"unsat": Verdict.NO, "sat": Verdict.YES, "unknown": Verdict.UNDECIDED}


def _read(value: str) -> int | bool:
    if value in {"true", "false"}:
        return value == "true"
    return int(value) if value.isdigit() else -int(value[3:-1])


def _example(sketch: Sketch, model: Mapping[str, int | bool], symbols: frozenset[str]) -> Example:
    rows: dict[str, dict[Column, Value | None]] = {}
    for cell in sketch.cells.values():
        rows.setdefault(cell.row, {})[cell.column] = _value(sketch, cell, model)
    return Example(
        rows=rows,
        today=date.fromordinal(model["today"]),
        recipient=sketch.text_of(model["recipient"]),
        requester=sketch.text_of(model["requester"]),
        asked={key: _truth_of(opaque, model) for key, opaque in sketch.opaque.items()},
        others=frozenset(name[1:] for name, so in model.items() if name[0] == "o" and so),
        ids={name[1:]: UUID(int=number + 1) for name, number in model.items() if name[0] == "i"},
        told=Told(
            frozenset((it.row, it.column) for it in sketch.cells.values() if {it.known, it.value} & symbols),
            tuple((it, _truth_of(it, model)) for it in sketch.opaque.values() if {it.true, it.false} & symbols),
            today="today" in symbols or any(name[0] == "m" for name in symbols),
            recipient="recipient" in symbols,
        ),
    )


def _value(sketch: Sketch, cell: Cell, model: Mapping[str, int | bool]) -> Value | None:
    is_known = cell.known == "true" or model.get(cell.known, False)
    return sketch.value_of(cell, model[cell.value]) if is_known and cell.value in model else None


def _truth_of(opaque: Opaque, model: Mapping[str, int | bool]) -> bool | None:
    return True if model.get(opaque.true) else False if model.get(opaque.false) else None


def _tried(claim: Claim, example: Example, vocabulary: Vocabulary) -> Answer:
    if not is_lawful(example, vocabulary) or not tried(claim, example):
        return Answer(Verdict.UNDECIDED)
    return Answer(Verdict.YES, _likelier(claim, example, vocabulary))


def _likelier(claim: Claim, example: Example, vocabulary: Vocabulary) -> Example:
    """Return an example of the same whose days lie about the day of the request, where they may as well."""
    for row, column in sorted(example.told.cells, key=str):
        value = example.rows[row][column]
        if isinstance(value, date) and not isinstance(value, datetime):
            example = next(
                (
                    other
                    for days in _LIKELY
                    if is_lawful(other := _on(example, row, column, days), vocabulary) and tried(claim, other)
                ),
                example,
            )
    return example


def _on(example: Example, row: str, column: Column, days: int) -> Example:
    moved = {**example.rows[row], column: example.today + timedelta(days=days)}
    return replace(example, rows={**example.rows, row: moved})


_LIKELY: Final = (-30, 0, 30, -400, 400)  # days from that of the request
