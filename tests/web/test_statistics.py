"""Statistics as the analyst sees them: the page in a real browser, in both languages, the API, and what the person is told."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Browser as Chromium

from comity.web.chart import MOST_BARS, Bar, chart

from .desk import ANALYST, PROSECUTOR, Browser, Office
from .test_pages import heading, looking, sign_in, violations

ASKED = {
    "agreement": "justice-statistics", "measure": "rows|charge", "by1": "charge.severity:as-is",
    "justification": "Planning the sittings",
}  # fmt: skip
ERRAND = {"agreement": "justice-statistics", "purpose": "statistics", "justification": "Planning the sittings"}


@pytest.mark.parametrize(
    ("language", "title", "result", "rest"),
    [("en", "Statistics", "Number of charges", "other or unknown"),
     ("nl", "Statistiek", "Aantal feiten", "overig of onbekend")],
)  # fmt: skip
def test_the_analyst_counts_reads_the_bounds_and_sees_the_budget(
    chrome: Chromium, office: Office, language: str, title: str, result: str, rest: str
):
    with looking(chrome, office, language, scripts=True) as page:
        sign_in(page, ANALYST, language)
        page.goto("/statistics")
        assert heading(page) == title
        assert violations(page) == []
        page.select_option("#measure", "rows|charge")
        page.select_option("#by1", "charge.severity:as-is")
        page.select_option("#by2", "person.sex:as-is")
        page.fill("#justification", "Planning the sittings")
        page.locator("form[action='/statistics'] button").click()
        assert page.locator("#result").inner_text() == result
        cells = page.locator("main tbody tr").first.locator("td").all_inner_texts()
        about, least, most = (int(re.sub(r"\D", "", it)) for it in cells)
        assert least <= about <= most
        assert page.locator("main tbody tr").count() == 6 * 5 + 1
        assert rest in page.locator("main table").inner_text()
        assert page.locator("main svg[role=img] rect").count() == 6 * 5
        assert violations(page) == []


def test_a_table_is_as_wide_as_the_screen_of_a_telephone(chrome: Chromium, office: Office):
    with looking(chrome, office, "en", width=320) as page:
        sign_in(page, ANALYST, "en")
        page.goto("/statistics")
        page.select_option("#measure", "rows|charge")
        page.select_option("#by1", "charge.severity:as-is")
        page.fill("#justification", "Planning the sittings")
        page.locator("form[action='/statistics'] button").click()
        page.locator("#result").wait_for()
        page.wait_for_load_state("load")  # with the style sheet
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_what_is_filled_in_wrongly_is_said_beside_the_field(browser: Browser):
    browser.sign_in(ANALYST)
    page = browser.post("/statistics", agreement="justice-statistics").text
    assert "Choose what to count" in page
    assert "Say why you need this" in page
    wrong = {**ASKED, "measure": "mean|charge|disposed_on|charged_on"}
    assert "as whole numbers" in browser.post("/statistics", **wrong, low="x", high="400").text
    assert "as whole numbers" in browser.post("/statistics", **wrong, low="400", high="0").text
    assert "Count by each field once" in browser.post("/statistics", **ASKED, by2="charge.severity:as-is").text
    assert "such as 0.1" in browser.post("/statistics", **ASKED, epsilon="lots").text
    assert "such as 0.1" in browser.post("/statistics", **ASKED, epsilon="99").text
    assert "Name the values to keep to" in browser.post("/statistics", **ASKED, only="person.sex:as-is").text
    assert browser.post("/statistics", agreement="nonsense").status_code == 400
    assert "Traceback" not in browser.post("/statistics", **{**ASKED, "by1": "<script>"}).text


def test_what_the_gate_refuses_is_said_with_its_entry(browser: Browser):
    browser.sign_in(ANALYST)
    page = browser.post("/statistics", **ASKED, by2="charge.charged_on:year").text
    assert "The data themselves must not say it" in page
    assert "/ledger/" in page
    page = browser.post("/statistics", **{**ASKED, "by1": "charge.offence:as-is"}).text
    assert "is not released, or not in a form that has few values" in page


def test_the_same_question_is_told_again(browser: Browser):
    browser.sign_in(ANALYST)
    asked = {**ASKED, "measure": "persons|custody", "by1": ""}
    browser.post("/statistics", **asked)
    assert "Nothing was spent" in browser.post("/statistics", **asked).text


def test_nobody_else_makes_statistics(browser: Browser):
    assert browser.http.get("/statistics").status_code == 401
    browser.sign_in(PROSECUTOR)
    assert browser.http.get("/statistics").status_code == 403
    assert browser.post("/statistics", **ASKED).status_code == 403


def test_an_analyst_reads_nobodys_record(browser: Browser, office: Office):
    browser.sign_in(ANALYST)
    assert browser.http.get(f"/person/{office.covered}").status_code == 403


def test_a_program_asks_for_numbers_and_for_what_is_left(office: Office):
    api = program(office, ANALYST)
    asked = {"errand": ERRAND, "record": "charge", "measure": "mean",
             "quantity": {"field": "disposed_on", "since": "charged_on", "low": 0, "high": 400},
             "by": [{"record": "person", "field": "sex"}], "epsilon": "0.05"}  # fmt: skip
    answer = api.post("/statistics", json=asked)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert [it["values"][0] for it in body["figures"]] == ["male", "female", "other", "unknown", ""]
    assert all(0 <= it["low"] <= it["number"] <= it["high"] <= 400 for it in body["figures"])
    left = api.get("/statistics/justice-statistics/budget").json()
    assert left["left"] == body["budget"]["left"]
    assert api.get("/statistics/nonsense/budget").status_code == 404
    assert api.post("/statistics", json=asked).json()["again"] is True


def test_a_program_is_told_what_is_wrong(office: Office):
    api = program(office, ANALYST)
    asked = {"errand": ERRAND, "record": "charge", "measure": "rows"}
    refused = api.post("/statistics", json={**asked, "by": [{"record": "charge", "field": "offence"}]})
    assert (refused.status_code, refused.json()["code"]) == (403, "not-a-category")
    spent = api.post("/statistics", json={**asked, "epsilon": "9"})
    assert (spent.status_code, spent.json()["code"]) == (403, "budget-spent")
    assert "next period" in spent.json()["detail"]
    assert api.post("/statistics", json={**asked, "measure": "sum"}).json()["code"] == "unusable-question"
    assert api.post("/statistics", json={**asked, "measure": "median"}).status_code == 422
    assert program(office, PROSECUTOR).post("/statistics", json=asked).status_code == 403


def program(office: Office, colleague: str) -> httpx.Client:
    headers = {"authorization": f"Bearer {office.token(colleague)}"}
    return httpx.Client(base_url=f"{office.url}/api/v1", headers=headers, timeout=60)


def test_the_person_concerned_is_told_of_statistics_in_general_words(browser: Browser, office: Office):
    browser.sign_in(ANALYST)
    browser.post("/statistics", **ASKED)
    browser.post("/sign-out")
    assert browser.post("/letter", code=office.letter).status_code == 303
    page = browser.http.get("/my-data").text
    assert "Statistics were made about everyone whom this agreement covers" in page
    assert "Planning the sittings" not in page


# ------------------------------------------------------------------------------------------------------------- the chart


def test_a_chart_has_a_bar_for_each_line_and_says_what_it_is():
    made = chart([Bar("minor", 10, 4, 16), Bar("<serious>", -3, -9, 3)], "Charges", "Bars & bounds")
    assert made.count("<rect") == 2
    assert '<title id="chart-title">Charges</title>' in made
    assert "&lt;serious&gt;" in made
    assert "Bars &amp; bounds" in made
    assert "style=" not in made, "the security policy would refuse it"


@pytest.mark.parametrize("bars", [0, MOST_BARS + 1])
def test_nothing_and_too_much_have_no_chart(bars):
    assert chart([Bar("x", 1, 0, 2)] * bars, "t", "d") == ""


def test_bars_of_nothing_do_not_divide_by_it():
    assert "nan" not in chart([Bar("x", 0, 0, 0)], "t", "d")
