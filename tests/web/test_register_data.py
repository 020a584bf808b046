"""The register for programs: what anybody may read on its pages, as linked data, and never older than the pages."""

from __future__ import annotations

import json

import rdflib

from .desk import Browser, Office

DCAT, ODRL = "http://www.w3.org/ns/dcat#", "http://www.w3.org/ns/odrl/2/"
NAME = "prosecution-case-building"


def graph(text: str) -> rdflib.Graph:
    return rdflib.Graph().parse(data=text, format="json-ld")


def test_the_catalogue_lists_what_the_page_lists(office: Office, browser: Browser):
    answer = browser.http.get("/agreements.jsonld")
    assert answer.headers["content-type"] == "application/ld+json"
    listed = {str(it) for it in graph(answer.text).objects(None, rdflib.URIRef(f"{DCAT}dataset"))}
    page = browser.http.get("/agreements").text
    assert listed
    for address in listed:
        assert f'href="{address.partition(str(browser.http.base_url).rstrip("/"))[2]}"' in page


def test_a_version_is_a_policy(office: Office, browser: Browser):
    found = graph(browser.http.get(f"/agreements/{NAME}/1.jsonld").text)
    policies = list(found.subjects(rdflib.RDF.type, rdflib.URIRef(f"{ODRL}Agreement")))
    assert [str(it).rpartition("/agreements/")[2] for it in policies] == [f"{NAME}/1#policy"]


def test_both_pages_lead_to_it(office: Office, browser: Browser):
    for page in ("/agreements", f"/agreements/{NAME}/1"):
        alternate = f'<link rel="alternate" type="application/ld+json" href="{page}.jsonld">'
        assert alternate in browser.http.get(page).text


def test_what_the_register_does_not_have_is_not_there(office: Office, browser: Browser):
    for path in (f"/agreements/{NAME}/99.jsonld", "/agreements/nothing/1.jsonld", f"/agreements/{NAME}/x.jsonld"):
        assert browser.http.get(path).status_code == 404


def test_a_copy_is_asked_about_each_time_and_sent_only_if_it_has_changed(office: Office, browser: Browser):
    first = browser.http.get("/agreements.jsonld")
    assert first.headers["cache-control"] == "public, no-cache"
    again = browser.http.get("/agreements.jsonld", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = browser.http.get("/agreements.jsonld", headers={"if-none-match": '"another"'})
    assert (other.status_code, other.text) == (200, first.text)


def test_it_says_nothing_of_anybody(office: Office, browser: Browser):
    text = browser.http.get("/agreements.jsonld").text
    assert "@graph" in json.loads(text)
    for secret in ("staff", "thumbprint", "public_key", "signature"):
        assert secret not in text.lower()
