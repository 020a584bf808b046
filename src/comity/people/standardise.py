"""Names, dates and numbers into the one form that everything in this room compares. Pure.

1. Order, case, diacritics and punctuation say nothing about who somebody is; letters and digits do.
2. What is dropped (particles, titles, generation suffixes) is dropped only where something remains.
3. A word that stands where a name is not known is no name.
4. Standardising twice is standardising once: features may come raw or clean.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from sys import intern

from comity.people.models import Features, Standard
from comity.people.nicknames import formal_names

# Words that belong to a family name and are written, dropped or misplaced at will (Dutch, German, Romance,
# Arabic). Dropped from what is compared, unless nothing else is left ("Le" is a Vietnamese family name).
PARTICLES = frozenset(
    """
    van von der den de het t ten ter te op aan in  la las los le les du des del della di da do dos das
    el al bin ibn ben abu  zu zum zur  y e
    """.split()  # noqa: SIM905 - words read best as words
)
# Not part of a name in any language we have met; 2026-11.
TITLES = frozenset(
    """
    mr mrs ms miss mx dr prof sir dame  jr sr snr jnr ii iii iv  hr mw dhr mevr meneer mevrouw
    """.split()  # noqa: SIM905 - words read best as words
)

# What stands in forms where a forename is not known: it names nobody, so it is absent (English, Dutch, Spanish). Words
# that are somebody's name as well (Boy, Son, Lady, Nina) are not here. 2026-11-22.
PLACEHOLDERS = frozenset(
    """
    unknown unk unnamed none noname anonymous nn refused withheld occupant resident respondent inmate defendant suspect
    witness baby infant newborn child kid grandchild daughter girl woman men women male female gentleman mom mother dad
    father grandmother grandfather brother sister wife husband spouse oldest youngest adult minor juvenile
    hh household occ persona ref refuse relative renter roommate tenant guest goh gent grandma gma grandpa gpa cousin
    spouse one two three
    onbekend naamloos geen kind kleinkind zoon dochter jongen meisje vrouw heer moeder vader broer zus oudste jongste
    desconocido desconocida bebe hijo hija mujer hombre madre padre senor senora
    """.split()  # noqa: SIM905 - words read best as words
)
# Of these, what stands in forms where a family name is not known. The others are somebody's family name as well.
NAMELESS = frozenset(
    """
    unknown unk unnamed noname anonymous anon refused refuse withheld occupant resident respondent onbekend naamloos
    """.split()  # noqa: SIM905 - words read best as words
)
# *Son of*, *lady of the house*, *man in the* ...: a description, and no name.
_DESCRIBING = frozenset(("of", "in"))
_DESCRIPTION = _DESCRIBING | {"the", "house", "home"}

# Letters that Unicode does not take apart into a base and a mark.
_LETTERS = str.maketrans(
    {
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "\u0131": "i",
        "ħ": "h",
        "ŋ": "ng",
        "ĳ": "ij",
    }
)
_APOSTROPHES = re.compile("['`\u2019\u2018\u00b4\u02bc]")  # typed, and as word processors and phones make them
_NOT_A_LETTER = re.compile(r"[\W_]+")


def words(text: str | None) -> tuple[str, ...]:
    """Return the words of a name: casefolded, without diacritics; O'Brien is one word, Jansen-Smit two."""
    if not text:
        return ()
    plain = text.casefold()
    if plain.isascii() and plain.replace(" ", "").isalnum():  # nearly everybody, by the million: the same, sooner
        return tuple(map(intern, plain.split()))
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain.translate(_LETTERS))
        plain = "".join(c for c in plain if not unicodedata.combining(c))
    return tuple(intern(w) for w in _NOT_A_LETTER.split(_APOSTROPHES.sub("", plain).casefold()) if w)


def _without(tokens: tuple[str, ...], dropped: frozenset[str]) -> tuple[str, ...]:
    if dropped.isdisjoint(tokens):
        return tokens
    return tuple(t for t in tokens if t not in dropped) or tokens


def given_words(text: str | None) -> tuple[str, ...]:
    """Return the given names without titles."""
    return _without(words(text), TITLES)


def family_words(text: str | None) -> tuple[str, ...]:
    """Return the words of a family name without particles, titles and generation suffixes."""
    return _without(_without(words(text), TITLES), PARTICLES)


def whole_name(*parts: Iterable[str]) -> str | None:
    """Return all words of a name, sorted: the same whichever of them was written first. None if there are none."""
    return " ".join(sorted(word for part in parts for word in part)) or None


def number(text: str | None) -> str | None:
    """Return a postcode or an identifying number without spaces and punctuation, in capitals."""
    if not text:
        return None
    capitals = text.upper()
    return capitals if capitals.isalnum() else _NOT_A_LETTER.sub("", capitals) or None


def day(value: date | None) -> str | None:
    """Return a date as eight digits, so that one wrong key is one wrong character."""
    return value.isoformat().replace("-", "") if value else None


def _numbers(identifiers: Mapping[str, str]) -> dict[str, str]:
    if not identifiers:
        return {}
    cleaned = ((kind, number(value)) for kind, value in sorted(identifiers.items()))
    return {kind: value for kind, value in cleaned if value}


def _ordered(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(found)))


def _forenames(text: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the first forename, and the others; the first is absent where a placeholder stands in its stead."""
    found = given_words(text)
    if not _DESCRIBING.isdisjoint(found[1:2]):
        return (), tuple(word for word in found[1:] if word not in _DESCRIPTION | PLACEHOLDERS)
    if PLACEHOLDERS.isdisjoint(found):
        return found[:1], found[1:]
    first = tuple(word for word in found[:1] if word not in PLACEHOLDERS)
    return first, tuple(word for word in found[1:] if word not in PLACEHOLDERS)


def _kept_once(text: str | None) -> str | None:
    """Return the same text, held in memory once for all who share it: people come by the million."""
    return intern(text) if text else None


def standardise(features: Features) -> Standard:
    """Return the one form of ``features`` that is blocked, scored and searched."""
    first, others = _forenames(features.given_names)
    family, address = family_words(features.family_name), words(features.address)
    if not NAMELESS.isdisjoint(family):
        family = tuple(word for word in family if word not in NAMELESS)
    if not _DESCRIBING.isdisjoint(family[1:2]):
        family = ()
    given, name = " ".join(first) or None, " ".join(sorted(first + others + family))
    aliases = [whole_name(family_words(alias)) or "" for alias in features.alias_names]
    return Standard(
        agency=intern(features.agency),
        given=given,
        formal=formal_names(given),
        middle=" ".join(others) or None,
        family=" ".join(family) or None,
        families=_ordered(family) if len(family) > 1 else family,
        names=_ordered(each for each in (name, *aliases) if each) if aliases or not name else (name,),
        birth=_kept_once(day(features.birth_date) or features.birth_text),
        sex=_kept_once(features.sex.casefold() if features.sex else None),
        postcode=number(features.postcode),
        address=_ordered(address),
        line="".join(address) or None,
        identifiers=_numbers(features.identifiers),
    )
