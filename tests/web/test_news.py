"""Being kept told, on the pages and through the API: by whom, of what, and who learns nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from playwright.sync_api import Browser as Chromium
from tests.gate.world import World

from comity.gate.notices import Teller
from comity.node import Node
from comity.store import Role, Settings, Store
from comity.vocabulary import Vocabulary
from comity.web.app import create_app
from comity.web.models import Colleague
from comity.web.store import issue_token, put_colleague, send_letter

from .desk import Browser, eventually, serving
from .test_pages import LANGUAGES, NARROW, looking, violations

WHO, OTHER = "prosecutor-1", "prosecutor-2"
ASK = "Keep me told of what is new"


@dataclass
class Desk:
    """A node that serves its pages, with one agreement that keeps people told and one that does not."""

    world: World
    node: Node
    url: str
    person: UUID
    uncovered: UUID

    def browser(self, who: str = WHO, agreement: str = "charging") -> Browser:
        return Browser(self.url).sign_in(who).set_out(agreement)

    def receive(self) -> None:
        charge = self.world.row("charge", person=self.person, offence="Robbery", severity="serious")
        self.world.run(
            Role.INTAKE, "update record.charge set received_at = %s where record_id = %s", datetime.now(UTC), charge
        )

    def put(self, who: str, role: str) -> None:
        with self.node.store.connect(Role.GOVERNANCE) as conn:
            put_colleague(conn, Colleague(who, who.title(), "prosecution", role, "en", demonstration=True))


@pytest.fixture
def desk(store: Store, vocabulary: Vocabulary, tmp_path: Path) -> Iterator[Desk]:
    world = World(store, vocabulary)
    person, uncovered = world.person(name="Ann Example"), world.person(name="Bo Other")
    world.row("charge", person=person, offence="Burglary", severity="serious")
    world.agree(until="2099-12-31", channels="read, notify")
    world.agree(name="reading", until="2099-12-31", channels="read")
    node = Node(Settings(home=tmp_path), store, vocabulary, "comity-test")
    with serving(create_app(node)) as url:
        made = Desk(world, node, url, person, uncovered)
        for who in (WHO, OTHER):
            made.put(who, "prosecutor")
        yield made


def test_a_colleague_asks_is_told_opens_the_person_and_ends_it(desk: Desk):
    browser = desk.browser()
    assert ASK in browser.http.get(f"/person/{desk.person}").text
    assert "There is nothing new." in browser.http.get("/news").text
    assert browser.post(f"/person/{desk.person}/news").headers["location"] == "/news"
    desk.receive()
    page = eventually(lambda: _with(browser, "1 new"))
    assert "charges" in page
    assert f'href="/person/{desk.person}"' in page
    assert "Robbery" not in page
    assert "Ann Example" not in page
    (subscription,) = desk.world.run(Role.GATE, "select id from gate.subscription")[0]
    assert Browser(desk.url).sign_in(OTHER).post(f"/news/{subscription}/end").status_code == 404
    assert browser.post(f"/news/{subscription}/end").status_code == 303
    assert browser.post(f"/news/{subscription}/end").status_code == 404
    assert "Tell me no longer" not in browser.http.get("/news").text


def test_a_mistake_about_one_subscriber_holds_up_no_other(desk: Desk, monkeypatch):
    for who in (OTHER, WHO):
        desk.browser(who).post(f"/person/{desk.person}/news")
    [(of_other,)] = desk.world.run(Role.GATE, "select id from gate.subscription where requester = %s", OTHER)
    real = Teller.tell

    async def mistaken(self, gate, subscription, *rest):
        if subscription == of_other:
            raise RuntimeError("a mistake of ours")
        return await real(self, gate, subscription, *rest)

    monkeypatch.setattr(Teller, "tell", mistaken)
    browser = desk.browser()
    for told in (1, 2):  # and it goes on after the mistake
        desk.receive()
        assert eventually(lambda told=told: browser.http.get("/news").text.count("1 new") >= told)
    assert "There is nothing new." in desk.browser(OTHER).http.get("/news").text


def test_where_the_agreement_does_not_open_it_nobody_is_offered_it_or_gets_it(desk: Desk):
    browser = desk.browser(agreement="reading")
    assert ASK not in browser.http.get(f"/person/{desk.person}").text
    assert browser.post(f"/person/{desk.person}/news").status_code == 404
    assert desk.world.run(Role.GATE, "select * from gate.subscription") == []


def test_absent_and_uncovered_are_one_page(desk: Desk):
    browser = desk.browser()
    pages = [browser.post(f"/person/{who}/news") for who in (uuid4(), desk.uncovered)]
    assert [it.status_code for it in pages] == [404, 404]
    assert "nothing to show" in pages[0].text


def test_another_colleague_is_told_nothing(desk: Desk):
    desk.browser().post(f"/person/{desk.person}/news")
    desk.receive()
    other = desk.browser(OTHER)
    eventually(lambda: desk.world.run(Role.GATE, "select * from gate.notice"))
    assert str(desk.person) not in other.http.get("/news").text


def test_a_role_taken_away_ends_it_and_the_page_says_so(desk: Desk):
    desk.browser().post(f"/person/{desk.person}/news")
    desk.put(WHO, "caseworker")
    desk.receive()
    browser = Browser(desk.url).sign_in(WHO)
    assert "no longer hold the role" in eventually(lambda: _with(browser, "What was ended for you"))
    assert desk.world.run(Role.GATE, "select * from gate.notice") == []


def test_a_program_reads_notices_page_by_page(desk: Desk):
    desk.browser().post(f"/person/{desk.person}/news")
    for count in (1, 2):
        desk.receive()
        eventually(lambda count=count: len(desk.world.run(Role.GATE, "select id from gate.notice")) == count)
    now = datetime.now(UTC)
    with desk.node.store.connect(Role.GOVERNANCE) as conn:
        tokens = [issue_token(conn, who, now, now + timedelta(hours=1)) for who in (WHO, OTHER)]
    first = _notices(desk, tokens[0], limit=1)
    assert [it["new"] for it in first["notices"]] == [{"charge": 1}]
    rest = _notices(desk, tokens[0], limit=2, before=first["before"])
    assert (len(rest["notices"]), rest["before"]) == (1, None)
    assert _notices(desk, tokens[1])["notices"] == []


def test_the_person_concerned_reads_that_somebody_was_told(desk: Desk):
    desk.browser().post(f"/person/{desk.person}/news")
    desk.receive()
    eventually(lambda: desk.world.run(Role.GATE, "select * from gate.notice"))
    now = datetime.now(UTC)
    with desk.node.store.connect(Role.GOVERNANCE) as conn:
        code = send_letter(conn, desk.person, now, now + timedelta(days=1))
    citizen = Browser(desk.url)
    assert citizen.post("/letter", code=code).status_code == 303
    assert "only that something was received" in citizen.http.get("/my-data").text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_accessible_and_fits(chrome: Chromium, desk: Desk, language: str):
    browser = desk.browser()
    browser.post(f"/person/{desk.person}/news")
    desk.receive()
    eventually(lambda: _with(browser, "1 new"))
    with looking(chrome, desk, language, scripts=True) as page:
        page.context.add_cookies(
            [
                {"name": name, "value": value, "url": desk.url}
                for name, value in browser.http.cookies.items()
                if name == "comity-session"
            ]
        )
        for path in ("/news", f"/person/{desk.person}"):
            page.goto(path)
            assert not violations(page), path
            page.set_viewport_size({"width": NARROW, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
            page.set_viewport_size({"width": 1200, "height": 900})


def _with(browser: Browser, text: str) -> str:
    page = browser.http.get("/news").text
    return page if text in page else ""


def _notices(desk: Desk, token: str, **asked: int) -> dict:
    answer = httpx.get(f"{desk.url}/api/v1/notices", params=asked, headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer.json()
