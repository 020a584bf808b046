"""What can be wrong with the values of a record, in words. The texts hold no value of any record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from comity.vocabulary.models import Field, Label, RecordType, Rule


class FaultCode(StrEnum):
    """Everything that can be wrong with a record's values."""

    UNKNOWN_FIELD = "unknown-field"
    REQUIRED = "required"
    NOT_A_TEXT = "not-a-text"
    NOT_A_DATE = "not-a-date"
    NOT_A_TIMESTAMP = "not-a-timestamp"
    NO_ZONE = "no-zone"
    NOT_WHOLE = "not-a-whole-number"
    NOT_TRUE_OR_FALSE = "not-true-or-false"
    NOT_A_REFERENCE = "not-a-reference"
    EMPTY = "empty"
    TOO_LONG = "too-long"
    UNPRINTABLE = "unprintable"
    DAY_IMPLAUSIBLE = "day-implausible"
    IN_THE_FUTURE = "in-the-future"
    OUT_OF_RANGE = "out-of-range"
    CODE_UNKNOWN = "code-unknown"
    RULE_BROKEN = "rule-broken"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field, and what to do about it; holds no value."""

    field: str
    code: FaultCode
    cause: Label
    mend: Label


def fault(field: Field, code: FaultCode) -> Fault:
    """Return the fault of a field whose words need no details."""
    cause, mend = _WORDS[code]
    return Fault(field.name, code, cause, mend)


def unknown_field(record_type: RecordType, name: str) -> Fault:
    """Return the fault of a name that is no field of the record type."""
    known = ", ".join(field.name for field in record_type.fields)
    cause = Label(f"A {record_type.name} has no such field", f"Een {record_type.name} heeft dit veld niet")
    return Fault(name, FaultCode.UNKNOWN_FIELD, cause, Label(f"Name one of: {known}", f"Noem een van: {known}"))


def unknown_code(field: Field) -> Fault:
    """Return the fault of a code that is not in the field's list.

    It names all of the codes, not the nearest one: the nearest would give the source's value away.
    """
    known = ", ".join(field.codes)
    mend = Label(
        f"Let the mapping turn the source's code into one of: {known}",
        f"Laat de mapping de code van de bron omzetten in een van: {known}",
    )
    cause = Label("The code is not in the code list", "De code staat niet in de codelijst")
    return Fault(field.name, FaultCode.CODE_UNKNOWN, cause, mend)


def out_of_range(field: Field, lowest: int, highest: int) -> Fault:
    """Return the fault of a number outside its bounds."""
    mend = Label(
        f"Have the source give a number from {lowest} to {highest}",
        f"Laat de bron een getal van {lowest} tot en met {highest} geven",
    )
    cause = Label("The number is out of range", "Het getal valt buiten de grenzen")
    return Fault(field.name, FaultCode.OUT_OF_RANGE, cause, mend)


def broken_rule(record_type: RecordType, rule: Rule) -> Fault:
    """Return the fault of a rule across two fields."""
    left, right = record_type.field(rule.left).label, record_type.field(rule.right).label
    mend = Label(
        f'Find out which is wrong, "{left.en}" or "{right.en}", and have the source correct it',
        f'Zoek uit wat onjuist is, "{left.nl}" of "{right.nl}", en laat de bron het verbeteren',
    )
    return Fault(rule.left, FaultCode.RULE_BROKEN, rule.label, mend)


_WORDS: Final[Mapping[FaultCode, tuple[Label, Label]]] = {
    FaultCode.REQUIRED: (
        Label("A required value is missing", "Een verplichte waarde ontbreekt"),
        Label(
            "Map the field, or have the source give it", "Beschrijf het veld in de mapping, of laat de bron het geven"
        ),
    ),
    FaultCode.NOT_A_TEXT: (
        Label("The value is not a text", "De waarde is geen tekst"),
        Label(
            "Let the mapping take a single value from the message", "Laat de mapping één waarde uit het bericht nemen"
        ),
    ),
    FaultCode.NOT_A_DATE: (
        Label("The value is not a date", "De waarde is geen datum"),
        Label("Say in the mapping how the source writes dates", "Zeg in de mapping hoe de bron datums schrijft"),
    ),
    FaultCode.NOT_A_TIMESTAMP: (
        Label("The value is not a date with a time", "De waarde is geen datum met tijd"),
        Label("Say in the mapping how the source writes times", "Zeg in de mapping hoe de bron tijden schrijft"),
    ),
    FaultCode.NO_ZONE: (
        Label("The time has no time zone", "De tijd heeft geen tijdzone"),
        Label("Name the source's zone in the mapping", "Noem de tijdzone van de bron in de mapping"),
    ),
    FaultCode.NOT_WHOLE: (
        Label("The value is not a whole number", "De waarde is geen geheel getal"),
        Label("Have the source give digits only", "Laat de bron alleen cijfers geven"),
    ),
    FaultCode.NOT_TRUE_OR_FALSE: (
        Label("The value is neither true nor false", "De waarde is niet waar of onwaar"),
        Label(
            "Say in the mapping which words mean true and false",
            "Zeg in de mapping welke woorden waar en onwaar betekenen",
        ),
    ),
    FaultCode.NOT_A_REFERENCE: (
        Label("The value does not refer to a record", "De waarde verwijst niet naar een record"),
        Label(
            "Describe the reference in the mapping by record and key",
            "Beschrijf de verwijzing in de mapping met record en sleutel",
        ),
    ),
    FaultCode.EMPTY: (
        Label("The text is empty", "De tekst is leeg"),
        Label("Leave the value out where there is none", "Laat de waarde weg als er geen is"),
    ),
    FaultCode.TOO_LONG: (
        Label("The text is too long", "De tekst is te lang"),
        Label(
            "Check that the mapping takes the right part of the message",
            "Ga na of de mapping het juiste deel van het bericht neemt",
        ),
    ),
    FaultCode.UNPRINTABLE: (
        Label(
            "The text has characters that cannot be shown or stored",
            "De tekst bevat tekens die niet getoond of opgeslagen kunnen worden",
        ),
        Label(
            "Check the encoding that is declared for the source",
            "Controleer de tekencodering die voor de bron is opgegeven",
        ),
    ),
    FaultCode.DAY_IMPLAUSIBLE: (
        Label(
            "The date is too long ago or too far ahead to be true",
            "De datum ligt te ver terug of te ver vooruit om waar te zijn",
        ),
        Label(
            "If the source writes it for unknown or open, say so in the mapping",
            "Als de bron er onbekend of open mee bedoelt, zeg dat dan in de mapping",
        ),
    ),
    FaultCode.IN_THE_FUTURE: (
        Label("The date lies in the future", "De datum ligt in de toekomst"),
        Label("Have the source correct it", "Laat de bron het verbeteren"),
    ),
}
