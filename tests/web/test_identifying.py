"""Who is who, in a browser: ten pairs are resolved from the queue, one is undone, and the record changes each time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page
from tests.gate.world import World

from comity import people
from comity.cli import people as command
from comity.demo.chain import HERE, agreement_text
from comity.intake.queue import Near, queue
from comity.node import Node
from comity.people import Features
from comity.people import store as rows
from comity.people.limits import Limit
from comity.people.models import Strong, Why
from comity.people.starting import starting
from comity.store import Role, Settings, Store
from comity.store.provision import copy_database, drop_database
from comity.vocabulary import Vocabulary
from comity.web.app import create_app
from comity.web.chart import Step, waterfall
from comity.web.models import Colleague
from comity.web.pages import identifying
from comity.web.store import put_colleague

from .desk import Browser, eventually, serving
from .test_pages import LANGUAGES, NARROW, looking, sign_in, violations

TOM, HANNA, READER, ELSEWHERE = "tom", "hanna", "reader", "elsewhere"
FAMILIES = ("Ashdown", "Berrick", "Caldwell", "Dunmore", "Eastham", "Fenwick", "Garside", "Hadley", "Ingram", "Jessop")
NAMES = dict(zip((*FAMILIES, "Kerrigan", "Langford", "Mortlake", "Norwood"), ("Wim", "Olga", "Hugh", "Zara", "Kees", "Faye", "Bart", "Lucy", "Dirk",
                                                      "Moira", "Piet", "Jane", "Noor", "Sven"), strict=True))  # fmt: skip
BORN, ALSO = "February 1980", "December 1991"  # the day is another of each family
STRONG, DUE = FAMILIES[9], FAMILIES[6]


@dataclass
class Desk:
    """A node with ten questions, two stewards who answer them, and somebody who reads the record."""

    world: World
    node: Node
    url: str
    ids: dict[str, tuple[UUID, UUID]] = field(default_factory=dict)  # by family name, one record of each of two

    def person(self, source_person: UUID) -> UUID:
        found = "select person from people.membership where source_person = %s"
        return self.world.run(Role.INTAKE, found, source_person)[0][0]

    def said(self, agency: str, family: str, born: str, number: str = "") -> UUID:
        source_person, at = uuid4(), list(NAMES).index(family)
        day = date(1980, 2, 1 + 2 * at) if born == BORN else date(1991, 12, 31 - 2 * at)
        named = {"given_names": NAMES[family], "family_name": family, "birth_date": day}
        numbers = {"police_number": number} if number else {}
        values = {**named, "name": f"{NAMES[family]} {family}", "phone": "07700900123"}
        envelope = self.world.envelope(agency, source_person, source_person, "suspect")
        self.world.insert("record", "person", envelope, values)
        with self.world.store.connect(Role.INTAKE) as conn:
            people.place(conn, Features(source_person, agency, **named, identifiers=numbers))
        return source_person

    def days(self, reader: Browser, family: str) -> set[str]:
        """Return the birth dates in the record of the person whom the first of the two is in, as a colleague reads it."""
        page = reader.http.get(f"/person/{self.person(self.ids[family][0])}").text
        return {month for month in (BORN, ALSO) if month in page}


@pytest.fixture(scope="module")
def desk(postgres: Store, migrated_template: str, vocabulary: Vocabulary, tmp_path_factory) -> Iterator[Desk]:

    copy_database(postgres.admin, "desk_of_who", migrated_template)
    store = postgres.of("desk_of_who")
    world = World(store, vocabulary)
    world.agree(name="reading", about="everyone", until="2099-12-31",
                release="  - {record: person, fields: {name: as-is, birth_date: as-is}}")  # fmt: skip
    world.agree_to(agreement_text(HERE / "madeup" / "agreements" / "who-is-who.yaml", datetime.now(UTC).date()))
    node = Node(Settings(home=tmp_path_factory.mktemp("who")), store, vocabulary, "comity-test")
    with store.connect(Role.INTAKE) as conn:
        rows.put_model(conn, starting(["police_number"], ["police", "court"], datetime.now(UTC)))
    with store.connect(Role.GOVERNANCE) as conn:
        for who, agency, role in ((TOM, "police", "data-steward"), (HANNA, "court", "data-steward"),
                                  (READER, "prosecution", "prosecutor"), (ELSEWHERE, "prison", "data-steward")):  # fmt: skip
            put_colleague(conn, Colleague(who, who.title(), agency, role, "en", demonstration=True))
    with serving(create_app(node)) as url:
        made = Desk(world, node, url)
        for family in FAMILIES:
            made.ids[family] = made.said("police", family, BORN), made.said("court", family, ALSO)
        made.said("court", STRONG, BORN)
        made.said("police", STRONG, ALSO)
        soon = (datetime.now(UTC) + timedelta(days=3)).date()
        world.row("hearing", "court", made.ids[DUE][1], starts_on=soon, status="listed")
        yield made
    drop_database(postgres.admin, "desk_of_who")


def answer(page: Page, choice: str, button: str = "Decide") -> None:
    if choice:
        page.get_by_label(choice, exact=True).check()
    page.fill("#reason", "The photographs were compared.")
    page.get_by_role("button", name=button).click()


def test_ten_pairs_are_resolved_from_the_queue_one_is_undone_and_the_record_changes_each_time(
    chrome: Chromium, desk: Desk
):
    reader = Browser(desk.url).sign_in(READER).set_out("reading")
    undone = ""
    with looking(chrome, desk, "en") as page, looking(chrome, desk, "en") as second:
        sign_in(page, TOM, "en")
        sign_in(second, HANNA, "en")
        for left in range(10, 0, -1):
            page.goto("/who-is-who")
            assert page.locator("#open").inner_text().startswith(f"{left} open question")
            assert not any(family in page.content() for family in FAMILIES), "the queue names nobody"
            row = page.locator("main tbody tr").first
            assert ("Hearing" in row.inner_text()) == (left == 10), "whoever is due in court comes first"
            row.get_by_role("link", name="Look").click()
            side = page.locator("table").first.inner_text()
            family = next(it for it in FAMILIES if it in side)
            assert BORN in side
            assert ALSO in side
            assert "07700900123" not in page.content(), "what the agreement does not release"
            assert len(desk.days(reader, family)) == 1
            same = left % 3 != 0 or family == STRONG
            if family == DUE:
                undone = page.url
            answer(page, "The same person" if same else "Two people")
            if family == STRONG:
                assert "Until it is confirmed nothing moves." in page.locator("main").inner_text()
                assert not page.get_by_role("button", name="Confirm").count(), "whoever proposed does not confirm"
                assert len(desk.days(reader, family)) == 1
                second.goto("/who-is-who")
                second.locator("main ul a", has_text="Proposed on").click()
                answer(second, "", "Confirm: the same person")
                assert second.locator("h1").inner_text() == "What was decided"
            assert len(desk.days(reader, family)) == (2 if same else 1)
        page.goto("/who-is-who")
        assert page.locator("#open").inner_text().startswith("0 open questions")
        page.goto(undone)
        page.locator("main .govuk-inset-text a").click()
        answer(page, "", "Undo this decision")
        assert "This was undone" in page.locator("main").inner_text()
        assert "Reader" in page.locator("main table").inner_text()
        assert "more than one of them" in page.locator("main table").inner_text()
        assert len(desk.days(reader, DUE)) == 1
        page.goto("/who-is-who")
        assert page.locator("#open").inner_text().startswith("1 open question")
    told = reader.http.get("/news").text
    assert "What was parted since you received it" in told
    assert DUE not in told


def test_it_can_be_used_by_everybody_in_both_languages(chrome: Chromium, desk: Desk):
    family = FAMILIES[0]
    pair = "/who-is-who/{}/{}".format(*desk.ids[family])
    decisions = desk.world.run(
        Role.INTAKE, "select judgement from people.judgement where verdict <> 'undone' order by judged_at"
    )
    for language in LANGUAGES:
        with looking(chrome, desk, language, scripts=True) as page:
            sign_in(page, TOM, language)
            for path in ("/who-is-who", pair, f"/who-is-who/decisions/{decisions[0][0]}"):
                page.goto(path)
                assert page.locator("h1").count() == 1
                assert violations(page) == []
                page.set_viewport_size({"width": NARROW, "height": 800})
                assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, path
                page.set_viewport_size({"width": 1200, "height": 900})


def test_the_weights_stand_in_a_picture_a_table_and_a_sentence_that_agree(chrome: Chromium, desk: Desk):
    with looking(chrome, desk, "en") as page:
        sign_in(page, TOM, "en")
        page.goto("/who-is-who/{}/{}".format(*desk.ids[FAMILIES[1]]))
        *parts, total = [
            float(it.replace("−", "-"))
            for it in page.locator("table").nth(1).locator("td:last-child").all_inner_texts()
        ]
        assert total == pytest.approx(sum(parts), abs=0.05 * (len(parts) + 1))
        assert page.locator("svg rect").count() == len(parts) + 1
        assert "to 1" in page.locator("main").inner_text() or "as likely as not" in page.locator("main").inner_text()


def test_without_an_agreement_in_force_nothing_is_shown_or_decided(desk: Desk):
    browser = Browser(desk.url).sign_in(ELSEWHERE)
    pair = "/who-is-who/{}/{}".format(*desk.ids[FAMILIES[0]])
    assert "No agreement in force" in browser.http.get("/who-is-who").text
    assert browser.http.get(pair).status_code == 404
    assert browser.post(pair, answer="same", reason="x").status_code == 404
    assert Browser(desk.url).sign_in(READER).http.get("/who-is-who").status_code == 403


def test_what_is_missing_is_asked_for_and_what_is_not_there_is_no_page(desk: Desk):
    browser = Browser(desk.url).sign_in(TOM)
    one, other = desk.said("police", "Kerrigan", BORN), desk.said("court", "Kerrigan", ALSO)
    pair = f"/who-is-who/{one}/{other}"
    page = browser.post(pair)
    assert page.status_code == 400
    assert "Choose an answer" in page.text
    assert "Say why" in page.text
    assert browser.http.post(pair, data={"answer": "same", "reason": "x", "token": "no"}).status_code == 403
    assert browser.post(pair, answer="cannot-tell", reason="no photograph").status_code == 303
    assert "no photograph" in browser.http.get(pair).text
    for path in (f"/who-is-who/{uuid4()}/{one}", f"/who-is-who/{one}/{one}", f"/who-is-who/decisions/{uuid4()}"):
        assert browser.http.get(path).status_code == 404
    made = browser.post(pair, answer="different", reason="two photographs").headers["location"]
    assert browser.post(pair, answer="same", reason="x").status_code == 409
    assert browser.post(made).status_code == 400
    assert browser.post(made, reason="mistaken").status_code == 303
    assert browser.post(made, reason="again").status_code == 404


def test_whoever_proposed_may_withdraw_and_nobody_else_and_never_confirm(desk: Desk):
    one, other = desk.said("police", "Langford", BORN), desk.said("court", "Langford", ALSO)
    desk.said("court", "Langford", BORN), desk.said("police", "Langford", ALSO)
    tom, hanna = Browser(desk.url).sign_in(TOM), Browser(desk.url).sign_in(HANNA)
    pair = f"/who-is-who/{one}/{other}"
    assert tom.post(pair, answer="same", reason="seen").headers["location"] == pair
    [(proposal,)] = desk.world.run(Role.INTAKE, "select proposal from people.proposal where a = %s or b = %s", one, one)
    act = f"/who-is-who/proposals/{proposal}"
    assert tom.post(act, act="confirm", reason="me too").status_code == 403
    assert tom.post(act, act="refuse", reason="no").status_code == 403
    assert hanna.post(act, act="withdraw", reason="no").status_code == 403
    assert hanna.post(pair, answer="different", reason="no").status_code == 409
    assert desk.person(one) != desk.person(other)
    assert str(one) in tom.post(act, act="withdraw", reason="mistaken").headers["location"]
    assert tom.post(act, act="withdraw", reason="mistaken").status_code == 404


def test_what_a_limit_stopped_says_which_in_the_queue_and_on_its_page(desk: Desk):
    one, other = desk.said("police", "Mortlake", BORN, "A1234567"), desk.said("court", "Mortlake", BORN, "B7654321")
    tom = Browser(desk.url).sign_in(TOM)
    for path in ("/who-is-who", f"/who-is-who/{one}/{other}"):
        assert "but for a limit that only a person may pass: two different numbers." in tom.http.get(path).text
    with desk.world.store.connect(Role.INTAKE) as conn:
        at = datetime.now(UTC)
        [asked] = [it for it in queue(conn, at.date(), at).questions if set(it.pair) == {one, other}]
    assert command._line(asked).endswith("a limit forbids it: two different numbers")


def test_what_a_source_parted_is_listed_with_what_had_been_disclosed(desk: Desk):
    one, other = desk.said("police", "Norwood", BORN), desk.said("court", "Norwood", BORN)
    reader, tom = Browser(desk.url).sign_in(READER).set_out("reading"), Browser(desk.url).sign_in(TOM)
    assert reader.http.get(f"/person/{desk.person(one)}").status_code == 200
    with desk.world.store.connect(Role.INTAKE) as conn:
        people.place(conn, Features(other, "court", NAMES["Norwood"], "Norwood", birth_date=date(1950, 6, 7)))
    listed = eventually(lambda: re.search(r"/who-is-who/partings/[0-9a-f-]+", tom.http.get("/who-is-who").text))
    shown = tom.http.get(listed[0]).text
    assert "A source has corrected, withdrawn or added something." in shown
    assert "more than one of them" in shown
    assert "Reader" in shown
    assert tom.http.get(f"/who-is-who/partings/{uuid4()}").status_code == 404
    assert "What was parted since you received it" in reader.http.get("/news").text


def test_a_waterfall_ends_where_its_steps_add_up_to():
    drawn = str(waterfall([Step("prior", -10.0), Step("name", 8.0), Step("<b>", 4.0)], "all", "t", "d"))
    assert drawn.count("<rect") == 4
    assert "<b>" not in drawn
    assert not waterfall([], "all", "t", "d")


def test_every_reason_for_which_something_is_asked_has_words():
    assert set(identifying.WHYS) == set(command._WHYS) == {it.value for it in Why}
    assert set(identifying.LIMITS) == set(command._LIMITS) == {it.value for it in Limit}
    assert set(identifying.NEARS) == {it.value for it in Near}
    assert set(identifying.STRONG) == {it.value for it in Strong}
