"""The REST API: the same reads as the pages, refusals with codes that stay, and the door for messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from uuid import uuid4

import httpx
import psycopg
import pytest

from comity.ledger import load_or_create_signer
from comity.ledger.proof import Proof
from comity.store import Role
from comity.web.store import issue_token, revoke_tokens

from .desk import ACCOUNT, LISTING, PROSECUTOR, Office, eventually

ERRAND = {
    "agreement": "prosecution-case-building",
    "purpose": "prosecution",
    "case_reference": "T-2026-0114",
    "justification": "Deciding on the charge",
}
HEADERS = {
    "comity-agreement": ERRAND["agreement"],
    "comity-purpose": ERRAND["purpose"],
    "comity-case": ERRAND["case_reference"],
    "comity-justification": quote("Geëiste straf bepalen"),
}


@pytest.fixture
def api(office: Office) -> httpx.Client:
    """A program that asks in the prosecutor's name."""
    return _program(office, office.token(PROSECUTOR))


def _program(office: Office, token: str) -> httpx.Client:
    return httpx.Client(base_url=f"{office.url}/api/v1", headers={"authorization": f"Bearer {token}"}, timeout=60)


def _problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == f"urn:comity:problem:{body['code']}"
    assert body["title"]
    assert body["detail"]
    return answer.status_code, body["code"]


# ------------------------------------------------------------------------------------------------------------- reading


def test_a_person_reads_the_same_as_on_the_page(office: Office, api: httpx.Client):
    body = api.get(f"/persons/{office.covered}", headers=HEADERS).json()
    assert set(body["agencies"]) == {"police", "prosecution", "court", "prison", "probation"}
    assert {"record": "person", "field": "ethnicity", "code": "not-named"} in body["withheld"]
    assert "ethnicity" not in str(body["records"])
    name = next(it["best"]["value"] for it in body["fields"] if it["field"] == "name")
    found = api.post("/search", json={"errand": ERRAND, "query": {"name": name}}).json()
    assert str(office.covered) in [it["person"] for it in found["found"]]


def test_a_case_is_read_by_the_number_in_the_body(office: Office, api: httpx.Client):
    person = api.get(f"/persons/{office.covered}", headers=HEADERS).json()
    number = person["records"]["case"][0]["values"]["case_number"]
    case = api.post("/cases", json={"errand": ERRAND, "reference": number}).json()
    assert number in str(case["fields"])


def test_what_was_said_of_the_errand_reaches_the_overseers_log(office: Office, api: httpx.Client):
    entry = api.get(f"/persons/{office.covered}", headers=HEADERS).json()["entry"]
    with office.node.store.connect(Role.GATE) as conn:
        query = "select case_reference, justification, requester from gate.disclosure where id = %s"
        assert conn.execute(query, (entry,)).fetchone() == ("T-2026-0114", "Geëiste straf bepalen", PROSECUTOR)


def test_a_receipt_verifies_offline(office: Office, api: httpx.Client):
    entry = api.get(f"/persons/{office.covered}", headers=HEADERS).json()["entry"]
    path = f"/ledger/entries/{entry}/receipt"
    proof = Proof.parse(eventually(lambda: (it := api.get(path)).status_code == 200 and it.text))
    signer = load_or_create_signer(office.node.ledger_key, office.node.name)
    assert proof.verify(signer.verifier).size <= api.get("/ledger/head").json()["size"]


def test_the_register_and_the_ledger_need_no_token(office: Office):
    register = httpx.get(f"{office.url}/api/v1/agreements").json()["agreements"]
    assert {it["name"] for it in register} >= {"prosecution-case-building", "court-listing"}
    assert all(it["in_force"] for it in register)
    assert httpx.get(f"{office.url}/api/v1/openapi.json").json()["openapi"].startswith("3.1")


# ------------------------------------------------------------------------------------------------------------ refusals


def test_refused_and_absent_have_one_shape(office: Office, api: httpx.Client):
    refused = api.get(f"/persons/{office.uncovered}", headers=HEADERS)
    absent = api.get(f"/persons/{uuid4()}", headers=HEADERS)
    assert _problem(refused) == _problem(absent) == (404, "nothing-to-show")
    assert {**refused.json(), "entry": ""} == {**absent.json(), "entry": ""}
    assert {k: v for k, v in refused.headers.items() if k != "date"} == {
        k: v for k, v in absent.headers.items() if k != "date"
    }


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"purpose": "research"}, 403, "other-purpose"),
        ({"case_reference": ""}, 403, "no-case-reference"),
        ({"justification": ""}, 403, "no-justification"),
        ({"agreement": "court-listing", "purpose": "court-listing"}, 403, "not-a-recipient"),
        ({"agreement": "made-up"}, 404, "nothing-to-show"),
        ({"agreement": ""}, 422, "unusable-request"),
    ],
)
def test_each_refusal_has_its_code(api: httpx.Client, change: dict[str, str], status: int, code: str):
    answer = api.post("/search", json={"errand": {**ERRAND, **change}, "query": {"name": "ha"}})
    assert _problem(answer) == (status, code)


