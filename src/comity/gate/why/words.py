"""What an explanation says, in English and Dutch. Pure.

Whom it is about is never named here: a row is its type, its agency and the day it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from comity.agreements.condition_words import condition_words
from comity.agreements.consent import Answer
from comity.agreements.meaning import Join
from comity.agreements.models import Agreement, Condition, Reason, Standing, Why
from comity.agreements.phrases import join, lower, phrase
from comity.gate.models import Permitted, Refused
from comity.gate.why.models import Place, Scope
from comity.vocabulary.models import Label, Term, Vocabulary

CHECKS: Final[Mapping[str, Label]] = MappingProxyType(
    {
        "act": Label("The gate knows this kind of request", "De poort kent dit soort verzoek"),
        "purpose": Label("The purpose is the agreement's own", "Het doel is dat van de overeenkomst"),
        "in-force": Label("The agreement is in force", "De overeenkomst is van kracht"),
        "recipient": Label(
            "It is known who asks, and their agency is a recipient",
            "Bekend is wie vraagt, en de organisatie is ontvanger",
        ),
        "role": Label("The role is one that may ask", "De rol is er een die mag vragen"),
        "stated": Label("What has to be stated is stated", "Vermeld is wat vermeld moet worden"),
        "channel": Label("The agreement opens this way out", "De overeenkomst opent deze weg naar buiten"),
        "reviewed": Label(
            "Where each use is looked at, this way out writes its review",
            "Waar elk gebruik wordt bekeken, schrijft deze weg naar buiten zijn toetsing",
        ),
        "consent": Label("What it says of consent can be checked", "Wat zij over toestemming zegt, is te controleren"),
        "criteria": Label(
            "A search looks only by what leaves as it is", "Er wordt alleen gezocht op wat ongewijzigd wordt verstrekt"
        ),
        "something-leaves": Label("Some field can leave", "Er kan een gegeven worden verstrekt"),
    }
)

PLACES: Final[Mapping[Place, Label]] = MappingProxyType(
    {
        Place.OWN: Label("It is theirs.", "Het is van de persoon zelf."),
        Place.SHARED: Label("It is of a case or an incident of theirs.", "Het hoort bij een zaak of voorval van hen."),
        Place.OTHER_SIDE: Label(
            "It is somebody else's, on another side of the same case or incident.",
            "Het is van iemand anders, aan een andere kant van dezelfde zaak of hetzelfde voorval.",
        ),
        Place.NOT_SAID_WHOSE: Label(
            "It is somebody else's, and the clause does not say whose rows it releases.",
            "Het is van iemand anders, en de bepaling zegt niet van wie zij gegevens verstrekt.",
        ),
        Place.OTHER_CAPACITY: Label(
            "It is somebody else's, and has them in another capacity than the case or incident does.",
            "Het is van iemand anders, en noemt die in een andere hoedanigheid dan de zaak of het voorval.",
        ),
        Place.FELLOW: Label(
            "It is of a fellow on the same side of the case or incident, and nobody's fellow leaves with them.",
            "Het is van iemand aan dezelfde kant van de zaak of het voorval, en die gaat nooit mee.",
        ),
        Place.FELLOWS_BOOK: Label(
            "It belongs to the book of the case that is kept for a fellow alone.",
            "Het hoort bij de zaak zoals die alleen voor een medeverdachte wordt bijgehouden.",
        ),
        Place.FELLOWS_HEARING: Label(
            "It is a hearing that is booked under a fellow.", "Het is een zitting op naam van een medeverdachte."
        ),
        Place.NOBODYS: Label(
            "It is of nobody, and is no case, incident or hearing.",
            "Het is van niemand, en is geen zaak, voorval of zitting.",
        ),
        Place.ELSEWHERE: Label(
            "It stands in no case or incident of theirs.", "Het staat in geen zaak of voorval van hen."
        ),
    }
)

STANDING: Final[Mapping[Why, tuple[Label, Label]]] = MappingProxyType(
    {  # what was the matter, as a log keeps it by its code; and what would have to change
        Why.UNREADABLE: (
            Label("Its text could not be used.", "De tekst was niet bruikbaar."),
            Label("A version that can be read would have to be signed.", "Teken een versie die leesbaar is."),
        ),
        Why.UNSIGNED: (
            Label("Not every party had signed it.", "Niet iedere partij had getekend."),
            Label("Every party would have to sign it.", "Iedere partij moet tekenen."),
        ),
        Why.INVALID_SIGNATURE: (
            Label("A signature did not belong to its text.", "Een ondertekening hoorde niet bij de tekst."),
            Label("That party would have to sign this text anew.", "Die partij moet deze tekst opnieuw tekenen."),
        ),
        Why.KEY_NOT_PINNED: (
            Label("It was signed with another key than the pinned one.", "Er was met een andere sleutel getekend."),
            Label(
                "That party would have to sign with the key that is pinned for it.",
                "Die partij moet tekenen met de sleutel die voor haar is vastgelegd.",
            ),
        ),
        Why.NOT_YET: (
            Label("It had not begun.", "Zij was nog niet ingegaan."),
            Label("Ask on or after the day on which it begins.", "Vraag op of na de dag waarop zij ingaat."),
        ),
        Why.EXPIRED: (
            Label("It had expired.", "Zij was verlopen."),
            Label(
                "A new version would have to be signed, and be in force.",
                "Er moet een nieuwe versie worden getekend die van kracht is.",
            ),
        ),
        Why.SUSPENDED: (
            Label("A party had suspended it.", "Een partij had haar geschorst."),
            Label("Whoever suspended it would have to resume it.", "Wie haar schorste, moet haar hervatten."),
        ),
        Why.REVOKED: (
            Label("A party had revoked it.", "Een partij had haar ingetrokken."),
            Label(
                "That is for ever: a new version would have to be signed.",
                "Dat is voorgoed: er moet een nieuwe versie worden getekend.",
            ),
        ),
        Why.REPLACED: (
            Label("A later version had replaced it.", "Een latere versie had haar vervangen."),
            Label("Ask under the version that replaced it.", "Vraag volgens de versie die haar verving."),
        ),
        Why.NOT_ASSESSED: (
            Label("Its impact assessment was not approved.", "De effectbeoordeling was niet goedgekeurd."),
            Label("Its impact assessment would have to be approved.", "De effectbeoordeling moet worden goedgekeurd."),
        ),
        Why.REVIEW_OVERDUE: (
            Label("Its review was overdue.", "De evaluatie was te laat."),
            Label("It would have to be reviewed.", "Zij moet worden geëvalueerd."),
        ),
    }
)

SCOPES: Final[Mapping[Scope, Label]] = MappingProxyType(
    {
        Scope.LOOKED: Label("As the record stands now.", "Zoals het dossier er nu uitziet."),
        Scope.NOT_ONE_PERSON: Label(
            "No record was looked at: the log keeps neither the words of a search nor the number of a case.",
            "Er is in geen dossier gekeken: het logboek bewaart geen zoekwoorden en geen zaaknummers.",
        ),
        Scope.NOT_SIGNED: Label(
            "No record was looked at: not every party has signed this version, so none is shown under it.",
            "Er is in geen dossier gekeken: niet iedere partij heeft deze versie getekend.",
        ),
        Scope.NOT_YOURS: Label(
            "No record was looked at: your agency may not see anything under this agreement today.",
            "Er is in geen dossier gekeken: uw organisatie mag volgens deze overeenkomst nu niets zien.",
        ),
        Scope.NO_AGREEMENT: Label(
            "No record was looked at: there is no agreement to look under.",
            "Er is in geen dossier gekeken: er is geen overeenkomst die dat toelaat.",
        ),
    }
)

ANSWERS: Final[Mapping[Answer | None, Label]] = MappingProxyType(
    {
        None: Label("The person has not been asked.", "De persoon is niet gevraagd."),
        Answer.GIVEN: Label("The person consented.", "De persoon gaf toestemming."),
        Answer.REFUSED: Label("The person refused consent.", "De persoon weigerde toestemming."),
        Answer.WITHDRAWN: Label("The person withdrew consent.", "De persoon trok de toestemming in."),
    }
)
NOBODY_ASKED: Final = Label("Nobody's consent is asked.", "Er wordt niemand om toestemming gevraagd.")

# --- the request -----------------------------------------------------------------------------------------------------


def purpose_would(agreement: Agreement, vocabulary: Vocabulary) -> Label:
    """Say for which purpose one would have to ask."""
    label = lower(vocabulary.purpose(agreement.purpose).label)
    return phrase("Ask for the agreement's own purpose: {0}.", "Vraag voor het doel van de overeenkomst: {0}.", label)


def agency_would(agreement: Agreement) -> Label:
    """Say who would have to ask."""
    names = join((same(each) for each in agreement.recipients), "or", "of")
    return phrase("A recipient would have to ask: {0}.", "Een ontvanger moet vragen: {0}.", names)


def role_would(agreement: Agreement, vocabulary: Vocabulary) -> Label:
    """Say in which role one would have to ask."""
    names = join((_term(vocabulary.roles, each) for each in agreement.requesters.roles), "or", "of")
    return phrase("Ask in one of the roles that may: {0}.", "Vraag in een rol die mag vragen: {0}.", names)


def channel_would(channel: str, vocabulary: Vocabulary) -> Label:
    """Say which way out the agreement would have to open."""
    return phrase(
        "The agreement would have to open this way out: {0}.",
        "De overeenkomst moet deze weg naar buiten openen: {0}.",
        _term(vocabulary.channels, channel),
    )


STATE: Final[Mapping[str, Label]] = MappingProxyType(
    {
        "case_reference": Label("State a case reference.", "Vermeld een zaaknummer."),
        "justification": Label("State why it is needed.", "Vermeld waarom het nodig is."),
        "": Label(
            "State them shorter, and in plain text.",
            "Houd zaaknummer en reden korter, in gewone tekst.",
        ),
    }
)
STAFF_WOULD: Final = Label("State who asks, by a staff id.", "Vermeld wie vraagt, met een personeelsnummer.")
ACT_WOULD: Final = Label("Ask for a person, for a case, or search.", "Vraag een persoon of een zaak op, of zoek.")
REVIEW_WOULD: Final = Label(
    "Ask in a way that writes its review: read or search.",
    "Vraag op een manier die haar toetsing vastlegt: raadplegen of zoeken.",
)
CONSENT_WOULD: Final = Label(
    "The agreement would have to say of consent what the gate knows.",
    "De overeenkomst moet over toestemming iets zeggen dat de poort kent.",
)
STATEMENT_WOULD: Final = Label(
    "The agreement would have to ask only for what the gate can check.",
    "De overeenkomst mag alleen vragen wat de poort kan controleren.",
)
CRITERION_WOULD: Final = Label(
    "Search by something that one clause releases as it is.",
    "Zoek op iets dat één bepaling ongewijzigd verstrekt.",
)
SOMETHING_WOULD: Final = Label(
    "A clause would have to name a field in a form that can be given.",
    "Een bepaling moet een veld noemen in een vorm die te geven is.",
)


def standing_of(codes: Iterable[str]) -> Standing:
    """Return the standing that a log keeps by the codes of its reasons."""
    return Standing(tuple(Reason(Why(code), STANDING[Why(code)][0]) for code in codes if code in list(Why)))


# --- the person ------------------------------------------------------------------------------------------------------


def fact_would(condition: Condition, vocabulary: Vocabulary) -> Label:
    """Say what would have to be true of a record."""
    words = condition_words(condition, vocabulary)
    return phrase("It would have to be so that {0}.", "Het zou zo moeten zijn dat {0}.", words)


def record_would(record: str, vocabulary: Vocabulary) -> Label:
    """Say that a record of a type would have to be there."""
    label = lower(vocabulary.record_type(record).label)
    return phrase(
        "A provider would have to hold a record of this type that concerns them: {0}.",
        "Een verstrekker moet een gegeven van deze soort over de persoon hebben: {0}.",
        label,
    )


def join_would(needed: Join, vocabulary: Vocabulary) -> Label:
    """Say that one record would have to refer to another."""
    labels = (lower(vocabulary.record_type(each).label) for each in (needed.record, needed.referred))
    return phrase(
        "The {0} would have to name the {1}.", "Het gegeven ({0}) moet naar het andere wijzen ({1}).", *labels
    )


KNOWN_WOULD: Final = Label(
    "A provider would have to hold a record of the person.", "Een verstrekker moet een gegeven van de persoon hebben."
)
CONSENT_BY: Final[Mapping[str, Label]] = MappingProxyType(
    {
        "asked": Label(
            "The person would have to be asked, and answer: consent, or a refusal with the reason to go on.",
            "De persoon moet zijn gevraagd: toestemming, of een weigering met de reden om toch door te gaan.",
        ),
        "required": Label("The person would have to consent.", "De persoon moet toestemmen."),
    }
)

# --- rows and fields -------------------------------------------------------------------------------------------------


def clause_words(
    place: Place, *, leaves: bool, of: tuple[str, ...], of_fits: bool, where: bool | None, vocabulary: Vocabulary
) -> Label:
    """Say what a clause does with a row, and each reason for which it does not release it."""
    if leaves:
        return PLACES[place]
    parts = [] if place in (Place.OWN, Place.SHARED, Place.OTHER_SIDE) else [PLACES[place]]
    if not of_fits:
        names = join((_term(vocabulary.subject_categories, each) for each in of), "or", "of")
        parts.append(
            phrase("The clause is about others only: {0}.", "De bepaling gaat alleen over anderen: {0}.", names)
        )
    if where is False:
        parts.append(Label("Its condition is not true of it.", "De voorwaarde is er niet waar van."))
    if where is None:
        parts.append(
            Label(
                "Of its condition it is unknown whether it is true, and what is unknown does not leave.",
                "Van de voorwaarde is onbekend of zij waar is, en wat onbekend is, wordt niet verstrekt.",
            )
        )
    return join_sentences(parts) if parts else NOT_RELEASED


NOT_RELEASED: Final = Label("The gate does not release it here.", "De poort verstrekt het hier niet.")


def of_would(whose: str, vocabulary: Vocabulary) -> Label:
    """Say whose rows a clause would have to release."""
    return phrase(
        "The clause would have to say that it is also about: {0}.",
        "De bepaling moet zeggen dat zij ook gaat over: {0}.",
        _term(vocabulary.subject_categories, whose),
    )


NOTHING_WOULD: Final = Label(
    "Nothing would: what is of a fellow leaves only if they are asked about themselves, and are covered.",
    "Niets: wat van een ander aan dezelfde kant is, gaat alleen mee als over die ander zelf wordt gevraagd.",
)
WOULD_NOT: Final[Mapping[Place, Label]] = MappingProxyType(
    {
        Place.ELSEWHERE: Label(
            "A record of theirs would have to stand in the same case or incident.",
            "Een gegeven van hen moet in dezelfde zaak of hetzelfde voorval staan.",
        ),
        Place.OTHER_CAPACITY: Label(
            "Both records would have to say the same of whose they are.",
            "Beide gegevens moeten van die ander hetzelfde zeggen: in welke hoedanigheid.",
        ),
        Place.NOBODYS: Label("It would have to be somebody's.", "Het moet van iemand zijn."),
    }
)
KEY_WOULD: Final = Label(
    "The person's key was destroyed: it leaves empty for ever.",
    "De sleutel van de persoon is vernietigd: het blijft voorgoed leeg.",
)


def field_words(findings: Iterable[Permitted | Refused], vocabulary: Vocabulary, leaves: int, rows: int) -> Label:
    """Say in which form a field leaves by which clause, and of how many rows; or each reason why not."""
    parts = [_finding(each, vocabulary) for each in findings]
    if not any(isinstance(each, Permitted) for each in findings):
        return join_sentences(parts)
    count = phrase("Of {0} of {1} rows.", "Van {0} van {1} rijen.", same(str(leaves)), same(str(rows)))
    return join_sentences([*parts, count] if rows else parts)


def _finding(finding: Permitted | Refused, vocabulary: Vocabulary) -> Label:
    clause = same(str(finding.clause))
    if isinstance(finding, Permitted):
        form = _term(vocabulary.minimisers, finding.minimiser)
        return phrase("By clause {0}: {1}.", "Volgens bepaling {0}: {1}.", clause, form)
    if finding.clause is None:
        return finding.reason.label
    return phrase("Clause {0}: {1}", "Bepaling {0}: {1}", clause, lower(finding.reason.label))


def name_would(record: str, field: str, vocabulary: Vocabulary) -> Label:
    """Say that a clause would have to name a field, in a form that can be given."""
    of = vocabulary.record_type(record)
    return phrase(
        "A clause would have to release {1} of {0}, in a form that can be given.",
        "Een bepaling moet {1} van {0} verstrekken, in een vorm die te geven is.",
        lower(of.plural),
        lower(of.field(field).label),
    )


# --- since -----------------------------------------------------------------------------------------------------------


def since_standing(version: int, standing: Standing) -> Label:
    """Say how the version of a past request stands today."""
    if standing.in_force:
        return phrase("Version {0} is in force today.", "Versie {0} is nu van kracht.", same(str(version)))
    reasons = join_sentences([each.label for each in standing.reasons])
    return phrase(
        "Version {0} is not in force today. {1}", "Versie {0} is nu niet van kracht. {1}", same(str(version)), reasons
    )


def since_rows(count: int) -> Label:
    """Say how many of the rows came after a past request."""
    return phrase(
        "Of the rows that are told of here, {0} came or changed after it.",
        "Van de rijen die hier worden genoemd, kwamen of veranderden er {0} daarna.",
        same(str(count)),
    )


def since_answer(answer: Answer) -> Label:
    """Say that the person answered after a past request."""
    return phrase("Answered after it: {0}", "Daarna geantwoord: {0}", lower(ANSWERS[answer]))


OTHERWISE_NOW: Final = Label(
    "What became of it then is not what would become of it as the record stands now.",
    "Wat er toen van werd, is niet wat er nu van zou worden.",
)


def providers_only(agreement: Agreement) -> Label:
    """Say whose records were looked at."""
    names = join(same(each) for each in agreement.providers)
    return phrase(
        "Only records of the providers were looked at ({0}): what others hold never leaves under this agreement.",
        "Er is alleen gekeken bij de verstrekkers ({0}): wat anderen hebben, valt nooit onder deze overeenkomst.",
        names,
    )


# --- small -----------------------------------------------------------------------------------------------------------


def join_sentences(labels: Iterable[Label]) -> Label:
    """Return sentences after one another."""
    found = list(labels)
    return Label(" ".join(each.en for each in found), " ".join(each.nl for each in found))


def same(text: str) -> Label:
    """Return a text that is the same in every language."""
    return Label(text, text)


def _term(terms: Mapping[str, Term], name: str) -> Label:
    return lower(terms[name].label) if name in terms else same(name)
