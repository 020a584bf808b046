"""The register as linked data: read back by a library that is not ours, and held to shapes."""

from __future__ import annotations

import csv
import json
from importlib import resources
from pathlib import Path

import pytest
from pyshacl import validate
from rdflib import Graph, URIRef

from comity.agreements.catalogue import agreement_text, catalogue_text
from comity.agreements.linked_data import CONTEXT, Addresses, Published, duration
from comity.agreements.models import Standing
from comity.agreements.parse import parse_agreement
from comity.vocabulary import Vocabulary

AT = Addresses("https://node.example")
SHAPES = Path(__file__).with_name("shapes.ttl")
EXAMPLES = ("marac-victim-safety", "integrated-offender-management", "threat-to-life")


@pytest.fixture(scope="module")
def published(vocabulary: Vocabulary) -> list[Published]:
    folder = resources.files("comity.agreements") / "examples"
    texts = [(folder / f"{name}.yaml").read_text("utf-8") for name in EXAMPLES]
    return [Published(parse_agreement(text, vocabulary), Standing(())) for text in texts]


@pytest.fixture(scope="module")
def graph(published: list[Published], vocabulary: Vocabulary) -> Graph:
    return Graph().parse(data=catalogue_text(published, vocabulary, {}, AT), format="json-ld")


def test_it_fits_the_shapes(graph: Graph):
    fits, _, report = validate(graph, shacl_graph=Graph().parse(SHAPES))
    assert fits, report


@pytest.mark.parametrize("lost", ["dct:title", "odrl:uid", "odrl:assigner", "odrl:action", "odrl:operator"])
def test_the_shapes_tell_what_is_missing(lost: str, published: list[Published], vocabulary: Vocabulary):
    text = catalogue_text(published, vocabulary, {}, AT).replace(f'"{lost}"', '"comity:lost"')
    fits, _, _ = validate(Graph().parse(data=text, format="json-ld"), shacl_graph=Graph().parse(SHAPES))
    assert not fits


@pytest.mark.parametrize(
    ("subject", "predicate", "expected"),
    [
        ("", "dct:identifier", {"marac-victim-safety@3"}),
        ("", "dct:title", {"Protecting high-risk victims of domestic abuse",
                           "Bescherming van slachtoffers van huiselijk geweld met een hoog risico"}),
        ("", "dct:temporal/dcat:endDate", {"2027-01-31"}),
        ("", "comity:reviewBy", {"2026-08-01"}),
        ("", "dcatap:applicableLegislation", {"urn:comity:law:uk/dpa2018-s35-2-b", "urn:comity:law:uk/dpa2018-s35-5",
                                              "urn:comity:law:uk/dpa2018-sch8-4"}),
        ("#policy", "odrl:assigner", {"https://node.example/agreements#agency-police",
                                      "https://node.example/agreements#agency-probation"}),
        ("#policy", "odrl:assignee", {"https://node.example/agreements#agency-victim-services"}),
        ("#policy", "odrl:prohibition/odrl:action", {"http://www.w3.org/ns/odrl/2/distribute"}),
        ("#release-3", "odrl:duty/odrl:action", {"http://www.w3.org/ns/odrl/2/delete", "http://www.w3.org/ns/odrl/2/inform"}),
        ("#release-2-address", "comity:form", {"urn:comity:form:area"}),
        ("#process", "dpv:hasStorageCondition/dpv:hasDuration/rdf:value", {"P2Y"}),
        ("#assessment", "dct:identifier", {"marac-victim-safety@3"}),
    ],
)  # fmt: skip
def test_what_is_said_of_the_agreement_about_victims(graph: Graph, subject: str, predicate: str, expected: set[str]):
    about = URIRef(f"https://node.example/agreements/marac-victim-safety/3{subject}")
    rows = graph.query(f"select ?x where {{ ?s {predicate} ?x }}", initNs=dict(CONTEXT), initBindings={"s": about})
    assert {str(row[0]) for row in rows} == expected


def test_one_version_says_the_same_as_the_catalogue(published, vocabulary: Vocabulary, graph: Graph):
    one = Graph().parse(data=agreement_text(published[0], vocabulary, {}, AT), format="json-ld")
    assert len(one) > 100
    assert {triple for triple in one if all(isinstance(it, URIRef) for it in triple)} <= set(graph)


def test_every_term_of_dpv_and_odrl_exists(graph: Graph, shared_data: Path):
    folder = shared_data / "vocabularies"
    known = {
        row["iri"] for path in (folder / "dpv").glob("*.csv") for row in csv.DictReader(path.open(encoding="utf-8"))
    }
    known |= {str(each["@id"]) for each in json.loads((folder / "odrl" / "ODRL22.json").read_text("utf-8"))}
    used = {str(it) for triple in graph for it in triple if isinstance(it, URIRef)}
    theirs = {it for it in used if it.startswith(("https://w3id.org/dpv", CONTEXT["odrl"]))}
    assert len(theirs) > 30
    assert theirs - known == set()


def test_the_review_of_each_use_is_a_duty_with_its_time_and_its_reviewers(graph: Graph):
    about = URIRef("https://node.example/agreements/threat-to-life/1#release-2")
    query = """select ?within ?who ?role ?late where {
        ?s odrl:duty ?duty . ?duty odrl:action comity:reviewUse ; odrl:assignee ?who ; comity:overdue ?late ;
            odrl:constraint [odrl:leftOperand odrl:elapsedTime ; odrl:rightOperand ?within] ,
                            [odrl:leftOperand comity:reviewer ; odrl:rightOperand ?role] }"""
    (row,) = graph.query(query, initNs=dict(CONTEXT), initBindings={"s": about})
    assert [str(it) for it in row] == [
        "P1D",
        "https://node.example/agreements#agency-police",
        "urn:comity:role:data-protection-officer",
        "urn:comity:overdue:suspend",
    ]


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ("P2Y", "P2Y"),
        ("PT4H", "PT4H"),
        ("P2DT12H", "P2DT12H"),
        ("P1Y6M", "P1Y6M"),
        ("P2W", "P14D"),
        ("P1M1W3D", "P1M10D"),
    ],
)
def test_a_length_of_time_has_no_weeks(kept: str, expected: str):
    assert duration(kept)["@value"] == expected


def test_passing_on_with_permission_asks_for_it(graph: Graph):
    about = URIRef("https://node.example/agreements/integrated-offender-management/1#onward")
    rows = graph.query(
        "select ?x where { ?s odrl:duty/odrl:action ?x }", initNs=dict(CONTEXT), initBindings={"s": about}
    )
    assert [str(row[0]) for row in rows] == ["http://www.w3.org/ns/odrl/2/obtainConsent"]