def test_a_refusal_speaks_the_language_that_was_asked_for(api: httpx.Client):
    sent = {"errand": {**ERRAND, "justification": ""}, "query": {"name": "ha"}}
    answer = api.post("/search", json=sent, headers={"accept-language": "nl"})
    assert "De overeenkomst vraagt waarom" in answer.json()["detail"]


def test_a_request_of_another_shape_is_told_where_without_repeating_it(api: httpx.Client):
    sent = {"errand": ERRAND, "query": {"name": "Jansen", "birth_date": "geheim", "shoe_size": 44}}
    answer = api.post("/search", json=sent)
    assert _problem(answer) == (422, "unusable-request")
    assert {it["place"] for it in answer.json()["faults"]} == {"body.query.birth_date", "body.query.shoe_size"}
    assert "geheim" not in answer.text


def test_an_empty_search_is_not_put(api: httpx.Client):
    assert _problem(api.post("/search", json={"errand": ERRAND, "query": {}})) == (400, "unusable-question")


def test_an_operation_that_is_not_there_is_a_problem_too(api: httpx.Client):
    assert _problem(api.get("/nothing")) == (404, "not-found")
    assert _problem(api.delete("/search")) == (405, "method-not-allowed")


# -------------------------------------------------------------------------------------------------------------- tokens


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic cHJpeWE6eA==", "Bearer comity_" + "A" * 43])
def test_token_that_was_never_issued(office: Office, header: str):
    answer = httpx.get(f"{office.url}/api/v1/persons/{office.covered}", headers={**HEADERS, "authorization": header})
    assert _problem(answer) == (401, "no-valid-token")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_token_out_of_date(office: Office):
    then = datetime.now(UTC) - timedelta(days=2)
    with office.node.store.connect(Role.GOVERNANCE) as conn:
        token = issue_token(conn, PROSECUTOR, then, then + timedelta(days=1))
    answer = _program(office, token).get(f"/persons/{office.covered}", headers=HEADERS)
    assert _problem(answer) == (401, "no-valid-token")


def test_token_revoked(office: Office):
    program = _program(office, office.token(LISTING))
    assert program.post("/cases", json={"errand": ERRAND, "reference": "1"}).status_code == 403
    with office.node.store.connect(Role.GOVERNANCE) as conn:
        assert revoke_tokens(conn, LISTING, datetime.now(UTC)) >= 1
    answer = program.post("/cases", json={"errand": ERRAND, "reference": "1"})
    assert _problem(answer) == (401, "no-valid-token")


def test_token_of_a_demonstration_used_from_another_machine(office: Office):
    token = office.token(PROSECUTOR)

    async def ask(far: httpx.AsyncClient) -> httpx.Response:
        return await far.get(
            f"/api/v1/persons/{office.covered}", headers={**HEADERS, "authorization": f"Bearer {token}"}
        )

    assert _problem(office.from_afar(ask)) == (401, "no-valid-token")


def test_token_is_nowhere_in_the_database(office: Office):
    token = office.token(PROSECUTOR)
    with office.node.store.connect(Role.GOVERNANCE) as conn:
        rows = conn.execute("select row(t.*)::text from web.token t").fetchall()
    assert all(token not in row[0] and token.removeprefix("comity_") not in row[0] for row in rows)


def test_token_for_nobody_is_not_issued(office: Office):
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        office.token("nobody-at-all")


def test_session_of_the_pages_opens_no_operation(office: Office, browser):
    browser.sign_in(PROSECUTOR)
    answer = browser.http.get(f"/api/v1/persons/{office.covered}", headers=HEADERS)
    assert _problem(answer) == (401, "no-valid-token")


# ------------------------------------------------------------------------------------------------------------ messages


def test_a_posted_message_is_admitted_once_and_then_known(office: Office):
    program = _program(office, office.token(ACCOUNT))
    sent = {"id": "live-1", "first": "Quirijn", "last": "Zeldzaam", "born": "1971-05-06"}
    first = program.post("/sources/police-live/messages", json=sent)
    again = program.post("/sources/police-live/messages", json=sent)
    assert (first.status_code, first.json()["admitted"]) == (200, 1)
    assert (again.status_code, again.json()["unchanged"]) == (200, 1)
    assert first.json()["delivered"] == 1


def test_a_message_that_cannot_be_read_is_held_and_not_lost(office: Office):
    program = _program(office, office.token(ACCOUNT))
    kind = {"content-type": "application/json"}
    answer = program.post("/sources/police-live/messages", content=b'{"id": ', headers=kind)
    assert (answer.status_code, answer.json()["quarantined"]) == (202, 1)


@pytest.mark.parametrize("source", ["police-nominals", "court-cases", "nothing"])
def test_message_for_a_source_that_has_no_door_or_is_anothers(office: Office, source: str):
    program = _program(office, office.token(ACCOUNT))
    assert _problem(program.post(f"/sources/{source}/messages", json={})) == (404, "not-found")


def test_message_of_another_format(office: Office):
    program = _program(office, office.token(ACCOUNT))
    answer = program.post("/sources/police-live/messages", content=b"<a/>", headers={"content-type": "application/xml"})
    assert _problem(answer) == (415, "other-format")
