"""An impact in sentences, English and Dutch, what matters most first. Pure.

Rules:

1. What would newly be visible comes first: sensitive fields and those who did no wrong (victims, witnesses) before the
   rest, then by how many people. Fields of the same people are one sentence.
2. Of each it is said which number is which: what no agreement in force lets that recipient see, and what the log has
   never shown it.
3. To whoever is told coarse numbers, few and none are the same: neither is said of any field by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from comity.agreements.models import FieldRelease, Release
from comity.agreements.phrases import join, lower, phrase, upper
from comity.agreements.words import field_words
from comity.gate.impact.models import COUNTED, FEW, Covered, Impact, Line, Tally, band
from comity.vocabulary.models import Label, Sensitivity, Vocabulary

#: Several people of each category of LED art. 6; the vocabulary says one of them.
_SEVERAL: Final[Mapping[str, Label]] = MappingProxyType(
    {
        "suspect": Label("suspects", "verdachten"),
        "convicted": Label("convicted people", "veroordeelden"),
        "victim": Label("victims", "slachtoffers"),
        "witness": Label("witnesses", "getuigen"),
        "other": Label("other people", "andere personen"),
    }
)
_PEOPLE: Final = Label("people", "personen")
_PERSON: Final = Label("person", "persoon")
_NO_WRONG: Final = frozenset({"victim", "witness"})  # LED art. 6 (c) and (d): nobody suspects them
_LEVELS: Final = tuple(Sensitivity)
_NOT_ACCUSED_WEIGHS: Final = 2  # levels of sensitivity: a victim's address before a suspect's conviction

_NONE: Final[Mapping[str, Label]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that the impact says: ``kind`` is new, gone, covered, channels, at-most, nothing or few."""

    kind: str
    text: Label


def impact_words(impact: Impact, vocabulary: Vocabulary, agencies: Mapping[str, Label] = _NONE) -> tuple[Sentence, ...]:
    """Return an impact in sentences; ``agencies`` gives their names, where they are known."""
    return tuple(_Words(impact, vocabulary, agencies).all())


def newly_visible(sentences: Iterable[Sentence]) -> tuple[Sentence, ...]:
    """Return the sentences that a signer confirms: what would newly be visible, to whom, and by which ways."""
    return tuple(each for each in sentences if each.kind in {"new", "few", "nothing", "channels", "at-most"})


@dataclass(frozen=True, slots=True)
class _Group:
    recipient: str
    record: str
    whose: str
    tallies: tuple[Tally, ...]  # of what it is about; then, of what is new, unopened and unshown


