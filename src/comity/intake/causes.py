"""Why a message is held, in words, and what to do about it. Enumerated once; the texts hold no personal data.

What can be wrong with a value of a record as such is said by :mod:`comity.vocabulary.faults`; here is what can be
wrong with a message and with how it is mapped. A text may name words of the mapping or of the vocabulary
(``{limit}``, ``{forms}``), never a value of the message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from comity.vocabulary.models import Label


class Cause(StrEnum):
    """Every reason of intake's own to hold a message."""

    UNREADABLE = "unreadable"
    KEY_MISSING = "key-missing"
    KEY_TOO_LONG = "key-too-long"
    NOT_ONE_VALUE = "not-one-value"
    PATH_UNFIT = "path-unfit"
    NOT_A_DATE = "not-a-date"
    NOT_A_TIMESTAMP = "not-a-timestamp"
    NOT_WHOLE = "not-a-whole-number"
    NOT_TRUE_OR_FALSE = "not-true-or-false"
    CODE_UNMAPPED = "code-unmapped"
    TOO_LONG = "too-long"
    UNPRINTABLE = "unprintable"
    NO_SUCH_PART = "no-such-part"
    NOTHING_EXTRACTED = "nothing-extracted"
    WHOSE_UNKNOWN = "whose-unknown"
    ASSERTED_UNKNOWN = "asserted-unknown"
    MESSAGE_UNKNOWN = "message-unknown"
    ORDER_UNREADABLE = "order-unreadable"
    ABOUT_NOBODY = "about-nobody"
    TWICE = "twice"
    EMPTY = "empty"
    PAIR_INCOMPLETE = "pair-incomplete"
    NOT_KNOWN_YET = "not-known-yet"
    PERSON_NOT_KNOWN_YET = "person-not-known-yet"
    JUDGED_BEFORE = "judged-before"
    ERASED_BEFORE = "erased-before"
    ON_HOLD = "on-hold"


@dataclass(frozen=True, slots=True)
class Words:
    """What is wrong and how to mend it."""

    cause: Label
    mend: Label


def words(cause: Cause, details: Mapping[str, str]) -> Words:
    """Return the words of a cause with its details filled in."""
    template = _WORDS[cause]
    return Words(_fill(template.cause, details), _fill(template.mend, details))


def _fill(label: Label, details: Mapping[str, str]) -> Label:
    return Label(label.en.format_map(_Blank(details)), label.nl.format_map(_Blank(details)))


class _Blank(dict[str, str]):
    """A detail that was not given stays visible as ``…`` and breaks no page."""

    def __missing__(self, key: str) -> str:
        return "…"


def _say(en: str, nl: str, mend_en: str, mend_nl: str) -> Words:
    return Words(Label(en, nl), Label(mend_en, mend_nl))


