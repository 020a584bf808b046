"""A role taken away during a session: what a visitor may do is read anew for each request, on pages and in programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from comity.agreements.keys import load_key
from comity.agreements.models import Act, Event
from comity.agreements.sign import sign
from comity.agreements.store import act_upon, add_signature, approve_assessment, propose, propose_assessment, read_text
from comity.store import Role
from comity.web.models import Colleague
from comity.web.store import remove_colleague, revoke_tokens

from .desk import Browser, Office

SOURCE = "prosecution-case-building"
STATED = {"case_reference": "T-2026-0114", "justification": "Deciding on the charge"}


@dataclass
class Session:
    """Somebody who has signed in on the pages, and whose program holds a token; both asked under one agreement."""

    office: Office
    colleague: Colleague
    agreement: str
    browser: Browser
    program: httpx.Client

    def looks(self) -> tuple[int, int]:
        """What the page and the program are answered about somebody who is covered."""
        page = self.browser.http.get(f"/person/{self.office.covered}")
        asked = {"comity-agreement": self.agreement, "comity-purpose": "prosecution", "comity-case": STATED["case_reference"],
                 "comity-justification": STATED["justification"]}  # fmt: skip
        return page.status_code, self.program.get(f"/persons/{self.office.covered}", headers=asked).status_code

    def become(self, **changes: str) -> None:
        self.office.put(Colleague(**{**vars_of(self.colleague), **changes}))


def vars_of(colleague: Colleague) -> dict[str, object]:
    return {name: getattr(colleague, name) for name in Colleague.__slots__}


def put_in_force(
    office: Office, name: str, version: int, *, source: str = SOURCE, more: str = "", **changes: str
) -> None:
    """Bring a version of a copy of an agreement into force, signed with the agencies' own keys."""
    node, now = office.node, datetime.now(UTC)
    with node.store.connect(Role.GOVERNANCE) as conn:
        text = read_text(conn, source, 1).replace(f"agreement: {source}", f"agreement: {name}") + more
        text = text.replace(f"assessment: {source}@1", f"assessment: {name}@{version}")
        text = text.replace("version: 1", f"version: {version}", 1)
        for was, becomes in changes.items():
            text = text.replace(was, becomes)
        agreement = propose(conn, text, node.vocabulary, now)
        propose_assessment(conn, agreement.assessment, {"conclusion": "it may be done"})
        approve_assessment(conn, agreement.assessment, agency="police", by="dpo", at=now)
        for agency in agreement.parties:
            signature = sign(agreement, agency, load_key(node.agency_keys / f"{agency}.pem"))
            add_signature(conn, name, version, agency, signature, node.vocabulary, now)


@pytest.fixture
def session(office: Office) -> Iterator[Session]:
    name = f"leaving-{uuid4().hex[:8]}"
    colleague = Colleague(f"temp-{name}", "Temp Orary", "prosecution", "prosecutor", "en", demonstration=True)
    put_in_force(office, name, 1)
    office.put(colleague)
    headers = {"authorization": f"Bearer {office.token(colleague.id)}"}
    with httpx.Client(base_url=f"{office.url}/api/v1", headers=headers, timeout=60) as program:
        browser = Browser(office.url).sign_in(colleague.id).set_out(name)
        found = Session(office, colleague, name, browser, program)
        assert found.looks() == (200, 200)
        yield found
    with office.node.store.connect(Role.GOVERNANCE) as conn:
        revoke_tokens(conn, colleague.id, datetime.now(UTC))
        remove_colleague(conn, colleague.id)
    revoke(office, name)


def revoke(office: Office, name: str) -> None:
    with office.node.store.connect(Role.GOVERNANCE) as conn:
        event = Event(Act.REVOKE, "police", datetime.now(UTC))
        act_upon(conn, name, newest(conn, name), event, by="dpo", reason="tried")


def newest(conn, name: str) -> int:
    return conn.execute("select max(version) from agreements.agreement where name = %s", [name]).fetchone()[0]


def test_the_role_of_whoever_is_signed_in_is_withdrawn(session: Session):
    """The same session and the same token, one request later."""
    session.become(role="analyst")
    assert session.looks() == (403, 403)
    session.become()
    assert session.looks() == (200, 200)


def test_a_role_that_the_agreement_does_not_list_is_given_instead(session: Session):
    """At the same desk, but no longer one of those who may ask under this agreement."""
    session.become(role="court-clerk")
    assert all(status in {403, 404} for status in session.looks())


def test_whoever_is_signed_in_moves_to_another_agency(session: Session):
    """An agency that is no recipient of the agreement: what was begun at the old one is not carried along."""
    session.become(agency="court")
    assert all(status in {303, 403, 404} for status in session.looks())


def test_whoever_is_signed_in_leaves(session: Session):
    """Removed, they are nobody."""
    with session.office.node.store.connect(Role.GOVERNANCE) as conn:
        remove_colleague(conn, session.colleague.id)
    assert session.looks() == (401, 401)


def test_the_agency_leaves_the_agreement(session: Session):
    """The next version is in force without it: the errand under the old one ends."""
    put_in_force(session.office, session.agreement, 2, **{"recipients: [prosecution]": "recipients: [court]"})
    assert all(status in {303, 403, 404} for status in session.looks())


def test_the_agreement_is_revoked_during_a_session(session: Session):
    """By any party, at once."""
    with session.office.node.store.connect(Role.GOVERNANCE) as conn:
        act_upon(conn, session.agreement, 1, Event(Act.SUSPEND, "court", datetime.now(UTC)), by="dpo", reason="tried")
    assert all(status in {303, 403, 404} for status in session.looks())


def test_the_token_is_revoked_and_the_session_is_not(session: Session):
    """Each ends by itself."""
    with session.office.node.store.connect(Role.GOVERNANCE) as conn:
        revoke_tokens(conn, session.colleague.id, datetime.now(UTC))
    assert session.looks() == (200, 401)
