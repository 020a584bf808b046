"""The documentation says what the vocabulary says; if this fails, run ``python -m comity.vocabulary``."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from comity.vocabulary import Vocabulary, load
from comity.vocabulary.pages import NOT_OURS, pages, write_pages
from comity.vocabulary.reference import reference_page

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"


@pytest.mark.parametrize("path", sorted(pages(load())))
def test_the_docs_are_not_stale(vocabulary: Vocabulary, path: str):
    assert (DOCS / path).read_text(encoding="utf-8") == pages(vocabulary)[path], "run python -m comity.vocabulary"


def test_there_is_no_schema_of_a_record_type_that_is_no_more(vocabulary: Vocabulary):
    assert {path.name for path in (DOCS / "schema").iterdir()} - NOT_OURS == {
        f"{name}.json" for name in vocabulary.record_types
    }


def test_the_page_names_everything(vocabulary: Vocabulary):
    page = reference_page(vocabulary)
    names = {field.name for each in vocabulary.record_types.values() for field in each.fields}
    names |= {code for each in vocabulary.code_lists.values() for code in each.names()}
    names |= set(vocabulary.lawful_bases) | set(vocabulary.roles) | set(vocabulary.agency_kinds)
    names |= set(vocabulary.operations) | set(vocabulary.minimisers) | set(vocabulary.channels)

    assert [name for name in sorted(names) if f"`{name}`" not in page] == []
    assert [name for name in vocabulary.purposes if f"**{name}**" not in page] == []


def test_every_row_of_a_table_has_as_many_cells_as_its_head(vocabulary: Vocabulary):
    width = 0
    for line in reference_page(vocabulary).splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        cells = len(re.findall(r"(?<!\\)\|", line))
        width = width or cells
        assert cells == width, line


def test_every_link_within_the_page_has_somewhere_to_go(vocabulary: Vocabulary):
    page = reference_page(vocabulary)
    headings = set(re.findall(r"^### ([a-z-]+)$", page, flags=re.MULTILINE))

    assert set(re.findall(r"\]\(#([a-z-]+)\)", page)) <= headings


def test_writing_takes_away_what_is_no_longer_there(vocabulary: Vocabulary, tmp_path: Path):
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "unicorn.json").write_text("{}", encoding="utf-8")
    (tmp_path / "schema" / "agreement.json").write_text("{}", encoding="utf-8")

    write_pages(vocabulary, tmp_path)

    assert not (tmp_path / "schema" / "unicorn.json").exists()
    assert (tmp_path / "schema" / "agreement.json").exists()  # that of a room above, which writes it itself
    assert (tmp_path / "vocabulary.md").read_text(encoding="utf-8") == reference_page(vocabulary)


def test_the_command_writes_into_the_folder_it_is_given(tmp_path: Path):
    subprocess.run([sys.executable, "-m", "comity.vocabulary", str(tmp_path)], check=True)

    assert (tmp_path / "schema" / "person.json").is_file()
