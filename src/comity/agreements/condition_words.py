"""A condition in plain words, English and Dutch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from comity.agreements.conditions import ENVELOPE
from comity.agreements.models import (
    And,
    Asker,
    Between,
    BooleanField,
    Column,
    Compare,
    Condition,
    Everyone,
    Exists,
    In,
    IsNull,
    Literal,
    Not,
    Operand,
    Operator,
    Or,
    Today,
    Unit,
    Within,
)
from comity.agreements.phrases import day, join, lower, phrase
from comity.vocabulary.models import FieldType, Label, Vocabulary

_YES: Final = Label("yes", "ja")
_NO: Final = Label("no", "nee")

_VERBS: Final[Mapping[Operator, Label]] = {
    Operator.EQUAL: Label("is", "is"),
    Operator.UNEQUAL: Label("is not", "is niet"),
    Operator.LESS: Label("is less than", "is minder dan"),
    Operator.AT_MOST: Label("is at most", "is ten hoogste"),
    Operator.GREATER: Label("is more than", "is meer dan"),
    Operator.AT_LEAST: Label("is at least", "is ten minste"),
}
_VERBS_OF_TIME: Final[Mapping[Operator, Label]] = {
    **_VERBS,
    Operator.LESS: Label("is before", "is voor"),
    Operator.AT_MOST: Label("is on or before", "is op of voor"),
    Operator.GREATER: Label("is after", "is na"),
    Operator.AT_LEAST: Label("is on or after", "is op of na"),
}
_ENVELOPE: Final = {
    "agency": Label("agency", "organisatie"),
    "whose": Label("whose record it is", "van wie het gegeven is"),
    "asserted": Label("stated as", "vermeld als"),
}
_ASKER: Final = {
    Asker.RECIPIENT: Label("the agency that asks", "de organisatie die vraagt"),
    Asker.REQUESTER: Label("whoever asks", "degene die vraagt"),
}
_ASSERTED: Final = {"fact": Label("fact", "feit"), "opinion": Label("opinion", "oordeel")}
_UNITS: Final = {
    Unit.DAYS: (Label("day", "dag"), Label("days", "dagen")),
    Unit.WEEKS: (Label("week", "week"), Label("weeks", "weken")),
    Unit.MONTHS: (Label("month", "maand"), Label("months", "maanden")),
    Unit.YEARS: (Label("year", "jaar"), Label("years", "jaar")),
}


def condition_words(node: Condition, vocabulary: Vocabulary, record: str | None = None) -> Label:
    """Return a condition in words; fields of ``record``, whose own condition it is, stand without their record."""
    return _Words(vocabulary, record).of(node)


class _Words:
    def __init__(self, vocabulary: Vocabulary, record: str | None) -> None:
        self._vocabulary, self._record = vocabulary, record

    def of(self, node: Condition) -> Label:
        match node:
            case Everyone():
                return Label("a provider holds a record of them", "een verstrekker houdt er een gegeven van")
            case And(operands) | Or(operands):
                words = ("and", "en") if isinstance(node, And) else ("or", "of")
                return join((self._bracketed(each) for each in operands), *words)
            case Not(operand):
                return self._not(operand)
            case BooleanField(column):
                return phrase("{0} is yes", "{0} is ja", self._column(column))
            case Exists():
                return self._exists(node, Label("has", "heeft"))
            case _:
                return self._comparison(node, Label("is", "is"))

    def _not(self, node: Condition) -> Label:
        match node:
            case Exists():
                return self._exists(node, Label("certainly has no", "heeft zeker geen"))
            case BooleanField(column):
                return phrase("{0} is no", "{0} is nee", self._column(column))
            case In() | Between() | Within() | IsNull():
                return self._comparison(node, Label("is not", "is niet"))
            case _:
                return phrase("it is not so that ({0})", "niet waar is dat ({0})", self.of(node))

    def _exists(self, node: Exists, verb: Label) -> Label:
        """Say whether something has a related record: *case has a hearing for which (...)*."""
        whose = lower(self._vocabulary.record_type(node.of).label) if node.of else Label("the person", "de persoon")
        looked_for = lower(self._vocabulary.record_type(node.record).label)
        if verb.en == "has":
            looked_for = phrase("an {0}" if looked_for.en[0] in "aeiou" else "a {0}", "een {0}", looked_for)
        said = phrase("{0} {1} {2}", "{0} {1} {2}", whose, verb, looked_for)
        if node.where is None:
            return said
        inside = _Words(self._vocabulary, node.record).of(node.where)
        return phrase("{0} for which ({1})", "{0} waarvoor geldt: ({1})", said, inside)

    def _comparison(self, node: Compare | In | Between | Within | IsNull, verb: Label) -> Label:
        column = self._column(node.column if not isinstance(node, Compare) else node.left)
        match node:
            case IsNull():
                return phrase("{0} {1} unknown", "{0} {1} onbekend", column, verb)
            case Compare(left, operator, right):
                ordered = self._type(left) in {FieldType.DATE, FieldType.TIMESTAMP}
                verb = (_VERBS_OF_TIME if ordered else _VERBS)[operator]
                return phrase("{0} {1} {2}", "{0} {1} {2}", column, verb, self._operand(right, left))
            case In(of, values):
                listed = join((self._operand(value, of) for value in values), "or", "of")
                return phrase("{0} {1} {2}", "{0} {1} {2}", column, verb, listed)
            case Between(of, low, high):
                ends = self._operand(low, of), self._operand(high, of)
                return phrase("{0} {1} from {2} to {3}", "{0} {1} van {2} tot en met {3}", column, verb, *ends)
            case Within(_, count, unit, past):
                en, nl = ("in the last", "in de afgelopen") if past else ("in the next", "in de komende")
                return phrase(f"{{0}} {{1}} {en} {{2}}", f"{{0}} {{1}} {nl} {{2}}", column, verb, _length(count, unit))

    def _bracketed(self, node: Condition) -> Label:
        words = self.of(node)
        return phrase("({0})", "({0})", words) if isinstance(node, And | Or) else words

    def _column(self, column: Column) -> Label:
        record = self._vocabulary.record_type(column.record)
        label = _ENVELOPE[column.field] if column.field in ENVELOPE else lower(record.field(column.field).label)
        return label if column.record == self._record else phrase("{0} ({1})", "{0} ({1})", label, lower(record.label))

    def _operand(self, operand: Operand, beside: Column) -> Label:
        if isinstance(operand, Column):
            return self._column(operand)
        if isinstance(operand, Asker):
            return _ASKER[operand]
        if isinstance(operand, Today):
            return _today(operand)
        return self._value(operand, beside)

    def _value(self, literal: Literal, beside: Column) -> Label:
        value = literal.value
        if isinstance(value, bool):
            return _YES if value else _NO
        if isinstance(value, date) and not isinstance(value, datetime):
            return day(value)
        if isinstance(value, str):
            return self._code(value, beside) or Label(f"‘{value}’", f"‘{value}’")  # noqa: RUF001 - typographic quotes
        return Label(str(value), str(value))

    def _code(self, value: str, beside: Column) -> Label | None:
        if beside.field == "whose":
            return lower(self._vocabulary.subject_categories[value].label)
        if beside.field == "asserted":
            return _ASSERTED[value]
        if beside.field in ENVELOPE:
            return None
        codes = self._vocabulary.record_type(beside.record).field(beside.field).code_list
        return lower(self._vocabulary.code_list(codes).code(value).label) if codes else None

    def _type(self, column: Column) -> FieldType | None:
        if column.field in ENVELOPE:
            return None
        return self._vocabulary.record_type(column.record).field(column.field).type


def _today(moved: Today) -> Label:
    if not moved.count:
        return Label("today", "vandaag")
    length = _length(abs(moved.count), moved.unit)
    if moved.count < 0:
        return phrase("the day {0} ago", "de dag van {0} geleden", length)
    return phrase("the day {0} from now", "de dag over {0}", length)


def _length(count: int, unit: Unit) -> Label:
    return phrase("{0} {1}", "{0} {1}", Label(str(count), str(count)), _UNITS[unit][count != 1])
