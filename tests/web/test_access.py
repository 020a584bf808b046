"""The table of access: every route, for every kind of visitor, opens exactly as declared."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute

from comity.web.access import OPEN_TO, Desk, desks_of, may_open
from comity.web.api import counting as api_counting
from comity.web.api import create_api
from comity.web.api import extracting as api_extracting
from comity.web.api import logbook as api_logbook
from comity.web.api.routes import router
from comity.web.app import DESKS, create_app
from comity.web.models import Colleague

from .chamber import GRACE, INES, JONAS
from .desk import ACCOUNT, ANALYST, OVERSEER, PROSECUTOR, STEWARD, Browser, Office

PAGES = [it for room in DESKS for it in room.router.routes]
ROUTERS = (router, api_counting.router, api_extracting.router, api_logbook.router, create_api())
OPERATIONS = [it for of in ROUTERS for it in of.routes if isinstance(it, APIRoute)]
VISITORS = {
    "nobody": {Desk.ANYBODY},
    PROSECUTOR: {Desk.ANYBODY, Desk.COLLEAGUE, Desk.CASEWORKER},
    STEWARD: {Desk.ANYBODY, Desk.COLLEAGUE, Desk.STEWARD, Desk.KEEPER},
    OVERSEER: {Desk.ANYBODY, Desk.COLLEAGUE, Desk.OVERSEER, Desk.KEEPER, Desk.GOVERNANCE, Desk.APPROVER},
    GRACE: {Desk.ANYBODY, Desk.COLLEAGUE, Desk.GOVERNANCE, Desk.SIGNATORY},
    INES: {Desk.ANYBODY, Desk.COLLEAGUE, Desk.GOVERNANCE},
    JONAS: {Desk.ANYBODY, Desk.COLLEAGUE, Desk.GOVERNANCE},
    ANALYST: {Desk.ANYBODY, Desk.COLLEAGUE, Desk.ANALYST},
    ACCOUNT: {Desk.ANYBODY, Desk.COLLEAGUE, Desk.SYSTEM},
    "citizen": {Desk.ANYBODY, Desk.CITIZEN},
}
FILLED = {
    "name": "prosecution-case-building", "version": "1", "entry": "00000000-0000-4000-8000-000000000000",
    "step": "process", "of": "parties", "item": "1-police", "path": "scale", "agency": "police",
    "person": "00000000-0000-4000-8000-000000000000", "source": "police-nominals",
    "subscription": "00000000-0000-4000-8000-000000000000",
    "review": "00000000-0000-4000-8000-000000000000", "identity": "00000000-0000-4000-8000-000000000000",
    "agreement": "justice-statistics", "impact": "00000000-0000-4000-8000-000000000000",
    "extract": "00000000-0000-4000-8000-000000000000", "file": "manifest.json",
    "sample": "00000000-0000-4000-8000-000000000000",
    "decision": "00000000-0000-4000-8000-000000000000",
    "parting": "00000000-0000-4000-8000-000000000000",
    "hold": "00000000-0000-4000-8000-000000000000", "told": "00000000-0000-4000-8000-000000000000",
    "origin": "0" * 64, "number": "2",
    "proposal": "00000000-0000-4000-8000-000000000000",
    "use": "00000000-0000-4000-8000-000000000000", "a": "00000000-0000-4000-8000-000000000000", "b": "00000000-0000-4000-8000-000000000001",
}  # fmt: skip


def test_every_route_is_in_the_table_and_every_line_of_the_table_is_a_route():
    assert {it.name for it in PAGES} | {it.name for it in OPERATIONS} | {"static"} == set(OPEN_TO)


def test_a_route_that_is_not_in_the_table_opens_for_nobody():
    assert not may_open("made-up-tomorrow", None)
    assert not may_open("made-up-tomorrow", Colleague("x", "X", "police", "data-steward", "en"))


def test_a_role_that_nobody_foresaw_sits_at_no_desk():
    assert desks_of(Colleague("x", "X", "police", "gardener", "en")) == {Desk.ANYBODY, Desk.COLLEAGUE}


def test_no_page_has_a_route_that_the_framework_added(office: Office):
    app = create_app(office.node)
    named = {getattr(it, "name", "") for it in app.routes} - {"api", "static"} - {it.name for it in PAGES}
    assert not {it for it in named if it}, named


@pytest.mark.parametrize("who", [name for name in VISITORS if name != ACCOUNT])
def test_a_page_opens_for_whom_the_table_says(office: Office, browser: Browser, who: str):
    if who == "citizen":
        assert browser.post("/letter", code=office.letter).status_code == 303
    elif who != "nobody":
        browser.sign_in(who)
    for route in (it for it in PAGES if it.name not in {"sign-out", "sign-in", "letter-sign-in"}):
        path = route.path.replace(":path}", "}").format_map(FILLED)
        for method in route.methods:
            answer = browser.http.request(method, path, data={"token": "no"} if method == "POST" else None)
            opened = OPEN_TO[route.name] in VISITORS[who]
            told = (answer.status_code, "not for your role" in answer.text, "Sign in first" in answer.text)
            refused = {(401, False, True), (403, True, False)}
            assert (told not in refused) == opened, f"{who}: {method} {path} answered {told}"


@pytest.mark.parametrize("who", [ACCOUNT, PROSECUTOR, STEWARD, OVERSEER, GRACE, INES, ANALYST, "nobody"])
def test_an_operation_opens_for_whom_the_table_says(office: Office, browser: Browser, who: str):
    headers = {} if who == "nobody" else {"authorization": f"Bearer {office.token(who)}"}
    for route in OPERATIONS:
        path = "/api/v1" + route.path.format_map(FILLED)
        for method in route.methods:
            answer = browser.http.request(method, path, headers=headers, content=b"")
            opened = OPEN_TO[route.name] in VISITORS[who]
            code = answer.json().get("code") if "json" in answer.headers["content-type"] else None
            assert (code not in {"no-valid-token", "not-for-this-role"}) == opened, f"{who}: {method} {path} {code}"
