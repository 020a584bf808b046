"""What is compared of two people, and how near is near: one table, written for both speeds. Pure.

1. Each level stands here twice, side by side: as SQL for the bulk run in DuckDB and as Python for live linking. A test
   holds the two to the same answer on ten thousand pairs.
2. Levels are asked in order; the first that holds is the pair's. The first level of each comparison is *absent*: it
   weighs nothing, because a field that nobody filled in says nothing.
3. String distances are taken over UTF-8 bytes: that is what DuckDB's functions do (measured 2026-11: equal on 60,000
   pairs over bytes, unequal on a fifth of them over characters where names are not ASCII).
4. A comparison may look at several fields (a name written the wrong way round); no evidence is counted twice: where
   the given names' level already speaks for the whole name, the family name's level is *absent*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from comity.people.models import Standard

Holds = Callable[[Standard, Standard], bool]
BORNE = ("given", "family")  # the columns of which it is asked
Borne = Callable[[str, str | None], bool]
"""Whether a value of a column (``given``, ``family``) is a name that people bear, and no slip of the pen."""

# Jaro-Winkler similarities as used since Winkler (1990); Splink's own name comparison uses 0.92 and 0.88. 2026-11-22.
VERY_NEAR = 0.92
NEAR = 0.88
# Below this two names are nothing alike; a letter or two mistyped in a short name leaves more than this. 2026-11-22.
REMOTELY_ALIKE = 0.75
# Below this length one edit makes another name of anything. 2026-11-22.
SHORTEST_TO_MISTYPE = 3
# Edits after which a number of an authority (six to twelve characters) may still be the same one. 2026-11-22.
EDITS_OF_A_NUMBER = 2
# Edits for each letter of an address with which it is still the same one, mistyped. 2026-11-26.
SLIPS_IN_A_LINE = 0.15
# What everybody has, and how many of these are not the same in a pair; beyond stands "all".
SLIPPING = ("given", "family", "birth")
SLIPS = ("none", "one", "two")
# Shares of words in common (Dice) from which an address is the same one written otherwise, or may be. 2026-11-26.
MOST_OF_AN_ADDRESS, HALF_AN_ADDRESS = 0.7, 0.4


def _nobody_bears(_column: str, _name: str | None) -> bool:
    """Where nobody has learnt which names people bear, none is."""
    return False


@dataclass(frozen=True, slots=True)
class Level:
    """One degree of likeness.

    ``frequency`` names the term table that says how rare the shared value is. ``borne`` names a column both of whose
    values must be names that people bear, for which a model is asked: *Schmidt* is not *Schmitt* mistyped.
    """

    name: str
    sql: str
    holds: Holds
    frequency: str | None = None
    borne: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One kind of evidence: its levels, from *absent* over the likest to *else*, which always holds."""

    name: str
    columns: tuple[str, ...]
    levels: tuple[Level, ...]

    def level(self, a: Standard, b: Standard, borne: Borne = _nobody_bears) -> Level:
        """Return the first level that holds for the pair, by the names that people bear."""
        return next(level for level in self.levels if level.holds(a, b) and _both_borne(level, a, b, borne))


def _both_borne(level: Level, a: Standard, b: Standard, borne: Borne) -> bool:
    column = level.borne
    return column is None or (borne(column, getattr(a, column)) and borne(column, getattr(b, column)))


def jaro_winkler(a: str, b: str) -> float:
    """Return the Jaro-Winkler similarity over bytes, as DuckDB's ``jaro_winkler_similarity`` does."""
    return JaroWinkler.similarity(a.encode(), b.encode())


def edits(a: str, b: str) -> int:
    """Return the Damerau-Levenshtein distance over bytes, as DuckDB's ``damerau_levenshtein`` does."""
    return DamerauLevenshtein.distance(a.encode(), b.encode())


def _mistyped(a: str, b: str) -> bool:
    return min(len(a.encode()), len(b.encode())) >= SHORTEST_TO_MISTYPE and edits(a, b) <= 1


