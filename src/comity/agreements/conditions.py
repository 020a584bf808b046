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
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, NoReturn

from comity.agreements.condition_faults import A_RECORD_TYPE, ONE, TYPES, UNITS, hint, kind, mistake
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
from comity.vocabulary.models import Field, FieldType, Label, RecordType, Vocabulary

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

    @property
    def kind(self) -> Label:
        return kind(self.type, self.references)

    def said(self) -> dict[str, object]:
        """Return what a mistake may say of it."""
        return {"column": self.column, "kind": self.kind, "type": TYPES[self.type]}


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

    def _expect(self, text: str, code: str) -> Token:
        token = self._accept(text)
        if token is None:
            self._refuse(self._peek(), code, text=text)
        return token

    def _refuse(self, token: Token | _Typed, code: str, **said: object) -> NoReturn:
        """Raise the mistake of that code; of a token, ``got`` is what it is, of a column, what may be said about it."""
        if isinstance(token, _Typed):
            raise mistake(token.at, code, **(token.said() | said))
        raise mistake(token.column, code, **({"got": token.said} | said))

    # the grammar

    def whole(self) -> Condition:
        if self._peek().kind is Kind.END:
            self._refuse(self._peek(), "empty")
        if self._record is None and self._peek().text == "everyone" and self._accept("everyone"):
            condition: Condition = Everyone()
        else:
            condition = self._or()
        if self._peek().kind is not Kind.END:
            self._refuse(self._peek(), "ends-early")
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
            self._expect(")", "close-bracket")
            return inside
        if self._accept("exists"):
            return self._exists()
        return self._comparison()

    def _exists(self) -> Condition:
        self._expect("(", "open-exists")
        record = self._take()
        if record.kind is not Kind.NAME:
            self._refuse(record, "want-record")
        if record.text not in self._vocabulary.record_types:
            near = hint(record.text, self._vocabulary.record_types, A_RECORD_TYPE)
            self._refuse(record, "no-record", hint=near)
        of = self._of(record)
        where = self._deeper(lambda: self._inside(record)) if self._accept("where") else None
        self._expect(")", "close-bracket")
        return Exists(record.text, of, where)

    def _of(self, record: Token) -> str | None:
        """Read what the records looked for are related to: the row of a ``where``, or what an ``about`` names."""
        named = self._take() if self._accept("of") else None
        of = named.text if named else self._record
        if of is None:
            return None
        if named and of not in self._vocabulary.record_types:
            self._refuse(named, "no-record", hint=hint(of, self._vocabulary.record_types, ONE))
        if named and self._record not in (None, of):
            self._refuse(named, "other-of", record=self._record, other=of)
        if self._record is None and of == "person":
            self._refuse(named or record, "of-person", record=record.text)
        if relation(record.text, of, self._vocabulary) is None:
            known = ", ".join(related_types(of, self._vocabulary))
            self._refuse(record, "unrelated", record=record.text, other=of, known=known)
        return of

    def _inside(self, record: Token) -> Condition:
        """Read the ``where`` of an ``exists``: it speaks of the records that are looked for."""
        if self._nested == MAX_NESTED:
            self._refuse(record, "nested", most=MAX_NESTED)
        around, self._record, self._nested = self._record, record.text, self._nested + 1
        inside = self._or()
        self._record, self._nested = around, self._nested - 1
        return inside

    def _deeper(self, read: Callable[[], Condition]) -> Condition:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._refuse(self._peek(), "deep", most=MAX_DEPTH)
        inside = read()
        self._depth -= 1
        return inside

    def _comparison(self) -> Condition:
        typed = self._column()
        if self._accept("not"):
            return Not(self._membership(typed) or self._refuse(self._peek(), "after-not"))
        if self._accept("is"):
            return self._is(typed)
        if sign := self._accept(*Operator):
            return self._compare(typed, sign)
        return self._membership(typed) or self._boolean(typed)

    def _membership(self, typed: _Typed) -> Condition | None:
        for word, read in (("in", self._in), ("between", self._between), ("within", self._within)):
            if self._accept(word):
                return read(typed)
        return None

    def _boolean(self, typed: _Typed) -> Condition:
        if typed.type is not FieldType.BOOLEAN:
            self._refuse(self._peek(), "nothing-said", **typed.said())
        self._open(typed)
        return BooleanField(typed.column)

    def _is(self, typed: _Typed) -> Condition:
        negated = self._accept("not")
        self._expect("null", "null")
        self._open(typed)
        condition = IsNull(typed.column)
        return Not(condition) if negated else condition

    def _in(self, typed: _Typed) -> Condition:
        self._open(typed)
        self._expect("(", "open-list")
        values = [self._literal(typed)]
        while self._accept(","):
            values.append(self._literal(typed))
        if len(values) > MAX_VALUES:
            self._refuse(self._peek(), "too-many", most=MAX_VALUES)
        self._expect(")", "close-list")
        return In(typed.column, tuple(values))

    def _between(self, typed: _Typed) -> Condition:
        self._open(typed)
        self._ordered(typed, "between")
        low = self._bound(typed)
        self._expect("and", "between")
        return Between(typed.column, low, self._bound(typed))

    def _within(self, typed: _Typed) -> Condition:
        self._open(typed)
        if typed.type is not FieldType.DATE:
            self._refuse(typed, "within")
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
            self._refuse(word, "asker", **typed.said())
        return Asker(word.text)

    def _other_column(self, typed: _Typed) -> Column:
        other = self._column()
        self._open(other)
        alike = (other.type, other.references, other.codes) == (typed.type, typed.references, typed.codes)
        if not alike:
            self._refuse(other, "unlike", **typed.said(), other=other.column, other_kind=other.kind)
        return other.column

    def _bound(self, typed: _Typed) -> Literal | Today:
        return self._today(typed) if self._peek().text == "today" else self._literal(typed)

    def _today(self, typed: _Typed) -> Today:
        word = self._take()
        if typed.type is not FieldType.DATE:
            self._refuse(word, "today", **typed.said())
        sign = self._accept("+", "-")
        if sign is None:
            return Today()
        count, unit = self._length()
        return Today(count if sign.text == "+" else -count, unit)

    def _length(self) -> tuple[int, Unit]:
        number = self._number("want-length")
        word = self._take()
        name = word.text if word.text.endswith("s") else word.text + "s"
        if word.kind is not Kind.KEYWORD or name not in set(Unit):
            self._refuse(word, "unit", hint=hint(word.text, Unit, UNITS))
        unit = Unit(name)
        if not 0 < int(number.text) <= MAX_COUNT[unit]:
            self._refuse(number, "length", most=MAX_COUNT[unit], unit=str(unit))
        return int(number.text), unit

    def _number(self, code: str, **said: object) -> Token:
        number = self._take()
        if number.kind is not Kind.NUMBER:
            self._refuse(number, code, **said)
        if len(number.text) > MAX_DIGITS:
            self._refuse(number, "digits", most=MAX_DIGITS)
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
        number = int(self._number("want-number", **typed.said()).text)
        return Literal(-number if negative else number)

    def _truth(self, typed: _Typed) -> Literal:
        word = self._accept("true", "false")
        if word is None:
            self._refuse(self._peek(), "truth", **typed.said())
        return Literal(word.text == "true")

    def _quoted(self, typed: _Typed, example: str | Label) -> Token:
        token = self._take()
        if token.kind is not Kind.TEXT:
            self._refuse(token, "quoted", **typed.said(), example=example)
        return token

    def _date(self, typed: _Typed) -> Literal:
        token = self._quoted(typed, Label("'2026-02-01', or use today", "'2026-02-01', of gebruik today"))
        found = iso_date(token.text)
        if found is None:
            self._refuse(token, "date")
        return Literal(found)

    def _timestamp(self, typed: _Typed) -> Literal:
        token = self._quoted(typed, "'2026-02-01T09:00:00+00:00'")
        found = _moment(token.text)
        if found is None:
            self._refuse(token, "moment")
        return Literal(found)

    def _code(self, typed: _Typed) -> Literal:
        token = self._quoted(typed, f"'{typed.codes[0]}'")
        if token.text not in typed.codes:
            codes = ", ".join(typed.codes)
            near = hint(token.text, typed.codes, Label(f"one of: {codes}", f"een van: {codes}"))
            self._refuse(token, "no-code", **typed.said(), hint=near)
        return Literal(token.text)

    def _text(self, typed: _Typed) -> Literal:
        token = self._quoted(typed, Label("'text'", "'tekst'"))
        if how := deception(token.text):
            self._refuse(token, "deceives", how=how)
        return Literal(token.text)

    def _reference(self, typed: _Typed) -> Literal:
        self._refuse(self._peek(), "reference", **typed.said())

    # columns

    def _column(self) -> _Typed:
        name = self._take()
        if name.kind is not Kind.NAME:
            self._refuse(name, "want-field")
        if not self._accept("."):
            return self._bare(name)
        field = self._take()
        if field.kind not in {Kind.NAME, Kind.KEYWORD}:
            self._refuse(field, "after-dot", record=name.text)
        return self._typed(self._record_type(name), name, field)

    def _bare(self, name: Token) -> _Typed:
        if self._record is None:
            self._refuse(name, "alone")
        return self._typed(self._vocabulary.record_type(str(self._record)), name, name)

    def _record_type(self, name: Token) -> RecordType:
        known = self._vocabulary.record_types
        if name.text not in known:
            self._refuse(name, "no-record", hint=hint(name.text, known, A_RECORD_TYPE))
        if self._record is not None and name.text != self._record:
            self._refuse(name, "other-record", record=self._record, other=name.text)
        return known[name.text]

    def _typed(self, record: RecordType, first: Token, token: Token) -> _Typed:
        column, at = Column(record.name, token.text), first.column
        fields = {field.name: field for field in record.fields}
        if token.text in fields:
            return self._of_field(column, at, fields[token.text])
        if token.text not in ENVELOPE:
            names = ", ".join(fields)
            one = Label(f"one of its fields: {names}", f"een van de velden ervan: {names}")
            self._refuse(token, "no-field", record=record.name, hint=hint(token.text, [*fields, *ENVELOPE], one))
        if token.text == "agency":
            return _Typed(column, at, FieldType.TEXT)
        known = tuple(self._vocabulary.subject_categories) if token.text == "whose" else ("fact", "opinion")
        return _Typed(column, at, FieldType.CODE, known)

    def _of_field(self, column: Column, at: int, field: Field) -> _Typed:
        codes = self._vocabulary.code_list(field.code_list).names() if field.code_list else ()
        return _Typed(column, at, field.type, codes, field.references, field.sealed)

    def _open(self, typed: _Typed) -> None:
        if typed.sealed:
            self._refuse(typed, "sealed")

    def _ordered(self, typed: _Typed, sign: str) -> None:
        if typed.type not in _ORDERED:
            self._refuse(typed, "no-order", sign=sign)


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
