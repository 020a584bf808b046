"""The read API of the logboek dataverwerkingen, against the standard's own OpenAPI document."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case

from comity.store import Role
from comity.web.models import Colleague

from .desk import LISTING, OVERSEER, PROSECUTOR, Browser, Office

FOLDER = Path(os.environ.get("COMITY_SHARED_DATA", "/nowhere")) / "vocabularies" / "ldv"
PATH = "/api/v1/ldv/v1/processing-activities"
SUBJECT, ACTIVITY = "dpl.core.data_subject_id", "dpl.core.processing_activity_id"
PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["status", "title"],  # NL API Design Rules, problem details (RFC 9457)
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
    },
}


@cache
def standard() -> dict[str, Any]:
    """Their document, with what it refers to elsewhere put in its place, for no test asks the network.

    Version 1.1.0 as published is not quite JSON: a comma is missing after its ``_comment``.
    """
    text = (FOLDER / "lezen-openapi-1.x.json").read_text(encoding="utf-8")
    document = json.loads(re.sub(r'("_comment": "[^"]*")\s*\n(\s*"\$ref")', r"\1,\n\2", text))
    schemas = document["components"]["schemas"]
    schemas["Attributes"] = json.loads((FOLDER / "attributes.schema.json").read_text(encoding="utf-8"))
    schemas["Nlgovproblem"] = PROBLEM
    version = {"API-Version": {"schema": {"type": "string"}, "required": True}}
    for response in document["components"]["responses"].values():
        response["headers"] = version
    return document


if FOLDER.is_dir():
    schema = schemathesis.openapi.from_dict(standard())
    schema.config.checks.update(
        excluded_check_names=[
            "positive_data_acceptance",  # nothing but a key of nobody's fits the shape, and says nothing to look for
            "ignored_auth",  # each request here carries a token
            "negative_data_rejection",  # what is no URI in their format's finest points is taken, and finds nothing
        ]
    )

    @schema.parametrize()
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    def test_whatever_the_standard_lets_one_ask_is_answered_as_it_says(case: Case, office: Office):
        token = office.token(OVERSEER)
        case.call_and_validate(base_url=f"{office.url}/api/v1/ldv/v1", headers={"authorization": f"Bearer {token}"})


def ask(office: Office, wanted: object, who: str = OVERSEER) -> httpx.Response:
    headers = {"authorization": f"Bearer {office.token(who)}"} if who else {}
    return httpx.post(f"{office.url}{PATH}", json=wanted, headers=headers, timeout=60)


def looked(office: Office, browser: Browser) -> UUID:
    browser.sign_in(PROSECUTOR).set_out()
    page = browser.http.get(f"/person/{office.covered}").text
    return UUID(page.split('href="/ledger/')[1].split('"')[0])


def test_a_use_is_an_action_in_the_form_of_the_standard(office: Office, browser: Browser):
    entry = looked(office, browser)
    answer = ask(office, {"traceId": str(entry)})
    assert (answer.status_code, answer.headers["api-version"]) == (200, "1.1.0")
    [action] = answer.json()["processingActivities"]
    assert (action["traceId"], action["status"], action["name"]) == (str(entry), "Ok", "read")
    assert re.fullmatch("[0-9a-f]{16}", action["spanId"])
    assert action["startTime"] == action["endTime"] > 1_700_000_000_000
    said = action["attributes"]
    assert said[ACTIVITY] == f"{office.url}/agreements/prosecution-case-building/1"
    assert httpx.get(said[ACTIVITY]).status_code == 200, "the register has it"
    if FOLDER.is_dir():
        whole = {
            **standard()["components"]["schemas"]["ListProcessingActivities"],
            "components": standard()["components"],
        }
        jsonschema_rs.validator_for(whole, validate_formats=True).validate(answer.json())


def test_whose_data_it_was_is_a_pseudonym_that_finds_each_use_and_is_another_agencys_other(
    office: Office, browser: Browser
):
    entry = looked(office, browser)
    said = ask(office, {"traceId": str(entry)}).json()["processingActivities"][0]["attributes"]
    assert str(office.covered) not in json.dumps(said)
    found = ask(office, {SUBJECT: said[SUBJECT]}).json()["processingActivities"]
    assert str(entry) in {it["traceId"] for it in found}
    assert {it["attributes"][SUBJECT] for it in found} == {said[SUBJECT]}
    for other in (str(office.covered), str(uuid4()), "123456782"):
        assert ask(office, {SUBJECT: other}).json() == {"processingActivities": []}


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ({"startTime": 0}, True),
        ({"endTime": 2**53}, True),
        ({"startTime": 2**53}, False),
        ({"endTime": 0}, False),
        ({"startTime": -(2**63), "endTime": 2**63 - 1}, True),
        ({"dpl.core.foreign_operation.processor": "https://example.org"}, False),
        ({ACTIVITY: "https://example.org/agreements/prosecution-case-building/1"}, False),
        ({"dpl.core.data_subject_id_type": "BSN", "startTime": 0}, False),
    ],
)
def test_what_is_looked_for_is_found_and_nothing_else(office: Office, browser: Browser, wanted: dict, there: bool):
    entry = looked(office, browser)
    found = ask(office, {**wanted, "traceId": str(entry)}).json()["processingActivities"]
    assert bool(found) == there


@pytest.mark.parametrize(
    "wanted",
    [{}, {"nothing": 1}, {"traceId": "x"}, {"traceId": None}, {"startTime": "now"}, [], "x", None, {"startTime": 1.5}],
)
def test_what_cannot_be_looked_for_is_400_with_a_problem(office: Office, wanted: object):
    answer = ask(office, wanted)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["api-version"] == "1.1.0"
    assert answer.json()["status"] == 400


def test_nobody_without_a_token_and_no_role_but_an_overseers(office: Office):
    assert (it := ask(office, {"startTime": 0}, "")).status_code == 401
    assert it.headers["api-version"] == "1.1.0"
    for who in (PROSECUTOR, LISTING):
        assert ask(office, {"startTime": 0}, who).status_code == 403


def test_reading_the_log_of_an_agency_that_had_no_part(office: Office, browser: Browser):
    """The overseer of one agency, asking by the very id, of a use between others."""
    entry = looked(office, browser)
    office.put(Colleague("dpo-elsewhere", "D. Elsewhere", "victim-services", "data-protection-officer", "en"))
    assert ask(office, {"traceId": str(entry)}, "dpo-elsewhere").json() == {"processingActivities": []}


def test_that_the_log_was_read_is_an_entry(office: Office):
    with office.node.store.connect(Role.GATE) as conn:
        count = "select count(*) from gate.consultation where what = 'logbook'"
        before = conn.execute(count).fetchone()[0]
        ask(office, {"traceId": str(uuid4())})
        conn.commit()
        assert conn.execute(count).fetchone()[0] == before + 1


def test_more_than_one_answer_holds_is_said_and_not_cut_off(
    office: Office, browser: Browser, monkeypatch: pytest.MonkeyPatch
):
    for _ in range(2):
        looked(office, browser)
    monkeypatch.setattr("comity.gate.logbook.MOST", 1)
    answer = ask(office, {"startTime": 0})
    assert answer.status_code == 400
    assert "more exact" in answer.json()["detail"]
