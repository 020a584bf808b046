"""Every text of the pages has its Dutch, and the catalogue holds nothing else."""

from __future__ import annotations

import re

import pytest
from babel.messages.catalog import Catalog

from comity.web.catalogue import dutch, lacking, texts
from comity.web.language import catalogue


def test_every_text_has_its_dutch():
    assert not list(lacking(dutch())), "run python -m comity.web.catalogue, and fill in what it names"


def test_the_catalogue_holds_no_text_that_no_page_says():
    assert {message.id for message in dutch() if message.id} == {message.id for message in texts() if message.id}


def test_a_text_without_its_dutch_is_noticed():
    assert "Search" in set(lacking(Catalog(locale="nl")))


def test_texts_of_python_and_of_templates_are_both_found():
    found = {message.id for message in texts()}
    assert {"Enter the number of a case", "Skip to main content"} <= found
    assert ("%(num)s person found", "%(num)s people found") in found
    assert any("side by side" in it for it in found if isinstance(it, str)), "a trans block"


@pytest.mark.parametrize("message", [it for it in dutch() if it.id], ids=lambda it: str(it.id)[:40])
def test_the_dutch_names_the_same_values_and_keeps_to_u(message):
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    words = message.string if isinstance(message.string, tuple) else (message.string,)
    assert {tuple(sorted(_values(it))) for it in ids} == {tuple(sorted(_values(it))) for it in words}
    assert not re.search(r"\b(je|jij|jouw)\b", " ".join(words), re.IGNORECASE)


def test_a_language_that_is_not_there_says_what_the_source_says():
    assert catalogue("en").gettext("Search") == "Search"
    assert catalogue("nl").gettext("Search") == "Zoeken"


def _values(text: str) -> list[str]:
    return re.findall(r"%\(\w+\)s", text)
