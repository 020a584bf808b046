"""An agreement in plain words, English and Dutch, clause by clause: for pages, the register and reasons.

Written so that the words of either language need no gender and no inflection: a field stands as its label, with its
record type and its form in brackets. Dates are day, month, year. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from comity.agreements.condition_words import condition_words
from comity.agreements.models import Agreement, FieldRelease, Release
from comity.agreements.phrases import day, join, lower, phrase, upper
from comity.vocabulary.models import Label, Term, Vocabulary

_UNKNOWN_AGENCIES: Final[Mapping[str, Label]] = MappingProxyType({})

_FORMS: Final[Mapping[str, Label]] = MappingProxyType(
    {
        "withheld": Label("withheld", "achtergehouden"),
        "year": Label("the year only", "alleen het jaar"),
        "month": Label("the month and year only", "alleen maand en jaar"),
        "age-band": Label("an age band only", "alleen een leeftijdsklasse"),
        "area": Label("the area only", "alleen het gebied"),
        "initials": Label("initials only", "alleen initialen"),
        "present": Label("only whether there is one", "alleen of het er is"),
        "band": Label("a band only", "alleen een klasse"),
        "pseudonym": Label("a pseudonym in its place", "een pseudoniem ervoor in de plaats"),
    }
)

_ONWARD: Final = {
    "none": Label("The recipient passes nothing on.", "De ontvanger geeft niets door."),
    "with-permission": Label(
        "The recipient passes data on only after the provider has agreed.",
        "De ontvanger geeft gegevens alleen door nadat de verstrekker daarin heeft toegestemd.",
    ),
}
_CONSENT: Final = {
    "not-required": Label("Nobody's consent is asked.", "Er wordt niemand om toestemming gevraagd."),
    "asked": Label(
        "Consent is asked; if it is refused, the reason to go on is recorded.",
        "Er wordt toestemming gevraagd; bij weigering wordt vastgelegd waarom toch wordt verstrekt.",
    ),
    "required": Label("Nothing is provided without consent.", "Zonder toestemming wordt niets verstrekt."),
}
_THEN: Final = {
    "delete": Label("then deletes them", "wist ze daarna"),
    "return": Label("then returns them", "geeft ze daarna terug"),
}
_RECEIPT: Final = {
    "required": Label(" and confirms it with a receipt", " en bevestigt dat met een ontvangstbewijs"),
    "not-required": Label("", ""),
}
_STATED: Final = {
    "case_reference": Label("a case reference", "een zaaknummer"),
    "justification": Label("a justification", "een motivering"),
}
_REVIEWED: Final = {
    "disclosure": Label("Each disclosure is reviewed", "Elke verstrekking wordt getoetst"),
    "request": Label(
        "Each request is reviewed, also one that is refused", "Elk verzoek wordt getoetst, ook als het is geweigerd"
    ),
}
_NOTICE: Final = {
    "immediate": Label("Whoever reviews is told at once.", "Wie toetst, krijgt meteen bericht."),
    "none": Label("Whoever reviews finds it in a queue.", "Wie toetst, vindt het in een wachtrij."),
}
_OVERDUE: Final = {
    "suspend": Label(
        "While a review of a disclosure is overdue, nothing more is provided.",
        "Zolang de toetsing van een verstrekking te laat is, wordt niets meer verstrekt.",
    ),
    "shout": Label(
        "While a review is overdue, everyone who oversees is told.",
        "Zolang een toetsing te laat is, ziet iedere toezichthouder dat.",
    ),
}
_UNITS: Final = {
    "Y": (Label("year", "jaar"), Label("years", "jaar")),
    "M": (Label("month", "maand"), Label("months", "maanden")),
    "W": (Label("week", "week"), Label("weeks", "weken")),
    "D": (Label("day", "dag"), Label("days", "dagen")),
    "H": (Label("hour", "uur"), Label("hours", "uur")),
}


@dataclass(frozen=True, slots=True)
class ClauseWords:
    """One clause in words. ``key`` is the file's key, or the release's clause name (``release 2``)."""

    key: str
    heading: Label
    text: Label


@dataclass(frozen=True, slots=True)
class ReleaseWords:
    """One release as a table: which records, of whom, under which condition; each field with its form."""

    what: Label
    fields: tuple[tuple[Label, Label], ...]


def agreement_words(
    agreement: Agreement, vocabulary: Vocabulary, agencies: Mapping[str, Label] = _UNKNOWN_AGENCIES
) -> tuple[ClauseWords, ...]:
    """Return every clause of an agreement in words; ``agencies`` gives their names, where they are known."""
    releases = tuple(
        ClauseWords(release.clause, Label("What leaves", "Wat wordt verstrekt"), release_words(release, vocabulary))
        for release in agreement.releases
    )
    before = (_between(agreement, agencies), _purpose(agreement, vocabulary), *_bases(agreement, vocabulary))
    after = (
        _channels(agreement, vocabulary),
        *_statistics(agreement),
        ClauseWords("onward", Label("Passing on", "Doorgeven"), _ONWARD[agreement.onward]),
        _retention(agreement),
        ClauseWords("consent", Label("Consent", "Toestemming"), _CONSENT[agreement.consent]),
        *_review(agreement, vocabulary, agencies),
        *_confidential(agreement),
        _in_force(agreement),
        _assessment(agreement),
    )
    return (*before, _about(agreement, vocabulary), *releases, _requesters(agreement, vocabulary), *after)


def release_words(release: Release, vocabulary: Vocabulary) -> Label:
    """Return one release in a sentence: of whose records, under which condition, which fields in which form."""
    fields = join(_field(each, release.record, vocabulary) for each in release.fields)
    return phrase("{0}: {1}.", "{0}: {1}.", _records(release, vocabulary), fields)


def released_words(agreement: Agreement, vocabulary: Vocabulary) -> tuple[ReleaseWords, ...]:
    """Return the releases of an agreement as tables, in their order."""
    return tuple(
        ReleaseWords(
            _records(release, vocabulary),
            tuple(
                (
                    vocabulary.record_type(release.record).field(each.field).label,
                    vocabulary.minimisers[each.minimiser].label,
                )
                for each in release.fields
            ),
        )
        for release in agreement.releases
    )


def _records(release: Release, vocabulary: Vocabulary) -> Label:
    """Return of whose records, under which condition."""
    record = vocabulary.record_type(release.record)
    people = [vocabulary.subject_categories[name].label for name in release.of]
    whose = phrase(" (of: {0})", " (van: {0})", join(lower(label) for label in people)) if people else Label("", "")
    where = Label("", "")
    if release.where is not None:
        words = condition_words(release.where, vocabulary, record=release.record)
        where = phrase(", if {0}", ", als geldt: {0}", words)
    return phrase("{0}{1}{2}", "{0}{1}{2}", record.plural, whose, where)


def field_words(release: Release, field: str, vocabulary: Vocabulary) -> Label:
    """Return one field of a release with its form, e.g. *birth date (an age band only)*."""
    return _field(FieldRelease(field, release.minimiser(field)), release.record, vocabulary)


def _field(released: FieldRelease, record: str, vocabulary: Vocabulary) -> Label:
    label = lower(vocabulary.record_type(record).field(released.field).label)
    form = _FORMS.get(released.minimiser)
    return phrase("{0} ({1})", "{0} ({1})", label, form) if form else label


def _between(agreement: Agreement, agencies: Mapping[str, Label]) -> ClauseWords:
    text = phrase(
        "{0} may provide data to {1}.",
        "Verstrekking van gegevens door {0} aan {1}.",
        _named(agreement.providers, agencies),
        _named(agreement.recipients, agencies),
    )
    return ClauseWords("between", Label("Between", "Tussen"), upper(text))


def _purpose(agreement: Agreement, vocabulary: Vocabulary) -> ClauseWords:
    label = lower(vocabulary.purpose(agreement.purpose).label)
    return ClauseWords("purpose", Label("Purpose", "Doel"), phrase("Only for {0}.", "Alleen voor {0}.", label))


def _bases(agreement: Agreement, vocabulary: Vocabulary) -> tuple[ClauseWords, ...]:
    heading = Label("Lawful basis", "Grondslag")
    words = []
    for basis in agreement.lawful_basis:
        law = vocabulary.lawful_basis(basis.term)
        source, because = f"{law.act}, {law.article}", _plain(basis.because)
        words.append(phrase("{0} ({1}). {2}", "{0} ({1}). {2}", law.label, _same(source), _same(because)))
    return tuple(ClauseWords("lawful_basis", heading, text) for text in words)


def _about(agreement: Agreement, vocabulary: Vocabulary) -> ClauseWords:
    words = condition_words(agreement.about, vocabulary)
    text = phrase("The people of whom this is true: {0}.", "De personen voor wie geldt: {0}.", words)
    return ClauseWords("about", Label("About whom", "Over wie"), text)


def _requesters(agreement: Agreement, vocabulary: Vocabulary) -> ClauseWords:
    asks = agreement.requesters
    text = phrase("{0}.", "{0}.", _terms(asks.roles, vocabulary.roles))
    if asks.must_state:
        stated = join(_STATED[name] for name in asks.must_state)
        text = phrase("{0} Each request states {1}.", "{0} Elk verzoek vermeldt {1}.", text, stated)
    return ClauseWords("requesters", Label("Who may ask", "Wie mag vragen"), text)


def _channels(agreement: Agreement, vocabulary: Vocabulary) -> ClauseWords:
    text = phrase("{0}.", "{0}.", _terms(agreement.channels, vocabulary.channels))
    return ClauseWords("channels", Label("How", "Hoe"), text)


def _statistics(agreement: Agreement) -> tuple[ClauseWords, ...]:
    budget = agreement.statistics
    if budget is None:
        return ()
    numbers = (_same(f"{budget.epsilon:f}"), _same(f"{budget.delta:f}"))
    text = phrase(
        "Only with noise, and at most {3} rows of each person count. All answers in {2} together spend no more than a "
        "privacy budget of {0} (epsilon; delta {1}).",
        "Alleen met ruis, en van elke persoon tellen ten hoogste {3} rijen mee. Alle antwoorden in {2} samen besteden "
        "niet meer dan een privacybudget van {0} (epsilon; delta {1}).",
        *numbers,
        length_words(budget.per),
        _same(str(budget.most_per_person)),
    )
    return (ClauseWords("statistics", Label("Statistics", "Statistiek"), text),)


def _retention(agreement: Agreement) -> ClauseWords:
    kept = agreement.retention
    text = phrase(
        "The recipient keeps the data for {0}, {1}{2}.",
        "De ontvanger bewaart de gegevens {0}, {1}{2}.",
        length_words(kept.keep),
        _THEN[kept.then],
        _RECEIPT[kept.receipt],
    )
    return ClauseWords("retention", Label("How long", "Hoe lang"), text)


def _review(agreement: Agreement, vocabulary: Vocabulary, agencies: Mapping[str, Label]) -> tuple[ClauseWords, ...]:
    review = agreement.review
    if review is None:
        return ()
    text = phrase(
        "{0}, within {1}, by: {2}, of {3}. {4} {5}",
        "{0}, binnen {1}, door: {2}, van {3}. {4} {5}",
        _REVIEWED[review.each],
        length_words(review.within),
        lower(_terms(review.roles, vocabulary.roles)),
        _named(review.agencies, agencies, "or", "of"),
        _NOTICE[review.notice],
        _OVERDUE[review.overdue],
    )
    return (ClauseWords("review", Label("Review of each use", "Toetsing van elk gebruik"), text),)


def _confidential(agreement: Agreement) -> tuple[ClauseWords, ...]:
    put_off = agreement.confidential
    if put_off is None:
        return ()
    text = phrase(
        "The people concerned can see each use only {0} after it; whoever oversees sees it at once. {1}",
        "De betrokkenen kunnen elk gebruik pas {0} later zien; wie toezicht houdt ziet het meteen. {1}",
        length_words(put_off.length),
        _same(_plain(put_off.because)),
    )
    return (ClauseWords("confidential", Label("Confidential for a time", "Tijdelijk vertrouwelijk"), text),)


def _in_force(agreement: Agreement) -> ClauseWords:
    days = agreement.in_force
    text = phrase(
        "From {0} up to and including {1}; to be reviewed by {2}.",
        "Van {0} tot en met {1}; uiterlijk te evalueren op {2}.",
        *(day(each) for each in (days.start, days.until, days.review_by)),
    )
    return ClauseWords("in_force", Label("When", "Wanneer"), text)


def _assessment(agreement: Agreement) -> ClauseWords:
    text = phrase("{0}, which must be approved.", "{0}, die goedgekeurd moet zijn.", _same(str(agreement.assessment)))
    return ClauseWords("assessment", Label("Impact assessment", "Effectbeoordeling"), text)


def length_words(duration: str) -> Label:
    """Return an ISO 8601 length of time in words, e.g. *2 years and 6 months*."""
    parts = [(int(count), unit) for count, unit in re.findall(r"(\d+)([YMWDH])", duration)]
    return join(phrase("{0} {1}", "{0} {1}", _same(str(count)), _UNITS[unit][count != 1]) for count, unit in parts)


def _named(ids: Iterable[str], agencies: Mapping[str, Label], en: str = "and", nl: str = "en") -> Label:
    return join((agencies.get(agency, Label(agency, agency)) for agency in ids), en, nl)


def _terms(names: Sequence[str], terms: Mapping[str, Term]) -> Label:
    return upper(join((lower(terms[name].label) for name in names), "or", "of"))


def _plain(text: str) -> str:
    return " ".join(text.split())


def _same(text: str) -> Label:
    return Label(text, text)
