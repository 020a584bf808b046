"""Conditions: a small, typed, allow-listed language over the vocabulary's fields.

The grammar stands in ``docs/reference/agreement.md``. Rules:

1. What is not in the grammar is refused, by name and column, with the nearest right word. There are no functions.
2. Every column is one of the vocabulary's (or of the envelope); every value has the type of the column beside it.
3. A sealed field may stand on the left of ``=`` with a text on the right, and nowhere else (DESIGN section 4).
4. Text, codes and references have no order: engines sort them differently, so ``<`` on them is refused.
5. A text that looks like another one and does not equal it is refused (:mod:`comity.agreements.lookalikes`).
6. ``exists`` looks among related records only (:mod:`comity.agreements.related`), and its ``where`` speaks of these.
7. Printing a condition and reading it again gives the same tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Final, NoReturn

from comity.agreements.errors import ConditionError
from comity.agreements.lookalikes import deception
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
from comity.agreements.related import related_types, relation
from comity.agreements.tokens import Kind, Token, tokenise
from comity.vocabulary.models import Field, FieldType, RecordType, Vocabulary

MAX_DEPTH: Final = 32  # brackets and nots inside one another; keeps every later walk of the tree shallow
MAX_NESTED: Final = 3  # `exists` inside one another: the charges of a case of an involvement
MAX_VALUES: Final = 100  # values of one `in`
MAX_DIGITS: Final = 15  # of a number: exact in every engine and in JSON (RFC 8785, section 3.2.2.3)
MAX_COUNT: Final = {
    Unit.DAYS: 36_525,
    Unit.WEEKS: 5_218,
    Unit.MONTHS: 1_200,
    Unit.YEARS: 100,
}  # a century each

#: The columns that every record has, beside the vocabulary's fields, and that a condition may name.
ENVELOPE: Final = ("agency", "whose", "asserted")

_ORDERED: Final = {FieldType.DATE, FieldType.TIMESTAMP, FieldType.INTEGER}
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def parse_condition(text: str, vocabulary: Vocabulary, *, record: str | None = None) -> Condition:
    """Read a condition.

    With ``record`` it is a ``where``: about one row of that type, whose fields may be named without their record.
    Without, it is an ``about``: fields are named with their record, and ``everyone`` may stand alone. Raises
    :class:`ConditionError` at the first mistake.
    """
    return _Parser(tokenise(text), vocabulary, record).whole()


@dataclass(frozen=True, slots=True)
class _Typed:
    """A column with what may be said about it."""

    column: Column
    at: int
    type: FieldType
    codes: tuple[str, ...] = ()
    references: str | None = None
    sealed: bool = False


class _Parser:
    """Recursive descent: or < and < not < a comparison."""

    def __init__(self, tokens: list[Token], vocabulary: Vocabulary, record: str | None) -> None:
        self._tokens, self._at, self._depth, self._nested = tokens, 0, 0, 0
        self._vocabulary, self._record = vocabulary, record

    # the tokens

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._peek()
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _accept(self, *texts: str) -> Token | None:
        token = self._peek()
        if token.kind in {Kind.KEYWORD, Kind.SIGN} and token.text in texts:
            return self._take()
        return None

    def _expect(self, text: str, mend: str) -> Token:
        token = self._accept(text)
        if token is None:
            self._refuse(self._peek(), f"Here {text!r} should stand, not {self._peek()}.", mend)
        return token

    def _refuse(self, token: Token | _Typed, cause: str, mend: str) -> NoReturn:
        raise ConditionError(token.at if isinstance(token, _Typed) else token.column, cause, mend)

    # the grammar

    def whole(self) -> Condition:
        if self._peek().kind is Kind.END:
            self._refuse(self._peek(), "The condition is empty.", "Say what must be true.")
        if self._record is None and self._peek().text == "everyone" and self._accept("everyone"):
            condition: Condition = Everyone()
        else:
            condition = self._or()
        if self._peek().kind is not Kind.END:
            self._refuse(
                self._peek(),
                f"The condition ends before {self._peek()}.",
                "Join the parts with 'and' or 'or'.",
            )
        return condition

    def _or(self) -> Condition:
        operands = [self._and()]
        while self._accept("or"):
            operands.append(self._and())
        return operands[0] if len(operands) == 1 else Or(tuple(operands))

    def _and(self) -> Condition:
        operands = [self._not()]
        while self._accept("and"):
            operands.append(self._not())
        return operands[0] if len(operands) == 1 else And(tuple(operands))

    def _not(self) -> Condition:
        if self._accept("not"):
            return Not(self._deeper(self._not))
        if self._accept("("):
            inside = self._deeper(self._or)
            self._expect(")", "Close the bracket.")
            return inside
        if self._accept("exists"):
            return self._exists()
        return self._comparison()

    def _exists(self) -> Condition:
        self._expect("(", "Write what is looked for in brackets, e.g. exists (charge where ...).")
        record = self._take()
        if record.kind is not Kind.NAME:
            self._refuse(record, f"Here a record type should stand, not {record}.", "Say what is looked for.")
        if record.text not in self._vocabulary.record_types:
            mend = _hint(record.text, self._vocabulary.record_types, "a record type")
            self._refuse(record, f"There is no record type {record}.", mend)
        of = self._of(record)
        where = self._deeper(lambda: self._inside(record)) if self._accept("where") else None
        self._expect(")", "Close the bracket.")
        return Exists(record.text, of, where)

    def _of(self, record: Token) -> str | None:
        """Read what the records looked for are related to: the row of a ``where``, or what an ``about`` names."""
        named = self._take() if self._accept("of") else None
        of = named.text if named else self._record
        if of is None:
            return None
        if named and of not in self._vocabulary.record_types:
            self._refuse(named, f"There is no record type {named}.", _hint(of, self._vocabulary.record_types, "one"))
        if named and self._record not in (None, of):
            cause = f"Here the condition is about the {self._record} itself, not about a {of}."
            self._refuse(named, cause, f"Leave 'of {of}' out, or write 'of {self._record}'.")
        if self._record is None and of == "person":
            cause = "An 'about' is about the person, so 'of person' says nothing."
            self._refuse(named or record, cause, f"Write exists ({record.text} where ...).")
        if relation(record.text, of, self._vocabulary) is None:
            known = ", ".join(related_types(of, self._vocabulary))
            self._refuse(
                record, f"A {record.text} and a {of} do not refer to one another.", f"Of a {of} can be asked: {known}."
            )
        return of

    def _inside(self, record: Token) -> Condition:
        """Read the ``where`` of an ``exists``: it speaks of the records that are looked for."""
        if self._nested == MAX_NESTED:
            self._refuse(record, f"'exists' goes at most {MAX_NESTED} deep.", "Say it more simply.")
        around, self._record, self._nested = self._record, record.text, self._nested + 1
        inside = self._or()
        self._record, self._nested = around, self._nested - 1
        return inside

    def _deeper(self, read: Callable[[], Condition]) -> Condition:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._refuse(self._peek(), f"Brackets and nots go at most {MAX_DEPTH} deep.", "Say it more simply.")
        inside = read()
        self._depth -= 1
        return inside

    def _comparison(self) -> Condition:
        typed = self._column()
        if self._accept("not"):
            return Not(self._membership(typed) or self._incomplete("After 'not' comes 'in', 'between' or 'within'"))
        if self._accept("is"):
            return self._is(typed)
        if sign := self._accept(*Operator):
            return self._compare(typed, sign)
        return self._membership(typed) or self._boolean(typed)

    def _incomplete(self, what: str) -> NoReturn:
        self._refuse(self._peek(), f"{what}, not {self._peek()}.", "Complete it.")

    def _membership(self, typed: _Typed) -> Condition | None:
        for word, read in (("in", self._in), ("between", self._between), ("within", self._within)):
            if self._accept(word):
                return read(typed)
        return None

    def _boolean(self, typed: _Typed) -> Condition:
        if typed.type is not FieldType.BOOLEAN:
            self._refuse(
                self._peek(),
                f"{typed.column} is a {typed.type.value}, so something must be said about it before {self._peek()}.",
                "Compare it, e.g. with =, 'in' or 'is null'.",
            )
        self._open(typed)
        return BooleanField(typed.column)

    def _is(self, typed: _Typed) -> Condition:
        negated = self._accept("not")
        self._expect("null", "Write 'is null' or 'is not null'.")
        self._open(typed)
        condition = IsNull(typed.column)
        return Not(condition) if negated else condition

    def _in(self, typed: _Typed) -> Condition:
        self._open(typed)
        self._expect("(", "Write the values in brackets, e.g. in ('a', 'b').")
        values = [self._literal(typed)]
        while self._accept(","):
            values.append(self._literal(typed))
        if len(values) > MAX_VALUES:
            self._refuse(self._peek(), f"'in' takes at most {MAX_VALUES} values.", "Use a code, or a shorter list.")
        self._expect(")", "Close the list, or put a comma between its values.")
        return In(typed.column, tuple(values))

    def _between(self, typed: _Typed) -> Condition:
        self._open(typed)
        self._ordered(typed, "between")
        low = self._bound(typed)
        self._expect("and", "Write 'between low and high'.")
        return Between(typed.column, low, self._bound(typed))

    def _within(self, typed: _Typed) -> Condition:
        self._open(typed)
        if typed.type is not FieldType.DATE:
            self._refuse(
                typed,
                f"'within' is about dates; {typed.column} is a {typed.type.value}.",
                "Use a date field.",
            )
        way = self._accept("next", "last")
        count, unit = self._length()
        return Within(typed.column, count, unit, past=way is not None and way.text == "last")

    def _compare(self, typed: _Typed, sign: Token) -> Condition:
        operator = Operator(sign.text)
        if operator is not Operator.EQUAL or self._peek().kind is not Kind.TEXT:
            self._open(typed)
        if operator not in {Operator.EQUAL, Operator.UNEQUAL}:
            self._ordered(typed, sign.text)
        return Compare(typed.column, operator, self._operand(typed))

    # values

    def _operand(self, typed: _Typed) -> Operand:
        if word := self._accept(*Asker):
            return self._asker(word, typed)
        if self._peek().kind is Kind.NAME:
            return self._other_column(typed)
        return self._bound(typed)

    def _asker(self, word: Token, typed: _Typed) -> Asker:
        self._open(typed)
        if typed.type is not FieldType.TEXT:
            cause = f"{word} is a text; {typed.column} is {_kind(typed)}."
            self._refuse(word, cause, "Compare it with an agency, or with a field that is a text.")
        return Asker(word.text)

    def _other_column(self, typed: _Typed) -> Column:
        other = self._column()
        self._open(other)
        alike = (other.type, other.references, other.codes) == (typed.type, typed.references, typed.codes)
        if not alike:
            self._refuse(
                other,
                f"{typed.column} and {other.column} are not of one kind: {_kind(typed)} and {_kind(other)}.",
                "Compare fields of the same kind.",
            )
        return other.column

    def _bound(self, typed: _Typed) -> Literal | Today:
        return self._today(typed) if self._peek().text == "today" else self._literal(typed)

    def _today(self, typed: _Typed) -> Today:
        word = self._take()
        if typed.type is not FieldType.DATE:
            self._refuse(word, f"'today' is a date; {typed.column} is a {typed.type.value}.", "Use a date field.")
        sign = self._accept("+", "-")
        if sign is None:
            return Today()
        count, unit = self._length()
        return Today(count if sign.text == "+" else -count, unit)

    def _length(self) -> tuple[int, Unit]:
        number = self._number("Write a length of time, e.g. 8 weeks.")
        word = self._take()
        name = word.text if word.text.endswith("s") else word.text + "s"
        if word.kind is not Kind.KEYWORD or name not in set(Unit):
            self._refuse(word, f"{word} is not a unit of time.", _hint(word.text, Unit, "days, weeks, months or years"))
        unit = Unit(name)
        if not 0 < int(number.text) <= MAX_COUNT[unit]:
            self._refuse(number, f"The length must be from 1 to {MAX_COUNT[unit]:,} {unit}.", "Choose one in between.")
        return int(number.text), unit

    def _number(self, mend: str) -> Token:
        number = self._take()
        if number.kind is not Kind.NUMBER:
            self._refuse(number, f"Here a whole number should stand, not {number}.", mend)
        if len(number.text) > MAX_DIGITS:
            self._refuse(number, f"A number has at most {MAX_DIGITS} digits.", "Choose a smaller one.")
        return number

    def _literal(self, typed: _Typed) -> Literal:
        read = {
            FieldType.INTEGER: self._integer,
            FieldType.BOOLEAN: self._truth,
            FieldType.DATE: self._date,
            FieldType.TIMESTAMP: self._timestamp,
            FieldType.CODE: self._code,
            FieldType.TEXT: self._text,
            FieldType.REFERENCE: self._reference,
        }[typed.type]
        return read(typed)

    def _integer(self, typed: _Typed) -> Literal:
        negative = self._accept("-")
        number = int(self._number(f"{typed.column} is a whole number.").text)
        return Literal(-number if negative else number)

    def _truth(self, typed: _Typed) -> Literal:
        word = self._accept("true", "false")
        if word is None:
            self._refuse(self._peek(), f"{typed.column} is true or false, not {self._peek()}.", "Write true or false.")
        return Literal(word.text == "true")

    def _quoted(self, typed: _Typed, example: str) -> Token:
        token = self._take()
        if token.kind is not Kind.TEXT:
            cause = f"{typed.column} is {_kind(typed)}, so here a text in quotes should stand, not {token}."
            self._refuse(token, cause, f"Write it as {example}.")
        return token

    def _date(self, typed: _Typed) -> Literal:
        token = self._quoted(typed, "'2026-02-01', or use today")
        found = iso_date(token.text)
        if found is None:
            self._refuse(token, f"{token} is not a date.", "Write year-month-day, e.g. '2026-02-01'.")
        return Literal(found)

    def _timestamp(self, typed: _Typed) -> Literal:
        token = self._quoted(typed, "'2026-02-01T09:00:00+00:00'")
        found = _moment(token.text)
        if found is None:
            self._refuse(token, f"{token} is not a moment with its zone.", "Write e.g. '2026-02-01T09:00:00+00:00'.")
        return Literal(found)

    def _code(self, typed: _Typed) -> Literal:
        token = self._quoted(typed, f"'{typed.codes[0]}'")
        if token.text not in typed.codes:
            mend = _hint(token.text, typed.codes, "one of: " + ", ".join(typed.codes))
            self._refuse(token, f"{token} is not a code of {typed.column}.", mend)
        return Literal(token.text)

    def _text(self, typed: _Typed) -> Literal:
        token = self._quoted(typed, "'text'")
        if how := deception(token.text):
            self._refuse(token, f"This text {how}, so it equals nothing that looks like it.", "Type it anew.")
        return Literal(token.text)

    def _reference(self, typed: _Typed) -> Literal:
        self._refuse(
            self._peek(),
            f"{typed.column} refers to a record, and records' ids stand in no agreement.",
            "Compare it with another reference, e.g. charge.case = hearing.case.",
        )

    # columns

    def _column(self) -> _Typed:
        name = self._take()
        if name.kind is not Kind.NAME:
            self._refuse(name, f"Here a field should stand, not {name}.", "Begin with a field, e.g. charge.status.")
        if not self._accept("."):
            return self._bare(name)
        field = self._take()
        if field.kind not in {Kind.NAME, Kind.KEYWORD}:
            self._refuse(field, f"After '{name.text}.' a field should stand, not {field}.", "Name one of its fields.")
        return self._typed(self._record_type(name), name, field)

    def _bare(self, name: Token) -> _Typed:
        if self._record is None:
            self._refuse(name, f"{name} stands alone.", "Write the record before the field, e.g. charge.status.")
        return self._typed(self._vocabulary.record_type(str(self._record)), name, name)

    def _record_type(self, name: Token) -> RecordType:
        known = self._vocabulary.record_types
        if name.text not in known:
            self._refuse(name, f"There is no record type {name}.", _hint(name.text, known, "a record type"))
        if self._record is not None and name.text != self._record:
            cause = f"Here the condition is about the {self._record} itself, not about a {name.text}."
            self._refuse(
                name, cause, f"Ask it of related records: exists ({name.text} where ...); or move it to 'about'."
            )
        return known[name.text]

    def _typed(self, record: RecordType, first: Token, token: Token) -> _Typed:
        column, at = Column(record.name, token.text), first.column
        fields = {field.name: field for field in record.fields}
        if token.text in fields:
            return self._of_field(column, at, fields[token.text])
        if token.text not in ENVELOPE:
            mend = _hint(token.text, [*fields, *ENVELOPE], f"one of its fields: {', '.join(fields)}")
            self._refuse(token, f"A {record.name} has no field {token}.", mend)
        if token.text == "agency":
            return _Typed(column, at, FieldType.TEXT)
        known = tuple(self._vocabulary.subject_categories) if token.text == "whose" else ("fact", "opinion")
        return _Typed(column, at, FieldType.CODE, known)

    def _of_field(self, column: Column, at: int, field: Field) -> _Typed:
        codes = self._vocabulary.code_list(field.code_list).names() if field.code_list else ()
        return _Typed(column, at, field.type, codes, field.references, field.sealed)

    def _open(self, typed: _Typed) -> None:
        if typed.sealed:
            cause = f"{typed.column} is sealed: a condition can only ask whether it equals a text."
            self._refuse(typed, cause, f"Write {typed.column} = '...', or leave it out.")

    def _ordered(self, typed: _Typed, sign: str) -> None:
        if typed.type not in _ORDERED:
            cause = f"{typed.column} is {_kind(typed)} and has no order, so {sign!r} cannot be asked of it."
            self._refuse(typed, cause, "Use =, != or 'in'.")


def iso_date(text: str) -> date | None:
    """Return the date that ``text`` is, written year-month-day; None if it is not one."""
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _kind(typed: _Typed) -> str:
    return {
        FieldType.TEXT: "a text",
        FieldType.DATE: "a date",
        FieldType.TIMESTAMP: "a moment",
        FieldType.INTEGER: "a whole number",
        FieldType.BOOLEAN: "true or false",
        FieldType.CODE: "a code",
        FieldType.REFERENCE: f"a reference to a {typed.references}",
    }[typed.type]


def _hint(word: str, known: Iterable[str], otherwise: str) -> str:
    near = get_close_matches(word, [str(each) for each in known], n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Write {otherwise}."
