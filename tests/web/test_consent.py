"""The page for consent, and *my data*: who may record, what a stranger learns, what the person concerned can take back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser as Chromium
from tests.gate.world import World

from comity.agreements.consent import Answer, Recorded
from comity.agreements.store import record_consent
from comity.node import Node
from comity.store import Role, Settings, Store
from comity.vocabulary import Vocabulary
from comity.web.app import create_app
from comity.web.models import Colleague
from comity.web.store import put_colleague, send_letter

from .desk import Browser, serving
from .test_pages import LANGUAGES, NARROW, heading, looking, violations

PROSECUTOR, OFFICER, HELPER, STEWARD = "prosecutor-1", "officer-1", "helper-1", "steward-1"
REASON = "Somebody is in danger of serious harm."
GIVEN = {"agreement": "charging", "answer": "given"}


@dataclass
class Desk:
    """A node where one agreement asks for consent, and people at three agencies."""

    world: World
    node: Node
    url: str
    asked: UUID  # whom the agreement covers, and of whom the prosecution itself holds a record
    others: UUID  # whom it covers too, of whom the prosecution holds none
    uncovered: UUID
    chain: object = field(default=None)

    def browser(self, who: str = PROSECUTOR, agreement: str = "charging") -> Browser:
        return Browser(self.url).sign_in(who).set_out(agreement)

    def citizen(self, person: UUID) -> Browser:
        now = datetime.now(UTC)
        with self.node.store.connect(Role.GOVERNANCE) as conn:
            code = send_letter(conn, person, now, now + timedelta(days=1))
        browser = Browser(self.url)
        assert browser.post("/letter", code=code).status_code == 303
        return browser

    def answer(self, person: UUID, said: Answer, reason: str = "") -> None:
        with self.node.store.connect(Role.GOVERNANCE) as conn:
            recorded = Recorded(said, "police", OFFICER, datetime.now(UTC), reason)
            record_consent(conn, "charging", person, recorded, self.node.vocabulary)

    def kept(self) -> list[tuple]:
        return self.world.run(
            Role.GATE, "select person, answer, agency, by, reason from agreements.consent order by number"
        )


@pytest.fixture
def desk(store: Store, vocabulary: Vocabulary, tmp_path: Path) -> Iterator[Desk]:
    world = World(store, vocabulary)
    people = [
        world.person(name="Ann Example", birth_date=date(1987, 3, 2)),
        world.person(name="Bo Other"),
        world.person(),
    ]
    for person in people[:2]:
        world.row("charge", person=person, offence="Burglary", severity="serious")
    world.person("prosecution", human=people[0])
    world.agree(consent="asked", until="2099-12-31")
    for agency in ("police", "helpline"):
        world.agree(name=f"{agency}-own", providers="police", recipients=agency, until="2099-12-31")
    node = Node(Settings(home=tmp_path), store, vocabulary, "comity-test")
    with store.connect(Role.GOVERNANCE) as conn:
        for who, agency, role in (
            (PROSECUTOR, "prosecution", "prosecutor"), (OFFICER, "police", "prosecutor"),
            (HELPER, "helpline", "prosecutor"), (STEWARD, "prosecution", "data-steward"),
        ):  # fmt: skip
            put_colleague(conn, Colleague(who, who.title(), agency, role, "en", demonstration=True))
    with serving(create_app(node)) as url:
        yield Desk(world, node, url, *people)


# A colleague records


def test_an_answer_is_recorded_and_counts_from_then_on(desk: Desk):
    browser = desk.browser()
    assert browser.http.get(f"/person/{desk.asked}").status_code == 404
    page = browser.http.get(f"/consent/{desk.asked}")
    assert page.status_code == 200
    for words in (
        "Not asked yet",
        "Nothing leaves under this agreement.",
        "Gegevens over u gaan van",
        "Data about you goes from",
    ):
        assert words in page.text
    answer = browser.post(f"/consent/{desk.asked}", **GIVEN)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/consent/{desk.asked}")
    assert desk.kept() == [(desk.asked, "given", "prosecution", PROSECUTOR, "")]
    again = browser.http.get(f"/consent/{desk.asked}").text
    for words in (
        "The answer is recorded.",
        "Ann Example",
        "Consent given",
        "Data may leave",
        "Prosecutor-1, prosecution",
    ):
        assert words in again
    assert "The answer is recorded." not in browser.http.get(f"/consent/{desk.asked}").text
    assert browser.http.get(f"/person/{desk.asked}").status_code == 200


def test_a_refusal_is_recorded_with_the_reason_to_go_on_and_a_withdrawal_without(desk: Desk):
    browser = desk.browser()
    browser.http.get(f"/consent/{desk.asked}")
    browser.post(f"/consent/{desk.asked}", agreement="charging", answer="refused", reason=f" {REASON}\r\n ")
    browser.post(f"/consent/{desk.asked}", agreement="charging", answer="withdrawn")
    assert [line[1:] for line in desk.kept()] == [
        ("refused", "prosecution", PROSECUTOR, REASON), ("withdrawn", "prosecution", PROSECUTOR, ""),
    ]  # fmt: skip
    page = browser.http.get(f"/consent/{desk.asked}").text
    assert page.index("Consent withdrawn</td>") < page.index("Consent refused</td>")
    assert REASON in page


def test_each_answer_has_its_entry_in_the_ledger(desk: Desk):
    browser = desk.browser()
    browser.http.get(f"/consent/{desk.asked}")
    browser.post(f"/consent/{desk.asked}", **GIVEN)
    bodies = [bytes(row[0]) for row in desk.world.run(Role.LEDGER, "select body from ledger.outbox")]
    [entry] = desk.world.run(Role.GATE, "select entry from agreements.consent")
    assert sum(str(entry[0]).encode() in body and b'"kind":"consent"' in body for body in bodies) == 1


def test_a_providers_staff_record_about_whom_their_own_agreement_shows_them(desk: Desk):
    browser = desk.browser(OFFICER, "police-own")
    assert f'href="/consent/{desk.others}"' in browser.http.get(f"/person/{desk.others}").text
    assert "Bo Other" in browser.http.get(f"/consent/{desk.others}").text
    assert browser.post(f"/consent/{desk.others}", **GIVEN).status_code == 303
    assert desk.kept() == [(desk.others, "given", "police", OFFICER, "")]


def test_what_another_agency_recorded_names_none_of_its_staff(desk: Desk):
    desk.answer(desk.asked, Answer.GIVEN)
    page = desk.browser().http.get(f"/consent/{desk.asked}").text
    assert "Officer" not in page
    assert OFFICER not in page
    assert "police</td>" in page


def test_whose_agency_is_no_party_records_nothing(desk: Desk):
    desk.answer(desk.asked, Answer.REFUSED, REASON)
    browser = desk.browser(HELPER, "helpline-own")
    page = browser.http.get(f"/consent/{desk.asked}")
    assert "No agreement of your agency asks people for their consent." in page.text
    assert REASON not in page.text
    assert "/consent/" not in browser.http.get(f"/person/{desk.asked}").text
    assert browser.post(f"/consent/{desk.asked}", **GIVEN).status_code == 400
    assert len(desk.kept()) == 1


@pytest.mark.parametrize(
    ("sent", "place", "told"),
    [
        ({"agreement": "charging"}, "answer", "Choose what the person answered"),
        ({"answer": "given"}, "agreement", "Choose the agreement"),
        ({"agreement": "police-own", "answer": "given"}, "agreement", "Choose the agreement"),
        ({"agreement": "charging", "answer": "perhaps"}, "answer", "Choose what the person answered"),
        ({"agreement": "charging", "answer": "refused"}, "reason", "Say why data may leave"),
        ({"agreement": "charging", "answer": "refused", "reason": " \n "}, "reason", "Say why data may leave"),
        ({"agreement": "charging", "answer": "refused", "reason": "a\x00b"}, "reason", "plain text"),
        ({"agreement": "charging", "answer": "given", "reason": "x" * 501}, "reason", "at most 500"),
        ({"agreement": "charging\x00", "answer": "'; drop table agreements.consent; --"}, "agreement", "Choose the agreement"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_the_field(desk: Desk, sent: dict, place: str, told: str):
    browser = desk.browser()
    browser.http.get(f"/consent/{desk.asked}")
    page = browser.post(f"/consent/{desk.asked}", **sent)
    assert page.status_code == 400
    assert told in page.text.partition(f'id="{place}-error"')[2].partition("</p>")[0]
    assert desk.kept() == []


# A stranger learns nothing


def told(answer) -> tuple:
    """Return an answer without what is random in each: the ids and the token."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", answer.text)
    headers = {
        name: value for name, value in answer.headers.items() if name not in ("date", "set-cookie", "content-length")
    }
    return answer.status_code, headers, re.sub(r'name="token" value="[^"]+"', "", text)


