"""What can be wrong with the text of an agreement or an assessment, in English and Dutch: cause, and how to mend it.

Keys, terms and forms are written as they are typed, in either language. Of conditions, see
:mod:`comity.agreements.condition_faults`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final, NamedTuple

from comity.vocabulary.models import Label


class Said(NamedTuple):
    """A mistake in words: its cause and its mend in English, and both in Dutch."""

    cause: str
    mend: str
    dutch: str


def mistake(code: str, /, **of: object) -> Said:
    """Return the words of a mistake; what it speaks of is a text, a number, or a label for what has two languages."""
    (cause_en, cause_nl), (mend_en, mend_nl) = _WORDS[code]
    english, dutch = _in("en", of), _in("nl", of)
    return Said(
        cause_en.format(**english), mend_en.format(**english), f"{cause_nl.format(**dutch)} {mend_nl.format(**dutch)}"
    )


def unknown(code: str, name: str, known: Iterable[str], kind: str = "") -> Said:
    """Return the words for a ``name`` that is not ``known``: the nearest known one, or else all of them."""
    words = list(known)
    near = get_close_matches(name, words, n=1)
    listed = ", ".join(words)
    hint = (
        Label(f"Did you mean {near[0]!r}?", f"Bedoelt u {near[0]!r}?")
        if near
        else Label(f"Known are: {listed or 'none yet'}.", f"Bekend zijn: {listed or 'nog geen'}.")
    )
    return mistake(code, name=name, hint=hint, kind=_kind(kind))


def _kind(kind: str) -> Label:
    of, _, record = kind.partition(" of ")
    if of == "field":
        return Label(kind, f"veld van {record}")
    return Label(kind, _KINDS[kind]) if kind else Label("", "")


def _in(language: str, said: Mapping[str, object]) -> dict[str, object]:
    return {name: it.in_language(language) if isinstance(it, Label) else it for name, it in said.items()}


_KINDS: Final[Mapping[str, str]] = {
    "agency": "instantie",
    "category of people": "categorie van mensen",
    "channel": "kanaal",
    "end of keeping": "einde van het bewaren",
    "form": "vorm",
    "jurisdiction": "rechtsgebied",
    "key": "sleutel",
    "lawful basis": "grondslag",
    "party": "partij",
    "purpose": "doel",
    "record type": "recordtype",
    "role": "rol",
    "rule for consent": "regel voor toestemming",
    "rule for overdue reviews": "regel voor te late toetsingen",
    "rule for passing on": "regel voor doorgeven",
    "rule for receipts": "regel voor ontvangstbewijzen",
    "rule for telling reviewers": "regel voor het inlichten van toetsers",
    "thing to review": "te toetsen onderwerp",
    "thing to state": "te vermelden gegeven",
}
_Pair = tuple[str, str]
_ADD: Final = ("Add it: nothing is decided by leaving it out.", "Voeg hem toe: door weglaten wordt niets beslist.")
_ANSWER_FIRST: Final = ("Answer it first.", "Beantwoord dat eerst.")
_HINT: Final = ("{hint}", "{hint}")
_MADE_OF: Final = (
    "{form!r} cannot be made of {field}, which is a {type}.",
    "{form!r} kan niet worden gemaakt van {field}: dat is van het type {type}.",
)
_ONE_OF_TWO: Final = ("Remove one of the two.", "Haal een van de twee weg.")
_RESTORE: Final = ("Restore it from a party's copy.", "Herstel het van het exemplaar van een partij.")
_SMALL: Final = (
    "Use small letters, digits and single hyphens.",
    "Gebruik kleine letters, cijfers en losse koppeltekens.",
)
_USE_ONE: Final = ("Use one of: {allowed}.", "Gebruik een van: {allowed}.")
_WHOLE: Final = ("Write a whole number from 1.", "Schrijf een geheel getal vanaf 1.")
_WRITE_YES: Final = ("Write yes, or leave the key out.", "Schrijf yes, of laat de sleutel weg.")

_WORDS: Final[Mapping[str, tuple[_Pair, _Pair]]] = {
    # The text itself
    "not-yaml": (
        ("This is not YAML: {problem}.", "Dit is geen YAML: {problem}."),
        ("Mend it here.", "Verbeter het hier."),
    ),
    "forbidden-sign": (
        (
            "This is not YAML: it holds a sign that YAML forbids.",
            "Dit is geen YAML: er staat een teken in dat YAML verbiedt.",
        ),
        ("Remove it.", "Haal het weg."),
    ),
    "not-canonical": (("This is not canonical JSON.", "Dit is geen canonieke JSON."), _RESTORE),
    "not-the-canonical-form": (
        (
            "The bytes are not the canonical form of what they say.",
            "De bytes zijn niet de canonieke vorm van wat ze zeggen.",
        ),
        ("Restore them from {copy}.", "Herstel ze van {copy}."),
    ),
    "canonical-text": (
        (
            "A text in it is longer than {most:,} characters, or holds one that nobody sees.",
            "Een tekst erin is langer dan {most} tekens, of bevat een teken dat niemand ziet.",
        ),
        _RESTORE,
    ),
    "empty": (("The text is empty.", "De tekst is leeg."), ("Write an agreement.", "Schrijf een overeenkomst.")),
    "second-document": (
        ("A second document begins here.", "Hier begint een tweede document."),
        ("Keep one agreement to a file.", "Houd het bij een overeenkomst per bestand."),
    ),
    "too-deep": (
        ("Blocks go at most {most} deep.", "Blokken gaan ten hoogste {most} diep."),
        ("Nothing in an agreement needs it.", "Niets in een overeenkomst heeft meer nodig."),
    ),
    "key-is-block": (
        ("A key is a word, not a block.", "Een sleutel is een woord, geen blok."),
        ("Write a word before the colon.", "Schrijf een woord voor de dubbele punt."),
    ),
    "key-twice": (("{name!r} stands twice in this block.", "{name!r} staat twee keer in dit blok."), _ONE_OF_TWO),
    "invisible-sign": (
        ("An invisible character ({sign}) stands here.", "Hier staat een onzichtbaar teken ({sign})."),
        ("Remove it, or type a space.", "Haal het weg, of typ een spatie."),
    ),
    "value-too-long": (
        ("A value has at most {most:,} characters.", "Een waarde heeft ten hoogste {most} tekens."),
        ("Say it in fewer words.", "Zeg het in minder woorden."),
    ),
    "alias": (
        ("An alias (*) stands here.", "Hier staat een alias (*)."),
        (
            "Write the value out: an agreement is read as it stands.",
            "Schrijf de waarde uit: een overeenkomst wordt gelezen zoals zij er staat.",
        ),
    ),
    "no-value": (("Here a value should stand.", "Hier hoort een waarde te staan."), ("Write one.", "Schrijf er een.")),
    "anchor": (
        ("An anchor (&) stands here.", "Hier staat een anker (&)."),
        (
            "Remove it: an agreement is read as it stands.",
            "Haal het weg: een overeenkomst wordt gelezen zoals zij er staat.",
        ),
    ),
    "tag": (
        ("A tag (!) stands here.", "Hier staat een tag (!)."),
        (
            "Remove it: the vocabulary says what type a value has.",
            "Haal hem weg: het vocabulaire zegt van welk type een waarde is.",
        ),
    ),
    "too-many-bytes": (
        (
            "The text has {size:,} bytes; at most {most:,} are read.",
            "De tekst heeft {size} bytes; er worden er ten hoogste {most} gelezen.",
        ),
        ("Split the agreement.", "Splits de overeenkomst."),
    ),
    "not-utf-8": (
        ("The text is not UTF-8 here.", "De tekst is hier geen UTF-8."),
        ("Save the file as UTF-8.", "Bewaar het bestand als UTF-8."),
    ),
    # Shapes
    "want-block": (
        ("Here a block of keys should stand.", "Hier hoort een blok met sleutels te staan."),
        ("Write the keys {keys}.", "Schrijf de sleutels {keys}."),
    ),
    "want-known-block": (
        ("Here a block of keys should stand.", "Hier hoort een blok met sleutels te staan."),
        ("Known are: {keys}.", "Bekend zijn: {keys}."),
    ),
    "key-missing": (("The key {name!r} is missing.", "De sleutel {name!r} ontbreekt."), _ADD),
    "want-items": (
        (
            "Here a list with at least one item should stand.",
            "Hier hoort een lijst met ten minste een onderdeel te staan.",
        ),
        ("Begin each item with a dash.", "Begin elk onderdeel met een streepje."),
    ),
    "word-twice": (("{name!r} stands twice in this list.", "{name!r} staat twee keer in deze lijst."), _ONE_OF_TWO),
    "want-value": (
        (
            "Here one value should stand, not a block or a list.",
            "Hier hoort een enkele waarde te staan, geen blok of lijst.",
        ),
        ("Write it on this line.", "Schrijf haar op deze regel."),
    ),
    "nothing": (("Nothing stands here.", "Hier staat niets."), ("Write a value.", "Schrijf een waarde.")),
    "unknown": (("There is no {kind} named {name!r}.", "Er is geen {kind} met de naam {name!r}."), _HINT),
    "unknown-key": (
        ("There is no key named {name!r} here.", "Er is hier geen sleutel met de naam {name!r}."),
        _HINT,
    ),
    "unknown-word": (("There is no {name!r} here.", "Er is hier geen {name!r}."), _HINT),
    "not-a-date": (
        ("{text!r} is not a date.", "{text!r} is geen datum."),
        ("Write year-month-day, e.g. 2026-02-01.", "Schrijf jaar-maand-dag, bijv. 2026-02-01."),
    ),
    "not-a-length": (
        ("{text!r} is not a length of time.", "{text!r} is geen tijdsduur."),
        (
            "Write an ISO 8601 length in years, months, weeks or days, e.g. {eg}.",
            "Schrijf een ISO 8601-duur in jaren, maanden, weken of dagen, bijv. {eg}.",
        ),
    ),
    "not-soon": (
        ("{text!r} is not a time to review within.", "{text!r} is geen termijn om binnen te toetsen."),
        (
            "Write an ISO 8601 length in days or hours, e.g. P1D or PT4H.",
            "Schrijf een ISO 8601-duur in dagen of uren, bijv. P1D of PT4H.",
        ),
    ),
    "made-of": (_MADE_OF, _USE_ONE),
    # An agreement
    "format": (
        ("The format {text!r} is not known.", "Het formaat {text!r} is niet bekend."),
        ("Write {known!r}, or leave it out.", "Schrijf {known!r}, of laat het weg."),
    ),
    "name": (
        ("{text!r} cannot be a name.", "{text!r} kan geen naam zijn."),
        (
            "Use small letters, digits and single hyphens, at most {most}.",
            "Gebruik kleine letters, cijfers en losse koppeltekens, ten hoogste {most}.",
        ),
    ),
    "version": (("{text!r} is not a version.", "{text!r} is geen versie."), _WHOLE),
    "other-law": (
        (
            "{term!r} is the law of {law!r}; the agreement is of {jurisdiction!r}.",
            "{term!r} is recht van {law!r}; de overeenkomst is van {jurisdiction!r}.",
        ),
        ("Name a provision of {jurisdiction!r}.", "Noem een bepaling van {jurisdiction!r}."),
    ),
    "until-before-from": (
        ("'until' ({until}) is before 'from' ({start}).", "'until' ({until}) ligt voor 'from' ({start})."),
        ("Put them in order.", "Zet ze op volgorde."),
    ),
    "review-outside": (
        (
            "'review_by' ({review_by}) is not between 'from' ({start}) and 'until' ({until}).",
            "'review_by' ({review_by}) ligt niet tussen 'from' ({start}) en 'until' ({until}).",
        ),
        ("Review it while it is in force.", "Toets haar terwijl zij geldt."),
    ),
    "no-assessment": (
        ("{text!r} names no assessment.", "{text!r} noemt geen beoordeling."),
        (
            "Write its name and version, e.g. marac-victim-safety@3.",
            "Schrijf haar naam en versie, bijv. marac-victim-safety@3.",
        ),
    ),
    "asked-and-confidential": (
        (
            "Uses are to be confidential, but the people concerned are asked for consent.",
            "Gebruik moet vertrouwelijk blijven, maar de betrokkenen wordt toestemming gevraagd.",
        ),
        ("Remove 'confidential', or ask nobody.", "Haal 'confidential' weg, of vraag niemand iets."),
    ),
    "too-long-untold": (
        ("{text!r} is too long to tell nobody.", "{text!r} is te lang om het niemand te vertellen."),
        ("Write at most {most}.", "Schrijf ten hoogste {most}."),
    ),
    "no-budget": (
        (
            "The channel {channel!r} is open, and the key 'statistics' is missing.",
            "Het kanaal {channel!r} is open, en de sleutel 'statistics' ontbreekt.",
        ),
        (
            "Add it: it says how much they may tell of anybody.",
            "Voeg hem toe: hij zegt hoeveel ze over iemand mogen zeggen.",
        ),
    ),
    "budget-for-nothing": (
        (
            "A budget for statistics stands here, but the channel {channel!r} is not open.",
            "Hier staat een budget voor statistiek, maar het kanaal {channel!r} is niet open.",
        ),
        ("Remove it, or add {channel!r} to the channels.", "Haal het weg, of voeg {channel!r} toe aan de kanalen."),
    ),
    "not-this-number": (
        ("{text!r} cannot stand here.", "{text!r} kan hier niet staan."),
        ("Write {form}, at most {most}.", "Schrijf {form}, ten hoogste {most}."),
    ),
    "not-a-number-of-rows": (
        ("{text!r} is not a number of rows.", "{text!r} is geen aantal rijen."),
        ("Write a whole number from 1 to {most}.", "Schrijf een geheel getal van 1 tot en met {most}."),
    ),
    "too-many-releases": (
        ("There are {count} releases; at most {most}.", "Er zijn {count} verstrekkingen; ten hoogste {most}."),
        ("Split it.", "Splits haar."),
    ),
    "no-field": (
        ("No field is released.", "Er wordt geen veld verstrekt."),
        ("Write each field with its form, e.g. name: as-is.", "Schrijf elk veld met zijn vorm, bijv. name: as-is."),
    ),
    # An assessment
    "revision": (
        ("{text!r} is not a revision.", "{text!r} is geen revisie."),
        ("Leave it as it was exported.", "Laat haar zoals zij werd uitgevoerd."),
    ),
    "assessment-name": (("{text!r} cannot be a name.", "{text!r} kan geen naam zijn."), _SMALL),
    "head": (
        ("This {key} is not known here.", "Deze {key} is hier niet bekend."),
        ("Write {known!r}, or leave it out.", "Schrijf {known!r}, of laat het weg."),
    ),
    "too-many-answers": (
        ("There are {count:,} answers; at most {most:,}.", "Er zijn {count} antwoorden; ten hoogste {most}."),
        ("Split it.", "Splits haar."),
    ),
    "item": (
        ("{text!r} cannot be the id of an item.", "{text!r} kan niet de naam van een onderdeel zijn."),
        _SMALL,
    ),
    "not-yes": (
        ("An item is confidential, or it is not.", "Een onderdeel is vertrouwelijk, of het is dat niet."),
        _WRITE_YES,
    ),
    "no-question": (
        ("There is no such question.", "Deze vraag is er niet."),
        ("Take a path of the catalogue.", "Neem een pad uit de catalogus."),
    ),
    "no-item": (
        ("It is about an item that is not there.", "Het gaat over een onderdeel dat er niet is."),
        ("Add the item, or take the answer away.", "Voeg het onderdeel toe, of haal het antwoord weg."),
    ),
    "want-list": (("A list should stand here.", "Hier hoort een lijst te staan."), ("Mend it.", "Verbeter het.")),
    "want-text": (("One text should stand here.", "Hier hoort een tekst te staan."), ("Mend it.", "Verbeter het.")),
    "agency": (
        ("{text!r} cannot be an agency.", "{text!r} kan geen instantie zijn."),
        (
            "Use its id: small letters, digits, single hyphens.",
            "Gebruik haar naam in het systeem: kleine letters, cijfers, losse koppeltekens.",
        ),
    ),
    "condition-of-nothing": (
        (
            "The kind of record is not answered, so the condition means nothing yet.",
            "Het recordtype is niet beantwoord, dus de voorwaarde betekent nog niets.",
        ),
        _ANSWER_FIRST,
    ),
    "fields-of-nothing": (
        (
            "The kind of record is not answered, so its fields mean nothing yet.",
            "Het recordtype is niet beantwoord, dus de velden ervan betekenen nog niets.",
        ),
        _ANSWER_FIRST,
    ),
    "lines": (
        ("This is more than one line.", "Dit is meer dan een regel."),
        ("Say it on one line.", "Zeg het op een regel."),
    ),
    "no-answer": (
        ("Nothing stands here.", "Hier staat niets."),
        ("Write an answer, or leave the question open.", "Schrijf een antwoord, of laat de vraag open."),
    ),
    "invisible": (
        ("An invisible character stands here.", "Hier staat een onzichtbaar teken."),
        ("Remove it.", "Haal het weg."),
    ),
    "answer-too-long": (
        ("An answer has at most {most:,} characters.", "Een antwoord heeft ten hoogste {most} tekens."),
        ("Say it in fewer words.", "Zeg het in minder woorden."),
    ),
    "twice": (("{name!r} stands twice.", "{name!r} staat er twee keer."), _ONE_OF_TWO),
}
