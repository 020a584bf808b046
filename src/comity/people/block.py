"""Which pairs are looked at at all: keys computed here, once, for the bulk run and for live linking alike. Pure.

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
    for name in {standard.given, standard.family}:
        if name:
            yield f"d|{birth}|{name[0]}"


def _named(standard: Standard) -> Iterator[str]:
    """Keys that hold the name and forgive the birth date, or its absence."""
    given, family, birth = standard.given, standard.family, standard.birth
    for name in standard.names:
        yield f"n|{name}"
        if birth:
            yield f"ny|{name}|{birth[:4]}"
            yield f"nd|{name}|{'|'.join(sorted((birth[4:6], birth[6:])))}"
    if given and family:
        yield f"fs|{soundex(family)}|{soundex(given)}"


def _half(standard: Standard) -> Iterator[str]:
    """Keys that hold half a name and part of the date, and forgive the rest."""
    given, family, birth = standard.given, standard.family, standard.birth
    if not (given and family and birth):
        return
    for half, other in ((given, family), (family, given)):
        yield f"h|{half}|{other[0]}|{birth[:4]}"
        yield f"h|{half}|{other[0]}|{birth[4:]}"


def _numbered(standard: Standard) -> Iterator[str]:
    for kind, value in standard.identifiers.items():
        yield f"i|{kind}|{value}"
    if standard.postcode:
        for name in {standard.given, standard.family}:
            if name:
                yield f"p|{standard.postcode}|{name}"
        if standard.birth:
            yield f"pb|{standard.postcode}|{standard.birth[:4]}"


def keys(standard: Standard) -> frozenset[str]:
    """Return the blocking keys of one source person."""
    return frozenset((*_dated(standard), *_named(standard), *_half(standard), *_numbered(standard)))


def candidates(standards: Sequence[Standard]) -> list[tuple[int, int]]:
    """Return the pairs of positions that share a key, sorted, the lower position first."""
    blocks: dict[str, list[int]] = {}
    for position, standard in enumerate(standards):
        for key in keys(standard):
            blocks.setdefault(key, []).append(position)
    kept = (block for block in blocks.values() if 1 < len(block) <= LARGEST_BLOCK)
    return sorted({pair for block in kept for pair in combinations(block, 2)})
