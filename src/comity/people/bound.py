"""What a pair cannot weigh more than, from some integers about each person: most pairs need no more than that. Pure.

1. Of each person: a hash of each value, which letters it has, how long it is (:func:`sketch`). Of a pair, SQL over
   these says which levels it may reach, and so what it may weigh at most (:func:`at_most`). It is asked in a fraction
   of the time that string distances take.
2. A bound is never below the weight: what is dropped for it would have come to less. A test holds it to that.
3. Each edit takes at most one letter away that the other has not, and puts one in; and letters that the other has not
   are not among those that Jaro and Winkler count as shared. Both hold of bytes too: what is looked at is ASCII.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import ascii_lowercase, digits

from comity.people.comparisons import (
    EDITS_OF_A_NUMBER,
    HALF_AN_ADDRESS,
    MOST_OF_AN_ADDRESS,
    NEAR,
    SLIPPING,
    SLIPS,
    SLIPS_IN_A_LINE,
    VERY_NEAR,
    Comparison,
    identifier_column,
)
from comity.people.model import Model

_TEXTS = {"given": ascii_lowercase, "family": ascii_lowercase, "postcode": digits}
_EQUAL = ("agency", "given", "middle", "family", "birth", "sex", "postcode")
_LISTS = ("formal", "names", "families", "address")
# Jaro's similarity (three shares, the third of which is at most one) from which a common beginning lifts it to
# Winkler's: by 0.4 of what is left, at most.
_SHARES = {winkler: 3 * (winkler - 0.4) / 0.6 - 1 for winkler in (NEAR, VERY_NEAR)}
_SLACK = 0.01  # bits; rounding


def sketch(kinds: Iterable[str], model: Model) -> str:
    """Return SQL for the columns that :func:`at_most` asks of a person, over those of a person and ``tf_`` of each."""
    numbers = [identifier_column(kind) for kind in kinds]
    texts = _TEXTS | dict.fromkeys(numbers, digits)
    columns = [f'if("{c}" is null, null, hash("{c}")) as "{c}_is"' for c in (*_EQUAL, *numbers)]
    columns += [f'{_letters(c, alphabet)} as "{c}_has"' for c, alphabet in texts.items()]
    columns += [f"strlen({c})::int as {c}_long" for c in ("given", "family", "line")]
    columns += [f"coalesce({_words(c)}, 0) as {c}_in" for c in _LISTS]
    columns += [
        "if(line is null, null, hash(address)) as address_is",
        "len(address)::int as address_words",
        "try_cast(birth as int) as born",
    ]
    rarities = {level.frequency: c for c in model.comparisons for level in c.levels if level.frequency}
    for column, comparison in rarities.items():
        usual = model.chances[comparison.name]["same"].u
        known = f"log2({usual:e} / tf_{column})" if column in model.frequencies else "0.0"
        columns.append(f"({known})::double as {column}_rare")
    return ", ".join(columns)


def at_most(model: Model) -> str:
    """Return SQL for what a pair weighs at most, in bits, over the columns of :func:`sketch` of ``l`` and of ``r``."""
    asked = [_asked(comparison, _weights(model, comparison)) for comparison in model.comparisons]
    return f"{model.prior_weight + _SLACK:e} + {' + '.join(asked)}"


def _letters(column: str, alphabet: str) -> str:
    held = (f"(contains(\"{column}\", '{letter}')::ubigint << {bit})" for bit, letter in enumerate(alphabet))
    return f"coalesce({' | '.join(held)}, 0::ubigint)"


def _words(column: str) -> str:
    return f"list_bit_or(list_transform({column}, lambda word: 1::ubigint << (hash(word) % 64)))"


def _weights(model: Model, comparison: Comparison) -> dict[str, float]:
    return {level.name: model.level_weight(comparison, level) for level in comparison.levels}


def _asked(comparison: Comparison, weights: Mapping[str, float]) -> str:
    name = comparison.name
    if name.startswith("identifier "):
        return _identifier(comparison.columns[0], weights)
    return {
        "given": _given, "middle": _middle, "family": _family, "birth": _birth, "sex": _sex, "postcode": _postcode,
        "address": _address, "slips": _slips, "agency": _agency,
    }[name](weights)  # fmt: skip


def _value(
    column: str, weights: Mapping[str, float], otherwise: str, *, rare: bool = False, least: float = -1e3
) -> str:
    """Return SQL for what a field weighs at most: nothing where it is absent, what it weighs where it is the same."""
    one, other = f"l.{column}_is", f"r.{column}_is"
    same = f"greatest({weights['same']:e} + l.{column}_rare, {least:e})" if rare else f"{weights['same']:e}"
    absent = f"when {one} is null or {other} is null then 0e0"
    return f"case {absent} when {one} = {other} then {same} else {otherwise} end"


def _best(certain: float, *possible: tuple[str, float]) -> str:
    """Return SQL for the most of what is possible: each weight with the condition without which it is not."""
    above = sorted((each for each in possible if each[1] > certain), key=lambda each: -each[1])
    when = " ".join(f"when {condition} then {weight:e}" for condition, weight in above)
    return f"case {when} else {certain:e} end" if when else f"{certain:e}"


def _share(column: str) -> str:
    return f"(l.{column}_in & r.{column}_in) <> 0"


def _lost(one: str, other: str) -> str:
    """Return SQL for how many letters a text has that another has not."""
    return f"bit_count({one}_has & ~{other}_has)"


def _edited(column: str, edits: str) -> str:
    """Return SQL for whether no more edits than so many may lie between two values."""
    return f"({_lost(f'l.{column}', f'r.{column}')} <= {edits} and {_lost(f'r.{column}', f'l.{column}')} <= {edits})"


def _alike(one: str, other: str, winkler: float) -> str:
    """Return SQL for whether two texts may be as similar as that."""
    matched = f"least({one}_long - {_lost(one, other)}, {other}_long - {_lost(other, one)})"
    return f"{matched} * ({one}_long + {other}_long) >= {_SHARES[winkler] - 1e-6:e} * {one}_long * {other}_long"


# Names that may be exchanged; of the two that would be alike, one is looked at.
_EXCHANGED = f"(l.given_is <> r.given_is and ({_share('names')} or {_alike('l.given', 'r.family', VERY_NEAR)}))"


def _given(weights: Mapping[str, float]) -> str:
    slip = max(weights["two names"], weights["mistyped"])
    return _value(
        "given",
        weights,
        _best(
            weights["different"],
            (_EXCHANGED, weights["exchanged or alias"]),
            (_share("formal"), weights["nickname"]),
            (_edited("given", "1"), slip),
            (_alike("l.given", "r.given", NEAR), weights["near"]),
            ("l.given_long = 1 or r.given_long = 1", weights["initial"]),
        ),
        rare=True,
    )


def _family(weights: Mapping[str, float]) -> str:
    slip = max(weights["two names"], weights["mistyped"])
    return _value(
        "family",
        weights,
        _best(
            weights["different"],
            (_EXCHANGED, 0.0),
            (_share("names"), weights["alias"]),
            (_share("families"), weights["one of two"]),
            (_edited("family", "1"), slip),
            (_alike("l.family", "r.family", NEAR), weights["near"]),
        ),
        rare=True,
        least=0.0,  # the names may be exchanged nevertheless
    )


def _middle(weights: Mapping[str, float]) -> str:
    return _value("middle", weights, _best(max(weights[n] for n in ("initial", "near", "different"))), rare=True)


def _birth(weights: Mapping[str, float]) -> str:
    year, day, month = "l.born // 10000 = r.born // 10000", "l.born % 100 = r.born % 100", "{0}.born // 100 % 100"
    same_month = f"{month.format('l')} = {month.format('r')}"
    first = f"({year} and (l.born % 10000 = 101 or r.born % 10000 = 101))"
    exchanged = f"({year} and {month.format('l')} = r.born % 100 and {month.format('r')} = l.born % 100)"
    edited = "(l.born // 100000 = r.born // 100000 or l.born % 10000 = r.born % 10000)"
    possible = _best(
        weights["different"],
        (exchanged, weights["day and month exchanged"]),
        (edited, weights["mistyped"]),
        (first, weights["1 January of the year"]),
        (f"({same_month} and {day})", weights["another year"]),
        (f"({year} and {same_month})", weights["another day"]),
        (f"({year} and {day})", weights["another month"]),
    )
    odd = f"if(l.born is null or r.born is null, {max(weights.values()):e}, {possible})"  # no date, but eight letters
    return _value("birth", weights, odd)


def _sex(weights: Mapping[str, float]) -> str:
    return _value("sex", weights, _best(weights["different"]))


def _postcode(weights: Mapping[str, float]) -> str:
    possible = _best(weights["different"], (_edited("postcode", "1"), weights["mistyped"]))
    return _value("postcode", weights, possible, rare=True)


def _address(weights: Mapping[str, float]) -> str:
    lost = "bit_count({0}.address_in & ~{1}.address_in)"
    shared = "least({}, {})".format(
        f"l.address_words - {lost.format('l', 'r')}", f"r.address_words - {lost.format('r', 'l')}"
    )
    both = "(l.address_words + r.address_words)"
    room = f"{SLIPS_IN_A_LINE:e} * greatest(l.line_long, r.line_long)"
    mistyped = f"abs(l.line_long - r.line_long) <= {room} and {_share('address')}"
    possible = _best(
        weights["different"],
        (f"2 * {shared} >= {MOST_OF_AN_ADDRESS:e} * {both} or {mistyped}", weights["most"]),
        (f"2 * {shared} >= {HALF_AN_ADDRESS:e} * {both}", weights["half"]),
    )
    return _value("address", weights, possible)


def _slips(weights: Mapping[str, float]) -> str:
    number = " + ".join(f"(l.{column}_is <> r.{column}_is)::int" for column in SLIPPING)
    counted = " ".join(f"when {place} then {weights[name]:e}" for place, name in enumerate(SLIPS))
    found = f"case coalesce({number}, -1) when -1 then 0e0 {counted} else {weights['all']:e} end"
    return f"if(l.given_is <> r.given_is, greatest({found}, 0e0), {found})"  # of names exchanged nothing is said


def _identifier(column: str, weights: Mapping[str, float]) -> str:
    possible = _best(
        weights["different"],
        (_edited(column, "1"), weights["mistyped"]),
        (_edited(column, str(EDITS_OF_A_NUMBER)), weights["mistyped twice"]),
    )
    return _value(column, weights, possible)


def _agency(weights: Mapping[str, float]) -> str:
    names = {name: weight for name, weight in weights.items() if name.startswith("both ")}
    both = " ".join(
        "when hash('{}') then {:e}".format(name.removeprefix("both ").replace("'", "''"), weight)
        for name, weight in names.items()
    )
    return f"if(l.agency_is = r.agency_is, case l.agency_is {both} else {weights['two agencies']:e} end, {weights['two agencies']:e})"  # noqa: E501
