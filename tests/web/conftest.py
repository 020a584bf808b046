"""Fixtures: an office that serves its pages, and a browser to look at them with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import sync_playwright

from comity.node import Node
from comity.store import Settings, Store
from comity.store.provision import copy_database, drop_database
from comity.vocabulary import Vocabulary
from comity.web.app import create_app

from .chamber import Chamber, governed, work_out
from .desk import Browser, Office, fill, keeping_the_ledger, send_a_letter, serving, somebody


@pytest.fixture(scope="session")
def office(
    postgres: Store, migrated_template: str, vocabulary: Vocabulary, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    copy_database(postgres.admin, "office", migrated_template)
    home = tmp_path_factory.mktemp("office")
    node = Node(Settings(home=home), postgres.of("office"), vocabulary, "comity-test")
    chain, mappings = fill(node, home)
    covered, uncovered = somebody(node, covered=True), somebody(node, covered=False)
    letter = send_a_letter(node, covered)
    app = create_app(node, mappings=mappings, zone=chain.zone)
    with keeping_the_ledger(node), serving(app) as url:
        yield Office(node, chain, mappings, url, covered, uncovered, letter)


@pytest.fixture
def chamber(store: Store, vocabulary: Vocabulary, tmp_path: Path) -> Iterator[Chamber]:
    """A node of the test's own on which agencies agree: their agreements, keys and people, and no data."""
    with governed(Node(Settings(home=tmp_path), store, vocabulary, "comity-test")) as made:
        yield made


@pytest.fixture(scope="module")
def worked(
    postgres: Store, migrated_template: str, vocabulary: Vocabulary, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chamber]:
    """Such a node with an assessment that is worked out, for the tests of a module that change nothing."""
    copy_database(postgres.admin, "worked", migrated_template)
    home = tmp_path_factory.mktemp("worked")
    with governed(Node(Settings(home=home), postgres.of("worked"), vocabulary, "comity-test")) as made:
        work_out(made)
        yield made
    drop_database(postgres.admin, "worked")


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
