"""A statistic in plain words, English and Dutch: what was counted, by what, and each value. Pure."""

from __future__ import annotations

import re
from typing import Final

from comity.agreements.phrases import join, lower, phrase, upper
from comity.gate.models import Measure
from comity.gate.statistics.cells import REST
from comity.gate.statistics.models import Axis, Numbers
from comity.vocabulary.errors import UnknownTermError
from comity.vocabulary.models import FieldType, Label, Vocabulary

OTHERS: Final = Label("other or unknown", "overig of onbekend")
TOTAL: Final = Label("Total", "Totaal")
_YES_NO: Final = {"true": Label("yes", "ja"), "false": Label("no", "nee")}
_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])").fullmatch
_MONTHS: Final = (
    Label("January", "januari"), Label("February", "februari"), Label("March", "maart"), Label("April", "april"),
    Label("May", "mei"), Label("June", "juni"), Label("July", "juli"), Label("August", "augustus"),
    Label("September", "september"), Label("October", "oktober"), Label("November", "november"),
    Label("December", "december"),
)  # fmt: skip
_FORMS: Final = {
    "year": Label("year", "jaar"),
    "month": Label("month", "maand"),
    "age-band": Label("age", "leeftijd"),
    "band": Label("in tens", "per tiental"),
    "area": Label("area", "gebied"),
    "present": Label("whether there is one", "of het er is"),
}


def measured(numbers: Numbers, vocabulary: Vocabulary) -> Label:
    """Return what was counted or added up: *Number of charges*."""
    quantity = numbers.quantity
    return measure_words(numbers.measure, numbers.record, (quantity[0], quantity[1]) if quantity else None, vocabulary)


def measure_words(
    measure: Measure, record: str, quantity: tuple[str, str | None] | None, vocabulary: Vocabulary
) -> Label:
    """Return a measure of a record type; ``quantity`` is a field, and the date from which days are counted."""
    kind = vocabulary.record_type(record)
    if measure is Measure.PERSONS:
        if record == "person":
            return Label("Number of people", "Aantal personen")
        return phrase("Number of people with {0}", "Aantal personen met {0}", lower(kind.plural))
    if quantity is None:
        return phrase("Number of {0}", "Aantal {0}", lower(kind.plural))
    of = _quantity(record, quantity, vocabulary)
    if measure is Measure.SUM:
        return phrase("Sum of {0}", "Som van {0}", of)
    return phrase("Mean of {0}", "Gemiddelde van {0}", of)


def axis_words(axis: Axis, vocabulary: Vocabulary) -> Label:
    """Return what was counted by: *Charged on (year)*."""
    return category_words(axis.record, axis.field, axis.form, vocabulary)


def category_words(record: str, field: str, form: str, vocabulary: Vocabulary) -> Label:
    """Return a field in one form, with the kind of record before it where it is of a person."""
    label = vocabulary.record_type(record).field(field).label
    said = _FORMS.get(form)
    return phrase("{0} ({1})", "{0} ({1})", label, said) if said else label


def value_words(axis: Axis, value: str, vocabulary: Vocabulary) -> Label:
    """Return one value of an axis as people say it."""
    if value == REST:
        return OTHERS
    field = vocabulary.record_type(axis.record).field(axis.field)
    if axis.form == "present" or field.type is FieldType.BOOLEAN:
        return _YES_NO.get(value, Label(value, value))
    if axis.form == "as-is" and field.code_list:
        try:
            return vocabulary.code_list(field.code_list).code(value).label
        except UnknownTermError:
            pass
    found = _MONTH(value) if axis.form == "month" else None
    if found:
        year = Label(value[:4], value[:4])
        return phrase("{0} {1}", "{0} {1}", _MONTHS[int(found[1]) - 1], year)
    return Label(value, value)


def kept_words(numbers: Numbers, vocabulary: Vocabulary) -> Label | None:
    """Return what was kept to, where only some was: *Sex: female*."""
    if not numbers.only:
        return None
    parts = [
        phrase(
            "{0}: {1}",
            "{0}: {1}",
            axis_words(it, vocabulary),
            join((lower(value_words(it, value, vocabulary)) for value in it.values), "or", "of"),
        )
        for it in numbers.only
    ]
    return upper(join(parts))


def _quantity(record: str, quantity: tuple[str, str | None], vocabulary: Vocabulary) -> Label:
    def named(name: str) -> Label:
        return lower(vocabulary.record_type(record).field(name).label)

    field, since = quantity
    if since is None:
        return named(field)
    return phrase("the days from {0} to {1}", "de dagen van {0} tot {1}", named(since), named(field))
