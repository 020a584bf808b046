"""The governance desk in a real browser: from an empty process map to an agreement in force, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from comity.agreements.assessment import Step
from comity.agreements.assessment.catalogue import load_catalogue
from comity.agreements.keys import load_key
from comity.agreements.store import load_standing
from comity.store import Role

from .chamber import AGREED, BRAM, GRACE, HERE, NAME, SASKIA, SIGNERS, Chamber, Work, sign_in, signed_by, window
from .test_pages import NARROW, violations

TITLES = ("High-risk victims", "Slachtoffers met een hoog risico")


def looker(page: Page, language: str):
    """Return what measures a page: accessible, fits at 400 %, in its language, one heading."""

    def look(name: str) -> None:
        page.wait_for_load_state()
        for closed in page.locator("details").all():
            closed.evaluate("it => it.open = true")
        assert page.locator("h1").count() == 1, name
        assert page.locator("html").get_attribute("lang") == language, name
        found = violations(page)
        assert not found, f"{name}, {language}: {found}"
        page.set_viewport_size({"width": NARROW, "height": 900})
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= NARROW, f"{name}, {language} scrolls sideways: {width}"
        page.set_viewport_size({"width": 1200, "height": 900})

    return look


@pytest.mark.timeout(900)  # some two hundred pages
@pytest.mark.parametrize("language", ["en", "nl"])
def test_from_an_empty_process_map_to_an_agreement_in_force(chrome: Chromium, chamber: Chamber, language: str):
    with window(chrome, chamber, language, scripts=True) as page:
        look = looker(page, language)
        sign_in(page, GRACE, language)
        look("governance")
        work = Work(page, look)
        work.begin(TITLES, language)
        work.take_four_steps()
        have_signed(page, look, language)
        conclude(page, chamber, look, language)


def conclude(page: Page, chamber: Chamber, look, language: str) -> None:
    """From an assessment that every discipline has signed to an agreement in force."""
    sign_in(page, SASKIA, language)
    page.goto(HERE)
    look("to be approved")
    page.locator(f"form[action='{HERE}/approve'] button").click()
    look("approved")
    sign_in(page, GRACE, language)
    page.goto(HERE)
    page.locator(f"a.govuk-button[href='{AGREED}']").click()
    look("drafted")
    propose(page, look)
    for who in (GRACE, BRAM):
        sign_in(page, who, language)
        page.goto(AGREED)
        if who == GRACE:  # a party after hers may sign upon what she confirmed
            assert not page.locator("#confirm").count(), "nothing to confirm before it is counted"
            look("not counted")
            page.locator(f"form[action='{AGREED}/impact#own'] button").click()
            look("counted")
            page.locator(f"a[href^='{AGREED}/impact/']").click()
            look("the whole impact")
            page.goto(AGREED)
            page.locator(f"form[action='{AGREED}/sign'] button").click()
            look("not confirmed")
        page.locator("#confirm").check()
        page.locator(f"form[action='{AGREED}/sign'] button").click()
        look(f"signed by {who}")
    bring_signature(page, chamber, look)
    page.wait_for_load_state()
    assert page.locator("main .govuk-tag--green").first.inner_text() == {"en": "In force", "nl": "Van kracht"}[language]
    look("in force")
    with chamber.node.store.connect(Role.GOVERNANCE) as conn:
        assert load_standing(conn, NAME, chamber.node.vocabulary, datetime.now(UTC)).standing.in_force
    page.goto(HERE)
    look("assessment, its agreement in force")
    page.goto("/governance")
    look("governance, with all of it")
    page.goto(AGREED)
    stop_and_go_on(page, look)
    page.locator(f"a[href='/agreements/{NAME}/1']").click()
    assert page.locator("h1").inner_text() == dict(zip(("en", "nl"), TITLES, strict=True))[language]
    look("public register")


def have_signed(page: Page, look, language: str) -> None:
    """Each discipline signs each step; a change of one makes its signatures void, and they are given anew."""
    for who in SIGNERS:
        sign_in(page, who, language)
        for step in signed_by(who):
            page.goto(f"{HERE}/{step}")
            page.locator(f"form[action='{HERE}/{step}/sign'] button").click()
            page.wait_for_load_state()
    look("measures, signed")
    sign_in(page, GRACE, language)
    page.goto(f"{HERE}/lawfulness/questions")
    page.fill("[name=numbers]", "None are shared, and none are asked for.")
    page.locator("main form button.govuk-button").first.click()
    look("lawfulness, void")
    assert page.locator("table .govuk-tag--red").count() == len(load_catalogue().must_sign(Step.LAWFULNESS))
    for who in (each for each in SIGNERS if Step.LAWFULNESS in signed_by(each)):
        sign_in(page, who, language)
        page.goto(f"{HERE}/lawfulness")
        page.locator(f"form[action='{HERE}/lawfulness/sign'] button").click()
        page.wait_for_load_state()


def propose(page: Page, look) -> None:
    """Look at the file, spoil it, be told where, mend it, and propose it."""
    page.locator(f"main a.govuk-button[href='{AGREED}/file']").click()
    look("file")
    text = page.input_value("#text")
    page.fill("#text", text.replace("onward: none", "onward: sometimes"))
    page.locator("button[value=check]").click()
    page.wait_for_load_state()
    assert "onward" in page.locator(".govuk-error-summary").inner_text()
    assert "onward: sometimes" in page.input_value("#text")
    look("file with a mistake")
    page.fill("#text", text)
    page.locator("button[value=propose]").click()
    look("proposed")


def bring_signature(page: Page, chamber: Chamber, look) -> None:
    """Victim services signs elsewhere, with its own key, and hands over a file."""
    form = page.locator(f"form[action='{AGREED}/signature']", has=page.locator("[value=victim-services]"))
    page.locator("details").evaluate_all("all => all.forEach(it => it.open = true)")
    form.locator("input[type=file]").set_input_files({"name": "x", "mimeType": "text/plain", "buffer": b"nonsense"})
    form.locator("button").click()
    look("not a signature")
    context = page.context.request
    data = context.get(f"{AGREED}/to-sign/victim-services").body()
    made = load_key(chamber.node.agency_keys / "victim-services.pem").sign(data)
    form.locator("input[type=file]").set_input_files(
        {"name": "vs.signature", "mimeType": "application/octet-stream", "buffer": made}
    )
    form.locator("button").click()


def stop_and_go_on(page: Page, look) -> None:
    """Suspend it, lift the suspension; try to revoke it without saying why."""
    for act in ("suspend", "resume"):
        page.locator("details").evaluate_all("all => all.forEach(it => it.open = true)")
        page.fill(f"#reason-{act}", "The policy document is being renewed.")
        page.locator(f"form:has([value={act}]) button").click()
        look(act)
    page.locator("details").evaluate_all("all => all.forEach(it => it.open = true)")
    page.locator("form:has([value=revoke]) button").click()
    look("revoked without a reason")
    page.goto(AGREED)
