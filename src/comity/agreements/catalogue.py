"""The public register for programs: a DCAT 3 catalogue (DCAT-AP 3), a dataset and a policy for each version. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from comity.agreements.linked_data import Addresses, Node, Published, day, document, ref, said, term
from comity.agreements.models import Agreement, InForce, Why
from comity.agreements.policy import policy, process, subjects
from comity.agreements.words import agreement_words
from comity.vocabulary.models import Label, Vocabulary

_RESTRICTED: Final = "http://publications.europa.eu/resource/authority/access-right/RESTRICTED"
_JUSTICE: Final = "http://publications.europa.eu/resource/authority/data-theme/JUST"
_TITLE: Final = Label("Register of agreements", "Register van overeenkomsten")
_ABOUT: Final = Label(
    "Who may ask whom for which data, for which purpose, and how long it is kept.",
    "Wie bij wie welke gegevens mag opvragen, voor welk doel, en hoe lang ze worden bewaard.",
)


def catalogue_text(
    published: Sequence[Published], vocabulary: Vocabulary, agencies: Mapping[str, Label], at: Addresses
) -> str:
    """Return the catalogue of all versions as JSON-LD."""
    nodes = [_catalogue(published, at), _publisher(at)]
    for each in published:
        nodes += _nodes(each, vocabulary, agencies, at)
    return document(_once(nodes))


def agreement_text(each: Published, vocabulary: Vocabulary, agencies: Mapping[str, Label], at: Addresses) -> str:
    """Return one version as JSON-LD."""
    return document(_once([_publisher(at), *_nodes(each, vocabulary, agencies, at)]))


def _once(nodes: Iterable[Node]) -> list[Node]:
    return list({str(node["@id"]): node for node in nodes}.values())


def _catalogue(published: Sequence[Published], at: Addresses) -> Node:
    return {
        "@id": at.register,
        "@type": "dcat:Catalog",
        "dct:title": said(_TITLE),
        "dct:description": said(_ABOUT),
        "dct:publisher": ref(f"{at.register}#publisher"),
        "dcat:themeTaxonomy": ref("http://publications.europa.eu/resource/authority/data-theme"),
        "dcat:dataset": [ref(at.agreement(each.agreement)) for each in published],
    }


def _publisher(at: Addresses) -> Node:
    name = said(Label(f"The node at {at.base}", f"Het knooppunt op {at.base}"))
    return {"@id": f"{at.register}#publisher", "@type": "foaf:Agent", "foaf:name": name}


def _nodes(each: Published, vocabulary: Vocabulary, agencies: Mapping[str, Label], at: Addresses) -> list[Node]:
    agreement = each.agreement
    parties = [_agency(party, agencies, at) for party in agreement.parties]
    made = [_dataset(each, vocabulary, agencies, at), policy(agreement, vocabulary, at)]
    return [*made, process(agreement, vocabulary, at), _assessment(each, at), *parties, *_words(agreement, vocabulary)]


def _dataset(each: Published, vocabulary: Vocabulary, agencies: Mapping[str, Label], at: Addresses) -> Node:
    agreement, days = each.agreement, each.agreement.in_force
    words = agreement_words(agreement, vocabulary, agencies)
    in_full = Label(" ".join(it.text.en for it in words), " ".join(it.text.nl for it in words))
    return {
        "@id": at.agreement(agreement),
        "@type": "dcat:Dataset",
        "dct:identifier": str(agreement),
        "dcat:version": str(agreement.version),
        "dct:title": said(agreement.title),
        "dct:description": said(in_full),
        "dct:publisher": ref(f"{at.register}#publisher"),
        "dct:creator": [ref(at.agency(party)) for party in agreement.providers],
        "dcat:theme": [ref(_JUSTICE), ref(term("purpose", agreement.purpose))],
        "dct:accessRights": ref(_RESTRICTED),
        "dcatap:applicableLegislation": [ref(term("law", basis.term)) for basis in agreement.lawful_basis],
        "dct:temporal": _period(days),
        "comity:reviewBy": day(days.review_by),
        "adms:status": ref(term("status", "in-force" if each.standing.in_force else "not-in-force")),
        "dct:provenance": ref(at.agreement(agreement, "assessment")),
        "odrl:hasPolicy": ref(at.agreement(agreement, "policy")),
        "comity:process": ref(at.agreement(agreement, "process")),
    }


def _period(days: InForce) -> Node:
    return {"@type": "dct:PeriodOfTime", "dcat:startDate": day(days.start), "dcat:endDate": day(days.until)}


def _assessment(each: Published, at: Addresses) -> Node:
    approved = all(reason.code is not Why.NOT_ASSESSED for reason in each.standing.reasons)
    return {
        "@id": at.agreement(each.agreement, "assessment"),
        "@type": ["dpv:DPIA", "dct:ProvenanceStatement"],
        "dct:identifier": str(each.agreement.assessment),
        "adms:status": ref(term("status", "approved" if approved else "not-approved")),
    }


def _agency(agency: str, agencies: Mapping[str, Label], at: Addresses) -> Node:
    name = said(agencies.get(agency, Label(agency, agency)))
    return {"@id": at.agency(agency), "@type": ["foaf:Agent", "odrl:Party"], "foaf:name": name}


def _words(agreement: Agreement, vocabulary: Vocabulary) -> list[Node]:
    """Return the words of the vocabulary that an agreement uses, each with its label in both languages."""
    purpose = vocabulary.purpose(agreement.purpose)
    made = [_concept("purpose", purpose.name, purpose.label) | {"skos:broadMatch": ref(purpose.dpv)}]
    made += [_concept("role", name, vocabulary.roles[name].label) for name in agreement.requesters.roles]
    made += [_concept("channel", name, vocabulary.channels[name].label) for name in agreement.channels]
    made += [
        _concept("subject", name, vocabulary.subject_categories[name].label, "dpv:DataSubject")
        for name in subjects(agreement, vocabulary)
    ]
    return [*made, *(_law(basis.term, vocabulary) for basis in agreement.lawful_basis)]


def _concept(kind: str, name: str, label: Label, also: str = "skos:Concept") -> Node:
    types = list(dict.fromkeys(["skos:Concept", also]))
    return {"@id": term(kind, name), "@type": types, "skos:prefLabel": said(label)}


def _law(name: str, vocabulary: Vocabulary) -> Node:
    law = vocabulary.lawful_basis(name)
    return {
        "@id": term("law", name),
        "@type": ["eli:LegalResource", "dpv:LegalBasis"],
        "dct:title": said(law.label),
        "dct:bibliographicCitation": f"{law.act}, {law.article}",
    }
