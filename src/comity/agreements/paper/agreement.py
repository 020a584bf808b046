"""An agreement as a PDF for anybody to read: the very entry of the public register, and how it stands on the day."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from comity.agreements.paper.pdf import pdf
from comity.agreements.phrases import day, phrase
from comity.agreements.register import RegisterEntry, SignedBy
from comity.agreements.words import ClauseWords, ReleaseWords
from comity.vocabulary.models import Label

_PARTS: Final = (
    # heading, the clauses under it in their order
    (Label("Who, and why", "Wie, en waarom"), ("between", "purpose", "lawful_basis", "about")),
    (Label("What leaves", "Wat wordt verstrekt"), ("release",)),
    (
        Label("How, and for how long", "Hoe, en hoe lang"),
        ("requesters", "channels", "onward", "retention", "consent", "confidential", "in_force", "assessment"),
    ),
)


def agreement_pdf(entry: RegisterEntry, language: str, on: date) -> bytes:
    """Return an entry of the register as PDF in ``language``; ``on`` is the day on which it stands so."""
    return pdf("agreement", agreement_data(entry, language, on), on)


def agreement_data(entry: RegisterEntry, language: str, on: date) -> dict[str, Any]:
    """Return all that is set."""

    def say(label: Label) -> str:
        return label.in_language(language)

    kind = f"{say(_SAID['agreement'])}, {say(_SAID['version'])} {entry.version}"
    standing = say(phrase("{0} on {1}.", "{0} op {1}.", entry.status, day(on)))
    return {
        "title": say(entry.title),
        "description": f"{kind}. {standing}",
        "language": language,
        "kind": kind,
        "running": f"{say(entry.title)}, {say(_SAID['version'])} {entry.version}",
        "page": say(_SAID["page"]),
        "of": say(_SAID["of"]),
        "mark": "" if entry.standing.in_force else say(entry.status),
        "status": standing,
        "said": [say(reason.label) for reason in (*entry.standing.reasons, *entry.standing.warnings)],
        "parts": [_part(entry, heading, keys, language) for heading, keys in _PARTS],
        "signed": _signatures(entry, language),
        "about": _about(entry, language, on),
    }


def _part(entry: RegisterEntry, heading: Label, keys: tuple[str, ...], language: str) -> dict[str, Any]:
    released = keys == ("release",)  # as tables: a sentence of twenty fields is read by nobody
    clauses = [each for key in keys for each in entry.clauses if each.key == key]
    return {
        "heading": heading.in_language(language),
        "entries": [_said(each, language) for each in clauses],
        "releases": [_release(at, each, language) for at, each in enumerate(entry.releases, 1)] if released else [],
    }


def _said(clause: ClauseWords, language: str) -> dict[str, Any]:
    return pair(clause.heading.in_language(language), clause.text.in_language(language), language)


def pair(label: str, text: str, language: str, *, is_open: bool = True, mono: bool = False) -> dict[str, Any]:
    """Return a word and what is said, as the templates set it; not ``is_open`` where it is withheld."""
    return {"label": label, "text": text, "language": language, "open": is_open, "mono": mono}


def _release(at: int, release: ReleaseWords, language: str) -> dict[str, Any]:
    what = release.what.in_language(language)
    return {
        "heading": f"{_SAID['release'].in_language(language)} {at}",
        "text": f"{what}.",
        "caption": _SAID["fields"].in_language(language).format(at),
        "head": [_SAID["field"].in_language(language), _SAID["form"].in_language(language)],
        "rows": [[field.in_language(language), form.in_language(language)] for field, form in release.fields],
    }


def _signatures(entry: RegisterEntry, language: str) -> dict[str, Any]:
    heads = ("party", "signed on", "thumbprint", "counts")
    return {
        "heading": _SAID["signatures"].in_language(language),
        "caption": _SAID["signed by"].in_language(language),
        "head": [_SAID[head].in_language(language) for head in heads],
        "rows": [_signature(each, language) for each in entry.signatures],
    }


def _signature(signed: SignedBy, language: str) -> list[str]:
    when = day(signed.at.date()) if signed.at else _SAID["not signed"]
    counts = _SAID["yes" if signed.counts else "no"]
    return [
        signed.agency.in_language(language),
        when.in_language(language),
        signed.thumbprint or "-",
        counts.in_language(language),
    ]


def _about(entry: RegisterEntry, language: str, on: date) -> dict[str, Any]:
    def say(key: str) -> str:
        return _SAID[key].in_language(language)

    return {
        "heading": say("about this document"),
        "entries": [
            pair(say("name"), f"{entry.name}, {say('version')} {entry.version}", language),
            pair(say("standing of"), f"{day(on).in_language(language)}. {say('may change')}", language),
            pair(say("digest"), entry.digest, language, mono=True),
        ],
    }


_SAID: Final = {
    "agreement": Label("Agreement", "Overeenkomst"),
    "version": Label("version", "versie"),
    "page": Label("Page", "Pagina"),
    "of": Label("of", "van"),
    "release": Label("Release", "Verstrekking"),
    "fields": Label("The fields of release {}", "De gegevens van verstrekking {}"),
    "field": Label("Field", "Gegeven"),
    "form": Label("Form", "Vorm"),
    "signatures": Label("Signatures", "Ondertekening"),
    "signed by": Label("Each party, and the key with which it signed", "Elke partij, en met welke sleutel"),
    "party": Label("Party", "Partij"),
    "signed on": Label("Signed on", "Ondertekend op"),
    "thumbprint": Label("Thumbprint of the key", "Vingerafdruk van de sleutel"),
    "counts": Label("Genuine, and of the key known here", "Echt, en van de hier bekende sleutel"),
    "not signed": Label("Not signed", "Niet ondertekend"),
    "yes": Label("Yes", "Ja"),
    "no": Label("No", "Nee"),
    "about this document": Label("About this document", "Over dit document"),
    "name": Label("Name in the register", "Naam in het register"),
    "standing of": Label("As it stood on", "Zoals het was op"),
    "may change": Label(
        "Any party can stop it at any moment. The public register says how it stands now.",
        "Elke partij kan haar op elk moment stilzetten. Het openbare register zegt hoe zij er nu voor staat.",
    ),
    "digest": Label("SHA-256 of the signed text", "SHA-256 van de ondertekende tekst"),
}
