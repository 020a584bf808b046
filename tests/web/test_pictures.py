"""The pictures of the documentation, taken anew: COMITY_PICTURES=docs/images pytest tests/web/test_pictures.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium

from .desk import PROSECUTOR, Browser, Office

MOST_BYTES = 300_000  # of a picture in a README
SIZE = {"width": 1200, "height": 1000}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the pictures go: the folder asked for, else one that is thrown away."""
    return Path(os.environ.get("COMITY_PICTURES") or tmp_path)


def test_each_picture_can_be_taken_and_is_small_enough(
    chrome: Chromium, office: Office, browser: Browser, folder: Path
):
    browser.sign_in(PROSECUTOR).set_out()
    context = chrome.new_context(base_url=office.url, viewport=SIZE, java_script_enabled=False)
    context.add_cookies(
        [{"name": name, "value": value, "url": office.url} for name, value in browser.http.cookies.items()]
    )
    page = context.new_page()
    page.goto(f"/person/{office.covered}")
    page.screenshot(path=folder / "person.png")
    page.goto("/search")
    page.fill("#name", "ha")
    page.locator("form[action='/search'] button").click()
    page.screenshot(path=folder / "search.png")
    page.goto("/agreements")
    page.screenshot(path=folder / "register.png")
    page.get_by_role("button", name="Sign out").click()
    page.fill("#code", office.letter)
    page.locator("form[action='/letter'] button").click()
    page.screenshot(path=folder / "my-data.png")
    context.close()
    for name in ("person", "search", "register", "my-data"):
        assert 10_000 < (folder / f"{name}.png").stat().st_size < MOST_BYTES, name