_WORDS: dict[Cause, Words] = {
    Cause.UNREADABLE: _say(
        "It could not be read: {problem}",
        "Het kon niet worden gelezen: {problem}",
        "{remedy}",
        "{remedy}",
    ),
    Cause.KEY_MISSING: _say(
        "It has no key, so a later correction could not find it.",
        "Het heeft geen sleutel, dus een latere correctie zou het niet kunnen vinden.",
        "Fill in the key in the source, or let `key:` in the mapping look elsewhere.",
        "Vul de sleutel in de bron in, of laat `key:` in de mapping ergens anders kijken.",
    ),
    Cause.KEY_TOO_LONG: _say(
        "The key is longer than {limit} characters.",
        "De sleutel is langer dan {limit} tekens.",
        "Let `key:` in the mapping look at the source's own short key.",
        "Laat `key:` in de mapping naar de eigen, korte sleutel van de bron kijken.",
    ),
    Cause.NOT_ONE_VALUE: _say(
        "There is a list or a structure where one value is expected.",
        "Er staat een lijst of een structuur waar één waarde wordt verwacht.",
        "Make the path in the mapping point at one value, or use `for_each:` for a list.",
        "Laat het pad in de mapping één waarde aanwijzen, of gebruik `for_each:` voor een lijst.",
    ),
    Cause.PATH_UNFIT: _say(
        "The path of the mapping leads to something that it cannot repeat over or read.",
        "Het pad van de mapping leidt naar iets waarover het niet kan herhalen of dat het niet kan lezen.",
        "Let `for_each:` lead to elements or to a list, and other paths to values.",
        "Laat `for_each:` naar elementen of een lijst leiden, en andere paden naar waarden.",
    ),
    Cause.NOT_A_DATE: _say(
        "It is not a date in the form {forms}.",
        "Het is geen datum in de vorm {forms}.",
        "Correct the date in the source, or add its form under `date:` in the mapping.",
        "Verbeter de datum in de bron, of voeg de vorm toe onder `date:` in de mapping.",
    ),
    Cause.NOT_A_TIMESTAMP: _say(
        "It is not a date and time in the form {forms}.",
        "Het is geen datum en tijd in de vorm {forms}.",
        "Correct it in the source, or add its form under `timestamp:` in the mapping.",
        "Verbeter het in de bron, of voeg de vorm toe onder `timestamp:` in de mapping.",
    ),
    Cause.NOT_WHOLE: _say(
        "It is not a whole number.",
        "Het is geen geheel getal.",
        "Correct it in the source, or take the number out of the text with `extract:` in the mapping.",
        "Verbeter het in de bron, of haal het getal uit de tekst met `extract:` in de mapping.",
    ),
    Cause.NOT_TRUE_OR_FALSE: _say(
        "It is none of the values that mean true or false.",
        "Het is geen van de waarden die waar of onwaar betekenen.",
        "Add the source's value to the list under `true:` or `false:` in the mapping.",
        "Voeg de waarde van de bron toe aan de lijst onder `true:` of `false:` in de mapping.",
    ),
    Cause.CODE_UNMAPPED: _say(
        "The source uses a code that the mapping does not translate.",
        "De bron gebruikt een code die de mapping niet vertaalt.",
        "Add the code under `codes:` in the mapping, or say what any other code means with `otherwise:`.",
        "Voeg de code toe onder `codes:` in de mapping, of zeg met `otherwise:` wat elke andere code betekent.",
    ),
    Cause.TOO_LONG: _say(
        "It is longer than {limit} characters.",
        "Het is langer dan {limit} tekens.",
        "Shorten it in the source, or keep the part that belongs here with `extract:` or `split:`.",
        "Kort het in de bron in, of houd met `extract:` of `split:` het deel dat hier hoort.",
    ),
    Cause.UNPRINTABLE: _say(
        "It contains characters that are not text (control characters or half a character).",
        "Het bevat tekens die geen tekst zijn (stuurtekens of een half teken).",
        "Declare the right `encoding:` of the source in the mapping, or correct the text in the source.",
        "Noem de juiste `encoding:` van de bron in de mapping, of verbeter de tekst in de bron.",
    ),
    Cause.NO_SUCH_PART: _say(
        "It does not have that many parts when it is split at '{separator}'.",
        "Het heeft niet zoveel delen als het bij '{separator}' wordt gesplitst.",
        "Correct it in the source, or mend `split:` and `part:` in the mapping.",
        "Verbeter het in de bron, of pas `split:` en `part:` in de mapping aan.",
    ),
    Cause.NOTHING_EXTRACTED: _say(
        "The expression under `extract:` finds nothing in it.",
        "De uitdrukking onder `extract:` vindt er niets in.",
        "Mend the expression in the mapping, or give a `default:`.",
        "Pas de uitdrukking in de mapping aan, of geef een `default:`.",
    ),
    Cause.WHOSE_UNKNOWN: _say(
        "It does not say whose record this is (suspect, convicted, victim, witness, other).",
        "Het zegt niet van wie dit gegeven is (verdachte, veroordeelde, slachtoffer, getuige, ander).",
        "Complete `whose:` in the mapping; the law asks for it (LED article 6).",
        "Vul `whose:` in de mapping aan; de wet vraagt erom (richtlijn 2016/680, artikel 6).",
    ),
    Cause.ASSERTED_UNKNOWN: _say(
        "It does not say whether this is fact or opinion.",
        "Het zegt niet of dit een feit of een oordeel is.",
        "Complete `asserted:` in the mapping; the law asks for it (LED article 7).",
        "Vul `asserted:` in de mapping aan; de wet vraagt erom (richtlijn 2016/680, artikel 7).",
    ),
    Cause.MESSAGE_UNKNOWN: _say(
        "It does not say what it asks for in words that the mapping knows.",
        "Het zegt niet wat het vraagt in woorden die de mapping kent.",
        "Translate the source's kinds of message under `message:` in the mapping.",
        "Vertaal de soorten berichten van de bron onder `message:` in de mapping.",
    ),
    Cause.ORDER_UNREADABLE: _say(
        "What puts it in order (`order_by:`) is neither a whole number nor a moment in time.",
        "Wat het op volgorde zet (`order_by:`) is geen geheel getal en geen tijdstip.",
        "Give `order_by:` the form of the source's moment, or another path.",
        "Geef `order_by:` de vorm van het tijdstip in de bron, of een ander pad.",
    ),
    Cause.ABOUT_NOBODY: _say(
        "The person whom it concerns ({about}) is not in the message.",
        "De persoon over wie het gaat ({about}) staat niet in het bericht.",
        "Correct it in the source, or mend `about:` in the mapping.",
        "Verbeter het in de bron, of pas `about:` in de mapping aan.",
    ),
    Cause.TWICE: _say(
        "The same record stands in the message twice.",
        "Hetzelfde gegeven staat twee keer in het bericht.",
        "Give `key:` of this block what sets its repetitions apart, for instance `#`, their number.",
        "Geef `key:` van dit blok wat de herhalingen onderscheidt, bijvoorbeeld `#`, hun nummer.",
    ),
    Cause.EMPTY: _say(
        "Nothing in the message became a record.",
        "Niets in het bericht werd een gegeven.",
        "Check `for_each:` and `when:` in the mapping; leave out what is not wanted in the source's query.",
        "Controleer `for_each:` en `when:` in de mapping; laat wat niet gewenst is weg in de vraag aan de bron.",
    ),
    Cause.PAIR_INCOMPLETE: _say(
        "It says that two persons are the same, or are not, but does not name both.",
        "Het zegt dat twee personen dezelfde zijn, of niet, maar noemt ze niet allebei.",
        "Complete it in the source, or mend `pair:` in the mapping.",
        "Vul het in de bron aan, of pas `pair:` in de mapping aan.",
    ),
    Cause.NOT_KNOWN_YET: _say(
        "It withdraws or erases something that was never admitted under this key.",
        "Het trekt iets in, of wist iets, dat nooit onder deze sleutel is toegelaten.",
        "Replay it once that has been admitted; check `key:` in the mapping.",
        "Speel het opnieuw af als dat is toegelaten; controleer `key:` in de mapping.",
    ),
    Cause.PERSON_NOT_KNOWN_YET: _say(
        "It is about two persons of whom one has not been admitted.",
        "Het gaat over twee personen van wie er een niet is toegelaten.",
        "Replay it once both have been admitted; check `pair:` in the mapping.",
        "Speel het opnieuw af als beiden zijn toegelaten; controleer `pair:` in de mapping.",
    ),
    Cause.JUDGED_BEFORE: _say(
        "Somebody has already decided whether these two persons are the same.",
        "Iemand heeft al besloten of deze twee personen dezelfde zijn.",
        "Undo that decision first, if this source knows better; then replay.",
        "Maak dat besluit eerst ongedaan, als deze bron het beter weet; speel dit daarna opnieuw af.",
    ),
    Cause.ERASED_BEFORE: _say(
        "Something new is said under a key that was erased.",
        "Er wordt iets nieuws gezegd onder een sleutel die is gewist.",
        "Ask the agency whether it may be said again; if so, it delivers it under a new key.",
        "Vraag de organisatie of het weer gezegd mag worden; zo ja, dan levert zij het onder een nieuwe sleutel.",
    ),
    Cause.ON_HOLD: _say(
        "A legal hold keeps this from being erased: {holds}.",
        "Een bewaarplicht houdt tegen dat dit wordt gewist: {holds}.",
        "Once the hold is lifted, try this again. Whoever asked is told that it cannot be done yet, and not why.",
        "Is zij opgeheven, probeer dit dan opnieuw. Wie erom vroeg, hoort dat het nog niet kan, en niet waarom.",
    ),
}
