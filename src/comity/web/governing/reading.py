"""What people write into a form, read as the answers that an assessment keeps; what cannot be read is said. Pure.

Days and lengths of time are kept in ISO 8601 and written as people write them: ``31 12 2026``, ``2 years``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from comity.agreements.assessment.check import LENGTH, NUMBERS, is_number
from comity.agreements.assessment.models import Answer, Kind, Question
from comity.agreements.conditions import parse_condition
from comity.agreements.errors import ConditionError
from comity.agreements.parse import WITHIN
from comity.agreements.phrases import phrase
from comity.agreements.reading import MAX_TEXT, hidden
from comity.vocabulary.models import Label, Vocabulary

_UNITS: Final = {
    "Y": ("year", "years", "jaar", "jaren"),
    "M": ("month", "months", "maand", "maanden"),
    "W": ("week", "weeks", "week", "weken"),
    "D": ("day", "days", "dag", "dagen"),
}
_HOUR: Final = ("hour", "hours", "uur", "uur")
_UNIT_OF: Final = {word: unit for unit, words in _UNITS.items() for word in words}
_LENGTH: Final = re.compile(r"(\d{1,4})\s*([a-z]+)(?:\s*(?:,|and|en)?\s+(?=\d))?")
_YEAR_DIGITS: Final = 4

NOT_A_DAY: Final = Label("Enter a day, for example 31 12 2026", "Vul een dag in, bijvoorbeeld 31 12 2026")
NOT_A_LENGTH: Final = Label(
    "Enter a length of time, for example 2 years", "Vul een tijdsduur in, bijvoorbeeld 2 jaar of 18 maanden"
)
NOT_SOON: Final = Label(
    "Enter a time in days or hours, for example 1 day or 4 hours",
    "Vul een tijd in dagen of uren in, bijvoorbeeld 1 dag of 4 uur",
)
NOT_A_CHOICE: Final = Label("Choose one of the answers that are given", "Kies een van de antwoorden die er staan")
TOO_LONG: Final = Label(
    f"Say it in at most {MAX_TEXT:,} characters", f"Zeg het in ten hoogste {MAX_TEXT:,} tekens".replace(",", ".")
)
INVISIBLE: Final = Label(
    "Remove the character that nobody can see: type the text anew, or paste it without its layout",
    "Haal het teken weg dat niemand kan zien: typ de tekst opnieuw, of plak die zonder opmaak",
)
RECORD_FIRST: Final = Label(
    "Choose the kind of record first: the condition is about its fields",
    "Kies eerst het soort gegeven: de voorwaarde gaat over de velden daarvan",
)


@dataclass(frozen=True, slots=True)
class Read:
    """What was typed for one question, the answer that it is (None for none), and what is wrong with it."""

    typed: tuple[str, ...]
    answer: Answer | None
    fault: Label | None = None


def read_answer(
    question: Question, typed: Sequence[str], known: Sequence[str], vocabulary: Vocabulary, record: str
) -> Read:
    """Return what ``typed`` answers to ``question``.

    ``known`` are the words of its control (choices, agencies, items, ``field form``); ``record`` is the kind of record
    that a condition is about, empty where it is about people.
    """
    words = tuple(_clean(question.kind, each) for each in typed)
    words = tuple(each for each in words if each)
    if not words:
        return Read(tuple(typed), None)
    if any(True for each in words for _ in hidden(each)):
        return Read(tuple(typed), None, INVISIBLE)
    if any(len(each) > MAX_TEXT for each in words):
        return Read(tuple(typed), None, TOO_LONG)
    value, fault = _value(question, words, known, vocabulary, record)
    return Read(tuple(typed), None if fault else Answer(value), fault)


def _value(
    question: Question, words: tuple[str, ...], known: Sequence[str], vocabulary: Vocabulary, record: str
) -> tuple[str | tuple[str, ...], Label | None]:
    kind, text = question.kind, words[0]
    if kind in (Kind.CHOICE, Kind.AGENCY):
        return text, None if text in known else NOT_A_CHOICE
    if kind.several:
        ordered = tuple(dict.fromkeys(words))
        return ordered, None if set(ordered) <= set(known) else NOT_A_CHOICE
    if kind in _TYPED:
        read, wrong = _TYPED[kind]
        made = read(text)
        return made, None if made else wrong
    if kind is Kind.NUMBER:
        number = text.replace(",", ".")
        return number, None if is_number(question, number) else not_a_number(question)
    if kind is Kind.CONDITION:
        return text, _condition_fault(text, question, vocabulary, record)
    return text, None


def _clean(kind: Kind, text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if kind is Kind.TEXT:
        return "\n".join(line.rstrip() for line in lines).strip()
    return " ".join(" ".join(lines).split())


def _condition_fault(text: str, question: Question, vocabulary: Vocabulary, record: str) -> Label | None:
    if question.list and record not in vocabulary.record_types:
        return RECORD_FIRST
    try:
        parse_condition(text, vocabulary, record=record if question.list else None)
    except ConditionError as error:
        said = Label(f"{error.cause.en} {error.mend.en}", f"{error.cause.nl} {error.mend.nl}")
        return phrase(
            f"At character {error.column}: {{0}}",
            f"Deze voorwaarde kan niet worden gelezen, bij teken {error.column}: {{0}}",
            said,
        )
    return None


def read_day(text: str) -> str:
    """Return a day as people write it (31/12/2026, 31 12 2026, 2026-12-31) in ISO 8601; empty if it is none."""
    parts = re.split(r"[-/. ]+", text.strip())
    try:
        year, month, day = map(int, parts if len(parts[0]) == _YEAR_DIGITS else parts[::-1])
        return date(year, month, day).isoformat() if year >= 10 ** (_YEAR_DIGITS - 1) else ""
    except ValueError:
        return ""


def read_length(text: str) -> str:
    """Return a length of time as people write it (2 years, 18 maanden, P2Y) in ISO 8601; empty if it is none."""
    if LENGTH.fullmatch(text.upper()):
        return text.upper()
    counts: dict[str, int] = {}
    at = 0
    for part in _LENGTH.finditer(lowered := text.lower()):
        unit = _UNIT_OF.get(part[2])
        if part.start() != at or unit is None or unit in counts:
            return ""
        counts[unit], at = int(part[1]), part.end()
    made = "P" + "".join(f"{counts[unit]}{unit}" for unit in _UNITS if unit in counts)
    return made if at == len(lowered) and LENGTH.fullmatch(made) else ""


def read_soon(text: str) -> str:
    """Return a time in days and hours as people write it (1 day, 4 uur, PT4H) in ISO 8601; empty if it is none."""
    if WITHIN.fullmatch(text.upper()):
        return text.upper()
    found = re.fullmatch(
        r"(?:(\d{1,2})\s*(?:days?|dag(?:en)?))?\s*(?:,|and|en)?\s*(?:(\d{1,2})\s*(?:hours?|uur))?", text.lower()
    )
    days, hours = found.groups() if found else (None, None)
    made = "P" + (f"{int(days)}D" if days else "") + (f"T{int(hours)}H" if hours else "")
    return made if WITHIN.fullmatch(made) else ""


def not_a_number(question: Question) -> Label:
    """Return what to enter instead: a number, and the largest that may stand there."""
    most = f"{NUMBERS[question.id][1].normalize():f}"
    return Label(
        f"Enter a number above 0, at most {most}"
        if "delta" not in question.id
        else f"Enter 0, or e.g. 1e-6, at most {most}",
        f"Vul een getal boven 0 in, ten hoogste {most.replace('.', ',')}"
        if "delta" not in question.id
        else f"Vul 0 in, of bijvoorbeeld 1e-6, ten hoogste {most.replace('.', ',')}",
    )


def length_in_words(text: str, language: str) -> str:
    """Return an ISO 8601 length as people write it; as it is, if it is none."""
    if WITHIN.fullmatch(text) and "T" in text:
        return _soon_in_words(text, language)
    if not LENGTH.fullmatch(text):
        return text
    at = 2 if language == "nl" else 0
    parts = [(int(count), unit) for count, unit in re.findall(r"(\d+)([YMWD])", text)]
    # Of years one says in Dutch how many "jaar"; of the others the plural.
    words = (
        f"{count} {_UNITS[unit][at + (count != 1 and (language != 'nl' or unit != 'Y'))]}" for count, unit in parts
    )
    return " ".join(words)


def _soon_in_words(text: str, language: str) -> str:
    at = 2 if language == "nl" else 0
    parts = re.findall(r"(\d+)([DH])", text)
    words = ((int(count), _HOUR if unit == "H" else _UNITS["D"]) for count, unit in parts)
    return " ".join(f"{count} {names[at + (count != 1)]}" for count, names in words)


_TYPED: Final[Mapping[Kind, tuple[Callable[[str], str], Label]]] = {
    Kind.DAY: (read_day, NOT_A_DAY),
    Kind.LENGTH: (read_length, NOT_A_LENGTH),
    Kind.SOON: (read_soon, NOT_SOON),
}


def day_in_digits(text: str) -> str:
    """Return a day in ISO 8601 as it is typed, day first; as it is, if it is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day.day} {day.month} {day.year}"