def _edits_sql(column: str, most: int) -> str:
    """Return SQL for at most so many edits. An exchange of two letters is two of Levenshtein's, which costs a fifth."""
    return (
        f"levenshtein({column}_l, {column}_r) <= {2 * most} and damerau_levenshtein({column}_l, {column}_r) <= {most}"
    )


def _mistyped_sql(column: str) -> str:
    return f"least(strlen({column}_l), strlen({column}_r)) >= {SHORTEST_TO_MISTYPE} and {_edits_sql(column, 1)}"


def _near_sql(column: str, threshold: float) -> str:
    return f"jaro_winkler_similarity({column}_l, {column}_r) >= {threshold}"


_INITIAL_SQL = "least(strlen({0}_l), strlen({0}_r)) = 1 and left({0}_l, 1) = left({0}_r, 1)"


def _initial(a: str, b: str) -> bool:
    return min(len(a.encode()), len(b.encode())) == 1 and a[:1] == b[:1]


# Whoever gives an initial may give that of a name by which they are not called.
_GIVEN_INITIAL_SQL = (
    "(strlen(given_l) = 1 and (given_l = left(given_r, 1) or coalesce(given_l = left(middle_r, 1), false)) "
    "or strlen(given_r) = 1 and (given_r = left(given_l, 1) or coalesce(given_r = left(middle_l, 1), false)))"
)


def _given_initial(a: Standard, b: Standard) -> bool:
    def short(one: Standard, other: Standard) -> bool:
        given = one.given or ""
        return len(given.encode()) == 1 and given in {(other.given or "")[:1], (other.middle or "")[:1]}

    return short(a, b) or short(b, a)


def _share(a: Iterable[str], b: Iterable[str]) -> bool:
    return not set(a).isdisjoint(b)


_EXCHANGED_SQL = (
    "(given_l <> given_r and (list_has_any(names_l, names_r) or coalesce("
    f"jaro_winkler_similarity(given_l, family_r) >= {VERY_NEAR} "
    f"and jaro_winkler_similarity(family_l, given_r) >= {VERY_NEAR}, false)))"
)


def _exchanged(a: Standard, b: Standard) -> bool:
    if not a.given or not b.given or a.given == b.given:
        return False
    if _share(a.names, b.names):
        return True
    return bool(a.family and b.family) and (
        jaro_winkler(a.given, b.family or "") >= VERY_NEAR and jaro_winkler(a.family or "", b.given) >= VERY_NEAR
    )


def _else(name: str = "different") -> Level:
    return Level(name, "ELSE", lambda _a, _b: True)


def _two_names(column: str, holds: Holds) -> Level:
    """Two names an edit apart, each of which people bear."""
    return Level(
        "two names",
        f"{borne_column(column)}_l and {borne_column(column)}_r and {_mistyped_sql(column)}",
        holds,
        borne=column,
    )


def borne_column(column: str) -> str:
    """Return the bulk table's column that says whether a name is one that people bear."""
    return f"{column}_borne"


def _given() -> Comparison:
    return Comparison(
        "given",
        ("given", "middle", "family", "formal", "names"),
        (
            Level("absent", "given_l is null or given_r is null", lambda a, b: not a.given or not b.given),
            Level("same", "given_l = given_r", lambda a, b: a.given == b.given, "given"),
            Level("exchanged or alias", _EXCHANGED_SQL, _exchanged),
            Level("nickname", "list_has_any(formal_l, formal_r)", lambda a, b: _share(a.formal, b.formal)),
            _two_names("given", lambda a, b: _mistyped(a.given or "", b.given or "")),
            Level("mistyped", _mistyped_sql("given"), lambda a, b: _mistyped(a.given or "", b.given or "")),
            Level(
                "near",
                _near_sql("given", NEAR),
                lambda a, b: jaro_winkler(a.given or "", b.given or "") >= NEAR,
            ),
            Level("initial", _GIVEN_INITIAL_SQL, _given_initial),
            _else(),
        ),
    )


