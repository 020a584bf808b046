"""Documents of the register: the agreement and the assessment that it rests on, as PDF, for anybody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest

from comity.agreements.assessment import Discipline, Step, load_catalogue, parse_assessment
from comity.agreements.assessment.merge import Editor
from comity.agreements.assessment.store import approve, sign_step, take_file
from comity.agreements.keys import make_key, public_bytes
from comity.agreements.models import Act, AssessmentReference, Event
from comity.agreements.sign import sign
from comity.agreements.store import act_upon, add_agency, add_signature, pin_key, propose
from comity.node import Node
from comity.store import Role, Settings, Store
from comity.vocabulary import Label, Vocabulary
from comity.web.app import create_app

from .desk import Browser, Office, serving

NAME = "prosecution-case-building"
MARAC = AssessmentReference("marac-victim-safety", 3)
PARTIES = {"police": "Politie", "probation": "Reclassering", "victim-services": "Slachtofferhulp"}


def example(folder: str) -> str:
    return resources.files("comity.agreements").joinpath(f"{folder}/marac-victim-safety.yaml").read_text("utf-8")


@pytest.mark.parametrize(("language", "words"), [("en", "In force on"), ("nl", "Van kracht op")])
def test_an_agreement_is_handed_out_in_the_language_of_the_page(
    office: Office, browser: Browser, paper, language, words
):
    browser.http.cookies.set("comity-language", language, domain="127.0.0.1")
    answer = browser.http.get(f"/agreements/{NAME}/1.pdf")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'inline; filename="{NAME}-1-{language}.pdf"'
    assert answer.headers["content-language"] == language
    made = paper(answer.content)
    assert words in made.text
    assert {"en": "Yes", "nl": "Ja"}[language] in made.text


def test_it_is_kept_no_longer_than_the_page(office: Office, browser: Browser):
    page, document = (browser.http.get(f"/agreements/{NAME}/1{end}") for end in ("", ".pdf"))
    assert document.headers["cache-control"] == page.headers["cache-control"] == "no-store"


def test_both_pages_lead_to_it(office: Office, browser: Browser):
    for page in ("/agreements", f"/agreements/{NAME}/1"):
        assert f'href="/agreements/{NAME}/1.pdf" type="application/pdf"' in browser.http.get(page).text


def test_the_page_and_the_document_say_the_same_of_signatures(office: Office, browser: Browser, paper):
    page = browser.http.get(f"/agreements/{NAME}/1").text.partition("Thumbprint of the key")[2]
    letters = paper(browser.http.get(f"/agreements/{NAME}/1.pdf").content).letters
    thumbprints = [part.partition("<")[0] for part in page.split('class="comity-hash">')[1:]]
    assert len(thumbprints) > 2
    assert all(each in letters for each in thumbprints)


@pytest.mark.parametrize(
    "path",
    ["/agreements/nothing/1.pdf", f"/agreements/{NAME}/9.pdf", f"/agreements/{NAME}/x.pdf", "/assessments/nothing/1.pdf",
     "/assessments/x/..%2f1.pdf", f"/assessments/{NAME}/1.pdf"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(browser: Browser, path: str):
    """The demonstration's assessments were not made in four steps: there is nothing to print."""
    assert browser.http.get(path).status_code == 404


# With an assessment made in four steps


@pytest.fixture
def node(store: Store, vocabulary: Vocabulary, tmp_path: Path) -> Node:
    made = Node(Settings(home=tmp_path), store, vocabulary, "comity-test")
    now = datetime.now(UTC)
    with store.connect(Role.GOVERNANCE) as conn:
        for agency, name in PARTIES.items():
            add_agency(conn, agency, agency, Label(agency.title(), name), vocabulary)
        filed = parse_assessment(example("assessment/examples"), vocabulary)
        take_file(conn, filed, Editor("staff-1", "police", Discipline.LEGAL), now, vocabulary)
        key = make_key(tmp_path / "police.pem")
        pin_key(conn, "police", public_bytes(key), now)
        agreement = propose(conn, example("examples"), vocabulary, now)
        signature = sign(agreement, "police", key)
        add_signature(conn, agreement.name, agreement.version, "police", signature, vocabulary, now)
    return made


def approved(node: Node) -> None:
    now = datetime.now(UTC)
    with node.store.connect(Role.GOVERNANCE) as conn:
        for step in Step:
            for discipline in load_catalogue().must_sign(step):
                sign_step(conn, MARAC, step, Editor(f"staff-{discipline}", "police", discipline), now, node.vocabulary)
        approve(conn, MARAC, node.vocabulary, agency="police", by="dpo-secret", at=now)


@pytest.fixture
def visitor(node: Node) -> Iterator[Browser]:
    with serving(create_app(node)) as url:
        yield Browser(url)


def test_an_assessment_is_handed_out_once_it_is_approved(node: Node, visitor: Browser, paper):
    link = 'href="/assessments/marac-victim-safety/3.pdf"'
    assert visitor.http.get("/assessments/marac-victim-safety/3.pdf").status_code == 404
    assert link not in visitor.http.get("/agreements/marac-victim-safety/3").text
    approved(node)
    assert link in visitor.http.get("/agreements/marac-victim-safety/3").text
    answer = visitor.http.get("/assessments/marac-victim-safety/3.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'inline; filename="marac-victim-safety-3-assessment-en.pdf"'
    assert answer.headers["cache-control"] == "no-store"
    made = paper(answer.content)
    assert "Approved on" in made.text
    for secret in ("laptop", "hardware key", "dpo-secret", "staff-legal"):
        assert not made.holds(secret), secret


def test_a_revocation_shows_in_the_next_document(node: Node, visitor: Browser, paper):
    assert "Revoked by police" not in paper(visitor.http.get("/agreements/marac-victim-safety/3.pdf").content).text
    with node.store.connect(Role.GOVERNANCE) as conn:
        act_upon(
            conn, "marac-victim-safety", 3, Event(Act.REVOKE, "police", datetime.now(UTC)), by="dpo", reason="Over."
        )
    assert "Revoked by police" in paper(visitor.http.get("/agreements/marac-victim-safety/3.pdf").content).text


def test_an_assessment_that_no_agreement_of_the_register_rests_on_is_not_there(node: Node, visitor: Browser):
    approved(node)
    with node.store.connect(Role.GOVERNANCE) as conn:
        text = example("assessment/examples").replace("version: 3", "version: 4", 1)
        filed = parse_assessment(text, node.vocabulary)
        take_file(conn, filed, Editor("staff-1", "police", Discipline.LEGAL), datetime.now(UTC), node.vocabulary)
    assert visitor.http.get("/assessments/marac-victim-safety/4.pdf").status_code == 404
