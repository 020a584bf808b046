"""An agreement as an ODRL 2.2 policy, and what it processes in terms of the Data Privacy Vocabulary 2.3. Pure.

Conditions are constraints of a profile of ours (``urn:comity:profile:1``): a program that does not know it must not
take a permission for wider than it is (ODRL Information Model 2.2, section 3).
"""

from __future__ import annotations

from typing import Final

from comity.agreements.linked_data import Addresses, Node, day, duration, ref, said, term
from comity.agreements.models import Agreement, Condition, Release, Review
from comity.agreements.printing import print_condition
from comity.vocabulary.models import Vocabulary

PROFILE: Final = "urn:comity:profile:1"
_NO_PERSONAL_DATA: Final = "https://w3id.org/dpv#NonPersonalData"


def policy(agreement: Agreement, vocabulary: Vocabulary, at: Addresses) -> Node:
    """Return the policy: a permission for each release, its duties, and the prohibition of passing on."""
    uid = at.agreement(agreement, "policy")
    onward, passing_on = _onward(agreement, at)
    permissions = [_permission(agreement, each, vocabulary, at) for each in agreement.releases]
    rules = {"odrl:permission": [*permissions, passing_on]} if onward == "odrl:permission" else {onward: passing_on}
    return {
        "@id": uid,
        "@type": "odrl:Agreement",
        "odrl:uid": ref(uid),
        "odrl:profile": ref(PROFILE),
        "odrl:conflict": ref("odrl:prohibit"),
        "dct:title": said(agreement.title),
        "odrl:assigner": [ref(at.agency(each)) for each in agreement.providers],
        "odrl:assignee": [ref(at.agency(each)) for each in agreement.recipients],
        "odrl:permission": permissions,
        "odrl:obligation": [_review(agreement, at)],
        **rules,
    }


def process(agreement: Agreement, vocabulary: Vocabulary, at: Addresses) -> Node:
    """Return what is processed: for what, on which basis, whose data, for whom and for how long."""
    kept = {"@type": "dpv:TemporalDuration", "rdf:value": duration(agreement.retention.keep)}
    return {
        "@id": at.agreement(agreement, "process"),
        "@type": "dpv:Process",
        "dpv:hasPurpose": [ref(term("purpose", agreement.purpose)), ref(vocabulary.purpose(agreement.purpose).dpv)],
        "dpv:hasProcessing": ref("dpv:Disclose"),
        "dpv:hasLegalBasis": [ref(term("law", each.term)) for each in agreement.lawful_basis],
        "dpv:hasPersonalData": [ref(each) for each in _categories(agreement, vocabulary)],
        "dpv:hasDataSubject": [ref(term("subject", each)) for each in subjects(agreement, vocabulary)],
        "dpv:hasDataController": [ref(at.agency(each)) for each in agreement.providers],
        "dpv:hasRecipient": [ref(at.agency(each)) for each in agreement.recipients],
        "dpv:hasStorageCondition": {"@type": "dpv:StorageDuration", "dpv:hasDuration": kept},
        "dpv:hasImpactAssessment": ref(at.agreement(agreement, "assessment")),
    }


