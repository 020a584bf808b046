"""What a search may find somebody by: words of names, birth dates, numbers; standardised as linking has them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from comity.people.models import Features
from comity.people.standardise import day, family_words, given_words, number

NAME, BIRTH_DATE, NUMBER = "name", "birth_date", "number"


def name_tokens(text: str) -> tuple[str, ...]:
    """Return the words that a name, or part of one, is searched by; without particles and titles."""
    return family_words(text)


def number_token(text: str) -> str | None:
    """Return the form that an identifying number is searched by; None if nothing is left of it."""
    return number(text)


def tokens(features: Features) -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of each token of a source person, each once."""
    names = (*given_words(features.given_names), *family_words(features.family_name))
    aliases = (word for alias in features.alias_names for word in family_words(alias))
    yield from ((NAME, word) for word in sorted({*names, *aliases}))
    if birth := day(features.birth_date):
        yield BIRTH_DATE, birth
    numbers = {number(value) for value in features.identifiers.values()}
    yield from ((NUMBER, value) for value in sorted(value for value in numbers if value))
