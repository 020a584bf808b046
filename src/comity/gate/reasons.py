"""Every reason for which the gate refuses, enumerated once, in words.

The requester reads a reason of :data:`THEIRS` (about the request, which they wrote themselves), or the one reason
:attr:`Reasons.NOTHING_TO_SHOW`, which is the same for an agreement that is not there, a person who is not there, and a
person whom the agreement does not cover. The overseer's log keeps the code of what was really so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from comity.agreements import Standing
from comity.gate.models import Reason
from comity.vocabulary.models import Label


def _reason(code: str, en: str, nl: str) -> Reason:
    return Reason(code, Label(en, nl))


# --- a whole request -------------------------------------------------------------------------------------------------

UNKNOWN_ACT: Final = _reason(
    "unknown-act", "The gate does not know this kind of request.", "De poort kent dit soort verzoek niet."
)
LEDGER_BEHIND: Final = _reason(
    "ledger-behind",
    "The ledger is behind, and nothing is provided until it has caught up. Try again in a few minutes.",
    "Het logboek loopt achter; tot het bij is wordt niets verstrekt. Probeer het over enkele minuten opnieuw.",
)
NO_PURPOSE: Final = _reason("no-purpose", "No purpose was stated. Choose one.", "Er is geen doel genoemd. Kies er een.")
OTHER_PURPOSE: Final = _reason(
    "other-purpose",
    "The purpose is not the one that the agreement is for.",
    "Het doel is niet het doel waarvoor de overeenkomst is gesloten.",
)
NOT_IN_FORCE: Final = _reason("not-in-force", "The agreement is not in force.", "De overeenkomst is niet van kracht.")
NOT_A_RECIPIENT: Final = _reason(
    "not-a-recipient",
    "Your agency is not a recipient under this agreement.",
    "Uw organisatie is geen ontvanger volgens deze overeenkomst.",
)
ROLE_NOT_LISTED: Final = _reason(
    "role-not-listed",
    "Your role is not one that may ask under this agreement.",
    "Uw rol is er geen die volgens deze overeenkomst mag vragen.",
)
ROLE_NOT_HELD: Final = _reason(
    "role-not-held",
    "You no longer hold the role in which you asked.",
    "U hebt de rol waarin u het vroeg niet meer.",
)
NO_REQUESTER: Final = _reason("no-requester", "It is not known who asks.", "Het is niet bekend wie het verzoek doet.")
NO_CASE_REFERENCE: Final = _reason(
    "no-case-reference",
    "The agreement asks for a case reference. State it.",
    "De overeenkomst vraagt om een zaaknummer. Vermeld het.",
)
NO_JUSTIFICATION: Final = _reason(
    "no-justification",
    "The agreement asks why you need this. Say so.",
    "De overeenkomst vraagt waarom u dit nodig hebt. Vermeld het.",
)
UNUSABLE_TEXT: Final = _reason(
    "unusable-text",
    "A case reference is one line of at most 100 characters, a justification plain text of at most 2,000.",
    "Een zaaknummer is één regel van ten hoogste 100 tekens, een reden gewone tekst van ten hoogste 2.000.",
)
UNKNOWN_STATEMENT: Final = _reason(
    "unknown-statement",
    "The agreement asks each request to state something that the gate cannot check.",
    "De overeenkomst vraagt van elk verzoek iets dat de poort niet kan controleren.",
)
CHANNEL_CLOSED: Final = _reason(
    "channel-closed",
    "The agreement does not allow data to be read, only to be shared in other ways.",
    "Volgens de overeenkomst mogen gegevens niet worden geraadpleegd, alleen anders gedeeld.",
)
NO_REVIEW_WRITTEN: Final = _reason(
    "no-review-written",
    "Each use under this agreement is reviewed, and this way of asking writes no review yet.",
    "Elk gebruik volgens deze overeenkomst wordt getoetst, en deze manier van vragen legt nog geen toetsing vast.",
)
SEARCH_CLOSED: Final = _reason(
    "search-closed",
    "The agreement does not allow people to be searched for. Ask for the case by its number.",
    "Volgens de overeenkomst mag niet naar mensen worden gezocht. Vraag de zaak op bij haar nummer.",
)
NOTIFY_CLOSED: Final = _reason(
    "notify-closed",
    "The agreement does not allow anybody to be told of changes.",
    "Volgens de overeenkomst mag niemand bericht krijgen van wijzigingen.",
)
EXTRACT_CLOSED: Final = _reason(
    "extract-closed",
    "The agreement does not allow files about many people to be made.",
    "Volgens de overeenkomst mogen geen bestanden over veel mensen worden gemaakt.",
)
STATISTIC_CLOSED: Final = _reason(
    "statistic-closed",
    "The agreement does not allow statistics to be made.",
    "Volgens de overeenkomst mag geen statistiek worden gemaakt.",
)
DATA_GONE: Final = _reason(
    "data-gone",
    "A provider took back data while the extract was made. Begin a new one.",
    "Een verstrekker heeft gegevens teruggenomen terwijl het uittreksel werd gemaakt. Begin een nieuw.",
)
UNKNOWN_CONSENT: Final = _reason(
    "unknown-consent",
    "The agreement says something of consent that the gate cannot check.",
    "De overeenkomst zegt iets over toestemming dat de poort niet kan controleren.",
)
NOTHING_RELEASED: Final = _reason(
    "nothing-released",
    "The agreement releases no field that the gate can let out.",
    "De overeenkomst geeft geen gegeven vrij dat de poort kan verstrekken.",
)
CRITERION_NOT_RELEASED: Final = _reason(
    "criterion-not-released",
    "You may search only by what the agreement releases as it is. Search by something else.",
    "U mag alleen zoeken op wat de overeenkomst ongewijzigd vrijgeeft. Zoek op iets anders.",
)
NO_BUDGET: Final = _reason(
    "no-budget",
    "The agreement says no budget for statistics, so none can be made.",
    "De overeenkomst noemt geen budget voor statistiek, dus er kan geen worden gemaakt.",
)
NOT_A_MEASURE: Final = _reason(
    "not-a-measure",
    "The agreement does not release what would be counted or added up. Whole numbers and dates can be, released as "
    "they are.",
    "De overeenkomst geeft niet vrij wat zou worden geteld of opgeteld. Gehele getallen en datums kunnen dat zijn, "
    "ongewijzigd vrijgegeven.",
)
NOT_A_CATEGORY: Final = _reason(
    "not-a-category",
    "One of the fields is not released, or not in a form that has few values. Count by another field or another form.",
    "Een van de gegevens is niet vrijgegeven, of niet in een vorm met weinig waarden. Tel naar een ander gegeven of "
    "in een andere vorm.",
)
NO_VALUES: Final = _reason(
    "no-values",
    "Of one of the fields it must be said which values to count, like 2020..2026. The data themselves must not say it.",
    "Van een van de gegevens moet worden gezegd welke waarden tellen, zoals 2020..2026. De gegevens zelf mogen dat "
    "niet zeggen.",
)
NO_DELTA: Final = _reason(
    "no-delta",
    "The agreement's budget has no delta, so no values can be chosen from the data. Name the values to count.",
    "Het budget van de overeenkomst heeft geen delta, dus uit de gegevens kan geen keuze worden gemaakt. Noem de "
    "waarden die tellen.",
)
TOO_MANY_CELLS: Final = _reason(
    "too-many-cells",
    "The table would have more than 1,000 cells. Count by fewer fields or name fewer values.",
    "De tabel zou meer dan 1.000 cellen hebben. Tel naar minder gegevens of noem minder waarden.",
)
OTHERS_IN_CONDITION: Final = _reason(
    "others-in-condition",
    "What the agreement covers depends on records of other people, so what one person adds cannot be bounded.",
    "Wie of wat onder de overeenkomst valt hangt af van gegevens van anderen, dus wat één persoon bijdraagt is niet te "
    "begrenzen.",
)
BUDGET_SPENT: Final = _reason(
    "budget-spent",
    "The budget of this period does not allow this answer.",
    "Het budget van deze periode laat dit antwoord niet toe.",
)
NOTHING_TO_SHOW: Final = _reason(
    "nothing-to-show",
    "There is nothing to show under this agreement. The record may not exist, or the agreement may not cover it.",
    "Er is volgens deze overeenkomst niets te tonen. Het dossier bestaat niet, of valt er niet onder.",
)

# --- what only the overseer reads ------------------------------------------------------------------------------------

UNKNOWN_AGREEMENT: Final = _reason(
    "unknown-agreement", "There is no agreement of that name.", "Er is geen overeenkomst met die naam."
)
NOT_A_PARTY: Final = _reason(
    "not-a-party",
    "The officer's agency is no party to this agreement.",
    "De organisatie van de functionaris is geen partij bij deze overeenkomst.",
)
UNKNOWN_SUBJECT: Final = _reason(
    "unknown-subject",
    "No provider of the agreement holds this person or case.",
    "Geen verstrekker van de overeenkomst houdt deze persoon of zaak.",
)
NOT_COVERED: Final = _reason(
    "not-covered",
    "The person or case is there, but the agreement does not cover it.",
    "De persoon of zaak is er, maar valt niet onder de overeenkomst.",
)

NO_CONSENT: Final = _reason(
    "no-consent",
    "The agreement covers the person, but no answer of theirs lets anything leave. They have to be asked first.",
    "De persoon valt onder de overeenkomst, maar gaf geen antwoord dat verstrekking toelaat. Vraag het eerst.",
)

# --- one field -------------------------------------------------------------------------------------------------------

NOT_NAMED: Final = _reason("not-named", "The agreement does not release this.", "De overeenkomst geeft dit niet vrij.")
WITHHELD: Final = _reason("withheld", "The agreement withholds this.", "De overeenkomst houdt dit achter.")
UNKNOWN_RECORD: Final = _reason(
    "unknown-record",
    "The vocabulary has no such type of record.",
    "De woordenlijst kent dit soort dossier niet.",
)
UNKNOWN_FIELD: Final = _reason(
    "unknown-field", "The vocabulary has no such field.", "De woordenlijst kent dit gegeven niet."
)
UNKNOWN_MINIMISER: Final = _reason(
    "unknown-minimiser", "There is no such form of release.", "Er is geen zodanige vorm van vrijgave."
)
UNFIT_MINIMISER: Final = _reason(
    "unfit-minimiser",
    "This form of release does not suit this kind of field.",
    "Deze vorm van vrijgave past niet bij dit soort gegeven.",
)

#: Reasons that the requester may read as they are: each is about the request or the agreement, none about a record.
THEIRS: Final = frozenset({
    LEDGER_BEHIND, UNKNOWN_ACT, NO_PURPOSE, OTHER_PURPOSE, NOT_IN_FORCE, NOT_A_RECIPIENT,
    ROLE_NOT_LISTED, ROLE_NOT_HELD, NO_REQUESTER,
    NO_CASE_REFERENCE, NO_JUSTIFICATION, UNUSABLE_TEXT, UNKNOWN_STATEMENT, CHANNEL_CLOSED, SEARCH_CLOSED,
    NOTIFY_CLOSED, EXTRACT_CLOSED, STATISTIC_CLOSED, DATA_GONE, NO_REVIEW_WRITTEN,
    UNKNOWN_CONSENT, NOTHING_RELEASED, CRITERION_NOT_RELEASED, NOTHING_TO_SHOW,
    NO_BUDGET, NOT_A_MEASURE, NOT_A_CATEGORY, NO_VALUES, NO_DELTA, TOO_MANY_CELLS, OTHERS_IN_CONDITION, BUDGET_SPENT,
})  # fmt: skip

_BY_CODE: Final[Mapping[str, Reason]] = MappingProxyType(
    {
        reason.code: reason
        for reason in (*THEIRS, UNKNOWN_AGREEMENT, NOT_A_PARTY, UNKNOWN_SUBJECT, NOT_COVERED, NO_CONSENT)
    }
)


def public(reason: Reason) -> Reason:
    """Return what the requester may read of ``reason``."""
    return reason if _BY_CODE.get(reason.code.partition(":")[0]) in THEIRS else NOTHING_TO_SHOW


def not_in_force(standing: Standing) -> Reason:
    """Return why an agreement is not in force, in the words of its standing; its code keeps each of the reasons'."""
    code = NOT_IN_FORCE.code + ":" + ",".join(reason.code for reason in standing.reasons)
    en = " ".join([NOT_IN_FORCE.label.en, *(reason.label.en for reason in standing.reasons)])
    nl = " ".join([NOT_IN_FORCE.label.nl, *(reason.label.nl for reason in standing.reasons)])
    return _reason(code, en, nl)


def budget_spent(left: Decimal, again: date) -> Reason:
    """Return that a budget does not allow an answer, with what is left of it and the day on which it is whole again."""
    left, day = left.normalize(), f"{again:%d-%m-%Y}"
    return _reason(
        f"{BUDGET_SPENT.code}:{left:f},{again.isoformat()}",
        f"The budget of this period does not allow this answer: {left:f} is left. The next period begins on {day}.",
        f"Het budget van deze periode laat dit antwoord niet toe: er is nog {left:f}. De volgende begint op {day}.",
    )


def by_code(code: str) -> Reason:
    """Return the reason that a log kept by its code; its words, where they were longer, are those of its kind."""
    kind = _BY_CODE.get(code.partition(":")[0])
    return Reason(code, kind.label) if kind else Reason(code, Label(code, code))
