"""Extracts on the page, in a real browser, and over the API: asked for, made in the background, collected by whoever asked."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import httpx
import pytest
from playwright.sync_api import Browser as Chromium

from comity.gate.extract import verify
from comity.gate.extract.orders import counter_at, make_next
from comity.gate.keys import load_or_create
from comity.store import Role
from comity.web.models import Colleague

from .desk import ANALYST, PROSECUTOR, Browser, Office
from .test_pages import heading, looking, sign_in, violations

NAME = "charge-outcomes"
ERRAND = {"agreement": NAME, "purpose": "statistics", "justification": "The yearly study"}


def make_what_waits(office: Office) -> None:
    """Do what the worker does."""
    node = office.node
    with node.store.connect(Role.GATE, autocommit=True) as conn:
        counter = counter_at(node.settings.home, conn, node.vocabulary, load_or_create(node.keyring), node.signer())
        while make_next(counter, lambda: datetime.now(UTC)):
            pass


def api(office: Office, who: str = ANALYST) -> httpx.Client:
    headers = {"authorization": f"Bearer {office.token(who)}"}
    return httpx.Client(base_url=f"{office.url}/api/v1", headers=headers, timeout=60)


@pytest.mark.parametrize(
    ("language", "title", "waiting", "ready"),
    [("en", "Extracts", "Waiting for its turn", "Ready to collect"),
     ("nl", "Extracten", "Wacht op zijn beurt", "Klaar om op te halen")],
)  # fmt: skip
def test_an_analyst_asks_and_collects(
    chrome: Chromium, office: Office, language: str, title: str, waiting: str, ready: str
):
    with looking(chrome, office, language, scripts=True) as page:
        sign_in(page, ANALYST, language)
        page.goto("/extracts")
        assert heading(page) == title
        assert not violations(page)
        page.locator("form[action='/extracts'] button").click()
        assert page.locator(".govuk-error-summary").count() == 1
        assert not violations(page)
        page.fill("#justification", "The yearly study")
        page.locator("form[action='/extracts'] button").click()
        assert waiting in page.locator("main").inner_text()
        assert not violations(page)
        make_what_waits(office)
        page.reload()
        assert ready in page.locator("main").inner_text()
        assert not violations(page)
        link = page.locator("main tbody a", has_text="manifest.json").get_attribute("href")
        taken = page.context.request.get(link)
        assert f'"{NAME}@1"' in taken.text()
        assert taken.headers["content-disposition"] == 'attachment; filename="manifest.json"'
        page.goto("/extracts")
        assert ready in page.locator("main tbody").inner_text()


def test_a_program_asks_and_gets_what_can_be_checked(office: Office, tmp_path):
    program = api(office)
    asked = program.post("/extracts", json={"errand": ERRAND, "format": "jsonl"})
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    here = asked.headers["location"].removeprefix("/api/v1")
    make_what_waits(office)
    found = program.get(here).json()
    assert (found["state"], found["reason"], found["parts"]) == ("made", None, 2)
    for file in found["files"]:
        got = program.get(file["href"])
        assert (got.status_code, len(got.content)) == (200, file["bytes"])
        (tmp_path / file["name"]).write_bytes(got.content)
    checked = verify(tmp_path, office.node.signer().vkey())
    assert checked.sound
    assert checked.manifest["tables"][0]["rows"] > 50


def test_nobody_but_the_requester_knows_of_it(office: Office):
    asked = api(office).post("/extracts", json={"errand": ERRAND})
    extract = asked.json()["id"]
    make_what_waits(office)
    other = Colleague("another-analyst", "Ana Lyst", "court", "analyst", "en")
    office.put(other)
    for who in (PROSECUTOR, other.id):
        stranger = api(office, who)
        for path in (f"/extracts/{extract}", f"/extracts/{extract}/files/manifest.json"):
            answers = [stranger.get(it) for it in (path, path.replace(extract, "00000000-0000-4000-8000-000000000000"))]
            assert {it.status_code for it in answers} == {404}
            assert answers[0].content == answers[1].content
    page = Browser(office.url).sign_in(PROSECUTOR)
    assert page.http.get(f"/extracts/{extract}").status_code == 404
    assert page.http.get(f"/extracts/{extract}/files/manifest.json").status_code == 404
    office.put(Colleague(ANALYST, "Noor Aziz", "court", "listing-officer", "en", demonstration=True))
    try:
        assert api(office).get(f"/extracts/{extract}").status_code == 404, "another role than the one that asked"
    finally:
        office.put(Colleague(ANALYST, "Noor Aziz", "court", "analyst", "en", demonstration=True))


def test_what_the_agreement_does_not_allow_is_refused_by_its_reason(office: Office):
    program = api(office)
    refused = program.post("/extracts", json={"errand": {**ERRAND, "justification": ""}})
    assert (refused.status_code, refused.json()["code"]) == (403, "no-justification")
    assert refused.json()["entry"]
    statistic = program.post("/extracts", json={"errand": {**ERRAND, "agreement": "justice-statistics"}})
    assert statistic.json()["code"] == "extract-closed"
    unknown = program.post("/extracts", json={"errand": {**ERRAND, "agreement": "never-heard-of"}})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "nothing-to-show")
    assert program.post("/extracts", json={"errand": ERRAND, "format": "xlsx"}).status_code == 422


def test_what_is_filled_in_wrongly_is_said_beside_the_field(browser: Browser):
    browser.sign_in(ANALYST)
    page = browser.post("/extracts", agreement=NAME, form="xlsx").text
    assert "Say why you need this" in page
    assert "Choose how the files are written" in page
    assert browser.post("/extracts", agreement="never-heard-of").status_code == 400
    assert browser.http.post("/extracts", data={"token": "no", "agreement": NAME}).status_code == 403


def test_whom_no_agreement_lets_ask_is_told_so(browser: Browser):
    page = browser.sign_in(PROSECUTOR).http.get("/extracts").text
    assert "No agreement in force lets your role ask for an extract" in page
    assert re.search(r'href="/extracts"', page)
