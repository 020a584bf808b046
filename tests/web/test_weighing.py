"""An officer sees what a version would do to today's records, in a real browser, in both languages; a stranger nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser as Chromium

from comity.store import Role

from .desk import OVERSEER, PROSECUTOR, Browser, Office
from .test_pages import LANGUAGES, NARROW, heading, looking, sign_in, violations

NAME = "prosecution-case-building"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_officer_counts_and_reads_what_would_be_visible(chrome: Chromium, office: Office, language: str):
    with looking(chrome, office, language, scripts=True) as page:
        sign_in(page, OVERSEER, language)
        page.goto("/impacts")
        assert not violations(page)
        page.locator(f"a[href='/impacts/{NAME}/1']").click()
        assert not violations(page)
        page.locator("main form button").click()
        assert heading(page) == {"en": "What this version would do", "nl": "Wat deze versie zou doen"}[language]
        told = page.locator("main").inner_text()
        assert {"en": "would newly see", "nl": "zou nieuw zien"}[language] in told
        assert page.locator("main tbody tr").count() > 10
        digest = re.search(r"\b[0-9a-f]{64}\b", told)[0]
        assert not violations(page)
        page.set_viewport_size({"width": NARROW, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
    with office.node.store.connect(Role.GATE) as conn:
        by, agency = conn.execute(
            "select by, agency from agreements.impact where digest = %s order by taken_at desc",
            (bytes.fromhex(digest),),
        ).fetchone()
    assert (by, agency) == (OVERSEER, "prosecution")


def test_an_impact_is_taken_only_from_a_form_of_ours(office: Office):
    officer = Browser(office.url).sign_in(OVERSEER)
    assert officer.http.post(f"/impacts/{NAME}/1", data={"token": "no"}).status_code == 403
    assert officer.post(f"/impacts/{NAME}/1").status_code == 200


@pytest.mark.parametrize("path", ["/impacts/never-heard-of/1", f"/impacts/{NAME}/99"])
def test_what_is_not_there_is_no_page(office: Office, path: str):
    officer = Browser(office.url).sign_in(OVERSEER)
    assert (officer.http.get(path).status_code, officer.post(path).status_code) == (404, 404)


def test_an_agreement_among_others_is_as_one_that_is_not_there(office: Office):
    officer = Browser(office.url).sign_in(OVERSEER)
    listed = officer.http.get("/impacts").text
    others = [path.stem for path in office.chain.agreements if f"/impacts/{path.stem}/1" not in listed]
    assert others, "the officer's agency is a party to everything"
    for name in others:
        answers = [officer.post(f"/impacts/{it}/1") for it in (name, "never-heard-of")]
        assert {it.status_code for it in answers} == {404}


def test_a_caseworker_takes_none(office: Office):
    colleague = Browser(office.url).sign_in(PROSECUTOR)
    assert colleague.post(f"/impacts/{NAME}/1").status_code == 403
