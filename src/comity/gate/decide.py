"""Decide: may this be asked, and which fields may leave in which form. Pure: no clock, no database, no chance.

Rules, checked in this order; the first that fails is the refusal. What no rule permits is refused: every check that is
missing would refuse, none would pass.

 1. The act is one that the gate knows.
 2. A purpose is stated, and it is the agreement's own. A narrower one is not enough: it would be the requester who says
    what the agreement is for. A broader one is no purpose of the agreement at all.
 3. The agreement is in force, as its standing says; the standing names each reason why not.
 4. Who asks is known by a staff id, and their agency is a recipient.
 5. Their role is one that the agreement lists.
 6. What the agreement demands to be stated is stated: more than white space. What is stated, demanded or not, is
    bounded in length and plain text. A demand that the gate does not know cannot be checked, so it refuses.
 7. The agreement opens the channel by which such a request is answered (:data:`CHANNELS`). None implies another: who
    may read somebody they know of may not therefore look for others, nor take everyone away in a file.
    And where it says that each use is reviewed, the request is one whose statement writes its review
    (:data:`WRITE_REVIEWS`): no other way out of it is open.
 8. What the agreement says of consent is something that can be checked; anything else refuses.
 9. A search looks only by what one clause releases as it is; otherwise hits would tell what is withheld.
10. At least one field can leave. For each record type and field: it leaves if a clause names it with a form that the
    gate knows and that suits it; a form or field that is not known is refused by name.

What is knowingly not checked here is :data:`NOT_CHECKED`; each is checked elsewhere or binds the recipient afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from comity.agreements import Agreement, Release, Standing
from comity.agreements.consent import LETS_LEAVE
from comity.agreements.minimisers import applies
from comity.gate import reasons
from comity.gate.minimise import KNOWN
from comity.gate.models import (
    Act,
    Clause,
    Finding,
    Findings,
    Permitted,
    Reason,
    Refused,
    Request,
    Search,
    Verdict,
    Withheld,
)
from comity.vocabulary.models import Field, RecordType, Vocabulary

MAX_CASE_REFERENCE: Final = 100  # characters; the longest case number met is 29 (a UK URN with its court code)
MAX_JUSTIFICATION: Final = 2_000  # characters: a page; the log keeps each one

#: Parts of an agreement that no read is checked against, and who holds the recipient to them.
NOT_CHECKED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "about": "the compiled statement: only who is covered is released",
        "consent": "the compiled statement: only of whom the last answer lets it is anything released",
        "where": "the compiled statement: only rows of which it is true are released",
        "onward": "the recipient, by its signature",
        "statistics": "whoever counts: nothing is told that the budget does not allow (comity.gate.statistics.ask)",
        "retention": "the recipient, by its signature; receipts are collected by oversight",
        "review": "the compiled statement: it writes what is due, and stops while something is overdue that suspends",
        "confidential": "whoever tells the person concerned of it: not before its time is over (comity.gate.log)",
        "lawful_basis": "whoever approved the impact assessment, without which the agreement is not in force",
    }
)

#: Each act, the channel that an agreement opens for it, and the reason for refusing where it does not.
CHANNELS: Final[Mapping[Act, tuple[str, Reason]]] = MappingProxyType(
    {
        Act.READ: ("read", reasons.CHANNEL_CLOSED),
        Act.CASE: ("read", reasons.CHANNEL_CLOSED),
        Act.SEARCH: ("search", reasons.SEARCH_CLOSED),
        Act.NOTICE: ("notify", reasons.NOTIFY_CLOSED),
        Act.EXTRACT: ("extract", reasons.EXTRACT_CLOSED),
        Act.STATISTIC: ("statistic", reasons.STATISTIC_CLOSED),
    }
)

#: The fields of a person by which each criterion of a search looks.
SEARCHED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "name": ("name", "given_names", "family_name", "alias_names"),
        "birth_date": ("birth_date",),
        "number": ("police_number", "court_number", "prison_number", "probation_number"),
    }
)


#: The acts whose statement writes the review that is due (:mod:`comity.gate.due`).
WRITE_REVIEWS: Final = frozenset({Act.READ, Act.CASE, Act.SEARCH, Act.NOTICE, Act.EXTRACT, Act.STATISTIC})


@dataclass(frozen=True, slots=True)
class Terms:
    """What an agreement says of every field, whoever asks: rule 10."""

    clauses: tuple[Clause, ...]
    findings: Findings
    withheld: tuple[Withheld, ...]


_Check = Callable[[Request, Agreement, Standing, Terms], Reason | None]


def decide(
    request: Request, agreement: Agreement, standing: Standing, vocabulary: Vocabulary, now: datetime
) -> Verdict:
    """Return the verdict on ``request`` at ``now``, the moment of which ``standing`` speaks.

    ``now`` must have its zone. The same arguments always give the same verdict.
    """
    if now.tzinfo is None:
        raise RuntimeError("the moment of a request has its zone")
    read = terms(agreement, vocabulary)
    for check in CHECKS.values():
        refusal = check(request, agreement, standing, read)
        if refusal is not None:
            return Verdict(agreement, refusal, (), read.findings, read.withheld)
    return Verdict(agreement, None, read.clauses, read.findings, read.withheld)


def checked(
    request: Request, agreement: Agreement, standing: Standing, vocabulary: Vocabulary
) -> Mapping[str, Reason | None]:
    """Return what each check says of ``request``, in their order, also those after the first that fails.

    For whoever explains a verdict: :func:`decide` stops at the first. Of an act that is not known no more can be asked.
    """
    read = terms(agreement, vocabulary)
    unknown = _act(request)
    if unknown is not None:
        return {"act": unknown}
    return {name: check(request, agreement, standing, read) for name, check in CHECKS.items()}


def searched_fields(clause: Clause, criteria: Iterable[str]) -> Mapping[str, tuple[str, ...]] | None:
    """Return, for each criterion, the fields of a person that the clause releases as they are and that it looks by.

    ``None`` if the clause is not about people, or leaves a criterion without such a field (rule 9).
    """
    as_is = {field.name for field, minimiser in clause if minimiser == "as-is" and not field.sealed}
    found = {each: tuple(name for name in SEARCHED[each] if name in as_is) for each in criteria}
    return MappingProxyType(found) if clause.record == "person" and all(found.values()) else None


# --- the request -----------------------------------------------------------------------------------------------------


def _act(request: Request, *_: object) -> Reason | None:
    act = getattr(request.asks, "act", None)
    return None if isinstance(act, Act) else reasons.UNKNOWN_ACT


def _purpose(request: Request, agreement: Agreement, *_: object) -> Reason | None:
    if not request.purpose.strip():
        return reasons.NO_PURPOSE
    return None if request.purpose == agreement.purpose else reasons.OTHER_PURPOSE


def _in_force(_: Request, __: Agreement, standing: Standing, ___: Terms) -> Reason | None:
    return None if standing.in_force else reasons.not_in_force(standing)


def _recipient(request: Request, agreement: Agreement, *_: object) -> Reason | None:
    if not _is_plain(request.requester.person, MAX_CASE_REFERENCE):
        return reasons.NO_REQUESTER
    return None if request.requester.agency in agreement.recipients else reasons.NOT_A_RECIPIENT


def _role(request: Request, agreement: Agreement, *_: object) -> Reason | None:
    return None if request.requester.role in agreement.requesters.roles else reasons.ROLE_NOT_LISTED


def _stated(request: Request, agreement: Agreement, *_: object) -> Reason | None:
    stated = {"case_reference": request.case_reference, "justification": request.justification}
    for demand in agreement.requesters.must_state:
        if demand not in stated:
            return reasons.UNKNOWN_STATEMENT
        if not stated[demand].strip():
            return _NOT_STATED[demand]
    return None if is_bounded(request) else reasons.UNUSABLE_TEXT


def _channel(request: Request, agreement: Agreement, *_: object) -> Reason | None:
    channel, closed = CHANNELS[request.asks.act]
    return None if channel in agreement.channels else closed


def _reviewed(request: Request, agreement: Agreement, *_: object) -> Reason | None:
    writes = agreement.review is None or request.asks.act in WRITE_REVIEWS
    return None if writes else reasons.NO_REVIEW_WRITTEN


def _consent(_: Request, agreement: Agreement, *__: object) -> Reason | None:
    return None if agreement.consent in LETS_LEAVE else reasons.UNKNOWN_CONSENT


def _criteria(request: Request, _: Agreement, __: Standing, terms: Terms) -> Reason | None:
    if not isinstance(request.asks, Search):
        return None
    searchable = any(searched_fields(clause, request.asks.criteria) is not None for clause in terms.clauses)
    return None if searchable else reasons.CRITERION_NOT_RELEASED


def _something_leaves(_: Request, __: Agreement, ___: Standing, terms: Terms) -> Reason | None:
    return None if terms.clauses else reasons.NOTHING_RELEASED


#: The checks by name, in the order of the rules.
CHECKS: Final[Mapping[str, _Check]] = MappingProxyType(
    {
        "act": _act,
        "purpose": _purpose,
        "in-force": _in_force,
        "recipient": _recipient,
        "role": _role,
        "stated": _stated,
        "channel": _channel,
        "reviewed": _reviewed,
        "consent": _consent,
        "criteria": _criteria,
        "something-leaves": _something_leaves,
    }
)
_NOT_STATED: Final = MappingProxyType(
    {"case_reference": reasons.NO_CASE_REFERENCE, "justification": reasons.NO_JUSTIFICATION}
)


def is_bounded(request: Request) -> bool:
    """Whether what is stated is bounded in length and plain text (rule 6)."""
    # Only a line feed ends a line: what Python takes for one besides it are control characters to the log.
    reference, lines = request.case_reference, request.justification.split("\n")
    return (
        len(reference) <= MAX_CASE_REFERENCE
        and reference.isprintable()
        and len(request.justification) <= MAX_JUSTIFICATION
        and all(line.replace("\t", " ").isprintable() for line in lines)
    )


def _is_plain(text: str, length: int) -> bool:
    return 0 < len(text.strip()) <= len(text) <= length and text.isprintable()


# --- the fields ------------------------------------------------------------------------------------------------------


def terms(agreement: Agreement, vocabulary: Vocabulary) -> Terms:
    """Return the terms of an agreement; they depend on nothing else, so they are remembered for these two objects."""
    known = _REMEMBERED.get(id(agreement))
    if known is not None and known[0] is agreement and known[1] is vocabulary:
        return known[2]
    findings = _findings(agreement, vocabulary)
    said = Terms(tuple(_clauses(agreement, vocabulary)), findings, tuple(_withheld(findings)))
    if len(_REMEMBERED) >= _MOST_REMEMBERED:
        _REMEMBERED.clear()
    _REMEMBERED[id(agreement)] = agreement, vocabulary, said
    return said


_MOST_REMEMBERED: Final = 2_000  # agreements; each a few kilobytes
_REMEMBERED: dict[int, tuple[Agreement, Vocabulary, Terms]] = {}


def _withheld(findings: Findings) -> Iterator[Withheld]:
    for record, fields in findings.items():
        for field, found in fields.items():
            if not any(isinstance(it, Permitted) for it in found):
                yield Withheld(record, field, next(it.reason for it in found if isinstance(it, Refused)))


def _clauses(agreement: Agreement, vocabulary: Vocabulary) -> Iterator[Clause]:
    for release in agreement.releases:
        if release.record in vocabulary.record_types:
            fields = tuple(_permitted_fields(release, vocabulary.record_types[release.record]))
            if fields:
                yield Clause(release.number, release.record, release.of, release.where, fields)


def _permitted_fields(release: Release, record_type: RecordType) -> Iterator[tuple[Field, str]]:
    by_name = {field.name: field for field in record_type.fields}
    for named in release.fields:
        field = by_name.get(named.field)
        if field is not None and _why_not(named.minimiser, field) is None:
            yield field, named.minimiser


def _findings(agreement: Agreement, vocabulary: Vocabulary) -> Findings:
    found: dict[str, Mapping[str, tuple[Finding, ...]]] = {
        name: {field.name: _finding(agreement, name, field) for field in record_type.fields}
        for name, record_type in vocabulary.record_types.items()
    }
    for release in agreement.releases:  # what the vocabulary does not have is refused by name
        fields = found.get(release.record)
        reason = reasons.UNKNOWN_RECORD if fields is None else reasons.UNKNOWN_FIELD
        unknown = [it.field for it in release.fields if it.field not in (fields or {})]
        refused = {name: (Refused(reason, release.number),) for name in unknown}
        found[release.record] = {**(fields or {}), **refused}
    return MappingProxyType({name: MappingProxyType(dict(fields)) for name, fields in found.items()})


def _finding(agreement: Agreement, record: str, field: Field) -> tuple[Finding, ...]:
    named = [
        (release.number, each.minimiser)
        for release in agreement.releases_of(record)
        for each in release.fields
        if each.field == field.name
    ]
    return tuple(_one_finding(*each, field) for each in named) or (Refused(reasons.NOT_NAMED),)


def _one_finding(clause: int, minimiser: str, field: Field) -> Finding:
    refusal = _why_not(minimiser, field)
    return Permitted(minimiser, clause) if refusal is None else Refused(refusal, clause)


def _why_not(minimiser: str, field: Field) -> Reason | None:
    if minimiser == "withheld":
        return reasons.WITHHELD
    if minimiser not in KNOWN:
        return reasons.UNKNOWN_MINIMISER
    return None if applies(minimiser, field) else reasons.UNFIT_MINIMISER