def test_whoever_is_absent_uncovered_or_not_theirs_is_answered_alike(desk: Desk):
    browser = desk.browser()
    strangers = (uuid4(), desk.uncovered, desk.others)
    shown = [told(browser.http.get(f"/consent/{person}")) for person in strangers]
    assert shown[0] == shown[1] == shown[2]
    assert shown[0][0] == 404
    assert "Nothing to show" in shown[0][2]
    for sent in (GIVEN, {}, {"agreement": "x", "answer": "refused"}):
        posted = [told(browser.post(f"/consent/{person}", **sent)) for person in strangers]
        assert posted[0] == posted[1] == posted[2] == (*shown[0][:2], posted[0][2])
        assert "Nothing to show" in posted[0][2]
    assert desk.kept() == []


def test_an_id_that_is_none_is_a_page_that_is_not_there(desk: Desk):
    browser = desk.browser()
    assert browser.http.get("/consent/1").status_code == browser.post("/consent/../my-data", **GIVEN).status_code == 404


def test_nothing_is_recorded_before_it_is_said_what_one_is_here_to_do(desk: Desk):
    browser = Browser(desk.url).sign_in(PROSECUTOR)
    for answer in (browser.http.get(f"/consent/{desk.asked}"), browser.post(f"/consent/{desk.asked}", **GIVEN)):
        assert (answer.status_code, answer.headers["location"]) == (303, "/errand")
    assert desk.kept() == []


