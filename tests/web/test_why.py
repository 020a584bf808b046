"""Why, on the pages: for the overseer all of it, for the requester what they may know, for anybody else nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser as Chromium

from comity.store import Role
from comity.web.models import Colleague

from .desk import LISTING, OVERSEER, PROSECUTOR, Browser, Office
from .test_pages import looking, sign_in

PROVIDING, STRANGER = "pauline-provider", "stan-stranger"
SUPPOSED = {"agreement": "prosecution-case-building", "purpose": "prosecution", "agency": "prosecution",
            "role": "prosecutor", "case_reference": "T-1", "justification": "to see"}  # fmt: skip


@pytest.fixture
def asked(office: Office) -> dict[str, str]:
    """What a prosecutor's looks at somebody covered and somebody uncovered are known by in the log."""
    for name, agency in ((PROVIDING, "police"), (STRANGER, "victim-services")):
        office.put(Colleague(name, name, agency, "data-protection-officer", "en", demonstration=True))
    browser, found = Browser(office.url).sign_in(PROSECUTOR).set_out(), {}
    for what in ("covered", "uncovered"):
        page = browser.http.get(f"/person/{getattr(office, what)}").text
        found[what] = re.findall(r'href="/ledger/([0-9a-f-]{36})"', page)[-1]
    return found


def test_the_overseer_goes_from_a_line_of_the_log_to_why(chrome: Chromium, office: Office, asked: dict[str, str]):
    with looking(chrome, office, "en") as page:
        sign_in(page, OVERSEER, "en")
        page.goto("/log")
        page.locator(f"a[href='/log/{asked['uncovered']}/why']").click()
        assert page.locator("h1").inner_text() == "Why this request was answered so"
        said = page.locator("main").inner_text()
        assert "Nothing leaves" in said.replace("NOTHING LEAVES", "Nothing leaves")
        assert "A provider would have to hold a record of this type that concerns them: charge." in said
        page.goto(f"/log/{asked['covered']}/why")
        said = page.locator("main").inner_text()
        assert "The same would leave now, to the byte" in said
        assert str(office.covered) not in page.content()


def test_the_overseer_supposes_a_request_and_is_told_what_is_wrong_with_it(chrome: Chromium, office: Office):
    with looking(chrome, office, "nl") as page:
        sign_in(page, OVERSEER, "nl")
        page.goto("/why")
        page.locator("form[action='/why'] button").click()
        assert "Kies een overeenkomst" in page.locator(".govuk-error-summary").inner_text()
        page.select_option("#agreement", SUPPOSED["agreement"])
        page.select_option("#role", "judge")
        page.fill("#person", str(office.covered))
        page.locator("form[action='/why'] button").click()
        assert page.locator("h1").inner_text() == "Waarom een verzoek zo zou worden beantwoord"
        said = page.locator("main").inner_text()
        assert "Vraag in een rol die mag vragen" in said
        assert "Vermeld een zaaknummer." in said
        assert page.url.endswith("/why")  # whom it is about is in no address


@pytest.mark.parametrize(
    ("who", "sees"), [(OVERSEER, True), (PROVIDING, True), (STRANGER, False), (PROSECUTOR, False), (LISTING, False)]
)
def test_why_is_for_whoever_oversees_either_side(office: Office, asked: dict[str, str], who: str, sees: bool):
    browser = Browser(office.url).sign_in(who)
    page = browser.http.get(f"/log/{asked['covered']}/why")
    assert (page.status_code == 200) is sees
    assert browser.post("/why", **SUPPOSED, person=str(office.covered)).status_code == (
        200 if sees else 400 if who == STRANGER else 403
    )
    if who == STRANGER:
        absent = browser.http.get("/log/00000000-0000-4000-8000-000000000000/why")
        assert (page.status_code, page.text) == (absent.status_code, absent.text.replace("00000000-0000-4000-8000-000000000000", asked["covered"]))  # fmt: skip


def test_a_provider_finds_a_request_by_its_id(office: Office, asked: dict[str, str]):
    browser = Browser(office.url).sign_in(PROVIDING)
    assert browser.post("/why/of", identity=asked["covered"]).headers["location"] == f"/log/{asked['covered']}/why"
    assert "Enter an id" in browser.post("/why/of", identity="no").text


def test_a_requester_is_told_the_same_of_whoever_is_not_covered_or_not_there(office: Office, asked: dict[str, str]):
    browser = Browser(office.url).sign_in(PROSECUTOR).set_out()
    absent = browser.http.get("/person/00000000-0000-4000-8000-000000000000").text
    identity = re.search(r'href="/requests/([0-9a-f-]{36})/why"', absent)[1]
    pages = [browser.http.get(f"/requests/{it}/why") for it in (asked["uncovered"], identity)]
    assert [page.status_code for page in pages] == [200, 200]
    told = {re.sub(r"[0-9a-f-]{36}|<time.*?</time>", "", page.text) for page in pages}
    assert len(told) == 1
    assert "There is nothing to show under this agreement." in told.pop()
    other = Browser(office.url).sign_in(LISTING).http.get(f"/requests/{identity}/why")
    assert other.status_code == 404


@pytest.mark.parametrize(
    ("name", "typed"), [("person", "x"), ("on", "31-2"), ("version", "-1"), ("version", "9"), ("agreement", "none")]
)
def test_what_is_filled_in_wrongly_is_said_beside_the_field(office: Office, name: str, typed: str):
    browser = Browser(office.url).sign_in(OVERSEER)
    page = browser.post("/why", **{**SUPPOSED, "person": str(office.covered), name: typed})
    assert page.status_code == 400
    place = "agreement" if typed == "9" else name
    assert page.text.partition(f'id="{place}-error"')[2]


def test_each_explanation_is_an_entry(office: Office, asked: dict[str, str]):
    page = Browser(office.url).sign_in(OVERSEER).http.get(f"/log/{asked['covered']}/why").text
    identity = re.findall(r'href="/ledger/([0-9a-f-]{36})"', page)[-1]
    with office.node.store.connect(Role.GATE) as conn:
        kept = conn.execute("select what, by from gate.consultation where id = %s", [identity]).fetchall()
    assert kept == [("why", OVERSEER)]
