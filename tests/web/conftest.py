"""Fixtures: an office that serves its pages, and a browser to look at them with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import sync_playwright

from comity.node import Node
from comity.store import Settings, Store
from comity.store.provision import make_database
from comity.vocabulary import Vocabulary
from comity.web.app import create_app

from .desk import Browser, Office, fill, keeping_the_ledger, send_a_letter, serving, somebody


@pytest.fixture(scope="session")
def office(
    postgres: Store, migrated_template: str, vocabulary: Vocabulary, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    make_database(postgres.admin, "office", template=migrated_template)
    home = tmp_path_factory.mktemp("office")
    node = Node(Settings(home=home), postgres.of("office"), vocabulary, "comity-test")
    chain, mappings = fill(node, home)
    covered, uncovered = somebody(node, covered=True), somebody(node, covered=False)
    letter = send_a_letter(node, covered)
    app = create_app(node, mappings=mappings, zone=chain.zone)
    with keeping_the_ledger(node), serving(app) as url:
        yield Office(node, chain, mappings, url, covered, uncovered, letter)


@pytest.fixture
def browser(office: Office) -> Browser:
    """A visitor that is a program."""
    return Browser(office.url)


@pytest.fixture(scope="module")
def chrome(chromium: str) -> Iterator[Chromium]:
    """A real browser, for one module: while it is there an event loop runs, and no other room's tests could start one."""
    with sync_playwright() as playwright:
        # Debian's Chromium has no sandbox for root, and CI is root in a container; it sees only this test's own pages.
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()
