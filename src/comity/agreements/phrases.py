"""Small pieces of English and Dutch at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from comity.vocabulary.models import Label

_MONTHS: Final = (
    Label("January", "januari"), Label("February", "februari"), Label("March", "maart"), Label("April", "april"),
    Label("May", "mei"), Label("June", "juni"), Label("July", "juli"), Label("August", "augustus"),
    Label("September", "september"), Label("October", "oktober"), Label("November", "november"),
    Label("December", "december"),
)  # fmt: skip


def phrase(en: str, nl: str, *parts: Label) -> Label:
    """Return a sentence in both languages, its ``{0}``, ``{1}``, ... filled with the parts in each."""
    return Label(en.format(*(part.en for part in parts)), nl.format(*(part.nl for part in parts)))


def join(labels: Iterable[Label], en: str = "and", nl: str = "en") -> Label:
    """Return labels as a list in words: *a*, *a and b*, *a, b and c*."""
    labels = list(labels)
    return Label(_joined([label.en for label in labels], en), _joined([label.nl for label in labels], nl))


def lower(label: Label) -> Label:
    """Return a label for the middle of a sentence: its first letter small, unless it begins with an abbreviation."""
    return Label(_lower(label.en), _lower(label.nl))


def upper(label: Label) -> Label:
    """Return a label for the beginning of a sentence."""
    return Label(label.en[:1].upper() + label.en[1:], label.nl[:1].upper() + label.nl[1:])


def day(value: date) -> Label:
    """Return a date as people write it: *1 February 2026*, *1 februari 2026*."""
    month = _MONTHS[value.month - 1]
    return Label(f"{value.day} {month.en} {value.year}", f"{value.day} {month.nl} {value.year}")


def _joined(words: list[str], link: str) -> str:
    return " ".join([", ".join(words[:-1]), link, words[-1]]) if len(words) > 1 else "".join(words)


def _lower(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
