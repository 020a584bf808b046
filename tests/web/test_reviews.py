"""Emergency access in the browser: used at once, told at once, looked at afterwards, and shouted about if it is not."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from comity.gate.keys import load_or_create
from comity.gate.reviews import CLOSING
from comity.gate.together import Together
from comity.store import Role
from comity.web import store
from comity.web.alarm import Alarm, alarm_for
from comity.web.models import Colleague
from comity.web.present import Presenter
from comity.web.services import Services

from .desk import ANALYST, LISTING, OVERSEER, PROSECUTOR, Browser, Office
from .test_extracts import make_what_waits
from .test_pages import LANGUAGES, NARROW, heading, looking, sign_in, violations
from .test_role_taken_away import put_in_force, revoke

OFFICER = "olivia-hart"
WHY = "A caller says that she will be killed tonight"
ELSEWHERE = Colleague("cara-lund", "Cara Lund", "court", "data-protection-officer", "en", demonstration=True)
POLICE = Colleague("pete-moss", "Pete Moss", "police", "data-protection-officer", "en", demonstration=True)


@pytest.fixture
def emergency(office: Office) -> Iterator[str]:
    """A use of emergency access by the officer: its id. Whatever it left open is closed afterwards."""
    yield use(office)
    with office.node.store.connect(Role.GATE) as conn:
        conn.execute(
            "insert into gate.review_act (review, outcome, agency, by, role, at, reason, entry, salt) "
            "select disclosure, 'justified', 'police', 'test', 'test', now(), 'over', gen_random_uuid(), %s from gate.review r "
            "where not exists (select from gate.review_act a where a.review = r.disclosure and a.outcome = any(%s))",
            (b"s" * 16, sorted(CLOSING)),
        )


def use(office: Office, colleague: str = OFFICER) -> str:
    browser = Browser(office.url).sign_in(colleague)
    stated = {"agreement": "threat-to-life", "case_reference": "TTL-7", "justification": WHY}
    assert browser.post("/errand", **stated).status_code == 303
    assert browser.http.get(f"/person/{office.covered}").status_code == 200
    with office.node.store.connect(Role.GATE) as conn:
        return str(conn.execute("select disclosure from gate.review order by at desc limit 1").fetchone()[0])


def lapse(office: Office) -> None:
    with office.node.store.connect(Role.OWNER) as conn:
        for name, guard in (("review", "only_grows"), ("review_open", "stays_open")):
            conn.execute(f"alter table gate.{name} disable trigger {guard}")
            conn.execute(f"update gate.{name} set due_at = now() - interval '50 hours'")
            conn.execute(f"alter table gate.{name} enable trigger {guard}")


def shown(office: Office, colleague: str, path: str = "/agreements") -> str:
    answer = Browser(office.url).sign_in(colleague).http.get(path)
    assert answer.status_code == 200
    return answer.text


def test_it_is_used_told_at_once_and_reviewed(chrome: Chromium, office: Office, emergency: str):
    with looking(chrome, office, "en") as page:
        sign_in(page, OVERSEER, "en")
        assert "1 to do" in " ".join(page.locator("nav a", has_text="Reviews").inner_text().split())
        page.locator("nav a", has_text="Reviews").click()
        row = page.locator("main tbody tr").first.inner_text()
        for said in ("due in 23 hours", "Olivia Hart", "Police officer", "TTL-7", WHY, "People:"):
            assert said in row
        page.locator("main tbody a").first.click()
        assert heading(page) == "Was it right?"
        said = page.locator("main").inner_text()
        assert "full name" in said
        assert "Protecting somebody whose life is in danger" in said
        page.locator("main form button").click()
        problems = page.locator(".govuk-error-summary").inner_text()
        assert "Choose what you found" in problems
        assert "Say why" in problems
        page.get_by_label("Not justified", exact=True).check()
        page.fill("#reason", "The caller was the officer's neighbour")
        page.locator("main form button").click()
        assert heading(page) == "Reviews"
        assert "Nothing waits for you." in page.locator("main").inner_text()
        last = page.locator("main tbody tr").first.inner_text()
        assert "Not justified" in last
        assert "Saskia van Dam" in last
        assert "to do" not in page.locator("nav").inner_text()
    with looking(chrome, office, "nl") as page:
        page.goto("/")
        page.fill("#code", office.letter)
        page.locator("form[action='/letter'] button").click()
        told = page.locator(".govuk-inset-text").first.inner_text()
        assert "Niet terecht" in told
        assert "Openbaar ministerie" in told
        assert "neighbour" not in page.locator("main").inner_text()
        assert page.locator(".comity-alarm").count() == 0


def test_more_is_asked_and_whoever_asked_explains(office: Office, emergency: str):
    reviewer, officer = Browser(office.url).sign_in(OVERSEER), Browser(office.url).sign_in(OFFICER)
    assert officer.http.get(f"/reviews/{emergency}").status_code == 404, "not theirs yet"
    asked = reviewer.post(f"/reviews/{emergency}", outcome="needs-more", reason="Who called?")
    assert asked.status_code == 303
    assert "You are asked to explain 1 request of yours." in officer.http.get("/errand").text
    page = officer.http.get(f"/reviews/{emergency}").text
    assert "Who called?" in page
    assert 'value="justified"' not in page
    assert officer.post(f"/reviews/{emergency}", outcome="justified", reason="It was right").status_code == 403
    assert officer.post(f"/reviews/{emergency}", outcome="explained", reason="Her sister").status_code == 303
    assert "asked to explain" not in officer.http.get("/errand").text
    assert "Her sister" in reviewer.http.get(f"/reviews/{emergency}").text


def test_a_review_is_not_there_for_a_stranger(office: Office, emergency: str):
    office.put(ELSEWHERE)
    for colleague in (PROSECUTOR, LISTING, OFFICER, ELSEWHERE.id):
        browser = Browser(office.url).sign_in(colleague)
        absent = browser.http.get("/reviews/00000000-0000-4000-8000-000000000000")
        there = browser.http.get(f"/reviews/{emergency}")
        assert (there.status_code, there.text.replace(emergency, "")) == (
            404,
            absent.text.replace(absent.url.path[9:], ""),
        )
        assert browser.post(f"/reviews/{emergency}", outcome="justified", reason="x").status_code == 404
        assert WHY not in browser.http.get("/reviews").text


def test_nobody_reviews_their_own_and_nobody_twice(office: Office, emergency: str):
    office.put(POLICE)
    first, second = Browser(office.url).sign_in(POLICE.id), Browser(office.url).sign_in(OVERSEER)
    with_role = Colleague(OFFICER, "Olivia Hart", "police", "data-protection-officer", "en", demonstration=True)
    office.put(with_role)
    try:
        own = Browser(office.url).sign_in(OFFICER)
        assert "somebody else reviews it" in own.http.get("/reviews").text
        refused = own.post(f"/reviews/{emergency}", outcome="justified", reason="It was right")
        assert (refused.status_code, "You made this request yourself" in refused.text) == (403, True)
    finally:
        office.put(Colleague(OFFICER, "Olivia Hart", "police", "officer", "en", demonstration=True))
    token = second.token()
    assert first.post(f"/reviews/{emergency}", outcome="justified", reason="It was right").status_code == 303
    late = second.http.post(f"/reviews/{emergency}", data={"token": token, "outcome": "not-justified", "reason": "No"})
    assert (late.status_code, "This was reviewed already" in late.text) == (409, True)


def test_a_forged_review_is_refused(office: Office, emergency: str):
    browser = Browser(office.url).sign_in(OVERSEER)
    found = {"outcome": "justified", "reason": "x"}
    assert browser.http.post(f"/reviews/{emergency}", data=found).status_code == 403
    told = {"token": browser.token(), **found}
    elsewhere = {"sec-fetch-site": "cross-site"}
    assert browser.http.post(f"/reviews/{emergency}", data=told, headers=elsewhere).status_code == 403
    assert WHY in browser.http.get("/reviews").text


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [("", "x"), ("explained-away", "x"), ("justified", " "), ("justified", "a\x00b"), ("justified", "x" * 2001)],
)
def test_what_cannot_be_kept_is_said_beside_the_field(office: Office, emergency: str, outcome: str, reason: str):
    answer = Browser(office.url).sign_in(OVERSEER).post(f"/reviews/{emergency}", outcome=outcome, reason=reason)
    assert answer.status_code == 400
    assert "There is a problem" in answer.text


def test_what_is_overdue_shouts_to_who_can_act_or_oversees_and_stops_the_rest(office: Office, emergency: str):
    office.put(ELSEWHERE)
    for colleague in (OVERSEER, ELSEWHERE.id, OFFICER):
        assert "comity-alarm" not in shown(office, colleague)
    lapse(office)
    for path in ("/agreements", "/log", "/reviews", "/ledger"):
        assert "1 review is overdue." in shown(office, OVERSEER, path)
    assert "overdue by 2 days" in shown(office, OVERSEER, "/reviews")
    assert "1 review that others must do is overdue." in shown(office, ELSEWHERE.id)
    there = shown(office, ELSEWHERE.id, "/reviews")
    assert WHY not in there
    assert "Police" in there
    for colleague in (OFFICER, PROSECUTOR):
        assert "comity-alarm" not in shown(office, colleague)
    assert "comity-alarm" not in Browser(office.url).http.get("/agreements").text
    register = Browser(office.url).http
    for path in ("/agreements", "/agreements/threat-to-life/1"):
        assert register.get(path).text.count(">Suspended<") == 1
    assert ">Suspended<" not in register.get("/agreements/court-listing/1").text
    officer = Browser(office.url).sign_in(OFFICER)
    officer.post("/errand", agreement="threat-to-life", case_reference="TTL-8", justification=WHY)
    refused = officer.http.get(f"/person/{office.covered}").text
    assert "The review of an earlier use is overdue" in refused
    Browser(office.url).sign_in(OVERSEER).post(f"/reviews/{emergency}", outcome="justified", reason="It was right")
    assert "comity-alarm" not in shown(office, OVERSEER)
    assert ">Suspended<" not in register.get("/agreements").text
    assert officer.http.get(f"/person/{office.covered}").status_code == 200


def test_the_overseers_log_says_what_came_of_the_review(office: Office, emergency: str):
    office.put(POLICE)
    overseer = Browser(office.url).sign_in(POLICE.id)
    assert "Review: due in 23 hours" in overseer.http.get("/log").text
    overseer.post(f"/reviews/{emergency}", outcome="not-justified", reason="She looked for a neighbour")
    log = overseer.http.get("/log").text
    assert "Review: not justified" in log
    assert "She looked for a neighbour" in log


def test_an_agreement_whose_own_review_is_overdue_shouts_to_who_oversees(office: Office):
    with office.node.store.connect(Role.GOVERNANCE) as conn:
        last = conn.execute(
            "select max(convert_from(canonical, 'UTF8')::json -> 'in_force' ->> 'review_by') from agreements.agreement"
        ).fetchone()[0]
    after = datetime.fromisoformat(last).replace(tzinfo=UTC) + timedelta(days=1, hours=12)
    assert "threat-to-life@1" in alarm_at(office, after).agreements
    assert alarm_at(office, datetime.now(UTC)).agreements == ()
    assert alarm_at(office, after, PROSECUTOR).agreements == (), "who asks is not who reviews agreements"


def alarm_at(office: Office, moment: datetime, colleague: str = OVERSEER) -> Alarm:
    async def run() -> Alarm:
        async with office.node.pools(Role.GATE, Role.GOVERNANCE, size=2) as pools:
            keys = load_or_create(office.node.keyring)
            gate = Together(pools[Role.GATE], office.node.vocabulary, keys)
            services = Services(office.node, pools, keys, gate, clock=lambda: moment)
            async with services.as_role(Role.GOVERNANCE) as conn:
                visitor = await store.colleague(conn, colleague)
            return await alarm_for(services, visitor)

    with ThreadPoolExecutor(1) as thread:  # a browser of this module may have a loop of its own running
        return thread.submit(lambda: asyncio.run(run())).result()


NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("away", "en", "nl"),
    [
        (timedelta(hours=23, minutes=59), "due in 23 hours", "nog 23 uur"),
        (timedelta(days=1), "due in 1 day", "nog 1 dag"),
        (timedelta(days=2, hours=23), "due in 2 days", "nog 2 dagen"),
        (timedelta(minutes=90), "due in 1 hour", "nog 1 uur"),
        (timedelta(minutes=59), "due in 59 minutes", "nog 59 minuten"),
        (timedelta(seconds=5), "due in 1 minute", "nog 1 minuut"),
        (timedelta(0), "overdue by 1 minute", "1 minuut te laat"),
        (timedelta(hours=-3), "overdue by 3 hours", "3 uur te laat"),
        (timedelta(hours=-50), "overdue by 2 days", "2 dagen te laat"),
    ],
)
def test_the_clock_in_words(away: timedelta, en: str, nl: str, vocabulary):
    for language, words in (("en", en), ("nl", nl)):
        assert Presenter(vocabulary, language, "UTC", {}, {}).clock(NOW + away, NOW) == words


def every_page(page: Page, emergency: str) -> Iterator[str]:
    page.goto("/reviews")
    yield "queue"
    page.goto(f"/reviews/{emergency}")
    yield "review"
    page.locator("main form button").click()
    yield "faults"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_accessible_and_fits_at_four_hundred_percent(
    chrome: Chromium, office: Office, emergency: str, language: str
):
    Browser(office.url).sign_in(OVERSEER).post(f"/reviews/{emergency}", outcome="justified", reason="It was right")
    waiting = use(office)
    Browser(office.url).sign_in(OVERSEER).post(f"/reviews/{waiting}", outcome="needs-more", reason="Who called?")
    lapse(office)
    with looking(chrome, office, language, scripts=True) as page:
        sign_in(page, OVERSEER, language)
        for name in every_page(page, waiting):
            assert not violations(page), f"{name}, {language}"
            page.set_viewport_size({"width": NARROW, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, name
            page.set_viewport_size({"width": 1200, "height": 900})
            assert page.locator(".comity-alarm").count() == 1, name
            if language == "nl":
                said = page.locator("body").inner_text()
                assert not re.search(r"\b(overdue|review|justified|request)\b", said, re.IGNORECASE), f"{name}: {said}"


def test_an_extract_and_a_statistic_stand_in_the_queue_too(office: Office):
    """Each of two agreements of the analyst's, in copies that say that each use is reviewed."""
    by = "{roles: [data-protection-officer], agencies: [prosecution]}"
    part = f"\nreview: {{each: disclosure, within: P1D, by: {by}, notice: none, overdue: suspend}}\n"
    counted, taken = "reviewed-statistics", "reviewed-outcomes"
    put_in_force(office, counted, 1, source="justice-statistics", more=part)
    put_in_force(office, taken, 1, source="charge-outcomes", more=part)
    errand = {"purpose": "statistics", "justification": "Planning the sittings"}
    program = httpx.Client(
        base_url=f"{office.url}/api/v1", headers={"authorization": f"Bearer {office.token(ANALYST)}"}, timeout=60
    )
    with program:
        asked = {"errand": {**errand, "agreement": counted}, "record": "charge", "measure": "rows",
                 "by": [{"record": "charge", "field": "severity"}]}  # fmt: skip
        statistic = program.post("/statistics", json=asked)
        assert statistic.status_code == 200, statistic.text
        extract = program.post("/extracts", json={"errand": {**errand, "agreement": taken}})
        assert extract.status_code == 202, extract.text
    make_what_waits(office)
    reviewer = Browser(office.url).sign_in(OVERSEER)
    queue = reviewer.http.get("/reviews").text
    found = [
        (it, reviewer.http.get(f"/reviews/{it}").text)
        for it in set(re.findall(r'href="/reviews/([0-9a-f-]{36})"', queue))
    ]
    pages = [" ".join(re.sub("<[^>]+>", " ", page).split()) for _, page in found]
    [of_statistic] = [it for it in pages if "What Statistic " in it]
    [of_extract] = [it for it in pages if "What Extract " in it]
    assert re.search(r"Charges \(\d+ numbers\): severity", of_statistic)
    assert re.search(r"Charges \([\d,]+ rows\): ", of_extract)
    for review, _ in found:
        assert reviewer.post(f"/reviews/{review}", outcome="justified", reason="For the plan").status_code == 303
    for name in (counted, taken):
        revoke(office, name)