def _family() -> Comparison:
    absent = f"family_l is null or family_r is null or coalesce({_EXCHANGED_SQL}, false)"
    return Comparison(
        "family",
        ("family", "given", "names", "families"),
        (
            Level("absent", absent, lambda a, b: not a.family or not b.family or _exchanged(a, b)),
            Level("same", "family_l = family_r", lambda a, b: a.family == b.family, "family"),
            Level("alias", "list_has_any(names_l, names_r)", lambda a, b: _share(a.names, b.names)),
            Level("one of two", "list_has_any(families_l, families_r)", lambda a, b: _share(a.families, b.families)),
            _two_names("family", lambda a, b: _mistyped(a.family or "", b.family or "")),
            Level("mistyped", _mistyped_sql("family"), lambda a, b: _mistyped(a.family or "", b.family or "")),
            Level(
                "near",
                _near_sql("family", NEAR),
                lambda a, b: jaro_winkler(a.family or "", b.family or "") >= NEAR,
            ),
            _else(),
        ),
    )


def _middle() -> Comparison:
    return Comparison(
        "middle",
        ("middle",),
        (
            Level("absent", "middle_l is null or middle_r is null", lambda a, b: not a.middle or not b.middle),
            Level("same", "middle_l = middle_r", lambda a, b: a.middle == b.middle, "middle"),
            Level("initial", _INITIAL_SQL.format("middle"), lambda a, b: _initial(a.middle or "", b.middle or "")),
            Level(
                "near",
                _near_sql("middle", NEAR),
                lambda a, b: jaro_winkler(a.middle or "", b.middle or "") >= NEAR,
            ),
            _else(),
        ),
    )


def _birth() -> Comparison:
    def parts(a: Standard, b: Standard) -> tuple[str, str]:
        return a.birth or "", b.birth or ""

    def same(*slices: slice) -> Holds:
        return lambda a, b: all((a.birth or "")[s] == (b.birth or "")[s] for s in slices)

    def exchanged(a: Standard, b: Standard) -> bool:
        x, y = parts(a, b)
        return x[:4] == y[:4] and x[4:6] == y[6:8] and x[6:8] == y[4:6]

    def defaulted(a: Standard, b: Standard) -> bool:
        x, y = parts(a, b)
        return x[:4] == y[:4] and "0101" in (x[4:], y[4:])

    year, month, dom = slice(0, 4), slice(4, 6), slice(6, 8)
    same_year = "left(birth_l, 4) = left(birth_r, 4)"
    same_month = "substr(birth_l, 5, 2) = substr(birth_r, 5, 2)"
    same_day = "substr(birth_l, 7, 2) = substr(birth_r, 7, 2)"
    return Comparison(
        "birth",
        ("birth",),
        (
            Level("absent", "birth_l is null or birth_r is null", lambda a, b: not a.birth or not b.birth),
            Level("same", "birth_l = birth_r", lambda a, b: a.birth == b.birth),
            Level(
                "day and month exchanged",
                f"{same_year} and substr(birth_l, 5, 2) = substr(birth_r, 7, 2) "
                "and substr(birth_l, 7, 2) = substr(birth_r, 5, 2)",
                exchanged,
            ),
            Level("mistyped", _edits_sql("birth", 1), lambda a, b: edits(*parts(a, b)) <= 1),
            Level(
                "1 January of the year",
                f"{same_year} and (substr(birth_l, 5, 4) = '0101' or substr(birth_r, 5, 4) = '0101')",
                defaulted,
            ),
            Level("another year", f"{same_month} and {same_day}", same(month, dom)),
            Level("another day", f"{same_year} and {same_month}", same(year, month)),
            Level("another month", f"{same_year} and {same_day}", same(year, dom)),
            _else(),
        ),
    )


