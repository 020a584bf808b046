"""An assessment as a PDF for the public: the same :class:`Published` as the page, and who approved it. Pure.

Its digest is that of what is published. One of the whole would let anybody who has the rest try what a short
confidential answer was, until the digest fits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from hashlib import sha256
from typing import Any, Final

from comity.agreements.assessment.catalogue import load_catalogue
from comity.agreements.assessment.complete import StepSignature
from comity.agreements.assessment.file import canonical
from comity.agreements.assessment.models import Approval, Assessment
from comity.agreements.assessment.publish import LANGUAGES, Entry, Group, Published, said, without_confidential
from comity.agreements.paper.agreement import pair
from comity.agreements.paper.pdf import pdf, size_of
from comity.agreements.phrases import day, phrase
from comity.vocabulary.models import Label, Vocabulary

_MAP: Final = "map.svg"


def assessment_pdf(
    assessment: Assessment,
    vocabulary: Vocabulary,
    language: str,
    agencies: Mapping[str, Label],
    *,
    on: date,
    approval: Approval | None = None,
    signatures: Collection[StepSignature] = (),
) -> bytes:
    """Return the document in ``language``, as it stands ``on`` a day; without an ``approval`` it says it is a draft.

    ``signatures`` are those that stand; who signed is said by discipline and agency, never by person.
    """
    page = Published(without_confidential(assessment), vocabulary, language, agencies)
    data = assessment_data(page, language, on, approval, agencies, signatures)
    return pdf("assessment", data, on, {_MAP: page.picture} if page.in_words else {})


def assessment_data(
    page: Published,
    language: str,
    on: date,
    approval: Approval | None,
    agencies: Mapping[str, Label],
    signatures: Collection[StepSignature],
) -> dict[str, Any]:
    """Return all that is set, apart from the picture."""
    say = said(language)
    kind = f"{say('assessment')}, {say('version')} {page.assessment.version}"
    status = say("approved" if approval else "draft")
    title = page.title.strip() or page.assessment.name
    return {
        "title": title,
        "description": f"{kind}. {status}",
        "language": language,
        "kind": kind,
        "running": f"{title}, {say('version')} {page.assessment.version}",
        "page": _SAID["page"].in_language(language),
        "of": _SAID["of"].in_language(language),
        "mark": "" if approval else say("draft"),
        "status": status,
        "said": [each.in_language(language) for each in _approved(approval, agencies)],
        "contents": say("contents"),
        "unanswered": say("unanswered"),
        "about": _about(page, language, on, approval),
        "signed": _signed(signatures, agencies, language),
        "steps": [_step(at, *step, page, language) for at, step in enumerate(page.steps(), 1)],
    }


def _approved(approval: Approval | None, agencies: Mapping[str, Label]) -> tuple[Label, ...]:
    if approval is None:
        return (_SAID["not approved"],)
    if approval.agency is None:
        return (phrase("Approved on {0}.", "Goedgekeurd op {0}.", day(approval.at.date())),)
    name = agencies.get(approval.agency, Label(approval.agency, approval.agency))
    return (phrase("Approved for {0} on {1}.", "Goedgekeurd voor {0} op {1}.", name, day(approval.at.date())),)


def _about(page: Published, language: str, on: date, approval: Approval | None) -> list[dict[str, Any]]:
    def say(key: str) -> str:
        return _SAID[key].in_language(language)

    digest = sha256(canonical(page.assessment)).hexdigest()
    entries = [
        pair(say("name"), f"{page.assessment.name}, {said(language)('version')} {page.assessment.version}", language),
        pair(say("standing of"), day(on).in_language(language), language),
        pair(say("digest of part" if page.withholds else "digest"), digest, language, mono=True),
    ]
    if approval and approval.entry:
        entries.append(pair(say("entry"), str(approval.entry), language, mono=True))
    return entries


def _signed(signatures: Collection[StepSignature], agencies: Mapping[str, Label], language: str) -> dict[str, Any]:
    catalogue = load_catalogue()
    return {
        "caption": _SAID["signed"].in_language(language),
        "head": [_SAID[head].in_language(language) for head in ("step", "discipline", "agency", "signed on")],
        "rows": [
            [
                catalogue.steps[each.step].in_language(language),
                catalogue.disciplines[each.discipline].in_language(language),
                agencies.get(each.agency, Label(each.agency, each.agency)).in_language(language),
                day(each.at.date()).in_language(language),
            ]
            for each in signatures
        ],
    }


def _step(
    at: int, name: str, heading: str, once: tuple[Entry, ...], groups: tuple[Group, ...], page: Published, language: str
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "heading": f"{at}. {heading}",
        "once": [_answer(each, page, language) for each in once],
        "groups": [_group(each, page, language) for each in groups],
    }
    if name == "process" and page.in_words:
        made["drawn"] = _map(page, language)
    if name == "measures" and page.risks:
        made["risks"] = _risks(page, language)
    return made


def _group(group: Group, page: Published, language: str) -> dict[str, Any]:
    return {
        "items": [
            {"heading": title, "answers": [_answer(each, page, language) for each in answers]}
            for title, answers in group.items
        ],
        "withheld": f"{said(language)('items withheld')} {group.heading} ({group.withheld})" if group.withheld else "",
    }


def _answer(entry: Entry, page: Published, language: str) -> dict[str, Any]:
    if not entry.open:
        return pair(entry.label, said(language)("withheld"), language, is_open=False)
    own = page.written_in if page.written_in in LANGUAGES else language  # a draft may say anything
    return pair(entry.label, entry.text, own if entry.own else language)


def _map(page: Published, language: str) -> dict[str, Any]:
    say = said(language)
    width, height = size_of(page.picture)
    return {
        "heading": say("picture"),
        "words": say("in words"),
        "sentences": page.in_words,
        "file": _MAP,
        "alt": f"{say('picture')}. {' '.join(f'{at}. {each}' for at, each in enumerate(page.in_words, 1))}",
        "width": width,
        "height": height,
    }


def _risks(page: Published, language: str) -> dict[str, Any]:
    say = said(language)
    return {
        "caption": say("overview"),
        "head": [say("risk"), say("before"), say("after")],
        "rows": [
            [each.what or say("confidential part"), page.level(each.before), page.level(each.after)]
            for each in page.risks
        ],
    }


_SAID: Final = {
    "page": Label("Page", "Pagina"),
    "of": Label("of", "van"),
    "not approved": Label(
        "It is being worked on, and may still change. No agreement can rest on it yet.",
        "Eraan wordt gewerkt, en hij kan nog veranderen. Er kan nog geen overeenkomst op rusten.",
    ),
    "name": Label("Name", "Naam"),
    "standing of": Label("As it stood on", "Zoals hij was op"),
    "digest": Label("SHA-256 of all the answers", "SHA-256 van alle antwoorden"),
    "digest of part": Label(
        "SHA-256 of the answers that are published", "SHA-256 van de antwoorden die openbaar zijn gemaakt"
    ),
    "entry": Label("Entry in the ledger", "Regel in het grootboek"),
    "signed": Label("Who signed which step", "Wie welke stap ondertekende"),
    "step": Label("Step", "Stap"),
    "discipline": Label("Discipline", "Discipline"),
    "agency": Label("Agency", "Organisatie"),
    "signed on": Label("Signed on", "Ondertekend op"),
}
