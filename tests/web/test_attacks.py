"""Attacks upon the pages, each named after itself."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from comity.store import Role
from comity.web.models import Colleague
from comity.web.store import remove_colleague, send_letter

from .desk import LISTING, PROSECUTOR, STEWARD, Browser, Office


def test_forged_form_without_a_token(browser: Browser):
    assert browser.http.post("/sign-in", data={"colleague": PROSECUTOR}).status_code == 403


def test_forged_form_with_the_token_of_another_session(office: Office, browser: Browser):
    stolen = Browser(office.url).token()
    browser.token()
    answer = browser.http.post("/sign-in", data={"colleague": PROSECUTOR, "token": stolen})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_forged_form_from_another_site(browser: Browser, headers: dict[str, str]):
    data = {"colleague": PROSECUTOR, "token": browser.token()}
    assert browser.http.post("/sign-in", data=data, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "evil",
    ],
)
def test_open_redirect_by_the_language_button(browser: Browser, back: str):
    answer = browser.post("/language", language="nl", back=back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_stored_markup_in_a_name(office: Office, browser: Browser):
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    office.put(Colleague("evil", evil, "prosecution", "prosecutor", "en", demonstration=True))
    try:
        page = browser.http.get("/").text
        inside = browser.sign_in("evil").http.get("/errand").text
    finally:
        with office.node.store.connect(Role.GOVERNANCE) as conn:
            remove_colleague(conn, "evil")
    assert "<script" not in page + inside
    assert "<img" not in page + inside
    assert "&lt;script&gt;" in page


def test_markup_typed_into_a_form(browser: Browser):
    browser.sign_in(PROSECUTOR).set_out()
    page = browser.post("/search", name='"><script>alert(1)</script>').text
    assert "<script" not in page


def test_host_header_of_another(browser: Browser):
    assert browser.http.get("/", headers={"host": "evil.example"}).status_code == 400
    assert browser.http.get("/log", headers={"host": "127.0.0.1/agreements?"}).status_code in {400, 401}


def test_guessing_a_persons_id_tells_nothing(office: Office, browser: Browser):
    browser.sign_in(PROSECUTOR).set_out()
    refused = browser.http.get(f"/person/{office.uncovered}")
    absent = browser.http.get(f"/person/{uuid4()}")
    assert refused.status_code == absent.status_code == 404
    assert _without_ids(refused.text) == _without_ids(absent.text)


def _without_ids(page: str) -> list[str]:
    """A page without what is another's on each: the links to this very refusal, and the form's token."""
    return [line for line in page.splitlines() if not any(of in line for of in ("/ledger/", "/requests/", "token"))]


def test_role_taken_away_during_a_session(office: Office, browser: Browser):
    office.put(Colleague("temp", "Temp Orary", "prosecution", "prosecutor", "en", demonstration=True))
    browser.sign_in("temp").set_out()
    assert browser.http.get("/search").status_code == 200
    office.put(Colleague("temp", "Temp Orary", "prosecution", "analyst", "en", demonstration=True))
    assert browser.http.get("/search").status_code == 403
    with office.node.store.connect(Role.GOVERNANCE) as conn:
        remove_colleague(conn, "temp")
    assert browser.http.get("/search").status_code == 401


def test_errand_under_an_agreement_that_is_not_ones_own(browser: Browser):
    browser.sign_in(PROSECUTOR)
    stated = {"agreement": "marac-victim-safety", "case_reference": "T-1", "justification": "Because"}
    assert browser.post("/errand", **stated).status_code == 400


def test_errand_carried_over_from_another_visitor(browser: Browser):
    browser.sign_in(PROSECUTOR).set_out()
    browser.sign_in(LISTING)
    assert browser.http.get("/search").headers["location"] == "/errand"


def test_demonstration_sign_in_from_another_machine(office: Office):
    async def ask(far: httpx.AsyncClient) -> tuple[int, int, str]:
        page = await far.get("/")
        token = page.text.split('name="token" value="')[1].split('"')[0]
        posted = await far.post("/sign-in", data={"colleague": PROSECUTOR, "token": token})
        return posted.status_code, (await far.get("/search")).status_code, page.text

    posted, searched, page = office.from_afar(ask)
    assert (posted, searched) == (404, 401)
    assert "Priya Nair" not in page, "nobody is offered whom one cannot be"


def test_demonstration_session_carried_to_another_machine(office: Office, browser: Browser):
    browser.sign_in(PROSECUTOR)
    stolen = dict(browser.http.cookies)

    async def ask(far: httpx.AsyncClient) -> int:
        far.cookies.update(stolen)
        return (await far.get("/search")).status_code

    assert office.from_afar(ask) == 401


@pytest.mark.parametrize("forged", [{"colleague": STEWARD}, {"citizen": str(uuid4()), "citizen-until": 9e9}])
def test_session_cookie_tampered_with(browser: Browser, forged: dict[str, object]):
    browser.sign_in(PROSECUTOR)
    _, _, signature = browser.http.cookies["comity-session"].partition(".")
    data = base64.b64encode(json.dumps(forged).encode()).decode()
    browser.http.cookies.clear()
    browser.http.cookies.set("comity-session", f"{data}.{signature}", domain="127.0.0.1")
    assert browser.http.get("/steward").status_code == 401
    assert browser.http.get("/my-data").status_code == 401


def test_stewards_look_at_another_agencys_source(browser: Browser):
    browser.sign_in(STEWARD)
    for path in ("/steward/court-cases", "/steward/court-cases/held", "/steward/nothing-of-the-kind"):
        assert browser.http.get(path).status_code == 404
    assert browser.post("/steward/court-cases/replay").status_code == 404


def test_letter_that_is_out_of_date(office: Office, browser: Browser):
    now = datetime.now(UTC)
    with office.node.store.connect(Role.GOVERNANCE) as conn:
        late = send_letter(conn, office.covered, now - timedelta(days=9), now - timedelta(days=1))
    assert browser.post("/letter", code=late).status_code == 400
    assert browser.post("/letter", code="ABCD-EFGH-JKMN-PQRS").status_code == 400
    assert browser.http.get("/my-data").status_code == 401


def test_code_of_a_letter_is_nowhere_in_the_database(office: Office):
    plain = office.letter.replace("-", "")
    with office.node.store.connect(Role.GOVERNANCE) as conn:
        rows = conn.execute("select row(l.*)::text from web.letter l").fetchall()
    assert rows
    assert all(plain not in row[0] and office.letter not in row[0] for row in rows)


def test_body_that_never_ends(browser: Browser):
    def flood():
        for _ in range(64):
            yield b"x" * 65_536

    answer = browser.http.post(
        "/sign-in", content=flood(), headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code in {400, 413}
    assert browser.http.post("/sign-in", content=b"x" * 3_000_000).status_code == 413


def test_a_program_that_sends_too_much_is_told_so_as_a_problem(browser: Browser):
    sent = {"content": b"x" * 3_000_000, "headers": {"accept-language": "nl"}}
    answer = browser.http.post("/api/v1/sources/police-nominals/messages", **sent)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert (answer.json()["status"], answer.json()["detail"]) == (413, "Stuur het in kleinere delen.")


def test_every_answer_carries_the_headers_of_safety(browser: Browser):
    for path in ("/", "/nowhere", "/static/comity.css", "/api/v1/agreements", "/log"):
        headers = browser.http.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"], path
        assert headers["referrer-policy"] == "no-referrer", path
        assert headers["x-content-type-options"] == "nosniff", path


def test_error_of_ours_tells_nothing_of_anybody(office: Office, monkeypatch: pytest.MonkeyPatch, caplog, capsys):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("Jan Jansen was born on 1990-12-31")

    monkeypatch.setattr("comity.web.pages.public._register", broken)

    async def ask(far: httpx.AsyncClient) -> httpx.Response:
        return await far.get("/agreements")

    answer = office.from_afar(ask)
    said = answer.text + caplog.text + "".join(capsys.readouterr())
    assert answer.status_code == 500
    assert "Jansen" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize("path", ["/agreements/court-listing/first", "/ledger/none", "/ledger?before=x"])
def test_address_that_cannot_be_one_is_not_found(browser: Browser, path: str):
    answer = browser.http.get(path)
    assert answer.status_code == 404
    assert "Page not found" in answer.text


def test_colleague_with_a_character_that_no_table_holds(browser: Browser):
    assert browser.post("/sign-in", colleague="a\0b").status_code == 400


def test_reason_that_would_not_fit_the_cookie_is_told_not_dropped(browser: Browser):
    browser.sign_in(PROSECUTOR)
    stated = {"agreement": "prosecution-case-building", "case_reference": "ж" * 100, "justification": "ж" * 500}
    answer = browser.post("/errand", **stated)
    assert answer.status_code == 400
    assert "This is too long" in answer.text
    kept = {**stated, "justification": "ж" * 300}
    assert browser.post("/errand", **kept).status_code == 303
    assert len(browser.http.cookies["comity-session"]) < 4_000


def test_year_of_two_digits_is_told_not_searched_for(browser: Browser):
    browser.sign_in(PROSECUTOR).set_out()
    answer = browser.post("/search", birth_date="31/12/99")
    assert answer.status_code == 400
    assert "Enter a date of birth, like 31 12 1990" in answer.text