class _Words:
    def __init__(self, impact: Impact, vocabulary: Vocabulary, agencies: Mapping[str, Label]) -> None:
        self._impact, self._vocabulary, self._agencies = impact, vocabulary, agencies

    def all(self) -> Iterator[Sentence]:
        found = [Sentence("new", self._new(*each)) for each in self._groups(("new", "unopened", "unshown"))]
        yield from found
        if not self._impact.exact:
            yield Sentence("few", self._few(some=bool(found)))
        elif not found:
            yield Sentence("nothing", Label("Nothing would newly be visible.", "Niets zou nieuw zichtbaar zijn."))
        yield from (Sentence("gone", self._gone(*each)) for each in self._groups(("gone",)))
        yield from (Sentence("covered", self._covered(each)) for each in self._impact.covered)
        if self._impact.channels:
            yield Sentence("channels", self._channels())
        if self._impact.at_most:
            yield Sentence("at-most", self._at_most())

    # --- which lines go together -------------------------------------------------------------------------------------

    def _groups(self, counted: tuple[str, ...]) -> list[tuple[_Group, list[Line]]]:
        """Return the lines of which something counts, those of the same numbers together, what matters most first."""
        groups: dict[_Group, list[Line]] = defaultdict(list)
        for line in self._impact.lines:
            tallies = tuple(getattr(line, name) for name in counted)
            if tallies[0].rows or tallies[0].people:
                groups[_Group(line.recipient, line.record, line.whose, tallies)].append(line)
        for lines in groups.values():
            lines.sort(key=self._level, reverse=True)
        return sorted(groups.items(), key=self._weight, reverse=True)

    def _level(self, line: Line) -> int:
        return _level(line.record, line.field, self._vocabulary)

    def _weight(self, item: tuple[_Group, list[Line]]) -> tuple[int, int, int]:
        group, lines = item
        return _weight(group.whose, max(map(self._level, lines))), group.tallies[0].people, group.tallies[0].rows

    # --- sentences ---------------------------------------------------------------------------------------------------

    def _new(self, group: _Group, lines: list[Line]) -> Label:
        said = self._seeing("{0} would newly see, {1}: {2}.", "{0} zou nieuw zien, {1}: {2}.", group, lines)
        new, unopened, unshown = (it.people or it.rows for it in group.tallies)
        return phrase("{0} {1} {2}", "{0} {1} {2}", said, self._unopened(unopened, new), self._unshown(unshown, new))

    def _gone(self, group: _Group, lines: list[Line]) -> Label:
        return self._seeing("{0} would no longer see, {1}: {2}.", "{0} zou niet langer zien, {1}: {2}.", group, lines)

    def _seeing(self, en: str, nl: str, group: _Group, lines: list[Line]) -> Label:
        fields = join(self._field(line) for line in lines)
        return upper(phrase(en, nl, self._agency(group.recipient), self._of(group), fields))

    def _of(self, group: _Group) -> Label:
        tally = group.tallies[0]
        people = phrase("of {0}", "van {0}", self._people(tally.people, group.whose))
        if group.record == "person" and tally.people:
            return people
        rows = phrase("in {0}", "in {0}", self._rows(tally.rows, group.record))
        return phrase("{0} {1}", "{0} {1}", people, rows) if tally.people else rows

    def _field(self, line: Line) -> Label:
        release = Release(1, line.record, (), None, (FieldRelease(line.field, line.form),))
        return field_words(release, line.field, self._vocabulary)

    def _unopened(self, number: int, of: int) -> Label:
        if self._impact.exact and number == of:
            return Label(
                "No agreement in force lets it see this already.", "Geen geldende overeenkomst laat dit al zien."
            )
        if self._impact.exact and not number:
            return Label(
                "Other agreements in force let it see all of this already.",
                "Andere geldende overeenkomsten laten dit alles al zien.",
            )
        return phrase(
            "Of {0} of them no agreement in force lets it see this already.",
            "Van {0} daarvan laat geen geldende overeenkomst dit al zien.",
            self._number(number),
        )

    def _unshown(self, number: int, of: int) -> Label:
        if self._impact.exact and number == of:
            return Label("By the log, it was never shown this.", "Volgens het logboek is dit nog nooit getoond.")
        if self._impact.exact and not number:
            return Label(
                "By the log, it was shown all of this before.", "Volgens het logboek is dit alles al eens getoond."
            )
        return phrase(
            "By the log, it was never shown this of {0} of them.",
            "Volgens het logboek is dit van {0} daarvan nog nooit getoond.",
            self._number(number),
        )

    def _few(self, *, some: bool) -> Label:
        few = self._number(0)
        if some:
            return phrase(
                "Of whatever else it names, {0} people would newly be visible, if any.",
                "Van al het andere dat zij noemt zouden {0} personen nieuw zichtbaar zijn, of niemand.",
                few,
            )
        return phrase(
            "In no field would {0} people or more newly be visible.",
            "In geen enkel veld zouden {0} of meer personen nieuw zichtbaar zijn.",
            _same(str(FEW)),
        )

    def _covered(self, covered: Covered) -> Label:
        agency = self._agency(covered.recipient)
        said = phrase(
            "{0} could ask about {1}", "{0} zou kunnen vragen naar {1}", agency, self._people(covered.people, "")
        )
        if covered.new:
            said = phrase("{0}, newly about {1}", "{0}, nieuw naar {1}", said, self._number(covered.new))
        if covered.gone:
            said = phrase("{0}, no longer about {1}", "{0}, niet langer naar {1}", said, self._number(covered.gone))
        return upper(phrase("{0}.", "{0}.", said))

    def _channels(self) -> Label:
        return _ways(self._impact.channels, self._impact.against is None, self._vocabulary)

    def _at_most(self) -> Label:
        return _depends(self._impact.at_most)

    # --- numbers -----------------------------------------------------------------------------------------------------

    def _agency(self, agency: str) -> Label:
        return self._agencies.get(agency, _same(agency))

    def _people(self, number: int, whose: str) -> Label:
        if number == 1:
            term = self._vocabulary.subject_categories.get(whose)
            return phrase("{0} {1}", "{0} {1}", self._number(number), lower(term.label) if term else _PERSON)
        return phrase("{0} {1}", "{0} {1}", self._number(number), _SEVERAL.get(whose, _PEOPLE))

    def _rows(self, number: int, record: str) -> Label:
        kind = self._vocabulary.record_type(record)
        return phrase("{0} {1}", "{0} {1}", self._number(number), lower(kind.label if number == 1 else kind.plural))

    def _number(self, number: int) -> Label:
        if self._impact.exact:
            return number_words(number)
        if number < FEW:
            return Label(f"fewer than {FEW}", f"minder dan {FEW}")
        return phrase("about {0}", "ongeveer {0}", number_words(number))


