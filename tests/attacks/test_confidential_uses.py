"""Finding out that one is investigated: everything that the person concerned can ask of their page, before and after.

A covert use must leave no trace for them until its time is over: no line, no count, no statement, no other status, size or
wording. What differs between two answers is only what differs between any two: a token, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from tests.gate.test_confidential import AFTER, covert
from tests.gate.world import NOW, World, agreement_text
from tests.web.desk import Browser, serving

from comity.agreements.errors import AgreementError
from comity.ledger.checkpoint import Checkpoint
from comity.ledger.errors import NoteError
from comity.node import Node
from comity.store import Role, Settings
from comity.web.app import create_app
from comity.web.store import send_letter


class Desk:
    """The page of the person concerned, at a moment that the test chooses."""

    def __init__(self, node: Node, browser: Browser, app) -> None:
        self.node, self.browser, self.app = node, browser, app

    def at(self, moment: datetime) -> Desk:
        self.app.state.services = replace(self.app.state.services, clock=lambda: moment)
        return self

    def page(self) -> str:
        answer = self.browser.http.get("/my-data")
        assert answer.status_code == 200
        return re.sub(r'name="token" value="[^"]+"', "", answer.text)

    def statement(self, use: UUID):
        return self.browser.http.get(f"/my-data/{use}/statement")


@pytest.fixture
def desk(world: World, accused: UUID, tmp_path: Path) -> Iterator[Desk]:
    node = Node(Settings(home=tmp_path), world.store, world.vocabulary, "comity-test")
    app = create_app(node)
    with node.store.connect(Role.GOVERNANCE) as conn:
        code = send_letter(conn, accused, NOW, AFTER + timedelta(days=400))
    with serving(app) as url:
        made = Desk(node, Browser(url), app).at(NOW)
        assert made.browser.post("/letter", code=code).status_code == 303
        yield made


def test_the_page_is_the_same_to_the_byte_whether_somebody_looked_in_secret_or_not(world, accused, desk):
    """Whoever is investigated loads the page before and after: nothing in it has changed until the time is over."""
    world.agree()
    covert(world)
    world.ask(accused)
    before = desk.page()
    hidden = world.ask(accused, agreement="covert")
    assert desk.page() == before
    assert str(hidden.id) not in before
    assert str(hidden.id) in desk.at(AFTER).page()


def test_the_page_of_somebody_of_whom_every_use_is_secret_is_that_of_somebody_without_any(world, accused, desk):
    """No count, no empty place and no other words tell that there is something."""
    covert(world)
    before = desk.page()
    world.ask(accused, agreement="covert")
    assert desk.page() == before


def test_the_statement_of_a_secret_use_is_as_absent_as_one_that_was_never_made(world, accused, desk):
    """Knowing the very id does not help: status, headers and text are those of nothing."""
    covert(world)
    hidden = world.ask(accused, agreement="covert")
    secret, none = desk.statement(hidden.id), desk.statement(uuid4())
    assert (secret.status_code, none.status_code) == (404, 404)
    plain = [re.sub(r'value="[^"]+"', "", it.text) for it in (secret, none)]
    assert plain[0] == plain[1]
    assert {k: v for k, v in secret.headers.items() if k not in ("date", "set-cookie")}.keys() == {
        k: v for k, v in none.headers.items() if k not in ("date", "set-cookie")
    }.keys()


def test_the_statement_is_signed_by_the_ledgers_key_and_names_no_colleague_and_no_reason(world, accused, desk):
    """Reading more out of the statement than the page shows: it repeats the page."""
    covert(world)
    hidden = world.ask(accused, agreement="covert")
    told = desk.at(AFTER).statement(hidden.id)
    assert told.status_code == 200
    text = desk.node.signer().verifier.open(told.text)
    assert {f"entry {hidden.id}", f"person {accused}", "agency prosecution", "agreement covert@1"} <= set(
        text.splitlines()
    )
    assert "person name birth_date" in text
    asked = world.run(Role.GATE, "select requester, justification, case_reference from gate.disclosure")[0]
    assert not any(it and it in told.text for it in asked)


def test_a_statement_is_taken_for_no_head_of_the_ledger(world, accused, desk):
    """Having the ledger's key sign something to show as a head of another tree: where a head has its size it has words."""
    world.agree()
    told = desk.statement(world.ask(accused).id).text
    with pytest.raises(NoteError):
        Checkpoint.open(told, desk.node.signer().verifier)


def test_the_statement_of_somebody_elses_use(world, accused, desk):
    """Another person's use does not exist for whoever is signed in."""
    world.agree()
    other = world.person(human=uuid4(), police_number="P-2")
    world.row("charge", person=other, offence="Arson", severity="serious")
    [(person,)] = world.run(Role.INTAKE, f"select person from people.membership where source_person = '{other}'")
    theirs = world.ask(person)
    assert desk.statement(theirs.id).status_code == 404


def test_an_agreement_that_would_never_tell(world):
    """Telling can be put off by a year at most, whatever the parties sign."""
    for length in ("P13M", "P2Y", "P400D"):
        text = covert_text(length)
        with pytest.raises(AgreementError):
            world.agree_to(text)


def covert_text(length: str) -> str:
    return agreement_text(name="covert") + f"confidential: {{for: {length}, because: it suits us}}\n"
