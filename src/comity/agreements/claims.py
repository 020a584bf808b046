"""What may be so of some rows on some day: said to the solver, and tried on the oracle. Pure; no input, no output.

A claim is said to the solver as a :func:`formula`, and :func:`tried` on an example as the oracle sees it. A
:class:`Prover` answers each claim, in one of three ways:

1. **No**: no rows are such. That is a proof, as far as the facts of :mod:`comity.agreements.smt` go.
2. **Yes**, with an example: the rows, the day, who asks. The oracle (:mod:`comity.agreements.meaning`) was asked
   whether the claim is true of that very example, and it is.
3. **Not decided**: the solver gave up within :data:`EFFORT`, or its example was not one for the oracle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, Final, TypeAlias
from uuid import UUID

from comity.agreements.conditions import ENVELOPE
from comity.agreements.meaning import Around, all_true, any_true, evaluate, opposite
from comity.agreements.models import And, Column, Compare, Condition, Exists, Not, Or
from comity.agreements.printing import print_condition
from comity.agreements.smt import Cell, Opaque, Scene, Sketch, Value
from comity.vocabulary.check import check_rules, check_value
from comity.vocabulary.models import Vocabulary

EFFORT: Final = 2_000_000  # Z3's own count of steps for one claim (rlimit): the same on each machine, some seconds

_VALUE: Final = re.compile(r"\((\w+)\s+(true|false|\d+|\(- \d+\))\)")

Asked: TypeAlias = tuple[str, str, tuple[str, ...]]  # of which row, what, among whose rows


class Verdict(Enum):
    """Whether a claim may be so."""

    NO = "no"
    YES = "yes"
    UNDECIDED = "not decided"


@dataclass(frozen=True, slots=True)
class Told:
    """What a claim speaks of, so that no more of its example need be told."""

    cells: frozenset[tuple[str, Column]]
    asked: tuple[tuple[Opaque, bool | None], ...]
    today: bool
    recipient: bool


@dataclass(frozen=True, slots=True)
class Example:
    """Rows, a day and who asks, of which a claim is true.

    ``rows`` are named as in the claim's scenes. ``asked`` is what was taken to be so of things that no row shows;
    ``others`` the rows that are of somebody else; ``ids`` those of the rows that another refers to.
    """

    rows: Mapping[str, Mapping[Column, Value | None]]
    today: date
    recipient: str
    requester: str
    asked: Mapping[Asked, bool | None]
    others: frozenset[str]
    ids: Mapping[str, UUID]
    told: Told

    def values(self, row: str, record: str) -> dict[str, Value | None]:
        """Return what is said of a row of a record type, by field."""
        return {column.field: value for column, value in self.rows.get(row, {}).items() if column.record == record}


# --- claims ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Holds:
    """A condition is true of the rows of a scene; ``exists`` looks among the rows of ``providers``."""

    node: Condition
    scene: Scene
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refers:
    """A row's reference is filled in, with the id of another row."""

    row: str
    column: Column
    other: str


@dataclass(frozen=True, slots=True)
class Own:
    """A row is one of the person's own, rather than somebody else's in the same case."""

    row: str


@dataclass(frozen=True, slots=True)
class Every:
    """Each of several claims is so; of none, it is so."""

    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One of several claims is so; of none, it is not."""

    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class NotSo:
    """A claim is not so: it is false or unknown."""

    claim: Claim


Claim: TypeAlias = Holds | Refers | Own | Every | Some | NotSo


def formula(claim: Claim, sketch: Sketch) -> str:
    """Return the formula that a claim is so."""
    match claim:
        case Holds(node, scene, providers):
            return sketch.holds(node, truth=True, scene=scene, providers=providers)
        case Refers(row, column, other):
            cell = sketch.cell(row, column)
            return f"(and {cell.known} (= {cell.value} {sketch.symbol(f'i{other}', 'Int')}))"
        case Own(row):
            return f"(not {sketch.symbol(f'o{row}', 'Bool')})"
        case Every(claims):
            return sketch.name(f"(and true {' '.join(formula(each, sketch) for each in claims)})")
        case Some(claims):
            return f"(or false {' '.join(formula(each, sketch) for each in claims)})"
        case NotSo(other):
            return f"(not {formula(other, sketch)})"


def tried(claim: Claim, example: Example) -> bool:
    """Whether a claim is so of an example, by the oracle."""
    match claim:
        case Holds(node):
            return _truth(node, claim, example) is True
        case Refers(row, column, other):
            return example.rows[row][column] == example.ids[other]
        case Own(row):
            return row not in example.others
        case Every(claims):
            return all(tried(each, example) for each in claims)
        case Some(claims):
            return any(tried(each, example) for each in claims)
        case NotSo(other):
            return not tried(other, example)


# --- answers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a claim may be so; with an example, if it may and one was asked for."""

    verdict: Verdict
    example: Example | None = None


class Prover:
    """Asks the solver about one sketch, whose facts it tells once.

    Z3 is heavy, so it is loaded when something is first to be proved.
    """

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
    if not _is_lawful(example, vocabulary) or not tried(claim, example):
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
                    if _is_lawful(other := _on(example, row, column, days), vocabulary) and tried(claim, other)
                ),
                example,
            )
    return example


def _on(example: Example, row: str, column: Column, days: int) -> Example:
    moved = {**example.rows[row], column: example.today + timedelta(days=days)}
    return replace(example, rows={**example.rows, row: moved})


_LIKELY: Final = (-30, 0, 30, -400, 400)  # days from that of the request


def _is_lawful(example: Example, vocabulary: Vocabulary) -> bool:
    """Whether every row is one that intake could have admitted, as far as the example tells; any text could be."""
    return not any(
        check_value(vocabulary.record_type(column.record).field(column.field), value)
        for values in example.rows.values()
        for column, value in values.items()
        if column.field not in ENVELOPE and not isinstance(value, str)
    ) and not any(
        check_rules(vocabulary.record_type(record), example.values(row, record))
        for row in example.rows
        for record in {column.record for column in example.rows[row]}
    )


def _truth(node: Condition, claim: Holds, example: Example) -> bool | None:
    """Return what the oracle says of a condition, with what no row shows taken as in the example."""
    match node:
        case And(operands):
            return all_true(_truth(each, claim, example) for each in operands)
        case Or(operands):
            return any_true(_truth(each, claim, example) for each in operands)
        case Not(operand):
            return opposite(_truth(operand, claim, example))
        case Exists(_, of):
            row = claim.scene[of] if of else ""
            return example.asked[row, print_condition(node), claim.providers]
        case Compare(left) if (asked := (claim.scene[left.record], print_condition(node), ())) in example.asked:
            return example.asked[asked]
    rows = {record: example.values(row, record) for record, row in claim.scene.items()}
    now = datetime(example.today.year, example.today.month, example.today.day, 12, tzinfo=UTC)
    return evaluate(node, rows, now, Around(recipient=example.recipient, requester=example.requester))
