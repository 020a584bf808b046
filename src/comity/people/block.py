"""Which pairs are looked at at all: keys as live linking makes them; ``bulk.sql`` makes the same in bulk. Pure.

1. Two source persons are compared if and only if they share a key.
2. Each key forgives something that another does not: a date, a spelling, an order, a missing field.
3. A key that very many share finds nobody and costs everybody; :data:`LARGEST_BLOCK` bounds it, and each such key has
   a narrower one beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from comity.people.models import Standard

# Source persons under one key before it is passed over: its pairs grow with the square. 2026-11-22.
LARGEST_BLOCK = 400
# Digits or letters that half a number must have to be looked up by. 2026-11-26.
SHORTEST_HALF = 3
# The longest words of an address under which, with its number, a house is looked up. 2026-11-26.
WORDS_OF_AN_ADDRESS = 4

_SOUNDS = {
    c: d for d, cs in {"1": "bfpv", "2": "cgjkqsxz", "3": "dt", "4": "l", "5": "mn", "6": "r"}.items() for c in cs
}


def soundex(word: str) -> str:
    """Return the American Soundex of a word (US National Archives' rule: h and w do not part two like sounds)."""
    code, last = word[:1], _SOUNDS.get(word[:1], "")
    for letter in word[1:]:
        sound = _SOUNDS.get(letter, "")
        if sound and sound != last:
            code += sound
        if letter not in "hw":
            last = sound
    return (code + "000")[:4]


def _dated(standard: Standard) -> Iterator[str]:
    """Keys that hold the birth date and forgive the name."""
    birth = standard.birth
    if not birth:
        return
    for name in {standard.given, standard.family, standard.middle}:
        if name:
            yield f"d|{birth}|{name[0]}"


def _days(birth: str | None) -> str:
    """Return month and day in an order that forgives who exchanges them."""
    return "|".join(sorted((birth[4:6], birth[6:]))) if birth else ""


def _named(standard: Standard) -> Iterator[str]:
    """Keys that hold the name and forgive the birth date, or its absence."""
    given, family, birth = standard.given, standard.family, standard.birth
    days = _days(birth)
    for name in standard.names:
        yield f"n|{name}"
        if birth:
            yield f"ny|{name}|{birth[:4]}"
            yield f"nd|{name}|{days}"
    if given and family:
        yield f"fs|{soundex(family)}|{soundex(given)}"
        for formal in standard.formal:
            yield f"ff|{formal}|{family}"


def _half(standard: Standard) -> Iterator[str]:
    """Keys that hold half a name and part of the date, and forgive the rest."""
    given, family, birth = standard.given, standard.family, standard.birth
    if not birth:
        return
    days = _days(birth)
    for name in {given, family}:
        if name:
            yield f"e|{name}|{birth[:4]}|{days}"
    if not (given and family):
        return
    for half, other in ((given, family), (family, given)):
        yield f"h|{half}|{other[0]}|{birth[:4]}"
        yield f"h|{half}|{other[0]}|{birth[4:]}"


def _numbered(standard: Standard) -> Iterator[str]:
    for kind, value in standard.identifiers.items():
        yield f"i|{kind}|{value}"
        yield from (f"{kind}|{half}" for half in _halves(value, standard))
    if standard.postcode:
        for name in {standard.given, standard.family}:
            if name:
                yield f"p|{standard.postcode}|{name}"
        if standard.birth:
            yield f"pb|{standard.postcode}|{standard.birth[:4]}"


def _halves(number: str, standard: Standard) -> Iterator[str]:
    """Yield each half of a number with something else: one slip leaves the other half.

    Numbers are given in order, so thousands share the first half: alone, or with a year, it says nothing.
    """
    half = len(number) // 2
    if half < SHORTEST_HALF:
        return
    initials = f"{standard.given[0]}{standard.family[0]}" if standard.given and standard.family else None
    for part in (f"<{number[:half]}", f">{number[-half:]}"):
        if standard.postcode:
            yield f"ip|{part}|{standard.postcode}"
        if initials and standard.birth:
            yield f"in|{part}|{initials}|{standard.birth[:4]}"


def _housed(standard: Standard) -> Iterator[str]:
    """Keys that hold the house and an initial, and forgive everything else.

    Among a million, thousands live at number 12 of one town: without the initial most pairs would be of these.
    """
    name = standard.family or standard.given
    if not name:
        return
    numbers = [word for word in standard.address if word[0].isdecimal()]
    longest = sorted((word for word in standard.address if not word[0].isdecimal()), key=lambda w: (-len(w), w))
    for number in numbers:
        for word in longest[:WORDS_OF_AN_ADDRESS]:
            yield f"a|{number}|{word}|{name[0]}"


def keys(standard: Standard) -> frozenset[str]:
    """Return the blocking keys of one source person."""
    return frozenset((*_dated(standard), *_named(standard), *_half(standard), *_numbered(standard), *_housed(standard)))


def candidates(standards: Sequence[Standard]) -> list[tuple[int, int]]:
    """Return the pairs of positions that share a key, sorted, the lower position first."""
    blocks: dict[str, list[int]] = {}
    for position, standard in enumerate(standards):
        for key in keys(standard):
            blocks.setdefault(key, []).append(position)
    kept = (block for block in blocks.values() if 1 < len(block) <= LARGEST_BLOCK)
    return sorted({pair for block in kept for pair in combinations(block, 2)})
