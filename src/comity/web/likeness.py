"""How alike two records are, in words: each field's share of the weight, and what the whole comes to; no value.

A weight is in bits: one more makes it twice as likely that the two are of one human being.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from comity.intake.deciding import Weight
from comity.web.chart import Step
from comity.web.language import marked
from comity.web.present import Presenter

_MOST_TIMES: Final = 20  # bits: beyond a million to one nobody reads the number

_FIELDS: Final = {
    "given": marked("First name"),
    "middle": marked("Other given names"),
    "family": marked("Family name"),
    "birth": marked("Date of birth"),
    "sex": marked("Sex"),
    "postcode": marked("Postcode"),
    "address": marked("Address"),
    "slips": marked("Slips together"),
    "agency": marked("Which agencies"),
}
_LEVELS: Final = {
    "absent": marked("not known of both"),
    "same": marked("the same"),
    "exchanged or alias": marked("exchanged, or another name on file"),
    "alias": marked("another name on file"),
    "two names": marked("a letter apart, and each a name that people bear"),
    "mistyped": marked("the same but for a slip"),
    "mistyped twice": marked("the same but for two slips"),
    "near": marked("alike"),
    "nickname": marked("a short form of the other"),
    "initial": marked("an initial of the other"),
    "one of two": marked("one of two family names is the same"),
    "day and month exchanged": marked("day and month exchanged"),
    "1 January of the year": marked("the same year, and 1 January in one of them"),
    "another year": marked("only the year is another"),
    "another day": marked("only the day is another"),
    "another month": marked("only the month is another"),
    "different": marked("different"),
    "two agencies": marked("two agencies"),
    "most": marked("mostly the same"),
    "half": marked("partly the same"),
    "none": marked("name and date of birth are the same"),
    "one": marked("one of name and date of birth is not the same"),
    "two": marked("two of names and date of birth are not the same"),
    "all": marked("names and date of birth are not the same"),
}
_ONE_AGENCY: Final = marked("one agency, which seldom keeps one person twice")
_BEFORE: Final = marked("Any two records that are compared")
_ODDS: Final = {True: marked("%(times)s to 1 for"), False: marked("%(times)s to 1 against")}
_MORE: Final = marked("more than a million")
_EVEN: Final = marked("as likely as not")

Translate = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the waterfall: which field, how alike in words, and how many bits for (or against)."""

    key: str
    field: str
    alike: str
    bits: float


def lines(weight: Weight, show: Presenter, say: Translate) -> tuple[Line, ...]:
    """Return the lines that add up to the weight; a field that says nothing is left out."""
    said = [_line(part.field, part.level, part.weight + part.rarity, show, say) for part in weight.parts]
    return (Line("prior", say(_BEFORE), "", weight.prior), *(it for it in said if it.bits))


def steps(found: tuple[Line, ...]) -> list[Step]:
    """Return the same for a chart."""
    return [Step(it.field, it.bits) for it in found]


def levels(weight: Weight, say: Translate) -> dict[str, str]:
    """Return how alike each field is, in words, by its name in the comparison."""
    return {part.field: say(_level(part.level)) for part in weight.parts}


def odds(bits: float, show: Presenter, say: Translate) -> str:
    """Return what a weight comes to in words: so many to one for, or against."""
    if abs(bits) < 1 / 2:
        return say(_EVEN)
    times = say(_MORE) if abs(bits) > _MOST_TIMES else show.number(round(2 ** abs(bits)))
    return say(_ODDS[bits > 0]) % {"times": times}


def _line(field: str, level: str, bits: float, show: Presenter, say: Translate) -> Line:
    number = field.removeprefix("identifier ")
    name = show.field("person", number) if number != field else say(_FIELDS.get(field, field))
    return Line(number, name, say(_level(level)), bits)


def _level(level: str) -> str:
    return _ONE_AGENCY if level.startswith("both ") else _LEVELS.get(level, level)
