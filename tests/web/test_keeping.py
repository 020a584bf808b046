"""Keeping and erasing in the browser: what comes due, holds set and lifted, and receipts given by whoever received."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser as Chromium

from comity.gate.gone import tell_gone
from comity.intake.disposing import Decision, adopt
from comity.intake.legal_holds import holds
from comity.oversight.models import ComesDue
from comity.oversight.retention import keep_forecast
from comity.store import Role
from comity.vocabulary.models import Disposal

from .desk import OVERSEER, PROSECUTOR, STEWARD, Browser, Office
from .test_pages import LANGUAGES, heading, looking, sign_in, violations

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def kept(office: Office) -> str:
    """The steward's agency has adopted schedules, and a run found what comes due: its rule."""
    rule = "uk/app-rrd-group-3"
    due = ComesDue("police", rule, Disposal.DELETE, NOW.date(), 12, 1, (("custody", 12), ("person", 12)), (uuid4(),))
    with office.node.store.connect(Role.INTAKE) as conn:
        adopt(conn, "police", Decision("dpo", "verified", NOW), jurisdiction="uk", kind="police")
    with office.node.store.connect(Role.INTAKE, autocommit=True) as conn:
        keep_forecast(conn, [due], NOW)
    return rule


def change(office: Office) -> None:
    """Something of somebody whom a prosecutor read is erased, as the gate is told of it."""
    browser = Browser(office.url).sign_in(PROSECUTOR)
    stated = {"agreement": "prosecution-case-building", "case_reference": "C-7", "justification": "to prepare the case"}
    assert browser.post("/errand", **stated).status_code == 303
    assert browser.http.get(f"/person/{office.covered}").status_code == 200
    with office.node.store.connect(Role.GATE) as conn:
        (person,) = conn.execute(
            "select s.source_person from gate.disclosure_subject s join gate.disclosure d on d.id = s.disclosure"
            " where d.agreement = 'prosecution-case-building' order by d.at desc limit 1"
        ).fetchone()
    with office.node.store.connect(Role.INTAKE) as conn:
        at = datetime.now(UTC) + timedelta(seconds=1)
        conn.execute("insert into intake.gone values (%s, %s, 'police', 'erased', %s)", (uuid4(), person, at))
    with office.node.store.connect(Role.GATE, autocommit=True) as conn:
        tell_gone(conn, datetime.now(UTC))


def picture(page, name: str) -> None:
    """Keep a picture of a page where somebody asked for it, to look at."""
    if folder := os.environ.get("COMITY_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_comes_due_is_shown_in_both_languages_and_to_everybody_who_may(
    chrome: Chromium, office: Office, kept: str, language: str
):
    with looking(chrome, office, language, scripts=True) as page:
        sign_in(page, STEWARD, language)
        page.goto(f"{office.url}/retention")
        assert heading(page) == {"en": "Keeping and erasing", "nl": "Bewaren en wissen"}[language]
        said = page.locator("main").inner_text()
        assert {"en": "clear period of six years", "nl": "zes jaar niets bij is gekomen"}[language] in said
        page.locator("summary").first.click()
        assert UUID(page.locator("details code").first.inner_text())
        page.locator("summary", has_text={"en": "Set a hold", "nl": "Een bewaarplicht instellen"}[language]).click()
        picture(page, f"keeping-{language}")
        assert violations(page) == []


def test_a_hold_is_set_and_lifted_with_a_reason(office: Office, kept: str):
    steward = Browser(office.url).sign_in(STEWARD)
    day = (NOW + timedelta(days=90)).date().isoformat()
    asked = {"scope": "person", "identity": str(office.covered), "reason": "a public inquiry", "review_by": day}
    assert steward.post("/retention/holds", **{**asked, "review_by": "2020-01-01"}).status_code == 400
    assert steward.post("/retention/holds", **{**asked, "identity": "nobody"}).status_code == 400
    assert steward.post("/retention/holds", **asked).status_code == 303
    with office.node.store.connect(Role.INTAKE) as conn:
        (held,) = holds(conn)
    assert "a public inquiry" in steward.http.get("/retention").text
    assert (
        Browser(office.url).sign_in(PROSECUTOR).post(f"/retention/holds/{held.hold}/lift", reason="x").status_code
        == 403
    )
    assert steward.post(f"/retention/holds/{held.hold}/lift", reason=" ").status_code == 400
    assert steward.post(f"/retention/holds/{uuid4()}/lift", reason="over").status_code == 404
    assert steward.post(f"/retention/holds/{held.hold}/lift", reason="over").status_code == 303
    assert "Nothing is on hold" in steward.http.get("/retention").text


def test_whoever_received_it_is_told_on_their_own_page_and_says_what_they_did(chrome: Chromium, office: Office):
    change(office)
    with looking(chrome, office, "en", scripts=True) as page:
        sign_in(page, PROSECUTOR, "en")
        page.goto(f"{office.url}/news")
        row = page.locator("table", has_text="What became of it").locator("tbody tr").first
        assert "erased" in row.inner_text()
        picture(page, "news-gone")
        assert violations(page) == []
        row.locator("select").select_option("deleted")
        row.locator("button").click()
        said = page.locator("table", has_text="What became of it").locator("tbody tr").first.inner_text()
        assert "It is deleted here" in said
    assert Browser(office.url).sign_in(OVERSEER).post(f"/news/{uuid4()}/receipt", did="deleted").status_code == 404
    assert Browser(office.url).sign_in(PROSECUTOR).post(f"/news/{uuid4()}/receipt", did="burnt").status_code == 400
