"""What was proved of an agreement, or found against it, in words: English and Dutch. Pure.

An example is told by what the claim depends on and by nothing else. A row is somebody's only in the example: it is made
up by the solver, and stands for any that is like it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from comity.agreements.claims import Example
from comity.agreements.condition_words import condition_words
from comity.agreements.limit_words import limit_words, restriction_words
from comity.agreements.models import Agreement, Column, Compare, IsNull, Literal, Not, Operator, Release
from comity.agreements.phrases import day, join, lower, phrase, upper
from comity.agreements.prove import ROW, Finding, Kind
from comity.agreements.smt import OTHER_TEXT, Value
from comity.agreements.words import field_words, release_words
from comity.vocabulary.models import Label, Sensitivity, Vocabulary

_SENSITIVE: Final[Mapping[Sensitivity, Label]] = {
    Sensitivity.ORDINARY: Label("ordinary", "gewoon"),
    Sensitivity.CONFIDENTIAL: Label("confidential", "vertrouwelijk"),
    Sensitivity.CRIMINAL: Label("criminal", "strafrechtelijk"),
    Sensitivity.SPECIAL: Label("of a special category", "van een bijzondere categorie"),
    Sensitivity.SEALED: Label("sealed", "verzegeld"),
}

_PROVED: Final[Mapping[Kind, Label]] = {
    Kind.COVERS_NOBODY: Label("It can cover somebody.", "Zij kan over iemand gaan."),
    Kind.NEVER_APPLIES: Label("Each clause can apply.", "Elke bepaling kan gelden."),
    Kind.ADDS_NOTHING: Label(
        "Each clause adds something to the earlier ones.", "Elke bepaling voegt iets toe aan de eerdere."
    ),
    Kind.OVERLAP: Label(
        "No two clauses release a field of one row in different forms.",
        "Geen twee bepalingen verstrekken een veld van één rij in verschillende vorm.",
    ),
    Kind.SEALED_LEAVES: Label("Nothing sealed leaves as it is.", "Niets wat verzegeld is gaat er ongewijzigd uit."),
    Kind.NOT_CARRIED: Label(
        "What is of a special category has a lawful basis that can carry it.",
        "Wat van een bijzondere categorie is, heeft een grondslag die dat kan dragen.",
    ),
    Kind.NEVER_ALONE: Label("A ground for processing stands.", "Er is een grondslag voor verwerking."),
    Kind.FORBIDDEN: Label(
        "The law that is known here lets all of it leave for its purpose.",
        "Het recht dat hier bekend is laat alles ervan voor het doel naar buiten.",
    ),
    Kind.KEPT_TOO_LONG: Label(
        "It is kept no longer than the law that is known here lets it.",
        "Zij wordt niet langer bewaard dan het recht dat hier bekend is toelaat.",
    ),
    Kind.RELEASES_MORE: Label(
        "It releases no row, field or form that the old version does not.",
        "Zij verstrekt geen rij, veld of vorm die de oude versie niet verstrekt.",
    ),
    Kind.OPENS_WIDER: Label(
        "It opens to no one, and by no way, that the old version does not.",
        "Zij staat open voor niemand en langs geen weg die de oude versie niet kent.",
    ),
}

_WIDER: Final[Mapping[str, Label]] = {
    "purpose": Label("It is for another purpose: {0}.", "Zij dient een ander doel: {0}."),
    "recipients": Label("It opens to other agencies: {0}.", "Zij staat open voor andere organisaties: {0}."),
    "roles": Label("It opens to other roles: {0}.", "Zij staat open voor andere rollen: {0}."),
    "channels": Label("It opens other ways out: {0}.", "Zij opent andere wegen naar buiten: {0}."),
    "must_state": Label("A request need no longer state: {0}.", "Een verzoek hoeft niet langer te vermelden: {0}."),
    "confidential": Label(
        "The people concerned are told of uses later: {0}.", "De betrokkenen horen later van het gebruik: {0}."
    ),
    "review": Label("Uses are looked at less: {0}.", "Op het gebruik wordt minder toegezien: {0}."),
    "reviewers": Label(
        "Others review, and read who asked and why: {0}.", "Anderen toetsen, en lezen wie vroeg en waarom: {0}."
    ),
    "statistics": Label("Statistics may tell more of anybody: {0}.", "Statistiek kan meer over iemand zeggen: {0}."),
    "onward": Label("The recipient may pass data on: {0}.", "De ontvanger mag gegevens doorgeven: {0}."),
}

_SAID: Final[Mapping[Kind, Label]] = {
    Kind.COVERS_NOBODY: Label(
        "It covers nobody, because this can never be true: {1}.",
        "Zij gaat over niemand, want dit kan nooit waar zijn: {1}.",
    ),
    Kind.NEVER_APPLIES: Label(
        "It never releases anything, because no row can be so: {1}",
        "Zij verstrekt nooit iets, want geen rij kan zo zijn: {1}",
    ),
    Kind.ADDS_NOTHING: Label(
        "It adds nothing: all of it leaves already under {0}.",
        "Zij voegt niets toe: alles ervan wordt al verstrekt onder {0}.",
    ),
    Kind.OVERLAP: Label(
        "{0} releases the same in another form ({1}), so what leaves is their sum; for instance of {2}.",
        "{0} verstrekt hetzelfde in een andere vorm ({1}), dus wat eruit gaat is hun som; bijvoorbeeld van {2}.",
    ),
    Kind.SEALED_LEAVES: Label(
        "It lets out as it is what is {0}: {1}; for instance of {2}.",
        "Zij verstrekt ongewijzigd wat {0} is: {1}; bijvoorbeeld van {2}.",
    ),
    Kind.NOT_CARRIED: Label(
        "It releases {1}, which is of a special category, and no lawful basis here can carry that. Some that can: {0}.",
        "Zij verstrekt {1}, van een bijzondere categorie, en geen grondslag hier kan dat dragen. Die het kunnen: {0}.",
    ),
    Kind.NEVER_ALONE: Label(
        "It rests only on provisions that stand beside a ground for processing, never alone: {0}.",
        "Zij rust alleen op bepalingen die naast een grondslag voor verwerking staan, nooit alleen: {0}.",
    ),
    Kind.FORBIDDEN: Label(
        "It releases {1}, which the law does not let leave so for this purpose: {0}. To mend it, {2}.",
        "Zij verstrekt {1}, wat de wet voor dit doel zo niet naar buiten laat: {0}. Zo is het te herstellen: {2}.",
    ),
    Kind.DOUBTED: Label(
        "It is doubtful that {1} may leave so for this purpose: {0}. Let a lawyer say, or {2}.",
        "Het is twijfelachtig of {1} voor dit doel zo naar buiten mag: {0}. Laat een jurist het zeggen, of {2}.",
    ),
    Kind.KEPT_TOO_LONG: Label(
        "It keeps data for {1}, longer than the law lets it: {0}. To mend it, {2}.",
        "Zij bewaart gegevens {1}, langer dan de wet toelaat: {0}. Zo is het te herstellen: {2}.",
    ),
    Kind.KEPT_LONG: Label(
        "It keeps data for {1}, perhaps too long: {0}. Let a lawyer say, or {2}.",
        "Zij bewaart gegevens {1}, misschien te lang: {0}. Laat een jurist het zeggen, of {2}.",
    ),
    Kind.LIMIT_UNKNOWN: Label(
        "Nobody has said what the limit is to keeping data for this purpose, so whether {1} is too long is unknown{0}.",
        "Niemand heeft gezegd wat de grens is aan het bewaren voor dit doel, dus of {1} te lang is, is niet bekend{0}.",
    ),
    Kind.RELEASES_MORE: Label(
        "It would newly let out {1}; for instance of {2}.",
        "Zij zou nieuw verstrekken: {1}; bijvoorbeeld van {2}.",
    ),
    Kind.UNDECIDED: Label("Not decided, so not proved: {0}", "Niet beslist, dus niet bewezen: {0}"),
}


#: A warning that keeps something from being called proved.
_WEAKER: Final[Mapping[Kind, Kind]] = {
    Kind.DOUBTED: Kind.FORBIDDEN,
    Kind.KEPT_LONG: Kind.KEPT_TOO_LONG,
    Kind.LIMIT_UNKNOWN: Kind.KEPT_TOO_LONG,
}

_MOST_TERMS: Final = 3  # provisions that are named; the vocabulary's page has them all


def finding_words(finding: Finding, agreement: Agreement, vocabulary: Vocabulary) -> Label:
    """Return a finding in a sentence or two; ``agreement`` is the one that was asked about (the new one of two)."""
    return _Words(agreement, vocabulary).of(finding)


def proved_words(kinds: Sequence[Kind], findings: Sequence[Finding]) -> tuple[Label, ...]:
    """Return what was proved: of each kind that was asked about, that there is none; not if one was left undecided."""
    against = {_WEAKER.get(finding.kind, finding.kind) for finding in findings}
    undecided = {kind for finding in findings if finding.kind is Kind.UNDECIDED for kind in finding.others}
    return tuple(_PROVED[kind] for kind in kinds if kind not in against | undecided)


class _Words:
    def __init__(self, agreement: Agreement, vocabulary: Vocabulary) -> None:
        self._agreement, self._vocabulary = agreement, vocabulary
        self._releases = {release.clause: release for release in agreement.releases}

    def of(self, finding: Finding) -> Label:
        if finding.kind is Kind.OPENS_WIDER:
            words = _WIDER[finding.clause]
            return phrase(words.en, words.nl, join(_same(each) for each in finding.others))
        words = _SAID[finding.kind]
        if finding.kind in {Kind.FORBIDDEN, Kind.DOUBTED}:
            (term,) = finding.others
            said = finding.clause, finding.fields
            return restriction_words(words, term, *said, self._agreement, self._vocabulary)
        if finding.kind in {Kind.KEPT_TOO_LONG, Kind.KEPT_LONG, Kind.LIMIT_UNKNOWN}:
            return limit_words(words, finding.others, self._agreement, self._vocabulary)
        example = self._example(finding.example) if finding.example else Label("", "")
        return upper(phrase(words.en, words.nl, self._others(finding), self._what(finding), example))

    def _others(self, finding: Finding) -> Label:
        if finding.kind is Kind.SEALED_LEAVES:
            record = self._vocabulary.record_type(self._releases[finding.clause].record)
            levels = dict.fromkeys(record.field(name).sensitivity for name in finding.fields)
            return join(_SENSITIVE[level] for level in levels)
        if finding.kind is Kind.UNDECIDED:
            return join(lower(_PROVED[Kind(each)]) for each in finding.others)
        if finding.kind in {Kind.NOT_CARRIED, Kind.NEVER_ALONE}:
            return join((self._law(each) for each in finding.others[:_MOST_TERMS]), "or", "of")
        return join(_same(each) for each in finding.others)

    def _what(self, finding: Finding) -> Label:
        release = self._releases.get(finding.clause)
        if release is None:
            return condition_words(self._agreement.about, self._vocabulary)
        if finding.kind is Kind.NEVER_APPLIES:
            return release_words(release, self._vocabulary)
        if finding.kind is Kind.OVERLAP:
            other = self._releases[finding.others[0]]
            return join(self._beside(other, release, field) for field in finding.fields)
        return join(field_words(release, field, self._vocabulary) for field in finding.fields)

    def _beside(self, other: Release, release: Release, field: str) -> Label:
        words = (field_words(each, field, self._vocabulary) for each in (other, release))
        return phrase("{0} beside {1}", "{0} naast {1}", *words)

    def _law(self, term: str) -> Label:
        law = self._vocabulary.lawful_basis(term)
        return _same(f"{term} ({law.act}, {law.article})")

    # --- an example --------------------------------------------------------------------------------------------------

    def _example(self, example: Example) -> Label:
        rows: dict[str, list[Column]] = {}
        for row, column in sorted(example.told.cells, key=str):
            if not isinstance(example.rows[row][column], UUID):  # which record it refers to stands for any
                rows.setdefault(row, []).append(column)
        text = self._released(example, rows.pop(ROW, []))
        chosen = [self._row(example, row, columns) for row, columns in rows.items()]
        if chosen:
            text = phrase("{0}, of a person with {1}", "{0}, van een persoon met {1}", text, join(chosen))
        for aside in self._asides(example):
            text = phrase("{0}, {1}", "{0}, {1}", text, aside)
        return text

    def _released(self, example: Example, columns: list[Column]) -> Label:
        text = self._row(example, ROW, columns) if columns else Label("any such row", "elke rij daarvan")
        if ROW in example.others:
            return phrase("{0}, of somebody else in the same case", "{0}, van iemand anders in dezelfde zaak", text)
        return text

    def _row(self, example: Example, row: str, columns: list[Column]) -> Label:
        record = columns[0].record
        label = lower(self._vocabulary.record_type(record).label)
        said = join(self._cell(column, example.rows[row][column]) for column in columns)
        article = "an" if label.en[0] in "aeiou" else "a"
        return phrase(f"{article} {{0}} ({{1}})", "een {0} ({1})", label, said)

    def _cell(self, column: Column, value: Value | None) -> Label:
        said = partial(condition_words, vocabulary=self._vocabulary, record=column.record)
        if value is None or isinstance(value, UUID):  # no id is told
            return said(IsNull(column))
        if isinstance(value, str) and value.startswith(OTHER_TEXT):
            named = said(Compare(column, Operator.EQUAL, Literal("")))
            return Label(f"{named.en.rpartition(' ')[0]} something else", f"{named.nl.rpartition(' ')[0]} iets anders")
        return said(Compare(column, Operator.EQUAL, Literal(value)))

    def _asides(self, example: Example) -> Iterator[Label]:
        for opaque, truth in example.told.asked:
            words = condition_words(opaque.node if truth is not False else Not(opaque.node), self._vocabulary)
            unknown = phrase("and it is unknown whether {0}", "en onbekend is of {0}", words)
            yield phrase("and {0}", "en {0}", words) if truth is not None else unknown
        if example.told.recipient:
            yield phrase("asked for by {0}", "gevraagd door {0}", _same(example.recipient))
        if example.told.today:
            yield phrase("on {0}", "op {0}", day(example.today))


def _same(text: str) -> Label:
    return Label(text, text)
