"""The agreement, drafted from the answers, or all that is missing, in words that name the question to answer. Pure.

Rules:

1. The draft lets out no more than the process map says. An agreement lets each provider give each recipient all that it
   names; if the moments do not say so of some data, there is no draft, but the advice to make two.
2. What the agreement says is public, so nothing of it is drafted from a confidential answer.
3. What is drafted has been read back: it has no fault, and contradicts neither itself nor the law that is known.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Any, Final

from comity.agreements.assessment.catalogue import load_catalogue
from comity.agreements.assessment.complete import Open, Point, open_answers
from comity.agreements.assessment.errors import IncompleteError
from comity.agreements.assessment.models import Assessment, Shared, Step
from comity.agreements.assessment.steps import moments, shared
from comity.agreements.assessment.writing import entry, flow, scalar
from comity.agreements.errors import FaultyAgreementError
from comity.agreements.models import Agreement
from comity.agreements.parse import STATISTIC, parse_agreement
from comity.agreements.prove import contradictions
from comity.agreements.prove_words import finding_words
from comity.vocabulary.models import Label, Vocabulary

# The questions whose answers stand in the agreement, and the key under which each stands there.
KEYS: Final = {
    "title_en": "title.en",
    "title_nl": "title.nl",
    "jurisdiction": "jurisdiction",
    "purpose": "purpose",
    "in_force_from": "in_force.from",
    "in_force_until": "in_force.until",
    "review_by": "in_force.review_by",
    "roles": "requesters.roles",
    "must_state": "requesters.must_state",
    "about": "about",
    "channels": "channels",
    "onward": "onward",
    "keep": "retention.keep",
    "then": "retention.then",
    "receipt": "retention.receipt",
    "consent": "consent",
    "statistics_epsilon": "statistics.epsilon",
    "statistics_delta": "statistics.delta",
    "statistics_per": "statistics.per",
    "statistics_most_per_person": "statistics.most_per_person",
    "emergency": "review",
    "review_each": "review.each",
    "review_within": "review.within",
    "review_roles": "review.by.roles",
    "review_agencies": "review.by.agencies",
    "review_notice": "review.notice",
    "review_overdue": "review.overdue",
}
ITEM_KEYS: Final = {
    "moments": ("provider", "recipient"),
    "data": ("moments", "record", "of", "where", "fields"),
    "bases": ("term", "because"),
}
_ANSWERED: Final = {"lawful_basis": "bases", "retention": "retention.keep"}
_NUMBERED: Final = {"release": "data", "lawful_basis": "bases"}  # lists of the agreement, and of the assessment
_WIDTH: Final = 110


def draft_agreement(assessment: Assessment, vocabulary: Vocabulary) -> str:
    """Return the agreement's YAML; :class:`IncompleteError` names every question that must be answered first."""
    points = (*_open(assessment, vocabulary), *_confidential(assessment), *_too_much(assessment))
    if points:
        raise IncompleteError("The agreement cannot be drafted yet.", points)
    text = "\n".join(_lines(assessment, vocabulary)) + "\n"
    try:
        agreement = parse_agreement(text, vocabulary)
    except FaultyAgreementError as error:
        faults = [
            _point(_question_of(fault.path, assessment), fault.words.en, fault.words.nl) for fault in error.faults
        ]
        raise IncompleteError("The agreement cannot be drafted yet.", faults) from error
    if against := tuple(_against(agreement, assessment, vocabulary)):
        raise IncompleteError("The agreement cannot be drafted yet.", against)
    return text


def _against(agreement: Agreement, assessment: Assessment, vocabulary: Vocabulary) -> Iterator[Point]:
    """Yield what would keep the agreement from being signed, at the question whose answer it is."""
    for finding in contradictions(agreement, vocabulary):
        words = finding_words(finding, agreement, vocabulary)
        path = re.sub(r"^release (\d+)$", r"release[\1]", finding.clause)
        yield _point(_question_of(_ANSWERED.get(path, path), assessment), words.en, words.nl)


def _open(assessment: Assessment, vocabulary: Vocabulary) -> Iterator[Point]:
    for point in open_answers(assessment, vocabulary):
        if point.kind in (Open.UNANSWERED, Open.WRONG) and (_matters(point.path) or point.path in ITEM_KEYS):
            yield point


def _confidential(assessment: Assessment) -> Iterator[Point]:
    for path, answer in assessment.answers.items():
        if answer.confidential and (_matters(path) or (path.count(".") == 1 and path.partition(".")[0] in ITEM_KEYS)):
            yield _point(
                path,
                "It is confidential, but an agreement is public. Publish it, or leave it out.",
                "Het is vertrouwelijk, maar een overeenkomst is openbaar. Maak het openbaar, of laat het weg.",
            )


def _too_much(assessment: Assessment) -> Iterator[Point]:
    """Yield where one agreement would let out more than the moments say."""
    pairs = {moment.id: (moment.provider, moment.recipient) for moment in moments(assessment)}
    providers, recipients = _between(assessment)
    for each in shared(assessment):
        said = {pairs[moment] for moment in each.moments if moment in pairs}
        for provider in providers if each.moments else ():
            for recipient in recipients:
                if provider != recipient and (provider, recipient) not in said:
                    yield _point(
                        f"data.{each.id}.moments",
                        f"In one agreement {provider} would also give these to {recipient}, at no moment that is named "
                        "for them. Name such a moment, or make an assessment of its own for them.",
                        f"In één overeenkomst zou {provider} deze ook aan {recipient} geven, op geen moment dat ervoor "
                        "is genoemd. Noem zo'n moment, of maak er een eigen beoordeling voor.",
                    )


