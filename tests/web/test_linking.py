"""The quality of linking in the browser: in sight for the steward, about nobody, with a sample shown without its scores."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser as Chromium

from comity.intake import watching
from comity.intake.retraining import models, propose
from comity.store import Role
from comity.web.pages.watching import _sizes

from .desk import OVERSEER, PROSECUTOR, STEWARD, Browser, Office
from .test_pages import LANGUAGES, NARROW, looking, sign_in, violations

# Who provides under the agreement by which stewards look at who is who: whoever helps victims does not.
PROVIDERS = {"police", "prosecution", "court", "prison", "probation"}


@pytest.fixture(scope="module")
def proposed(office: Office) -> str:
    """The version of a model that is proposed and not in force."""
    with office.node.store.connect(Role.INTAKE, autocommit=True) as conn:
        if found := [it.version for it in models(conn) if it.since is None]:
            return found[0]
        version, _ = propose(conn, datetime.now(UTC))
    return str(version)


def in_force(office: Office) -> tuple[str, str | None, str | None]:
    with office.node.store.connect(Role.INTAKE) as conn:
        [found] = [(it.version, it.by, it.reason) for it in models(conn) if it.in_force]
    return found


def persons_of(office: Office) -> dict[UUID, UUID]:
    with office.node.store.connect(Role.INTAKE) as conn:
        return dict(conn.execute("select source_person, person from people.membership").fetchall())


def applied(office: Office) -> list[tuple[str, str]]:
    """To what the ledger's entries commit: which models were put in force, and by whom."""
    found = (
        "select what->>'model', what->>'by' from intake.decision where what->>'act' = 'apply-model' order by decided_at"
    )
    with office.node.store.connect(Role.INTAKE) as conn:
        return conn.execute(found).fetchall()


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_steward_sees_how_good_linking_is_and_names_nobody(browser: Browser, office: Office):
    told = text_of(browser.sign_in(STEWARD).http.get("/linking").text)
    assert re.search(r"[\d,]+ records of people are [\d,]+ persons", told)
    assert "of its links were expected to be right" in told
    assert "Too few pairs were scored since" in told
    assert "In force" in told
    with office.node.store.connect(Role.INTAKE) as conn:
        names = {name for (name,) in conn.execute("select distinct family_name from people.source_person") if name}
    assert not [name for name in names if re.search(rf"\b{re.escape(name)}\b", told)]


def test_a_proposed_model_shows_what_it_would_change(browser: Browser, proposed: str):
    browser.sign_in(STEWARD)
    assert "Proposed" in browser.http.get("/linking").text
    told = text_of(browser.http.get(f"/linking/models/{proposed}").text)
    assert "Persons that would be joined with another" in told
    assert f'comity people apply "{proposed}" --by' in told
    assert browser.http.get(f"/linking/models/{proposed[:-1]}").status_code == 404


def test_a_model_is_put_in_force_by_a_steward_who_says_why_and_so_is_the_earlier_one(
    browser: Browser, office: Office, proposed: str
):
    before, persons = in_force(office), persons_of(office)
    browser.sign_in(STEWARD)
    path = f"/linking/models/{proposed}"
    assert browser.post(path).status_code == 400
    assert browser.http.post(path, data={"reason": "it is better", "token": "no"}).status_code == 403
    assert browser.post(f"{path}-not", reason="it is better").status_code == 404
    assert (in_force(office), persons_of(office)) == (before, persons)
    assert browser.post(path, reason="more is known").status_code == 303
    assert in_force(office) == (proposed, STEWARD, "more is known")
    assert applied(office) == [(proposed, STEWARD)]
    shown = text_of(browser.http.get(path).text)
    assert "more is known" in shown
    assert "comity people apply" not in shown
    assert browser.post(path, reason="again").status_code == 409
    assert browser.post(f"/linking/models/{before[0]}", reason="it was better before").status_code == 303
    assert (in_force(office)[0], persons_of(office)) == (before[0], persons)