def subjects(agreement: Agreement, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the categories of people whose data leave; all of them where a release names none."""
    named = [name for release in agreement.releases for name in release.of or tuple(vocabulary.subject_categories)]
    return tuple(dict.fromkeys(named))


def _categories(agreement: Agreement, vocabulary: Vocabulary) -> tuple[str, ...]:
    fields = [
        vocabulary.record_type(release.record).field(each.field).dpv
        for release in agreement.releases
        for each in release.fields
        if each.minimiser != "withheld"
    ]
    return tuple(each for each in dict.fromkeys(fields) if each != _NO_PERSONAL_DATA)


def _permission(agreement: Agreement, release: Release, vocabulary: Vocabulary, at: Addresses) -> Node:
    clause = f"release-{release.number}"
    return {
        "@id": at.agreement(agreement, clause),
        "@type": "odrl:Permission",
        "odrl:action": ref("odrl:use"),
        "odrl:target": _assets(agreement, release, vocabulary, at),
        "odrl:constraint": [*_constraints(agreement), *_conditions(agreement, release)],
        "odrl:duty": _duties(agreement, at),
    }


def _assets(agreement: Agreement, release: Release, vocabulary: Vocabulary, at: Addresses) -> list[Node]:
    record = vocabulary.record_type(release.record)
    return [
        {
            "@id": at.agreement(agreement, f"release-{release.number}-{each.field}"),
            "@type": "odrl:Asset",
            "dct:title": said(record.field(each.field).label),
            "comity:field": f"{record.name}.{each.field}",
            "comity:form": ref(term("form", each.minimiser)),
            "dpv:hasPersonalData": ref(record.field(each.field).dpv),
        }
        for each in release.fields
        if each.minimiser != "withheld"
    ]


def _constraint(left: str, operator: str, right: Node | str | list[Node]) -> Node:
    return {
        "@type": "odrl:Constraint",
        "odrl:leftOperand": ref(left),
        "odrl:operator": ref(operator),
        "odrl:rightOperand": right,
    }


def _constraints(agreement: Agreement) -> list[Node]:
    days = agreement.in_force
    return [
        _constraint("odrl:purpose", "odrl:isA", ref(term("purpose", agreement.purpose))),
        _constraint("odrl:recipient", "odrl:isAnyOf", [ref(term("role", each)) for each in agreement.requesters.roles]),
        _constraint("odrl:deliveryChannel", "odrl:isAnyOf", [ref(term("channel", it)) for it in agreement.channels]),
        _constraint("odrl:dateTime", "odrl:gteq", day(days.start)),
        _constraint("odrl:dateTime", "odrl:lteq", day(days.until)),
    ]


def _conditions(agreement: Agreement, release: Release) -> list[Node]:
    held: dict[str, Condition | None] = {"comity:about": agreement.about, "comity:where": release.where}
    made = [_constraint(left, "odrl:eq", print_condition(each)) for left, each in held.items() if each is not None]
    if release.of:
        whose = [ref(term("subject", each)) for each in release.of]
        made.append(_constraint("comity:whose", "odrl:isAnyOf", whose))
    made += [_constraint("comity:states", "odrl:eq", each) for each in agreement.requesters.must_state]
    return made


def _duties(agreement: Agreement, at: Addresses) -> list[Node]:
    kept = agreement.retention
    action = {"delete": "odrl:delete", "return": "comity:return"}[kept.then]
    within = _constraint("odrl:elapsedTime", "odrl:lteq", duration(kept.keep))
    duties: list[Node] = [{"@type": "odrl:Duty", "odrl:action": ref(action), "odrl:constraint": within}]
    if kept.receipt == "required":
        told = [ref(at.agency(each)) for each in agreement.providers]
        duties.append({"@type": "odrl:Duty", "odrl:action": ref("odrl:inform"), "odrl:informedParty": told})
    if agreement.consent == "required":
        duties.append({"@type": "odrl:Duty", "odrl:action": ref("odrl:obtainConsent")})
    if agreement.review is not None:
        duties.append(_review_of_use(agreement.review, at))
    return duties


def _review_of_use(review: Review, at: Addresses) -> Node:
    """Return the duty to look at each use afterwards; what is only told, or stops the rest, if it is not done."""
    by = [ref(term("role", each)) for each in review.roles]
    return {
        "@type": "odrl:Duty",
        "odrl:action": ref("comity:reviewUse"),
        "odrl:assignee": [ref(at.agency(each)) for each in review.agencies],
        "odrl:constraint": [
            _constraint("odrl:elapsedTime", "odrl:lteq", duration(review.within)),
            _constraint("comity:reviewer", "odrl:isAnyOf", by),
        ],
        "comity:reviewed": ref(term("reviewed", review.each)),
        "comity:notice": ref(term("notice", review.notice)),
        "comity:overdue": ref(term("overdue", review.overdue)),
    }


def _onward(agreement: Agreement, at: Addresses) -> tuple[str, Node]:
    """Return the rule for passing on: never, or once the providers consent."""
    rule: Node = {
        "@id": at.agreement(agreement, "onward"),
        "odrl:action": ref("odrl:distribute"),
        "odrl:target": ref(at.agreement(agreement)),
    }
    if agreement.onward == "none":
        return "odrl:prohibition", rule | {"@type": "odrl:Prohibition"}
    asked = [ref(at.agency(each)) for each in agreement.providers]
    duty = {"@type": "odrl:Duty", "odrl:action": ref("odrl:obtainConsent"), "odrl:consentingParty": asked}
    return "odrl:permission", rule | {
        "@type": "odrl:Permission",
        "odrl:constraint": _constraints(agreement),
        "odrl:duty": duty,
    }


def _review(agreement: Agreement, at: Addresses) -> Node:
    return {
        "@type": "odrl:Duty",
        "odrl:action": ref("odrl:reviewPolicy"),
        "odrl:assignee": [ref(at.agency(each)) for each in agreement.parties],
        "odrl:target": ref(at.agreement(agreement)),
        "odrl:constraint": _constraint("odrl:dateTime", "odrl:lteq", day(agreement.in_force.review_by)),
    }