def _sex() -> Comparison:
    return Comparison(
        "sex",
        ("sex",),
        (
            Level("absent", "sex_l is null or sex_r is null", lambda a, b: not a.sex or not b.sex),
            Level("same", "sex_l = sex_r", lambda a, b: a.sex == b.sex),
            _else(),
        ),
    )


def _postcode() -> Comparison:
    return Comparison(
        "postcode",
        ("postcode",),
        (
            Level("absent", "postcode_l is null or postcode_r is null", lambda a, b: not a.postcode or not b.postcode),
            Level("same", "postcode_l = postcode_r", lambda a, b: a.postcode == b.postcode, "postcode"),
            Level(
                "mistyped",
                _edits_sql("postcode", 1),
                lambda a, b: edits(a.postcode or "", b.postcode or "") <= 1,
            ),
            _else(),
        ),
    )


def _address() -> Comparison:
    """Compare the words in common, in whatever order; or the whole line, slips and misplaced spaces forgiven."""
    shared, both = "2 * len(list_intersect(address_l, address_r))", "(len(address_l) + len(address_r))"
    room = f"{SLIPS_IN_A_LINE} * greatest(strlen(line_l), strlen(line_r))"
    any_shared = "list_has_any(address_l, address_r)"  # what costs least is asked first: most pairs share no word
    mistyped_sql = (
        f"abs(strlen(line_l) - strlen(line_r)) <= {room}"
        f" and levenshtein(line_l, line_r) <= 2 * {room} and damerau_levenshtein(line_l, line_r) <= {room}"
    )

    def sharing(share: float) -> Holds:
        return lambda a, b: 2 * len(set(a.address) & set(b.address)) >= share * (len(a.address) + len(b.address))

    def mistyped(a: Standard, b: Standard) -> bool:
        one, other = a.line or "", b.line or ""
        return _share(a.address, b.address) and edits(one, other) <= SLIPS_IN_A_LINE * max(
            len(one.encode()), len(other.encode())
        )

    most = sharing(MOST_OF_AN_ADDRESS)
    return Comparison(
        "address",
        ("address", "line"),
        (
            Level("absent", "line_l is null or line_r is null", lambda a, b: not a.line or not b.line),
            Level("same", "address_l = address_r", lambda a, b: a.address == b.address),
            Level(
                "most",
                f"{any_shared} and ({shared} >= {MOST_OF_AN_ADDRESS} * {both} or {mistyped_sql})",
                lambda a, b: most(a, b) or mistyped(a, b),
            ),
            Level("half", f"{any_shared} and {shared} >= {HALF_AN_ADDRESS} * {both}", sharing(HALF_AN_ADDRESS)),
            _else(),
        ),
    )


def _slips() -> Comparison:
    """How many of the three that everybody has are not the same: slips come seldom together, or else all at once.

    The others are weighed as if each went wrong by itself; this makes up for what that gets wrong, and no more. It is
    learnt once they are (``refine.py``). Names the wrong way round are one slip that looks like two: of these it says
    nothing.
    """
    absent = " or ".join(f"{column}_l is null or {column}_r is null" for column in SLIPPING)
    absent += f" or coalesce({_EXCHANGED_SQL}, false)"
    count = " + ".join(f"({column}_l <> {column}_r)::int" for column in SLIPPING)

    def some_absent(a: Standard, b: Standard) -> bool:
        return not all((a.given, b.given, a.family, b.family, a.birth, b.birth)) or _exchanged(a, b)

    def slips(number: int) -> Holds:
        return lambda a, b: (a.given != b.given) + (a.family != b.family) + (a.birth != b.birth) == number

    levels = (Level(name, f"{count} = {number}", slips(number)) for number, name in enumerate(SLIPS))
    return Comparison("slips", (*SLIPPING, "names"), (Level("absent", absent, some_absent), *levels, _else("all")))