def _matters(path: str) -> bool:
    name, _, rest = path.partition(".")
    return path in KEYS or rest.partition(".")[2] in ITEM_KEYS.get(name, ())


def _point(path: str, en: str, nl: str = "") -> Point:
    question = load_catalogue().question_at(path)
    name = question.label if question else Label(path, path)
    step = load_catalogue().step_of(path) or Step.PROCESS
    return Point(Open.WRONG, step, path, Label(f"{name.en}: {en}", f"{name.nl}: {nl or en}"))


def _question_of(path: str, assessment: Assessment) -> str:
    """Return the path of the answer from which a key of the agreement was drafted."""
    if numbered := re.match(r"(release|lawful_basis)\[(\d+)\]\.?(\w*)", path):
        name = _NUMBERED[numbered[1]]
        return f"{name}.{assessment.items(name)[int(numbered[2]) - 1]}.{numbered[3]}".rstrip(".")
    return next(
        (question for question, key in KEYS.items() if path.split("[", maxsplit=1)[0] in (key, key.partition(".")[0])),
        path,
    )


def _between(assessment: Assessment) -> tuple[list[str], list[str]]:
    all_moments = moments(assessment)
    providers = dict.fromkeys(moment.provider for moment in all_moments if moment.provider)
    recipients = dict.fromkeys(moment.recipient for moment in all_moments if moment.recipient)
    return list(providers), list(recipients)


def _lines(assessment: Assessment, vocabulary: Vocabulary) -> Iterator[str]:
    text, words = assessment.text, assessment.words
    providers, recipients = _between(assessment)
    yield f"# Drafted from the impact assessment {assessment}, which must be approved before this is in force."
    yield from (f"agreement: {assessment.name}", f"version: {assessment.version}")
    yield from entry("title", {"en": text("title_en"), "nl": text("title_nl")}, "")
    yield f"jurisdiction: {text('jurisdiction')}"
    yield f"between: {_flow({'providers': providers, 'recipients': recipients})}"
    yield f"purpose: {text('purpose')}"
    yield "lawful_basis:"
    for item in assessment.items("bases"):
        yield f"  - term: {text(f'bases.{item}.term')}"
        yield f"    because: {scalar(text(f'bases.{item}.because'), '    ')}"
    days = {"from": text("in_force_from"), "until": text("in_force_until"), "review_by": text("review_by")}
    yield f"in_force: {_flow(days)}"
    yield f"requesters: {_flow({'roles': list(words('roles')), 'must_state': list(words('must_state'))})}"
    yield f"about: {scalar(text('about'), '')}"
    yield "release:"
    for each in shared(assessment):
        yield from _release(each, assessment, vocabulary)
    yield f"channels: {_flow(list(words('channels')))}"
    yield f"onward: {text('onward')}"
    yield f"retention: {_flow({key: text(key) for key in ('keep', 'then', 'receipt')})}"
    yield from (f"consent: {text('consent')}", f"assessment: {assessment}")
    yield from _budget(assessment)
    yield from _review(assessment)


def _budget(assessment: Assessment) -> Iterator[str]:
    """Yield the privacy budget, which stands exactly where the channel for statistics is open."""
    if STATISTIC in assessment.words("channels"):
        keys = ("epsilon", "delta", "per", "most_per_person")
        yield f"statistics: {_flow({key: assessment.text(f'statistics_{key}') for key in keys})}"


def _review(assessment: Assessment) -> Iterator[str]:
    """Yield who looks at each use afterwards, where it is for an emergency."""
    if assessment.text("emergency") == "yes":
        text = {key: assessment.text(f"review_{key}") for key in ("each", "within", "notice", "overdue")}
        parties = [assessment.text(f"parties.{item}.agency") for item in assessment.words("review_agencies")]
        by = {"roles": list(assessment.words("review_roles")), "agencies": parties}
        yield "review:"
        yield from (f"  {key}: {flow(text[key])}" for key in ("each", "within"))
        yield f"  by: {_flow(by)}"
        yield from (f"  {key}: {flow(text[key])}" for key in ("notice", "overdue"))


def _release(each: Shared, assessment: Assessment, vocabulary: Vocabulary) -> Iterator[str]:
    why = assessment.answers.get(f"data.{each.id}.why")
    if why and not why.confidential:
        yield from textwrap.wrap(why.text, _WIDTH, initial_indent="  # ", subsequent_indent="  # ")
    forms = dict(each.fields)
    order = [field.name for field in vocabulary.record_type(each.record).fields]
    yield f"  - record: {each.record}"
    if each.of:
        yield f"    of: {_flow(list(each.of))}"
    if each.where:
        yield f"    where: {scalar(each.where, '    ')}"
    yield f"    fields: {_flow({name: forms[name] for name in order if name in forms})}"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(flow(each) for each in value)}]"
    return flow(str(value))