def test_a_sample_is_looked_at_pair_by_pair_and_gives_an_estimate(browser: Browser, office: Office):
    browser.sign_in(STEWARD)
    path = browser.post("/linking/samples").headers["location"]
    shown = browser.http.get(path).text
    assert "bits" not in shown
    with office.node.store.connect(Role.INTAKE) as conn:
        pair = watching.next_of(conn, UUID(path.rpartition("/")[2]))
        said = conn.execute(
            "select agency, family_name from people.source_person where source_person = any(%s)", [[pair.a, pair.b]]
        ).fetchall()
    cells = re.findall(r"<td[^>]*>(.*?)</td>", unescape(shown))
    for agency, family in said:  # whoever is no party to the agreement provides nothing
        expected = "<em>withheld</em>" if agency not in PROVIDERS else family
        assert expected in cells, "what each source says, side by side"
    [entry] = set(re.findall(r'href="/ledger/([0-9a-f-]{36})"', shown))
    with office.node.store.connect(Role.GATE) as conn:
        logged = conn.execute("select purpose, person from gate.disclosure where id = %s", [entry]).fetchone()
    assert logged == ("identity-resolution", pair.person), "each look is a disclosure"
    drawn = int(re.search(r"0 of (\d+) links", text_of(shown)).group(1))
    token = re.search(r'name="token" value="([^"]+)"', shown).group(1)
    for place in range(1, drawn + 1):
        said = "different" if place == 1 else "same"
        done = browser.http.post(path, data={"token": token, "place": place, "said": said})
        assert done.status_code == 303
    assert "All of it was looked at" in browser.http.get(path).text
    assert re.search(r"By that, [\d.]+% of all links are right: between", text_of(browser.http.get("/linking").text))
    with office.node.store.connect(Role.INTAKE) as conn:
        assert conn.execute("select distinct said_by from people.sample_answer").fetchall() == [(STEWARD,)]
        assert conn.execute("select count(*) from people.judgement").fetchone() == (0,)


def test_what_is_no_answer_or_no_sample_is_refused(browser: Browser):
    browser.sign_in(STEWARD)
    path = browser.post("/linking/samples").headers["location"]
    assert browser.post(path, place="1", said="perhaps").status_code == 400
    assert browser.post(path, place="99999", said="same").status_code == 404
    assert browser.post(f"/linking/samples/{uuid4()}", place="1", said="same").status_code == 404
    assert browser.http.post(path, data={"place": 1, "said": "same"}).status_code == 403


@pytest.mark.parametrize("colleague", [PROSECUTOR, OVERSEER])
def test_nobody_else_sees_it(browser: Browser, colleague: str):
    browser.sign_in(colleague)
    assert browser.http.get("/linking").status_code == 403
    assert browser.post("/linking/samples").status_code == 403


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_model_and_a_sample_are_for_everybody_to_read(chrome: Chromium, office: Office, proposed: str, language: str):
    with looking(chrome, office, language, scripts=True) as page:
        sign_in(page, STEWARD, language)
        page.goto(f"/linking/models/{proposed}")
        addresses = [page.url]
        page.goto("/linking")
        page.locator("form[action='/linking/samples'] button").click()
        page.wait_for_url("**/linking/samples/*")
        addresses.append(page.url)
        for address in addresses:
            page.set_viewport_size({"width": 1280, "height": 900})
            page.goto(address)
            assert violations(page) == []
            page.set_viewport_size({"width": NARROW, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, address


def test_sizes_are_told_in_lines_that_hold_everybody_once():
    lines = _sizes({1: 5, 2: 4, 7: 3, 10: 1, 120: 2})
    assert lines[0] == (1, 1, 5)
    assert lines[5] == (6, 10, 4)
    assert lines[-1] == (101, None, 2)
    assert sum(n for _, _, n in lines) == 15
    assert _sizes({}) == []
