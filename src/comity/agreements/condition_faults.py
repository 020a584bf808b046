"""What can be wrong with a condition, in English and Dutch: each mistake with its cause and how to mend it.

Words of the language, fields, codes and record types are written as they are typed, in either language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from comity.agreements.errors import ConditionError
from comity.vocabulary.models import FieldType, Label


def mistake(column: int, code: str, /, **said: object) -> ConditionError:
    """Return the mistake of a code at a column; what it speaks of is a text, or a label for what has two."""
    english, dutch = _in("en", said), _in("nl", said)
    cause, mend = _WORDS[code]
    return ConditionError(
        column,
        Label(cause.en.format(**english), cause.nl.format(**dutch)),
        Label(mend.en.format(**english), mend.nl.format(**dutch)),
    )


def hint(word: str, known: Iterable[str], otherwise: Label) -> Label:
    """Return which known word is nearest to one that is not; ``otherwise`` what to write, if none is near."""
    near = get_close_matches(word, [str(each) for each in known], n=1)
    if near:
        return Label(f"Did you mean {near[0]!r}?", f"Bedoelt u {near[0]!r}?")
    return Label(f"Write {otherwise.en}.", f"Schrijf {otherwise.nl}.")


def kind(of: FieldType, references: str | None) -> Label:
    """Return what a field of a type is; of a reference, to what it ``references``."""
    if of is FieldType.REFERENCE:
        return Label(f"a reference to a {references}", f"een verwijzing naar een {references}")
    return _KINDS[of]


def _in(language: str, said: Mapping[str, object]) -> dict[str, object]:
    return {name: it.in_language(language) if isinstance(it, Label) else it for name, it in said.items()}


END: Final = Label("the end of the condition", "het einde van de voorwaarde")
A_RECORD_TYPE: Final = Label("a record type", "een recordtype")
ONE: Final = Label("one", "er een")
UNITS: Final = Label("days, weeks, months or years", "days, weeks, months of years")
_KINDS: Final = {
    FieldType.TEXT: Label("a text", "een tekst"),
    FieldType.DATE: Label("a date", "een datum"),
    FieldType.TIMESTAMP: Label("a moment", "een moment"),
    FieldType.INTEGER: Label("a whole number", "een geheel getal"),
    FieldType.BOOLEAN: Label("true or false", "waar of onwaar"),
    FieldType.CODE: Label("a code", "een code"),
}
#: The name of each type, as the vocabulary's reference has it in English.
TYPES: Final = {
    FieldType.TEXT: Label(FieldType.TEXT.value, "tekst"),
    FieldType.DATE: Label(FieldType.DATE.value, "datum"),
    FieldType.TIMESTAMP: Label(FieldType.TIMESTAMP.value, "moment"),
    FieldType.INTEGER: Label(FieldType.INTEGER.value, "geheel getal"),
    FieldType.BOOLEAN: Label(FieldType.BOOLEAN.value, "waar of onwaar"),
    FieldType.CODE: Label(FieldType.CODE.value, "code"),
    FieldType.REFERENCE: Label(FieldType.REFERENCE.value, "verwijzing"),
}
_SIMPLER: Final = Label("Say it more simply.", "Zeg het eenvoudiger.")
_DATE_FIELD: Final = Label("Use a date field.", "Gebruik een datumveld.")
_HINT: Final = Label("{hint}", "{hint}")
_EXPECTED: Final = Label("Here {text!r} should stand, not {got}.", "Hier hoort {text!r} te staan, niet {got}.")

_WORDS: Final[Mapping[str, tuple[Label, Label]]] = {
    "too-long": (
        Label(
            "A condition has at most {most:,} characters; this one has {length:,}.",
            "Een voorwaarde heeft ten hoogste {most} tekens; deze heeft er {length}.",
        ),
        Label("Say it in fewer words, or in two releases.", "Zeg het in minder woorden, of in twee verstrekkingen."),
    ),
    "no-sign": (
        Label("There is no sign {text!r}.", "Er is geen teken {text!r}."),
        Label("Write {right!r}.", "Schrijf {right!r}."),
    ),
    "not-closed": (
        Label("A text in quotes is not closed.", "Een tekst tussen aanhalingstekens is niet afgesloten."),
        Label("End it with ' (and write '' for a ' in it).", "Sluit hem af met ' (en schrijf '' voor een ' erin)."),
    ),
    "double-quotes": (
        Label("Texts stand in single quotes.", "Teksten staan tussen enkele aanhalingstekens."),
        Label("Write 'so', not \"so\".", "Schrijf 'zo', niet \"zo\"."),
    ),
    "not-whole": (
        Label("Only whole numbers can be compared.", "Alleen gehele getallen kunnen worden vergeleken."),
        Label("Write digits only, e.g. 14.", "Schrijf alleen cijfers, bijv. 14."),
    ),
    "no-meaning": (
        Label("The sign {text!r} has no meaning here.", "Het teken {text!r} heeft hier geen betekenis."),
        Label("Remove it.", "Haal het weg."),
    ),
    "close-bracket": (_EXPECTED, Label("Close the bracket.", "Sluit het haakje.")),
    "open-exists": (
        _EXPECTED,
        Label(
            "Write what is looked for in brackets, e.g. exists (charge where ...).",
            "Schrijf wat wordt gezocht tussen haakjes, bijv. exists (charge where ...).",
        ),
    ),
    "null": (_EXPECTED, Label("Write 'is null' or 'is not null'.", "Schrijf 'is null' of 'is not null'.")),
    "open-list": (
        _EXPECTED,
        Label(
            "Write the values in brackets, e.g. in ('a', 'b').",
            "Schrijf de waarden tussen haakjes, bijv. in ('a', 'b').",
        ),
    ),
    "close-list": (
        _EXPECTED,
        Label(
            "Close the list, or put a comma between its values.",
            "Sluit de lijst, of zet een komma tussen de waarden.",
        ),
    ),
    "between": (_EXPECTED, Label("Write 'between low and high'.", "Schrijf 'between laag and hoog'.")),
    "empty": (
        Label("The condition is empty.", "De voorwaarde is leeg."),
        Label("Say what must be true.", "Zeg wat waar moet zijn."),
    ),
    "ends-early": (
        Label("The condition ends before {got}.", "De voorwaarde eindigt voor {got}."),
        Label("Join the parts with 'and' or 'or'.", "Verbind de delen met 'and' of 'or'."),
    ),
    "want-record": (
        Label("Here a record type should stand, not {got}.", "Hier hoort een recordtype te staan, niet {got}."),
        Label("Say what is looked for.", "Zeg wat wordt gezocht."),
    ),
    "no-record": (Label("There is no record type {got}.", "Er is geen recordtype {got}."), _HINT),
    "other-of": (
        Label(
            "Here the condition is about the {record} itself, not about a {other}.",
            "Hier gaat de voorwaarde over de {record} zelf, niet over een {other}.",
        ),
        Label("Leave 'of {other}' out, or write 'of {record}'.", "Laat 'of {other}' weg, of schrijf 'of {record}'."),
    ),
    "of-person": (
        Label(
            "An 'about' is about the person, so 'of person' says nothing.",
            "Een 'about' gaat over de persoon, dus 'of person' zegt niets.",
        ),
        Label("Write exists ({record} where ...).", "Schrijf exists ({record} where ...)."),
    ),
    "unrelated": (
        Label(
            "A {record} and a {other} do not refer to one another.",
            "Een {record} en een {other} verwijzen niet naar elkaar.",
        ),
        Label("Of a {other} can be asked: {known}.", "Bij een {other} kan worden gevraagd: {known}."),
    ),
    "nested": (
        Label("'exists' goes at most {most} deep.", "'exists' gaat ten hoogste {most} diep."),
        _SIMPLER,
    ),
    "deep": (
        Label("Brackets and nots go at most {most} deep.", "Haakjes en nots gaan ten hoogste {most} diep."),
        _SIMPLER,
    ),
    "after-not": (
        Label(
            "After 'not' comes 'in', 'between' or 'within', not {got}.",
            "Na 'not' komt 'in', 'between' of 'within', niet {got}.",
        ),
        Label("Complete it.", "Maak het af."),
    ),
    "nothing-said": (
        Label(
            "{column} is a {type}, so something must be said about it before {got}.",
            "{column} is een {type}, dus er moet iets over worden gezegd voor {got}.",
        ),
        Label("Compare it, e.g. with =, 'in' or 'is null'.", "Vergelijk het, bijv. met =, 'in' of 'is null'."),
    ),
    "too-many": (
        Label("'in' takes at most {most} values.", "'in' neemt ten hoogste {most} waarden."),
        Label("Use a code, or a shorter list.", "Gebruik een code, of een kortere lijst."),
    ),
    "within": (
        Label("'within' is about dates; {column} is a {type}.", "'within' gaat over datums; {column} is een {type}."),
        _DATE_FIELD,
    ),
    "asker": (
        Label("{got} is a text; {column} is {kind}.", "{got} is een tekst; {column} is {kind}."),
        Label(
            "Compare it with an agency, or with a field that is a text.",
            "Vergelijk het met een organisatie, of met een veld dat een tekst is.",
        ),
    ),
    "unlike": (
        Label(
            "{column} and {other} are not of one kind: {kind} and {other_kind}.",
            "{column} en {other} zijn niet van één soort: {kind} en {other_kind}.",
        ),
        Label("Compare fields of the same kind.", "Vergelijk velden van dezelfde soort."),
    ),
    "today": (
        Label("'today' is a date; {column} is a {type}.", "'today' is een datum; {column} is een {type}."),
        _DATE_FIELD,
    ),
    "unit": (Label("{got} is not a unit of time.", "{got} is geen eenheid van tijd."), _HINT),
    "length": (
        Label("The length must be from 1 to {most:,} {unit}.", "De lengte moet van 1 tot en met {most} {unit} zijn."),
        Label("Choose one in between.", "Kies er een daartussen."),
    ),
    "want-length": (
        Label("Here a whole number should stand, not {got}.", "Hier hoort een geheel getal te staan, niet {got}."),
        Label("Write a length of time, e.g. 8 weeks.", "Schrijf een lengte van tijd, bijv. 8 weeks."),
    ),
    "want-number": (
        Label("Here a whole number should stand, not {got}.", "Hier hoort een geheel getal te staan, niet {got}."),
        Label("{column} is a whole number.", "{column} is een geheel getal."),
    ),
    "digits": (
        Label("A number has at most {most} digits.", "Een getal heeft ten hoogste {most} cijfers."),
        Label("Choose a smaller one.", "Kies een kleiner getal."),
    ),
    "truth": (
        Label("{column} is true or false, not {got}.", "{column} is waar of onwaar, niet {got}."),
        Label("Write true or false.", "Schrijf true of false."),
    ),
    "quoted": (
        Label(
            "{column} is {kind}, so here a text in quotes should stand, not {got}.",
            "{column} is {kind}, dus hier hoort een tekst tussen aanhalingstekens te staan, niet {got}.",
        ),
        Label("Write it as {example}.", "Schrijf het als {example}."),
    ),
    "date": (
        Label("{got} is not a date.", "{got} is geen datum."),
        Label("Write year-month-day, e.g. '2026-02-01'.", "Schrijf jaar-maand-dag, bijv. '2026-02-01'."),
    ),
    "moment": (
        Label("{got} is not a moment with its zone.", "{got} is geen moment met zijn tijdzone."),
        Label("Write e.g. '2026-02-01T09:00:00+00:00'.", "Schrijf bijv. '2026-02-01T09:00:00+00:00'."),
    ),
    "no-code": (Label("{got} is not a code of {column}.", "{got} is geen code van {column}."), _HINT),
    "deceives": (
        Label(
            "This text {how}, so it equals nothing that looks like it.",
            "Deze tekst {how}, dus is gelijk aan niets dat erop lijkt.",
        ),
        Label("Type it anew.", "Typ hem opnieuw."),
    ),
    "reference": (
        Label(
            "{column} refers to a record, and records' ids stand in no agreement.",
            "{column} verwijst naar een record, en id's van records staan in geen overeenkomst.",
        ),
        Label(
            "Compare it with another reference, e.g. charge.case = hearing.case.",
            "Vergelijk het met een andere verwijzing, bijv. charge.case = hearing.case.",
        ),
    ),
    "want-field": (
        Label("Here a field should stand, not {got}.", "Hier hoort een veld te staan, niet {got}."),
        Label("Begin with a field, e.g. charge.status.", "Begin met een veld, bijv. charge.status."),
    ),
    "after-dot": (
        Label(
            "After '{record}.' a field should stand, not {got}.", "Na '{record}.' hoort een veld te staan, niet {got}."
        ),
        Label("Name one of its fields.", "Noem een van de velden ervan."),
    ),
    "alone": (
        Label("{got} stands alone.", "{got} staat alleen."),
        Label(
            "Write the record before the field, e.g. charge.status.",
            "Schrijf het record voor het veld, bijv. charge.status.",
        ),
    ),
    "other-record": (
        Label(
            "Here the condition is about the {record} itself, not about a {other}.",
            "Hier gaat de voorwaarde over de {record} zelf, niet over een {other}.",
        ),
        Label(
            "Ask it of related records: exists ({other} where ...); or move it to 'about'.",
            "Vraag het van verwante records: exists ({other} where ...); of zet het bij 'about'.",
        ),
    ),
    "no-field": (Label("A {record} has no field {got}.", "Een {record} heeft geen veld {got}."), _HINT),
    "sealed": (
        Label(
            "{column} is sealed: a condition can only ask whether it equals a text.",
            "{column} is verzegeld: een voorwaarde kan alleen vragen of het gelijk is aan een tekst.",
        ),
        Label("Write {column} = '...', or leave it out.", "Schrijf {column} = '...', of laat het weg."),
    ),
    "no-order": (
        Label(
            "{column} is {kind} and has no order, so {sign!r} cannot be asked of it.",
            "{column} is {kind} en heeft geen volgorde, dus {sign!r} kan er niet van worden gevraagd.",
        ),
        Label("Use =, != or 'in'.", "Gebruik =, != of 'in'."),
    ),
}
