"""The pages in a real browser: driven as their users would, without JavaScript, in both languages, and measured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from comity import ledger
from comity.ledger.note import Verifier
from comity.ledger.proof import Proof
from comity.store import Role
from comity.web.render import environment

from .desk import ANALYST, LISTING, OVERSEER, PROSECUTOR, STEWARD, Browser, Office, eventually

LANGUAGES = {"en": "Nederlands", "nl": "English"}  # language -> what the button to the other one says
NARROW = 320  # CSS pixels: 1,280 of them at 400 % (WCAG 2.2, 1.4.10)


@contextmanager
def looking(
    chrome: Chromium, office: Office, language: str, *, scripts: bool = False, width: int = 1200
) -> Iterator[Page]:
    """Open a fresh browser window of a visitor whose browser asks for ``language``."""
    context = chrome.new_context(
        base_url=office.url,
        locale="nl-NL" if language == "nl" else "en-GB",
        java_script_enabled=scripts,
        viewport={"width": width, "height": 900},
    )
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": "comity-language", "value": language, "url": office.url}])
    yield context.new_page()
    context.close()


def sign_in(page: Page, colleague: str, language: str) -> None:
    page.goto("/")
    page.locator(f"button[value={colleague}]").click()
    if page.locator("html").get_attribute("lang") != language:
        page.locator("button[name=language]").click()


def set_out(page: Page) -> None:
    page.goto("/errand")
    page.locator("input[name=agreement]").first.check()
    page.fill("#case_reference", "T-2026-0114")
    page.fill("#justification", "Deciding on the charge")
    page.locator("main form button").click()


def heading(page: Page) -> str:
    return page.locator("h1").inner_text()


# --------------------------------------------------------------------------------- the way of a prosecutor, unscripted


def test_a_prosecutor_signs_in_states_the_purpose_searches_reads_is_refused_and_signs_out(
    chrome: Chromium, office: Office
):
    with looking(chrome, office, "en") as page:
        sign_in(page, PROSECUTOR, "en")
        assert heading(page) == "What you are here to do"
        page.locator("main form button").click()
        assert "Enter the case that this is about" in page.locator(".govuk-error-summary").inner_text()
        set_out(page)
        assert heading(page) == "Search"
        page.goto(f"/person/{office.covered}")
        name = heading(page)
        page.goto("/search")
        page.fill("#name", name.split()[-1])
        page.locator("form[action='/search'] button").click()
        page.locator("main table a", has_text=name).first.click()
        assert heading(page) == name
        assert "Building a prosecution" in page.locator(".comity-purpose").inner_text()
        agencies = page.locator("main .govuk-body-l").inner_text()
        assert all(agency in agencies for agency in ("Police", "Prosecution", "Court", "Prison", "Probation"))
        page.locator("main form[action='/case'] button").first.click()
        assert heading(page).startswith("Case ")
        page.goto(f"/person/{office.uncovered}")
        assert heading(page) == "Nothing to show"
        page.get_by_role("button", name="Sign out").click()
        page.goto("/search")
        assert heading(page) == "Sign in first"


def test_what_is_typed_wrongly_is_said_beside_the_field(chrome: Chromium, office: Office):
    with looking(chrome, office, "nl") as page:
        sign_in(page, PROSECUTOR, "nl")
        set_out(page)
        page.fill("#birth_date", "31 feb")
        page.locator("form[action='/search'] button").click()
        assert "Vul een geboortedatum in" in page.locator("#birth_date-error").inner_text()
        page.fill("#birth_date", "")
        page.locator("form[action='/search'] button").click()
        assert "Vul een naam, een geboortedatum of een nummer in" in page.locator("#name-error").inner_text()
        page.locator("form[action='/case'] button").click()
        assert "Vul het nummer van een zaak in" in page.locator("#reference-error").inner_text()


def test_the_page_shows_what_the_agreement_names_and_says_why_the_rest_is_withheld(chrome: Chromium, office: Office):
    with looking(chrome, office, "en") as page:
        sign_in(page, PROSECUTOR, "en")
        set_out(page)
        page.goto(f"/person/{office.covered}")
        page.locator("summary", has_text="withheld").click()
        withheld = page.locator(".govuk-details__text", has_text="The agreement decides").inner_text()
        assert "Ethnicity" in withheld
        assert "The agreement does not release this." in withheld
        shown = page.locator(".govuk-summary-list").first.inner_text()
        assert "Date of birth" in shown
        assert "Ethnicity" not in shown


def test_the_overseer_reads_who_asked_by_name_and_the_real_reason(chrome: Chromium, office: Office, browser: Browser):
    browser.sign_in(PROSECUTOR).set_out().http.get(f"/person/{office.uncovered}")
    with looking(chrome, office, "en") as page:
        sign_in(page, OVERSEER, "en")
        row = page.locator("main tbody tr", has_text="does not cover it").first.inner_text()
        assert "Refused" in row
        assert "Priya Nair" in row
        assert "Building a prosecution" in row
        assert PROSECUTOR not in page.locator("main").inner_text(), "an id where a name belongs"


def test_the_person_concerned_sees_who_looked(chrome: Chromium, office: Office, browser: Browser):
    browser.sign_in(PROSECUTOR).set_out().http.get(f"/person/{office.covered}")
    with looking(chrome, office, "nl") as page:
        page.goto("/")
        page.fill("#code", office.letter.lower())
        page.locator("form[action='/letter'] button").click()
        assert heading(page) == "Wie mijn gegevens gebruikte"
        use = page.locator(".comity-timeline li").first.inner_text()
        assert "Openbaar ministerie, officier van justitie" in use
        assert "Opbouwen van een strafzaak" in use
        assert "prosecution" not in use, "an id where a name belongs"
        assert "Deciding on the charge" not in use, "the colleague's own words are the overseer's to read"


def test_the_steward_sees_the_own_agencys_sources_and_counts_that_add_up(chrome: Chromium, office: Office):
    with looking(chrome, office, "en") as page:
        sign_in(page, STEWARD, "en")
        sources = page.locator("main table").first.inner_text()
        assert "Police index of people" in sources
        assert "Court" not in sources
        for row in page.locator("main table").nth(1).locator("tbody tr").all():
            _, _, delivered, became = row.locator("td").all_inner_texts()
            parts = [int(word.replace(",", "")) for word in became.split() if word.replace(",", "").isdigit()]
            assert int(delivered.replace(",", "")) == sum(parts)
        page.locator("a", has_text="Police index of people").first.click()
        filled = page.locator("main tbody tr", has_text="Date of birth").inner_text()
        assert "%" in filled


def test_what_is_held_is_told_with_its_place_its_fault_and_what_to_do(
    chrome: Chromium, office: Office, browser: Browser
):
    token = office.token("police-system")
    sent = {"id": "", "first": "Jo", "last": "Bloggs", "born": "31/12/1990"}
    answer = browser.http.post(
        "/api/v1/sources/police-live/messages", json=sent, headers={"authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.json()["quarantined"]) == (202, 1)
    with looking(chrome, office, "en") as page:
        sign_in(page, STEWARD, "en")
        page.goto("/steward/police-live/held")
        row = page.locator("main tbody tr", has_text="Date of birth").first.inner_text()
        assert "message" in row
        assert "31/12/1990" not in page.content(), "a value is personal data"
        assert "Bloggs" not in page.content()
        page.get_by_role("button", name="Try again").click()
        assert page.locator("main tbody tr").count() >= 1, "the mapping was not mended, so it is still held"
        page.goto("/steward/police-live")
        assert page.locator("main table").first.locator("tbody tr").count() >= 1


def test_the_receipt_verifies_with_the_public_key_that_the_page_shows(
    chrome: Chromium, office: Office, browser: Browser
):
    browser.sign_in(PROSECUTOR).set_out()
    page = browser.http.get(f"/person/{office.covered}").text
    entry = UUID(page.split('href="/ledger/')[1].split('"')[0])
    receipt = eventually(lambda: (it := browser.http.get(f"/ledger/{entry}/receipt")).status_code == 200 and it.text)
    with looking(chrome, office, "en") as shown:
        shown.goto("/ledger")
        vkey = shown.get_by_label("The public key").inner_text()
    proof = Proof.parse(receipt)
    assert proof.verify(Verifier.parse(vkey)).size > proof.number
    assert proof.decoded().id == entry
    assert proof.decoded().kind == "disclosure"


def test_the_register_names_every_agreement_and_its_clauses(chrome: Chromium, office: Office):
    with looking(chrome, office, "nl") as page:
        page.goto("/agreements")
        assert page.locator("main tbody tr").count() == len(office.chain.agreements)
        page.locator("main tbody a", has_text="Opbouwen van een strafzaak").first.click()
        assert heading(page) == "Opbouwen van een strafzaak"
        assert "Van kracht" in page.locator("main").inner_text()


# ------------------------------------------------------------------------------ every page, measured in both languages

DESKS = {
    "": (
        "/",
        "/agreements",
        "/agreements/prosecution-case-building/1",
        "/ledger",
        "/ledger/checkpoints",
        "/nowhere",
        "/log",
    ),
    PROSECUTOR: ("/errand", "/search", "/person/{covered}", "/person/{uncovered}", "/requests/{refused}/why"),
    LISTING: ("/errand",),
    STEWARD: ("/linking", "/steward", "/steward/police-nominals", "/steward/police-live/held"),
    OVERSEER: ("/log", "/log/{refused}/why", "/log/{shown}/why", "/why"),
    ANALYST: ("/statistics",),
    "letter": ("/my-data",),
}


@pytest.fixture
def used(office: Office, browser: Browser) -> Browser:
    """Let there be something to see on every page: a look, a refusal and a message that is held."""
    browser.sign_in(PROSECUTOR).set_out()
    for person in (office.covered, office.uncovered):
        browser.http.get(f"/person/{person}")
    headers = {"authorization": f"Bearer {office.token('police-system')}"}
    browser.http.post("/api/v1/sources/police-live/messages", json={"id": "", "born": "x"}, headers=headers)
    with office.node.store.connect(Role.GATE) as conn:
        eventually(lambda: ledger.head(conn))
    return browser


def every_page(page: Page, office: Office, language: str, desk: str) -> Iterator[str]:
    """Open every page of a desk, and yield its name."""
    if desk == "letter":
        page.goto("/")
        page.fill("#code", office.letter)
        page.locator("form[action='/letter'] button").click()
    elif desk:
        sign_in(page, desk, language)
    for path in DESKS[desk]:
        if path == "/search":
            set_out(page)
            yield "search"
            page.fill("#name", "ha")
            page.locator("form[action='/search'] button").click()
            yield "found"
            page.locator("form[action='/case'] button").click()
            yield "faults"
        else:
            page.goto(path.format(covered=office.covered, uncovered=office.uncovered, **looks(office)))
            yield path
        if "{covered}" in path:
            page.locator("main form[action='/case'] button").first.click()
            yield "case"
        if path == "/ledger":
            page.locator("main tbody a").first.click()
            yield "entry"


def looks(office: Office) -> dict[str, UUID]:
    """A look that showed something, and one that was refused, by the ids that the log has them under."""
    with office.node.store.connect(Role.GATE) as conn:
        rows = conn.execute("select kind, id from gate.disclosure where act = 'read' and agency = 'prosecution'")
        found = {{"disclosure": "shown", "refusal": "refused"}[kind]: identity for kind, identity in rows}
    return {"shown": UUID(int=0), "refused": UUID(int=0), **found}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("desk", DESKS)
def test_every_page_is_accessible_fits_at_four_hundred_percent_and_says_its_language(
    chrome: Chromium, office: Office, used: Browser, language: str, desk: str
):
    with looking(chrome, office, language, scripts=True) as page:
        for name in every_page(page, office, language, desk):
            for closed in page.locator("details").all():
                closed.evaluate("it => it.open = true")
            assert not violations(page), f"{name}, {language}"
            page.set_viewport_size({"width": NARROW, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, (
                f"{name}, {language} scrolls sideways"
            )
            page.set_viewport_size({"width": 1200, "height": 900})
            assert page.locator("html").get_attribute("lang") == language, name
            assert page.locator("h1").count() == 1, name
            assert page.locator("button[name=language]").inner_text() == LANGUAGES[language], name


@pytest.mark.parametrize(
    ("typed", "place", "told"),
    [
        ({"name": "a b"}, "name", "two letters of one of the names"),
        ({"name": "jansen", "number": "1"}, "number", "two letters or digits"),
    ],
)
def test_a_search_that_is_too_short_says_where_and_what_to_do(office: Office, typed: dict, place: str, told: str):
    page = Browser(office.url).sign_in(PROSECUTOR).set_out().post("/search", **typed)
    assert page.status_code == 400
    assert told in page.text.partition(f'id="{place}-error"')[2].partition("</p>")[0]


def test_the_log_leads_to_what_is_earlier_than_the_page_holds(office: Office, monkeypatch: pytest.MonkeyPatch):
    for place in ("comity.gate.log.MOST_LINES", "comity.web.pages.oversight.MOST_LINES"):
        monkeypatch.setattr(place, 2)
    prosecutor = Browser(office.url).sign_in(PROSECUTOR).set_out()
    for _ in range(4):
        prosecutor.http.get(f"/person/{office.covered}")
    overseer = Browser(office.url).sign_in(OVERSEER)
    latest = overseer.http.get("/log").text
    earlier = re.search(r'href="(/log\?before=[^"]+)"', latest)
    assert earlier, "the log ends without a way on"
    lines = [set(re.findall(r'href="/ledger/([^"]+)"', text)) for text in (latest, overseer.http.get(earlier[1]).text)]
    assert [len(each) for each in lines] == [2, 2]
    assert not lines[0] & lines[1]


def test_a_disagreement_is_said_once_however_often_it_comes():
    overlap = SimpleNamespace(kind="overlap", field="", agencies=("police", "prison"))
    show = SimpleNamespace(agency=str)
    said = environment("en").get_template("parts.html").module.contradictions(show, "person", [overlap] * 17)
    assert said.count("In custody in two places at once") == 1


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """Return what axe finds wrong with a page, and where."""
    found = Axe().run(page).response["violations"]
    return [(it["id"], [node["target"] for node in it["nodes"]][:3]) for it in found]