def test_a_forged_form_records_and_withdraws_nothing(desk: Desk):
    desk.answer(desk.asked, Answer.GIVEN)
    colleague, citizen = desk.browser(), desk.citizen(desk.asked)
    colleague.http.get(f"/consent/{desk.asked}")
    forged = {"token": "no", "agreement": "charging", "answer": "withdrawn", "sure": "yes"}
    for browser, path in ((colleague, f"/consent/{desk.asked}"), (citizen, "/my-data/withdraw")):
        assert browser.http.post(path, data=forged).status_code == 403
        elsewhere = {**forged, "token": browser.token()}
        assert browser.http.post(path, data=elsewhere, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert len(desk.kept()) == 1


def test_a_role_taken_away_ends_it_at_once(desk: Desk):
    browser = desk.browser()
    browser.http.get(f"/consent/{desk.asked}")
    with desk.node.store.connect(Role.GOVERNANCE) as conn:
        put_colleague(conn, Colleague(PROSECUTOR, "P", "prosecution", "data-steward", "en", demonstration=True))
    assert browser.post(f"/consent/{desk.asked}", **GIVEN).status_code == 403
    assert Browser(desk.url).sign_in(STEWARD).http.get(f"/consent/{desk.asked}").status_code == 403
    assert Browser(desk.url).http.get(f"/consent/{desk.asked}").status_code == 401
    assert desk.kept() == []


def test_markup_in_a_reason_is_words(desk: Desk):
    attack = "<script>alert(1)</script>"
    desk.answer(desk.asked, Answer.REFUSED, attack)
    for browser, path in ((desk.browser(), f"/consent/{desk.asked}"), (desk.citizen(desk.asked), "/my-data")):
        page = browser.http.get(path).text
        assert attack not in page
        assert "&lt;script&gt;" in page


# The person concerned


def test_the_person_concerned_sees_what_they_answered_and_takes_it_back(desk: Desk):
    desk.answer(desk.asked, Answer.GIVEN)
    colleague, citizen = desk.browser(), desk.citizen(desk.asked)
    assert colleague.http.get(f"/person/{desk.asked}").status_code == 200
    page = citizen.http.get("/my-data").text
    for words in ("What you consented to", "Consent given", "written down by police", "Data about you goes from"):
        assert words in page
    assert OFFICER not in page
    asked = citizen.post("/my-data/withdraw", agreement="charging")
    assert (asked.status_code, "Withdraw my consent" in asked.text, len(desk.kept())) == (200, True, 1)
    done = citizen.post("/my-data/withdraw", agreement="charging", sure="yes")
    assert (done.status_code, done.headers["location"]) == (303, "/my-data")
    assert desk.kept()[1] == (desk.asked, "withdrawn", "police", "citizen", "")
    page = citizen.http.get("/my-data").text
    assert "by yourself" in page
    assert "Withdraw this consent" not in page
    assert colleague.http.get(f"/person/{desk.asked}").status_code == 404
    assert "The person themselves" in colleague.http.get(f"/consent/{desk.asked}").text


@pytest.mark.parametrize("said", [None, Answer.REFUSED, Answer.WITHDRAWN])
def test_what_was_not_given_cannot_be_taken_back(desk: Desk, said: Answer | None):
    if said:
        desk.answer(desk.asked, said, REASON)
    before = desk.kept()
    citizen = desk.citizen(desk.asked)
    assert "Withdraw this consent" not in citizen.http.get("/my-data").text
    for agreement in ("charging", "police-own", "nothing", "", "\x00"):
        assert citizen.post("/my-data/withdraw", agreement=agreement, sure="yes").status_code == 404
    assert desk.kept() == before


def test_nobody_sees_or_takes_back_what_another_answered(desk: Desk):
    desk.answer(desk.asked, Answer.GIVEN)
    citizen = desk.citizen(desk.others)
    assert "You were not asked for consent." in citizen.http.get("/my-data").text
    assert citizen.post("/my-data/withdraw", agreement="charging", sure="yes").status_code == 404
    assert desk.browser().http.get("/my-data").status_code == 403
    assert len(desk.kept()) == 1


# In a browser, without JavaScript, in both languages


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_caseworker_records_and_the_person_withdraws_by_hand(chrome: Chromium, desk: Desk, language: str):
    words = {
        "en": ("Consent given", "Record the answer", "Choose what the person answered", "The answer is recorded.", "Withdraw this consent", "Withdraw my consent", "Consent withdrawn"),
        "nl": ("Toestemming gegeven", "Leg het antwoord vast", "Kies wat de persoon antwoordde", "Het antwoord is vastgelegd.", "Trek deze toestemming in", "Trek mijn toestemming in", "Toestemming ingetrokken"),
    }[language]  # fmt: skip
    with looking(chrome, desk, language) as page:
        page.goto("/")
        page.locator(f"button[value={PROSECUTOR}]").click()
        if page.locator("html").get_attribute("lang") != language:
            page.locator("button[name=language]").click()
        page.goto("/errand")
        page.fill("#case_reference", "C-1")
        page.fill("#justification", "To decide")
        page.locator("main form button").click()
        page.goto(f"/person/{desk.asked}")
        page.locator(f"main a[href='/consent/{desk.asked}']").click()
        page.get_by_role("button", name=words[1]).click()
        assert words[2] in page.locator(".govuk-error-summary").inner_text()
        page.get_by_label(words[0]).check()
        page.get_by_role("button", name=words[1]).click()
        assert words[3] in page.locator(".govuk-notification-banner").inner_text()
        assert words[0] in page.locator("main table").inner_text()
    now = datetime.now(UTC)
    with desk.node.store.connect(Role.GOVERNANCE) as conn:
        code = send_letter(conn, desk.asked, now, now + timedelta(days=1))
    with looking(chrome, desk, language) as page:
        page.goto("/")
        page.fill("#code", code)
        page.locator("form[action='/letter'] button").click()
        page.get_by_role("button", name=words[4]).click()
        page.get_by_role("button", name=words[5]).click()
        assert page.url.endswith("/my-data")
        assert words[6] in page.locator("main section").inner_text()
    assert [line[1] for line in desk.kept()] == ["given", "withdrawn"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_its_pages_are_accessible_and_fit_at_four_hundred_percent(chrome: Chromium, desk: Desk, language: str):
    desk.answer(desk.asked, Answer.REFUSED, REASON)
    desk.answer(desk.asked, Answer.GIVEN)
    colleague, citizen = desk.browser(), desk.citizen(desk.asked)
    for browser, paths in (
        (colleague, (f"/consent/{desk.asked}", f"/consent/{desk.uncovered}")),
        (citizen, ("/my-data", "withdraw")),
    ):
        with looking(chrome, desk, language, scripts=True) as page:
            cookies = {**browser.http.cookies, "comity-language": language}
            page.context.add_cookies(
                [{"name": name, "value": value, "url": desk.url} for name, value in cookies.items()]
            )
            for path in paths:
                if path == "withdraw":
                    page.locator("form[action='/my-data/withdraw'] button").click()
                else:
                    page.goto(path)
                for closed in page.locator("details").all():
                    closed.evaluate("it => it.open = true")
                assert not violations(page), f"{path}, {language}"
                page.set_viewport_size({"width": NARROW, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, f"{path}, {language}"
                page.set_viewport_size({"width": 1200, "height": 900})
                assert heading(page)
                assert page.locator("h1").count() == 1
                assert page.locator("html").get_attribute("lang") == language