def banded_words(
    document: Mapping[str, Any], vocabulary: Vocabulary, agencies: Mapping[str, Label] = _NONE
) -> tuple[Label, ...]:
    """Return what an impact as it is kept says would newly be visible, and by which ways: its numbers are bands."""
    groups: dict[tuple[str, ...], list[Sequence[str]]] = defaultdict(list)
    for line in document["lines"]:
        if {*_bands_of(line, "new")} != {band(0)}:
            groups[*line[:3], *_bands_of(line, "new")].append(line)
    by_weight = sorted(groups.values(), key=lambda lines: _banded_weight(lines, vocabulary), reverse=True)
    said = [_banded(lines, vocabulary, agencies) for lines in by_weight]
    nothing = phrase(
        "In no field would {0} people or more newly be visible.",
        "In geen enkel veld zouden {0} of meer personen nieuw zichtbaar zijn.",
        _same(str(FEW)),
    )
    beside = []
    if document["channels"]:
        beside.append(_ways(document["channels"], document["against"] is None, vocabulary))
    if document["at_most"]:
        beside.append(_depends(document["at_most"]))
    return (*(said or (nothing,)), *beside)


@dataclass(frozen=True, slots=True)
class BandedLine:
    """One line of an impact as it is kept; ``tallies`` are people and rows of each of what is counted, in words."""

    recipient: str
    record: str
    whose: str
    field: str
    form: str
    tallies: Mapping[str, tuple[Label, Label]]


def banded_lines(document: Mapping[str, Any]) -> tuple[BandedLine, ...]:
    """Return every line of an impact as it is kept of which something would be let out."""
    return tuple(
        BandedLine(line[0], line[1], line[2], line[3], line[4], {name: _band_pair(line, name) for name in COUNTED})
        for line in document["lines"]
        if {*_bands_of(line, "let")} != {band(0)}
    )


def _band_pair(line: Sequence[str], counted: str) -> tuple[Label, Label]:
    rows, people = _bands_of(line, counted)
    return _band_words(people), _band_words(rows)


def _banded_weight(lines: Sequence[Sequence[str]], vocabulary: Vocabulary) -> int:
    return _weight(lines[0][2], max(_level(record, field, vocabulary) for _, record, _, field, *_ in lines))


def _banded(lines: Sequence[Sequence[str]], vocabulary: Vocabulary, agencies: Mapping[str, Label]) -> Label:
    recipient, record, whose = lines[0][:3]
    rows, people = map(_band_words, _bands_of(lines[0], "new"))
    fields = join(
        field_words(Release(1, record, (), None, (FieldRelease(field, form),)), field, vocabulary)
        for _, _, _, field, form, *_ in sorted(lines, key=lambda it: _level(record, it[3], vocabulary), reverse=True)
    )
    of = phrase("of {0} {1}", "van {0} {1}", people, _SEVERAL.get(whose, _PEOPLE))
    if record != "person":
        kind = lower(vocabulary.record_type(record).plural)
        of = phrase("{0}, in {1} {2}", "{0}, in {1} {2}", of, rows, kind)
    agency = agencies.get(recipient, _same(recipient))
    return upper(phrase("{0} would newly see, {1}: {2}.", "{0} zou nieuw zien, {1}: {2}.", agency, of, fields))


def _level(record: str, field: str, vocabulary: Vocabulary) -> int:
    return _LEVELS.index(vocabulary.record_type(record).field(field).sensitivity)


def _weight(whose: str, level: int) -> int:
    return level + (_NOT_ACCUSED_WEIGHS if whose in _NO_WRONG else 0)


def _bands_of(line: Sequence[str], counted: str) -> tuple[str, str]:
    at = 5 + 2 * COUNTED.index(counted)
    return line[at], line[at + 1]


def _band_words(band: str) -> Label:
    if band.endswith("+"):
        return phrase("{0} or more", "{0} of meer", number_words(int(band[:-1])))
    low, high = map(int, band.split("-"))
    if not low:
        return Label(f"fewer than {FEW}", f"minder dan {FEW}")
    return phrase("{0} to {1}", "{0} tot en met {1}", number_words(low), number_words(high))


def number_words(number: int) -> Label:
    """Return a number as people write it: *12,301*, *12.301*."""
    english = f"{number:,}"
    return Label(english, english.replace(",", "."))


def _ways(channels: Iterable[str], first: bool, vocabulary: Vocabulary) -> Label:
    ways = join(lower(vocabulary.channels[each].label) for each in channels)
    if first:
        return phrase("What leaves could leave by: {0}.", "Verstrekken kan door: {0}.", ways)
    return phrase(
        "It opens ways out that the version before does not: {0}.",
        "Zij opent wegen naar buiten die de vorige versie niet kent: {0}.",
        ways,
    )


def _depends(clauses: Iterable[int]) -> Label:
    return phrase(
        "At most: by {0} it depends on which colleague asks, so this is what all of them together could see.",
        "Ten hoogste: bij {0} hangt het ervan af welke collega vraagt; dit is wat zij samen zouden kunnen zien.",
        join(_clause(number) for number in clauses),
    )


def _clause(number: int) -> Label:
    return _same(f"release {number}") if number else Label("about whom it is", "over wie zij gaat")


def _same(text: str) -> Label:
    return Label(text, text)