def _identifier(kind: str) -> Comparison:
    """Two numbers of one kind, as two police numbers. Typed wrong they are an edit apart; reused they are the same."""
    column = identifier_column(kind)

    def values(a: Standard, b: Standard) -> tuple[str, str]:
        return a.identifiers.get(kind, ""), b.identifiers.get(kind, "")

    return Comparison(
        f"identifier {kind}",
        (column,),
        (
            Level("absent", f"{column}_l is null or {column}_r is null", lambda a, b: not all(values(a, b))),
            Level("same", f"{column}_l = {column}_r", lambda a, b: len(set(values(a, b))) == 1),
            Level(
                "mistyped",
                _edits_sql(column, 1),
                lambda a, b: edits(*values(a, b)) <= 1,
            ),
            Level(
                "mistyped twice",
                _edits_sql(column, EDITS_OF_A_NUMBER),
                lambda a, b: edits(*values(a, b)) <= EDITS_OF_A_NUMBER,
            ),
            _else(),
        ),
    )


def _agency(agencies: Iterable[str]) -> Comparison:
    """Whether both come from one agency: some hold each person once, others once per arrest. Learnt, never assumed."""

    def both(agency: str) -> Level:
        quoted = agency.replace("'", "''")
        return Level(
            f"both {agency}",
            f"agency_l = '{quoted}' and agency_r = '{quoted}'",
            lambda a, b: a.agency == agency == b.agency,
        )

    levels = [both(agency) for agency in sorted(agencies)]
    absent = Level("absent", "agency_l is null or agency_r is null", lambda _a, _b: False)
    return Comparison("agency", ("agency",), (absent, *levels, _else("two agencies")))


def identifier_column(kind: str) -> str:
    """Return the bulk table's column for one kind of identifier."""
    return f"id_{kind}"


def comparisons(identifiers: Iterable[str], agencies: Iterable[str]) -> tuple[Comparison, ...]:
    """Return what is compared, given the kinds of identifier and the agencies that a model knows."""
    return (*_FIXED, *(_identifier(kind) for kind in sorted(identifiers)), _agency(agencies))


_GIVEN, _FAMILY, _BIRTH = _given(), _family(), _birth()
_FIXED = (_GIVEN, _middle(), _FAMILY, _BIRTH, _sex(), _postcode(), _address(), _slips())


def may_be_twins(a: Standard, b: Standard, borne: Borne) -> bool:
    """Whether all that speaks for the pair is what twins share: a family name and a birthday, but no forename.

    Forenames are two if they are nothing alike, or if each is a name that people bear (``borne``): *Tim* is
    not *Tom* mistyped, but *Tmi* may be. A number that both bear tells one person from two.
    """
    if _BIRTH.level(a, b, borne).name != "same" or _FAMILY.level(a, b, borne).name == "absent":
        return False
    given = _GIVEN.level(a, b, borne).name
    if given not in {"two names", "mistyped", "near", "different"} or not (a.given and b.given):
        return False
    if 1 in (len(a.given), len(b.given)) and a.middle and a.middle == b.middle:
        return False  # a letter is no forename to tell twins by, and the other names are theirs both
    alike = edits(a.given, b.given) <= 1 or jaro_winkler(a.given, b.given) >= REMOTELY_ALIKE
    if alike and not (borne("given", a.given) and borne("given", b.given)):
        return False
    return not _share_number(a, b)


def rests_on_names(a: Standard, b: Standard) -> bool:
    """Whether nothing but names can speak for the pair: no birth date of both, and no number that both bear."""
    return (not a.birth or not b.birth) and not _share_number(a, b)


def _share_number(a: Standard, b: Standard) -> bool:
    shared = a.identifiers.keys() & b.identifiers.keys()
    return any(_same_number(a.identifiers[kind], b.identifiers[kind]) for kind in shared)


def _same_number(one: str, other: str) -> bool:
    """Whether two numbers may be one, mistyped: twins and fellow arrestees get consecutive ones, which are two."""
    return one == other or (edits(one, other) <= EDITS_OF_A_NUMBER and one[:-1] != other[:-1])
